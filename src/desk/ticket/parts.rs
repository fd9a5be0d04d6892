//! The parts of a ticket. Their field names are those of the JSON and of the request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Why a person was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// The search found no answer.
    NoAnswer,
    /// What it found did not help.
    NotHelpful,
    /// The visitor wants a person.
    #[default]
    Asked,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Phone number.
    pub phone: Option<String>,
    /// Id of the user at the embedding website.
    pub user_ref: Option<String>,
    /// Whether the embedding website has vouched for `user_ref`.
    pub verified: Verified,
}

/// Whether somebody vouches for who the requester is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// Nobody: the visitor says so.
    #[default]
    None,
    /// The embedding website, by a signature over the user's id.
    Hmac,
}

/// One search on the way to the ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailItem {
    /// The query, personal data masked.
    pub query: String,
    /// When.
    pub at: Timestamp,
    /// Confidence of the best answer, 0..1.
    pub confidence: f32,
    /// `answer`, `candidates` or `no_answer`.
    pub decision: String,
    /// Sections shown, as `article#section`.
    pub shown: Vec<String>,
    /// The section clicked, if any.
    pub clicked: Option<String>,
}

/// An article read on the way to the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadArticle {
    /// Slug.
    pub article: String,
    /// Revision that the article had when the ticket was filed; empty where it is unknown.
    pub revision: String,
    /// Visible reading time, in seconds.
    pub dwell_s: u64,
    /// The visitor's verdict.
    pub helpful: Option<bool>,
    /// Why not.
    pub reason: Option<String>,
}

/// The page from which a ticket was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// Address; its query string and fragment are cut off.
    pub url: String,
    /// Title.
    pub title: String,
}

/// The visitor's software, coarse on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Such as `Firefox`.
    pub user_agent_family: String,
    /// Such as `Windows`.
    pub os: String,
    /// Version of the search box.
    pub box_version: String,
}

/// What the embedding website tells about its user and product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostContext {
    /// Product.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The user's plan.
    pub plan: Option<String>,
    /// Anything else: at most 20 keys of 100 characters with values of 10,000. Numbers and the like become text.
    #[serde(deserialize_with = "texts")]
    pub custom: BTreeMap<String, String>,
}

/// Values as text, whatever they are: a ticket must not fail because a website tells a number of seats.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    let text = |value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(values.into_iter().map(|(key, value)| (key, text(value))).collect())
}

/// When and where to call back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Callback {
    /// Phone number.
    pub phone: Option<String>,
    /// Time windows in the visitor's words.
    pub windows: Vec<String>,
}

/// What the visitor agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// Whether the context goes along (also when nothing is said): trail, articles read, page, software and host data.
    pub context_shared: bool,
    /// Version of the text that the visitor saw.
    pub text_version: String,
    /// Parts that the visitor struck, such as `trail` or `page`.
    pub fields_removed: Vec<String>,
}

impl Default for Consent {
    fn default() -> Self {
        // Whoever names a session or a search in the request wants it to go along.
        Self { context_shared: true, text_version: String::new(), fields_removed: Vec::new() }
    }
}

/// What was masked in the trail before it was stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Rules that were applied.
    pub rules: Vec<String>,
    /// How often one of them found something.
    pub hits: u32,
}

/// The state of the articles when the ticket was filed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// Generation of the index.
    pub generation: u64,
}
