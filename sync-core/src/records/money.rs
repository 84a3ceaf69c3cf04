//! Money: whole minor units of a known currency, read exactly from decimal text. No floating point anywhere.

use std::fmt;
use std::str::FromStr;

/// A currency of ISO 4217 that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Currencies with two decimals.
const TWO: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK \
DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL \
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
/// Currencies without decimals.
const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies with three decimals.
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Decimals of the currency's minor unit.
    #[must_use]
    pub fn decimals(self) -> u32 {
        let is_in = |list: &str| {
            list.split_ascii_whitespace()
                .any(|code| code == self.as_str())
        };
        if is_in(NONE) {
            0
        } else if is_in(THREE) {
            3
        } else {
            2
        }
    }

    /// The three capital letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is three ASCII letters")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no currency code in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no currency code of ISO 4217 in use, such as EUR")]
pub struct UnknownCurrency(String);

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        [TWO, NONE, THREE]
            .iter()
            .flat_map(|list| list.split_ascii_whitespace())
            .find(|code| *code == text)
            .and_then(|code| code.as_bytes().try_into().ok())
            .map(Self)
            .ok_or_else(|| UnknownCurrency(text.chars().take(16).collect()))
    }
}

impl<C> minicbor::Encode<C> for Currency {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(self.as_str())?;
        Ok(())
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Currency {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let position = decoder.position();
        decoder
            .str()?
            .parse()
            .map_err(|error: UnknownCurrency| minicbor::decode::Error::message(error).at(position))
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Largest amount of one record in minor units, either sign: far above any sale, far below what sums could overflow.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// Most decimals of any currency's minor unit, with room to spare.
const DECIMALS_MAX: u32 = 6;

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one point.
    #[error("not a decimal number such as 1234.50 (no thousands separators, no currency sign)")]
    Malformed,
    /// Beyond any sale.
    #[error("larger than any sale: check the decimal point")]
    TooLarge,
}

/// Reads a decimal text as minor units of a currency with `decimals`; what lies beyond them is rounded half to even.
///
/// # Errors
/// [`AmountError`] when the text is no decimal number or exceeds [`AMOUNT_MINOR_MAX`].
pub fn parse_amount(text: &str, decimals: u32) -> Result<i64, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_empty = whole.is_empty() || (fraction.is_empty() && digits.contains('.'));
    if is_empty || !is_number(whole) || !is_number(fraction) {
        return Err(AmountError::Malformed);
    }
    let kept = usize::try_from(decimals.min(DECIMALS_MAX)).expect("six fits");
    let padding = kept.saturating_sub(fraction.len());
    let (minor, beyond) = fraction.split_at_checked(kept).unwrap_or((fraction, ""));
    let mut amount = 0_i64;
    let zeros = std::iter::repeat_n(b'0', padding);
    for digit in whole.bytes().chain(minor.bytes()).chain(zeros) {
        amount = amount * 10 + i64::from(digit - b'0');
        if amount > AMOUNT_MINOR_MAX {
            return Err(AmountError::TooLarge);
        }
    }
    let is_odd = amount % 2 == 1;
    let rest = beyond.trim_end_matches('0');
    // Digits of equal rank compare as text, and a longer text is greater: "5" < "51" < "6".
    match rest.cmp("5") {
        std::cmp::Ordering::Greater => amount += 1,
        std::cmp::Ordering::Equal if is_odd => amount += 1,
        std::cmp::Ordering::Equal | std::cmp::Ordering::Less => {}
    }
    Ok(if negative { -amount } else { amount })
}

/// Minor units as decimal text.
#[must_use]
pub fn format_amount(amount_minor: i64, decimals: u32) -> String {
    let sign = if amount_minor < 0 { "-" } else { "" };
    let scale = 10_u64.pow(decimals.min(DECIMALS_MAX));
    let amount = amount_minor.unsigned_abs();
    let width = usize::try_from(decimals.min(DECIMALS_MAX)).expect("six fits");
    if width == 0 {
        format!("{sign}{amount}")
    } else {
        format!("{sign}{}.{:0width$}", amount / scale, amount % scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_exactly_and_halves_go_to_the_even_side() {
        for (text, decimals, amount) in [
            ("11.77", 2, 1177),
            ("0.5", 2, 50),
            ("7", 2, 700),
            ("-12.30", 2, -1230),
            ("0.125", 2, 12),
            ("0.135", 2, 14),
            ("0.1250001", 2, 13),
            ("0.1249", 2, 12),
            ("1.5", 0, 2),
            ("2.5", 0, 2),
            ("-2.5", 0, -2),
            ("1.2345", 3, 1234),
            ("0.29", 2, 29),
            ("10000000000.00", 2, AMOUNT_MINOR_MAX),
        ] {
            assert_eq!(parse_amount(text, decimals), Ok(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "1,50", "1.2.3", "1e3", "NaN", "+1", " 1", "€1", "--1", "٣",
        ] {
            assert_eq!(
                parse_amount(text, 2),
                Err(AmountError::Malformed),
                "{text:?}"
            );
        }
        for text in ["10000000000.01", "99999999999999999999999999"] {
            assert_eq!(parse_amount(text, 2), Err(AmountError::TooLarge));
        }
    }

    #[test]
    fn an_amount_is_written_as_it_was_read() {
        for (text, decimals) in [
            ("0.05", 2),
            ("-1.20", 2),
            ("13990.93", 2),
            ("15", 0),
            ("0.001", 3),
        ] {
            let amount = parse_amount(text, decimals).unwrap();
            assert_eq!(format_amount(amount, decimals), text);
        }
    }

    #[test]
    fn a_currency_is_known_with_its_decimals_or_refused() {
        let decimals = |code: &str| code.parse::<Currency>().map(Currency::decimals);
        assert_eq!(decimals("EUR"), Ok(2));
        assert_eq!(decimals("JPY"), Ok(0));
        assert_eq!(decimals("KWD"), Ok(3));
        for bad in ["eur", "XXX", "EURO", "", "DEM"] {
            assert!(decimals(bad).is_err(), "{bad:?}");
        }
    }
}
