//! Filing tickets over HTTP: the real server on SQLite, whose commits wait for the disk (`synchronous=FULL`). The rate
//! limits are off; the built-in desk takes the tickets, so the outbox works, too.
//!
//! - `as_fast_as_it_goes`: sixteen clients, each filing its next ticket as soon as it has the reply to the one before.
//!   Goal: 300 a second.
//! - `beside_searches`: two clients search all the time, in turn with and without a hundred tickets a second beside
//!   them. Goals: with tickets at most 10 % fewer searches, and p99 of filing under 50 ms. The times of tickets count from
//!   when they were due, so that one which waits for the one before it is not counted as quick. By itself, filing at this
//!   pace is measured first.
//!
//! The clients are threads of the same process and share its processors. A status other than 201 or 200, and tickets
//! that were acknowledged and are not in the database, fail the bench; a missed goal does not, since others may have
//! the machine at the same time.
//!
//! Pinned to one processor with real-time priority, the threads of the kernel that `fsync` waits for do not get that
//! processor while the searches have it, and filing seems to stand still. Put the folder of `CARGO_TARGET_TMPDIR` into
//! memory then: that shows what the processor is needed for.
//!
//! ```text
//! cargo bench --bench tickets
//! ```

mod support;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use divan::Bencher;
use support::{
    Durations,
    client::{Connection, get, post},
    queries,
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use zerodesk::{
    app::{App, system_clock},
    config::{Config, Limits},
    desk::TicketFilter,
    http,
};

/// Clients that file as fast as it goes.
const FILING: usize = 16;
/// For how long.
const LONG: Duration = Duration::from_secs(5);
/// Clients that search.
const SEARCHING: usize = 2;
/// Tickets a second beside them.
const PACE: u32 = 100;
/// Clients that keep the pace: enough that one can be late without holding up the others.
const PACERS: u32 = 4;
/// Rounds with and without tickets, in turn.
const ROUNDS: usize = 5;
/// Length of a round.
const ROUND: Duration = Duration::from_secs(2);

fn main() {
    support::run();
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn as_fast_as_it_goes(bencher: Bencher) {
    let server = Server::start();
    let mut all = Durations::default();
    bencher.bench_local(|| {
        all.append(together(FILING, |client| {
            let (mut connection, mut durations, begun) =
                (Connection::to(server.address), Durations::default(), Instant::now());
            for number in 0.. {
                if begun.elapsed() >= LONG {
                    break;
                }
                let started = Instant::now();
                file(&mut connection, &format!("{client}-{number}"));
                durations.add(started.elapsed());
            }
            durations
        }));
    });
    let rate = all.count() as f64 / LONG.as_secs_f64();
    support::figure(format!("filing: {rate:.0} tickets a second from {FILING} clients, {all} (goal: 300 a second)"));
    server.stop(all.count());
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn beside_searches(bencher: Bencher) {
    let server = Server::start();
    let searches = server.searches();
    let mut alone = Durations::default();
    let (mut filed, mut without, mut with) = (Durations::default(), Vec::new(), Vec::new());
    search_for(server.address, &searches, ROUND); // what is read from the disk once
    bencher.bench_local(|| {
        alone.append(pace(server.address, "alone", 2 * ROUND));
        for round in 0..ROUNDS {
            without.push(search_for(server.address, &searches, ROUND));
            let (answered, paced) = thread::scope(|scope| {
                let pacing = scope.spawn(|| pace(server.address, &format!("beside-{round}"), ROUND));
                let answered = search_for(server.address, &searches, ROUND);
                (answered, pacing.join().expect("every reply is right"))
            });
            with.push(answered);
            filed.append(paced);
        }
    });
    let rate = |rounds: &[usize]| rounds.iter().sum::<usize>() as f64 / (ROUND.as_secs_f64() * rounds.len() as f64);
    let (without, with) = (rate(&without), rate(&with));
    let less = 100.0 * (1.0 - with / without);
    support::figure(format!("{PACE} tickets a second alone: {alone}"));
    support::figure(format!("{PACE} tickets a second beside searches: {filed} (goal: p99 under 50 ms)"));
    support::figure(format!(
        "searches a second: {without:.0}, beside {PACE} tickets a second {with:.0}: {less:.1} % less (goal: at most 10 %)"
    ));
    server.stop(alone.count() + filed.count());
}

/// A server on a folder of its own.
struct Server {
    address: SocketAddr,
    app: Arc<App>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let (runtime, folder) = (runtime(), support::temporary());
        let (app, address) = runtime.block_on(serve(folder.path()));
        Self { address, app, runtime, _folder: folder }
    }

    /// Searches made from titles of the collection.
    fn searches(&self) -> Vec<Vec<u8>> {
        let log = queries::log(&self.app.snapshot(), 300, support::SEED);
        let as_request = |item: queries::KnownItem| {
            let text: String = form_urlencoded::byte_serialize(item.query.text.as_bytes()).collect();
            get(&format!("/api/v1/search?lang={}&q={text}", item.query.languages[0]))
        };
        log.into_iter().map(as_request).collect()
    }

    /// Ends it; so many tickets must be there.
    fn stop(self, filed: usize) {
        let kept = self.runtime.block_on(async {
            self.app.stop().await.expect("it ends well");
            self.app.desk.tickets(TicketFilter { limit: 1, ..TicketFilter::default() }).await.expect("a page").total
        });
        assert_eq!(kept, filed as u64, "what was acknowledged is there, once");
    }
}

/// As `zerodesk serve` makes it.
fn runtime() -> Runtime {
    let threads = thread::available_parallelism().map_or(2, |processors| processors.get().max(2));
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

async fn serve(folder: &Path) -> (Arc<App>, SocketAddr) {
    let corpus = support::corpora().next().expect("the generated one");
    let config = Config {
        articles: corpus.folder,
        index: folder.join("index"),
        data: folder.join("data"),
        limits: Limits { enabled: false, ..Limits::default() },
        ..Config::default()
    };
    let app = App::open(Arc::new(config), system_clock(), &mut |_, _| {}).await.expect("the parts open");
    let app = Arc::new(app);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    // It ends with the runtime.
    tokio::spawn(http::run(listener, app.clone(), std::future::pending()));
    (app, address)
}

/// Runs `work` in so many threads and puts their durations together.
fn together(threads: usize, work: impl Fn(usize) -> Durations + Sync) -> Durations {
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..threads).map(|number| scope.spawn(move || work(number))).collect();
        running.into_iter().fold(Durations::default(), |mut all, one| {
            all.append(one.join().expect("every reply is right"));
            all
        })
    })
}

