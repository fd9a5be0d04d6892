//! What figures cost: a year of five million events read from SQLite, and 2,000 events a second taken beside searches.
//!
//! The year: ten days are played, written and counted as the server does it; their sums stand for the days before, so
//! that nothing but the writing of five million rows is saved. Then the year's figures are read, when nothing is new and
//! after new events of today. The rush: clients search as fast as they can, in turns with and without another client
//! that sends forty batches of fifty events a second; every batch must be taken and nothing dropped.
//!
//! ```text
//! cargo bench --bench figures
//! cargo bench --bench figures -- year
//! ```

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use tokio::{net::TcpListener, runtime::Runtime};
use zerodesk::{
    app::{App, system_clock},
    config::{self, Config, Limits},
    http,
    insight::{
        Event, EventKind, EventStore, FigureStore, Insight, MaskedText, Notes, Origin, Salts, Session, Surface,
        Trigger, ViewSource, Window,
        figures::{DayCounts, RULES, bounds, days},
    },
    search::Decision,
    store::Sqlite,
};

/// Events of a day, so that a year has five million.
const EVENTS_A_DAY: usize = 13_700;
/// Longest time in which a year may be answered.
const YEAR_WITHIN: Duration = Duration::from_millis(200);
/// Events a second beside searches.
const RUSH: usize = 2000;
/// Events of a batch.
const BATCH: usize = 50;
/// Least share of the search throughput that must be left.
const LEFT: f64 = 0.9;
/// Searching clients.
const CLIENTS: usize = 3;
/// Length of a turn with or without events.
const TURN: Duration = Duration::from_secs(5);
/// Turns of each kind.
const TURNS: usize = 4;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime = Runtime::new().expect("a runtime");
    if runs("year") {
        runtime.block_on(year());
    }
    if runs("rush") {
        rush(&runtime);
    }
}

/// Small and repeatable.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    /// Small numbers often, great ones seldom.
    fn zipf(&mut self, below: usize) -> usize {
        let share = (self.below(1 << 20) + 1) as f64 / f64::from(1 << 20);
        ((below as f64).powf(share) as usize).saturating_sub(1)
    }
}

/// One day of visits as the box reports them: searches, lists, clicks, reading, and now and then the form.
fn day_of_events(day: Date, salts: &Salts, chance: &mut Chance) -> Vec<Event> {
    let midnight = day.to_zoned(TimeZone::UTC).expect("a day").timestamp();
    let mut events = Vec::with_capacity(EVENTS_A_DAY + 16);
    while events.len() < EVENTS_A_DAY {
        let begin = midnight + SignedDuration::from_secs(chance.below(85_000).cast_signed() as i64);
        let visitor = salts.visitor(&Session::generate(), begin);
        let locale = ["en", "nl", "de"][chance.below(3)].to_owned();
        let origin = Origin {
            site: "default".into(),
            surface: Surface::Box,
            locale,
            interacted: Some(true),
            ..Origin::default()
        };
        let level = Some(chance.below(4) as u8);
        let kind = ["faq", "manual", "how-to", "reference"][chance.below(4)].to_owned();
        let mut tell = |seconds: i64, what: EventKind| {
            let notes = Notes { article_kind: Some(kind.clone()), level, requester: None };
            let event = Event::new(&visitor, origin.clone(), begin + SignedDuration::from_secs(seconds), what);
            events.push(event.noting(notes));
            events[events.len() - 1].id.clone()
        };
        let article = format!("article-{}", chance.zipf(800));
        let missed = chance.below(5) == 0;
        let query_id = tell(
            0,
            EventKind::SearchPerformed {
                query: MaskedText::new(&format!("question number {}", chance.zipf(30_000))),
                language: None,
                total: 9,
                shown: (0..5).map(|rank| format!("article-{rank}#section")).collect(),
                decision: if missed { Decision::NoAnswer } else { Decision::Answer },
                confidence: 0.7,
                latency_us: 400,
                trigger: Trigger::Enter,
                filters: Vec::new(),
            },
        );
        tell(1, EventKind::ResultsShown { query_id: query_id.clone(), ranks: vec!["article-1#section".into(); 5] });
        if !missed {
            tell(
                4,
                EventKind::ResultClicked {
                    query_id: query_id.clone(),
                    rank: 1,
                    article: article.clone(),
                    section: String::new(),
                },
            );
            let from = ViewSource::Search;
            tell(
                60,
                EventKind::ArticleViewed {
                    article: article.clone(),
                    revision: None,
                    from,
                    dwell_ms: 50_000,
                    scroll: 1.0,
                    words: 300,
                },
            );
        }
        if chance.below(4) == 0 {
            tell(70, EventKind::FormOpened { from: "no_answer".into(), query_id: Some(query_id.clone()) });
            match chance.below(3) {
                0 => drop(tell(90, EventKind::MarkedSolved { article: None, query_id: None })),
                1 => drop(tell(200, EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id: None })),
                _ => {}
            }
        }
        if chance.below(12) == 0 {
            tell(75, EventKind::FeedbackGiven { article, helpful: chance.below(3) > 0, reason: None, comment: None });
        }
    }
    events
}

