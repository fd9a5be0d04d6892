//! The map of Zerodesk, in the order in which an article becomes an answer and a question becomes a ticket.
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod config;
pub mod telemetry;
pub mod widget;

pub mod article;

pub mod analysis;
pub mod source;

pub mod index;

pub mod ingest;
pub mod search;

pub mod desk;
pub mod eval;
pub mod lint;

pub mod insight;

pub mod store;

pub mod app;

pub mod http;

pub mod cli;
