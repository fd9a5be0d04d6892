//! `zerodesk eval`: quality on judged questions, and the fit of the decision.

mod gathering;
mod replay;
mod report;

use std::{
    collections::HashSet,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;

use super::bar;
use crate::{
    eval::{self, EvalError, Example, Floor, Judged, Measures, Outcome, QuerySet},
    search::{DecisionModel, RankingModel},
};
use report::{By, Report};

/// Arguments of `zerodesk eval`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct EvalArgs {
    /// Folders with articles/, queries.tsv, qrels.tsv and unanswerable.tsv
    #[arg(required = true, value_name = "SET")]
    sets: Vec<PathBuf>,
    /// Folder of the articles, for sets without articles/ of their own
    #[arg(long, value_name = "DIR")]
    articles: Option<PathBuf>,
    /// Show the figures of parts, too
    #[arg(long, value_name = "kind|language")]
    by: Option<By>,
    /// Show how true the confidence is, and how many answers are wrong from each confidence on
    #[arg(long)]
    curves: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "curves")]
    json: bool,
    /// Draw the curves as SVG files in this folder
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Fail when a figure is worse than in this file
    #[arg(long, value_name = "FILE")]
    floor: Option<PathBuf>,
    /// Make such a file, a little below today's figures
    #[arg(long, value_name = "FILE")]
    write_floor: Option<PathBuf>,
    /// Write the ranking as a TREC run (one set) or runs (a folder, for several)
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// Write the confidence of every question, likewise
    #[arg(long, value_name = "FILE")]
    confidence: Option<PathBuf>,
    /// Fit the decision to these sets and write its weights
    #[arg(long, value_name = "FILE")]
    fit: Option<PathBuf>,
    /// Fit the weights of the ranking to these sets and write them
    #[arg(long, value_name = "FILE")]
    fit_ranking: Option<PathBuf>,
    /// Questions of each set that --fit-ranking looks at
    #[arg(long, value_name = "N", default_value_t = 300)]
    each: usize,
    /// Rounds of --fit-ranking at most
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Instead, measure how well questions without an article are gathered (needs `removed_qrels.tsv`), as JSON with --json
    #[arg(long)]
    gathering: bool,
    /// Instead, measure what learned questions are worth: half of the questions are learned, the others asked
    #[arg(long, conflicts_with = "gathering")]
    replay: bool,
    /// Measure the decision of each set with weights fitted on the others
    #[arg(long)]
    leave_one_out: bool,
}

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    // Mistakes first: measuring takes a while.
    let floor = args.floor.as_deref().map(Floor::read).transpose()?;
    let sets = read(args)?;
    if args.gathering {
        return gathering::run(&sets, &args.sets, args.json);
    }
    if args.replay {
        return replay::run(&sets);
    }
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).chain(["mean"]).collect();
    floor.iter().try_for_each(|floor| floor.fits(&names))?;
    if let Some(file) = &args.fit_ranking {
        return fit_ranking(args, &sets, file);
    }
    let mut outcomes = ask(&sets)?;
    if args.leave_one_out {
        leave_one_out(&sets, &mut outcomes);
    }
    let reports: Vec<Report> =
        sets.iter().zip(&outcomes).map(|(set, found)| Report::new(set, found, args.by)).collect();
    let mut text = if args.json { report::json(&reports)? } else { report::table(&reports) };
    if args.curves {
        text += &report::curves(&reports);
    }
    io::stdout().write_all(text.as_bytes())?;
    write(args, &sets, &outcomes, &reports)?;
    let Some(floor) = floor else { return Ok(ExitCode::SUCCESS) };
    let mut measured = named(&reports);
    measured.push(("mean", report::mean(&reports)));
    let shortfalls = floor.check(&measured);
    for shortfall in &shortfalls {
        eprintln!("below the floor: {shortfall}");
    }
    Ok(ExitCode::from(u8::from(!shortfalls.is_empty())))
}

fn read(args: &EvalArgs) -> anyhow::Result<Vec<QuerySet>> {
    let articles = args.articles.as_deref();
    let sets = args.sets.iter().map(|folder| QuerySet::read(folder, articles)).collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::from(["mean", "all"]);
    for set in &sets {
        if !names.insert(&set.name) {
            bail!("a set called `{}` is there already, or that name means something; rename its folder", set.name);
        }
        if !set.unjudged.is_empty() {
            let ids = set.unjudged.join(", ");
            eprintln!("{}: not asked, because qrels.tsv names no relevant article for them: {ids}", set.name);
        }
    }
    Ok(sets)
}

fn ask(sets: &[QuerySet]) -> anyhow::Result<Vec<Vec<Outcome>>> {
    let bar = bar(sets.len() as u64, "sets");
    let mut outcomes = Vec::new();
    for set in sets {
        bar.set_message(set.name.clone());
        outcomes.push(eval::run(set).with_context(|| format!("set {}", set.name))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(outcomes)
}

fn fit_ranking(args: &EvalArgs, sets: &[QuerySet], file: &Path) -> anyhow::Result<ExitCode> {
    let judged = sets
        .iter()
        .map(|set| Ok(Judged { set, searcher: eval::index(&set.articles)? }))
        .collect::<Result<Vec<_>, EvalError>>()?;
    let mut model =
        eval::tune(&judged, &RankingModel::bundled(), args.each, args.rounds, &mut |line| eprintln!("{line}"))?;
    model.fitted_on = sets.iter().map(|set| set.name.clone()).collect();
    model.date = jiff::Zoned::now().date();
    report::write(file, &(serde_json::to_string_pretty(&model)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn named(reports: &[Report]) -> Vec<(&str, Measures)> {
    reports.iter().map(|report| (report.name.as_str(), report.measures)).collect()
}

/// Writes the files that are asked for.
fn write(args: &EvalArgs, sets: &[QuerySet], outcomes: &[Vec<Outcome>], reports: &[Report]) -> anyhow::Result<()> {
    for (set, found) in sets.iter().zip(outcomes) {
        if let Some(file) = &args.run {
            report::write_each(file, sets.len(), &set.name, "run", &report::trec_run(found))?;
        }
        if let Some(file) = &args.confidence {
            report::write_each(file, sets.len(), &set.name, "tsv", &report::confidences(found))?;
        }
    }
    if let Some(folder) = &args.plots {
        report::plots(folder, reports)?;
    }
    if let Some(file) = &args.write_floor {
        report::write(file, &Floor::below(&named(reports)))?;
    }
    if let Some(file) = &args.fit {
        let model = fit(sets, outcomes, |_| true);
        report::write(file, &(serde_json::to_string_pretty(&model)? + "\n"))?;
    }
    Ok(())
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
