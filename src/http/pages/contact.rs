//! The form that asks a person. It works without JavaScript and shows what goes along.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use minijinja::{Value, context, value::Serde};
use ulid::Ulid;

use super::{Pages, Visitor};
use crate::{
    app::App,
    desk::{AskedExternal, CallWindow, Callback, Client, Consent, HandoffReason, Page},
    http::{
        api::tickets::{RequesterRequest, TicketRequest},
        client::{client, origin},
        context::BaseUrl,
        error::ApiError,
        extract::{self, QueryString},
        links,
    },
    insight::{Event, EventId, EventKind, Surface, Trail},
};

/// What was typed, as it comes from the form.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Form {
    idempotency_key: String,
    session: String,
    site: String,
    query_id: String,
    reason: String,
    subject: String,
    message: String,
    name: String,
    email: String,
    phone: String,
    lang: String,
    time_zone: String,
    callback_phone: String,
    /// Up to three times for a call-back: day, from, until.
    windows: Vec<[String; 3]>,
    vendor: String,
    vendor_consent: bool,
    /// The page that the visitor came from, where it was an article.
    page_url: String,
    page_title: String,
    /// Lines of what goes along that were shown, and those of them that were not struck.
    lines: Vec<String>,
    along: Vec<String>,
    website: String,
}

/// Times for a call-back that the form has room for.
const WINDOWS: usize = 2;

impl Form {
    /// From names and values; unknown names are ignored, as forms of older pages may send them.
    #[must_use]
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "idempotency_key" => form.idempotency_key = value,
                "session" => form.session = value,
                "site" => form.site = value,
                "query_id" => form.query_id = value,
                "reason" => form.reason = value,
                "subject" => form.subject = value,
                "message" => form.message = value,
                "name" => form.name = value,
                "email" => form.email = value,
                "phone" => form.phone = value,
                "lang" => form.lang = value,
                "time_zone" => form.time_zone = value,
                "callback_phone" => form.callback_phone = value,
                "call_day" => form.windows.push([value, String::new(), String::new()]),
                "call_from" => form.last_window(1, value),
                "call_until" => form.last_window(2, value),
                "page_url" => form.page_url = value,
                "page_title" => form.page_title = value,
                "vendor" => form.vendor = value,
                "vendor_consent" => form.vendor_consent = true,
                "line" => form.lines.push(value),
                "along" => form.along.push(value),
                "website" => form.website = value,
                _ => {}
            }
        }
        form
    }

    fn last_window(&mut self, part: usize, value: String) {
        if let Some(window) = self.windows.last_mut() {
            window[part] = value;
        }
    }

    /// The same as a request to the API.
    ///
    /// # Errors
    /// `invalid-value` in a field that is no text.
    pub fn request(&self) -> Result<TicketRequest, ApiError> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
        let windows = self.windows.iter().take(WINDOWS).filter_map(window).collect::<Result<Vec<_>, _>>()?;
        let phone = some(&self.callback_phone).or_else(|| some(&self.phone).filter(|_| !windows.is_empty()));
        let struck = self.lines.iter().filter(|line| !self.along.contains(line)).cloned().collect();
        Ok(TicketRequest {
            idempotency_key: some(&self.idempotency_key),
            site: some(&self.site),
            query_id: some(&self.query_id),
            session: some(&self.session),
            reason: reason(&self.reason),
            subject: self.subject.clone(),
            message: self.message.clone(),
            requester: RequesterRequest {
                name: self.name.clone(),
                email: some(&self.email),
                phone: some(&self.phone),
                ..RequesterRequest::default()
            },
            locale: some(&self.lang),
            time_zone: some(&self.time_zone),
            callback: phone.is_some().then_some(Callback { phone, windows }),
            external: AskedExternal { vendor: some(&self.vendor), consent: self.vendor_consent },
            consent: Some(Consent { fields_removed: struck, ..Consent::default() }),
            lines: Some(self.lines.clone()),
            website: some(&self.website),
            page: some(&self.page_url).map(|url| Page { url, title: self.page_title.clone() }),
            ..TicketRequest::default()
        })
    }

    /// Whether it was sent sooner than a person can fill it in. The key tells when the form was opened.
    #[must_use]
    pub fn too_fast(&self, fill_time_s: u32, now: Timestamp) -> bool {
        let opened_ms = self.idempotency_key.parse::<Ulid>().map(|key| key.timestamp_ms());
        // What was opened later than now was so before the clock was put right.
        let too_fast = 0..i64::from(fill_time_s) * 1000;
        opened_ms.is_ok_and(|opened| too_fast.contains(&(now.as_millisecond() - opened.cast_signed())))
    }
}

/// A time as the form's fields have it; nothing where the day was left empty.
pub(super) fn window([day, from, until]: &[String; 3]) -> Option<Result<CallWindow, ApiError>> {
    if day.is_empty() {
        return None;
    }
    let moment = |clock: &str| format!("{day}T{clock}").parse();
    let wrong = |_| ApiError::invalid("callback.windows", "Choose day, beginning and end of each time.");
    Some(moment(from).and_then(|from| Ok(CallWindow { from, until: moment(until)? })).map_err(wrong))
}

fn reason(name: &str) -> HandoffReason {
    serde_json::from_value(name.into()).unwrap_or_default()
}

