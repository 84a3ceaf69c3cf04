//! The closed lists that a playbook is written in: tags, triggers, conditions and evidence.
//!
//! Texts are frozen since database schema 2. A new word is added at the end of its list, and here alone.

use serde_json::{Value, json};

use crate::card::terms::Act;
use crate::records::Currency;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The text of every word, in order.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];

            /// The word's text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The word with this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// What an item is about.
    Tag {
        /// The tie: what happens between visits.
        Engagement = "engagement",
        /// The moment in the shop.
        Experience = "experience",
    }

    /// What sets an item off. Each time it happens is one instance, and the item is owed once for it.
    Trigger {
        /// A visit began.
        Visit = "visit",
        /// The second day on which the customer came by.
        SecondVisit = "second_visit",
        /// A day on which something was bought and not all of it brought back.
        Purchase = "purchase",
        /// A promise with a date; counted from that date.
        Promise = "promise",
        /// A day worth remembering, each year that it comes; counted from its midnight.
        Occasion = "occasion",
        /// The article of a wish is there, in the shop that wrote the wish down.
        WishInStock = "wish_in_stock",
        /// A complaint was opened at the service desk.
        Complaint = "complaint",
        /// Somebody else looks after the customer now.
        NewOwner = "new_owner",
        /// The customer suggested something.
        Suggestion = "suggestion",
        /// The customer said what they need.
        Need = "need",
        /// We approached the customer.
        Contacted = "contacted",
    }

    /// What shows that an item was done.
    Evidence {
        /// Good advice, even when it meant another shop.
        Advice = "advice",
        /// Asked how what was bought does.
        CareCheck = "care_check",
        /// A colleague introduced themselves.
        Handover = "handover",
        /// Heard the customer out.
        Heard = "heard",
        /// Did what the customer is known to like. Never more is asked than is known.
        Honored = "honored",
        /// Invited.
        Invitation = "invitation",
        /// Marked the day.
        Occasion = "occasion",
        /// Recognized at the door.
        Recognized = "recognized",
        /// Set right what went wrong.
        Recovery = "recovery",
        /// Thanked.
        ThankYou = "thank_you",
        /// Told that a wish is there.
        WishTold = "wish_told",
        /// A call.
        Call = "call",
        /// A message.
        Message = "message",
        /// A gesture.
        Gesture = "gesture",
        /// Sent elsewhere, honestly.
        Referral = "referral",
        /// Tried something on.
        TryOn = "try_on",
        /// What the customer thought of an article was written down.
        Reaction = "reaction",
        /// The customer answered a message or a survey.
        Response = "response",
        /// Something that came up was written down during the visit.
        Captured = "captured",
        /// A preference that the customer stated.
        PreferenceConfirmed = "preference_confirmed",
        /// The promise was kept.
        PromiseKept = "promise_kept",
        /// The service desk solved the case.
        CaseSolved = "case_solved",
        /// The suggestion was answered.
        SuggestionAnswered = "suggestion_answered",
        /// The need was answered, by us or elsewhere.
        NeedAnswered = "need_answered",
        /// The contact kept to what the customer allows and to the caps.
        Quiet = "quiet",
        /// Altered or repaired, or had it done.
        Alteration = "alteration",
        /// A call or a message, whatever it served.
        Contact = "contact",
        /// Thanked, asked how it does, called or written to within 45 days after a purchase.
        FollowUp = "follow_up",
    }
}

impl Evidence {
    /// The evidence that a dealing with this act is.
    #[must_use]
    pub const fn of_act(act: Act) -> Self {
        match act {
            Act::Advice => Self::Advice,
            Act::Alteration => Self::Alteration,
            Act::CareCheck => Self::CareCheck,
            Act::Handover => Self::Handover,
            Act::Heard => Self::Heard,
            Act::Honored => Self::Honored,
            Act::Invitation => Self::Invitation,
            Act::Occasion => Self::Occasion,
            Act::Recognized => Self::Recognized,
            Act::Recovery => Self::Recovery,
            Act::ThankYou => Self::ThankYou,
            Act::WishTold => Self::WishTold,
        }
    }

    /// The one trigger whose instances this is evidence of; none where it fits any.
    #[must_use]
    pub const fn bound_to(self) -> Option<Trigger> {
        match self {
            Self::PromiseKept => Some(Trigger::Promise),
            Self::CaseSolved => Some(Trigger::Complaint),
            Self::SuggestionAnswered => Some(Trigger::Suggestion),
            Self::NeedAnswered => Some(Trigger::Need),
            Self::Quiet => Some(Trigger::Contacted),
            Self::Captured => Some(Trigger::Visit),
            Self::FollowUp => Some(Trigger::Purchase),
            Self::Advice
            | Self::Alteration
            | Self::CareCheck
            | Self::Handover
            | Self::Heard
            | Self::Honored
            | Self::Invitation
            | Self::Occasion
            | Self::Recognized
            | Self::Recovery
            | Self::ThankYou
            | Self::WishTold
            | Self::Call
            | Self::Message
            | Self::Contact
            | Self::Gesture
            | Self::Referral
            | Self::TryOn
            | Self::Reaction
            | Self::Response
            | Self::PreferenceConfirmed => None,
        }
    }
}

