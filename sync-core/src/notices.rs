//! Notices: what an authority posts for handhelds to read, about the house or about one customer, other than sales.
//!
//! The playbook, the catalogue, stock, staff, a right to call; a service case, the answer to something asked for, a message that left.
//! The hub writes them, handhelds read them; what each kind says is a type of [`bodies`] or of the room that owns it ([`NoticeBody`]).
//!
//! # Invariants
//! - A notice is named by subject, kind and key; of several versions the latest is kept, so any order and any repetition ends alike.
//! - Who reads a notice follows from its subject ([`Subject`]) and from nothing else.
//! - What is taken back stays as a version without a body, so that an older version can't bring it back.

pub mod bodies;
pub mod held;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use self::bodies::StockBody;
use crate::concierge::gather::goods;
use crate::crypto::sha256;
use crate::ids::{AssociateId, CustomerId, Hash32, ShopId, Timestamp};
use crate::limits;
use crate::store::{
    ReadTx, StoreError, Table, WriteTx, decode_row, encode_row, get_row, key, scan_prefix,
};

/// Whom or what a notice is about; who reads it follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Subject {
    /// The chain: every shop's book.
    #[n(0)]
    Chain,
    /// A shop: its book.
    #[n(1)]
    Shop(#[n(0)] ShopId),
    /// An associate: their own scope, on the handhelds they are signed in on.
    #[n(2)]
    Associate(#[n(0)] AssociateId),
    /// A customer: every scope that holds the customer's card.
    #[n(3)]
    Customer(#[n(0)] CustomerId),
}

impl Subject {
    /// The subject as the beginning of a storage key. Frozen since database schema 2.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Chain => vec![b'c'],
            Self::Shop(shop) => key(&[b"s", shop.as_bytes()]),
            Self::Associate(associate) => key(&[b"a", associate.as_bytes()]),
            Self::Customer(customer) => key(&[b"k", customer.as_bytes()]),
        }
    }

    /// The subject at the beginning of the storage key of a notice.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (kind, rest) = key.split_first()?;
        match kind {
            b'c' => Some(Self::Chain),
            b's' => ShopId::from_slice(rest.get(..ShopId::LEN)?).map(Self::Shop),
            b'a' => AssociateId::from_slice(rest.get(..AssociateId::LEN)?).map(Self::Associate),
            b'k' => CustomerId::from_slice(rest.get(..CustomerId::LEN)?).map(Self::Customer),
            _ => None,
        }
    }
}

/// What a notice tells. Numbers are part of keys; frozen since database schema 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum NoticeKind {
    /// The written standard of the chain.
    #[n(1)]
    Playbook,
    /// The bounds that the concierge works within.
    #[n(2)]
    Settings,
    /// A shop: its name and its clock.
    #[n(3)]
    Shop,
    /// Somebody who works here.
    #[n(4)]
    Staff,
    /// An article of the catalogue, by its number.
    #[n(5)]
    Article,
    /// What a shop has of an article.
    #[n(6)]
    Stock,
    /// What is often bought together with an article.
    #[n(7)]
    Pairs,
    /// Where the gap to the 1 % stands.
    #[n(8)]
    Standard,
    /// A part of the index that warns of duplicates.
    #[n(9)]
    Endpoints,
    /// A right to contact somebody, or to spend on gestures, given to one handheld.
    #[n(10)]
    Right,
    /// A small event.
    #[n(11)]
    Event,
    /// A case of the service desk.
    #[n(20)]
    Case,
    /// What a customer answered to a message or a survey.
    #[n(21)]
    Response,
    /// A dealing that another system knows of, or a message that the hub sent.
    #[n(22)]
    Contact,
    /// The hub's answer to something that was asked for on the card.
    #[n(23)]
    Answer,
    /// Which associate looks after the customer first.
    #[n(24)]
    Owner,
}

impl NoticeKind {
    /// The number in keys.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Playbook => 1,
            Self::Settings => 2,
            Self::Shop => 3,
            Self::Staff => 4,
            Self::Article => 5,
            Self::Stock => 6,
            Self::Pairs => 7,
            Self::Standard => 8,
            Self::Endpoints => 9,
            Self::Right => 10,
            Self::Event => 11,
            Self::Case => 20,
            Self::Response => 21,
            Self::Contact => 22,
            Self::Answer => 23,
            Self::Owner => 24,
        }
    }
}

/// What a kind of notice says: its own CBOR array, frozen with the kind (what is added comes last and may be missing).
pub trait NoticeBody: Encode<()> + for<'b> Decode<'b, ()> {
    /// Which kind.
    const KIND: NoticeKind;
}

