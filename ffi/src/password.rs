//! Comparing a password on the handheld, where no hub can be asked: argon2id, with as many tries as a shoulder allows.
//!
//! # Why
//! A handheld goes from hand to hand on a floor without a network. What was typed at the last sign-in is what its owner knows;
//! a hash of it, in the encrypted book, tells them from a colleague.
//!
//! # Invariants
//! - A try is counted, durably, before it is compared: ending the app gives none back.
//! - After [`TRIES_MAX`] wrong ones in a row the hash is gone, and only the hub can say who somebody is.

use argon2::{Algorithm, Argon2, Params, Version};
use sync_core::entropy::Entropy as _;
use sync_core::ids::AssociateId;
use sync_core::replica::account::{self, PasswordCheck};

use crate::BookError;
use crate::entropy::SharedEntropy;
use crate::shelf::Shelf;

/// Wrong tries in a row before only the hub helps.
pub(crate) const TRIES_MAX: u32 = 5;
/// Memory of one hash: what OWASP asks for, as on the hub.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;

/// What `password` will be compared with.
pub(crate) fn check_of(
    password: &str,
    mut entropy: SharedEntropy,
) -> Result<PasswordCheck, BookError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let mut check = PasswordCheck {
        salt: salt.into(),
        hash: [0; 32].into(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        tries: 0,
    };
    check.hash = hashed(password, &check)?.into();
    Ok(check)
}

/// Compares `password` with what the associate typed at their last sign-in here.
pub(crate) fn compare(
    shelf: &Shelf,
    associate: AssociateId,
    password: &str,
) -> Result<(), BookError> {
    let mut check = counted(shelf, associate)?.ok_or(BookError::SignInAgain)?;
    // Both are hashes under a salt that nobody outside knows: how long they take to compare tells nothing.
    if hashed(password, &check)? == *check.hash {
        check.tries = 0;
        return shelf.write(|_, tx| Ok(account::put_password_check(tx, associate, Some(&check))?));
    }
    if check.tries < TRIES_MAX {
        return Err(BookError::rejected("wrong_password"));
    }
    shelf.write(|_, tx| Ok(account::put_password_check(tx, associate, None)?))?;
    Err(BookError::SignInAgain)
}

/// Counts a try; none when there is none left.
fn counted(shelf: &Shelf, associate: AssociateId) -> Result<Option<PasswordCheck>, BookError> {
    shelf.write(|_, tx| {
        let known = account::password_check(tx.as_read(), associate)?;
        let Some(mut check) = known.filter(|check| check.tries < TRIES_MAX) else {
            account::put_password_check(tx, associate, None)?;
            return Ok(None);
        };
        check.tries += 1;
        account::put_password_check(tx, associate, Some(&check))?;
        Ok(Some(check))
    })
}

fn hashed(password: &str, check: &PasswordCheck) -> Result<[u8; 32], BookError> {
    let failed = |error: argon2::Error| BookError::bug("hashing a password", &error);
    let params = Params::new(check.memory_kib, check.passes, 1, Some(32)).map_err(failed)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    hasher
        .hash_password_into(password.as_bytes(), &*check.salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}
