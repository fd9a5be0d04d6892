//! One table from every failure to its status and stable code; pages show it, the API sends it.
//!
//! Handlers return [`ApiError`]. It travels in the reply's extensions to the outermost layer, which
//! knows the request's id and whether a person or a program is asking.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{desk::DeskError, index::IndexError, insight::InsightError, search::SearchError, telemetry::RequestId};

/// The stable name of a kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The body is not JSON.
    BadJson,
    /// The body has a field that does not exist.
    UnknownField,
    /// A field has a value of another type.
    WrongType,
    /// A required field is missing.
    MissingField,
    /// A value is out of its range.
    InvalidValue,
    /// There is nothing at this address.
    NotFound,
    /// The address exists, this method on it does not.
    MethodNotAllowed,
    /// A token is missing or wrong.
    Unauthorized,
    /// The token is good, but its agent may not do this.
    Forbidden,
    /// The calling page's origin is not on the site's list.
    ForbiddenOrigin,
    /// Too many requests from this visitor.
    RateLimited,
    /// The body is larger than allowed.
    BodyTooLarge,
    /// The body's type is not read here.
    UnsupportedMediaType,
    /// The idempotency key was used with another body.
    IdempotencyMismatch,
    /// The store does not answer.
    StoreUnavailable,
    /// Too much is going on at once.
    Overloaded,
    /// The request took too long.
    Timeout,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// Status, name and title of each code.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadJson => (StatusCode::BAD_REQUEST, "bad-json", "The body is not valid JSON"),
            Self::UnknownField => (StatusCode::UNPROCESSABLE_ENTITY, "unknown-field", "The body has an unknown field"),
            Self::WrongType => (StatusCode::UNPROCESSABLE_ENTITY, "wrong-type", "A field has the wrong type"),
            Self::MissingField => (StatusCode::UNPROCESSABLE_ENTITY, "missing-field", "A field is missing"),
            Self::InvalidValue => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-value", "A value is not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid access token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This is for admins"),
            Self::ForbiddenOrigin => (StatusCode::FORBIDDEN, "forbidden-origin", "This origin is not allowed"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's type is not supported")
            }
            Self::IdempotencyMismatch => {
                (StatusCode::CONFLICT, "idempotency-mismatch", "The idempotency key was used with another body")
            }
            Self::StoreUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "The store is not available")
            }
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The server is busy"),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout", "The request took too long"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong"),
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The name in replies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }

    /// One line for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// A failure as the caller gets to see it: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// What kind.
    pub code: Code,
    /// What happened and what to do, for people.
    pub detail: String,
    /// The field, parameter or header at fault.
    pub field: Option<String>,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u64>,
}

impl ApiError {
    /// A failure of this kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after_s: None }
    }

    /// A failure of this kind in one field.
    pub fn in_field(code: Code, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(code, detail) }
    }

    /// A value that is not allowed.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::in_field(Code::InvalidValue, field, detail)
    }

    /// Nothing at this address; `what` names what was looked for.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what)
    }

    /// A fault of ours: the cause goes to the log, never to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(Code::Internal, "This is a fault of the server. Its log knows more, under this request's id.")
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// As RFC 9457 tells it.
    #[must_use]
    pub fn problem(&self, id: RequestId) -> Problem<'_> {
        Problem {
            kind: "about:blank",
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            field: self.field.as_deref(),
            instance: id.to_string(),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        Self::internal(error)
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        Self::internal(error)
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Invalid { field, message } => Self::invalid(field, message),
            DeskError::Mismatch => Self::in_field(Code::IdempotencyMismatch, "idempotency_key", error.to_string()),
            DeskError::Unavailable(cause) => store_unavailable(&cause),
            DeskError::NameTaken { .. } | DeskError::UnknownAgent { .. } | DeskError::LastAdmin { .. } => {
                Self::invalid("name", error.to_string())
            }
            DeskError::UnknownDelivery { .. } => Self::not_found(error.to_string()),
            DeskError::Draft { .. } => Self::internal(error),
        }
    }
}

impl From<InsightError> for ApiError {
    fn from(error: InsightError) -> Self {
        store_unavailable(&error)
    }
}

fn store_unavailable(cause: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%cause, "the store is not available");
    let detail = "Nothing was kept. Send the same request again in a few seconds; an idempotency key keeps it single.";
    ApiError::new(Code::StoreUnavailable, detail).retry_after(5)
}

impl IntoResponse for ApiError {
    /// An empty reply that carries the error to the layer that writes it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error reply: `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem<'a> {
    /// Always `about:blank`: `code` tells the kinds apart.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The kind, for people.
    title: &'a str,
    /// The reply's status.
    status: u16,
    /// What happened and what to do.
    detail: &'a str,
    /// The kind, for programs; stable.
    code: &'a str,
    /// The field, parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The request's id, as in `x-request-id` and in the log.
    instance: String,
}
