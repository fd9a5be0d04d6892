//! From bytes and query strings to checked values, with the name of the field at fault.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Uri, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::error::{ApiError, Code};
use crate::{
    app::App,
    config::{Config, Site},
};

/// Longest value of a query parameter that is looked at, in bytes. Longer ones are refused.
const MAX_PARAMETER_BYTES: usize = 8192;

/// What a body says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`, as a form without JavaScript sends it.
    Form,
    /// `text/plain`, as `navigator.sendBeacon` sends JSON without a preflight.
    Text,
}

/// A body of at most `limits.body_bytes` with its declared kind.
#[derive(Debug, Clone)]
pub struct Payload {
    /// What it says it is.
    pub kind: BodyKind,
    /// The bytes as they came.
    pub bytes: Bytes,
}

impl Payload {
    /// Reads JSON of whatever declared kind.
    ///
    /// # Errors
    /// `bad-json`, `unknown-field`, `wrong-type`, `missing-field`, each with the field where there is one.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        from_json(&self.bytes)
    }

    /// Reads a form: names and values in order, decoded.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.bytes).into_owned().collect()
    }

    /// Refuses every kind but these.
    ///
    /// # Errors
    /// `unsupported-media-type`.
    pub fn only(self, kinds: &[BodyKind]) -> Result<Self, ApiError> {
        if kinds.contains(&self.kind) { Ok(self) } else { Err(unsupported()) }
    }
}

impl<S> FromRequest<S> for Payload
where
    S: Send + Sync,
    Arc<App>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let limit = Arc::<App>::from_ref(state).config.limits.body_bytes;
        let kind = body_kind(request.headers())?;
        let declared =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if declared.is_some_and(|bytes: u64| bytes > limit as u64) {
            return Err(too_large(limit));
        }
        Ok(Self { kind, bytes: read(request.into_body(), limit).await? })
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    to_bytes(body, limit).await.map_err(|error| {
        let cut_off = std::error::Error::source(&error).is_none_or(|cause| !cause.to_string().contains("length limit"));
        if cut_off { ApiError::new(Code::BadJson, "The body ended before it was complete.") } else { too_large(limit) }
    })
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(Code::BodyTooLarge, format!("At most {limit} bytes are read here. Send less."))
}

fn unsupported() -> ApiError {
    ApiError::in_field(Code::UnsupportedMediaType, "Content-Type", "Send application/json.")
}

fn body_kind(headers: &HeaderMap) -> Result<BodyKind, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(BodyKind::Json),
        "application/x-www-form-urlencoded" => Ok(BodyKind::Form),
        "text/plain" => Ok(BodyKind::Text),
        _ => Err(unsupported()),
    }
}

/// Reads JSON, naming the field at fault.
///
/// # Errors
/// See [`Payload::json`].
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        json_error(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| ApiError::new(Code::BadJson, error.to_string()))?;
    Ok(value)
}

fn json_error(path: &str, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    if !error.is_data() {
        return ApiError::new(Code::BadJson, format!("{text}. Send one JSON object in UTF-8."));
    }
    let named = |prefix: &str| text.strip_prefix(prefix)?.split('`').nth(1).map(str::to_owned);
    let (code, name) = if let Some(name) = named("unknown field ") {
        (Code::UnknownField, Some(name))
    } else if let Some(name) = named("missing field ") {
        (Code::MissingField, Some(name))
    } else if text.starts_with("unknown variant") || text.starts_with("invalid value") {
        (Code::InvalidValue, None)
    } else if text.starts_with("invalid ") {
        (Code::WrongType, None)
    } else {
        (Code::InvalidValue, None)
    };
    let detail = text.split(" at line ").next().unwrap_or(&text).to_owned();
    ApiError { field: Some(field_path(path, name.as_deref())), ..ApiError::new(code, detail) }
}

/// `requester` and `email` make `requester.email`; a path that already ends with the name stays.
fn field_path(path: &str, name: Option<&str>) -> String {
    match (path, name) {
        ("." | "", name) => name.unwrap_or("body").to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    }
}

/// The parameters of an address: names and values in order, decoded; unknown ones are never looked at.
#[derive(Debug, Clone, Default)]
pub struct QueryString(Vec<(String, String)>);

impl QueryString {
    /// Of this address.
    #[must_use]
    pub fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value with this name; an empty one counts as absent.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values with this name, repeated or separated by commas.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// A whole number from 0 to `max`.
    ///
    /// # Errors
    /// `invalid-value` with the parameter's name.
    pub fn number(&self, name: &str, default: usize, max: usize) -> Result<usize, ApiError> {
        let Some(text) = self.one(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| *number <= max);
        number.ok_or_else(|| ApiError::invalid(name, format!("Write a whole number from 0 to {max}.")))
    }

