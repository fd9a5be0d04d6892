//! From a request to the store without making the visitor wait.
//!
//! [`Recorder::record`] puts an event into a bounded channel and returns; one background task writes
//! batches. A full channel drops the event and counts it (`zerodesk_events_dropped_total`). While the
//! store fails, the task keeps its batch, tries again ever more rarely and leaves the rest in the
//! channel, so that memory stays bounded. It never gives up a batch before it is stopped. What one session sends beyond
//! all measure is dropped and counted, too, so that nobody can fill the store alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    event::{Event, EventKind},
    figures::MAX_EVENTS,
    store::{EventStore, InsightError},
};

/// Most events in one write.
const BATCH: usize = 500;
/// Longest time for which an event waits for others.
const WAIT: Duration = Duration::from_millis(200);
/// Wait before a failed write is tried again; doubled up to [`MAX_RETRY`].
const RETRY: Duration = Duration::from_millis(500);
/// Longest wait before a failed write is tried again.
const MAX_RETRY: Duration = Duration::from_secs(30);

/// Orders that may wait; they are carried out together.
const ORDERS: usize = 64;
/// Events of one session and day that are kept. Figures leave such a session out long before.
const MAX_OF_SESSION: u16 = 2 * MAX_EVENTS as u16;
/// Places in which events of sessions are counted.
const PLACES: usize = 1 << 16;

/// The way to the store. Clones share one channel.
#[derive(Debug, Clone)]
pub struct Recorder {
    events: mpsc::Sender<Event>,
    orders: mpsc::Sender<Order>,
    dropped: Arc<AtomicU64>,
    measure: Arc<Measure>,
}

/// Counts events by session and day, in little memory: sessions that share a place share its measure, which two honest
/// ones never fill.
#[derive(Debug)]
struct Measure {
    day: AtomicI64,
    places: Box<[AtomicU16]>,
}

impl Measure {
    fn new() -> Self {
        Self { day: AtomicI64::new(i64::MIN), places: (0..PLACES).map(|_| AtomicU16::new(0)).collect() }
    }

    /// Whether the session of this event has room for it.
    fn takes(&self, event: &Event) -> bool {
        let day = event.at.as_second().div_euclid(86_400);
        if self.day.fetch_max(day, Ordering::Relaxed) < day {
            self.places.iter().for_each(|place| place.store(0, Ordering::Relaxed));
        }
        let place = &self.places[event.session.spread() as usize % PLACES];
        place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < MAX_OF_SESSION).then_some(n + 1)).is_ok()
    }
}

/// What the background task can be told.
enum Order {
    Flush(oneshot::Sender<Result<(), InsightError>>),
    Show(Box<dyn Fn(&Event) -> bool + Send>, oneshot::Sender<Vec<Event>>),
    Stop(oneshot::Sender<Result<(), InsightError>>),
}

impl Recorder {
    /// Starts the background task; at most `capacity` events wait for it. Needs a tokio runtime.
    #[must_use]
    pub fn start(store: Arc<dyn EventStore>, capacity: usize) -> Self {
        metrics::describe_counter!(
            "zerodesk_events_dropped_total",
            "Events dropped: the buffer was full, or a session sent too many"
        );
        metrics::describe_counter!("zerodesk_events_written_total", "Events written to the store");
        metrics::describe_counter!("zerodesk_event_writes_failed_total", "Writes of events that failed");
        let (events, incoming) = mpsc::channel(capacity.max(1));
        let (orders, ordered) = mpsc::channel(ORDERS);
        let writer = Writer { store, incoming, batch: Vec::with_capacity(BATCH), retry: RETRY, due: None };
        tokio::spawn(writer.run(ordered));
        Self { events, orders, dropped: Arc::default(), measure: Arc::new(Measure::new()) }
    }

    /// Hands the event over, or drops and counts it when the buffer is full or its session has sent too many. Never
    /// waits. Tells whether the event was taken. Tickets are not measured: the desk limits them.
    #[expect(clippy::must_use_candidate, reason = "who has nobody to tell need not look")]
    pub fn record(&self, event: Event) -> bool {
        let measured = event.kind.by_visitor() && !matches!(event.kind, EventKind::TicketOpened { .. });
        let reason = if measured && !self.measure.takes(&event) {
            "session"
        } else if self.events.try_send(event).is_err() {
            "buffer"
        } else {
            return true;
        };
        self.dropped.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("zerodesk_events_dropped_total", "reason" => reason).increment(1);
        false
    }

    /// How many events were dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until every event recorded before is in the store.
    ///
    /// # Errors
    /// Those of the store; the events are kept and written later.
    pub async fn flush(&self) -> Result<(), InsightError> {
        self.order(Order::Flush).await
    }

