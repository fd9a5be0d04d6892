//! Files for browsers: the box, the scripts and the style sheet of the pages.
//!
//! An address with the file's own hash (`?v=`) may be cached for good; without it browsers ask again and get 304.

use std::sync::LazyLock;

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{error::ApiError, extract::QueryString};
use crate::widget::{self, Asset};

pub(super) const PAGE_CSS: Asset =
    Asset { name: "page.css", content_type: "text/css; charset=utf-8", body: include_bytes!("pages/assets/page.css") };

const STATS_CSS: Asset = Asset {
    name: "stats.css",
    content_type: "text/css; charset=utf-8",
    body: include_bytes!("pages/assets/stats.css"),
};

const EXPLAIN_CSS: Asset = Asset {
    name: "explain.css",
    content_type: "text/css; charset=utf-8",
    body: include_bytes!("pages/assets/explain.css"),
};

/// Each file with the hash of its contents.
static ASSETS: LazyLock<Vec<(&'static Asset, String)>> = LazyLock::new(|| {
    let all = widget::assets().iter().chain([&PAGE_CSS, &STATS_CSS, &EXPLAIN_CSS]);
    all.map(|asset| (asset, widget::hash(asset))).collect()
});

/// The address of a file in `/assets/` that may be cached for good.
#[must_use]
pub fn address(name: &str) -> String {
    let hash = ASSETS.iter().find(|(asset, _)| asset.name == name).map_or("", |(_, hash)| hash);
    let folder = if name == "search-box.js" { "" } else { "/assets" };
    format!("{folder}/{name}?v={hash}")
}

/// `GET /search-box.js`
pub async fn search_box(query: QueryString, headers: HeaderMap) -> Result<Response, ApiError> {
    serve("search-box.js", &query, &headers)
}

/// `GET /assets/{name}`
pub async fn asset(Path(name): Path<String>, query: QueryString, headers: HeaderMap) -> Result<Response, ApiError> {
    serve(&name, &query, &headers)
}

fn serve(name: &str, query: &QueryString, headers: &HeaderMap) -> Result<Response, ApiError> {
    let found = ASSETS.iter().find(|(asset, _)| asset.name == name);
    let (asset, hash) = found.ok_or_else(|| ApiError::not_found("There is no such file."))?;
    reply(asset.body, asset.content_type, hash, query, headers)
}

/// A file for browsers: to be kept for good under an address that has its hash.
///
/// # Errors
/// `internal` when the hash is none.
pub(super) fn reply(
    body: impl Into<Body>,
    kind: &'static str,
    hash: &str,
    query: &QueryString,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let mut response =
        if is_known(headers, hash) { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(body.into()) };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(query, hash)));
    out.insert(header::ETAG, etag(hash)?);
    Ok(response)
}

/// How long a file may be kept: for good where the address names this very version.
#[must_use]
pub fn caching(query: &QueryString, version: &str) -> &'static str {
    let same = query.one("v") == Some(version);
    if same { "public, max-age=31536000, immutable" } else { "public, max-age=300, must-revalidate" }
}

/// The tag of a version. Weak, because the reply may be compressed on its way.
///
/// # Errors
/// `internal` when the version is not plain text, which hashes are.
pub fn etag(version: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("W/\"{version}\"")).map_err(ApiError::internal)
}

/// Whether the browser already has this version.
#[must_use]
pub fn is_known(headers: &HeaderMap, version: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|tag| tag.trim().trim_start_matches("W/").trim_matches('"') == version)
}
