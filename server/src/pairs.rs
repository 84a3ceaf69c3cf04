//! What is often bought together, counted from the sales of all customers and posted as notices of the chain.
//!
//! # Invariants
//! - A pair counts the customers who bought both articles, ever; a customer counts once.
//! - Lift and support are whole numbers: the same sales give the same table, byte for byte.
//! - Memory is bounded by [`ARTICLES_MAX`], [`BASKET_MAX`] and [`CELLS_MAX`], whatever the number of sales.
//!
//! Lift is P(both) / (P(one) · P(other)) over customers with at least one counted article; an article is paired with the
//! [`PARTNERS_MAX`] of highest lift that have [`LIFT_BP_MIN`] and [`SUPPORT_MIN`].

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::bodies::PairsBody;
use sync_core::notices::{self, NoticeBody, NoticeDraft, NoticeError, Subject};
use sync_core::records::{Record, RecordKind};
use sync_core::store::{ReadTx, StoreError, Table, decode_row, scan_prefix};

use crate::book::Book;
use crate::writer::WriteError;

/// Lowest lift of a pair, basis points: bought together half as often again as by chance.
pub const LIFT_BP_MIN: u32 = 15_000;
/// Customers who must have bought both.
pub const SUPPORT_MIN: u32 = 20;
/// Partners of one article.
pub const PARTNERS_MAX: usize = 20;
/// Articles that are counted: those that most customers bought.
pub const ARTICLES_MAX: usize = 5_000;
/// Articles of one customer; who has more is a house account, and says nothing of taste.
pub const BASKET_MAX: usize = 200;
/// Pairs that are counted in one pass over the baskets: 16 MB.
const CELLS_MAX: usize = 4_000_000;
/// Notices that are posted in one transaction.
const NOTICES_MAX: usize = 200;
/// Which system says so.
const SOURCE: &str = "hub";

/// What customers bought: articles by number, ascending, and the articles of each customer as places in that list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baskets {
    articles: Vec<String>,
    /// Customers who bought each article.
    buyers: Vec<u32>,
    /// The places, one basket behind the other.
    places: Vec<u16>,
    /// Where each basket ends.
    ends: Vec<usize>,
}

impl Baskets {
    /// Gathers baskets from all sales: once for how many bought each article, once for who bought what.
    ///
    /// # Errors
    /// What the store reports.
    pub fn gather(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let mut buyers: BTreeMap<String, u32> = BTreeMap::new();
        each_basket(tx, &mut |basket| {
            for sku in basket {
                match buyers.get_mut(sku) {
                    Some(count) => *count += 1,
                    None => drop(buyers.insert(sku.clone(), 1)),
                }
            }
        })?;
        let mut frequent: Vec<(String, u32)> = buyers
            .into_iter()
            .filter(|(_, count)| *count >= SUPPORT_MIN)
            .collect();
        frequent.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        frequent.truncate(ARTICLES_MAX);
        frequent.sort_unstable();
        let mut baskets = Self::default();
        (baskets.articles, baskets.buyers) = frequent.into_iter().unzip();
        each_basket(tx, &mut |basket| baskets.add(basket))?;
        Ok(baskets)
    }

    fn add(&mut self, basket: &BTreeSet<String>) {
        let places = basket.iter().filter_map(|sku| {
            let place = self.articles.binary_search(sku).ok()?;
            u16::try_from(place).ok()
        });
        let before = self.places.len();
        self.places.extend(places);
        if self.places.len() > before {
            self.ends.push(self.places.len());
        }
    }

    fn each(&self) -> impl Iterator<Item = &[u16]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins
            .zip(&self.ends)
            .map(|(from, to)| self.places.get(from..*to).unwrap_or_default())
    }

    /// The pairs of every article that has any.
    #[must_use]
    pub fn pairs(&self) -> BTreeMap<String, PairsBody> {
        let count = self.articles.len();
        let rows = (CELLS_MAX / count.max(1)).max(1);
        let mut found = BTreeMap::new();
        for first in (0..count).step_by(rows) {
            let rows = rows.min(count - first);
            let mut cells = vec![0_u32; rows * count];
            for basket in self.each() {
                let own = basket.iter().map(|place| usize::from(*place));
                for one in own
                    .clone()
                    .filter(|one| (first..first + rows).contains(one))
                {
                    for other in own.clone().filter(|other| *other != one) {
                        if let Some(cell) = cells.get_mut((one - first) * count + other) {
                            *cell += 1;
                        }
                    }
                }
            }
            for (row, both) in cells.chunks(count).enumerate() {
                found.extend(self.partners(first + row, both));
            }
        }
        found
    }

    /// The partners of one article, from how many customers bought it with each other one.
    fn partners(&self, article: usize, both: &[u32]) -> Option<(String, PairsBody)> {
        let own = self.buyers.get(article)?;
        let mut partners: Vec<(u32, u32, &String)> = both
            .iter()
            .zip(self.articles.iter().zip(&self.buyers))
            .filter(|(both, _)| **both >= SUPPORT_MIN)
            .map(|(both, (sku, other))| (self.lift_bp(*both, (*own, *other)), *both, sku))
            .filter(|(lift, ..)| *lift >= LIFT_BP_MIN)
            .collect();
        partners.sort_by(|one, other| (other.0, other.1, one.2).cmp(&(one.0, one.1, other.2)));
        partners.truncate(PARTNERS_MAX);
        let mut with: Vec<_> = partners
            .into_iter()
            .map(|(lift, both, sku)| (sku.clone(), lift, both))
            .collect();
        with.sort_unstable();
        let sku = self.articles.get(article)?.clone();
        (!with.is_empty()).then_some((sku, PairsBody { with }))
    }

    /// both · customers / (one · other) in basis points, half to even.
    fn lift_bp(&self, both: u32, (one, other): (u32, u32)) -> u32 {
        let customers = u128::try_from(self.ends.len()).unwrap_or(u128::MAX);
        let above = u128::from(both) * customers * 10_000;
        let below = u128::from(one) * u128::from(other);
        if below == 0 {
            return 0;
        }
        let (whole, rest) = (above / below, above % below);
        let rounds_up = rest * 2 > below || (rest * 2 == below && whole % 2 == 1);
        u32::try_from(whole + u128::from(rounds_up)).unwrap_or(u32::MAX)
    }
}

