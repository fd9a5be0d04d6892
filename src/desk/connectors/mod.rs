//! Where filed tickets go: the built-in desk, webhooks, mail and other help desks.
//!
//! A connector delivers one ticket and says how it went. It never decides when to try again, and
//! it may be called twice for the same entry: key and [`Parcel::tried`] tell it so. Secrets reach
//! the receiver only, never a log, an error or a transcript.

mod client;
mod confirmation;
mod desk;
mod email;
mod guard;
mod help_desk;
mod letter;
mod mail;
mod preset;
pub mod sample;
mod sealed;
pub mod signature;
mod template;
mod text;
mod transcript;
mod webhook;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use super::{Step, Ticket};
use crate::config;

pub use confirmation::ConfirmationConnector;
pub use desk::DeskConnector;
pub use email::EmailConnector;
pub use guard::{Guard, Lookup, Refused, system_lookup};
pub use help_desk::HelpDeskConnector;
pub use letter::Letter;
pub use mail::{Mailer, Outbound};
pub use preset::{PRESETS, Preset};
pub use sealed::Sealed;
pub use transcript::Transcript;
pub use webhook::WebhookConnector;

/// A link to a help desk.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Name in the configuration and the outbox; never changes.
    fn name(&self) -> &str;

    /// Hands over a ticket.
    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError>;

    /// Whether it writes to who asked, and so needs a link to their status page.
    fn writes_to_requester(&self) -> bool {
        false
    }

    /// Deliveries that may be under way at once.
    fn at_once(&self) -> u32 {
        4
    }
}

/// One ticket on its way to one receiver, or one step of it to who asked.
pub struct Parcel<'a> {
    /// The ticket, at its present level.
    pub ticket: &'a Ticket,
    /// The step to tell of, for connectors that write to who asked; nothing where the ticket itself is handed over.
    pub step: Option<&'a Step>,
    /// The same for every attempt at the same delivery.
    pub key: Ulid,
    /// Whether an earlier attempt may have arrived without our knowing.
    pub tried: bool,
    /// When this attempt begins.
    pub now: Timestamp,
    /// A link to the status page of who asked, for connectors that write to them.
    pub status_link: Option<String>,
    /// Listens along, where somebody wants to see what is said.
    pub transcript: Transcript,
}

impl Parcel<'_> {
    /// What the receiver's subject carries, so that the ticket can be found there.
    #[must_use]
    pub fn title(&self) -> String {
        format!("[{}] {}", self.ticket.reference, one_line(&self.ticket.subject))
    }
}

/// Without line breaks and other control characters, which some receivers would take for structure.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What the receiver answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the ticket at the receiver.
    pub remote_id: Option<String>,
}

/// Why a ticket was not taken.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ConnectorError {
    /// May work later.
    #[error("{message}")]
    Temporary {
        /// What happened.
        message: String,
        /// The receiver's wish for a pause.
        retry_after: Option<SignedDuration>,
        /// The receiver has too much to do: other tickets should wait, too.
        busy: bool,
    },
    /// Will not work until somebody changes something.
    #[error("{message}")]
    Permanent {
        /// What happened and what to change.
        message: String,
    },
    /// The receiver wants no tickets any more: the whole link ends until somebody opens it again.
    #[error("{message}")]
    Gone {
        /// What happened and what to change.
        message: String,
    },
}

impl ConnectorError {
    /// May work later; no wish, not busy.
    pub(super) fn temporary(message: impl Into<String>) -> Self {
        Self::Temporary { message: message.into(), retry_after: None, busy: false }
    }

    /// Needs somebody.
    pub(super) fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent { message: message.into() }
    }
}

/// Settings of a connector or of a hook that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct SetupError {
    /// The setting, such as `connectors.rt`.
    pub setting: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// All connectors as configured, the built-in desk among them. Reads secrets and presets, and sends nothing.
///
/// # Errors
/// [`SetupError`] names the first connector that cannot be used.
pub fn open(configured: &BTreeMap<String, config::Connector>) -> Result<Vec<Arc<dyn Connector>>, SetupError> {
    let mut connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(DeskConnector)];
    for (name, settings) in configured {
        connectors.push(open_one(name, settings, &system_lookup())?);
    }
    Ok(connectors)
}

/// One connector; `lookup` finds the addresses of hosts.
///
/// # Errors
/// [`SetupError`] when its settings cannot be used.
pub fn open_one(name: &str, settings: &config::Connector, lookup: &Lookup) -> Result<Arc<dyn Connector>, SetupError> {
    let opened: Result<Arc<dyn Connector>, String> = match settings {
        config::Connector::Webhook(webhook) => {
            WebhookConnector::new(name, webhook, lookup).map(|connector| Arc::new(connector) as _)
        }
        config::Connector::Email(email) => EmailConnector::new(name, email).map(|connector| Arc::new(connector) as _),
        config::Connector::Confirmation(confirmation) => {
            ConfirmationConnector::new(name, confirmation).map(|connector| Arc::new(connector) as _)
        }
        config::Connector::Http(desk) => {
            HelpDeskConnector::new(name, desk, lookup).map(|connector| Arc::new(connector) as _)
        }
    };
    opened.map_err(|message| SetupError { setting: format!("connectors.{name}"), message })
}
