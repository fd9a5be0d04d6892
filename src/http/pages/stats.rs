//! The figures for people: a page that needs no script, with its charts drawn here.
//!
//! Every chart is an SVG with a title and a description, and stands beside a table with the same
//! numbers. The page never shows a share without its count and its interval, and never compares two
//! periods without saying how sure the difference is.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use minijinja::{Value, context};

use super::{
    Pages, Visitor,
    charts::{self, Line},
};
use crate::{
    app::App,
    config::Site,
    desk::{OutboxState, SupportLevel},
    http::{
        api::stats,
        auth::{bearer, cookie},
        context::BaseUrl,
        error::{ApiError, Code},
        extract::{BodyKind, Payload, QueryString},
        observe::policy_framed_by,
    },
    insight::{
        Period, Window,
        figures::{
            ArticleFigures, Deflection, Figure, Figures, Holdout, LeftOut, Point, Row, Share, TICKET_WINDOWS_H,
            TopQuery,
        },
        intervals::newcombe,
    },
};

/// Name of the cookie that lets an agent read the figures; only sent to `/stats` and never to scripts.
pub(super) const COOKIE: &str = "zerodesk_stats";
/// Rows in each list.
const MAX_ROWS: usize = 20;
/// How long the cookie lasts, in seconds.
const COOKIE_AGE_S: u32 = 12 * 60 * 60;
/// Closed months that are linked.
const MONTHS: usize = 12;
/// Dead letters that are counted by connector.
const MAX_LETTERS: u32 = 100;

/// `GET /stats`: the figures, or the form that asks for a token.
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, ApiError> {
    let token = token(&headers);
    let figures = match stats::figures(&app, token, &query).await {
        Ok(figures) => figures,
        Err(error) if error.code == Code::Unauthorized => return sign_in_form(&pages, &visitor, token.is_some()),
        Err(error) => return Err(error),
    };
    let before = app.insight.figures_of(before(&figures.window), figures.slice.clone()).await?;
    let site = app.config.sites.get(&figures.window.site).cloned().unwrap_or_default();
    let shown = Shown { figures: &figures, before: Some(&before), site: &site, visitor: &visitor, app: &app };
    let now = context! {
        live => true, months => months(&app, &figures.window.site).await?, delivery => deliveries(&app, &figures).await?,
        dropped => app.insight.dropped(), presets => presets(app.now(), &figures.window),
    };
    let page = pages.render("stats.html", &visitor, context! { ..now, ..shown.page() })?;
    Ok(framed(private(page), &site))
}

/// The token of a request for figures.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| cookie(headers, COOKIE))
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

/// Lets those pages frame the figures that the site allows, and no others.
pub(super) fn framed(mut response: Response, site: &Site) -> Response {
    if let Ok(policy) = HeaderValue::from_str(&policy_framed_by(site.frame_ancestors.iter())) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The window of the same length before this one.
fn before(window: &Window) -> Window {
    let (first, last) = window.days();
    let length = first.until(last).map_or(0, |span| span.get_days()) + 1;
    let earlier = |day: Date| day.checked_sub(length.days()).unwrap_or(Date::MIN);
    Window::of_days(&window.site, earlier(first), earlier(last), window.as_of)
}

/// Periods that people often want, with their names: first and last day, and whether it is the one shown.
fn presets(now: Timestamp, window: &Window) -> Vec<Value> {
    let today = day(now);
    let (first, last) = window.days();
    let lengths = [("7", 7), ("30", 30), ("90", 90), ("365", 365)];
    let preset = |(name, days): (&'static str, i32)| {
        let from = today.checked_sub((days - 1).days()).unwrap_or(today);
        context! { name, from => from.to_string(), to => today.to_string(), current => (from, today) == (first, last) }
    };
    lengths.into_iter().map(preset).collect()
}

/// The names of the closed months about which there is something to tell, the newest first.
async fn months(app: &App, site: &str) -> Result<Vec<String>, ApiError> {
    let Some(first) = app.insight.first_day(site).await? else { return Ok(Vec::new()) };
    let now = app.now();
    let newest = std::iter::successors(Some(Period::month_of(day(now))), |month| Some(month.before()));
    let closed = newest.skip_while(|month| now < month.closes()).take_while(|month| month.days().1 >= first);
    Ok(closed.take(MONTHS).map(|month| month.to_string()).collect())
}

/// What connectors did in the period, and what is wrong with them now.
async fn deliveries(app: &App, figures: &Figures) -> Result<Value, ApiError> {
    let waiting = app.desk.outbox_counts().await?;
    let waiting =
        waiting.iter().filter(|(state, _)| *state == OutboxState::Pending).map(|(_, count)| count).sum::<u64>();
    let (letters, dead) = app.desk.dead_letters(MAX_LETTERS, 0).await?;
    let mut rows: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for row in &figures.connectors {
        let entry = rows.entry(&row.connector).or_default();
        (entry.0, entry.1) = (row.delivered, row.mean_latency_ms);
    }
    for letter in &letters {
        rows.entry(&letter.entry.connector).or_default().2 += 1;
    }
    let row = |(name, (delivered, latency_ms, dead)): (&&str, &(u64, u64, u64))| {
        context! { name => (*name).to_owned(), delivered, seconds => format!("{:.1}", *latency_ms as f64 / 1000.0), dead }
    };
    Ok(context! { rows => rows.iter().map(row).collect::<Vec<_>>(), waiting, dead })
}

/// Figures with everything that is needed to show them.
pub(super) struct Shown<'a> {
    pub figures: &'a Figures,
    pub before: Option<&'a Figures>,
    pub site: &'a Site,
    pub visitor: &'a Visitor,
    pub app: &'a App,
}

