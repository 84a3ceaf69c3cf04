//! What to do, in the order of its weight: what we owe first, what could be sold after it, questions last.

use super::avoid::{AVOID_TEXT_COST, complaints, preference_line};
use super::{Line, LineKind, OPTIONS_APART, words};
use crate::card::normal::fold;
use crate::card::terms::{Act, AskKind, NeedState, SuggestionState};
use crate::card::view::{AskView, Conflict, PromiseView, SizeView};
use crate::concierge::calendar::{self, MINUTE_MS};
use crate::concierge::confirm::{Doubt, in_question, next_ask};
use crate::concierge::grounds::SourceId;
use crate::concierge::picture::{Picture, Told};
use crate::concierge::recommend::{Barrier, Profile, ReasonKind, ranked};
use crate::concierge::stock::{Supply, SupplyKind, article, label, supplies};
use crate::ids::Timestamp;
use crate::notices::NoticeKind;
use crate::notices::bodies::{AnswerBody, AnswerState};
use crate::records::{Record, RecordKind};

/// Half words of what was promised, or of the options of a question.
const DO_TEXT_COST: usize = 16;
/// Days ahead that promises are shown.
const PROMISE_DAYS: i64 = 7;
/// Days for which an answer of the hub is news.
const ANSWER_DAYS: i64 = 14;
/// Days for which a purchase is worth asking about.
const REACTION_DAYS: i64 = 180;

/// Promises, what went wrong, the hub's answers, days to mark, what we owe an answer; then, unless a complaint is open, what is here for
/// a wish or a need; then one question, and how the last purchase does.
pub(super) fn act(picture: &Picture<'_>) -> Vec<Line> {
    let mut lines = promises(picture);
    lines.extend(recoveries(picture));
    lines.extend(answers(picture));
    lines.extend(occasions(picture));
    lines.extend(suggestions(picture));
    if complaints(picture).is_empty() {
        let profile = Profile::of(picture);
        lines.extend(wishes(picture, &profile));
        lines.extend(need(picture, &profile));
    }
    lines.extend(ask(picture));
    lines.extend(reaction(picture));
    lines
}

fn promises(picture: &Picture<'_>) -> Vec<Line> {
    let days = |due: Timestamp| picture.day(due) - picture.today();
    let mut due: Vec<(Timestamp, &PromiseView)> = picture
        .whole
        .view
        .promises
        .iter()
        .filter(|promise| promise.is_open())
        .filter_map(|promise| promise.due.map(|due| (due, promise)))
        .filter(|(due, _)| days(*due) <= PROMISE_DAYS)
        .collect();
    due.sort_by_key(|(due, promise)| (*due, promise.id));
    due.into_iter()
        .map(|(due, promise)| {
            let arguments = [
                ("what", words::clip(&promise.what.value, DO_TEXT_COST)),
                ("days", days(due).to_string()),
            ];
            Line::new(LineKind::Promise, arguments, &promise.sources)
        })
        .collect()
}

/// What the hub said to asks, while it is news that the customer may not have; the earliest moment first.
fn answers(picture: &Picture<'_>) -> Vec<Line> {
    let asks = picture.whole.view.asks.iter().filter(|ask| !ask.withdrawn);
    let answered = asks.filter_map(|ask| Some((ask, picture.whole.answers.get(&ask.id)?)));
    let mut news: Vec<_> = answered
        .filter(|(ask, told)| is_news(picture, ask, told))
        .collect();
    news.sort_by_key(|(ask, told)| (told.body.at.is_none(), told.body.at, ask.id));
    news.into_iter()
        .filter_map(|(ask, told)| answer(picture, ask, told))
        .collect()
}

fn is_news(picture: &Picture<'_>, ask: &AskView, told: &Told<AnswerBody>) -> bool {
    let today = picture.today();
    let is_over = told.body.at.is_some_and(|at| picture.day(at) < today);
    let is_old = today - picture.day(told.as_of) > ANSWER_DAYS;
    let id = ask.id.to_string();
    let is_told = picture
        .whole
        .view
        .interactions
        .iter()
        .any(|one| one.about.as_deref() == Some(id.as_str()) && one.summary.at >= told.as_of);
    !is_over && !is_old && !is_told
}

