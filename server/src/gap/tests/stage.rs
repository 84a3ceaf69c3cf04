//! The stage of the claims about the gap: a hub with some customers to whom things happen.

use super::*;

/// A hub with some customers, and a source of chance.
pub(super) struct Stage {
    pub(super) hub: TestHub,
    pub(super) book: Book,
    pub(super) customers: Vec<CustomerId>,
    pub(super) chance: SeededEntropy,
    pub(super) promises: Vec<(CustomerId, EditId)>,
}

pub(super) fn open(hub: &TestHub) -> Book {
    Book::open(BookParts {
        store: hub.store.clone(),
        writer: hub.writer.clone(),
        key: Arc::new(hub.keys.hub_key()),
        clock: hub.clock.clone(),
        entropy: hub.entropy.clone(),
    })
    .unwrap()
}

impl Stage {
    pub(super) async fn new(customers: usize, seed: u64) -> Self {
        let hub = TestHub::start().await;
        let book = open(&hub);
        let mut stage = Self {
            book,
            hub,
            customers: Vec::new(),
            chance: SeededEntropy::new(seed),
            promises: Vec::new(),
        };
        for number in 0..customers {
            let id = CustomerId(stage.hub.entropy.bytes());
            let name = json!({ "display": format!("Customer {number}") });
            stage
                .edit(id, json!({ "edit": "create_customer", "name": name }))
                .await;
            stage.customers.push(id);
        }
        stage
    }

    pub(super) fn now(&self) -> Timestamp {
        self.book.now()
    }

    pub(super) fn pick(&mut self, many: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        let many = u64::try_from(many).unwrap();
        usize::try_from(u64::from_be_bytes(bytes) % many).unwrap()
    }

    pub(super) async fn edit(&self, customer: CustomerId, edit: Value) -> EditId {
        let edit: Edit = serde_json::from_value(edit).unwrap();
        let author = HubAuthor {
            associate: AssociateId([1; 8]),
            session: SessionId([0; 8]),
            shop: self.hub.shop,
            role: Role::Manager,
        };
        let id = EditId(self.hub.entropy.bytes());
        let edit = HubEdit {
            id,
            edit,
            source: Source::Typed,
            as_of: None,
        };
        self.book
            .record(author, customer, vec![edit])
            .await
            .unwrap();
        id
    }

    pub(super) async fn sell(&mut self, customer: CustomerId, kind: RecordKind) {
        let cents = i64::try_from(100 * (1 + self.pick(50))).unwrap();
        let draft = RecordDraft {
            kind,
            source: "till".to_owned(),
            source_id: format!("{}-{}", self.now().0, self.pick(1_000_000)),
            as_of: self.now(),
            sale: Sale {
                shop: None,
                at: SoldAt::Moment(self.now()),
                lines: vec![SaleLine {
                    sku: Some("coat".to_owned()),
                    label: None,
                    quantity: 1,
                    amount_minor: cents,
                }],
                amount_minor: cents,
                currency: Currency::EUR,
            },
        };
        let put = self.book.write_batch(move |engine| {
            engine.put_records(customer, &[draft])?;
            Ok::<_, RecordError>(())
        });
        put.await.unwrap();
    }

    pub(super) async fn thank(&mut self, customer: CustomerId) {
        let at = self.now();
        let key = format!("esp:{}-{}", at.0, self.pick(1_000_000));
        let body = ContactBody {
            channel: Some("email".to_owned()),
            purpose: Some("care".to_owned()),
            at,
            by_customer: false,
            summary: None,
            content: None,
            by: None,
            act: Some("thank_you".to_owned()),
        };
        let draft = NoticeDraft::new(Subject::Customer(customer), key, ("esp", at), &body);
        let put = self.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, NoticeError>(())
        });
        put.await.unwrap();
    }

    /// Something that happens in a shop.
    pub(super) async fn happen(&mut self) {
        let place = self.pick(self.customers.len());
        let customer = self.customers[place];
        match self.pick(10) {
            0..=3 => self.sell(customer, RecordKind::Purchase).await,
            4 => self.sell(customer, RecordKind::Return).await,
            5 | 6 => self.thank(customer).await,
            7 => {
                let due = self
                    .now()
                    .plus_ms(DAY * i64::try_from(self.pick(6)).unwrap());
                let promise = json!({ "edit": "make_promise", "what": "call", "due": due });
                let id = self.edit(customer, promise).await;
                self.promises.push((customer, id));
            }
            8 => {
                if let Some((customer, promise)) = self.promises.pop() {
                    let done = json!({ "edit": "set_promise_status", "promise": promise, "status": "done" });
                    self.edit(customer, done).await;
                }
            }
            _ => {
                let other = self.customers[(place + 1) % self.customers.len()];
                let sameness = if self.pick(3) == 0 {
                    "different"
                } else {
                    "same"
                };
                let link = json!({
                    "edit": "link_customers", "other": other, "sameness": sameness, "evidence": ["said"],
                });
                self.edit(customer, link).await;
            }
        }
    }

    pub(super) async fn settle(&self) {
        keeper::settle(&self.book, self.now()).await.unwrap();
    }

    pub(super) fn kept(&self) -> (Report, usize) {
        let tx = self.hub.store.read().unwrap();
        let kept = Kept::read(&*tx).unwrap();
        assert!(kept.is_complete);
        let found = serde_json::to_string(&kept.discover()).unwrap().len();
        (kept.report(&*tx, self.now()).unwrap(), found)
    }

    /// That every row is what its customer comes to now.
    pub(super) fn check_rows(&self, settings: &Settings) {
        let tx = self.hub.store.read().unwrap();
        let (playbook, _) = playbook(&*tx).unwrap();
        for card in &self.customers {
            let whole = gather::whole_of(&self.book, &*tx, *card).unwrap();
            let person = whole.members.first().copied().unwrap();
            let house = gather::shops(&*tx).unwrap();
            let row = gap::Contribution::of((&whole, &house), &playbook, settings, self.now());
            let expected = Some(row)
                .filter(|row| row.is_active || row.next_change.is_some())
                .filter(|_| person == *card);
            let kept = ledger::row(&*tx, *card).unwrap();
            assert_eq!(kept, expected, "{card} of {:?}", whole.members);
        }
    }

    /// That what is kept is what counting everybody now gives.
    pub(super) fn check(&self) -> Report {
        let (kept, found) = self.kept();
        let settings = settings::read(&*self.hub.store.read().unwrap()).unwrap();
        self.check_rows(&settings);
        let (fresh, discovered) = as_of::report(&self.book, &settings, self.now()).unwrap();
        assert_eq!(kept, fresh);
        assert_eq!(found, serde_json::to_string(&discovered).unwrap().len());
        kept
    }
}
