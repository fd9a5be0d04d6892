//! The figures for people: a page that needs no script, with its charts drawn here.
//!
//! Every chart is an SVG with a title and a description, and stands above a table with the same
//! numbers. The page never shows a share without its count and its interval.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use minijinja::{Value, context};

use super::{Pages, Visitor};
use crate::{
    app::App,
    http::{
        api::stats,
        auth::{bearer, cookie},
        context::BaseUrl,
        error::{ApiError, Code},
        extract::{BodyKind, Payload, QueryString},
    },
    insight::figures::{Cause, Deflection, Figure, Figures, LeftOut, TICKET_WINDOWS_H, TopQuery},
};

/// Name of the cookie that lets an agent read the figures; only sent to `/stats` and never to scripts.
pub(super) const COOKIE: &str = "zerodesk_stats";
/// Rows in each list of queries.
const MAX_ROWS: usize = 20;
/// How long the cookie lasts, in seconds.
const COOKIE_AGE_S: u32 = 12 * 60 * 60;

/// `GET /stats`: the figures, or the form that asks for a token.
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let token = bearer(&headers).or_else(|| cookie(&headers, COOKIE));
    match stats::figures(&app, token, &query).await {
        Ok(figures) => {
            let sites: Vec<String> = app.config.sites.keys().cloned().collect();
            Ok(private(pages.render("stats.html", &visitor, page(&figures, &sites, &visitor.lang))?))
        }
        Err(error) if error.code == Code::Unauthorized => sign_in_form(&pages, &visitor, token.is_some()),
        Err(error) => Err(error),
    }
}

/// `POST /stats`: takes the token of the form and comes back to the page.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
    payload: Payload,
) -> Result<Response, ApiError> {
    let fields = payload.only(&[BodyKind::Form])?.form();
    let token = fields.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token.trim().to_owned());
    if !stats::is_agent(&app, token.as_deref()).await? {
        return sign_in_form(&pages, &visitor, true);
    }
    let secure = if base.as_str().starts_with("https:") { "; Secure" } else { "" };
    let token = token.unwrap_or_default();
    let cookie = format!("{COOKIE}={token}; Path=/stats; HttpOnly; SameSite=Strict; Max-Age={COOKIE_AGE_S}{secure}");
    let back = format!("/stats?{}lang={}", visitor.site_query(), visitor.lang);
    let mut response = Redirect::to(&back).into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(ApiError::internal)?);
    Ok(response)
}

pub(super) fn sign_in_form(pages: &Pages, visitor: &Visitor, wrong: bool) -> Result<Response, ApiError> {
    let mut response = private(pages.render("stats_sign_in.html", visitor, context! { wrong })?);
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    Ok(response)
}

fn private(page: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "private, no-store")], page).into_response()
}

/// What the template needs, with numbers written as the language writes them.
fn page(figures: &Figures, sites: &[String], lang: &str) -> Value {
    let Figures { window, funnel, .. } = figures;
    let last = window.to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(window.to);
    let headline = figures.deflection.first();
    context! {
        sites => sites.to_vec(), from => day(window.from), to => day(last), chosen_site => window.site.clone(),
        headline => headline.map(|row| share(&row.confirmed, lang)),
        reversed => headline.map(|row| share(&row.reversed, lang)),
        pending => headline.map_or(0, |row| row.pending),
        bar => headline.map(bar),
        outcomes => outcomes(&figures.deflection, lang),
        windows => TICKET_WINDOWS_H,
        no_answer => share(&figures.no_answer, lang),
        helpful => share(&figures.helpful.rate, lang), reads => figures.helpful.reads,
        funnel => steps(&[
            ("searched", funnel.searched), ("answered", funnel.answered), ("clicked", funnel.clicked),
            ("form_opened", funnel.form_opened), ("submitted", funnel.submitted),
        ]),
        without_search => funnel.form_opened_without_search,
        submitted_without_search => funnel.submitted_without_search,
        top_queries => rows(&figures.top_queries), top_no_answer => rows(&figures.top_no_answer),
        min_visitors => figures.min_visitors,
        left_out => left_out(&figures.left_out),
    }
}

fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// A share as text; `value`, `low` and `high` are absent where there is nothing to show.
fn share(figure: &Figure, lang: &str) -> Value {
    context! {
        value => figure.value.map(|value| percent(value, lang)),
        low => figure.interval.map(|interval| percent(interval.low, lang)),
        high => figure.interval.map(|interval| percent(interval.high, lang)),
        count => figure.count, n => figure.n, definition => figure.definition,
    }
}

/// `0.2304` as `23.0 %`, or `23,0 %` where a comma marks decimals.
fn percent(value: f64, lang: &str) -> String {
    let text = format!("{:.1}\u{a0}%", 100.0 * value);
    if matches!(lang.split('-').next(), Some("nl" | "de")) { text.replace('.', ",") } else { text }
}

