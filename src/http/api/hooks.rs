//! Calls of other help desks, signed as Standard Webhooks defines it.
//!
//! A call is believed by its signature alone: there is no token and no cookie here. A call that is
//! sent again, or replayed, has been heeded already and changes nothing.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    desk::{
        Actor, Change, OutcomeKind, Reference, TicketRecord, TicketStatus,
        connectors::signature::{self, SignatureError},
    },
    http::{
        api::desk_work::{ended, work},
        error::{ApiError, Code, Problem},
        extract::{BodyKind, Payload},
    },
};

/// Longest id of a call.
const ID_LENGTH: usize = 200;

/// What became of a ticket.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeCall {
    /// Always `ticket_outcome`.
    #[serde(rename = "type")]
    #[schema(example = "ticket_outcome")]
    pub kind: String,
    /// When it happened there.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// What happened.
    pub data: OutcomeReport,
}

/// The ticket, and how it ended.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeReport {
    /// The ticket; or `connector` and `remote_id`.
    #[serde(default)]
    #[schema(example = "ZD-7K3F9Q")]
    pub reference: Option<String>,
    /// Name of the connector that brought the ticket there.
    #[serde(default)]
    pub connector: Option<String>,
    /// What the ticket is called there.
    #[serde(default)]
    pub remote_id: Option<String>,
    /// How it ended, or that it goes on.
    pub outcome: ReportedOutcome,
    /// Slug of the article that solved it, for `known`.
    #[serde(default)]
    pub article: Option<String>,
    /// Reference of the ticket that it repeats, for `duplicate`.
    #[serde(default)]
    pub duplicate_of: Option<String>,
    /// What who asked gets to read.
    #[serde(default)]
    pub text: String,
}

/// How a ticket ended at another help desk, or that it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportedOutcome {
    /// An article had the answer.
    Known,
    /// No article had the answer: one is worth writing.
    New,
    /// Another ticket asks the same.
    Duplicate,
    /// Nobody asked anything.
    Spam,
    /// It is not over after all.
    Reopened,
}

/// Where the ticket stands now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutcomeReply {
    /// The ticket.
    pub reference: String,
    /// Its status.
    pub status: TicketStatus,
}

/// Tell what became of a ticket.
///
/// Signed with one of `outcome_secrets`, as Standard Webhooks 1.0 defines it.
#[utoipa::path(post, path = "/api/v1/hooks/ticket_outcome", tag = "hooks", request_body = OutcomeCall, params(
    ("webhook-id" = String, Header, description = "The same when the call is sent again"),
    ("webhook-timestamp" = String, Header, description = "Seconds since 1970; at most 5 minutes away"),
    ("webhook-signature" = String, Header, description = "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`"),
), responses(
    (status = 200, body = OutcomeReply, description = "Done, or done before"),
    (status = 400, body = Problem<'static>),
    (status = 401, body = Problem<'static>, description = "The signature does not fit, or is too old"),
    (status = 404, body = Problem<'static>, description = "No such ticket, or no secrets are configured"),
    (status = 409, body = Problem<'static>, description = "This id came before with another body"),
    (status = 413, body = Problem<'static>), (status = 415, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn ticket_outcome(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Json<OutcomeReply>, ApiError> {
    let payload = payload.only(&[BodyKind::Json])?;
    let id = checked(&app, &headers, &payload.bytes)?;
    let call: OutcomeCall = payload.json()?;
    if call.kind != "ticket_outcome" {
        return Err(ApiError::invalid("type", "Write ticket_outcome."));
    }
    let reference = reference(&app, &call.data).await?;
    let record = match app.desk.heeded(&id, &payload.bytes).await? {
        Some(true) => None,
        Some(false) => {
            let detail = "This webhook-id came before with another body. Make a new id for each new call.";
            return Err(ApiError::in_field(Code::IdempotencyMismatch, signature::ID, detail));
        }
        None => {
            let record = apply(&app, &reference, call.data).await?;
            app.desk.heed(&id, &payload.bytes, app.now()).await?;
            Some(record)
        }
    };
    let record = match record {
        Some(record) => record,
        None => app.desk.ticket(&reference).await?.ok_or_else(no_ticket)?,
    };
    Ok(Json(OutcomeReply { reference: reference.to_string(), status: record.status }))
}

/// The id of a call that is signed as it should be.
fn checked(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<String, ApiError> {
    if app.outcome_keys.is_empty() {
        return Err(ApiError::not_found("Nobody may tell what became of a ticket: `outcome_secrets` is empty."));
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = header(signature::ID);
    if id.is_empty() || id.len() > ID_LENGTH {
        return Err(ApiError::invalid(signature::ID, format!("Send an id of 1 to {ID_LENGTH} characters.")));
    }
    let (timestamp, signatures) = (header(signature::TIMESTAMP), header(signature::SIGNATURE));
    signature::verify(&app.outcome_keys, id, timestamp, signatures, body, app.now()).map_err(|error| {
        let field = if error == SignatureError::Signature { signature::SIGNATURE } else { signature::TIMESTAMP };
        ApiError::in_field(Code::Unauthorized, field, error.to_string())
    })?;
    Ok(id.to_owned())
}

fn no_ticket() -> ApiError {
    ApiError::not_found("There is no such ticket.")
}

async fn reference(app: &App, report: &OutcomeReport) -> Result<Reference, ApiError> {
    match (&report.reference, &report.connector, &report.remote_id) {
        (Some(reference), ..) => Reference::parse(reference).ok_or_else(no_ticket),
        (None, Some(connector), Some(remote_id)) => {
            app.desk.known_there_as(connector, remote_id).await?.ok_or_else(no_ticket)
        }
        _ => Err(ApiError::invalid("data.reference", "Send reference, or connector and remote_id.")),
    }
}

/// Changes the ticket, unless it stands there already.
async fn apply(app: &App, reference: &Reference, report: OutcomeReport) -> Result<TicketRecord, ApiError> {
    let before = app.desk.ticket(reference).await?.ok_or_else(no_ticket)?;
    let by = report.connector.clone().unwrap_or_else(|| "help desk".into());
    let Some(change) = change(&before, report)? else { return Ok(before) };
    work(app, reference, change, Actor::HelpDesk(&by)).await
}

fn change(before: &TicketRecord, report: OutcomeReport) -> Result<Option<Change>, ApiError> {
    let kind = match report.outcome {
        ReportedOutcome::Known => OutcomeKind::Known,
        ReportedOutcome::New => OutcomeKind::New,
        ReportedOutcome::Duplicate => OutcomeKind::Duplicate,
        ReportedOutcome::Spam => OutcomeKind::Spam,
        ReportedOutcome::Reopened => {
            let over = before.status == TicketStatus::Resolved;
            return Ok(over.then_some(Change::Reopen(report.text)));
        }
    };
    let outcome = ended(kind, report.article, report.duplicate_of.as_deref())?;
    let same = before.status == TicketStatus::Resolved && before.outcome.as_ref() == Some(&outcome);
    Ok((!same).then_some(Change::Resolve { outcome, text: report.text }))
}