/// A ticket as people write them. Its session is looked up for a trail.
fn file(connection: &mut Connection, key: &str) {
    let message =
        "The printer in the corridor prints blank pages since this morning. We changed the cartridge. ".repeat(4);
    let json = format!(
        "{{\"idempotency_key\":\"{key}\",\"session\":\"session-of-visitor-{key}\",\"subject\":\"Printer\",\"message\":\"{message}\",\"locale\":\"en\",\
         \"requester\":{{\"name\":\"Ada\",\"email\":\"ada@example.org\"}}}}"
    );
    let (status, body) = connection.ask(&post("/api/v1/tickets", &json));
    assert!(status == 201, "{status}: {body}");
}

/// Files [`PACE`] tickets a second for a while; gives how long after they were due they were acknowledged.
fn pace(address: SocketAddr, key: &str, during: Duration) -> Durations {
    let begun = Instant::now();
    let number = PACE * during.as_secs() as u32;
    together(PACERS as usize, |pacer| {
        let (mut connection, mut durations) = (Connection::to(address), Durations::default());
        for ticket in (pacer as u32..number).step_by(PACERS as usize) {
            let due = begun + Duration::from_secs(1) * ticket / PACE;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            file(&mut connection, &format!("{key}-{ticket}"));
            durations.add(due.elapsed());
        }
        durations
    })
}

/// Searches for a while with all clients; gives how many were answered.
fn search_for(address: SocketAddr, searches: &[Vec<u8>], during: Duration) -> usize {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let searching = (0..SEARCHING).map(|client| {
            let (over, searches) = (&over, searches.iter().cycle().skip(client * searches.len() / SEARCHING));
            scope.spawn(move || {
                let (mut connection, mut answered) = (Connection::to(address), 0);
                for search in searches.take_while(|_| !over.load(Ordering::Relaxed)) {
                    assert_eq!(connection.ask(search).0, 200);
                    answered += 1;
                }
                answered
            })
        });
        let searching: Vec<_> = searching.collect();
        thread::sleep(during);
        over.store(true, Ordering::Relaxed);
        searching.into_iter().map(|client| client.join().expect("every reply is right")).sum()
    })
}
