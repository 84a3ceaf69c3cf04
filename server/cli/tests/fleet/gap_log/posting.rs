//! How what was made up comes onto the hub: notices all at once, and what is written on cards day by day, with the hub's clock put back to it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use server::book::{Book, BookParts};
use server::clock::{Clock as _, ManualClock};
use server::data::open_for_work;
use server::entropy::SharedEntropy;
use server::keys::Keystore;
use server::writer::Writer;
use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::Source;
use sync_core::card::schema::Role;
use sync_core::ids::{AssociateId, CustomerId, SessionId, ShopId, Timestamp};
use sync_core::notices::bodies::{
    CaseBody, CaseState, ContactBody, OwnerBody, ResponseBody, ShopBody, StockBody,
};
use sync_core::notices::{self, NoticeDraft, NoticeError, Subject};
use sync_core::projection;
use sync_core::store::{ReadTx, Store as _};

use super::dealings::Dealing;
use super::{SOURCE, STOCKED};
use crate::real_log::midnight;

/// Notices of one transaction.
const STROKE: usize = 500;
/// What the wishes are for.
const WISHED: &str = "disc";

/// Posts the dealings on the hub of a folder; returns who has which id.
pub(super) fn post(folder: &Path, dealings: &[Dealing]) -> BTreeMap<String, CustomerId> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(open_for_work(folder).unwrap());
        let (ids, shop) = known(&*store.read().unwrap());
        let clock = Arc::new(ManualClock::new(dealings[0].at));
        let entropy = SharedEntropy::system();
        let keys = entropy
            .with(|source| Keystore::open_or_create(folder, &*store, source, clock.now()))
            .unwrap();
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let book = Book::open(BookParts {
            store,
            writer,
            key: Arc::new(keys.hub_key()),
            clock: clock.clone(),
            entropy,
        })
        .unwrap();
        write_cards(&book, &clock, dealings, (&ids, shop)).await;
        let mut drafts = vec![stock(shop)];
        drafts.extend(dealings.iter().filter_map(|one| {
            let customer = ids[&one.customer];
            draft(one, customer, dealings)
        }));
        for stroke in drafts.chunks(STROKE) {
            let stroke = stroke.to_vec();
            let put = book.write_batch(move |engine| {
                engine.put_notices(&stroke)?;
                Ok::<_, NoticeError>(())
            });
            put.await.unwrap();
        }
        drop(book);
        thread.stop().await;
        ids
    })
}

