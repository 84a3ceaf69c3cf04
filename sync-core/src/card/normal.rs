//! The one form of texts that people type in many: telephone numbers, e-mail addresses, words that name the same thing.
//!
//! Two handhelds that are offline must derive the same id from what two associates typed, so these forms are frozen since schema 1.

use unicode_normalization::UnicodeNormalization as _;

use super::terms::EndpointKind;
use crate::crypto::sha256;
use crate::ids::to_base32;

/// A text that is not an endpoint of the kind it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an international number.
    #[error(
        "this is not a complete phone number: write it with its country code, like +33 6 12 34 56 78"
    )]
    Phone,
    /// Not an address.
    #[error("this is not an e-mail address: write it like name@example.com")]
    Email,
    /// Not an account name.
    #[error("this is not an account name: write it without spaces, in up to 64 characters")]
    Account,
}

/// The form under which words count as the same: compatibility-composed, lower case, single spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    let composed: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The form in which words are kept: composed, without space around them.
#[must_use]
pub fn tidy(text: &str) -> String {
    text.trim().nfc().collect()
}

/// An id that follows from what it names: the first 10 bytes of a SHA-256 over the parts, 16 characters in base 32. Frozen since schema 1.
#[must_use]
pub fn derived_id(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let digest = sha256("id.v1", &parts);
    to_base32(digest.0.get(..10).expect("a digest has 32 bytes"))
}

/// The id under which a card keeps a purchase secret, by the system that told of it and that system's own id. Frozen since schema 2.
#[must_use]
pub fn surprise_id(source: &str, purchase: &str) -> String {
    derived_id(&["surprise", &fold(source), &fold(purchase)])
}

/// The one form of an endpoint.
///
/// # Errors
/// [`EndpointError`] says what is missing.
pub fn endpoint(kind: EndpointKind, text: &str) -> Result<String, EndpointError> {
    match kind {
        EndpointKind::Phone | EndpointKind::Whatsapp => phone(text).ok_or(EndpointError::Phone),
        EndpointKind::Email => email(text).ok_or(EndpointError::Email),
        EndpointKind::Wechat | EndpointKind::Line | EndpointKind::Kakao => {
            account(text).ok_or(EndpointError::Account)
        }
    }
}

/// E.164: `+`, then 7 to 15 digits of which the first is not 0. `00` counts as `+`, a national `(0)` is left out.
fn phone(text: &str) -> Option<String> {
    let text: String = text.nfkc().collect::<String>().trim().replace("(0)", "");
    let text = text
        .strip_prefix('+')
        .or_else(|| text.strip_prefix("00"))?
        .to_owned();
    let mut digits = String::with_capacity(16);
    for symbol in text.chars() {
        match symbol {
            '0'..='9' => digits.push(symbol),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2014}' => {}
            _ => return None,
        }
    }
    ((7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// The local part as it is, the domain in lower case, up to 254 bytes (RFC 5321 §4.5.3.1).
fn email(text: &str) -> Option<String> {
    let text = tidy(text);
    let (local, domain) = text.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.chars().any(|symbol| {
                symbol.is_whitespace() || symbol.is_control() || "@,;<>\"()".contains(symbol)
            })
    };
    let is_domain = domain.contains('.') && domain.split('.').all(is_plain);
    let address = format!("{local}@{domain}");
    (is_plain(local) && local.len() <= 64 && is_domain && address.len() <= 254).then_some(address)
}

fn account(text: &str) -> Option<String> {
    let text = tidy(text);
    let is_plain = !text
        .chars()
        .any(|symbol| symbol.is_whitespace() || symbol.is_control());
    (!text.is_empty() && text.chars().count() <= 64 && is_plain).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_one_form() {
        use EndpointKind::{Email, Phone, Wechat, Whatsapp};
        let check = |kind, text: &str, form: Result<&str, EndpointError>| {
            assert_eq!(
                endpoint(kind, text).as_deref(),
                form.as_ref().map(|form| *form),
                "{text:?}"
            );
        };
        for text in [
            "+33 6 12 34 56 78",
            "0033612345678",
            "+33 (0)6.12.34-56/78",
            "＋３３ ６１２３４５６７８",
        ] {
            check(Phone, text, Ok("+33612345678"));
        }
        check(Whatsapp, " +86 138 0013 8000 ", Ok("+8613800138000"));
        for text in [
            "0612345678",
            "",
            "+",
            "+123456",
            "+1234567890123456",
            "+0123456789",
            "+33 six",
        ] {
            check(Phone, text, Err(EndpointError::Phone));
        }
        check(
            Email,
            " Anna.Berg@Example.COM ",
            Ok("Anna.Berg@example.com"),
        );
        check(Email, "li@bücher.example", Ok("li@bücher.example"));
        for text in [
            "anna",
            "anna@",
            "@example.com",
            "a b@example.com",
            "a@b",
            "a@b..com",
            "a@@b.com",
        ] {
            check(Email, text, Err(EndpointError::Email));
        }
        check(Wechat, "lin_88", Ok("lin_88"));
        check(Wechat, "lin 88", Err(EndpointError::Account));
    }

    #[test]
    fn words_that_name_the_same_give_the_same_id() {
        assert_eq!(fold("  Navy   BLUE "), "navy blue");
        assert_eq!(fold("Cafe\u{301}"), fold("CAFÉ"));
        assert_eq!(derived_id(&["a", "bc"]).len(), 16);
        assert_ne!(derived_id(&["a", "bc"]), derived_id(&["ab", "c"]));
        assert_eq!(
            derived_id(&["tag", "opera"]),
            "ge8qxf9qkff55fjr",
            "frozen since schema 1"
        );
    }
}
