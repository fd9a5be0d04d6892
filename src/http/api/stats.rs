//! The figures as JSON, for those who may see them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::stats_csv as csv;

use crate::{
    app::App,
    config::{Config, StatsAccess},
    http::{
        auth::{bearer, unauthorized},
        error::{ApiError, Problem},
        extract::{self, QueryString},
    },
    insight::{
        Slice, Window,
        figures::{
            ArticleFigures, ConnectorFigures, Deflection, Figure, Figures, Funnel, Helpfulness, Holdout, LeftOut,
            Point, Resolutions, Row, SelfServiceRatio, Success, TopQuery,
        },
    },
};

/// Longest window, in days.
const MAX_DAYS: i64 = 400;
/// Days shown when none are asked for.
const DEFAULT_DAYS: i64 = 30;
/// Where anyone may read the figures, queries of fewer visitors are kept back: rare words may name a person.
const MIN_VISITORS: u64 = 5;

/// What became of issues.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeflectionReply {
    /// What the figures are for.
    window: Window,
    /// What part of it.
    slice: Slice,
    /// The shares, for tickets within 24 hours (the headline) and within 7 days.
    deflection: Vec<Deflection>,
    /// Between which bounds the share of successful issues lies: 24 hours, then 7 days.
    success: Vec<Success>,
    /// What suggestions are worth, where some visitors get none: 24 hours, then 7 days.
    holdout: Vec<Holdout>,
    /// Searches without an answer.
    no_answer: Figure,
    /// Readers' verdicts.
    helpful: Helpfulness,
    /// Of the tickets whose end is known: an article had the answer.
    answer_existed: Figure,
    /// How tickets ended.
    resolutions: Resolutions,
    /// Zendesk's ratio, for comparison.
    self_service_ratio: SelfServiceRatio,
    /// Issues that went to another channel, as far as host pages tell.
    contact_elsewhere: u64,
    /// Events dropped since the server started; figures lack them.
    dropped_events: u64,
    /// What was not counted, and why.
    left_out: Vec<LeftOut>,
}

/// From search to ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct FunnelReply {
    /// What the figures are for.
    window: Window,
    /// Issues by the step that they reached.
    funnel: Funnel,
    /// What was not counted, and why.
    left_out: Vec<LeftOut>,
}

/// What was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueriesReply {
    /// What the figures are for.
    window: Window,
    /// Asked most.
    top_queries: Vec<TopQuery>,
    /// Asked most without an answer.
    top_no_answer: Vec<TopQuery>,
    /// Queries of fewer visitors than this are not in the two lists.
    min_visitors: u64,
    /// What was not counted, and why.
    left_out: Vec<LeftOut>,
}

/// What was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticlesReply {
    /// What the figures are for.
    window: Window,
    /// Read most.
    articles: Vec<ArticleFigures>,
    /// What was not counted, and why.
    left_out: Vec<LeftOut>,
}

/// The figures over time and side by side.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesReply {
    /// What the figures are for.
    window: Window,
    /// By day, or by week where the window is long.
    series: Vec<Point>,
    /// By language of the issue.
    languages: Vec<Row>,
    /// By kind of article.
    kinds: Vec<Row>,
    /// By support level.
    levels: Vec<Row>,
    /// Visits by surface.
    surfaces: BTreeMap<String, u64>,
    /// What connectors delivered.
    connectors: Vec<ConnectorFigures>,
    /// What was not counted, and why.
    left_out: Vec<LeftOut>,
}

