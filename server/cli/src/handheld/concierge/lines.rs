//! What the concierge gives, as lines of text.

use carnet_ffi::{
    Article, AskLine, ContactRuling, ContactVerdict, GestureBudget, HubAnswer, OwedItem,
    ProposedPromise, RecommendationList, ReferralLine, SmallEvent, StockAt, SupplyLine, Today,
    TodayItem, VisitQuestion,
};
use sync_core::concierge::guests::EventState;
use sync_core::concierge::next_promise::ProposalKind;
use sync_core::concierge::recommend::{ReasonKind, ReferralKind};
use sync_core::concierge::stock::SupplyKind;
use sync_core::ids::Timestamp;
use sync_core::notices::bodies::AnswerState;
use sync_core::records::format_amount;

use crate::handheld::{cards, day};

/// Lines of the part of the list that does not fit.
const NOT_TODAY_SHOWN: usize = 5;

pub(super) fn today(list: &Today) -> Vec<String> {
    let mut lines: Vec<_> = list.today.iter().map(item).collect();
    if lines.is_empty() {
        lines.push("Nothing is owed today.".to_owned());
    }
    if !list.not_today.is_empty() {
        let count = list.not_today_count;
        lines.push(format!("Not today, for want of minutes: {count}"));
        lines.extend(list.not_today.iter().take(NOT_TODAY_SHOWN).map(item));
    }
    if !list.is_complete {
        lines.push("(not everybody was looked at yet: `today` again)".to_owned());
    }
    lines
}

fn item(item: &TodayItem) -> String {
    let late = if item.is_late { "  [late]" } else { "" };
    let missing = item.minutes_missing;
    let missing = missing.map_or_else(String::new, |minutes| format!("  ({minutes} min missing)"));
    format!(
        "  {}  {:>3} min  {}  {}{late}{missing}",
        day::moment(item.closes),
        item.minutes,
        cards::named(&item.name),
        item.title
    )
}

pub(super) fn events(events: &[SmallEvent]) -> Vec<String> {
    if events.is_empty() {
        return vec!["The shop plans no event.".to_owned()];
    }
    let line = |(number, event): (usize, &SmallEvent)| {
        let far = match event.state {
            EventState::Planned => format!("{} of {} seats given", event.granted, event.seats),
            EventState::CalledOff => "called off".to_owned(),
            EventState::Over => "over".to_owned(),
        };
        let begins = day::moment(event.begins_at);
        format!("{number:>3}  {begins}  {}  {far}", event.name)
    };
    (1..).zip(events).map(line).collect()
}

pub(super) fn recommendations(list: &RecommendationList) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, article) in (1..).zip(&list.items) {
        let reasons: Vec<_> = article
            .reasons
            .iter()
            .map(|reason| format!("{} +{}", reason_name(reason.kind), reason.points))
            .collect();
        let size = article.size.as_deref();
        let size = size.map_or_else(String::new, |size| format!(", size {size}"));
        lines.push(format!(
            "{number:>3}  {} ({}{size})  {}  {}",
            article.name,
            article.sku,
            reasons.join(", "),
            supply(article.supply.as_ref())
        ));
    }
    lines.extend(list.referrals.iter().map(referral));
    if lines.is_empty() {
        lines.push("Nothing to show: there is no reason for any article.".to_owned());
    }
    lines
}

fn reason_name(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Need => "answers a need",
        ReasonKind::Wish => "wished for",
        ReasonKind::Preference => "what they like",
        ReasonKind::Pairs => "goes with what they own",
        ReasonKind::Replenish => "about to run out",
        ReasonKind::Occasion => "a day that comes",
    }
}

fn supply(supply: Option<&SupplyLine>) -> String {
    let Some(supply) = supply else {
        return "in no shop".to_owned();
    };
    match supply.kind {
        SupplyKind::Here => "here".to_owned(),
        SupplyKind::Check => "check: counted a while ago".to_owned(),
        SupplyKind::Arriving => {
            let on = supply
                .expected
                .map_or_else(|| "soon".to_owned(), day::shown);
            format!("arriving {on}")
        }
        SupplyKind::Elsewhere => "in another shop".to_owned(),
    }
}

fn referral(line: &ReferralLine) -> String {
    let to = match line.kind {
        ReferralKind::OtherShop => "another shop of ours",
        ReferralKind::SpecialOrder => "a special order",
        ReferralKind::GroupHouse => "another house of the group",
        ReferralKind::Outside => "somebody outside: honest advice counts",
    };
    let sku = line.sku.as_deref();
    let sku = sku.map_or_else(String::new, |sku| format!(" ({sku})"));
    format!("  →  for \"{}\": {to}{sku}", line.what)
}

/// What to promise, and how to record it.
pub(super) fn proposed(promise: &ProposedPromise) -> String {
    let (about, due) = (&promise.about, day::shown(promise.due));
    let what = match promise.kind {
        ProposalKind::Wish => format!("tell them that {about} is here"),
        ProposalKind::Need => format!("tell them what there is for \"{about}\""),
        ProposalKind::CareCheck if about.is_empty() => "ask how what they bought does".to_owned(),
        ProposalKind::CareCheck => format!("ask how {about} does"),
    };
    format!("Promise them something before they go: `promise {due} {what}`.")
}

