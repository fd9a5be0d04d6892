//! Browsers that ask not to be tracked: what they ask is answered, and nothing of it is recorded.
//!
//! It stands around all routes, so that no handler can forget it.

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use std::sync::Arc;

use crate::{app::App, config::Honour, insight::unrecorded};

/// Layer that answers without recording where the browser asks for that and the settings honour it.
pub async fn honour(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if asks(request.headers(), app.config.insight.honour) {
        unrecorded(next.run(request)).await
    } else {
        next.run(request).await
    }
}

fn asks(headers: &HeaderMap, honour: Honour) -> bool {
    let says = |name: &str| headers.get(name).is_some_and(|value| value.as_bytes() == b"1");
    match honour {
        Honour::All => says("sec-gpc") || says("dnt"),
        Honour::Gpc => says("sec-gpc"),
        Honour::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_honoured_as_configured() {
        for (name, value, [all, gpc, none]) in [
            ("sec-gpc", "1", [true, true, false]),
            ("dnt", "1", [true, false, false]),
            ("dnt", "0", [false; 3]),
            ("dnt", "unspecified", [false; 3]),
            ("accept", "1", [false; 3]),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            let found = [Honour::All, Honour::Gpc, Honour::None].map(|honour| asks(&headers, honour));
            assert_eq!(found, [all, gpc, none], "{name}: {value}");
        }
    }
}
