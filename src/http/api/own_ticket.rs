//! A visitor's own ticket, behind its unguessable token: how far it is, and what they add to it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk_work::work;
use crate::{
    app::App,
    config::Needs,
    desk::{
        Actor, Callback, Change, Consultation, Outcome, OutcomeKind, Reference, Step, StepKind, SupportLevel,
        TicketRecord, TicketStatus,
    },
    http::{
        error::{ApiError, Problem},
        extract::{BodyKind, Payload, QueryString},
    },
};

/// How far a ticket is, for who sent it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusReply {
    /// What people call it.
    pub reference: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// Level at which it is.
    pub level: SupportLevel,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Its subject.
    pub subject: String,
    /// What has happened, with what was written.
    pub steps: Vec<Step>,
    /// What happens at this level, in the language `lang`.
    pub does: String,
    /// What the sender can add now: `reply`, `callback`, `consent`, `solved`.
    pub wanted: Vec<&'static str>,
    /// The vendor outside that is to be involved.
    pub vendor: Option<String>,
}

/// What the sender of a ticket adds to it, by the last part of the address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the bodies of one route")]
enum AmendRequest {
    /// `reply`
    Reply(AnswerRequest),
    /// `callback`
    Callback(Callback),
    /// `consent` and `solved`
    Nothing(Empty),
}

/// An answer to what an agent wrote.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerRequest {
    /// The text.
    pub text: String,
}

/// Nothing more is to be said.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// How far is my ticket?
#[utoipa::path(get, path = "/api/v1/tickets/{reference}", tag = "tickets", params(
    ("reference" = String, Path, example = "ZD-7K3F9Q"),
    ("token" = String, Query, description = "From `status_url`"),
    ("lang" = Option<String>, Query, description = "Language of `does`"),
), responses(
    (status = 200, body = StatusReply),
    (status = 404, body = Problem<'static>, description = "Unknown reference or wrong token"),
    (status = 503, body = Problem<'static>),
))]
pub async fn status(
    State(app): State<Arc<App>>,
    Path(reference): Path<String>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let record = own(&app, &reference, &query).await?;
    Ok(status_reply(&app, record, query.one("lang").unwrap_or("en")))
}

fn status_reply(app: &App, record: TicketRecord, lang: &str) -> Response {
    let wanted = wanted(app, &record);
    let TicketRecord { ticket, status, steps, .. } = record;
    let body = StatusReply {
        reference: ticket.reference.to_string(),
        status: shown_status(status),
        level: ticket.level,
        created: ticket.created,
        subject: ticket.subject,
        steps: own_steps(steps),
        does: app.desk.ladder().does(ticket.level, lang),
        wanted,
        vendor: ticket.external.vendor,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The steps that concern who asked; who did them, and why, is the desk's own business.
pub(in crate::http) fn own_steps(steps: Vec<Step>) -> Vec<Step> {
    let shown = |kind| !matches!(kind, StepKind::Noted | StepKind::Assigned | StepKind::Drafted);
    let written = |kind| matches!(kind, StepKind::Replied | StepKind::Answered | StepKind::Resolved);
    let own = |step: Step| Step {
        agent: None,
        reason: step.reason.filter(|_| written(step.kind)),
        status: shown_status(step.status),
        ..step
    };
    steps.into_iter().filter(|step| shown(step.kind)).map(own).collect()
}

/// What who asked can add now.
pub(in crate::http) fn wanted(app: &App, record: &TicketRecord) -> Vec<&'static str> {
    let TicketRecord { ticket, status, .. } = record;
    if *status == TicketStatus::Resolved {
        return vec!["reply"];
    }
    let here_or_next = |needs| {
        let ladder = app.desk.ladder();
        [ticket.level.0, ticket.level.0 + 1].map(SupportLevel).iter().any(|level| ladder.needs(*level) == Some(needs))
    };
    let consent = ticket.external.vendor.is_some() && ticket.external.consent_at.is_none();
    let wanted = [("reply", true), ("callback", here_or_next(Needs::Callback)), ("consent", consent), ("solved", true)];
    wanted.into_iter().filter(|(_, now)| *now).map(|(name, _)| name).collect()
}

/// Add something to your ticket: an answer, a call-back, your consent, or that it is solved.
#[utoipa::path(post, path = "/api/v1/tickets/{reference}/{action}", tag = "tickets", params(
    ("reference" = String, Path, example = "ZD-7K3F9Q"),
    ("action" = String, Path, description = "reply, callback, consent or solved"),
    ("token" = String, Query, description = "From `status_url`"),
), request_body = AmendRequest, responses(
    (status = 200, body = StatusReply), (status = 400, body = Problem<'static>),
    (status = 404, body = Problem<'static>, description = "Unknown reference or action, or wrong token"),
    (status = 413, body = Problem<'static>), (status = 415, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 429, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn amend(
    State(app): State<Arc<App>>,
    Path((reference, action)): Path<(String, String)>,
    query: QueryString,
    payload: Payload,
) -> Result<Response, ApiError> {
    let payload = payload.only(&[BodyKind::Json])?;
    let change = match action.as_str() {
        "reply" => Change::Answer(payload.json::<AnswerRequest>()?.text),
        "callback" => Change::Callback(payload.json()?),
        "consent" => payload.json::<Empty>().map(|_| agreed())?,
        "solved" => payload.json::<Empty>().map(|_| solved())?,
        _ => return Err(ApiError::not_found("There is no such action. Use reply, callback, consent or solved.")),
    };
    let record = amended(&app, &reference, &query, change).await?;
    Ok(status_reply(&app, record, query.one("lang").unwrap_or("en")))
}

/// Consent that was given on the status page.
pub(in crate::http) fn agreed() -> Change {
    Change::Consent(Consultation { vendor: None, statement: Some("status page".into()) })
}

/// Who asked says that it is solved.
pub(in crate::http) fn solved() -> Change {
    let outcome = Outcome { kind: OutcomeKind::Solved, article: None, duplicate_of: None };
    Change::Resolve { outcome, text: String::new() }
}

/// The ticket of who holds its token, with what they add.
pub(in crate::http) async fn amended(
    app: &App,
    reference: &str,
    query: &QueryString,
    change: Change,
) -> Result<TicketRecord, ApiError> {
    let own = own(app, reference, query).await?;
    work(app, &own.ticket.reference, change, Actor::Visitor).await
}

/// The ticket of who holds its token. Unknown and wrong look the same.
pub(in crate::http) async fn own(app: &App, reference: &str, query: &QueryString) -> Result<TicketRecord, ApiError> {
    let nothing = || ApiError::not_found("There is no ticket with this reference and token. Use the whole link.");
    let reference = Reference::parse(reference).ok_or_else(nothing)?;
    app.desk.status(&reference, query.one("token").unwrap_or_default()).await?.ok_or_else(nothing)
}

/// A spammer learns nothing; somebody who only looks like one is not insulted.
pub(in crate::http) fn shown_status(status: TicketStatus) -> TicketStatus {
    if status == TicketStatus::Quarantined { TicketStatus::Open } else { status }
}
