//! One list of problems in the shapes that people and services read.
//!
//! Text and JSON name files as seen from the folder of articles; the others as seen from where the command runs,
//! because that is where a service looks for them. Nothing is left out in any of them.

use std::{
    collections::HashMap,
    io::{self, Write},
};

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

    /// Each problem with a mark that tells it apart from the others, while lines above it come and go.
    fn marked(&self) -> impl Iterator<Item = (&Problem, String)> {
        let mut before: HashMap<[&str; 3], u32> = HashMap::new();
        self.findings.problems.iter().map(move |problem| {
            let parts = [problem.path.as_str(), problem.code.as_str(), problem.message.as_str()];
            let number = before.entry(parts).and_modify(|number| *number += 1).or_insert(1);
            let digest = Sha256::digest(format!("{}\0{number}", parts.join("\0")));
            (problem, digest[..16].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
        })
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
        let result = |(problem, mark): (&Problem, String)| {
            json!({
                "ruleId": problem.code.as_str(),
                "ruleIndex": problem.code as usize,
                "level": problem.severity.as_str(),
                "message": { "text": format!("{}; {}", problem.message, problem.help) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": self.artifact(problem),
                    "region": { "startLine": problem.line, "startColumn": problem.column },
                } }],
                "partialFingerprints": { "problem/v1": mark },
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
                "results": self.marked().map(result).collect::<Vec<_>>(),
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
        let entry = |(problem, mark): (&Problem, String)| {
            let severity = match problem.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
            };
            json!({
                "description": format!("{}; {}", problem.message, problem.help),
                "check_name": problem.code.as_str(),
                "fingerprint": mark,
                "severity": severity,
                "location": { "path": self.file(problem), "lines": { "begin": problem.line } },
            })
        };
        self.marked().map(entry).collect()
    }
}

/// The message of a workflow command is one line.
fn in_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property, the signs between properties are taken too.
fn in_property(text: &str) -> String {
    in_message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        let problem = |path: &str, line, code: ProblemCode, message: &str| Problem {
            path: path.to_owned(),
            line,
            column: 5,
            severity: code.severity(),
            code,
            message: message.to_owned(),
            help: "put it right".to_owned(),
        };
        let problems = vec![
            problem("a.md", 3, ProblemCode::BrokenLink, "`x%20y` leads nowhere"),
            problem("a.md", 9, ProblemCode::BrokenLink, "`x%20y` leads nowhere"),
            problem("größe, 1:2.md", 1, ProblemCode::DuplicateTitle, "two\nlines"),
        ];
        Findings { articles: 2, problems }
    }

    fn written(folder: &str, format: Format) -> String {
        let mut out = Vec::new();
        Report { folder, findings: &findings() }.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn value(folder: &str, format: Format) -> Value {
        serde_json::from_str(&written(folder, format)).unwrap()
    }

    #[test]
    fn text_groups_by_file_and_counts() {
        let expected = "\
a.md:3:5: error[broken-link]: `x%20y` leads nowhere; put it right
a.md:9:5: error[broken-link]: `x%20y` leads nowhere; put it right

größe, 1:2.md:1:5: warning[duplicate-title]: two
lines; put it right

2 articles: 2 errors, 1 warning
";
        assert_eq!(written("articles", Format::Text), expected);
        let nothing = Findings { articles: 1, problems: Vec::new() };
        let mut out = Vec::new();
        Report { folder: "", findings: &nothing }.write(Format::Text, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "1 article: 0 errors, 0 warnings\n");
    }

    #[test]
    fn workflow_commands_are_one_line_each_with_their_signs_escaped() {
        let expected = "\
::error file=articles/a.md,line=3,col=5,title=broken-link::`x%2520y` leads nowhere; put it right
::error file=articles/a.md,line=9,col=5,title=broken-link::`x%2520y` leads nowhere; put it right
::warning file=articles/größe%2C 1%3A2.md,line=1,col=5,title=duplicate-title::two%0Alines; put it right
2 articles: 2 errors, 1 warning
";
        assert_eq!(written("articles", Format::Github), expected);
    }

    #[test]
    fn json_has_the_counts_and_all_of_each_problem() {
        let value = value("articles", Format::Json);
        assert_eq!((&value["folder"], &value["articles"]), (&json!("articles"), &json!(2)));
        assert_eq!((&value["errors"], &value["warnings"]), (&json!(2), &json!(1)));
        let expected = json!({
            "path": "a.md", "line": 3, "column": 5, "severity": "error", "code": "broken-link",
            "message": "`x%20y` leads nowhere", "help": "put it right",
        });
        assert_eq!(value["problems"][0], expected);
    }

    /// What the schema of SARIF 2.1.0 requires, and what code scanning reads.
    #[test]
    fn sarif_has_what_its_schema_requires() {
        let log = value("articles", Format::Sarif);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "zerodesk check");
        let rules = driver["rules"].as_array().unwrap();
        for (at, rule) in rules.iter().enumerate() {
            assert!(rule["shortDescription"]["text"].is_string() && rule["id"].is_string(), "{rule}");
            assert_eq!(rules.iter().position(|other| other["id"] == rule["id"]), Some(at), "ids are unique");
        }
        let results = run["results"].as_array().unwrap();
        for result in results {
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
            assert!(result["message"]["text"].as_str().unwrap().ends_with("put it right"));
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
            assert_eq!(place["region"]["startColumn"], 5);
            assert!(result["partialFingerprints"]["problem/v1"].is_string());
        }
        let place = |at: usize| &results[at]["locations"][0]["physicalLocation"];
        assert_eq!(place(0)["region"]["startLine"], 3);
        assert_eq!(place(2)["artifactLocation"]["uri"], "articles/gr%C3%B6%C3%9Fe%2C%201%3A2.md");
        let elsewhere = value("/srv/my articles", Format::Sarif);
        let artifact = &elsewhere["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(artifact, &json!({ "uri": "file:///srv/my%20articles/a.md" }));
    }

    #[test]
    fn a_code_quality_report_tells_equal_problems_apart() {
        let report = value("", Format::Gitlab);
        let entries = report.as_array().unwrap();
        assert_eq!(entries[0]["location"], json!({ "path": "a.md", "lines": { "begin": 3 } }));
        assert_eq!((&entries[0]["check_name"], &entries[0]["severity"]), (&json!("broken-link"), &json!("major")));
        assert_eq!(entries[2]["severity"], "minor");
        assert_ne!(entries[0]["fingerprint"], entries[1]["fingerprint"]);
        assert_eq!(entries.len(), 3);
    }
}
