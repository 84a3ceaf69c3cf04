//! How long a line is to read, and how it reads in English: for the terminal, and as the measure of the budget.

use std::fmt::Write as _;

use super::{Line, LineKind};

/// Whether two of these count as one word.
fn is_cjk(symbol: char) -> bool {
    matches!(symbol,
        '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

/// What a text costs to read, in half words: two for a word, one for a CJK character.
pub(super) fn cost(text: &str) -> usize {
    text.split_whitespace().map(word_cost).sum()
}

fn word_cost(word: &str) -> usize {
    let cjk = word.chars().filter(|symbol| is_cjk(*symbol)).count();
    let has_letters = word
        .chars()
        .any(|symbol| symbol.is_alphanumeric() && !is_cjk(symbol));
    let is_bare = cjk == 0;
    cjk + if has_letters || is_bare { 2 } else { 0 }
}

/// As much of a text as costs no more than `budget` half words, with an ellipsis where something was cut.
pub(super) fn clip(text: &str, budget: usize) -> String {
    if cost(text) <= budget {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let mut clipped = String::new();
    let mut left = budget;
    for word in text.split_whitespace() {
        let space = if clipped.is_empty() { "" } else { " " };
        if let Some(rest) = left.checked_sub(word_cost(word)) {
            clipped.push_str(space);
            clipped.push_str(word);
            left = rest;
            continue;
        }
        // Scripts without spaces are cut between characters.
        if word.chars().all(is_cjk) && left > 0 {
            clipped.push_str(space);
            clipped.extend(word.chars().take(left));
        }
        break;
    }
    clipped.push('…');
    clipped
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

/// A line in plain English.
#[must_use]
pub fn render_english(line: &Line) -> String {
    let argument = |name: &str| line.argument(name);
    match line.kind {
        LineKind::Allergy => {
            let again = if argument("disputed").is_empty() {
                ""
            } else {
                ", ask again"
            };
            format!(
                "Allergy: {} ({}{again})",
                argument("substance"),
                argument("severity")
            )
        }
        LineKind::Never => format!("Never {}", about(line)),
        LineKind::DoNotContact => "Do not contact".to_owned(),
        LineKind::Paused => format!("No contact for {}", days(line)),
        LineKind::Mode if argument("mode") == "quick" => "Keep it quick".to_owned(),
        LineKind::Mode => "Leave alone".to_owned(),
        LineKind::OwnerOnly if argument("name").is_empty() => "Leave to their advisor".to_owned(),
        LineKind::OwnerOnly => format!("Leave to {}", argument("name")),
        LineKind::Guarded => "Guarded topic: read the note".to_owned(),
        LineKind::Secret => format!("Secret: {}", article(line)),
        LineKind::Complaint => "Open complaint: solve it before selling".to_owned(),
        LineKind::Disliked => format!("Disliked {}", article(line)),
        LineKind::Avoid => format!("Avoid {}", about(line)),
        LineKind::Greet => greeting(argument("address"), argument("thread")),
        LineKind::Promise => promise(line),
        LineKind::Answered => answered(line),
        LineKind::Recovery => recovery(line),
        LineKind::Occasion => occasion(line),
        LineKind::Suggestion => {
            let (what, answer) = (argument("what"), argument("answer"));
            format!("Tell the answer to “{what}”: {answer}")
        }
        LineKind::Wish => wish(line),
        LineKind::Need => format!("Show {} for: {}", article(line), argument("what")),
        LineKind::Ask => {
            let about = argument("about").replace('_', " ");
            let subject = argument("subject");
            let space = if subject.is_empty() { "" } else { " " };
            format!("Ask {about}{space}{subject}: {}?", argument("options"))
        }
        LineKind::Reaction => format!("Ask how {} does", article(line)),
        LineKind::Confirm if argument("kind") == "size" => format!("Ask: still {}?", about(line)),
        LineKind::Confirm => {
            let verb = match argument("polarity") {
                "avoid" | "never" => "avoids",
                _ => "likes",
            };
            format!("Ask: still {verb} {}?", about(line))
        }
    }
}

/// `navy coats (color)` becomes `coats: navy`; without a value just the subject.
fn about(line: &Line) -> String {
    let (subject, value) = (line.argument("subject"), line.argument("value"));
    if value.is_empty() {
        subject.to_owned()
    } else {
        format!("{subject}: {value}")
    }
}

/// The name of an article, its number where there is none.
fn article(line: &Line) -> &str {
    match line.argument("name") {
        "" => line.argument("sku"),
        name => name,
    }
}

/// `Appointment countered: in 2 days at 15:00, words`.
fn answered(line: &Line) -> String {
    let mut text = match line.argument("asked") {
        "appointment" => "Appointment".to_owned(),
        "seat" => format!("Seat at {}", line.argument("subject")),
        _ => format!("Reservation of {}", line.argument("subject")),
    };
    write!(text, " {}", line.argument("state")).expect("writing to a string does not fail");
    let at = match (line.argument("days"), line.argument("time")) {
        ("", _) => String::new(),
        ("0", "") => "today".to_owned(),
        (_, "") => format!("in {}", days(line)),
        ("0", time) => format!("today at {time}"),
        (_, time) => format!("in {} at {time}", days(line)),
    };
    let parts = [at.as_str(), line.argument("words")];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        write!(text, ": {}", parts.join(", ")).expect("writing to a string does not fail");
    }
    text
}

fn recovery(line: &Line) -> String {
    let what = match article(line) {
        "" => "what went wrong",
        name => name,
    };
    match line.argument("days") {
        "0" => format!("Set right {what}"),
        _ => format!("Set right {what}, open {}", days(line)),
    }
}

fn wish(line: &Line) -> String {
    let (name, quantity) = (article(line), line.argument("quantity"));
    let age = match line.argument("hours") {
        "" => String::new(),
        hours => format!(" (counted {hours} h ago)"),
    };
    match line.argument("state") {
        "arriving" if line.argument("days") == "0" => {
            format!("Wish: {name}, {quantity} arriving today")
        }
        "arriving" => format!("Wish: {name}, {quantity} arriving in {}", days(line)),
        "elsewhere" => format!("Wish: {name}, at {}{age}", line.argument("shop")),
        "check" => format!("Wish: {name}, check stock{age}"),
        _ => format!("Wish: {name}, here"),
    }
}

fn days(line: &Line) -> String {
    match line.argument("days").trim_start_matches('-') {
        "1" => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn greeting(address: &str, thread: &str) -> String {
    let mut text = address.to_owned();
    if !thread.is_empty() {
        let space = if text.is_empty() { "" } else { ". " };
        write!(text, "{space}Last time: {thread}").expect("writing to a string does not fail");
    }
    text
}

fn promise(line: &Line) -> String {
    let what = line.argument("what");
    match line.argument("days") {
        "" => format!("Promise: {what}"),
        "0" => format!("Promise due today: {what}"),
        days_left if days_left.starts_with('-') => {
            format!("Promise overdue {}: {what}", days(line))
        }
        _ => format!("Promise due in {}: {what}", days(line)),
    }
}

fn occasion(line: &Line) -> String {
    let mut text = line.argument("occasion").replace('_', " ");
    if !line.argument("person").is_empty() {
        write!(text, " of {}", line.argument("person")).expect("writing to a string does not fail");
    }
    let when = match line.argument("days") {
        "0" => "today".to_owned(),
        _ => format!("in {}", days(line)),
    };
    if line.argument("ask").is_empty() {
        format!("Mark {text} {when}")
    } else {
        format!("Ask whether to mark {text} {when}")
    }
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
    fn a_clipped_text_keeps_whole_words_and_shows_the_cut() {
        assert_eq!(clip("the  blue coat", 6), "the blue coat");
        assert_eq!(clip("the blue coat", 5), "the blue…");
        assert_eq!(clip("蓝色羊毛大衣", 4), "蓝色羊毛…");
        assert_eq!(clip("蓝色 coat", 3), "蓝色…");
    }
}
