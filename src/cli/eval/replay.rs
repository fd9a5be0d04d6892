//! `zerodesk eval --replay`: what learned questions are worth.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use crate::{
    cli::bar,
    eval::{self, Measures, QuerySet},
};

pub(super) fn run(sets: &[QuerySet]) -> anyhow::Result<ExitCode> {
    let bar = bar(sets.len() as u64, "sets");
    let mut rows = Vec::new();
    for set in sets {
        bar.set_message(set.name.clone());
        rows.push((set.name.as_str(), eval::replay(set)?));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let out = &mut io::stdout().lock();
    writeln!(
        out,
        "{:<24}{:>9}{:>26}{:>26}{:>26}",
        "set", "learned", "nDCG@10 unseen", "nDCG@10 others", "AUROC others"
    )?;
    let change = |[before, after]: [Measures; 2], of: fn(&Measures) -> f64| {
        format!("{:.3} -> {:.3} ({:+.3})", of(&before), of(&after), of(&after) - of(&before))
    };
    for (name, replay) in rows {
        let (unseen, others) = (change(replay.unseen, |m| m.ndcg_10), change(replay.others, |m| m.ndcg_10));
        let auroc = change(replay.others, |m| m.auroc);
        writeln!(out, "{name:<24}{:>9}{unseen:>26}{others:>26}{auroc:>26}", replay.learned)?;
    }
    Ok(ExitCode::SUCCESS)
}
