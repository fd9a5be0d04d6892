//! What writers see with `serve --preview`, and visitors never: problems where they are, articles as search sees them,
//! and pages that follow their files.
//!
//! The rules are those of `zerodesk check`. They run anew when the articles have changed and somebody looks.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as Task, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use hyper::body::Frame;
use minijinja::{Value, context};
use tokio::sync::mpsc;

use super::{Pages, Visitor, home::kind_name};
use crate::{
    analysis::{Analyzer, Language, is_stop_word},
    app::App,
    article::Problem,
    http::{
        api::articles::{self, Found},
        context::Stopping,
        error::ApiError,
        extract::{self, QueryString},
        links,
    },
    index::{Entry, LineKind},
    lint,
    source::Directory,
    widget,
};

/// How often an open page hears that the server is there.
const PULSE: Duration = Duration::from_secs(15);
/// Lines of an article that are shown as search sees them.
const MAX_LINES: usize = 3000;

/// What is wrong with the folder of articles as it is now, found out at most once for each state of it.
#[derive(Default)]
pub struct Findings(Mutex<Option<(u64, Arc<Vec<Problem>>)>>);

impl Findings {
    async fn of(&self, app: &Arc<App>) -> Arc<Vec<Problem>> {
        let generation = app.snapshot().generation().number;
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known().as_ref().filter(|(of, _)| *of == generation) {
            return found.clone();
        }
        let checked = app.clone();
        let found = tokio::task::spawn_blocking(move || check(&checked)).await.unwrap_or_default();
        let found = Arc::new(found);
        *known() = Some((generation, found.clone()));
        found
    }
}

fn check(app: &App) -> Vec<Problem> {
    let config = &app.config;
    let rules = lint::Rules {
        today: app.now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        default_language: config.default_language().to_owned(),
        languages: Vec::new(),
        public_url: config.public_url.clone(),
        sites: config.sites.values().cloned().collect(),
        search: config.search.clone(),
        allowed: [].into(),
    };
    let findings = Directory::open(&config.articles).map_err(lint::LintError::from);
    match findings.and_then(|source| lint::check(&source, &rules, &mut |_, _, _| {})) {
        Ok(findings) => findings.problems,
        Err(error) => {
            tracing::error!(%error, "the articles could not be checked");
            Vec::new()
        }
    }
}

/// What the page of an article tells its writer.
pub(super) async fn of_article(app: &Arc<App>, pages: &Pages, entry: &Entry) -> Value {
    let all = pages.findings.of(app).await;
    let own: Vec<Value> = all.iter().filter(|problem| problem.path == entry.path).map(problem).collect();
    context! {
        path => &entry.path, article => &entry.front_matter.slug, state => state(app, Some(&entry.front_matter.slug)),
        others => all.len() - own.len(), problems => own,
    }
}

/// What the home page tells writers.
pub(super) async fn of_folder(app: &Arc<App>, pages: &Pages) -> Value {
    let all = pages.findings.of(app).await;
    context! { article => "", state => state(app, None), problems => all.iter().map(problem).collect::<Vec<_>>() }
}

fn problem(problem: &Problem) -> Value {
    let Problem { path, line, column, severity, code, message, help } = problem;
    context! { path, line, column, severity => severity.as_str(), code => code.as_str(), message, help }
}

/// Names what a page shows, so that it can tell whether it is still true: of one article, else of all.
fn state(app: &App, article: Option<&str>) -> String {
    let snapshot = app.snapshot();
    let Some(slug) = article else { return snapshot.generation().hash.clone() };
    let catalog = snapshot.catalog();
    let entry = catalog.by_slug(slug);
    let path = entry.map_or("", |entry| entry.path.as_str());
    let own = catalog.problems().iter().filter(|problem| problem.path == path);
    let text = own.fold(entry.map_or(String::new(), |entry| entry.revision.clone()), |text, problem| {
        format!("{text}\n{problem}")
    });
    widget::hash_of(text.as_bytes())
}

