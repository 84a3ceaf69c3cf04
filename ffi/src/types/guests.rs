//! Guests whom nobody knows yet, and people whom several cards are about.

use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::links::Standing;
use sync_core::card::terms::Sentiment;
use sync_core::concierge::guest::{GuestCard as CoreCard, GuestEntry, Introduction, Newcomer};
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};

use super::edit::NamePartText;

/// Something that a guest said. A guest card has no place for anything else.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum GuestWord {
    /// What they need.
    Need {
        /// In their words.
        what: String,
        /// What an answer has to be good for: "rain", "travel".
        #[uniffi(default = [])]
        tags: Vec<String>,
    },
    /// What they thought of an article.
    Reaction {
        /// The article.
        sku: String,
        /// Liked or not.
        sentiment: Sentiment,
        /// In their words.
        #[uniffi(default = None)]
        words: Option<String>,
    },
}

impl From<GuestWord> for GuestEntry {
    fn from(word: GuestWord) -> Self {
        match word {
            GuestWord::Need { what, tags } => Self::Need { what, tags },
            GuestWord::Reaction {
                sku,
                sentiment,
                words,
            } => Self::Reaction {
                sku,
                sentiment: sentiment.as_str().to_owned(),
                words,
            },
        }
    }
}

impl GuestWord {
    /// None for an entry of a newer version of the SDK.
    fn read(entry: GuestEntry) -> Option<Self> {
        Some(match entry {
            GuestEntry::Need { what, tags } => Self::Need { what, tags },
            GuestEntry::Reaction {
                sku,
                sentiment,
                words,
            } => Self::Reaction {
                sku,
                sentiment: Sentiment::parse(&sentiment)?,
                words,
            },
        })
    }
}

/// What came of looking for somebody whom another shop of the chain knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WalkIn {
    /// The hub put their card into the book of this shop; it arrives with the next sync.
    Fetched {
        /// Whose card.
        customer: CustomerId,
        /// Until when it is in the book, unless somebody of the shop writes on it; none where it was in it anyway.
        until: Option<Timestamp>,
    },
    /// They are known, and have not agreed to be known in other shops: begin a guest card, and ask for their consent.
    NoConsent,
    /// Several people of the chain have this: ask which shop knows them.
    Several,
    /// Nobody of the chain has this: begin a guest card, or a card if they want to be known.
    NobodyKnown,
    /// The associate looked too often within a minute. Whether somebody has this was not looked up.
    TooOften {
        /// Seconds after which they may look again.
        retry_seconds: u32,
    },
}

/// A guest card: anonymous, on this handheld alone, gone at 23:59 of the shop's day.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct GuestCard {
    /// Its id, which becomes a newcomer's.
    pub id: CustomerId,
    /// Who began it.
    pub by: AssociateId,
    /// When.
    pub began: Timestamp,
    /// When it is gone.
    pub expires: Timestamp,
    /// What the guest said, earliest first.
    pub said: Vec<GuestWord>,
}

impl From<CoreCard> for GuestCard {
    fn from(card: CoreCard) -> Self {
        let said = card.entries.into_iter();
        Self {
            id: card.id,
            by: card.by,
            began: card.began,
            expires: card.expires,
            said: said.filter_map(GuestWord::read).collect(),
        }
    }
}

/// Who a guest turns out to be.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum GuestIs {
    /// Somebody new, who gets a card.
    Newcomer {
        /// The parts of the name that are known.
        name: Vec<NamePartText>,
        /// Language, as a BCP 47 tag.
        #[uniffi(default = None)]
        language: Option<String>,
        /// Where they can be reached.
        #[uniffi(default = [])]
        endpoints: Vec<EndpointInput>,
    },
    /// Somebody whose card this book has.
    Known {
        /// Whose.
        customer: CustomerId,
    },
}

/// The guest's consent, by which what they said goes onto a card.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct GuestIntroduction {
    /// How their agreement can be proven.
    pub evidence: Evidence,
    /// Who they are.
    pub who: GuestIs,
}

impl GuestIntroduction {
    /// Whose card it is when it is not a new one, and what the core is given.
    pub(crate) fn split(self) -> (Option<CustomerId>, Introduction) {
        let (known, newcomer) = match self.who {
            GuestIs::Known { customer } => (Some(customer), None),
            GuestIs::Newcomer {
                name,
                language,
                endpoints,
            } => {
                let name = name.into_iter().map(|one| (one.part, one.text)).collect();
                let newcomer = Newcomer {
                    name,
                    language,
                    endpoints,
                };
                (None, Some(newcomer))
            }
        };
        let evidence = self.evidence;
        (known, Introduction { evidence, newcomer })
    }
}

/// How the cards that links join are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PersonStanding {
    /// One card, nothing linked.
    Alone,
    /// Several cards, one person: the brief and what goes with it are over all of them.
    OnePerson,
    /// Linked in a way that can't be right: each card is shown by itself, and somebody has to look.
    Review,
}

impl From<Standing> for PersonStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Alone => Self::Alone,
            Standing::OnePerson => Self::OnePerson,
            Standing::Review => Self::Review,
        }
    }
}

/// Two cards of which somebody says that they are two people.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CardsApart {
    /// One.
    pub one: CustomerId,
    /// The other.
    pub other: CustomerId,
}

/// The cards that are about one person, as far as they are in this book.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Person {
    /// How they are shown.
    pub standing: PersonStanding,
    /// The cards, the one known for longest first.
    pub members: Vec<CustomerId>,
    /// What has to be looked at: pairs of them that somebody says are two people.
    pub review: Vec<CardsApart>,
    /// What was recorded of them while cards were seen as one person that are not any more: somebody has to say whose it is.
    pub to_allot: Vec<EditToAllot>,
}

/// An edit that was recorded while cards were seen as one person that are not any more.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EditToAllot {
    /// The edit.
    pub edit: EditId,
    /// The card that it stands on.
    pub card: CustomerId,
    /// The cards that its author saw as one person.
    pub cards: Vec<CustomerId>,
    /// When.
    pub at: Timestamp,
}
