//! `GET /api/v1/search`: parameters to a checked query, the answer to a reply; the page of results asks the same way.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::complete::{self, CompletionReply};
use crate::{
    app::App,
    config::Site,
    http::{
        client,
        error::{ApiError, Code},
        extract::{self, QueryString},
        links,
        observe::panic_error,
        replies::Replies,
        turns::Turns,
    },
    insight::{Event, EventId, EventKind, MaskedText, Notes, Surface, Trigger},
    search::{
        Answer, Completion, Decision, Explain, Explanation, Filter, Hit, MAX_LIMIT, MAX_OFFSET, Query, SectionHit,
    },
};

/// Longest words, in bytes, for which a reply is kept; hardly anybody asks the same at such length.
const MAX_KEPT_BYTES: usize = 512;
/// Most filters that an event tells of.
const MAX_FILTERS: usize = 20;
/// Articles in a reply that asks for no number.
const DEFAULT_LIMIT: usize = 10;

/// What may be asked. Lists are repeated or separated by commas; parameters with other names are ignored.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// The visitor's words; `"side by side"` finds them as a phrase, `-without` leaves out what has that word. What is
    /// longer than 256 characters or 16 words is cut off.
    pub q: String,
    /// Site key; the first site where there is none.
    pub site: Option<String>,
    /// The visitor's language; the site's other languages are looked at when this one has no answer. Without it: the
    /// site's languages in their order.
    pub lang: Option<String>,
    /// Only these kinds of article.
    pub kind: Vec<String>,
    /// Only articles with one of these tags.
    pub tag: Vec<String>,
    /// Only articles about one of these products.
    pub product: Vec<String>,
    /// Most articles in the reply, up to 50.
    #[param(default = 10, maximum = 50)]
    pub limit: usize,
    /// Articles to leave out from the top, up to 1000. A search with an offset turns the page of an earlier one:
    /// it is not counted as a search.
    #[param(default = 0, maximum = 1000)]
    pub offset: usize,
    /// With an offset: the earlier search, so that what follows belongs to it.
    #[param(value_type = Option<String>)]
    pub query_id: Option<EventId>,
    /// Session id made by the browser, `[A-Za-z0-9_-]{16,64}`; kept as a salted hash only.
    pub session: Option<String>,
    /// What made the search happen: `typed`, `enter`, `suggested` or `url`.
    #[param(value_type = Option<String>)]
    pub trigger: Trigger,
    /// Where the visitor is: `box`, `page`, `form` or `api`.
    #[param(value_type = Option<String>)]
    pub surface: Surface,
    /// Most completions in the reply, up to 20; so that a box needs one request for both.
    #[param(default = 0, maximum = 20)]
    pub complete: usize,
    /// Searches for the words as typed: corrects nothing.
    pub verbatim: bool,
    /// Adds why: what the decision saw, and what each article has its place from. Such a search is not counted.
    pub explain: bool,
    /// With `explain`: the slug of an article to explain wherever it ranks.
    pub article: Option<String>,
}

impl SearchParams {
    /// As received.
    ///
    /// # Errors
    /// `invalid-value` and `missing-field` with the parameter's name.
    pub fn read(query: &QueryString, surface: Surface) -> Result<Self, ApiError> {
        let q = query.one("q").map(str::to_owned);
        Ok(Self {
            q: q.ok_or_else(|| ApiError::in_field(Code::MissingField, "q", "Write what to search for."))?,
            site: query.one("site").map(str::to_owned),
            lang: query.one("lang").map(language_tag).transpose()?,
            kind: query.list("kind"),
            tag: query.list("tag"),
            product: query.list("product"),
            limit: query.number("limit", DEFAULT_LIMIT, MAX_LIMIT)?,
            offset: query.number("offset", 0, MAX_OFFSET)?,
            query_id: query.one("query_id").and_then(|id| EventId::try_from(id.to_owned()).ok()),
            session: query.one("session").map(str::to_owned),
            trigger: query.choice("trigger")?.unwrap_or_default(),
            surface: query.choice("surface")?.unwrap_or(surface),
            complete: query.number("complete", 0, complete::MAX_LIMIT)?,
            verbatim: query.flag("verbatim"),
            explain: query.flag("explain"),
            article: query.one("article").map(str::to_owned),
        })
    }

