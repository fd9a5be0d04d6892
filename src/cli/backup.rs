//! `zerodesk backup` and `zerodesk restore`: the database into a file, and back. A backup needs no stop.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;

use super::Settings;
use crate::store::{
    StoreError,
    sqlite::{self, Saved},
};

/// A file, and the folder of the database.
#[derive(Debug, Clone, Args)]
pub(super) struct BackupArgs {
    /// File of the backup
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// Writes the database into a new file.
pub(super) fn back_up(args: BackupArgs) -> Result<ExitCode> {
    let saved = sqlite::back_up(&args.settings.load()?.data, &args.file)?;
    println!("saved {} in {}", content(saved), args.file.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes a backup the database.
pub(super) fn restore(args: BackupArgs) -> Result<ExitCode> {
    let data = args.settings.load()?.data;
    let restored = sqlite::restore(&args.file, &data, Timestamp::now());
    let restored = restored.map_err(|error| {
        let running = matches!(error, StoreError::InUse { .. });
        let error = anyhow::Error::from(error);
        if running { error.context("stop the server, restore, and start it again") } else { error }
    });
    let restored =
        restored.with_context(|| format!("{} was not restored, and nothing was changed", args.file.display()))?;
    println!("restored {} into {}", content(restored.saved), data.display());
    if let Some(former) = restored.former {
        println!("what was there before is in {}", former.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn content(Saved { version, tickets, bytes }: Saved) -> String {
    let s = if tickets == 1 { "" } else { "s" };
    format!("{tickets} ticket{s} and all events (version {version}, {} kB)", bytes.div_ceil(1000))
}
