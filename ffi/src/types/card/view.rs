//! From the core's view of a card to the records that cross the border.

use sync_core::card::edit::Spent;
use sync_core::card::terms::NamePart;
use sync_core::card::view::{self, CardView, Fact};
use sync_core::ids::CustomerId;

use super::{
    Allergy, Card, ConflictChoice, ConflictView, Consent, ContactWish, Endpoint, Ground,
    InteractionLine, NamePartLine, Note, NoteText, Occasion, Preference, PromiseLine, Reaction,
    RelationshipLine, Size, TextFact, Visit, Wish,
};

/// A fact taken apart.
pub(super) fn split<T>(fact: Fact<T>) -> (T, Ground) {
    let ground = Ground {
        sources: fact.sources,
        by: fact.by,
        shop: fact.shop,
        at: fact.at,
        source: fact.source,
        needs_confirmation: fact.needs_confirmation,
    };
    (fact.value, ground)
}

pub(super) fn text_fact(fact: Fact<String>) -> TextFact {
    let (text, ground) = split(fact);
    TextFact { text, ground }
}

fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl Card {
    pub(crate) fn new(customer: CustomerId, view: CardView) -> Self {
        Self {
            customer,
            name: view.name.shown(),
            name_parts: name_parts(view.name),
            since: view.since,
            endpoints: each(view.endpoints),
            consents: each(view.consents),
            agreement: view.agreement.map(|fact| fact.value),
            may_conclude: view.allowance.may_conclude,
            may_invite: view.allowance.may_invite,
            contact: view.contact.into(),
            preferences: each(view.preferences),
            sizes: each(view.sizes),
            allergies: each(view.allergies),
            notes: each(view.notes),
            occasions: each(view.occasions),
            relationships: each(view.relationships),
            wishes: each(view.wishes),
            surprises: each(view.surprises),
            promises: each(view.promises),
            visits: each(view.visits),
            interactions: each(view.interactions),
            reactions: each(view.reactions),
            tags: view.tags.into_iter().map(|fact| fact.value).collect(),
            needs: each(view.needs),
            suggestions: each(view.suggestions),
            links: each(view.links),
            asks: each(view.asks),
            invitations: each(view.invitations),
            conflicts: each(view.conflicts),
            newer_fields: u32::try_from(view.unknown.len()).unwrap_or(u32::MAX),
        }
    }
}

fn name_parts(name: view::NameView) -> Vec<NamePartLine> {
    let parts = [
        (NamePart::Address, name.address),
        (NamePart::Display, name.display),
        (NamePart::Family, name.family),
        (NamePart::Given, name.given),
        (NamePart::Pronunciation, name.pronunciation),
        (NamePart::Salutation, name.salutation),
    ];
    let known = |(part, fact): (NamePart, Option<Fact<String>>)| {
        let (text, ground) = split(fact?);
        Some(NamePartLine { part, text, ground })
    };
    parts.into_iter().filter_map(known).collect()
}

impl From<view::EndpointView> for Endpoint {
    fn from(view: view::EndpointView) -> Self {
        let (value, ground) = split(view.value);
        Self {
            kind: view.kind,
            value,
            status: view.status,
            ground,
        }
    }
}

impl From<view::ConsentView> for Consent {
    fn from(view: view::ConsentView) -> Self {
        Self {
            channel: view.channel,
            purpose: view.purpose,
            decision: view.decision,
            sources: view.sources,
            at: view.at,
        }
    }
}

impl From<view::ContactView> for ContactWish {
    fn from(view: view::ContactView) -> Self {
        let blocked = |fact: Fact<Option<String>>| {
            let (reason, ground) = split(fact);
            TextFact {
                text: reason.unwrap_or_default(),
                ground,
            }
        };
        let mode = view.mode.as_ref();
        Self {
            blocked: view.blocked.map(blocked),
            paused_until: view.paused_until.map(|fact| fact.value),
            mode_needs_confirmation: mode.is_some_and(|fact| fact.needs_confirmation),
            mode: mode.map(|fact| fact.value),
            language: view.language.map(text_fact),
            channels: view.channels.map(|fact| fact.value).unwrap_or_default(),
            owner_only: view.owner_only.map(blocked),
            is_minor: view.is_minor.map(|fact| fact.value),
        }
    }
}

