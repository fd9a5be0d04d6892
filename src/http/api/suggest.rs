//! Articles for a half-written ticket: the last chance to answer before a person is asked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    config::{Needs, Site},
    desk::SupportLevel,
    http::{
        client,
        cors::ForeignOrigin,
        error::{ApiError, Problem},
        extract::{self, BodyKind, Payload, QueryString},
        links,
        turns::Turns,
    },
    insight::{Event, EventKind, Surface},
    search::{Answer, Decision, Query, message_query},
};

/// Articles in a reply at most.
const HITS: usize = 5;
/// Articles for a page at most.
const PAGE_HITS: usize = 3;
/// A page keeps its title; articles change now and then.
const PAGE_CACHING: &str = "private, max-age=300";
/// Characters that must have been written.
const MIN_CHARS: usize = 3;
/// Longest subject and message that are looked at, in characters.
const MAX_CHARS: usize = 20_000;

/// A ticket that is being written.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SuggestRequest {
    /// The site by its key; none: the default one.
    pub site: Option<String>,
    /// The visitor's language.
    pub lang: Option<String>,
    /// The visitor's session, as in searches and events.
    pub session: Option<String>,
    /// The subject so far.
    pub subject: String,
    /// The message so far; its first 100 words that say something are looked at.
    pub message: String,
}

/// What may help, and where the question would go.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestReply {
    /// Articles that may answer it, best first; empty where none is likely enough.
    pub hits: Vec<Suggestion>,
    /// Level that will probably be needed.
    pub suggested_level: SupportLevel,
    /// What that level needs: `nothing`, `callback`, `contract` or `consent`.
    #[schema(value_type = String)]
    pub needs: Needs,
}

/// What a page may be about.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageSuggestReply {
    /// Articles, best first; empty where none is likely enough.
    pub hits: Vec<Suggestion>,
}

/// An article that may answer a question, with the place that fits best.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Suggestion {
    /// The article's slug.
    pub article: String,
    /// Its title.
    pub title: String,
    /// Path of the best section's place on the help centre.
    pub url: String,
    /// The passage that fits best; plain text, never HTML.
    pub snippet: String,
}

/// Articles for a half-written ticket.
#[utoipa::path(post, path = "/api/v1/suggest", tag = "tickets", request_body = SuggestRequest, responses(
    (status = 200, body = SuggestReply), (status = 400, body = Problem<'static>), (status = 403, body = Problem<'static>),
    (status = 404, body = Problem<'static>, description = "No such site"), (status = 413, body = Problem<'static>),
    (status = 415, body = Problem<'static>), (status = 422, body = Problem<'static>),
    (status = 429, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn suggest(
    State(app): State<Arc<App>>,
    State(turns): State<Arc<Turns>>,
    origin: ForeignOrigin,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, ApiError> {
    let request: SuggestRequest = payload.only(&[BodyKind::Json])?.json()?;
    let (key, site) = extract::site(&app.config, request.site.as_deref())?;
    origin.check(&app.config, key)?;
    let question = format!("{}\n{}", request.subject, request.message);
    if question.chars().count() > MAX_CHARS {
        return Err(ApiError::invalid("message", format!("Write at most {MAX_CHARS} characters.")));
    }
    let lang = request.lang.as_deref();
    let mut hits = suggestions(&app, &turns, (key, site), lang, &request.subject, &request.message).await?;
    if !hits.is_empty() {
        let articles = hits.iter().map(|hit| hit.article.clone()).collect();
        let (now, session) = (app.now(), request.session.as_deref());
        let visitor = app.insight.visitor(session, now);
        let origin = client::origin(&headers, key, Surface::Form, lang.unwrap_or_default(), session);
        let record = |kind| app.insight.record(Event::new(&visitor, origin.clone(), now, kind));
        let held = app.insight.held_out(key, session, site.holdout);
        // Somebody without a session cannot be followed to a ticket, and takes part on neither side.
        if site.holdout > 0.0 && session.is_some() {
            record(EventKind::HoldoutAssigned { held, share: site.holdout as f32 });
        }
        if held {
            hits.clear();
        } else {
            record(EventKind::SuggestionShown { articles });
        }
    }
    let ladder = app.desk.ladder();
    let suggested_level = ladder.suggest(None, &question, lang);
    let needs = ladder.needs(suggested_level).unwrap_or(Needs::Nothing);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(SuggestReply { hits, suggested_level, needs })).into_response())
}

/// Articles for the page on which a search box stands.
#[utoipa::path(get, path = "/api/v1/suggest", tag = "search", params(
    ("title" = Option<String>, Query, description = "Title of the page"),
    ("path" = Option<String>, Query, description = "Path of its address; the words in it are looked at"),
    ("site" = Option<String>, Query, description = "Site key; the first site where there is none"),
    ("lang" = Option<String>, Query, description = "The visitor's language"),
), responses(
    (status = 200, body = PageSuggestReply, description = "Articles that may be about this page; none is fine"),
    (status = 404, body = Problem<'static>, description = "No such site"), (status = 422, body = Problem<'static>),
    (status = 429, body = Problem<'static>), (status = 503, body = Problem<'static>),
))]
pub async fn for_page(
    State(app): State<Arc<App>>,
    State(turns): State<Arc<Turns>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let site = extract::site(&app.config, query.one("site"))?;
    let lang = query.one("lang").map(super::search::language_tag).transpose()?;
    let path = percent_decode_str(query.one("path").unwrap_or_default()).decode_utf8_lossy();
    let words: String = path.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    let title = query.one("title").unwrap_or_default();
    let mut hits = suggestions(&app, &turns, site, lang.as_deref(), title, &words).await?;
    hits.truncate(PAGE_HITS);
    Ok(([(header::CACHE_CONTROL, PAGE_CACHING)], Json(PageSuggestReply { hits })).into_response())
}

/// Up to five articles, and only where the search thinks that they may answer the question.
pub(in crate::http) async fn suggestions(
    app: &App,
    turns: &Turns,
    (key, site): (&str, &Site),
    lang: Option<&str>,
    subject: &str,
    message: &str,
) -> Result<Vec<Suggestion>, ApiError> {
    if subject.chars().count() + message.chars().count() < MIN_CHARS {
        return Ok(Vec::new());
    }
    let turn = turns.turn().await?;
    let query = Query {
        text: message_query(
            subject,
            message,
            lang.or_else(|| site.languages.first().map(String::as_str)).unwrap_or("en"),
        ),
        site: key.to_owned(),
        languages: super::search::languages(lang, site),
        limit: HITS,
        prefix: app.config.search.prefix,
        typo_tolerance: app.config.search.typo_tolerance,
        answer_at: site.answer_at(),
        candidates_at: site.candidates_at(),
        long: true,
        until: Some(Instant::now() + Duration::from_millis(app.config.search.deadline_ms)),
        filter: crate::search::Filter { folders: site.folders.clone(), ..Default::default() },
        ..Query::default()
    };
    let answer = app.searcher.search(&query)?;
    drop(turn);
    Ok(told(key, &answer))
}

fn told(site: &str, answer: &Answer) -> Vec<Suggestion> {
    if answer.decision == Decision::NoAnswer {
        return Vec::new();
    }
    let told = |hit: &crate::search::Hit| {
        let head = &hit.article.front_matter;
        let section = hit.sections.first();
        Suggestion {
            article: head.slug.clone(),
            title: head.title.clone(),
            url: links::section_of(site, &head.slug, section.map_or("", |section| &section.anchor)),
            snippet: section.map(|section| section.snippet.clone()).unwrap_or_default(),
        }
    };
    answer.hits.iter().map(told).collect()
}
