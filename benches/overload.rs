//! Ten times the top load from 2,000 connections: what happens to those who are accepted, to the refused, to health
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
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use support::queries;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep_until,
};
use zerodesk::{index::Index, ingest::Ingest, source::Directory};

const CONNECTIONS: usize = 2_000;
/// How many times the top load.
const TIMES: f64 = 10.0;
/// How long the unloaded and the top load are measured.
const MEASURED: Duration = Duration::from_secs(5);

/// Replies with their status and the time that they took.
type Replies = Vec<(u16, Duration)>;

fn main() {
    let seconds = std::env::var("OVERLOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let corpus = support::corpora().next().expect("the generated collection");
    let folder = support::temporary();
    let index = Arc::new(Index::in_memory().expect("memory"));
    let source = Directory::open(&corpus.folder).expect("the articles");
    Ingest::new(source, index.clone(), "en").compare_all(&mut |_, _| {}).expect("the articles");
    let requests: Arc<Vec<String>> = Arc::new(
        queries::log(&index.snapshot(), 1000, support::SEED)
            .iter()
            .map(|item| {
                let text: String = form_urlencoded::byte_serialize(item.query.text.as_bytes()).collect();
                format!("GET /api/v1/search?lang={}&q={text} HTTP/1.1\r\nHost: a\r\n\r\n", item.query.languages[0])
            })
            .collect(),
    );
    let (mut server, url) = serve(&corpus.folder.display().to_string(), folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(storm(&url, server.id(), &requests, Duration::from_secs(seconds)));
    server.kill().expect("it runs");
    server.wait().expect("it ended");
}

fn serve(articles: &str, folder: &std::path::Path) -> (Child, String) {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", env!("CARGO_BIN_EXE_zerodesk")]);
    if Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_err() {
        command = Command::new(env!("CARGO_BIN_EXE_zerodesk"));
    }
    command.args(["serve", "--limits", "off", "--listen", "127.0.0.1:0", "--articles", articles]).current_dir(folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let url = lines.find_map(|line| Some(line.strip_prefix("listening on http://")?.split(' ').next()?.to_owned()));
    (child, url.expect("it says where it listens"))
}

async fn storm(url: &str, server: u32, requests: &Arc<Vec<String>>, length: Duration) {
    ask(url, requests, 1, Duration::ZERO, Duration::from_secs(1)).await; // files in memory
    let unloaded = ask(url, requests, 1, Duration::ZERO, MEASURED).await;
    let (_, _, p99) = told("unloaded, 1 connection", &unloaded, MEASURED);
    let top = ask(url, requests, 32, Duration::ZERO, MEASURED).await;
    let (rate, ..) = told("top load, 32 connections", &top, MEASURED);
    let before_kb = memory_kb(server);

    let over = Arc::new(AtomicBool::new(false));
    let health = tokio::spawn(watch_health(url.to_owned(), over.clone()));
    let beat = Duration::from_secs_f64(CONNECTIONS as f64 / (rate * TIMES));
    let replies = ask(url, requests, CONNECTIONS, beat, length).await;
    let ended = Instant::now();
    over.store(true, Ordering::Relaxed);
    let (_, _, accepted) = told("accepted of the storm", &replies, length);
    let refused: Replies = replies.iter().filter(|(status, _)| *status == 503).copied().collect();
    println!("refused with Retry-After: {} of {}", refused.len(), replies.len());
    assert!(replies.iter().all(|(status, _)| [200, 503].contains(status)), "only these two answers");
    println!("p99 of the accepted: {:.1} times unloaded (goal: 4)", accepted.as_secs_f64() / p99.as_secs_f64());
    let slowest = health.await.expect("health is asked");
    println!("health: every answer ok, the slowest after {:.1} ms", slowest.as_secs_f64() * 1e3);
    println!(
        "memory: {before_kb} kB before, {} kB after, {} kB at most",
        memory_kb(server),
        memory_line(server, "VmHWM:")
    );

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

/// Asks over a number of connections for a while; each after its beat, or at once where it is late.
async fn ask(url: &str, requests: &Arc<Vec<String>>, connections: usize, beat: Duration, length: Duration) -> Replies {
    let mut clients = JoinSet::new();
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(url).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket option");
        streams.push(stream);
    }
    let end = Instant::now() + length;
    for (number, mut stream) in streams.into_iter().enumerate() {
        let requests = requests.clone();
        // Spread over the first beat.
        let mut due = Instant::now() + beat.mul_f64(number as f64 / connections as f64);
        clients.spawn(async move {
            let (mut replies, mut at, mut buffer) = (Vec::new(), number * 7919, vec![0; 16384]);
            while Instant::now() < end {
                if !beat.is_zero() {
                    sleep_until(due.into()).await;
                    due = (due + beat).max(Instant::now());
                }
                at += 1;
                let began = Instant::now();
                stream.write_all(requests[at % requests.len()].as_bytes()).await.expect("the connection is kept");
                let status = reply(&mut stream, &mut buffer).await;
                replies.push((status, began.elapsed()));
            }
            replies
        });
    }
    clients.join_all().await.concat()
}

/// Reads one reply; a 503 must say when to come back.
async fn reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let count = stream.read(&mut buffer[filled..]).await.expect("a reply");
        assert!(count > 0, "every request is answered");
        filled += count;
        let Some(end) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if filled >= end + 4 + length {
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
            assert!(status == 200 || head.contains("retry-after: "), "{head}");
            return status;
        }
    }
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

/// Prints and returns what was accepted a second, the median and the 99th percentile.
fn told(what: &str, replies: &Replies, length: Duration) -> (f64, Duration, Duration) {
    let mut times: Vec<Duration> = replies.iter().filter(|(status, _)| *status == 200).map(|(_, took)| *took).collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let (rate, p50, p99) = (times.len() as f64 / length.as_secs_f64(), at(0.5), at(0.99));
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{what}: {rate:.0} a second, p50 {:.2} ms, p99 {:.2} ms", ms(p50), ms(p99));
    (rate, p50, p99)
}

fn memory_kb(process: u32) -> u64 {
    memory_line(process, "VmRSS:")
}

fn memory_line(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