/// What to say of a message that is queued and may not leave yet.
pub(super) fn held(verdict: &ContactVerdict) -> Option<String> {
    let is_held = verdict.ruling == ContactRuling::Hold;
    is_held.then(|| self::verdict(verdict).concat())
}

pub(super) fn verdict(verdict: &ContactVerdict) -> Vec<String> {
    let reason = verdict.reason.map(|reason| reason.as_str());
    let reason = reason.unwrap_or_default().replace('_', " ");
    let line = match verdict.ruling {
        ContactRuling::Allow => "Yes.".to_owned(),
        ContactRuling::Deny => format!("No: {reason}."),
        ContactRuling::Hold => {
            let until = verdict.until.map(day::moment);
            let until = until.map(|moment| format!("until {moment}"));
            let by = verdict.unblocker.as_deref().map(|by| by.replace('_', " "));
            let ends = until.or(by).unwrap_or_default();
            format!("Not yet: {reason} ({ends}).")
        }
    };
    vec![line]
}

pub(super) fn question(question: Option<&VisitQuestion>) -> Vec<String> {
    let Some(question) = question else {
        return vec!["There is nothing to ask in this visit.".to_owned()];
    };
    let mut lines = vec![format!("Ask about {}:", question.subject)];
    if question.choices.is_empty() {
        let says = question.says.join(", ");
        lines.push(format!("  is it still so? {says}"));
        lines.push("`answer yes`, `answer no`, or `answer` and what is right.".to_owned());
    } else {
        let sides = ('a'..='z').zip(&question.says);
        lines.extend(sides.map(|(letter, says)| format!("  {letter}) {says}")));
        lines.push("`answer a` keeps the first.".to_owned());
    }
    lines
}

pub(super) fn owed(items: &[OwedItem]) -> Vec<String> {
    if items.is_empty() {
        return vec!["The playbook owes them nothing.".to_owned()];
    }
    let line = |item: &OwedItem| {
        let closes = day::moment(item.closes);
        format!("  {:<8}  by {closes}  {}", item.state.as_str(), item.title)
    };
    items.iter().map(line).collect()
}

pub(super) fn asked(asks: &[AskLine], answers: &[HubAnswer]) -> Vec<String> {
    if asks.is_empty() {
        return vec!["Nothing was asked for.".to_owned()];
    }
    asks.iter().map(|ask| one_asked(ask, answers)).collect()
}

fn one_asked(ask: &AskLine, answers: &[HubAnswer]) -> String {
    let what = ask.subject.as_deref().unwrap_or_default();
    let answer = answers.iter().find(|answer| answer.ask == ask.ask);
    let state = match answer.map(|answer| answer.state) {
        _ if ask.withdrawn => "taken back",
        None => "asked for",
        Some(AnswerState::Confirmed) => "confirmed",
        Some(AnswerState::Countered) => "not so, but",
        Some(AnswerState::Refused) => "not to be had",
        Some(AnswerState::Held) => "waits",
    };
    let words = answer.and_then(|answer| answer.words.as_deref());
    let at = answer.and_then(|answer| answer.at).map(day::moment);
    let rest = [at.as_deref(), words];
    let rest: Vec<_> = rest.into_iter().flatten().collect();
    format!("  {} {what}  {state}  {}", ask.kind, rest.join(", "))
}

pub(super) fn articles(articles: &[Article]) -> Vec<String> {
    if articles.is_empty() {
        return vec!["No such article in the catalogue.".to_owned()];
    }
    let line = |article: &Article| {
        let price = article.price.as_ref().map_or_else(String::new, |price| {
            let amount = format_amount(price.minor, price.decimals);
            format!("  {amount} {}", price.currency)
        });
        let tags = article.tags.join(", ");
        format!("  {}  {}{price}  {tags}", article.sku, article.label)
    };
    articles.iter().map(line).collect()
}

pub(super) fn stock(stock: &[StockAt], now: Timestamp) -> Vec<String> {
    if stock.is_empty() {
        return vec!["No shop counted that article.".to_owned()];
    }
    stock.iter().map(|one| at_shop(one, now)).collect()
}

fn at_shop(stock: &StockAt, now: Timestamp) -> String {
    let sized = |size: &str, quantity: u32| match size {
        "" => quantity.to_string(),
        size => format!("{quantity} in {size}"),
    };
    let counts: Vec<_> = stock
        .on_hand
        .iter()
        .map(|one| sized(&one.size, one.quantity))
        .collect();
    let mut line = format!(
        "  {}: {} (counted {} ago)",
        stock.shop_name.as_deref().unwrap_or("another shop"),
        if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        },
        day::ago(now.0 - stock.as_of.0)
    );
    for coming in &stock.arriving {
        let what = sized(&coming.size, coming.quantity);
        line.push_str(&format!(", {what} on {}", day::shown(coming.at)));
    }
    line
}

pub(super) fn budget(left: &[GestureBudget]) -> Vec<String> {
    if left.is_empty() {
        return vec![
            "No gesture right of today is on this handheld: `sync` to get one.".to_owned(),
        ];
    }
    let line = |one: &GestureBudget| {
        let currency = one.currency.as_deref().unwrap_or_default();
        format!(
            "  {} {currency} left today",
            format_amount(one.left_minor, 2)
        )
    };
    left.iter().map(line).collect()
}
