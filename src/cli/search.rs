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
    search::{Answer, Appearance, DecisionModel, Explain, ExplainedArticle, Explanation, Query, SectionHit},
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
    /// Tell why: what the decision saw, and what each article has its place from
    #[arg(long)]
    explain: bool,
    /// With --explain: the slug of an article to explain wherever it ranks
    #[arg(long, value_name = "SLUG", requires = "explain")]
    article: Option<String>,
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
        explain: args.explain.then(|| Explain { article: args.article.clone() }),
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
        "hits": hits, "signals": answer.signals, "explanation": answer.explanation,
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
    answer.explanation.as_ref().map_or(Ok(()), |why| print_why(why, out))
}

fn print_why(why: &Explanation, out: &mut impl Write) -> io::Result<()> {
    let decision = &why.decision;
    writeln!(out, "\nWhy {}: answered from {:.2} on", decision.decision.as_str(), decision.answer_at)?;
    writeln!(out, "  {:>8}  {:<17} {:>8} {:>8}", "adds", "signal", "value", "weight")?;
    for signal in &decision.signals {
        let (name, value) = (signal.name, signal.value);
        writeln!(out, "  {:>+8.3}  {name:<17} {value:>8.3} {:>8.3}", signal.contribution, signal.weight)?;
    }
    writeln!(out, "  {:>+8.3}  constant", decision.bias)?;
    for word in &why.words {
        let variants: Vec<_> = word.variants.iter().map(|v| format!("{} {:.2}", v.stem, v.weight)).collect();
        let (articles, information) = (word.articles, word.information);
        writeln!(out, "\n  {}: {articles} articles, information {information:.2}; {}", word.word, variants.join(", "))?;
    }
    why.articles.iter().try_for_each(|article| print_article(article, out))?;
    match &why.compared {
        None => Ok(()),
        Some(Appearance::Ranked { article }) => print_article(article, out),
        Some(Appearance::Unknown) => writeln!(out, "\nthere is no such article"),
        Some(Appearance::NotSearched) => writeln!(out, "\nthat article is kept out of search"),
        Some(Appearance::OtherLanguage { language }) => {
            writeln!(out, "\nthat article is in another language: {language}")
        }
        Some(Appearance::NoMatch) => writeln!(out, "\nthat article has no word of the query"),
    }
}

fn print_article(article: &ExplainedArticle, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}. {} ({:.3})", article.rank, article.title, article.score)?;
    for word in &article.words {
        let places: Vec<_> = word.fields.iter().map(|field| format!("{} {}x", field.field, field.count)).collect();
        writeln!(out, "  {:>+8.3}  {} ({})", word.contribution, word.word, places.join(", "))?;
    }
    for part in &article.parts {
        writeln!(out, "  {:>+8.3}  {} {:.3}", part.contribution, part.name, part.value)?;
    }
    article.best_line.as_ref().map_or(Ok(()), |line| writeln!(out, "  best line: {}", line.text))
}
