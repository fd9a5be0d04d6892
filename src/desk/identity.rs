//! Who a visitor is, where the embedding website vouches for it: a signature over the user's id.
//!
//! The website signs on its server with a secret that it shares with this one. Without a secret, or
//! with a signature that does not fit, the user is kept as not verified: a ticket is never refused for it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Verified, connectors::Sealed};

/// Whether the website vouches for `user_ref`: `signature` is HMAC-SHA256 over it, in hexadecimal.
pub(super) fn vouched(secret: Option<&Sealed>, user_ref: Option<&str>, signature: Option<&str>) -> Verified {
    let fits = || {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret?.open().as_bytes()).ok()?;
        mac.update(user_ref?.as_bytes());
        // Compared in constant time.
        mac.verify_slice(&bytes(signature?)?).ok()
    };
    if fits().is_some() { Verified::Hmac } else { Verified::None }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.trim().chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn only_the_secret_of_the_site_vouches_for_a_user() {
        // RFC 4231, test case 2.
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let user = "what do ya want for nothing?";
        let secret = |text: &str| Some(Sealed::read(&Secret::Text(text.into())).unwrap());
        let table = [
            (secret("Jefe"), Some(user), Some(right.to_owned()), Verified::Hmac),
            (secret("Jefe"), Some(user), Some(right.to_uppercase()), Verified::Hmac),
            (secret("Jefe"), Some("somebody else"), Some(right.to_owned()), Verified::None),
            (secret("other"), Some(user), Some(right.to_owned()), Verified::None),
            (None, Some(user), Some(right.to_owned()), Verified::None),
            (secret("Jefe"), None, Some(right.to_owned()), Verified::None),
            (secret("Jefe"), Some(user), None, Verified::None),
            (secret("Jefe"), Some(user), Some(right[..62].to_owned()), Verified::None),
            (secret("Jefe"), Some(user), Some("nonsense".into()), Verified::None),
            (secret("Jefe"), Some(user), Some(String::new()), Verified::None),
        ];
        for (secret, user, signature, expected) in table {
            assert_eq!(vouched(secret.as_ref(), user, signature.as_deref()), expected, "{user:?} {signature:?}");
        }
    }
}