async fn year() {
    let folder = tempfile::tempdir().expect("a folder");
    let today: Date = "2026-11-22".parse().expect("a day");
    let now = bounds(today).0 + SignedDuration::from_hours(20);
    let store = Arc::new(Sqlite::open(folder.path(), now).expect("a database"));
    let (salts, mut chance) = (Salts::default(), Chance(20_261_122));
    let first_played = today.checked_sub(9.days()).expect("a day");
    let begun = Instant::now();
    let mut written = 0;
    for day in days(first_played, today) {
        for batch in day_of_events(day, &salts, &mut chance).chunks(500) {
            written += store.append(batch).await.expect("it writes");
        }
    }
    let spent = begun.elapsed();
    println!("written: {written} events in {spent:.1?}, {:.0} a second", written as f64 / spent.as_secs_f64());

    let mut played = Vec::new();
    let begun = Instant::now();
    for day in store.stale_days("default", first_played, today, RULES).await.expect("it reads") {
        let events = store.events_of_day("default", day, None).await.expect("it reads");
        let counts = DayCounts::fold(&events.events, "default", day);
        store.keep_day("default", day, events.changes, RULES, counts.clone()).await.expect("it writes");
        played.push(counts);
    }
    println!("counted: a day of {EVENTS_A_DAY} events in {:.0?}", begun.elapsed() / 10);
    let first = today.checked_sub(364.days()).expect("a day");
    for (number, day) in days(first, first_played.yesterday().expect("a day")).enumerate() {
        store.keep_day("default", day, 0, RULES, played[number % 9].clone()).await.expect("it writes");
    }

    let settings = config::Insight { retention_days: 3650, ..config::Insight::default() };
    let insight = Insight::open(store.clone(), &settings, Arc::new(move || now)).await.expect("it opens");
    let window = || Window::of_days("default", first, today, now);
    let begun = Instant::now();
    let figures = insight.figures(window()).await.expect("figures");
    println!("a year of {} events, for the first time: {:.0?}", 365 * EVENTS_A_DAY, begun.elapsed());
    assert!(figures.no_answer.n > 1_000_000, "{}", figures.no_answer.n);
    for (what, new) in [("nothing new", false), ("new events of today", true)] {
        let mut spent = Vec::new();
        for _ in 0..7 {
            if new {
                let more = day_of_events(today, &salts, &mut chance);
                store.append(&more[..40]).await.expect("it writes");
            }
            let begun = Instant::now();
            insight.figures(window()).await.expect("figures");
            spent.push(begun.elapsed());
        }
        spent.sort();
        println!("a year of {} events, {what}: {:.0?} (median of 7)", 365 * EVENTS_A_DAY, spent[3]);
        assert!(cfg!(debug_assertions) || spent[3] < YEAR_WITHIN, "slower than {YEAR_WITHIN:?}");
    }
}

