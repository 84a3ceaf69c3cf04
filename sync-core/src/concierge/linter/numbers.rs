//! Numbers that have no place in a note: payment cards, bank accounts, social security.

use super::{Category, Warning};

/// Digits of a payment card.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// A run of digits with what separates groups of them, as bytes of the text.
struct Run {
    start: usize,
    end: usize,
    digits: Vec<u32>,
    is_phone: bool,
}

/// Card, account and social security numbers in a text.
pub(super) fn warnings(text: &str) -> Vec<Warning> {
    let runs = runs(text);
    let found = runs.iter().filter_map(|run| {
        let category = category(run)?;
        Some(Warning::new(run.start..run.end, category))
    });
    found.chain(accounts(text)).collect()
}

fn category(run: &Run) -> Option<Category> {
    let first = *run.digits.first()?;
    if run.is_phone {
        return None;
    }
    if CARD_DIGITS.contains(&run.digits.len()) && (2..=6).contains(&first) && luhn(&run.digits) {
        return Some(Category::CardNumber);
    }
    is_social_security(&run.digits).then_some(Category::IdNumber)
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: Option<Run> = None;
    let mut before = ' ';
    let mut gap = 0;
    for (at, c) in text.char_indices() {
        match c.to_digit(10) {
            Some(digit) => {
                gap = 0;
                let run = open.get_or_insert_with(|| Run {
                    start: at,
                    end: at,
                    digits: Vec::new(),
                    is_phone: before == '+' || before.is_alphabetic(),
                });
                run.digits.push(digit);
                run.end = at + c.len_utf8();
            }
            None if matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{202f}') && gap == 0 => gap = 1,
            None => runs.extend(open.take()),
        }
        before = c;
    }
    runs.extend(open);
    runs
}

/// The check digit of payment cards: every second digit from the right doubled, the sum divisible by ten.
fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// A French number of 15 digits whose last two are 97 less the rest modulo 97, or a plausible one of 13.
fn is_social_security(digits: &[u32]) -> bool {
    let number = |digits: &[u32]| {
        digits
            .iter()
            .fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit))
    };
    let (Some(first), Some(month)) = (digits.first(), digits.get(3..5)) else {
        return false;
    };
    let is_plausible = matches!(first, 1 | 2) && (1..=12).contains(&number(month));
    match (digits.get(..13), digits.get(13..)) {
        (Some(body), Some(key)) if key.len() == 2 => {
            is_plausible && number(key) == 97 - number(body) % 97
        }
        _ => false,
    }
}

/// International bank account numbers: two letters, two digits, up to 30 more, which read modulo 97 as 1.
fn accounts(text: &str) -> Vec<Warning> {
    let mut found = Vec::new();
    let starts = text.char_indices().filter(|(at, c)| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        c.is_ascii_uppercase() && before.is_none_or(|c| !c.is_alphanumeric())
    });
    for (start, _) in starts {
        let rest = text.get(start..).unwrap_or_default();
        let mut code = String::new();
        let mut end = start;
        for (at, c) in rest.char_indices() {
            match c {
                'A'..='Z' | '0'..='9' if code.len() < 34 => {
                    code.push(c);
                    end = start + at + 1;
                    if is_account(&code) {
                        break;
                    }
                }
                ' ' => {}
                _ => break,
            }
        }
        if is_account(&code) {
            found.push(Warning::new(start..end, Category::CardNumber));
        }
    }
    found
}

fn is_account(code: &str) -> bool {
    let (Some(head), Some(tail)) = (code.get(..4), code.get(4..)) else {
        return false;
    };
    let is_head = head.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && head.bytes().skip(2).all(|byte| byte.is_ascii_digit());
    if !is_head || tail.len() < 11 {
        return false;
    }
    let digits = tail
        .chars()
        .chain(head.chars())
        .filter_map(|c| c.to_digit(36));
    let rest = digits.fold(0_u64, |rest, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (rest * shift + u64::from(value)) % 97
    });
    rest == 1
}
