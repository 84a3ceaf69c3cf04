//! The table of the schema, sorted by entity and field.

use super::{Class, FieldRule, Guard, IdForm, Reducer, Role, Shape};
use crate::card::terms::{
    Act, Agreement, AskKind, Channel, ConsentEvent, ConsentMethod, EndpointKind, EndpointStatus,
    InvitationState, NeedState, OccasionKind, Place, Polarity, PromiseStatus, Purpose,
    RelationshipKind, Sensitivity, Sentiment, ServiceMode, Severity, SuggestionState,
};

const CARD: &[Place] = &[Place::Card];
const NOTES: &[Place] = &[Place::Card, Place::Shop, Place::Restricted, Place::Private];

const EDIT_ID: Shape = Shape::Id(10);
const CUSTOMER_ID: Shape = Shape::Id(16);
const ASSOCIATE_ID: Shape = Shape::Id(8);
const MAYBE_EDIT: Shape = Shape::Optional(&EDIT_ID);
const MAYBE_WORDS: Shape = Shape::Optional(&Shape::Words);
const MAYBE_PROSE: Shape = Shape::Optional(&Shape::Prose);
const MAYBE_MOMENT: Shape = Shape::Optional(&Shape::MOMENT);
const MAYBE_YEAR: Shape = Shape::Optional(&Shape::Number {
    min: 1850,
    max: 2200,
});
const MAYBE_MONTH: Shape = Shape::Optional(&Shape::Number { min: 1, max: 12 });
const MAYBE_DAY: Shape = Shape::Optional(&Shape::Number { min: 1, max: 31 });
const MAYBE_METHOD: Shape = Shape::Optional(&Shape::OneOf(ConsentMethod::TEXTS));

/// `[event, text version, method, reference]`
const CONSENT: Shape = Shape::List(&[
    Shape::OneOf(ConsentEvent::TEXTS),
    MAYBE_WORDS,
    MAYBE_METHOD,
    MAYBE_WORDS,
]);
/// `[state, text version, method, reference]`
const AGREEMENT: Shape = Shape::List(&[
    Shape::OneOf(Agreement::TEXTS),
    MAYBE_WORDS,
    MAYBE_METHOD,
    MAYBE_WORDS,
]);
/// `[visit, channel, article, the customer began it, words]`
const INTERACTION: Shape = Shape::List(&[
    MAYBE_EDIT,
    Shape::Optional(&Shape::OneOf(Channel::TEXTS)),
    MAYBE_WORDS,
    Shape::Flag,
    MAYBE_PROSE,
]);

/// `[kind, subject, purpose, quantity, moment, words]`
const ASK: Shape = Shape::List(&[
    Shape::OneOf(AskKind::TEXTS),
    MAYBE_WORDS,
    Shape::Optional(&Shape::OneOf(Purpose::TEXTS)),
    Shape::Number { min: 1, max: 1_000 },
    MAYBE_MOMENT,
    MAYBE_PROSE,
]);
/// `[one person, the other card, by e-mail, by loyalty account, by telephone, said so]`
const LINK: Shape = Shape::List(&[
    Shape::Flag,
    CUSTOMER_ID,
    Shape::Flag,
    Shape::Flag,
    Shape::Flag,
    Shape::Flag,
]);
/// `[minor units, right]`: up to ten million of a currency with cents.
const SPENT: Shape = Shape::List(&[
    Shape::Number {
        min: 1,
        max: 1_000_000_000,
    },
    Shape::Words,
]);

/// A register on the chain's card that an associate may write; what differs is set by what follows.
const fn field(
    entity: &'static str,
    field: &'static str,
    shape: Shape,
    reducer: Reducer,
) -> FieldRule {
    FieldRule {
        entity,
        field,
        id: IdForm::Single,
        class: Class::Register,
        shape,
        places: CARD,
        role: Role::Associate,
        guard: Guard::None,
        reducer,
        since: 1,
    }
}

impl FieldRule {
    const fn log(mut self) -> Self {
        self.class = Class::Log;
        self
    }

    const fn id(mut self, id: IdForm) -> Self {
        self.id = id;
        self
    }

