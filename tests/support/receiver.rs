//! A receiver of HTTP requests that answers as told, also in ways that no server should.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What one request is answered with.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Status line (without the version), headers and body, as they stand here.
    Says(String),
    /// These bytes, then the connection ends.
    CutOff(&'static str),
    /// Nothing, ever.
    Hangs,
}

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Such as `POST /path?query`.
    pub line: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{}: {error}", self.body))
    }
}

/// Listens on a free port of this machine until it is dropped.
pub struct Receiver {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    listening: JoinHandle<()>,
}

impl Answer {
    /// A status with a body.
    pub fn of(status: u16, body: &str) -> Self {
        Self::with(status, &[], body)
    }

    /// A status with headers and a body.
    pub fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (headers, length) = (headers.concat(), body.len());
        Self::Says(format!("{status} As Told\r\n{headers}Content-Length: {length}\r\n\r\n{body}"))
    }
}

impl Receiver {
    /// Answers in turn; the last answer is for all that come after it.
    pub async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answers: Arc<Mutex<VecDeque<Answer>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let kept = asked.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, kept.clone(), answers.clone()));
            }
        });
        Self { url, asked, listening }
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, asked: Arc<Mutex<Vec<Asked>>>, answers: Arc<Mutex<VecDeque<Answer>>>) {
    let Some(request) = read(&mut stream).await else { return };
    asked.lock().unwrap().push(request);
    let answer = {
        let mut answers = answers.lock().unwrap();
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
    };
    match answer.expect("an answer") {
        Answer::Says(text) => {
            let text = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
            drop(stream.write_all(format!("HTTP/1.1 {text}").as_bytes()).await);
        }
        Answer::CutOff(text) => drop(stream.write_all(text.as_bytes()).await),
        Answer::Hangs => std::future::pending().await,
    }
    drop(stream.shutdown().await);
}

/// Reads one request; nothing where the connection ends before.
pub async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
        let headers: BTreeMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").map_or(0, |length| length.parse().expect("a length"));
        if body.len() >= length {
            return Some(Asked { line, headers, body: body.to_owned() });
        }
    }
}
