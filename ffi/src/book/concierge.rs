//! The concierge: what an associate needs in the moment. All of it is computed here, offline, from what this book holds.

use sync_core::card::Edit;
use sync_core::card::edit::Spent;
use sync_core::card::terms::{Channel, EndpointKind, InteractionKind, Purpose};
use sync_core::concierge::confirm::{Reply, next_ask};
use sync_core::concierge::guard::{Request, content_of};
use sync_core::concierge::handover::Pack;
use sync_core::concierge::ledger::ledger;
use sync_core::concierge::linter::Linter;
use sync_core::concierge::next_promise::next_promise;
use sync_core::concierge::playbook::Playbook;
use sync_core::concierge::recommend::Recommendations;
use sync_core::concierge::rights::{Gesture, spend};
use sync_core::concierge::today::{DueKind, Shift, TodayItem as CoreItem, due};
use sync_core::concierge::{Brief as CoreBrief, Language, Picture};
use sync_core::duplicates::{self, Warning};
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};
use sync_core::projection;
use sync_core::replica::book::Book as Core;

use super::Book;
use crate::BookError;
use crate::changes::Change;
use crate::error::guarded;
use crate::types::{
    Brief, ContactVerdict, ContactWay, GestureBudget, MayExist, NoteWarning, OwedItem,
    ProposedPromise, RecommendationList, RecordedEdit, Today, TodayItem, ValueLedger,
    VisitQuestion,
};

/// Customers for whom one call works out what is due: some 100 ms on a slow handheld.
const DUE_AT_ONCE: usize = 250;

#[uniffi::export]
impl Book {
    /// What to avoid, to say and to do before the customer is greeted: at most 40 words. The look is logged.
    pub fn brief(&self, customer: CustomerId) -> Result<Brief, BookError> {
        self.picture(customer, |picture| CoreBrief::of(picture).into())
    }

    /// What to show, with every reason, and where to send the customer when we lack it. The look is logged.
    pub fn recommendations(&self, customer: CustomerId) -> Result<RecommendationList, BookError> {
        self.picture(customer, |picture| Recommendations::of(picture).into())
    }

    /// The one question of this visit, the oldest doubt first; none when one was answered in it. The look is logged.
    pub fn next_question(&self, customer: CustomerId) -> Result<Option<VisitQuestion>, BookError> {
        self.picture(customer, |picture| {
            next_ask(picture).as_ref().map(VisitQuestion::from)
        })
    }

    /// What to promise before the customer leaves: ask before `leave`. None where nothing asks for it, where something was promised in this
    /// visit already, and to who wants no contact. It is proposed, not made. The look is logged.
    pub fn proposed_promise(
        &self,
        customer: CustomerId,
    ) -> Result<Option<ProposedPromise>, BookError> {
        self.picture(customer, |picture| {
            next_promise(picture).map(ProposedPromise::from)
        })
    }

    /// Writes down that what is in doubt is so (`yes`) or is not so, in the customer's words.
    pub fn answer_question(
        &self,
        customer: CustomerId,
        yes: bool,
    ) -> Result<RecordedEdit, BookError> {
        self.reply(customer, if yes { Reply::Yes } else { Reply::No })
    }

    /// Writes down which side of a conflict the customer says is right.
    pub fn choose_answer(
        &self,
        customer: CustomerId,
        choice: EditId,
    ) -> Result<RecordedEdit, BookError> {
        self.reply(customer, Reply::Choose(choice))
    }

    /// Writes down what is right instead of what is in doubt.
    pub fn answer_instead(
        &self,
        customer: CustomerId,
        value: String,
    ) -> Result<RecordedEdit, BookError> {
        self.reply(customer, Reply::Instead(value))
    }

    /// What they gave beside what we gave, its line in the reader's language. The look is logged.
    pub fn value_ledger(
        &self,
        customer: CustomerId,
        language: Language,
    ) -> Result<ValueLedger, BookError> {
        self.picture(customer, |picture| {
            ValueLedger::new(&ledger(picture), language)
        })
    }

    /// What whoever takes over is handed, as JSON: brief, open promises, confirmed preferences, the last dealings. The look is logged.
    pub fn handover_pack_json(&self, customer: CustomerId) -> Result<String, BookError> {
        let pack = self.picture(customer, Pack::of)?;
        serde_json::to_string(&pack).map_err(|error| BookError::bug("writing a pack", &error))
    }

