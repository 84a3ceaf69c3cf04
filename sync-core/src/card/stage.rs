//! The stage of the card's tests: one card, edits one after the other or at the same time, on a clock moved by hand.

use super::edit::{Edit, EditContext, EditError, Plan};
use super::entries::Visible;
use super::reduce::Corrections;
use super::schema::Role;
use super::terms::Agreement;
use super::value::{Provenance, Source};
use super::view::{CardView, Reading};
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};

/// A card and what surrounds it.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) visible: Visible,
    pub(crate) corrections: Corrections,
    pub(crate) now: Timestamp,
    pub(crate) source: Source,
    pub(crate) role: Role,
    pub(crate) by: AssociateId,
    pub(crate) customer: CustomerId,
    edits: u16,
}

impl Stage {
    /// An empty card on 1 March 2026, an associate who writes down what customers say.
    pub(crate) fn new() -> Self {
        Self {
            visible: Visible::default(),
            corrections: Corrections::new(),
            now: Timestamp(1_772_352_000_000),
            source: Source::Stated,
            role: Role::Associate,
            by: AssociateId([1; 8]),
            customer: CustomerId([9; 16]),
            edits: 0,
        }
    }

    /// The same for a customer who agreed to a relationship.
    pub(crate) fn agreed() -> Self {
        let mut stage = Self::new();
        stage.does(&Edit::SetAgreement {
            state: Agreement::Agreed,
            evidence: None,
        });
        stage
    }

    pub(crate) fn context(&mut self) -> EditContext {
        self.edits += 1;
        let mut edit = [7; 10];
        edit[..2].copy_from_slice(&self.edits.to_be_bytes());
        EditContext {
            edit: EditId(edit),
            customer: self.customer,
            provenance: Provenance {
                by: self.by,
                device: DeviceId([2; 8]),
                shop: ShopId([3; 8]),
                at: self.now,
                source: self.source,
                as_of: None,
            },
            role: self.role,
        }
    }

    /// Plans an edit without writing it.
    pub(crate) fn plans(&mut self, edit: &Edit) -> Result<Plan, EditError> {
        let context = self.context();
        edit.plan(&context, &self.visible)
    }

    /// Makes an edit, a minute after the last.
    pub(crate) fn does(&mut self, edit: &Edit) -> EditId {
        self.now = self.now.plus_ms(60_000);
        let plan = self.plans(edit).expect("the stage makes sound edits");
        self.visible.write(&plan);
        plan.edit
    }

    /// Makes branches of edits, none of which sees another branch, and brings them together.
    pub(crate) fn meanwhile(&mut self, branches: &[&[Edit]]) -> Vec<EditId> {
        let before = self.visible.clone();
        let mut plans = Vec::new();
        for branch in branches {
            let together = std::mem::replace(&mut self.visible, before.clone());
            for edit in *branch {
                self.now = self.now.plus_ms(60_000);
                let plan = self.plans(edit).expect("the stage makes sound edits");
                self.visible.write(&plan);
                plans.push(plan);
            }
            self.visible = together;
        }
        for plan in &plans {
            self.visible.write(plan);
        }
        plans.iter().map(|plan| plan.edit).collect()
    }

    pub(crate) fn days_later(&mut self, days: i64) {
        self.now = self.now.plus_ms(days * Timestamp::DAY_MS);
    }

    pub(crate) fn view(&self) -> CardView {
        let reading = Reading {
            now: self.now,
            corrections: &self.corrections,
        };
        CardView::read(&self.visible, &reading)
    }
}
