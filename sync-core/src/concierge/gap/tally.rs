//! Sums over customers: added to and taken away from as customers change, never counted anew.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::exact::Share;
use super::{Contribution, Settings};
use crate::concierge::playbook::Playbook;

/// What one item came to over many customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ItemSum {
    /// Met in time.
    #[n(0)]
    pub met: u64,
    /// Done late.
    #[n(1)]
    pub late: u64,
    /// Missed.
    #[n(2)]
    pub missed: u64,
    /// Excused.
    #[n(3)]
    pub excused: u64,
    /// Of those met or late, shown by our own people's entries alone.
    #[n(4)]
    pub attested: u64,
    /// Minutes of what closes within a week and is not done.
    #[n(5)]
    pub due_minutes: u64,
}

impl ItemSum {
    /// Obligations that closed and count.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.met + self.late + self.missed
    }

    /// Credit in halves.
    #[must_use]
    pub fn halves(&self) -> u64 {
        2 * self.met + self.late
    }
}

/// How often something was done, and for how many customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ActSum {
    /// Customers for whom it was done once at least.
    #[n(0)]
    pub customers: u64,
    /// Times.
    #[n(1)]
    pub times: u64,
}

/// Sums over active customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sums {
    /// Customers.
    #[n(0)]
    pub customers: u64,
    /// Of whom enough is closed to tell what share they got.
    #[n(1)]
    pub proven: u64,
    /// Of whom it is not, and who want no relationship or no contact.
    #[n(2)]
    pub declined: u64,
    /// Visits.
    #[n(3)]
    pub visits: u64,
    /// Sales in other currencies than the chain's.
    #[n(4)]
    pub other_currency: u64,
    /// By place in the playbook.
    #[n(5)]
    pub items: Vec<ItemSum>,
    /// By place in the list of evidence.
    #[n(6)]
    pub acts: Vec<ActSum>,
}

/// Whether to add or to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Add,
    Take,
}

impl Sign {
    fn apply(self, sum: &mut u64, amount: u64) {
        *sum = match self {
            Self::Add => *sum + amount,
            Self::Take => sum
                .checked_sub(amount)
                .expect("only what was added is taken away"),
        };
    }
}

impl Sums {
    fn fold(&mut self, row: &Contribution, share: Option<Share>, sign: Sign) {
        sign.apply(&mut self.customers, 1);
        sign.apply(&mut self.proven, u64::from(share.is_some()));
        let is_declined = share.is_none() && row.declined;
        sign.apply(&mut self.declined, u64::from(is_declined));
        sign.apply(&mut self.visits, row.visits.into());
        sign.apply(&mut self.other_currency, row.other_currency.into());
        for count in &row.items {
            let place = usize::from(count.item);
            if self.items.len() <= place {
                self.items.resize(place + 1, ItemSum::default());
            }
            if let Some(sum) = self.items.get_mut(place) {
                sign.apply(&mut sum.met, count.met.into());
                sign.apply(&mut sum.late, count.late.into());
                sign.apply(&mut sum.missed, count.missed.into());
                sign.apply(&mut sum.excused, count.excused.into());
                sign.apply(&mut sum.attested, count.attested.into());
                sign.apply(&mut sum.due_minutes, count.due_minutes.into());
            }
        }
        for (place, times) in &row.acts {
            let place = usize::from(*place);
            if self.acts.len() <= place {
                self.acts.resize(place + 1, ActSum::default());
            }
            if let Some(sum) = self.acts.get_mut(place) {
                sign.apply(&mut sum.customers, 1);
                sign.apply(&mut sum.times, (*times).into());
            }
        }
    }

    /// Empty ends say nothing, and equal sums are to look equal.
    fn trim(&mut self) {
        while self.items.last() == Some(&ItemSum::default()) {
            self.items.pop();
        }
        while self.acts.last() == Some(&ActSum::default()) {
            self.acts.pop();
        }
    }

    /// Everybody but these.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut rest = self.clone();
        let take = |sum: &mut u64, amount| Sign::Take.apply(sum, amount);
        take(&mut rest.customers, others.customers);
        take(&mut rest.proven, others.proven);
        take(&mut rest.declined, others.declined);
        take(&mut rest.visits, others.visits);
        take(&mut rest.other_currency, others.other_currency);
        for (sum, other) in rest.items.iter_mut().zip(&others.items) {
            take(&mut sum.met, other.met);
            take(&mut sum.late, other.late);
            take(&mut sum.missed, other.missed);
            take(&mut sum.excused, other.excused);
            take(&mut sum.attested, other.attested);
            take(&mut sum.due_minutes, other.due_minutes);
        }
        for (sum, other) in rest.acts.iter_mut().zip(&others.acts) {
            take(&mut sum.customers, other.customers);
            take(&mut sum.times, other.times);
        }
        rest
    }

    /// What an item came to.
    #[must_use]
    pub fn item(&self, place: usize) -> ItemSum {
        self.items.get(place).copied().unwrap_or_default()
    }

    /// What was done of a kind.
    #[must_use]
    pub fn act(&self, place: usize) -> ActSum {
        self.acts.get(place).copied().unwrap_or_default()
    }
}

