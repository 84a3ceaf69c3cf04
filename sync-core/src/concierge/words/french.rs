//! The phrases in French, as associates note things down: infinitives, no pronoun for the customer, who is a *cliente* as often as a *client*.
//!
//! What people wrote stands behind a colon or in brackets where an article would have to agree with it.
//! Spaces before `:`, `?` and inside guillemets are written as plain ones here and made unbreakable by [`spaced`].

use super::{Answer, Asked, Phrase, Topic};
use crate::card::terms::{NamePart, OccasionKind, Polarity, ServiceMode, Severity};
use crate::concierge::ledger::EntryKind;
use crate::concierge::today::DueKind;
use crate::search::fold::{Spelling, fold};

pub(super) const fn template(phrase: Phrase) -> &'static str {
    match phrase {
        // What to avoid.
        Phrase::Allergy => "Allergie : {substance} ({severity})",
        Phrase::AllergyDisputed => "Allergie : {substance} ({severity}, à confirmer)",
        Phrase::Severity(known) => severity(known),
        Phrase::Never => "Jamais : {about}",
        Phrase::About => "{subject} ({value})",
        Phrase::DoNotContact => "Ne pas contacter",
        Phrase::Paused => "Aucun contact pendant {days}",
        Phrase::Quick => "Faire vite",
        Phrase::LeaveAlone => "Laisser tranquille",
        Phrase::OwnerOnly => "Laisser à {name}",
        Phrase::OwnerUnknown => "Réservé au conseiller attitré",
        Phrase::Guarded => "Sujet délicat : lire la note",
        Phrase::Secret => "Secret : {article}",
        Phrase::Complaint => "Réclamation ouverte : régler avant de vendre",
        Phrase::Disliked => "A déplu : {article}",
        Phrase::Avoid => "Éviter : {about}",
        // What to say.
        Phrase::Greeting => "{address}. Dernière fois : {thread}",
        Phrase::Thread => "Dernière fois : {thread}",
        // What to do.
        Phrase::Promise => "Promesse : {what}",
        Phrase::PromiseToday => "Promesse pour aujourd’hui : {what}",
        Phrase::PromiseOverdue => "Promesse, {days} de retard : {what}",
        Phrase::PromiseDue => "Promesse d’ici {days} : {what}",
        Phrase::Answered(asked, answer) => answered(asked, answer),
        Phrase::Told => "{head} : {rest}",
        Phrase::Recovery => "À rattraper : {article}",
        Phrase::RecoverySince => "À rattraper : {article} (depuis {days})",
        Phrase::WhatWentWrong => "l’incident",
        Phrase::Mark => "Marquer {day} {when}",
        Phrase::MarkAsk => "Demander s’il faut marquer {day} {when}",
        Phrase::Day(known) => day(known),
        Phrase::DayOf => "{day} {of:person}",
        Phrase::Suggestion => "Répondre à « {what} » : {answer}",
        Phrase::WishHere => "Souhait : {article}, ici",
        Phrase::WishCheck => "Souhait : {article}, stock à vérifier{age}",
        Phrase::WishElsewhere => "Souhait : {article}, boutique {shop}{age}",
        Phrase::WishToday => "Souhait : {article}, arrivage de {quantity} aujourd’hui",
        Phrase::WishArriving => "Souhait : {article}, arrivage de {quantity} dans {days}",
        Phrase::Counted => " (compté il y a {hours} h)",
        Phrase::Need => "Montrer {article} pour : {what}",
        Phrase::Ask => "À préciser : {topic}, {options} ?",
        Phrase::Topic(topic) => about(topic),
        Phrase::Or => " ou ",
        Phrase::NamePart(known) => name_part(known),
        Phrase::Mode(known) => mode(known),
        Phrase::Polarity(known) => polarity(known),
        Phrase::ConfirmLikes => "Goût à confirmer : {about}",
        Phrase::ConfirmAvoids => "Aversion à confirmer : {about}",
        Phrase::ConfirmSize => "Taille à confirmer : {about}",
        Phrase::Reaction => "Demander si {article} convient",
        // When.
        Phrase::Today => "aujourd’hui",
        Phrase::In => "dans {days}",
        Phrase::TodayAt => "aujourd’hui à {time}",
        Phrase::InAt => "dans {days} à {time}",
        Phrase::Clock => "{hour}h{minutes}",
        Phrase::OnTheHour => "{hour}h",
        Phrase::Days(true) => "{count} jour",
        Phrase::Days(false) => "{count} jours",
        // Who gave what, and what is due.
        Phrase::Ledger => "De sa part : {gave}. De notre part : {received}.",
        Phrase::LedgerNothing => "rien encore",
        Phrase::Entry(kind, is_one) => entry(kind, is_one),
        Phrase::Due(known) => due(known),
        Phrase::DueOfGuest => "avis à recueillir : {event}",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Mild => "légère",
        Severity::Serious => "grave",
        Severity::Dangerous => "dangereuse",
    }
}

const fn day(day: OccasionKind) -> &'static str {
    match day {
        OccasionKind::Birthday => "l’anniversaire",
        OccasionKind::Anniversary => "la date anniversaire",
        OccasionKind::NameDay => "la fête",
        OccasionKind::Holiday => "les fêtes",
        OccasionKind::Milestone => "l’événement",
    }
}

const fn name_part(name_part: NamePart) -> &'static str {
    match name_part {
        NamePart::Address => "formule d’adresse",
        NamePart::Display => "nom affiché",
        NamePart::Family => "nom de famille",
        NamePart::Given => "prénom",
        NamePart::Pronunciation => "prononciation",
        NamePart::Salutation => "civilité",
    }
}

