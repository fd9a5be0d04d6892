//! `zerodesk check`: what is wrong with a folder of articles, for writers and for continuous integration.
//!
//! Arguments in, a report out; the rules are in [`lint`]. It changes nothing.

mod formats;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, TypedValueParser},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::Settings;
use crate::{
    article::{ProblemCode, Severity},
    lint::{self, Findings, Rules},
    source::Directory,
};
use formats::Report;

/// Arguments of `zerodesk check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Folder of articles [default: the configured one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Say nothing about problems of these kinds; may be repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = codes(), hide_possible_values = true)]
    allow: Vec<ProblemCode>,
    /// Languages that every article must exist in [default: told by what most articles have]
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    languages: Vec<String>,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each problem, for people
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
    /// A code quality report, which GitLab shows in merge requests
    Gitlab,
}

/// Reads the name of a code; a wrong one is answered with the list.
fn codes() -> impl TypedValueParser<Value = ProblemCode> {
    let names = ProblemCode::ALL.map(|code| PossibleValue::new(code.as_str()));
    clap::builder::PossibleValuesParser::new(names)
        .try_map(|name| ProblemCode::ALL.into_iter().find(|code| code.as_str() == name).ok_or("there is no such code"))
}

/// Checks the folder and prints what it found; exit code 1 when there is an error among it.
pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let config = Settings { config: args.config, articles: args.folder, ..Settings::default() }.load()?;
    let source = Directory::open(&config.articles)?;
    let rules = Rules {
        today: jiff::Zoned::now().date(),
        default_language: config.default_language().to_owned(),
        languages: args.languages,
        public_url: config.public_url,
        sites: config.sites.into_values().collect(),
        search: config.search,
        allowed: args.allow.into_iter().collect(),
    };
    let bar = ProgressBar::no_length()
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or(ProgressStyle::default_bar()));
    let findings = lint::check(&source, &rules, &mut |what, done, total| {
        bar.set_message(what);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    let report = Report { folder: &shown(&config.articles), findings: &findings };
    report.write(args.format, &mut io::stdout().lock())?;
    Ok(ExitCode::from(u8::from(fails(&findings, args.strict))))
}

fn fails(findings: &Findings, strict: bool) -> bool {
    findings.problems.iter().any(|problem| strict || problem.severity == Severity::Error)
}

/// The folder as seen from where the command runs, with `/` between its parts: the root of a repository, where a
/// service finds files by it.
fn shown(folder: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let below = here.and_then(|here| full.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(full);
    below.iter().map(|part| part.to_string_lossy()).filter(|part| part != "/").fold(
        String::from(if below.has_root() { "/" } else { "" }),
        |path, part| {
            if path.is_empty() || path.ends_with('/') { path + &part } else { format!("{path}/{part}") }
        },
    )
}
