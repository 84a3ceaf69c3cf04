//! What the concierge gives beside the brief: the today list, verdicts of the guard, recommendations, the question of the visit, warnings.

use std::collections::BTreeMap;

use sync_core::card::terms::Channel;
use sync_core::concierge::confirm::{Ask, Doubt};
use sync_core::concierge::grounds::SourceId;
use sync_core::concierge::guard::{
    Reason as ContactReason, Ruling, Unblocker, Until, Verdict, Way,
};
use sync_core::concierge::recommend::{
    Reason as RecommendReason, ReasonKind, Recommendation as CoreItem, Recommendations as CoreAll,
    Referral as CoreReferral, ReferralKind,
};
use sync_core::concierge::stock::{Supply, SupplyKind};
use sync_core::concierge::today::{DueKind, Today as CoreToday, TodayItem as CoreTodayItem};
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::store::StoreError;

use super::brief::BriefArgument;

mod beside;

pub use beside::{
    GestureBudget, MayExist, NoteDraft, NoteWarning, OwedItem, ProposedPromise, RewordedNote,
    ValueLedger,
};

/// What kind of thing is owed.
#[uniffi::remote(Enum)]
pub enum DueKind {
    /// The customer is here, or has an appointment today.
    Arrival,
    /// A promise.
    Promise,
    /// An obligation of the playbook.
    Obligation,
    /// The customer came to a small event, and what they thought of it is not written down yet.
    Guest,
}

/// Why an article is recommended.
#[uniffi::remote(Enum)]
pub enum ReasonKind {
    /// Answers an open need.
    Need,
    /// Is wished for.
    Wish,
    /// Matches what the customer said they like.
    Preference,
    /// Goes with something they own.
    Pairs,
    /// Is about to be used up.
    Replenish,
    /// Suits a day that comes.
    Occasion,
}

/// Where to send a customer whose need is not answered here, in the order in which it is offered.
#[uniffi::remote(Enum)]
pub enum ReferralKind {
    /// Another shop of the chain has it.
    OtherShop,
    /// It can be ordered or made.
    SpecialOrder,
    /// Another house of the group may have it.
    GroupHouse,
    /// Somebody outside has it: honest advice counts.
    Outside,
}

/// How an article can be had; the nearest first.
#[uniffi::remote(Enum)]
pub enum SupplyKind {
    /// In this shop, counted lately.
    Here,
    /// In this shop by an older count: check.
    Check,
    /// On its way to this shop.
    Arriving,
    /// In another shop.
    Elsewhere,
}

/// One line of the today list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TodayItem {
    /// Who.
    pub customer: CustomerId,
    /// Their name, where this book knows it.
    pub name: String,
    /// The item's id: the same on every handheld.
    pub id: String,
    /// What kind of thing it is.
    pub kind: DueKind,
    /// The playbook's item; empty for what no item asks for.
    pub item: String,
    /// What was promised, in the words it was written in; else what the playbook calls it; that they are here, for somebody who is.
    pub title: String,
    /// The edit that it is about, where it is about one.
    pub about: Option<EditId>,
    /// How much it counts, 1 to 5.
    pub weight: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// Before when it is to be done.
    pub closes: Timestamp,
    /// Whether that is over.
    pub is_late: bool,
    /// Minutes that the shift lacks for it; none for what fits.
    pub minutes_missing: Option<u32>,
}

impl TodayItem {
    pub(crate) fn new(item: CoreTodayItem, name: String, title: String) -> Self {
        Self {
            customer: item.customer,
            name,
            id: item.id,
            kind: item.kind,
            item: item.item,
            title,
            about: item.about.parse().ok(),
            weight: item.weight,
            minutes: item.minutes,
            closes: item.closes,
            is_late: item.is_late,
            minutes_missing: item.minutes_missing,
        }
    }
}

/// The today list: the earliest close first, as far as the shift's minutes reach.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Today {
    /// What fits into the shift.
    pub today: Vec<TodayItem>,
    /// What does not, 100 lines at most. To see further, ask with more minutes.
    pub not_today: Vec<TodayItem>,
    /// How much does not in all; nothing is dropped silently.
    pub not_today_count: u32,
    /// Minutes that are left.
    pub minutes_left: u32,
    /// Whether every customer of the book was looked at; otherwise ask again, or call `prepare_today` while idle.
    pub is_complete: bool,
}

impl Today {
    pub(crate) fn new(
        list: CoreToday,
        is_complete: bool,
        mut line: impl FnMut(CoreTodayItem) -> Result<TodayItem, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut lines =
            |items: Vec<CoreTodayItem>| items.into_iter().map(&mut line).collect::<Result<_, _>>();
        Ok(Self {
            today: lines(list.today)?,
            not_today: lines(list.not_today)?,
            not_today_count: list.not_today_count,
            minutes_left: list.minutes_left,
            is_complete,
        })
    }
}

