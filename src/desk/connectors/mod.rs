//! Where filed tickets go: the built-in desk, later webhooks, mail and other help desks.
//!
//! A connector delivers one ticket and says how it went. It never decides when to try again, and
//! it may be called twice for the same entry: the key tells it so.

mod desk;

use async_trait::async_trait;
use jiff::SignedDuration;
use ulid::Ulid;

use super::Ticket;

pub use desk::DeskConnector;

/// A link to a help desk.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Name in the configuration and the outbox; never changes.
    fn name(&self) -> &str;

    /// Hands over a ticket. `key` is the same for every attempt at the same delivery.
    async fn deliver(&self, ticket: &Ticket, key: Ulid) -> Result<Receipt, ConnectorError>;
}

/// What the receiver answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the ticket at the receiver.
    pub remote_id: Option<String>,
}

/// Why a ticket was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// May work later.
    #[error("{message}")]
    Temporary {
        /// What happened.
        message: String,
        /// The receiver's wish for a pause.
        retry_after: Option<SignedDuration>,
    },
    /// Will not work until somebody changes something.
    #[error("{message}")]
    Permanent {
        /// What happened and what to change.
        message: String,
    },
}
