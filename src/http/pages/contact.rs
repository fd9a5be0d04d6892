//! The form that asks a person. It works without JavaScript and shows what goes along.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{Value, context, value::Serde};
use ulid::Ulid;

use super::{Pages, Visitor};
use crate::{
    app::App,
    desk::{Consent, HandoffReason},
    http::{
        api::tickets::{RequesterRequest, TicketRequest},
        client::is_bot,
        error::ApiError,
        extract::{self, QueryString},
    },
    insight::{Event, EventId, EventKind, Origin, Surface, Trail},
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
    share: bool,
    website: String,
}

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
                "share" => form.share = true,
                "website" => form.website = value,
                _ => {}
            }
        }
        form
    }

    /// The same as a request to the API.
    #[must_use]
    pub fn request(&self) -> TicketRequest {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        TicketRequest {
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
            consent: Some(Consent { context_shared: self.share, ..Consent::default() }),
            website: some(&self.website),
            ..TicketRequest::default()
        }
    }
}

fn reason(name: &str) -> HandoffReason {
    serde_json::from_value(name.into()).unwrap_or_default()
}

/// `GET /contact?query_id=...`
pub async fn show(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    visitor: Visitor,
    query: QueryString,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let one = |name| query.one(name).unwrap_or_default().to_owned();
    let form = Form {
        idempotency_key: Ulid::generate().to_string(),
        // Ties the ticket to the opening of this form, also without JavaScript.
        session: Ulid::generate().to_string(),
        site: visitor.site.clone(),
        query_id: one("query_id"),
        reason: one("reason"),
        subject: one("subject"),
        lang: visitor.lang.clone(),
        share: true,
        ..Form::default()
    };
    opened(&app, &visitor, &form, &headers);
    page(&app, &pages, &visitor, &form, None).await
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
    error: &ApiError,
) -> Result<Response, ApiError> {
    if visitor.languages.contains(&form.lang) {
        visitor.lang.clone_from(&form.lang);
    }
    // The form is posted to the API; its links belong to the page.
    visitor.path = "/contact".into();
    let mut response = page(app, pages, &visitor, form, Some(error)).await?;
    *response.status_mut() = error.code.status();
    Ok(response)
}

async fn page(
    app: &App,
    pages: &Pages,
    visitor: &Visitor,
    form: &Form,
    error: Option<&ApiError>,
) -> Result<Response, ApiError> {
    let trail = trail(app, form).await;
    let queries: Vec<String> = trail.searches.into_iter().map(|search| search.query).collect();
    let articles: Vec<String> = trail.articles.into_iter().map(|article| article.article).collect();
    let problem = error.map_or(Value::UNDEFINED, |error| problem(pages, visitor, error));
    let values =
        context! { form => Value::from(Serde(form)), queries => queries, articles => articles, problem => problem };
    let html = pages.render("contact.html", visitor, values)?;
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], html).into_response())
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
    let origin = Origin {
        site: visitor.site.clone(),
        surface: Surface::Form,
        locale: visitor.lang.clone(),
        bot: is_bot(headers),
        interacted: None,
    };
    let (now, kind) = (app.now(), EventKind::FormOpened { from: from.into(), query_id });
    app.insight.record(Event::new(&app.insight.visitor(Some(&form.session), now), origin, now, kind));
}
