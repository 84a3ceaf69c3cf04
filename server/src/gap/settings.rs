//! How the chain counts its gap: who is best, over how long, in which currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::concierge::gap::{Order, Settings, WINDOW_DAYS_MAX};
use sync_core::ids::CustomerId;
use sync_core::records::Currency;
use sync_core::store::{ReadTx, StoreError, Table, WriteTx};

const KEY: &[u8] = b"s";

/// Settings as they are stored and written by people; what is left out stays at its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GapSettings {
    /// Days that are looked at.
    pub window_days: Option<u32>,
    /// `spend` or `loyalty`; with a list, the list comes first.
    pub order: Option<String>,
    /// The chain's own list of its best, the best first.
    pub named: Option<Vec<CustomerId>>,
    /// What spend is counted in.
    pub currency: Option<String>,
}

impl GapSettings {
    /// The settings.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn settings(&self) -> Result<Settings, String> {
        let mut settings = Settings::default();
        if let Some(days) = self.window_days {
            if !(1..=WINDOW_DAYS_MAX).contains(&days) {
                return Err(format!("window_days: expected 1 to {WINDOW_DAYS_MAX}"));
            }
            settings.window_days = days;
        }
        settings.order = match (self.order.as_deref(), &self.named) {
            (None | Some("spend"), None) => Order::Spend,
            (Some("loyalty"), None) => Order::Loyalty,
            (None | Some("spend"), Some(list)) => {
                let mut named = BTreeMap::new();
                for (place, customer) in (0_u32..).zip(list) {
                    named.entry(*customer).or_insert(place);
                }
                Order::Named(named)
            }
            (Some(other), None) => {
                return Err(format!("order: {other:?} is neither spend nor loyalty"));
            }
            (Some(_), Some(_)) => {
                return Err("named: a list is followed by the others in order of spend".to_owned());
            }
        };
        if let Some(code) = &self.currency {
            settings.currency = code
                .parse::<Currency>()
                .map_err(|_unknown| "currency: expected a code such as EUR".to_owned())?;
        }
        Ok(settings)
    }

    /// These, with what `more` says instead.
    #[must_use]
    pub fn with(self, more: Self) -> Self {
        let is_list = more.named.is_some();
        let is_order = more.order.is_some();
        Self {
            window_days: more.window_days.or(self.window_days),
            order: more.order.or(self.order.filter(|_| !is_list)),
            named: more.named.or(self.named.filter(|_| !is_order)),
            currency: more.currency.or(self.currency),
        }
    }
}

/// The settings as they were written; empty where nobody wrote any.
///
/// # Errors
/// What the store reports.
pub fn written(tx: &dyn ReadTx) -> Result<GapSettings, StoreError> {
    let Some(bytes) = tx.get(Table::Gap, KEY)? else {
        return Ok(GapSettings::default());
    };
    serde_json::from_slice(&bytes).map_err(|error| StoreError::Corrupt {
        table: Table::Gap.name(),
        detail: error.to_string(),
    })
}

/// The settings that hold.
///
/// # Errors
/// What the store reports.
pub fn read(tx: &dyn ReadTx) -> Result<Settings, StoreError> {
    let settings = written(tx)?.settings();
    settings.map_err(|detail| StoreError::Corrupt {
        table: Table::Gap.name(),
        detail,
    })
}

/// Keeps settings that were found good.
///
/// # Errors
/// What the store reports.
pub fn keep(tx: &mut dyn WriteTx, settings: &GapSettings) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(settings).expect("texts and numbers can be written");
    tx.put(Table::Gap, KEY, &bytes)
}
