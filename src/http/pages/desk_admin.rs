//! Pages for looking after the desk: agents, deliveries that were given up, and the log.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use minijinja::{Value, context};

use super::{
    Pages, Visitor,
    desk::{SignedIn, login_form, private, see, sent, signed_in},
    ticket::moment,
};
use crate::{
    app::App,
    desk::{Agent, DeadLetter, DeskError, LogEntry, Role},
    http::{
        api::desk_admin::{page, retried},
        error::ApiError,
        extract::{Payload, QueryString},
    },
};

/// `GET /desk/agents`
pub async fn agents(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(signed_in) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    agents_page(&app, &pages, &visitor, &signed_in.admin()?, Value::UNDEFINED).await
}

/// `POST /desk/agents`: add, renew or remove. A new token is shown once, on the page that answers.
pub async fn change_agents(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, ApiError> {
    let (signed_in, fields) = sent(&app, &headers, payload).await?;
    let signed_in = signed_in.admin()?;
    let (by, name, now) = (&signed_in.agent.name, fields.one("name"), app.now());
    let role = if fields.one("role") == Role::Admin.as_str() { Role::Admin } else { Role::Agent };
    let done: Result<Option<String>, DeskError> = match fields.one("do") {
        "add" => app.desk.add_agent(name, role, by, now).await.map(Some),
        "renew" => app.desk.renew_agent(name, by, now).await.map(Some),
        "remove" => app.desk.remove_agent(name, by, now).await.map(|()| None),
        _ => return Err(ApiError::invalid("do", "This cannot be done here.")),
    };
    match done.map_err(ApiError::from) {
        Ok(None) => Ok(see("/desk/agents")),
        Ok(Some(token)) => {
            let made = context! { name => name, token => token };
            agents_page(&app, &pages, &visitor, &signed_in, context! { made => made }).await
        }
        Err(error) if error.field.is_some() => {
            let problem = context! { problem => context! { detail => &error.detail } };
            let mut response = agents_page(&app, &pages, &visitor, &signed_in, problem).await?;
            *response.status_mut() = error.code.status();
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

async fn agents_page(
    app: &App,
    pages: &Pages,
    visitor: &Visitor,
    me: &SignedIn,
    more: Value,
) -> Result<Response, ApiError> {
    let agent =
        |agent: Agent| context! { name => agent.name, role => agent.role.as_str(), created => moment(agent.created) };
    let agents: Vec<Value> = app.desk.agents().await?.into_iter().map(agent).collect();
    let more = if more.is_undefined() {
        context! {}
    } else {
        more
    };
    let values = context! { me => me.value(), agents => agents, ..more };
    Ok(private(pages.render("desk_agents.html", visitor, values)?))
}

/// `GET /desk/dead-letters`
pub async fn dead_letters(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let Some(signed_in) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let (limit, offset) = page(&query)?;
    let (letters, total) = app.desk.dead_letters(limit, offset).await?;
    let letter = |DeadLetter { entry, reference, subject }: DeadLetter| {
        context! {
            id => entry.id.to_string(), reference => reference.as_str(), subject => subject, connector => entry.connector,
            attempts => entry.attempts, due => moment(entry.due), last_error => entry.last_error,
        }
    };
    let letters: Vec<Value> = letters.into_iter().map(letter).collect();
    let values = context! { me => signed_in.value(), letters => letters, total => total };
    Ok(private(pages.render("desk_dead_letters.html", &visitor, values)?))
}

/// `POST /desk/dead-letters`: tries one again.
pub async fn retry(State(app): State<Arc<App>>, headers: HeaderMap, payload: Payload) -> Result<Response, ApiError> {
    let (signed_in, fields) = sent(&app, &headers, payload).await?;
    retried(&app, fields.one("id"), &signed_in.admin()?.agent).await?;
    Ok(see("/desk/dead-letters"))
}

/// `GET /desk/log`
pub async fn log(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let Some(signed_in) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let signed_in = signed_in.admin()?;
    let (limit, offset) = page(&query)?;
    let entries = app.desk.log(limit, offset).await?;
    let older = (entries.len() == limit as usize).then_some(offset + limit);
    let entry = |LogEntry { at, agent, action, subject }: LogEntry| {
        let ticket = subject.starts_with("ZD-");
        context! { at => moment(at), agent => agent, action => action, subject => subject, ticket => ticket }
    };
    let entries: Vec<Value> = entries.into_iter().map(entry).collect();
    let newer = (offset > 0).then(|| offset.saturating_sub(limit));
    let values = context! { me => signed_in.value(), entries => entries, older => older, newer => newer };
    Ok(private(pages.render("desk_log.html", &visitor, values)?))
}
