//! One request, one reply: the HTTP client of webhooks and help desks.
//!
//! It goes only where its [`Guard`] lets it, follows no redirect, asks no proxy, and gives up after
//! the time of its settings. What it tells of a reply has the secrets taken out.

use std::{error::Error, fs, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Certificate, Client, Method, Response, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};

use super::{ConnectorError, Guard, Lookup, Parcel, Refused, Sealed, sealed::hide};
use crate::config::Target;

/// Most of a reply that is read, in bytes.
const REPLY: usize = 262_144;
/// Most of a reply that is quoted in an error, in characters.
const QUOTE: usize = 300;

/// A client for one receiver.
pub(super) struct HttpClient {
    client: Client,
    guard: Guard,
    base: Url,
    secrets: Vec<Sealed>,
}

/// A request to be sent. Header values that hold secrets are hidden with the secrets themselves.
pub(super) struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// What came back. The body may have been cut off.
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Result<String, ConnectorError>,
}

impl HttpClient {
    /// A client for the address of `target`; `secrets` are hidden wherever it tells something.
    pub(super) fn new(target: &Target, secrets: Vec<Sealed>, lookup: &Lookup) -> Result<Self, String> {
        // The address itself is not told: somebody may have written a password into it.
        let base: Url =
            target.url.parse().map_err(|error| format!("url: {error}; write one that begins with https://"))?;
        let guard = Guard::new(&target.allowed_hosts, lookup.clone());
        guard.check(&base).map_err(|refused| format!("url: {refused}"))?;
        // Fails only where another provider was chosen before, which then is in use.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(target.timeout_s.max(1)))
            .user_agent(concat!("zerodesk/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.resolver(&base));
        if let Some(path) = &target.ca_file {
            let fault = |error: &dyn std::fmt::Display| format!("ca_file {}: {error}", path.display());
            let pem = fs::read(path).map_err(|error| fault(&error))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| fault(&error))?;
            builder = certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let client = builder.build().map_err(|error| format!("the HTTP client: {error}"))?;
        Ok(Self { client, guard, base, secrets })
    }

    /// The configured address.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The text without secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        hide(text, &self.secrets)
    }

    /// Sends a request and waits for the reply, whatever its status is.
    ///
    /// # Errors
    /// No reply at all, or an address that is refused.
    pub(super) async fn send(&self, outgoing: Outgoing, parcel: &Parcel<'_>) -> Result<Reply, ConnectorError> {
        self.guard.check(&outgoing.url).map_err(|refused| ConnectorError::permanent(refused.0))?;
        parcel.transcript.note(|| self.hide(&outgoing.to_string()));
        let headers = header_map(&outgoing.headers)?;
        let mut request = self.client.request(outgoing.method, outgoing.url).headers(headers);
        if let Some(body) = outgoing.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| {
            let error = self.no_reply(&error);
            parcel.transcript.note(|| format!("{error}\n"));
            error
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read(response).await;
        let reply = Reply { status, headers, body };
        parcel.transcript.note(|| self.hide(&reply.to_string()));
        Ok(reply)
    }

    async fn read(&self, mut response: Response) -> Result<String, ConnectorError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_reply(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > REPLY {
                return Err(ConnectorError::permanent(format!(
                    "the reply is longer than {REPLY} bytes; is url right?"
                )));
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// An error of the connection, with its causes, in one line.
    fn no_reply(&self, error: &reqwest::Error) -> ConnectorError {
        let mut causes = Vec::new();
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Refused>() {
                return ConnectorError::permanent(refused.0.clone());
            }
            causes.push(error.to_string());
            cause = error.source();
        }
        let what = if error.is_timeout() { "no reply in time".to_owned() } else { causes.join(": ") };
        ConnectorError::temporary(self.hide(&what))
    }

    /// Status and the beginning of the reply, for an error.
    pub(super) fn quote(&self, reply: &Reply) -> String {
        let body = reply.body.as_deref().unwrap_or_default();
        let body: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTE).collect();
        let location = reply.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map_or_else(String::new, |location| format!(" to {location}"));
        let colon = if body.is_empty() { "" } else { ": " };
        self.hide(&format!("{}{location}{colon}{body}", reply.status))
    }
}

impl Reply {
    /// How long the receiver asks to be left alone.
    pub(super) fn retry_after(&self, now: Timestamp) -> Option<SignedDuration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(SignedDuration::from_secs(seconds.into()));
        }
        let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        Some(at.duration_since(now).max(SignedDuration::ZERO))
    }

    /// Whether the receiver has too much to do.
    pub(super) fn is_busy(&self) -> bool {
        [429, 502, 503, 504].contains(&self.status.as_u16())
    }
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, ConnectorError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let fault =
            || ConnectorError::permanent(format!("header {name} cannot be sent; look at the preset and its values"));
        let value: HeaderValue = value.parse().map_err(|_| fault())?;
        map.insert(name.parse::<HeaderName>().map_err(|_| fault())?, value);
    }
    Ok(map)
}

impl std::fmt::Display for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            // Whatever stands there lets its holder in, in whatever form it is written.
            let value = if name.eq_ignore_ascii_case("authorization") { crate::config::HIDDEN } else { value };
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f, "\n{}", self.body.as_deref().unwrap_or_default())
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        match &self.body {
            Ok(body) => writeln!(f, "\n{body}"),
            Err(error) => writeln!(f, "\n({error})"),
        }
    }
}
