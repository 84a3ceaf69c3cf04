//! Who may call a handler: said in the type of its first argument, checked before it runs.
//!
//! [`Authorized<P>`] is a principal that holds the permission `P`; it can be had in no other way than by a request that passed the check.
//! Whether a *thing* is within the principal's reach is asked with [`Authorized::reach`].

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use sync_core::ids::{CustomerId, ShopId};

use super::error::ApiError;
use super::finish::PROOF;
use super::state::AppState;
use crate::book::reading::{self, Reached};
use crate::identity::access::{Principal, Scope};
use crate::identity::authenticate::Credentials;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the handler checks what comes in the body, or there is nothing to protect.
    Open,
    /// Any principal.
    SignedIn,
    /// A principal that holds this scope.
    Scope(Scope),
}

/// A first argument of a handler.
pub trait Guard: FromRequestParts<AppState> {
    /// What it asks of the caller.
    const ACCESS: Access;
}

/// A permission, as a type.
pub trait Permission: Send + Sync + 'static {
    /// The scope that it takes; any principal when there is none.
    const SCOPE: Option<Scope>;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}

            impl Permission for $name {
                const SCOPE: Option<Scope> = $scope;
            }
        )*
    };
}

permissions! {
    /// Any principal: it acts on itself.
    SignedIn = None;
    /// Replicate the book of the shop.
    SyncBook = Some(Scope::Sync);
    /// Hand in an outbox.
    PushOutbox = Some(Scope::SyncPush);
    /// Read customers.
    ReadCustomers = Some(Scope::CustomerRead);
    /// Create and edit customers.
    WriteCustomers = Some(Scope::CustomerWrite);
    /// Put customers into books and take them out.
    ManageBooks = Some(Scope::BookManage);
    /// Bring in customers.
    ImportCustomers = Some(Scope::CustomerImport);
    /// Read records.
    ReadRecords = Some(Scope::RecordRead);
    /// Bring in records.
    WriteRecords = Some(Scope::RecordWrite);
    /// See shops.
    ReadShops = Some(Scope::ShopRead);
    /// Change shops.
    ManageShops = Some(Scope::ShopManage);
    /// See colleagues.
    ReadAssociates = Some(Scope::AssociateRead);
    /// Look after associates.
    ManageAssociates = Some(Scope::AssociateManage);
    /// See handhelds.
    ReadDevices = Some(Scope::DeviceRead);
    /// Make enrolment codes.
    EnrolDevices = Some(Scope::DeviceEnrol);
    /// Revoke handhelds.
    RevokeDevices = Some(Scope::DeviceRevoke);
    /// See what messages left, and set the bounds of the concierge.
    ManageDesk = Some(Scope::DeskManage);
    /// Bring in what customers wrote back.
    BringReplies = Some(Scope::ReplyWrite);
    /// Make and revoke integration keys.
    ManageIntegrations = Some(Scope::IntegrationManage);
}

/// A principal that holds the permission `P`.
#[derive(Debug)]
pub struct Authorized<P> {
    principal: Principal,
    permission: PhantomData<fn() -> P>,
}

impl<P> Authorized<P> {
    /// Refuses what belongs to a shop out of reach, as if it did not exist.
    ///
    /// # Errors
    /// `404`, naming `what`.
    pub fn reach(&self, shop: ShopId, what: &'static str) -> Result<(), ApiError> {
        if self.principal.reaches(shop) {
            return Ok(());
        }
        Err(ApiError::not_found(what))
    }

    /// Refuses a customer out of reach, as if there were none.
    ///
    /// # Errors
    /// `404`, or what storage reports.
    pub fn customer(&self, state: &AppState, customer: CustomerId) -> Result<Reached, ApiError> {
        reading::reach(&*state.store.read()?, &self.principal, customer)?
            .ok_or_else(|| ApiError::not_found("customer"))
    }

    /// Refuses who does not act for the whole chain.
    ///
    /// # Errors
    /// `403`.
    pub fn chain(&self) -> Result<(), ApiError> {
        if self.principal.chain {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "this takes a manager of the whole chain",
        ))
    }
}

impl<P> Deref for Authorized<P> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<P: Permission> Guard for Authorized<P> {
    const ACCESS: Access = match P::SCOPE {
        Some(scope) => Access::Scope(scope),
        None => Access::SignedIn,
    };
}

impl<P: Permission> FromRequestParts<AppState> for Authorized<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let principal = state.identity.authenticate(&Credentials {
            authorization: only(&parts.headers, &header::AUTHORIZATION)?,
            proof: only(&parts.headers, &PROOF)?,
            method: parts.method.as_str(),
            path: parts.uri.path(),
        })?;
        if let Some(scope) = P::SCOPE.filter(|scope| !principal.scopes.has(*scope)) {
            return Err(ApiError::forbidden(format!(
                "this takes the scope {}",
                scope.name()
            )));
        }
        Ok(Self {
            principal,
            permission: PhantomData,
        })
    }
}

/// The one value of a header. Two would let two readers see two requests.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ApiError::invalid(format!("the header {name} came twice")));
    }
    let text = first.map(|value| value.to_str()).transpose();
    text.map_err(|_not_text| ApiError::invalid(format!("the header {name} is not plain text")))
}

/// A request that nobody has to be signed in for, with the proof that it may carry.
#[derive(Debug, Clone)]
pub struct Open {
    method: String,
    path: String,
    proof: Option<String>,
}

impl Open {
    /// The proof of possession that came along.
    ///
    /// # Errors
    /// `401` when there is none.
    pub fn proof(&self) -> Result<crate::identity::dpop::Presented<'_>, ApiError> {
        let proof = self.proof.as_deref();
        Ok(crate::identity::dpop::Presented {
            proof: proof.ok_or(crate::identity::dpop::ProofError::Missing)?,
            method: &self.method,
            path: &self.path,
            token: None,
        })
    }
}

impl Guard for Open {
    const ACCESS: Access = Access::Open;
}

impl FromRequestParts<AppState> for Open {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        Ok(Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            proof: only(&parts.headers, &PROOF)?.map(str::to_owned),
        })
    }
}
