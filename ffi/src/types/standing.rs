//! Search results, what waits in the outbox, and how the book stands.

use sync_core::card::Edit;
use sync_core::card::schema::Role;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use sync_core::outbox::{OutboxRow, OutboxState};
use sync_core::projection::{Flags, HintKind, Row};
use sync_core::replica::Recorded;
use sync_core::replica::account::{Agreement, SignIn};
use sync_core::replica::book::FirstSync;
use sync_core::search::SearchResults;

use super::concierge::ContactVerdict;

/// The line beneath a name: a kind and its argument, worded by the app.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HitHint {
    /// What it speaks of.
    pub kind: HintKind,
    /// Words from the card.
    pub argument: String,
}

/// A customer as a list shows them.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Hit {
    /// Who.
    pub customer: CustomerId,
    /// The name to show; empty when none is known.
    pub name: String,
    /// The language to speak.
    pub language: Option<String>,
    /// The last four digits of each phone number.
    pub phones: Vec<String>,
    /// Has something to keep away.
    pub has_allergy: bool,
    /// Asked not to be contacted.
    pub do_not_contact: bool,
    /// Is in the shop now.
    pub in_shop: bool,
    /// Fields on which people disagree.
    pub conflicts: u32,
    /// Promises that are not settled.
    pub open_promises: u32,
    /// When the earliest of them is due.
    pub earliest_due: Option<Timestamp>,
    /// One line to show beneath the name.
    pub hint: Option<HitHint>,
}

/// What a search found, best first.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SearchResult {
    /// Who.
    pub hits: Vec<Hit>,
    /// Whether there may be others: ask for another word.
    pub more: bool,
}

/// What recording gives back.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordedEdit {
    /// The edit; also names what it created: a note, a promise, a visit.
    pub edit: EditId,
    /// Its number in the outbox.
    pub number: u64,
    /// For a message asked of the hub: what the guard says here. A hold says until when it waits; the hub's own verdict is final.
    pub verdict: Option<ContactVerdict>,
}

impl From<Recorded> for RecordedEdit {
    fn from(recorded: Recorded) -> Self {
        Self {
            edit: recorded.edit,
            number: recorded.number,
            verdict: None,
        }
    }
}

/// Where a waiting edit stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum WaitingState {
    /// Not judged yet.
    Pending,
    /// Durable on the hub.
    Stored,
    /// Refused; it can be read, recorded anew or discarded.
    Refused {
        /// Stable, to choose a text by.
        code: String,
    },
}

/// An edit that the hub has not brought back yet.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WaitingEdit {
    /// Its number; they ascend in the order of recording.
    pub number: u64,
    /// The edit.
    pub edit: EditId,
    /// Whose record it changes.
    pub customer: CustomerId,
    /// When it was made.
    pub at: Timestamp,
    /// What it says; none where another version of the app wrote it.
    pub intent: Option<Edit>,
    /// What it says, as JSON.
    pub intent_json: String,
    /// Where it stands.
    pub state: WaitingState,
}

/// An associate who signed in on this handheld.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Associate {
    /// Who.
    pub associate: AssociateId,
    /// The name as colleagues see it.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Whether the handheld and the hub hold the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncAgreement {
    /// Not compared yet.
    Unknown,
    /// They compared, and agree.
    Agreed,
    /// They differ even after a full exchange.
    Diverged,
}

/// How the book stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
#[expect(clippy::struct_excessive_bools, reason = "an app shows each by itself")]
pub struct Status {
    /// Edits that the hub has not stored.
    pub pending: u64,
    /// When the oldest of them was made.
    pub oldest_pending_at: Option<Timestamp>,
    /// How long ago that is, in milliseconds.
    pub oldest_pending_ms: Option<i64>,
    /// Edits that the hub refused and nobody has dealt with.
    pub refused: u64,
    /// When the hub was last heard.
    pub last_contact: Option<Timestamp>,
    /// The hub's clock then.
    pub hub_time: Option<Timestamp>,
    /// Whether both hold the same.
    pub agreement: SyncAgreement,
    /// The highest number under which the hub stored an edit of this handheld.
    pub stored_number: u64,
    /// Everything up to this number is in a verified backup.
    pub backed_up_number: u64,
    /// How far the first sync is.
    pub first_sync: FirstSync,
    /// Who works with the book.
    pub signed_in: Option<Associate>,
    /// Whether they must sign in again before anything comes from the hub. What they record goes out all the same.
    pub is_sign_in_needed: bool,
    /// Until when the book opens for them without a contact.
    pub lease_until: Option<Timestamp>,
    /// Who can take over without a network.
    pub can_switch_to: Vec<Associate>,
    /// The handheld's number; none before enrolment.
    pub device: Option<DeviceId>,
    /// Its shop.
    pub shop: Option<ShopId>,
    /// Where its hub is.
    pub hub_url: Option<String>,
    /// Whether its key lives in hardware.
    pub attested: bool,
    /// Whether the associate keeps it from the network.
    pub is_offline: bool,
    /// Whether it is connected now.
    pub is_connected: bool,
}

impl Hit {
    pub(crate) fn new(row: Row, now: Timestamp) -> Self {
        Self {
            in_shop: row.is_here(now),
            customer: row.customer,
            name: row.name,
            language: row.language,
            phones: row.phones,
            has_allergy: row.flags.has(Flags::ALLERGY),
            do_not_contact: row.flags.has(Flags::DO_NOT_CONTACT),
            conflicts: row.conflicts.into(),
            open_promises: row.open_promises.into(),
            earliest_due: row.earliest_due,
            hint: row.hint.map(|hint| HitHint {
                kind: hint.kind,
                argument: hint.argument,
            }),
        }
    }
}

impl SearchResult {
    pub(crate) fn new(results: SearchResults, now: Timestamp) -> Self {
        Self {
            hits: results
                .rows
                .into_iter()
                .map(|row| Hit::new(row, now))
                .collect(),
            more: results.more,
        }
    }
}

impl From<(u64, OutboxRow)> for WaitingEdit {
    fn from((number, row): (u64, OutboxRow)) -> Self {
        Self {
            number,
            edit: row.edit,
            customer: row.customer,
            at: row.at,
            intent: serde_json::from_str(&row.intent).ok(),
            intent_json: row.intent,
            state: match row.state {
                OutboxState::Pending => WaitingState::Pending,
                OutboxState::Stored { .. } => WaitingState::Stored,
                OutboxState::Refused { code } => WaitingState::Refused { code },
            },
        }
    }
}

impl From<&SignIn> for Associate {
    fn from(sign_in: &SignIn) -> Self {
        Self {
            associate: sign_in.associate,
            name: sign_in.name.clone(),
            role: sign_in.role(),
        }
    }
}

impl From<Agreement> for SyncAgreement {
    fn from(agreement: Agreement) -> Self {
        match agreement {
            Agreement::Unknown => Self::Unknown,
            Agreement::Agreed => Self::Agreed,
            Agreement::Diverged => Self::Diverged,
        }
    }
}