/// `GET /preview/events?article=`: tells an open page whenever what it shows has changed (server-sent events).
pub async fn events(
    State(app): State<Arc<App>>,
    State(stopping): State<Arc<Stopping>>,
    query: QueryString,
) -> Response {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(tell(app, stopping, query.one("article").map(str::to_owned), sender));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that waits for more would hold each event up.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::new(Events(receiver))).into_response()
}

/// Sends the state at once and after each change, until the page is closed or the server stops.
async fn tell(app: Arc<App>, stopping: Arc<Stopping>, article: Option<String>, page: mpsc::Sender<Bytes>) {
    let mut generations = app.generations();
    let mut pulse = tokio::time::interval(PULSE);
    let mut told = String::new();
    loop {
        let now = state(&app, article.as_deref());
        let text = if told == now { ":\n\n".to_owned() } else { format!("retry: 500\ndata: {now}\n\n") };
        told = now;
        if page.send(text.into()).await.is_err() {
            return;
        }
        tokio::select! {
            changed = generations.changed() => if changed.is_err() { return },
            _ = pulse.tick() => {}
            () = page.closed() => return,
            () = stopping.begun() => return,
        }
    }
}

/// A reply whose parts come one by one.
struct Events(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(task).map(|part| part.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// `GET /preview/article/{slug}`: the article as search sees it.
pub async fn as_searched(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    Path(slug): Path<String>,
    mut visitor: Visitor,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let Found::Here(entry) = articles::find(&snapshot, site, &slug)? else {
        return Err(ApiError::not_found("The article has moved."));
    };
    if !visitor.lang_chosen {
        entry.lang().clone_into(&mut visitor.lang);
    }
    let place = snapshot.catalog().place(&entry.path).unwrap_or_default();
    let stored = snapshot.stored(place)?;
    let language = Language::new(entry.lang());
    let mut analyzer = Analyzer::new(language.clone());
    let mut sections: Vec<(String, String, Vec<Value>)> = Vec::new();
    if let Some(passages) = stored.passages() {
        let heads = passages.sections();
        sections = heads.into_iter().map(|head| (head.anchor, head.path.join(" › "), Vec::new())).collect();
        for line in passages.lines().take(MAX_LINES) {
            let mut terms = Vec::new();
            analyzer.analyze_all(line.text, |token| {
                let stop = is_stop_word(&language, &token.forms.surface);
                terms.extend(token.forms.stems().map(|stem| context! { stem, stop }));
            });
            let kind = kind(line.kind);
            if let Some((.., lines)) = sections.get_mut(line.section) {
                lines.push(context! { kind, text => line.text, terms });
            }
        }
    }
    let head = &entry.front_matter;
    let url = links::page_of(key, &entry);
    let section = |(anchor, heading, lines): (String, String, Vec<Value>)| {
        context! { url => if anchor.is_empty() { url.clone() } else { format!("{url}#{anchor}") }, anchor, heading, lines }
    };
    let page = context! {
        article => context! {
            slug => &head.slug, url => &url, title => &head.title, path => &entry.path, lang => entry.lang(), words => entry.words,
            kind => head.kind.as_deref().map(|kind| kind_name(&pages, &visitor.lang, kind)),
            tags => &head.tags, product => &head.product, synonyms => &head.synonyms,
            is_searchable => entry.is_searchable(), is_draft => head.draft,
        },
        sections => sections.into_iter().map(section).collect::<Vec<_>>(),
        writer => of_article(&app, &pages, &entry).await,
    };
    pages.render("preview.html", &visitor, page)
}

/// The word for a kind of line among the pages' words.
const fn kind(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Title => "title",
        LineKind::Question => "question",
        LineKind::Description => "description",
        LineKind::Heading => "heading",
        LineKind::Text => "text",
        LineKind::Code => "code",
    }
}
