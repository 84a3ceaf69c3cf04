//! What somebody may do: roles, scopes, and the principal behind a request.

use std::fmt;

use minicbor::{Decode, Encode};
use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId};

use super::integrations::IntegrationId;

/// What kind of actor this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Serves customers.
    #[n(0)]
    Associate,
    /// Serves customers and looks after people and handhelds.
    #[n(1)]
    Manager,
    /// Another system, with a key of its own.
    #[n(2)]
    Integration,
    /// A handheld with nobody signed in.
    #[n(3)]
    Device,
}

impl Role {
    /// The role's name in tokens and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Associate => "associate",
            Self::Manager => "manager",
            Self::Integration => "integration",
            Self::Device => "device",
        }
    }

    /// The role a person may be given under this name; the other roles aren't given to people.
    #[must_use]
    pub fn of_person(name: &str) -> Option<Self> {
        [Self::Associate, Self::Manager]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// What the role allows; integrations are given their scopes one by one.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Associate => Scopes::of(&[
                Scope::Sync,
                Scope::SyncPush,
                Scope::CustomerRead,
                Scope::CustomerWrite,
                Scope::RecordRead,
                Scope::ShopRead,
                Scope::AssociateRead,
                Scope::NotesRead,
            ]),
            Self::Manager => Self::Associate.scopes().union(Scopes::of(&[
                Scope::RecordWrite,
                Scope::ShopManage,
                Scope::AssociateManage,
                Scope::DeviceRead,
                Scope::DeviceEnrol,
                Scope::DeviceRevoke,
                Scope::IntegrationManage,
                Scope::BookManage,
                Scope::CustomerImport,
                Scope::DeskManage,
            ])),
            Self::Integration => Scopes::default(),
            Self::Device => Scopes::of(&[Scope::SyncPush]),
        }
    }
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        /// One thing that may be allowed. Numbers are frozen since database schema 1.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope {
            $($(#[$doc])* $name = $bit,)*
        }

        impl Scope {
            /// All scopes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The scope's name in tokens and answers.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            fn bit(self) -> u32 {
                match self {
                    $(Self::$name => 1 << $bit,)*
                }
            }
        }
    };
}

scopes! {
    /// Replicate the book of the shop.
    Sync = 0, "sync";
    /// Hand in the outbox of a handheld.
    SyncPush = 1, "sync:push";
    /// Read customers.
    CustomerRead = 2, "customer:read";
    /// Create and edit customers.
    CustomerWrite = 3, "customer:write";
    /// Read purchases and other records.
    RecordRead = 4, "record:read";
    /// Bring in purchases and other records.
    RecordWrite = 5, "record:write";
    /// See shops.
    ShopRead = 6, "shop:read";
    /// Change shops; adding one takes a role in the whole chain.
    ShopManage = 7, "shop:manage";
    /// See colleagues.
    AssociateRead = 8, "associate:read";
    /// Add, change and deactivate associates.
    AssociateManage = 9, "associate:manage";
    /// See handhelds.
    DeviceRead = 10, "device:read";
    /// Make enrolment codes.
    DeviceEnrol = 11, "device:enrol";
    /// Revoke handhelds.
    DeviceRevoke = 12, "device:revoke";
    /// Make and revoke integration keys.
    IntegrationManage = 13, "integration:manage";
    /// Read what people wrote in their own words: notes, promises, visits. Without it nothing of that is in any answer.
    NotesRead = 14, "notes:read";
    /// Put customers into the book of another shop, and take them out.
    BookManage = 15, "book:manage";
    /// Bring in customers of another system, with a source's word for what they agreed to.
    CustomerImport = 16, "customer:import";
    /// See what messages left, and set the bounds of the concierge; the latter takes a role in the whole chain.
    DeskManage = 17, "desk:manage";
    /// Bring in what customers wrote back.
    ReplyWrite = 18, "reply:write";
}

impl Scope {
    /// What an integration may be given: never the management of people, handhelds or keys.
    pub const FOR_INTEGRATIONS: &'static [Self] = &[
        Self::CustomerRead,
        Self::CustomerWrite,
        Self::RecordRead,
        Self::RecordWrite,
        Self::ShopRead,
        Self::NotesRead,
        Self::CustomerImport,
        Self::ReplyWrite,
    ];

    /// The scope an integration may be given under this name.
    #[must_use]
    pub fn of_integration(name: &str) -> Option<Self> {
        Self::FOR_INTEGRATIONS
            .iter()
            .copied()
            .find(|scope| scope.name() == name)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Scopes(#[n(0)] u32);

impl Scopes {
    /// The set of these.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `scope` is in it.
    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The names of its scopes.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let held = Scope::ALL.iter().filter(|scope| self.has(**scope));
        held.map(|scope| scope.name()).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

/// Who stands behind a request, checked against the present state of people, handhelds and sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The handheld, whose key proved itself with the request.
    pub device: Option<DeviceId>,
    /// The associate; none for a handheld's own token and for integrations.
    pub associate: Option<AssociateId>,
    /// The sign-in.
    pub session: Option<SessionId>,
    /// The integration.
    pub integration: Option<IntegrationId>,
    /// The shop that the principal works for.
    pub shop: ShopId,
    /// Whether the role holds in every shop of the chain.
    pub chain: bool,
    /// The role.
    pub role: Role,
    /// What it may do.
    pub scopes: Scopes,
}

impl Principal {
    /// Whether things of `shop` are within reach.
    #[must_use]
    pub fn reaches(&self, shop: ShopId) -> bool {
        self.chain || self.shop == shop
    }
}