    /// Everything that the answer depends on, as text; none where it is not worth keeping. Names every field, so that
    /// whoever adds one decides.
    fn key(&self, site: &str) -> Option<String> {
        let Self {
            q,
            site: _,
            lang,
            kind,
            tag,
            product,
            limit,
            offset,
            query_id: _,
            session: _,
            trigger: _,
            surface: _,
            complete: _,
            verbatim,
            explain,
            article: _,
        } = self;
        if *explain || q.len() > MAX_KEPT_BYTES {
            return None;
        }
        let mut key = format!("{q}\0{site}\0{}\0{limit} {offset} {verbatim}", lang.as_deref().unwrap_or_default());
        for value in [kind, tag, product]
            .into_iter()
            .flat_map(|list| std::iter::once("\0").chain(list.iter().map(String::as_str)))
        {
            key.push('\x01');
            key.push_str(value);
        }
        Some(key)
    }

    /// As meant, for this site.
    fn checked(&self, app: &App, key: &str, site: &Site) -> Query {
        Query {
            text: self.q.clone(),
            site: key.to_owned(),
            languages: languages(self.lang.as_deref(), site),
            filter: Filter {
                folders: site.folders.clone(),
                kinds: self.kind.clone(),
                tags: self.tag.clone(),
                products: self.product.clone(),
            },
            limit: self.limit,
            offset: self.offset,
            prefix: app.config.search.prefix,
            typo_tolerance: app.config.search.typo_tolerance && !self.verbatim,
            answer_at: site.answer_at(),
            candidates_at: site.candidates_at(),
            explain: self.explain.then(|| Explain { article: self.article.clone() }),
            ..Query::default()
        }
    }
}

pub(super) fn language_tag(text: &str) -> Result<String, ApiError> {
    let well_formed =
        (2..=35).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let tag = well_formed.then(|| text.to_owned());
    tag.ok_or_else(|| ApiError::invalid("lang", "Write a language tag, such as `nl` or `pt-BR`."))
}

/// The visitor's language as the site writes it, then the site's others; the site's own order where it is not known.
pub(super) fn languages(lang: Option<&str>, site: &Site) -> Vec<String> {
    let Some(lang) = lang else { return site.languages.clone() };
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let same = site.languages.iter().find(|own| own.eq_ignore_ascii_case(lang));
    let first = same.or_else(|| site.languages.iter().find(|own| primary(own) == primary(lang)));
    let first = first.cloned().unwrap_or_else(|| primary(lang));
    let others = site.languages.iter().filter(|own| **own != first).cloned().collect::<Vec<_>>();
    std::iter::once(first).chain(others).collect()
}

/// A search that was made, recorded and counted.
pub struct Performed {
    /// Names the search in later events and in a ticket.
    pub query_id: EventId,
    /// Key of the site.
    pub site: String,
    /// What was found.
    pub answer: Answer,
    /// Time spent searching, in microseconds.
    pub took_us: u64,
    /// The level that would take the case.
    pub suggested_level: u8,
}

/// Searches, records the event and counts the decision, unless only a page was turned or a writer asks why.
///
/// # Errors
/// An unknown site, no free slot, an index that cannot be read.
pub async fn perform(
    app: &App,
    turns: &Turns,
    params: &SearchParams,
    headers: &HeaderMap,
) -> Result<Performed, ApiError> {
    let (key, site) = extract::site(&app.config, params.site.as_deref())?;
    let begun = Instant::now();
    let (answer, suggested_level) = find(app, turns, params.checked(app, key, site)).await?;
    let took_us = begun.elapsed().as_micros() as u64;
    let query_id = name(app, key, params, headers, (&answer, suggested_level), took_us);
    Ok(Performed { query_id, site: key.to_owned(), answer, took_us, suggested_level })
}

/// Searches when it is its turn; with the level that would take the case.
async fn find(app: &App, turns: &Turns, query: Query) -> Result<(Answer, u8), ApiError> {
    let turn = turns.turn().await?;
    let begun = Instant::now();
    let until = Some(begun + Duration::from_millis(app.config.search.deadline_ms));
    let answer = searched(app, &Query { until, ..query })?;
    drop(turn);
    metrics::histogram!("zerodesk_search_duration_seconds").record(begun.elapsed());
    let declared = answer.hits.first().and_then(|hit| hit.article.front_matter.level);
    // The examples are only asked where a ticket is likely; an answer should not wait for them.
    let question = if answer.decision == Decision::Answer { "" } else { answer.query.as_str() };
    let suggested_level = app.desk.ladder().suggest(declared, question, answer.language.as_deref()).0;
    Ok((answer, suggested_level))
}

