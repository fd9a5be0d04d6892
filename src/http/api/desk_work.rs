//! Working on tickets, for programs: one route for each thing that is done with a ticket.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::{DeskTicket, authenticated, no_ticket, parsed, private};
use crate::{
    app::App,
    desk::{
        Actor, Callback, Change, Consultation, Escalation, Outcome, OutcomeKind, Reference, StepKind, SupportLevel,
        Terms, TicketRecord,
    },
    http::{
        auth::BearerToken,
        error::{ApiError, Problem},
        extract::{BodyKind, Payload},
    },
    insight::{Event, EventKind, Notes, Origin, SessionHash, Visitor},
};

/// Something written for other agents.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoteRequest {
    /// The text.
    pub text: String,
}

/// Something written to who asked; it is shown on the status page.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyRequest {
    /// The text.
    pub text: String,
    /// Whether the ticket then waits for an answer; the clocks of a contract pause meanwhile.
    pub wait: bool,
}

/// Who is to have the ticket.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AssignRequest {
    /// The agent; none: nobody.
    pub agent: Option<String>,
}

/// One level up, with what is needed there if the ticket does not have it yet.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EscalateRequest {
    /// The level to go to; none: the next one.
    pub to: Option<SupportLevel>,
    /// Why.
    pub reason: String,
    /// For a level that needs a call-back.
    pub callback: Option<Callback>,
    /// For a level that needs a contract.
    pub contract: Option<Terms>,
    /// For a level that needs the customer's consent.
    pub external: Option<Consultation>,
}

/// How a ticket ended.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// `known`: an article had the answer; `new`: none had; `duplicate`; `spam`; `solved`: who asked says so.
    pub outcome: OutcomeKind,
    /// The article by its slug, for `known`.
    #[serde(default)]
    pub article: Option<String>,
    /// The other ticket, for `duplicate`.
    #[serde(default)]
    #[schema(example = "ZD-7K3F9Q")]
    pub duplicate_of: Option<String>,
    /// What who asked gets to read.
    #[serde(default)]
    pub text: String,
}

/// Why a ticket is taken up again.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReopenRequest {
    /// Why.
    pub reason: String,
}

/// What can be done with a ticket, by the last part of the address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the bodies of one route")]
enum ChangeRequest {
    /// `note`
    Note(NoteRequest),
    /// `reply`
    Reply(ReplyRequest),
    /// `assign`
    Assign(AssignRequest),
    /// `escalate`
    Escalate(EscalateRequest),
    /// `callback`
    Callback(Callback),
    /// `contract`
    Contract(Terms),
    /// `consent`
    Consent(Consultation),
    /// `resolve`
    Resolve(ResolveRequest),
    /// `reopen`
    Reopen(ReopenRequest),
}

