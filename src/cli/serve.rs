//! `zerodesk serve`: the server, from start to a clean end.

use std::{io::IsTerminal, process::ExitCode, sync::Arc};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::UsageError;
use crate::{
    app::{App, system_clock},
    config::{Config, LogFormat},
    http, telemetry,
};

pub(super) fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::init(config.log.format == LogFormat::Json, &config.log.level).map_err(UsageError::Log)?;
    telemetry::metrics();
    // Searches are calculated where requests are answered: with one thread alone, a ticket would wait behind them.
    let threads = std::thread::available_parallelism().map_or(2, |processors| processors.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // The port first: a port in use should cost no indexing.
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; is another server running there? choose another address with --listen")
    })?;
    let bar = progress_bar();
    let app = App::open(Arc::new(config), system_clock(), &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await?;
    bar.finish_and_clear();
    let app = Arc::new(app);
    // Whoever reads the announcement may end the server at once.
    let stop = shutdown()?;
    announce(&app, &listener)?;
    http::run(listener, Arc::clone(&app), stop).await?;
    app.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// A bar while the articles are indexed, on a terminal only.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("indexing {bar:40} {pos}/{len} articles, {per_sec}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What a person or a script waits for: the desk's first token, once, and the address.
fn announce(app: &App, listener: &TcpListener) -> anyhow::Result<()> {
    if let Some(token) = &app.first_token {
        println!("access token for the desk (shown once): {token}");
    }
    let snapshot = app.snapshot();
    let catalog = snapshot.catalog();
    for problem in catalog.problems() {
        tracing::warn!("{problem}");
    }
    println!(
        "listening on http://{} ({}, {}, {})",
        listener.local_addr()?,
        count(catalog.len(), "article"),
        count(catalog.languages().len(), "language"),
        count(catalog.problems().len(), "problem"),
    );
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Resolves at SIGINT or SIGTERM.
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what is under way");
    })
}
