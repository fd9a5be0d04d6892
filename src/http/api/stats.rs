//! The figures as JSON, for those who may see them.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    config::{Config, StatsAccess},
    http::{
        auth::{bearer, unauthorized},
        error::{ApiError, Problem},
        extract::{self, QueryString},
    },
    insight::{
        Window,
        figures::{Deflection, Figure, Figures, Funnel, Helpfulness, LeftOut, TopQuery},
    },
};

/// Longest window, in days.
const MAX_DAYS: i64 = 400;
/// Days shown when none are asked for.
const DEFAULT_DAYS: i64 = 30;
/// Where everyone may read the figures, queries of fewer visitors are kept back: rare words may name a person.
const MIN_VISITORS: u64 = 5;

/// What became of issues.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeflectionReply {
    /// What the figures are for.
    window: Window,
    /// The shares, for tickets within 24 hours (the headline) and within 7 days.
    deflection: Vec<Deflection>,
    /// Searches without an answer.
    no_answer: Figure,
    /// Readers' verdicts.
    helpful: Helpfulness,
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

/// Confirmed deflection and what it is a share of.
#[utoipa::path(
    get, path = "/api/v1/stats/deflection", tag = "stats",
    params(("site" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = DeflectionReply), (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn deflection(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Json<DeflectionReply>, ApiError> {
    let Figures { window, deflection, no_answer, helpful, left_out, .. } =
        figures(&app, bearer(&headers), &query).await?;
    Ok(Json(DeflectionReply { window, deflection, no_answer, helpful, left_out }))
}

/// Issues by the step that they reached.
#[utoipa::path(
    get, path = "/api/v1/stats/funnel", tag = "stats",
    params(("site" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = FunnelReply), (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn funnel(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Json<FunnelReply>, ApiError> {
    let Figures { window, funnel, left_out, .. } = figures(&app, bearer(&headers), &query).await?;
    Ok(Json(FunnelReply { window, funnel, left_out }))
}

/// What was asked most, and what had no answer.
#[utoipa::path(
    get, path = "/api/v1/stats/queries", tag = "stats",
    params(("site" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = QueriesReply), (status = 401, body = Problem, content_type = "application/problem+json"))
)]
pub async fn queries(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Json<QueriesReply>, ApiError> {
    let Figures { window, top_queries, top_no_answer, min_visitors, left_out, .. } =
        figures(&app, bearer(&headers), &query).await?;
    Ok(Json(QueriesReply { window, top_queries, top_no_answer, min_visitors, left_out }))
}

/// The figures that the holder of this token may see.
///
/// # Errors
/// `unauthorized`, a mistake in the parameters, or `store-unavailable`.
pub async fn figures(app: &App, token: Option<&str>, query: &QueryString) -> Result<Figures, ApiError> {
    let agent = is_agent(app, token).await?;
    if !agent && app.config.insight.stats == StatsAccess::Token {
        return Err(unauthorized());
    }
    let figures = app.insight.figures(window(&app.config, query, app.now())?).await?;
    Ok(if agent { figures } else { figures.without_rare_queries(MIN_VISITORS) })
}

/// Whether the token is an agent's.
///
/// # Errors
/// `store-unavailable`.
pub async fn is_agent(app: &App, token: Option<&str>) -> Result<bool, ApiError> {
    let Some(token) = token else { return Ok(false) };
    Ok(app.desk.authenticate(token).await?.is_some())
}

/// The window asked for: days (UTC, the last one included) or instants; by default the 30 days that end with today.
fn window(config: &Config, query: &QueryString, now: Timestamp) -> Result<Window, ApiError> {
    let (site, _) = extract::site(config, query.one("site"))?;
    let from = query.one("from").map(|text| instant("from", text, 0)).transpose()?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let to = query.one("to").map(|text| instant("to", text, 1)).transpose()?;
    let to = to.or_else(|| midnight(today, 1)).unwrap_or(now);
    let days = |days| SignedDuration::from_hours(24 * days);
    let from = from.or_else(|| to.checked_sub(days(DEFAULT_DAYS)).ok()).unwrap_or(Timestamp::MIN);
    if from >= to {
        return Err(ApiError::invalid("from", "Write a time before `to`."));
    }
    if to.duration_since(from) > days(MAX_DAYS) {
        return Err(ApiError::invalid("from", format!("Ask for at most {MAX_DAYS} days.")));
    }
    Ok(Window { site: site.to_owned(), from, to, as_of: now })
}

/// The beginning of the day (UTC) that is `days_more` after `date`.
fn midnight(date: Date, days_more: i64) -> Option<Timestamp> {
    let day = date.checked_add(SignedDuration::from_hours(24 * days_more)).ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn instant(field: &str, text: &str, days_more: i64) -> Result<Timestamp, ApiError> {
    let day = (text.len() == 10).then(|| text.parse().ok().and_then(|date| midnight(date, days_more)));
    let expected = "Write a day such as 2026-10-31, or an instant such as 2026-10-31T08:00:00Z.";
    day.unwrap_or_else(|| text.parse().ok()).ok_or_else(|| ApiError::invalid(field, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_days_or_instants() {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        for (query, expected) in [
            ("", Ok(("2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"))),
            ("from=2026-03-01&to=2026-03-31", Ok(("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"))),
            ("from=2026-03-01&to=2026-03-01", Ok(("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"))),
            ("from=2026-03-01T08:00:00%2B02:00", Ok(("2026-03-01T06:00:00Z", "2026-04-01T00:00:00Z"))),
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
