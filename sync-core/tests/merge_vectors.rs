//! Runs the merge vectors of `tests/fixtures/merge_vectors.json` through plans, documents and views.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use sync_core::card::schema::Role;
use sync_core::card::{
    CardView, Corrections, Document, Edit, EditContext, Entries, Facet, FieldWrite, Plan,
    Provenance, Reading, Source, Visible, canonical_json,
};
use sync_core::ids::{ActorId, AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};

const VECTORS: &str = include_str!("../../tests/fixtures/merge_vectors.json");
const START: Timestamp = Timestamp(1_772_352_000_000);

#[derive(Deserialize)]
struct Vector {
    name: String,
    /// What it can't be played without; nothing, for those that documents alone can play.
    needs: Option<String>,
    replicas: Vec<String>,
    steps: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Edit {
        at: String,
        r#as: String,
        edit: Json,
        source: Option<Source>,
        role: Option<Role>,
        time_ms: Option<i64>,
    },
    Sync {
        between: Option<Vec<String>>,
    },
    Epoch {
        from: String,
        to: Vec<String>,
    },
    Replay {
        at: String,
        edit: String,
    },
    Received {
        edit: String,
        time_ms: i64,
    },
    Expect {
        at: Option<Vec<String>>,
        pointer: String,
        equals: Json,
    },
    Absent {
        at: Option<Vec<String>>,
        text: String,
    },
    Bytes {
        at: Option<Vec<String>>,
        text: String,
        stored: bool,
    },
}

struct Replica {
    number: u8,
    actor: ActorId,
    documents: BTreeMap<Facet, Document>,
}

struct World {
    replicas: BTreeMap<String, Replica>,
    plans: BTreeMap<String, Plan>,
    corrections: Corrections,
    now: Timestamp,
    actors: u8,
}

fn edit_id(name: &str) -> EditId {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(name.as_bytes());
    EditId::from_slice(&digest[..10]).unwrap()
}

/// `$name` becomes the id of that edit, anywhere.
fn resolve(json: &Json) -> Json {
    match json {
        Json::String(text) => match text.strip_prefix('$') {
            Some(name) => Json::String(edit_id(name).to_string()),
            None => json.clone(),
        },
        Json::Array(items) => Json::Array(items.iter().map(resolve).collect()),
        Json::Object(members) => Json::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), resolve(value)))
                .collect(),
        ),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
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

impl Replica {
    fn visible(&self) -> Visible {
        let entries = |document: &Document| document.entries().unwrap();
        self.documents
            .iter()
            .map(|(facet, document)| (*facet, entries(document)))
            .collect()
    }

    fn commit(&mut self, plan: &Plan, at: Timestamp) {
        for (facet, writes) in &plan.writes {
            let document = self.documents.entry(*facet).or_default();
            let mut entries = document.entries().unwrap();
            document.commit(self.actor, at, writes);
            entries.write(writes);
            assert_eq!(
                document.entries().unwrap(),
                entries,
                "map and document agree"
            );
        }
    }

    /// A private part is its owner's alone.
    fn may_hold(&self, facet: &Facet) -> bool {
        !matches!(facet, Facet::Private(owner) if *owner != AssociateId([self.number; 8]))
    }

    fn take_from(&mut self, facet: Facet, other: &Document) {
        let document = self.documents.entry(facet).or_default();
        let changes = other.changes_since(&document.heads());
        document
            .apply(changes.iter().map(|change| change.bytes.as_slice()))
            .unwrap();
    }
}

/// A document without history that holds these entries.
fn base(entries: &Entries) -> Document {
    let mut document = Document::default();
    document.commit(ActorId([255; 16]), Timestamp(0), &entries.base());
    document
}

impl World {
    fn new(names: &[String]) -> Self {
        let replica = |(name, number): (&String, u8)| {
            let replica = Replica {
                number,
                actor: ActorId([number; 16]),
                documents: BTreeMap::new(),
            };
            (name.clone(), replica)
        };
        Self {
            replicas: names.iter().zip(1..).map(replica).collect(),
            plans: BTreeMap::new(),
            corrections: Corrections::new(),
            now: START,
            actors: 100,
        }
    }

    fn names(&self, some: Option<&Vec<String>>) -> Vec<String> {
        some.cloned()
            .unwrap_or_else(|| self.replicas.keys().cloned().collect())
    }

    fn view(&self, name: &str) -> Json {
        let reading = Reading {
            now: START,
            corrections: &self.corrections,
        };
        let replica = &self.replicas[name];
        let reader = AssociateId([replica.number; 8]);
        let view = CardView::read_by(&replica.visible(), &reading, reader);
        serde_json::to_value(view).unwrap()
    }

    fn edit(&mut self, at: &str, edit: &Json, context: &EditContext) -> Plan {
        let edit: Edit = serde_json::from_value(resolve(edit)).unwrap();
        let replica = self.replicas.get_mut(at).unwrap();
        let plan = edit.plan(context, &replica.visible()).unwrap();
        // What is committed is what the outbox gives back.
        let plan: Plan = minicbor::decode(&minicbor::to_vec(&plan).unwrap()).unwrap();
        replica.commit(&plan, context.provenance.at);
        plan
    }

    fn sync(&mut self, names: &[String]) {
        for to in names {
            for from in names.iter().filter(|from| *from != to) {
                let theirs = self.replicas[from].documents.clone();
                let replica = self.replicas.get_mut(to).unwrap();
                for (facet, document) in &theirs {
                    if replica.may_hold(facet) {
                        replica.take_from(*facet, document);
                    }
                }
            }
        }
    }