    /// Something with a textual form of its own, such as a date.
    ///
    /// # Errors
    /// `invalid-value` with the parameter's name; `expected` says what would have been right.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| text.parse().map_err(|_| ApiError::invalid(name, format!("Write {expected}.")));
        self.one(name).map(parse).transpose()
    }

    /// One of a closed set of words.
    ///
    /// # Errors
    /// `invalid-value` with the parameter's name.
    pub fn choice<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        use serde::de::{IntoDeserializer, value::Error};
        let read = |text: &str| {
            T::deserialize(IntoDeserializer::<Error>::into_deserializer(text))
                .map_err(|error| ApiError::invalid(name, error.to_string()))
        };
        self.one(name).map(read).transpose()
    }

    /// A switch: `1` or `true`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.one(name), Some("1" | "true"))
    }
}

impl<S: Sync> FromRequestParts<S> for QueryString {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = Self::of(&parts.uri);
        match query.0.iter().find(|(_, value)| value.len() > MAX_PARAMETER_BYTES) {
            Some((name, _)) => Err(ApiError::invalid(name, format!("At most {MAX_PARAMETER_BYTES} bytes are read."))),
            None => Ok(query),
        }
    }
}

/// The named site, or the first one where none is named.
///
/// # Errors
/// `not-found` in field `site`.
pub fn site<'a>(config: &'a Config, key: Option<&str>) -> Result<(&'a str, &'a Site), ApiError> {
    let mut sites = config.sites.iter();
    let found = match key {
        Some(key) => sites.find(|(name, _)| name.as_str() == key),
        None => config.sites.get_key_value("default").or_else(|| sites.next()),
    };
    let found = found.map(|(name, site)| (name.as_str(), site));
    found.ok_or_else(|| {
        ApiError::in_field(Code::NotFound, "site", "There is no such site. Use a table name below `sites`.")
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        name: String,
        inner: Option<Inner>,
        many: Option<Vec<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        count: u8,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Big,
    }

    #[test]
    fn mistakes_in_json_are_named() {
        for (body, code, field) in [
            ("", "bad-json", None),
            ("{", "bad-json", None),
            ("{\"name\":\"a\"} x", "bad-json", None),
            ("{\"name\":\"\u{7}\"", "bad-json", None),
            ("[]", "wrong-type", Some("body")),
            ("3", "wrong-type", Some("body")),
            ("{}", "missing-field", Some("name")),
            ("{\"name\":3}", "wrong-type", Some("name")),
            ("{\"name\":null}", "wrong-type", Some("name")),
            ("{\"name\":\"a\",\"nam\":1}", "unknown-field", Some("nam")),
            ("{\"name\":\"a\",\"inner\":{}}", "missing-field", Some("inner.count")),
            ("{\"name\":\"a\",\"inner\":{\"count\":1,\"x\":2}}", "unknown-field", Some("inner.x")),
            ("{\"name\":\"a\",\"inner\":{\"count\":\"1\"}}", "wrong-type", Some("inner.count")),
            ("{\"name\":\"a\",\"inner\":{\"count\":300}}", "invalid-value", Some("inner.count")),
            ("{\"name\":\"a\",\"inner\":{\"count\":1,\"kind\":\"small\"}}", "invalid-value", Some("inner.kind")),
            ("{\"name\":\"a\",\"many\":[{\"count\":1},{\"count\":[]}]}", "wrong-type", Some("many[1].count")),
        ] {
            let error = from_json::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!((error.code.as_str(), error.field.as_deref()), (code, field), "{body}: {error:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(from_json::<Outer>(deep.as_bytes()).unwrap_err().code.as_str(), "wrong-type");
        assert!(from_json::<Outer>(b"{\"name\":\"\xff\"}").is_err());
    }

    #[test]
    fn parameters_are_read_leniently_where_nothing_is_lost() {
        let query =
            QueryString::of(&"/x?q=a+b%20c&tag=a,b&tag=c&tag=&limit=7&far=9999&bad=x&on=1&bytes=%FF".parse().unwrap());
        assert_eq!(query.one("q"), Some("a b c"));
        assert_eq!(query.list("tag"), ["a", "b", "c"]);
        assert_eq!(query.number("limit", 10, 50).unwrap(), 7);
        assert_eq!(query.number("none", 10, 50).unwrap(), 10);
        for name in ["far", "bad"] {
            let error = query.number(name, 10, 50).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::InvalidValue, Some(name)));
        }
        assert!(query.flag("on") && !query.flag("off"));
        assert_eq!(query.one("bytes"), Some("\u{fffd}"));
    }
}
