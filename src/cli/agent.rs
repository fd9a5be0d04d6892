//! `zerodesk agent`: who may work at the desk. Works while the server runs.

use std::{io::Write, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Subcommand;
use jiff::Timestamp;

use super::Settings;
use crate::{
    config::Config,
    desk::{Desk, Ladder, Role},
    store::Sqlite,
};

/// Who did it, in the desk's log.
const BY: &str = "command line";

/// What to do with agents.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum AgentCommand {
    /// Add an agent and print the access token, once.
    Add {
        /// Name, unique.
        name: String,
        /// May also look after agents and settings.
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the agents.
    List(Settings),
    /// Give an agent a new access token and print it, once; the old one ends.
    Renew {
        /// Name of the agent.
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove an agent; the access token ends.
    Remove {
        /// Name of the agent.
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What to do, with the names.
enum Action {
    Add(String, Role),
    List,
    Renew(String),
    Remove(String),
}

impl AgentCommand {
    fn split(self) -> (Settings, Action) {
        match self {
            Self::Add { name, admin, settings } => {
                (settings, Action::Add(name, if admin { Role::Admin } else { Role::Agent }))
            }
            Self::List(settings) => (settings, Action::List),
            Self::Renew { name, settings } => (settings, Action::Renew(name)),
            Self::Remove { name, settings } => (settings, Action::Remove(name)),
        }
    }
}

/// Runs the command on the data folder of the configuration.
///
/// # Errors
/// A configuration or a database that cannot be used, and names that do not fit.
pub(super) fn run(command: AgentCommand) -> Result<ExitCode> {
    let (settings, action) = command.split();
    let desk = open(&settings.load()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(execute(action, &desk, &mut std::io::stdout().lock()))?;
    Ok(ExitCode::SUCCESS)
}

fn open(config: &Config) -> Result<Desk> {
    let store = Sqlite::open(&config.data, Timestamp::now())?;
    Ok(Desk::new(Arc::new(store), Ladder::new(config.ladder.clone()), &config.desk, &config.sites))
}

async fn execute(action: Action, desk: &Desk, out: &mut impl Write) -> Result<()> {
    let now = Timestamp::now();
    match action {
        Action::Add(name, role) => writeln!(out, "{}", desk.add_agent(&name, role, BY, now).await?)?,
        Action::List => {
            for agent in desk.agents().await? {
                writeln!(out, "{}\t{}\t{}", agent.name, agent.role.as_str(), agent.created)?;
            }
        }
        Action::Renew(name) => writeln!(out, "{}", desk.renew_agent(&name, BY, now).await?)?,
        Action::Remove(name) => desk.remove_agent(&name, BY, now).await?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn agents_come_get_new_tokens_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let desk = open(&Config { data: dir.path().into(), ..Config::default() }).unwrap();
        let name = || "Ada".to_owned();
        let mut tokens = Vec::new();
        for action in [Action::Add(name(), Role::Agent), Action::Renew(name())] {
            let mut out = Vec::new();
            execute(action, &desk, &mut out).await.unwrap();
            tokens.push(String::from_utf8(out).unwrap().trim().to_owned());
        }
        assert!(desk.authenticate(&tokens[0]).await.unwrap().is_none(), "the old token has ended");
        assert_eq!(desk.authenticate(&tokens[1]).await.unwrap().unwrap().name, "Ada");

        let mut out = Vec::new();
        execute(Action::List, &desk, &mut out).await.unwrap();
        assert!(String::from_utf8(out).unwrap().starts_with("Ada\tagent\t"));

        execute(Action::Remove(name()), &desk, &mut Vec::new()).await.unwrap();
        assert!(desk.authenticate(&tokens[1]).await.unwrap().is_none());
        let gone = execute(Action::Remove(name()), &desk, &mut Vec::new()).await.unwrap_err();
        assert!(gone.to_string().contains("\"Ada\""), "{gone}");
    }
}
