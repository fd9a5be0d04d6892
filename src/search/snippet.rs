//! The best sections of a hit, each with the passage that fits best.

use super::{SectionHit, read::Reader};
use crate::index::{Heading, Line, LineKind, Passages, Stored};

/// Sections of one hit.
const MAX_SECTIONS: usize = 3;
/// Characters up to which the following lines are added to a passage.
const ENOUGH_CHARS: usize = 180;
/// Longest snippet in characters.
const MAX_CHARS: usize = 260;

/// What a section has of the query.
#[derive(Default)]
struct Scored {
    section: usize,
    concepts: u32,
    likeness: f32,
    /// Its last line, and the one that fits best of those that may be shown.
    last: usize,
    best: usize,
    best_likeness: f32,
    /// Whether that is a heading, because there is nothing else so far.
    heading: bool,
}

/// The sections of an article that have most of the query, best first.
pub(super) fn sections(stored: &Stored, reader: &Reader) -> Vec<SectionHit> {
    let Some(passages) = stored.passages() else { return Vec::new() };
    let mut found = score(&passages, reader);
    let worth = |s: &Scored| reader.coverage(s.concepts) + s.likeness;
    found.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.section.cmp(&b.section)));
    let best = found.first().map_or(0.0, worth);
    let headings = passages.sections();
    found
        .iter()
        .take(MAX_SECTIONS)
        .filter(|s| worth(s) > 0.0 && worth(s) >= 0.4 * best)
        .map(|s| section_hit(s, &passages, headings.get(s.section), reader))
        .collect()
}

fn score(passages: &Passages, reader: &Reader) -> Vec<Scored> {
    let mut scored: Vec<Scored> = Vec::new();
    for (at, line) in passages.lines().enumerate() {
        if matches!(line.kind, LineKind::Title | LineKind::Question) {
            continue;
        }
        if scored.last().is_none_or(|last| last.section != line.section) {
            let heading = line.kind == LineKind::Heading;
            scored.push(Scored { section: line.section, last: at, best: at, heading, ..Scored::default() });
        }
        let Some(section) = scored.last_mut() else { continue };
        let matched = reader.line(&line);
        section.concepts |= matched.concepts;
        section.likeness = section.likeness.max(matched.likeness);
        section.last = at;
        // A heading is shown above the snippet anyway.
        let shown = line.kind != LineKind::Heading;
        if shown && (section.heading || matched.likeness > section.best_likeness) {
            (section.best, section.best_likeness, section.heading) = (at, matched.likeness, false);
        }
    }
    // A match in title or questions alone still shows how the article begins.
    if let Some(lead) = scored.first_mut() {
        lead.likeness = lead.likeness.max(0.01);
    }
    scored
}

fn section_hit(scored: &Scored, passages: &Passages, heading: Option<&Heading>, reader: &Reader) -> SectionHit {
    let mut passage = Passage::default();
    for line in (scored.best..=scored.last).map_while(|at| passages.line(at)) {
        if line.kind == LineKind::Heading || passage.chars >= ENOUGH_CHARS {
            break;
        }
        passage.add(&line, reader);
    }
    let heading = heading.cloned().unwrap_or(Heading { anchor: String::new(), path: Vec::new() });
    SectionHit { anchor: heading.anchor, heading: heading.path, snippet: passage.text, highlights: passage.highlights }
}

/// A snippet while it is put together.
#[derive(Default)]
struct Passage {
    text: String,
    chars: usize,
    highlights: Vec<[u32; 2]>,
}

impl Passage {
    fn add(&mut self, line: &Line, reader: &Reader) {
        let room = MAX_CHARS.saturating_sub(self.chars);
        let Some(end) = cut(line.text, room) else { return };
        if !self.text.is_empty() {
            self.text.push(' ');
            self.chars += 1;
        }
        let text = &line.text[..end];
        for token in line.tokens().filter(|token| reader.is_marked(*token)) {
            let (start, stop) = (usize::from(token.start), usize::from(token.start) + usize::from(token.len));
            let (Some(before), Some(marked)) = (text.get(..start), text.get(start..stop)) else { continue };
            let from = self.chars + before.chars().count();
            let [from, to] = [from as u32, (from + marked.chars().count()) as u32];
            match self.highlights.last_mut() {
                // Parts of a word, and pairs of characters where words have no spaces, lie over each other.
                Some([begin, end]) if from < *end => (*begin, *end) = ((*begin).min(from), (*end).max(to)),
                _ => self.highlights.push([from, to]),
            }
        }
        self.text.push_str(text);
        self.chars += text.chars().count();
        if end < line.text.len() {
            self.text.push('…');
            self.chars = MAX_CHARS;
        }
    }
}

/// Where to cut a line that must fit into `room` characters: at its end, else after a word; `None` where nothing fits.
fn cut(text: &str, room: usize) -> Option<usize> {
    match text.char_indices().nth(room) {
        None => Some(text.len()),
        Some((limit, _)) => match text[..limit].rfind(char::is_whitespace) {
            Some(space) if space > 0 => Some(text[..space].trim_end().len()),
            _ if room >= MAX_CHARS => Some(limit),
            _ => None,
        },
    }
}
