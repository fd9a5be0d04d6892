//! Around every request: its id, its span, its numbers, its security headers, and the words of its failure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use super::{
    client::STAFF,
    error::{ApiError, Code},
    limits::visitor,
    pages::{Pages, Visitor},
    serve::Peer,
};
use crate::{app::App, config::Origin, telemetry::RequestId};

/// The header that names the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id and span, counts it, and completes the reply.
pub async fn observe(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::generate();
    request.extensions_mut().insert(id);
    mark_staff(&mut request, &app);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let visitor = wants_page(&request).then(|| Visitor::of(&request, &app.config));
    let span = tracing::info_span!("request", %id, %method, path = request.uri().path());
    let begun = Instant::now();
    async move {
        let mut response = next.run(request).await;
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            tell(&mut response, &error, id, visitor.as_ref(), &pages);
        }
        complete(&mut response, id, &app);
        count(method.as_str(), route, &response, begun.elapsed());
        response
    }
    .instrument(span)
    .await
}

/// Says of requests from networks of the site's own people that they are.
fn mark_staff(request: &mut Request, app: &App) {
    let networks = &app.config.insight.staff_networks;
    let Some(Peer(peer)) = request.extensions().get::<Peer>().filter(|_| !networks.is_empty()) else { return };
    let address = visitor(peer.ip(), request.headers(), &app.config.limits.trusted_proxies);
    if networks.iter().any(|net| net.contains(&address)) {
        request.headers_mut().insert(STAFF, HeaderValue::from_static("1"));
    }
}

/// Whether a person with a browser is asking, not a program.
fn wants_page(request: &Request) -> bool {
    let form = request.headers().get(header::CONTENT_TYPE);
    let form = form.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let machine = ["/api/", "/compat/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/assets/", "/media/"];
    form || !machine.iter().any(|prefix| request.uri().path().starts_with(prefix))
}

/// Writes the failure: a page for people, a problem for programs. Headers set before stay.
fn tell(response: &mut Response, error: &ApiError, id: RequestId, visitor: Option<&Visitor>, pages: &Pages) {
    let page = visitor.and_then(|visitor| pages.error(visitor, error, id).ok());
    let (kind, body) = match page {
        Some(html) => ("text/html; charset=utf-8", html.into_bytes()),
        None => ("application/problem+json", serde_json::to_vec(&error.problem(id)).unwrap_or_default()),
    };
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Headers that every reply has.
fn complete(response: &mut Response, id: RequestId, app: &App) {
    let html =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses of status pages hold a token: it must not leave with a link.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if html
        && !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&page_policy(app))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// What a page may load and who may frame it.
fn page_policy(app: &App) -> String {
    policy_framed_by(app.config.sites.values().flat_map(|site| &site.frame_ancestors))
}

/// What a page may load, and that these origins may frame it.
pub fn policy_framed_by<'a>(origins: impl Iterator<Item = &'a Origin>) -> String {
    let frames = origins.fold("'self'".to_owned(), |list, origin| list + " " + origin.as_str());
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
    )
}

fn count(method: &str, route: String, response: &Response, took: Duration) {
    let status = response.status();
    let took_us = took.as_micros() as u64;
    let code = status.as_u16();
    match code {
        // Whoever refuses has told why, once; a line for each would be a flood of its own.
        429 | 503 => tracing::debug!(status = code, took_us, "refused"),
        500.. => tracing::warn!(status = code, took_us, "answered"),
        400.. => tracing::info!(status = code, took_us, "answered"),
        _ => tracing::debug!(status = code, took_us, "answered"),
    }
    let labels = [("method", method.to_owned()), ("route", route.clone()), ("status", code.to_string())];
    metrics::counter!("zerodesk_http_requests_total", &labels).increment(1);
    metrics::histogram!("zerodesk_http_request_duration_seconds", "route" => route).record(took);
}

/// Ends a request that takes too long.
pub async fn deadline(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let limit = Duration::from_millis(app.config.limits.request_timeout_ms);
    let text = "The request took too long. Try again in a moment.";
    let late = || ApiError::new(Code::Timeout, text).retry_after(5).into_response();
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| late())
}

/// What a panic in a handler becomes: this request fails, the server goes on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the cause over")]
pub fn panicked(cause: Box<dyn std::any::Any + Send>) -> Response {
    panic_error(cause.as_ref()).into_response()
}

/// The failure that a panic is for the caller.
pub fn panic_error(cause: &(dyn std::any::Any + Send)) -> ApiError {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    ApiError::internal(text.unwrap_or("panic without a message"))
}
