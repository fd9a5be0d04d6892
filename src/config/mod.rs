//! Configuration: `zerodesk.toml`, environment and flags, merged and checked before anything starts.
//!
//! Every setting and its default stands, with its explanation, in `config/zerodesk.toml`; the
//! structs below mirror that file, and a test keeps the two equal. Mistakes surface at start, with
//! the file and line that caused them. This room is plain data: it opens no file and no socket.

mod brand;
mod connectors;
mod hours;
mod merge;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::LazyLock};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use brand::{Brand, Colour, FooterLink};
pub use connectors::{Confirmation, Connector, Email, HIDDEN, HelpDesk, Mail, MailTls, Reach, Secret, Target, Webhook};
pub use hours::{Hours, OpenSpan};
pub use merge::{ConfigError, Written, effective_toml};

/// The default configuration with its comments: what `zerodesk config` prints when nothing is set.
pub const EXAMPLE: &str = include_str!("zerodesk.toml");

/// The whole configuration, as meant. Rooms below `app` get only their own part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Public base URL without a trailing slash; empty means `http://` and the bound address.
    pub public_url: String,
    /// Folder of Markdown articles.
    pub articles: PathBuf,
    /// Folder of index generations.
    pub index: PathBuf,
    /// Folder of the database.
    pub data: PathBuf,
    /// How changes of articles are noticed.
    pub watch: Watch,
    /// Sites by their key. Never empty.
    pub sites: BTreeMap<String, Site>,
    /// Search settings.
    pub search: Search,
    /// Limits on what visitors may ask for.
    pub limits: Limits,
    /// Tickets and delivery.
    pub desk: Desk,
    /// Links to other help desks by their name; `desk`, the built-in one, is always there.
    pub connectors: BTreeMap<String, Connector>,
    /// Events and figures.
    pub insight: Insight,
    /// Reports by mail.
    pub reports: Reports,
    /// Logging.
    pub log: Log,
    /// Support levels, lowest first.
    pub ladder: Vec<Rung>,
    /// Serves writers: drafts and problems are shown, and open pages follow their files. Only a flag sets this.
    #[serde(skip)]
    pub preview: bool,
}

/// How the article folder is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// Where change notices come from.
    pub mode: WatchMode,
    /// Quiet time after one change, in milliseconds.
    pub quiet_ms: u64,
    /// Longest wait while changes keep coming, in milliseconds.
    pub max_wait_ms: u64,
    /// Interval of the full comparison, in seconds.
    pub rescan_s: u64,
}

/// Source of change notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchMode {
    /// The operating system's notices (inotify, `FSEvents`, ...).
    Native,
    /// Look at the tree every second.
    Poll,
    /// Never.
    Off,
}

/// One help centre or embedding website.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// Name shown on pages.
    pub name: String,
    /// Languages, default first. Never empty.
    pub languages: Vec<String>,
    /// Article folders that belong to the site; empty: all.
    pub folders: Vec<String>,
    /// Foreign origins that may call the API, as `scheme://host[:port]`.
    pub origins: Vec<Origin>,
    /// What it costs to show a wrong answer, in any unit; only together with `needless_ticket_cost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_answer_cost: Option<f32>,
    /// What a ticket costs that an article would have answered, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needless_ticket_cost: Option<f32>,
    /// Confidence from which a search counts as answered, 0..1; instead of the two costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_at: Option<f32>,
    /// Confidence from which hits are candidates, 0..1.
    pub candidates_at: f32,
    /// Origins that may frame the pages.
    pub frame_ancestors: Vec<Origin>,
    /// Secret with which the embedding website signs the ids of its users; none: no user counts as verified.
    pub user_secret: Option<Secret>,
    /// Where writers change an article: an address with `{path}` for the article's file; empty: pages show no link.
    pub edit_url: String,
    /// How the pages look.
    pub brand: Brand,
    /// When people work, by which the times of support contracts run.
    pub hours: Hours,
    /// Share of visitors to whom no articles are suggested in the form, 0..1, to measure what suggestions are worth.
    pub holdout: f64,
    /// Who may read the figures of this site; none: as `insight.stats` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<StatsAccess>,
    /// What a ticket costs, in `currency`; none: no money is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_cost: Option<f64>,
    /// ISO 4217 code of `ticket_cost`, such as `EUR`.
    pub currency: String,
    /// Whether articles learn the questions that they were found helpful for, and whose voice counts.
    pub learn: Learn,
}

