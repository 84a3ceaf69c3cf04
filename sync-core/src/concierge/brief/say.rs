//! What to say: how to address the customer, and one thread from the last visit.

use super::avoid::AVOID_TEXT_COST;
use super::{Line, LineKind, words};
use crate::card::CardView;
use crate::ids::EditId;

/// Half words of the thread from the last visit.
const THREAD_COST: usize = 16;

/// How to address the customer, with one thread from the last visit that left one.
pub(super) fn say(view: &CardView) -> Option<Line> {
    let mut sources: Vec<EditId> = Vec::new();
    let address = address(view, &mut sources);
    let past = view.visits.iter().filter(|visit| !visit.open);
    let thread = past
        .filter_map(|visit| visit.thread.as_ref().or(visit.captured.last()))
        .next();
    sources.extend(thread.iter().flat_map(|thread| &thread.sources));
    let thread = thread.map(|thread| words::clip(&thread.value, THREAD_COST));
    let arguments = [("address", address), ("thread", thread.unwrap_or_default())];
    let line = Line::new(LineKind::Greet, arguments, &sources);
    (!line.arguments.is_empty()).then_some(line)
}

/// The form of address, else salutation and family name, else the name as it is shown.
fn address(view: &CardView, sources: &mut Vec<EditId>) -> String {
    let name = &view.name;
    if let Some(address) = &name.address {
        sources.extend(&address.sources);
        return words::clip(&address.value, AVOID_TEXT_COST);
    }
    if let (Some(salutation), Some(family)) = (&name.salutation, &name.family) {
        sources.extend(salutation.sources.iter().chain(&family.sources));
        let both = format!("{} {}", salutation.value, family.value);
        return words::clip(&both, AVOID_TEXT_COST);
    }
    let parts = match &name.display {
        Some(display) => vec![display],
        None => [&name.given, &name.family].into_iter().flatten().collect(),
    };
    sources.extend(parts.iter().flat_map(|part| &part.sources));
    words::clip(&name.shown(), AVOID_TEXT_COST)
}
