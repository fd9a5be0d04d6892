//! Signatures of webhooks, as Standard Webhooks 1.0 defines them: made for calls that go out, checked on calls
//! that come in.
//!
//! HMAC-SHA256 over `id.timestamp.body`. Several keys may be in use while one takes the place of
//! another: all sign, and any is accepted. Nothing here remembers an id: whoever receives a call
//! twice must know it by itself.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::{Sealed, SetupError};
use crate::config::Secret;

/// Header with the id of the message, the same on every attempt.
pub const ID: &str = "webhook-id";
/// Header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// Beginning of a written key.
const PREFIX: &str = "whsec_";
/// How far the clock of a sender may be off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Signatures that are looked at: more keys than that nobody has at once.
const MOST: usize = 16;

/// A key with which calls are signed.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

/// Why a call is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The time of the attempt is missing or no number.
    #[error("webhook-timestamp must be whole seconds since 1970")]
    Timestamp,
    /// The attempt is too old, or from the future.
    #[error("webhook-timestamp is more than 5 minutes away from the time here; check both clocks")]
    Age,
    /// No signature fits.
    #[error("no signature in webhook-signature fits; check the secret, and that the body is signed as it is sent")]
    Signature,
}

impl SigningKey {
    /// Reads a key: `whsec_` and base 64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// Says what to write instead.
    pub fn read(secret: &Sealed) -> Result<Self, String> {
        let text = secret.open();
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok();
        let fits = bytes.filter(|bytes| (24..=64).contains(&bytes.len()));
        fits.map(Self).ok_or_else(|| {
            "a signing secret is whsec_ and base64 of 24 to 64 random bytes; make one with: echo whsec_$(openssl rand -base64 32)".into()
        })
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// Reads the keys of a setting.
///
/// # Errors
/// Names the setting, and says what to write instead.
pub fn signing_keys(setting: &str, secrets: &[Secret]) -> Result<Vec<SigningKey>, SetupError> {
    let read = |secret| SigningKey::read(&Sealed::read(secret)?);
    let fault = |message| SetupError { setting: setting.into(), message };
    secrets.iter().map(|secret| read(secret).map_err(fault)).collect()
}

/// The value of [`SIGNATURE`] for a call: one signature for each key.
#[must_use]
pub fn sign(keys: &[SigningKey], id: &str, at: Timestamp, body: &[u8]) -> String {
    let timestamp = at.as_second().to_string();
    let macs = keys.iter().filter_map(|key| key.mac(id, &timestamp, body));
    macs.map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))).collect::<Vec<_>>().join(" ")
}

/// Checks a call that came in at `now` with these headers.
///
/// # Errors
/// [`SignatureError`] when the call is not of somebody who has one of the keys, or not of now.
pub fn verify(
    keys: &[SigningKey],
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let at = timestamp.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let at = at.ok_or(SignatureError::Timestamp)?;
    let given = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let given: Vec<Vec<u8>> = given.take(MOST).filter_map(|signature| STANDARD.decode(signature).ok()).collect();
    let fits = |key: &SigningKey| {
        let mac = key.mac(id, timestamp, body);
        mac.is_some_and(|mac| given.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()))
    };
    if !keys.iter().any(fits) {
        return Err(SignatureError::Signature);
    }
    if now.duration_since(at).abs() > TOLERANCE { Err(SignatureError::Age) } else { Ok(()) }
}
