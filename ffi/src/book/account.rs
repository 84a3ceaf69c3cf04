//! Who this handheld is, and who works with it. Enrolment and sign-in reach the hub; switching does not.

use sync_core::enrolment::{EnrolmentLink, NoEnrolmentLink};
use sync_core::ids::AssociateId;
use sync_core::replica::account::{self, Enrolment, SignIn};

use super::Book;
use crate::BookError;
use crate::changes::Change;
use crate::error::guarded;
use crate::password;
use crate::types::Associate;

#[uniffi::export]
impl Book {
    /// Enrols this handheld by a one-time code that a manager shows. Reaches the hub.
    pub fn enrol(&self, hub_url: String, code: String, label: String) -> Result<(), BookError> {
        guarded(|| {
            let origin = self.network.client.origin(&hub_url)?;
            self.shelf.read(|core, tx| Ok(core.may_enrol(tx)?))?;
            let first = self.ask_to_enrol(&origin, &code, &label);
            let is_known_key = first.as_ref().err() == Some(&BookError::rejected("conflict"));
            let enrolment = if is_known_key && !self.shelf.has_hardware_key() {
                // The hub knows this key from an enrolment that ended: it wants another.
                self.shelf.renew_software_key()?;
                self.ask_to_enrol(&origin, &code, &label)?
            } else {
                first?
            };
            self.take_up(enrolment)
        })
    }

    /// Enrols this handheld by what the QR code of the back office holds: `carnet://enrol?hub=…&code=…`. Reaches the hub.
    ///
    /// Text that is no such link is refused with `enrolment_link`, which tells a scan of some other code from a hub that can't be reached.
    pub fn enrol_by_link(&self, link: String, label: String) -> Result<(), BookError> {
        let (hub_url, code) = guarded(|| enrolment_of(&link))?;
        self.enrol(hub_url, code, label)
    }

    /// Signs an associate in, who then works with the book. Reaches the hub.
    pub fn sign_in(&self, login: String, password: String) -> Result<Associate, BookError> {
        guarded(|| {
            self.refuse_offline()?;
            let client = &self.network.client;
            let asked = client.sign_in(&self.shelf, &login, &password);
            let sign_in = self.network.wait_for(asked)?;
            let associate = Associate::from(&sign_in);
            self.take_up_sign_in_with(sign_in, &password)?;
            // The hub grants what the new one may read when a session begins.
            self.network.renew_live(&self.shelf)?;
            Ok(associate)
        })
    }

    /// Lets another associate who signed in here, and has not signed out, work with the book. Needs no network.
    /// The app makes sure who holds the handheld: by PIN or biometrics. An app that has neither calls [`Book::switch_with_password`].
    pub fn switch_associate(&self, associate: AssociateId) -> Result<(), BookError> {
        guarded(|| {
            let now = self.shelf.now();
            self.shelf
                .write(|core, tx| Ok(core.switch(tx, associate, now)?))?;
            self.shelf.changes.push([Change::Account]);
            Ok(())
        })
    }

    /// As [`Book::switch_associate`], for whoever knows the password that the associate last signed in with here. Needs no network.
    ///
    /// A wrong one is refused with `wrong_password`. After five in a row, and where nobody signed in with a password, the answer is
    /// `SignInAgain`: only the hub can tell who it is.
    pub fn switch_with_password(
        &self,
        associate: AssociateId,
        password: String,
    ) -> Result<(), BookError> {
        guarded(|| {
            password::compare(&self.shelf, associate, &password)?;
            self.switch_associate(associate)
        })
    }

    /// Signs out whoever works with the book: here at once, and on the hub if it can be reached.
    /// What they recorded stays in the outbox and goes out.
    pub fn sign_out(&self) -> Result<(), BookError> {
        guarded(|| {
            if self.network.preview.is_none() && self.refuse_offline().is_ok() {
                // A hub that can't be reached ends the session by itself when it idles.
                let _unreached = self
                    .network
                    .wait_for(self.network.client.sign_out(&self.shelf));
            }
            self.shelf.write(|core, tx| {
                if let Some(sign_in) = core.signed_in() {
                    account::put_password_check(tx, sign_in.associate, None)?;
                }
                Ok(core.sign_out(tx)?)
            })?;
            self.shelf.changes.push([Change::Account]);
            self.network.renew_live(&self.shelf)
        })
    }

