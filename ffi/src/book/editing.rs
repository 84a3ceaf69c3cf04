//! Recording what an associate does. Every edit is durable when its call returns, network or not.
//!
//! [`Book::record`] takes any edit. What is recorded of a customer who is several cards goes to whichever card it belongs on.
//! The functions beside it are the everyday ones, for code that reads like what happens.

use std::collections::BTreeSet;

use sync_core::card::terms::{
    AskKind, Channel, NamePart, Place, Polarity, PromiseStatus, Severity,
};
use sync_core::card::{Edit, Source};
use sync_core::concierge::guard::{Request, Ruling};
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::replica::RecordError;
use sync_core::replica::book::Book as Core;
use sync_core::store::{ReadTx, WriteTx};

use super::Book;
use crate::changes::Change;
use crate::error::guarded;
use crate::types::{ContactVerdict, NamePartText, NameParts, RecordedEdit};
use crate::{BookError, types};

#[uniffi::export]
impl Book {
    /// Records an edit on its usual ground: what customers tell of themselves is stated, what happens before one's eyes is observed,
    /// what an associate writes for colleagues is typed.
    ///
    /// A message asked of the hub (`Ask`, `Message`) comes back with the guard's verdict; what the guard denies is `Rejected` with its reason as the code
    /// and is not queued.
    ///
    /// What takes an allergy or a "never" away is refused so: [`Book::remove_allergy`] and [`Book::record_from`] name whose word it is.
    pub fn record(&self, customer: CustomerId, edit: Edit) -> Result<RecordedEdit, BookError> {
        let source = edit.usual_source();
        self.record_from(customer, edit, source)
    }

    /// Records an edit and on what ground: stated, observed, entered by the customer, or merely typed.
    pub fn record_from(
        &self,
        customer: CustomerId,
        edit: Edit,
        source: Source,
    ) -> Result<RecordedEdit, BookError> {
        guarded(|| self.keep(customer, &edit, source))
    }

    /// Records an edit given as JSON, in the form of `intent_json`, on its usual ground: for tools, and to record a refused edit anew.
    pub fn record_json(
        &self,
        customer: CustomerId,
        edit: String,
    ) -> Result<RecordedEdit, BookError> {
        guarded(|| {
            let edit: Edit = serde_json::from_str(&edit).map_err(|error| {
                let place = format!("line {}, column {}", error.line(), error.column());
                BookError::invalid("edit_json", format!("this is no edit ({place})"))
            })?;
            self.keep(customer, &edit, edit.usual_source())
        })
    }

    /// Whether an edit is sound by itself: a form can call this while somebody types.
    pub fn check(&self, edit: Edit) -> Result<(), BookError> {
        guarded(|| {
            let checked = edit.validate();
            checked.map_err(|error| RecordError::from(error).into())
        })
    }

    /// Begins a card and returns its new id.
    pub fn create_customer(
        &self,
        name: Vec<NamePartText>,
        endpoints: Vec<sync_core::card::edit::EndpointInput>,
        language: Option<String>,
    ) -> Result<CustomerId, BookError> {
        guarded(|| {
            let customer = CustomerId(self.shelf.entropy.bytes());
            let edit = Edit::CreateCustomer {
                name: name
                    .into_iter()
                    .map(|part| (part.part, part.text))
                    .collect::<NameParts>(),
                language,
                endpoints,
                since: None,
            };
            self.keep(customer, &edit, edit.usual_source())?;
            Ok(customer)
        })
    }

    /// Sets or clears a part of the name.
    pub fn set_name(
        &self,
        customer: CustomerId,
        part: NamePart,
        value: Option<String>,
    ) -> Result<RecordedEdit, BookError> {
        self.record(customer, Edit::SetName { part, value })
    }

    /// Writes a note.
    pub fn add_note(
        &self,
        customer: CustomerId,
        place: Place,
        body: String,
    ) -> Result<RecordedEdit, BookError> {
        let edit = Edit::AddNote {
            place,
            body,
            title: None,
            label: None,
        };
        self.record(customer, edit)
    }

    /// Records what the customer likes or not.
    pub fn set_preference(
        &self,
        customer: CustomerId,
        about: types::PreferenceInput,
        polarity: Polarity,
    ) -> Result<RecordedEdit, BookError> {
        let edit = Edit::SetPreference {
            kind: about.kind,
            subject: about.subject,
            value: about.value,
            polarity,
        };
        self.record(customer, edit)
    }

    /// Records what the customer must not come into contact with.
    pub fn record_allergy(
        &self,
        customer: CustomerId,
        substance: String,
        severity: Severity,
    ) -> Result<RecordedEdit, BookError> {
        let edit = Edit::RecordAllergy {
            substance,
            severity,
            cause: None,
        };
        self.record(customer, edit)
    }

    /// Takes an allergy back. That takes the customer's word, so the source has to say that they stated or entered it.
    pub fn remove_allergy(
        &self,
        customer: CustomerId,
        substance: String,
        source: Source,
    ) -> Result<RecordedEdit, BookError> {
        self.record_from(customer, Edit::RemoveAllergy { substance }, source)
    }

    /// Promises something.
    pub fn make_promise(
        &self,
        customer: CustomerId,
        what: String,
        due: Option<Timestamp>,
    ) -> Result<RecordedEdit, BookError> {
        let edit = Edit::MakePromise {
            what,
            due,
            assignee: None,
        };
        self.record(customer, edit)
    }

