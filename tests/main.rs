//! Behaviour, tested through the real server.

mod architecture;
mod articles_api;
mod bad_input;
mod checking;
mod completing;
mod corpora;
mod cors;
mod deciding;
mod explaining;
mod figures;
mod handoff;
mod health;
mod hot_reload;
mod killed;
mod languages;
mod limits;
mod no_answer;
mod openapi;
mod pages;
mod searching;
mod spelling;
mod start;
mod support;
mod typos;