    const fn places(mut self, places: &'static [Place]) -> Self {
        self.places = places;
        self
    }

    const fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    const fn since_2(mut self) -> Self {
        self.since = 2;
        self
    }

    /// A part of something that an edit of schema 2 made.
    const fn made(
        entity: &'static str,
        name: &'static str,
        shape: Shape,
        reducer: Reducer,
    ) -> Self {
        field(entity, name, shape, reducer)
            .id(IdForm::Made)
            .since_2()
    }

    const fn consent(purpose: &'static str) -> Self {
        field("consent", purpose, CONSENT, Reducer::Consent)
            .log()
            .id(IdForm::OneOf(Channel::TEXTS))
    }

    const fn interaction(kind: &'static str) -> Self {
        field("interaction", kind, INTERACTION, Reducer::Every)
            .log()
            .id(IdForm::Made)
    }

    const fn note(name: &'static str, shape: Shape, reducer: Reducer) -> Self {
        field("note", name, shape, reducer)
            .id(IdForm::Made)
            .places(NOTES)
    }
}

const DERIVED: IdForm = IdForm::Derived(&[]);

/// Every field, those of schema 2 marked.
pub static FIELDS: &[FieldRule] = &[
    field("agreement", "state", AGREEMENT, Reducer::Agreement).log(),
    // The cause is need to know; the effect below is for everybody.
    field("allergy", "cause", MAYBE_PROSE, Reducer::Display)
        .id(DERIVED)
        .places(&[Place::Restricted]),
    // [present, substance]
    field(
        "allergy",
        "present",
        Shape::List(&[Shape::Flag, Shape::Words]),
        Reducer::TrueWins,
    )
    .id(IdForm::Derived(&[1]))
    .guard(Guard::UnsetOnCustomersWord),
    field(
        "allergy",
        "severity",
        Shape::OneOf(Severity::TEXTS),
        Reducer::Highest(Severity::TEXTS),
    )
    .id(DERIVED),
    FieldRule::made("ask", "wanted", ASK, Reducer::Every).log(),
    FieldRule::made("ask", "withdrawn", Shape::Flag, Reducer::TrueWins),
    FieldRule::consent("care"),
    FieldRule::consent("chain"),
    FieldRule::consent("event"),
    FieldRule::consent("sell"),
    FieldRule::consent("sensitive"),
    FieldRule::consent("service"),
    // [blocked, reason]
    field(
        "contact",
        "blocked",
        Shape::List(&[Shape::Flag, MAYBE_WORDS]),
        Reducer::TrueWins,
    )
    .guard(Guard::UnsetBy(Role::Manager)),
    field(
        "contact",
        "channels",
        Shape::Some(Channel::TEXTS),
        Reducer::Fewest,
    ),
    field("contact", "language", MAYBE_WORDS, Reducer::Display),
    field("contact", "minor", Shape::Flag, Reducer::TrueWins)
        .guard(Guard::UnsetOnCustomersWord)
        .since_2(),
    field(
        "contact",
        "mode",
        Shape::OneOf(ServiceMode::TEXTS),
        Reducer::Highest(ServiceMode::TEXTS),
    ),
    // [kept to the owner, reason]
    field(
        "contact",
        "owner_only",
        Shape::List(&[Shape::Flag, MAYBE_WORDS]),
        Reducer::TrueWins,
    )
    .guard(Guard::UnsetBy(Role::Manager))
    .since_2(),
    field("contact", "pause_until", MAYBE_MOMENT, Reducer::Most),
    field("customer", "since", Shape::MOMENT, Reducer::Least),
    // [present, kind, value]
    field(
        "endpoint",
        "present",
        Shape::List(&[Shape::Flag, Shape::OneOf(EndpointKind::TEXTS), Shape::Words]),
        Reducer::TrueWins,
    )
    .id(IdForm::Derived(&[1, 2])),
    field(
        "endpoint",
        "status",
        Shape::OneOf(EndpointStatus::TEXTS),
        Reducer::Highest(EndpointStatus::TEXTS),
    )
    .id(DERIVED),
    FieldRule::interaction("call"),
    FieldRule::interaction("gesture"),
    FieldRule::interaction("message"),
    FieldRule::interaction("referral"),
    // [act, about]; beside the dealing it belongs to, which an app of schema 1 goes on reading
    FieldRule::made(
        "interaction",
        "served",
        Shape::List(&[Shape::Optional(&Shape::OneOf(Act::TEXTS)), MAYBE_WORDS]),
        Reducer::Every,
    )
    .log(),
    FieldRule::interaction("service").since_2(),
    FieldRule::made("interaction", "spent", SPENT, Reducer::Every).log(),
    FieldRule::interaction("try_on"),
    // [event]
    field(
        "invitation",
        "event",
        Shape::List(&[Shape::Words]),
        Reducer::Display,
    )
    .id(IdForm::Derived(&[0]))
    .since_2(),
    field(
        "invitation",
        "state",
        Shape::OneOf(InvitationState::TEXTS),
        Reducer::Highest(InvitationState::TEXTS),
    )
    .id(DERIVED)
    .since_2(),
    // The id is the same from both cards.
    field("link", "same", LINK, Reducer::FalseWins)
        .id(DERIVED)
        .since_2(),
    field("name", "address", MAYBE_WORDS, Reducer::Display),
    field("name", "display", MAYBE_WORDS, Reducer::Display),
    field("name", "family", MAYBE_WORDS, Reducer::Display),
    field("name", "given", MAYBE_WORDS, Reducer::Display),
    field("name", "pronunciation", MAYBE_WORDS, Reducer::Display),
    field("name", "salutation", MAYBE_WORDS, Reducer::Display),
    FieldRule::made("need", "answer", MAYBE_PROSE, Reducer::Display),
    FieldRule::made(
        "need",
        "state",
        Shape::OneOf(NeedState::TEXTS),
        Reducer::Highest(NeedState::TEXTS),
    ),
    FieldRule::made("need", "tags", Shape::Tags, Reducer::Union),
    FieldRule::made("need", "what", Shape::Prose, Reducer::Display),
    // Every edit of the body unsets it, so an archive loses to an edit it had not seen.
    FieldRule::note("archived", Shape::Flag, Reducer::FalseWins),
    FieldRule::note("body", MAYBE_PROSE, Reducer::Display),
    FieldRule::note(
        "label",
        Shape::OneOf(Sensitivity::TEXTS),
        Reducer::Highest(Sensitivity::TEXTS),
    ),
    // [pinned, reason]
    FieldRule::note(
        "pinned",
        Shape::List(&[Shape::Flag, MAYBE_WORDS]),
        Reducer::TrueWins,
    ),
    // [redacted, reason]; there is no way back, the next epoch forgets the text.
    FieldRule::note(
        "redacted",
        Shape::List(&[Shape::Flag, MAYBE_WORDS]),
        Reducer::TrueWins,
    )
    .guard(Guard::UnsetBy(Role::Hub)),
    FieldRule::note("title", MAYBE_WORDS, Reducer::Display),
    field("occasion", "celebrate", Shape::Flag, Reducer::FalseWins).id(DERIVED),
    // [kind, person, year, month, day]
    field(
        "occasion",
        "date",
        Shape::Optional(&Shape::List(&[
            Shape::OneOf(OccasionKind::TEXTS),
            MAYBE_WORDS,
            MAYBE_YEAR,
            MAYBE_MONTH,
            MAYBE_DAY,
        ])),
        Reducer::Parts,
    )
    .id(IdForm::Derived(&[0, 1])),
    field(
        "preference",
        "polarity",
        Shape::OneOf(Polarity::TEXTS),
        Reducer::Highest(Polarity::TEXTS),
    )
    .id(DERIVED)
    .guard(Guard::LowerOnCustomersWord),
    // [kind, subject, value, polarity, day of the visit]; polarity `dropped` retires what it saw
    field(
        "preference",
        "sighting",
        Shape::List(&[
            Shape::Words,
            Shape::Words,
            MAYBE_WORDS,
            Shape::OneOf(Polarity::TEXTS),
            Shape::DAY,
        ]),
        Reducer::Every,
    )
    .log()
    .id(IdForm::Derived(&[0, 1])),
    // [kind, subject, value]
    field(
        "preference",
        "value",
        Shape::List(&[Shape::Words, Shape::Words, MAYBE_WORDS]),
        Reducer::Display,
    )
    .id(IdForm::Derived(&[0, 1])),
    field(
        "promise",
        "assignee",
        Shape::Optional(&ASSOCIATE_ID),
        Reducer::Display,
    )
    .id(IdForm::Made),
    field("promise", "due", MAYBE_MOMENT, Reducer::Least).id(IdForm::Made),
    field(
        "promise",
        "status",
        Shape::OneOf(PromiseStatus::TEXTS),
        Reducer::Highest(PromiseStatus::TEXTS),
    )
    .id(IdForm::Made),
    field("promise", "what", Shape::Prose, Reducer::Display).id(IdForm::Made),
    // [interaction or visit, article, sentiment, words]; the id also holds the author
    field(
        "reaction",
        "said",
        Shape::List(&[
            MAYBE_EDIT,
            Shape::Words,
            Shape::OneOf(Sentiment::TEXTS),
            MAYBE_PROSE,
        ]),
        Reducer::Every,
    )
    .log()
    .id(DERIVED),
    // [present, the other customer, kind]; the id is the same from both ends
    field(
        "relationship",
        "present",
        Shape::List(&[
            Shape::Flag,
            CUSTOMER_ID,
            Shape::OneOf(RelationshipKind::TEXTS),
        ]),
        Reducer::FalseWins,
    )
    .id(DERIVED),
    // [category, system, brand, size]
    field(
        "size",
        "value",
        Shape::Optional(&Shape::List(&[
            Shape::Words,
            Shape::Words,
            MAYBE_WORDS,
            Shape::Words,
        ])),
        Reducer::Display,
    )
    .id(IdForm::Derived(&[0, 1, 2])),
    FieldRule::made("suggestion", "answer", MAYBE_PROSE, Reducer::Display),
    FieldRule::made("suggestion", "sku", MAYBE_WORDS, Reducer::Display),
    FieldRule::made(
        "suggestion",
        "state",
        Shape::OneOf(SuggestionState::TEXTS),
        Reducer::Highest(SuggestionState::TEXTS),
    ),
    FieldRule::made("suggestion", "what", Shape::Prose, Reducer::Display),
    // [present, source, the source's own id of a purchase]
    field(
        "surprise",
        "present",
        Shape::List(&[Shape::Flag, Shape::Words, Shape::Words]),
        Reducer::TrueWins,
    )
    .id(IdForm::Derived(&[1, 2]))
    .since_2(),
    field("surprise", "until", Shape::MOMENT, Reducer::Most)
        .id(DERIVED)
        .since_2(),
    // [present, tag]
    field(
        "tag",
        "present",
        Shape::List(&[Shape::Flag, Shape::Words]),
        Reducer::TrueWins,
    )
    .id(IdForm::Derived(&[1])),
    // The cards that the writer of an edit saw as one person; the id is that edit's.
    FieldRule::made("via", "component", Shape::Cards, Reducer::Every).log(),
    field("visit", "arrived", MAYBE_WORDS, Reducer::Every)
        .log()
        .id(IdForm::Made),
    field("visit", "captured", Shape::Prose, Reducer::Every)
        .log()
        .id(IdForm::Made),
    field("visit", "closed", MAYBE_PROSE, Reducer::Every)
        .log()
        .id(IdForm::Made),
    field("wish", "fulfilled", Shape::Flag, Reducer::TrueWins).id(DERIVED),
    field("wish", "note", MAYBE_WORDS, Reducer::Display).id(DERIVED),
    // [present, article]
    field(
        "wish",
        "present",
        Shape::List(&[Shape::Flag, Shape::Words]),
        Reducer::TrueWins,
    )
    .id(IdForm::Derived(&[1])),
    field(
        "wish",
        "quantity",
        Shape::Number { min: 1, max: 1_000 },
        Reducer::Most,
    )
    .id(DERIVED),
    field("wish", "surprise", MAYBE_MOMENT, Reducer::Most).id(DERIVED),
];
