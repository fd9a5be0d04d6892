//! What `zerodesk eval` prints and writes: tables and curves as text, JSON, plots, runs and confidences.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::Context;
use clap::ValueEnum;
use serde_json::json;

use crate::eval::{self, Bin, Figure, Measures, Outcome, Point, QuerySet, Question};

/// Parts of a set whose figures are shown beside those of the whole.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum By {
    /// What the fourth column of the questions says
    Kind,
    /// The first language of the third column
    Language,
}

/// One set with all that was found out about it.
pub struct Report {
    /// Name of the set, or `all` for several as one.
    pub name: String,
    /// The figures of the whole.
    pub measures: Measures,
    parts: BTreeMap<String, Measures>,
    decided: Vec<eval::Decided>,
}

impl Report {
    pub fn new(set: &QuerySet, outcomes: &[Outcome], by: Option<By>) -> Self {
        let part = |question: &Question| match by {
            Some(By::Kind) => question.kind.clone(),
            Some(By::Language) => question.languages.first().cloned().unwrap_or_default(),
            None => String::new(),
        };
        let names: BTreeSet<String> = set.queries.iter().chain(&set.unanswerable).map(part).collect();
        let measured = |name: String| (name.clone(), eval::measure(&set.part(|q| part(q) == name), outcomes));
        Self {
            name: set.name.clone(),
            measures: eval::measure(set, outcomes),
            parts: names.into_iter().filter(|name| !name.is_empty()).map(measured).collect(),
            decided: eval::decided(set, outcomes),
        }
    }

    fn bins(&self) -> [Bin; 10] {
        eval::reliability(&self.decided)
    }

    fn points(&self) -> Vec<Point> {
        eval::risk_coverage(&self.decided)
    }
}

/// The questions of several sets as one, for the curves.
fn together(reports: &[Report]) -> Option<Report> {
    let decided = reports.iter().flat_map(|report| report.decided.iter().copied()).collect();
    let all = Report { name: "all".into(), measures: mean(reports), parts: BTreeMap::new(), decided };
    (reports.len() > 1).then_some(all)
}

/// The mean of the sets, each counting the same.
pub fn mean(reports: &[Report]) -> Measures {
    eval::mean(&reports.iter().map(|report| report.measures).collect::<Vec<_>>())
}

/// The figures by set, in 80 columns where the names allow.
pub fn table(reports: &[Report]) -> String {
    let names = reports.iter().flat_map(|report| {
        report.parts.keys().map(|part| part.chars().count() + 2).chain([report.name.chars().count()])
    });
    let width = names.max().unwrap_or(0).max(4);
    let headings = Figure::ALL.map(|figure| format!(" {:>5}", figure.short)).concat();
    let mut text = format!("{:width$} {:>9}{headings}\n", "set", "questions");
    let mut row = |name: &str, measures: &Measures| {
        let figures = Figure::ALL.map(|figure| format!(" {:>5}", number((figure.of)(measures), 3))).concat();
        let questions = format!("{}+{}", measures.answerable, measures.unanswerable);
        let _ = writeln!(text, "{name:width$} {questions:>9}{figures}");
    };
    for report in reports {
        row(&report.name, &report.measures);
        for (part, measures) in &report.parts {
            row(&format!("  {part}"), measures);
        }
    }
    if reports.len() > 1 {
        row("mean", &mean(reports));
    }
    text + "questions: with + without an answer. nDCG, MRR and recall at 10; S = Success;\n\
            FPR at 90 % TPR and ECE should be small, the others large.\n"
}

fn number(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { "-".into() }
}

/// Reliability, and risk at each coverage, of every set and of all together.
pub fn curves(reports: &[Report]) -> String {
    reports.iter().chain(&together(reports)).fold(String::new(), |text, report| text + &curves_of(report))
}

fn curves_of(report: &Report) -> String {
    const BAR: f64 = 40.0;
    let bar = |share: f64| "█".repeat((share * BAR).round() as usize);
    let mut text = format!("\n{}: is the confidence true?\n", report.name);
    let _ = writeln!(text, "confidence  questions   said  answerable");
    for (at, bin) in report.bins().iter().enumerate() {
        let (from, to) = (at as f64 / 10.0, (at + 1) as f64 / 10.0);
        let (mut said, mut is, mut line) = ("-".to_owned(), "-".to_owned(), String::new());
        if bin.questions > 0 {
            (said, is) = (number(bin.confidence, 2), number(bin.answerable, 2));
            line = format!("{:41}", bar(bin.answerable));
            // Where the bar should end.
            let aim = (bin.confidence * BAR).round() as usize;
            line = line.chars().enumerate().map(|(at, c)| if at == aim { '│' } else { c }).collect();
        }
        let row = format!("{from:.1} to {to:.1}  {:>9}  {said:>5}  {is:>5} {line}", bin.questions);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    let _ = writeln!(text, "\n{}: how many answers are wrong?", report.name);
    let _ = writeln!(text, "answered  from confidence  wrong");
    for Point { coverage, confidence, risk } in eval::tenths(&report.points()) {
        let row = format!("{:>6.0} %  {confidence:>15.2}  {:>4.0} % {}", coverage * 100.0, risk * 100.0, bar(risk));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// Everything as JSON; the figures bear the names of a floor.
pub fn json(reports: &[Report]) -> anyhow::Result<String> {
    let sets: Vec<_> = reports
        .iter()
        .map(|report| {
            json!({
                "set": report.name, "figures": report.measures, "parts": report.parts,
                "reliability": report.bins(), "risk_coverage": eval::tenths(&report.points()),
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "sets": sets, "mean": mean(reports) }))? + "\n")
}

/// Writes two plots of every set, and of all together where there are several.
pub fn plots(folder: &Path, reports: &[Report]) -> anyhow::Result<()> {
    for report in reports.iter().chain(&together(reports)) {
        write(
            &folder.join(format!("{}-reliability.svg", report.name)),
            &eval::plot_reliability(&report.name, &report.bins()),
        )?;
        let plot = eval::plot_risk_coverage(&report.name, &report.points());
        write(&folder.join(format!("{}-risk-coverage.svg", report.name)), &plot)?;
    }
    Ok(())
}

/// Writes a file, with the folders that it needs.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(file, text)
    };
    write().with_context(|| file.display().to_string())
}

/// One set goes into the file itself; several into a folder of that name, a file each.
pub fn write_each(target: &Path, sets: usize, name: &str, ending: &str, text: &str) -> anyhow::Result<()> {
    let file = if sets == 1 { target.to_owned() } else { target.join(format!("{name}.{ending}")) };
    write(&file, text)
}

/// The ranking as a TREC run.
pub fn trec_run(outcomes: &[Outcome]) -> String {
    outcomes.iter().flat_map(|o| o.ranked.iter().enumerate().map(move |hit| (o, hit))).fold(
        String::new(),
        |mut text, (outcome, (rank, (article, score)))| {
            let _ = writeln!(text, "{} Q0 {article} {} {score:.6} zerodesk", outcome.query, rank + 1);
            text
        },
    )
}

/// The confidence of each question.
pub fn confidences(outcomes: &[Outcome]) -> String {
    outcomes.iter().fold(String::new(), |mut text, outcome| {
        // In full: rounding makes ties, and ties change the figures.
        let _ = writeln!(text, "{}\t{}", outcome.query, outcome.confidence);
        text
    })
}
