//! `zerodesk config`: the effective configuration, commented.

use std::process::ExitCode;

use crate::config::{Config, effective_toml};

pub(super) fn run(config: &Config) -> ExitCode {
    print!("{}", effective_toml(config));
    ExitCode::SUCCESS
}
