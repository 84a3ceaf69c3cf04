//! The goods that matter for one customer, found without reading the catalogue: by number, and by an index of what each article is.
//!
//! # Keys
//! In [`Table::Gap`]: `0xE1`, a word, a zero byte and the article's number, for each word that the article is known by: its tags,
//! materials, category, brand, and `=` with its number folded, so that what somebody typed finds it. On the hub as on a handheld.
//!
//! # Invariants
//! - The index is derived from the stored article alone and moves with it ([`index`], called by [`crate::notices::put`]).
//! - A word that leads to an article which is not known by it any more is harmless: the article decides.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::Goods;
use crate::card::normal::fold;
use crate::card::terms::{NeedState, Polarity};
use crate::concierge::picture::{House, Told, Whole};
use crate::concierge::recommend::{PAIR_LIFT_BP_MIN, PAIR_SUPPORT_MIN};
use crate::ids::ShopId;
use crate::notices::bodies::{ArticleBody, PairsBody, StockBody};
use crate::notices::{self, Notice, Subject};
use crate::records::Record;
use crate::store::{ReadTx, StoreError, Table, WriteTx, key, scan_prefix};

/// Articles that the customer's rows name: wishes, open cases, what they reacted to, the latest sales.
pub const NAMED_MAX: usize = 96;
/// Articles beside those that could answer a need, suit a taste or go with what they have.
pub const CANDIDATES_MAX: usize = 160;
/// Articles that one word leads to.
const PER_WORD_MAX: usize = 48;
/// Words that are looked up for one customer.
const WORDS_MAX: usize = 64;
/// Articles of which the other shops' stock is read too: wishes first, then what answers a need.
const ELSEWHERE_ARTICLES_MAX: usize = 12;
/// Other shops whose stock is read, in the order of their ids.
const ELSEWHERE_SHOPS_MAX: usize = 48;
/// Bytes of a word in the index; longer ones are found by their beginning.
const WORD_BYTES_MAX: usize = 64;
const PREFIX: &[u8] = &[0xE1];

/// Moves the index from what an article was to what it is. Notices of other kinds are not its business.
///
/// # Errors
/// [`StoreError`] when storage fails.
pub fn index(
    tx: &mut dyn WriteTx,
    before: Option<&Notice>,
    after: Option<&Notice>,
) -> Result<(), StoreError> {
    let (old, new) = (entries(before), entries(after));
    for gone in old.difference(&new) {
        tx.delete(Table::Gap, gone)?;
    }
    for added in new.difference(&old) {
        tx.put(Table::Gap, added, &[])?;
    }
    Ok(())
}

/// The index keys of an article; none of what does not decode, which nobody could show either.
fn entries(notice: Option<&Notice>) -> BTreeSet<Vec<u8>> {
    let article = notice.and_then(|notice| {
        let body = notice.body::<ArticleBody>().ok().flatten()?;
        Some((notice.key.as_str(), body))
    });
    let Some((sku, article)) = article else {
        return BTreeSet::new();
    };
    let listed = article.tags.iter().chain(&article.materials);
    let words = listed.chain([&article.category]).chain(&article.brand);
    let words = words.map(|word| fold(word)).chain([numbered(sku)]);
    words
        .filter(|word| !word.is_empty())
        .map(|word| key(&[&word_key(&word), sku.as_bytes()]))
        .collect()
}

/// The word by which a number is found however it was typed.
fn numbered(sku: &str) -> String {
    format!("={}", fold(sku))
}

fn word_key(word: &str) -> Vec<u8> {
    let bytes = word.bytes().filter(|byte| *byte != 0).take(WORD_BYTES_MAX);
    PREFIX.iter().copied().chain(bytes).chain([0]).collect()
}

