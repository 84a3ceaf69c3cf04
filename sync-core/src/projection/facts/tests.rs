//! Claims about rows of real cards: planned edits in, row out.

use crate::card::edit::{EditContext, Evidence};
use crate::card::schema::Role;
use crate::card::terms::{
    ConsentEvent, ConsentMethod, NamePart, Place, Polarity, Purpose, Sensitivity, Severity,
};
use crate::card::{CardView, Corrections, Edit, Provenance, Reading, Source, Visible};
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use crate::projection::{Flags, Hint, HintKind, Row, fold, project};
use crate::search::search;
use crate::store::Store;
use crate::store::memory::MemoryStore;

const CUSTOMER: CustomerId = CustomerId([1; 16]);
const NOW: Timestamp = Timestamp(1_781_481_600_000);

fn context(number: u8) -> EditContext {
    EditContext {
        edit: EditId([number; 10]),
        customer: CUSTOMER,
        provenance: Provenance {
            by: AssociateId([2; 8]),
            device: DeviceId([3; 8]),
            shop: ShopId([4; 8]),
            at: NOW.plus_ms(i64::from(number)),
            source: Source::Stated,
            as_of: None,
        },
        role: Role::Manager,
    }
}

/// Plans an edit against `seen` and writes it to `card`.
fn write(card: &mut Visible, seen: &Visible, number: u8, edit: &Edit) {
    let plan = edit.plan(&context(number), seen);
    card.write(&plan.expect("the edit is valid"));
}

fn edit(card: &mut Visible, number: u8, edit: &Edit) {
    let seen = card.clone();
    write(card, &seen, number, edit);
}

fn row_at(card: &Visible, now: Timestamp) -> Row {
    let corrections = Corrections::default();
    let reading = Reading {
        now,
        corrections: &corrections,
    };
    project(CUSTOMER, &CardView::read(card, &reading), None)
}

fn name(part: NamePart, value: &str) -> Edit {
    Edit::SetName {
        part,
        value: Some(value.to_owned()),
    }
}

fn note(place: Place, body: &str, label: Option<Sensitivity>) -> Edit {
    Edit::AddNote {
        place,
        body: body.to_owned(),
        title: None,
        label,
    }
}

/// A card with something in every corner that a row shows.
fn card() -> Visible {
    let mut card = Visible::default();
    edit(&mut card, 1, &name(NamePart::Given, "Zoë"));
    edit(&mut card, 2, &name(NamePart::Family, "Müller"));
    edit(
        &mut card,
        30,
        &Edit::RecordConsent {
            channel: None,
            purposes: vec![Purpose::Sensitive],
            event: ConsentEvent::Grant,
            evidence: Some(Evidence {
                text_version: "v1".to_owned(),
                method: ConsentMethod::Signature,
                reference: None,
            }),
        },
    );
    edit(
        &mut card,
        3,
        &Edit::RecordAllergy {
            substance: "nickel".to_owned(),
            severity: Severity::ALL[1],
            cause: Some("dermatitis".to_owned()),
        },
    );
    edit(&mut card, 4, &note(Place::Card, "likes peonies", None));
    edit(&mut card, 5, &note(Place::Shop, "window seat", None));
    edit(&mut card, 6, &note(Place::Private, "sailing", None));
    edit(&mut card, 7, &note(Place::Restricted, "bereaved", None));
    edit(
        &mut card,
        8,
        &note(Place::Card, "divorcing", Some(Sensitivity::Guarded)),
    );
    edit(
        &mut card,
        9,
        &Edit::MakePromise {
            what: "call about the coat".to_owned(),
            due: Some(NOW.plus_ms(5_000)),
            assignee: None,
        },
    );
    edit(
        &mut card,
        10,
        &Edit::SetPreference {
            kind: "color".to_owned(),
            subject: "coats".to_owned(),
            value: Some("navy".to_owned()),
            polarity: Polarity::Like,
        },
    );
    edit(&mut card, 11, &Edit::Arrive { with: None });
    card
}

fn finds(row: &Row, query: &str) -> bool {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold(&mut *tx, row).unwrap();
    !search(tx.as_read(), query, 5).unwrap().rows.is_empty()
}

