//! A route: method, path, handler, and what it asks of its caller, in one place that tests can list.

use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::authorized::{Access, Guard};
use super::state::AppState;

/// The pattern of the route that answered, for logs and counters.
#[derive(Debug, Clone, Copy)]
pub struct Pattern(pub &'static str);

/// The arguments of a handler whose first one is a [`Guard`].
///
/// ```compile_fail
/// use server::http::route::Route;
/// async fn nobody_is_asked() -> &'static str { "secrets" }
/// let route = Route::new(axum::http::Method::GET, "/v1/secrets", nobody_is_asked);
/// ```
///
/// ```
/// use server::http::authorized::{Authorized, ReadCustomers};
/// use server::http::route::Route;
/// async fn somebody_is_asked(_caller: Authorized<ReadCustomers>) -> &'static str { "secrets" }
/// let route = Route::new(axum::http::Method::GET, "/v1/secrets", somebody_is_asked);
/// ```
pub trait Guarded {
    /// What the first argument asks of the caller.
    const ACCESS: Access;
}

macro_rules! guarded {
    ($($more:ident)*) => {
        impl<Via, First: Guard, $($more,)*> Guarded for (Via, First, $($more,)*) {
            const ACCESS: Access = First::ACCESS;
        }
    };
}

guarded!();
guarded!(A);
guarded!(A B);
guarded!(A B C);
guarded!(A B C D);

/// One route of the hub.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
    handler: MethodRouter<AppState>,
}

impl Route {
    /// A route whose handler's first argument says who may call it.
    ///
    /// # Panics
    /// When the method is none of the standard ones.
    pub fn new<H, T>(method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: Guarded + 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("routes use standard methods");
        Self {
            method,
            path,
            access: T::ACCESS,
            handler: on(filter, handler),
        }
    }

    /// A route that answers `GET`.
    pub fn get<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: Guarded + 'static,
    {
        Self::new(Method::GET, path, handler)
    }

    /// A route that answers `POST`.
    pub fn post<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: Guarded + 'static,
    {
        Self::new(Method::POST, path, handler)
    }

    /// A route that answers `PATCH`.
    pub fn patch<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: Guarded + 'static,
    {
        Self::new(Method::PATCH, path, handler)
    }

    pub(super) fn into_handler(self) -> MethodRouter<AppState> {
        let pattern = Pattern(self.path);
        let note = move |response: Response| async move {
            let mut response = response.into_response();
            response.extensions_mut().insert(pattern);
            response
        };
        self.handler.layer(axum::middleware::map_response(note))
    }
}
