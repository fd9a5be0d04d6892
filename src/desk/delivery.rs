//! Hands filed tickets to their connectors, at least once each.
//!
//! Each connector has a worker of its own, so that one which hangs holds up no other.
//! [`Delivery::tick`] does all that is due at one moment, which tests call with times of their
//! own; [`Delivery::run`] calls it when a ticket was filed and at a slow beat, until it is told to
//! stop. It never drops an entry: what fails for too long stays as a dead letter.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::{
    Claimed, Desk, DeskError, OutboxEntry, OutboxState, Ticket,
    connectors::{Connector, ConnectorError, Parcel, Receipt, Transcript},
    outbox::retry_at,
    secret,
    store::Whose,
};

/// How long an attempt may take before somebody else may claim the entry.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long it takes at most: connectors have times of their own, but a conversation has many steps.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(75);
/// How long a worker waits after a ticket was filed, for others that it can take along: each look costs a few reads, and
/// what is claimed together is written together.
const GATHER: Duration = Duration::from_millis(50);
/// Pause between looks at the outbox while nothing is filed.
const BEAT: Duration = Duration::from_secs(1);
/// How long a connector rests whose receiver is busy and does not say for how long.
const REST: SignedDuration = SignedDuration::from_secs(30);
/// Longest rest that a receiver can ask for.
const LONGEST_REST: SignedDuration = SignedDuration::from_hours(1);

/// A ticket that its connector has taken; of what is told to who asked beside it, nobody is told.
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
type Observer = Arc<dyn Fn(Delivered) + Send + Sync>;
/// Where the spread of retries comes from.
type Dice = Arc<dyn Fn() -> u16 + Send + Sync>;
/// Where the time comes from.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The workers that empty the outbox.
pub struct Delivery {
    desk: Desk,
    workers: Vec<Arc<Worker>>,
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
    /// Workers for `desk`, one for each of `connectors`, and one for entries whose connector is gone.
    ///
    /// # Errors
    /// [`DeskError::Unavailable`] when the operating system gives no random numbers.
    pub fn new(desk: &Desk, connectors: Vec<Arc<dyn Connector>>) -> Result<Self, DeskError> {
        let owner = secret::random_token::<16>()?;
        let names: Vec<String> = connectors.iter().map(|connector| connector.name().to_owned()).collect();
        let worker = |connector: Arc<dyn Connector>, whose| Worker {
            desk: desk.clone(),
            connector,
            whose,
            owner: owner.clone(),
            rests_until: Mutex::new(Timestamp::MIN),
            observer: Arc::new(|_| ()),
            // Without randomness all entries are tried again after the same wait; that is no reason to stop.
            dice: Arc::new(|| secret::random::<2>().map_or(u16::MAX / 2, u16::from_be_bytes)),
        };
        let known = connectors.into_iter().map(|connector| {
            let whose = Whose::Of(connector.name().to_owned());
            worker(connector, whose)
        });
        let workers = known.chain([worker(Arc::new(Nobody), Whose::NotOf(names))]).map(Arc::new).collect();
        Ok(Self { desk: desk.clone(), workers })
    }

    /// Tells `observer` of each delivery. It must not wait.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(Delivered) + Send + Sync + 'static) -> Self {
        let observer: Observer = Arc::new(observer);
        self.changed(|worker| worker.observer = observer.clone())
    }

    /// Takes the spread of retries from `dice`: from 0, 20 % early, to the greatest number, 20 % late.
    #[must_use]
    pub fn with_dice(self, dice: impl Fn() -> u16 + Send + Sync + 'static) -> Self {
        let dice: Dice = Arc::new(dice);
        self.changed(|worker| worker.dice = dice.clone())
    }

    fn changed(mut self, change: impl Fn(&mut Worker)) -> Self {
        // Nobody else has the workers before they run.
        self.workers.iter_mut().filter_map(Arc::get_mut).for_each(change);
        self
    }

    /// Works until `stop` is ready; attempts that have begun are finished and recorded first.
    pub async fn run(
        &self,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        stop: impl Future<Output = ()> + Send,
    ) {
        let clock: Clock = Arc::new(clock);
        if let Err(error) = self.desk.store().free_leases(clock()).await {
            tracing::error!(%error, "leases of the last run stay until they end");
        }
        let (stopping, stopped) = tokio::sync::watch::channel(false);
        let mut running = JoinSet::new();
        for worker in &self.workers {
            running.spawn(worker.clone().run(clock.clone(), stopped.clone()));
        }
        pin!(stop).await;
        stopping.send_replace(true);
        running.join_all().await;
    }

    /// Does all that is due at `now`.
    ///
    /// # Errors
    /// [`DeskError::Unavailable`] when the store fails; entries with a lease are due again when it ends.
    pub async fn tick(&self, now: Timestamp) -> Result<Ticked, DeskError> {
        let mut ticking = JoinSet::new();
        for worker in &self.workers {
            let worker = worker.clone();
            ticking.spawn(async move { worker.tick(&(Arc::new(move || now) as Clock)).await });
        }
        ticking.join_all().await.into_iter().sum()
    }
}

