//! The same few people, and what they write, in every story that is told by hand.

use std::collections::BTreeMap;

use sync_core::authority::HubAuthor;
use sync_core::card::Edit;
use sync_core::card::schema::Role;
use sync_core::card::terms::{NamePart, Place};
use sync_core::ids::{AssociateId, SessionId, ShopId, Timestamp};

/// The shop.
pub const SHOP: ShopId = ShopId([1; 8]);
/// An associate of it.
pub const ANA: AssociateId = AssociateId([0xa; 8]);
/// Another one.
pub const BEN: AssociateId = AssociateId([0xb; 8]);
/// When stories begin.
pub const NOON: Timestamp = Timestamp(1_790_000_000_000);
/// The hub, when it writes itself.
pub const HUB: HubAuthor = HubAuthor {
    associate: AssociateId([0; 8]),
    session: SessionId([0; 8]),
    shop: SHOP,
    role: Role::Hub,
};

/// A card with a given name.
#[must_use]
pub fn create(given: &str) -> Edit {
    Edit::CreateCustomer {
        name: BTreeMap::from([(NamePart::Given, given.to_owned())]),
        language: None,
        endpoints: Vec::new(),
        since: None,
    }
}

/// A note.
#[must_use]
pub fn note(place: Place, body: &str) -> Edit {
    Edit::AddNote {
        place,
        body: body.to_owned(),
        title: None,
        label: None,
    }
}

/// A size of shoe.
#[must_use]
pub fn shoe(size: &str) -> Edit {
    Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    }
}
