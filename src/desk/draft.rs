//! A ticket that taught something becomes the draft of an article: a Markdown file for a person to finish.
//!
//! The file has the visitor's questions, masked, and the agents' replies. It is a draft, so it shows nowhere until
//! somebody takes the line out. A file that is there already is never touched, and no name that
//! comes from outside can lead out of the folder.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use jiff::civil::Date;

use super::{DeskError, StepKind, TicketRecord, redaction::mask};

/// Longest file name before the number, in characters.
const NAME_CHARS: usize = 60;
/// Files of one name before giving up.
const NUMBERS: usize = 1_000;
/// Most questions taken over.
const QUESTIONS: usize = 10;

/// A draft, not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// File name without ending: letters, digits and dashes.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Draft {
    /// The draft that a ticket makes.
    #[must_use]
    pub fn of(record: &TicketRecord, today: Date) -> Self {
        let ticket = &record.ticket;
        let title = mask(&ticket.subject).text;
        let lang = ticket.locale.as_deref().and_then(|locale| locale.split('-').next()).unwrap_or("en");
        let mut questions = vec![title.clone()];
        for query in ticket.trail.iter().map(|item| &item.query) {
            if !questions.iter().any(|known| known.eq_ignore_ascii_case(query)) && questions.len() < QUESTIONS {
                questions.push(query.clone());
            }
        }
        let replies = record.steps.iter().filter(|step| matches!(step.kind, StepKind::Replied | StepKind::Resolved));
        let body: Vec<&str> = replies.filter_map(|step| step.reason.as_deref()).collect();
        let body = if body.is_empty() { "…".to_owned() } else { body.join("\n\n") };
        Self::begin(&title, lang, &questions, &body, today)
    }

    /// A draft of these words; `questions` are how people ask.
    #[must_use]
    pub fn begin(title: &str, lang: &str, questions: &[impl AsRef<str>], body: &str, today: Date) -> Self {
        let questions: Vec<String> =
            questions.iter().map(|question| format!("  - {}", quoted(question.as_ref()))).collect();
        let questions = questions.join("\n");
        let text = format!(
            "---\ntitle: {}\nlang: {}\ndraft: true\ncreated: {today}\nquestions:\n{questions}\n---\n\n{body}\n",
            quoted(title),
            quoted(lang),
        );
        Self { name: file_name(title), text }
    }

    /// Writes it into `folder`, which is made when missing, under a name that no file has; returns the file's name.
    ///
    /// # Errors
    /// [`DeskError::Draft`] when the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<String, DeskError> {
        let failed = |source: io::Error| DeskError::Draft { folder: folder.into(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        for number in 1..=NUMBERS {
            let name = if number == 1 { format!("{}.md", self.name) } else { format!("{}-{number}.md", self.name) };
            match File::create_new(folder.join(&name)) {
                Ok(mut file) => {
                    file.write_all(self.text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::other("too many files of this name")))
    }
}

/// A YAML string: JSON's double quotes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Letters, digits and dashes of a title; never empty.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for c in title.to_lowercase().chars().take(200) {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name: String = name.chars().take(NAME_CHARS).collect();
    let name = name.trim_end_matches('-');
    // Windows keeps a few names to itself; a word before them sets them free.
    if name.len() < 5 { format!("draft-{name}").trim_end_matches('-').to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lead_nowhere_else() {
        for (title, name) in [
            ("How do I export an invoice?", "how-do-i-export-an-invoice"),
            ("../../etc/passwd", "etc-passwd"),
            ("..", "draft"),
            ("", "draft"),
            ("C:\\con", "c-con"),
            ("con", "draft-con"),
            ("/etc/cron.d/x", "etc-cron-d-x"),
            ("Größe ändern – wie?", "größe-ändern-wie"),
            ("a\u{0}b\nc\u{202e}d", "a-b-c-d"),
        ] {
            assert_eq!(file_name(title), name, "{title}");
            assert!(!file_name(title).contains(['/', '\\', '.', '\u{0}']), "{title}");
        }
        assert_eq!(file_name(&"x".repeat(500)).len(), NAME_CHARS);
    }

    #[test]
    fn a_file_that_is_there_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/drafts");
        let draft = |text: &str| Draft { name: "a".into(), text: text.into() };
        assert_eq!(draft("one").write(&folder).unwrap(), "a.md");
        assert_eq!(draft("two").write(&folder).unwrap(), "a-2.md");
        assert_eq!(fs::read_to_string(folder.join("a.md")).unwrap(), "one");
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(draft("three").write(&dir.path().join("file")), Err(DeskError::Draft { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_folder_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside.md");
        let folder = dir.path().join("drafts");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&outside, folder.join("a.md")).unwrap();
        assert_eq!(Draft { name: "a".into(), text: "x".into() }.write(&folder).unwrap(), "a-2.md");
        assert!(!outside.exists());
    }
}
