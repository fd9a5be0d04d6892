//! Which pages of other origins may read replies: exactly those on a site's list.
//!
//! The origin is echoed, never `*`; no credentials, since the public API has no cookies. A caller
//! whose origin is not on the list is refused before its request does anything.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    context::BaseUrl,
    error::{ApiError, Code},
    observe::REQUEST_ID,
};
use crate::{app::App, config::Config};

/// How long browsers may remember a preflight, in seconds.
const PREFLIGHT_AGE_S: &str = "600";
/// Request headers that a page may send.
const ALLOWED_HEADERS: &str = "content-type, accept, accept-language, idempotency-key";
/// Reply headers that a page may read, beyond the usual.
const EXPOSED_HEADERS: &str = "x-request-id, retry-after, server-timing";

/// The calling page's origin where it is not our own; handlers check it against the site in the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignOrigin(Option<String>);

impl ForeignOrigin {
    /// Refuses a page that may call for some site, but not for this one.
    ///
    /// # Errors
    /// `forbidden-origin`.
    pub fn check(&self, config: &Config, site: &str) -> Result<(), ApiError> {
        let Some(origin) = &self.0 else { return Ok(()) };
        if is_allowed(config, Some(site), origin) { Ok(()) } else { Err(refusal(origin)) }
    }
}

impl<S: Sync> FromRequestParts<S> for ForeignOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Layer of the public API and of the box: answers preflights, refuses strangers, marks replies.
pub async fn cors(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = foreign_origin(request.headers(), &base);
    let Some(origin) = origin else { return vary(next.run(request).await) };
    let site = super::extract::QueryString::of(request.uri()).one("site").map(str::to_owned);
    if !is_allowed(&app.config, site.as_deref(), &origin) {
        return vary(refusal(&origin).into_response());
    }
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        preflight_reply()
    } else {
        request.extensions_mut().insert(ForeignOrigin(Some(origin.clone())));
        next.run(request).await
    };
    if let Ok(value) = HeaderValue::from_str(&origin) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    set(&mut response, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    vary(response)
}

/// The origin of a page that is not ours; `null` and what is unreadable count as such.
fn foreign_origin(headers: &HeaderMap, base: &BaseUrl) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?;
    let origin = origin.to_str().unwrap_or("null").to_ascii_lowercase();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let same_host =
        origin.split_once("://").is_some_and(|(_, rest)| !rest.is_empty() && rest.eq_ignore_ascii_case(host));
    (!same_host && origin != base.as_str().to_ascii_lowercase()).then_some(origin)
}

/// Whether the site's list holds the origin; without a site any site's list will do.
fn is_allowed(config: &Config, site: Option<&str>, origin: &str) -> bool {
    let sites = config.sites.iter().filter(|(key, _)| site.is_none_or(|site| site == key.as_str()));
    sites.flat_map(|(_, site)| &site.origins).any(|allowed| allowed.as_str() == origin)
}

fn refusal(origin: &str) -> ApiError {
    let detail = format!("Pages of {origin} may not call this server. Add the origin to `origins` of its site.");
    ApiError::in_field(Code::ForbiddenOrigin, "Origin", detail)
}

fn preflight_reply() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    set(&mut response, header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE_S);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    debug_assert!(name != REQUEST_ID, "request ids are set in one place");
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// Caches must not give one origin's reply to another.
fn vary(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}
