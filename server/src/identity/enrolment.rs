//! Enrolment: how a handheld becomes known, by a one-time code that a manager shows.
//!
//! A code has two forms: ten characters to type, and a longer one inside a QR code. Both begin with the same four characters, which only *name* the code;
//! the rest proves it. A wrong proof counts against the code that was named, and five kill it, so that guessing at one code costs that code
//! and guessing at all of them never ends.

use sync_core::crypto::{DevicePublicKey, HubPublicKey, Signature, sha256};
use sync_core::ids::{AssociateId, DeviceId, Hash32, ShopId, Timestamp, to_base32};

use super::dpop::{Jwk, ProofError};
use super::people::{active_associate, readable_name};
use super::rows::{DeviceRow, EnrolmentRow, SecurityEvent, SecurityEventRow};
use super::{Identity, IdentityError};

/// Characters that name a code.
const SELECTOR_CHARS: usize = 4;
/// Characters of the typed form: four name it, six (30 bits) prove it.
const TYPED_CHARS: usize = 10;
/// Characters of the scanned form: four name it, twenty-six (128 bits) prove it.
const SCANNED_CHARS: usize = 30;
/// Wrong proofs that kill a code.
const WRONG_TRIES_MAX: u32 = 5;

/// A code as the manager shows it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// To be typed.
    pub typed: String,
    /// To be scanned.
    pub scanned: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// What a handheld sends to be enrolled.
#[derive(Debug, Clone)]
pub struct EnrolRequest {
    /// Either form of the code.
    pub code: String,
    /// Its public key.
    pub key: DevicePublicKey,
    /// The hub's nonce that it signed.
    pub nonce: String,
    /// Its signature over [`enrolment_message`].
    pub signature: Signature,
    /// What people will call it.
    pub label: String,
    /// Whether it says that its key lives in hardware.
    pub hardware_key: bool,
}

/// What a handheld gets when it is enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Its number.
    pub device: DeviceId,
    /// Its shop.
    pub shop: ShopId,
    /// The key that bases and feed heads are signed with.
    pub hub_key: HubPublicKey,
}

/// What a handheld signs to be enrolled: the code, its key, and the hub's nonce. Frozen since wire version 1.
#[must_use]
pub fn enrolment_message(code: &str, key: &DevicePublicKey, nonce: &str) -> Vec<u8> {
    let code = normal_code(code);
    let digest = sha256(
        "enrol.v1",
        &[code.as_bytes(), &key.to_sec1(), nonce.as_bytes()],
    );
    digest.0.to_vec()
}

/// How a code ended inside the transaction. A wrong try must be kept, so it is no error there.
enum Tried {
    Enrolled(DeviceId, ShopId),
    Refused,
}

impl Identity {
    /// Makes a one-time code for a handheld of `shop`.
    ///
    /// # Errors
    /// When the shop or the manager is gone, or storage fails.
    pub async fn make_enrolment_code(
        &self,
        shop: ShopId,
        by: AssociateId,
    ) -> Result<EnrolmentCode, IdentityError> {
        let now = self.now();
        let expires_at = now.plus_ms(self.config.enrolment_ms);
        let selector = self.characters(SELECTOR_CHARS);
        let typed = selector.clone() + &self.characters(TYPED_CHARS - SELECTOR_CHARS);
        let scanned = selector.clone() + &to_base32(&self.entropy().bytes::<16>());
        let row = EnrolmentRow {
            typed: self.code_hash(&typed),
            scanned: self.code_hash(&scanned),
            shop,
            created_by: by,
            expires_at,
            wrong_tries: 0,
            used_by: None,
        };
        self.write(move |tx| {
            tx.shop(shop)?.ok_or(IdentityError::NotFound("shop"))?;
            active_associate(tx, by)?;
            tx.remove_enrolments(|code| code.expires_at <= now)?;
            if tx.enrolment(&selector)?.is_some() {
                return Err(IdentityError::Conflict(
                    "the code's name is in use: ask again",
                ));
            }
            tx.put_enrolment(&selector, &row)?;
            Ok(tx.log(&SecurityEventRow {
                associate: Some(by),
                ..SecurityEventRow::new(now, SecurityEvent::CodeMade)
            })?)
        })
        .await?;
        Ok(EnrolmentCode {
            typed,
            scanned,
            expires_at,
        })
    }