/// Visits the articles that each customer bought. Records lie by customer.
fn each_basket(
    tx: &dyn ReadTx,
    visit: &mut dyn FnMut(&BTreeSet<String>),
) -> Result<(), StoreError> {
    let mut basket = BTreeSet::new();
    let mut of: Option<CustomerId> = None;
    let mut end = |basket: &mut BTreeSet<String>| {
        if basket.len() <= BASKET_MAX {
            visit(basket);
        }
        basket.clear();
    };
    scan_prefix(tx, Table::Record, &[], &mut |_, row| {
        let record: Record = decode_row(Table::Record, row)?;
        if of.replace(record.customer) != Some(record.customer) {
            end(&mut basket);
        }
        if record.kind == RecordKind::Purchase && basket.len() <= BASKET_MAX {
            let skus = record.sale.lines.into_iter().filter_map(|line| line.sku);
            basket.extend(skus);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    end(&mut basket);
    Ok(())
}

/// What a count did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Articles with partners.
    pub articles: usize,
    /// Notices that are new or different.
    pub changed: u64,
}

/// Why pairs could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was counted could not be posted.
    #[error("posting what is bought together: {0}")]
    Write(#[from] WriteError<NoticeError>),
    /// Counting panicked.
    #[error("counting what is bought together panicked")]
    Panicked,
}

/// Counts what is bought together and posts what changed; articles that have no partners any more say so.
///
/// # Errors
/// [`CountError`]; what was posted before stays, and the next count makes up for the rest.
pub async fn count(book: &Arc<Book>, now: Timestamp) -> Result<Counted, CountError> {
    let reader = Arc::clone(book);
    let counting = tokio::task::spawn_blocking(move || {
        let tx = reader.store().read()?;
        let pairs = Baskets::gather(&*tx)?.pairs();
        let mut gone = Vec::new();
        notices::for_each::<PairsBody>(&*tx, Subject::Chain, &mut |notice, _| {
            if !pairs.contains_key(&notice.key) {
                gone.push(notice.key);
            }
        })?;
        Ok::<_, StoreError>((pairs, gone))
    });
    let (pairs, gone) = counting.await.map_err(|_panic| CountError::Panicked)??;
    let articles = pairs.len();
    let told = pairs.into_iter().map(|(sku, body)| {
        let of = (SOURCE, Timestamp(0));
        NoticeDraft::new(Subject::Chain, sku, of, &body)
    });
    let taken_back = gone.into_iter().map(|key| NoticeDraft {
        subject: Subject::Chain,
        kind: PairsBody::KIND,
        key,
        source: SOURCE.to_owned(),
        as_of: now,
        body: None,
    });
    let drafts: Vec<NoticeDraft> = told.chain(taken_back).collect();
    let mut changed = 0;
    for group in drafts.chunks(NOTICES_MAX) {
        let group = group.to_vec();
        let posting = book.write_batch(move |engine| {
            let changed = different(engine.tx().as_read(), group, now)?;
            engine.put_notices(&changed)
        });
        changed += posting.await?;
    }
    Ok(Counted { articles, changed })
}

/// The drafts that say something new, as of now: a count that gives the same posts nothing.
fn different(
    tx: &dyn ReadTx,
    drafts: Vec<NoticeDraft>,
    now: Timestamp,
) -> Result<Vec<NoticeDraft>, StoreError> {
    let mut changed = Vec::new();
    for draft in drafts {
        if notices::next_version(tx, &draft)?.is_some() {
            changed.push(NoticeDraft {
                as_of: now,
                ..draft
            });
        }
    }
    Ok(changed)
}