    fn canonical(&self, name: &str) -> BTreeMap<Facet, String> {
        let json =
            |document: &Document| canonical_json(&document.entries().unwrap(), &self.corrections);
        self.replicas[name]
            .documents
            .iter()
            .map(|(facet, document)| (*facet, json(document)))
            .collect()
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.plus_ms(1_000);
        match step {
            Step::Edit {
                at,
                r#as,
                edit,
                source,
                role,
                time_ms,
            } => {
                let number = self.replicas[at].number;
                let context = EditContext {
                    edit: edit_id(r#as),
                    customer: CustomerId([1; 16]),
                    provenance: Provenance {
                        by: AssociateId([number; 8]),
                        device: DeviceId([number; 8]),
                        shop: ShopId([1; 8]),
                        at: time_ms.map_or(self.now, Timestamp),
                        source: source.unwrap_or(Source::Stated),
                        as_of: None,
                    },
                    role: role.unwrap_or(Role::Manager),
                };
                let plan = self.edit(at, edit, &context);
                self.plans.insert(r#as.clone(), plan);
            }
            Step::Sync { between } => self.sync(&self.names(between.as_ref())),
            Step::Epoch { from, to } => self.epoch(from, to),
            Step::Replay { at, edit } => {
                let replica = self.replicas.get_mut(at).unwrap();
                replica.commit(&self.plans[edit], self.now);
            }
            Step::Received { edit, time_ms } => {
                self.corrections.insert(edit_id(edit), Timestamp(*time_ms));
            }
            Step::Expect {
                at,
                pointer,
                equals,
            } => self.expect(&self.names(at.as_ref()), pointer, equals),
            Step::Bytes { at, text, stored } => {
                for name in self.names(at.as_ref()) {
                    let mut documents = self.replicas[&name].documents.values();
                    let found = documents.any(|document| {
                        let bytes = document.save();
                        let mut parts = bytes.windows(text.len());
                        parts.any(|part| part == text.as_bytes())
                    });
                    assert_eq!(found, *stored, "{text} in {name}");
                }
            }
            Step::Absent { at, text } => {
                for name in self.names(at.as_ref()) {
                    let view = self.view(&name).to_string();
                    assert!(!view.contains(text), "{text} in {name}");
                    let canonical = format!("{:?}", self.canonical(&name));
                    assert!(!canonical.contains(text), "{text} in {name}");
                }
            }
        }
    }

    fn epoch(&mut self, from: &str, to: &[String]) {
        let mut bases: BTreeMap<Facet, Document> = BTreeMap::new();
        let mut left: Vec<(AssociateId, Vec<FieldWrite>)> = Vec::new();
        for (facet, document) in &self.replicas[from].documents {
            let entries = document.entries().unwrap();
            left.extend(entries.left_behind());
            bases.insert(*facet, base(&entries));
        }
        for name in to {
            self.actors += 1;
            let replica = self.replicas.get_mut(name).unwrap();
            replica.actor = ActorId([self.actors; 16]);
            let own = Facet::Private(AssociateId([replica.number; 8]));
            replica.documents.retain(|facet, _| *facet == own);
            for (facet, document) in &bases {
                if replica.may_hold(facet) {
                    replica.documents.insert(*facet, document.clone());
                }
            }
            for (author, writes) in &left {
                if own == Facet::Private(*author) {
                    let document = replica.documents.entry(own).or_default();
                    document.commit(replica.actor, self.now, writes);
                }
            }
        }
    }

    fn expect(&self, names: &[String], pointer: &str, equals: &Json) {
        for name in names {
            let view = self.view(name);
            let found = view.pointer(pointer).cloned().unwrap_or(Json::Null);
            assert_eq!(
                as_set(found),
                as_set(resolve(equals)),
                "{pointer} at {name}: {view:#}"
            );
        }
    }

    /// Everybody agrees, also somebody who hears everything twice and in reverse.
    fn agree(&mut self) {
        let names = self.names(None);
        self.sync(&names);
        let first = self.canonical(&names[0]);
        let is_shared = |(facet, _): &(&Facet, &String)| !matches!(facet, Facet::Private(_));
        for name in &names {
            let canonical = self.canonical(name);
            let shared = canonical.iter().filter(is_shared);
            assert!(shared.eq(first.iter().filter(is_shared)), "{name}");
        }
        for (facet, document) in &self.replicas[&names[0]].documents {
            let mut changes = document.changes_since(&[]);
            changes.reverse();
            let mut other = Document::default();
            for change in changes.iter().chain(&changes) {
                other.apply([change.bytes.as_slice()]).unwrap();
            }
            assert_eq!(other.heads(), document.heads());
            let canonical = canonical_json(&other.entries().unwrap(), &self.corrections);
            assert_eq!(Some(&canonical), first.get(facet));
        }
    }
}

#[test]
fn every_merge_vector_holds() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let on_documents: Vec<_> = vectors.iter().filter(|one| one.needs.is_none()).collect();
    assert_eq!((vectors.len(), on_documents.len()), (16, 13));
    for vector in on_documents {
        // Printed only when a vector fails.
        println!("{}", vector.name);
        let mut world = World::new(&vector.replicas);
        let steps = Json::Array(vector.steps.clone());
        let steps: Vec<Step> = serde_json::from_value(steps).unwrap();
        assert!(steps.iter().any(|step| matches!(step, Step::Expect { .. })));
        for step in &steps {
            world.step(step);
        }
        world.agree();
    }
}