/// How a contact leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ContactWay {
    /// The associate calls or writes at once: it spends a right.
    Direct,
    /// A message asked of the hub, which sends it when its own verdict allows: it takes no right.
    ThroughHub,
}

impl From<ContactWay> for Way {
    fn from(way: ContactWay) -> Self {
        match way {
            ContactWay::Direct => Self::Direct,
            ContactWay::ThroughHub => Self::ThroughHub,
        }
    }
}

/// What the guard decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ContactRuling {
    /// Go ahead.
    Allow,
    /// Not yet.
    Hold,
    /// No.
    Deny,
}

/// Why somebody may not be contacted, or not yet.
#[uniffi::remote(Enum)]
pub enum ContactReason {
    /// The customer was erased.
    Erased,
    /// They are a minor.
    Minor,
    /// They do not want to be contacted.
    DoNotContact,
    /// They want to be left in peace for a while.
    Paused,
    /// They declined or ended the relationship.
    RelationshipEnded,
    /// They took this consent back, or objected.
    ConsentDenied,
    /// Nobody asked them, and this is no answer to something they began.
    NoConsent,
    /// The purpose is none that somebody is contacted for.
    NotAContact,
    /// They do not want this endpoint used, or somebody else answers there.
    EndpointClosed,
    /// Nothing to reach them by is known.
    NoEndpoint,
    /// They prefer another channel that may be used.
    ChannelNotPreferred,
    /// Only who looks after them first may approach them.
    OwnerOnly,
    /// A complaint is open: solve it before selling.
    OpenComplaint,
    /// It is early or late where they are.
    QuietHours,
    /// Nobody knows what time it is where they are.
    ClockUnknown,
    /// Contacted within the last 24 hours.
    CapDay,
    /// Contacted often enough within the last 7 days.
    CapWeek,
    /// They had the same content lately.
    Duplicate,
    /// This handheld has not met the hub for too long.
    StaleReplica,
    /// Another handheld holds the right to contact them, or nobody does.
    NoRight,
}

/// Whether a customer may be contacted, and on what ground.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ContactVerdict {
    /// The decision.
    pub ruling: ContactRuling,
    /// Why not, or not yet; none for a yes.
    pub reason: Option<ContactReason>,
    /// For a hold that a moment ends: when to ask again.
    pub until: Option<Timestamp>,
    /// For a hold that an act ends: which: `use_channel`, `solve_case`, `sync`, `owner`, `claim_owner`.
    pub unblocker: Option<String>,
    /// The channel to use instead, where that ends the hold.
    pub use_channel: Option<Channel>,
    /// Who looks after the customer first, where they hold the right.
    pub owner: Option<AssociateId>,
    /// The edits and notices it rests on.
    pub sources: Vec<String>,
}

impl From<Verdict> for ContactVerdict {
    fn from(verdict: Verdict) -> Self {
        let mut told = Self {
            ruling: ContactRuling::Allow,
            reason: verdict.reason(),
            until: None,
            unblocker: None,
            use_channel: None,
            owner: None,
            sources: verdict.sources,
        };
        match verdict.ruling {
            Ruling::Allow => {}
            Ruling::Deny { .. } => told.ruling = ContactRuling::Deny,
            Ruling::Hold { until, .. } => {
                told.ruling = ContactRuling::Hold;
                told.held(until);
            }
        }
        told
    }
}

impl ContactVerdict {
    fn held(&mut self, until: Until) {
        let by = match until {
            Until::Moment(at) => {
                self.until = Some(at);
                return;
            }
            Until::Done(by) => by,
        };
        let name = match by {
            Unblocker::UseChannel(channel) => {
                self.use_channel = Some(channel);
                "use_channel"
            }
            Unblocker::SolveCase(_) => "solve_case",
            Unblocker::Sync => "sync",
            Unblocker::Owner(owner) => {
                self.owner = Some(owner);
                "owner"
            }
            Unblocker::ClaimOwner => "claim_owner",
        };
        self.unblocker = Some(name.to_owned());
    }
}

/// A reason for a recommendation.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecommendationReason {
    /// Which.
    pub kind: ReasonKind,
    /// What it is worth.
    pub points: u32,
    /// The arguments, by name.
    pub arguments: Vec<BriefArgument>,
    /// What it rests on.
    pub sources: Vec<String>,
}

