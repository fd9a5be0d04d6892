//! The native API, one file a topic: parameters in, rooms asked, replies out.

pub mod articles;
pub mod health;
pub mod search;
