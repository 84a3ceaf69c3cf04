//! How edits and plans are kept in the outbox. Frozen since schema 1.
//!
//! A plan is an array `[edit, [[facet, [write …]] …]]`, a write `[entity, id, field, edit, entry, [replaced edit …]]`.
//! An edit is the text of its JSON: its names are frozen for other readers anyway, and one layout is easier to keep than two.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::{Edit, FieldWrite, Plan};
use crate::card::key::{FieldPath, Key};

impl<C> Encode<C> for FieldWrite {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder
            .array(6)?
            .str(&self.path.entity)?
            .str(&self.path.id)?
            .str(&self.path.field)?
            .encode_with(self.edit, ctx)?
            .encode_with(&self.entry, ctx)?
            .encode_with(&self.replaces, ctx)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for FieldWrite {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        expect_array(decoder, 6)?;
        let position = decoder.position();
        let path = FieldPath::new(decoder.str()?, decoder.str()?, decoder.str()?);
        let edit = decoder.decode_with(ctx)?;
        if Key::parse(&path.at(edit).to_string()).is_none() {
            return Err(DecodeError::message("not a well-formed path").at(position));
        }
        Ok(Self {
            path,
            edit,
            entry: decoder.decode_with(ctx)?,
            replaces: decoder.decode_with(ctx)?,
        })
    }
}

impl<C> Encode<C> for Plan {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.array(2)?.encode_with(self.edit, ctx)?;
        encoder.encode_with(&self.writes, ctx)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Plan {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        expect_array(decoder, 2)?;
        Ok(Self {
            edit: decoder.decode_with(ctx)?,
            writes: decoder.decode_with(ctx)?,
        })
    }
}

impl<C> Encode<C> for Edit {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let json = serde_json::to_string(self).map_err(EncodeError::message)?;
        encoder.str(&json)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Edit {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let position = decoder.position();
        serde_json::from_str(decoder.str()?)
            .map_err(|error| DecodeError::message(error).at(position))
    }
}

fn expect_array(decoder: &mut Decoder<'_>, len: u64) -> Result<(), DecodeError> {
    let position = decoder.position();
    if decoder.array()? == Some(len) {
        Ok(())
    } else {
        Err(DecodeError::message(format!("expected an array of {len}")).at(position))
    }
}
