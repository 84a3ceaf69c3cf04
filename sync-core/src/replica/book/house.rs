//! What the house and other systems say, read beside the book's lock: none of it is on a card, so a pass is enough.

use std::collections::BTreeMap;

use super::{BookError, Pass};
use crate::card::normal::fold;
use crate::concierge::Told;
use crate::concierge::guests::EventBody;
use crate::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use crate::notices::bodies::{
    AnswerBody, ArticleBody, CaseBody, ContactBody, ResponseBody, ShopBody, StaffBody, StockBody,
};
use crate::notices::{self, NoticeBody, Subject};
use crate::store::ReadTx;

/// What a shop has of an article, with the shop's name where it is known.
type NamedStock = (Option<String>, Told<StockBody>);

impl Pass {
    /// Everybody who works for the chain, by name.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn colleagues(
        &self,
        tx: &dyn ReadTx,
        now: Timestamp,
    ) -> Result<Vec<(AssociateId, StaffBody)>, BookError> {
        self.check(now)?;
        let mut found = Vec::new();
        notices::for_each::<StaffBody>(tx, Subject::Chain, &mut |notice, body| {
            if let Ok(associate) = notice.key.parse() {
                found.push((associate, body));
            }
        })?;
        found.sort_by(|one, other| (&one.1.name, one.0).cmp(&(&other.1.name, other.0)));
        Ok(found)
    }

    /// One article; nothing when the catalogue has none of that number.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn article(
        &self,
        tx: &dyn ReadTx,
        sku: &str,
        now: Timestamp,
    ) -> Result<Option<Told<ArticleBody>>, BookError> {
        self.check(now)?;
        let found = notices::get::<ArticleBody>(tx, Subject::Chain, sku)?;
        Ok(found.map(|(notice, body)| Told::new(notice, body)))
    }

    /// Articles whose number, name, category, brand or tags begin a word with each of these words; by number, at most `limit`.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn articles(
        &self,
        tx: &dyn ReadTx,
        (text, limit): (&str, usize),
        now: Timestamp,
    ) -> Result<Vec<Told<ArticleBody>>, BookError> {
        self.check(now)?;
        let words: Vec<String> = text.split_whitespace().map(fold).collect();
        let mut found = Vec::new();
        notices::for_each::<ArticleBody>(tx, Subject::Chain, &mut |notice, body| {
            if found.len() < limit && is_about(&notice.key, &body, &words) {
                found.push(Told::new(notice, body));
            }
        })?;
        Ok(found)
    }

    /// What each shop has of an article, the reader's own shop first, with the shops' names.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn stock(
        &self,
        tx: &dyn ReadTx,
        sku: &str,
        now: Timestamp,
    ) -> Result<Vec<NamedStock>, BookError> {
        let author = self.check(now)?;
        let mut shops: BTreeMap<ShopId, String> = BTreeMap::new();
        notices::for_each::<ShopBody>(tx, Subject::Chain, &mut |notice, body| {
            if let Ok(shop) = notice.key.parse() {
                shops.insert(shop, body.name);
            }
        })?;
        let mut found = Vec::new();
        for (shop, name) in shops {
            let key = format!("{shop}/{sku}");
            if let Some((notice, body)) = notices::get::<StockBody>(tx, Subject::Chain, &key)? {
                found.push((Some(name), Told::new(notice, body)));
            }
        }
        found.sort_by_key(|(_, told)| (told.body.shop != author.shop, told.body.shop));
        Ok(found)
    }

    /// The small events of the reader's own shop, the first to begin first, with what was called off and what is over.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn events(
        &self,
        tx: &dyn ReadTx,
        now: Timestamp,
    ) -> Result<Vec<(EditId, EventBody)>, BookError> {
        let author = self.check(now)?;
        let mut found = Vec::new();
        let subject = Subject::Shop(author.shop);
        notices::for_each::<EventBody>(tx, subject, &mut |notice, body| {
            if let Ok(event) = notice.key.parse() {
                found.push((event, body));
            }
        })?;
        found.sort_by_key(|(event, body)| (body.begins_at, *event));
        Ok(found)
    }

    /// Cases of the service desk, latest first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn cases(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Told<CaseBody>>, BookError> {
        let mut found = self.told(tx, customer, now)?;
        found.sort_by_key(|told: &Told<CaseBody>| std::cmp::Reverse(told.body.opened_at));
        Ok(found)
    }

    /// What the customer answered to messages and surveys, latest first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn responses(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Told<ResponseBody>>, BookError> {
        let mut found = self.told(tx, customer, now)?;
        found.sort_by_key(|told: &Told<ResponseBody>| std::cmp::Reverse(told.body.at));
        Ok(found)
    }

    /// Dealings that other systems know of and messages that left, latest first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn contacts(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Told<ContactBody>>, BookError> {
        let mut found = self.told(tx, customer, now)?;
        found.sort_by_key(|told: &Told<ContactBody>| std::cmp::Reverse(told.body.at));
        Ok(found)
    }

    /// The hub's answers to what was asked for, by ask.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn answers(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<BTreeMap<EditId, Told<AnswerBody>>, BookError> {
        let found: Vec<Told<AnswerBody>> = self.told(tx, customer, now)?;
        Ok(found
            .into_iter()
            .map(|told| (told.body.ask, told))
            .collect())
    }

    fn told<B: NoticeBody>(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Told<B>>, BookError> {
        self.check(now)?;
        let mut found = Vec::new();
        notices::for_each::<B>(tx, Subject::Customer(customer), &mut |notice, body| {
            found.push(Told::new(notice, body));
        })?;
        Ok(found)
    }
}

