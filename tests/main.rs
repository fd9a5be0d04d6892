//! Behaviour, tested through the real server.