/// Whose voice counts when an article was found helpful for a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Learn {
    /// Each network has one voice, so that nobody alone can teach anything.
    #[default]
    Networks,
    /// Each visit has one voice: where all visitors share one address, and are trusted.
    Visits,
    /// Nothing is learned.
    Off,
}

impl Site {
    /// Where nothing is written: a wrong answer is half as bad again as a needless ticket.
    pub const ANSWER_AT: f32 = 0.6;

    /// Confidence from which a search counts as answered. With confidence `p`, answering costs `(1 - p)` wrong
    /// answers and not answering `p` needless tickets, so answering is cheaper above `wrong / (wrong + needless)`.
    ///
    /// ```
    /// use zerodesk::config::Site;
    /// let site = Site { wrong_answer_cost: Some(9.0), needless_ticket_cost: Some(1.0), ..Site::default() };
    /// assert_eq!(site.answer_at(), 0.9);
    /// ```
    #[must_use]
    pub fn answer_at(&self) -> f32 {
        let of_costs =
            self.wrong_answer_cost.zip(self.needless_ticket_cost).map(|(wrong, needless)| wrong / (wrong + needless));
        self.answer_at.or(of_costs).unwrap_or(Self::ANSWER_AT)
    }

    /// Confidence from which hits are candidates; never above [`answer_at`](Self::answer_at), which costs may bring
    /// below the setting.
    #[must_use]
    pub fn candidates_at(&self) -> f32 {
        self.candidates_at.min(self.answer_at())
    }
}

/// A web origin, `scheme://host[:port]`, in lower case and without a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// The origin as browsers send it in the `Origin` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']) => Ok(Self(lower)),
            _ => Err(format!(
                "{text:?} is not an origin; write scheme, host and port only, such as \"https://www.example.com\""
            )),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

/// Search settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Find words with typing errors.
    pub typo_tolerance: bool,
    /// Treat the last word as a prefix.
    pub prefix: bool,
    /// File of words that mean the same; the default one may be missing.
    pub synonyms: PathBuf,
    /// File with the weights of the decision, as `zerodesk eval --fit` writes it; empty: those of this version.
    pub decision: PathBuf,
    /// Searches that may be under way at once.
    pub concurrency: usize,
    /// Time after which a search answers with what it has found by then, in milliseconds.
    pub deadline_ms: u64,
}

impl Search {
    /// Whether the file of synonyms must be there, because the settings name it.
    #[must_use]
    pub fn needs_synonyms(&self) -> bool {
        self.synonyms != Self::default().synonyms
    }
}

/// Limits for the public routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether rate limits apply.
    pub enabled: bool,
    /// Searches and completions a minute and visitor address.
    pub searches_per_minute: u32,
    /// Event batches a minute and visitor address.
    pub events_per_minute: u32,
    /// Tickets an hour and visitor address.
    pub tickets_per_hour: u32,
    /// Tickets an hour and site, from all visitors together.
    pub tickets_per_hour_and_site: u32,
    /// Time that a person needs to fill in the contact form, in seconds; what is faster is suspected spam.
    pub fill_time_s: u32,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest request body in bytes.
    pub body_bytes: usize,
    /// Longest time for one request, in milliseconds.
    pub request_timeout_ms: u64,
    /// Open connections.
    pub connections: usize,
    /// Longest time for the head of a request, and between two requests of a connection, in milliseconds.
    pub idle_timeout_ms: u64,
}

/// Ticket settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desk {
    /// Days for which idempotency keys are kept.
    pub idempotency_days: u32,
    /// Folder into which drafts of articles are written.
    pub drafts: PathBuf,
    /// Business minutes until the first reply, where a contract does not say otherwise.
    pub response_minutes: u32,
    /// Business minutes until the solution, where a contract does not say otherwise.
    pub resolution_minutes: u32,
    /// Secrets with which help desks sign what became of a ticket; empty: nobody may tell.
    pub outcome_secrets: Vec<Secret>,
}

/// Event settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Insight {
    /// Who may read the figures.
    pub stats: StatsAccess,
    /// Days for which raw events are kept.
    pub retention_days: u32,
    /// Signals of browsers that ask not to be tracked which are honoured: nothing is recorded of such a request.
    pub honour: Honour,
    /// Capacity of the channel between requests and the store, in events.
    pub buffer: usize,
    /// Networks of the site's own people, whose visits do not count.
    pub staff_networks: Vec<IpNet>,
}

