//! Who came and stayed unknown: counts that handhelds tell, by shop and day, for the share of visits by people whom the chain knows.
//!
//! # Invariants
//! - A handheld tells all of a day at once, so that what is told again counts once; what it tells later of the same day replaces it upward.
//! - The shop is that of the handheld when it first told of the day, whatever the handheld says.
//!
//! # Keys
//! In [`Table::Gap`]: `v ‖ day ‖ handheld` to its [`Counted`], `t ‖ day` to all of that day. Both are kept.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::concierge::guest::TOLD_DAYS_MAX;
use sync_core::ids::{DeviceId, ShopId, Timestamp};
use sync_core::protocol::frame::WalkIns;
use sync_core::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, decode_row, get_row, put_row,
};

const OF_HANDHELD: &[u8] = b"v";
const OF_DAY: &[u8] = b"t";
/// Guests that one associate with one handheld can have met on a day; more is a clock or a counter that went wrong.
const PER_DAY_MAX: u64 = 2_000;
/// Days back that are still counted: longer than the widest window of the gap.
const BACK_DAYS_MAX: i64 = 800;

/// What one handheld told of a day. Encoded as a CBOR array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Counted {
    #[n(0)]
    shop: ShopId,
    #[n(1)]
    count: u64,
}

fn day_key(of: &[u8], day: i64) -> Vec<u8> {
    store::key(&[of, &day.cast_unsigned().to_be_bytes()])
}

/// Stores what a handheld told. What can't be is left out.
///
/// # Errors
/// What the store reports.
pub fn store(
    tx: &mut dyn WriteTx,
    (device, shop): (DeviceId, ShopId),
    told: &[WalkIns],
    now: Timestamp,
) -> Result<(), StoreError> {
    let today = now.days();
    // A shop ahead of UTC may have begun its next day.
    let days = (today - BACK_DAYS_MAX).max(0)..=today + 1;
    let mut odd = told.len().saturating_sub(TOLD_DAYS_MAX);
    for WalkIns { day, count } in told.iter().take(TOLD_DAYS_MAX) {
        if !days.contains(day) || *count > PER_DAY_MAX {
            odd += 1;
            continue;
        }
        let key = store::key(&[&day_key(OF_HANDHELD, *day), device.as_bytes()]);
        let before: Option<Counted> = get_row(tx.as_read(), Table::Gap, &key)?;
        let shop = before.map_or(shop, |before| before.shop);
        let more = count.saturating_sub(before.map_or(0, |before| before.count));
        if more == 0 {
            continue;
        }
        let count = *count;
        put_row(tx, Table::Gap, &key, &Counted { shop, count })?;
        let of_day = day_key(OF_DAY, *day);
        let all: u64 = get_row(tx.as_read(), Table::Gap, &of_day)?.unwrap_or(0);
        put_row(tx, Table::Gap, &of_day, &all.saturating_add(more))?;
    }
    if odd > 0 {
        tracing::warn!(%device, odd, "days of walk-ins that can't be are not counted");
    }
    Ok(())
}