const fn mode(mode: ServiceMode) -> &'static str {
    match mode {
        ServiceMode::Concierge => "service complet",
        ServiceMode::Guided => "service guidé",
        ServiceMode::Quick => "service rapide",
        ServiceMode::LeaveAlone => "tranquillité",
    }
}

const fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Dropped => "plus d’actualité",
        Polarity::Like => "aimer",
        Polarity::Avoid => "éviter",
        Polarity::Never => "jamais",
    }
}

const fn due(due: DueKind) -> &'static str {
    match due {
        DueKind::Promise => "promesse",
        DueKind::Arrival => "sur place",
        DueKind::Obligation => "standard de la maison",
        DueKind::Guest => "avis à recueillir sur l’événement",
    }
}

const fn answered(asked: Asked, answer: Answer) -> &'static str {
    match (asked, answer) {
        (Asked::Appointment, Answer::Confirmed) => "Rendez-vous confirmé",
        (Asked::Appointment, Answer::Countered) => "Rendez-vous, autre proposition",
        (Asked::Appointment, Answer::Refused) => "Rendez-vous refusé",
        (Asked::Reservation, Answer::Confirmed) => "Réservation confirmée ({subject})",
        (Asked::Reservation, Answer::Countered) => "Réservation, autre proposition ({subject})",
        (Asked::Reservation, Answer::Refused) => "Réservation refusée ({subject})",
        (Asked::Seat, Answer::Confirmed) => "Place confirmée ({subject})",
        (Asked::Seat, Answer::Countered) => "Place, autre proposition ({subject})",
        (Asked::Seat, Answer::Refused) => "Place refusée ({subject})",
    }
}

const fn about(topic: Topic) -> &'static str {
    match topic {
        Topic::Name => "{subject}",
        Topic::Size => "taille {subject}",
        Topic::Preference => "préférence {subject}",
        Topic::Polarity => "goût {subject}",
        Topic::Allergy => "allergie {subject}",
        Topic::ServiceMode => "accueil",
        Topic::Language => "langue",
        Topic::Channels => "moyens de contact",
        Topic::Occasion => "date {of:subject}",
        Topic::Wish => "souhait {subject}",
        Topic::Invitation => "invitation {subject}",
    }
}

const fn entry(kind: EntryKind, is_one: bool) -> &'static str {
    match (kind, is_one) {
        (EntryKind::Purchase, true) => "{count} achat",
        (EntryKind::Purchase, false) => "{count} achats",
        (EntryKind::Return, true) => "{count} retour",
        (EntryKind::Return, false) => "{count} retours",
        (EntryKind::Feedback, _) => "{count} avis",
        (EntryKind::Introduction, true) => "{count} personne présentée",
        (EntryKind::Introduction, false) => "{count} personnes présentées",
        (EntryKind::Gesture, true) => "{count} attention",
        (EntryKind::Gesture, false) => "{count} attentions",
        (EntryKind::Advice, true) => "{count} conseil",
        (EntryKind::Advice, false) => "{count} conseils",
        (EntryKind::Repair, true) => "{count} réparation",
        (EntryKind::Repair, false) => "{count} réparations",
        (EntryKind::Referral, true) => "{count} orientation honnête ailleurs",
        (EntryKind::Referral, false) => "{count} orientations honnêtes ailleurs",
    }
}

/// Spaces that no line may break at: before double punctuation, and inside guillemets.
pub(super) fn spaced(piece: &str) -> String {
    let marks = [" :", " ?", " !", " ;", " »"];
    let spaced = marks.iter().fold(piece.to_owned(), |text, mark| {
        text.replace(mark, &mark.replace(' ', "\u{a0}"))
    });
    spaced.replace("« ", "«\u{a0}")
}

/// `de Léa`, `d’Anne`, `du grand-père`, `des parents`.
pub(super) fn of_something(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("le ") {
        return format!("du {rest}");
    }
    if let Some(rest) = text.strip_prefix("les ") {
        return format!("des {rest}");
    }
    if is_elided_before(text) {
        format!("d’{text}")
    } else {
        format!("de {text}")
    }
}

/// Whether *de* loses its vowel: before a vowel, before *y* and a consonant (*Yves*, not *Yasmine*), and before *h* unless *a* follows:
/// names as *Hélène* and *Hugo* have a silent one, those as *Hans* and *Hassan* have not.
fn is_elided_before(text: &str) -> bool {
    let folded = fold(text, Spelling::Plain);
    let mut letters = folded.chars();
    let is_vowel = |letter: char| matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u');
    let (first, second) = (letters.next(), letters.next());
    match first {
        Some('h') => second.is_some_and(|letter| is_vowel(letter) && letter != 'a'),
        Some('y') => second.is_some_and(|letter| letter.is_alphabetic() && !is_vowel(letter)),
        first => first.is_some_and(is_vowel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn de_is_elided_as_it_is_spoken() {
        for (text, said) in [
            ("Léa", "de Léa"),
            ("Anne", "d’Anne"),
            ("Élodie", "d’Élodie"),
            ("Yves", "d’Yves"),
            ("Yasmine", "de Yasmine"),
            ("Hélène", "d’Hélène"),
            ("Hassan", "de Hassan"),
            ("le fils", "du fils"),
            ("les parents", "des parents"),
            ("l’anniversaire", "de l’anniversaire"),
            ("王女士", "de 王女士"),
        ] {
            assert_eq!(of_something(text), said);
        }
    }
}
