//! Adds `questions` to an article's text without touching anything else.
//!
//! The front matter is edited as lines, so that comments, order and spelling stay as somebody wrote
//! them. What comes out is read again: where it does not say exactly what was meant, nothing is changed.

use super::{Parsed, Severity, parse};

/// The text of the article at `path` with further `questions`; `None` where that cannot be done safely (TOML, a list
/// on one line, broken front matter).
///
/// ```
/// let text = zerodesk::article::add_questions("a.md", "---\ntitle: A\n---\n\nText.\n", &["how?"]).unwrap();
/// assert_eq!(text, "---\ntitle: A\nquestions:\n  - \"how?\"\n---\n\nText.\n");
/// ```
#[must_use]
pub fn add_questions(path: &str, text: &str, questions: &[&str]) -> Option<String> {
    let edited = edit(text, questions)?;
    let (before, after) = (parse(path, text.as_bytes()), parse(path, edited.as_bytes()));
    let mut expected = before.article.clone();
    expected.front_matter.questions.extend(questions.iter().map(|question| (*question).to_owned()));
    let same = after.article.front_matter.questions == expected.front_matter.questions
        && after.article.front_matter.title == expected.front_matter.title
        && after.article.body.trim_start() == expected.body.trim_start();
    let errors = |parsed: &Parsed| parsed.problems.iter().filter(|p| p.severity == Severity::Error).count();
    (same && errors(&after) <= errors(&before)).then_some(edited)
}

fn edit(text: &str, questions: &[&str]) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let bare = |at: usize| lines.get(at).map(|line| line.trim_end());
    let items = |indent: &str| {
        let lines = questions.iter().map(|question| format!("{indent}- {}{end}", serde_json::Value::from(*question)));
        lines.collect::<Vec<_>>().concat()
    };
    if bare(0) != Some("---") {
        return (bare(0) != Some("+++")).then(|| format!("---{end}questions:{end}{}---{end}{end}{text}", items("  ")));
    }
    let close = (1..lines.len()).find(|at| bare(*at) == Some("---"))?;
    let list = (1..close).find(|at| bare(*at) == Some("questions:"));
    let (at, added) = match list {
        Some(list) => {
            let is_item = |at: &usize| lines[*at].trim_start().starts_with("- ");
            let behind = (list + 1..close).find(|at| !is_item(at)).unwrap_or(close);
            let above = lines[behind - 1];
            (behind, items(above.strip_suffix(above.trim_start())?))
        }
        None => (close, format!("questions:{end}{}", items("  "))),
    };
    Some([lines[..at].concat(), added, lines[at..].concat()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_added_and_nothing_else_changes() {
        let table = [
            ("# A\n\nText.\n", Some("---\nquestions:\n  - \"new?\"\n---\n\n# A\n\nText.\n")),
            (
                "---\ntitle: A\nquestions:\n- old # why\ntags: b\n---\nText.\n",
                Some("---\ntitle: A\nquestions:\n- old # why\n- \"new?\"\ntags: b\n---\nText.\n"),
            ),
            (
                "---\r\ntitle: A\r\n---\r\nText.\r\n",
                Some("---\r\ntitle: A\r\nquestions:\r\n  - \"new?\"\r\n---\r\nText.\r\n"),
            ),
            ("---\ntitle: A\nquestions: [old]\n---\nText.\n", None),
            ("+++\ntitle = \"A\"\n+++\nText.\n", None),
            ("---\ntitle: A\nText without an end\n", None),
        ];
        for (text, expected) in table {
            assert_eq!(add_questions("a.md", text, &["new?"]).as_deref(), expected, "{text}");
        }
    }
}