/// `GET /contact?query_id=...`
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
    query: QueryString,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let one = |name| query.one(name).unwrap_or_default().to_owned();
    let snapshot = app.snapshot();
    let from = query.one("article").and_then(|slug| snapshot.catalog().by_slug(slug));
    let form = Form {
        // Tells when the form was opened, too.
        idempotency_key: key(app.now()),
        // Ties the ticket to the opening of this form, also without JavaScript.
        session: Ulid::generate().to_string(),
        site: visitor.site.clone(),
        query_id: one("query_id"),
        reason: one("reason"),
        subject: one("subject"),
        lang: visitor.lang.clone(),
        page_url: from.map_or_else(String::new, |entry| base.join(&links::page_of(&visitor.site, entry))),
        page_title: from.map_or_else(String::new, |entry| entry.front_matter.title.clone()),
        ..Form::default()
    };
    opened(&app, &visitor, &form, &headers);
    page(&app, &pages, &visitor, &form, &headers, None).await
}

/// The form once more, with what was typed and what is wrong with it.
///
/// # Errors
/// A fault in the template.
pub async fn again(
    app: &App,
    pages: &Pages,
    mut visitor: Visitor,
    form: &Form,
    headers: &HeaderMap,
    error: &ApiError,
) -> Result<Response, ApiError> {
    if visitor.languages.contains(&form.lang) {
        visitor.lang.clone_from(&form.lang);
    }
    // The form is posted to the API; its links belong to the page.
    visitor.path = "/contact".into();
    let mut response = page(app, pages, &visitor, form, headers, Some(error)).await?;
    *response.status_mut() = error.code.status();
    Ok(response)
}

async fn page(
    app: &App,
    pages: &Pages,
    visitor: &Visitor,
    form: &Form,
    headers: &HeaderMap,
    error: Option<&ApiError>,
) -> Result<Response, ApiError> {
    let trail = trail(app, form).await;
    let question = trail.searches.last().map_or("", |search| &search.query);
    let level = app.desk.ladder().suggest(None, question, Some(&visitor.lang));
    let snapshot = app.snapshot();
    let title =
        |slug: &str| snapshot.catalog().by_slug(slug).map_or(slug, |entry| &entry.front_matter.title).to_owned();
    let line = |name: String, text: String| {
        let kept = !form.lines.contains(&name) || form.along.contains(&name);
        context! { name => name, text => text, kept => kept }
    };
    let searches = trail.searches.iter().map(|s| line(format!("trail:{}", s.query_id.as_str()), s.query.clone()));
    let articles = trail.articles.iter().map(|a| line(format!("read:{}", a.article), title(&a.article)));
    let Client { user_agent_family, os, .. } = client(headers);
    let windows = (0..WINDOWS).map(|at| form.windows.get(at).cloned().unwrap_or_default());
    let problem = error.map_or(Value::UNDEFINED, |error| problem(pages, visitor, error));
    let values = context! {
        form => Value::from(Serde(form)), problem => problem,
        searches => searches.collect::<Vec<_>>(), articles => articles.collect::<Vec<_>>(),
        page => line("page".into(), form.page_title.clone()),
        client => line("client".into(), format!("{user_agent_family} {os}").trim().to_owned()),
        locale => line("locale".into(), visitor.lang.clone()),
        windows => windows.collect::<Vec<_>>(),
        zone => app.desk.calendar(&visitor.site).zone().iana_name().unwrap_or("UTC"),
        today => app.desk.calendar(&visitor.site).zone().to_datetime(app.now()).date().to_string(),
        needs => app.desk.ladder().needs(level).map(|needs| Value::from(Serde(needs))),
    };
    let html = pages.render("contact.html", visitor, values)?;
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], html).into_response())
}

/// A new key that begins with the time.
fn key(now: Timestamp) -> String {
    Ulid::from_parts(u64::try_from(now.as_millisecond()).unwrap_or(0), Ulid::generate().random()).to_string()
}

/// What is wrong, in the visitor's language where the form's own checks are meant.
fn problem(pages: &Pages, visitor: &Visitor, error: &ApiError) -> Value {
    let field = error.field.as_deref().unwrap_or_default();
    let word = pages.word(&visitor.lang, &format!("contact_wrong_{}", field.rsplit('.').next().unwrap_or(field)));
    let detail = if word.is_empty() { error.detail.clone() } else { word };
    context! { field => field, detail => detail }
}

/// What would go along. The page is worth showing without it, too.
async fn trail(app: &App, form: &Form) -> Trail {
    let Ok(query_id) = EventId::try_from(form.query_id.clone()) else { return Trail::default() };
    let Ok((site, _)) = extract::site(&app.config, Some(&form.site)) else { return Trail::default() };
    let visitor = app.insight.visitor(Some(&form.session), app.now());
    app.insight.trail(site, &visitor, Some(&query_id)).await.unwrap_or_default()
}

fn opened(app: &App, visitor: &Visitor, form: &Form, headers: &HeaderMap) {
    let query_id = EventId::try_from(form.query_id.clone()).ok();
    let from = if query_id.is_some() { "search" } else { "link" };
    let origin = origin(headers, &visitor.site, Surface::Form, &visitor.lang, Some(&form.session));
    let (now, kind) = (app.now(), EventKind::FormOpened { from: from.into(), query_id });
    app.insight.record(Event::new(&app.insight.visitor(Some(&form.session), now), origin, now, kind));
}
