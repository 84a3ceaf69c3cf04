//! The enrolment link: where the hub is and the code that enrols a handheld, as one text that a QR code holds.
//!
//! The hub writes it and the handheld reads it, both here. Frozen since version 1: `carnet://enrol?hub=ORIGIN&code=CODE`.
//! It has the app's own scheme, so that a phone's camera offers the app and no browser keeps the code in its history.
//!
//! # Invariants
//! - What was written is read again as it was, whatever is in it.
//! - A link says one hub and one code: one that names either twice is refused, since two readers could take different ones.
//! - Keys that a later hub adds are left alone.

use std::fmt;
use std::str::FromStr;

use crate::limits::ENROLMENT_LINK_BYTES_MAX;

const SCHEME: &str = "carnet://";
const HOST: &str = "enrol";

/// What an enrolment link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentLink {
    /// Where the hub is: scheme, host and port.
    pub hub: String,
    /// The code that enrols one handheld.
    pub code: String,
}

/// A text is no enrolment link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no enrolment link: scan the code that the back office shows under Handhelds, or type hub and code"
)]
pub struct NoEnrolmentLink;

impl fmt::Display for EnrolmentLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{HOST}?hub=")?;
        escape(&self.hub, f)?;
        f.write_str("&code=")?;
        escape(&self.code, f)
    }
}

impl FromStr for EnrolmentLink {
    type Err = NoEnrolmentLink;

    /// Reads a link. Space around it, and line breaks that a mail put into it, do not count.
    fn from_str(text: &str) -> Result<Self, NoEnrolmentLink> {
        read(text).ok_or(NoEnrolmentLink)
    }
}

fn read(text: &str) -> Option<EnrolmentLink> {
    if text.len() > ENROLMENT_LINK_BYTES_MAX {
        return None;
    }
    let text: String = text.trim().replace(['\t', '\r', '\n'], "");
    let rest = without_prefix(&text, SCHEME)?;
    let rest = without_prefix(rest, HOST)?;
    let query = rest.strip_prefix('/').unwrap_or(rest).strip_prefix('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let (mut hub, mut code) = (None, None);
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match unescape(key)?.as_str() {
            "hub" => &mut hub,
            "code" => &mut code,
            _ => continue,
        };
        let value = unescape(value).filter(|value| is_sayable(value))?;
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(EnrolmentLink {
        hub: hub?,
        code: code?,
    })
}

/// What follows a prefix in whichever case.
fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn is_sayable(value: &str) -> bool {
    !value.is_empty() && !value.contains(char::is_control)
}

/// Writes a value so that a query holds it; a plain origin stays as it is.
fn escape(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in value.bytes() {
        let is_plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'/');
        if is_plain {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// The text that a query holds; none where that is no text.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut left = value.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(left.next())?, digit(left.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(hub: &str, code: &str) -> EnrolmentLink {
        EnrolmentLink {
            hub: hub.to_owned(),
            code: code.to_owned(),
        }
    }

    #[test]
    fn the_form_is_the_one_that_handhelds_know() {
        let written = link("https://hub.example:7443", "K7Q2-M9").to_string();
        assert_eq!(
            written,
            "carnet://enrol?hub=https://hub.example:7443&code=K7Q2-M9"
        );
        let escaped = link("https://[::1]:7443", "a&b=c d+e%f#g").to_string();
        assert_eq!(
            escaped,
            "carnet://enrol?hub=https://%5B::1%5D:7443&code=a%26b%3Dc%20d%2Be%25f%23g"
        );
    }

    #[test]
    fn a_link_is_read_in_the_forms_that_scanners_and_mails_give_it() {
        let told = Ok(link("https://hub.example:7443", "K7Q2-M9"));
        for text in [
            "carnet://enrol?hub=https://hub.example:7443&code=K7Q2-M9",
            "  CARNET://enrol?code=K7Q2-M9&hub=https%3A%2F%2Fhub.example%3A7443&pins=abc\n",
            "carnet://enrol/?hub=https://hub.example:7443&code=K7Q2-M9#",
            "carnet://enrol?hub=https://hub.exa\r\nmple:7443&code=K7Q2-M9",
        ] {
            assert_eq!(text.parse(), told, "{text}");
        }
    }

    #[test]
    fn what_is_no_link_or_says_two_things_is_refused() {
        let long = format!("carnet://enrol?hub=a&code={}", "b".repeat(4_096));
        for text in [
            "",
            "4006381333931",
            "https://hub.example/enrol?hub=a&code=b",
            "carnet://open?hub=https://hub.example&code=b",
            "carnet://enrolled?hub=a&code=b",
            "carnet://enrol?hub=https://hub.example",
            "carnet://enrol?hub=&code=b",
            "carnet://enrol?hub=a&code=b&hub=evil",
            "carnet://enrol?hub=a&code=b&%68ub=evil",
            "carnet://enrol?hub=a&code=b%",
            "carnet://enrol?hub=a&code=%ff",
            "carnet://enrol?hub=a%00&code=b",
            "carnet://enrol#?hub=a&code=b",
            "carnét://enrol?hub=a&code=b",
            &long,
        ] {
            assert_eq!(
                text.parse::<EnrolmentLink>(),
                Err(NoEnrolmentLink),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again_as_it_was(hub in "\\PC{1,60}", code in "\\PC{1,60}") {
            let written = link(&hub, &code);
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn any_text_is_refused_or_says_what_can_be_written_again(
            text in "(carnet://enrol\\?)?((hub|code|x|%68ub)?=?[a-c%0-9&#+/é\\n]{0,6}&?){0,6}",
        ) {
            if let Ok(read) = text.parse::<EnrolmentLink>() {
                prop_assert_eq!(read.to_string().parse(), Ok(read));
            }
        }

        #[test]
        fn nothing_added_to_a_link_leads_to_another_hub(more in "[&#]((hub|code|%63ode)=)?\\PC{0,20}") {
            let good = link("https://hub.example", "K7Q2");
            let read = format!("{good}{more}").parse();
            prop_assert!(read == Err(NoEnrolmentLink) || read == Ok(good));
        }
    }
}
