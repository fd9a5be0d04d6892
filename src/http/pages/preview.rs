//! What writers see with `serve --preview`, and visitors never: problems where they are, articles as search sees them,
//! and pages that follow their files.
//!
//! The rules are those of `zerodesk check`. They run anew when the articles have changed and somebody looks.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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
use tokio::sync::{mpsc, watch};

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
/// How long a page waits for the check of the articles.
const PATIENCE: Duration = Duration::from_secs(1);
/// Lines of an article that are shown as search sees them.
const MAX_LINES: usize = 3000;

/// What is wrong with the folder of articles, found out once for each state of it, beside the requests.
#[derive(Clone, Default)]
pub struct Findings(Arc<Inner>);

#[derive(Default)]
struct Inner {
    found: watch::Sender<Checked>,
    running: AtomicBool,
}

/// The outcome of one check.
#[derive(Default)]
struct Checked {
    /// Number of the generation that was checked.
    generation: u64,
    problems: Arc<Vec<Problem>>,
}

impl Findings {
    /// The problems of the articles as they are now: waits a moment for the check, which takes long in large folders.
    /// A page that does not wait long enough hears of the rest when the check is done.
    async fn of(&self, app: &Arc<App>) -> Arc<Vec<Problem>> {
        let generation = app.snapshot().generation().number;
        self.begin(app);
        let mut found = self.0.found.subscribe();
        // Whether it came in time does not matter here.
        let _ = tokio::time::timeout(PATIENCE, found.wait_for(|found| found.generation == generation)).await;
        self.now(app)
    }

    /// The problems of the last check, those of a moment ago while another one runs.
    fn now(&self, app: &App) -> Arc<Vec<Problem>> {
        let found = self.0.found.borrow();
        if found.generation > 0 {
            found.problems.clone()
        } else {
            Arc::new(app.snapshot().catalog().problems().to_vec())
        }
    }

    /// Begins a check, unless one runs or has been made of this state.
    fn begin(&self, app: &Arc<App>) {
        let generation = app.snapshot().generation().number;
        if self.0.found.borrow().generation == generation || self.0.running.swap(true, Ordering::AcqRel) {
            return;
        }
        let (inner, app) = (self.0.clone(), app.clone());
        tokio::task::spawn_blocking(move || {
            let problems = Arc::new(check(&app));
            inner.running.store(false, Ordering::Release);
            inner.found.send_replace(Checked { generation, problems });
        });
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
        path => &entry.path, article => &entry.front_matter.slug, state => state(app, pages, Some(&entry.front_matter.slug)),
        others => all.len() - own.len(), problems => own,
    }
}

/// What the home page tells writers.
pub(super) async fn of_folder(app: &Arc<App>, pages: &Pages) -> Value {
    let all = pages.findings.of(app).await;
    context! { article => "", state => state(app, pages, None), problems => all.iter().map(problem).collect::<Vec<_>>() }
}

fn problem(problem: &Problem) -> Value {
    let Problem { path, line, column, severity, code, message, help } = problem;
    context! { path, line, column, severity => severity.as_str(), code => code.as_str(), message, help }
}

/// Names what a page shows, so that it can tell whether it is still true: of one article, else of all.
fn state(app: &App, pages: &Pages, article: Option<&str>) -> String {
    let snapshot = app.snapshot();
    let entry = article.and_then(|slug| snapshot.catalog().by_slug(slug));
    let text = match (article, entry) {
        (None, _) => snapshot.generation().hash.clone(),
        (Some(_), entry) => entry.map_or_else(String::new, |entry| entry.revision.clone()),
    };
    let path = entry.map_or("", |entry| entry.path.as_str());
    let problems = pages.findings.now(app);
    let own = problems.iter().filter(|problem| article.is_none() || problem.path == path);
    widget::hash_of(own.fold(text, |text, problem| format!("{text}\n{problem}")).as_bytes())
}

/// `GET /preview/events?article=`: tells an open page whenever what it shows has changed (server-sent events).
pub async fn events(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(stopping): State<Arc<Stopping>>,
    query: QueryString,
) -> Response {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(tell(app, pages, stopping, query.one("article").map(str::to_owned), sender));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that waits for more would hold each event up.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::new(Events(receiver))).into_response()
}

/// Sends the state at once and after each change, until the page is closed or the server stops.
async fn tell(
    app: Arc<App>,
    pages: Arc<Pages>,
    stopping: Arc<Stopping>,
    article: Option<String>,
    page: mpsc::Sender<Bytes>,
) {
    let mut generations = app.generations();
    let mut found = pages.findings.0.found.subscribe();
    let mut pulse = tokio::time::interval(PULSE);
    let mut told = String::new();
    loop {
        let now = state(&app, &pages, article.as_deref());
        let text = if told == now { ":\n\n".to_owned() } else { format!("retry: 500\ndata: {now}\n\n") };
        told = now;
        if page.send(text.into()).await.is_err() {
            return;
        }
        tokio::select! {
            changed = generations.changed() => if changed.is_err() { return },
            _ = found.changed() => {}
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
        sections = passages.sections().map(|head| (head.anchor, head.path.join(" › "), Vec::new())).collect();
        for line in passages.lines().take(MAX_LINES) {
            let mut terms = Vec::new();
            analyzer.analyze_all(line.text(), |token| {
                let stop = is_stop_word(&language, &token.forms.surface);
                terms.extend(token.forms.stems().map(|stem| context! { stem, stop }));
            });
            let kind = kind(line.kind);
            if let Some((.., lines)) = sections.get_mut(line.section) {
                lines.push(context! { kind, text => line.text(), terms });
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
