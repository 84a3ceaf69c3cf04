//! A row as text by column, from a table, a JSON line or a request: before anything is believed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::problem::{Reason, RowError};
use super::super::sale::given;
use super::super::schema::Column;

/// What separates the words of a list inside a field.
pub(super) const LIST: char = '|';

/// Text by column; empty fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldRow(BTreeMap<&'static str, String>);

impl FieldRow {
    /// The row of these columns.
    pub(in super::super) fn from_fields(fields: Vec<(&'static str, String)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// The row that an object of JSON is; a list of texts becomes one field.
    ///
    /// # Errors
    /// [`RowError`] when it is none, or has a field that is not a column.
    pub fn from_json(text: &str, columns: &'static [Column]) -> Result<Self, RowError> {
        let value = serde_json::from_str(text);
        let value = value.map_err(|error| RowError::row(Reason::Json(error.to_string())))?;
        Self::from_value(&value, columns)
    }

    /// The row that a value of JSON is.
    ///
    /// # Errors
    /// As [`FieldRow::from_json`].
    pub fn from_value(value: &Value, columns: &'static [Column]) -> Result<Self, RowError> {
        let bad = |text: String| RowError::row(Reason::Json(text));
        let Value::Object(fields) = value else {
            return Err(bad("expected an object".to_owned()));
        };
        let mut row = BTreeMap::new();
        for (name, value) in fields {
            let column = columns.iter().find(|column| column.name == name);
            let column = column.ok_or_else(|| bad(format!("unknown field {name:?}")))?;
            if let Some(text) = scalar(value).map_err(|why| bad(format!("{name}: {why}")))? {
                row.insert(column.name, text);
            }
        }
        Ok(Self(row))
    }

    /// What stands in a column, unless it is empty.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        given(self.0.get(column).map(String::as_str))
    }

    /// What must stand in a column.
    pub(super) fn need(&self, column: &'static str) -> Result<&str, RowError> {
        self.get(column)
            .ok_or_else(|| RowError::at(column, Reason::Missing))
    }
}

/// Text, a whole number, yes/no, or a list of these as text. A number with decimals is refused: JSON readers round it.
fn scalar(value: &Value) -> Result<Option<String>, &'static str> {
    const EXPECTED: &str =
        "expected text, a whole number or a list (write decimals as text: \"12.50\")";
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(if *flag { "yes" } else { "no" }.to_owned())),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(list) => {
            let texts = list.iter().map(|one| match one {
                Value::Array(_) => Err(EXPECTED),
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_)) => Ok(scalar(other)?.unwrap_or_default()),
            });
            let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
            Ok(Some(texts.join(&LIST.to_string())))
        }
        Value::Number(_) | Value::Object(_) => Err(EXPECTED),
    }
}