/// Delivers through one connector.
struct Worker {
    desk: Desk,
    connector: Arc<dyn Connector>,
    whose: Whose,
    owner: String,
    rests_until: Mutex<Timestamp>,
    observer: Observer,
    dice: Dice,
}

impl Worker {
    async fn run(self: Arc<Self>, clock: Clock, mut stopped: tokio::sync::watch::Receiver<bool>) {
        let mut filed = self.desk.filed();
        while !*stopped.borrow() {
            if let Err(error) = self.tick(&clock).await {
                tracing::error!(%error, connector = self.connector.name(), "the outbox cannot be read; trying again");
            }
            tokio::select! {
                _ = stopped.changed() => return,
                _ = filed.changed() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    /// All that is due, as many at once as the connector takes.
    async fn tick(self: &Arc<Self>, clock: &Clock) -> Result<Ticked, DeskError> {
        let mut ticked = Ticked::default();
        loop {
            let now = clock();
            if self.rests(now) {
                return Ok(ticked);
            }
            let claimed =
                self.desk.store().claim(&self.owner, &self.whose, now, LEASE, self.connector.at_once()).await?;
            if claimed.is_empty() {
                return Ok(ticked);
            }
            let closed = self.desk.store().closed(self.connector.name()).await?;
            let mut attempts = JoinSet::new();
            for claimed in claimed {
                let (worker, clock, closed) = (self.clone(), clock.clone(), closed.clone());
                attempts.spawn(async move { worker.attempt(claimed, closed, &clock).await });
            }
            for state in attempts.join_all().await {
                ticked.count(state?);
            }
        }
    }

    fn rests(&self, now: Timestamp) -> bool {
        let left = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner).duration_since(now);
        // A longer rest was begun by a clock that has been put right since.
        left > SignedDuration::ZERO && left <= LONGEST_REST
    }

    async fn attempt(&self, claimed: Claimed, closed: Option<String>, clock: &Clock) -> Result<OutboxState, DeskError> {
        let Claimed { entry, ticket, step } = claimed;
        let writes = closed.is_none() && self.connector.writes_to_requester();
        let status_link = if writes { Some(self.desk.status_link(&ticket).await?) } else { None };
        let parcel = Parcel {
            ticket: &ticket,
            step: step.as_ref(),
            key: entry.id,
            tried: entry.attempts > 1 || entry.last_error.is_some(),
            now: clock(),
            status_link,
            transcript: Transcript::default(),
        };
        let result = match closed {
            Some(reason) => Err(ConnectorError::permanent(format!("the receiver wants no tickets any more: {reason}"))),
            None => tokio::time::timeout(LONGEST_ATTEMPT, self.connector.deliver(&parcel)).await.unwrap_or_else(|_| {
                Err(ConnectorError::temporary("the conversation takes too long; it was broken off"))
            }),
        };
        let now = clock();
        self.heed(&entry, &result, now).await?;
        let settled = settled(entry, result, now, (self.dice)());
        let (state, connector) = (settled.state, settled.connector.clone());
        let ours = self.desk.store().settle(&self.owner, settled, now).await?;
        if ours && state == OutboxState::Delivered && step.is_none() {
            (self.observer)(Delivered { ticket, connector, at: now });
        }
        Ok(state)
    }

    /// What an answer means for the tickets that come after this one.
    async fn heed(
        &self,
        entry: &OutboxEntry,
        result: &Result<Receipt, ConnectorError>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        match result {
            Err(ConnectorError::Temporary { retry_after, busy: true, .. }) => {
                let rest = retry_after.unwrap_or(REST).clamp(SignedDuration::ZERO, LONGEST_REST);
                let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
                *rests_until = now.checked_add(rest).unwrap_or(now).max(*rests_until);
            }
            Err(ConnectorError::Gone { message }) => self.desk.store().close(&entry.connector, message, now).await?,
            _ => {}
        }
        Ok(())
    }
}

/// In place of a connector that is no longer configured.
struct Nobody;

#[async_trait]
impl Connector for Nobody {
    fn name(&self) -> &'static str {
        ""
    }

    async fn deliver(&self, _: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        Err(ConnectorError::permanent("there is no connector of this name; add it to the configuration, then retry"))
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

impl std::iter::Sum for Ticked {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            delivered: sum.delivered + one.delivered,
            retried: sum.retried + one.retried,
            dead: sum.dead + one.dead,
        })
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
        ConnectorError::Permanent { .. } | ConnectorError::Gone { .. } => None,
    };
    let state = if due.is_some() { OutboxState::Retry } else { OutboxState::Dead };
    OutboxEntry { state, due: due.unwrap_or(entry.due), last_error: Some(error.to_string()), ..entry }
}
