//! What the guard of the hub says of a contact that somebody is about to make elsewhere: the question that the desk asks before a message leaves.
//!
//! # Invariants
//! - It is one guard, asked over all linked cards of the person and with the slots that others hold, as it is at dispatch.
//! - Nothing is decided, written or spent by asking: the desk asks again when a message is to leave.
//! - An offer is no answer, whatever the one who asks says of it.
//! - A case of a card beyond the asker's reach holds as any other does, and is not named.

use sync_core::card::terms::{Channel, Purpose};
use sync_core::concierge::guard::{Request, Ruling, Unblocker, Until, Way, content_of, may_answer};
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::CaseBody;
use sync_core::notices::{self, Subject};
use sync_core::store::{ReadTx, StoreError};

use super::{answers, gathering};
use crate::book::Book;

/// What somebody is about to do.
#[derive(Debug, Clone)]
pub struct Question {
    /// Over which channel.
    pub channel: Channel,
    /// For which purpose.
    pub purpose: Purpose,
    /// The campaign or the words, so that nobody gets the same twice.
    pub content: Option<String>,
    /// Whether it answers what the customer began; as the desk takes it, where it is not said.
    pub is_reply: Option<bool>,
}

/// What the guard says, and of whom.
#[derive(Debug)]
pub struct Judged {
    /// What it says.
    pub ruling: Ruling,
    /// The cards that this person is made of, whoever reaches them.
    pub members: Vec<CustomerId>,
}

/// Asks the guard about a person, for an associate of a shop, now.
///
/// # Errors
/// What the store reports.
pub fn ask(
    (book, tx): (&Book, &dyn ReadTx),
    customer: CustomerId,
    (associate, shop, now): (AssociateId, ShopId, Timestamp),
    question: &Question,
) -> Result<Judged, StoreError> {
    let settings = gathering::settings(tx)?;
    let house = gathering::house(tx)?;
    let mut cards = gathering::Aside { book, tx, now };
    let whole = gathering::whole(&mut cards, customer, (shop, None))?;
    let request = Request {
        channel: question.channel,
        purpose: question.purpose,
        content: question.content.as_deref().map(content_of),
        is_reply: may_answer(question.purpose) && question.is_reply.unwrap_or(true),
        way: Way::ThroughHub,
        ask: None,
    };
    let asker = (associate, shop, now);
    let person = (customer, &whole);
    let ruling = answers::rule(tx, person, asker, &request, (&house, &settings))?;
    Ok(Judged {
        ruling,
        members: whole.members,
    })
}

impl Judged {
    /// The case that has to be solved first, where it stands on one of these cards.
    ///
    /// # Errors
    /// What the store reports.
    pub fn case_among(
        &self,
        tx: &dyn ReadTx,
        cards: &[CustomerId],
    ) -> Result<Option<String>, StoreError> {
        let Ruling::Hold {
            until: Until::Done(Unblocker::SolveCase(key)),
            ..
        } = &self.ruling
        else {
            return Ok(None);
        };
        for card in cards {
            if notices::get::<CaseBody>(tx, Subject::Customer(*card), key)?.is_some() {
                return Ok(Some(key.clone()));
            }
        }
        Ok(None)
    }
}
