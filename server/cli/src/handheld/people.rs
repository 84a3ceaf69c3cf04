//! Who is who to this handheld, and who works with it.

use std::collections::BTreeMap;

use carnet_ffi::{Associate, Book, BookError, Card, Status};
use sync_core::ids::{AssociateId, CustomerId, ShopId};

use super::desk::{Failed, Lines, said};
use super::{Terminal, entrance};

/// The names that this handheld knows: of whoever signed in here, and of customers.
#[derive(Debug, Default)]
pub(crate) struct Names {
    associates: BTreeMap<AssociateId, String>,
    customers: BTreeMap<CustomerId, String>,
    shop: Option<ShopId>,
}

impl Names {
    /// Of the associates.
    pub(crate) fn of(status: &Status) -> Self {
        let known = status.signed_in.iter().chain(&status.can_switch_to);
        Self {
            associates: known.map(|one| (one.associate, one.name.clone())).collect(),
            customers: BTreeMap::new(),
            shop: status.shop,
        }
    }

    /// And of the customers that a card speaks of.
    pub(crate) fn and_of(mut self, card: &Card, book: &Book) -> Result<Self, BookError> {
        for relation in &card.relationships {
            if let Some(row) = book.row(relation.other)? {
                self.customers.insert(relation.other, row.name);
            }
        }
        Ok(self)
    }

    /// Who wrote something, in a shop.
    pub(crate) fn author(&self, associate: AssociateId, shop: ShopId) -> &str {
        match self.associates.get(&associate) {
            Some(name) => name,
            None if self.shop == Some(shop) => "a colleague of this shop",
            None => "a colleague of another shop",
        }
    }

    /// A customer.
    pub(crate) fn customer(&self, customer: CustomerId) -> &str {
        let name = self.customers.get(&customer);
        name.map_or("somebody who is not in this book", String::as_str)
    }
}

/// Lets the associate whose name begins with `name` take over, once they typed their password.
pub(crate) fn switch(book: &Book, name: Option<&str>, terminal: &mut Terminal<'_>) -> Lines {
    let status = book.status()?;
    let own = status.signed_in.as_ref().map(|one| one.associate);
    let others = status.can_switch_to.iter();
    let others: Vec<_> = others.filter(|one| Some(one.associate) != own).collect();
    let Some(name) = name else {
        return said(list(&others));
    };
    let begins = |one: &Associate| one.name.to_lowercase().starts_with(&name.to_lowercase());
    let matching: Vec<_> = others.iter().filter(|one| begins(one)).copied().collect();
    let one = match matching.as_slice() {
        [one] => *one,
        [] if status.signed_in.as_ref().is_some_and(begins) => {
            return said("You are signed in already.");
        }
        [] => {
            let list = list(&others);
            return said(format!(
                "{name} has not signed in here, or not lately. {list}"
            ));
        }
        several => return said(format!("Which one? {}", list(several))),
    };
    if is_invented(&status) {
        book.switch_associate(one.associate)?;
        return said(format!("Hello {}.", one.name));
    }
    let Some(password) = entrance::unseen(&format!("Password of {}: ", one.name), terminal)? else {
        return Ok(Vec::new());
    };
    match book.switch_with_password(one.associate, password) {
        Ok(()) => said(format!("Hello {}.", one.name)),
        Err(BookError::SignInAgain) => Err(Failed::Say(format!(
            "{} has to sign in with the hub: `signin`.",
            one.name
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The invented book has no passwords.
fn is_invented(status: &Status) -> bool {
    status.hub_url.as_deref() == Some("preview:")
}

fn list(others: &[&Associate]) -> String {
    if others.is_empty() {
        return "Nobody else can take over yet: `signin`.".to_owned();
    }
    let names: Vec<_> = others.iter().map(|one| one.name.as_str()).collect();
    format!("Could take over: {}. Others: `signin`.", names.join(", "))
}
