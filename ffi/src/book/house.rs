//! The house: the written standard, colleagues, articles and stock; and what other systems and the hub say of a customer. None of it waits for an edit.

use std::sync::Arc;

use sync_core::concierge::Told;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::replica::book::{BookError as CoreError, Pass};
use sync_core::store::ReadTx;

use super::Book;
use crate::BookError;
use crate::error::guarded;
use crate::types::{
    Article, Colleague, CustomerResponse, HubAnswer, OutsideContact, Playbook, ServiceCase,
    SmallEvent, Standard, StockAt,
};

/// Articles that one search of the catalogue gives at most.
const ARTICLES_MAX: u32 = 200;

#[uniffi::export]
impl Book {
    /// Everybody who works for the chain, by name; those who have left too, since cards name them.
    pub fn colleagues(&self) -> Result<Vec<Colleague>, BookError> {
        let found = self.beside(|pass, tx, now| pass.colleagues(tx, now))?;
        let colleague = |(id, staff)| Colleague::new(id, staff);
        Ok(found.into_iter().map(colleague).collect())
    }

    /// One article; none when the catalogue has none of that number.
    pub fn article(&self, sku: String) -> Result<Option<Article>, BookError> {
        let found = self.beside(|pass, tx, now| pass.article(tx, &sku, now))?;
        Ok(found.map(|told| Article::new(told.key, told.as_of, told.body)))
    }

    /// Articles by the beginnings of words of their number, name, category, brand or tags; at most 200.
    pub fn find_articles(&self, text: String, limit: u32) -> Result<Vec<Article>, BookError> {
        let limit = usize::try_from(limit.min(ARTICLES_MAX)).unwrap_or(usize::MAX);
        let found = self.beside(|pass, tx, now| pass.articles(tx, (&text, limit), now))?;
        let article = |told: Told<_>| Article::new(told.key, told.as_of, told.body);
        Ok(found.into_iter().map(article).collect())
    }

    /// What each shop had of an article when it was counted last, the own shop first.
    pub fn stock(&self, sku: String) -> Result<Vec<StockAt>, BookError> {
        let found = self.beside(|pass, tx, now| pass.stock(tx, &sku, now))?;
        let stock = |(name, told): (_, Told<_>)| StockAt::new(name, told.as_of, told.body);
        Ok(found.into_iter().map(stock).collect())
    }

    /// The chain's written standard: what every customer is owed, and how each item stands by the verified standard.
    pub fn playbook(&self) -> Result<Playbook, BookError> {
        self.beside(|pass, tx, now| {
            let told = pass.playbook(tx, now)?;
            // What is not genuine is told by `standard`, and stands beside nothing.
            let standard = match pass.standard(tx, now) {
                Err(CoreError::NotGenuine) => None,
                read => read?,
            };
            let told = (told.playbook, told.version, told.is_newer);
            Ok(Playbook::new(told, standard.as_ref()))
        })
    }

    /// Where the chain stands: what the best customers got of each item, and what everybody else did. None before the hub has told.
    ///
    /// It is checked with the hub's key that enrolment brought. What that hub did not sign is refused with `not_genuine` and never shown.
    pub fn standard(&self) -> Result<Option<Standard>, BookError> {
        let found = self.beside(|pass, tx, now| pass.standard(tx, now))?;
        Ok(found.map(Standard::from))
    }

    /// The small events of the shop, the first to begin first. Who came is `SetInvitation` on their card, offline too;
    /// what they thought is a reaction, what they suggest a suggestion.
    pub fn small_events(&self) -> Result<Vec<SmallEvent>, BookError> {
        let found = self.beside(|pass, tx, now| pass.events(tx, now))?;
        let event = |(id, body)| SmallEvent::new(id, body);
        Ok(found.into_iter().map(event).collect())
    }

    /// The customer's cases of the service desk, latest first. A look at the customer, which is logged as one.
    pub fn service_cases(&self, customer: CustomerId) -> Result<Vec<ServiceCase>, BookError> {
        self.log_look(customer)?;
        let found = self.beside(|pass, tx, now| pass.cases(tx, customer, now))?;
        Ok(found.into_iter().map(ServiceCase::from).collect())
    }

    /// What the customer answered to messages and surveys, latest first. A look at the customer, which is logged as one.
    pub fn responses(&self, customer: CustomerId) -> Result<Vec<CustomerResponse>, BookError> {
        self.log_look(customer)?;
        let found = self.beside(|pass, tx, now| pass.responses(tx, customer, now))?;
        Ok(found.into_iter().map(CustomerResponse::from).collect())
    }

    /// Dealings that other systems know of and messages that the hub sent, latest first. A look at the customer, which is logged as one.
    pub fn outside_contacts(&self, customer: CustomerId) -> Result<Vec<OutsideContact>, BookError> {
        self.log_look(customer)?;
        let found = self.beside(|pass, tx, now| pass.contacts(tx, customer, now))?;
        Ok(found.into_iter().map(OutsideContact::from).collect())
    }

    /// What the hub answered to what was asked for on this card. An ask without an answer is "asked for", never "booked".
    /// A look at the customer, which is logged as one.
    pub fn answers(&self, customer: CustomerId) -> Result<Vec<HubAnswer>, BookError> {
        self.log_look(customer)?;
        let found = self.beside(|pass, tx, now| pass.answers(tx, customer, now))?;
        Ok(found.into_values().map(HubAnswer::from).collect())
    }
}

impl Book {
    /// Reads with the pass, without waiting for whoever holds the book.
    pub(super) fn beside<T>(
        &self,
        read: impl FnOnce(&Pass, &dyn ReadTx, Timestamp) -> Result<T, CoreError>,
    ) -> Result<T, BookError> {
        guarded(|| {
            let store: Arc<_> = self.shelf.store()?;
            let tx = store.read()?;
            Ok(read(&self.shelf.pass(), &*tx, self.shelf.now())?)
        })
    }
}
