//! Where in a file's head a value stands.
//!
//! Parsing keeps the place of a field only for its own problems. The few places that rules need are looked up in the
//! text again, which is only done once there is something to report. It never guesses: what it cannot find is at the
//! beginning of the file.

/// Line and column, from 1.
pub(super) type Place = (u32, u32);

/// The beginning of a file.
pub(super) const START: Place = (1, 1);

/// The place of a value of the first of these fields that is there; that of the field where the value is written in
/// another way.
pub(super) fn of_value(head: &str, names: &[&str], value: &str) -> Place {
    let mut field = None;
    for (at, line) in (1_u32..).zip(head.lines()) {
        let begins = key_of(line);
        if field.is_some() && begins.is_some() {
            break;
        }
        if begins.is_some_and(|key| names.iter().any(|name| same_name(key, name))) {
            field = Some((at, 1));
        }
        if field.is_some() {
            let after = begins.map_or(0, |key| line.find(key).unwrap_or(0) + key.len());
            if let Some(found) = whole(&line[after..], value) {
                return (at, column(line, after + found));
            }
        }
    }
    field.unwrap_or(START)
}

/// The place of the first heading with this text.
pub(super) fn of_heading(body: &str, body_line: u32, text: &str) -> Place {
    let heading = |line: &str| line.trim_start_matches('#').trim() == text && line.starts_with('#');
    (body_line..).zip(body.lines()).find(|(_, line)| heading(line)).map_or(START, |(at, _)| (at, 1))
}

/// The name of the field that begins on a line.
fn key_of(line: &str) -> Option<&str> {
    if line.starts_with(|c: char| c.is_whitespace() || matches!(c, '-' | '#' | ']' | '[')) {
        return None;
    }
    let (key, _) = line.split_once([':', '='])?;
    Some(key.trim()).filter(|key| !key.is_empty())
}

/// Names are compared as front matter does: without case, `_` and `-`.
fn same_name(key: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['_', '-', '"', '\''], "").to_lowercase();
    plain(key) == plain(name)
}

/// Where `value` stands in a line, not as a part of a longer word.
fn whole(line: &str, value: &str) -> Option<usize> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "-_/.".contains(c));
    let mut found = line.match_indices(value).map(|(at, _)| at);
    found.find(|at| !is_word(line[..*at].chars().next_back()) && !is_word(line[at + value.len()..].chars().next()))
}

fn column(line: &str, byte: usize) -> u32 {
    1 + line[..byte].chars().count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_it_is_written() {
        let head = "---\ntitle: \"The paper\"\nrelated: [paper-tray, paper]\nquestions:\n  - größe, paper\n- why\nreview_by: 2026-01-02\n---\n";
        let toml = "+++\nrelated = [\n\"a\",\n  \"b\"\n]\n+++\n";
        let table = [
            (head, "related", "paper", (3, 23)),
            (head, "related", "paper-tray", (3, 11)),
            (head, "questions", "paper", (5, 12)),
            (head, "questions", "why", (6, 3)),
            (head, "questions", "why not", (4, 1)),
            (head, "reviewby", "2026-01-02", (7, 12)),
            (head, "title", "The paper", (2, 9)),
            (head, "aliases", "paper", START),
            (toml, "related", "b", (4, 4)),
            ("", "title", "x", START),
        ];
        for (head, field, value, expected) in table {
            assert_eq!(of_value(head, &[field], value), expected, "{field} {value}");
        }
    }

    #[test]
    fn a_heading_is_found_by_its_text() {
        assert_eq!(of_heading("text\n\n# A title\n", 4, "A title"), (6, 1));
        assert_eq!(of_heading("A title\n=======\n", 4, "A title"), START);
    }
}
