//! Articles as data: the list, one as JSON, HTML or Markdown, and readers' verdicts on them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    article::{self, LinkTarget},
    config::Site,
    http::{
        assets, client,
        cors::ForeignOrigin,
        error::{ApiError, Code},
        extract::{self, BodyKind, Payload, QueryString},
        limits::SentFrom,
        links,
        pages::media::Pictures,
    },
    index::{Entry, Snapshot},
    insight::{Event, EventId, EventKind, MaskedText, Notes, Surface},
};

/// Articles in a list that asks for no number.
const DEFAULT_LIMIT: usize = 50;
/// Most articles in one list.
const MAX_LIMIT: usize = 500;

/// Lists the articles.
#[utoipa::path(get, path = "/api/v1/articles", tag = "articles", params(
    ("site" = Option<String>, Query, description = "Site key"),
    ("lang" = Option<String>, Query, description = "Only these languages"),
    ("kind" = Option<String>, Query, description = "Only these kinds"),
    ("tag" = Option<String>, Query, description = "Only articles with one of these tags"),
    ("product" = Option<String>, Query, description = "Only articles about one of these products"),
    ("limit" = Option<usize>, Query, description = "At most 500; 50 if not given"),
    ("offset" = Option<usize>, Query, description = "Articles to leave out from the top"),
), responses(
    (status = 200, body = ArticleList, description = "Articles by path"),
    (status = 404, body = crate::http::error::Problem<'_>, description = "No such site"),
    (status = 422, body = crate::http::error::Problem<'_>, description = "A parameter is not allowed"),
))]
pub async fn list(State(app): State<Arc<App>>, query: QueryString) -> Result<Json<ArticleList>, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let (limit, offset) = (query.number("limit", DEFAULT_LIMIT, MAX_LIMIT)?, query.number("offset", 0, usize::MAX)?);
    let wanted = Wanted::of(&query);
    let snapshot = app.snapshot();
    let found = || snapshot.catalog().iter().filter(|entry| is_listed(site, entry) && wanted.holds(entry));
    let articles = found().skip(offset).take(limit).map(|entry| ArticleHead::of(key, entry)).collect();
    Ok(Json(ArticleList { total: found().count(), offset, generation: snapshot.generation().number, articles }))
}

/// Filters of the list; an empty one holds for every article.
struct Wanted {
    lang: Vec<String>,
    kind: Vec<String>,
    tag: Vec<String>,
    product: Vec<String>,
}

impl Wanted {
    fn of(query: &QueryString) -> Self {
        let list = |name| query.list(name);
        Self { lang: list("lang"), kind: list("kind"), tag: list("tag"), product: list("product") }
    }

    fn holds(&self, entry: &Entry) -> bool {
        let one = |wanted: &[String], own: &str| {
            wanted.is_empty() || wanted.iter().any(|word| word.eq_ignore_ascii_case(own))
        };
        let any = |wanted: &[String], own: &[String]| wanted.is_empty() || own.iter().any(|own| one(wanted, own));
        let head = &entry.front_matter;
        one(&self.lang, entry.lang())
            && one(&self.kind, head.kind.as_deref().unwrap_or_default())
            && any(&self.tag, &head.tags)
            && any(&self.product, &head.product)
    }
}

/// Whether the article belongs to the site: in one of its folders, or anywhere when it names none.
#[must_use]
pub fn is_of_site(site: &Site, entry: &Entry) -> bool {
    let inside = |folder: &String| {
        entry.path.strip_prefix(folder.trim_matches('/')).is_some_and(|rest| rest.starts_with('/') || folder.is_empty())
    };
    site.folders.is_empty() || site.folders.iter().any(inside)
}

/// Whether lists of the site show the article. Drafts are in the index of a writer's preview only.
#[must_use]
pub fn is_listed(site: &Site, entry: &Entry) -> bool {
    is_of_site(site, entry) && !entry.front_matter.unlisted
}

/// A page of articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleList {
    /// Articles that the filters let through.
    total: usize,
    /// Articles left out from the top.
    offset: usize,
    /// Generation of the index.
    generation: u64,
    articles: Vec<ArticleHead>,
}

/// An article without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleHead {
    /// The slug.
    article: String,
    title: String,
    description: Option<String>,
    /// Path of its page.
    url: String,
    kind: Option<String>,
    language: String,
    product: Vec<String>,
    tags: Vec<String>,
    authors: Vec<String>,
    #[schema(value_type = Option<String>, format = Date)]
    created: Option<jiff::civil::Date>,
    #[schema(value_type = Option<String>, format = Date)]
    updated: Option<jiff::civil::Date>,
    words: u32,
    /// Hash of the file.
    revision: String,
}

