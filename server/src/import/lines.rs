//! Lines of a file of any size in bounded memory, checked to be UTF-8.
//!
//! A line beyond [`LINE_BYTES_MAX`] is skipped and told; text of another encoding ends the import, because every later name would be wrong too.

use std::io::BufRead;

use super::ImportError;

/// Bytes of one line, and of one quoted field over several lines. An honest row has some hundred.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// What stands next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line without its end.
    Line(Line),
    /// A line beyond the bound; it was skipped.
    TooLong {
        /// Its number, from 1.
        number: u64,
    },
}

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its text.
    pub(super) text: String,
    /// Whether the file ends here without a line end: it may have been cut.
    pub(super) is_unended: bool,
}

/// The bytes of a line.
#[derive(Default)]
struct RawLine {
    bytes: Vec<u8>,
    /// Whether the file ends with it.
    is_unended: bool,
    /// Whether it was too long to keep.
    is_long: bool,
}

/// Reads lines one by one.
pub(super) struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    number: u64,
    bytes: u64,
    returned: Vec<Line>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut dyn BufRead) -> Self {
        Self {
            reader,
            number: 0,
            bytes: 0,
            returned: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives lines back, to be read again in their order.
    pub(super) fn give_back(&mut self, mut lines: Vec<Line>) {
        lines.reverse();
        self.returned.append(&mut lines);
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Next>, ImportError> {
        if let Some(line) = self.returned.pop() {
            return Ok(Some(Next::Line(line)));
        }
        loop {
            let Some(raw) = self.read_raw()? else {
                return Ok(None);
            };
            self.number += 1;
            if raw.is_long {
                return Ok(Some(Next::TooLong {
                    number: self.number,
                }));
            }
            let text = decode(&raw.bytes, self.number)?;
            if !text.trim().is_empty() {
                return Ok(Some(Next::Line(Line {
                    number: self.number,
                    text: text.to_owned(),
                    is_unended: raw.is_unended,
                })));
            }
        }
    }

    fn read_raw(&mut self) -> Result<Option<RawLine>, ImportError> {
        let mut raw = RawLine::default();
        let mut read_any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(ImportError::Read { source }),
            };
            if chunk.is_empty() {
                raw.is_unended = true;
                return Ok(read_any.then_some(raw));
            }
            read_any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let (part, used) = match end {
                Some(end) => (chunk.get(..end).unwrap_or_default(), end + 1),
                None => (chunk, chunk.len()),
            };
            if raw.bytes.len() + part.len() > LINE_BYTES_MAX {
                raw.is_long = true;
                raw.bytes.clear();
            }
            if !raw.is_long {
                raw.bytes.extend_from_slice(part);
            }
            self.reader.consume(used);
            self.bytes += u64::try_from(used).unwrap_or(u64::MAX);
            if end.is_some() {
                return Ok(Some(raw));
            }
        }
    }
}

/// The text of a line, without byte order mark and carriage return.
fn decode(raw: &[u8], number: u64) -> Result<&str, ImportError> {
    let is_first = number == 1;
    let wide = is_first && (raw.starts_with(&[0xff, 0xfe]) || raw.starts_with(&[0xfe, 0xff]));
    let zero = raw.iter().position(|byte| *byte == 0);
    if wide || zero.is_some() {
        return Err(ImportError::Encoding {
            line: number,
            byte: zero.map_or(1, |at| at + 1),
            found: "UTF-16 or binary data",
            cure: "iconv -f UTF-16 -t UTF-8 FILE > NEW",
        });
    }
    let raw = raw
        .strip_prefix(&[0xef, 0xbb, 0xbf])
        .filter(|_| is_first)
        .unwrap_or(raw);
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    std::str::from_utf8(raw).map_err(|error| ImportError::Encoding {
        line: number,
        byte: error.valid_up_to() + 1,
        found: "a byte that is not UTF-8, probably Latin-1 or Windows-1252",
        cure: "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW",
    })
}

/// Reads all of `reader` and reports the first text that is not UTF-8, so that nothing is imported from a file that must be converted first.
///
/// # Errors
/// [`ImportError::Encoding`] or [`ImportError::Read`].
pub fn check_encoding(reader: &mut dyn BufRead) -> Result<u64, ImportError> {
    let mut lines = Lines::new(reader);
    while lines.next()?.is_some() {}
    Ok(lines.bytes())
}
