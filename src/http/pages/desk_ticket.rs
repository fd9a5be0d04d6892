//! One ticket at the desk, and everything that an agent does with it. All of a visitor's words are plain text.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use minijinja::{Value, context, value::Serde};

use super::{
    Pages, Visitor,
    contact::window,
    desk::{Fields, SignedIn, level_value, login_form, private, see, sent, signed_in},
    ticket::{moment, steps},
};
use crate::{
    app::App,
    desk::{
        Actor, Callback, Change, Clock, Consultation, Escalation, OutboxEntry, OutcomeKind, SupportLevel, Terms,
        TicketRecord, TrailItem,
    },
    http::{
        api::{
            desk::{no_ticket, parsed, record},
            desk_work::{ended, work},
            suggest::suggestions,
        },
        error::ApiError,
        extract::{self, Payload},
        turns::Turns,
    },
};

/// `GET /desk/tickets/{reference}`
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(turns): State<Arc<Turns>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Result<Response, ApiError> {
    let Some(signed_in) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let record = record(&app, &reference).await?;
    page(&app, &pages, &turns, &visitor, &signed_in, &record, Value::UNDEFINED).await
}

/// `POST /desk/tickets/{reference}`: what the field `do` names.
pub async fn change(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(turns): State<Arc<Turns>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(reference): Path<String>,
    payload: Payload,
) -> Result<Response, ApiError> {
    let (signed_in, fields) = sent(&app, &headers, payload).await?;
    let reference = parsed(&reference)?;
    let by = &signed_in.agent.name;
    let done = match fields.one("do") {
        "draft" => app.desk.draft(&reference, by, app.now()).await?.ok_or_else(no_ticket).map(drop),
        _ => match read(&fields, by) {
            Ok(change) => work(&app, &reference, change, Actor::Agent(by)).await.map(drop),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => Ok(see(&format!("/desk/tickets/{reference}"))),
        Err(error) if error.field.is_some() => {
            let record = record(&app, reference.as_str()).await?;
            let problem = context! { field => &error.field, detail => &error.detail, did => fields.one("do"), text => fields.one("text") };
            let mut response = page(&app, &pages, &turns, &visitor, &signed_in, &record, problem).await?;
            *response.status_mut() = error.code.status();
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

fn read(fields: &Fields, me: &str) -> Result<Change, ApiError> {
    let text = fields.one("text").to_owned();
    Ok(match fields.one("do") {
        "note" => Change::Note(text),
        "reply" => Change::Reply { text, wait: !fields.one("wait").is_empty() },
        "take" => Change::Assign(Some(me.to_owned())),
        "assign" => Change::Assign(fields.some("agent")),
        "escalate" => {
            let to = fields.some("to").map(|level| level.parse().map(SupportLevel)).transpose();
            let to = to.map_err(|_| ApiError::invalid("to", "Choose a level."))?;
            Change::Escalate(Box::new(Escalation {
                to,
                reason: text,
                callback: callback(fields)?,
                contract: terms(fields)?,
                consent: consultation(fields),
            }))
        }
        "consent" => Change::Consent(consultation(fields).unwrap_or_default()),
        "resolve" => {
            let kind = OutcomeKind::ALL.into_iter().find(|kind| kind.as_str() == fields.one("outcome"));
            let kind = kind.ok_or_else(|| ApiError::invalid("outcome", "Choose how it ended."))?;
            let outcome = ended(kind, fields.some("article"), fields.some("duplicate_of").as_deref())?;
            Change::Resolve { outcome, text }
        }
        "reopen" => Change::Reopen(text),
        _ => return Err(ApiError::invalid("do", "This cannot be done here.")),
    })
}

/// The call-back of a form; nothing where all its fields are empty.
pub(super) fn callback(fields: &Fields) -> Result<Option<Callback>, ApiError> {
    let (days, starts, ends) = (fields.all("call_day"), fields.all("call_from"), fields.all("call_until"));
    let rows = days.iter().zip(starts).zip(ends);
    let windows = rows.filter_map(|((day, from), until)| window(&[(*day).into(), from.into(), until.into()]));
    let windows = windows.collect::<Result<Vec<_>, _>>()?;
    let phone = fields.some("callback_phone");
    Ok((phone.is_some() || !windows.is_empty()).then_some(Callback { phone, windows }))
}

fn terms(fields: &Fields) -> Result<Option<Terms>, ApiError> {
    let minutes = |name: &str| {
        let number = fields.some(name).map(|text| text.parse()).transpose();
        number.map_err(|_| ApiError::invalid(format!("contract.{name}"), "Write a number of minutes."))
    };
    let (response_minutes, resolution_minutes) = (minutes("response_minutes")?, minutes("resolution_minutes")?);
    Ok(fields.some("contract").map(|reference| Terms { reference, response_minutes, resolution_minutes }))
}

fn consultation(fields: &Fields) -> Option<Consultation> {
    let (vendor, statement) = (fields.some("vendor"), fields.some("statement"));
    (vendor.is_some() || statement.is_some()).then_some(Consultation { vendor, statement })
}

async fn page(
    app: &App,
    pages: &Pages,
    turns: &Turns,
    visitor: &Visitor,
    signed_in: &SignedIn,
    record: &TicketRecord,
    problem: Value,
) -> Result<Response, ApiError> {
    let suggested = suggested(app, turns, record).await;
    let agents: Vec<String> = app.desk.agents().await?.into_iter().map(|agent| agent.name).collect();
    let values = context! {
        me => signed_in.value(), problem => problem, suggested => suggested, agents => agents,
        ..details(app, record, &visitor.lang)
    };
    Ok(private(pages.render("desk_ticket.html", visitor, values)?))
}

/// Articles that may answer the ticket; it is worth showing without them.
async fn suggested(app: &App, turns: &Turns, record: &TicketRecord) -> Vec<Value> {
    let ticket = &record.ticket;
    let Ok(site) = extract::site(&app.config, Some(&ticket.site)) else { return Vec::new() };
    let found = suggestions(app, turns, site, ticket.locale.as_deref(), &ticket.subject, &ticket.message).await;
    found.unwrap_or_default().into_iter().map(|hit| Value::from(Serde(hit))).collect()
}

fn details(app: &App, record: &TicketRecord, lang: &str) -> Value {
    let ticket = &record.ticket;
    let ladder = app.desk.ladder();
    let above = ladder.levels().filter(|&level| level > ticket.level && ladder.leads(ticket.level, level));
    let above = above.map(|level| {
        let needs = ladder.needs(level).map(|needs| Value::from(Serde(needs)));
        context! { level => level.0, name => ladder.name(level, lang), needs => needs }
    });
    let callback = ticket.callback.as_ref();
    let clocks = app.desk.clocks(record, app.now());
    context! {
        ticket => Value::from(Serde(ticket)),
        status => record.status.as_str(),
        assignee => &record.assignee,
        outcome => record.outcome.as_ref().map(|outcome| Value::from(Serde(outcome))),
        created => moment(ticket.created),
        level => level_value(app, ticket.level, lang),
        suggested_level => level_value(app, ticket.suggested_level, lang),
        above => above.collect::<Vec<_>>(),
        windows => callback.map(|callback| callback.windows.iter().map(ToString::to_string).collect::<Vec<_>>()),
        consent_at => ticket.external.consent_at.map(moment),
        clocks => clocks.map(|clocks| context! { response => clock(&clocks.response), resolution => clock(&clocks.resolution) }),
        zone => ticket.time_zone.clone().or_else(|| app.desk.calendar(&ticket.site).zone().iana_name().map(str::to_owned)),
        trail => ticket.trail.iter().map(search).collect::<Vec<_>>(),
        steps => steps(&record.steps),
        deliveries => record.outbox.iter().map(|entry| delivery(record, entry)).collect::<Vec<_>>(),
    }
}

fn clock(clock: &Clock) -> Value {
    context! {
        state => clock.state.as_str(), due => clock.due.map(moment),
        used => clock.used_minutes, promised => clock.promised_minutes,
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

fn delivery(record: &TicketRecord, entry: &OutboxEntry) -> Value {
    let step = entry.step.and_then(|position| record.steps.get(position as usize));
    context! {
        connector => &entry.connector, step => step.map(|step| step.kind.as_str()), state => entry.state.as_str(),
        attempts => entry.attempts, due => moment(entry.due), remote_id => &entry.remote_id, last_error => &entry.last_error,
    }
}