/// What has to hold for an item to be owed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// The customer agreed to a relationship.
    Agreed,
    /// It is known whether the customer wants the day celebrated; a no excuses.
    Celebrates,
    /// At least one stated preference was known before.
    HasPreferences,
    /// Somebody looks after the customer.
    HasOwner,
    /// Nothing was bought before.
    FirstPurchase,
    /// Something was bought before.
    RepeatPurchase,
    /// The customer spent so much, up to then. Makes the item one for some.
    SpentAtLeast {
        /// Minor units.
        minor: i64,
        /// In which currency; other currencies do not count.
        currency: Currency,
    },
    /// The card has a tag: how chains keep ranks. Makes the item one for some.
    Tag(String),
}

impl Condition {
    /// The text of every condition.
    pub const TEXTS: &'static [&'static str] = &[
        "agreed",
        "celebrates",
        "has_preferences",
        "has_owner",
        "first_purchase",
        "repeat_purchase",
        "spent_at_least",
        "tag",
    ];

    /// Whether it divides customers by what they spend or how they are ranked.
    #[must_use]
    pub const fn is_restricting(&self) -> bool {
        matches!(self, Self::SpentAtLeast { .. } | Self::Tag(_))
    }

    /// As JSON: a word, or an object of a word and its argument.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Agreed => json!("agreed"),
            Self::Celebrates => json!("celebrates"),
            Self::HasPreferences => json!("has_preferences"),
            Self::HasOwner => json!("has_owner"),
            Self::FirstPurchase => json!("first_purchase"),
            Self::RepeatPurchase => json!("repeat_purchase"),
            Self::SpentAtLeast { minor, currency } => {
                json!({ "spent_at_least": { "currency": currency.as_str(), "minor": minor } })
            }
            Self::Tag(tag) => json!({ "tag": tag }),
        }
    }

    /// Reads a condition; the error says what is wrong.
    ///
    /// # Errors
    /// A sentence for whoever wrote it.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let unknown = |word: &str| {
            if matches!(word, "in_cohort" | "best" | "top" | "segment") {
                return format!(
                    "applies_if: {word:?} can't be a condition: who belongs to the best is measured on the hub and known nowhere else; use \"spent_at_least\" or \"tag\""
                );
            }
            format!(
                "applies_if: {word:?} is not known; known are {}",
                Self::TEXTS.join(", ")
            )
        };
        if let Some(word) = value.as_str() {
            return match word {
                "agreed" => Ok(Self::Agreed),
                "celebrates" => Ok(Self::Celebrates),
                "has_preferences" => Ok(Self::HasPreferences),
                "has_owner" => Ok(Self::HasOwner),
                "first_purchase" => Ok(Self::FirstPurchase),
                "repeat_purchase" => Ok(Self::RepeatPurchase),
                "spent_at_least" | "tag" => Err(format!(
                    "applies_if: {word:?} needs its argument: {{\"{word}\": …}}"
                )),
                other => Err(unknown(other)),
            };
        }
        let only = value
            .as_object()
            .filter(|fields| fields.len() == 1)
            .and_then(|fields| fields.iter().next());
        match only {
            Some((word, argument)) if word == "tag" => match argument.as_str() {
                Some(tag) if !tag.trim().is_empty() => Ok(Self::Tag(tag.to_owned())),
                _ => Err("applies_if: \"tag\" needs a text".to_owned()),
            },
            Some((word, argument)) if word == "spent_at_least" => {
                let minor = argument.get("minor").and_then(Value::as_i64);
                let currency = argument.get("currency").and_then(Value::as_str);
                let currency = currency.and_then(|code| code.parse().ok());
                match (minor, currency) {
                    (Some(minor), Some(currency)) => Ok(Self::SpentAtLeast { minor, currency }),
                    _ => Err("applies_if: \"spent_at_least\" needs {\"minor\": 500000, \"currency\": \"EUR\"}".to_owned()),
                }
            }
            Some((word, _)) => Err(unknown(word)),
            None => Err(format!(
                "applies_if: expected a word or an object of one word; known are {}",
                Self::TEXTS.join(", ")
            )),
        }
    }
}
