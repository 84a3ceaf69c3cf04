//! The frame around every page: head, navigation, one main part.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::session::Visitor;
use super::words::{self, title};
use crate::http::error::ApiError;

/// The sections of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Today,
    Handhelds,
    Promises,
    Gap,
    Customers,
}

impl Section {
    const ALL: [Self; 5] = [
        Self::Today,
        Self::Handhelds,
        Self::Promises,
        Self::Gap,
        Self::Customers,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Today => title::TODAY,
            Self::Handhelds => title::HANDHELDS,
            Self::Promises => title::PROMISES,
            Self::Gap => title::GAP,
            Self::Customers => title::CUSTOMERS,
        }
    }

    /// Where the section is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Today => "/office",
            Self::Handhelds => "/office/handhelds",
            Self::Promises => "/office/promises",
            Self::Gap => "/office/gap",
            Self::Customers => "/office/customers",
        }
    }
}

impl<P> Visitor<P> {
    /// A page of a section for this manager; its answer keeps the manager signed in.
    pub(super) fn page(&self, section: Section, title: &str, body: &Markup) -> Response {
        let frame = html! {
            header.top {
                a.brand href=(Section::Today.path()) { (words::PRODUCT) }
                nav aria-label=(words::SECTIONS) {
                    @for one in Section::ALL {
                        a href=(one.path()) aria-current=[(one == section).then_some("page")] { (one.title()) }
                    }
                }
                form.out method="post" action="/office/sign-out" {
                    (self.hidden_token())
                    span.who { (self.name) }
                    button.quiet type="submit" { (words::SIGN_OUT) }
                }
            }
            main #main {
                h1 { (title) }
                (body)
            }
        };
        let mut response = answer(document(title, &frame));
        set_cookie(&mut response, self.cookie.clone());
        response
    }

    /// The hidden field that shows a form to be ours.
    pub(super) fn hidden_token(&self) -> Markup {
        hidden_token(&self.token)
    }
}

/// The hidden field that shows a form to be ours.
pub(super) fn hidden_token(token: &str) -> Markup {
    html! { input type="hidden" name="token" value=(token); }
}

/// A page as an answer.
pub(super) fn answer(page: Markup) -> Response {
    Html(page.into_string()).into_response()
}

/// Adds a cookie to an answer.
pub(super) fn set_cookie(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

/// A page for somebody who is not signed in.
pub(super) fn plain(title: &str, body: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top { span.brand { (words::PRODUCT) } }
            main #main.narrow {
                h1 { (title) }
                (body)
            }
        },
    )
}

/// A failure, for people.
pub(super) fn error(error: &ApiError, request_id: &str) -> Markup {
    plain(
        title::ERROR,
        &html! {
            p.alert role="alert" { (sentence(&error.detail)) }
            p { a.button href=(Section::Today.path()) { (words::BACK) } }
            p.small { (words::REQUEST_ID) " " code { (request_id) } }
        },
    )
}

/// A detail as a sentence: with a capital and a full stop.
pub(super) fn sentence(detail: &str) -> String {
    let mut symbols = detail.chars();
    let first = symbols.next().map(|it| it.to_uppercase().to_string());
    let stop = if detail.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), symbols.as_str())
}

fn document(title: &str, frame: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · " (words::PRODUCT) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/office/style.css";
            }
            body {
                a.skip href="#main" { (words::SKIP) }
                (frame)
            }
        }
    }
}

/// A cell of a table that becomes a card on a narrow screen, where it shows its heading itself.
pub(super) fn cell(heading: &str, content: &Markup) -> Markup {
    html! { td data-label=(heading) { (content) } }
}
