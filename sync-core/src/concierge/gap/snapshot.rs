//! The standing of the gap as the hub tells it to handhelds: signed, and without a word about who belongs to the best.

use minicbor::{Decode, Encode};

use super::Report;
use crate::crypto::{HubKey, HubPublicKey, Signature, sha256};
use crate::ids::{Hash32, Timestamp};
use crate::notices::{NoticeBody, NoticeKind};
use crate::store::encode_row;

/// One item, both sides.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StandardItem {
    /// The playbook's item.
    #[n(0)]
    pub item: String,
    /// What the best got, in basis points; none where nothing closed.
    #[n(1)]
    pub best_bp: Option<u32>,
    /// Obligations that this rests on.
    #[n(2)]
    pub best_closed: u64,
    /// What everybody else got.
    #[n(3)]
    pub rest_bp: Option<u32>,
    /// Obligations that this rests on.
    #[n(4)]
    pub rest_closed: u64,
    /// Whether enough closed on both sides.
    #[n(5)]
    pub is_proven: bool,
}

/// What is always shown beside the gap and the coverage, so that neither looks better than it is. Shares in basis points; none where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StandardCompanions {
    /// What the best got of all that is owed, by weight.
    #[n(0)]
    pub best_bp: Option<u32>,
    /// What everybody else got.
    #[n(1)]
    pub rest_bp: Option<u32>,
    /// Excused by the customer's own wish, of all that closed.
    #[n(2)]
    pub excused_bp: Option<u32>,
    /// Shown by our own people's entries alone, of all that was done.
    #[n(3)]
    pub self_attested_bp: Option<u32>,
    /// Visits of somebody we know, of all visits.
    #[n(4)]
    pub known_bp: Option<u32>,
    /// Items of which the best get clearly less than before, while the gap got smaller.
    #[n(5)]
    pub levelled_down: Vec<String>,
    /// Minutes of what is owed to the others and closes within a week: what closing the gap costs.
    #[n(6)]
    pub week_minutes: u64,
}

/// Where the gap stands. Key: empty. Encoded as a CBOR array, frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StandardSnapshot {
    /// The playbook's version.
    #[n(0)]
    pub playbook: u64,
    /// Of when.
    #[n(1)]
    pub as_of: Timestamp,
    /// Active customers.
    #[n(2)]
    pub active: u64,
    /// How many of them are the best.
    #[n(3)]
    pub best: u64,
    /// Item by item.
    #[n(4)]
    pub items: Vec<StandardItem>,
    /// The share that the median of the best got.
    #[n(5)]
    pub median_bp: Option<u32>,
    /// The gap.
    #[n(6)]
    pub gap_bp: Option<u32>,
    /// How many of the proven others got at least the median.
    #[n(7)]
    pub coverage_bp: Option<u32>,
    /// How many of the others are proven.
    #[n(8)]
    pub proven_bp: Option<u32>,
    /// The hub's signature over everything else.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
    /// What the headline hides: always shown with it. None from a hub that did not tell yet.
    #[n(10)]
    pub companions: Option<StandardCompanions>,
}

impl NoticeBody for StandardSnapshot {
    const KIND: NoticeKind = NoticeKind::Standard;
}

impl StandardSnapshot {
    /// What a report says, signed by the hub.
    #[must_use]
    pub fn sign(report: &Report, key: &HubKey) -> Self {
        let items = report.items.iter().map(|item| StandardItem {
            item: item.item.clone(),
            best_bp: item.best.bp,
            best_closed: item.best.met + item.best.late + item.best.missed,
            rest_bp: item.rest.bp,
            rest_closed: item.rest.met + item.rest.late + item.rest.missed,
            is_proven: item.is_proven,
        });
        let mut snapshot = Self {
            playbook: report.playbook,
            as_of: report.as_of,
            active: report.active,
            best: report.best,
            items: items.collect(),
            median_bp: report.coverage.median_bp,
            gap_bp: report.gap_bp,
            coverage_bp: report.coverage.coverage_bp,
            proven_bp: report.coverage.proven_bp,
            companions: Some(StandardCompanions {
                best_bp: report.honesty.best_bp,
                rest_bp: report.honesty.rest_bp,
                excused_bp: report.honesty.excused_bp,
                self_attested_bp: report.honesty.self_attested_bp,
                known_bp: report.honesty.known_bp,
                levelled_down: report.honesty.levelled_down.clone(),
                week_minutes: report.honesty.week_minutes,
            }),
            signature: Vec::new(),
        };
        snapshot.signature = key.sign(&snapshot.digest()).0.to_vec();
        snapshot
    }

    /// Whether the hub with this key said so.
    #[must_use]
    pub fn is_signed_by(&self, key: &HubPublicKey) -> bool {
        let bytes = <[u8; 64]>::try_from(self.signature.as_slice());
        let signature = bytes.ok().map(Signature);
        signature.is_some_and(|signature| key.verifies(&self.digest(), &signature))
    }

    /// Whether another says the same, whenever it was said: what has not moved is not told again.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        let undated = |one: &Self| Self {
            as_of: Timestamp(0),
            signature: Vec::new(),
            ..one.clone()
        };
        undated(self) == undated(other)
    }

    fn digest(&self) -> Hash32 {
        let unsigned = Self {
            signature: Vec::new(),
            ..self.clone()
        };
        sha256("standard.v1", &[&encode_row(&unsigned)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As hubs wrote it before there were companions.
    #[derive(Encode)]
    #[cbor(array)]
    struct Before {
        #[n(0)]
        playbook: u64,
        #[n(1)]
        as_of: Timestamp,
        #[n(2)]
        active: u64,
        #[n(3)]
        best: u64,
        #[n(4)]
        items: Vec<StandardItem>,
        #[n(5)]
        median_bp: Option<u32>,
        #[n(6)]
        gap_bp: Option<u32>,
        #[n(7)]
        coverage_bp: Option<u32>,
        #[n(8)]
        proven_bp: Option<u32>,
        #[cbor(n(9), with = "minicbor::bytes")]
        signature: Vec<u8>,
    }

    #[test]
    fn what_was_signed_without_companions_is_read_and_is_genuine() {
        let key = HubKey::from_bytes(&[7; 32]);
        let mut before = Before {
            playbook: 3,
            as_of: Timestamp(5),
            active: 900,
            best: 20,
            items: Vec::new(),
            median_bp: Some(8_000),
            gap_bp: Some(3_625),
            coverage_bp: None,
            proven_bp: None,
            signature: Vec::new(),
        };
        let digest = sha256("standard.v1", &[&encode_row(&before)]);
        before.signature = key.sign(&digest).0.to_vec();
        let read: StandardSnapshot =
            minicbor::decode(&encode_row(&before)).expect("the older form reads");
        assert_eq!(read.companions, None);
        assert!(read.is_signed_by(&key.public_key()));
    }
}