/// Signals of browsers that ask not to be tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Honour {
    /// `Sec-GPC: 1` and `DNT: 1`.
    #[default]
    All,
    /// `Sec-GPC: 1` only.
    Gpc,
    /// Neither: what is recorded leads to nobody.
    None,
}

/// Who may read the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatsAccess {
    /// Everyone.
    Public,
    /// Holders of an agent's token.
    Token,
}

/// Reports by mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    /// Who gets the figures of the week; empty: nobody.
    pub to: Vec<String>,
    /// The connector through whose mail server it goes.
    pub mail: String,
}

/// Log settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Level, or a `tracing` filter.
    pub level: String,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One rung of the ladder of support levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// 0 (self-help) to 4 (outside vendors).
    pub level: u8,
    /// Name by language.
    pub name: BTreeMap<String, String>,
    /// What a case must bring to come in.
    pub needs: Needs,
    /// Lower levels from which a case may come straight, beside the next lower one.
    #[serde(default)]
    pub from: Vec<u8>,
    /// What happens at this level, by language.
    #[serde(default)]
    pub does: BTreeMap<String, String>,
    /// Where help comes from at this level, by language.
    #[serde(default)]
    pub sources: BTreeMap<String, Vec<String>>,
    /// Questions that belong to this level, by language.
    #[serde(default)]
    pub examples: BTreeMap<String, Vec<String>>,
}

/// What a case must bring to come in at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Needs {
    /// Nothing beyond the question.
    Nothing,
    /// A phone number and time windows.
    Callback,
    /// A support contract.
    Contract,
    /// The customer's consent and the vendor's name.
    Consent,
}

impl Config {
    /// The language of articles that do not say theirs and cannot be told by their words.
    #[must_use]
    pub fn default_language(&self) -> &str {
        let site = self.sites.get("default").or_else(|| self.sites.values().next());
        site.and_then(|site| site.languages.first()).map_or("en", String::as_str)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            articles: "articles".into(),
            index: "index".into(),
            data: "data".into(),
            watch: Watch::default(),
            sites: BTreeMap::from([("default".into(), Site::default())]),
            search: Search::default(),
            limits: Limits::default(),
            desk: Desk::default(),
            connectors: BTreeMap::new(),
            insight: Insight::default(),
            reports: Reports::default(),
            log: Log::default(),
            ladder: default_ladder(),
            preview: false,
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self { mode: WatchMode::Native, quiet_ms: 50, max_wait_ms: 2000, rescan_s: 300 }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: "Zerodesk help centre".into(),
            languages: ["en", "nl", "de"].map(String::from).into(),
            folders: Vec::new(),
            origins: Vec::new(),
            wrong_answer_cost: None,
            needless_ticket_cost: None,
            answer_at: None,
            candidates_at: 0.35,
            frame_ancestors: Vec::new(),
            user_secret: None,
            edit_url: String::new(),
            brand: Brand::default(),
            hours: Hours::default(),
            holdout: 0.0,
            stats: None,
            ticket_cost: None,
            currency: "EUR".into(),
            learn: Learn::default(),
        }
    }
}

impl Default for Search {
    fn default() -> Self {
        Self {
            typo_tolerance: true,
            prefix: true,
            synonyms: "synonyms.toml".into(),
            decision: PathBuf::new(),
            concurrency: 64,
            deadline_ms: 500,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            searches_per_minute: 240,
            events_per_minute: 600,
            tickets_per_hour: 20,
            tickets_per_hour_and_site: 600,
            fill_time_s: 3,
            trusted_proxies: Vec::new(),
            body_bytes: 65_536,
            request_timeout_ms: 10_000,
            connections: 2048,
            idle_timeout_ms: 15_000,
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        let drafts = "drafts".into();
        Self {
            idempotency_days: 30,
            drafts,
            response_minutes: 240,
            resolution_minutes: 1440,
            outcome_secrets: Vec::new(),
        }
    }
}

impl Default for Insight {
    fn default() -> Self {
        Self {
            stats: StatsAccess::Token,
            retention_days: 395,
            honour: Honour::All,
            buffer: 10_000,
            staff_networks: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

/// The levels of [`EXAMPLE`], read once.
fn default_ladder() -> Vec<Rung> {
    #[derive(Deserialize)]
    struct OnlyLadder {
        ladder: Vec<Rung>,
    }
    static LADDER: LazyLock<Vec<Rung>> = LazyLock::new(|| {
        let read = toml::from_str::<OnlyLadder>(EXAMPLE);
        read.expect("the file is part of the program, and a test reads it").ladder
    });
    LADDER.clone()
}