/// All walk-ins of the days up to now; nothing where no handheld ever told of any, because then nobody counts them.
///
/// # Errors
/// What the store reports.
pub fn within(
    tx: &dyn ReadTx,
    window_days: u32,
    now: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let mut is_counted = false;
    store::scan_prefix(tx, Table::Gap, OF_DAY, &mut |_, _| {
        is_counted = true;
        Ok(ControlFlow::Break(()))
    })?;
    if !is_counted {
        return Ok(None);
    }
    let (first, last) = (now.days() - i64::from(window_days) + 1, now.days());
    let from = day_key(OF_DAY, first.max(0));
    let to = day_key(OF_DAY, last.max(-1) + 1);
    let range = KeyRange {
        from: &from,
        to: Some(&to),
    };
    let mut all = 0_u64;
    tx.scan(Table::Gap, range, Direction::Ascending, &mut |_, value| {
        let count: u64 = decode_row(Table::Gap, value)?;
        all = all.saturating_add(count);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Some(all))
}

/// The walk-ins of a day by shop.
///
/// # Errors
/// What the store reports.
pub fn by_shop(tx: &dyn ReadTx, day: i64) -> Result<BTreeMap<ShopId, u64>, StoreError> {
    let mut shops = BTreeMap::new();
    let prefix = day_key(OF_HANDHELD, day);
    store::scan_prefix(tx, Table::Gap, &prefix, &mut |_, value| {
        let counted: Counted = decode_row(Table::Gap, value)?;
        let all: &mut u64 = shops.entry(counted.shop).or_default();
        *all = all.saturating_add(counted.count);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(shops)
}

#[cfg(test)]
mod tests {
    use sync_core::store::Store as _;
    use sync_core::store::memory::MemoryStore;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const RIVE: ShopId = ShopId([1; ShopId::LEN]);
    const LAC: ShopId = ShopId([2; ShopId::LEN]);

    fn told(days_ago: i64, count: u64) -> WalkIns {
        WalkIns {
            day: NOW.days() - days_ago,
            count,
        }
    }

    #[test]
    fn a_handheld_that_tells_of_too_much_is_heard_to_its_bound() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let bound = i64::try_from(TOLD_DAYS_MAX).unwrap();
        let flood: Vec<_> = (0..bound * 2).map(|days| told(days, 1)).collect();
        let handheld = (DeviceId([1; 8]), RIVE);
        super::store(&mut *tx, handheld, &flood, NOW).unwrap();
        let counted = within(tx.as_read(), 800, NOW).unwrap();
        assert_eq!(counted, u64::try_from(TOLD_DAYS_MAX).ok());
    }

    #[test]
    fn what_is_told_again_counts_once_and_what_comes_later_is_added() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let (one, other) = (DeviceId([1; 8]), DeviceId([2; 8]));
        assert_eq!(within(tx.as_read(), 365, NOW).unwrap(), None);
        for (device, shop, walk_ins) in [
            (one, RIVE, told(1, 3)),
            (one, RIVE, told(1, 3)),
            (other, RIVE, told(1, 2)),
            (one, RIVE, told(1, 4)),
            (one, RIVE, told(1, 1)),
            // It works in another shop since: that day stays where it was.
            (one, LAC, told(1, 5)),
            (one, LAC, told(0, 1)),
            (one, RIVE, told(364, 7)),
        ] {
            super::store(&mut *tx, (device, shop), &[walk_ins], NOW).unwrap();
        }
        let tx = tx.as_read();
        let yesterday = by_shop(tx, NOW.days() - 1).unwrap();
        assert_eq!(yesterday, [(RIVE, 7)].into());
        assert_eq!(by_shop(tx, NOW.days()).unwrap(), [(LAC, 1)].into());
        assert_eq!(within(tx, 365, NOW).unwrap(), Some(15));
        assert_eq!(within(tx, 364, NOW).unwrap(), Some(8));
        let yesterday = NOW.plus_ms(-Timestamp::DAY_MS);
        assert_eq!(within(tx, 1, yesterday).unwrap(), Some(7));
        let far = NOW.plus_ms(900 * Timestamp::DAY_MS);
        assert_eq!(within(tx, 365, far).unwrap(), Some(0), "counted, and none");
    }

    #[test]
    fn what_can_not_be_is_not_counted() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let device = DeviceId([1; 8]);
        let tall = [told(0, u64::MAX), told(-30, 1), told(5_000, 1)];
        let odd = WalkIns {
            day: i64::MIN,
            count: 1,
        };
        super::store(&mut *tx, (device, RIVE), &tall, NOW).unwrap();
        super::store(&mut *tx, (device, RIVE), &[odd], NOW).unwrap();
        assert_eq!(within(tx.as_read(), 365, NOW).unwrap(), None);
    }
}
