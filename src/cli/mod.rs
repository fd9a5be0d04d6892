//! The command line: one file per command.
//!
//! Arguments become a [`Config`] here and nowhere else; what commands do is in the rooms below.

mod agent;
mod backup;
mod check;
mod config;
mod connectors;
mod eval;
mod gaps;
mod learned;
mod report;
mod search;
mod serve;
mod synonyms;
mod visitor;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    config::{Config, ConfigError, Site, Written},
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
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the help centre, the search box and the API (what happens without a command, too)
    Serve(ServeArgs),
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
    /// What visitors asked and no article answers, the most urgent first; works while the server runs
    Gaps(gaps::GapsArgs),
    /// Write the figures of a month as one page of HTML, and as Markdown
    Report(report::ReportArgs),
    /// What articles have learned from visitors
    #[command(subcommand)]
    Learned(learned::LearnedCommand),
    /// Everything about one person: hand it over, or delete it
    #[command(subcommand)]
    Visitor(visitor::VisitorCommand),
}

/// What `serve` takes beside the settings.
#[derive(Debug, Clone, Default, Args)]
struct ServeArgs {
    #[command(flatten)]
    settings: Settings,
    /// For writers: show drafts and problems, and reload open pages when their files are saved
    #[arg(long)]
    preview: bool,
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
        self.load_for(false)
    }

    /// The same, for visitors or for a writer's preview.
    fn load_for(self, preview: bool) -> Result<Config, UsageError> {
        let written = Written {
            file: read_file(self.config.as_deref())?,
            env: std::env::vars().collect(),
            articles: self.articles,
            index: self.index,
            data: self.data,
            listen: self.listen,
            limits: self.limits.map(|switch| switch == Switch::On),
            preview,
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
    #[error("there is no site {key:?}; there are: {known}")]
    Site { key: String, known: String },
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

/// The site with this key; without one the default site.
fn site<'a>(config: &'a Config, key: Option<&str>) -> Result<(&'a str, &'a Site), UsageError> {
    let found = match key {
        Some(key) => config.sites.get_key_value(key),
        None => config.sites.get_key_value("default").or_else(|| config.sites.iter().next()),
    };
    let names = || config.sites.keys().cloned().collect::<Vec<_>>().join(", ");
    found
        .map(|(key, site)| (key.as_str(), site))
        .ok_or_else(|| UsageError::Site { key: key.unwrap_or("default").to_owned(), known: names() })
}

/// A bar for work that takes a while; nothing where nobody looks at a terminal.
fn bar(length: u64, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {what} {{msg}}"));
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
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
            Some(Command::Serve(args)) => serve::run(args.settings.load_for(args.preview)?),
            Some(Command::Check(args)) => check::run(args),
            Some(Command::Agent(command)) => agent::run(command),
            Some(Command::Backup(args)) => backup::back_up(args),
            Some(Command::Restore(args)) => backup::restore(args),
            Some(Command::Connectors(command)) => connectors::run(command),
            Some(Command::Config(settings)) => config::run(&settings.load()?),
            Some(Command::Eval(args)) => eval::run(&args),
            Some(Command::Search(args)) => search::run(args),
            Some(Command::Gaps(args)) => gaps::run(args),
            Some(Command::Report(args)) => report::run(args),
            Some(Command::Learned(command)) => learned::run(command),
            Some(Command::Visitor(command)) => visitor::run(command),
            None => serve::run(self.serve.settings.load_for(self.serve.preview)?),
        }
    }
}