/// Do something with a ticket: note, reply, assign, escalate, callback, contract, consent, resolve or reopen.
#[utoipa::path(post, path = "/api/v1/desk/tickets/{reference}/{action}", tag = "desk", params(
    ("reference" = String, Path, example = "ZD-7K3F9Q"),
    ("action" = String, Path, description = "note, reply, assign, escalate, callback, contract, consent, resolve or reopen"),
), request_body = ChangeRequest, responses(
    (status = 200, body = DeskTicket, description = "The ticket as it is then"),
    (status = 400, body = Problem<'static>), (status = 401, body = Problem<'static>),
    (status = 404, body = Problem<'static>, description = "No such ticket or action"),
    (status = 413, body = Problem<'static>), (status = 415, body = Problem<'static>),
    (status = 422, body = Problem<'static>, description = "`field` cannot be accepted, or is missing"),
    (status = 503, body = Problem<'static>),
))]
pub async fn change(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path((reference, action)): Path<(String, String)>,
    payload: Payload,
) -> Result<Response, ApiError> {
    let agent = authenticated(&app, &token.0).await?;
    let reference = parsed(&reference)?;
    let change = read(&action, &payload.only(&[BodyKind::Json])?)?;
    let record = work(&app, &reference, change, Actor::Agent(&agent.name)).await?;
    Ok(private(DeskTicket::of(&app, record, app.now())))
}

fn read(action: &str, payload: &Payload) -> Result<Change, ApiError> {
    Ok(match action {
        "note" => Change::Note(payload.json::<NoteRequest>()?.text),
        "reply" => {
            let ReplyRequest { text, wait } = payload.json()?;
            Change::Reply { text, wait }
        }
        "assign" => Change::Assign(payload.json::<AssignRequest>()?.agent),
        "escalate" => {
            let EscalateRequest { to, reason, callback, contract, external: consent } = payload.json()?;
            Change::Escalate(Box::new(Escalation { to, reason, callback, contract, consent }))
        }
        "callback" => Change::Callback(payload.json()?),
        "contract" => Change::Contract(payload.json()?),
        "consent" => Change::Consent(payload.json()?),
        "resolve" => {
            let ResolveRequest { outcome, article, duplicate_of, text } = payload.json()?;
            Change::Resolve { outcome: ended(outcome, article, duplicate_of.as_deref())?, text }
        }
        "reopen" => Change::Reopen(payload.json::<ReopenRequest>()?.reason),
        _ => return Err(ApiError::not_found("There is no such action. `/openapi.json` lists them.")),
    })
}

/// How a ticket ended, with a reference that makes sense.
pub(in crate::http) fn ended(
    kind: OutcomeKind,
    article: Option<String>,
    duplicate_of: Option<&str>,
) -> Result<Outcome, ApiError> {
    let given = duplicate_of.filter(|text| !text.is_empty());
    let duplicate_of = given
        .map(|text| {
            Reference::parse(text)
                .ok_or_else(|| ApiError::invalid("duplicate_of", "Write a reference such as ZD-7K3F9Q."))
        })
        .transpose()?;
    Ok(match kind {
        OutcomeKind::Known => Outcome { kind, article: article.filter(|slug| !slug.is_empty()), duplicate_of: None },
        OutcomeKind::Duplicate => Outcome { kind, article: None, duplicate_of },
        _ => Outcome { kind, article: None, duplicate_of: None },
    })
}

/// Does something with a ticket, once the article and the ticket that it names are known to exist.
pub(in crate::http) async fn work(
    app: &App,
    reference: &Reference,
    change: Change,
    by: Actor<'_>,
) -> Result<TicketRecord, ApiError> {
    if let Change::Resolve { outcome, .. } = &change {
        if let Some(slug) = &outcome.article
            && app.snapshot().catalog().by_slug(slug).is_none()
        {
            return Err(ApiError::invalid("article", "There is no article with this slug."));
        }
        if let Some(other) = &outcome.duplicate_of
            && app.desk.ticket(other).await?.is_none()
        {
            return Err(ApiError::invalid("duplicate_of", "There is no ticket with this reference."));
        }
    }
    let record = app.desk.work(reference, change, by, app.now()).await?.ok_or_else(no_ticket)?;
    tell_figures(app, &record, by);
    Ok(record)
}

/// Tells the figures how a ticket ended, that it goes on, or that it went up. An agent's name is not theirs to know.
fn tell_figures(app: &App, record: &TicketRecord, by: Actor<'_>) {
    let Some(step) = record.steps.last() else { return };
    let by = match by {
        Actor::Visitor => "visitor",
        Actor::HelpDesk(name) if app.config.connectors.contains_key(name) => name,
        Actor::HelpDesk(_) | Actor::Agent(_) => "desk",
    };
    let ticket = &record.ticket;
    let session = ticket.session.clone().and_then(|session| SessionHash::try_from(session).ok());
    let session = session.unwrap_or_else(|| app.insight.visitor(None, step.at).session);
    let locale = ticket.locale.clone().unwrap_or_default();
    let origin = Origin { site: ticket.site.clone(), locale, ..Origin::default() };
    let (reference, by) = (ticket.reference.to_string(), by.to_owned());
    let kind = match (&record.outcome, step.kind) {
        (Some(outcome), StepKind::Resolved) => {
            let (outcome, article) = (outcome.kind.as_str().to_owned(), outcome.article.clone());
            EventKind::TicketResolved { reference, outcome, article, by }
        }
        (None, StepKind::Reopened) => {
            EventKind::TicketResolved { reference, outcome: "reopened".into(), article: None, by }
        }
        (_, StepKind::Escalated) => EventKind::TicketEscalated { reference, level: ticket.level.0 },
        _ => return,
    };
    let notes = Notes { level: Some(ticket.level.0), ..Notes::default() };
    app.insight.record(Event::new(&Visitor { session, yesterday: session }, origin, step.at, kind).noting(notes));
}

/// A draft of an article that was written.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftReply {
    /// The file's name in the folder of drafts.
    pub file: String,
}

/// Write the draft of an article from a ticket: the question, masked, and the replies. No file is ever overwritten.
#[utoipa::path(post, path = "/api/v1/desk/tickets/{reference}/draft", tag = "desk", params(
    ("reference" = String, Path, example = "ZD-7K3F9Q"),
), responses(
    (status = 200, body = DraftReply), (status = 401, body = Problem<'static>),
    (status = 404, body = Problem<'static>), (status = 500, body = Problem<'static>, description = "The folder cannot be written to"),
    (status = 503, body = Problem<'static>),
))]
pub async fn draft(
    State(app): State<Arc<App>>,
    token: BearerToken,
    Path(reference): Path<String>,
) -> Result<Response, ApiError> {
    let agent = authenticated(&app, &token.0).await?;
    let file = app.desk.draft(&parsed(&reference)?, &agent.name, app.now()).await?.ok_or_else(no_ticket)?;
    Ok(private(DraftReply { file }))
}
