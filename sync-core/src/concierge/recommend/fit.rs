//! Whether an article is out of the question for a customer, and what of them it matches.

use std::collections::{BTreeMap, BTreeSet};

use crate::card::normal::fold;
use crate::card::terms::{Polarity, Sentiment};
use crate::card::view::{PreferenceView, SizeView};
use crate::concierge::grounds::SourceId;
use crate::concierge::picture::Picture;
use crate::notices::bodies::ArticleBody;
use crate::records::RecordKind;

/// What speaks against an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Barrier {
    /// It holds something that the customer must not come into contact with.
    Harmful,
    /// It is something that they want in no case.
    Never,
    /// They disliked it.
    Disliked,
    /// They have it, and it is not used up.
    Owned,
    /// It is not made in their size.
    Size,
}

/// What a customer bought of one article.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bought {
    /// Pieces bought, less those brought back.
    pub(crate) net: i64,
    /// The days of the purchases.
    pub(crate) days: BTreeSet<i64>,
    /// The sales.
    pub(crate) sources: Vec<SourceId>,
}

/// What of a customer decides whether an article suits, prepared once for many articles.
#[derive(Debug)]
pub struct Profile<'a> {
    harms: Vec<String>,
    nevers: Vec<Wanted<'a>>,
    likes: Vec<Wanted<'a>>,
    disliked: BTreeSet<String>,
    bought: BTreeMap<String, Bought>,
    sizes: Vec<&'a SizeView>,
}

/// A preference in folded words.
#[derive(Debug)]
struct Wanted<'a> {
    of: &'a PreferenceView,
    kind: String,
    subject: String,
    value: Option<String>,
}

impl<'a> Profile<'a> {
    /// The profile of the picture's customer.
    #[must_use]
    pub fn of(picture: &Picture<'a>) -> Self {
        let view = &picture.whole.view;
        let allergies = view.allergies.iter();
        let reactions = view.reactions.iter().filter(|one| !one.superseded);
        let disliked = reactions.filter(|one| one.sentiment.value == Sentiment::Disliked);
        let wanted = |polarity: Polarity| {
            let preferences = view.preferences.iter();
            let of_it = preferences.filter(move |one| one.polarity == polarity);
            let mut wanted: Vec<_> = of_it.map(Wanted::of).collect();
            wanted.sort_by(|one, other| one.of.id.cmp(&other.of.id));
            wanted
        };
        Self {
            harms: allergies.map(|one| fold(&one.substance.value)).collect(),
            nevers: wanted(Polarity::Never),
            likes: wanted(Polarity::Like),
            disliked: disliked.map(|one| fold(&one.sku)).collect(),
            bought: bought(picture),
            sizes: view
                .sizes
                .iter()
                .filter(|size| !size.size.needs_confirmation)
                .collect(),
        }
    }

    /// What speaks against an article; none when nothing does.
    #[must_use]
    pub fn barrier(&self, sku: &str, article: &ArticleBody) -> Option<Barrier> {
        let words = words(article);
        let harms = |substance: &String| words.iter().any(|word| overlaps(word, substance));
        if self.harms.iter().any(harms) {
            return Some(Barrier::Harmful);
        }
        if self.nevers.iter().any(|never| never.rejects(&words)) {
            return Some(Barrier::Never);
        }
        let sku = fold(sku);
        if self.disliked.contains(&sku) {
            return Some(Barrier::Disliked);
        }
        let is_owned = self.bought.get(&sku).is_some_and(|bought| bought.net > 0);
        if is_owned && !article.is_consumable {
            return Some(Barrier::Owned);
        }
        let is_made = |size: &SizeView| {
            let size = fold(&size.size.value);
            article.sizes.iter().any(|made| fold(made) == size)
        };
        let is_missing = self.size_for(article).is_some_and(|size| !is_made(size));
        is_missing.then_some(Barrier::Size)
    }

