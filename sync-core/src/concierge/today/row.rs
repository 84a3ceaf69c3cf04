//! What may fall due for one customer, from all that is known of them.

use super::{CustomerDue, DueItem, DueKind, Effort, due_of};
use crate::concierge::gap::exact::Share;
use crate::concierge::gap::{Contribution, Settings};
use crate::concierge::obligations::{Obligation, State, obligations};
use crate::concierge::picture::Picture;
use crate::concierge::playbook::Playbook;
use crate::ids::Timestamp;

/// What may fall due for a customer: promises, arrivals, and what the playbook owes. The same on a handheld and on the hub.
#[must_use]
pub fn row_of(picture: &Picture<'_>, playbook: &Playbook) -> CustomerDue {
    let whole = (picture.whole, picture.house);
    let (customer, now) = (picture.customer, picture.now);
    let mut items = due_of(picture, &Effort::default());
    let promises: Vec<_> = items
        .iter()
        .map(|item| (item.about.clone(), item.words.clone()))
        .collect();
    for owed in obligations(customer, whole, playbook, now) {
        let promise = promises.iter().find(|(about, _)| *about == owed.about);
        let words = promise.and_then(|(_, words)| words.clone());
        items.extend(of_playbook(&owed, playbook, now).map(|item| DueItem { words, ..item }));
    }
    let settings = Settings::default();
    let share = Contribution::of(whole, playbook, &settings, now).share(playbook, &settings);
    let wishes = picture.whole.view.wishes.iter();
    let wishes = wishes.filter(|wish| !wish.fulfilled);
    CustomerDue {
        customer,
        wishes: wishes.map(|wish| wish.sku.value.clone()).collect(),
        owner: picture.whole.owner.as_ref().map(|owner| owner.owner),
        delivery_bp: share.map(Share::bp),
        items,
    }
}

/// An obligation that can still be done: in time, or late for half.
fn of_playbook(owed: &Obligation, playbook: &Playbook, now: Timestamp) -> Option<DueItem> {
    let item = playbook.item(&owed.item)?;
    let lapses = item.late.after(owed.closes_at);
    let is_open = match owed.state {
        State::Pending => true,
        State::Missed => now < lapses,
        State::Met | State::Late | State::Excused | State::Void => false,
    };
    is_open.then(|| DueItem {
        id: owed.id.clone(),
        kind: DueKind::Obligation,
        item: owed.item.clone(),
        about: owed.about.clone(),
        weight: item.weight,
        minutes: item.minutes,
        opens: owed.opens_at,
        closes: owed.closes_at,
        lapses: Some(lapses),
        assignees: Vec::new(),
        words: None,
    })
}