    /// What the playbook owes this customer and what became of it, in the order in which it closes; titles in the reader's language.
    /// The look is logged.
    pub fn owed(
        &self,
        customer: CustomerId,
        language: Language,
    ) -> Result<Vec<OwedItem>, BookError> {
        self.log_look(customer)?;
        let now = self.shelf.now();
        guarded(|| {
            self.shelf.with(|core, store| {
                let tx = store.read()?;
                let playbook = Core::playbook(&*tx)?;
                let owed = core.owed(&*tx, customer, now)?;
                Ok(owed
                    .into_iter()
                    .map(|one| OwedItem {
                        title: title_of(&playbook, &one.item, language),
                        state: one.state,
                        id: one.id,
                        item: one.item,
                        opens: one.opens_at,
                        closes: one.closes_at,
                        done_at: one.done_at,
                        sources: one.sources,
                    })
                    .collect())
            })
        })
    }

    /// Whether the customer may be contacted now over this channel for this purpose, by oneself or through the hub.
    /// Ask before calling or writing; talking in the shop needs no leave. To record an ask for a message asks this too.
    /// `content` names the campaign or holds the words, so that nobody gets the same twice.
    pub fn may_contact(
        &self,
        customer: CustomerId,
        channel: Channel,
        purpose: Purpose,
        way: ContactWay,
        content: Option<String>,
        is_reply: bool,
    ) -> Result<ContactVerdict, BookError> {
        let request = Request {
            channel,
            purpose,
            content: content.as_deref().map(content_of),
            is_reply,
            way: way.into(),
            ask: None,
        };
        let now = self.shelf.now();
        guarded(|| {
            let verdict = self.shelf.with(|core, store| {
                Ok(core.guard(&*store.read()?, (customer, &request), now)?)
            })?;
            Ok(verdict.into())
        })
    }

    /// What is owed today, the earliest close first, as far as `minutes` of work reach; `whose` names an associate, nobody means the whole shop.
    /// The day ends at `ends`; titles are in the reader's language. Only what changed is worked out anew.
    pub fn today(
        &self,
        whose: Option<AssociateId>,
        ends: Timestamp,
        minutes: u32,
        language: Language,
    ) -> Result<Today, BookError> {
        let made = self.prepare_today()?;
        let now = self.shelf.now();
        let shift = Shift {
            of: whose,
            now,
            ends,
            minutes,
        };
        let is_complete = usize::try_from(made).is_ok_and(|made| made < DUE_AT_ONCE);
        guarded(|| {
            self.shelf.with(|core, store| {
                let tx = store.read()?;
                let playbook = Core::playbook(&*tx)?;
                let plan = core.today(&*tx, &shift, now)?;
                let line = |mut item: CoreItem| {
                    let words = item.words.take();
                    let title = match (item.kind, words) {
                        (DueKind::Guest, Some(event)) => language.due_of_guest(&event),
                        (_, Some(words)) => words,
                        (DueKind::Obligation, None) => title_of(&playbook, &item.item, language),
                        (DueKind::Promise | DueKind::Arrival | DueKind::Guest, None) => {
                            language.due(item.kind)
                        }
                    };
                    let row = projection::read_row(&*tx, item.customer)?;
                    let name = row.map_or_else(String::new, |row| row.name);
                    Ok(TodayItem::new(item, name, title))
                };
                Ok(Today::new(plan, is_complete, line)?)
            })
        })
    }

    /// Works out what is due for customers of whom that is not known yet, at most 250 at once; 0 when all are known.
    /// After a first sync an app calls this while it is idle.
    pub fn prepare_today(&self) -> Result<u32, BookError> {
        let now = self.shelf.now();
        guarded(|| {
            let made = self.shelf.with(|core, store| {
                if due::is_complete(&*store.read()?, now)? {
                    return Ok(0);
                }
                let mut tx = store.write()?;
                let made = core.make_due(&mut *tx, DUE_AT_ONCE, now)?;
                tx.commit()?;
                Ok(made)
            })?;
            Ok(u32::try_from(made).unwrap_or(u32::MAX))
        })
    }

    /// What is left to spend on gestures today, by whoever works, on this handheld.
    pub fn gesture_budget(&self) -> Result<Vec<GestureBudget>, BookError> {
        let now = self.shelf.now();
        guarded(|| {
            let left = self.shelf.with(|core, store| {
                let shop = core.author(now)?.shop;
                let held = core.held(&*store.read()?, now)?;
                Ok(held.gestures_left(shop, now))
            })?;
            Ok(left.into_iter().map(GestureBudget::from).collect())
        })
    }

