//! The written standard and where the chain stands by it, as apps see them. Shares are in basis points: 3625 is 36.25 %.

use sync_core::concierge::gap::StandardSnapshot;
use sync_core::concierge::gap::snapshot::{StandardCompanions, StandardItem};
use sync_core::concierge::playbook::terms::{
    Condition, Evidence as PlaybookEvidence, Tag as PlaybookTag, Trigger as PlaybookTrigger,
};
use sync_core::concierge::playbook::{Item, Playbook as Core, Span};
use sync_core::ids::Timestamp;

use super::records::SumOfMoney;

/// What an item of the playbook is about.
#[uniffi::remote(Enum)]
pub enum PlaybookTag {
    /// The tie: what happens between visits.
    Engagement,
    /// The moment in the shop.
    Experience,
}

/// What sets an item off. Each time it happens the item is owed once.
#[uniffi::remote(Enum)]
pub enum PlaybookTrigger {
    /// A visit began.
    Visit,
    /// The second day on which the customer came by.
    SecondVisit,
    /// A day on which something was bought and not all of it brought back.
    Purchase,
    /// A promise with a date; counted from that date.
    Promise,
    /// A day worth remembering, each year that it comes.
    Occasion,
    /// The article of a wish is there.
    WishInStock,
    /// A complaint was opened at the service desk.
    Complaint,
    /// Somebody else looks after the customer now.
    NewOwner,
    /// The customer suggested something.
    Suggestion,
    /// The customer said what they need.
    Need,
    /// We approached the customer.
    Contacted,
}

/// What shows that an item was done.
#[uniffi::remote(Enum)]
pub enum PlaybookEvidence {
    /// Good advice, even when it meant another shop.
    Advice,
    /// Asked how what was bought does.
    CareCheck,
    /// A colleague introduced themselves.
    Handover,
    /// Heard the customer out.
    Heard,
    /// Did what the customer is known to like.
    Honored,
    /// Invited.
    Invitation,
    /// Marked the day.
    Occasion,
    /// Recognized at the door.
    Recognized,
    /// Set right what went wrong.
    Recovery,
    /// Thanked.
    ThankYou,
    /// Told that a wish is there.
    WishTold,
    /// A call.
    Call,
    /// A message.
    Message,
    /// A gesture.
    Gesture,
    /// Sent elsewhere, honestly.
    Referral,
    /// Tried something on.
    TryOn,
    /// What the customer thought of an article was written down.
    Reaction,
    /// The customer answered a message or a survey.
    Response,
    /// Something that came up was written down during the visit.
    Captured,
    /// A preference that the customer stated.
    PreferenceConfirmed,
    /// The promise was kept.
    PromiseKept,
    /// The service desk solved the case.
    CaseSolved,
    /// The suggestion was answered.
    SuggestionAnswered,
    /// The need was answered, by us or elsewhere.
    NeedAnswered,
    /// The contact kept to what the customer allows and to the caps.
    Quiet,
    /// Altered or repaired, or had it done.
    Alteration,
    /// A call or a message, whatever it served.
    Contact,
    /// Thanked, asked how it does, called or written to within 45 days after a purchase.
    FollowUp,
}

/// What has to hold for an item to be owed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum PlaybookCondition {
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
    /// The customer spent so much up to then. Makes the item one for some.
    SpentAtLeast {
        /// How much.
        amount: SumOfMoney,
    },
    /// The card has a tag. Makes the item one for some.
    Tag {
        /// Which.
        tag: String,
    },
}

/// The name of an item in one language.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlaybookName {
    /// The language: "en", "fr".
    pub language: String,
    /// The name.
    pub text: String,
}

/// What every customer is owed whenever something happens.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlaybookItem {
    /// Its id; obligations name it.
    pub id: String,
    /// What it is called, in each language that the playbook has; English and French in the one that Carnet suggests.
    pub names: Vec<PlaybookName>,
    /// How much it counts, 1 to 5.
    pub weight: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// What it is about.
    pub tag: PlaybookTag,
    /// What sets it off.
    pub trigger: PlaybookTrigger,
    /// What has to hold for it to be owed; all of it.
    pub applies_if: Vec<PlaybookCondition>,
    /// Minutes from the trigger at which it may begin; before it when negative.
    pub opens_minutes: i64,
    /// Minutes from the trigger before which it is to be done.
    pub closes_minutes: i64,
    /// Minutes after that for which it still counts as late, for half.
    pub late_minutes: i64,
    /// What shows that it was done: any of these ways, each of them complete.
    pub done_if: Vec<Vec<PlaybookEvidence>>,
    /// How many of each kind of evidence it takes.
    pub at_least: u32,
    /// How many a good house aims at; told, not counted.
    pub target: Option<u32>,
    /// Whether doing it means approaching the customer, so that the customer's own wish excuses it.
    pub is_contact: bool,
    /// Whether it is owed only to those who spend enough or hold a rank.
    pub is_for_some: bool,
    /// How it stands by the verified standard; none where there is none of this version of the playbook, or it has no such item.
    pub standing: Option<StandardRate>,
}

/// The chain's written standard.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Playbook {
    /// Its version; 0 is the one that Carnet suggests, until a manager sets one.
    pub version: u64,
    /// Whether the chain's own has words that this app does not know: what is shown is then the one that Carnet suggests.
    pub is_update_needed: bool,
    /// The share of the standard, by weight, that is not for all, in basis points; 0 is for all.
    pub declared_gap_bp: u32,
    /// Its items, in the order in which people read them.
    pub items: Vec<PlaybookItem>,
}