    /// Drops what was opened from memory: when the app goes to the background or locks.
    pub fn forget_opened(&self) -> Result<(), BookError> {
        guarded(|| {
            self.shelf.with(|core, _| {
                core.forget_opened();
                Ok(())
            })
        })
    }
}

impl Book {
    fn ask_to_enrol(&self, origin: &str, code: &str, label: &str) -> Result<Enrolment, BookError> {
        let signer = self.shelf.signer_or_new()?;
        let is_hardware = self.shelf.has_hardware_key();
        let client = &self.network.client;
        self.network
            .wait_for(client.enrol(&*signer, origin, (code, label, is_hardware)))
    }

    /// Takes up an enrolment that was had over another way than [`Book::enrol`]: a test, or a transport of the app's own.
    ///
    /// # Errors
    /// As [`Book::enrol`].
    pub fn take_up(&self, enrolment: Enrolment) -> Result<(), BookError> {
        let mut entropy = self.shelf.entropy.clone();
        self.shelf
            .write(|core, tx| Ok(core.enrol(tx, enrolment, &mut entropy)?))?;
        self.shelf.changes.push([Change::Account, Change::Sync]);
        Ok(())
    }

    /// Takes up a sign-in that was had over another way than [`Book::sign_in`].
    ///
    /// # Errors
    /// As [`Book::sign_in`].
    pub fn take_up_sign_in(&self, sign_in: SignIn) -> Result<(), BookError> {
        self.shelf
            .write(|core, tx| Ok(core.sign_in(tx, sign_in)?))?;
        self.shelf.changes.push([Change::Account]);
        Ok(())
    }

    /// As [`Book::take_up_sign_in`], for somebody who can come back with `password` ([`Book::switch_with_password`]).
    ///
    /// # Errors
    /// As [`Book::sign_in`].
    pub fn take_up_sign_in_with(&self, sign_in: SignIn, password: &str) -> Result<(), BookError> {
        let check = password::check_of(password, self.shelf.entropy.clone())?;
        self.shelf.write(|core, tx| {
            account::put_password_check(tx, sign_in.associate, Some(&check))?;
            Ok(core.sign_in(tx, sign_in)?)
        })?;
        self.shelf.changes.push([Change::Account]);
        Ok(())
    }

    /// The public half of the handheld's key; makes a software key where there is none.
    ///
    /// # Errors
    /// What the store reports.
    pub fn device_key(&self) -> Result<sync_core::crypto::DevicePublicKey, BookError> {
        Ok(self.shelf.signer_or_new()?.public_key())
    }
}

/// The hub's address and the code in an enrolment link.
fn enrolment_of(link: &str) -> Result<(String, String), BookError> {
    let link: EnrolmentLink = link.parse().map_err(|error: NoEnrolmentLink| {
        BookError::invalid("enrolment_link", error.to_string())
    })?;
    Ok((link.hub, link.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_tells_hub_and_code() {
        let link = EnrolmentLink {
            hub: "https://hub.example:7443".to_owned(),
            code: "K7Q2-M9".to_owned(),
        };
        let told = (link.hub.clone(), link.code.clone());
        assert_eq!(enrolment_of(&link.to_string()), Ok(told));
    }

    #[test]
    fn what_is_no_enrolment_link_is_refused_with_what_to_do() {
        for text in ["4006381333931", "carnet://enrol?hub=&code=b"] {
            let Err(BookError::Invalid { code, reason }) = enrolment_of(text) else {
                panic!("{text:?} was taken");
            };
            assert_eq!(code, "enrolment_link");
            assert!(reason.contains("Handhelds"), "{reason}");
        }
    }
}
