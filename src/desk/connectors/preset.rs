//! What is known about a help desk's API, as data: a TOML file that an operator can copy and change.
//!
//! A preset says how a ticket is created, how a reply shows its id or its error, and how a ticket
//! is found again before a second attempt. It holds no secret: it only names those that it needs.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;

/// The presets that come with the program, by name.
pub const PRESETS: [(&str, &str); 7] = [
    ("freshdesk", include_str!("presets/freshdesk.toml")),
    ("github", include_str!("presets/github.toml")),
    ("jira-service-management", include_str!("presets/jira-service-management.toml")),
    ("request-tracker", include_str!("presets/request-tracker.toml")),
    ("zammad", include_str!("presets/zammad.toml")),
    ("zendesk", include_str!("presets/zendesk.toml")),
    ("znuny", include_str!("presets/znuny.toml")),
];

/// How to talk to one kind of help desk.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The product's name.
    pub title: String,
    /// Where its API is described.
    pub source: String,
    /// Whether it has been run against the real product, and which.
    pub tried: String,
    /// Settings that the operator gives.
    #[serde(default)]
    pub values: BTreeMap<String, Setting>,
    /// Settings that nobody may see.
    #[serde(default)]
    pub secrets: BTreeMap<String, Setting>,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Where a reply that looks well says that it is not.
    pub error: Option<String>,
    /// Creates a ticket.
    pub create: Call,
    /// Finds a ticket that an earlier attempt may have created.
    pub find: Option<Call>,
}

/// A setting that a preset asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is.
    pub about: String,
    /// Its value where none is given.
    pub default: Option<toml::Value>,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
}

/// A request and what to read from its reply.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path behind the configured address; its values are encoded.
    pub path: String,
    /// Query string; names and values are encoded, and what is empty is left out.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// JSON body; each text in it is a template.
    pub body: Option<toml::Value>,
    /// Where the ticket's id stands in the reply.
    pub id: String,
}

impl Preset {
    /// A preset by its name, or from a file whose name ends in `.toml`.
    ///
    /// # Errors
    /// Says which there are, or what is wrong with the file.
    pub fn open(name: &str) -> Result<Self, String> {
        if std::path::Path::new(name).extension().is_some_and(|ending| ending == "toml") {
            let text = fs::read_to_string(name).map_err(|error| format!("preset {name}: {error}"))?;
            return toml::from_str(&text).map_err(|error| format!("preset {name}: {error}"));
        }
        let text = PRESETS.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text);
        let text = text.ok_or_else(|| {
            let names = PRESETS.map(|(name, _)| name).join(", ");
            format!("there is no preset {name:?}; use {names}, or a file whose name ends in .toml")
        })?;
        toml::from_str(text).map_err(|error| format!("preset {name}: {error}"))
    }

    /// The values as given, with the defaults; nothing is missing and nothing is too much.
    ///
    /// # Errors
    /// Names the value at fault.
    pub(super) fn values(
        &self,
        given: &BTreeMap<String, toml::Value>,
    ) -> Result<BTreeMap<String, Option<toml::Value>>, String> {
        complete("values", &self.values, given)
    }

    /// As [`Self::values`], for secrets.
    pub(super) fn secrets<T: Clone>(&self, given: &BTreeMap<String, T>) -> Result<(), String> {
        let present = given.keys().map(|name| (name.clone(), toml::Value::Boolean(true))).collect();
        complete("secrets", &self.secrets, &present).map(|_| ())
    }
}

fn complete(
    table: &str,
    asked: &BTreeMap<String, Setting>,
    given: &BTreeMap<String, toml::Value>,
) -> Result<BTreeMap<String, Option<toml::Value>>, String> {
    if let Some(name) = given.keys().find(|name| !asked.contains_key(*name)) {
        let known: Vec<&str> = asked.keys().map(String::as_str).collect();
        return Err(format!("{table}.{name}: the preset has no such setting; it has {}", known.join(", ")));
    }
    let one = |(name, setting): (&String, &Setting)| {
        let value = given.get(name).or(setting.default.as_ref()).cloned();
        if value.is_none() && !setting.optional {
            return Err(format!("{table}.{name} is missing: {}", setting.about));
        }
        Ok((name.clone(), value))
    };
    asked.iter().map(one).collect()
}
