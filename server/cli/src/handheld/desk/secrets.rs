//! Purchases of the open customer, numbered, and which of them are kept from linked people.

use carnet_ffi::Purchase;
use sync_core::card::Edit;
use sync_core::card::edit::SurpriseInput;
use sync_core::ids::Timestamp;

use super::{Desk, Lines, said};
use crate::handheld::{cards, day};

/// Keeps a purchase secret, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// Its place among the purchases.
    purchase: usize,
    /// Until when; none ends it.
    until: Option<Timestamp>,
}

/// Commands in the order of the help, each with what it takes and does.
pub(crate) const HELP: &[(&str, &str)] = &[(
    "secret 1 in 3 weeks",
    "purchase 1 of `buys` is a surprise until then; `secret 1 over` ends it",
)];

/// Reads `secret 1 in 3 weeks`, `secret 1 over`; none when the word is another.
pub(crate) fn read(word: &str, rest: &str, now: Timestamp) -> Option<Result<Secret, &'static str>> {
    if word != "secret" {
        return None;
    }
    let (number, until) = rest.split_once(' ').unwrap_or((rest, ""));
    let purchase = number.parse::<usize>().ok();
    let purchase = purchase.and_then(|number| number.checked_sub(1));
    let until = match day::leading(until.trim(), now) {
        (Some(until), "") => Some(Some(until)),
        (None, "over") => Some(None),
        _ => None,
    };
    let secret = purchase.zip(until);
    let secret = secret.map(|(purchase, until)| Secret { purchase, until });
    Some(secret.ok_or("secret 1 in 3 weeks, secret 1 2026-12-24, or secret 1 over"))
}

impl Desk {
    pub(super) fn purchases(&self) -> Lines {
        let customer = self.opened()?;
        let totals = self.book.totals(customer)?;
        let purchases = self.book.purchases(customer)?;
        let secrets = self.book.customer(customer)?.surprises;
        Ok(cards::purchases(&purchases, &totals, &secrets))
    }

    pub(super) fn keep_secret(&self, secret: &Secret) -> Lines {
        let customer = self.opened()?;
        let purchases = self.book.purchases(customer)?;
        let Some(purchase) = purchases.get(secret.purchase) else {
            return said("There is no such purchase: `buys` numbers them.");
        };
        self.book.record(customer, edit(purchase, secret.until))?;
        said(match secret.until {
            Some(until) => format!("Recorded: a surprise until {}.", day::shown(until)),
            None => "Recorded: no secret any more.".to_owned(),
        })
    }
}

fn edit(purchase: &Purchase, until: Option<Timestamp>) -> Edit {
    Edit::SetSurprise(SurpriseInput {
        source: purchase.source.clone(),
        purchase: purchase.source_id.clone(),
        until,
    })
}

#[cfg(test)]
mod tests {
    use carnet_ffi::{Ground, PurchaseLine, SumOfMoney, Surprise, Totals};
    use sync_core::card::Source;
    use sync_core::ids::{AssociateId, ShopId};

    use super::*;
    use crate::handheld::tests::played;

    fn purchase(number: &str) -> Purchase {
        let amount = SumOfMoney {
            minor: 12_300,
            currency: "EUR".to_owned(),
            decimals: 2,
        };
        Purchase {
            source: "till".to_owned(),
            source_id: number.to_owned(),
            at: Timestamp(0),
            is_day_only: false,
            shop: None,
            lines: vec![PurchaseLine {
                sku: Some("RING-1".to_owned()),
                label: None,
                quantity: 1,
                amount: amount.clone(),
            }],
            amount,
        }
    }

    #[test]
    fn purchases_are_numbered_and_a_secret_is_marked() {
        let totals = Totals {
            purchases: 2,
            paid: Vec::new(),
            returns: 0,
            returned: Vec::new(),
            first: None,
            last: None,
        };
        let ground = Ground {
            sources: Vec::new(),
            by: AssociateId([1; 8]),
            shop: ShopId([1; 8]),
            at: Timestamp(0),
            source: Source::Stated,
            needs_confirmation: false,
        };
        let secret = Surprise {
            source: "till".to_owned(),
            purchase: "T-2".to_owned(),
            until: Timestamp(20 * Timestamp::DAY_MS),
            ground,
        };
        let both = [purchase("T-1"), purchase("T-2")];
        let lines = cards::purchases(&both, &totals, &[secret]);
        assert_eq!(lines[1], "  1  1970-01-01  123.00 EUR  RING-1");
        assert_eq!(
            lines[2],
            "  2  1970-01-01  123.00 EUR  RING-1  [a surprise until 1970-01-21]"
        );
    }

    #[test]
    fn a_secret_names_the_purchase_of_the_list_and_its_last_day() {
        let now = Timestamp(0);
        let read = |rest| read("secret", rest, now).unwrap();
        let kept = read("2 in 3 weeks").unwrap();
        assert_eq!(kept.purchase, 1);
        assert_eq!(kept.until.map(Timestamp::days), Some(21));
        let ended = read("1 over").unwrap();
        assert_eq!((ended.purchase, ended.until), (0, None));
        for odd in ["", "1", "0 over", "x over", "1 soon", "1 in 3 weeks again"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        let Edit::SetSurprise(input) = edit(&purchase("T-2"), kept.until) else {
            panic!("a surprise");
        };
        assert_eq!(
            (input.source.as_str(), input.purchase.as_str()),
            ("till", "T-2")
        );
        assert_eq!(input.until, kept.until);
    }

    #[test]
    fn a_purchase_that_is_none_is_not_written_onto_a_card() {
        let text = played("open lea\nbuys\nsecret 1 over\noutbox\n");
        for expected in [
            "0 purchases",
            "There is no such purchase: `buys` numbers them.",
            "Nothing of yours waits.",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in {text}");
        }
    }
}
