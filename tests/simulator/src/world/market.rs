//! What happens at the hub: the back office, the books of the shops, the till; and the handheld that lies.

use std::collections::VecDeque;

use sync_core::authority::{AuthorityError, HubAuthor};
use sync_core::card::schema::Role;
use sync_core::card::{CardView, Edit, Reading};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, SessionId, ShopId};
use sync_core::notices::{NoticeDraft, NoticeError, NoticeKind, Subject};
use sync_core::records::{Currency, RecordDraft, RecordError, RecordKind, Sale, SaleLine, SoldAt};
use sync_core::store::Store as _;

use super::World;
use crate::edits::{self, Scene};
use crate::fleet::{HUB_DEVICE, Link};
use crate::hostile;
use crate::invariants::Violation;
use crate::oracle::Told;

const KINDS: [NoticeKind; 3] = [NoticeKind::Stock, NoticeKind::Case, NoticeKind::Right];

impl World {
    fn hub_author(&self, entropy: &mut SeededEntropy) -> HubAuthor {
        let person = entropy
            .percent(70)
            .then(|| entropy.pick(&self.people).copied());
        let shop = entropy.pick(&self.shops).copied();
        HubAuthor {
            associate: person.flatten().unwrap_or(AssociateId([0; 8])),
            session: SessionId([0; 8]),
            shop: shop.unwrap_or(ShopId([1; 8])),
            role: Role::Hub,
        }
    }

    pub(super) fn back_office_any(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        let Some(customer) = entropy.pick(&self.customers).copied() else {
            return Ok(());
        };
        let author = self.hub_author(entropy);
        let reader = (author.shop, Some(author.associate));
        let tx = self.hub.store.read()?;
        let (visible, corrections) = self.hub.authority.visible(&*tx, customer, reader)?;
        drop(tx);
        let now = self.hub.now();
        let reading = Reading {
            now,
            corrections: &corrections,
        };
        let view = CardView::read(&visible, &reading);
        let scene = Scene {
            visible: &visible,
            conflicts: &view.conflicts,
            customers: &self.customers,
            people: &self.people,
            now,
        };
        let edit = edits::any(entropy, &scene);
        self.hub_record(&author, customer, edit, entropy)
    }

    pub(super) fn back_office(
        &mut self,
        customer: CustomerId,
        edit: Edit,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let author = self.hub_author(entropy);
        self.hub_record(&author, customer, edit, entropy)
    }

    fn hub_record(
        &mut self,
        author: &HubAuthor,
        customer: CustomerId,
        edit: Edit,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let name = edits::name(&edit);
        match self.hub.record(author, customer, vec![edit], entropy) {
            Ok(ids) => {
                for id in ids {
                    let told = Told {
                        customer,
                        facets: Vec::new(),
                        associate: author.associate,
                        session: author.session,
                        device: HUB_DEVICE,
                        role: author.role,
                        is_stray: false,
                        is_forgiven: false,
                    };
                    self.oracle.told.insert(id, told);
                }
                self.totals.recorded += 1;
                *self.totals.edits.entry(name).or_default() += 1;
                Ok(())
            }
            Err(AuthorityError::Store(error)) => Err(error.into()),
            Err(
                AuthorityError::Edit(_)
                | AuthorityError::UnknownCustomer
                | AuthorityError::Erased
                | AuthorityError::CardFull
                | AuthorityError::TooMuch,
            ) => {
                self.totals.declined += 1;
                Ok(())
            }
        }
    }

    pub(super) fn move_in_book(
        &mut self,
        enters: bool,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let customer = entropy.pick(&self.customers).copied();
        let shop = entropy.pick(&self.shops).copied();
        if let (Some(customer), Some(shop)) = (customer, shop) {
            self.hub.move_in_book((customer, shop), enters, entropy)?;
        }
        Ok(())
    }

