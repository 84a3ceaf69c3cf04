//! The phrases in English.

use super::{Answer, Asked, Phrase, Topic};
use crate::card::terms::{NamePart, OccasionKind, Polarity, ServiceMode, Severity};
use crate::concierge::ledger::EntryKind;
use crate::concierge::today::DueKind;

pub(super) const fn template(phrase: Phrase) -> &'static str {
    match phrase {
        // What to avoid.
        Phrase::Allergy => "Allergy: {substance} ({severity})",
        Phrase::AllergyDisputed => "Allergy: {substance} ({severity}, ask again)",
        Phrase::Severity(known) => severity(known),
        Phrase::Never => "Never {about}",
        Phrase::About => "{subject}: {value}",
        Phrase::DoNotContact => "Do not contact",
        Phrase::Paused => "No contact for {days}",
        Phrase::Quick => "Keep it quick",
        Phrase::LeaveAlone => "Leave alone",
        Phrase::OwnerOnly => "Leave to {name}",
        Phrase::OwnerUnknown => "Leave to their advisor",
        Phrase::Guarded => "Guarded topic: read the note",
        Phrase::Secret => "Secret: {article}",
        Phrase::Complaint => "Open complaint: solve it before selling",
        Phrase::Disliked => "Disliked {article}",
        Phrase::Avoid => "Avoid {about}",
        // What to say.
        Phrase::Greeting => "{address}. Last time: {thread}",
        Phrase::Thread => "Last time: {thread}",
        // What to do.
        Phrase::Promise => "Promise: {what}",
        Phrase::PromiseToday => "Promise due today: {what}",
        Phrase::PromiseOverdue => "Promise overdue {days}: {what}",
        Phrase::PromiseDue => "Promise due in {days}: {what}",
        Phrase::Answered(asked, answer) => answered(asked, answer),
        Phrase::Told => "{head}: {rest}",
        Phrase::Recovery => "Set right {article}",
        Phrase::RecoverySince => "Set right {article}, open {days}",
        Phrase::WhatWentWrong => "what went wrong",
        Phrase::Mark => "Mark {day} {when}",
        Phrase::MarkAsk => "Ask whether to mark {day} {when}",
        Phrase::Day(known) => day(known),
        Phrase::DayOf => "{day} {of:person}",
        Phrase::Suggestion => "Tell the answer to “{what}”: {answer}",
        Phrase::WishHere => "Wish: {article}, here",
        Phrase::WishCheck => "Wish: {article}, check stock{age}",
        Phrase::WishElsewhere => "Wish: {article}, at {shop}{age}",
        Phrase::WishToday => "Wish: {article}, {quantity} arriving today",
        Phrase::WishArriving => "Wish: {article}, {quantity} arriving in {days}",
        Phrase::Counted => " (counted {hours} h ago)",
        Phrase::Need => "Show {article} for: {what}",
        Phrase::Ask => "Ask {topic}: {options}?",
        Phrase::Topic(topic) => about(topic),
        Phrase::Or => " or ",
        Phrase::NamePart(known) => name_part(known),
        Phrase::Mode(known) => mode(known),
        Phrase::Polarity(known) => polarity(known),
        Phrase::ConfirmLikes => "Ask: still likes {about}?",
        Phrase::ConfirmAvoids => "Ask: still avoids {about}?",
        Phrase::ConfirmSize => "Ask: still {about}?",
        Phrase::Reaction => "Ask how {article} does",
        // When.
        Phrase::Today => "today",
        Phrase::In => "in {days}",
        Phrase::TodayAt => "today at {time}",
        Phrase::InAt => "in {days} at {time}",
        Phrase::Clock => "{hour}:{minutes}",
        Phrase::OnTheHour => "{hour}:00",
        Phrase::Days(true) => "{count} day",
        Phrase::Days(false) => "{count} days",
        // Who gave what, and what is due.
        Phrase::Ledger => "From them: {gave}. From us: {received}.",
        Phrase::LedgerNothing => "nothing yet",
        Phrase::Entry(kind, is_one) => entry(kind, is_one),
        Phrase::Due(known) => due(known),
        Phrase::DueOfGuest => "what they thought of {event}",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Mild => "mild",
        Severity::Serious => "serious",
        Severity::Dangerous => "dangerous",
    }
}

