//! The load: requests of a log over connections that are kept alive, from one thread.
//!
//! Without a rate every connection asks again as soon as it has its answer, which finds the top. With one, requests
//! are due at even times whether or not the server keeps up, and what a request waits for its turn counts: this is
//! what visitors would see. The log is played from front to back once, by all connections together, and a log that
//! ends begins again and is reported.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::Duration,
};

use clap::Args;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
    time::{Instant, sleep_until},
};

use crate::support::Durations;

/// Longest text that is read at once, in bytes.
const AT_ONCE: usize = 64 * 1024;

/// What is asked, and how.
#[derive(Args)]
pub struct Load {
    address: SocketAddr,
    #[arg(long)]
    log: PathBuf,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds of load before measuring begins.
    #[arg(long, default_value_t = 1.0)]
    warm: f64,
    /// Requests a second; without it as many as the server answers.
    #[arg(long)]
    rate: Option<f64>,
    /// Lines of the log to leave out from the front.
    #[arg(long, default_value_t = 0)]
    skip: usize,
    /// Where `{}` stands for the search, encoded.
    #[arg(long, default_value = "/?q={}")]
    path: String,
    /// Body of a POST, with `{}` for the search as a JSON string.
    #[arg(long)]
    body: Option<String>,
    /// Sonic's own protocol, with this password.
    #[arg(long)]
    sonic: Option<String>,
    /// Process whose processor time and memory are reported.
    #[arg(long)]
    server: Option<u32>,
}

/// What was measured so far.
#[derive(Default)]
struct Measured {
    durations: Durations,
    failed: usize,
    bytes: usize,
}

/// What all connections share.
struct Shared {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    skipped: usize,
    measured: RefCell<Measured>,
    begin: Instant,
    end: Instant,
    started: Instant,
    /// Time between two requests, where there is a rate.
    pace: Option<Duration>,
    greeting: Option<String>,
}

impl Load {
    /// Asks until the time is over.
    pub fn run(&self) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(LocalSet::new().run_until(self.ask()))
    }

    async fn ask(&self) -> Value {
        let log = std::fs::read_to_string(&self.log).expect("the log can be read");
        let requests: Vec<_> = log.lines().map(|text| self.request(text)).collect();
        let started = Instant::now();
        let begin = started + Duration::from_secs_f64(self.warm);
        let shared = Rc::new(Shared {
            requests,
            next: Cell::new(self.skip),
            skipped: self.skip,
            measured: RefCell::default(),
            begin,
            end: begin + Duration::from_secs_f64(self.seconds),
            started,
            pace: self.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
            greeting: self.sonic.as_ref().map(|password| format!("START search {password}\r\n")),
        });
        let connections: Vec<_> = (0..self.connections)
            .map(|_| tokio::task::spawn_local(connection(self.address, Rc::clone(&shared))))
            .collect();
        sleep_until(begin).await;
        let busy = self.busy();
        sleep_until(shared.end).await;
        let busy = self.busy() - busy;
        for connection in connections {
            connection.await.expect("no connection panics");
        }
        self.figures(&shared, busy)
    }

    fn figures(&self, shared: &Shared, busy: f64) -> Value {
        let measured = shared.measured.borrow();
        let count = measured.durations.count();
        let us = |share: f64| measured.durations.percentile(share).as_micros() as u64;
        json!({
            "connections": self.connections, "requests": count, "per_second": count as f64 / self.seconds,
            "p50_us": us(0.5), "p90_us": us(0.9), "p99_us": us(0.99), "max_us": us(1.0), "failed": measured.failed,
            "bytes": measured.bytes / count.max(1), "processor_us": busy * 1e6 / count.max(1) as f64,
            "busy": busy / self.seconds, "played": shared.next.get() - self.skip,
            "log_ended": shared.next.get() > shared.requests.len(), "memory": self.server.map(memory),
        })
    }

    fn request(&self, text: &str) -> Vec<u8> {
        if self.sonic.is_some() {
            let plain: String = text.chars().filter(|c| *c != '"' && *c != '\\').collect();
            return format!("QUERY a default \"{plain}\" LIMIT(10) LANG(eng)\r\n").into_bytes();
        }
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let (path, host) = (self.path.replace("{}", &encoded), self.address);
        match &self.body {
            None => format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n\r\n"),
            Some(body) => {
                let body = body.replace("{}", &json!(text).to_string());
                let length = body.len();
                format!(
                    "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\n\r\n{body}"
                )
            }
        }
        .into_bytes()
    }

    /// Processor time of the server so far, in seconds, of all its threads.
    fn busy(&self) -> f64 {
        let threads = self.server.and_then(|server| std::fs::read_dir(format!("/proc/{server}/task")).ok());
        let spent = |thread: std::fs::DirEntry| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        threads.into_iter().flatten().flatten().filter_map(spent).sum::<f64>() / 1e9
    }
}

