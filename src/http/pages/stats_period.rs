//! The figures of a closed period, such as `/stats/2026-10`: as a page, as JSON (`.json`), as CSV (`.csv`) and as a
//! badge (`.svg`), under addresses whose figures never change.
//!
//! Public or by token as the site says. Words of visitors stand here only where five visitors or more used them and
//! nothing in them was masked.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use minijinja::context;

use super::{
    Pages, Visitor, charts,
    stats::{Shown, framed, percent, sign_in_form, token},
};
use crate::{
    app::App,
    config::StatsAccess,
    http::{
        api::{stats, stats_csv},
        error::{ApiError, Code},
        extract::{self, QueryString},
    },
    insight::{ClosedPeriod, Period},
};

/// What of a period is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Page,
    Json,
    Csv,
    Badge,
}

/// `GET /stats/{period}`: a closed period; 404 while its figures may still change.
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    Path(name): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (period, shape) = asked(&name).ok_or_else(|| {
        ApiError::not_found("Ask for a month such as /stats/2026-10, a quarter (2026-Q4) or a year (2026).")
    })?;
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let token = token(&headers);
    match stats::reader(&app, token, key).await {
        Err(error) if error.code == Code::Unauthorized && shape == Shape::Page => {
            return sign_in_form(&pages, &visitor, token.is_some());
        }
        other => other?,
    };
    let (closed, json) = closed(&app, key, &period).await?;
    let response = match shape {
        Shape::Page => {
            let figures = &closed.figures;
            let shown = Shown { figures, before: None, site, visitor: &visitor, app: &app };
            let embed = query.one("embed").is_some();
            let own = context! { live => false, period => closed.period.clone(), embed, site_key => key };
            pages.render("stats.html", &visitor, context! { ..own, ..shown.page() })?.into_response()
        }
        Shape::Json => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Shape::Csv => {
            stats_csv::table(&format!("figures-{period}"), stats_csv::FIGURES, stats_csv::figures(&closed.figures))
        }
        Shape::Badge => {
            let value = badge_value(&closed, &visitor.lang, &pages);
            let label = format!("{} {}", pages.word(&visitor.lang, "stats_badge"), closed.period);
            ([(header::CONTENT_TYPE, "image/svg+xml")], charts::badge(&label, &value)).into_response()
        }
    };
    Ok(framed(kept(response, shape, stats::access(&app.config, key)), site))
}

/// `2026-10.json` as the period and the shape; none where it is no period.
fn asked(name: &str) -> Option<(Period, Shape)> {
    let (period, shape) = match name.split_once('.') {
        None => (name, Shape::Page),
        Some((period, "json")) => (period, Shape::Json),
        Some((period, "csv")) => (period, Shape::Csv),
        Some((period, "svg")) => (period, Shape::Badge),
        Some(_) => return None,
    };
    Some((period.parse().ok()?, shape))
}

/// The figures of the period, once they are final and if there ever were any; and as they are kept.
async fn closed(app: &App, site: &str, period: &Period) -> Result<(ClosedPeriod, String), ApiError> {
    let first = app.insight.first_day(site).await?;
    if first.is_none_or(|first| period.days().1 < first) {
        return Err(ApiError::not_found("There is nothing to tell about this period."));
    }
    let closed = app.insight.closed(site, period, app.now()).await?;
    closed.ok_or_else(|| {
        let last = period.closes();
        ApiError::not_found(format!("The figures of {period} may still change. They are final from {last} on."))
    })
}

fn badge_value(closed: &ClosedPeriod, lang: &str, pages: &Pages) -> String {
    let confirmed = closed.figures.deflection.first().map(|row| &row.confirmed);
    let value = confirmed.and_then(|figure| figure.value.zip(figure.interval)).map(|(value, interval)| {
        let whole = |share: f64| format!("{:.0}", 100.0 * share);
        format!("{} ({}–{})", percent(value, lang), whole(interval.low), whole(interval.high))
    });
    value.unwrap_or_else(|| pages.word(lang, "stats_badge_none"))
}

/// The numbers never change: programs may keep them for ever, where everybody may see them. The page around them may
/// be drawn anew.
fn kept(mut response: Response, shape: Shape, access: StatsAccess) -> Response {
    let how = match (shape, access) {
        (Shape::Page, StatsAccess::Public) => "public, max-age=3600",
        (_, StatsAccess::Public) => "public, max-age=31536000, immutable",
        (_, StatsAccess::Token) => "private, no-store",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(how));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_period_and_shape() {
        for (name, expected) in [
            ("2026-10", Some(("2026-10", Shape::Page))),
            ("2026-Q4.json", Some(("2026-Q4", Shape::Json))),
            ("2026.csv", Some(("2026", Shape::Csv))),
            ("2026-10.svg", Some(("2026-10", Shape::Badge))),
            ("2026-10.png", None),
            ("2026-10.json.json", None),
            ("yesterday", None),
        ] {
            let found = asked(name).map(|(period, shape)| (period.to_string(), shape));
            assert_eq!(found, expected.map(|(period, shape)| (period.to_owned(), shape)), "{name}");
        }
    }
}
