//! `zerodesk report`: a month on one page, as HTML that can be mailed and as Markdown.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;

use super::{Settings, bar, synonyms};
use crate::{
    config::Config,
    eval,
    insight::{
        Insight,
        report::{Report, Span},
    },
    store::Sqlite,
};

/// Arguments of `zerodesk report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Month, such as 2026-10 [default: the last one]
    #[arg(long, value_name = "MONTH")]
    month: Option<String>,
    /// Site [default: the default one]
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    /// Language of the report [default: that of the site]
    #[arg(long, value_name = "LANG", value_parser = ["en", "nl", "de"])]
    lang: Option<String>,
    /// Folder for report-SITE-MONTH.html and .md
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(args: ReportArgs) -> Result<ExitCode> {
    let config = args.settings.load()?;
    let now = Timestamp::now();
    let span = match &args.month {
        Some(month) => Span::month(month),
        None => Span::last_month(now),
    };
    let Some(span) = span else { bail!("write the month as 2026-10") };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut report = runtime.block_on(make(&config, args.site.as_deref(), span, now))?;
    if let Some(lang) = args.lang {
        report.language = lang;
    }
    let (key, _) = super::site(&config, args.site.as_deref())?;
    fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let name = format!("report-{key}-{}", report.span.name);
    write(&args.out.join(format!("{name}.html")), &report.to_html()?)?;
    write(&args.out.join(format!("{name}.md")), &report.to_markdown()?)?;
    Ok(ExitCode::SUCCESS)
}

async fn make(config: &Config, key: Option<&str>, span: Span, now: Timestamp) -> Result<Report> {
    let (key, site) = super::site(config, key)?;
    let bar = bar(2, "steps");
    bar.set_message("articles");
    let searcher = eval::index(&config.articles).context("cannot search")?;
    match synonyms::read(config) {
        Ok(synonyms) => searcher.use_synonyms(synonyms),
        Err(problem) => eprintln!("{problem}"),
    }
    bar.inc(1);
    bar.set_message("events");
    let store = Arc::new(Sqlite::open(&config.data, now)?);
    let insight = Insight::open(store, &config.insight, Arc::new(move || now)).await?;
    let report = insight.report(key, site, &config.search, &searcher, span, now).await?;
    insight.stop().await?;
    bar.finish_and_clear();
    Ok(Report { public_url: config.public_url.clone(), ..report })
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| file.display().to_string())?;
    println!("{}", file.display());
    Ok(())
}