/// Memory of a process in kB: resident, and of it what is its own.
fn memory(process: u32) -> Value {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    json!({"resident_kb": field("VmRSS"), "own_kb": field("RssAnon"), "peak_kb": field("VmHWM")})
}

async fn connection(address: SocketAddr, shared: Rc<Shared>) {
    while Instant::now() < shared.end {
        if let Err(error) = converse(address, &shared).await {
            if Instant::now() > shared.begin {
                shared.measured.borrow_mut().failed += 1;
            }
            eprintln!("a connection ended: {error}");
            sleep_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }
}

/// One connection until the time is over or it breaks.
async fn converse(address: SocketAddr, shared: &Shared) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(AT_ONCE);
    if let Some(greeting) = &shared.greeting {
        stream.write_all(greeting.as_bytes()).await?;
        while !buffer.windows(7).any(|part| part == b"STARTED") {
            read_more(&mut stream, &mut buffer).await?;
        }
    }
    loop {
        let number = shared.next.get();
        let mut due = Instant::now();
        if let Some(pace) = shared.pace {
            due = shared.started + pace.mul_f64((number - shared.skipped) as f64);
        }
        if due >= shared.end {
            return Ok(());
        }
        shared.next.set(number + 1);
        if due > Instant::now() {
            sleep_until(due).await;
        }
        stream.write_all(&shared.requests[number % shared.requests.len()]).await?;
        let (good, bytes) = reply(&mut stream, &mut buffer, shared.greeting.is_some()).await?;
        let now = Instant::now();
        if due >= shared.begin && now <= shared.end {
            let mut measured = shared.measured.borrow_mut();
            measured.durations.add(now - due);
            measured.bytes += bytes;
            measured.failed += usize::from(!good);
        }
    }
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Reads one whole reply; whether it is good, and its length in bytes.
async fn reply(stream: &mut TcpStream, buffer: &mut Vec<u8>, sonic: bool) -> io::Result<(bool, usize)> {
    buffer.clear();
    loop {
        read_more(stream, buffer).await?;
        let whole = if sonic { sonic_reply(buffer) } else { http_reply(buffer) };
        if let Some(whole) = whole {
            return Ok(whole);
        }
    }
}

/// `PENDING id`, then `EVENT QUERY id ...`.
fn sonic_reply(buffer: &[u8]) -> Option<(bool, usize)> {
    let text = std::str::from_utf8(buffer).ok()?.strip_suffix('\n')?;
    if text.contains("ERR ") {
        return Some((false, buffer.len()));
    }
    text.contains("EVENT QUERY").then_some((true, buffer.len()))
}

fn http_reply(buffer: &[u8]) -> Option<(bool, usize)> {
    let head = buffer.windows(4).position(|part| part == b"\r\n\r\n")?;
    let good = buffer.get(9..12) == Some(b"200");
    let (mut length, mut chunked) = (0, false);
    for line in buffer[..head].split(|byte| *byte == b'\n').skip(1) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next()?, parts.next().unwrap_or_default().trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(value).ok()?.parse().ok()?;
        }
        chunked |= name.eq_ignore_ascii_case(b"transfer-encoding") && value == b"chunked";
    }
    let whole = if chunked { buffer.ends_with(b"0\r\n\r\n") } else { buffer.len() >= head + 4 + length };
    whole.then_some((good, buffer.len()))
}