    /// Makes a gesture within today's budget: spends the right and records why, in one transaction, offline too.
    pub fn make_gesture(
        &self,
        customer: CustomerId,
        reason: String,
        minor: i64,
        currency: Option<String>,
    ) -> Result<RecordedEdit, BookError> {
        let now = self.shelf.now();
        let currency = currency.map(|name| name.parse()).transpose();
        let currency = currency.map_err(|_unknown| {
            BookError::invalid(
                "currency",
                "name the currency as ISO 4217 does, such as EUR",
            )
        })?;
        self.write_edit(customer, |core, tx| {
            let mut held = core.held(tx.as_read(), now)?;
            let gesture = Gesture {
                customer,
                reason,
                amount_minor: minor,
                currency,
                shop: core.author(now)?.shop,
            };
            let spent = spend(&mut held, &gesture, now)
                .map_err(|error| BookError::invalid("gesture", error.to_string()))?;
            Core::keep_marks(tx, &held)?;
            Ok(Edit::RecordInteraction {
                kind: InteractionKind::Gesture,
                visit: None,
                channel: None,
                sku: None,
                by_customer: false,
                summary: Some(spent.reason),
                act: None,
                about: None,
                spent: Some(Spent {
                    minor: spent.spent.0,
                    right: spent.spent.1,
                }),
            })
        })
    }

    /// What in a note the customer should not have to read, in English and French; it never changes or throws away a word.
    pub fn check_note(&self, text: String) -> Result<Vec<NoteWarning>, BookError> {
        guarded(|| {
            let linter = Linter::new(Language::ALL);
            let found = linter.warnings(&text);
            Ok(found
                .iter()
                .map(|warning| NoteWarning::new(&text, warning))
                .collect())
        })
    }

    /// Whether the chain may know somebody with this number or address already, asked offline; nobody's data is on this handheld for it.
    pub fn may_exist(&self, kind: EndpointKind, endpoint: String) -> Result<MayExist, BookError> {
        guarded(|| {
            self.shelf.pass().check(self.shelf.now())?;
            let store = self.shelf.store()?;
            let found = duplicates::look_up(&*store.read()?, kind, &endpoint)
                .map_err(|error| BookError::invalid("endpoint", error.to_string()))?;
            Ok(match found {
                Warning::MayExist => MayExist::Maybe,
                Warning::Absent => MayExist::No,
                Warning::NotHere => MayExist::Unknown,
            })
        })
    }
}

impl Book {
    /// Works on a customer seen whole, whose look is logged.
    fn picture<T>(
        &self,
        customer: CustomerId,
        work: impl FnOnce(&Picture<'_>) -> T,
    ) -> Result<T, BookError> {
        self.log_look(customer)?;
        let now = self.shelf.now();
        guarded(|| {
            self.shelf.with(|core, store| {
                let seen = core.seen_whole(&*store.read()?, customer, now)?;
                Ok(work(&seen.picture()))
            })
        })
    }

    fn reply(&self, customer: CustomerId, reply: Reply) -> Result<RecordedEdit, BookError> {
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        guarded(|| {
            let (recorded, cards) = self.shelf.write(|core, tx| {
                let seen = core.seen_whole(tx.as_read(), customer, now)?;
                let picture = seen.picture();
                let edit = next_ask(&picture).and_then(|ask| ask.answer(&reply));
                let edit = edit.ok_or_else(|| {
                    BookError::invalid("question", "this does not answer what is asked: look again")
                })?;
                // The question was asked of the person, and the answer counts on each of their cards.
                let cards = picture.whole.members.clone();
                let source = edit.usual_source();
                let about = (customer, &edit);
                let recorded = core.record(tx, about, source, (now, &mut entropy))?;
                Ok((recorded, cards))
            })?;
            let changed = cards.into_iter();
            let changed = changed.map(|customer| Change::Customer { customer });
            self.shelf.changes.push(changed.chain([Change::Outbox]));
            self.shelf.news.notify_one();
            Ok(recorded.into())
        })
    }
}

/// What the playbook calls an item, in this language where it has a name in it.
fn title_of(playbook: &Playbook, item: &str, language: Language) -> String {
    let known = playbook.item(item);
    known
        .map_or(item, |item| item.name_in(language.code()))
        .to_owned()
}
