//! HTTP in, the rooms below out: routes, layers, and the translation of every failure to a status.
//!
//! [`run`] is the only way in; tests and production take the same one. All routes stand in
//! `router.rs`, all errors in `error.rs`. This room holds no business rule, and nothing below it
//! knows a status code.

pub mod api;
mod assets;
mod auth;
mod client;
mod context;
mod cors;
mod error;
mod extract;
mod fresh;
mod limits;
mod links;
mod observe;
pub mod pages;
mod replies;
mod router;
mod serve;
mod signals;
mod turns;

pub use error::{ApiError, Code};
pub use limits::visitor;
pub use router::openapi;
pub use serve::{ServeError, run};
