//! Passwords: argon2id, peppered, never more at once than there are cores.
//!
//! A shift start brings forty sign-ins within a minute; without the bound each would take 19 MiB at the same time.
//! Checking a password for nobody costs the same as for somebody, so response times don't tell who works here.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::IdentityError;
use super::rows::PasswordHash;
use crate::config::PasswordConfig;
use crate::entropy::SharedEntropy;
use crate::secret::Secret;

/// Bytes of a password; longer ones are refused before they are hashed.
const PASSWORD_BYTES_MAX: usize = 128;
/// Characters of an associate's password or PIN: it only works together with an enrolled handheld.
const ASSOCIATE_CHARS_MIN: usize = 6;
/// Characters of a manager's password: it also works from any browser.
const MANAGER_CHARS_MIN: usize = 10;

/// Makes and checks password hashes.
#[derive(Debug, Clone)]
pub struct Passwords {
    config: PasswordConfig,
    pepper: Secret<[u8; 32]>,
    entropy: SharedEntropy,
    running: Arc<Semaphore>,
    nobody: PasswordHash,
}

impl Passwords {
    /// With the costs of `config`.
    #[must_use]
    pub fn new(config: PasswordConfig, pepper: Secret<[u8; 32]>, entropy: SharedEntropy) -> Self {
        let nobody = PasswordHash {
            salt: entropy.bytes(),
            // No password has this hash: it is random, not computed.
            hash: entropy.bytes(),
            memory_kib: config.memory_kib,
            passes: config.passes,
        };
        Self {
            running: Arc::new(Semaphore::new(config.concurrent_max.max(1))),
            config,
            pepper,
            entropy,
            nobody,
        }
    }

    /// Hashes a new password under the present costs.
    ///
    /// # Errors
    /// When the hub is stopping or the costs can't be met.
    pub async fn hash(&self, password: Secret<String>) -> Result<PasswordHash, IdentityError> {
        let mut row = PasswordHash {
            salt: self.entropy.bytes(),
            hash: [0; 32],
            memory_kib: self.config.memory_kib,
            passes: self.config.passes,
        };
        row.hash = self.compute(password, row.clone()).await?;
        Ok(row)
    }

    /// Whether `password` is the one behind `stored`; with nothing stored, the same work and a no.
    ///
    /// # Errors
    /// As [`Passwords::hash`].
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<bool, IdentityError> {
        let known = stored.is_some();
        let row = stored.unwrap_or_else(|| self.nobody.clone());
        let expected = row.hash;
        let computed = self.compute(password, row).await?;
        let equal = aws_lc_rs::constant_time::verify_slices_are_equal(&expected, &computed).is_ok();
        Ok(known && equal)
    }

    async fn compute(
        &self,
        password: Secret<String>,
        row: PasswordHash,
    ) -> Result<[u8; 32], IdentityError> {
        if password.expose().len() > PASSWORD_BYTES_MAX {
            return Err(IdentityError::SignInFailed);
        }
        let permit = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let pepper = self.pepper.clone();
        tokio::task::spawn_blocking(move || {
            // The permit is held by the work, not by the caller, who may hang up.
            let _permit = permit;
            argon2id(&password, &row, &pepper)
        })
        .await
        .map_err(|_stopping| IdentityError::Stopping)?
    }
}

fn argon2id(
    password: &Secret<String>,
    row: &PasswordHash,
    pepper: &Secret<[u8; 32]>,
) -> Result<[u8; 32], IdentityError> {
    let broken = |error: argon2::Error| {
        tracing::error!(error = %error, "a password can't be hashed");
        IdentityError::Internal
    };
    let params = Params::new(row.memory_kib, row.passes, 1, Some(32)).map_err(broken)?;
    let hasher =
        Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params)
            .map_err(broken)?;
    let mut hash = [0; 32];
    hasher
        .hash_password_into(password.expose().as_bytes(), &row.salt, &mut hash)
        .map_err(broken)?;
    Ok(hash)
}

/// Refuses passwords that are too short, too long, or the first that anybody would try.
///
/// # Errors
/// [`IdentityError::Invalid`] with the form that is expected.
pub fn check_strength(password: &str, login: &str, manager: bool) -> Result<(), IdentityError> {
    let refuse = |expected: &'static str| {
        Err(IdentityError::Invalid {
            field: "password",
            expected,
        })
    };
    let chars = password.chars().count();
    if manager && chars < MANAGER_CHARS_MIN {
        return refuse("at least 10 characters for a manager");
    }
    if chars < ASSOCIATE_CHARS_MIN {
        return refuse("at least 6 characters");
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return refuse("at most 128 bytes");
    }
    if password.to_lowercase().contains(login) {
        return refuse("a password that does not hold the sign-in name");
    }
    if is_run(password) {
        return refuse("more than one repeated or counted-up character");
    }
    Ok(())
}

/// Whether each character follows the one before by the same small step, as in `000000`, `123456` or `fedcba`.
fn is_run(password: &str) -> bool {
    let codes: Vec<i64> = password
        .chars()
        .map(|it| i64::from(u32::from(it)))
        .collect();
    let steps: Vec<i64> = codes
        .iter()
        .zip(codes.iter().skip(1))
        .map(|(one, next)| next - one)
        .collect();
    steps
        .first()
        .is_some_and(|first| first.abs() <= 1 && steps.iter().all(|step| step == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::IdentityConfig;
    use sync_core::entropy::SeededEntropy;

    fn passwords(pepper: u8) -> Passwords {
        let config = IdentityConfig::for_testing().password;
        let entropy = SharedEntropy::new(SeededEntropy::new(1));
        Passwords::new(config, Secret::new([pepper; 32]), entropy)
    }

    fn text(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_with_its_hash_and_pepper_alone() {
        let passwords_here = passwords(1);
        let hash = passwords_here.hash(text("correct horse")).await.unwrap();
        let verify = |with: Passwords, word: &'static str, hash| async move {
            with.verify(text(word), hash).await.unwrap()
        };
        assert!(verify(passwords(1), "correct horse", Some(hash.clone())).await);
        assert!(!verify(passwords(1), "correct horsf", Some(hash.clone())).await);
        assert!(!verify(passwords(2), "correct horse", Some(hash)).await);
        assert!(!verify(passwords(1), "correct horse", None).await);
    }

    #[test]
    fn a_password_that_anybody_would_try_is_refused() {
        for (word, manager) in [
            ("12345", false),
            ("123456", false),
            ("000000", false),
            ("zyxwvut", false),
            ("ana-ana", false),
            ("short-one", true),
        ] {
            assert!(check_strength(word, "ana", manager).is_err(), "{word}");
        }
        assert!(check_strength(&"long".repeat(40), "ana", false).is_err());
        assert!(check_strength("731904", "ana", false).is_ok());
        assert!(check_strength("quiet-river-9", "ana", true).is_ok());
    }

    #[test]
    fn the_default_cost_is_what_owasp_asks_for() {
        let config = PasswordConfig::default();
        assert_eq!((config.memory_kib, config.passes), (19_456, 2));
    }
}
