//! Who asks: the token that came with a request. Whether it is good is the desk's to say.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use subtle::ConstantTimeEq;

use super::error::{ApiError, Code};
use crate::desk::hash_hex;

/// Name of the cookie that keeps an agent signed in; only sent to `/desk` and never to scripts.
pub const DESK_COOKIE: &str = "zerodesk_desk";

/// The token of `Authorization: Bearer ...`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
}

/// The `Set-Cookie` line that keeps `token` for the desk's pages; an empty token removes it.
#[must_use]
pub fn desk_cookie(token: &str, secure: bool) -> String {
    let age_s = if token.is_empty() { 0 } else { 12 * 60 * 60 };
    let secure = if secure { "; Secure" } else { "" };
    format!("{DESK_COOKIE}={token}; Path=/desk; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}")
}

/// What a form of the desk must carry: it follows from the token in the cookie, which no other website can read, so
/// that no other website can send the form, not even one that shares our domain.
#[must_use]
pub fn form_key(token: &str) -> String {
    let mut key = hash_hex(&[b"form", token.as_bytes()]);
    key.truncate(32);
    key
}

/// Whether a form carries the key that belongs to the token, compared in constant time.
#[must_use]
pub fn is_form_key(token: &str, key: &str) -> bool {
    form_key(token).as_bytes().ct_eq(key.as_bytes()).into()
}

/// The Bearer token of an API request; without one the request ends with `unauthorized`.
#[derive(Clone)]
pub struct BearerToken(pub String);

impl<S: Sync> FromRequestParts<S> for BearerToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        bearer(&parts.headers).map(|token| Self(token.to_owned())).ok_or_else(unauthorized)
    }
}

/// The one answer to every missing or wrong token.
#[must_use]
pub fn unauthorized() -> ApiError {
    let detail = "Send `Authorization: Bearer zdk_...`. `zerodesk agent add NAME` makes a token.";
    ApiError::in_field(Code::Unauthorized, "Authorization", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_form_of_the_desk_needs_the_key_of_its_token() {
        let key = form_key("zdk_a");
        assert_eq!(key.len(), 32);
        for (token, key, good) in [("zdk_a", key.as_str(), true), ("zdk_b", &key, false), ("zdk_a", "", false)] {
            assert_eq!(is_form_key(token, key), good, "{token} {key}");
        }
    }

    #[test]
    fn tokens_are_found_where_they_belong() {
        for (value, token) in [
            ("Bearer zdk_a", Some("zdk_a")),
            ("bearer  zdk_a ", Some("zdk_a")),
            ("Basic zdk_a", None),
            ("Bearer ", None),
            ("zdk_a", None),
        ] {
            assert_eq!(bearer(&headers(header::AUTHORIZATION, value)), token, "{value}");
        }
        let jar = headers(header::COOKIE, "a=b; zerodesk_desk=zdk_x; zerodesk_desk2=no");
        assert_eq!(cookie(&jar, DESK_COOKIE), Some("zdk_x"));
        assert_eq!(cookie(&jar, "desk"), None);
    }
}