/// How many customers got exactly which share. Few are distinct: what is owed in a year is some dozen items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares(BTreeMap<Share, u64>);

impl Shares {
    fn fold(&mut self, share: Option<Share>, sign: Sign) {
        let Some(share) = share else {
            return;
        };
        let count = self.0.entry(share).or_default();
        sign.apply(count, 1);
        if *count == 0 {
            self.0.remove(&share);
        }
    }

    /// How many got at least a share.
    #[must_use]
    pub fn reaching(&self, share: Share) -> u64 {
        self.0.range(share..).map(|(_, count)| count).sum()
    }

    /// The median: of an even number the midpoint of the two in the middle.
    #[must_use]
    pub fn median(&self) -> Option<Share> {
        let many: u64 = self.0.values().sum();
        let upper = self.at(many / 2)?;
        let lower = self.at(many.saturating_sub(1) / 2)?;
        lower.midpoint(upper).or(Some(lower))
    }

    /// The share at a place, counted from the smallest.
    fn at(&self, place: u64) -> Option<Share> {
        let mut passed = 0;
        let found = self.0.iter().find(|(_, count)| {
            passed += **count;
            passed > place
        });
        found.map(|(share, _)| *share)
    }
}

/// The sums over everybody who is active, and how many got which share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The sums.
    pub all: Sums,
    /// The shares of those who are proven.
    pub shares: Shares,
}

impl Tally {
    /// Adds a customer; of those who are not active, nothing counts.
    pub fn add(&mut self, row: &Contribution, playbook: &Playbook, settings: &Settings) {
        self.fold(row, (playbook, settings), Sign::Add);
    }

    /// Takes a customer away who was added with this row.
    ///
    /// # Panics
    /// When the row was not added before: the sums would be wrong from then on.
    pub fn take(&mut self, row: &Contribution, playbook: &Playbook, settings: &Settings) {
        self.fold(row, (playbook, settings), Sign::Take);
    }

    fn fold(&mut self, row: &Contribution, by: (&Playbook, &Settings), sign: Sign) {
        if !row.is_active {
            return;
        }
        let share = row.share(by.0, by.1);
        self.all.fold(row, share, sign);
        self.shares.fold(share, sign);
        self.all.trim();
    }

    /// The tally as one row.
    #[must_use]
    pub fn to_row(&self) -> TallyRow {
        TallyRow::of(&self.all, &self.shares)
    }
}

/// Sums and shares as they are stored. Encoded as a CBOR array; the hub makes it again from the rows of customers, so its form may change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TallyRow {
    #[n(0)]
    all: Sums,
    #[n(1)]
    shares: Vec<(u32, u32, u64)>,
}

impl TallyRow {
    fn of(all: &Sums, shares: &Shares) -> Self {
        let parts = |(share, count): (&Share, &u64)| {
            let (part, whole) = share.parts();
            (part, whole, *count)
        };
        Self {
            all: all.clone(),
            shares: shares.0.iter().map(parts).collect(),
        }
    }

    fn parts(self) -> (Sums, Shares) {
        let share = |(part, whole, count): (u32, u32, u64)| {
            Some((Share::new(part.into(), whole.into())?, count))
        };
        let shares = self.shares.into_iter().filter_map(share).collect();
        (self.all, Shares(shares))
    }

    /// The tally.
    #[must_use]
    pub fn tally(self) -> Tally {
        let (all, shares) = self.parts();
        Tally { all, shares }
    }

    /// The best customers.
    #[must_use]
    pub fn best(self) -> Best {
        let (sums, shares) = self.parts();
        Best { sums, shares }
    }
}

/// The best customers: their sums, and how many of those who are proven got which share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Best {
    /// The sums.
    pub sums: Sums,
    /// The shares.
    pub shares: Shares,
}

impl Best {
    /// Adds one of them.
    pub fn add(&mut self, row: &Contribution, playbook: &Playbook, settings: &Settings) {
        self.fold(row, (playbook, settings), Sign::Add);
    }

    /// Takes one away who was added with this row.
    ///
    /// # Panics
    /// When the row was not added before: the sums would be wrong from then on.
    pub fn take(&mut self, row: &Contribution, playbook: &Playbook, settings: &Settings) {
        self.fold(row, (playbook, settings), Sign::Take);
    }

    fn fold(&mut self, row: &Contribution, by: (&Playbook, &Settings), sign: Sign) {
        let share = row.share(by.0, by.1);
        self.sums.fold(row, share, sign);
        self.shares.fold(share, sign);
        self.sums.trim();
    }

    /// The best as one row.
    #[must_use]
    pub fn to_row(&self) -> TallyRow {
        TallyRow::of(&self.sums, &self.shares)
    }
}
