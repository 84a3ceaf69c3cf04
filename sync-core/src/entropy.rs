//! Randomness as an input: the core never asks the machine for it.

/// A source of random bytes.
pub trait Entropy {
    /// Overwrites all of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A repeatable source for tests, the simulation and the demo's invented boutique: the stream of BLAKE3 in XOF mode over a seed.
///
/// Never use it where an id or key must be unpredictable.
#[derive(Debug)]
pub struct SeededEntropy(Box<blake3::OutputReader>);

impl SeededEntropy {
    /// The stream that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"carnet seeded entropy v1");
        hasher.update(&seed.to_le_bytes());
        Self(Box::new(hasher.finalize_xof()))
    }

    /// A number below `bound` (which must not be zero). The bias of the modulo is below 2⁻³² for bounds that fit 32 bits.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    /// One of the items; `None` of an empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let bound = u64::try_from(items.len()).ok().filter(|len| *len > 0)?;
        items.get(usize::try_from(self.below(bound)).ok()?)
    }

    /// True in `share` of 100 cases.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}