    pub(super) fn sale(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        let Some(customer) = entropy.pick(&self.customers).copied() else {
            return Ok(());
        };
        let mut drafts = Vec::new();
        for _ in 0..=entropy.below(3) {
            drafts.push(RecordDraft {
                kind: if entropy.percent(85) {
                    RecordKind::Purchase
                } else {
                    RecordKind::Return
                },
                source: "till".to_owned(),
                source_id: entropy.below(12).to_string(),
                as_of: self.hub.now(),
                sale: Sale {
                    shop: self.shops.first().copied(),
                    at: SoldAt::Moment(self.hub.now()),
                    lines: vec![SaleLine {
                        sku: Some("B-100".to_owned()),
                        label: None,
                        quantity: 1,
                        amount_minor: 12_500,
                    }],
                    amount_minor: i64::try_from(entropy.below(50_000)).expect("small"),
                    currency: Currency::EUR,
                },
            });
        }
        match self.hub.put_records(customer, &drafts, entropy) {
            Ok(changed) => {
                self.totals.records += changed;
                Ok(())
            }
            Err(RecordError::Store(error)) => Err(error.into()),
            Err(error) => Err(Violation::new("records", error.to_string())),
        }
    }

    /// The hub posts notices: new ones, other versions, some taken back.
    pub(super) fn post(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        let few = 1 + entropy.below(4);
        // Now and then more than one entry of a feed tells.
        let count = if entropy.percent(3) { 120 } else { few };
        let mut drafts = Vec::new();
        for _ in 0..count {
            let kind = *entropy.pick(&KINDS).expect("there are kinds");
            let size = usize::try_from(entropy.below(400)).expect("small");
            let says = entropy.percent(85);
            drafts.push(NoticeDraft {
                subject: self.subject(entropy),
                kind,
                key: entropy.below(count * 2).to_string(),
                source: "house".to_owned(),
                as_of: self.hub.now(),
                body: says.then(|| vec![u8::try_from(entropy.below(256)).expect("a byte"); size]),
            });
        }
        match self.hub.put_notices(&drafts, entropy) {
            Ok(changed) => {
                self.totals.notices += changed;
                Ok(())
            }
            Err(NoticeError::Store(error)) => Err(error.into()),
            Err(error) => Err(Violation::new("notices", error.to_string())),
        }
    }

    fn subject(&self, entropy: &mut SeededEntropy) -> Subject {
        let shop = entropy.pick(&self.shops).copied().map(Subject::Shop);
        let person = entropy.pick(&self.people).copied().map(Subject::Associate);
        let customer = entropy.pick(&self.customers).copied();
        let drawn = match entropy.below(5) {
            0 => Some(Subject::Chain),
            1 => shop,
            2 => person,
            _ => customer.map(Subject::Customer),
        };
        drawn.unwrap_or(Subject::Chain)
    }

    /// The lying handheld sends something that no honest one would.
    pub(super) fn lie(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        let Some(who) = self.units.iter().position(|unit| unit.is_hostile) else {
            return Ok(());
        };
        let unit = self.units.get(who).expect("it was just found");
        let frames = hostile::lies(&self.hub, &unit.handheld, entropy)?;
        self.links.remove(&who);
        let mut link = Link::open(&unit.handheld, &self.hub)?;
        if entropy.percent(40) {
            let lie = hostile::old_hello(&self.hub, &link.granted, entropy)?;
            link.to_hub = VecDeque::from([lie.pack()]);
            self.totals.lies += 1;
        }
        if let Some(exchange) = link.deliver_up(&unit.handheld, &mut self.hub)? {
            hostile::must_not_leak(&self.hub, &link.granted, &exchange.replies)?;
        }
        for frame in frames {
            if link.is_broken {
                break;
            }
            link.to_hub.push_front(frame);
            let answered = link.deliver_up(&unit.handheld, &mut self.hub)?;
            self.totals.lies += 1;
            let Some(exchange) = answered else {
                continue;
            };
            hostile::must_not_leak(&self.hub, &link.granted, &exchange.replies)?;
        }
        self.totals.carry(&link);
        Ok(())
    }
}
