//! Tickets from visitors.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    desk::{
        Asked, AskedExternal, Callback, Consent, Context, HandedOff, HandoffReason, HostContext, NewTicket, Page,
        ReadArticle, Redaction, Requester, SupportLevel, TrailItem, Verified, redaction,
    },
    http::{
        client::{self, client},
        cors::ForeignOrigin,
        error::{ApiError, Problem},
        extract::{self, BodyKind, Payload},
        limits::{RateLimits, SentFrom},
        pages::{Pages, Visitor, contact},
    },
    index::Snapshot,
    insight::{Event, EventId, EventKind, Notes, Surface, Trail},
};

/// Header in which the key may stand instead of the body.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A question for a person. Only `message` or `subject`, and a way to reply, are required.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TicketRequest {
    /// Made by the client; sending the same request with the same key again gives the same ticket.
    pub idempotency_key: Option<String>,
    /// The site by its key; none: the default one.
    pub site: Option<String>,
    /// The search that led here, from its reply.
    pub query_id: Option<String>,
    /// The visitor's session, as in searches and events.
    pub session: Option<String>,
    /// Why a person is asked for.
    pub reason: HandoffReason,
    /// One line, at most 200 characters.
    pub subject: String,
    /// The visitor's own words, at most 20,000 characters.
    pub message: String,
    /// Who asks.
    pub requester: RequesterRequest,
    /// Language and region, such as `nl-NL`.
    pub locale: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// The page from which it is sent.
    pub page: Option<Page>,
    /// What the embedding website tells.
    pub host: HostContext,
    /// When and where to call back.
    pub callback: Option<Callback>,
    /// A vendor outside, and whether it may be involved.
    pub external: AskedExternal,
    /// What the visitor agreed to.
    pub consent: Option<Consent>,
    /// What of the trail the form showed, as `trail:QUERY_ID` and `read:SLUG`: the rest is left out. None: all goes
    /// along.
    pub lines: Option<Vec<String>>,
    /// A field that people do not see and leave empty.
    #[schema(ignore)]
    pub website: Option<String>,
}

/// Who asks, with at least an e-mail address or a phone number.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequesterRequest {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Id of the user at the embedding website.
    pub user_ref: Option<String>,
    /// The website's signature over `user_ref`: HMAC-SHA256 with the site's `user_secret`, in hexadecimal. The user
    /// counts as not verified where it is missing or wrong.
    pub signature: Option<String>,
}

/// A ticket that is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketReply {
    /// Id, sorts by time.
    pub id: String,
    /// What people call it.
    #[schema(example = "ZD-7K3F9Q")]
    pub reference: String,
    /// Level at which it is.
    pub level: SupportLevel,
    /// Level that will probably be needed.
    pub suggested_level: SupportLevel,
    /// Path of the visitor's status page, with its secret token.
    pub status_url: String,
}

