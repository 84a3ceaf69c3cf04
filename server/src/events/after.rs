//! After an event: who came, who was heard, and what they suggested.
//!
//! Who came is noted on the hub, or on the guest's card by whoever was there, offline too; either is enough.
//!
//! # Invariants
//! - A guest is heard by a reaction that names the event, or by any reaction within [`HEARD_MS`] from its beginning.
//! - Who came is told to wherever their card is, with the host who looks after them: their reaction is due there until it is written down.
//! - What is told there is what the list says, however it came to say it: each change of the list compares it with what stands there.
//! - What guests said stays on their cards: here stands which suggestions there are and how far they are, never their words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::card::CardView;
use sync_core::card::terms::{InvitationState, SuggestionState};
use sync_core::concierge::guests::{EventBody, HEARD_MS, heard_rate_bp, is_heard};
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{self, Table};

use super::{EventError, EventView, ListRow, Listed, SOURCE, event, event_that_is_on, list_key};
use crate::book::{Book, EngineTx};
use crate::desk::invitations::guest as guest_of;
use crate::writer::WriteError;

/// What was heard at an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    /// Guests who came.
    pub attended: BTreeSet<CustomerId>,
    /// Of these, who has not been heard yet: a reaction of each is due.
    pub due: BTreeSet<CustomerId>,
    /// Guests with a reaction of those who came, in basis points; nothing where nobody came.
    pub heard_rate_bp: Option<u32>,
    /// What those who came suggested, in the order of the list.
    pub suggestions: Vec<Suggested>,
}

/// Something that a guest suggested; its words are on their card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Suggested {
    /// Who.
    pub customer: CustomerId,
    /// Which.
    pub suggestion: EditId,
    /// How far it is: open until somebody answers it.
    pub state: SuggestionState,
}

/// Notes who came; everybody else on the list did not, unless their card says so.
///
/// # Errors
/// [`EventError`]; otherwise why nothing was kept.
pub async fn set_attendance(
    book: &Book,
    (shop, id): (ShopId, String),
    came: BTreeSet<CustomerId>,
) -> Result<(), WriteError<EventError>> {
    book.write_batch(move |engine| {
        let mut view = event_that_is_on(engine.tx().as_read(), shop, &id)?;
        let listed: BTreeSet<_> = view.guests.iter().map(|guest| guest.customer).collect();
        if let Some(stranger) = came.iter().find(|one| !listed.contains(one)) {
            let text = format!("attended: {stranger} is not on the list: add them first");
            return Err(EventError::Invalid(text));
        }
        for guest in &mut view.guests {
            guest.attended = came.contains(&guest.customer);
        }
        keep_list(engine, shop, &view, &[])
    })
    .await
}

/// Keeps the list, and tells wherever the cards of its guests are who came. `before`: who was on it.
pub(super) fn keep_list(
    engine: &mut EngineTx<'_>,
    shop: ShopId,
    view: &EventView,
    before: &[Listed],
) -> Result<(), EventError> {
    let mut guests: BTreeMap<CustomerId, Option<&Listed>> = BTreeMap::new();
    guests.extend(before.iter().map(|guest| (guest.customer, None)));
    let listed = view.guests.iter();
    guests.extend(listed.map(|guest| (guest.customer, Some(guest).filter(|guest| guest.attended))));
    let mut told = Vec::new();
    for (customer, came) in guests {
        let subject = Subject::Customer(customer);
        let known = notices::get::<EventBody>(engine.tx().as_read(), subject, &view.id)?;
        let said = came.map(|guest| told_of(&view.event, guest));
        if known.map(|(_, body)| body) != said {
            let event = said.as_ref().unwrap_or(&view.event);
            let draft = NoticeDraft::new(subject, &*view.id, (SOURCE, engine.now()), event);
            told.push(NoticeDraft {
                body: draft.body.filter(|_| came.is_some()),
                ..draft
            });
        }
    }
    engine.put_notices(&told)?;
    let row = ListRow {
        guests: view.guests.clone(),
    };
    store::put_row(engine.tx(), Table::Desk, &list_key(shop, &view.id), &row)?;
    Ok(())
}

/// What is told of a guest who came: the event, its host theirs.
fn told_of(event: &EventBody, guest: &Listed) -> EventBody {
    let own = guest.host.map(|host| vec![host]);
    EventBody {
        hosts: own.unwrap_or_else(|| event.hosts.clone()),
        granted: 0,
        ..event.clone()
    }
}

/// An event with its list and what was heard at it. Reads the cards of the list.
///
/// # Errors
/// [`EventError`].
pub fn heard(book: &Book, shop: ShopId, id: &str) -> Result<(EventView, Feedback), EventError> {
    let tx = book.store().read()?;
    let mut view = event(&*tx, shop, id)?;
    let (mut attended, mut heard) = (BTreeSet::new(), BTreeSet::new());
    let mut suggestions = Vec::new();
    let named = Named::of(&view);
    for guest in &mut view.guests {
        let (card, _) = guest_of((book, &*tx), guest.customer, shop)?;
        guest.attended |= named.says_attended(&card);
        if !guest.attended {
            continue;
        }
        attended.insert(guest.customer);
        if named.is_heard(&card) {
            heard.insert(guest.customer);
        }
        suggestions.extend(named.suggestions(guest.customer, &card));
    }
    let feedback = Feedback {
        heard_rate_bp: heard_rate_bp(&attended, &heard),
        due: attended.difference(&heard).copied().collect(),
        attended,
        suggestions,
    };
    Ok((view, feedback))
}

/// An event as cards name it.
struct Named {
    id: String,
    begins_at: Timestamp,
}

impl Named {
    fn of(view: &EventView) -> Self {
        Self {
            id: view.id.clone(),
            begins_at: view.event.begins_at,
        }
    }

    fn is_near(&self, at: Timestamp) -> bool {
        (self.begins_at..=self.begins_at.plus_ms(HEARD_MS)).contains(&at)
    }

    fn says_attended(&self, card: &CardView) -> bool {
        card.invitations
            .iter()
            .any(|one| one.event.value == self.id && one.state == InvitationState::Attended)
    }

    fn is_heard(&self, card: &CardView) -> bool {
        is_heard(card, &self.id, self.begins_at)
    }

    fn suggestions(&self, customer: CustomerId, card: &CardView) -> Vec<Suggested> {
        let about = |one: &&sync_core::card::view::SuggestionView| {
            one.sku.as_deref() == Some(self.id.as_str()) || self.is_near(one.what.at)
        };
        let suggested = card.suggestions.iter().filter(about);
        suggested
            .map(|one| Suggested {
                customer,
                suggestion: one.id,
                state: one.state,
            })
            .collect()
    }
}