/// Numbers of articles that are known by a word, in their order.
fn known_by(tx: &dyn ReadTx, word: &str) -> Result<Vec<String>, StoreError> {
    let prefix = word_key(word);
    let mut found = Vec::new();
    scan_prefix(tx, Table::Gap, &prefix, &mut |key, _| {
        let sku = key.get(prefix.len()..).map(String::from_utf8_lossy);
        found.extend(sku.map(std::borrow::Cow::into_owned));
        Ok(if found.len() < PER_WORD_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}

/// Fills in the goods that matter for a customer: articles, pairs, stock.
pub(super) fn fill(
    tx: &dyn ReadTx,
    whole: &Whole,
    (house, shop): (&mut House, ShopId),
    goods: Goods,
) -> Result<(), StoreError> {
    let wishes = whole.view.wishes.iter().filter(|wish| !wish.fulfilled);
    let wished: Vec<&str> = wishes.map(|wish| wish.sku.value.as_str()).collect();
    let mut elsewhere = Vec::new();
    let mut named = named(whole);
    named.truncate(NAMED_MAX);
    match goods {
        Goods::All => {}
        Goods::Wished => {
            let wishes = whole.view.wishes.iter();
            let wishes: BTreeSet<&str> = wishes.map(|wish| wish.sku.value.as_str()).collect();
            named.retain(|sku| wishes.contains(sku.as_str()));
        }
        Goods::None => return Ok(()),
    }
    for sku in named {
        let known = take_article(tx, house, &sku)?.unwrap_or_else(|| sku.clone());
        if wished.contains(&sku.as_str()) {
            elsewhere.push(known.clone());
        }
        take_stock(tx, house, (&known, shop))?;
    }
    if goods == Goods::Wished {
        return elsewhere_stock(tx, house, &elsewhere);
    }
    let bought = whole.sales.iter().flat_map(|record| &record.sale.lines);
    let owned: BTreeSet<String> = bought.filter_map(|line| line.sku.clone()).collect();
    let needed = by_words(tx, &need_words(whole))?;
    let mut candidates = needed.clone();
    candidates.extend(pairs(tx, house, &owned)?);
    candidates.extend(by_words(tx, &taste_words(whole))?);
    let mut taken = 0;
    for sku in candidates {
        if taken >= CANDIDATES_MAX {
            break;
        }
        if !house.articles.contains_key(&sku) && take_article(tx, house, &sku)?.is_some() {
            taken += 1;
            take_stock(tx, house, (&sku, shop))?;
        }
    }
    let needed = needed
        .into_iter()
        .filter(|sku| house.articles.contains_key(sku));
    elsewhere.extend(needed);
    elsewhere_stock(tx, house, &elsewhere)
}

/// Numbers that the customer's rows name, what matters most first.
fn named(whole: &Whole) -> Vec<String> {
    let view = &whole.view;
    let mut skus: Vec<&str> = Vec::new();
    let open = |fulfilled: bool| {
        view.wishes
            .iter()
            .filter(move |wish| wish.fulfilled == fulfilled)
    };
    skus.extend(open(false).map(|wish| wish.sku.value.as_str()));
    skus.extend(
        whole
            .cases
            .iter()
            .filter_map(|case| case.body.sku.as_deref()),
    );
    skus.extend(view.asks.iter().filter_map(|ask| ask.subject.as_deref()));
    let mut sales: Vec<_> = whole.sales.iter().collect();
    sales.sort_by_key(|record| (std::cmp::Reverse(record.sale.at.moment()), record.key()));
    let (latest, older) = sales.split_at(sales.len().min(1));
    skus.extend(latest.iter().flat_map(|record| sold(record)));
    skus.extend(view.reactions.iter().map(|reaction| reaction.sku.as_str()));
    skus.extend(older.iter().flat_map(|record| sold(record)));
    skus.extend(open(true).map(|wish| wish.sku.value.as_str()));
    let mut seen = BTreeSet::new();
    skus.retain(|sku| seen.insert(*sku));
    skus.into_iter().map(str::to_owned).collect()
}

fn sold(record: &Record) -> impl Iterator<Item = &str> {
    let lines = record.sale.lines.iter();
    lines.filter_map(|line| line.sku.as_deref())
}

/// What an answer to the open needs has to be good for.
fn need_words(whole: &Whole) -> Vec<String> {
    let needs = whole.view.needs.iter();
    let open = needs.filter(|need| need.state == NeedState::Open);
    open.flat_map(|need| need.tags.clone()).collect()
}

/// What they like, and the days that come.
fn taste_words(whole: &Whole) -> Vec<String> {
    let view = &whole.view;
    let likes = view.preferences.iter();
    let likes = likes.filter(|one| one.polarity == Polarity::Like);
    let mut words: Vec<String> = likes
        .map(|one| one.value.value.as_ref().unwrap_or(&one.subject).clone())
        .collect();
    words.extend(view.occasions.iter().flat_map(|occasion| {
        let kind = occasion.kind.as_str();
        [kind.to_owned(), kind.replace('_', " ")]
    }));
    words
}

/// Articles known by these words, in either number, each once.
fn by_words(tx: &dyn ReadTx, words: &[String]) -> Result<Vec<String>, StoreError> {
    let folded: BTreeSet<String> = words.iter().map(|word| fold(word)).collect();
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for word in folded.iter().take(WORDS_MAX) {
        let mut forms = vec![word.clone(), format!("{word}s"), format!("{word}es")];
        forms.extend(word.strip_suffix('s').map(str::to_owned));
        forms.extend(word.strip_suffix("es").map(str::to_owned));
        for form in forms.iter().filter(|form| !form.is_empty()) {
            let skus = known_by(tx, form)?;
            found.extend(skus.into_iter().filter(|sku| seen.insert(sku.clone())));
        }
    }
    Ok(found)
}

/// Takes up what is bought together with what the customer has; returns the articles at the other end.
fn pairs(
    tx: &dyn ReadTx,
    house: &mut House,
    owned: &BTreeSet<String>,
) -> Result<Vec<String>, StoreError> {
    let mut others = Vec::new();
    for sku in owned.iter().take(NAMED_MAX) {
        let known = house.articles.contains_key(sku);
        let known = if known {
            Some(sku.clone())
        } else {
            known_by(tx, &numbered(sku))?.into_iter().next()
        };
        let Some(known) = known else { continue };
        if let Some((_, body)) = notices::get::<PairsBody>(tx, Subject::Chain, &known)? {
            let strong = body.with.iter().filter(|(_, lift_bp, support)| {
                *lift_bp >= PAIR_LIFT_BP_MIN && *support >= PAIR_SUPPORT_MIN
            });
            others.extend(strong.map(|(other, _, _)| other.clone()));
            house.pairs.insert(known, body);
        }
    }
    Ok(others)
}

/// An article of the catalogue by its number, however that was typed.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub fn article(tx: &dyn ReadTx, sku: &str) -> Result<Option<Told<ArticleBody>>, StoreError> {
    let article = |sku: &str| notices::get::<ArticleBody>(tx, Subject::Chain, sku);
    let mut found = article(sku)?;
    if found.is_none()
        && let Some(known) = known_by(tx, &numbered(sku))?.first()
    {
        found = article(known)?;
    }
    Ok(found.map(|(notice, body)| Told::new(notice, body)))
}

/// What a shop has of an article, its number as catalogued, by the latest that was told.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub fn stock(
    tx: &dyn ReadTx,
    (sku, shop): (&str, ShopId),
) -> Result<Option<Told<StockBody>>, StoreError> {
    let name = format!("{shop}/{sku}");
    let mut latest: Option<Told<StockBody>> = None;
    for subject in [Subject::Chain, Subject::Shop(shop)] {
        if let Some((notice, body)) = notices::get::<StockBody>(tx, subject, &name)? {
            let is_later = latest.as_ref().is_none_or(|one| notice.as_of > one.as_of);
            if is_later {
                latest = Some(Told::new(notice, body));
            }
        }
    }
    Ok(latest)
}

/// Takes up an article by its number, however that was typed; returns the number as catalogued.
fn take_article(
    tx: &dyn ReadTx,
    house: &mut House,
    sku: &str,
) -> Result<Option<String>, StoreError> {
    if house.articles.contains_key(sku) {
        return Ok(Some(sku.to_owned()));
    }
    Ok(article(tx, sku)?.map(|told| {
        house.articles.insert(told.key.clone(), told.body);
        told.key
    }))
}

fn take_stock(
    tx: &dyn ReadTx,
    house: &mut House,
    (sku, shop): (&str, ShopId),
) -> Result<(), StoreError> {
    if let Some(told) = stock(tx, (sku, shop))? {
        house.stock.insert((sku.to_owned(), shop), told);
    }
    Ok(())
}

/// What other shops have of the few articles that matter most.
fn elsewhere_stock(tx: &dyn ReadTx, house: &mut House, skus: &[String]) -> Result<(), StoreError> {
    let shops: Vec<ShopId> = house
        .shops
        .keys()
        .copied()
        .take(ELSEWHERE_SHOPS_MAX)
        .collect();
    let mut seen = BTreeSet::new();
    let skus = skus.iter().filter(|sku| seen.insert((*sku).clone()));
    let skus: Vec<String> = skus.take(ELSEWHERE_ARTICLES_MAX).cloned().collect();
    for sku in skus {
        for shop in &shops {
            if !house.stock.contains_key(&(sku.clone(), *shop)) {
                take_stock(tx, house, (&sku, *shop))?;
            }
        }
    }
    Ok(())
}
