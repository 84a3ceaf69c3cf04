//! What has a time: occasions, promises, visits and other dealings.

use super::group::{Group, item, number};
use super::{
    CardView, Fact, InteractionView, OccasionView, PromiseView, Question, Reading, Settlement,
    VisitView,
};
use crate::card::reduce::{self, Head};
use crate::card::schema::flag;
use crate::card::terms::{Act, Channel, InteractionKind, OccasionKind, PromiseStatus};
use crate::card::value::Value;
use crate::ids::{AssociateId, EditId, Timestamp};
use crate::limits;

impl CardView {
    /// Adds one thing of this file's kinds.
    pub(super) fn add_time(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        match group.entity {
            "interaction" => self.add_interactions(group),
            "occasion" => self.add_occasion(group),
            "promise" => self.add_promise(group, reading),
            _ => self.add_visit(group, reading),
        }
    }

    /// The parts of a date reduce one by one; celebrating it loses to any no.
    fn add_occasion(&mut self, group: &Group<'_>) {
        let heads = group.heads("date");
        let date = reduce::parts(heads);
        let items = date.value.as_list().unwrap_or_default();
        let text = |at: usize| items.get(at).and_then(Value::as_text);
        let Some(kind) = text(0).and_then(OccasionKind::parse) else {
            return;
        };
        let person = text(1).map(str::to_owned);
        if date.is_disputed {
            let person = person.clone();
            let question = Question::Occasion { kind, person };
            let conflict = group.conflict("date", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let celebrate = group.heads("celebrate");
        self.occasions.push(OccasionView {
            id: group.id.to_owned(),
            kind,
            person,
            year: number(&date.value, 2),
            month: number(&date.value, 3),
            day: number(&date.value, 4),
            celebrate: (!celebrate.is_empty()).then(|| !reduce::any_flag(celebrate, false)),
            known_at: heads.iter().map(|head| head.time).min(),
            needs_confirmation: date.is_disputed,
            sources: group.sources(&["date", "celebrate"]),
        });
    }

    /// The status is a lattice in which a kept promise stays kept; of concurrent dates the earlier counts.
    fn add_promise(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        let Some(promise) = group.made_by() else {
            return;
        };
        let question = Question::Promise { promise };
        let Some(what) = group.text("what", question, &mut self.conflicts) else {
            return;
        };
        let statuses = group.heads("status");
        let status = reduce::highest(statuses, PromiseStatus::TEXTS)
            .and_then(PromiseStatus::parse)
            .unwrap_or(PromiseStatus::Open);
        let said = |status: PromiseStatus| {
            statuses
                .iter()
                .filter(|head| head.value().as_text() == Some(status.as_str()))
                .map(|head| head.time)
                .min()
        };
        let kept_at = said(PromiseStatus::Done);
        let flagged = kept_at.is_some() && said(PromiseStatus::Cancelled).is_some();
        let due_disputed = reduce::differ(group.heads("due"));
        let due = reduce::least(group.heads("due")).map(Timestamp);
        let mut view = PromiseView {
            id: promise,
            what,
            status,
            kept_at,
            flagged,
            due,
            due_disputed,
            assignees: assignees(group.heads("assignee")),
            overdue: false,
            sources: group.sources(&["what", "status", "due", "assignee"]),
        };
        view.overdue = view.is_open() && due.is_some_and(|due| due < reading.now);
        self.promise_conflicts(group, &view);
        self.promises.push(view);
    }

    /// What is worth asking about a promise: how it ended, and while it is open by when and by whom.
    fn promise_conflicts(&mut self, group: &Group<'_>, view: &PromiseView) {
        let promise = view.id;
        let mut ask = |name, question| {
            let conflict = group.conflict(name, question, Settlement::Agree);
            self.conflicts.push(conflict);
        };
        if view.flagged {
            ask("status", Question::Outcome { promise });
        }
        if view.due_disputed && view.is_open() {
            ask("due", Question::Due { promise });
        }
        if view.assignees.len() > 1 && view.is_open() {
            ask("assignee", Question::Assignee { promise });
        }
    }

    fn add_visit(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        let arrived = group.heads("arrived");
        let (Some(id), Some(first)) = (group.made_by(), reduce::winner(arrived)) else {
            return;
        };
        let closed = group.heads("closed");
        let age = reading.now.0.saturating_sub(first.time.0);
        let open = closed.is_empty() && age < limits::VISIT_OPEN_MS_MAX;
        let mut captured: Vec<_> = group.heads("captured").iter().filter_map(words).collect();
        captured.sort_by_key(|fact| (fact.at, fact.sources.clone()));
        let thread = reduce::displayed(closed).and_then(words);
        let with = first.value().as_text().map(str::to_owned);
        self.visits.push(VisitView {
            id,
            arrived: Fact::new(with, first, arrived, false),
            captured,
            closed_at: closed.iter().map(|head| head.time).max(),
            thread,
            open,
        });
    }

    fn add_interactions(&mut self, group: &Group<'_>) {
        for kind in InteractionKind::ALL {
            for head in group.heads(kind.as_str()) {
                let items = head.value().as_list().unwrap_or_default();
                let beside = |name| {
                    let mut heads = group.heads(name).iter();
                    heads.find(|one| one.edit == head.edit)
                };
                let (served, spent) = (beside("served"), beside("spent"));
                let summary = item(head, 4).map(str::to_owned);
                self.interactions.push(InteractionView {
                    id: head.edit,
                    kind: *kind,
                    visit: item(head, 0).and_then(|id| id.parse::<EditId>().ok()),
                    channel: item(head, 1).and_then(Channel::parse),
                    sku: item(head, 2).map(str::to_owned),
                    by_customer: items.get(3).and_then(flag).unwrap_or(false),
                    summary: Fact::new(summary, head, &[*head], false),
                    act: served.and_then(|head| item(head, 0)).and_then(Act::parse),
                    about: served.and_then(|head| item(head, 1)).map(str::to_owned),
                    spent: spent.and_then(spending),
                });
            }
        }
    }
}

impl InteractionView {
    /// Whether it is a gesture beyond what it served: one with an act that cost nothing counts as its act alone.
    #[must_use]
    pub fn is_gesture(&self) -> bool {
        self.kind == InteractionKind::Gesture && (self.spent.is_some() || self.act.is_none())
    }
}

/// The words of one entry of a log, with who wrote them.
fn words(head: &Head<'_>) -> Option<Fact<String>> {
    let text = head.value().as_text()?.to_owned();
    Some(Fact::new(text, head, &[*head], false))
}

/// What a gesture cost, and from which right.
fn spending(head: &Head<'_>) -> Option<(i64, String)> {
    Some((number(head.value(), 0)?, item(head, 1)?.to_owned()))
}

/// Who claims a promise, each once, in order of id.
fn assignees(heads: &[Head<'_>]) -> Vec<AssociateId> {
    let mut assignees: Vec<AssociateId> = heads
        .iter()
        .filter_map(|head| head.value().as_text()?.parse().ok())
        .collect();
    assignees.sort_unstable();
    assignees.dedup();
    assignees
}