impl ArticleHead {
    fn of(site: &str, entry: &Entry) -> Self {
        let head = entry.front_matter.clone();
        Self {
            url: links::page_of(site, entry),
            article: head.slug,
            title: head.title,
            description: head.description,
            kind: head.kind,
            language: entry.lang().to_owned(),
            product: head.product,
            tags: head.tags,
            authors: head.authors,
            created: head.created,
            updated: head.updated,
            words: entry.words,
            revision: entry.revision.clone(),
        }
    }
}

/// An article with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleReply {
    #[serde(flatten)]
    head: ArticleHead,
    /// The text as clean HTML; headings have the anchors of the sections.
    html: String,
    /// The text as it was written, without the front matter.
    markdown: String,
    /// The same article in other languages.
    translations: Vec<Translation>,
}

/// An article in another language.
#[derive(Debug, Serialize, ToSchema)]
pub struct Translation {
    language: String,
    article: String,
    url: String,
}

/// Finds the article of a slug among those of the site; an earlier address leads to the present one.
pub enum Found {
    /// It is here.
    Here(Arc<Entry>),
    /// It has moved to this slug.
    Moved(String),
}

/// Looks a slug up.
///
/// # Errors
/// `not-found`.
pub fn find(snapshot: &Snapshot, site: &Site, slug: &str) -> Result<Found, ApiError> {
    let catalog = snapshot.catalog();
    let own = |entry: &&Arc<Entry>| is_of_site(site, entry);
    if let Some(entry) = catalog.by_slug(slug).filter(own) {
        return Ok(Found::Here(entry.clone()));
    }
    let moved = catalog.by_alias(slug).or_else(|| catalog.by_alias(&format!("a/{slug}"))).filter(own);
    let moved = moved.map(|entry| Found::Moved(entry.front_matter.slug.clone()));
    moved.ok_or_else(|| ApiError::not_found("There is no such article. `/api/v1/articles` lists them."))
}

/// The article's text as clean HTML: links lead to pages of the site, pictures say how large they are.
///
/// # Errors
/// The index cannot be read.
pub fn html(snapshot: &Snapshot, site: &str, entry: &Entry, pictures: &Pictures) -> Result<String, ApiError> {
    let body = snapshot.body(entry)?;
    let resolve = |link: &str| match links::resolve(snapshot.catalog(), entry, link) {
        LinkTarget::To(page) if page.starts_with("/a/") => LinkTarget::To(links::within(site, page)),
        other => other,
    };
    let html = article::render_under(&entry.front_matter.title, &body, &resolve);
    Ok(pictures.measured(&html))
}

/// One article, as JSON, HTML (`Accept: text/html`) or Markdown (`Accept: text/markdown`).
#[utoipa::path(get, path = "/api/v1/articles/{slug}", tag = "articles", params(
    ("slug" = String, Path, description = "The article's slug"),
    ("site" = Option<String>, Query, description = "Site key"),
), responses(
    (status = 200, description = "The article", content(
        (ArticleReply = "application/json"), (String = "text/html"), (String = "text/markdown"))),
    (status = 304, description = "The caller has this version"),
    (status = 308, description = "The article has moved to another slug"),
    (status = 404, body = crate::http::error::Problem<'_>, description = "No such article or site"),
))]
pub async fn one(
    State(app): State<Arc<App>>,
    State(pictures): State<Arc<Pictures>>,
    Path(slug): Path<String>,
    query: QueryString,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let entry = match find(&snapshot, site, &slug)? {
        Found::Here(entry) => entry,
        Found::Moved(slug) => {
            let site = query.one("site").map_or(String::new(), |_| format!("?site={key}"));
            return Ok(Redirect::permanent(&format!("/api/v1/articles/{slug}{site}")).into_response());
        }
    };
    let form = Form::wanted(&headers);
    let version = format!("{}-{}-{}", entry.revision, form.name(), snapshot.generation().number);
    let mut response = if assets::is_known(&headers, &version) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        form.of(&snapshot, key, &entry, &pictures)?
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, assets::etag(&version)?);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.append(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Shapes of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Markdown,
}

