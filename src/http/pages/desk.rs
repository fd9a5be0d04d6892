//! The built-in desk: sign in, inbox, ticket. Everything a visitor wrote is shown as plain text.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{Value, context};

use super::{Pages, Visitor, ticket::moment};
use crate::{
    app::App,
    desk::{Agent, Role, SupportLevel, TicketStatus, TicketSummary},
    http::{
        api::{
            desk::{authenticated, filter},
            desk_admin::forbidden,
        },
        auth::{DESK_COOKIE, cookie, desk_cookie, form_key, is_form_key, unauthorized},
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
    let Some(signed_in) = signed_in(&app, &headers).await? else { return login_form(&pages, &visitor, false) };
    let mut filter = filter(&query)?;
    let chosen_assignee = query.one("assignee").unwrap_or_default().to_owned();
    if chosen_assignee == "me" {
        filter.assignee = Some(signed_in.agent.name.clone());
    }
    let page = app.desk.tickets(filter.clone()).await?;
    let shown = u64::from(filter.offset) + page.tickets.len() as u64;
    let values = context! {
        me => signed_in.value(),
        tickets => page.tickets.iter().map(|ticket| row(&app, ticket, &visitor.lang)).collect::<Vec<_>>(),
        total => page.total,
        q => filter.q.unwrap_or_default(),
        chosen_site => filter.site.unwrap_or_default(),
        chosen_status => filter.status.map(TicketStatus::as_str).unwrap_or_default(),
        chosen_level => filter.level.map(|level| level.0.to_string()).unwrap_or_default(),
        levels => app.desk.ladder().levels().skip(1).map(|level| level_value(&app, level, &visitor.lang)).collect::<Vec<_>>(),
        chosen_assignee => chosen_assignee,
        sites => app.config.sites.keys().cloned().collect::<Vec<_>>(),
        states => TicketStatus::ALL.map(TicketStatus::as_str),
        older => (shown < page.total && !page.tickets.is_empty()).then_some(shown),
        newer => (filter.offset > 0).then(|| filter.offset.saturating_sub(filter.limit)),
    };
    Ok(private(pages.render("desk_inbox.html", &visitor, values)?))
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
    match authenticated(&app, token).await {
        Ok(agent) => app.desk.signed_in(&agent.name, app.now()).await?,
        Err(error) if error.code == Code::Unauthorized => {
            let mut response = login_form(&pages, &visitor, true)?;
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            return Ok(response);
        }
        Err(error) => return Err(error),
    }
    Ok(to_desk(&app, token))
}

/// `POST /desk/logout`. Somebody else's form could do no harm here.
pub async fn logout(State(app): State<Arc<App>>) -> Response {
    to_desk(&app, "")
}

fn to_desk(app: &App, token: &str) -> Response {
    let secure = app.config.public_url.starts_with("https://");
    let headers = [(header::LOCATION, "/desk".to_owned()), (header::SET_COOKIE, desk_cookie(token, secure))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// An agent with a valid cookie.
pub(super) struct SignedIn {
    pub agent: Agent,
    token: String,
}

impl SignedIn {
    /// What templates see as `me`.
    pub fn value(&self) -> Value {
        let admin = self.agent.role == Role::Admin;
        context! { name => &self.agent.name, admin => admin, form_key => form_key(&self.token) }
    }

    /// Refuses those who are no admins.
    pub fn admin(self) -> Result<Self, ApiError> {
        if self.agent.role == Role::Admin { Ok(self) } else { Err(forbidden()) }
    }
}

/// Who is signed in, if anybody is.
pub(super) async fn signed_in(app: &App, headers: &HeaderMap) -> Result<Option<SignedIn>, ApiError> {
    let Some(token) = cookie(headers, DESK_COOKIE) else { return Ok(None) };
    Ok(app.desk.authenticate(token).await?.map(|agent| SignedIn { agent, token: token.to_owned() }))
}

/// Who sends a form of the desk, and what is in it. Without the form's key nothing is done.
///
/// # Errors
/// `unauthorized` for who is not signed in, `forbidden` for a form of somebody else.
pub(super) async fn sent(app: &App, headers: &HeaderMap, payload: Payload) -> Result<(SignedIn, Fields), ApiError> {
    let fields = Fields::of(payload)?;
    let signed_in = signed_in(app, headers).await?.ok_or_else(unauthorized)?;
    if !is_form_key(&signed_in.token, fields.one("form_key")) {
        return Err(ApiError::new(
            Code::Forbidden,
            "This form is not from this desk, or too old. Open the page again.",
        ));
    }
    Ok((signed_in, fields))
}

/// The fields of a form.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of a form's body.
    ///
    /// # Errors
    /// `unsupported-media-type` for another body.
    pub fn of(payload: Payload) -> Result<Self, ApiError> {
        Ok(Self(payload.only(&[BodyKind::Form])?.form()))
    }

    /// The first value with this name, trimmed; empty where there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The first value with this name that is not empty.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.one(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// All values with this name, empty ones too.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim()).collect()
    }
}

/// A level with its name.
pub(super) fn level_value(app: &App, level: SupportLevel, lang: &str) -> Value {
    context! { level => level.0, name => app.desk.ladder().name(level, lang) }
}

/// Back to a page after a form.
pub(super) fn see(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

pub(super) fn login_form(pages: &Pages, visitor: &Visitor, wrong: bool) -> Result<Response, ApiError> {
    Ok(private(pages.render("desk_login.html", visitor, context! { wrong => wrong })?))
}

/// A page that no cache keeps.
pub(super) fn private(html: impl IntoResponse) -> Response {
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
        suggested_level => ticket.suggested_level.0,
        assignee => &ticket.assignee,
        created => moment(ticket.created),
    }
}
