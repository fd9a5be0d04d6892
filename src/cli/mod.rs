//! The command line: one file per command.
//!
//! Arguments become a [`Config`] here and nowhere else; what commands do is in the rooms below.

mod agent;
mod backup;
mod check;
mod config;
mod connectors;
mod eval;
mod search;
mod serve;
mod synonyms;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    config::{Config, ConfigError, Written},
    telemetry::TelemetryError,
};

/// The configuration file that is read where none is named.
const DEFAULT_FILE: &str = "zerodesk.toml";

/// Level 0 of a support desk: answers from Markdown while people type, a level 1 ticket when there is none.
#[derive(Debug, Parser)]
#[command(name = "zerodesk", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the help centre, the search box and the API (what happens without a command, too)
    Serve(Settings),
    /// Check a folder of articles for mistakes
    Check(check::CheckArgs),
    /// Look after the people who work at the desk; works while the server runs
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Save the database in a new file; works while the server runs
    Backup(backup::BackupArgs),
    /// Make a backup the database; what was there before is kept
    Restore(backup::BackupArgs),
    /// Look after the links to other help desks
    #[command(subcommand)]
    Connectors(connectors::ConnectorsCommand),
    /// Print the effective configuration, with an explanation of every setting
    Config(Settings),
    /// Measure search on judged questions
    Eval(eval::EvalArgs),
    /// Search from the command line
    Search(search::SearchArgs),
}

/// Settings that can be given as flags; they override environment and file.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Configuration file [default: zerodesk.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "ZERODESK_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of Markdown articles
    #[arg(long, value_name = "DIR")]
    articles: Option<PathBuf>,
    /// Folder of the search index
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Folder of the database
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Rate limits; off is for measuring
    #[arg(long, value_name = "on|off")]
    limits: Option<Switch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Settings {
    /// Merges flags, environment and file.
    ///
    /// # Errors
    /// [`UsageError`], for exit code 2.
    fn load(self) -> Result<Config, UsageError> {
        let written = Written {
            file: read_file(self.config.as_deref())?,
            env: std::env::vars().collect(),
            articles: self.articles,
            index: self.index,
            data: self.data,
            listen: self.listen,
            limits: self.limits.map(|switch| switch == Switch::On),
        };
        Ok(written.meant()?)
    }
}

/// A mistake in what was asked for: exit code 2.
#[derive(Debug, thiserror::Error)]
enum UsageError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Log(TelemetryError),
    #[error("configuration file {path}: {source}; name another with --config, or leave it out")]
    File { path: PathBuf, source: io::Error },
}

fn read_file(named: Option<&Path>) -> Result<Option<(String, String)>, UsageError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(UsageError::File { path: path.to_owned(), source }),
    }
}

/// Runs the command line and returns its exit code: 0, 1 (problems found, or a failure) or 2 (usage).
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        // Whoever reads the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zerodesk: {}", told_once(&error));
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error and its causes, without those that the text before already tells.
fn told_once(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}

impl Cli {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Serve(settings)) => serve::run(settings.load()?),
            Some(Command::Check(args)) => check::run(args),
            Some(Command::Agent(command)) => agent::run(command),
            Some(Command::Backup(args)) => backup::back_up(args),
            Some(Command::Restore(args)) => backup::restore(args),
            Some(Command::Connectors(command)) => connectors::run(command),
            Some(Command::Config(settings)) => config::run(&settings.load()?),
            Some(Command::Eval(args)) => eval::run(&args),
            Some(Command::Search(args)) => search::run(args),
            None => serve::run(self.serve.load()?),
        }
    }
}
