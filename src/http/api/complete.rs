//! `GET /api/v1/complete`: phrases to choose from while people type.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::search::{language_tag, languages};
use crate::{
    app::App,
    config::Site,
    http::{
        error::{ApiError, Code},
        extract::{self, QueryString},
    },
    search::{Completion, CompletionKind, CompletionQuery, Filter},
};

/// Completions in a reply that asks for no number.
const DEFAULT_LIMIT: usize = 8;
/// Most completions in one reply.
pub(super) const MAX_LIMIT: usize = 20;
/// Deleting a letter asks again for what was asked a moment ago.
const CACHING: HeaderValue = HeaderValue::from_static("private, max-age=30");

/// What may be asked; parameters with other names are ignored.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompleteParams {
    /// What the visitor has typed so far; a space at its end says that the last word is whole.
    pub q: String,
    /// Site key; the first site where there is none.
    pub site: Option<String>,
    /// The visitor's language; the site's others are looked at when it has nothing. None: the site's in their order.
    pub lang: Option<String>,
    /// Most completions in the reply, up to 20.
    #[param(default = 8, maximum = 20)]
    pub limit: usize,
}

impl CompleteParams {
    /// As received.
    ///
    /// # Errors
    /// `invalid-value` and `missing-field` with the parameter's name.
    pub fn read(query: &QueryString) -> Result<Self, ApiError> {
        let q = query.one("q").map(str::to_owned);
        Ok(Self {
            q: q.ok_or_else(|| ApiError::in_field(Code::MissingField, "q", "Write what is to be completed."))?,
            site: query.one("site").map(str::to_owned),
            lang: query.one("lang").map(language_tag).transpose()?,
            limit: query.number("limit", DEFAULT_LIMIT, MAX_LIMIT)?,
        })
    }
}

/// Completes what was typed: phrases from titles, headings, questions and popular queries.
#[utoipa::path(get, path = "/api/v1/complete", tag = "search", params(CompleteParams), responses(
    (status = 200, body = CompleteReply<'_>, description = "Phrases, best first; none is fine"),
    (status = 404, body = crate::http::error::Problem<'_>, description = "No such site"),
    (status = 422, body = crate::http::error::Problem<'_>, description = "A parameter is missing or not allowed"),
    (status = 429, body = crate::http::error::Problem<'_>, description = "Too many requests from this address"),
))]
pub async fn complete(State(app): State<Arc<App>>, query: QueryString) -> Result<Response, ApiError> {
    let params = CompleteParams::read(&query)?;
    let (key, site) = extract::site(&app.config, params.site.as_deref())?;
    let completions = completions(&app, key, site, &params.q, params.lang.as_deref(), params.limit);
    let reply = CompleteReply { query: &params.q, completions: completions.iter().map(CompletionReply::of).collect() };
    Ok(([(header::CACHE_CONTROL, CACHING)], Json(reply)).into_response())
}

/// Phrases that go on from `text` in the articles of a site.
pub(super) fn completions(
    app: &App,
    key: &str,
    site: &Site,
    text: &str,
    lang: Option<&str>,
    limit: usize,
) -> Vec<Completion> {
    app.completer.complete(&CompletionQuery {
        text: text.to_owned(),
        site: key.to_owned(),
        languages: languages(lang, site),
        filter: Filter { folders: site.folders.clone(), ..Filter::default() },
        limit,
    })
}

/// What could be meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompleteReply<'a> {
    /// What was typed.
    query: &'a str,
    /// Phrases to search for, best first.
    completions: Vec<CompletionReply<'a>>,
}

/// A phrase to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompletionReply<'a> {
    /// Plain text, never HTML.
    text: &'a str,
    /// Where it comes from: `query`, `title`, `question` or `heading`.
    #[schema(value_type = String)]
    kind: CompletionKind,
    language: &'a str,
    /// What to mark in the text: start and end (exclusive) in Unicode code points.
    highlights: &'a [[u32; 2]],
}

impl<'a> CompletionReply<'a> {
    pub(super) fn of(completion: &'a Completion) -> Self {
        let Completion { text, kind, language, highlights } = completion;
        Self { text, kind: *kind, language, highlights }
    }
}
