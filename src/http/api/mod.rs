//! The native API, one file a topic: parameters in, rooms asked, replies out.

pub mod articles;
pub mod complete;
pub mod desk;
pub mod desk_admin;
pub mod desk_work;
pub mod events;
pub mod health;
pub mod hooks;
pub mod own_ticket;
pub mod search;
pub mod stats;
pub mod stats_csv;
pub mod suggest;
pub mod tickets;