    /// Enrols a handheld.
    ///
    /// # Errors
    /// When the code, the nonce or the signature is wrong, the key is known already, or storage fails.
    pub async fn enrol(&self, request: EnrolRequest) -> Result<Enrolled, IdentityError> {
        let now = self.now();
        if !self.proofs.is_fresh(&request.nonce, now) {
            return Err(ProofError::UseNonce.into());
        }
        let message = enrolment_message(&request.code, &request.key, &request.nonce);
        if !request.key.verifies(&message, &request.signature) {
            return Err(ProofError::Signature.into());
        }
        let code = normal_code(&request.code);
        if !matches!(code.len(), TYPED_CHARS | SCANNED_CHARS) || !code.is_ascii() {
            return Err(IdentityError::EnrolmentRefused);
        }
        let hash = self.code_hash(&code);
        let device = DeviceId(self.entropy().bytes());
        let row = DeviceRow {
            key: request.key.to_sec1(),
            thumbprint: Jwk::of(&request.key).thumbprint(),
            shop: ShopId([0; 8]),
            label: readable_name(&request.label)?,
            hardware_key: request.hardware_key,
            enrolled_by: AssociateId([0; 8]),
            enrolled_at: now,
            epoch: 1,
            revoked_at: None,
            lease_hours: Some(self.config().lease_hours),
        };
        let tried = self
            .write(move |tx| try_code(tx, &code, hash, (device, row)))
            .await?;
        match tried {
            Tried::Enrolled(device, shop) => Ok(Enrolled {
                device,
                shop,
                hub_key: self.hub_key,
            }),
            Tried::Refused => Err(IdentityError::EnrolmentRefused),
        }
    }

    fn code_hash(&self, code: &str) -> Hash32 {
        sha256("enrol.code.v1", &[self.pepper.expose(), code.as_bytes()])
    }

    fn characters(&self, count: usize) -> String {
        let text = to_base32(&self.entropy().bytes::<16>());
        text.chars().take(count).collect()
    }
}

fn try_code(
    tx: &mut super::directory::IdentityTx<'_>,
    code: &str,
    hash: Hash32,
    (device, mut row): (DeviceId, DeviceRow),
) -> Result<Tried, IdentityError> {
    let now = row.enrolled_at;
    let selector = code
        .get(..SELECTOR_CHARS)
        .ok_or(IdentityError::EnrolmentRefused)?;
    let Some(mut enrolment) = tx.enrolment(selector)? else {
        return Ok(Tried::Refused);
    };
    let open = enrolment.used_by.is_none()
        && enrolment.wrong_tries < WRONG_TRIES_MAX
        && now < enrolment.expires_at;
    if !open {
        return Ok(Tried::Refused);
    }
    if ![enrolment.typed, enrolment.scanned].contains(&hash) {
        enrolment.wrong_tries += 1;
        if enrolment.wrong_tries >= WRONG_TRIES_MAX {
            tx.log(&SecurityEventRow {
                associate: Some(enrolment.created_by),
                ..SecurityEventRow::new(now, SecurityEvent::CodeDied)
            })?;
        }
        tx.put_enrolment(selector, &enrolment)?;
        return Ok(Tried::Refused);
    }
    if tx.thumbprint_is_known(&row.thumbprint)? {
        return Err(IdentityError::Conflict(
            "this handheld's key is enrolled already: make a new key first",
        ));
    }
    row.shop = enrolment.shop;
    row.enrolled_by = enrolment.created_by;
    enrolment.used_by = Some(device);
    tx.put_enrolment(selector, &enrolment)?;
    let shop = row.shop;
    tx.put_device(device, row)?;
    tx.log(&SecurityEventRow {
        associate: Some(enrolment.created_by),
        device: Some(device),
        ..SecurityEventRow::new(now, SecurityEvent::DeviceEnrolled)
    })?;
    Ok(Tried::Enrolled(device, shop))
}

/// A code as people type it, in its one form: lower case, no spaces or hyphens, look-alikes resolved as Crockford meant.
#[must_use]
pub fn normal_code(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_whitespace() && *it != '-')
        .map(|it| match it.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}
