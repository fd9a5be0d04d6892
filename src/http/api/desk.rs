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
    desk::{
        Agent, Clocks, OutboxEntry, Outcome, Reference, Step, SupportLevel, Ticket, TicketFilter, TicketPage,
        TicketRecord, TicketStatus,
    },
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
    /// The agent who has it.
    pub assignee: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The times of its contract.
    pub clocks: Option<Clocks>,
    /// The handoff, schema `zerodesk.handoff/1`.
    #[schema(value_type = Object)]
    pub ticket: Ticket,
    /// What has happened, oldest first.
    pub steps: Vec<Step>,
    /// Its deliveries.
    pub deliveries: Vec<Delivery>,
}

/// A delivery of a ticket to a help desk, or of one of its steps to who asked.
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
    /// The step that it tells who asked of, by its position in `steps`; none: the ticket itself.
    pub step: Option<u32>,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
}

impl DeskTicket {
    /// A ticket as it is at `now`.
    #[must_use]
    pub fn of(app: &App, record: TicketRecord, now: Timestamp) -> Self {
        let clocks = app.desk.clocks(&record, now);
        let TicketRecord { ticket, status, assignee, outcome, steps, outbox, .. } = record;
        let deliveries = outbox.into_iter().map(Delivery::from).collect();
        Self { status, assignee, outcome, clocks, ticket, steps, deliveries }
    }
}

impl From<OutboxEntry> for Delivery {
    fn from(entry: OutboxEntry) -> Self {
        let OutboxEntry { connector, step, state, attempts, due, remote_id, last_error, .. } = entry;
        Self { connector, state: state.as_str(), attempts, due, remote_id, step, last_error }
    }
}

/// Tickets, newest first.
#[utoipa::path(get, path = "/api/v1/desk/tickets", tag = "desk", params(
    ("site" = Option<String>, Query), ("status" = Option<String>, Query, description = "open, waiting, quarantined or resolved"),
    ("level" = Option<u8>, Query, description = "Only at this level"),
    ("assignee" = Option<String>, Query, description = "Only of this agent; `-`: of nobody"),
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
    let record = record(&app, &reference).await?;
    Ok(private(DeskTicket::of(&app, record, app.now())))
}

/// The agent to whom the token belongs, or `unauthorized`.
pub(in crate::http) async fn authenticated(app: &App, token: &str) -> Result<Agent, ApiError> {
    app.desk.authenticate(token).await?.ok_or_else(unauthorized)
}

/// A ticket by its reference, or `not-found`.
pub(in crate::http) async fn record(app: &App, reference: &str) -> Result<TicketRecord, ApiError> {
    app.desk.ticket(&parsed(reference)?).await?.ok_or_else(no_ticket)
}

/// A reference as people write it, or `not-found`.
pub(in crate::http) fn parsed(reference: &str) -> Result<Reference, ApiError> {
    Reference::parse(reference).ok_or_else(no_ticket)
}

pub(in crate::http) fn no_ticket() -> ApiError {
    ApiError::not_found("There is no ticket with this reference.")
}

/// What the address asks to see.
pub(in crate::http) fn filter(query: &QueryString) -> Result<TicketFilter, ApiError> {
    let status = query.one("status").map(|name| {
        let found = TicketStatus::ALL.into_iter().find(|status| status.as_str() == name);
        found.ok_or_else(|| ApiError::invalid("status", "Write open, waiting, quarantined or resolved."))
    });
    Ok(TicketFilter {
        site: query.one("site").map(str::to_owned),
        status: status.transpose()?,
        level: query.parsed::<u8>("level", "a level such as 2")?.map(SupportLevel),
        assignee: query.one("assignee").map(|name| if name == "-" { String::new() } else { name.to_owned() }),
        q: query.one("q").map(str::to_owned),
        limit: query.number("limit", PAGE, 100)? as u32,
        offset: query.number("offset", 0, MAX_OFFSET)? as u32,
    })
}

/// A reply that no cache keeps.
pub(in crate::http) fn private(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
