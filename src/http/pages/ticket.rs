//! A visitor's own ticket, behind its unguessable link.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use minijinja::{Value, context, value::Serde};

use super::{
    Pages, Visitor,
    desk::{Fields, see},
    desk_ticket::callback,
};
use crate::{
    app::App,
    desk::{Change, Step, TicketRecord},
    http::{
        api::own_ticket::{agreed, amended, own, own_steps, shown_status, solved, wanted},
        error::ApiError,
        extract::{Payload, QueryString},
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
    page(&app, &pages, &visitor, record, query.one("token").unwrap_or_default(), Value::UNDEFINED)
}

/// `POST /t/{reference}?token=...`: what the field `do` names. The token is what no other website can know.
pub async fn amend(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    Path(reference): Path<String>,
    query: QueryString,
    payload: Payload,
) -> Result<Response, ApiError> {
    let fields = Fields::of(payload)?;
    let change = match fields.one("do") {
        "reply" => Ok(Change::Answer(fields.one("text").to_owned())),
        "callback" => callback(&fields).map(|callback| Change::Callback(callback.unwrap_or_default())),
        "consent" => Ok(agreed()),
        "solved" => Ok(solved()),
        _ => Err(ApiError::invalid("do", "This cannot be done here.")),
    };
    let done = match change {
        Ok(change) => amended(&app, &reference, &query, change).await,
        Err(error) => Err(error),
    };
    let token = query.one("token").unwrap_or_default();
    match done {
        Ok(record) => {
            let (reference, lang) = (&record.ticket.reference, &visitor.lang);
            Ok(see(&format!("/t/{reference}?{}token={token}&lang={lang}", visitor.site_query())))
        }
        Err(error) if error.field.is_some() => {
            let record = own(&app, &reference, &query).await?;
            let word = pages.word(&visitor.lang, &format!("ticket_wrong_{}", fields.one("do")));
            let detail = if word.is_empty() { error.detail.clone() } else { word };
            let problem = context! { detail => detail, did => fields.one("do"), text => fields.one("text") };
            let mut response = page(&app, &pages, &visitor, record, token, problem)?;
            *response.status_mut() = error.code.status();
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

fn page(
    app: &App,
    pages: &Pages,
    visitor: &Visitor,
    record: TicketRecord,
    token: &str,
    problem: Value,
) -> Result<Response, ApiError> {
    let ladder = app.desk.ladder();
    let wanted = wanted(app, &record);
    let due = app.desk.clocks(&record, app.now()).and_then(|clocks| clocks.response.due.or(clocks.resolution.due));
    let TicketRecord { ticket, status, steps: all, .. } = record;
    let zone = app.desk.calendar(&ticket.site).zone();
    let windows = ticket.callback.iter().flat_map(|callback| &callback.windows).map(ToString::to_string);
    let values = context! {
        reference => ticket.reference.as_str(),
        token => token,
        status => shown_status(status).as_str(),
        level => ladder.name(ticket.level, &visitor.lang),
        does => ladder.does(ticket.level, &visitor.lang),
        needs => ladder.needs(ticket.level).map(|needs| Value::from(Serde(needs))),
        due => due.map(moment),
        windows => windows.collect::<Vec<_>>(),
        vendor => ticket.external.vendor,
        wanted => wanted,
        zone => ticket.time_zone.clone().or_else(|| zone.iana_name().map(str::to_owned)),
        today => zone.to_datetime(app.now()).date().to_string(),
        created => moment(ticket.created),
        subject => &ticket.subject,
        steps => steps(&own_steps(all)),
        problem => problem,
    };
    let html = pages.render("ticket.html", visitor, values)?;
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
