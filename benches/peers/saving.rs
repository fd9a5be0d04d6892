//! From a saved file to a search over HTTP that finds it, while others search.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};

use crate::support::{self, Durations, generated::Chance};

/// How long a save may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(2);

/// Saves of articles that a server follows.
#[derive(Args)]
pub struct Save {
    address: SocketAddr,
    /// The server's articles; they are changed.
    folder: PathBuf,
    #[arg(long, default_value_t = 200)]
    saves: usize,
}

impl Save {
    /// Saves one article after the other.
    pub fn run(&self) -> Value {
        let corpus = support::Corpus { name: String::new(), folder: self.folder.clone() };
        let mut paths: Vec<String> = corpus.files().into_iter().map(|(path, _)| path).collect();
        paths.retain(|path| std::path::Path::new(path).extension().is_some_and(|ending| ending == "md"));
        let mut chance = Chance::new(support::SEED);
        let mut connection = BufReader::new(TcpStream::connect(self.address).expect("the server listens"));
        connection.get_ref().set_nodelay(true).expect("a socket option");
        let mut durations = Durations::default();
        for number in 0..self.saves {
            let file = self.folder.join(chance.pick(&paths));
            let word = word(number);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let started = Instant::now();
            fs::write(&file, format!("{text}\n\nThis was saved with {word}.\n")).expect("the article can be written");
            while !is_found(&mut connection, &word) {
                assert!(started.elapsed() < PATIENCE, "{} was not found in time", file.display());
                thread::sleep(PAUSE);
            }
            durations.add(started.elapsed());
        }
        let ms = |share: f64| durations.percentile(share).as_secs_f64() * 1e3;
        json!({"saves": self.saves, "p50_ms": ms(0.5), "p99_ms": ms(0.99), "max_ms": ms(1.0)})
    }
}

fn is_found(connection: &mut BufReader<TcpStream>, word: &str) -> bool {
    let request = format!("GET /api/v1/search?verbatim=1&limit=1&q={word} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes()).expect("the connection is kept alive");
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).expect("a reply");
        if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).expect("the whole reply");
    serde_json::from_slice::<Value>(&body).is_ok_and(|reply| reply["total"].as_u64() > Some(0))
}

/// A word that no article has: the number in letters.
fn word(number: usize) -> String {
    let letter = |digit: u8| char::from(digit - b'0' + b'a');
    format!("zqx{}", format!("{number:04}").bytes().map(letter).collect::<String>())
}
