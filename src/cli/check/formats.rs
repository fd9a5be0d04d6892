//! One list of problems in the shapes that people and services read.
//!
//! Text and JSON name files as seen from the folder of articles; the others as seen from where the command runs,
//! because that is where a service looks for them. Nothing is left out in any of them.

use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Format;
use crate::{
    article::{Problem, ProblemCode, Severity},
    lint::Findings,
};

/// What stays as it is in the path of a URI.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Where the standard keeps its schema.
const SARIF_SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What was found, and where the folder is.
pub(super) struct Report<'a> {
    /// Seen from where the command runs.
    pub(super) folder: &'a str,
    pub(super) findings: &'a Findings,
}

impl Report<'_> {
    pub(super) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let value = match format {
            Format::Text => return self.text(out),
            Format::Github => return self.github(out),
            Format::Json => self.json(),
            Format::Sarif => self.sarif(),
            Format::Gitlab => self.gitlab(),
        };
        writeln!(out, "{value:#}")
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// The line that counts.
    fn summary(&self) -> String {
        let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        let articles = count(self.findings.articles, "article");
        format!("{articles}: {}, {}", count(errors, "error"), count(warnings, "warning"))
    }

    /// A path as seen from where the command runs.
    fn file(&self, problem: &Problem) -> String {
        match self.folder {
            "" => problem.path.clone(),
            folder => format!("{}/{}", folder.trim_end_matches('/'), problem.path),
        }
    }

    /// One problem a line, the files apart, and the line that counts.
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut path = None;
        for problem in &self.findings.problems {
            if path.is_some_and(|path| path != &problem.path) {
                writeln!(out)?;
            }
            path = Some(&problem.path);
            writeln!(out, "{problem}")?;
        }
        if path.is_some() {
            writeln!(out)?;
        }
        writeln!(out, "{}", self.summary())
    }

    /// Workflow commands: an annotation beside each line, and the line that counts in the log.
    fn github(&self, out: &mut dyn Write) -> io::Result<()> {
        for problem in &self.findings.problems {
            let (file, title) = (in_property(&self.file(problem)), in_property(problem.code.as_str()));
            let Problem { line, column, severity, message, help, .. } = problem;
            let said = in_message(&format!("{message}; {help}"));
            writeln!(out, "::{} file={file},line={line},col={column},title={title}::{said}", severity.as_str())?;
        }
        writeln!(out, "{}", self.summary())
    }

    fn json(&self) -> Value {
        json!({
            "folder": self.folder,
            "articles": self.findings.articles,
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "problems": self.findings.problems,
        })
    }

    fn sarif(&self) -> Value {
        let rule = |code: ProblemCode| {
            json!({
                "id": code.as_str(),
                "shortDescription": { "text": code.meaning() },
                "defaultConfiguration": { "level": code.severity().as_str() },
            })
        };
        let result = |problem: &Problem| {
            json!({
                "ruleId": problem.code.as_str(),
                "ruleIndex": problem.code as usize,
                "level": problem.severity.as_str(),
                "message": { "text": format!("{}; {}", problem.message, problem.help) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": self.artifact(problem),
                    "region": { "startLine": problem.line, "startColumn": problem.column },
                } }],
                "partialFingerprints": { "problem/v1": fingerprint(problem) },
            })
        };
        json!({
            "$schema": SARIF_SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "zerodesk check",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": ProblemCode::ALL.map(rule),
                } },
                "columnKind": "unicodeCodePoints",
                "results": self.findings.problems.iter().map(result).collect::<Vec<_>>(),
            }],
        })
    }

    /// A file as a URI: seen from the root of the repository, or of the machine.
    fn artifact(&self, problem: &Problem) -> Value {
        let file = self.file(problem);
        let encoded = utf8_percent_encode(&file, IN_PATH);
        if file.starts_with('/') {
            json!({ "uri": format!("file://{encoded}") })
        } else {
            json!({ "uri": encoded.to_string(), "uriBaseId": "%SRCROOT%" })
        }
    }

    fn gitlab(&self) -> Value {
        let entry = |problem: &Problem| {
            let severity = match problem.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
            };
            json!({
                "description": format!("{}; {}", problem.message, problem.help),
                "check_name": problem.code.as_str(),
                "fingerprint": fingerprint(problem),
                "severity": severity,
                "location": { "path": self.file(problem), "lines": { "begin": problem.line } },
            })
        };
        self.findings.problems.iter().map(entry).collect()
    }
}

/// Tells a problem apart from others while lines above it come and go.
fn fingerprint(problem: &Problem) -> String {
    let parts = [problem.path.as_str(), problem.code.as_str(), problem.message.as_str()];
    Sha256::digest(parts.join("\0"))[..16].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The message of a workflow command is one line.
fn in_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property, the signs between properties are taken too.
fn in_property(text: &str) -> String {
    in_message(text).replace(':', "%3A").replace(',', "%2C")
}
