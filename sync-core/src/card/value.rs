//! What stands at a key: one value with its provenance, as one compact CBOR array.
//!
//! The encoding is canonical: an entry has one sequence of bytes, and bytes that are not that sequence are refused by the gate.
//! Layout, frozen since schema 1: `[value, by, device, shop, at, source, as_of / null, [seen …]]`.

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::ids::{AssociateId, DeviceId, EditId, ShopId, Timestamp};
use crate::limits;

/// A scalar, or a short list of scalars; what it means is the schema's.
/// In JSON it is what it looks like there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing: the field was cleared.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number: milliseconds, cents, counts, ranks.
    Int(i64),
    /// Words.
    Text(String),
    /// Several of them, at most one level deep.
    List(Vec<Value>),
}

impl Value {
    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The number, when it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The flag, when it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self {
            Some(*flag)
        } else {
            None
        }
    }

    /// The items, when it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self {
            Some(items)
        } else {
            None
        }
    }

    fn encode_into<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Null => encoder.null()?,
            Self::Bool(flag) => encoder.bool(*flag)?,
            Self::Int(number) => encoder.i64(*number)?,
            Self::Text(text) => encoder.str(text)?,
            Self::List(items) => {
                encoder.array(items.len() as u64)?;
                for item in items {
                    item.encode_into(encoder)?;
                }
                encoder
            }
        };
        Ok(())
    }

    fn decode_at(decoder: &mut Decoder<'_>, depth: u8) -> Result<Self, minicbor::decode::Error> {
        use minicbor::data::Type;
        let kind = decoder.datatype()?;
        if kind == Type::Null {
            decoder.null().map(|()| Self::Null)
        } else if kind == Type::Bool {
            decoder.bool().map(Self::Bool)
        } else if kind == Type::String {
            decoder.str().map(|text| Self::Text(text.to_owned()))
        } else if kind == Type::Array && depth == 0 {
            let len = decoder
                .array()?
                .filter(|len| *len <= 256)
                .ok_or_else(|| minicbor::decode::Error::message("a list has up to 256 items"))?;
            (0..len)
                .map(|_| Self::decode_at(decoder, 1))
                .collect::<Result<_, _>>()
                .map(Self::List)
        } else {
            decoder.i64().map(Self::Int)
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Int(moment.0)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// How far what was written down can be relied on; a higher rank wins a tie.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An associate typed it without saying where from.
    #[n(0)]
    Typed,
    /// An associate saw it (a try-on, a reaction).
    #[n(1)]
    Observed,
    /// It came with an import.
    #[n(2)]
    Imported,
    /// The customer said it.
    #[n(3)]
    Stated,
    /// The customer entered or signed it.
    #[n(4)]
    CustomerEntered,
}

/// Who wrote something, where, when and on what ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provenance {
    /// Who.
    pub by: AssociateId,
    /// On which device.
    pub device: DeviceId,
    /// In which shop.
    pub shop: ShopId,
    /// When, by that device's clock.
    pub at: Timestamp,
    /// On what ground.
    pub source: Source,
    /// When it was true, where that differs from when it was written (imports).
    pub as_of: Option<Timestamp>,
}

/// What stands at a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub provenance: Provenance,
    /// For fields that are logs: the maximal edits of that log which the writer had seen. Empty elsewhere.
    pub seen: Vec<EditId>,
}

impl Entry {
    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads canonical bytes; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > limits::VALUE_BYTES_MAX {
            return None;
        }
        let entry: Self = minicbor::decode(bytes).ok()?;
        (entry.to_bytes() == bytes).then_some(entry)
    }
}

impl<C> Encode<C> for Entry {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(8)?;
        self.value.encode_into(encoder)?;
        let Provenance {
            by,
            device,
            shop,
            at,
            source,
            as_of,
        } = &self.provenance;
        encoder
            .encode_with(by, ctx)?
            .encode_with(device, ctx)?
            .encode_with(shop, ctx)?;
        encoder
            .encode_with(at, ctx)?
            .encode_with(source, ctx)?
            .encode_with(as_of, ctx)?;
        encoder.encode_with(&self.seen, ctx)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Entry {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.array()? != Some(8) {
            return Err(minicbor::decode::Error::message(
                "an entry is an array of 8",
            ));
        }
        Ok(Self {
            value: Value::decode_at(decoder, 0)?,
            provenance: Provenance {
                by: decoder.decode_with(ctx)?,
                device: decoder.decode_with(ctx)?,
                shop: decoder.decode_with(ctx)?,
                at: decoder.decode_with(ctx)?,
                source: decoder.decode_with(ctx)?,
                as_of: decoder.decode_with(ctx)?,
            },
            seen: decoder.decode_with(ctx)?,
        })
    }
}