impl Form {
    /// The first known type of `Accept`; JSON for those who do not say.
    fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let known = |kind: &str| match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" | "*/*" | "application/*" => Some(Self::Json),
            "text/html" | "text/*" => Some(Self::Html),
            "text/markdown" | "text/plain" => Some(Self::Markdown),
            _ => None,
        };
        accept.split(',').find_map(known).unwrap_or(Self::Json)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }

    fn of(self, snapshot: &Snapshot, site: &str, entry: &Entry, pictures: &Pictures) -> Result<Response, ApiError> {
        let typed = |kind, body: String| ([(header::CONTENT_TYPE, kind)], body).into_response();
        Ok(match self {
            Self::Json => Json(reply(snapshot, site, entry, pictures)?).into_response(),
            Self::Html => typed("text/html; charset=utf-8", html(snapshot, site, entry, pictures)?),
            Self::Markdown => typed("text/markdown; charset=utf-8", markdown(snapshot, entry)?),
        })
    }
}

/// The Markdown twin of a page: the title as first heading, then the text.
///
/// # Errors
/// The index cannot be read.
pub fn markdown(snapshot: &Snapshot, entry: &Entry) -> Result<String, ApiError> {
    let body = snapshot.body(entry)?;
    let titled = body.trim_start().starts_with("# ");
    Ok(if titled { body } else { format!("# {}\n\n{}", entry.front_matter.title, body.trim_start()) })
}

fn reply(snapshot: &Snapshot, site: &str, entry: &Entry, pictures: &Pictures) -> Result<ArticleReply, ApiError> {
    let others = snapshot.catalog().translations(entry).into_iter().filter(|other| other.path != entry.path);
    let translation = |other: &Arc<Entry>| Translation {
        language: other.lang().to_owned(),
        article: other.front_matter.slug.clone(),
        url: links::page_of(site, other),
    };
    Ok(ArticleReply {
        head: ArticleHead::of(site, entry),
        html: html(snapshot, site, entry, pictures)?,
        markdown: snapshot.body(entry)?,
        translations: others.map(translation).collect(),
    })
}

/// A reader's verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    /// Whether the article helped.
    helpful: bool,
    /// The reason that was picked.
    #[serde(default)]
    reason: Option<String>,
    /// The reader's own words; personal details are masked before they are kept.
    #[serde(default)]
    comment: Option<String>,
    /// Session id made by the browser.
    #[serde(default)]
    session: Option<String>,
    /// Site key.
    #[serde(default)]
    site: Option<String>,
}

impl FeedbackRequest {
    fn from_form(fields: &[(String, String)]) -> Result<Self, ApiError> {
        let text = |name: &str| {
            fields.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.clone())
        };
        let helpful = match text("helpful").as_deref() {
            Some("true" | "yes" | "1") => true,
            Some("false" | "no" | "0") => false,
            Some(_) => return Err(ApiError::invalid("helpful", "Send true or false.")),
            None => return Err(ApiError::in_field(Code::MissingField, "helpful", "Send true or false.")),
        };
        Ok(Self {
            helpful,
            reason: text("reason"),
            comment: text("comment"),
            session: text("session"),
            site: text("site"),
        })
    }
}

/// Tells whether an article helped. A form without JavaScript is sent back to the article.
#[utoipa::path(post, path = "/api/v1/articles/{slug}/feedback", tag = "articles",
    params(("slug" = String, Path, description = "The article's slug")),
    request_body(content((FeedbackRequest = "application/json"), (FeedbackRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 204, description = "Kept"),
        (status = 303, description = "Kept; back to the article"),
        (status = 404, body = crate::http::error::Problem<'_>, description = "No such article or site"),
        (status = 422, body = crate::http::error::Problem<'_>, description = "A field is missing or not allowed"),
    ))]
pub async fn feedback(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    origin: ForeignOrigin,
    SentFrom(address): SentFrom,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, ApiError> {
    let payload = payload.only(&[BodyKind::Json, BodyKind::Form])?;
    let form = payload.kind == BodyKind::Form;
    let request = if form { FeedbackRequest::from_form(&payload.form())? } else { payload.json()? };
    let (key, site) = extract::site(&app.config, request.site.as_deref())?;
    origin.check(&app.config, key)?;
    let Found::Here(entry) = find(&app.snapshot(), site, &slug)? else {
        return Err(ApiError::not_found("The article has moved. Send the verdict to its present slug."));
    };
    let thanks = if request.helpful { "1" } else { "no" };
    let verdict = keep(&app, key, &entry, request, &headers);
    app.learning.note_network(&verdict, address, app.now());
    let back = links::within(key, format!("/a/{}?thanks={thanks}#feedback", entry.front_matter.slug));
    Ok(if form { Redirect::to(&back).into_response() } else { StatusCode::NO_CONTENT.into_response() })
}

fn keep(app: &App, site: &str, entry: &Entry, request: FeedbackRequest, headers: &HeaderMap) -> EventId {
    let masked = |text: String| MaskedText::new(&text);
    let now = app.now();
    let kind = EventKind::FeedbackGiven {
        article: entry.front_matter.slug.clone(),
        helpful: request.helpful,
        reason: request.reason.map(|reason| masked(reason).as_str().to_owned()),
        comment: request.comment.map(masked),
    };
    let session = request.session.as_deref();
    let origin = client::origin(headers, site, Surface::Page, entry.lang(), session);
    let notes = Notes { article_kind: entry.front_matter.kind.clone(), ..Notes::default() };
    let event = Event::new(&app.insight.visitor(session, now), origin, now, kind).noting(notes);
    let id = event.id.clone();
    app.insight.record(event);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_shape() {
        for (accept, form) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/json", Form::Json),
            ("text/markdown", Form::Markdown),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Html),
            ("image/png", Form::Json),
            ("image/png, text/markdown;q=0.5", Form::Markdown),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(Form::wanted(&headers), form, "{accept}");
        }
    }
}
