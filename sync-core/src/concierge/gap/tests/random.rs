//! Claims about any rows and any lives: sums never drift, the gap is a share, a row says when it changes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::card::terms::OccasionKind;
use crate::card::view::OccasionView;
use crate::concierge::obligations::tests::{edit, life};

/// Rows of many customers that a few numbers decide.
fn any_row() -> impl Strategy<Value = Contribution> {
    let item = (0_u16..6, 0_u32..4, 0_u32..4, 0_u32..4, 0_u32..3);
    let items = prop::collection::vec(item, 0..5);
    (any::<bool>(), any::<bool>(), -50_i64..500, items, 0_u8..4).prop_map(
        |(is_active, declined, spend_minor, items, acts)| {
            let mut known = BTreeSet::new();
            let items = items.into_iter().filter(|item| known.insert(item.0));
            Contribution {
                is_active,
                declined,
                spend_minor,
                days: 1,
                items: items
                    .map(|(item, met, late, missed, excused)| ItemCount {
                        item,
                        met,
                        late,
                        missed,
                        excused,
                        attested: met.min(1),
                        due_minutes: missed,
                    })
                    .collect(),
                acts: (0..acts).map(|place| (place, 2)).collect(),
                ..Contribution::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn sums_that_were_kept_equal_sums_from_nothing(
        rows in prop::collection::vec((any_row(), any_row(), any::<bool>()), 0..30),
    ) {
        let (playbook, settings) = (weighing(&[1, 2, 3, 4, 5, 1]), settings());
        let (mut kept, mut fresh) = (Tally::default(), Tally::default());
        for (before, _, _) in &rows {
            kept.add(before, &playbook, &settings);
        }
        for (before, after, stays) in rows.iter().rev() {
            kept.take(before, &playbook, &settings);
            if *stays {
                kept.add(after, &playbook, &settings);
            }
        }
        for (_, after, stays) in &rows {
            if *stays {
                fresh.add(after, &playbook, &settings);
            }
        }
        prop_assert_eq!(&kept, &fresh);
        let stored: tally::TallyRow =
            decode_row(crate::store::Table::Gap, &encode_row(&kept.to_row())).unwrap();
        prop_assert_eq!(stored.tally(), fresh);
    }

    #[test]
    fn the_gap_is_a_share_and_what_is_excused_moves_nothing(
        best in prop::collection::vec(any_row(), 0..12),
        rest in prop::collection::vec(any_row(), 0..30),
    ) {
        let active = |rows: Vec<Contribution>| -> Vec<_> {
            rows.into_iter().map(|row| Contribution { is_active: true, ..row }).collect()
        };
        let (best, rest) = (active(best), active(rest));
        let (playbook, settings) = (weighing(&[1, 2, 3, 4, 5, 1]), settings());
        let told = report_of(&best, &rest, &playbook, &settings);
        prop_assert!(told.gap_bp.is_none_or(|gap| gap <= 10_000));
        for item in &told.items {
            let least = [item.best, item.rest].map(|rate| rate.met + rate.late + rate.missed);
            prop_assert_eq!(item.is_proven, !best.is_empty() && least[0] >= 2 && least[1] >= 2);
        }
        let coverage = &told.coverage;
        let others = coverage.covered + coverage.not_covered + coverage.unproven + coverage.declined;
        prop_assert_eq!(others, u64::try_from(rest.len()).unwrap());
        let more = |rows: &[Contribution]| -> Vec<_> {
            rows.iter().rev().map(|row| {
                let mut row = row.clone();
                row.items.iter_mut().for_each(|item| item.excused += 5);
                row
            }).collect()
        };
        let excused = report_of(&more(&best), &more(&rest), &playbook, &settings);
        prop_assert_eq!(excused.gap_bp, told.gap_bp);
        prop_assert_eq!(excused.coverage, told.coverage);
        prop_assert_eq!(excused.items, told.items);
    }

    #[test]
    fn a_row_says_when_it_changes_by_itself(
        days in prop::collection::vec((0_u16..120, any::<u8>()), 0..16),
        now in 0_i64..200,
        part in 0_i64..100,
        birthday in 1_i64..28,
    ) {
        let mut whole = life(&days);
        whole.view.occasions = vec![OccasionView {
            id: "birthday".to_owned(),
            kind: OccasionKind::Birthday,
            person: None,
            year: None,
            month: Some(3),
            day: Some(birthday),
            celebrate: Some(true),
            known_at: Some(noon(0)),
            needs_confirmation: false,
            sources: vec![edit(1)],
        }];
        let now = noon(now).plus_ms(part * 37_000_001);
        let row = count(&whole, now);
        let Some(next) = row.next_change else {
            prop_assert_eq!(count(&whole, now.plus_ms(10_000 * 86_400_000)).items, row.items);
            return Ok(());
        };
        prop_assert!(next > now);
        let between = now.plus_ms((next.0 - now.0) * part / 100);
        prop_assert_eq!(&count(&whole, between), &row);
        prop_assert_eq!(&count(&whole, next.plus_ms(-1)), &row);
    }
}
