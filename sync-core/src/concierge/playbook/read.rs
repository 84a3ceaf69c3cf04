//! Reading a playbook that a person wrote: every problem is found at once, and each says where it is and what is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::terms::{Condition, Evidence, Tag, Trigger};
use super::{ITEMS_MAX, Item, MINUTES_MAX, Playbook, Span, WEIGHT_MAX};

/// Characters of an item's id.
const ID_CHARS_MAX: usize = 40;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 120;
/// The most that an item may ask for of one kind of evidence.
const AT_LEAST_MAX: u32 = 20;
/// Every field an item may have.
const FIELDS: [&str; 14] = [
    "id",
    "name",
    "weight",
    "minutes",
    "tag",
    "trigger",
    "applies_if",
    "opens",
    "closes",
    "late",
    "done_if",
    "at_least",
    "target",
    "contact",
];

/// Something to mend in a playbook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The item, by its id or else its place ("item 3"); none where it is about the whole.
    pub item: Option<String>,
    /// What is wrong and what is expected.
    pub says: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            Some(item) => write!(f, "{item}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

/// Why a text is no playbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the playbook has {} to mend: {}", count(.problems.len()), joined(.problems))]
pub struct PlaybookError {
    /// All that was found, in the order of the text.
    pub problems: Vec<Problem>,
}

fn count(problems: usize) -> String {
    match problems {
        1 => "one thing".to_owned(),
        several => format!("{several} things"),
    }
}

fn joined(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("; ")
}

pub(super) fn parse(text: &str) -> Result<Playbook, PlaybookError> {
    let mut problems = Vec::new();
    let playbook = match serde_json::from_str::<Value>(text) {
        Ok(value) => whole(&value, &mut problems),
        Err(error) => {
            problems.push(about_all(format!("this is not JSON: {error}")));
            Playbook::default()
        }
    };
    if problems.is_empty() {
        Ok(playbook)
    } else {
        Err(PlaybookError { problems })
    }
}

fn about_all(says: impl Into<String>) -> Problem {
    Problem {
        item: None,
        says: says.into(),
    }
}

fn whole(value: &Value, problems: &mut Vec<Problem>) -> Playbook {
    let Some(fields) = value.as_object() else {
        problems.push(about_all(
            "expected an object {\"format\": 1, \"items\": […]}",
        ));
        return Playbook::default();
    };
    if fields.get("format").and_then(Value::as_u64) != Some(1) {
        problems.push(about_all("format: expected 1"));
    }
    for name in fields
        .keys()
        .filter(|name| !matches!(name.as_str(), "format" | "items"))
    {
        problems.push(about_all(format!(
            "{name:?} is not known; a playbook has \"format\" and \"items\""
        )));
    }
    let Some(list) = fields.get("items").and_then(Value::as_array) else {
        problems.push(about_all("items: expected a list"));
        return Playbook::default();
    };
    if list.is_empty() || list.len() > ITEMS_MAX {
        problems.push(about_all(format!(
            "items: expected 1 to {ITEMS_MAX} of them, found {}",
            list.len()
        )));
    }
    let mut items = Vec::new();
    let mut known = BTreeSet::new();
    for (place, value) in (1_usize..).zip(list) {
        let mut reader = ItemReader::new(place, value, problems);
        let item = reader.item();
        if !item.id.is_empty() && !known.insert(item.id.clone()) {
            reader.problem("another item has this id: give each its own");
        }
        items.push(item);
    }
    Playbook { items }
}

/// Reads one item; what is missing or wrong is noted and read as something harmless.
struct ItemReader<'a> {
    fields: Option<&'a Map<String, Value>>,
    name: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> ItemReader<'a> {
    fn new(place: usize, value: &'a Value, problems: &'a mut Vec<Problem>) -> Self {
        let fields = value.as_object();
        let id = fields.and_then(|fields| fields.get("id")?.as_str());
        let name = id.map_or_else(|| format!("item {place}"), |id| format!("item {id:?}"));
        Self {
            fields,
            name,
            problems,
        }
    }

    fn problem(&mut self, says: impl Into<String>) {
        self.problems.push(Problem {
            item: Some(self.name.clone()),
            says: says.into(),
        });
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.and_then(|fields| fields.get(name))
    }

    fn item(&mut self) -> Item {
        match self.fields {
            None => self.problem("expected an object"),
            Some(fields) => {
                for name in fields.keys() {
                    if !FIELDS.contains(&name.as_str()) {
                        self.problem(format!(
                            "{name:?} is not known; an item has {}",
                            FIELDS.join(", ")
                        ));
                    }
                }
            }
        }
        let trigger = self.word("trigger", Trigger::parse, Trigger::TEXTS, Trigger::Visit);
        let item = Item {
            id: self.id(),
            name: self.names(),
            weight: self.number("weight", (1, WEIGHT_MAX), None),
            minutes: self.number("minutes", (0, MINUTES_MAX), None),
            tag: self.word("tag", Tag::parse, Tag::TEXTS, Tag::Experience),
            trigger,
            applies_if: self.conditions(),
            opens: self.span("opens", Some(Span::default())),
            closes: self.span("closes", None),
            late: Span::default(),
            done_if: self.ways(trigger),
            at_least: self.number("at_least", (1, AT_LEAST_MAX), Some(1)),
            target: self
                .get("target")
                .is_some()
                .then(|| self.number("target", (1, AT_LEAST_MAX), None)),
            contact: self.flag("contact"),
        };
        self.window(item)
    }

    fn window(&mut self, mut item: Item) -> Item {
        if item.opens >= item.closes && self.get("closes").is_some() {
            self.problem(format!(
                "the window is empty: it opens at {} and closes at {}; let it close later than it opens",
                item.opens, item.closes
            ));
        }
        item.late = self.span("late", Some(Span::default()));
        if item.late < Span::default() {
            self.problem("late: expected how long after closing it still counts for half, such as \"72h\" or \"0d\"");
        }
        item
    }

    fn id(&mut self) -> String {
        let id = self.get("id").and_then(Value::as_str).unwrap_or_default();
        let is_good = (1..=ID_CHARS_MAX).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_good {
            self.problem(format!(
                "id: expected 1 to {ID_CHARS_MAX} characters of a-z, 0-9 and _"
            ));
        }
        id.to_owned()
    }

    fn names(&mut self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for (language, name) in self
            .get("name")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let good = name
                .as_str()
                .map(str::trim)
                .filter(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
            let is_language = (2..=12).contains(&language.len())
                && language
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            match good.filter(|_| is_language) {
                Some(name) => {
                    names.insert(language.clone(), name.to_owned());
                }
                None => self.problem(format!(
                    "name: {language:?} expected a language code with a text of up to {NAME_CHARS_MAX} characters"
                )),
            }
        }
        if names.is_empty() {
            self.problem(
                "name: expected one text at least, by language: {\"en\": \"…\", \"fr\": \"…\"}",
            );
        }
        names
    }

    fn number(&mut self, name: &str, (least, most): (u32, u32), missing: Option<u32>) -> u32 {
        let value = self.get(name);
        if let (None, Some(missing)) = (value, missing) {
            return missing;
        }
        let number = value
            .and_then(Value::as_u64)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number));
        number.unwrap_or_else(|| {
            let found = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            self.problem(format!(
                "{name}: expected a whole number from {least} to {most}, found {found}"
            ));
            least
        })
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            _ => {
                self.problem(format!("{name}: expected true or false"));
                false
            }
        }
    }

    fn word<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        known: &[&str],
        otherwise: T,
    ) -> T {
        let word = self.get(name).and_then(Value::as_str);
        word.and_then(parse).unwrap_or_else(|| {
            let found = word.map_or_else(|| "nothing".to_owned(), |word| format!("{word:?}"));
            self.problem(format!(
                "{name}: {found} is not known; known are {}",
                known.join(", ")
            ));
            otherwise
        })
    }

    fn span(&mut self, name: &str, missing: Option<Span>) -> Span {
        let value = self.get(name);
        if let (None, Some(missing)) = (value, missing) {
            return missing;
        }
        let span = value.and_then(Value::as_str).and_then(Span::parse);
        span.unwrap_or_else(|| {
            self.problem(format!(
                "{name}: expected a stretch of time such as \"90m\", \"72h\", \"14d\" or \"-7d\", up to ten years"
            ));
            missing.unwrap_or(Span::minutes(1))
        })
    }

    fn conditions(&mut self) -> Vec<Condition> {
        let list = match self.get("applies_if") {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.problem("applies_if: expected a list, empty when it is owed to all");
                return Vec::new();
            }
        };
        let mut conditions = Vec::new();
        for value in list {
            match Condition::from_value(value) {
                Ok(condition) if conditions.contains(&condition) => {
                    self.problem(format!("applies_if: {value} is there twice"));
                }
                Ok(condition) => conditions.push(condition),
                Err(says) => self.problem(says),
            }
        }
        conditions
    }

    fn ways(&mut self, trigger: Trigger) -> Vec<Vec<Evidence>> {
        let mut ways = Vec::new();
        let list = self.get("done_if").and_then(Value::as_array);
        for value in list.into_iter().flatten() {
            let words = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            let mut way = Vec::new();
            let found = self.problems.len();
            for word in words {
                let word = word.as_str().unwrap_or_default();
                let Some(evidence) = Evidence::parse(word) else {
                    self.problem(format!(
                        "done_if: {word:?} is not known; known are {}",
                        Evidence::TEXTS.join(", ")
                    ));
                    continue;
                };
                if let Some(bound) = evidence.bound_to().filter(|bound| *bound != trigger) {
                    self.problem(format!(
                        "done_if: {word:?} shows something about the trigger {:?} alone, and this item's is {:?}",
                        bound.as_str(),
                        trigger.as_str()
                    ));
                }
                way.push(evidence);
            }
            way.sort_unstable();
            way.dedup();
            if way.is_empty() && self.problems.len() > found {
                continue;
            }
            if way.is_empty() || ways.contains(&way) {
                self.problem("done_if: a way is empty or there twice");
            } else {
                ways.push(way);
            }
        }
        if list.is_none_or(Vec::is_empty) {
            self.problem(format!(
                "done_if: expected a list of what shows that it was done; known are {}",
                Evidence::TEXTS.join(", ")
            ));
        }
        ways
    }
}
