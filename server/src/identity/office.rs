//! Sign-ins of the back office's own pages: a cookie that names a session and proves when it was made.
//!
//! A cookie is `session.milliseconds.tag`; the tag is an HMAC under the hub's own secret. Every page gives a fresh one,
//! so an old cookie means that nobody touched the page for [`OFFICE_IDLE_MS`], and nothing is written for a mere look.
//!
//! # Invariants
//! - The session behind a cookie is a stored one: sign-out, deactivation, a new password, role or shop end it for the next request,
//!   whatever cookies are about.
//! - A cookie opens pages and nothing else: it is no token, and no token is a cookie.
//! - A form's token is bound to what the browser holds (its session, or before a sign-in its own random mark), so another site can't make one.

use std::net::IpAddr;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sync_core::ids::{AssociateId, SessionId, Timestamp};

use super::access::{Principal, Role};
use super::attempts::Place;
use super::{Identity, IdentityError};
use crate::secret::Secret;

/// Time without a request after which a sign-in of the pages has ended, milliseconds: a tablet that somebody left on a counter.
pub const OFFICE_IDLE_MS: i64 = 15 * 60_000;
/// How long a sign-in of the pages lasts at most, milliseconds: one working day.
const OFFICE_SESSION_MS: i64 = 8 * 3_600_000;

impl Identity {
    /// Signs a manager in on the pages of the back office.
    ///
    /// # Errors
    /// As [`Identity::sign_in_at_office`].
    pub async fn sign_in_on_pages(
        &self,
        login: &str,
        password: Secret<String>,
        from: IpAddr,
    ) -> Result<SessionId, IdentityError> {
        let opening = self.open_at_office(login, password, from, OFFICE_SESSION_MS);
        let (session, _, _) = opening.await?;
        Ok(session)
    }

    /// Checks the password of somebody who is signed in, before what a left tablet must not allow.
    ///
    /// # Errors
    /// When it is wrong, tries are used up, or storage fails.
    pub async fn confirm_password(
        &self,
        id: AssociateId,
        password: Secret<String>,
        from: IpAddr,
    ) -> Result<(), IdentityError> {
        let login = self
            .directory()
            .associates
            .get(&id)
            .map(|row| row.login.clone());
        let login = login.ok_or(IdentityError::SessionEnded)?;
        let checking = self.check_password(&login, password, Place::Address(from));
        checking.await.map(|_known| ())
    }

    /// The cookie of a session, good for [`OFFICE_IDLE_MS`] from now.
    #[must_use]
    pub fn office_cookie(&self, session: SessionId) -> String {
        let stamp = self.now().0;
        let tag = self.office_tag("cookie", &[session.as_bytes(), &stamp.to_be_bytes()]);
        format!("{session}.{stamp}.{tag}")
    }

    /// The principal behind a cookie, checked against the present state.
    ///
    /// # Errors
    /// When the cookie is not ours, too old, or its session has ended.
    pub fn office_principal(&self, cookie: &str) -> Result<Principal, IdentityError> {
        let (session, stamp) = self
            .read_office_cookie(cookie)
            .ok_or(IdentityError::NotSignedIn)?;
        let now = self.now();
        let directory = self.directory();
        let open = directory
            .sessions
            .get(&session)
            .filter(|open| open.device.is_none() && now < open.expires_at)
            .filter(|_| now < stamp.plus_ms(OFFICE_IDLE_MS))
            .ok_or(IdentityError::SessionEnded)?;
        let row = directory
            .associates
            .get(&open.associate)
            .filter(|row| row.deactivated_at.is_none() && row.role == Role::Manager)
            .ok_or(IdentityError::SessionEnded)?;
        Ok(Principal {
            device: None,
            associate: Some(open.associate),
            session: Some(session),
            integration: None,
            shop: row.shop,
            chain: row.chain,
            role: row.role,
            scopes: row.role.scopes(),
        })
    }

    fn read_office_cookie(&self, cookie: &str) -> Option<(SessionId, Timestamp)> {
        let mut parts = cookie.splitn(3, '.');
        let session: SessionId = parts.next()?.parse().ok()?;
        let stamp: i64 = parts.next()?.parse().ok()?;
        let expected = self.office_tag("cookie", &[session.as_bytes(), &stamp.to_be_bytes()]);
        is_equal(&expected, parts.next()?).then_some((session, Timestamp(stamp)))
    }

    /// The token of every form that goes to the browser with this mark.
    #[must_use]
    pub fn form_token(&self, mark: &[u8]) -> String {
        self.office_tag("form", &[mark])
    }

    /// Whether a form came from a page of ours in the browser with this mark.
    #[must_use]
    pub fn is_form_token(&self, mark: &[u8], token: &str) -> bool {
        is_equal(&self.form_token(mark), token)
    }

