//! Rows of identity as they are stored. CBOR arrays, frozen since database schema 1: fields are only added at the end.

use minicbor::{Decode, Encode};
use sync_core::ids::{AssociateId, DeviceId, Hash32, SessionId, ShopId, Timestamp};

use super::access::{Role, Scopes};
use super::integrations::IntegrationId;

/// A shop.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ShopRow {
    /// Its name, as people say it.
    #[n(0)]
    pub name: String,
    /// Its time zone, as IANA names it.
    #[n(1)]
    pub time_zone: String,
    /// When it was added.
    #[n(2)]
    pub created_at: Timestamp,
}

/// An associate, with credentials.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AssociateRow {
    /// What the associate types to sign in: a short name or a staff number, in its normal form.
    #[n(0)]
    pub login: String,
    /// Name as colleagues see it.
    #[n(1)]
    pub name: String,
    /// What the associate may do.
    #[n(2)]
    pub role: Role,
    /// The shop the associate belongs to.
    #[n(3)]
    pub shop: ShopId,
    /// Whether the role holds in every shop of the chain.
    #[n(4)]
    pub chain: bool,
    /// The password; without one nobody can sign in as this associate.
    #[n(5)]
    pub password: Option<PasswordHash>,
    /// Rises when credentials must end; tokens carry the value they were made under.
    #[n(6)]
    pub epoch: u64,
    /// When the associate was added.
    #[n(7)]
    pub created_at: Timestamp,
    /// When the associate left.
    #[n(8)]
    pub deactivated_at: Option<Timestamp>,
}

/// An argon2id hash with what is needed to compute it again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PasswordHash {
    /// Random.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// The result.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub hash: [u8; 32],
    /// Memory cost, KiB.
    #[n(2)]
    pub memory_kib: u32,
    /// Passes.
    #[n(3)]
    pub passes: u32,
}

/// An enrolled handheld.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceRow {
    /// Its public key, uncompressed SEC1.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// RFC 7638 thumbprint of the key.
    #[n(1)]
    pub thumbprint: String,
    /// The shop it belongs to.
    #[n(2)]
    pub shop: ShopId,
    /// What people call it.
    #[n(3)]
    pub label: String,
    /// Whether the handheld says that its key lives in hardware. A claim until attestation is checked.
    #[n(4)]
    pub hardware_key: bool,
    /// The manager whose code enrolled it.
    #[n(5)]
    pub enrolled_by: AssociateId,
    /// When.
    #[n(6)]
    pub enrolled_at: Timestamp,
    /// Rises when its credentials must end.
    #[n(7)]
    pub epoch: u64,
    /// When it was revoked.
    #[n(8)]
    pub revoked_at: Option<Timestamp>,
    /// The lease that it was told when it was enrolled, and keeps; unknown of one that was enrolled before this was noted.
    #[n(9)]
    pub lease_hours: Option<u32>,
}

/// A one-time code. Only keyed hashes of it are stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EnrolmentRow {
    /// Hash of the form that is typed.
    #[n(0)]
    pub typed: Hash32,
    /// Hash of the form that is scanned.
    #[n(1)]
    pub scanned: Hash32,
    /// The shop that the handheld will belong to.
    #[n(2)]
    pub shop: ShopId,
    /// Who made it.
    #[n(3)]
    pub created_by: AssociateId,
    /// Until when it works.
    #[n(4)]
    pub expires_at: Timestamp,
    /// Wrong tries so far.
    #[n(5)]
    pub wrong_tries: u32,
    /// What it enrolled.
    #[n(6)]
    pub used_by: Option<DeviceId>,
}

/// A sign-in. Kept after its end: it tells who worked on which handheld when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SessionRow {
    /// Who signed in.
    #[n(0)]
    pub associate: AssociateId,
    /// On which handheld; none at the back office.
    #[n(1)]
    pub device: Option<DeviceId>,
    /// For which shop.
    #[n(2)]
    pub shop: ShopId,
    /// Since when.
    #[n(3)]
    pub started_at: Timestamp,
    /// When it ends at the latest.
    #[n(4)]
    pub expires_at: Timestamp,
    /// When it ended, if something ended it before.
    #[n(5)]
    pub ended_at: Option<Timestamp>,
    /// What ended it.
    #[n(6)]
    pub end: Option<SessionEnd>,
    /// Its refresh tokens; none at the back office.
    #[n(7)]
    pub refresh: Option<RefreshRow>,
}

/// What ended a session before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SessionEnd {
    /// The associate signed out.
    #[n(0)]
    SignedOut,
    /// The same associate signed in again on the same handheld.
    #[n(1)]
    Superseded,
    /// A refresh token came twice: somebody else may hold a copy.
    #[n(2)]
    RefreshReused,
    /// The associate left, or changed role, shop or password.
    #[n(3)]
    AssociateChanged,
    /// The handheld was revoked.
    #[n(4)]
    DeviceRevoked,
}

/// The refresh tokens of a session. The tokens themselves are derived from the keystore, and only hashes are stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RefreshRow {
    /// Random; with the keystore's secret and the generation it gives the token.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub family: [u8; 16],
    /// Counts the rotations.
    #[n(1)]
    pub generation: u64,
    /// Hash of the token that works now.
    #[n(2)]
    pub current: Hash32,
    /// Hash of the one before.
    #[n(3)]
    pub previous: Option<Hash32>,
    /// When the present one was made.
    #[n(4)]
    pub rotated_at: Timestamp,
    /// When the family ends unless it is used.
    #[n(5)]
    pub idle_expires_at: Timestamp,
}

/// A key for another system.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct IntegrationRow {
    /// What people call it.
    #[n(0)]
    pub name: String,
    /// Hash of the key.
    #[n(1)]
    pub key: Hash32,
    /// What it may do.
    #[n(2)]
    pub scopes: Scopes,
    /// The shop it works for.
    #[n(3)]
    pub shop: ShopId,
    /// Whether it works for every shop.
    #[n(4)]
    pub chain: bool,
    /// Who made it.
    #[n(5)]
    pub created_by: AssociateId,
    /// Until when it works.
    #[n(6)]
    pub expires_at: Timestamp,
    /// When it was revoked.
    #[n(7)]
    pub revoked_at: Option<Timestamp>,
}

/// Something that a person responsible for security should be able to find later. Ids only, no names.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SecurityEventRow {
    /// When.
    #[n(0)]
    pub at: Timestamp,
    /// What.
    #[n(1)]
    pub kind: SecurityEvent,
    /// The associate concerned.
    #[n(2)]
    pub associate: Option<AssociateId>,
    /// The handheld concerned.
    #[n(3)]
    pub device: Option<DeviceId>,
    /// The session concerned.
    #[n(4)]
    pub session: Option<SessionId>,
    /// The integration concerned.
    #[n(5)]
    pub integration: Option<IntegrationId>,
}

/// Kinds of security events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SecurityEvent {
    /// An enrolment code was made.
    #[n(0)]
    CodeMade,
    /// An enrolment code died of wrong tries.
    #[n(1)]
    CodeDied,
    /// A handheld was enrolled.
    #[n(2)]
    DeviceEnrolled,
    /// A handheld was revoked.
    #[n(3)]
    DeviceRevoked,
    /// An associate left.
    #[n(4)]
    AssociateDeactivated,
    /// An associate's role, shop or password changed.
    #[n(5)]
    AssociateChanged,
    /// A refresh token came twice and its family was revoked.
    #[n(6)]
    RefreshReused,
    /// An integration key was made.
    #[n(7)]
    IntegrationMade,
    /// An integration key was revoked.
    #[n(8)]
    IntegrationRevoked,
}
