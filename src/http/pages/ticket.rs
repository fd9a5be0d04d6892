//! A visitor's own ticket, behind its unguessable link.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use minijinja::{Value, context};

use super::{Pages, Visitor};
use crate::{
    app::App,
    desk::Step,
    http::{
        api::tickets::{own, shown_status},
        error::ApiError,
        extract::QueryString,
    },
};

/// `GET /t/{reference}?token=...`
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    Path(reference): Path<String>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let record = own(&app, &reference, &query).await?;
    let ticket = &record.ticket;
    let values = context! {
        reference => ticket.reference.as_str(),
        token => query.one("token").unwrap_or_default(),
        status => shown_status(record.status).as_str(),
        level => app.desk.ladder().name(ticket.level, &visitor.lang),
        created => moment(ticket.created),
        subject => &ticket.subject,
        steps => steps(&record.steps),
    };
    let html = pages.render("ticket.html", &visitor, values)?;
    // The address is a secret: it must not reach other sites by the Referer header.
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    Ok((headers, html).into_response())
}

/// A moment as people read it.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

pub(super) fn steps(steps: &[Step]) -> Vec<Value> {
    let step = |step: &Step| {
        context! {
            at => moment(step.at), kind => step.kind.as_str(), level => step.level.0,
            agent => &step.agent, reason => &step.reason,
        }
    };
    steps.iter().map(step).collect()
}