/// A notice as it is stored and sent. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Notice {
    /// About whom or what.
    #[n(0)]
    pub subject: Subject,
    /// What it tells.
    #[n(1)]
    pub kind: NoticeKind,
    /// Which one of that kind and subject; empty where there is one only.
    #[n(2)]
    pub key: String,
    /// Higher replaces lower. The hub counts from 1.
    #[n(3)]
    pub version: u64,
    /// Which system says so.
    #[n(4)]
    pub source: String,
    /// When the source said so.
    #[n(5)]
    pub as_of: Timestamp,
    /// What it says; nothing when it was taken back.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub body: Option<Vec<u8>>,
}

/// A notice before the hub has given it a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDraft {
    /// About whom or what.
    pub subject: Subject,
    /// What it tells.
    pub kind: NoticeKind,
    /// Which one of that kind and subject.
    pub key: String,
    /// Which system says so.
    pub source: String,
    /// When the source said so.
    pub as_of: Timestamp,
    /// What it says; nothing takes it back.
    pub body: Option<Vec<u8>>,
}

impl NoticeDraft {
    /// A draft that says this.
    #[must_use]
    pub fn new<B: NoticeBody>(
        subject: Subject,
        key: impl Into<String>,
        (source, as_of): (impl Into<String>, Timestamp),
        body: &B,
    ) -> Self {
        Self {
            subject,
            kind: B::KIND,
            key: key.into(),
            source: source.into(),
            as_of,
            body: Some(encode_row(body)),
        }
    }
}

/// Why a notice can't be stored.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// More bytes than a notice may have.
    #[error("the notice has {found} bytes, more than {max}: say less, or split it")]
    TooLarge {
        /// Bytes it has.
        found: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// Source or key are too long or hold control characters.
    #[error(
        "the source must have 1 to 128 bytes and the key up to 128, without control characters"
    )]
    BadKey,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Bytes of a notice's source or key.
pub const NOTICE_KEY_BYTES_MAX: usize = 128;

impl Notice {
    /// The notice's key in [`Table::Notice`].
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        notice_key(self.subject, self.kind, &self.key)
    }

    /// What this version adds to the set digest of a scope.
    #[must_use]
    pub fn item_hash(&self) -> Hash32 {
        sha256("notice.v1", &[&encode_row(self)])
    }

    /// About how many bytes it takes in a frame.
    #[must_use]
    pub fn weight(&self) -> usize {
        const SMALL: usize = 64;
        SMALL + self.key.len() + self.source.len() + self.body.as_ref().map_or(0, Vec::len)
    }

    /// What it says, read as this type; nothing when it was taken back or is of another kind.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the body does not decode.
    pub fn body<B: NoticeBody>(&self) -> Result<Option<B>, StoreError> {
        match &self.body {
            Some(body) if self.kind == B::KIND => decode_row(Table::Notice, body).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    /// Checks what a notice must satisfy before it is stored.
    ///
    /// # Errors
    /// [`NoticeError::BadKey`] or [`NoticeError::TooLarge`].
    pub fn check(&self) -> Result<(), NoticeError> {
        let is_good =
            |text: &str| text.len() <= NOTICE_KEY_BYTES_MAX && !text.chars().any(char::is_control);
        if self.source.is_empty() || !is_good(&self.source) || !is_good(&self.key) {
            return Err(NoticeError::BadKey);
        }
        let found = self.body.as_ref().map_or(0, Vec::len);
        if found > limits::NOTICE_BYTES_MAX {
            return Err(NoticeError::TooLarge {
                found,
                max: limits::NOTICE_BYTES_MAX,
            });
        }
        Ok(())
    }
}

fn notice_key(subject: Subject, kind: NoticeKind, name: &str) -> Vec<u8> {
    key(&[&subject.key(), &[kind.byte()], name.as_bytes()])
}

/// What became of a notice that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutNotice {
    /// This version or a later one was there.
    Unchanged,
    /// It is new.
    Inserted,
    /// It replaced an earlier version, whose hash leaves the set digest.
    Replaced {
        /// [`Notice::item_hash`] of the earlier version.
        before: Hash32,
    },
}

/// Stores a notice unless this version or a later one is there.
///
/// # Errors
/// [`NoticeError`] when the notice is not well formed or storage fails.
pub fn put(tx: &mut dyn WriteTx, notice: &Notice) -> Result<PutNotice, NoticeError> {
    notice.check()?;
    let key = notice.key();
    let before: Option<Notice> = get_row(tx.as_read(), Table::Notice, &key)?;
    let outcome = match &before {
        Some(before) if before.version >= notice.version => return Ok(PutNotice::Unchanged),
        Some(before) => PutNotice::Replaced {
            before: before.item_hash(),
        },
        None => PutNotice::Inserted,
    };
    goods::index(tx, before.as_ref(), Some(notice))?;
    tx.put(Table::Notice, &key, &encode_row(notice))?;
    Ok(outcome)
}

