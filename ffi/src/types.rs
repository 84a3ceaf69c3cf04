//! What crosses the border: the core's own types where they fit, records for apps where they do not.

mod brief;
mod card;
mod concierge;
mod edit;
mod guests;
mod house;
mod ids;
mod records;
mod standard;
mod standing;
mod terms;

pub use brief::{Brief, BriefArgument, BriefLine, BriefSection, language_of, render_line};
pub use card::{
    Allergy, AskLine, Card, ConflictChoice, ConflictView, Consent, ContactWish, Endpoint, Ground,
    InteractionLine, Invitation, Link, NamePartLine, Need, Note, NoteText, Occasion, Preference,
    PromiseLine, Reaction, RelationshipLine, Size, Suggestion, Surprise, TextFact, Visit, Wish,
};
pub use concierge::{
    ContactRuling, ContactVerdict, ContactWay, GestureBudget, MayExist, NoteDraft, NoteWarning,
    OwedItem, ProposedPromise, RecommendationList, RecommendationReason, RecommendedArticle,
    ReferralLine, RewordedNote, SupplyLine, Today, TodayItem, ValueLedger, VisitQuestion,
};
pub use edit::{NamePartText, NameParts, PreferenceInput};
pub use guests::{
    CardsApart, EditToAllot, GuestCard, GuestIntroduction, GuestIs, GuestWord, Person,
    PersonStanding, WalkIn,
};
pub use house::{
    Arriving, Article, Colleague, CustomerResponse, HubAnswer, OutsideContact, ServiceCase,
    SizeCount, SmallEvent, StockAt,
};
pub use records::{Purchase, PurchaseLine, SumOfMoney, Totals};
pub use standard::{
    Playbook, PlaybookCondition, PlaybookItem, PlaybookName, Standard, StandardRate,
};
pub use standing::{
    Associate, Hit, HitHint, RecordedEdit, SearchResult, Status, SyncAgreement, WaitingEdit,
    WaitingState,
};