fn shares(row: &Deflection) -> [(&'static str, &Figure); 4] {
    [
        ("confirmed", &row.confirmed),
        ("potential", &row.potential),
        ("unexplained_exit", &row.unexplained_exit),
        ("submitted", &row.submitted),
    ]
}

/// The stacked bar: where each part begins and how wide it is, in a drawing 1000 wide.
fn bar(row: &Deflection) -> Vec<Value> {
    let mut x = 0.0;
    let part = |(name, figure): (&str, &Figure)| {
        let width = 1000.0 * figure.value.unwrap_or_default();
        let part = context! { name, x => format!("{x:.1}"), width => format!("{width:.1}") };
        x += width;
        part
    };
    shares(row).into_iter().map(part).collect()
}

/// The table behind the bar: one row an outcome, one column a ticket window.
fn outcomes(deflection: &[Deflection], lang: &str) -> Vec<Value> {
    (0..4)
        .map(|i| {
            let name = deflection.first().map_or("", |row| shares(row)[i].0);
            let columns: Vec<Value> = deflection.iter().map(|row| share(shares(row)[i].1, lang)).collect();
            context! { name, columns }
        })
        .collect()
}

/// The funnel: each step with the width of its bar, in a drawing 1000 wide.
fn steps(steps: &[(&str, u64)]) -> Vec<Value> {
    let most = steps.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1) as f64;
    let step = |(name, count): &(&str, u64)| {
        context! { name => *name, count => *count, width => format!("{:.1}", 1000.0 * *count as f64 / most) }
    };
    steps.iter().map(step).collect()
}

fn rows(queries: &[TopQuery]) -> Vec<Value> {
    let row = |TopQuery { query, visitors, searches, no_answer }: &TopQuery| {
        context! { query => query.clone(), visitors => *visitors, searches => *searches, no_answer => *no_answer }
    };
    queries.iter().take(MAX_ROWS).map(row).collect()
}

fn left_out(rows: &[LeftOut]) -> Vec<Value> {
    let name = |cause| match cause {
        Cause::DeclaredBot => "declared_bot",
        Cause::TooManySearches => "too_many_searches",
        Cause::NoInteraction => "no_interaction",
    };
    let row = |row: &LeftOut| context! { cause => name(row.cause), visitors => row.visitors, events => row.events };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::{Event, EventKind, MaskedText, Origin, Salts, Session, Trigger, Window};
    use crate::search::Decision;

    fn visitor(lang: &str) -> Visitor {
        Visitor {
            lang: lang.into(),
            lang_chosen: true,
            languages: vec!["en".into(), "nl".into(), "de".into()],
            site: "default".into(),
            site_name: "Help".into(),
            path: "/stats".into(),
        }
    }

    fn figures(visits: u64) -> Figures {
        let at: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let origin = Origin { site: "default".into(), ..Origin::default() };
        let search = EventKind::SearchPerformed {
            query: MaskedText::new("<b>coffee</b> & cake"),
            language: None,
            total: 0,
            shown: vec![],
            decision: Decision::NoAnswer,
            confidence: 0.1,
            latency_us: 1,
            trigger: Trigger::Enter,
        };
        let form = EventKind::FormOpened { from: "no_answer".into(), query_id: None };
        let solved = EventKind::MarkedSolved { article: None, query_id: None };
        let mut events = Vec::new();
        for visit in 0..visits {
            let visitor = Salts::default().visitor(&Session::generate(), at);
            let mut kinds = vec![search.clone(), form.clone()];
            kinds.extend((visit % 4 == 0).then(|| solved.clone()));
            events.extend(kinds.into_iter().map(|kind| Event::new(&visitor, origin.clone(), at, kind)));
        }
        let day = SignedDuration::from_hours(24);
        Figures::of(&events, Window { site: "default".into(), from: at - day, to: at + day, as_of: at + day })
    }

    fn rendered(visits: u64, lang: &str) -> String {
        let site = "default".to_owned();
        let page = page(&figures(visits), &[site], lang);
        Pages::new().unwrap().render("stats.html", &visitor(lang), page).unwrap().0
    }

    #[test]
    fn the_page_says_how_sure_it_is() {
        for (lang, value) in [("en", "25.0\u{a0}%"), ("nl", "25,0\u{a0}%"), ("de", "25,0\u{a0}%")] {
            let html = rendered(8, lang);
            for part in [value, "<svg", "<title", "<desc", "&lt;b&gt;coffee&lt;/b&gt; &amp; cake"] {
                assert!(html.contains(part), "{lang}: {part} is missing");
            }
            assert!(!html.contains("style=") && !html.contains("<b>coffee"), "{lang}");
        }
    }

    #[test]
    fn without_visits_there_is_a_page_without_shares() {
        for lang in ["en", "nl", "de"] {
            let html = rendered(0, lang);
            assert!(!html.contains("\u{a0}%") && !html.contains("NaN"), "{lang}");
        }
    }

    #[test]
    fn the_sign_in_form_is_a_form() {
        let html = Pages::new().unwrap().render("stats_sign_in.html", &visitor("en"), context! { wrong => true });
        assert!(html.unwrap().0.contains("type=\"password\""));
    }
}
