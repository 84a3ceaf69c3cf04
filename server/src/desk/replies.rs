//! What customers wrote back: a STOP becomes a consent taken back, anything else something the customer began.
//!
//! # Invariants
//! - A reply counts once, however often it is brought: its edits and its notice are named after it.
//! - A STOP counts for every customer who has the address, whoever the message was for: families share one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::edit::Evidence;
use sync_core::card::terms::{Channel, ConsentEvent, ConsentMethod, Purpose};
use sync_core::card::{Edit, Facet, Source, normal};
use sync_core::concierge::guard::endpoint_kinds;
use sync_core::concierge::stop::{self, Reply};
use sync_core::crypto::sha256;
use sync_core::documents;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::notices::bodies::{ContactBody, OwnerBody};
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::search::{self, Among, SearchError};
use sync_core::store::{ReadTx, StoreError};

use super::{DeskError, deliveries, gathering};
use crate::book::EngineTx;
use crate::book::reading;
use crate::duplicates::{KeepError, Keeper};
use crate::identity::access::Principal;

/// How long nobody is contacted while a human reads what may be a STOP.
const PAUSE_MS: i64 = 7 * Timestamp::DAY_MS;
/// By when somebody is to have read it.
const READ_MS: i64 = Timestamp::DAY_MS;
/// Words of a reply that are kept.
const SUMMARY_CHARS_MAX: usize = 300;
/// Bytes of a reply.
const WORDS_BYTES_MAX: usize = 8 << 10;
/// Bytes of an id or an address.
const NAME_BYTES_MAX: usize = 254;
/// Customers that one address is looked for among.
const SHARING_MAX: usize = 50;

/// A reply as the provider brings it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyRow {
    /// The provider's id of it.
    pub id: String,
    /// Over which channel it came.
    pub channel: String,
    /// From which number or address.
    #[serde(default)]
    pub from: Option<String>,
    /// The message it answers, by the id that it left under.
    #[serde(default)]
    pub message: Option<String>,
    /// When it came; now, unless said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// What it says.
    pub words: String,
}

/// What became of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether it was taken.
    pub taken: bool,
    /// How it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Reply>,
    /// For how many customers within the caller's reach it counts.
    pub customers: usize,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl Outcome {
    fn refused(code: &'static str) -> Self {
        Self {
            taken: false,
            read: None,
            customers: 0,
            code: Some(code),
        }
    }
}

/// Who of the chain has the address that a reply came from, by the index of endpoints.
///
/// # Errors
/// [`DeskError`]; nothing where the address is none.
pub fn holders(keeper: &Keeper, row: &ReplyRow) -> Result<BTreeSet<CustomerId>, DeskError> {
    let mut found = BTreeSet::new();
    let Some(from) = &row.from else {
        return Ok(found);
    };
    let kinds = Channel::parse(&row.channel).map_or(&[][..], endpoint_kinds);
    for kind in kinds {
        match keeper.holders(*kind, from) {
            Ok(holders) => found.extend(holders),
            Err(KeepError::Endpoint(_)) => {}
            Err(KeepError::Store(error)) => return Err(error.into()),
            Err(KeepError::Write(_) | KeepError::Panicked) => return Err(DeskError::Writer),
        }
    }
    Ok(found)
}

