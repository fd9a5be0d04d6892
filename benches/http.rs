//! Searching over HTTP: the real server with eight connections that are kept alive, each asking again as soon as it
//! has its answer. The rate limits are off; everything else is as configured by default, events included.
//!
//! The clients are threads of the same process with plain sockets, so they take processor time from the server. What
//! that costs shows in the floor: a route that answers a ready reply of 3 kB, asked in the same way in the same run.
//! divan's table shows rounds of 8 x 90 requests; below it stand requests a second, percentiles and the ratio to the
//! floor. A status other than 200, or too few articles found, fails the bench.
//!
//! ```text
//! cargo bench --bench http
//! ZERODESK_CORPORA=folder cargo bench --bench http -- 'medium|floor'
//! ```

mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use divan::{Bencher, counter::ItemsCount};
use support::{Corpus, Durations, queries};
use tokio::{net::TcpListener, runtime::Runtime};
use zerodesk::{
    app::{App, system_clock},
    config::{Config, Limits},
    http,
};

/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;
/// Requests of one connection in a round.
const REQUESTS: usize = 90;
/// Share of requests that find what they look for, at least; one third is misspelt, one third unfinished.
const FOUND_AT_LEAST: f64 = 0.8;

/// Requests a second of the floor, once it was measured.
static FLOOR: OnceLock<f64> = OnceLock::new();

fn main() {
    support::run();
}

/// One GET, and the text that the reply must contain to be right.
struct Request {
    bytes: Vec<u8>,
    expected: String,
}

/// What a round came to.
#[derive(Default)]
struct Round {
    durations: Durations,
    found: usize,
    spent: Duration,
}

impl Round {
    fn add(&mut self, other: Self) {
        self.durations.append(other.durations);
        self.found += other.found;
        self.spent += other.spent;
    }

    fn per_second(&self) -> f64 {
        self.durations.count() as f64 / self.spent.as_secs_f64()
    }

    fn share_found(&self) -> f64 {
        self.found as f64 / self.durations.count() as f64
    }
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_floor(bencher: Bencher) {
    let runtime = Runtime::new().expect("a runtime");
    let address = runtime.block_on(serve_floor());
    let requests: Vec<_> = (0..CONNECTIONS * REQUESTS).map(|_| request("/floor", "the end".into())).collect();
    let all = measure(bencher, address, &requests);
    assert_eq!(all.found, all.durations.count(), "every reply is the ready one");
    FLOOR.get_or_init(|| all.per_second());
    support::figure(format!("floor: {:.0} requests a second, {}", all.per_second(), all.durations));
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn search(bencher: Bencher, corpus: &Corpus) {
    let (runtime, folder) = (Runtime::new().expect("a runtime"), support::temporary());
    let config = Config {
        articles: corpus.folder.clone(),
        index: folder.path().join("index"),
        data: folder.path().join("data"),
        limits: Limits { enabled: false, ..Limits::default() },
        ..Config::default()
    };
    let (app, address) = runtime.block_on(serve(config));
    let all = measure(bencher, address, &searches(&app));
    let ratio =
        FLOOR.get().map_or(String::new(), |floor| format!(", {:.1} % of the floor", 100.0 * all.per_second() / floor));
    let (rate, found) = (all.per_second(), all.share_found());
    support::figure(format!(
        "{corpus}: {rate:.0} requests a second{ratio}, {}; {:.1} % found",
        all.durations,
        found * 100.0
    ));
    assert!(found >= FOUND_AT_LEAST, "{corpus}: only {found:.3} of the requests find their article");
    runtime.block_on(app.stop()).expect("it ends well");
}

async fn serve(config: Config) -> (Arc<App>, SocketAddr) {
    let app = App::open(Arc::new(config), system_clock(), &mut |_, _| {}).await.expect("the parts open");
    let app = Arc::new(app);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    // It ends with the runtime.
    tokio::spawn(http::run(listener, app.clone(), std::future::pending()));
    (app, address)
}

async fn serve_floor() -> SocketAddr {
    let ready = format!("{{\"text\":\"{}the end\"}}", "answer ".repeat(430));
    let reply = ([(CONTENT_TYPE, "application/json")], ready);
    let router = Router::new().route("/floor", get(move || std::future::ready(reply.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, router).await.expect("it serves") });
    address
}

/// Requests made from titles; the reply should name the article.
fn searches(app: &App) -> Vec<Request> {
    let log = queries::log(&app.snapshot(), CONNECTIONS * REQUESTS / 3, support::SEED);
    let as_request = |item: queries::KnownItem| {
        let text: String = form_urlencoded::byte_serialize(item.query.text.as_bytes()).collect();
        let title = serde_json::to_string(&item.title).expect("a text");
        request(&format!("/api/v1/search?lang={}&q={text}", item.query.languages[0]), format!("\"title\":{title}"))
    };
    log.into_iter().map(as_request).collect()
}

fn request(path: &str, expected: String) -> Request {
    Request { bytes: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(), expected }
}

fn measure(bencher: Bencher, address: SocketAddr, requests: &[Request]) -> Round {
    round(address, requests); // connections, caches and the index in memory
    let mut all = Round::default();
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| all.add(round(address, requests)));
    all
}

/// Shares the requests among the connections and waits for the last reply.
fn round(address: SocketAddr, requests: &[Request]) -> Round {
    let started = Instant::now();
    let mut all = thread::scope(|scope| {
        let ask_each = |part| scope.spawn(move || ask(address, part));
        let clients: Vec<_> = requests.chunks(requests.len().div_ceil(CONNECTIONS)).map(ask_each).collect();
        clients.into_iter().fold(Round::default(), |mut all, client| {
            all.add(client.join().expect("every reply is right"));
            all
        })
    });
    all.spent = started.elapsed();
    all
}

/// One connection: request, reply, next request.
fn ask(address: SocketAddr, requests: &[Request]) -> Round {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a socket option");
    let (mut replies, mut round) = (BufReader::new(stream), Round::default());
    for request in requests {
        let started = Instant::now();
        replies.get_mut().write_all(&request.bytes).expect("the connection is kept alive");
        let body = read_reply(&mut replies);
        round.durations.add(started.elapsed());
        round.found += usize::from(body.contains(&request.expected));
    }
    round
}

/// Reads head and body of a reply; only what this server sends is understood.
fn read_reply(from: &mut BufReader<TcpStream>) -> String {
    let (mut line, mut length) = (String::new(), None);
    from.read_line(&mut line).expect("a status line");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        from.read_line(&mut line).expect("a header");
        if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length.expect("a reply says its length")];
    from.read_exact(&mut body).expect("the whole body");
    String::from_utf8(body).expect("JSON is UTF-8")
}
