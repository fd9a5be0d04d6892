//! `zerodesk connectors`: which links to help desks there are, and whether one works.

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use jiff::Timestamp;
use ulid::Ulid;

use super::Settings;
use crate::{
    config::{Config, Connector},
    desk::connectors::{PRESETS, Parcel, Preset, Transcript, open_one, sample, system_lookup},
};

/// What to do with connectors.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum ConnectorsCommand {
    /// List the configured connectors.
    List(Settings),
    /// List the presets for help desks, or print one, to copy and change it.
    Presets {
        /// Name of the preset to print.
        name: Option<String>,
    },
    /// Send a test ticket through a connector and show what is said, without secrets.
    Test {
        /// Name of the connector, as in `[connectors.NAME]`.
        name: String,
        /// E-mail address of who asks in the test ticket.
        #[arg(long, default_value = sample::EMAIL)]
        email: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs the command.
///
/// # Errors
/// A configuration that cannot be used, and a connector that does not exist or cannot be opened.
pub(super) fn run(command: ConnectorsCommand) -> Result<ExitCode> {
    let out = &mut std::io::stdout().lock();
    match command {
        ConnectorsCommand::List(settings) => list(&settings.load()?, out)?,
        ConnectorsCommand::Presets { name: None } => presets(out)?,
        ConnectorsCommand::Presets { name: Some(name) } => print(&name, out)?,
        ConnectorsCommand::Test { name, email, settings } => {
            let config = settings.load()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            return runtime.block_on(test(&config, &name, email, out));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(config: &Config, out: &mut impl Write) -> Result<()> {
    writeln!(out, "desk\tthe built-in desk\tall sites\tall levels")?;
    for (name, connector) in &config.connectors {
        let target = match connector {
            Connector::Webhook(webhook) => webhook.target.url.clone(),
            Connector::Http(desk) => format!("{} at {}", desk.preset, desk.target.url),
            Connector::Email(email) => format!("to {}", email.to.join(", ")),
            Connector::Confirmation(_) => "to who asked".into(),
        };
        let reach = connector.reach();
        let levels = reach.levels.iter().map(ToString::to_string).collect();
        let (sites, levels) = (named("site", &reach.sites), named("level", &levels));
        writeln!(out, "{name}\t{} {target}\t{sites}\t{levels}", connector.kind())?;
    }
    Ok(())
}

fn named(what: &str, names: &Vec<String>) -> String {
    match names.as_slice() {
        [] => format!("all {what}s"),
        names => format!("{what} {}", names.join(", ")),
    }
}

fn presets(out: &mut impl Write) -> Result<()> {
    for (name, _) in PRESETS {
        let Preset { title, tried, .. } = Preset::open(name).map_err(anyhow::Error::msg)?;
        writeln!(out, "{name}\t{title}\trun {tried}")?;
    }
    Ok(())
}

fn print(name: &str, out: &mut impl Write) -> Result<()> {
    let text = PRESETS.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text);
    let text =
        text.with_context(|| format!("there is no preset {name:?}; `zerodesk connectors presets` lists them"))?;
    Ok(write!(out, "{text}")?)
}

async fn test(config: &Config, name: &str, email: String, out: &mut impl Write) -> Result<ExitCode> {
    let Some(settings) = config.connectors.get(name) else {
        let names: Vec<&str> = config.connectors.keys().map(String::as_str).collect();
        let known =
            if names.is_empty() { "none is configured".into() } else { format!("there are: {}", names.join(", ")) };
        bail!("there is no connector {name:?}; {known}");
    };
    let connector = open_one(name, settings, &system_lookup())?;
    let (key, now, transcript) = (Ulid::generate(), Timestamp::now(), Transcript::listening());
    let site = settings.reach().sites.first().or(config.sites.keys().next()).map_or("default", String::as_str);
    let mut ticket = sample::ticket(key, site, now).context("no test ticket could be made")?;
    ticket.requester.email = email;
    let parcel = Parcel {
        ticket: &ticket,
        step: None,
        key,
        tried: false,
        now,
        status_link: None,
        transcript: transcript.clone(),
    };
    let delivered = connector.deliver(&parcel).await;
    for passage in transcript.heard() {
        writeln!(out, "{passage}")?;
    }
    match delivered {
        Ok(receipt) => {
            let id = receipt.remote_id.map_or_else(String::new, |id| format!(" as {id}"));
            writeln!(
                out,
                "{name} has taken the test ticket {}{id}. Nobody waits for a reply: delete it there.",
                ticket.reference
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(out, "{name} has not taken the test ticket: {error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Written;

    fn config(text: &str) -> Config {
        Written { file: Some(("f".into(), text.into())), ..Written::default() }.meant().unwrap()
    }

    #[tokio::test]
    async fn a_connector_can_be_tried_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&format!(
            "[connectors.mail]\ntype = \"email\"\nlevels = [1, 2]\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nfolder = {:?}",
            folder.path()
        ));
        let mut out = Vec::new();
        list(&config, &mut out).unwrap();
        let listed = String::from_utf8(out).unwrap();
        assert!(listed.contains("mail\temail to c@d.example\tall sites\tlevel 1, 2"), "{listed}");

        let mut out = Vec::new();
        assert_eq!(test(&config, "mail", "me@b.example".into(), &mut out).await.unwrap(), ExitCode::SUCCESS);
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.contains("<me@b.example>"), "{shown}");
        assert!(shown.contains("Subject: [ZD-") && shown.contains("mail has taken the test ticket"), "{shown}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = test(&config, "post", String::new(), &mut Vec::new()).await.unwrap_err().to_string();
        assert!(error.contains("there are: mail"), "{error}");
    }

    #[test]
    fn presets_are_listed_and_printed() {
        let mut out = Vec::new();
        presets(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 7);
        let mut out = Vec::new();
        print("zammad", &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("[create]"));
        assert!(print("nobody", &mut Vec::new()).is_err());
    }
}