fn rush(runtime: &Runtime) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config {
        articles: "articles".into(),
        index: folder.path().join("index"),
        data: folder.path().join("data"),
        limits: Limits { enabled: false, ..Limits::default() },
        ..Config::default()
    };
    let (app, address) = runtime.block_on(async {
        let app = App::open(Arc::new(config), system_clock(), &mut |_, _| {}).await.expect("the parts open");
        let app = Arc::new(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(http::run(listener, app.clone(), std::future::pending()));
        (app, address)
    });
    turn(address, false); // connections, caches and the index in memory
    let (mut alone, mut beside, mut sent) = (0, 0, 0);
    for _ in 0..TURNS {
        alone += turn(address, false).0;
        let (searches, events) = turn(address, true);
        (beside, sent) = (beside + searches, sent + events);
    }
    let seconds = TURNS as f64 * TURN.as_secs_f64();
    let (rate, left) = (sent as f64 / seconds, beside as f64 / alone as f64);
    println!(
        "searches a second: {:.0} alone, {:.0} beside {rate:.0} events a second: {:.1} % are left; {} events dropped",
        alone as f64 / seconds,
        beside as f64 / seconds,
        100.0 * left,
        app.insight.dropped(),
    );
    assert_eq!(app.insight.dropped(), 0, "every event has a place");
    assert!(cfg!(debug_assertions) || left >= LEFT, "more than a tenth of the searches is lost");
    runtime.block_on(app.stop()).expect("it ends well");
}

/// One turn: how many searches were answered, and how many events were taken beside them.
fn turn(address: SocketAddr, with_events: bool) -> (u64, u64) {
    let (over, searches, events) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (over, searches) = (&over, &searches);
            scope.spawn(move || {
                let mut connection = Connection::to(address);
                let words =
                    ["reset+password", "embed+the+box", "zerodesk+config", "wachtwoord+vergeten", "backup+databas"];
                for i in number.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let (word, session) = (words[i % words.len()], i / 8);
                    connection
                        .get(&format!("/api/v1/search?lang=en&q={word}&session=bench-visitor-{number}-{session:08}"));
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        if with_events {
            let (over, events) = (&over, &events);
            scope.spawn(move || {
                let mut connection = Connection::to(address);
                let begun = Instant::now();
                for batch in 0.. {
                    thread::sleep(
                        (begun + Duration::from_secs_f64(batch as f64 * BATCH as f64 / RUSH as f64))
                            .saturating_duration_since(Instant::now()),
                    );
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let body = batch_of(batch);
                    let reply = connection.post("/api/v1/events", &body);
                    assert!(reply.contains(&format!("\"accepted\":{BATCH}")), "{reply}");
                    events.fetch_add(BATCH as u64, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(TURN);
        over.store(true, Ordering::Relaxed);
    });
    (searches.into_inner(), events.into_inner())
}

fn batch_of(number: usize) -> String {
    let nonce = Timestamp::now().as_nanosecond();
    let event = |i: usize| {
        let id = format!("{nonce}-{i:03}");
        match i % 3 {
            0 => format!(
                r#"{{"id":"{id}","type":"results_shown","query_id":"bench-query-{nonce}","ranks":["install#linux","faq","backup"]}}"#
            ),
            1 => format!(
                r#"{{"id":"{id}","type":"result_clicked","query_id":"bench-query-{nonce}","rank":1,"article":"install"}}"#
            ),
            _ => format!(
                r#"{{"id":"{id}","type":"article_viewed","article":"install","from":"search","dwell_ms":20000,"scroll":0.7}}"#
            ),
        }
    };
    let events: Vec<String> = (0..BATCH).map(event).collect();
    format!(
        r#"{{"session":"bench-reader-{number:08}","surface":"box","interacted":true,"events":[{}]}}"#,
        events.join(",")
    )
}

/// A connection that is kept alive.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket option");
        Self(BufReader::new(stream))
    }

    fn get(&mut self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    fn post(&mut self, path: &str, body: &str) -> String {
        let length = body.len();
        self.send(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"))
    }

    fn send(&mut self, request: &str) -> String {
        self.0.get_mut().write_all(request.as_bytes()).expect("the connection is kept alive");
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).expect("a status line");
        assert!(line.starts_with("HTTP/1.1 20"), "{line}");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).expect("a header");
            if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the whole body");
        String::from_utf8(body).expect("JSON is UTF-8")
    }
}
