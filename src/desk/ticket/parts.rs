//! The parts of a ticket. Their field names are those of the JSON and of the request.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime};
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
    /// The website's signature over `user_ref`; checked and forgotten when the ticket is filed.
    #[serde(skip)]
    pub signature: Option<String>,
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
    /// Phone number with the code of its country, such as `+31201234567`.
    pub phone: Option<String>,
    /// Times that suit, in the visitor's time zone.
    pub windows: Vec<CallWindow>,
}

/// A time that suits for a call, as the visitor's clock shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallWindow {
    /// From when.
    #[schema(value_type = String, example = "2026-11-23T09:00")]
    pub from: DateTime,
    /// Until when.
    #[schema(value_type = String, example = "2026-11-23T12:00")]
    pub until: DateTime,
}

impl std::fmt::Display for CallWindow {
    /// Such as `2026-11-23 09:00-12:00`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, until } = self;
        let end = if from.date() == until.date() { "%H:%M" } else { " %Y-%m-%d %H:%M" };
        write!(f, "{}-{}", from.strftime("%Y-%m-%d %H:%M"), until.strftime(end))
    }
}

/// The support contract under which a case is worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What the contract is called between customer and company.
    pub reference: String,
    /// Business minutes until somebody writes to the requester.
    pub response_minutes: u32,
    /// Business minutes until it is solved.
    pub resolution_minutes: u32,
}

/// Who outside is to be involved, and whether the customer has agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct External {
    /// The vendor or the system.
    pub vendor: Option<String>,
    /// When the customer agreed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub consent_at: Option<Timestamp>,
    /// Who recorded it: an agent's name; none: the visitor, by the form or the status page.
    pub recorded_by: Option<String>,
    /// How the customer agreed, in the agent's words.
    pub statement: Option<String>,
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
