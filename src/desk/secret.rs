//! Tokens and the hashes that are kept of them. No token is ever stored or logged itself.

use sha2::{Digest, Sha256};

use super::DeskError;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// SHA-256 of all parts in turn, as 64 lower-case hexadecimal digits.
///
/// Each part is preceded by its length: moving a boundary gives another hash.
#[must_use]
pub fn hash_hex(parts: &[&[u8]]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    hash(parts).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A token of `N` random bytes, URL-safe.
///
/// # Errors
/// [`DeskError::Unavailable`] when the operating system gives no random numbers.
pub fn random_token<const N: usize>() -> Result<String, DeskError> {
    random::<N>().map(|bytes| base64url(&bytes))
}

/// The visitor's status token: 128 bits that follow from the ticket's salt and the idempotency key.
///
/// A repeated request gets the same link again, although only the hashes of key and token are stored.
pub(super) fn status_token(salt: &str, key: &str) -> String {
    base64url(&hash(&[b"status", salt.as_bytes(), key.as_bytes()])[..16])
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], DeskError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Unavailable(Box::new(error)))?;
    Ok(bytes)
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Base64 with the URL alphabet and without padding (RFC 4648, section 5).
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0, |group, at| group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        let digit = |at: u32| char::from(BASE64URL[(group >> (18 - 6 * at) & 63) as usize]);
        text.extend((0..=chunk.len() as u32).map(digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_follows_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xff, 0xfe]), "__4");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash_hex(&[b"ab", b"c"]), hash_hex(&[b"a", b"bc"]));
    }
}