/// The name of this search: that of its event, where it is one of its own.
fn name(
    app: &App,
    site: &str,
    params: &SearchParams,
    headers: &HeaderMap,
    found: (&Answer, u8),
    took_us: u64,
) -> EventId {
    if params.offset == 0 && !params.explain {
        record(app, site, params, headers, found, took_us)
    } else {
        params.query_id.clone().unwrap_or_else(|| EventId::new(app.now()))
    }
}

/// What a search found, as it is kept for those who ask the same.
pub struct Found {
    /// Its hits have no texts, which are in `hits`.
    answer: Answer,
    /// The hits as JSON.
    hits: Box<RawValue>,
    suggested_level: u8,
}

impl Found {
    fn of(site: &str, mut answer: Answer, suggested_level: u8) -> Result<Self, ApiError> {
        let hits: Vec<HitReply> = answer.hits.iter().map(|hit| HitReply::of(site, hit)).collect();
        let hits = serde_json::value::to_raw_value(&hits).map_err(ApiError::internal)?;
        for section in answer.hits.iter_mut().flat_map(|hit| &mut hit.sections) {
            *section = SectionHit { anchor: std::mem::take(&mut section.anchor), ..SectionHit::default() };
        }
        Ok(Self { answer, hits, suggested_level })
    }

    /// What it takes in memory, roughly.
    fn bytes(&self) -> usize {
        let sections: usize = self.answer.hits.iter().map(|hit| hit.sections.len()).sum();
        let strings = sections * (size_of::<SectionHit>() + 32) + self.answer.hits.len() * size_of::<Hit>();
        size_of::<Self>() + self.hits.get().len() + strings + 256
    }
}

/// What was found before for the same question, or a search.
async fn find_once(
    app: &App,
    turns: &Turns,
    replies: &Replies<Found>,
    params: &SearchParams,
) -> Result<Arc<Found>, ApiError> {
    let (site_key, site) = extract::site(&app.config, params.site.as_deref())?;
    let key = params.key(site_key);
    // From before the search, so that what changes meanwhile is not missed.
    let edition = app.searcher.edition();
    if let Some(found) = key.as_ref().and_then(|key| replies.get(&edition, key)) {
        return Ok(found);
    }
    let (answer, suggested_level) = find(app, turns, params.checked(app, site_key, site)).await?;
    let found = Arc::new(Found::of(site_key, answer, suggested_level)?);
    if let Some(key) = key.filter(|_| !found.answer.partial) {
        replies.keep(&edition, key, Arc::clone(&found), found.bytes());
    }
    Ok(found)
}

/// A search that fails, in whatever way, may have met a damaged index.
fn searched(app: &App, query: &Query) -> Result<Answer, ApiError> {
    let outcome = catch_unwind(AssertUnwindSafe(|| app.searcher.search(query)));
    if !matches!(outcome, Ok(Ok(_))) {
        app.suspect_index();
    }
    Ok(outcome.map_err(|cause| panic_error(cause.as_ref()))??)
}

fn record(
    app: &App,
    site: &str,
    params: &SearchParams,
    headers: &HeaderMap,
    (answer, level): (&Answer, u8),
    took_us: u64,
) -> EventId {
    metrics::counter!("zerodesk_searches_total", "decision" => answer.decision.as_str()).increment(1);
    if answer.partial {
        metrics::counter!("zerodesk_searches_partial_total").increment(1);
    }
    let now = app.now();
    let visitor = app.insight.visitor(params.session.as_deref(), now);
    let sections = |hit: &Hit| {
        let slug = hit.article.front_matter.slug.clone();
        hit.sections.iter().map(move |section| format!("{slug}#{}", section.anchor)).collect::<Vec<_>>()
    };
    let kind = EventKind::SearchPerformed {
        query: MaskedText::new(&answer.query),
        language: answer.language.clone(),
        total: answer.total as u32,
        shown: answer.hits.iter().flat_map(sections).collect(),
        decision: answer.decision,
        confidence: answer.confidence,
        latency_us: took_us,
        trigger: params.trigger,
        filters: filters(params),
    };
    let lang = params.lang.as_deref().unwrap_or_default();
    let origin = client::origin(headers, site, params.surface, lang, params.session.as_deref());
    let article_kind = answer.hits.first().and_then(|hit| hit.article.front_matter.kind.clone());
    let notes = Notes { article_kind, level: Some(level), requester: None };
    let event = Event::new(&visitor, origin, now, kind).noting(notes);
    let id = event.id.clone();
    app.insight.record(event);
    id
}

