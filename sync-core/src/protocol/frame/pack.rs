//! How a frame travels: one byte that says how it is packed, then the CBOR of one [`Frame`], plain or as one zstd frame.
//!
//! # Failure
//! Bytes of a peer are hostile until decoded: sizes and ratio are bounded before anything is inflated, and a frame that
//! does not decode ends the session with a reason and changes nothing.

use super::Frame;
use crate::limits;

/// Bytes that are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too large as sent, or after inflating.
    #[error("a frame of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes found, or declared.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// It inflates by more than honest frames do.
    #[error("a frame inflates beyond {ratio} times its size")]
    Ratio {
        /// The bound.
        ratio: usize,
    },
    /// Not packed as this version packs.
    #[error("a frame is packed in a way this version does not know")]
    Packing,
    /// Not the CBOR of a frame.
    #[error("a frame does not decode: {0}")]
    Decode(String),
}

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Below this many bytes, compressing costs more than it saves.
const COMPRESS_FROM_BYTES: usize = 512;
/// Level 3: about 300 MB/s, within a tenth of what higher levels reach on cards.
const ZSTD_LEVEL: i32 = 3;

impl Frame {
    /// The frame as it travels.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut plain = vec![PLAIN];
        minicbor::encode(self, &mut plain).expect("writing to memory does not fail");
        if plain.len() < COMPRESS_FROM_BYTES {
            return plain;
        }
        let body = plain.get(1..).unwrap_or_default();
        match zstd::bulk::compress(body, ZSTD_LEVEL) {
            Ok(small)
                if small.len() + 1 < plain.len()
                    && body.len() <= small.len() * limits::FRAME_RATIO_MAX =>
            {
                let mut packed = Vec::with_capacity(small.len() + 1);
                packed.push(ZSTD);
                packed.extend_from_slice(&small);
                packed
            }
            Ok(_) | Err(_) => plain,
        }
    }

    /// Reads a frame of a peer.
    ///
    /// # Errors
    /// [`FrameError`]; the session should end.
    pub fn unpack(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > limits::FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge {
                bytes: bytes.len(),
                limit: limits::FRAME_BYTES_MAX,
            });
        }
        let (packing, body) = bytes.split_first().ok_or(FrameError::Packing)?;
        match *packing {
            PLAIN => Self::decode_whole(body),
            ZSTD => Self::decode_whole(&inflate(body)?),
            _ => Err(FrameError::Packing),
        }
    }

    fn decode_whole(body: &[u8]) -> Result<Self, FrameError> {
        let mut decoder = minicbor::Decoder::new(body);
        let frame = decoder
            .decode()
            .map_err(|error| FrameError::Decode(error.to_string()))?;
        if decoder.position() == body.len() {
            Ok(frame)
        } else {
            Err(FrameError::Decode("bytes follow the frame".to_owned()))
        }
    }
}

fn inflate(body: &[u8]) -> Result<Vec<u8>, FrameError> {
    let by_ratio = body.len().saturating_mul(limits::FRAME_RATIO_MAX);
    let bound = by_ratio.min(limits::FRAME_INFLATED_BYTES_MAX);
    zstd::bulk::decompress(body, bound).map_err(|error| {
        if by_ratio < limits::FRAME_INFLATED_BYTES_MAX {
            // The library reports a full buffer and damage alike; both end the session.
            FrameError::Ratio {
                ratio: limits::FRAME_RATIO_MAX,
            }
        } else {
            FrameError::Decode(error.to_string())
        }
    })
}