/// Whether each word begins a word of the article.
fn is_about(sku: &str, article: &ArticleBody, words: &[String]) -> bool {
    let brand = article.brand.as_deref().unwrap_or_default();
    let texts = [sku, &article.label, &article.category, brand];
    let texts = texts
        .into_iter()
        .chain(article.tags.iter().map(String::as_str));
    let folded: Vec<String> = texts.map(fold).collect();
    words.iter().all(|word| {
        let mut parts = folded.iter().flat_map(|text| text.split([' ', '-', '/']));
        parts.any(|part| part.starts_with(word.as_str()))
            || folded.iter().any(|text| text.starts_with(word.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::schema::Role;
    use crate::ids::SessionId;
    use crate::notices::{NoticeDraft, next_version, put};
    use crate::replica::Author;
    use crate::store::memory::MemoryStore;
    use crate::store::{Store, WriteTx};

    const HERE: ShopId = ShopId([9; 8]);
    const THERE: ShopId = ShopId([1; 8]);
    const NOW: Timestamp = Timestamp(5_000);

    fn pass(lease_until: Timestamp) -> Pass {
        Pass::Good {
            author: Author {
                associate: AssociateId([1; 8]),
                session: SessionId([1; 8]),
                shop: HERE,
                role: Role::Associate,
            },
            lease_until,
            not_before: Timestamp(0),
        }
    }

    fn post<B: NoticeBody>(tx: &mut dyn WriteTx, key: String, body: &B) {
        let draft = NoticeDraft::new(Subject::Chain, key, ("test", Timestamp(7)), body);
        let notice = next_version(tx.as_read(), &draft).unwrap().unwrap();
        put(tx, &notice).unwrap();
    }

    #[test]
    fn an_article_is_found_by_the_beginnings_of_its_words_and_its_stock_is_told_from_here_outward()
    {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let coat = ArticleBody {
            label: "Manteau Élan".to_owned(),
            category: "coat".to_owned(),
            tags: vec!["rain".to_owned()],
            ..ArticleBody::default()
        };
        post(&mut *tx, "C-100".to_owned(), &coat);
        post(&mut *tx, "R-1".to_owned(), &ArticleBody::default());
        for (shop, name) in [(THERE, "Lyon"), (HERE, "Paris")] {
            let clock = vec![(Timestamp(0), 60)];
            let name = name.to_owned();
            let body = ShopBody {
                name,
                clock,
                currency: None,
            };
            post(&mut *tx, shop.to_string(), &body);
            let on_hand = [("38".to_owned(), 1)].into();
            let sku = "C-100".to_owned();
            let stock = StockBody {
                shop,
                sku,
                on_hand,
                arriving: Vec::new(),
                there_since: None,
            };
            post(&mut *tx, format!("{shop}/C-100"), &stock);
        }
        let pass = pass(Timestamp(10_000));
        for text in ["man", "élan rai", "c-1", "COAT", "100"] {
            let found = pass.articles(tx.as_read(), (text, 9), NOW).unwrap();
            assert_eq!(found.len(), 1, "{text}");
        }
        assert!(
            pass.articles(tx.as_read(), ("ring", 9), NOW)
                .unwrap()
                .is_empty()
        );
        assert_eq!(pass.articles(tx.as_read(), ("", 1), NOW).unwrap().len(), 1);
        let stock = pass.stock(tx.as_read(), "C-100", NOW).unwrap();
        let names: Vec<_> = stock.iter().map(|(name, _)| name.as_deref()).collect();
        assert_eq!(names, [Some("Paris"), Some("Lyon")]);
    }

    #[test]
    fn a_pass_whose_lease_is_over_reads_nothing() {
        let store = MemoryStore::default();
        let tx = store.read().unwrap();
        let over = pass(NOW).colleagues(&*tx, NOW);
        assert!(matches!(over, Err(BookError::LeaseOver)));
    }
}