/// How one item stands: what the best customers got of it and what everybody else did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StandardRate {
    /// The playbook's item.
    pub item: String,
    /// What the best got, late counting half, in basis points; none where nothing closed.
    pub best_bp: Option<u32>,
    /// How many that closed this rests on.
    pub best_closed: u64,
    /// What everybody else got, in basis points.
    pub rest_bp: Option<u32>,
    /// How many that closed this rests on.
    pub rest_closed: u64,
    /// Whether enough closed on both sides for the item to count.
    pub is_proven: bool,
}

/// Where the chain stands, as the hub signed it. Who belongs to the best is known on the hub alone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Standard {
    /// The version of the playbook that was counted.
    pub playbook_version: u64,
    /// Of when.
    pub as_of: Timestamp,
    /// Active customers of the chain.
    pub active: u64,
    /// How many of them are the best; 0 where there are too few active to tell.
    pub best: u64,
    /// Item by item, in the playbook's order.
    pub items: Vec<StandardRate>,
    /// The share of what was owed that the median of the best got, in basis points.
    pub median_bp: Option<u32>,
    /// The gap between the best and everybody else, in basis points; none where nothing is proven.
    pub gap_bp: Option<u32>,
    /// How many of the proven others got at least the median, in basis points; to be shown with `proven_bp` only.
    pub coverage_bp: Option<u32>,
    /// How many of the others are proven, in basis points.
    pub proven_bp: Option<u32>,
    /// What the headline hides: always shown with it. None from a hub that did not tell yet.
    pub companions: Option<StandardCompanions>,
}

/// What is always shown beside the gap and the coverage, so that neither looks better than it is. Shares in basis points; none where nothing is known.
#[uniffi::remote(Record)]
pub struct StandardCompanions {
    /// What the best got of all that is owed, by weight.
    pub best_bp: Option<u32>,
    /// What everybody else got.
    pub rest_bp: Option<u32>,
    /// Excused by the customer's own wish, of all that closed.
    pub excused_bp: Option<u32>,
    /// Shown by our own people's entries alone, of all that was done.
    pub self_attested_bp: Option<u32>,
    /// Visits of somebody we know, of all visits.
    pub known_bp: Option<u32>,
    /// Items of which the best get clearly less than before, while the gap got smaller.
    pub levelled_down: Vec<String>,
    /// Minutes of what is owed to the others and closes within a week: what closing the gap costs.
    pub week_minutes: u64,
}

impl From<StandardItem> for StandardRate {
    fn from(item: StandardItem) -> Self {
        Self {
            item: item.item,
            best_bp: item.best_bp,
            best_closed: item.best_closed,
            rest_bp: item.rest_bp,
            rest_closed: item.rest_closed,
            is_proven: item.is_proven,
        }
    }
}

impl From<StandardSnapshot> for Standard {
    fn from(snapshot: StandardSnapshot) -> Self {
        Self {
            playbook_version: snapshot.playbook,
            as_of: snapshot.as_of,
            active: snapshot.active,
            best: snapshot.best,
            items: snapshot.items.into_iter().map(Into::into).collect(),
            median_bp: snapshot.median_bp,
            gap_bp: snapshot.gap_bp,
            coverage_bp: snapshot.coverage_bp,
            proven_bp: snapshot.proven_bp,
            companions: snapshot.companions,
        }
    }
}

impl From<Condition> for PlaybookCondition {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Agreed => Self::Agreed,
            Condition::Celebrates => Self::Celebrates,
            Condition::HasPreferences => Self::HasPreferences,
            Condition::HasOwner => Self::HasOwner,
            Condition::FirstPurchase => Self::FirstPurchase,
            Condition::RepeatPurchase => Self::RepeatPurchase,
            Condition::SpentAtLeast { minor, currency } => Self::SpentAtLeast {
                amount: SumOfMoney::new(minor, currency),
            },
            Condition::Tag(tag) => Self::Tag { tag },
        }
    }
}

impl Playbook {
    /// The playbook, with how each item stands beside it.
    pub(crate) fn new(
        (playbook, version, is_update_needed): (Core, u64, bool),
        standard: Option<&StandardSnapshot>,
    ) -> Self {
        let counted = standard.filter(|standard| standard.playbook == version);
        let rates = counted.map_or(&[][..], |standard| &standard.items);
        let standing = |id: &str| rates.iter().find(|rate| rate.item == id).cloned();
        Self {
            version,
            is_update_needed,
            declared_gap_bp: playbook.declared_gap_bp(),
            items: playbook
                .items
                .into_iter()
                .map(|item| {
                    let standing = standing(&item.id).map(Into::into);
                    PlaybookItem::new(item, standing)
                })
                .collect(),
        }
    }
}

impl PlaybookItem {
    fn new(item: Item, standing: Option<StandardRate>) -> Self {
        let minutes = |span: Span| span.ms() / 60_000;
        let is_for_some = item.is_restricted();
        let names = item.name.into_iter();
        Self {
            id: item.id,
            names: names
                .map(|(language, text)| PlaybookName { language, text })
                .collect(),
            weight: item.weight,
            minutes: item.minutes,
            tag: item.tag,
            trigger: item.trigger,
            applies_if: item.applies_if.into_iter().map(Into::into).collect(),
            opens_minutes: minutes(item.opens),
            closes_minutes: minutes(item.closes),
            late_minutes: minutes(item.late),
            done_if: item.done_if,
            at_least: item.at_least,
            target: item.target,
            is_contact: item.contact,
            is_for_some,
            standing,
        }
    }
}
