//! From a request to the store without making the visitor wait.
//!
//! [`Recorder::record`] puts an event into a bounded buffer and returns; one background task writes what is in it, in
//! portions so small that a ticket which comes in between hardly waits. An event leaves the buffer when it is in the
//! store. A full buffer drops the event and counts it (`zerodesk_events_dropped_total`). While the store fails, the task
//! tries again ever more rarely and the buffer keeps what it has, so that memory stays bounded and nothing that was
//! taken is given up before the end. What one session sends beyond all measure is dropped and counted, too, so that
//! nobody can fill the store alone.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    event::{Event, EventKind},
    figures::MAX_EVENTS,
    store::{EventStore, InsightError},
};

/// Most events in one write: what takes a few milliseconds. Whatever else is to be written waits for no more than that.
const PORTION: usize = 64;
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

/// The way to the store. Clones share one buffer.
#[derive(Debug, Clone)]
pub struct Recorder {
    buffer: Arc<Buffer>,
    orders: mpsc::Sender<Order>,
    dropped: Arc<AtomicU64>,
    measure: Arc<Measure>,
}

/// Events that are not yet in the store, oldest first.
#[derive(Debug)]
struct Buffer {
    events: Mutex<Events>,
    /// Tells the task that the buffer is no longer empty, or that a portion is full.
    filled: Notify,
}

#[derive(Debug)]
struct Events {
    waiting: VecDeque<Event>,
    /// Most that may wait; 0 once nothing is taken any more.
    capacity: usize,
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, event: Event) -> bool {
        let mut events = self.lock();
        let room = events.waiting.len() < events.capacity;
        if room {
            events.waiting.push_back(event);
            if events.waiting.len() == 1 || events.waiting.len() == PORTION {
                self.filled.notify_one();
            }
        }
        room
    }
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

/// What the background task can be told, and where to the outcome goes.
#[derive(Debug)]
enum Order {
    Flush(oneshot::Sender<Result<(), InsightError>>),
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
        let events = Mutex::new(Events { waiting: VecDeque::new(), capacity: capacity.max(1) });
        let buffer = Arc::new(Buffer { events, filled: Notify::new() });
        let (orders, ordered) = mpsc::channel(ORDERS);
        let writer = Writer { store, buffer: buffer.clone(), retry: RETRY, due: None };
        tokio::spawn(writer.run(ordered));
        Self { buffer, orders, dropped: Arc::default(), measure: Arc::new(Measure::new()) }
    }

    /// Hands the event over, or drops and counts it when the buffer is full or its session has sent too many. Never
    /// waits. Tells whether the event was taken. Tickets are not measured: the desk limits them.
    #[expect(clippy::must_use_candidate, reason = "who has nobody to tell need not look")]
    pub fn record(&self, event: Event) -> bool {
        let measured = event.kind.by_visitor() && !matches!(event.kind, EventKind::TicketOpened { .. });
        let reason = if measured && !self.measure.takes(&event) {
            "session"
        } else if !self.buffer.take(event) {
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

    /// Those of the events which may not yet be in the store that `wanted` picks. Waits for nothing.
    #[must_use]
    pub fn waiting(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.buffer.lock().waiting.iter().filter(|event| wanted(event)).cloned().collect()
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
    buffer: Arc<Buffer>,
    retry: Duration,
    /// When the next portion is to be written; none while there is none.
    due: Option<Instant>,
}

impl Writer {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut asked = Vec::new();
        loop {
            let due = self.due.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                taken = orders.recv_many(&mut asked, ORDERS) => {
                    let ends = taken == 0 || asked.iter().any(|order| matches!(order, Order::Stop(_)));
                    if ends {
                        self.buffer.lock().capacity = 0;
                    }
                    // Those who wait together share one writing.
                    let written = self.write_all().await;
                    for order in asked.drain(..) {
                        let (Order::Flush(reply) | Order::Stop(reply)) = order;
                        drop(reply.send(written.clone()));
                    }
                    if ends {
                        return;
                    }
                }
                () = sleep_until(due), if self.due.is_some() => drop(self.write().await),
                () = self.buffer.filled.notified() => self.schedule(),
            }
        }
    }

    /// Sets when a portion is written: at once when it is full, else soon after its first event. After a failure the
    /// time stays.
    fn schedule(&mut self) {
        let waiting = self.buffer.lock().waiting.len();
        let failing = self.retry != RETRY;
        self.due = match self.due {
            due @ Some(_) if failing => due,
            _ if waiting >= PORTION => Some(Instant::now()),
            None if waiting > 0 => Some(Instant::now() + WAIT),
            due => due,
        };
    }

    /// Writes everything that waits now. What comes in meanwhile is left: under load there is always more, and who waits
    /// for this would wait for ever.
    async fn write_all(&mut self) -> Result<(), InsightError> {
        let mut left = self.buffer.lock().waiting.len();
        while left > 0 {
            left = left.saturating_sub(self.write().await?);
        }
        Ok(())
    }

    /// Writes one portion; gives its size.
    async fn write(&mut self) -> Result<usize, InsightError> {
        let portion: Vec<Event> = self.buffer.lock().waiting.iter().take(PORTION).cloned().collect();
        match self.store.append(&portion).await {
            Ok(_) => {
                metrics::counter!("zerodesk_events_written_total").increment(portion.len() as u64);
                self.buffer.lock().waiting.drain(..portion.len());
                (self.due, self.retry) = (None, RETRY);
                self.schedule();
                Ok(portion.len())
            }
            Err(error) => {
                metrics::counter!("zerodesk_event_writes_failed_total").increment(1);
                let retry_ms = self.retry.as_millis();
                tracing::warn!(%error, events = portion.len(), retry_ms, "events not written");
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
    use tokio::sync::Semaphore;

    use super::*;
    use crate::insight::{
        Share,
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
        /// Where it is set, a writing ends when this lets it.
        held: OnceLock<Arc<Semaphore>>,
    }

    #[async_trait::async_trait]
    impl EventStore for Memory {
        async fn append(&self, events: &[Event]) -> Result<usize, InsightError> {
            if self.failing.load(Ordering::SeqCst) {
                return Err(InsightError::Store("disk full".into()));
            }
            if let Some(held) = self.held.get() {
                drop(held.acquire().await);
            }
            self.events.lock().unwrap().extend_from_slice(events);
            if let Some(recorder) = self.busy.get() {
                recorder.record(event());
            }
            Ok(events.len())
        }
        async fn events_of(&self, _: &str, _: Timestamp, _: Timestamp, _: Share) -> Result<Vec<Event>, InsightError> {
            Ok(self.events.lock().unwrap().clone())
        }
        async fn count(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<u64, InsightError> {
            Ok(self.events.lock().unwrap().len() as u64)
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
    async fn what_is_being_written_is_shown_without_waiting_for_it() {
        let store = Arc::new(Memory::default());
        let held = Arc::new(Semaphore::new(0));
        store.held.set(held.clone()).ok().unwrap();
        let recorder = Recorder::start(store.clone(), 10);
        record(&recorder, 2);
        let flush = tokio::spawn({
            let recorder = recorder.clone();
            async move { recorder.flush().await }
        });
        tokio::task::yield_now().await;
        record(&recorder, 1);
        assert_eq!((recorder.waiting(|_| true).len(), recorder.waiting(|_| false).len()), (3, 0));
        held.close();
        flush.await.unwrap().unwrap();
        recorder.flush().await.unwrap();
        assert_eq!((recorder.waiting(|_| true).len(), written(&store)), (0, 3));
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
        assert_eq!(written(&store), 100);
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
