//! The guard: whether this customer may be contacted now, over this channel, for this purpose, by this associate.
//!
//! [`guard`] asks its rules in a fixed order; the first that fails decides. The handheld asks it before anything leaves or is queued,
//! and the hub asks the same function again when a message is to leave, which is final. Talking in the shop is never asked about.
//!
//! # Invariants
//! - Taking consent away never turns a denial into a yes; on the channel and purpose asked for, less consent never allows more.
//! - What holds ends at a finite moment, or names what ends it.
//! - A time that claims to lie ahead counts as now where it restricts, and not at all where it would permit.
//! - Every verdict lists the edits and notices it rests on, in ascending order.
//!
//! # What is not here
//! Where past contacts come from (`contacts`), rights and their slots ([`super::rights`]).

mod clock;
mod contacts;
mod rules;
mod settings;
mod zones;

use serde::Serialize;

use super::picture::Picture;
use super::rights::Rights;
use crate::card::CardView;
use crate::card::normal::{derived_id, fold};
use crate::card::terms::{Channel, EndpointKind, EndpointStatus, Purpose};
use crate::card::view::EndpointView;
use crate::ids::{AssociateId, EditId, Timestamp};

pub use contacts::{contact_key, contact_moments};
pub use settings::{Settings, SettingsProblem};

/// How a contact leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The associate calls or writes at once: it spends a right.
    Direct,
    /// It is asked of the hub, which sends it when its own verdict allows.
    ThroughHub,
}

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Over which channel.
    pub channel: Channel,
    /// For which purpose.
    pub purpose: Purpose,
    /// The campaign, or what [`content_of`] makes of the words.
    pub content: Option<String>,
    /// Whether it answers what the customer began; the guard looks whether they did.
    pub is_reply: bool,
    /// How it leaves.
    pub way: Way,
    /// The ask that is being judged, so that it does not stand in its own way.
    pub ask: Option<EditId>,
}

impl Request {
    /// A message that the hub is asked to send: the same question on the handheld that queues it and on the hub that sends it.
    #[must_use]
    pub fn message(
        (channel, purpose): (Channel, Purpose),
        words: Option<&str>,
        ask: Option<EditId>,
    ) -> Self {
        Self {
            channel,
            purpose,
            content: words.map(content_of),
            is_reply: may_answer(purpose),
            way: Way::ThroughHub,
            ask,
        }
    }
}

/// Whether a message for this purpose can be an answer: those about what the customer began serve them; an offer is no answer.
#[must_use]
pub const fn may_answer(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Care | Purpose::Service)
}

/// What names a message's content, so that the same words are known again.
#[must_use]
pub fn content_of(words: &str) -> String {
    derived_id(&["content", &fold(words)])
}

/// Why not, or not yet. The texts are stable names for apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The customer was erased.
    Erased,
    /// They are a minor.
    Minor,
    /// They do not want to be contacted.
    DoNotContact,
    /// They want to be left in peace for a while.
    Paused,
    /// They declined or ended the relationship.
    RelationshipEnded,
    /// They took this consent back, or objected.
    ConsentDenied,
    /// Nobody asked them, and this is no answer to something they began.
    NoConsent,
    /// The purpose is none that somebody is contacted for.
    NotAContact,
    /// They do not want this endpoint used, or somebody else answers there.
    EndpointClosed,
    /// Nothing to reach them by is known.
    NoEndpoint,
    /// They prefer another channel that may be used.
    ChannelNotPreferred,
    /// Only who looks after them first may approach them.
    OwnerOnly,
    /// A complaint is open: solve it before selling.
    OpenComplaint,
    /// It is early or late where they are.
    QuietHours,
    /// Nobody knows what time it is where they are.
    ClockUnknown,
    /// Contacted within the last 24 hours.
    CapDay,
    /// Contacted often enough within the last 7 days.
    CapWeek,
    /// They had the same content lately.
    Duplicate,
    /// This replica has not met the hub for too long.
    StaleReplica,
    /// Another handheld holds the right to contact them, or nobody does.
    NoRight,
}

/// What ends a hold that no moment ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unblocker {
    /// Using this channel instead.
    UseChannel(Channel),
    /// Solving this case.
    SolveCase(String),
    /// Meeting the hub.
    Sync,
    /// The associate who looks after the customer first: they hold the right.
    Owner(AssociateId),
    /// Asking to look after the customer first, because nobody does.
    ClaimOwner,
}

