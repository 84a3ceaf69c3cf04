//! A list of customers, a brief, conflicts, purchases and what waits as lines of text.

use carnet_ffi::{
    Brief, BriefSection, ConflictView, Hit, Purchase, SumOfMoney, Surprise, Totals, WaitingEdit,
    render_line,
};
use sync_core::concierge::Language;
use sync_core::records::format_amount;

use super::people::Names;
use super::{day, words};

/// Purchases of a list.
const PURCHASES_SHOWN: usize = 10;

/// One customer of a list.
pub(crate) fn hit(number: usize, hit: &Hit) -> String {
    let mut line = format!("{number:>3}  {}", named(&hit.name));
    if !hit.phones.is_empty() {
        line.push_str(&format!("  …{}", hit.phones.join(" …")));
    }
    let marks = [
        (hit.in_shop, "here"),
        (hit.has_allergy, "allergy"),
        (hit.do_not_contact, "do not contact"),
        (hit.conflicts > 0, "to settle"),
    ];
    for (_, mark) in marks.iter().filter(|(is_set, _)| *is_set) {
        line.push_str(&format!("  [{mark}]"));
    }
    if let Some(hint) = &hit.hint {
        line.push_str(&format!("  {}", hint.argument));
    }
    line
}

pub(crate) fn named(name: &str) -> &str {
    if name.is_empty() { "(no name)" } else { name }
}

/// The brief: what to avoid, to say, to do.
pub(crate) fn brief(brief: &Brief, language: Language) -> Vec<String> {
    let mut lines: Vec<_> = brief
        .lines
        .iter()
        .map(|line| {
            let mark = match line.section {
                BriefSection::Avoid => '!',
                BriefSection::Say => '"',
                BriefSection::Act => '>',
            };
            format!("  {mark} {}", render_line(line, language))
        })
        .collect();
    if brief.avoid_more > 0 {
        lines.push(format!("  ! +{} more to avoid", brief.avoid_more));
    }
    if lines.is_empty() {
        lines.push("  Nothing to know first.".to_owned());
    }
    lines
}

/// Conflicts, numbered, with their choices as letters.
pub(crate) fn conflicts(conflicts: &[ConflictView], names: &Names) -> Vec<String> {
    if conflicts.is_empty() {
        return vec!["Nothing to settle.".to_owned()];
    }
    let mut lines = Vec::new();
    for (number, conflict) in (1..).zip(conflicts) {
        lines.push(format!("{number}. {}", words::question(&conflict.question)));
        for (letter, choice) in ('a'..='z').zip(&conflict.choices) {
            lines.push(format!(
                "   {letter}) {}  said by {}, {}",
                choice.text,
                names.author(choice.by, choice.shop),
                day::moment(choice.at)
            ));
        }
    }
    lines.push("`resolve 1 a` keeps the first choice of the first.".to_owned());
    lines
}

fn money(sum: &SumOfMoney) -> String {
    format!(
        "{} {}",
        format_amount(sum.minor, sum.decimals),
        sum.currency
    )
}

/// Sums and the latest purchases, numbered, with those that are kept from linked people.
pub(crate) fn purchases(
    purchases: &[Purchase],
    totals: &Totals,
    secrets: &[Surprise],
) -> Vec<String> {
    let paid: Vec<_> = totals.paid.iter().map(money).collect();
    let mut lines = vec![format!(
        "{} purchases, {}",
        totals.purchases,
        paid.join(" + ")
    )];
    for (number, purchase) in (1_usize..).zip(purchases.iter().take(PURCHASES_SHOWN)) {
        let labels: Vec<_> = purchase
            .lines
            .iter()
            .filter_map(|line| line.label.as_deref().or(line.sku.as_deref()))
            .collect();
        let (at, amount) = (day::shown(purchase.at), money(&purchase.amount));
        let named = (&purchase.source, &purchase.source_id);
        let mut secrets = secrets.iter();
        let secret = secrets.find(|one| (&one.source, &one.purchase) == named);
        let secret = secret.map_or_else(String::new, |secret| {
            format!("  [a surprise until {}]", day::shown(secret.until))
        });
        let labels = labels.join(", ");
        lines.push(format!("{number:>3}  {at}  {amount}  {labels}{secret}"));
    }
    lines
}

/// What waits or was refused.
pub(crate) fn outbox(edits: &[WaitingEdit]) -> Vec<String> {
    if edits.is_empty() {
        return vec!["Nothing of yours waits.".to_owned()];
    }
    waiting(edits)
}

/// What colleagues who left could not send.
pub(crate) fn left_behind(edits: &[WaitingEdit]) -> Vec<String> {
    if edits.is_empty() {
        return vec!["Nobody left anything behind here.".to_owned()];
    }
    waiting(edits)
}

fn waiting(edits: &[WaitingEdit]) -> Vec<String> {
    let each = edits.iter().map(|edit| {
        let state = words::waiting(&edit.state);
        format!("{:>3}  {state}  {}", edit.number, edit.intent_json)
    });
    each.collect()
}