/// What a draft of stock says, with since when there is any: a count that finds what the last one found continues it.
fn counted(before: Option<&Notice>, draft: &NoticeDraft) -> Option<Vec<u8>> {
    let body = draft.body.as_deref()?;
    let count = (draft.kind == NoticeKind::Stock).then(|| minicbor::decode::<StockBody>(body).ok());
    let Some(mut count) = count.flatten() else {
        return Some(body.to_vec());
    };
    let last = before.and_then(|before| Some((before.as_of, before.body::<StockBody>().ok()??)));
    let continued = last.filter(|(_, last)| last.is_there());
    // Builds before `there_since` knew the first count beside the stock: their hub says it once, of stock that does not.
    let remembered = count.there_since;
    let first = |as_of| remembered.map_or(as_of, |since| since.min(as_of));
    let continued = continued.map(|(as_of, last)| last.there_since.unwrap_or_else(|| first(as_of)));
    let is_there = count.is_there();
    count.there_since = is_there.then(|| continued.unwrap_or(draft.as_of));
    Some(encode_row(&count))
}

/// The hub's side of a draft: the notice with its next version, or `None` when the latest version says the same.
///
/// # Errors
/// [`StoreError`] when storage fails or the stored notice does not decode.
pub fn next_version(tx: &dyn ReadTx, draft: &NoticeDraft) -> Result<Option<Notice>, StoreError> {
    let key = notice_key(draft.subject, draft.kind, &draft.key);
    let before: Option<Notice> = get_row(tx, Table::Notice, &key)?;
    let body = counted(before.as_ref(), draft);
    let version = match before {
        Some(before) if before.body == body && before.as_of >= draft.as_of => {
            return Ok(None);
        }
        Some(before) => before.version + 1,
        None if body.is_none() => return Ok(None),
        None => 1,
    };
    Ok(Some(Notice {
        subject: draft.subject,
        kind: draft.kind,
        key: draft.key.clone(),
        version,
        source: draft.source.clone(),
        as_of: draft.as_of,
        body,
    }))
}

/// One notice; nothing when there is none or it was taken back.
///
/// # Errors
/// [`StoreError`] when storage fails or the notice does not decode.
pub fn get<B: NoticeBody>(
    tx: &dyn ReadTx,
    subject: Subject,
    name: &str,
) -> Result<Option<(Notice, B)>, StoreError> {
    let Some(notice) = get_row::<Notice>(tx, Table::Notice, &notice_key(subject, B::KIND, name))?
    else {
        return Ok(None);
    };
    let body = notice.body()?;
    Ok(body.map(|body| (notice, body)))
}

/// Visits the notices of a subject and kind in the order of their keys, those taken back left out.
///
/// # Errors
/// [`StoreError`] when storage fails or a notice does not decode.
pub fn for_each<B: NoticeBody>(
    tx: &dyn ReadTx,
    subject: Subject,
    visit: &mut dyn FnMut(Notice, B),
) -> Result<(), StoreError> {
    let prefix = notice_key(subject, B::KIND, "");
    scan_prefix(tx, Table::Notice, &prefix, &mut |_, value| {
        let notice: Notice = decode_row(Table::Notice, value)?;
        if let Some(body) = notice.body()? {
            visit(notice, body);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Visits every notice of a subject, those taken back included.
///
/// # Errors
/// [`StoreError`] when storage fails or a notice does not decode.
pub fn for_each_of(
    tx: &dyn ReadTx,
    subject: Subject,
    visit: &mut dyn FnMut(Notice),
) -> Result<(), StoreError> {
    scan_prefix(tx, Table::Notice, &subject.key(), &mut |_, value| {
        visit(decode_row(Table::Notice, value)?);
        Ok(ControlFlow::Continue(()))
    })
}

/// Removes every notice of a subject.
///
/// # Errors
/// [`StoreError`] when storage fails.
pub fn remove_all(tx: &mut dyn WriteTx, subject: Subject) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    scan_prefix(
        tx.as_read(),
        Table::Notice,
        &subject.key(),
        &mut |key, _| {
            keys.push(key.to_vec());
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for key in keys {
        tx.delete(Table::Notice, &key)?;
    }
    Ok(())
}
