//! How the invented house cared for its customers over the years: the best nearly always, the others more and more often.
//!
//! Without it the gap of an invented boutique would be a flat line, and nobody could see what a house that gets better looks like.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sync_core::concierge::gap::Report;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::Timestamp;
use sync_core::notices::bodies::{ContactBody, ResponseBody};
use sync_core::notices::{NoticeDraft, NoticeError, Subject};
use sync_core::records::{RecordDraft, RecordKind};
use sync_core::store::StoreError;

use super::{Boutique, first_eight};
use crate::book::Book;
use crate::gap::{as_of, history, settings};
use crate::writer::WriteError;

/// What says so.
const SOURCE: &str = "boutique";
/// The best are one in so many.
const ONE_IN: usize = 20;
/// Notices of one transaction.
const STROKE: usize = 500;
const HOUR: i64 = 3_600_000;

impl Boutique {
    /// Who spent most, by their numbers.
    fn best(&self) -> BTreeSet<u32> {
        let spent = |index| -> i64 {
            let records = self.customer(index).records;
            let sales = records
                .iter()
                .filter(|one| one.kind == RecordKind::Purchase);
            sales.map(|one| one.sale.amount_minor).sum()
        };
        let mut all: Vec<_> = (0..self.customers)
            .map(|index| (Reverse(spent(index)), index))
            .collect();
        all.sort_unstable();
        let many = all.len().div_ceil(ONE_IN);
        all.into_iter().take(many).map(|(_, index)| index).collect()
    }

    /// What was done after the purchases of customer number `index`. For the others it became more in the last `weeks`.
    #[must_use]
    pub fn care(&self, index: u32, is_best: bool, weeks: u32) -> Vec<NoticeDraft> {
        let invented = self.customer(index);
        let subject = Subject::Customer(invented.customer);
        let mut chance = SeededEntropy::new(!u64::from_be_bytes(first_eight(&invented.customer)));
        let mut told = Vec::new();
        let sales = invented.records.iter();
        for sale in sales.filter(|one| one.kind == RecordKind::Purchase) {
            let (bought, percent) = self.diligence(sale, is_best, weeks);
            let mut tell = |act: &str, at: Timestamp| {
                if at <= self.now {
                    let key = format!("{SOURCE}:{act}:{}", sale.source_id);
                    told.push(NoticeDraft::new(
                        subject,
                        key,
                        (SOURCE, at),
                        &contact(act, at),
                    ));
                }
            };
            if chance.percent(percent) {
                tell("thank_you", later(bought, 10, &mut chance, 70));
            }
            if chance.percent(percent) {
                let asked = later(bought, 15 * 24, &mut chance, 14 * 24);
                tell("care_check", asked);
                let at = later(asked, 1, &mut chance, 20);
                if at <= self.now && chance.percent(80) {
                    let key = format!("{SOURCE}:answer:{}", sale.source_id);
                    told.push(NoticeDraft::new(subject, key, (SOURCE, at), &answer(at)));
                }
            }
        }
        told
    }

    /// When a sale was, and how often in a hundred times somebody followed it up.
    fn diligence(&self, sale: &RecordDraft, is_best: bool, weeks: u32) -> (Timestamp, u64) {
        let bought = sale.sale.at.moment();
        let ago = u32::try_from((self.now.days() - sale.sale.at.days()) / 7).unwrap_or(u32::MAX);
        let better = weeks.saturating_sub(ago) * 70 / weeks.max(1);
        (bought, if is_best { 85 } else { u64::from(20 + better) })
    }

    /// The report of each of the last weeks, the earliest first.
    fn weeks(&self, book: &Book, weeks: u32) -> Result<Vec<Report>, StoreError> {
        let settings = settings::read(&*book.store().read()?)?;
        let ends = (0..i64::from(weeks)).rev();
        let ends = ends.map(|ago| self.now.plus_ms(-7 * ago * Timestamp::DAY_MS));
        ends.map(|end| Ok(as_of::report(book, &settings, end)?.0))
            .collect()
    }

    /// Writes what was done, and the report of each of the last `weeks`, as of this weekday with what is known now. Returns how many weeks.
    ///
    /// # Errors
    /// Why it stopped.
    pub async fn write_care(
        &self,
        book: &Book,
        weeks: u32,
    ) -> Result<usize, WriteError<NoticeError>> {
        let best = self.best();
        let all =
            (0..self.customers).flat_map(|index| self.care(index, best.contains(&index), weeks));
        let all: Vec<_> = all.collect();
        for stroke in all.chunks(STROKE) {
            let drafts = stroke.to_vec();
            book.write_batch(move |engine| {
                engine.put_notices(&drafts)?;
                Ok::<_, NoticeError>(())
            })
            .await?;
        }
        let counted = self.weeks(book, weeks).map_err(NoticeError::from);
        let reports = counted.map_err(WriteError::Job)?;
        let many = reports.len();
        book.write_batch(move |engine| {
            for report in &reports {
                history::keep(engine.tx(), report)?;
            }
            Ok::<_, NoticeError>(())
        })
        .await?;
        Ok(many)
    }
}

fn later(at: Timestamp, hours: i64, chance: &mut SeededEntropy, more: u64) -> Timestamp {
    let more = i64::try_from(chance.below(more)).unwrap_or_default();
    at.plus_ms((hours + more) * HOUR)
}

fn contact(act: &str, at: Timestamp) -> ContactBody {
    ContactBody {
        channel: None,
        purpose: Some("care".to_owned()),
        at,
        by_customer: false,
        summary: None,
        content: None,
        by: None,
        act: Some(act.to_owned()),
    }
}

fn answer(at: Timestamp) -> ResponseBody {
    ResponseBody {
        to: "care check".to_owned(),
        channel: None,
        at,
        words: None,
        score: None,
    }
}
