//! A connection that is kept alive, with a plain socket: it takes little processor time from the server beside it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

/// One connection to a server.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects.
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket option");
        Self(BufReader::new(stream))
    }

    /// Asks and waits for the reply: status and body.
    pub fn ask(&mut self, request: &[u8]) -> (u16, String) {
        self.0.get_mut().write_all(request).expect("the connection is kept alive");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = None;
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).expect("a header");
            if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
                length = value.trim().parse().ok();
            }
        }
        let mut body = vec![0; length.expect("a reply says its length")];
        self.0.read_exact(&mut body).expect("the whole body");
        (status, String::from_utf8(body).expect("JSON is UTF-8"))
    }
}

/// A POST of JSON.
pub fn post(path: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    format!("{head}Content-Length: {length}\r\n\r\n{json}").into_bytes()
}

/// A GET.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}
