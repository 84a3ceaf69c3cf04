//! The SDK's randomness: the operating system's source behind the core's [`Entropy`], shared by everything that runs.

use std::sync::{Arc, Mutex, PoisonError};

use sync_core::entropy::Entropy;

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK's one use of the machine's randomness"
    )]
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without randomness every id and key would be guessable: stopping is the only safe answer.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// One source of randomness for many threads. Cloning shares it.
#[derive(Clone)]
pub struct SharedEntropy(Arc<Mutex<dyn Entropy + Send>>);

impl std::fmt::Debug for SharedEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedEntropy(…)")
    }
}

impl SharedEntropy {
    /// Shares `source`.
    #[must_use]
    pub fn new(source: impl Entropy + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }

    /// The operating system's source.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemEntropy)
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.clone().fill(&mut bytes);
        bytes
    }
}

impl Entropy for SharedEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        // A source has no state that a panicking holder could leave half-written.
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        source.fill(bytes);
    }
}
