//! Looking after the desk, for programs: agents, deliveries that were given up, and the log. For admins.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use utoipa::ToSchema;

use super::desk::{authenticated, private};
use crate::{
    app::App,
    desk::{Agent, DeadLetter, LogEntry, Role},
    http::{
        auth::BearerToken,
        error::{ApiError, Code, Problem},
        extract::{BodyKind, Payload, QueryString},
    },
};

/// Entries on a page when nothing is said.
const PAGE: usize = 50;
/// Furthest page.
const MAX_OFFSET: usize = 1_000_000;

/// The agent to whom the token belongs, if it is an admin.
pub(in crate::http) async fn admin(app: &App, token: &str) -> Result<Agent, ApiError> {
    let agent = authenticated(app, token).await?;
    if agent.role == Role::Admin { Ok(agent) } else { Err(forbidden()) }
}

pub(in crate::http) fn forbidden() -> ApiError {
    ApiError::new(Code::Forbidden, "Only agents with the role `admin` may do this. Ask one of them.")
}

/// An agent to be added.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentRequest {
    /// Name, unique.
    pub name: String,
    /// What the agent may do.
    #[serde(default = "Role::least")]
    pub role: Role,
}

/// An access token. It is not kept: nobody can read it again.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenReply {
    /// The agent.
    pub name: String,
    /// The token.
    pub token: String,
}

/// A delivery that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterReply {
    /// The delivery.
    pub id: String,
    /// The ticket.
    #[schema(example = "ZD-7K3F9Q")]
    pub reference: String,
    /// The ticket's subject.
    pub subject: String,
    /// Name of the connector.
    pub connector: String,
    /// Attempts that were made.
    pub attempts: u32,
    /// When it was due last.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// What the last attempt said.
    pub last_error: Option<String>,
}

/// A page of deliveries that were given up.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterPage {
    /// How many there are.
    pub total: u64,
    /// Those of this page.
    pub dead_letters: Vec<DeadLetterReply>,
}

impl From<DeadLetter> for DeadLetterReply {
    fn from(DeadLetter { entry, reference, subject }: DeadLetter) -> Self {
        Self {
            id: entry.id.to_string(),
            reference: reference.to_string(),
            subject,
            connector: entry.connector,
            attempts: entry.attempts,
            due: entry.due,
            last_error: entry.last_error,
        }
    }
}

/// All agents.
#[utoipa::path(get, path = "/api/v1/desk/agents", tag = "desk", responses(
    (status = 200, body = Vec<Agent>), (status = 401, body = Problem<'static>),
    (status = 403, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn agents(State(app): State<Arc<App>>, token: BearerToken) -> Result<Response, ApiError> {
    admin(&app, &token.0).await?;
    Ok(private(app.desk.agents().await?))
}

/// Add an agent.
#[utoipa::path(post, path = "/api/v1/desk/agents", tag = "desk", request_body = AgentRequest, responses(
    (status = 201, body = TokenReply), (status = 400, body = Problem<'static>), (status = 401, body = Problem<'static>),
    (status = 403, body = Problem<'static>), (status = 415, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn add_agent(
    State(app): State<Arc<App>>,
    token: BearerToken,
    payload: Payload,
) -> Result<Response, ApiError> {
    let by = admin(&app, &token.0).await?;
    let AgentRequest { name, role } = payload.only(&[BodyKind::Json])?.json()?;
    let token = app.desk.add_agent(&name, role, &by.name, app.now()).await?;
    Ok((StatusCode::CREATED, private(TokenReply { name, token })).into_response())
}

/// Give an agent a new access token; the old one ends.
#[utoipa::path(post, path = "/api/v1/desk/agents/{name}/token", tag = "desk", params(("name" = String, Path)), responses(
    (status = 200, body = TokenReply), (status = 401, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 422, body = Problem<'static>, description = "No such agent"), (status = 503, body = Problem<'static>),
))]
pub async fn renew_agent(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let by = admin(&app, &token.0).await?;
    let token = app.desk.renew_agent(&name, &by.name, app.now()).await?;
    Ok(private(TokenReply { name, token }))
}

/// Remove an agent; the access token ends. The last admin cannot be removed.
#[utoipa::path(delete, path = "/api/v1/desk/agents/{name}", tag = "desk", params(("name" = String, Path)), responses(
    (status = 204), (status = 401, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 422, body = Problem<'static>, description = "No such agent, or the last admin"),
    (status = 503, body = Problem<'static>),
))]
pub async fn remove_agent(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let by = admin(&app, &token.0).await?;
    app.desk.remove_agent(&name, &by.name, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deliveries that were given up, newest first. Every agent may see them.
#[utoipa::path(get, path = "/api/v1/desk/dead-letters", tag = "desk", params(
    ("limit" = Option<u32>, Query, description = "At most 100"), ("offset" = Option<u32>, Query),
), responses(
    (status = 200, body = DeadLetterPage), (status = 401, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn dead_letters(
    State(app): State<Arc<App>>,
    token: BearerToken,
    query: QueryString,
) -> Result<Response, ApiError> {
    authenticated(&app, &token.0).await?;
    let (limit, offset) = page(&query)?;
    let (letters, total) = app.desk.dead_letters(limit, offset).await?;
    let dead_letters = letters.into_iter().map(DeadLetterReply::from).collect();
    Ok(private(DeadLetterPage { total, dead_letters }))
}

/// Try a delivery again that was given up.
#[utoipa::path(post, path = "/api/v1/desk/dead-letters/{id}/retry", tag = "desk", params(("id" = String, Path)), responses(
    (status = 204), (status = 401, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 404, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn retry(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let by = admin(&app, &token.0).await?;
    retried(&app, &id, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a delivery due again.
pub(in crate::http) async fn retried(app: &App, id: &str, by: &Agent) -> Result<(), ApiError> {
    let id: Ulid = id.parse().map_err(|_| ApiError::not_found("There is no such delivery."))?;
    Ok(app.desk.retry(id, &by.name, app.now()).await?)
}

/// What agents did, newest first.
#[utoipa::path(get, path = "/api/v1/desk/log", tag = "desk", params(
    ("limit" = Option<u32>, Query, description = "At most 100"), ("offset" = Option<u32>, Query),
), responses(
    (status = 200, body = Vec<LogEntry>), (status = 401, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 422, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn log(State(app): State<Arc<App>>, token: BearerToken, query: QueryString) -> Result<Response, ApiError> {
    admin(&app, &token.0).await?;
    let (limit, offset) = page(&query)?;
    Ok(private(app.desk.log(limit, offset).await?))
}

/// Which part of a list is asked for.
pub(in crate::http) fn page(query: &QueryString) -> Result<(u32, u32), ApiError> {
    Ok((query.number("limit", PAGE, 100)? as u32, query.number("offset", 0, MAX_OFFSET)? as u32))
}
