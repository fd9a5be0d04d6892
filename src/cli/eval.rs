//! `zerodesk eval`: quality on judged questions, and the fit of the decision.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    eval::{self, Example, Measures, Outcome, QuerySet},
    search::DecisionModel,
};

/// Arguments of `zerodesk eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Folders with articles/, queries.tsv, qrels.tsv and unanswerable.tsv
    #[arg(required = true, value_name = "SET")]
    sets: Vec<PathBuf>,
    /// Write the ranking as a TREC run (one set) or runs (a folder, for several)
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// Write the confidence of every question, likewise
    #[arg(long, value_name = "FILE")]
    confidence: Option<PathBuf>,
    /// Fit the decision to these sets and write its weights
    #[arg(long, value_name = "FILE")]
    fit: Option<PathBuf>,
    /// Measure the decision of each set with weights fitted on the others
    #[arg(long)]
    leave_one_out: bool,
}

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    let sets = args.sets.iter().map(|folder| QuerySet::read(folder)).collect::<Result<Vec<_>, _>>()?;
    let bar = ProgressBar::new(sets.len() as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} sets {msg}").unwrap_or(ProgressStyle::default_bar()),
    );
    let mut outcomes = Vec::new();
    for set in &sets {
        bar.set_message(set.name.clone());
        outcomes.push(eval::run(set).with_context(|| format!("set {}", set.name))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.leave_one_out {
        leave_one_out(&sets, &mut outcomes);
    }
    let measures: Vec<Measures> = sets.iter().zip(&outcomes).map(|(set, found)| eval::measure(set, found)).collect();
    print(&sets, &measures);
    for (set, found) in sets.iter().zip(&outcomes) {
        write(args.run.as_deref(), sets.len(), &set.name, "run", &trec_run(found))?;
        write(args.confidence.as_deref(), sets.len(), &set.name, "tsv", &confidences(found))?;
    }
    if let Some(file) = &args.fit {
        let model = fit(&sets, &outcomes, |_| true);
        fs::write(file, serde_json::to_string_pretty(&model)? + "\n").with_context(|| file.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(sets: &[QuerySet], measures: &[Measures]) {
    let names = Measures::default().named().map(|(name, _)| name);
    let width = sets.iter().map(|set| set.name.len()).max().unwrap_or(0).max(4);
    println!("{:width$} {}", "set", names.map(|name| format!("{name:>10}")).concat());
    let row = |name: &str, m: &Measures| {
        println!("{name:width$} {}", m.named().map(|(_, value)| format!("{value:>10.3}")).concat());
    };
    for (set, m) in sets.iter().zip(measures) {
        row(&set.name, m);
    }
    if sets.len() > 1 {
        row("mean", &eval::mean(measures));
    }
}

/// One set goes into the file itself; several into a folder of that name, a file each.
fn write(target: Option<&Path>, sets: usize, name: &str, ending: &str, text: &str) -> anyhow::Result<()> {
    let Some(target) = target else { return Ok(()) };
    let file = if sets == 1 {
        target.to_owned()
    } else {
        fs::create_dir_all(target).with_context(|| target.display().to_string())?;
        target.join(format!("{name}.{ending}"))
    };
    fs::write(&file, text).with_context(|| file.display().to_string())
}

fn trec_run(outcomes: &[Outcome]) -> String {
    outcomes.iter().flat_map(|o| o.ranked.iter().enumerate().map(move |hit| (o, hit))).fold(
        String::new(),
        |mut text, (outcome, (rank, (article, score)))| {
            let _ = writeln!(text, "{} Q0 {article} {} {score:.6} zerodesk", outcome.query, rank + 1);
            text
        },
    )
}

fn confidences(outcomes: &[Outcome]) -> String {
    outcomes.iter().fold(String::new(), |mut text, outcome| {
        let _ = writeln!(text, "{}\t{:.6}", outcome.query, outcome.confidence);
        text
    })
}

/// Fits on the sets that `wanted` picks; answerable and unanswerable questions of each count the same.
fn fit(sets: &[QuerySet], outcomes: &[Vec<Outcome>], wanted: impl Fn(usize) -> bool) -> DecisionModel {
    let mut examples = Vec::new();
    let mut names = Vec::new();
    for (_, (set, found)) in sets.iter().zip(outcomes).enumerate().filter(|(at, _)| wanted(*at)) {
        names.push(set.name.clone());
        let answerable = found.iter().filter(|o| set.judgments.contains_key(&o.query)).count().max(1) as f64;
        let rest = (found.len() as f64 - answerable).max(1.0);
        examples.extend(found.iter().map(|outcome| {
            let answers = set.judgments.contains_key(&outcome.query);
            let weight = 1.0 / if answers { answerable } else { rest };
            Example { signals: outcome.signals, answerable: answers, weight }
        }));
    }
    let (bias, weights) = eval::fit(&examples);
    DecisionModel { fitted_on: names, date: jiff::Zoned::now().date(), bias, weights: weights.into() }
}

fn leave_one_out(sets: &[QuerySet], outcomes: &mut [Vec<Outcome>]) {
    for at in 0..sets.len() {
        let model = fit(sets, outcomes, |other| other != at);
        for outcome in &mut outcomes[at] {
            outcome.confidence = model.confidence(&outcome.signals);
        }
    }
}
