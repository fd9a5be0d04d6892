//! The file of synonyms, for the commands that look once.

use std::{fs, io::ErrorKind};

use crate::{
    analysis::Synonyms,
    article::{Problem, ProblemCode},
    config::Config,
    source::unreadable,
};

/// Reads the configured file; the default one may be missing.
pub(super) fn read(config: &Config) -> Result<Synonyms, Problem> {
    let path = &config.search.synonyms;
    let name = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && !config.search.needs_synonyms() => String::new(),
        read => read.map_err(|error| unreadable(name.clone(), &error))?,
    };
    let sites: Vec<String> = config.sites.keys().cloned().collect();
    let code = ProblemCode::Synonyms;
    Synonyms::parse(&text, &sites).map_err(|error| Problem {
        path: name,
        line: error.line,
        column: error.column,
        severity: code.severity(),
        code,
        message: error.message,
        help: error.help,
    })
}