fn answer(picture: &Picture<'_>, ask: &AskView, told: &Told<AnswerBody>) -> Option<Line> {
    let state = match told.body.state {
        AnswerState::Confirmed => "confirmed",
        AnswerState::Countered => "countered",
        AnswerState::Refused => "refused",
        AnswerState::Held => return None,
    };
    let subject = match ask.kind {
        AskKind::Appointment => String::new(),
        AskKind::Reservation => label(picture.house, ask.subject.as_deref().unwrap_or_default()),
        AskKind::Seat => ask.subject.clone().unwrap_or_default(),
        // Between the house and itself.
        AskKind::Message | AskKind::Owner => return None,
    };
    let days = |at: Timestamp| (picture.day(at) - picture.today()).to_string();
    let time = told.body.at.filter(|_| ask.kind == AskKind::Appointment);
    let said = told.body.words.as_deref().unwrap_or_default();
    let arguments = [
        ("asked", ask.kind.as_str().to_owned()),
        ("subject", words::clip(&subject, AVOID_TEXT_COST)),
        ("state", state.to_owned()),
        ("days", told.body.at.map(days).unwrap_or_default()),
        (
            "time",
            time.map(|at| clock(picture, at)).unwrap_or_default(),
        ),
        ("words", words::clip(said, DO_TEXT_COST)),
    ];
    let answer = SourceId::notice(NoticeKind::Answer, &told.key);
    let asked = ask.words.sources.iter().map(SourceId::from);
    let sources = asked.chain([SourceId::Edit(ask.id), answer]);
    Some(Line::new(LineKind::Answered, arguments, sources))
}

/// Hours and minutes on the shop's clock.
fn clock(picture: &Picture<'_>, at: Timestamp) -> String {
    let ahead = picture.house.minutes_ahead(picture.viewer.shop, at);
    let local = at.plus_ms(i64::from(ahead.unwrap_or(0)) * MINUTE_MS);
    let minutes = local.0.rem_euclid(Timestamp::DAY_MS) / MINUTE_MS;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// Open complaints for which nobody has done anything yet.
fn recoveries(picture: &Picture<'_>) -> Vec<Line> {
    let since = |opened: Timestamp| {
        let view = &picture.whole.view;
        let ours = view.interactions.iter();
        let mut ours = ours.filter(|one| one.act == Some(Act::Recovery));
        let theirs = picture.whole.contacts.iter();
        let mut theirs =
            theirs.filter(|one| one.body.act.as_deref() == Some(Act::Recovery.as_str()));
        ours.any(|one| one.summary.at >= opened) || theirs.any(|one| one.body.at >= opened)
    };
    let open = complaints(picture).into_iter();
    open.filter(|case| !since(case.body.opened_at))
        .map(|case| {
            let sku = case.body.sku.as_deref().unwrap_or_default();
            let days = picture.today() - picture.day(case.body.opened_at);
            let mut arguments = named(picture, sku).to_vec();
            arguments.push(("days", days.max(0).to_string()));
            let source = SourceId::notice(NoticeKind::Case, &case.key);
            Line::new(LineKind::Recovery, arguments, [source])
        })
        .collect()
}

/// The number of an article and what to call it.
fn named(picture: &Picture<'_>, sku: &str) -> [(&'static str, String); 2] {
    let clipped = |text: &str| words::clip(text, AVOID_TEXT_COST);
    [
        ("sku", clipped(sku)),
        ("name", clipped(&label(picture.house, sku))),
    ]
}

fn occasions(picture: &Picture<'_>) -> Vec<Line> {
    calendar::coming(&picture.whole.view, picture.today())
        .into_iter()
        .map(|(days, occasion)| {
            let ask = if occasion.celebrate.is_none() {
                "yes"
            } else {
                ""
            };
            let person = occasion.person.as_deref().unwrap_or_default();
            let arguments = [
                ("occasion", occasion.kind.as_str().to_owned()),
                ("person", words::clip(person, AVOID_TEXT_COST)),
                ("days", days.to_string()),
                ("ask", ask.to_owned()),
            ];
            Line::new(LineKind::Occasion, arguments, &occasion.sources)
        })
        .collect()
}

