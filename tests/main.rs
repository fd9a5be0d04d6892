//! Behaviour, tested through the real server.

mod architecture;
mod corpora;