    /// Those of the events recorded before that are not yet in the store and that `wanted` picks. Cheaper than to
    /// write them all.
    ///
    /// # Errors
    /// [`InsightError::Stopped`].
    pub async fn waiting(&self, wanted: impl Fn(&Event) -> bool + Send + 'static) -> Result<Vec<Event>, InsightError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Show(Box::new(wanted), reply)).await.map_err(|_| InsightError::Stopped)?;
        answer.await.map_err(|_| InsightError::Stopped)
    }

    /// Writes what is left and ends the background task.
    ///
    /// # Errors
    /// Those of the store; what could not be written is lost.
    pub async fn stop(&self) -> Result<(), InsightError> {
        self.order(Order::Stop).await
    }

    async fn order(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), InsightError>>) -> Order,
    ) -> Result<(), InsightError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| InsightError::Stopped)?;
        answer.await.map_err(|_| InsightError::Stopped)?
    }
}

/// The background task's state.
struct Writer {
    store: Arc<dyn EventStore>,
    incoming: mpsc::Receiver<Event>,
    batch: Vec<Event>,
    retry: Duration,
    /// When the batch is to be written; none while it is empty.
    due: Option<Instant>,
}

impl Writer {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut asked = Vec::new();
        loop {
            let room = BATCH - self.batch.len();
            let due = self.due.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                taken = orders.recv_many(&mut asked, ORDERS) => {
                    let ends = taken == 0 || asked.iter().any(|order| matches!(order, Order::Stop(_)));
                    if ends {
                        self.incoming.close();
                    }
                    // Those who wait together share one writing, which those who only look need not wait for.
                    self.look().await;
                    let write = ends || asked.iter().any(|order| matches!(order, Order::Flush(_)));
                    let written = if write { self.write_all().await } else { Ok(()) };
                    for order in asked.drain(..) {
                        match order {
                            Order::Flush(reply) | Order::Stop(reply) => drop(reply.send(written.clone())),
                            Order::Show(wanted, reply) => {
                                drop(reply.send(self.batch.iter().filter(|event| wanted(event)).cloned().collect()));
                            }
                        }
                    }
                    if ends {
                        return;
                    }
                }
                () = sleep_until(due), if self.due.is_some() => drop(self.write().await),
                taken = self.incoming.recv_many(&mut self.batch, room), if room > 0 => {
                    if taken == 0 {
                        return drop(self.write_all().await);
                    }
                    self.schedule();
                }
            }
        }
    }

    /// Sets when the batch is written: soon after its first event, at once when it is full. A batch
    /// that failed keeps its time.
    fn schedule(&mut self) {
        let failing = self.retry != RETRY;
        if self.batch.len() == BATCH && !failing {
            self.due = Some(Instant::now());
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + WAIT);
        }
    }

    /// Takes what waits in the channel now into the batch; where that has no room, writes it first.
    async fn look(&mut self) {
        if self.incoming.len() > BATCH - self.batch.len() {
            drop(self.write_all().await);
        }
        while self.batch.len() < BATCH
            && let Ok(event) = self.incoming.try_recv()
        {
            self.batch.push(event);
        }
        if !self.batch.is_empty() {
            self.schedule();
        }
    }

    /// Writes the batch and everything that waits in the channel now. What comes in meanwhile is left: under load there
    /// is always more, and who waits for this would wait for ever.
    async fn write_all(&mut self) -> Result<(), InsightError> {
        let mut waiting = self.incoming.len();
        while waiting > 0 || !self.batch.is_empty() {
            while waiting > 0 && self.batch.len() < BATCH {
                self.batch.extend(self.incoming.try_recv());
                waiting -= 1;
            }
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), InsightError> {
        match self.store.append(&self.batch).await {
            Ok(_) => {
                metrics::counter!("zerodesk_events_written_total").increment(self.batch.len() as u64);
                self.batch.clear();
                (self.due, self.retry) = (None, RETRY);
                Ok(())
            }
            Err(error) => {
                metrics::counter!("zerodesk_event_writes_failed_total").increment(1);
                tracing::warn!(%error, events = self.batch.len(), retry_ms = self.retry.as_millis(), "events not written");
                self.due = Some(Instant::now() + self.retry);
                self.retry = (self.retry * 2).min(MAX_RETRY);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::Date};
    use std::sync::{Mutex, OnceLock, atomic::AtomicBool};

    use super::*;
    use crate::insight::{
        event::{EventId, EventKind, Origin},
        session::{Salt, Salts, Session, SessionHash},
    };

    /// A store in memory that fails when told.
    #[derive(Default)]
    struct Memory {
        failing: AtomicBool,
        events: Mutex<Vec<Event>>,
        /// Where it is set, another event comes in during each writing.
        busy: OnceLock<Recorder>,
    }

    #[async_trait::async_trait]
    impl EventStore for Memory {
        async fn append(&self, events: &[Event]) -> Result<usize, InsightError> {
            if self.failing.load(Ordering::SeqCst) {
                return Err(InsightError::Store("disk full".into()));
            }
            self.events.lock().unwrap().extend_from_slice(events);
            if let Some(recorder) = self.busy.get() {
                recorder.record(event());
            }
            Ok(events.len())
        }
        async fn events(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Vec<Event>, InsightError> {
            Ok(self.events.lock().unwrap().clone())
        }
        async fn session_events(&self, _: &str, _: &[SessionHash]) -> Result<Vec<Event>, InsightError> {
            Ok(Vec::new())
        }
        async fn event(&self, _: &EventId) -> Result<Option<Event>, InsightError> {
            Ok(None)
        }
        async fn revision(&self, _: &str) -> Result<i64, InsightError> {
            Ok(i64::try_from(self.events.lock().unwrap().len()).unwrap())
        }
        async fn salt(&self, _: Date, offered: Salt) -> Result<Salt, InsightError> {
            Ok(offered)
        }
        async fn forget_salts(&self, _: Date) -> Result<(), InsightError> {
            Ok(())
        }
        async fn purge(&self, _: Timestamp) -> Result<usize, InsightError> {
            Ok(0)
        }
    }

    fn event() -> Event {
        let visitor = Salts::default().visitor(&Session::generate(), Timestamp::UNIX_EPOCH);
        let kind = EventKind::SuggestionClicked { article: "a".into() };
        Event::new(&visitor, Origin::default(), Timestamp::UNIX_EPOCH, kind)
    }

    fn record(recorder: &Recorder, events: usize) {
        for _ in 0..events {
            recorder.record(event());
        }
    }

    fn written(store: &Memory) -> usize {
        store.events.lock().unwrap().len()
    }

    #[tokio::test]
    async fn a_flush_writes_everything_recorded_before() {
        let store = Arc::new(Memory::default());
        let recorder = Recorder::start(store.clone(), 2000);
        record(&recorder, 1201);
        recorder.flush().await.unwrap();
        assert_eq!((written(&store), recorder.dropped()), (1201, 0));
    }

    #[tokio::test]
    async fn a_flush_does_not_wait_for_what_comes_in_meanwhile() {
        let store = Arc::new(Memory::default());
        let recorder = Recorder::start(store.clone(), 10);
        store.busy.set(recorder.clone()).ok().unwrap();
        recorder.record(event());
        // Where it waits for them, it never ends.
        recorder.flush().await.unwrap();
        assert_eq!(written(&store), 1);
    }

    #[tokio::test]
    async fn a_full_buffer_drops_and_counts() {
        let store = Arc::new(Memory::default());
        let recorder = Recorder::start(store.clone(), 3);
        record(&recorder, 5);
        recorder.flush().await.unwrap();
        assert_eq!((written(&store), recorder.dropped()), (3, 2));
    }

    #[tokio::test]
    async fn one_session_cannot_fill_the_store_alone() {
        let store = Arc::new(Memory::default());
        let recorder = Recorder::start(store.clone(), 10_000);
        let flood = event();
        let taken = (0..6000).filter(|_| recorder.record(flood.clone())).count();
        assert_eq!((taken, recorder.dropped()), (4000, 2000));
        assert!(recorder.record(event()), "others are not held up");
        let mut next_day = flood.clone();
        next_day.at += jiff::SignedDuration::from_hours(24);
        assert!(recorder.record(next_day), "each day begins anew");
        recorder.flush().await.unwrap();
        assert_eq!(written(&store), 4002);
    }

    #[tokio::test]
    async fn a_failing_store_keeps_the_batch_for_later() {
        let store = Arc::new(Memory { failing: true.into(), ..Memory::default() });
        let recorder = Recorder::start(store.clone(), 10);
        record(&recorder, 4);
        assert!(matches!(recorder.flush().await, Err(InsightError::Store(_))));
        store.failing.store(false, Ordering::SeqCst);
        recorder.record(event());
        recorder.flush().await.unwrap();
        assert_eq!((written(&store), recorder.dropped()), (5, 0));
    }

    #[tokio::test]
    async fn while_the_store_fails_memory_stays_bounded() {
        let store = Arc::new(Memory { failing: true.into(), ..Memory::default() });
        let recorder = Recorder::start(store.clone(), 100);
        for _ in 0..20 {
            record(&recorder, 100);
            assert!(recorder.flush().await.is_err());
        }
        store.failing.store(false, Ordering::SeqCst);
        recorder.flush().await.unwrap();
        assert!(written(&store) <= BATCH + 100, "{} events kept", written(&store));
        assert_eq!(written(&store) as u64 + recorder.dropped(), 2000);
    }

    #[tokio::test]
    async fn stopping_writes_the_rest_and_then_drops() {
        let store = Arc::new(Memory::default());
        let recorder = Recorder::start(store.clone(), 10);
        record(&recorder, 4);
        recorder.stop().await.unwrap();
        recorder.record(event());
        assert_eq!((written(&store), recorder.dropped()), (4, 1));
        assert!(matches!(recorder.flush().await, Err(InsightError::Stopped)));
    }
}
