//! Load from many connections against the program itself, which runs as a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep_until,
};
use zerodesk::{index::Index, ingest::Ingest, source::Directory};

use super::{Corpus, SEED, queries};

/// Replies with their status and the time that they took.
pub type Replies = Vec<(u16, Duration)>;

/// A server with its address; it ends with the value.
pub struct Served {
    process: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Served {
    /// Serves a folder of articles, on processor 0 where `taskset` is there. Rate limits are off.
    pub fn start(articles: &Path, folder: &Path) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", env!("CARGO_BIN_EXE_zerodesk")]);
        if Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_err() {
            command = Command::new(env!("CARGO_BIN_EXE_zerodesk"));
        }
        // What the bench is told is not for the server.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ZERODESK_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--limits", "off", "--listen", "127.0.0.1:0", "--articles"]).arg(articles);
        command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let said =
            lines.find_map(|line| Some(line.strip_prefix("listening on http://")?.split(' ').next()?.to_owned()));
        Self { process, address: said.expect("it says where it listens") }
    }

    /// Resident memory now and at most, in kB.
    pub fn memory_kb(&self) -> (u64, u64) {
        let status = fs::read_to_string(self.proc("status")).expect("it runs, on Linux");
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        (value("VmRSS:"), value("VmHWM:"))
    }

    /// Open files and connections.
    pub fn handles(&self) -> usize {
        fs::read_dir(self.proc("fd")).expect("it runs, on Linux").count()
    }

    fn proc(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.process.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Searches as people type them, ready to be sent; a last word of its own makes each one new to the server.
pub fn searches(corpus: &Corpus) -> Arc<Vec<String>> {
    let index = Arc::new(Index::in_memory().expect("memory"));
    let source = Directory::open(&corpus.folder).expect("the articles");
    Ingest::new(source, index.clone(), "en").compare_all(&mut |_, _| {}).expect("the articles");
    let log = queries::log(&index.snapshot(), 1000, SEED);
    let request = |(number, item): (usize, &queries::KnownItem)| {
        let text: String = form_urlencoded::byte_serialize(item.query.text.as_bytes()).collect();
        format!("GET /api/v1/search?lang={}&q={text}+x{number} HTTP/1.1\r\nHost: a\r\n\r\n", item.query.languages[0])
    };
    Arc::new(log.iter().cycle().take(20 * log.len()).enumerate().map(|(at, item)| request((at, item))).collect())
}

/// Asks over a number of connections for a while; each after its beat, or at once where it is late.
pub async fn ask(
    address: &str,
    requests: &Arc<Vec<String>>,
    connections: usize,
    beat: Duration,
    length: Duration,
) -> Replies {
    let mut clients = JoinSet::new();
    let end = Instant::now() + length;
    for number in 0..connections {
        let (address, requests) = (address.to_owned(), requests.clone());
        // Spread over the first beat.
        let mut due = Instant::now() + beat.mul_f64(number as f64 / connections as f64);
        clients.spawn(async move {
            let (mut replies, mut at, mut buffer) = (Vec::new(), number * 7919, vec![0; 16384]);
            sleep_until(due.into()).await;
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.set_nodelay(true).expect("a socket option");
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
pub async fn reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
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

/// Prints and returns what was accepted a second, the median and the 99th percentile.
pub fn told(what: &str, replies: &Replies, length: Duration) -> (f64, Duration, Duration) {
    let mut times: Vec<Duration> = replies.iter().filter(|(status, _)| *status == 200).map(|(_, took)| *took).collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let (rate, p50, p99) = (times.len() as f64 / length.as_secs_f64(), at(0.5), at(0.99));
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{what}: {rate:.0} a second, p50 {:.2} ms, p99 {:.2} ms", ms(p50), ms(p99));
    (rate, p50, p99)
}
