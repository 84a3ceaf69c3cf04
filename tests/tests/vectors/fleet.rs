//! The fleet that plays a vector: a handheld for each replica, and the hub that they meet when the vector lets them exchange.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::Value as Json;
use simulator::disk::Disk;
use simulator::fleet::{self, Handheld, Hub};
use sync_core::authority::HubAuthor;
use sync_core::card::schema::Role;
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Facet, Source};
use sync_core::documents::{self, StoredChange};
use sync_core::entropy::SeededEntropy;
use sync_core::feed::{self, FeedKind};
use sync_core::ids::{AssociateId, ChangeHash, CustomerId, EditId, SessionId, ShopId, Timestamp};
use sync_core::outbox::{self, OutboxState};
use sync_core::quarantine;
use sync_core::scope::Scope;
use sync_core::store::{Direction, KeyRange, Store as _, Table};

use crate::step::{Damage, Step, Vector};

const START: Timestamp = Timestamp(1_772_352_000_000);
const SHOP: ShopId = ShopId([1; 8]);
const FACETS: [Facet; 3] = [Facet::Card, Facet::Restricted, Facet::Shop(SHOP)];

/// An edit as it was recorded.
struct Made {
    at: String,
    id: EditId,
    number: u64,
    change: ChangeHash,
}

pub(crate) struct Fleet {
    hub: Hub,
    handhelds: BTreeMap<String, Handheld>,
    customer: CustomerId,
    made: BTreeMap<String, Made>,
    /// Edits made by clocks that are wrong: the hub's says when they were received.
    ahead: BTreeSet<String>,
    now: Timestamp,
}