    /// Says that a promise was kept.
    pub fn complete_promise(
        &self,
        customer: CustomerId,
        promise: EditId,
    ) -> Result<RecordedEdit, BookError> {
        let status = PromiseStatus::Done;
        self.record(customer, Edit::SetPromiseStatus { promise, status })
    }

    /// The customer came in: begins a visit, which the returned edit names.
    pub fn arrive(
        &self,
        customer: CustomerId,
        with: Option<String>,
    ) -> Result<RecordedEdit, BookError> {
        self.record(customer, Edit::Arrive { with })
    }

    /// What came up during a visit.
    pub fn capture(
        &self,
        customer: CustomerId,
        visit: EditId,
        summary: String,
    ) -> Result<RecordedEdit, BookError> {
        self.record(customer, Edit::Capture { visit, summary })
    }

    /// The customer left; `summary` is the thread to take up next time.
    pub fn leave(
        &self,
        customer: CustomerId,
        visit: EditId,
        summary: Option<String>,
    ) -> Result<RecordedEdit, BookError> {
        self.record(customer, Edit::Leave { visit, summary })
    }

    /// Settles a conflict by choosing one of its choices. One that takes an allergy or a "never" away is refused here:
    /// ask the customer, and record the edit itself with its source.
    pub fn resolve(
        &self,
        customer: CustomerId,
        conflict: types::ConflictView,
        choose: EditId,
    ) -> Result<RecordedEdit, BookError> {
        let edit = Edit::Resolve {
            place: conflict.place,
            path: conflict.path,
            choose,
        };
        self.record(customer, edit)
    }

    /// Makes an edit that a colleague left behind the word of the manager who is signed in; it is sent at the next sync.
    pub fn take_over(&self, number: u64) -> Result<(), BookError> {
        guarded(|| {
            let now = self.shelf.now();
            let mut entropy = self.shelf.entropy.clone();
            self.shelf
                .write(|core, tx| Ok(core.take_over(tx, number, (now, &mut entropy))?))?;
            self.shelf.changes.push([Change::Outbox]);
            self.shelf.news.notify_one();
            Ok(())
        })
    }

    /// Discards a refused edit of whoever is signed in, for good; a manager may discard what a colleague left behind.
    pub fn discard_refused(&self, number: u64) -> Result<(), BookError> {
        guarded(|| {
            self.shelf
                .write(|core, tx| Ok(core.discard_refused(tx, number)?))?;
            self.shelf.changes.push([Change::Outbox]);
            Ok(())
        })
    }
}

impl Book {
    fn keep(
        &self,
        customer: CustomerId,
        edit: &Edit,
        source: Source,
    ) -> Result<RecordedEdit, BookError> {
        self.keep_made(customer, |_, _| Ok((edit.clone(), source)))
    }

    /// Records an edit that is made in the transaction that keeps it, on its usual ground: what it rests on can't have changed meanwhile.
    pub(super) fn write_edit(
        &self,
        customer: CustomerId,
        make: impl FnOnce(&mut Core, &mut dyn WriteTx) -> Result<Edit, BookError>,
    ) -> Result<RecordedEdit, BookError> {
        guarded(|| {
            self.keep_made(customer, |core, tx| {
                let edit = make(core, tx)?;
                let source = edit.usual_source();
                Ok((edit, source))
            })
        })
    }

    fn keep_made(
        &self,
        customer: CustomerId,
        make: impl FnOnce(&mut Core, &mut dyn WriteTx) -> Result<(Edit, Source), BookError>,
    ) -> Result<RecordedEdit, BookError> {
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        let (recorded, verdict) = self.shelf.write(|core, tx| {
            let (edit, source) = make(core, tx)?;
            let verdict = asked_about(core, tx.as_read(), (customer, &edit), now)?;
            let recorded = core.record(tx, (customer, &edit), source, (now, &mut entropy))?;
            Ok((recorded, verdict))
        })?;
        // What is written of a person may stand on another card of theirs than the one at hand.
        let cards = BTreeSet::from([customer, recorded.customer]);
        let changed = cards.into_iter();
        let changed = changed.map(|customer| Change::Customer { customer });
        self.shelf.changes.push(changed.chain([Change::Outbox]));
        self.shelf.news.notify_one();
        Ok(RecordedEdit {
            verdict,
            ..recorded.into()
        })
    }
}

/// What the guard says here of a message that the hub is asked to send; none for every other edit.
///
/// A denial refuses to queue it. What holds is queued: the hub asks again when the time has come.
fn asked_about(
    core: &mut Core,
    tx: &dyn ReadTx,
    (customer, edit): (CustomerId, &Edit),
    now: Timestamp,
) -> Result<Option<ContactVerdict>, BookError> {
    let Edit::Ask(ask) = edit else {
        return Ok(None);
    };
    let channel = ask.subject.as_deref().and_then(Channel::parse);
    let (AskKind::Message, Some(channel), Some(purpose)) = (ask.kind, channel, ask.purpose) else {
        return Ok(None);
    };
    edit.validate().map_err(RecordError::from)?;
    let request = Request::message((channel, purpose), ask.words.as_deref(), None);
    let verdict = core.guard(tx, (customer, &request), now)?;
    match verdict.ruling {
        Ruling::Deny { reason } => Err(BookError::rejected(reason.as_str())),
        Ruling::Allow | Ruling::Hold { .. } => Ok(Some(verdict.into())),
    }
}
