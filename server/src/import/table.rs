//! Separated values: the header, the separator, and one row at a time, quoted as RFC 4180 says.

use super::lines::{LINE_BYTES_MAX, Line, Lines, Next};
use super::problem::{Reason, RowError};
use super::schema::Column;
use super::{ImportError, What};

/// Lines that one quoted field may span.
const QUOTED_LINES_MAX: usize = 100;

/// The known columns of a row that are not empty.
pub(super) type Fields = Vec<(&'static str, String)>;

/// What the header told: where each known column stands.
#[derive(Debug)]
pub(super) struct Header {
    separator: char,
    /// For each column of the file, the known column it is.
    columns: Vec<Option<&'static str>>,
    /// Columns of the file that mean nothing here.
    pub(super) ignored: Vec<String>,
}

impl Header {
    /// Reads the header of sales or customers.
    pub(super) fn parse(line: &str, what: What) -> Result<Self, ImportError> {
        Self::read(line, what.columns(), |names| hint(names, what))
    }

    /// Reads a header of these columns; `hint` says what a file with other names looks like.
    pub(super) fn read(
        line: &str,
        schema: &'static [Column],
        hint: impl Fn(&[String]) -> &'static str,
    ) -> Result<Self, ImportError> {
        let known = |name: &str| {
            let name = name.trim().to_lowercase();
            schema.iter().find(|column| column.name == name)
        };
        let hits = |separator: char| {
            let names = split(line, separator).unwrap_or_default();
            names.iter().filter(|name| known(name).is_some()).count()
        };
        let separator = [',', ';', '\t']
            .into_iter()
            .rev()
            .max_by_key(|separator| hits(*separator))
            .unwrap_or(',');
        let names = split(line, separator).unwrap_or_default();
        let columns: Vec<_> = names
            .iter()
            .map(|name| known(name).map(|column| column.name))
            .collect();
        let has = |column: &Column| columns.contains(&Some(column.name));
        let is_repeated = columns
            .iter()
            .enumerate()
            .any(|(at, name)| name.is_some() && columns.iter().take(at).any(|one| one == name));
        // A number alone says nothing of a customer; a file of sales has it too.
        let says_nothing = !schema
            .iter()
            .any(|column| has(column) && column.name != "customer_id");
        let is_whole = schema.iter().filter(|column| column.is_required).all(has);
        if is_repeated || says_nothing || !is_whole {
            let required = schema.iter().filter(|column| column.is_required);
            return Err(ImportError::Header {
                required: joined(required),
                optional: joined(schema.iter().filter(|column| !column.is_required)),
                found: line.chars().take(200).collect(),
                hint: hint(&names),
            });
        }
        let ignored = names
            .iter()
            .filter(|name| known(name).is_none() && !name.trim().is_empty())
            .map(|name| name.trim().to_owned())
            .collect();
        Ok(Self {
            separator,
            columns,
            ignored,
        })
    }

    /// Whether a comma separates decimals, as in files that separate columns with semicolons.
    pub(super) fn has_decimal_comma(&self) -> bool {
        self.separator == ';'
    }

    /// Reads one row that begins on `first`, with as many further lines as its quotes span.
    pub(super) fn row(
        &self,
        first: &Line,
        lines: &mut Lines<'_>,
    ) -> Result<Result<Fields, RowError>, ImportError> {
        let mut text = first.text.clone();
        let mut further = Vec::new();
        let mut is_unended = first.is_unended;
        let fields = loop {
            if let Some(fields) = split(&text, self.separator) {
                break fields;
            }
            let next = if further.len() < QUOTED_LINES_MAX {
                lines.next()?
            } else {
                None
            };
            match next {
                Some(Next::Line(line)) if text.len() + line.text.len() < LINE_BYTES_MAX => {
                    text.push('\n');
                    text.push_str(&line.text);
                    is_unended = line.is_unended;
                    further.push(line);
                }
                other => {
                    // A stray quote costs its own row, not those after it.
                    if let Some(Next::Line(line)) = other {
                        further.push(line);
                    }
                    lines.give_back(further);
                    return Ok(Err(RowError::row(Reason::OpenQuote)));
                }
            }
        };
        if fields.len() != self.columns.len() {
            let reason = if is_unended && fields.len() < self.columns.len() {
                Reason::CutOff
            } else {
                Reason::FieldCount {
                    expected: self.columns.len(),
                    found: fields.len(),
                }
            };
            return Ok(Err(RowError::row(reason)));
        }
        Ok(Ok(self
            .columns
            .iter()
            .zip(fields)
            .filter_map(|(column, field)| Some(((*column)?, field.trim().to_owned())))
            .filter(|(_, field)| !field.is_empty())
            .collect()))
    }
}

/// What a file with these columns looks like, where that is the other kind.
fn hint(names: &[String], what: What) -> &'static str {
    let has = |column: &str| {
        let mut names = names.iter().map(|name| name.trim());
        names.any(|name| name.eq_ignore_ascii_case(column))
    };
    let is_sales = has("sale_id") || (has("amount") && has("date"));
    let is_customers = ["name", "given_name", "family_name", "phone", "email"]
        .into_iter()
        .any(has);
    match what {
        What::Customers if is_sales => ": this looks like sales, use `carnet admin import sales`",
        What::Sales if is_customers && !is_sales => {
            ": this looks like customers, use `carnet admin import customers`"
        }
        What::Customers | What::Sales => "",
    }
}

fn joined<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The fields of a row; `None` while a quote is open.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted, separator)?,
            None => match rest.split_once(separator) {
                Some((field, after)) => (field.to_owned(), Some(after)),
                None => (rest.to_owned(), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

/// A quoted field after its first quote, and what follows its separator.
fn unquote(text: &str, separator: char) -> Option<(String, Option<&str>)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        // What stands between the closing quote and the separator belongs to the field, as spreadsheets read it.
        return Some(match after.split_once(separator) {
            Some((tail, after)) => (field + tail, Some(after)),
            None => (field + after, None),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_other_kind_is_refused_and_named() {
        let refused = |header: &str, what| Header::parse(header, what).unwrap_err().to_string();
        for header in [
            "sale_id,customer_id,date,amount,currency",
            "customer_id;DATE;Amount",
        ] {
            let said = refused(header, What::Customers);
            assert!(said.contains("looks like sales"), "{said}");
        }
        let said = refused("customer_id,given_name,phone", What::Sales);
        assert!(said.contains("looks like customers"), "{said}");
        let said = refused("customer_id,points", What::Customers);
        assert!(
            said.contains("expected header. Required"),
            "a number and nothing known says nothing of anybody: {said}"
        );
        Header::parse("customer_id,email", What::Customers).expect("one column is enough");
    }

    #[test]
    fn fields_are_split_and_unquoted() {
        let check = |text: &str, fields: &[&str]| {
            assert_eq!(split(text, ',').unwrap(), fields, "{text:?}");
        };
        check("a,b,c", &["a", "b", "c"]);
        check("", &[""]);
        check("a,,", &["a", "", ""]);
        check(r#""a,b","say ""hi""",c"#, &["a,b", "say \"hi\"", "c"]);
        check("\"two\nlines\",b", &["two\nlines", "b"]);
        check(r#"5" pipe,b"#, &["5\" pipe", "b"]);
        check(r#""a"x,b"#, &["ax", "b"]);
        assert_eq!(split(r#"a,"open"#, ','), None);
    }
}
