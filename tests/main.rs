//! Behaviour, tested through the real server.

mod architecture;
mod articles_api;
mod bad_input;
mod corpora;
mod cors;
mod desk_work;
mod figures;
mod handoff;
mod health;
mod hot_reload;
mod killed;
mod languages;
mod levels;
mod limits;
mod no_answer;
mod openapi;
mod pages;
mod searching;
mod start;
mod suggesting;
mod support;
mod typos;