/// Suggestions whose answer the customer has not heard, the oldest first.
fn suggestions(picture: &Picture<'_>) -> Vec<Line> {
    let suggestions = picture.whole.view.suggestions.iter();
    let untold = suggestions.filter(|one| one.state == SuggestionState::Answered);
    let mut untold: Vec<_> = untold
        .filter_map(|one| Some((one, one.answer.as_ref()?)))
        .collect();
    untold.sort_by_key(|(one, answer)| (answer.at, one.id));
    untold
        .into_iter()
        .map(|(one, answer)| {
            let arguments = [
                ("what", words::clip(&one.what.value, AVOID_TEXT_COST)),
                ("answer", words::clip(&answer.value, DO_TEXT_COST)),
            ];
            let sources = one.what.sources.iter().chain(&answer.sources);
            Line::new(LineKind::Suggestion, arguments, sources)
        })
        .collect()
}

/// Open wishes that can be met, the nearest first; never what could harm.
fn wishes(picture: &Picture<'_>, profile: &Profile<'_>) -> Vec<Line> {
    let wishes = picture.whole.view.wishes.iter();
    let mut found = Vec::new();
    for wish in wishes.filter(|wish| !wish.fulfilled) {
        let known = article(picture.house, &wish.sku.value);
        // They may wish for another one of what they have.
        let barrier = known.and_then(|(sku, article)| profile.barrier(sku, article));
        if barrier.is_some_and(|barrier| barrier != Barrier::Owned) {
            continue;
        }
        let size = known.and_then(|(_, article)| profile.size_for(article));
        let size = size.map(|size| size.size.value.as_str());
        if let Some(supply) = supplies(picture, &wish.sku.value, size).into_iter().next() {
            found.push((supply, size_source(picture, profile, &wish.sku.value), wish));
        }
    }
    found.sort_by_key(|(supply, _, wish)| {
        (supply.kind, supply.expected, wish.sku.at, wish.id.clone())
    });
    let lines = found.into_iter().map(|(supply, size, wish)| {
        let mut arguments = named(picture, &wish.sku.value).to_vec();
        arguments.extend(supplied(picture, &supply));
        let edits = wish.sku.sources.iter().map(SourceId::from);
        let of_size = size.iter().flat_map(|size| &size.size.sources);
        let edits = edits.chain(of_size.map(SourceId::from));
        Line::new(LineKind::Wish, arguments, edits.chain([supply.source]))
    });
    lines.collect()
}

fn size_source<'a>(
    picture: &Picture<'_>,
    profile: &Profile<'a>,
    sku: &str,
) -> Option<&'a SizeView> {
    let (_, article) = article(picture.house, sku)?;
    profile.size_for(article)
}

fn supplied(picture: &Picture<'_>, supply: &Supply) -> Vec<(&'static str, String)> {
    let state = match supply.kind {
        SupplyKind::Here => "here",
        SupplyKind::Check => "check",
        SupplyKind::Arriving => "arriving",
        SupplyKind::Elsewhere => "elsewhere",
    };
    let days = |at: Timestamp| (picture.day(at) - picture.today()).to_string();
    let hours = supply.hours_old(picture.now).to_string();
    let is_old = !supply.is_fresh(picture.now);
    let elsewhere = supply.kind == SupplyKind::Elsewhere;
    let shop = picture.house.shops.get(&supply.shop);
    let shop = shop.map_or_else(|| supply.shop.to_string(), |shop| shop.name.clone());
    let shop = Some(words::clip(&shop, AVOID_TEXT_COST));
    vec![
        ("state", state.to_owned()),
        ("quantity", supply.quantity.to_string()),
        ("days", supply.expected.map(days).unwrap_or_default()),
        ("hours", Some(hours).filter(|_| is_old).unwrap_or_default()),
        ("shop", shop.filter(|_| elsewhere).unwrap_or_default()),
    ]
}

/// The best article here that answers an open need.
fn need(picture: &Picture<'_>, profile: &Profile<'_>) -> Option<Line> {
    let mut needs = picture.whole.view.needs.iter();
    if !needs.any(|need| need.state == NeedState::Open) {
        return None;
    }
    let items = ranked(picture, profile).into_iter();
    let mut here = items.filter_map(|item| {
        let supply = item.supply.filter(Supply::is_here)?;
        let mut reasons = item.reasons.into_iter();
        let reason = reasons.find(|reason| reason.kind == ReasonKind::Need)?;
        Some((item.sku, supply, reason))
    });
    let (sku, supply, reason) = here.next()?;
    let what = reason.arguments.get("need").map_or("", String::as_str);
    let mut arguments = named(picture, &sku).to_vec();
    arguments.push(("what", words::clip(what, AVOID_TEXT_COST)));
    let sources = reason.sources.into_iter().chain([supply.source]);
    Some(Line::new(LineKind::Need, arguments, sources))
}

