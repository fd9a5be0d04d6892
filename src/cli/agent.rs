//! `zerodesk agent`: who may work at the desk. Works while the server runs.

use std::{io::Write, path::Path, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Subcommand;
use jiff::Timestamp;

use crate::{
    config::Config,
    desk::{Desk, DeskError, Ladder, Role},
    store::Sqlite,
};

/// What to do with agents.
#[derive(Debug, Clone, Subcommand)]
pub enum AgentCommand {
    /// Add an agent and print the access token, once.
    Add {
        /// Name, unique.
        name: String,
        /// May also look after agents and settings.
        #[arg(long)]
        admin: bool,
    },
    /// List the agents.
    List,
    /// Give an agent a new access token and print it, once; the old one ends.
    Renew {
        /// Name of the agent.
        name: String,
    },
    /// Remove an agent; the access token ends.
    Remove {
        /// Name of the agent.
        name: String,
    },
}

/// Runs the command on the data folder of the configuration.
///
/// # Errors
/// A database that cannot be used. Names that do not fit are told on stderr, with exit code 1.
pub fn run(command: &AgentCommand, config: &Config) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let desk = open(&config.data, config)?;
    match runtime.block_on(execute(command, &desk, &mut std::io::stdout().lock())) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failure::Desk(error @ DeskError::Unavailable(_))) => Err(error.into()),
        Err(Failure::Output(error)) => Err(error.into()),
        Err(Failure::Desk(error)) => {
            eprintln!("zerodesk: {error}");
            Ok(ExitCode::from(1))
        }
    }
}

fn open(data: &Path, config: &Config) -> Result<Desk> {
    let store = Sqlite::open(data, Timestamp::now())?;
    Ok(Desk::new(Arc::new(store), Ladder::new(config.ladder.clone()), config.desk.idempotency_days))
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Output(#[from] std::io::Error),
}

async fn execute(command: &AgentCommand, desk: &Desk, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        AgentCommand::Add { name, admin } => {
            let role = if *admin { Role::Admin } else { Role::Agent };
            writeln!(out, "{}", desk.add_agent(name, role, Timestamp::now()).await?)?;
        }
        AgentCommand::List => {
            for agent in desk.agents().await? {
                writeln!(out, "{}\t{}\t{}", agent.name, agent.role.as_str(), agent.created)?;
            }
        }
        AgentCommand::Renew { name } => writeln!(out, "{}", desk.renew_agent(name).await?)?,
        AgentCommand::Remove { name } => desk.remove_agent(name).await?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn agents_come_get_new_tokens_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let desk = open(dir.path(), &Config::default()).unwrap();
        let name = || "Ada".to_owned();
        let mut tokens = Vec::new();
        for command in [AgentCommand::Add { name: name(), admin: false }, AgentCommand::Renew { name: name() }] {
            let mut out = Vec::new();
            execute(&command, &desk, &mut out).await.unwrap();
            tokens.push(String::from_utf8(out).unwrap().trim().to_owned());
        }
        assert!(desk.authenticate(&tokens[0]).await.unwrap().is_none(), "the old token has ended");
        assert_eq!(desk.authenticate(&tokens[1]).await.unwrap().unwrap().name, "Ada");

        let mut out = Vec::new();
        execute(&AgentCommand::List, &desk, &mut out).await.unwrap();
        assert!(String::from_utf8(out).unwrap().starts_with("Ada\tagent\t"));

        execute(&AgentCommand::Remove { name: name() }, &desk, &mut Vec::new()).await.unwrap();
        assert!(desk.authenticate(&tokens[1]).await.unwrap().is_none());
        let gone = execute(&AgentCommand::Remove { name: name() }, &desk, &mut Vec::new()).await.unwrap_err();
        assert!(gone.to_string().contains("\"Ada\""), "{gone}");
    }
}
