//! The two signs that a visitor may use: quotation marks and a minus.
//!
//! `"blank pages"` asks for these words side by side, `-toner` leaves out what has that word. People
//! paste all sorts of things, so a sign counts only where nothing else can be meant: an open
//! quotation mark, inches (`19" screen`), `e-mail`, `-5`, `-v`, `--config` and `-Dname=value` are plain
//! text. There is no other syntax, and nothing that is read here can be wrong: it has no errors.

use std::ops::Range;

/// Opening marks with those that may close them.
const QUOTES: [(char, &str); 9] = [
    ('"', "\""),
    ('＂', "＂"),
    ('„', "“”"),
    ('“', "”"),
    ('”', "”"),
    ('«', "»"),
    ('»', "«»"),
    ('「', "」"),
    ('『', "』"),
];

/// A query with its signs understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The query.
    pub query: String,
    /// The same; what is left out is blanked, so that every byte stays in its place.
    pub text: String,
    /// What stands in quotation marks, in bytes of the text, without the marks.
    pub phrases: Vec<Range<usize>>,
    /// Words and phrases that no hit may have.
    pub excluded: Vec<String>,
}

impl Asked {
    /// Finds the signs of a query.
    pub(super) fn read(query: &str) -> Self {
        let mut asked = Self { query: query.to_owned(), text: query.to_owned(), ..Self::default() };
        let mut at = 0;
        while let Some(next) = query[at..].chars().next() {
            let begin = at;
            let minus = next == '-' && follows_space(query, at);
            let inside = quoted(query, at + usize::from(minus));
            at = inside.as_ref().map_or(begin + next.len_utf8(), |inside| after(query, inside.end));
            let found = inside.or_else(|| word(query, at).filter(|_| minus));
            let Some(found) = found.filter(|found| query[found.clone()].contains(char::is_alphanumeric)) else {
                continue;
            };
            if minus {
                at = at.max(found.end);
                asked.text.replace_range(begin..at, &" ".repeat(at - begin));
                asked.excluded.push(query[found].to_owned());
            } else {
                asked.phrases.push(found);
            }
        }
        asked
    }

    /// The same without quotation marks: what is asked when no article has the phrases.
    pub(super) fn relaxed(&self) -> Self {
        Self { phrases: Vec::new(), ..self.clone() }
    }

    /// The same query with words put right.
    pub(super) fn respelt(&self, query: &str) -> Self {
        let asked = Self::read(query);
        if self.phrases.is_empty() { asked.relaxed() } else { asked }
    }

    /// Whether the word at this byte stands in quotation marks: it is meant as it is written.
    pub(super) fn is_quoted(&self, at: usize) -> bool {
        self.phrases.iter().any(|phrase| phrase.contains(&at))
    }
}

fn follows_space(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(char::is_whitespace)
}

/// The byte behind the character at `at`.
fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

/// What stands between the quotation mark at `at` and the one that closes it.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let open = text[at..].chars().next()?;
    let (_, closing) = QUOTES.iter().find(|(mark, _)| *mark == open)?;
    // Marks that look the same on both sides: inches, and the end of a phrase that nobody opened.
    if closing.contains(open) && text[..at].ends_with(char::is_alphanumeric) {
        return None;
    }
    let start = at + open.len_utf8();
    let end = start + text[start..].find(|c| closing.contains(c))?;
    Some(start..end)
}

/// The word at `at`, if it can be one that is left out, and not a flag, a number or a part of a formula.
fn word(text: &str, at: usize) -> Option<Range<usize>> {
    let run = text[at..].split(char::is_whitespace).next()?;
    let word = run.trim_end_matches(['.', ',', ';', ':', '?', '!', ')']);
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'' | '’');
    let plausible = word.starts_with(char::is_alphabetic) && word.ends_with(char::is_alphanumeric);
    let long_enough = word.len() > 1; // one letter is a flag; in other scripts one character may be a word
    (plausible && long_enough && word.chars().all(is_word)).then(|| at..at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, its phrases and what it leaves out, as one line.
    fn shown(query: &str) -> String {
        let asked = Asked::read(query);
        assert_eq!(asked.text.len(), query.len(), "{query}");
        let phrases: Vec<&str> = asked.phrases.iter().map(|range| &asked.text[range.clone()]).collect();
        let text: Vec<&str> = asked.text.split_whitespace().collect();
        format!("{} | {} | {}", text.join(" "), phrases.join(", "), asked.excluded.join(", "))
    }

    #[test]
    fn quotation_marks_of_all_countries_hold_phrases() {
        for (query, phrases) in [
            ("\"blank pages\"", "blank pages"),
            ("printer \"blank pages\" today", "blank pages"),
            ("„leere Seiten“", "leere Seiten"),
            ("„lege pagina’s”", "lege pagina’s"),
            ("“blank pages”", "blank pages"),
            ("”tomma sidor”", "tomma sidor"),
            ("«pages blanches»", "pages blanches"),
            ("« pages blanches »", " pages blanches "),
            ("»leere Seiten«", "leere Seiten"),
            ("「空白のページ」が", "空白のページ"),
            ("(\"a b\"), \"c\"", "a b, c"),
            ("\"one\"\"two\"", "one, two"),
            ("\"it's a 'small' thing\"", "it's a 'small' thing"),
            ("“outer \"inner\" words”", "outer \"inner\" words"),
            ("\"outer „inner“ words\"", "outer „inner“ words"),
        ] {
            assert_eq!(shown(query).split(" | ").nth(1), Some(phrases), "{query}");
        }
    }

    #[test]
    fn marks_that_hold_nothing_are_text() {
        for query in [
            "\"unbalanced",
            "unbalanced\"",
            "19\" or 24\" screen",
            "\"\"",
            "\" \"",
            "\"?!\"",
            "„open",
            "zu“ „",
            "«",
            "don't 'quote'",
        ] {
            let asked = Asked::read(query);
            assert_eq!((asked.text.as_str(), asked.phrases.len()), (query, 0), "{query}");
        }
    }

    #[test]
    fn a_minus_before_a_word_leaves_it_out() {
        for (query, expected) in [
            ("printer -toner", "printer |  | toner"),
            ("-toner printer", "printer |  | toner"),
            ("printer -toner -ink, please", "printer , please |  | toner, ink"),
            ("printer -\"blank pages\" jam", "printer jam |  | blank pages"),
            ("printer -„leere Seiten“", "printer |  | leere Seiten"),
            ("\"blank pages\" -e-mail", "\"blank pages\" | blank pages | e-mail"),
            ("-toner", "|  | toner"),
            ("打印机 -墨", "打印机 |  | 墨"),
            ("drucker -übung", "drucker |  | übung"),
        ] {
            assert_eq!(shown(query).trim_start(), expected, "{query}");
        }
    }

    #[test]
    fn a_minus_elsewhere_is_text() {
        for query in [
            "e-mail over wi-fi",
            "-",
            "- - -",
            "--",
            "a - b",
            "in- en uitschakelen",
            "-5 degrees",
            "from 3 to -3",
            "--config",
            "zerodesk --config file.toml -v",
            "kill -9",
            "-Dname=value",
            "-p:8080",
            "-a/b",
            "-snake_case",
            "-toner-",
            "-\"open",
            "-\"\"x",
            "x-\"y\"z",
            "−5",
        ] {
            let asked = Asked::read(query);
            assert_eq!((asked.text.as_str(), &asked.excluded), (query, &Vec::new()), "{query}");
        }
    }
}