    fn office_tag(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.refresh_secret.expose());
        let mut input = format!("office.{purpose}.v1/").into_bytes();
        parts.iter().for_each(|part| input.extend_from_slice(part));
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, &input))
    }
}

fn is_equal(expected: &str, found: &str) -> bool {
    constant_time::verify_slices_are_equal(expected.as_bytes(), found.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::identity::people::{AssociateChange, Subject};
    use crate::testing::{PASSWORD, TestHub};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    async fn signed_in(hub: &TestHub, login: &str) -> Result<SessionId, IdentityError> {
        let password = Secret::new(PASSWORD.to_owned());
        hub.identity.sign_in_on_pages(login, password, HERE).await
    }

    #[tokio::test]
    async fn a_cookie_lives_as_long_as_it_is_used_and_no_longer_than_its_session() {
        let hub = TestHub::start().await;
        let moritz = hub.add("moritz", Role::Manager, hub.shop).await;
        let session = signed_in(&hub, "moritz").await.unwrap();
        let first = hub.identity.office_cookie(session);
        let principal = hub.identity.office_principal(&first).unwrap();
        assert_eq!(principal.associate, Some(moritz));
        let mut last = first.clone();
        for _ in 0..(OFFICE_SESSION_MS / OFFICE_IDLE_MS) {
            hub.clock.advance_ms(OFFICE_IDLE_MS - 1);
            assert!(hub.identity.office_principal(&last).is_ok());
            last = hub.identity.office_cookie(session);
        }
        assert!(hub.identity.office_principal(&first).is_err(), "idle");
        hub.clock.advance_ms(OFFICE_IDLE_MS - 1);
        assert!(hub.identity.office_principal(&last).is_err(), "a day");
    }

    #[tokio::test]
    async fn a_cookie_that_was_changed_or_is_no_cookie_opens_nothing() {
        let hub = TestHub::start().await;
        hub.add("moritz", Role::Manager, hub.shop).await;
        let session = signed_in(&hub, "moritz").await.unwrap();
        let other = signed_in(&hub, "moritz").await.unwrap();
        let cookie = hub.identity.office_cookie(session);
        let parts: Vec<&str> = cookie.split('.').collect();
        let [id, stamp, tag] = parts.as_slice() else {
            panic!("three parts")
        };
        let later = stamp.parse::<i64>().unwrap() + 1;
        let form = hub.identity.form_token(session.as_bytes());
        for forged in [
            String::new(),
            "..".to_owned(),
            format!("{other}.{stamp}.{tag}"),
            format!("{id}.{later}.{tag}"),
            format!("{id}.{stamp}.{form}"),
            format!("{cookie}x"),
        ] {
            let opened = hub.identity.office_principal(&forged);
            assert!(
                matches!(opened, Err(IdentityError::NotSignedIn)),
                "{forged}"
            );
        }
    }

    #[tokio::test]
    async fn whoever_may_not_manage_any_more_is_out_on_the_next_request() {
        let hub = TestHub::start().await;
        let moritz = hub.add("moritz", Role::Manager, hub.shop).await;
        let cookie = |session| hub.identity.office_cookie(session);
        let session = signed_in(&hub, "moritz").await.unwrap();
        hub.identity.sign_out(session).await.unwrap();
        assert!(hub.identity.office_principal(&cookie(session)).is_err());
        let session = signed_in(&hub, "moritz").await.unwrap();
        let demoted = AssociateChange {
            role: Some(Role::Associate),
            ..AssociateChange::default()
        };
        hub.identity
            .change_associate(moritz, demoted)
            .await
            .unwrap();
        assert!(hub.identity.office_principal(&cookie(session)).is_err());
        assert!(matches!(
            signed_in(&hub, "moritz").await,
            Err(IdentityError::HandheldOnly)
        ));
        let nina = hub.add("nina", Role::Manager, hub.shop).await;
        let session = signed_in(&hub, "nina").await.unwrap();
        assert!(hub.identity.office_principal(&cookie(session)).is_ok());
        let gone = Subject::Associate(nina);
        hub.identity.deactivate(gone).await.unwrap();
        assert!(hub.identity.office_principal(&cookie(session)).is_err());
    }

    #[tokio::test]
    async fn a_session_of_a_handheld_has_no_cookie() {
        let hub = TestHub::start().await;
        let handheld = hub.enrol(1).await;
        let password = hub.manager_password.clone();
        let signed_in = hub.sign_in(&handheld, "manager", &password).await.unwrap();
        let cookie = hub.identity.office_cookie(signed_in.session);
        assert!(hub.identity.office_principal(&cookie).is_err());
    }
}