/// Takes one reply in. `holders` are those who have its address ([`holders`]).
///
/// # Errors
/// [`DeskError`]; the job must then fail.
pub fn take(
    engine: &mut EngineTx<'_>,
    (caller, author, source): (&Principal, &HubAuthor, &str),
    (row, holders): (&ReplyRow, &BTreeSet<CustomerId>),
) -> Result<Outcome, DeskError> {
    let is_name = |text: &str| {
        (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
    };
    if !is_name(&row.id) {
        return Ok(Outcome::refused("id"));
    }
    let Some(channel) = Channel::parse(&row.channel) else {
        return Ok(Outcome::refused("channel"));
    };
    if row.words.len() > WORDS_BYTES_MAX {
        return Ok(Outcome::refused("words"));
    }
    if !row.from.as_deref().is_none_or(is_name) {
        return Ok(Outcome::refused("from"));
    }
    let read = stop::read(&row.words);
    let all = senders(engine, (channel, row, holders))?;
    let mut reached = BTreeSet::new();
    for customer in &all {
        let within = reading::reach(engine.tx().as_read(), caller, *customer)?;
        reached.extend(within.map(|_| *customer));
    }
    let customers = match read {
        // Who says STOP means every shop of the chain, whichever of them the provider's key is for.
        Reply::Stop => all,
        Reply::Unsure | Reply::Words => reached.clone(),
    };
    let name = sha256("desk.reply.v1", &[source.as_bytes(), row.id.as_bytes()]);
    for customer in &customers {
        let edits = edits(engine, (*customer, channel), (read, row))?;
        let edits: Vec<HubEdit> = edits
            .into_iter()
            .enumerate()
            .map(|(number, edit)| HubEdit {
                id: edit_id(name.as_bytes(), *customer, number),
                edit,
                source: Source::Stated,
                as_of: None,
            })
            .collect();
        engine.record(author, *customer, &edits)?;
        tell(
            engine,
            (*customer, channel),
            (read, row),
            (source, &name.to_string()),
        )?;
    }
    // Whether somebody beyond the caller's reach has the address is nothing for them to know, also where their STOP counts.
    if reached.is_empty() {
        return Ok(Outcome::refused("unknown_sender"));
    }
    Ok(Outcome {
        taken: true,
        read: Some(read),
        customers: reached.len(),
        code: None,
    })
}

fn edit_id(name: &[u8], customer: CustomerId, number: usize) -> EditId {
    let number = number.to_string();
    let hash = sha256(
        "desk.reply.edit.v1",
        &[name, customer.as_bytes(), number.as_bytes()],
    );
    let first = hash.0.first_chunk().expect("a digest has 32 bytes");
    EditId(*first)
}

/// What a reply changes on a card.
fn edits(
    engine: &mut EngineTx<'_>,
    (customer, channel): (CustomerId, Channel),
    (read, row): (Reply, &ReplyRow),
) -> Result<Vec<Edit>, DeskError> {
    let now = engine.now();
    Ok(match read {
        Reply::Words => Vec::new(),
        Reply::Stop => vec![Edit::RecordConsent {
            channel: Some(channel),
            purposes: Purpose::ALL
                .iter()
                .copied()
                .filter(|one| one.needs_channel())
                .collect(),
            event: ConsentEvent::Withdraw,
            evidence: Some(Evidence {
                text_version: "STOP".to_owned(),
                method: ConsentMethod::Message,
                reference: Some(row.id.clone()),
            }),
        }],
        Reply::Unsure => {
            let subject = Subject::Customer(customer);
            let owner = notices::get::<OwnerBody>(engine.tx().as_read(), subject, "")?;
            vec![
                Edit::PauseContact {
                    until: Some(now.plus_ms(PAUSE_MS)),
                },
                Edit::MakePromise {
                    what: "Read what the customer wrote and answer: it may be a STOP.".to_owned(),
                    due: Some(now.plus_ms(READ_MS)),
                    assignee: owner.map(|(_, body)| body.owner),
                },
            ]
        }
    })
}

/// Posts that the customer began something.
fn tell(
    engine: &mut EngineTx<'_>,
    (customer, channel): (CustomerId, Channel),
    (read, row): (Reply, &ReplyRow),
    (source, name): (&str, &str),
) -> Result<(), DeskError> {
    let subject = Subject::Customer(customer);
    let key = format!("reply:{name}");
    if notices::get::<ContactBody>(engine.tx().as_read(), subject, &key)?.is_some() {
        return Ok(());
    }
    let now = engine.now();
    let body = ContactBody {
        channel: Some(channel.as_str().to_owned()),
        purpose: None,
        at: row.at.unwrap_or(now).min(now),
        by_customer: true,
        summary: match read {
            Reply::Stop => Some("STOP".to_owned()),
            Reply::Unsure | Reply::Words => {
                Some(row.words.chars().take(SUMMARY_CHARS_MAX).collect())
            }
        },
        content: None,
        by: None,
        act: None,
    };
    engine.put_notices(&[NoticeDraft::new(subject, key, (source, now), &body)])?;
    Ok(())
}

/// Whom of the chain a reply is from: the customer of the message it answers, and everybody who has its address.
fn senders(
    engine: &mut EngineTx<'_>,
    (channel, row, holders): (Channel, &ReplyRow, &BTreeSet<CustomerId>),
) -> Result<BTreeSet<CustomerId>, DeskError> {
    let mut found = BTreeSet::new();
    let tx = engine.tx().as_read();
    if let Some(message) = &row.message {
        found.extend(deliveries::by_message_id(tx, message)?.map(|one| one.customer));
    }
    if let Some(from) = &row.from {
        let mut forms = BTreeSet::new();
        for kind in endpoint_kinds(channel) {
            forms.extend(normal::endpoint(*kind, from).ok());
        }
        // The index of endpoints knows all but the last minute, the search the numbers of that minute too.
        found.extend(holders);
        let mut candidates = BTreeSet::new();
        for form in &forms {
            candidates.extend(deliveries::sent_to(engine.tx().as_read(), form)?);
            candidates.extend(listed(engine.tx().as_read(), form)?);
        }
        for customer in candidates {
            let view = gathering::card(engine, customer)?;
            if view
                .endpoints
                .iter()
                .any(|one| forms.contains(&one.value.value))
            {
                found.insert(customer);
            }
        }
    }
    let mut known = BTreeSet::new();
    for customer in found {
        if is_in_a_book(engine.tx().as_read(), customer)? {
            known.insert(customer);
        }
    }
    Ok(known)
}

fn is_in_a_book(tx: &dyn ReadTx, customer: CustomerId) -> Result<bool, StoreError> {
    let books = documents::scopes(tx, Facet::Card.document(customer))?;
    Ok(!books.is_empty())
}

/// Customers whose rows the search finds for an address.
fn listed(tx: &dyn ReadTx, address: &str) -> Result<Vec<CustomerId>, StoreError> {
    let among = Among {
        reach: &|row| is_in_a_book(tx, row.customer),
        names_only: true,
    };
    match search::search_among(tx, address, SHARING_MAX, &among) {
        Ok(found) => Ok(found.rows.into_iter().map(|row| row.customer).collect()),
        Err(SearchError::QueryTooLong { .. }) => Ok(Vec::new()),
        Err(SearchError::Store(error)) => Err(error),
    }
}
