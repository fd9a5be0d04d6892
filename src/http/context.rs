//! What handlers and layers share; each takes only the part that it needs.

use std::{net::SocketAddr, sync::Arc};

use axum::extract::FromRef;
use tokio::sync::watch;

use super::{
    api::search::Found,
    limits::RateLimits,
    pages::{Pages, media::Pictures},
    replies::Replies,
    serve::ServeError,
    turns::Turns,
};
use crate::app::App;

/// Everything a route may ask for with `State`.
///
/// Each layer keeps one and copies it for each request, so a copy is one count.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

struct Parts {
    app: Arc<App>,
    pages: Arc<Pages>,
    rates: Arc<RateLimits>,
    turns: Arc<Turns>,
    replies: Arc<Replies<Found>>,
    base: Arc<BaseUrl>,
    stopping: Arc<Stopping>,
    pictures: Arc<Pictures>,
}

impl Context {
    pub(super) fn new(app: Arc<App>, address: Option<SocketAddr>, stopping: Arc<Stopping>) -> Result<Self, ServeError> {
        Ok(Self(Arc::new(Parts {
            pages: Arc::new(Pages::of(&app.config).map_err(|error| ServeError::Setup(format!("{error:#}")))?),
            rates: Arc::new(RateLimits::new(&app.config.limits)),
            turns: Arc::new(Turns::new(app.config.search.concurrency)),
            replies: Arc::default(),
            base: Arc::new(BaseUrl::new(&app.config.public_url, address.unwrap_or(app.config.listen))),
            stopping,
            pictures: Arc::new(Pictures::new(&app.config.articles)),
            app,
        })))
    }
}

/// Scheme and host of this server as visitors reach it, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    fn new(public_url: &str, address: SocketAddr) -> Self {
        Self(if public_url.is_empty() { format!("http://{address}") } else { public_url.to_owned() })
    }

    /// The absolute address of a path that begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The address without a path, which is also this server's origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the server is coming to its end: replies without an end of their own, such as streams of events, end then.
#[derive(Debug, Default)]
pub struct Stopping(watch::Sender<bool>);

impl Stopping {
    /// Tells all who wait.
    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits for the beginning of the end.
    pub(super) async fn begun(&self) {
        // The sender lives as long as `self`, so this fails never.
        let _ = self.0.subscribe().wait_for(|stopping| *stopping).await;
    }
}

macro_rules! part {
    ($field:ident: $type:ty) => {
        impl FromRef<Context> for Arc<$type> {
            fn from_ref(context: &Context) -> Self {
                context.0.$field.clone()
            }
        }
    };
}

part!(app: App);
part!(pages: Pages);
part!(rates: RateLimits);
part!(turns: Turns);
part!(replies: Replies<Found>);
part!(base: BaseUrl);
part!(stopping: Stopping);
part!(pictures: Pictures);
