//! The floors: what it costs to answer over HTTP at all. One worker thread, as `taskset` gives one processor.

use std::net::SocketAddr;

use axum::{Json, Router, http::header::CONTENT_TYPE, routing::get};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

/// What a floor answers with: always the same 3.7 kB.
#[derive(Clone, Copy, ValueEnum)]
pub enum Reply {
    /// Bytes that are ready.
    Ready,
    /// A struct, serialised for each request.
    Typed,
    /// A tree of JSON values, copied and serialised for each request, as a handler that builds one does.
    Json,
}

#[derive(Clone, Serialize)]
struct Found {
    hits: Vec<Hit>,
    total: u32,
    took_us: u32,
}

#[derive(Clone, Serialize)]
struct Hit {
    id: usize,
    title: String,
    url: String,
    section: String,
    snippet: String,
    highlights: Vec<[u32; 2]>,
    score: f32,
}

fn found() -> Found {
    let hit = |id: usize| Hit {
        id,
        title: format!("How the password of a shared mailbox is set again, part {id}"),
        url: format!("/a/set-the-password-of-a-shared-mailbox-{id}#by-an-administrator"),
        section: "By an administrator".into(),
        snippet: "Open the settings of the mailbox, choose who may sign in, and select the account whose password is \
                  to be set again; it is valid at once."
            .into(),
        highlights: vec![[5, 13]],
        score: 12.5,
    };
    Found { hits: (0..10).map(hit).collect(), total: 123, took_us: 321 }
}

/// Serves until it is killed.
pub fn serve(address: SocketAddr, reply: Reply) -> Value {
    // They live as long as the program.
    let typed: &'static Found = Box::leak(Box::new(found()));
    let tree: &'static Value = Box::leak(Box::new(json!(typed)));
    let ready = axum::body::Bytes::from(serde_json::to_vec(typed).expect("it has no maps"));
    eprintln!("a reply has {} bytes", ready.len());
    let answer = match reply {
        Reply::Ready => get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], ready.clone()))),
        Reply::Typed => get(move || std::future::ready(Json(typed))),
        Reply::Json => get(move || std::future::ready(Json(tree.clone()))),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
        axum::serve(listener, Router::new().route("/", answer)).await.expect("it serves");
    });
    Value::Null
}
