//! What is left of a preference or a tag when nothing counts that was concluded rather than said.

use std::collections::BTreeSet;

use super::group::{Group, item};
use crate::card::reduce::Head;
use crate::card::terms::Polarity;
use crate::card::value::Source;
use crate::ids::EditId;

impl Group<'_> {
    /// Leaves out what was seen or supposed, unless it protects: what is never wanted stays, and so does that something is wanted no more.
    /// It is done before anything is reduced, so that no conclusion decides a value, a polarity or a conflict either.
    pub(super) fn leave_out_conclusions(&mut self) {
        match self.entity {
            "preference" => self.leave_what_was_supposed(),
            "tag" if !self.heads("present").iter().any(is_said) => self.fields.clear(),
            _ => {}
        }
    }

    fn leave_what_was_supposed(&mut self) {
        let polarities = self.heads("polarity").iter();
        let protecting = polarities.filter(|head| protects(head.value().as_text()));
        let protecting: BTreeSet<EditId> = protecting.map(|head| head.edit).collect();
        let stands = |head: &Head<'_>| is_said(head) || protecting.contains(&head.edit);
        // Whoever settles one of the two writes that one alone: what stands of the other keeps its half.
        let has = |name: &str| self.heads(name).iter().any(stands);
        let whole = match (has("polarity"), has("value")) {
            (true, false) => "value",
            (false, true) => "polarity",
            _ => "",
        };
        for field in &mut self.fields {
            if field.name == "sighting" {
                field.heads.retain(|head| protects(item(head, 3)));
            } else if field.name != whole {
                field.heads.retain(stands);
            }
        }
        self.fields.retain(|field| !field.heads.is_empty());
    }
}

fn is_said(head: &Head<'_>) -> bool {
    head.provenance().source >= Source::Stated
}

fn protects(polarity: Option<&str>) -> bool {
    let polarity = polarity.and_then(Polarity::parse);
    matches!(polarity, Some(Polarity::Never | Polarity::Dropped))
}