impl Fleet {
    /// The replicas of a vector with one customer on each, of whom nothing is known but a family name.
    pub(crate) fn new(vector: &Vector, steps: &[Step], disk: &dyn Fn() -> Disk) -> Self {
        let entropy = &mut SeededEntropy::new(1);
        let mut hub = Hub::new(SHOP, START, entropy);
        hub.store = disk();
        let mut handhelds = BTreeMap::new();
        for (name, number) in vector.replicas.iter().zip(1..) {
            let associate = AssociateId([number; 8]);
            hub.people.roles.insert(associate, Role::Manager);
            let mut handheld = Handheld::enrol(&mut hub, number, associate, number.into());
            handheld.store = disk();
            handhelds.insert(name.clone(), handheld);
        }
        let customer = CustomerId([1; 16]);
        let author = HubAuthor {
            associate: AssociateId([0; 8]),
            session: SessionId([0; 8]),
            shop: SHOP,
            role: Role::Hub,
        };
        let create = Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Family, "Vector".to_owned())]),
            language: None,
            endpoints: Vec::new(),
            since: None,
        };
        hub.record(&author, customer, vec![create], entropy)
            .unwrap();
        let ahead = steps.iter().filter_map(|step| {
            if let Step::Received { edit, .. } = step {
                Some(edit.clone())
            } else {
                None
            }
        });
        let mut fleet = Self {
            hub,
            handhelds,
            customer,
            made: BTreeMap::new(),
            ahead: ahead.collect(),
            now: START,
        };
        fleet.sync(&vector.replicas);
        fleet
    }

    fn names(&self, some: Option<&Vec<String>>) -> Vec<String> {
        some.cloned()
            .unwrap_or_else(|| self.handhelds.keys().cloned().collect())
    }

    /// Everybody brings what they have; then everybody gets what the others brought.
    fn sync(&mut self, names: &[String]) {
        for _ in 0..2 {
            for name in names {
                self.meet(name);
            }
        }
    }

    fn meet(&mut self, name: &str) {
        let handheld = self.handhelds.get_mut(name).unwrap();
        let link = fleet::meet(handheld, &mut self.hub).unwrap();
        assert!(link.is_settled() && !link.is_broken, "{name}");
    }

    pub(crate) fn step(&mut self, step: &Step) {
        self.now = self.now.plus_ms(1_000);
        self.hub.set_now(self.now);
        match step {
            Step::Edit { .. } => self.edit(step),
            Step::Role { of, role } => {
                let associate = self.handhelds[of].author.associate;
                self.hub.people.roles.insert(associate, *role);
            }
            Step::Sync { between } => self.sync(&self.names(between.as_ref())),
            Step::Received { edit, time_ms } => {
                self.hub.set_now(Timestamp(*time_ms));
                let at = self.made[edit].at.clone();
                self.meet(&at);
            }
            Step::Damage { at, edit, what } => self.damage(at, edit, *what),
            Step::Expect {
                at,
                pointer,
                equals,
            } => self.expect(&self.names(at.as_ref()), pointer, equals),
            Step::Absent { text } => self.absent(text),
            Step::Bytes { text, stored } => {
                for (name, handheld) in &self.handhelds {
                    assert_eq!(holds(&handheld.store, text), *stored, "{text} in {name}");
                }
                assert_eq!(holds(&self.hub.store, text), *stored, "{text} in the hub");
            }
            Step::Arrived { from, edits } => self.arrived(from, edits),
            Step::Aside { edit, code } => self.aside(edit, code),
            Step::Refused {
                at,
                edit,
                code,
                text,
            } => self.refused(at, edit, (code, text)),
        }
    }

    fn edit(&mut self, step: &Step) {
        let Step::Edit {
            at,
            r#as,
            edit,
            source,
            role,
            time_ms,
        } = step
        else {
            return;
        };
        let edit: Edit = serde_json::from_value(self.resolve(edit)).unwrap();
        if let (Some(time), false) = (time_ms, self.ahead.contains(r#as)) {
            self.now = self.now.max(Timestamp(*time));
        }
        let now = time_ms.map_or(self.now, Timestamp);
        let handheld = self.handhelds.get_mut(at).unwrap();
        handheld.now = now;
        handheld.author.role = role.unwrap_or(Role::Manager);
        let source = source.unwrap_or(Source::Stated);
        let recorded = handheld.record_from(self.customer, &edit, source).unwrap();
        let row = outbox::get(&*handheld.store.read().unwrap(), recorded.number);
        let made = Made {
            at: at.clone(),
            id: recorded.edit,
            number: recorded.number,
            change: row.unwrap().unwrap().members[0].envelope.change,
        };
        self.made.insert(r#as.clone(), made);
    }

    /// `$name` becomes the id of that edit, anywhere.
    fn resolve(&self, json: &Json) -> Json {
        match json {
            Json::String(text) => match text.strip_prefix('$') {
                Some(name) => Json::String(self.made[name].id.to_string()),
                None => json.clone(),
            },
            Json::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Json::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.resolve(value)))
                .collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
        }
    }

    fn damage(&mut self, at: &str, edit: &str, what: Damage) {
        let handheld = self.handhelds.get_mut(at).unwrap();
        let number = self.made[edit].number;
        let mut tx = handheld.store.write().unwrap();
        let mut row = outbox::get(tx.as_read(), number).unwrap().unwrap();
        let member = &mut row.members[0];
        match what {
            Damage::Bytes => *member.change.last_mut().unwrap() ^= 1,
            Damage::Envelope => member.envelope.edits = vec![EditId([0xee; 10])],
        }
        outbox::put(&mut *tx, number, &row).unwrap();
        tx.commit().unwrap();
        handheld.reopen();
    }

    fn view(&mut self, name: &str) -> Json {
        let handheld = self.handhelds.get_mut(name).unwrap();
        handheld.now = self.now;
        serde_json::to_value(handheld.open_card(self.customer).unwrap()).unwrap()
    }

    fn expect(&mut self, names: &[String], pointer: &str, equals: &Json) {
        for name in names {
            let view = self.view(name);
            let found = view.pointer(pointer).cloned().unwrap_or(Json::Null);
            let equals = as_set(self.resolve(equals));
            assert_eq!(as_set(found), equals, "{pointer} at {name}: {view:#}");
        }
    }

    fn absent(&mut self, text: &str) {
        for name in self.names(None) {
            assert!(!self.view(&name).to_string().contains(text), "{name}");
            let store = &self.handhelds[&name].store;
            let canonical = fleet::accepted_json(store, self.customer, &FACETS).unwrap();
            assert!(!format!("{canonical:?}").contains(text), "{name}");
        }
    }

    /// The hub accepted these edits of a replica and no others, once each, in this order.
    fn arrived(&self, from: &str, edits: &[String]) {
        let device = self.handhelds[from].replica.device();
        let tx = self.hub.store.read().unwrap();
        let scope = Scope::Book(SHOP);
        let mut found = Vec::new();
        for seq in 1..=feed::state(&*tx, scope).unwrap().seq {
            let row = feed::row(&*tx, scope, seq).unwrap().unwrap();
            let FeedKind::Change { document, change } = row.kind else {
                continue;
            };
            let stored: StoredChange = documents::change(&*tx, document, change).unwrap().unwrap();
            if stored.sealed.envelope.device == device {
                found.extend(stored.sealed.envelope.edits);
            }
        }
        let expected: Vec<_> = edits.iter().map(|name| self.made[name].id).collect();
        assert_eq!(found, expected);
    }

    /// The hub set one change aside, for this reason, and no other.
    fn aside(&self, edit: &str, code: &str) {
        let rows = quarantine::all(&*self.hub.store.read().unwrap()).unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.sealed.envelope.change, row.code.as_str()))
            .collect();
        assert_eq!(found, [(self.made[edit].change, code)]);
    }

    /// Its author can still read what was refused, with the reason; nothing else is left there.
    fn refused(&self, at: &str, edit: &str, (code, text): (&str, &str)) {
        let rows = outbox::all(&*self.handhelds[at].store.read().unwrap()).unwrap();
        assert_eq!(rows.len(), 1, "rows at {at}");
        let (number, row) = &rows[0];
        assert_eq!(*number, self.made[edit].number);
        let state = OutboxState::Refused {
            code: code.to_owned(),
        };
        assert_eq!(row.state, state);
        assert!(row.intent.contains(text), "{}", row.intent);
    }

    /// Everybody agrees with the hub, also a handheld that comes only now.
    pub(crate) fn agree(&mut self, disk: &dyn Fn() -> Disk) {
        self.sync(&self.names(None));
        let mut late = Handheld::enrol(&mut self.hub, 99, AssociateId([99; 8]), 99);
        late.store = disk();
        self.handhelds.insert("late".to_owned(), late);
        self.meet("late");
        let of = |disk: &Disk| fleet::accepted_json(disk, self.customer, &FACETS).unwrap();
        let heads = |disk: &Disk| {
            let row = documents::row(&*disk.read().unwrap(), Facet::Card.document(self.customer));
            row.unwrap().unwrap().heads
        };
        let hub = of(&self.hub.store);
        assert!(hub.contains_key(&Facet::Card));
        for (name, handheld) in &self.handhelds {
            let mut held = of(&handheld.store);
            if !held.contains_key(&Facet::Restricted) {
                // Need to know: not everybody has it.
                held.extend(
                    hub.get_key_value(&Facet::Restricted)
                        .map(|(k, v)| (*k, v.clone())),
                );
            }
            assert_eq!(held, hub, "{name}");
            assert_eq!(heads(&handheld.store), heads(&self.hub.store), "{name}");
            assert_eq!(handheld.pending().unwrap().count, 0, "{name}");
        }
    }
}

/// Lists of ids are sets.
fn as_set(json: Json) -> Json {
    let Json::Array(mut items) = json else {
        return json;
    };
    if items.iter().all(Json::is_string) {
        items.sort_by_key(ToString::to_string);
    }
    Json::Array(items)
}

/// Whether a text stands in any row of a disk.
fn holds(disk: &Disk, text: &str) -> bool {
    let tx = disk.read().unwrap();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let mut found = false;
    for table in Table::ALL {
        tx.scan(table, all, Direction::Ascending, &mut |_, value| {
            found |= value
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            Ok(if found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    }
    found
}
