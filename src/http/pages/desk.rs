//! The built-in desk: sign in, inbox, ticket. Everything a visitor wrote is shown as plain text.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{Value, context, value::Serde};

use super::{
    Pages, Visitor,
    ticket::{moment, steps},
};
use crate::{
    app::App,
    desk::{Agent, OutboxEntry, TicketRecord, TicketStatus, TicketSummary, TrailItem},
    http::{
        api::desk::{authenticated, filter, record},
        auth::{DESK_COOKIE, cookie, desk_cookie},
        error::{ApiError, Code},
        extract::{BodyKind, Payload, QueryString},
    },
};

/// `GET /desk`: the tickets, or the form that asks for the token.
pub async fn inbox(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let Some(agent) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let filter = filter(&query)?;
    let page = app.desk.tickets(filter.clone()).await?;
    let shown = u64::from(filter.offset) + page.tickets.len() as u64;
    let values = context! {
        agent => agent.name,
        tickets => page.tickets.iter().map(|ticket| row(&app, ticket, &visitor.lang)).collect::<Vec<_>>(),
        total => page.total,
        q => filter.q.unwrap_or_default(),
        chosen_site => filter.site.unwrap_or_default(),
        chosen_status => filter.status.map(TicketStatus::as_str).unwrap_or_default(),
        sites => app.config.sites.keys().cloned().collect::<Vec<_>>(),
        states => TicketStatus::ALL.map(TicketStatus::as_str),
        older => (shown < page.total && !page.tickets.is_empty()).then_some(shown),
        newer => (filter.offset > 0).then(|| filter.offset.saturating_sub(filter.limit)),
    };
    Ok(private(pages.render("desk_inbox.html", &visitor, values)?))
}

/// `GET /desk/tickets/{reference}`
pub async fn ticket(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Result<Response, ApiError> {
    let Some(agent) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let record = record(&app, &reference).await?;
    Ok(private(pages.render("desk_ticket.html", &visitor, details(&app, &agent, &record, &visitor.lang))?))
}

/// `POST /desk/login`
pub async fn login(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    payload: Payload,
) -> Result<Response, ApiError> {
    let pairs = payload.only(&[BodyKind::Form])?.form();
    let token = pairs.iter().find(|(name, _)| name == "token").map_or("", |(_, value)| value.trim());
    if authenticated(&app, token).await.is_err_and(|error| error.code == Code::Unauthorized) {
        let mut response = login_form(&pages, &visitor, true)?;
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    }
    Ok(to_desk(&app, token))
}

/// `POST /desk/logout`
pub async fn logout(State(app): State<Arc<App>>) -> Response {
    to_desk(&app, "")
}

fn to_desk(app: &App, token: &str) -> Response {
    let secure = app.config.public_url.starts_with("https://");
    let headers = [(header::LOCATION, "/desk".to_owned()), (header::SET_COOKIE, desk_cookie(token, secure))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

async fn signed_in(app: &App, headers: &HeaderMap) -> Result<Option<Agent>, ApiError> {
    match cookie(headers, DESK_COOKIE) {
        Some(token) => Ok(app.desk.authenticate(token).await?),
        None => Ok(None),
    }
}

fn login_form(pages: &Pages, visitor: &Visitor, wrong: bool) -> Result<Response, ApiError> {
    Ok(private(pages.render("desk_login.html", visitor, context! { wrong => wrong })?))
}

fn private(html: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "same-origin")], html).into_response()
}

fn row(app: &App, ticket: &TicketSummary, lang: &str) -> Value {
    context! {
        reference => ticket.reference.as_str(),
        subject => &ticket.subject,
        requester => &ticket.requester,
        site => &ticket.site,
        status => ticket.status.as_str(),
        level => ticket.level.0,
        level_name => app.desk.ladder().name(ticket.level, lang),
        created => moment(ticket.created),
    }
}

fn details(app: &App, agent: &Agent, record: &TicketRecord, lang: &str) -> Value {
    let ticket = &record.ticket;
    context! {
        agent => &agent.name,
        ticket => Value::from(Serde(ticket)),
        status => record.status.as_str(),
        created => moment(ticket.created),
        level_name => app.desk.ladder().name(ticket.level, lang),
        suggested_level_name => app.desk.ladder().name(ticket.suggested_level, lang),
        trail => ticket.trail.iter().map(search).collect::<Vec<_>>(),
        steps => steps(&record.steps),
        deliveries => record.outbox.iter().map(delivery).collect::<Vec<_>>(),
    }
}

fn search(item: &TrailItem) -> Value {
    context! {
        query => &item.query,
        at => moment(item.at),
        decision => &item.decision,
        confidence_percent => (item.confidence * 100.0).round() as u32,
        shown => &item.shown,
        clicked => &item.clicked,
    }
}

fn delivery(entry: &OutboxEntry) -> Value {
    context! {
        connector => &entry.connector, state => entry.state.as_str(), attempts => entry.attempts,
        due => moment(entry.due), remote_id => &entry.remote_id, last_error => &entry.last_error,
    }
}
