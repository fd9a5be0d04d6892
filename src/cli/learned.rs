//! `zerodesk learned`: what articles have learned from visitors; to be seen, removed, and written into the articles.

use std::{collections::BTreeMap, fs, io, io::Write, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::Settings;
use crate::{
    article,
    config::Config,
    eval,
    insight::learned::{Learned, Learning},
    store::Sqlite,
};

/// What to do with learned questions. Works while the server runs, which heeds a removal within seconds.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum LearnedCommand {
    /// List what was learned, the heaviest first, and what may be: it has no weight yet
    List {
        #[command(flatten)]
        of: Of,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a question from an article for good
    Remove {
        /// Slug of the article
        article: String,
        /// The question, as `list` prints it
        question: String,
        #[command(flatten)]
        of: Of,
    },
    /// Print what was learned as `questions` for the front matter of each article
    Export {
        #[command(flatten)]
        of: Of,
        /// Only of the article with this slug
        #[arg(long, value_name = "SLUG")]
        article: Option<String>,
        /// Add them to the articles' files
        #[arg(long)]
        write: bool,
    },
}

/// Whose learned questions.
#[derive(Debug, Clone, Args)]
pub(super) struct Of {
    /// Site [default: the default one]
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: LearnedCommand) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now = Timestamp::now();
    runtime.block_on(execute(command, now, &mut io::stdout().lock()))
}

async fn execute(command: LearnedCommand, now: Timestamp, out: &mut impl Write) -> Result<ExitCode> {
    match command {
        LearnedCommand::List { of, json } => {
            let (_, learned) = learned(of, now).await?;
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&json!({ "learned": learned }))?)?;
            } else {
                list(&learned, out)?;
            }
        }
        LearnedCommand::Remove { article, question, of } => {
            let config = of.settings.load()?;
            let (site, _) = super::site(&config, of.site.as_deref())?;
            if !open(&config, now).await?.remove(site, &article, &question, now).await? {
                bail!("{article} has not learned {question:?}; `zerodesk learned list` shows what it has");
            }
            writeln!(out, "{article} has forgotten {question:?} and will not learn it again")?;
        }
        LearnedCommand::Export { of, article, write } => {
            let (config, learned) = learned(of, now).await?;
            let wanted = |row: &&Learned| row.weight > 0.0 && article.as_ref().is_none_or(|slug| *slug == row.article);
            let mut by_article: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for row in learned.iter().filter(wanted) {
                by_article.entry(&row.article).or_default().push(&row.question);
            }
            if write { add_to_files(&config, &by_article, out)? } else { print(&by_article, out)? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config, now: Timestamp) -> Result<Learning> {
    Ok(Learning::open(Arc::new(Sqlite::open(&config.data, now)?), now).await?)
}

async fn learned(of: Of, now: Timestamp) -> Result<(Config, Vec<Learned>)> {
    let config = of.settings.load()?;
    let (key, site) = super::site(&config, of.site.as_deref())?;
    let learned = open(&config, now).await?.learned(key, site.learn, now).await?;
    Ok((config, learned))
}

fn list(learned: &[Learned], out: &mut impl Write) -> Result<()> {
    if learned.is_empty() {
        writeln!(out, "nothing was learned yet")?;
    }
    for row in learned {
        let Learned { language, question, article, weight, helped, not_helped, tickets, last } = row;
        let weight = if *weight > 0.0 { format!("{weight:.2}") } else { "-".into() };
        let day = last.strftime("%F");
        writeln!(
            out,
            "{weight}\t{article}\t{question} [{language}]\thelped {helped}, not {not_helped}, tickets {tickets}, last {day}"
        )?;
    }
    Ok(())
}

fn print(by_article: &BTreeMap<&str, Vec<&str>>, out: &mut impl Write) -> Result<()> {
    for (slug, questions) in by_article {
        writeln!(out, "# {slug}\nquestions:")?;
        for question in questions {
            writeln!(out, "  - {}", serde_json::Value::from(*question))?;
        }
    }
    Ok(())
}

fn add_to_files(config: &Config, by_article: &BTreeMap<&str, Vec<&str>>, out: &mut impl Write) -> Result<()> {
    let snapshot = eval::index(&config.articles).context("cannot read the articles")?.snapshot();
    for (slug, questions) in by_article {
        let Some(entry) = snapshot.catalog().by_slug(slug) else {
            writeln!(out, "{slug}: there is no such article any more")?;
            continue;
        };
        let known = |question: &str| entry.front_matter.questions.iter().any(|own| own.eq_ignore_ascii_case(question));
        let new: Vec<&str> = questions.iter().copied().filter(|question| !known(question)).collect();
        let file = config.articles.join(&entry.path);
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        match article::add_questions(&entry.path, &text, &new) {
            Some(text) => {
                fs::write(&file, text).with_context(|| file.display().to_string())?;
                writeln!(out, "{}: {} added", file.display(), new.len())?;
            }
            None => writeln!(out, "{}: cannot be changed safely; add them by hand", file.display())?,
        }
    }
    Ok(())
}
