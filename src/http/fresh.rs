//! Pages that have not changed are not sent twice: a tag by content, and 304 for those who have that version.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{assets, error::ApiError};
use crate::widget;

/// Tags a page by its content. Browsers ask each time, and are told when theirs is the same.
///
/// The tag comes from the page itself and not from what it was made of, because that is much: articles, words,
/// templates, the day. A page is small, so hashing it costs little beside making it.
pub async fn fresh(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().clone();
    let response = next.run(request).await;
    if !reads || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let version = widget::hash_of(&bytes);
    if let Ok(tag) = assets::etag(&version) {
        parts.headers.insert(header::ETAG, tag);
    }
    parts.headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    // Where no language is named, the browser's wishes choose it.
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-language"));
    if assets::is_known(&known, &version) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}
