//! `zerodesk config`: the effective configuration, commented.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use crate::config::{Config, effective_toml};

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(effective_toml(config).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
