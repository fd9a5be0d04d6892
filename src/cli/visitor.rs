//! `zerodesk visitor`: everything that is kept about one person, to be handed over or deleted for good.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Settings;
use crate::{
    config::Config,
    insight::{Salts, Session},
    store::{Person, Sqlite},
};

/// What to do about a person. Works while the server runs.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum VisitorCommand {
    /// Print everything that is kept about a person as JSON: tickets, visits, and what articles learned from them
    Export(Who),
    /// Delete all of that for good; figures that were added up stay
    Erase {
        #[command(flatten)]
        who: Who,
        /// Say what would be deleted, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Who is meant.
#[derive(Debug, Clone, Args)]
pub(super) struct Who {
    /// Whoever sent tickets under this e-mail address
    #[arg(long, value_name = "ADDRESS", required_unless_present = "session", conflicts_with = "session")]
    email: Option<String>,
    /// Whoever has this session, as the browser keeps it; known for two days only
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: VisitorCommand) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (who, erase) = match command {
        VisitorCommand::Export(who) => (who, false),
        VisitorCommand::Erase { who, dry_run } => (who, !dry_run),
    };
    let config = who.settings.clone().load()?;
    runtime.block_on(execute(&config, who, erase, Timestamp::now(), &mut io::stdout().lock()))
}

async fn execute(config: &Config, who: Who, erase: bool, now: Timestamp, out: &mut impl Write) -> Result<ExitCode> {
    let store = Sqlite::open(&config.data, now)?;
    let person = person(&store, who, now).await?;
    if !erase {
        let records = store.records_of(person).await?;
        writeln!(out, "{}", serde_json::to_string_pretty(&records)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let traces = store.erase(person, now).await?;
    if traces.rows.is_empty() {
        writeln!(out, "nothing is kept about this person")?;
    }
    for (table, rows) in &traces.rows {
        writeln!(out, "{table}\t{rows} deleted")?;
    }
    for (connector, id) in &traces.elsewhere {
        writeln!(out, "still at {connector} as {id}: delete it there")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn person(store: &Sqlite, who: Who, now: Timestamp) -> Result<Person> {
    let salts = Salts::default();
    salts.refresh(store, now).await?;
    match (who.email, who.session) {
        (Some(email), _) if !email.contains('@') => bail!("{email:?} is not an e-mail address"),
        (Some(email), _) => {
            let hashes = vec![salts.requester(&email).to_string()];
            Ok(Person { email: Some(email), hashes })
        }
        (None, session) => {
            let Some(session) = session.as_deref().and_then(Session::parse) else {
                bail!("a session has 16 to 64 of the characters A-Z a-z 0-9 - _");
            };
            let hashes = salts.visitor(&session, now).hashes().map(|hash| hash.to_string()).into();
            Ok(Person { email: None, hashes })
        }
    }
}