/// What the search was restricted to, as its event tells it.
fn filters(params: &SearchParams) -> Vec<MaskedText> {
    [("kind", &params.kind), ("tag", &params.tag), ("product", &params.product)]
        .into_iter()
        .flat_map(|(name, values)| values.iter().map(move |value| MaskedText::new(&format!("{name}={value}"))))
        .take(MAX_FILTERS)
        .collect()
}

/// Searches the help centre.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(SearchParams), responses(
    (status = 200, body = SearchReply<'_>, description = "Hits by article, and whether they answer the question"),
    (status = 404, body = crate::http::error::Problem<'_>, description = "No such site"),
    (status = 422, body = crate::http::error::Problem<'_>, description = "A parameter is missing or not allowed"),
    (status = 429, body = crate::http::error::Problem<'_>, description = "Too many searches from this address"),
    (status = 503, body = crate::http::error::Problem<'_>, description = "Too many searches at once"),
))]
pub async fn search(
    State(app): State<Arc<App>>,
    State(turns): State<Arc<Turns>>,
    State(replies): State<Arc<Replies<Found>>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let params = SearchParams::read(&query, Surface::Api)?;
    let (site, settings) = extract::site(&app.config, params.site.as_deref())?;
    let begun = Instant::now();
    let found = find_once(&app, &turns, &replies, &params).await?;
    let took_us = begun.elapsed().as_micros() as u64;
    let query_id = name(&app, site, &params, &headers, (&found.answer, found.suggested_level), took_us);
    let completions = match params.complete {
        0 => Vec::new(),
        limit => complete::completions(&app, site, settings, &params.q, params.lang.as_deref(), limit),
    };
    let mut response = Json(SearchReply::of(&found, &completions, site, &query_id, took_us)).into_response();
    let timing = format!("search;dur={:.3}", took_us as f64 / 1000.0);
    response.headers_mut().insert("server-timing", HeaderValue::from_str(&timing).map_err(ApiError::internal)?);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The answer to a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchReply<'a> {
    /// The query as it was understood.
    query: &'a str,
    /// Names this search in events and tickets.
    query_id: &'a str,
    /// Key of the site.
    site: &'a str,
    /// Generation of the index that answered.
    generation: u64,
    /// Language of the hits; where there are none, the first that was looked at.
    language: Option<&'a str>,
    /// Time spent searching, in microseconds.
    took_us: u64,
    /// Articles that match at all.
    total: usize,
    /// `answer`, `candidates` (perhaps) or `no_answer`.
    #[schema(value_type = String)]
    decision: Decision,
    /// Probability, 0 to 1, that the hits answer the question.
    confidence: f32,
    /// The query with typing errors put right, where that found the hits.
    corrected: Option<&'a str>,
    /// Time was up before everything was looked at: there may be more and better hits.
    partial: bool,
    /// No article has the words in quotation marks side by side, so they were searched one by one.
    relaxed: bool,
    /// Words and phrases that no hit has, because they were written with a minus.
    excluded: &'a [String],
    /// After a miss: the query as it may have been meant, to be offered.
    did_you_mean: Option<&'a str>,
    /// Phrases to go on with, best first; only with `complete`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    completions: Vec<CompletionReply<'a>>,
    /// Articles, best first.
    #[schema(value_type = Vec<HitReply<'_>>)]
    hits: &'a RawValue,
    /// The way to a person.
    handoff: HandoffReply,
    /// Why; only with `explain=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a Explanation>,
}

/// An article that matches.
#[derive(Debug, Serialize, ToSchema)]
pub struct HitReply<'a> {
    /// The article's slug.
    article: &'a str,
    title: &'a str,
    description: Option<&'a str>,
    /// Path of its page on the help centre.
    url: String,
    kind: Option<&'a str>,
    language: &'a str,
    /// Day of the last change.
    #[schema(value_type = Option<String>, format = Date)]
    updated: Option<jiff::civil::Date>,
    /// Ranking score, comparable within one reply only.
    score: f32,
    product: &'a [String],
    tags: &'a [String],
    /// Its best sections, best first, at most 3.
    sections: Vec<SectionReply<'a>>,
}

/// A section of an article that matches.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionReply<'a> {
    /// Fragment of the section's address; empty for what stands before the first heading.
    anchor: &'a str,
    /// Path of the section on the help centre.
    url: String,
    /// Headings above and of the section, outermost first.
    heading: &'a [String],
    /// Plain text, never HTML.
    snippet: &'a str,
    /// What to mark in the snippet: start and end (exclusive) in Unicode code points.
    highlights: &'a [[u32; 2]],
}