/// Who has which id, and the shop.
fn known(tx: &dyn ReadTx) -> (BTreeMap<String, CustomerId>, ShopId) {
    let mut ids = BTreeMap::new();
    projection::rows(tx, None, &mut |row| {
        ids.insert(row.name, row.customer);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    let mut shops = Vec::new();
    notices::for_each::<ShopBody>(tx, Subject::Chain, &mut |notice, _| shops.push(notice.key))
        .unwrap();
    (ids, shops[0].parse().unwrap())
}

/// Writes cards as they were written: in the order of time, all of a moment in one transaction.
async fn write_cards(
    book: &Book,
    clock: &ManualClock,
    dealings: &[Dealing],
    (ids, shop): (&BTreeMap<String, CustomerId>, ShopId),
) {
    let author = HubAuthor {
        associate: AssociateId([1; 8]),
        session: SessionId([0; 8]),
        shop,
        role: Role::Manager,
    };
    let mut moments: BTreeMap<Timestamp, BTreeMap<CustomerId, Vec<HubEdit>>> = BTreeMap::new();
    for one in dealings {
        if let Some(edit) = edit(one) {
            let cards = moments.entry(one.at).or_default();
            cards.entry(ids[&one.customer]).or_default().push(edit);
        }
    }
    for (at, cards) in moments {
        clock.advance_ms(at.0 - clock.now().0);
        let written = book.write_batch(move |engine| {
            for (customer, edits) in &cards {
                engine.record(&author, *customer, edits)?;
            }
            Ok::<_, AuthorityError>(())
        });
        written.await.unwrap();
    }
}

/// What is written on the card; nothing for what other systems tell.
fn edit(one: &Dealing) -> Option<HubEdit> {
    let about = one.about.as_str();
    let label = || format!("{SOURCE} {}", one.kind);
    let edit = match one.kind {
        "visit" => json!({ "edit": "arrive", "with": SOURCE }),
        "recognized" | "honored" | "alteration" => json!({
            "edit": "record_interaction", "kind": "service", "visit": about, "act": one.kind, "summary": label(),
        }),
        "reaction" => json!({
            "edit": "record_reaction", "interaction": about, "sku": WISHED, "sentiment": "liked", "words": label(),
        }),
        "preference" => json!({
            "edit": "set_preference", "kind": "music", "subject": one.key, "value": SOURCE, "polarity": "like",
        }),
        "promise" => json!({
            "edit": "make_promise", "what": label(), "due": about.parse::<i64>().unwrap(),
        }),
        "kept" => json!({ "edit": "set_promise_status", "promise": about, "status": "done" }),
        "suggestion" => json!({ "edit": "add_suggestion", "what": label() }),
        "answered" => json!({
            "edit": "answer_suggestion", "suggestion": about, "answer": label(),
        }),
        "need" => json!({ "edit": "add_need", "what": label() }),
        "advised" => json!({ "edit": "answer_need", "need": about, "answer": label() }),
        "wish" => json!({ "edit": "add_wish", "sku": WISHED, "note": SOURCE }),
        "birthday" => birthday(about),
        _ => return None,
    };
    Some(HubEdit {
        id: one.key.parse().unwrap(),
        edit: serde_json::from_value(edit).unwrap(),
        // A preference counts as confirmed when the customer says it.
        source: match one.kind {
            "preference" => Source::CustomerEntered,
            _ => Source::Imported,
        },
        as_of: None,
    })
}

fn birthday(about: &str) -> Value {
    let (month, day) = about.split_once('-').unwrap();
    let (month, day): (u8, u8) = (month.parse().unwrap(), day.parse().unwrap());
    json!({ "edit": "set_occasion", "kind": "birthday", "month": month, "day": day, "celebrate": true })
}

/// The shop has what is wished for, since a day of the first spring.
fn stock(shop: ShopId) -> NoticeDraft {
    let body = StockBody {
        shop,
        sku: WISHED.to_owned(),
        on_hand: [(String::new(), 9)].into(),
        arriving: Vec::new(),
        there_since: None,
    };
    let key = format!("{shop}/{WISHED}");
    NoticeDraft::new(Subject::Chain, key, (SOURCE, midnight(STOCKED)), &body)
}

/// What another system tells; nothing for what is written on the card.
fn draft(one: &Dealing, customer: CustomerId, dealings: &[Dealing]) -> Option<NoticeDraft> {
    let (subject, from) = (Subject::Customer(customer), (SOURCE, one.at));
    let key = one.key.as_str();
    match one.kind {
        "response" => {
            let body = ResponseBody {
                to: "care check".to_owned(),
                channel: Some("email".to_owned()),
                at: one.at,
                words: None,
                score: Some(80),
            };
            Some(NoticeDraft::new(subject, key, from, &body))
        }
        "owner" => {
            let body = OwnerBody {
                owner: AssociateId([2; 8]),
                since: one.at,
            };
            Some(NoticeDraft::new(subject, "", from, &body))
        }
        "complaint" => {
            // What ended it stands right behind it.
            let mut later = dealings.iter().filter(|other| other.kind == "solved");
            let solved_at = later
                .find(|other| other.about == one.key)
                .map(|other| other.at);
            let body = CaseBody {
                topic: SOURCE.to_owned(),
                is_complaint: true,
                state: solved_at.map_or(CaseState::Open, |_| CaseState::Solved),
                opened_at: one.at,
                solved_at,
                sku: None,
            };
            let told_at = solved_at.unwrap_or(one.at);
            Some(NoticeDraft::new(subject, key, (SOURCE, told_at), &body))
        }
        "thank_you" | "care_check" | "wish_told" | "occasion" | "handover" => {
            let body = ContactBody {
                channel: Some("email".to_owned()),
                purpose: Some("care".to_owned()),
                at: one.at,
                by_customer: false,
                summary: None,
                content: None,
                by: None,
                act: Some(one.kind.to_owned()),
            };
            Some(NoticeDraft::new(subject, key, from, &body))
        }
        _ => None,
    }
}