impl From<view::PreferenceView> for Preference {
    fn from(view: view::PreferenceView) -> Self {
        let (value, ground) = split(view.value);
        Self {
            id: view.id,
            kind: view.kind,
            subject: view.subject,
            value,
            polarity: view.polarity,
            strength: view.strength,
            last_at: view.last_at,
            days_seen: view.days_seen,
            ground,
        }
    }
}

impl From<view::SizeView> for Size {
    fn from(view: view::SizeView) -> Self {
        let (size, ground) = split(view.size);
        Self {
            category: view.category,
            system: view.system,
            brand: view.brand,
            size,
            ground,
        }
    }
}

impl From<view::AllergyView> for Allergy {
    fn from(view: view::AllergyView) -> Self {
        let (substance, ground) = split(view.substance);
        Self {
            substance,
            severity: view.severity,
            cause: view.cause.map(|fact| fact.value),
            ground,
        }
    }
}

impl From<view::NoteVersion> for NoteText {
    fn from(version: view::NoteVersion) -> Self {
        Self {
            edit: version.edit,
            body: version.body,
            by: version.by,
            at: version.at,
        }
    }
}

impl From<view::NoteView> for Note {
    fn from(view: view::NoteView) -> Self {
        Self {
            note: view.id,
            place: view.place,
            title: view.title.map(|fact| fact.value),
            versions: each(view.versions),
            label: view.label,
            archived: view.archived,
            pinned: view.pinned,
            redacted: view.redacted,
            moved_to: view.moved_to,
            pending: each(view.pending),
        }
    }
}

impl From<view::OccasionView> for Occasion {
    fn from(view: view::OccasionView) -> Self {
        Self {
            kind: view.kind,
            person: view.person,
            year: view.year,
            month: view.month,
            day: view.day,
            celebrate: view.celebrate,
            needs_confirmation: view.needs_confirmation,
        }
    }
}

impl From<view::RelationshipView> for RelationshipLine {
    fn from(view: view::RelationshipView) -> Self {
        Self {
            kind: view.kind,
            other: view.other.value,
            name: view.name,
        }
    }
}

impl From<view::WishView> for Wish {
    fn from(view: view::WishView) -> Self {
        let (sku, ground) = split(view.sku);
        Self {
            sku,
            quantity: view.quantity,
            note: view.note.map(|fact| fact.value),
            surprise_until: view.surprise_until,
            fulfilled: view.fulfilled,
            ground,
        }
    }
}

impl From<view::PromiseView> for PromiseLine {
    fn from(view: view::PromiseView) -> Self {
        let is_open = view.is_open();
        let (what, ground) = split(view.what);
        Self {
            promise: view.id,
            what,
            status: view.status,
            is_open,
            overdue: view.overdue,
            due: view.due,
            assignees: view.assignees,
            ground,
        }
    }
}

impl From<view::VisitView> for Visit {
    fn from(view: view::VisitView) -> Self {
        let (with, ground) = split(view.arrived);
        Self {
            visit: view.id,
            open: view.open,
            with,
            ground,
            captured: view.captured.into_iter().map(text_fact).collect(),
            closed_at: view.closed_at,
            thread: view.thread.map(text_fact),
        }
    }
}

impl From<view::InteractionView> for InteractionLine {
    fn from(view: view::InteractionView) -> Self {
        let (summary, ground) = split(view.summary);
        Self {
            interaction: view.id,
            kind: view.kind,
            visit: view.visit,
            channel: view.channel,
            sku: view.sku,
            by_customer: view.by_customer,
            summary,
            act: view.act,
            about: view.about,
            spent: view.spent.map(|(minor, right)| Spent { minor, right }),
            ground,
        }
    }
}

impl From<view::ReactionView> for Reaction {
    fn from(view: view::ReactionView) -> Self {
        let (sentiment, ground) = split(view.sentiment);
        Self {
            sku: view.sku,
            sentiment,
            words: view.words,
            superseded: view.superseded,
            ground,
        }
    }
}

impl From<view::ConflictOption> for ConflictChoice {
    fn from(option: view::ConflictOption) -> Self {
        Self {
            edit: option.edit,
            text: option.text,
            by: option.by,
            shop: option.shop,
            at: option.at,
            source: option.source,
        }
    }
}

impl From<view::Conflict> for ConflictView {
    fn from(conflict: view::Conflict) -> Self {
        Self {
            place: conflict.place,
            path: conflict.path,
            question: conflict.question,
            settlement: conflict.settlement,
            choices: each(conflict.options),
        }
    }
}