#[test]
fn a_row_shows_and_is_found_by_what_the_shop_may_see() {
    let row = row_at(&card(), NOW);
    assert_eq!(row.name, "Zoë Müller");
    assert!(row.flags.has(Flags::ALLERGY) && !row.flags.has(Flags::DO_NOT_CONTACT));
    assert_eq!(
        (row.open_promises, row.earliest_due),
        (1, Some(NOW.plus_ms(5_000)))
    );
    assert_eq!(
        row.hint,
        Some(Hint {
            kind: HintKind::Allergy,
            argument: "nickel".to_owned(),
        })
    );
    for query in [
        "zoe", "muller", "nickel", "peonies", "window", "navy", "coat",
    ] {
        assert!(finds(&row, query), "{query}");
    }
    for query in ["dermatitis", "sailing", "bereaved", "divorcing"] {
        assert!(!finds(&row, query), "{query} is not for everybody");
    }
}

#[test]
fn facets_that_not_everybody_reads_change_no_byte_of_the_row() {
    let all = card();
    let shared: Visible = all
        .iter()
        .filter(|(facet, _)| {
            matches!(
                facet,
                crate::card::Facet::Card | crate::card::Facet::Shop(_)
            )
        })
        .map(|(facet, entries)| (*facet, entries.clone()))
        .collect();
    assert_ne!(all, shared);
    assert_eq!(row_at(&all, NOW), row_at(&shared, NOW));
}

#[test]
fn a_row_does_not_depend_on_when_it_is_made() {
    let card = card();
    let row = row_at(&card, NOW);
    assert_eq!(row_at(&card, Timestamp::default()), row);
    for days in [1, 30, 4_000] {
        assert_eq!(row_at(&card, NOW.plus_ms(days * Timestamp::DAY_MS)), row);
    }
    assert!(row.is_here(NOW.plus_ms(3_600_000)));
    assert!(
        !row.is_here(NOW.plus_ms(Timestamp::DAY_MS)),
        "nobody stays overnight"
    );
}

#[test]
fn both_spellings_of_a_disputed_name_find_the_customer() {
    let base = card();
    let mut both = base.clone();
    write(&mut both, &base, 20, &name(NamePart::Family, "Mallory"));
    write(&mut both, &base, 21, &name(NamePart::Family, "Pereira"));
    let row = row_at(&both, NOW);
    assert_eq!(row.conflicts, 1);
    assert!(finds(&row, "zoe mallory") && finds(&row, "zoe pereira"));
    assert!(!finds(&row, "muller"), "both replaced it");
}

#[test]
fn the_last_touch_is_the_last_dealing() {
    let row = row_at(&card(), NOW);
    assert_eq!(i64::from(row.rank), NOW.days());
    let corrections = Corrections::default();
    let reading = Reading {
        now: NOW,
        corrections: &corrections,
    };
    let later = NOW.plus_ms(9 * Timestamp::DAY_MS);
    let row = project(CUSTOMER, &CardView::read(&card(), &reading), Some(later));
    assert_eq!(i64::from(row.rank), later.days());
}

#[test]
fn of_more_words_than_are_kept_the_newest_are_found() {
    let mut card = Visible::default();
    edit(&mut card, 200, &name(NamePart::Given, "Zoë"));
    let word = |number: u8, at: u8| {
        let letters = [b'a' + number / 8, b'a' + number % 8, b'a' + at];
        format!("q{}", String::from_utf8_lossy(&letters))
    };
    // The edits with the highest ids are the oldest: ids say nothing of the order.
    for number in (0..60_u8).rev() {
        let words: Vec<_> = (0..10).map(|at| word(number, at)).collect();
        let mut plan = note(Place::Card, &words.join(" "), None)
            .plan(&context(100 - number), &card)
            .expect("the edit is valid");
        for (_, writes) in &mut plan.writes {
            for write in writes {
                write.entry.provenance.at = NOW.plus_ms(i64::from(number));
            }
        }
        card.write(&plan);
    }
    edit(&mut card, 201, &Edit::Arrive { with: None });
    let visit = EditId([201; 10]);
    let summary = "lastthread".to_owned();
    edit(&mut card, 202, &Edit::Capture { visit, summary });
    let row = row_at(&card, NOW);
    assert!(finds(&row, "lastthread"), "what was said last");
    for number in 25..60 {
        assert!(finds(&row, &word(number, 9)), "note {number} of 60");
    }
    assert!(!finds(&row, &word(0, 9)), "the oldest give way");
}
