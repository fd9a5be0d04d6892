//! `zerodesk search`: one search over a folder, without a server.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{Settings, synonyms};
use crate::{
    eval,
    search::{Answer, DecisionModel, Query, SectionHit},
};

/// Arguments of `zerodesk search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What to look for
    query: String,
    /// Language of the visitor, such as nl [default: all]
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Hits to print
    #[arg(long, default_value_t = 5, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(args: SearchArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load()?;
    let searcher = eval::index(&config.articles).context("cannot search")?;
    if config.search.decision != Path::new("") {
        let file = config.search.decision.display();
        let text = fs::read_to_string(&config.search.decision).with_context(|| file.to_string())?;
        searcher.decide_by(DecisionModel::parse(&text).with_context(|| file.to_string())?);
    }
    match synonyms::read(&config) {
        Ok(synonyms) => searcher.use_synonyms(synonyms),
        Err(problem) => eprintln!("{problem}"),
    }
    let default = config.sites.get_key_value("default").or_else(|| config.sites.iter().next());
    let (key, site) = default.map(|(key, site)| (key.clone(), site.clone())).unwrap_or_default();
    let query = Query {
        text: args.query,
        site: key,
        languages: args.lang.into_iter().collect(),
        limit: args.limit,
        prefix: config.search.prefix,
        typo_tolerance: config.search.typo_tolerance,
        answer_at: site.answer_at(),
        candidates_at: site.candidates_at(),
        ..Query::default()
    };
    let answer = searcher.search(&query)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&as_json(&answer))?)?;
    } else {
        print(&answer, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(answer: &Answer) -> serde_json::Value {
    let section = |s: &SectionHit| json!({"anchor": s.anchor, "heading": s.heading, "snippet": s.snippet, "highlights": s.highlights});
    let hits: Vec<_> = answer
        .hits
        .iter()
        .map(|hit| {
            let front = &hit.article.front_matter;
            json!({
                "article": front.slug, "path": hit.article.path, "title": front.title, "language": front.lang,
                "score": hit.score, "sections": hit.sections.iter().map(section).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "query": answer.query, "language": answer.language, "total": answer.total,
        "decision": answer.decision, "confidence": answer.confidence, "corrected": answer.corrected, "did_you_mean": answer.did_you_mean,
        "hits": hits, "signals": answer.signals,
    })
}

fn print(answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} (confidence {:.2}), {} articles", answer.decision.as_str(), answer.confidence, answer.total)?;
    if let Some(corrected) = &answer.corrected {
        writeln!(out, "searched for: {corrected}")?;
    }
    if answer.relaxed {
        writeln!(out, "no article has the words in quotation marks side by side: searched one by one")?;
    }
    if !answer.excluded.is_empty() {
        writeln!(out, "without: {}", answer.excluded.join(", "))?;
    }
    if let Some(meant) = &answer.did_you_mean {
        writeln!(out, "did you mean: {meant}")?;
    }
    for hit in &answer.hits {
        writeln!(out, "\n{}  [{}]", hit.article.front_matter.title, hit.article.path)?;
        for section in &hit.sections {
            if !section.heading.is_empty() {
                writeln!(out, "  {}", section.heading.join(" > "))?;
            }
            writeln!(out, "    {}", section.snippet)?;
        }
    }
    Ok(())
}
