//! What an associate needs in the moment, computed on the hub as it is on a handheld: brief, recommendations, the one question of a visit,
//! the two-way ledger, and whether the customer may be contacted.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::card::terms::{Channel, Place, Polarity, Purpose};
use sync_core::card::view::{ConflictOption, Question as Matter};
use sync_core::concierge::confirm::{Ask, Doubt, next_ask};
use sync_core::concierge::grounds::SourceId;
use sync_core::concierge::guard::{Reason, Ruling, Unblocker, Until};
use sync_core::concierge::ledger::{Ledger, ledger};
use sync_core::concierge::{Brief, Picture, Recommendations};
use sync_core::ids::{AssociateId, CustomerId, Timestamp};

use super::customers::read_aside;
use crate::book::person::{self, Seen};
use crate::book::reading;
use crate::desk::verdicts::{self, Question};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ReadCustomers};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/concierge.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers/{customer}/brief", show_brief),
        Route::get(
            "/v1/customers/{customer}/recommendations",
            show_recommendations,
        ),
        Route::get("/v1/customers/{customer}/question", show_question),
        Route::get("/v1/customers/{customer}/ledger", show_ledger),
        Route::post("/v1/customers/{customer}/contact-verdict", judge_contact),
    ]
}

/// Works on a customer seen whole, and notes in the access log that they were read before anything is given out.
pub(super) async fn whole<T: Send + 'static>(
    caller: &Authorized<ReadCustomers>,
    state: &AppState,
    customer: CustomerId,
    work: impl FnOnce(&Picture<'_>) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let reached = caller.customer(state, customer)?;
    let now = state.clock.now();
    let (done, lines) = read_aside(state, caller, move |state, principal| {
        let person = person::open(&state.book, principal, reached, now)?;
        let seen = Seen::gather(&state.book, principal, &person, now)?;
        Ok((work(&seen.picture()), person.access_lines(principal, now)))
    })
    .await?;
    state.book.log_reads(lines).await?;
    Ok(done)
}

#[derive(Serialize)]
struct BriefAnswer {
    id: CustomerId,
    /// Equal for equal briefs, on the hub and on every handheld.
    hash: String,
    brief: Brief,
}

async fn show_brief(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<BriefAnswer>, ApiError> {
    let brief = whole(&caller, &state, id, Brief::of).await?;
    Ok(Json(BriefAnswer {
        id,
        hash: brief.hash().to_string(),
        brief,
    }))
}

#[derive(Serialize)]
struct RecommendationsAnswer {
    id: CustomerId,
    recommendations: Recommendations,
}

async fn show_recommendations(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let recommendations = whole(&caller, &state, id, Recommendations::of).await?;
    Ok(Json(RecommendationsAnswer {
        id,
        recommendations,
    }))
}

#[derive(Serialize)]
struct QuestionAnswer {
    id: CustomerId,
    /// None once one was answered in the visit under way, or where nothing is in doubt.
    question: Option<Asked>,
}

#[derive(Serialize)]
struct Asked {
    #[serde(flatten)]
    about: About,
    /// Since when it is in doubt.
    since: Timestamp,
    sources: Vec<SourceId>,
}

/// What is in doubt, with all that the edit which answers it takes.
#[derive(Serialize)]
#[serde(tag = "about", rename_all = "snake_case")]
enum About {
    Conflict {
        place: Place,
        path: String,
        subject: Matter,
        /// What each side said; the edit `resolve` names one of them.
        choices: Vec<ConflictOption>,
    },
    Preference {
        kind: String,
        subject: String,
        value: Option<String>,
        polarity: Polarity,
    },
    Size {
        category: String,
        system: String,
        brand: Option<String>,
        size: String,
    },
}

impl From<&Ask<'_>> for Asked {
    fn from(ask: &Ask<'_>) -> Self {
        let about = match ask.doubt {
            Doubt::Conflict(conflict) => About::Conflict {
                place: conflict.place,
                path: conflict.path.clone(),
                subject: conflict.question.clone(),
                choices: conflict.options.clone(),
            },
            Doubt::Preference(one) => About::Preference {
                kind: one.kind.clone(),
                subject: one.subject.clone(),
                value: one.value.value.clone(),
                polarity: one.polarity,
            },
            Doubt::Size(one) => About::Size {
                category: one.category.clone(),
                system: one.system.clone(),
                brand: one.brand.clone(),
                size: one.size.value.clone(),
            },
        };
        Self {
            about,
            since: ask.since,
            sources: ask.sources(),
        }
    }
}