/// When a hold ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// At this moment; the guard then has to be asked again.
    Moment(Timestamp),
    /// When this was done.
    Done(Unblocker),
}

/// What the guard decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// Go ahead.
    Allow,
    /// Not yet.
    Hold {
        /// Until when.
        until: Until,
        /// Why.
        reason: Reason,
    },
    /// No.
    Deny {
        /// Why.
        reason: Reason,
    },
}

/// What the guard decides, and on what ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The decision.
    pub ruling: Ruling,
    /// The edits and the keys of notices it rests on, ascending: for a yes the consent, or what is answered.
    pub sources: Vec<String>,
}

impl Verdict {
    fn new(ruling: Ruling, mut sources: Vec<String>) -> Self {
        sources.sort_unstable();
        sources.dedup();
        Self { ruling, sources }
    }

    /// Whether it may go ahead.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.ruling == Ruling::Allow
    }

    /// Why not; none for a yes.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self.ruling {
            Ruling::Allow => None,
            Ruling::Hold { reason, .. } | Ruling::Deny { reason } => Some(reason),
        }
    }
}

impl Reason {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Minor => "minor",
            Self::DoNotContact => "do_not_contact",
            Self::Paused => "paused",
            Self::RelationshipEnded => "relationship_ended",
            Self::ConsentDenied => "consent_denied",
            Self::NoConsent => "no_consent",
            Self::NotAContact => "not_a_contact",
            Self::EndpointClosed => "endpoint_closed",
            Self::NoEndpoint => "no_endpoint",
            Self::ChannelNotPreferred => "channel_not_preferred",
            Self::OwnerOnly => "owner_only",
            Self::OpenComplaint => "open_complaint",
            Self::QuietHours => "quiet_hours",
            Self::ClockUnknown => "clock_unknown",
            Self::CapDay => "cap_day",
            Self::CapWeek => "cap_week",
            Self::Duplicate => "duplicate",
            Self::StaleReplica => "stale_replica",
            Self::NoRight => "no_right",
        }
    }
}

/// Whether it may be done, asked of every rule in order.
#[must_use]
pub fn guard(
    picture: &Picture<'_>,
    request: &Request,
    settings: &Settings,
    rights: Rights<'_>,
) -> Verdict {
    let case = rules::Case::new(picture, request, settings);
    case.person()
        .or_else(|| case.peace())
        .or_else(|| case.consent())
        .or_else(|| case.endpoint())
        .or_else(|| case.preferred_channel())
        .or_else(|| case.owner_only())
        .or_else(|| case.complaint())
        .or_else(|| case.quiet_hours())
        .or_else(|| case.caps())
        .or_else(|| case.duplicate())
        .or_else(|| case.replica())
        .or_else(|| case.right(rights))
        .unwrap_or_else(|| Verdict::new(Ruling::Allow, case.ground()))
}

/// Where a message over this channel goes: an endpoint in order, else one whose messages came back; none where none may be used.
#[must_use]
pub fn endpoint(view: &CardView, channel: Channel) -> Option<&EndpointView> {
    let kinds = endpoint_kinds(channel);
    let usable = view.endpoints.iter().filter(|endpoint| {
        kinds.contains(&endpoint.kind) && endpoint.status <= EndpointStatus::Bounced
    });
    let place = |kind| kinds.iter().position(|known| *known == kind);
    usable.min_by_key(|endpoint| (endpoint.status, place(endpoint.kind), endpoint.id.clone()))
}

/// The kinds of endpoints that serve a channel, the best first; none where it needs none that a card holds.
#[must_use]
pub fn endpoint_kinds(channel: Channel) -> &'static [EndpointKind] {
    match channel {
        Channel::Call | Channel::Sms => &[EndpointKind::Phone],
        Channel::Email => &[EndpointKind::Email],
        Channel::Whatsapp => &[EndpointKind::Whatsapp, EndpointKind::Phone],
        Channel::Wechat => &[EndpointKind::Wechat],
        Channel::Line => &[EndpointKind::Line],
        Channel::Kakao => &[EndpointKind::Kakao],
        Channel::Post => &[],
    }
}

#[cfg(test)]
mod tests;
