//! `zerodesk gaps`: what visitors asked and no article answers, and drafts of the articles to write.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Settings, bar, synonyms};
use crate::{
    config::Config,
    eval,
    insight::{
        EventStore, Window,
        gaps::{Articles, Gap, Gaps},
    },
    store::Sqlite,
};

/// Arguments of `zerodesk gaps`.
#[derive(Debug, Clone, Args)]
pub struct GapsArgs {
    /// Site [default: the default one]
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    /// Days to look back on
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// Gaps to print, and to draft
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Write the beginning of an article for each gap that is still open into this folder
    #[arg(long, value_name = "DIR")]
    draft: Option<PathBuf>,
    /// Shape of the list
    #[arg(long, value_enum, default_value = "text", value_name = "text|json")]
    format: Format,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: GapsArgs) -> Result<ExitCode> {
    let config = args.settings.load()?;
    let mut gaps = find(&config, args.site.as_deref(), args.days, Timestamp::now())?;
    gaps.gaps.truncate(args.limit);
    let out = &mut io::stdout().lock();
    match args.format {
        Format::Text => print(&gaps, out)?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&gaps)?)?,
    }
    if let Some(folder) = &args.draft {
        let today = Zoned::now().date();
        for draft in gaps.gaps.iter().filter(|gap| gap.closing.is_none()).filter_map(|gap| gap.draft(today)) {
            // Stdout is for the list, which may be JSON.
            eprintln!("{}", folder.join(draft.write(folder)?).display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find(config: &Config, site: Option<&str>, days: u16, now: Timestamp) -> Result<Gaps> {
    let (key, site) = super::site(config, site)?;
    let searcher = eval::index(&config.articles).context("cannot search")?;
    match synonyms::read(config) {
        Ok(synonyms) => searcher.use_synonyms(synonyms),
        Err(problem) => eprintln!("{problem}"),
    }
    let from = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)))?;
    let window = Window { site: key.to_owned(), from, to: now, as_of: now };
    let store = Sqlite::open(&config.data, now)?;
    let (first, last) = window.events_needed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let events = runtime.block_on(store.events(key, first, last))?;
    let bar = bar(0, "questions compared");
    let articles = Articles { searcher: &searcher, site, search: &config.search };
    let gaps = Gaps::of(&events, window, &articles, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    Ok(gaps)
}

fn print(gaps: &Gaps, out: &mut impl Write) -> io::Result<()> {
    let Gaps { searches, unanswered, total, .. } = gaps;
    writeln!(out, "{unanswered} of {searches} searches were left without an answer; gaps: {total}")?;
    for (at, gap) in gaps.gaps.iter().enumerate() {
        let Gap { question, language, visitors, earlier, recent, .. } = gap;
        writeln!(out, "\n{}. {question} [{language}]", at + 1)?;
        writeln!(out, "   visitors: {visitors} ({earlier} in the first half of the time, then {recent})")?;
        for phrasing in gap.phrasings.iter().skip(1).take(4) {
            writeln!(out, "   also: {} ({})", phrasing.text, phrasing.visitors)?;
        }
        if let Some(nearest) = &gap.nearest {
            writeln!(out, "   nearest: {} (confidence {:.2})", nearest.article, nearest.confidence)?;
        }
        writeln!(out, "   {}", why(gap))?;
    }
    Ok(())
}

/// Why the articles are not enough, or since when they are.
fn why(gap: &Gap) -> String {
    use crate::insight::gaps::Shortfall::{NotHelpful, NothingFound, Ticketed, Unsure, WordsMissing};
    if let Some(closing) = &gap.closing {
        let since = closing.since.map_or_else(|| "not asked since".into(), |at| format!("since {}", at.strftime("%F")));
        let (before, after) = (closing.before, closing.after);
        return format!(
            "answered by {} ({since}): unanswered {} of {} before, {} of {} after",
            closing.article, before.unanswered, before.searches, after.unanswered, after.searches
        );
    }
    match gap.shortfall {
        Some(NothingFound) | None => "no article has any word of it".into(),
        Some(WordsMissing) => format!("no good match: it lacks {}", gap.missing.join(", ")),
        Some(Unsure) => "it has the words, but not about this".into(),
        Some(NotHelpful) => format!("shown as an answer, and not helpful to {} visitors", gap.causes.not_helpful),
        Some(Ticketed) => {
            format!("shown as an answer, and {} visitors sent a ticket all the same", gap.causes.ticketed)
        }
    }
}