/// The one question of this visit.
fn ask(picture: &Picture<'_>) -> Option<Line> {
    let ask = next_ask(picture)?;
    let (mut line, polarity) = match ask.doubt {
        Doubt::Conflict(conflict) => return Some(conflict_line(conflict)),
        Doubt::Preference(preference) => (
            preference_line(preference, LineKind::Confirm),
            preference.polarity.as_str().to_owned(),
        ),
        Doubt::Size(size) => {
            let brand = size.brand.as_deref().unwrap_or_default();
            let subject = format!("{} {} {brand}", size.category, size.system);
            let arguments = [
                ("kind", "size".to_owned()),
                ("subject", subject.trim().to_owned()),
                ("value", size.size.value.clone()),
            ];
            let line = Line::new(LineKind::Confirm, arguments, &size.size.sources);
            (line, String::new())
        }
    };
    for text in line.arguments.values_mut() {
        *text = words::clip(text, AVOID_TEXT_COST / 2);
    }
    if !polarity.is_empty() {
        line.arguments.insert("polarity", polarity);
    }
    Some(line)
}

fn conflict_line(conflict: &Conflict) -> Line {
    let found = in_question(&conflict.question);
    let (about, subject) = found.map_or(("", String::new()), |(about, subject)| {
        (about.as_str(), subject)
    });
    let mut options: Vec<String> = Vec::new();
    for option in &conflict.options {
        // What parts the sides stands in none of them.
        let side = option.text.replace(OPTIONS_APART, "/");
        if !side.is_empty() && !options.contains(&side) {
            options.push(side);
        }
    }
    let arguments = [
        ("about", about.to_owned()),
        ("subject", words::clip(subject.trim(), AVOID_TEXT_COST)),
        (
            "options",
            words::clip(&options.join(OPTIONS_APART), DO_TEXT_COST),
        ),
    ];
    Line::new(LineKind::Ask, arguments, conflict.sources())
}

/// The first article of the last purchase that they kept and said nothing of since. What is kept secret is not asked about.
fn reaction(picture: &Picture<'_>) -> Option<Line> {
    let day = |record: &Record| picture.day_sold(record.sale.at);
    let today = picture.today();
    let sales = picture.whole.sales.iter();
    let view = &picture.whole.view;
    let is_secret = |record: &Record| view.surprise(&record.source, &record.source_id).is_some();
    let purchases = sales.filter(|record| record.kind == RecordKind::Purchase);
    let purchases = purchases.filter(|record| !is_secret(record));
    let last = purchases
        .filter(|record| day(record) < today && today - day(record) <= REACTION_DAYS)
        .max_by_key(|record| (record.sale.at.moment(), record.key()))?;
    let bought = day(last);
    let is_settled = |sku: &str| {
        let sku = fold(sku);
        let mut reactions = picture.whole.view.reactions.iter();
        let mut returns = picture.whole.sales.iter();
        reactions.any(|one| fold(&one.sku) == sku && picture.day(one.sentiment.at) >= bought)
            || returns.any(|record| {
                let mut lines = record.sale.lines.iter();
                record.kind == RecordKind::Return
                    && day(record) >= bought
                    && lines.any(|line| line.sku.as_deref().map(fold).as_ref() == Some(&sku))
            })
    };
    let mut lines = last.sale.lines.iter();
    let line = lines.find(|line| line.sku.as_deref().is_some_and(|sku| !is_settled(sku)))?;
    let sku = line.sku.as_deref()?;
    let is_known = article(picture.house, sku).is_some();
    let name = line.label.as_deref().filter(|_| !is_known);
    let mut arguments = named(picture, sku).to_vec();
    arguments.extend(name.map(|name| ("name", words::clip(name, AVOID_TEXT_COST))));
    arguments.push(("days", (today - bought).to_string()));
    Some(Line::new(LineKind::Reaction, arguments, [last]))
}
