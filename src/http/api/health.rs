//! Is it alive, is it ready, what are its numbers, what can it do.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, http::router, telemetry};

/// Alive: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, body = str, content_type = "text/plain", description = "`ok`")))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// What the server is ready with.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether visitors should be sent here.
    ready: bool,
    /// Generation of the index.
    generation: u64,
    /// Hash of all articles: equal on every server that has the same ones.
    hash: String,
    /// Articles that can be found or opened.
    articles: usize,
    /// Languages with their numbers of articles.
    languages: std::collections::BTreeMap<String, usize>,
    /// Things that are wrong with the articles.
    problems: usize,
    /// What is wrong: a file of settings that cannot be used, `articles` that cannot be followed, an `index` that is built
    /// again, a `database` that takes no changes. What was good before is in use meanwhile.
    faults: Vec<String>,
    /// Whether tickets and events can be kept.
    store: bool,
    /// Whether changes of the articles still arrive.
    watcher: bool,
}

/// Ready: the index answers and the store keeps.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, body = Readiness, description = "Ready"),
    (status = 503, body = Readiness, description = "Not ready: tickets and events cannot be kept"),
))]
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let store = app.keeps() && app.desk.outbox_counts().await.is_ok();
    let snapshot = app.snapshot();
    let readiness = Readiness {
        ready: store,
        generation: snapshot.generation().number,
        hash: snapshot.generation().hash.clone(),
        articles: snapshot.catalog().len(),
        languages: snapshot.catalog().languages().into_iter().collect(),
        problems: snapshot.catalog().problems().len(),
        faults: app.faults.list(),
        store,
        watcher: app.follows_articles(),
    };
    let status = if store { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// Numbers in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, body = str, content_type = "text/plain", description = "All metrics")))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let snapshot = app.snapshot();
    metrics::gauge!("zerodesk_index_generation").set(snapshot.generation().number as f64);
    metrics::gauge!("zerodesk_articles").set(snapshot.catalog().len() as f64);
    metrics::gauge!("zerodesk_article_problems").set(snapshot.catalog().problems().len() as f64);
    metrics::gauge!("zerodesk_faults").set(app.faults.list().len() as f64);
    metrics::gauge!("zerodesk_store_up").set(if app.keeps() { 1.0 } else { 0.0 });
    metrics::gauge!("zerodesk_watcher_up").set(if app.follows_articles() { 1.0 } else { 0.0 });
    for (state, count) in app.desk.outbox_counts().await.unwrap_or_default() {
        metrics::gauge!("zerodesk_outbox_entries", "state" => state.as_str()).set(count as f64);
    }
    let handle = telemetry::metrics();
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}

/// The description of this API, as `OpenAPI` 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json", description = "OpenAPI 3.1")))]
pub async fn openapi() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| router::openapi().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
