//! Hands filed tickets to their connectors, at least once each.
//!
//! [`Delivery::tick`] does all that is due at one moment, which tests call with times of their
//! own; [`Delivery::run`] calls it when a ticket was filed and at a slow beat, until it is told to
//! stop. It never drops an entry: what fails for too long stays as a dead letter.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Claimed, Desk, DeskError, OutboxEntry, OutboxState, Ticket,
    connectors::{Connector, ConnectorError, Receipt},
    outbox::retry_at,
    secret,
};

/// How long an attempt may take before somebody else may claim the entry. Connectors give up sooner.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Entries claimed at once.
const BATCH: u32 = 32;
/// Pause between looks at the outbox while nothing is filed.
const BEAT: Duration = Duration::from_secs(1);

/// A ticket that its connector has taken.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The ticket.
    pub ticket: Ticket,
    /// The connector's name.
    pub connector: String,
    /// When.
    pub at: Timestamp,
}

/// Told of each delivery, for figures and metrics.
type Observer = Box<dyn Fn(Delivered) + Send + Sync>;

/// The worker that empties the outbox.
pub struct Delivery {
    desk: Desk,
    connectors: BTreeMap<String, Arc<dyn Connector>>,
    owner: String,
    observer: Observer,
}

/// What one look at the outbox did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Entries that their receiver has now.
    pub delivered: u32,
    /// Entries to be tried again.
    pub retried: u32,
    /// Entries given up.
    pub dead: u32,
}

impl Delivery {
    /// A worker for `desk` that delivers through `connectors`.
    ///
    /// # Errors
    /// [`DeskError::Unavailable`] when the operating system gives no random numbers.
    pub fn new(desk: Desk, connectors: Vec<Arc<dyn Connector>>) -> Result<Self, DeskError> {
        let connectors = connectors.into_iter().map(|connector| (connector.name().to_owned(), connector)).collect();
        Ok(Self { desk, connectors, owner: secret::random_token::<16>()?, observer: Box::new(|_| ()) })
    }

    /// Tells `observer` of each delivery. It must not wait.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(Delivered) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Works until `stop` is ready; an attempt that has begun is finished and recorded first.
    pub async fn run(&self, clock: impl Fn() -> Timestamp + Send, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        if let Err(error) = self.desk.store().free_leases(clock()).await {
            tracing::error!(%error, "leases of the last run stay until they end");
        }
        loop {
            if let Err(error) = self.tick(clock()).await {
                tracing::error!(%error, "the outbox cannot be read; trying again");
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.desk.filed().notified() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    /// Does all that is due at `now`.
    ///
    /// # Errors
    /// [`DeskError::Unavailable`] when the store fails; entries with a lease are due again when it ends.
    pub async fn tick(&self, now: Timestamp) -> Result<Ticked, DeskError> {
        let mut ticked = Ticked::default();
        loop {
            let claimed = self.desk.store().claim(&self.owner, now, LEASE, BATCH).await?;
            if claimed.is_empty() {
                return Ok(ticked);
            }
            for claimed in claimed {
                ticked.count(self.attempt(claimed, now).await?);
            }
        }
    }

    async fn attempt(&self, claimed: Claimed, now: Timestamp) -> Result<OutboxState, DeskError> {
        let Claimed { entry, ticket } = claimed;
        let result = match self.connectors.get(&entry.connector) {
            Some(connector) => connector.deliver(&ticket, entry.id).await,
            None => Err(ConnectorError::Permanent {
                message: format!("there is no connector called {:?}; add it to the configuration", entry.connector),
            }),
        };
        let settled = settled(entry, result, now, secret::random::<2>().map(u16::from_be_bytes)?);
        let (state, connector) = (settled.state, settled.connector.clone());
        let ours = self.desk.store().settle(&self.owner, settled, now).await?;
        if ours && state == OutboxState::Delivered {
            (self.observer)(Delivered { ticket, connector, at: now });
        }
        Ok(state)
    }
}

impl Ticked {
    fn count(&mut self, state: OutboxState) {
        match state {
            OutboxState::Delivered => self.delivered += 1,
            OutboxState::Dead => self.dead += 1,
            _ => self.retried += 1,
        }
    }
}

/// The entry as it is after an attempt.
fn settled(entry: OutboxEntry, result: Result<Receipt, ConnectorError>, now: Timestamp, random: u16) -> OutboxEntry {
    let error = match result {
        Ok(Receipt { remote_id }) => {
            return OutboxEntry { state: OutboxState::Delivered, remote_id, last_error: None, ..entry };
        }
        Err(error) => error,
    };
    tracing::warn!(entry = %entry.id, connector = entry.connector, attempts = entry.attempts, %error, "not delivered");
    let due = match &error {
        ConnectorError::Temporary { retry_after, .. } => retry_at(now, entry.attempts, random, *retry_after),
        ConnectorError::Permanent { .. } => None,
    };
    let state = if due.is_some() { OutboxState::Retry } else { OutboxState::Dead };
    OutboxEntry { state, due: due.unwrap_or(entry.due), last_error: Some(error.to_string()), ..entry }
}
