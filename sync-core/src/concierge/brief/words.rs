//! How long a text is to read: the measure of the budget.
//!
//! A word is what stands between spaces, with the marks around it: `« gris »` is one, `:` by itself is none.
//! What can't be read at a glance although no space is in it costs more: a word for every 24 characters.
//! Scripts without spaces count their characters: two for a word in Chinese, Japanese and Korean, four in Thai, Lao, Burmese and Khmer.

use unicode_normalization::char::is_combining_mark;

/// Characters of a word; longer ones count as several.
const WORD_CHARACTERS: usize = 24;

/// Whether two of these count as one word.
fn is_cjk(symbol: char) -> bool {
    matches!(symbol,
        '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether four of these count as one word: Thai, Lao, Burmese, Khmer.
fn is_unspaced(symbol: char) -> bool {
    matches!(symbol, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

/// Punctuation, which is read with the word beside it.
fn is_mark(symbol: char) -> bool {
    matches!(symbol,
        '.' | ',' | ':' | ';' | '!' | '?' | '(' | ')' | '"' | '\'' | '/' | '-' | '«' | '»' | '·'
        | '\u{2010}'..='\u{2027}' | '\u{FF01}'..='\u{FF0F}' | '\u{FF1A}'..='\u{FF20}')
}

/// What a text costs to read, in half words: two for a word, one for a CJK character.
pub(super) fn cost(text: &str) -> usize {
    words(text).iter().map(|word| word_cost(word)).sum()
}

/// The words of a text; a mark by itself belongs to the word before it.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in text.split_whitespace() {
        match words.last_mut().filter(|_| piece.chars().all(is_mark)) {
            Some(word) => {
                word.push(' ');
                word.push_str(piece);
            }
            None => words.push(piece.to_owned()),
        }
    }
    words
}

fn word_cost(word: &str) -> usize {
    let (mut cjk, mut unspaced, mut marks, mut letters) = (0, 0_usize, 0, 0_usize);
    for symbol in word.chars().filter(|symbol| !symbol.is_whitespace()) {
        match symbol {
            _ if is_cjk(symbol) => cjk += 1,
            _ if is_unspaced(symbol) => unspaced += 1,
            _ if is_mark(symbol) => marks += 1,
            _ => letters += 1,
        }
    }
    let counted = cjk + usize::div_ceil(unspaced, 2) + letters.div_ceil(WORD_CHARACTERS) * 2;
    // A few marks are read with the word; a row of them is to be read by itself.
    let of_marks = marks / WORD_CHARACTERS * 2;
    (counted + of_marks).max(if counted == 0 { 2 } else { 0 })
}

/// As much of a text as costs no more than `budget` half words, with an ellipsis where something was cut.
pub(super) fn clip(text: &str, budget: usize) -> String {
    let words = words(text);
    if cost(text) <= budget {
        return words.join(" ");
    }
    let mut clipped = String::new();
    let mut left = budget;
    for word in &words {
        let space = if clipped.is_empty() { "" } else { " " };
        if let Some(rest) = left.checked_sub(word_cost(word)) {
            clipped.push_str(space);
            clipped.push_str(word);
            left = rest;
            continue;
        }
        // What has no spaces is cut between characters.
        let beginning = beginning(word, left);
        if !beginning.is_empty() {
            clipped.push_str(space);
            clipped.push_str(beginning);
        }
        break;
    }
    let kept = clipped.trim_end_matches(|symbol: char| is_mark(symbol) || symbol.is_whitespace());
    format!("{kept}…")
}

/// As much of a word as costs no more than this; a letter keeps its accents.
fn beginning(word: &str, budget: usize) -> &str {
    let ends = word
        .char_indices()
        .filter(|(_, symbol)| !is_combining_mark(*symbol));
    let beginnings = ends.filter_map(|(end, _)| word.get(..end));
    let fitting =
        beginnings.take_while(|beginning| beginning.is_empty() || word_cost(beginning) <= budget);
    fitting.last().unwrap_or_default()
}

/// The text without the word VIP, which nobody says to a customer or about one.
pub(super) fn discreet(text: String) -> String {
    let is_rank = |word: &str| {
        let letters: String = word
            .chars()
            .filter(|symbol| symbol.is_alphanumeric())
            .collect();
        matches!(
            letters.to_lowercase().as_str(),
            "vip" | "vips" | "vvip" | "vvips"
        )
    };
    if !text.split_whitespace().any(is_rank) {
        return text;
    }
    let words = text.split_whitespace().filter(|word| !is_rank(word));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cjk_characters_read_like_a_word() {
        assert_eq!(cost("the blue coat"), 6);
        assert_eq!(cost("蓝色大衣"), 4);
        assert_eq!(cost("上海 trip"), 4);
        assert_eq!(cost("コートA"), 5);
        assert_eq!(cost(""), 0);
    }

    #[test]
    fn marks_are_read_with_their_word() {
        assert_eq!(cost("Allergie\u{a0}: nickel (grave)"), 6);
        assert_eq!(cost("dire «\u{a0}oui\u{a0}»"), 4);
        assert_eq!(cost("38 / 39"), 4);
        assert_eq!(cost("?!"), 2);
        assert_eq!(cost(&"! ".repeat(48)), 4);
    }

    #[test]
    fn what_has_no_spaces_is_not_read_at_a_glance() {
        assert_eq!(cost("anticonstitutionnelleme"), 2);
        assert_eq!(cost(&"x".repeat(49)), 6);
        assert_eq!(cost(&"🦀".repeat(25)), 4);
        assert_eq!(cost("ลูกสาวของเธอเรียนไวโอลิน"), 12);
        assert_eq!(clip(&"x".repeat(49), 4), format!("{}…", "x".repeat(48)));
        assert_eq!(clip("the ลูกสาวของเธอ", 4), "the ลูกส…");
    }

    #[test]
    fn a_clipped_text_keeps_whole_words_and_shows_the_cut() {
        assert_eq!(clip("the  blue coat", 6), "the blue coat");
        assert_eq!(clip("the blue coat", 5), "the blue…");
        assert_eq!(clip("the blue : coat", 5), "the blue…");
        assert_eq!(clip("蓝色羊毛大衣", 4), "蓝色羊毛…");
        assert_eq!(clip("蓝色 coat", 3), "蓝色…");
    }

    #[test]
    fn a_clipped_text_costs_no_more_than_it_may() {
        let texts = [
            "« un » : deux / trois !!! quatre",
            "她的女儿 today 今年秋天A开始",
            "ลูกสาวของเธอเรียน violin in Lyon",
            "x\u{301}yz\u{301} 🦀🦀🦀 one-two-three-four-five-six-seven",
        ];
        for text in texts {
            for budget in 1..20 {
                let clipped = clip(text, budget);
                assert!(cost(&clipped) <= budget.max(2), "{clipped:?} of {budget}");
            }
        }
    }
}
