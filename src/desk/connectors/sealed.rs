//! Secrets once they are read: usable, but not to be seen.
//!
//! [`Sealed`] never shows itself in logs or errors, and [`hide`] takes secrets out of a text that
//! came from outside before anybody sees it.

use std::{fmt, fs};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::config::{HIDDEN, Secret};

/// Secrets shorter than this are not looked for in texts: too much else would be hidden.
const SHORTEST: usize = 4;

/// A secret that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// Reads a secret from where it stands.
    ///
    /// # Errors
    /// Says what is missing, never what was found.
    pub fn read(secret: &Secret) -> Result<Self, String> {
        let text = match secret {
            Secret::Text(text) if text == HIDDEN => {
                return Err(format!("{HIDDEN} stands where `zerodesk config` has hidden a secret; write the secret"));
            }
            Secret::Text(text) => text.clone(),
            Secret::Env(name) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
            }
            Secret::File(path) => {
                fs::read_to_string(path).map_err(|error| format!("the secret in {}: {error}", path.display()))?
            }
        };
        // Files end with a line break; no secret does.
        let text = text.lines().next().unwrap_or_default().trim();
        if text.is_empty() { Err("a secret is empty".into()) } else { Ok(Self(text.into())) }
    }

    /// The secret itself, for who must send it.
    #[must_use]
    pub fn open(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The text without any of these secrets, plain or in base 64.
pub(super) fn hide(text: &str, secrets: &[Sealed]) -> String {
    let forms = secrets.iter().flat_map(|Sealed(secret)| {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        [secret.clone(), STANDARD.encode(secret), encoded]
    });
    forms.filter(|form| form.len() >= SHORTEST).fold(text.to_owned(), |text, form| text.replace(&form, HIDDEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_from_where_they_stand() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        fs::write(&file, "hush-hush\n").unwrap();
        fs::write(dir.path().join("empty"), "\n").unwrap();
        let table = [
            (Secret::Text("a b".into()), Ok("a b")),
            (Secret::File(file), Ok("hush-hush")),
            (Secret::Env("PATH_THAT_IS_NOT_SET".into()), Err("PATH_THAT_IS_NOT_SET")),
            (Secret::File(dir.path().join("none")), Err("none")),
            (Secret::File(dir.path().join("empty")), Err("empty")),
            (Secret::Text(HIDDEN.into()), Err("zerodesk config")),
        ];
        for (secret, expected) in table {
            match (Sealed::read(&secret), expected) {
                (Ok(read), Ok(text)) => assert_eq!((read.open(), format!("{read:?}").as_str()), (text, HIDDEN)),
                (Err(error), Err(named)) => assert!(error.contains(named), "{error}"),
                (found, _) => panic!("{secret:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn texts_from_outside_lose_the_secrets_in_them() {
        let secrets = ["p ss/word", "abc"].map(|secret| Sealed(secret.into()));
        let text = format!("p ss/word, {}, p+ss%2Fword, abc", STANDARD.encode("p ss/word"));
        assert_eq!(hide(&text, &secrets), "***, ***, ***, abc");
    }
}