/// The way to a person; always there.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoffReply {
    /// Level at which a ticket comes in.
    level: u8,
    /// Level that would take the case.
    suggested_level: u8,
    /// Path of the contact form, filled in with this search.
    url: String,
}

impl<'a> SearchReply<'a> {
    fn of(found: &'a Found, completions: &'a [Completion], site: &'a str, query_id: &'a EventId, took_us: u64) -> Self {
        let answer = &found.answer;
        Self {
            query: &answer.query,
            query_id: query_id.as_str(),
            site,
            generation: answer.generation,
            language: answer.language.as_deref(),
            took_us,
            total: answer.total,
            decision: answer.decision,
            confidence: rounded(answer.confidence),
            corrected: answer.corrected.as_deref(),
            partial: answer.partial,
            relaxed: answer.relaxed,
            excluded: &answer.excluded,
            did_you_mean: answer.did_you_mean.as_deref(),
            completions: completions.iter().map(CompletionReply::of).collect(),
            hits: &found.hits,
            handoff: HandoffReply {
                level: 1,
                suggested_level: found.suggested_level,
                url: contact_url(site, query_id),
            },
            explanation: answer.explanation.as_ref(),
        }
    }
}

/// Where a person can be asked about this search.
#[must_use]
pub fn contact_url(site: &str, query_id: &EventId) -> String {
    links::within(site, format!("/contact?query_id={query_id}"))
}

impl<'a> HitReply<'a> {
    fn of(site: &str, hit: &'a Hit) -> Self {
        let head = &hit.article.front_matter;
        Self {
            article: &head.slug,
            title: &head.title,
            description: head.description.as_deref(),
            url: links::page_of(site, &hit.article),
            kind: head.kind.as_deref(),
            language: hit.article.lang(),
            updated: head.updated,
            score: rounded(hit.score),
            product: &head.product,
            tags: &head.tags,
            sections: hit.sections.iter().map(|section| SectionReply::of(site, &head.slug, section)).collect(),
        }
    }
}

impl<'a> SectionReply<'a> {
    fn of(site: &str, slug: &str, section: &'a SectionHit) -> Self {
        Self {
            anchor: &section.anchor,
            url: links::section_of(site, slug, &section.anchor),
            heading: &section.heading,
            snippet: &section.snippet,
            highlights: &section.highlights,
        }
    }
}

/// Three decimals are all that means something.
fn rounded(number: f32) -> f32 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visitors_language_comes_first() {
        let site = Site::default();
        for (lang, expected) in [
            (Some("nl"), "nl en de"),
            (Some("NL-be"), "nl en de"),
            (Some("fr-CA"), "fr en nl de"),
            (Some("en"), "en nl de"),
            (None, "en nl de"),
        ] {
            assert_eq!(languages(lang, &site).join(" "), expected, "{lang:?}");
        }
    }

    #[test]
    fn parameters_that_make_no_sense_are_named() {
        for (address, field) in [
            ("/?", "q"),
            ("/?q=", "q"),
            ("/?q=a&limit=0x", "limit"),
            ("/?q=a&limit=51", "limit"),
            ("/?q=a&offset=-1", "offset"),
            ("/?q=a&offset=1001", "offset"),
            ("/?q=a&lang=%3Cscript%3E", "lang"),
            ("/?q=a&trigger=mouse", "trigger"),
            ("/?q=a&surface=moon", "surface"),
        ] {
            let query = QueryString::of(&address.parse().unwrap());
            let error = SearchParams::read(&query, Surface::Api).expect_err(address);
            assert_eq!(error.field.as_deref(), Some(field), "{address}");
        }
    }
}
