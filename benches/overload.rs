//! Ten times the top load from 2,000 connections (on the last collection that there is): what happens to those who are accepted, to the refused, to health
//! checks and to memory, and how soon all is as before.
//!
//! The server is the program itself, on processor 0 where `taskset` is there; start this on another one. First one
//! connection alone (unloaded) and 32 that never rest (the top load) are measured; then each of 2,000 connections asks at
//! a steady beat, at once where it is late. Rate limits are off: they would refuse all of it, as it comes from one
//! address. Every reply that is not a search must be a 503 with `Retry-After`.
//!
//! ```text
//! taskset -c 1 cargo bench --bench overload
//! OVERLOAD_SECONDS=60 taskset -c 1 cargo bench --bench overload
//! ```

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use support::flood::{Replies, Served, ask, reply, searches, told};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep_until};

const CONNECTIONS: usize = 2_000;
/// How many times the top load.
const TIMES: f64 = 10.0;
/// How long the unloaded and the top load are measured.
const MEASURED: Duration = Duration::from_secs(5);

fn main() {
    let seconds = std::env::var("OVERLOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let corpus = support::corpora().last().expect("the generated collection");
    let folder = support::temporary();
    let requests = searches(&corpus);
    let server = Served::start(&corpus.folder, folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(storm(&server, &requests, Duration::from_secs(seconds)));
}

async fn storm(server: &Served, requests: &Arc<Vec<String>>, length: Duration) {
    let url = &server.address;
    ask(url, requests, 1, Duration::ZERO, Duration::from_secs(1)).await; // files in memory
    let unloaded = ask(url, requests, 1, Duration::ZERO, MEASURED).await;
    let (_, _, p99) = told("unloaded, 1 connection", &unloaded, MEASURED);
    let top = ask(url, requests, 32, Duration::ZERO, MEASURED).await;
    let (rate, ..) = told("top load, 32 connections", &top, MEASURED);
    let before_kb = server.memory_kb().0;

    let over = Arc::new(AtomicBool::new(false));
    let health = tokio::spawn(watch_health(url.clone(), over.clone()));
    let beat = Duration::from_secs_f64(CONNECTIONS as f64 / (rate * TIMES));
    let replies = ask(url, requests, CONNECTIONS, beat, length).await;
    let ended = Instant::now();
    over.store(true, Ordering::Relaxed);
    let (_, _, accepted) = told("accepted of the storm", &replies, length);
    let refused: Replies = replies.iter().filter(|(status, _)| *status == 503).copied().collect();
    let mut waits: Vec<Duration> = refused.iter().map(|(_, took)| *took).collect();
    waits.sort_unstable();
    println!(
        "waits p10 {:?} p50 {:?} p90 {:?} p99 {:?}",
        waits[waits.len() / 10],
        waits[waits.len() / 2],
        waits[waits.len() * 9 / 10],
        waits[waits.len() * 99 / 100]
    );
    println!("refused with Retry-After: {} of {}", refused.len(), replies.len());
    assert!(replies.iter().all(|(status, _)| [200, 503].contains(status)), "only these two answers");
    println!("p99 of the accepted: {:.1} times unloaded (goal: 4)", accepted.as_secs_f64() / p99.as_secs_f64());
    let slowest = health.await.expect("health is asked");
    println!("health: every answer ok, the slowest after {:.1} ms", slowest.as_secs_f64() * 1e3);
    println!("memory: {before_kb} kB before, {} kB after, {} kB at most", server.memory_kb().0, server.memory_kb().1);

    // As before: fifty searches in a row, none of them slower than twice the unloaded p99 and a millisecond.
    let recovered = loop {
        let calm = ask(url, requests, 1, Duration::ZERO, Duration::from_millis(50)).await;
        let slow =
            calm.iter().filter(|(status, took)| *status != 200 || *took > 2 * p99 + Duration::from_millis(1)).count();
        if slow * 50 <= calm.len() {
            break ended.elapsed();
        }
    };
    println!("recovered {:.0} ms after the end (goal: 1000)", recovered.as_secs_f64() * 1e3);
}

/// Asks for health ten times a second on connections of its own; the slowest answer.
async fn watch_health(url: String, over: Arc<AtomicBool>) -> Duration {
    let mut slowest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let mut stream = TcpStream::connect(&url).await.expect("it listens");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it reads");
        assert_eq!(reply(&mut stream, &mut vec![0; 4096]).await, 200);
        slowest = slowest.max(began.elapsed());
        sleep_until((began + Duration::from_millis(100)).into()).await;
    }
    slowest
}
