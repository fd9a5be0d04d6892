//! Settings of the links to other help desks: `[connectors.NAME]`.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What stands in place of a secret wherever settings are printed or logged.
pub const HIDDEN: &str = "***";

/// One link to a help desk, by its `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Connector {
    /// A signed call to a program of one's own.
    Webhook(Webhook),
    /// A message to a mailbox.
    Email(Email),
    /// A message to who asked.
    Confirmation(Confirmation),
    /// The API of a help desk, as a preset describes it.
    Http(HelpDesk),
}

impl Connector {
    /// Which tickets go through it.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        match self {
            Self::Webhook(Webhook { reach, .. })
            | Self::Email(Email { reach, .. })
            | Self::Confirmation(Confirmation { reach, .. })
            | Self::Http(HelpDesk { reach, .. }) => reach,
        }
    }

    /// The type, as written.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::Confirmation(_) => "confirmation",
            Self::Http(_) => "http",
        }
    }

    /// The first setting at fault and what is wrong with it.
    pub(super) fn fault(&self) -> Option<(String, &'static str)> {
        let timeout_s = match self {
            Self::Webhook(Webhook { target, .. }) | Self::Http(HelpDesk { target, .. }) => target.timeout_s,
            Self::Email(Email { mail, .. }) | Self::Confirmation(Confirmation { mail, .. }) => mail.timeout_s,
        };
        let (unknown, required) = match self {
            Self::Webhook(webhook) => (
                &webhook.unknown,
                vec![("url", webhook.target.url.is_empty()), ("secrets", webhook.secrets.is_empty())],
            ),
            Self::Email(email) => {
                let nowhere = email.mail.host.is_empty() && email.mail.folder.is_none();
                (
                    &email.unknown,
                    vec![("from", email.mail.from.is_empty()), ("to", email.to.is_empty()), ("host", nowhere)],
                )
            }
            Self::Confirmation(confirmation) => {
                let nowhere = confirmation.mail.host.is_empty() && confirmation.mail.folder.is_none();
                (&confirmation.unknown, vec![("from", confirmation.mail.from.is_empty()), ("host", nowhere)])
            }
            Self::Http(desk) => {
                (&desk.unknown, vec![("url", desk.target.url.is_empty()), ("preset", desk.preset.is_empty())])
            }
        };
        let unknown = unknown.keys().next().map(|key| (key.clone(), "there is no such setting for this type"));
        let timeout = (!(1..=30).contains(&timeout_s)).then(|| ("timeout_s".to_owned(), "must be 1 to 30 seconds"));
        unknown.or(timeout).or_else(|| {
            let missing = required.into_iter().find(|(_, missing)| *missing)?.0;
            Some((missing.to_owned(), "must be set for this type"))
        })
    }
}

/// Which tickets go through a connector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// Sites by their key; empty: all.
    pub sites: Vec<String>,
    /// Support levels; empty: all.
    pub levels: Vec<u8>,
}

impl Reach {
    /// Whether tickets of this site go along at this level.
    #[must_use]
    pub fn covers(&self, site: &str, level: u8) -> bool {
        let sites = self.sites.is_empty() || self.sites.iter().any(|key| key == site);
        sites && (self.levels.is_empty() || self.levels.contains(&level))
    }
}

/// Where to call, and under which conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Address: of the receiver for a webhook, without a path of the API for a help desk.
    pub url: String,
    /// Longest time for one request, in seconds.
    pub timeout_s: u64,
    /// Hosts (`name` or `name:port`) that may be internal, use `http:` or a port other than 443 and 8443.
    pub allowed_hosts: Vec<String>,
    /// File of certificates (PEM) to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Default for Target {
    fn default() -> Self {
        Self { url: String::new(), timeout_s: 15, allowed_hosts: Vec::new(), ca_file: None }
    }
}

/// A receiver of signed calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Webhook {
    /// Which tickets.
    #[serde(flatten)]
    pub reach: Reach,
    /// Where to.
    #[serde(flatten)]
    pub target: Target,
    /// What to sign with; several while one takes the place of another. `whsec_` and base64 of 24 to 64 bytes.
    pub secrets: Vec<Secret>,
    /// Settings that do not exist; a mistake.
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, toml::Value>,
}

/// A help desk with an API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelpDesk {
    /// Which tickets.
    #[serde(flatten)]
    pub reach: Reach,
    /// Where to.
    #[serde(flatten)]
    pub target: Target,
    /// Name of a built-in preset, or path of a file that ends in `.toml`.
    pub preset: String,
    /// What the preset asks for.
    pub values: BTreeMap<String, toml::Value>,
    /// What the preset asks for and nobody may see.
    pub secrets: BTreeMap<String, Secret>,
    /// Settings that do not exist; a mistake.
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, toml::Value>,
}

/// A mailbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    /// Which tickets.
    #[serde(flatten)]
    pub reach: Reach,
    /// How mail leaves.
    #[serde(flatten)]
    pub mail: Mail,
    /// Mailboxes that get the tickets.
    pub to: Vec<String>,
    /// Settings that do not exist; a mistake.
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, toml::Value>,
}

/// A mail to who asked: the reference, and a link to the status page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Confirmation {
    /// Which tickets.
    #[serde(flatten)]
    pub reach: Reach,
    /// How mail leaves.
    #[serde(flatten)]
    pub mail: Mail,
    /// Settings that do not exist; a mistake.
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, toml::Value>,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    /// Sender, an address of one's own domain; a name may stand before it: `Help desk <help@example.org>`.
    pub from: String,
    /// Mail server; empty where `folder` is set.
    pub host: String,
    /// Port; 0: 587, 465 or 25 as `tls` says.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// User name, where the server wants one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// Longest time for one step of the conversation, in seconds.
    pub timeout_s: u64,
    /// File of certificates (PEM) to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Write mails as files into this folder instead of sending them.
    pub folder: Option<PathBuf>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            from: String::new(),
            host: String::new(),
            port: 0,
            tls: MailTls::default(),
            user: None,
            password: None,
            timeout_s: 15,
            ca_file: None,
            folder: None,
        }
    }
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then TLS or nothing at all (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// No protection: for a server on this machine (port 25).
    None,
}

/// Something that nobody may see: written here, or the place where it stands.
///
/// Printed and logged as `***`; the place, where it is one, is no secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenSecret")]
pub enum Secret {
    /// The secret itself.
    Text(String),
    /// Name of an environment variable that holds it.
    Env(String),
    /// A file that holds it, in its first line.
    File(PathBuf),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a secret is a text, { env = \"NAME\" } or { file = \"PATH\" }")]
enum WrittenSecret {
    Text(String),
    Env(FromEnv),
    File(FromFile),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FromEnv {
    env: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FromFile {
    file: PathBuf,
}

impl From<WrittenSecret> for Secret {
    fn from(written: WrittenSecret) -> Self {
        match written {
            WrittenSecret::Text(text) => Self::Text(text),
            WrittenSecret::Env(FromEnv { env }) => Self::Env(env),
            WrittenSecret::File(FromFile { file }) => Self::File(file),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(_) => serializer.serialize_str(HIDDEN),
            Self::Env(env) => FromEnv { env: env.clone() }.serialize(serializer),
            Self::File(file) => FromFile { file: file.clone() }.serialize(serializer),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str(HIDDEN),
            Self::Env(env) => write!(f, "env {env}"),
            Self::File(file) => write!(f, "file {}", file.display()),
        }
    }
}
