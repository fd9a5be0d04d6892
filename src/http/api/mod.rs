//! The native API, one file a topic: parameters in, rooms asked, replies out.

pub mod articles;
pub mod complete;
pub mod desk;
pub mod events;
pub mod health;
pub mod search;
pub mod stats;
pub mod tickets;