impl Shown<'_> {
    /// What the template needs, with numbers written as the language writes them.
    pub fn page(&self) -> Value {
        let level =
            |name: &str| name.parse().ok().map(|level| self.app.desk.ladder().name(SupportLevel(level), self.lang()));
        let level = |row: &Row| level(&row.name).map_or_else(String::new, |name| format!("{} – {name}", row.name));
        let figures = self.figures;
        let sites: Vec<String> = self.app.config.sites.keys().cloned().collect();
        context! {
            levels => figures.levels.iter().map(|row| group(row, level(row), self.lang())).collect::<Vec<_>>(),
            ..page(figures, self.before, self.site, &sites, self.lang())
        }
    }

    fn lang(&self) -> &str {
        &self.visitor.lang
    }
}

fn page(figures: &Figures, before: Option<&Figures>, site: &Site, sites: &[String], lang: &str) -> Value {
    let Figures { window, funnel, slice, .. } = figures;
    let (first, last) = window.days();
    let headline = figures.deflection.first();
    let earlier = before.and_then(|before| before.deflection.first());
    let named = |row: &Row| group(row, row.name.clone(), lang);
    let facts = context! {
        sites => sites.to_vec(), from => first.to_string(), to => last.to_string(), chosen_site => window.site.clone(),
        slice => context! { language => slice.language.clone(), kind => slice.kind.clone(), level => slice.level },
        headline => headline.map(|row| share(&row.confirmed, lang)),
        change => headline.zip(earlier).map(|(now, before)| change(&now.confirmed, &before.confirmed, lang)),
        money => headline.and_then(|row| money(&row.confirmed, site, lang)),
        reversed => headline.map(|row| share(&row.reversed, lang)),
        pending => headline.map_or(0, |row| row.pending),
        bar => headline.map(bar),
        outcomes => outcomes(&figures.deflection, lang),
        windows => TICKET_WINDOWS_H,
        funnel => steps(&[
            ("searched", funnel.searched), ("answered", funnel.answered), ("clicked", funnel.clicked),
            ("form_opened", funnel.form_opened), ("submitted", funnel.submitted),
        ]),
        without_search => funnel.form_opened_without_search,
        submitted_without_search => funnel.submitted_without_search,
        over_time => over_time(&figures.series, lang),
    };
    let answers = context! {
        no_answer => share(&figures.no_answer, lang),
        no_answer_change => before.map(|before| change(&figures.no_answer, &before.no_answer, lang)),
        helpful => share(&figures.helpful.rate, lang), reads => figures.helpful.reads,
        helpful_change => before.map(|before| change(&figures.helpful.rate, &before.helpful.rate, lang)),
        response => share(&figures.helpful.response, lang),
        success => figures.success.first().map(|row| context! { lower => share(&row.lower, lang), upper => share(&row.upper, lang) }),
        answer_existed => share(&figures.answer_existed, lang),
        holdout => figures.holdout.first().map(|row| experiment(row, lang)),
        ratio => figures.self_service_ratio.ratio.map(|ratio| number(ratio, 1, lang)),
        sessions => figures.self_service_ratio.sessions, ticket_users => figures.self_service_ratio.ticket_users,
        elsewhere => figures.contact_elsewhere,
    };
    let lists = context! {
        levels => figures.levels.iter().map(named).collect::<Vec<_>>(),
        by_language => figures.languages.iter().map(named).collect::<Vec<_>>(),
        by_kind => figures.kinds.iter().map(named).collect::<Vec<_>>(),
        surfaces => figures.surfaces.iter().map(|(name, visits)| context! { name, visits }).collect::<Vec<_>>(),
        articles => figures.articles.iter().take(MAX_ROWS).map(|row| article(row, lang)).collect::<Vec<_>>(),
        top_queries => rows(&figures.top_queries), top_no_answer => rows(&figures.top_no_answer),
        min_visitors => figures.min_visitors,
        left_out => left_out(&figures.left_out),
        rules => figures.rules, definitions => definitions(figures),
    };
    context! { ..facts, ..answers, ..lists }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// A share as text; `value`, `low` and `high` are absent where there is nothing to show.
fn share(figure: &Figure, lang: &str) -> Value {
    context! {
        definition => figure.definition.clone(),
        ..short(&Share { count: figure.count, n: figure.n, value: figure.value, interval: figure.interval }, lang)
    }
}

fn short(share: &Share, lang: &str) -> Value {
    context! {
        value => share.value.map(|value| percent(value, lang)),
        low => share.interval.filter(|_| share.value.is_some()).map(|interval| percent(interval.low, lang)),
        high => share.interval.filter(|_| share.value.is_some()).map(|interval| percent(interval.high, lang)),
        count => share.count, n => share.n,
    }
}

/// `0.2304` as `23.0 %`, or `23,0 %` where a comma marks decimals.
pub(super) fn percent(value: f64, lang: &str) -> String {
    number(100.0 * value, 1, lang) + "\u{a0}%"
}

fn number(value: f64, decimals: usize, lang: &str) -> String {
    let text = format!("{value:.decimals$}");
    if matches!(lang.split('-').next(), Some("nl" | "de")) { text.replace('.', ",") } else { text }
}

/// How a share differs from that of the period before: `more`, `less` or `unsure`, and by how many points.
fn change(now: &Figure, before: &Figure, lang: &str) -> Value {
    let found =
        newcombe((now.count, now.n), (before.count, before.n)).filter(|_| now.value.and(before.value).is_some());
    let way = found.map(|found| match (found.interval.low > 0.0, found.interval.high < 0.0) {
        (true, _) => "more",
        (_, true) => "less",
        _ => "unsure",
    });
    context! {
        way, before => share(before, lang),
        points => found.map(|found| number(100.0 * found.value.abs(), 1, lang)),
        low => found.map(|found| number(100.0 * found.interval.low, 1, lang)),
        high => found.map(|found| number(100.0 * found.interval.high, 1, lang)),
    }
}

/// What confirmed deflection saved, where the operator said what a ticket costs.
fn money(confirmed: &Figure, site: &Site, lang: &str) -> Option<Value> {
    let (cost, interval) = site.ticket_cost.zip(confirmed.interval)?;
    let amount = |tickets: f64| number(tickets * cost, 0, lang);
    let of_all = |share: f64| share * confirmed.n as f64;
    Some(context! {
        currency => site.currency.clone(), amount => amount(confirmed.count as f64),
        low => amount(of_all(interval.low)), high => amount(of_all(interval.high)), cost => number(cost, 2, lang),
    })
}

fn experiment(row: &Holdout, lang: &str) -> Value {
    let rounded = |value: f64| number(value, 0, lang);
    context! {
        held => share(&row.held, lang), shown => share(&row.shown, lang),
        avoided => row.tickets_avoided.map(rounded),
        low => row.tickets_avoided_interval.map(|interval| rounded(interval.low)),
        high => row.tickets_avoided_interval.map(|interval| rounded(interval.high)),
        points => row.difference.map(|found| number(100.0 * found.value, 1, lang)),
        points_low => row.difference.map(|found| number(100.0 * found.interval.low, 1, lang)),
        points_high => row.difference.map(|found| number(100.0 * found.interval.high, 1, lang)),
        needed => row.form_opens_needed,
    }
}

fn shares(row: &Deflection) -> [(&'static str, &Figure); 4] {
    [
        ("confirmed", &row.confirmed),
        ("potential", &row.potential),
        ("unexplained_exit", &row.unexplained_exit),
        ("submitted", &row.submitted),
    ]
}

/// The stacked bar.
fn bar(row: &Deflection) -> Vec<Value> {
    charts::parts(&shares(row).map(|(name, figure)| (name, figure.value.unwrap_or_default())))
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

/// The funnel: each step with the width of its bar and its share of the first.
fn steps(steps: &[(&str, u64)]) -> Vec<Value> {
    let most = steps.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let step = |(name, count): &(&str, u64)| {
        context! { name => *name, count => *count, width => charts::width(*count, most) }
    };
    steps.iter().map(step).collect()
}

/// Confirmed deflection and missing answers over time, with the columns of searches behind; and the same as rows.
fn over_time(series: &[Point], lang: &str) -> Value {
    let row = |point: &Point| {
        context! {
            from => point.from.to_string(), to => (point.to != point.from).then(|| point.to.to_string()),
            searches => point.searches,
            confirmed => short(&point.confirmed, lang), no_answer => short(&point.no_answer, lang),
            submitted => short(&point.submitted, lang),
        }
    };
    let line = |share: fn(&Point) -> Share| {
        Line::of(&series.iter().map(share).collect::<Vec<_>>()).page(|share| percent_short(share, lang))
    };
    let searches: Vec<u64> = series.iter().map(|point| point.searches).collect();
    let ends: Vec<String> = [series.first(), series.get(series.len() / 2), series.last()]
        .into_iter()
        .flatten()
        .map(|point| point.from.to_string())
        .collect();
    context! {
        confirmed => line(|point| point.confirmed), no_answer => line(|point| point.no_answer),
        searches => charts::columns(&searches), most => searches.iter().max().copied().unwrap_or_default(),
        ends => if series.len() > 2 { ends } else { Vec::new() },
        any => series.iter().any(|point| point.searches + point.confirmed.n > 0),
        rows => series.iter().map(row).collect::<Vec<_>>(),
    }
}

fn percent_short(value: f64, lang: &str) -> String {
    let decimals = usize::from(value > 0.0 && value < 0.05);
    number(100.0 * value, decimals, lang) + "\u{a0}%"
}

fn group(row: &Row, name: String, lang: &str) -> Value {
    context! {
        name, issues => row.issues, tickets => row.tickets, escalated => row.escalated,
        confirmed => short(&row.confirmed, lang), submitted => short(&row.submitted, lang),
        no_answer => short(&row.no_answer, lang),
    }
}

fn article(row: &ArticleFigures, lang: &str) -> Value {
    context! {
        slug => row.article.clone(), views => row.views, reads => row.reads, votes => row.votes, helpful => row.helpful,
        rate => row.helpful_rate.map(|rate| percent(rate, lang)),
        low => row.helpful_interval.map(|interval| percent(interval.low, lang)),
        high => row.helpful_interval.map(|interval| percent(interval.high, lang)),
        response => row.response_rate.map(|rate| percent(rate, lang)), tickets => row.tickets_after_reading,
    }
}

fn rows(queries: &[TopQuery]) -> Vec<Value> {
    let most = queries.iter().map(|row| row.visitors).max().unwrap_or_default();
    let row = |TopQuery { query, visitors, searches, no_answer }: &TopQuery| {
        context! {
            query => query.clone(), visitors => *visitors, searches => *searches, no_answer => *no_answer,
            width => charts::width(*visitors, most),
        }
    };
    queries.iter().take(MAX_ROWS).map(row).collect()
}

/// Those who were left out; causes that left nobody out are named together.
fn left_out(rows: &[LeftOut]) -> Vec<Value> {
    let row = |row: &LeftOut| context! { cause => row.cause.as_str(), visitors => row.visitors, events => row.events };
    rows.iter().filter(|row| row.visitors + row.events > 0).map(row).collect()
}

/// The versions of all definitions on the page.
fn definitions(figures: &Figures) -> String {
    let first = figures.deflection.first().map(|row| shares(row).map(|(_, figure)| figure.definition.clone()));
    let rest =
        [&figures.no_answer.definition, &figures.helpful.rate.definition, &figures.self_service_ratio.definition];
    let all: Vec<String> = first.into_iter().flatten().chain(rest.into_iter().cloned()).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    use crate::insight::{Event, EventKind, MaskedText, Origin, Salts, Session, Trigger};
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
            filters: Vec::new(),
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
        let (now, before) = (figures(visits), figures(visits / 2));
        let page = page(&now, Some(&before), &Site { ticket_cost: Some(15.0), ..Site::default() }, &[site], lang);
        let live = context! { live => true, months => vec!["2026-01"], dropped => 3, presets => presets(now.window.as_of, &now.window) };
        let page = context! { ..live, ..page };
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
