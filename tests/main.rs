//! Behaviour, tested through the real server.

mod architecture;
mod articles_api;
mod bad_input;
mod corpora;
mod cors;
mod figures;
mod handoff;
mod health;
mod hot_reload;
mod killed;
mod languages;
mod limits;
mod mails;
mod no_answer;
mod openapi;
mod outbox;
mod pages;
mod presets;
mod real;
mod searching;
mod start;
mod support;
mod typos;
mod webhooks;