/// Confirmed deflection and what it is a share of.
#[utoipa::path(
    get, path = "/api/v1/stats/deflection", tag = "stats", params(StatsParams),
    responses((status = 200, body = DeflectionReply, description = "As JSON, or as CSV with `format=csv`"),
        (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn deflection(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let figures = figures(&app, bearer(&headers), &query).await?;
    if wants_csv(&query)? {
        return Ok(csv::table("deflection", csv::FIGURES, csv::figures(&figures)));
    }
    let Figures { window, slice, deflection, success, holdout, no_answer, helpful, answer_existed, .. } = figures;
    let Figures { resolutions, self_service_ratio, contact_elsewhere, left_out, .. } = figures;
    let reply = DeflectionReply {
        window,
        slice,
        deflection,
        success,
        holdout,
        no_answer,
        helpful,
        answer_existed,
        resolutions,
        self_service_ratio,
        contact_elsewhere,
        dropped_events: app.insight.dropped(),
        left_out,
    };
    Ok(Json(reply).into_response())
}

/// Issues by the step that they reached.
#[utoipa::path(
    get, path = "/api/v1/stats/funnel", tag = "stats", params(StatsParams),
    responses((status = 200, body = FunnelReply, description = "As JSON, or as CSV with `format=csv`"),
        (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn funnel(State(app): State<Arc<App>>, headers: HeaderMap, query: QueryString) -> Result<Response, ApiError> {
    let figures = figures(&app, bearer(&headers), &query).await?;
    if wants_csv(&query)? {
        return Ok(csv::table("funnel", csv::FUNNEL, csv::funnel(&figures)));
    }
    let Figures { window, funnel, left_out, .. } = figures;
    Ok(Json(FunnelReply { window, funnel, left_out }).into_response())
}

/// What was asked most, and what had no answer.
#[utoipa::path(
    get, path = "/api/v1/stats/queries", tag = "stats", params(StatsParams),
    responses((status = 200, body = QueriesReply, description = "As JSON, or as CSV with `format=csv`"),
        (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn queries(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let figures = figures(&app, bearer(&headers), &query).await?;
    if wants_csv(&query)? {
        return Ok(csv::table("queries", csv::QUERIES, csv::queries(&figures)));
    }
    let Figures { window, top_queries, top_no_answer, min_visitors, left_out, .. } = figures;
    Ok(Json(QueriesReply { window, top_queries, top_no_answer, min_visitors, left_out }).into_response())
}

/// Articles with what was done with them.
#[utoipa::path(
    get, path = "/api/v1/stats/articles", tag = "stats", params(StatsParams),
    responses((status = 200, body = ArticlesReply, description = "As JSON, or as CSV with `format=csv`"),
        (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn articles(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let figures = figures(&app, bearer(&headers), &query).await?;
    if wants_csv(&query)? {
        return Ok(csv::table("articles", csv::ARTICLES, csv::articles(&figures)));
    }
    let Figures { window, articles, left_out, .. } = figures;
    Ok(Json(ArticlesReply { window, articles, left_out }).into_response())
}

/// The figures over time, and by language, kind and level. As CSV: `by=time`, or `by=group`.
#[utoipa::path(
    get, path = "/api/v1/stats/series", tag = "stats",
    params(StatsParams, ("by" = Option<String>, Query, description = "For CSV: `time` or `group`")),
    responses((status = 200, body = SeriesReply, description = "As JSON, or as CSV with `format=csv`"),
        (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn series(State(app): State<Arc<App>>, headers: HeaderMap, query: QueryString) -> Result<Response, ApiError> {
    let figures = figures(&app, bearer(&headers), &query).await?;
    if wants_csv(&query)? {
        return match query.one("by").unwrap_or("time") {
            "time" => Ok(csv::table("series", csv::SERIES, csv::series(&figures))),
            "group" => Ok(csv::table("groups", csv::GROUPS, csv::groups(&figures))),
            _ => Err(ApiError::invalid("by", "Write `time` or `group`.")),
        };
    }
    let Figures { window, series, languages, kinds, levels, surfaces, connectors, left_out, .. } = figures;
    let reply = SeriesReply { window, series, languages, kinds, levels, surfaces, connectors, left_out };
    Ok(Json(reply).into_response())
}

fn wants_csv(query: &QueryString) -> Result<bool, ApiError> {
    match query.one("format").unwrap_or("json") {
        "json" => Ok(false),
        "csv" => Ok(true),
        _ => Err(ApiError::invalid("format", "Write `json` or `csv`.")),
    }
}

/// What to look at.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes what `window` and `slice` read")]
pub struct StatsParams {
    /// Key of the site; the default one when left out.
    site: Option<String>,
    /// First day (UTC), such as `2026-10-01`.
    from: Option<String>,
    /// Last day, included; today when left out.
    to: Option<String>,
    /// Only this language, such as `nl`.
    language: Option<String>,
    /// Only this kind of article.
    kind: Option<String>,
    /// Only this support level.
    level: Option<u8>,
    /// `json` or `csv`.
    format: Option<String>,
}

/// The figures that the holder of this token may see.
///
/// # Errors
/// `unauthorized`, a mistake in the parameters, or `store-unavailable`.
pub async fn figures(app: &App, token: Option<&str>, query: &QueryString) -> Result<Figures, ApiError> {
    let window = window(&app.config, query, app.now())?;
    let reader = reader(app, token, &window.site).await?;
    let figures = app.insight.figures_of(window, slice(query)?).await?;
    Ok(reader.may_see(figures))
}

/// Who reads figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Holds an agent's token.
    Agent,
    /// Anyone, where the site's figures are public.
    Anyone,
}

impl Reader {
    /// What of the figures this reader may see.
    #[must_use]
    pub fn may_see(self, figures: Figures) -> Figures {
        if self == Self::Agent { figures } else { figures.without_rare_queries(MIN_VISITORS) }
    }
}

/// Who holds this token, if the site's figures are for them.
///
/// # Errors
/// `unauthorized`, or `store-unavailable`.
pub async fn reader(app: &App, token: Option<&str>, site: &str) -> Result<Reader, ApiError> {
    if is_agent(app, token).await? {
        return Ok(Reader::Agent);
    }
    if access(&app.config, site) == StatsAccess::Public { Ok(Reader::Anyone) } else { Err(unauthorized()) }
}

/// Who may read the figures of a site.
#[must_use]
pub fn access(config: &Config, site: &str) -> StatsAccess {
    config.sites.get(site).and_then(|site| site.stats).unwrap_or(config.insight.stats)
}

/// What part of the figures is asked for.
fn slice(query: &QueryString) -> Result<Slice, ApiError> {
    let text = |name: &str| match query.one(name) {
        Some(text) if text.len() > 40 => Err(ApiError::invalid(name, "Write at most 40 characters.")),
        text => Ok(text.map(str::to_lowercase)),
    };
    let level = query.one("level").map(|level| level.parse::<u8>().ok().filter(|level| *level <= 4));
    if level == Some(None) {
        return Err(ApiError::invalid("level", "Write a level from 0 to 4."));
    }
    Ok(Slice { language: text("language")?, kind: query.one("kind").map(str::to_owned), level: level.flatten() })
}

/// Whether the token is an agent's.
///
/// # Errors
/// `store-unavailable`.
pub async fn is_agent(app: &App, token: Option<&str>) -> Result<bool, ApiError> {
    let Some(token) = token else { return Ok(false) };
    Ok(app.desk.authenticate(token).await?.is_some())
}

/// The days asked for (UTC, both included); by default the 30 that end with today.
fn window(config: &Config, query: &QueryString, now: Timestamp) -> Result<Window, ApiError> {
    let (site, _) = extract::site(config, query.one("site"))?;
    let day = |field: &str| {
        let wrong = || ApiError::invalid(field, "Write a day such as 2026-10-31.");
        let read = |text: &str| text.parse::<Date>().ok().filter(|day| text.len() == 10 && known(*day));
        query.one(field).map(|text| read(text).ok_or_else(wrong)).transpose()
    };
    let (first, last) = (day("from")?, day("to")?);
    let last = last.unwrap_or_else(|| now.to_zoned(TimeZone::UTC).date());
    let back = |days: i64| last.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Date::MIN);
    let first = first.unwrap_or_else(|| back(DEFAULT_DAYS - 1));
    if first > last {
        return Err(ApiError::invalid("from", "Write a day that is not after `to`."));
    }
    if first < back(MAX_DAYS - 1) {
        return Err(ApiError::invalid("from", format!("Ask for at most {MAX_DAYS} days.")));
    }
    Ok(Window::of_days(site, first, last, now))
}

/// Whether instants of the day can be told.
fn known(day: Date) -> bool {
    (1970..=9000).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_checked() {
        for (query, good) in
            [("", true), ("language=NL&kind=faq&level=2", true), ("level=9", false), ("level=x", false)]
        {
            let query = QueryString::of(&format!("/stats?{query}").parse().unwrap());
            assert_eq!(slice(&query).is_ok(), good, "{query:?}");
        }
    }

    #[test]
    fn windows_are_days() {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        for (query, expected) in [
            ("", Ok(("2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"))),
            ("from=2026-03-01&to=2026-03-31", Ok(("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"))),
            ("from=2026-03-01&to=2026-03-01", Ok(("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"))),
            ("from=2026-03-01T08:00:00%2B02:00", Err("from")),
            ("to=2026-01-31", Ok(("2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z"))),
            ("from=2026-03-02&to=2026-03-01", Err("from")),
            ("from=2020-01-01", Err("from")),
            ("from=2026-02-30", Err("from")),
            ("to=tomorrow", Err("to")),
            ("to=9999-12-31", Err("to")),
            ("site=nowhere", Err("site")),
        ] {
            let query = QueryString::of(&format!("/stats?{query}").parse().unwrap());
            let found = window(&Config::default(), &query, now);
            let found = found.map(|window| (window.from.to_string(), window.to.to_string()));
            let found = found.map_err(|error| error.field.unwrap_or_default());
            let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned())).map_err(str::to_owned);
            assert_eq!(found, expected);
        }
    }
}
