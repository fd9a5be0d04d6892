//! Behaviour, tested through the real server.

mod architecture;
mod articles_api;
mod bad_input;
mod completing;
mod compounds;
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
mod signs;
mod spelling;
mod start;
mod support;
mod synonyms;
mod typos;