/// How an article can be had.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SupplyLine {
    /// How.
    pub kind: SupplyKind,
    /// In which shop.
    pub shop: ShopId,
    /// How many.
    pub quantity: u32,
    /// When it is expected, where it is on its way.
    pub expected: Option<Timestamp>,
    /// When that was counted.
    pub as_of: Timestamp,
}

/// An article to show, and why.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecommendedArticle {
    /// Its number.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// The sum of the reasons.
    pub score: u32,
    /// Why, the weightiest first.
    pub reasons: Vec<RecommendationReason>,
    /// The size to bring, where one is known.
    pub size: Option<String>,
    /// The nearest way to have it; none when no shop has it.
    pub supply: Option<SupplyLine>,
}

/// One way to answer a need that this shop can't.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReferralLine {
    /// The need.
    pub need: EditId,
    /// In the customer's words.
    pub what: String,
    /// Where to.
    pub kind: ReferralKind,
    /// The article, where one is known.
    pub sku: Option<String>,
    /// The other shop.
    pub shop: Option<ShopId>,
    /// Whole hours since that shop's stock was counted.
    pub hours_old: Option<i64>,
}

/// What to show a customer, and where to send them when we lack it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecommendationList {
    /// The best articles, best first; at most five.
    pub items: Vec<RecommendedArticle>,
    /// For each open need without an answer here: where to go instead, in the order in which to offer it.
    pub referrals: Vec<ReferralLine>,
}

fn named(arguments: BTreeMap<&'static str, String>) -> Vec<BriefArgument> {
    let argument = |(name, text): (&str, String)| BriefArgument {
        name: name.to_owned(),
        text,
    };
    arguments.into_iter().map(argument).collect()
}

fn texts(sources: Vec<SourceId>) -> Vec<String> {
    sources.iter().map(ToString::to_string).collect()
}

impl From<RecommendReason> for RecommendationReason {
    fn from(reason: RecommendReason) -> Self {
        Self {
            kind: reason.kind,
            points: reason.points,
            arguments: named(reason.arguments),
            sources: texts(reason.sources),
        }
    }
}

impl From<Supply> for SupplyLine {
    fn from(supply: Supply) -> Self {
        Self {
            kind: supply.kind,
            shop: supply.shop,
            quantity: supply.quantity,
            expected: supply.expected,
            as_of: supply.as_of,
        }
    }
}

impl From<CoreItem> for RecommendedArticle {
    fn from(item: CoreItem) -> Self {
        Self {
            sku: item.sku,
            name: item.name,
            score: item.score,
            reasons: item.reasons.into_iter().map(Into::into).collect(),
            size: item.size,
            supply: item.supply.map(Into::into),
        }
    }
}

impl From<CoreReferral> for ReferralLine {
    fn from(referral: CoreReferral) -> Self {
        Self {
            need: referral.need,
            what: referral.what,
            kind: referral.kind,
            sku: referral.sku,
            shop: referral.shop,
            hours_old: referral.hours_old,
        }
    }
}

impl From<CoreAll> for RecommendationList {
    fn from(all: CoreAll) -> Self {
        Self {
            items: all.items.into_iter().map(Into::into).collect(),
            referrals: all.referrals.into_iter().map(Into::into).collect(),
        }
    }
}

/// The one question of a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitQuestion {
    /// What it is about: `conflict`, `preference` or `size`.
    pub about: String,
    /// Of what: "coats", "shoe EU".
    pub subject: String,
    /// What is written now; of a conflict, each side.
    pub says: Vec<String>,
    /// Of a conflict, the edits that a choice names, in the order of `says`.
    pub choices: Vec<EditId>,
    /// Since when it is in doubt.
    pub since: Timestamp,
    /// What it rests on.
    pub sources: Vec<String>,
}

impl From<&Ask<'_>> for VisitQuestion {
    fn from(ask: &Ask<'_>) -> Self {
        let (about, subject, says, choices) = match ask.doubt {
            Doubt::Conflict(conflict) => {
                let sides = conflict.options.iter();
                let says = sides.clone().map(|side| side.text.clone()).collect();
                let choices = sides.map(|side| side.edit).collect();
                ("conflict", conflict.path.clone(), says, choices)
            }
            Doubt::Preference(one) => {
                let says = one.value.value.iter().cloned().collect();
                ("preference", one.subject.clone(), says, Vec::new())
            }
            Doubt::Size(one) => {
                let subject = format!("{} {}", one.category, one.system);
                ("size", subject, vec![one.size.value.clone()], Vec::new())
            }
        };
        Self {
            about: about.to_owned(),
            subject,
            says,
            choices,
            since: ask.since,
            sources: texts(ask.sources()),
        }
    }
}