const fn day(day: OccasionKind) -> &'static str {
    match day {
        OccasionKind::Birthday => "birthday",
        OccasionKind::Anniversary => "anniversary",
        OccasionKind::NameDay => "name day",
        OccasionKind::Holiday => "holiday",
        OccasionKind::Milestone => "milestone",
    }
}

const fn name_part(name_part: NamePart) -> &'static str {
    match name_part {
        NamePart::Address => "form of address",
        NamePart::Display => "name shown",
        NamePart::Family => "family name",
        NamePart::Given => "given name",
        NamePart::Pronunciation => "pronunciation",
        NamePart::Salutation => "salutation",
    }
}

const fn mode(mode: ServiceMode) -> &'static str {
    match mode {
        ServiceMode::Concierge => "everything",
        ServiceMode::Guided => "guided",
        ServiceMode::Quick => "quick",
        ServiceMode::LeaveAlone => "left alone",
    }
}

const fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Dropped => "no longer",
        Polarity::Like => "like",
        Polarity::Avoid => "avoid",
        Polarity::Never => "never",
    }
}

const fn due(due: DueKind) -> &'static str {
    match due {
        DueKind::Promise => "promise",
        DueKind::Arrival => "here now",
        DueKind::Obligation => "standard of the house",
        DueKind::Guest => "what they thought of the event",
    }
}

const fn answered(asked: Asked, answer: Answer) -> &'static str {
    match (asked, answer) {
        (Asked::Appointment, Answer::Confirmed) => "Appointment confirmed",
        (Asked::Appointment, Answer::Countered) => "Appointment countered",
        (Asked::Appointment, Answer::Refused) => "Appointment refused",
        (Asked::Reservation, Answer::Confirmed) => "Reservation {of:subject} confirmed",
        (Asked::Reservation, Answer::Countered) => "Reservation {of:subject} countered",
        (Asked::Reservation, Answer::Refused) => "Reservation {of:subject} refused",
        (Asked::Seat, Answer::Confirmed) => "Seat at {subject} confirmed",
        (Asked::Seat, Answer::Countered) => "Seat at {subject} countered",
        (Asked::Seat, Answer::Refused) => "Seat at {subject} refused",
    }
}

const fn about(topic: Topic) -> &'static str {
    match topic {
        Topic::Name => "{subject}",
        Topic::Size => "size {subject}",
        Topic::Preference => "preference {subject}",
        Topic::Polarity => "taste in {subject}",
        Topic::Allergy => "allergy {subject}",
        Topic::ServiceMode => "how much company",
        Topic::Language => "language",
        Topic::Channels => "channels",
        Topic::Occasion => "date {of:subject}",
        Topic::Wish => "wish {subject}",
        Topic::Invitation => "invitation {subject}",
    }
}

const fn entry(kind: EntryKind, is_one: bool) -> &'static str {
    match (kind, is_one) {
        (EntryKind::Purchase, true) => "{count} purchase",
        (EntryKind::Purchase, false) => "{count} purchases",
        (EntryKind::Return, true) => "{count} return",
        (EntryKind::Return, false) => "{count} returns",
        (EntryKind::Feedback, true) => "{count} word of feedback",
        (EntryKind::Feedback, false) => "{count} words of feedback",
        (EntryKind::Introduction, true) => "{count} introduction",
        (EntryKind::Introduction, false) => "{count} introductions",
        (EntryKind::Gesture, true) => "{count} gesture",
        (EntryKind::Gesture, false) => "{count} gestures",
        (EntryKind::Advice, true) => "{count} piece of advice",
        (EntryKind::Advice, false) => "{count} pieces of advice",
        (EntryKind::Repair, true) => "{count} repair",
        (EntryKind::Repair, false) => "{count} repairs",
        (EntryKind::Referral, true) => "{count} honest referral",
        (EntryKind::Referral, false) => "{count} honest referrals",
    }
}
