//! A shard of the index: ascending numbers of 20 bits, packed so that one is looked up without unpacking the rest.
//!
//! Elias–Fano: of each number the low bits stand side by side; the high parts are a row of bits in which the i-th number sets bit
//! `high + i`, so that the zeros count through the high parts. With n numbers the low part has log2(2^20 / n) bits, and a number
//! takes some two bits more than that: ten at a million endpoints.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::REST_BITS;

/// Numbers that a shard holds at most: some 56 KB, below what a notice may have. Twenty million endpoints reach it, where one look-up in
/// thirteen would hit by chance; what is beyond is not warned of.
pub const SHARD_NUMBERS_MAX: usize = 80_000;

/// A shard. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shard {
    /// [`super::ChainKey::id`] of the key it was made under.
    #[n(0)]
    key_id: u32,
    /// How many numbers.
    #[n(1)]
    count: u32,
    /// Bits of a number's low part.
    #[n(2)]
    low_bits: u32,
    /// The low parts.
    #[cbor(n(3), with = "minicbor::bytes")]
    lows: Vec<u8>,
    /// The high parts.
    #[cbor(n(4), with = "minicbor::bytes")]
    highs: Vec<u8>,
}

impl Shard {
    /// A shard of these numbers, the lowest [`SHARD_NUMBERS_MAX`] of them; numbers have 20 bits.
    #[must_use]
    pub(super) fn of(key_id: u32, numbers: BTreeSet<u32>) -> Self {
        let count = numbers.len().min(SHARD_NUMBERS_MAX);
        let count = u32::try_from(count).expect("the bound fits");
        let low_bits = ((1 << REST_BITS) / count.max(1)).ilog2();
        let (mut lows, mut highs) = (Bits::default(), Bits::default());
        let taken = numbers.into_iter().take(SHARD_NUMBERS_MAX);
        for (index, number) in (0..).zip(taken) {
            lows.append(number & low_mask(low_bits), low_bits);
            highs.set((number >> low_bits) + index);
        }
        Self {
            key_id,
            count,
            low_bits,
            lows: lows.bytes,
            highs: highs.bytes,
        }
    }

    /// Under which key it was made.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// How many numbers it holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether a number is in it. A damaged shard holds what it can still tell.
    pub(super) fn contains(&self, number: u32) -> bool {
        if self.low_bits > REST_BITS {
            return false;
        }
        let (high, low) = (number >> self.low_bits, number & low_mask(self.low_bits));
        // The numbers with this high part begin after as many zeros.
        let Some(mut at) = self.after_zeros(high) else {
            return false;
        };
        while is_set(&self.highs, at) {
            let index = at - high;
            if read(
                &self.lows,
                index.saturating_mul(self.low_bits),
                self.low_bits,
            ) == low
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The place behind the first `zeros` zeros of the high parts.
    fn after_zeros(&self, zeros: u32) -> Option<u32> {
        let mut left = zeros;
        let mut at = 0;
        for byte in &self.highs {
            if byte.count_zeros() >= left {
                break;
            }
            left -= byte.count_zeros();
            at += 8;
        }
        while left > 0 {
            if at / 8 >= u32::try_from(self.highs.len()).ok()? {
                return None;
            }
            left -= u32::from(!is_set(&self.highs, at));
            at += 1;
        }
        Some(at)
    }
}

fn low_mask(bits: u32) -> u32 {
    (1 << bits) - 1
}

fn is_set(bytes: &[u8], at: u32) -> bool {
    let byte = usize::try_from(at / 8).ok().and_then(|at| bytes.get(at));
    byte.is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// `len` bits from `at` on, the lowest first.
fn read(bytes: &[u8], at: u32, len: u32) -> u32 {
    (0..len).fold(0, |found, bit| {
        found | u32::from(is_set(bytes, at.saturating_add(bit))) << bit
    })
}

/// Bits one behind the other, the lowest of each byte first.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    len: u32,
}

impl Bits {
    fn append(&mut self, value: u32, len: u32) {
        for bit in 0..len {
            let at = self.len + bit;
            if value >> bit & 1 == 1 {
                self.set(at);
            } else {
                self.reach(at);
            }
        }
        self.len += len;
    }

    fn set(&mut self, at: u32) {
        self.reach(at);
        if let Some(byte) = usize::try_from(at / 8)
            .ok()
            .and_then(|place| self.bytes.get_mut(place))
        {
            *byte |= 1 << (at % 8);
        }
    }

    fn reach(&mut self, at: u32) {
        let len = usize::try_from(at / 8).expect("a shard is small") + 1;
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
    }
}
