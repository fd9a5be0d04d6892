//! The desk for programs: tickets behind an agent's token.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    desk::{Agent, OutboxEntry, Reference, Step, Ticket, TicketFilter, TicketPage, TicketRecord, TicketStatus},
    http::{
        auth::{BearerToken, unauthorized},
        error::{ApiError, Problem},
        extract::QueryString,
    },
};

/// Tickets on a page when nothing is said.
const PAGE: usize = 50;
/// Furthest page.
const MAX_OFFSET: usize = 1_000_000;

/// A ticket with everything that is known about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskTicket {
    /// Where it stands.
    pub status: TicketStatus,
    /// The handoff, schema `zerodesk.handoff/1`.
    #[schema(value_type = Object)]
    pub ticket: Ticket,
    /// What has happened, oldest first.
    pub steps: Vec<Step>,
    /// Its deliveries.
    pub deliveries: Vec<Delivery>,
}

/// A delivery of a ticket to a help desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// Name of the connector.
    pub connector: String,
    /// `pending`, `leased`, `delivered`, `retry` or `dead`.
    pub state: &'static str,
    /// Attempts begun so far.
    pub attempts: u32,
    /// When it is or was due.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// Id of the ticket at the receiver.
    pub remote_id: Option<String>,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
}

impl From<OutboxEntry> for Delivery {
    fn from(entry: OutboxEntry) -> Self {
        let OutboxEntry { connector, state, attempts, due, remote_id, last_error, .. } = entry;
        Self { connector, state: state.as_str(), attempts, due, remote_id, last_error }
    }
}

/// Tickets, newest first.
#[utoipa::path(get, path = "/api/v1/desk/tickets", tag = "desk", params(
    ("site" = Option<String>, Query), ("status" = Option<String>, Query, description = "open, quarantined or resolved"),
    ("q" = Option<String>, Query, description = "All these words in reference, subject, message or requester"),
    ("limit" = Option<u32>, Query, description = "At most 100"), ("offset" = Option<u32>, Query),
), responses(
    (status = 200, body = TicketPage), (status = 401, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn list(State(app): State<Arc<App>>, token: BearerToken, query: QueryString) -> Result<Response, ApiError> {
    authenticated(&app, &token.0).await?;
    Ok(private(app.desk.tickets(filter(&query)?).await?))
}

/// One ticket with its trail.
#[utoipa::path(get, path = "/api/v1/desk/tickets/{reference}", tag = "desk", params(
    ("reference" = String, Path, example = "ZD-7K3F9Q"),
), responses(
    (status = 200, body = DeskTicket), (status = 401, body = Problem<'static>),
    (status = 404, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn one(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path(reference): Path<String>,
) -> Result<Response, ApiError> {
    authenticated(&app, &token.0).await?;
    let TicketRecord { ticket, status, steps, outbox, .. } = record(&app, &reference).await?;
    let deliveries = outbox.into_iter().map(Delivery::from).collect();
    Ok(private(DeskTicket { status, ticket, steps, deliveries }))
}

/// The agent to whom the token belongs, or `unauthorized`.
pub(in crate::http) async fn authenticated(app: &App, token: &str) -> Result<Agent, ApiError> {
    app.desk.authenticate(token).await?.ok_or_else(unauthorized)
}

/// A ticket by its reference, or `not-found`.
pub(in crate::http) async fn record(app: &App, reference: &str) -> Result<TicketRecord, ApiError> {
    let nothing = || ApiError::not_found("There is no ticket with this reference.");
    let reference = Reference::parse(reference).ok_or_else(nothing)?;
    app.desk.ticket(&reference).await?.ok_or_else(nothing)
}

/// What the address asks to see.
pub(in crate::http) fn filter(query: &QueryString) -> Result<TicketFilter, ApiError> {
    let status = query.one("status").map(|name| {
        let found = TicketStatus::ALL.into_iter().find(|status| status.as_str() == name);
        found.ok_or_else(|| ApiError::invalid("status", "Write open, quarantined or resolved."))
    });
    Ok(TicketFilter {
        site: query.one("site").map(str::to_owned),
        status: status.transpose()?,
        q: query.one("q").map(str::to_owned),
        limit: query.number("limit", PAGE, 100)? as u32,
        offset: query.number("offset", 0, MAX_OFFSET)? as u32,
    })
}

fn private(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
