//! `zerodesk eval --gathering`: content gaps, measured on questions whose articles were taken out of the set.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use serde_json::json;

use crate::{
    cli::bar,
    eval::{self, QuerySet},
    insight::gaps,
};

/// What one set came to.
struct Row {
    set: String,
    questions: usize,
    articles: usize,
    clusters: usize,
    /// Adjusted Rand index; none where it is not defined.
    agreement: Option<f64>,
}

pub(super) fn run(sets: &[QuerySet], folders: &[PathBuf], json: bool) -> anyhow::Result<ExitCode> {
    let bar = bar(sets.len() as u64, "sets");
    let mut rows = Vec::with_capacity(sets.len());
    for (set, folder) in sets.iter().zip(folders) {
        let asked = eval::removed(set, folder)?;
        let searcher = eval::index(&set.articles)?;
        let languages = searcher.snapshot().catalog().languages();
        let mut reader = searcher.text_reader(languages.first().map_or("en", |(language, _)| language));
        let words = asked.iter().map(|(question, _)| reader.read(&question.text)).collect::<Result<Vec<_>, _>>()?;
        let articles: Vec<&str> = asked.iter().map(|(_, article)| article.as_str()).collect();
        let clusters = gaps::clusters(&words, &mut |_| {});
        rows.push(Row {
            set: set.name.clone(),
            questions: asked.len(),
            articles: articles.iter().collect::<BTreeSet<_>>().len(),
            clusters: clusters.iter().collect::<BTreeSet<_>>().len(),
            agreement: eval::adjusted_rand(&clusters, &articles),
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    print(&rows, json, &mut io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn print(rows: &[Row], json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        let row = |row: &Row| {
            json!({ "set": row.set, "questions": row.questions, "articles": row.articles, "clusters": row.clusters,
                "adjusted_rand": row.agreement })
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>())?)?;
        return Ok(());
    }
    writeln!(out, "{:<26}{:>10}{:>10}{:>10}{:>15}", "set", "questions", "articles", "clusters", "adjusted Rand")?;
    for Row { set, questions, articles, clusters, agreement } in rows {
        let agreement = agreement.map_or_else(|| "not defined".into(), |agreement| format!("{agreement:.3}"));
        writeln!(out, "{set:<26}{questions:>10}{articles:>10}{clusters:>10}{agreement:>15}")?;
    }
    Ok(())
}