async fn show_question(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<QuestionAnswer>, ApiError> {
    let question = whole(&caller, &state, id, |picture| {
        next_ask(picture).as_ref().map(Asked::from)
    });
    let question = question.await?;
    Ok(Json(QuestionAnswer { id, question }))
}

#[derive(Serialize)]
struct LedgerAnswer {
    id: CustomerId,
    ledger: Ledger,
}

async fn show_ledger(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<LedgerAnswer>, ApiError> {
    let ledger = whole(&caller, &state, id, ledger).await?;
    Ok(Json(LedgerAnswer { id, ledger }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    channel: Channel,
    purpose: Purpose,
    /// The campaign or the words, so that nobody gets the same twice.
    content: Option<String>,
    /// Whether it answers what the customer began.
    is_reply: Option<bool>,
}

#[derive(Serialize)]
struct VerdictAnswer {
    id: CustomerId,
    ruling: RulingName,
    /// Why not, or not yet.
    reason: Option<Reason>,
    /// From when asking again makes sense, where a moment ends the hold.
    until: Option<Timestamp>,
    /// What ends the hold, where no moment does.
    unblocker: Option<UnblockerAnswer>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RulingName {
    Allow,
    Hold,
    Deny,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum UnblockerAnswer {
    UseChannel {
        channel: Channel,
    },
    SolveCase {
        /// None where it stands on a card beyond the caller's reach.
        case: Option<String>,
    },
    Sync,
    Owner {
        associate: AssociateId,
    },
    ClaimOwner,
}

impl VerdictAnswer {
    fn new(id: CustomerId, ruling: Ruling, case: Option<String>) -> Self {
        let answer = |ruling, reason| Self {
            id,
            ruling,
            reason,
            until: None,
            unblocker: None,
        };
        match ruling {
            Ruling::Allow => answer(RulingName::Allow, None),
            Ruling::Deny { reason } => answer(RulingName::Deny, Some(reason)),
            Ruling::Hold { until, reason } => {
                let (until, unblocker) = match until {
                    Until::Moment(at) => (Some(at), None),
                    Until::Done(what) => (None, Some(UnblockerAnswer::new(&what, case))),
                };
                Self {
                    until,
                    unblocker,
                    ..answer(RulingName::Hold, Some(reason))
                }
            }
        }
    }
}

impl UnblockerAnswer {
    fn new(what: &Unblocker, case: Option<String>) -> Self {
        match what {
            Unblocker::UseChannel(channel) => Self::UseChannel { channel: *channel },
            Unblocker::SolveCase(_) => Self::SolveCase { case },
            Unblocker::Sync => Self::Sync,
            Unblocker::Owner(associate) => Self::Owner {
                associate: *associate,
            },
            Unblocker::ClaimOwner => Self::ClaimOwner,
        }
    }
}

async fn judge_contact(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
    Body(body): Body<ContactBody>,
) -> Result<Json<VerdictAnswer>, ApiError> {
    let reached = caller.customer(&state, id)?;
    let author = reading::author(&caller).ok_or_else(|| ApiError::forbidden("sign in to ask"))?;
    let now = state.clock.now();
    let question = Question {
        channel: body.channel,
        purpose: body.purpose,
        content: body.content,
        is_reply: body.is_reply,
    };
    let (answer, lines) = read_aside(&state, &caller, move |state, principal| {
        let tx = state.store.read()?;
        let asker = (author.associate, author.shop, now);
        let from = (&*state.book, &*tx);
        let judged = verdicts::ask(from, reached.customer(), asker, &question)?;
        let (mut near, mut lines) = (Vec::new(), Vec::new());
        for member in &judged.members {
            if let Some(reached) = reading::reach(&*tx, principal, *member)? {
                near.push(*member);
                lines.extend(reading::access_lines(principal, reached, false, now));
            }
        }
        let case = judged.case_among(&*tx, &near)?;
        Ok((VerdictAnswer::new(id, judged.ruling, case), lines))
    })
    .await?;
    state.book.log_reads(lines).await?;
    Ok(Json(answer))
}
