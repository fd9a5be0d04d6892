//! The measuring parts of `benches/peers/run` that have to be quick themselves: the logs of searches, the load, the
//! floors that answer ready replies, and the engines that run in process.
//!
//! `benches/peers/run` calls these one by one and says which processor each runs on; every one prints one line of
//! JSON. `benches/peers/README.md` tells what is measured and how. Called by `cargo bench` without words of its own,
//! this does nothing.

#[path = "../support/mod.rs"]
mod support;

mod collection;
mod embedded;
mod floor;
mod load;
mod log;
mod saving;

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

/// A part of the comparison.
#[derive(Parser)]
enum Part {
    /// Reads a folder of Markdown and writes the ready text that every other engine is fed with, as JSON lines.
    Collect { folder: PathBuf, out: PathBuf },
    /// Makes a folder of more articles out of those of another.
    Grow { folder: PathBuf, articles: usize, out: PathBuf },
    /// Makes a log of searches, one a line.
    Log {
        folder: PathBuf,
        out: PathBuf,
        #[arg(long, default_value_t = 100_000)]
        count: usize,
        /// No search occurs twice; otherwise people type, and ask some things far more often than others.
        #[arg(long)]
        distinct: bool,
    },
    /// Answers every request with one and the same reply, on one processor.
    Floor { address: SocketAddr, reply: floor::Reply },
    /// Asks a server.
    Load(load::Load),
    /// tantivy alone: indexing, and the best ten by plain BM25.
    Tantivy { collection: PathBuf, log: PathBuf, index: PathBuf },
    /// `SQLite` FTS5: indexing, and the best ten with a snippet.
    Sqlite { collection: PathBuf, log: PathBuf, file: PathBuf },
    /// Zerodesk in process: what the server does for a search, without HTTP.
    Zerodesk { folder: PathBuf, log: PathBuf, index: PathBuf },
    /// Saves articles of a running server and asks until it finds them.
    Save(saving::Save),
}

fn main() {
    // cargo bench adds a flag of its own.
    let words: Vec<_> = std::env::args().filter(|word| word != "--bench").collect();
    if words.len() < 2 {
        println!("the comparison with other engines is made by benches/peers/run; this is a part of it");
        return;
    }
    let figures = match Part::parse_from(words) {
        Part::Collect { folder, out } => collection::collect(folder, &out),
        Part::Grow { folder, articles, out } => collection::grow(folder, articles, &out),
        Part::Log { folder, out, count, distinct } => log::write(folder, &out, count, distinct),
        Part::Floor { address, reply } => floor::serve(address, reply),
        Part::Load(load) => load.run(),
        Part::Tantivy { collection, log, index } => embedded::tantivy(&collection, &log, &index),
        Part::Sqlite { collection, log, file } => embedded::sqlite(&collection, &log, &file),
        Part::Zerodesk { folder, log, index } => embedded::zerodesk(folder, &log, &index),
        Part::Save(save) => save.run(),
    };
    println!("{figures}");
}
