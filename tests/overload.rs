//! More than the server can do, and clients that mean no good: what is accepted is answered, the rest is refused in
//! plain words, and nothing of it stays. `benches/overload.rs` measures the same at full size.

use std::{fs, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Barrier,
};

use crate::support::{HELP, Server, program::Program};

/// A search that no other one repeats, so that no reply is ready.
fn search(number: usize) -> Vec<u8> {
    format!("GET /api/v1/search?q=lamp+x{number}&lang=en HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.expect("it listens")
}

/// Reads one reply: its head, and the body as long as the head says.
async fn reply(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some(text);
        }
    }
}

/// Sends bytes and reads the reply to them; `None` where the connection ends without one.
async fn answer(url: &str, bytes: &[u8]) -> Option<String> {
    let mut stream = connect(url).await;
    // The server may refuse before it has all of it.
    drop(stream.write_all(bytes).await);
    reply(&mut stream).await
}

fn status(reply: &str) -> u16 {
    reply.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{reply}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_answered_or_refused_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    fs::write(folder.path().join("articles/a.md"), "# The lamp\n\nThe lamp shines.\n").unwrap();
    fs::write(folder.path().join("zerodesk.toml"), "[search]\nconcurrency = 4\n").unwrap();
    let program = Program::start(folder.path());
    assert_eq!(status(&answer(&program.url, &search(0)).await.unwrap()), 200);
    let before_kb = program.memory_kb();
    let (start, url) = (Arc::new(Barrier::new(301)), program.url.clone());
    let mut clients = tokio::task::JoinSet::new();
    for client in 1..=300 {
        let mut stream = connect(&url).await;
        let start = start.clone();
        clients.spawn(async move {
            start.wait().await;
            let mut statuses = Vec::new();
            for number in 0..10 {
                stream.write_all(&search(client * 10 + number)).await.unwrap();
                let reply = reply(&mut stream).await.expect("every request is answered");
                let refused =
                    status(&reply) == 503 && reply.contains("\r\nretry-after: ") && reply.contains("overloaded");
                assert!(refused || status(&reply) == 200, "{reply}");
                statuses.push(status(&reply));
            }
            statuses
        });
    }
    start.wait().await;
    let health = answer(&program.url, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(status(&health), 200);
    let statuses = clients.join_all().await.concat();
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert!((1..statuses.len()).contains(&accepted), "{accepted} of {} are accepted", statuses.len());
    assert_eq!(status(&answer(&program.url, &search(1)).await.unwrap()), 200, "it is over at once");
    let grown_kb = program.memory_kb().saturating_sub(before_kb);
    assert!(grown_kb < 64 * 1024, "{grown_kb} kB more than before");
}

#[tokio::test]
async fn who_says_nothing_makes_room() {
    let server = Server::with(HELP).configured("[limits]\nconnections = 8\nidle_timeout_ms = 400").start().await;
    let mut silent = Vec::new();
    for number in 0..8 {
        let mut stream = connect(&server.url).await;
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow").await.unwrap();
        }
        silent.push(stream);
    }
    // The house is full; this one waits until the silent ones have gone.
    let reply = answer(&server.url, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(status(&reply), 200);
    for mut stream in silent {
        let mut rest = Vec::new();
        // What had begun is told that it took too long, or is simply cut off.
        drop(stream.read_to_end(&mut rest).await);
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn heads_without_measure_are_refused() {
    let server = Server::start().await;
    let head = |lines: &str| format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes();
    for (what, bytes, expected) in [
        ("one header is huge", head(&format!("X-Large: {}\r\n", "x".repeat(100_000))), &[431][..]),
        ("headers are many", head(&"X-Many: x\r\n".repeat(200)), &[431]),
        (
            "the address is huge",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(100_000)).into_bytes(),
            &[414, 431],
        ),
        ("it is no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), &[400]),
        ("two lengths", head("Content-Length: 3\r\nContent-Length: 4\r\n"), &[400]),
    ] {
        // Where the rest of it is still on its way, the refusal may be lost with the connection.
        let told = answer(&server.url, &bytes).await.map(|reply| status(&reply));
        assert!(told.is_none_or(|status| expected.contains(&status)), "{what}: {told:?}");
        assert_eq!(server.page("/healthz").await, "ok", "{what}");
    }
}

#[tokio::test]
async fn bodies_without_end_are_cut_off() {
    let server = Server::with(HELP).configured("[limits]\nrequest_timeout_ms = 300").start().await;
    let head = "POST /api/v1/tickets HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let stalled = format!("{head}Content-Length: 60000\r\n\r\n{{\"message\": \"");
    let reply = answer(&server.url, stalled.as_bytes()).await.unwrap();
    assert!(status(&reply) == 504 && reply.contains("\r\nretry-after: "), "{reply}");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let endless = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(20));
    let told = answer(&server.url, endless.as_bytes()).await.map(|reply| status(&reply));
    assert!(told.is_none_or(|status| status == 413), "{told:?}");
    assert_eq!(server.page("/healthz").await, "ok");
}
