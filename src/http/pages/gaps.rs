//! What is asked and not answered: the page for whoever writes the articles.
//!
//! It shows what visitors typed, masked, however few typed it, so it is for agents only, even where the
//! figures are public. It never writes an article.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use minijinja::{Value, context};

use super::{
    Pages, Visitor,
    stats::{COOKIE, sign_in_form},
};
use crate::{
    app::App,
    http::{
        api::stats,
        auth::{bearer, cookie},
        error::ApiError,
        extract::{self, QueryString},
    },
    insight::{
        Window,
        gaps::{Gap, Gaps, Shortfall, Tally},
    },
};

/// Spans of time to choose from, in days.
const DAYS: [i64; 4] = [7, 30, 90, 365];
/// Gaps on the page.
const MAX_ROWS: usize = 50;

/// `GET /stats/gaps`: the gaps, the most urgent first. Without a token it asks for one.
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let token = bearer(&headers).or_else(|| cookie(&headers, COOKIE));
    if !stats::is_agent(&app, token).await? {
        return sign_in_form(&pages, &visitor, token.is_some());
    }
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let asked = query.one("days").and_then(|days| days.parse().ok());
    let days = asked.filter(|days| DAYS.contains(days)).unwrap_or(DAYS[1]);
    let now = app.now();
    let from = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let window = Window { site: key.to_owned(), from, to: now, as_of: now };
    let (searcher, search) = (app.searcher.clone(), app.config.search.clone());
    let gaps = app.insight.gaps(window, searcher, site.clone(), search).await?;
    let sites: Vec<String> = app.config.sites.keys().cloned().collect();
    let page = pages.render("gaps.html", &visitor, page(&gaps, days, &sites))?;
    Ok(([(header::CACHE_CONTROL, "private, no-store")], page).into_response())
}

fn page(gaps: &Gaps, days: i64, sites: &[String]) -> Value {
    let (closed, open): (Vec<&Gap>, Vec<&Gap>) = gaps.gaps.iter().take(MAX_ROWS).partition(|gap| gap.closing.is_some());
    context! {
        all_days => DAYS.to_vec(), days, sites => sites.to_vec(), chosen_site => gaps.window.site.clone(),
        searches => gaps.searches, unanswered => gaps.unanswered, total => gaps.total,
        open => open.into_iter().map(row).collect::<Vec<_>>(), closed => closed.into_iter().map(row).collect::<Vec<_>>(),
    }
}

fn row(gap: &Gap) -> Value {
    let shortfall = gap.shortfall.map(|shortfall| match shortfall {
        Shortfall::NothingFound => "nothing_found",
        Shortfall::WordsMissing => "words_missing",
        Shortfall::Unsure => "unsure",
        Shortfall::NotHelpful => "not_helpful",
        Shortfall::Ticketed => "ticketed",
    });
    let tally = |tally: Tally| context! { searches => tally.searches, unanswered => tally.unanswered };
    context! {
        question => gap.question.clone(), language => gap.language.clone(),
        visitors => gap.visitors, earlier => gap.earlier, recent => gap.recent,
        others => gap.phrasings.iter().skip(1).take(5).map(|phrasing| phrasing.text.clone()).collect::<Vec<_>>(),
        nearest => gap.nearest.as_ref().map(|nearest| {
            context! { article => nearest.article.clone(), title => nearest.title.clone(),
                percent => format!("{:.0}", 100.0 * nearest.confidence) }
        }),
        missing => gap.missing.join(", "), shortfall,
        closing => gap.closing.as_ref().map(|closing| {
            context! { since => closing.since.map(|at| at.strftime("%F").to_string()),
                before => tally(closing.before), after => tally(closing.after) }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::gaps::{Causes, Closing, Nearest, Phrasing};

    #[test]
    fn the_page_tells_what_is_missing_and_what_was_closed() {
        let now: jiff::Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let gap = Gap {
            question: "<i>pay</i> with paypal".into(),
            language: "en".into(),
            phrasings: vec![
                Phrasing { text: "pay".into(), visitors: 3 },
                Phrasing { text: "paypal?".into(), visitors: 1 },
            ],
            visitors: 4,
            searches: 5,
            earlier: 1,
            recent: 3,
            causes: Causes::default(),
            nearest: Some(Nearest { article: "invoices".into(), title: "Invoices".into(), confidence: 0.25 }),
            missing: vec!["paypal".into()],
            shortfall: Some(Shortfall::WordsMissing),
            closing: None,
        };
        let tally = |searches, unanswered| Tally { searches, unanswered };
        let closing = Closing { article: "invoices".into(), since: Some(now), before: tally(9, 8), after: tally(7, 1) };
        let closed = Gap { shortfall: None, closing: Some(closing), ..gap.clone() };
        let window = Window { site: "default".into(), from: now, to: now, as_of: now };
        let gaps = Gaps { window, searches: 9, unanswered: 5, total: 2, gaps: vec![gap, closed] };
        for lang in ["en", "nl", "de"] {
            let visitor = Visitor {
                lang: lang.into(),
                lang_chosen: true,
                languages: vec!["en".into(), "nl".into(), "de".into()],
                site: "default".into(),
                site_name: "Help".into(),
                path: "/stats/gaps".into(),
            };
            let page = page(&gaps, 30, &["default".into()]);
            let html = Pages::new().unwrap().render("gaps.html", &visitor, page).unwrap().0;
            for part in ["&lt;i&gt;pay&lt;/i&gt; with paypal", "paypal?", "/a/invoices", "2026-11-22"] {
                assert!(html.contains(part), "{lang}: {part} is missing");
            }
            assert!(!html.contains('{') && !html.contains("<i>pay"), "{lang}");
        }
    }
}