    /// The customer's size for an article that has sizes; that of its brand before the general one.
    #[must_use]
    pub fn size_for(&self, article: &ArticleBody) -> Option<&'a SizeView> {
        if article.sizes.is_empty() {
            return None;
        }
        let category = fold(&article.category);
        let system = article.size_system.as_deref().map(fold);
        let brand = article.brand.as_deref().map(fold);
        let mut fitting: Vec<_> = self
            .sizes
            .iter()
            .filter(|size| is_same(&fold(&size.category), &category))
            .filter(|size| {
                system
                    .as_ref()
                    .is_none_or(|system| fold(&size.system) == *system)
            })
            .filter(|size| size.brand.is_none() || size.brand.as_deref().map(fold) == brand)
            .collect();
        fitting.sort_by_key(|size| (size.brand.is_none(), &size.id));
        fitting.first().map(|size| **size)
    }

    /// What the customer likes of an article, by preference id.
    pub(crate) fn liked<'s>(
        &'s self,
        article: &ArticleBody,
    ) -> impl Iterator<Item = &'a PreferenceView> + 's {
        let words = words(article);
        let likes = self.likes.iter();
        likes
            .filter(move |like| like.fits(&words))
            .map(|like| like.of)
    }

    /// What was bought of an article.
    pub(crate) fn bought(&self, sku: &str) -> Option<&Bought> {
        self.bought.get(&fold(sku))
    }

    /// Articles that the customer has, in folded numbers, with the sales.
    pub(crate) fn owned(&self) -> impl Iterator<Item = (&str, &Bought)> {
        let bought = self.bought.iter().filter(|(_, bought)| bought.net > 0);
        bought.map(|(sku, bought)| (sku.as_str(), bought))
    }
}

fn bought(picture: &Picture<'_>) -> BTreeMap<String, Bought> {
    let mut all: BTreeMap<String, Bought> = BTreeMap::new();
    for record in &picture.whole.sales {
        for line in &record.sale.lines {
            let Some(sku) = &line.sku else { continue };
            let bought = all.entry(fold(sku)).or_default();
            let pieces = i64::from(line.quantity);
            match record.kind {
                RecordKind::Purchase => {
                    bought.net += pieces;
                    bought.days.insert(picture.day_sold(record.sale.at));
                    bought.sources.push(record.into());
                }
                RecordKind::Return => bought.net -= pieces,
            }
        }
    }
    all
}

impl<'a> Wanted<'a> {
    fn of(preference: &'a PreferenceView) -> Self {
        Self {
            of: preference,
            kind: fold(&preference.kind),
            subject: fold(&preference.subject),
            value: preference.value.value.as_deref().map(fold),
        }
    }

    /// "Coats: navy" fits what is a coat and navy; "color: navy", where the subject is the kind itself, whatever is navy.
    fn fits(&self, words: &BTreeSet<String>) -> bool {
        let has = |wanted: &str| words.iter().any(|word| is_same(word, wanted));
        self.holds(&has)
    }

    /// As [`Wanted::fits`], with every word that contains the rejected one: too careful rather than too bold.
    fn rejects(&self, words: &BTreeSet<String>) -> bool {
        let has = |wanted: &str| words.iter().any(|word| overlaps(word, wanted));
        self.holds(&has)
    }

    fn holds(&self, has: &dyn Fn(&str) -> bool) -> bool {
        match &self.value {
            None => has(&self.subject),
            Some(value) => has(value) && (self.subject == self.kind || has(&self.subject)),
        }
    }
}

/// What an article is, in folded words; tags and materials are folded as they are.
fn words(article: &ArticleBody) -> BTreeSet<String> {
    let listed = article.tags.iter().chain(&article.materials).cloned();
    let named = [Some(&article.category), article.brand.as_ref()];
    listed
        .chain(named.into_iter().flatten().map(|word| fold(word)))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether two folded words name the same, one of them perhaps in an English plural.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let is_plural = |plural: &str, word: &str| {
        plural
            .strip_prefix(word)
            .is_some_and(|end| matches!(end, "s" | "es"))
    };
    !one.is_empty() && (one == other || is_plural(one, other) || is_plural(other, one))
}

/// Whether one of two folded texts contains the other as whole words; scripts without spaces, anywhere.
fn overlaps(one: &str, other: &str) -> bool {
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let contains = |text: &str, part: &str| {
        if part.is_ascii() {
            format!(" {text} ").contains(&format!(" {part} "))
        } else {
            text.contains(part)
        }
    };
    is_same(one, other) || contains(one, other) || contains(other, one)
}
