//! Hours at half of the top load while an article changes every second: memory and file handles must stay flat, and no
//! request may fail.
//!
//! ```text
//! SOAK_SECONDS=7200 taskset -c 1 cargo bench --bench soak
//! ```

mod support;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use support::flood::{Served, ask, searches, told};

/// Connections that are kept.
const CONNECTIONS: usize = 32;

fn main() {
    let seconds: u64 = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let corpus = support::corpora().last().expect("the generated collection");
    let (articles, folder) = (support::temporary(), support::temporary());
    corpus.copy_to(articles.path());
    let files: Vec<PathBuf> = corpus.files().into_iter().map(|(path, _)| articles.path().join(path)).collect();
    let requests = searches(&corpus);
    let server = Served::start(articles.path(), folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let measured = Duration::from_secs(3);
        let top = ask(&server.address, &requests, CONNECTIONS, Duration::ZERO, measured).await;
        let (rate, ..) = told("top load", &top, measured);
        let beat = Duration::from_secs_f64(2.0 * CONNECTIONS as f64 / rate);
        let mut samples = Vec::new();
        let (began, length) = (Instant::now(), Duration::from_secs(seconds));
        let (mut replies, mut at) = (Vec::new(), 0);
        while began.elapsed() < length {
            at += 1;
            let file = &files[at % files.len()];
            let text = fs::read_to_string(file).expect("an article");
            fs::write(file, format!("{text}\nChanged the {at}. time.\n")).expect("an article");
            let mut second = ask(&server.address, &requests, CONNECTIONS, beat, Duration::from_secs(1)).await;
            assert!(second.iter().all(|(status, _)| *status == 200), "no request fails");
            // The percentiles of a sample are enough.
            second.truncate(200);
            replies.extend(second);
            samples.push((server.memory_kb().0, server.handles()));
        }
        told("a sample of all searches", &replies, began.elapsed());
        let quarter = (samples.len() / 4).max(1);
        let median = |samples: &[(u64, usize)]| {
            let (mut memory, mut handles): (Vec<_>, Vec<_>) = samples.iter().copied().unzip();
            memory.sort_unstable();
            handles.sort_unstable();
            (memory[memory.len() / 2], handles[handles.len() / 2])
        };
        let (second, last) = (
            median(&samples[quarter..(2 * quarter).max(quarter + 1).min(samples.len())]),
            median(&samples[samples.len() - quarter..]),
        );
        println!(
            "{at} changes in {seconds} s; second quarter: {} kB, {} handles; last quarter: {} kB, {} handles",
            second.0, second.1, last.0, last.1
        );
        assert!(last.0 < second.0 + second.0 / 10 + 4096 && last.1 <= second.1 + 8, "memory or handles grow");
    });
}
