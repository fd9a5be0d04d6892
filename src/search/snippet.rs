//! The best sections of a hit, each with the passage that fits best.

use super::{
    SectionHit,
    read::{LineMatch, Reader},
};
use crate::index::{Heading, Line, LineKind, Passages, Stored};

/// Sections of one hit.
const MAX_SECTIONS: usize = 3;
/// Characters up to which the following lines are added to a passage.
const ENOUGH_CHARS: usize = 180;
/// Longest snippet in characters.
const MAX_CHARS: usize = 260;
/// Likeness that the first section has at least.
const LEAD: f32 = 0.01;

/// What the sections of an article have of the query, in reading order; those that have nothing are left out.
#[derive(Default)]
pub(super) struct Sections {
    found: Vec<Scored>,
    /// The first section and its first line: shown where no section has anything.
    lead: Option<(usize, usize)>,
}

#[derive(Clone, Copy)]
struct Scored {
    section: usize,
    concepts: u32,
    likeness: f32,
    /// The line that fits best of those that may be shown, or one before them.
    best: usize,
    best_likeness: f32,
}

impl Sections {
    /// Says that a line that is neither title nor question belongs to a section.
    #[inline]
    pub(super) fn begin(&mut self, at: usize, section: usize) {
        self.lead.get_or_insert((section, at));
    }

    /// Takes a line with something of the query in; what the section has so far.
    pub(super) fn take_in(&mut self, at: usize, line: &Line, matched: &LineMatch) -> u32 {
        let new = Scored { section: line.section, concepts: 0, likeness: 0.0, best: at, best_likeness: 0.0 };
        let section = match self.found.last_mut() {
            Some(last) if last.section == line.section => last,
            _ => self.found.push_mut(new),
        };
        section.concepts |= matched.concepts;
        section.likeness = section.likeness.max(matched.likeness);
        // A heading is shown above the snippet anyway.
        if line.kind != LineKind::Heading && matched.likeness > section.best_likeness {
            (section.best, section.best_likeness) = (at, matched.likeness);
        }
        section.concepts
    }

    /// Those that have most of the query, best first.
    pub(super) fn hits(&self, stored: &Stored, reader: &Reader) -> Vec<SectionHit> {
        let Some(passages) = stored.passages() else { return Vec::new() };
        // A match in title or questions alone still shows how the article begins.
        let mut found = self.found.clone();
        if let Some((section, at)) = self.lead {
            match found.first_mut() {
                Some(lead) if lead.section == section => lead.likeness = lead.likeness.max(LEAD),
                _ => {
                    let lead = Scored { section, concepts: 0, likeness: LEAD, best: at, best_likeness: 0.0 };
                    found.insert(0, lead);
                }
            }
        }
        let worth = |s: &Scored| reader.coverage(s.concepts) + s.likeness;
        found.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.section.cmp(&b.section)));
        let best = found.first().map_or(0.0, worth);
        let shown = found.iter().take(MAX_SECTIONS).filter(|s| worth(s) > 0.0 && worth(s) >= 0.4 * best);
        shown.map(|section| section_hit(section, &passages, reader)).collect()
    }
}

fn section_hit(scored: &Scored, passages: &Passages, reader: &Reader) -> SectionHit {
    let mut passage = Passage::default();
    let lines = (scored.best..).map_while(|at| passages.line(at)).take_while(|line| line.section == scored.section);
    for line in lines.skip_while(|line| line.kind == LineKind::Heading) {
        if line.kind == LineKind::Heading || passage.chars >= ENOUGH_CHARS {
            break;
        }
        passage.add(&line, reader);
    }
    let Heading { anchor, path } = passages.section(scored.section);
    SectionHit { anchor, heading: path, snippet: passage.text, highlights: passage.highlights }
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
        let line_text = line.text();
        let Some(end) = cut(line_text, room) else { return };
        if !self.text.is_empty() {
            self.text.push(' ');
            self.chars += 1;
        }
        let text = &line_text[..end];
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
        if end < line_text.len() {
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