/// Send a question to a person. Answered once it is durable.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = TicketRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Instead of `idempotency_key` in the body"),
), responses(
    (status = 201, body = TicketReply, description = "Kept"),
    (status = 200, body = TicketReply, description = "The same request came before: its ticket"),
    (status = 400, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 404, body = Problem<'static>, description = "No such site"),
    (status = 409, body = Problem<'static>, description = "The key was used for another request"),
    (status = 413, body = Problem<'static>), (status = 415, body = Problem<'static>),
    (status = 422, body = Problem<'static>, description = "`field` cannot be accepted"),
    (status = 429, body = Problem<'static>),
    (status = 503, body = Problem<'static>, description = "Nothing was kept; try again with the same key"),
))]
#[expect(clippy::too_many_arguments, reason = "a handler has one for each part of the request that it reads")]
pub async fn send(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(rates): State<Arc<RateLimits>>,
    visitor: Visitor,
    origin: ForeignOrigin,
    SentFrom(address): SentFrom,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, ApiError> {
    let payload = payload.only(&[BodyKind::Json, BodyKind::Form])?;
    if payload.kind == BodyKind::Json {
        let sent = file(&app, &rates, &origin, (&headers, address), payload.json()?, None).await?;
        return Ok(reply(&sent));
    }
    let form = contact::Form::from_pairs(payload.form());
    let sent = match form.request() {
        Ok(request) => file(&app, &rates, &origin, (&headers, address), request, Some(&form)).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(sent) => Ok((StatusCode::SEE_OTHER, [(header::LOCATION, status_url(&sent))]).into_response()),
        // What was typed stays in the form.
        Err(error) if error.field.is_some() => contact::again(&app, &pages, visitor, &form, &headers, &error).await,
        Err(error) => Err(error),
    }
}

/// Files a ticket; `form` is the page's own form, if it comes from there.
async fn file(
    app: &App,
    rates: &RateLimits,
    origin: &ForeignOrigin,
    (headers, address): (&HeaderMap, IpAddr),
    mut request: TicketRequest,
    form: Option<&contact::Form>,
) -> Result<HandedOff, ApiError> {
    let now = app.now();
    let (site, _) = extract::site(&app.config, request.site.as_deref())?;
    origin.check(&app.config, site)?;
    rates.take_for_site(site)?;
    let visitor = app.insight.visitor(request.session.as_deref(), now);
    let query_id = request.query_id.clone().and_then(|id| EventId::try_from(id).ok());
    let mut trail = app.insight.trail(site, &visitor, query_id.as_ref()).await.unwrap_or_else(|error| {
        // A ticket is worth more than its trail.
        tracing::warn!(%error, "a ticket goes without its trail");
        Trail::default()
    });
    if let Some(lines) = &request.lines {
        keep_shown(&mut trail, lines);
    }
    strike(&mut trail, request.consent.as_mut());
    let trapped = request.website.as_deref().is_some_and(|text| !text.is_empty());
    let spam = trapped || form.is_some_and(|form| form.too_fast(app.config.limits.fill_time_s, now));
    let surface = if form.is_some() { Surface::Form } else { Surface::Box };
    let locale = request.locale.clone().unwrap_or_default();
    let context = Context {
        client: client(headers),
        session: Some(visitor.session.to_string()),
        suspected_spam: spam,
        ..context(trail)
    };
    let context = at_the_articles(&app.snapshot(), context);
    let session = request.session.clone();
    let requester = request.requester.email.as_deref().and_then(|email| app.insight.requester(email));
    let sent = app.desk.hand_off(new_ticket(site, headers, request, context)?, now).await?;
    if sent.created {
        let ticket = &sent.ticket;
        let kind = EventKind::TicketOpened { reference: ticket.reference.to_string(), level: ticket.level.0, query_id };
        let mut origin = client::origin(headers, site, surface, &locale, session.as_deref());
        origin.bot |= spam;
        let notes = Notes { requester, level: Some(ticket.level.0), article_kind: None };
        let event = Event::new(&visitor, origin, now, kind).noting(notes);
        app.learning.note_network(&event.id, address, now);
        app.insight.record(event);
    }
    Ok(sent)
}

fn new_ticket(
    site: &str,
    headers: &HeaderMap,
    request: TicketRequest,
    context: Context,
) -> Result<NewTicket, ApiError> {
    let RequesterRequest { name, email, phone, user_ref, signature } = request.requester;
    let requester =
        Requester { name, email: email.unwrap_or_default(), phone, user_ref, signature, verified: Verified::None };
    Ok(NewTicket {
        site: site.into(),
        idempotency_key: idempotency_key(headers, request.idempotency_key)?,
        asked: Asked {
            query_id: request.query_id,
            reason: request.reason,
            subject: request.subject,
            message: request.message,
            requester,
            locale: request.locale,
            time_zone: request.time_zone,
            page: request.page,
            host: request.host,
            callback: request.callback,
            external: request.external,
            consent: request.consent.unwrap_or_default(),
        },
        context,
    })
}

/// Leaves in the trail only what the form showed: what happened since then stays here.
fn keep_shown(trail: &mut Trail, lines: &[String]) {
    let shown = |line: String| lines.contains(&line);
    trail.searches.retain(|search| shown(format!("trail:{}", search.query_id.as_str())));
    trail.articles.retain(|read| shown(format!("read:{}", read.article)));
}

/// Takes single lines out of the trail: `trail:QUERY_ID` and `read:SLUG`. The ticket then only tells that something
/// was taken out, not what.
fn strike(trail: &mut Trail, consent: Option<&mut Consent>) {
    let Some(consent) = consent else { return };
    let struck = |name: String| consent.fields_removed.contains(&name);
    trail.searches.retain(|search| !struck(format!("trail:{}", search.query_id.as_str())));
    trail.articles.retain(|read| !struck(format!("read:{}", read.article)));
    for field in &mut consent.fields_removed {
        if let Some((part @ ("trail" | "read"), _)) = field.split_once(':') {
            *field = format!("{part}:*");
        }
    }
    consent.fields_removed.dedup();
}

/// The key from header or body. Two that differ are a mistake that would file the ticket twice one day.
fn idempotency_key(headers: &HeaderMap, body: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(body) };
    let unreadable = || ApiError::invalid("Idempotency-Key", "Send 1 to 200 visible ASCII characters, such as a UUID.");
    let header = header.to_str().map_err(|_| unreadable())?.to_owned();
    match body {
        Some(body) if body != header => {
            Err(ApiError::invalid("idempotency_key", "Header and body have different keys. Send one of them."))
        }
        _ => Ok(Some(header)),
    }
}

/// The way to the ticket, as the ticket carries it.
pub(in crate::http) fn context(trail: Trail) -> Context {
    let trail_items: Vec<TrailItem> = trail.searches.into_iter().map(trail_item).collect();
    let read = trail.articles.into_iter().map(|article| ReadArticle {
        article: article.article,
        revision: String::new(),
        dwell_s: article.dwell_ms / 1000,
        helpful: None,
        reason: None,
    });
    let rules = redaction::rules();
    let marks: Vec<String> = rules.iter().map(|rule| format!("[{rule}]")).collect();
    let found = |item: &TrailItem| marks.iter().map(|mark| item.query.matches(mark.as_str()).count()).sum::<usize>();
    let hits = trail_items.iter().map(found).sum::<usize>() as u32;
    let suggested_in_form = trail.suggested;
    let (redaction, read) = (Redaction { rules, hits }, read.collect());
    Context { trail: trail_items, suggested_in_form, read, redaction, ..Context::default() }
}

/// Adds the state of the articles and the level that the one which failed declares: the last one read, else the
/// best one of the last search.
fn at_the_articles(snapshot: &Snapshot, mut context: Context) -> Context {
    for read in &mut context.read {
        read.revision =
            snapshot.catalog().by_slug(&read.article).map_or_else(String::new, |entry| entry.revision.clone());
    }
    let read = context.read.last().map(|read| read.article.as_str());
    let shown = || context.trail.last()?.shown.first().map(String::as_str);
    let slug = read.or_else(shown).map(|name| name.split('#').next().unwrap_or(name));
    let declared_level = slug.and_then(|slug| snapshot.catalog().by_slug(slug)?.front_matter.level);
    Context { generation: snapshot.generation().number, declared_level, ..context }
}

fn trail_item(search: crate::insight::TrailSearch) -> TrailItem {
    TrailItem {
        query: search.query,
        at: search.at,
        confidence: search.confidence,
        decision: search.decision.as_str().into(),
        shown: search.shown,
        clicked: search.clicked.into_iter().next_back(),
    }
}

fn reply(sent: &HandedOff) -> Response {
    let ticket = &sent.ticket;
    let body = TicketReply {
        id: ticket.id.to_string(),
        reference: ticket.reference.to_string(),
        level: ticket.level,
        suggested_level: ticket.suggested_level,
        status_url: status_url(sent),
    };
    let status = if sent.created { StatusCode::CREATED } else { StatusCode::OK };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn status_url(sent: &HandedOff) -> String {
    format!("/t/{}?token={}", sent.ticket.reference, sent.status_token)
}
