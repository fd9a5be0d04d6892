//! Connections: accept, cap, time out, and finish what runs when told to stop.
//!
//! A connection costs a visitor nothing, so it must cost the server little: a head has a size and a time, and the fuller
//! the house, the less time there is for those who say nothing.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

use super::{context::Stopping, router};
use crate::{app::App, telemetry};

/// While most connections are taken, one may idle for so small a part of the usual time.
const HASTE: u32 = 8;
/// How long a client may take no byte of a reply, or be gone without a word.
const STALLED: Duration = Duration::from_secs(30);
/// Time for running requests to finish once shutdown began.
const GRACE: Duration = Duration::from_secs(15);
/// How often what was measured is added up; until then every measurement is kept by itself.
const ADD_UP_EVERY: Duration = Duration::from_secs(2);
/// Most header lines of a request.
const MAX_HEADERS: usize = 64;
/// Largest request head, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// A server that cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The pages or the description of the API are broken: a fault of the build.
    #[error("the pages cannot be set up: {0}")]
    Setup(String),
}

/// Serves `app` on `listener` until `shutdown` resolves; then finishes running requests.
///
/// # Errors
/// [`ServeError`] when the routes cannot be set up; single connections never end the server.
pub async fn run(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    let limits = app.config.limits.clone();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let address = listener.local_addr().ok();
    let stopping = Arc::new(Stopping::default());
    let router = router::router(app, address, stopping.clone())?;
    let running = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    let mut measured = tokio::time::interval(ADD_UP_EVERY);
    loop {
        let (stream, peer, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            _ = measured.tick() => {
                telemetry::metrics().run_upkeep();
                continue;
            }
            () = &mut shutdown => break,
        };
        let crowded = slots.available_permits() < limits.connections / 2;
        let idle = Duration::from_millis(limits.idle_timeout_ms) / if crowded { HASTE } else { 1 };
        let conversation = converse(stream, peer, router.clone(), running.watcher(), idle);
        tokio::spawn(async move {
            if let Err(error) = conversation.await {
                tracing::debug!(%error, "connection ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    stopping.begin();
    if tokio::time::timeout(GRACE, running.shutdown()).await.is_err() {
        tracing::warn!("requests still ran when the time to finish them was over");
    }
    Ok(())
}

/// The next connection, once there is room for it: a full house leaves callers in the backlog.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Out of file handles: others must close first.
                tracing::error!(%error, "no connection can be accepted; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection until it closes, idles for too long, or the server stops.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    idle: Duration,
) -> hyper::Result<()> {
    // Small replies leave at once; where it fails, they leave a little later.
    let _ = stream.set_nodelay(true);
    // The operating system ends what no longer moves; where it cannot, the connection only stays longer.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(STALLED));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection).await
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    router.oneshot(request.map(Body::new)).await
}

/// The address at the other end of the connection: a visitor or a proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);
