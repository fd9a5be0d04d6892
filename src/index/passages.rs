//! An article's lines with the terms on them and where they stand: what sections, snippets and closeness are read from.
//!
//! A line is a title, a question, a heading, a sentence, a list item, a table row or a line of code.
//! The form on disk is read in place, without decoding:
//!
//! | part | bytes | holds |
//! |---|---|---|
//! | mark | 8 | tells where the passages begin among the bytes of a stored document |
//! | head | 16 | counts of lines and tokens, length of the text, length of the sections (u32 each) |
//! | lines | 12 each | start in the text, first token (u32), section (u16), kind (u8), number of telling tokens (u8) |
//! | hashes | 4 each | hash of each token's stem (u32) |
//! | places | 4 each | of each token: start in the line (u16), length (u8), 1 if a stop word, 2 if other tokens stand for its text |
//! | text | | the lines, each ended by a newline |
//! | sections | | JSON of each [`Heading`], ended by a newline |
//!
//! Numbers are little-endian. Hashes stand apart from places, because of most tokens nothing else is ever read.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{
    analysis::{Analyzer, Token, sentences},
    article::{Article, BlockKind},
};

const MARK: &[u8; 8] = b"\x00passage";
const HEAD: usize = 16;
const LINE: usize = 12;
const HASH: usize = 4;
const PLACE: usize = 4;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LineKind {
    /// The article's title.
    Title = 0,
    /// One of its `questions`.
    Question = 1,
    /// Its description.
    Description = 2,
    /// A section's heading.
    Heading = 3,
    /// A sentence, list item, table row or alternative text.
    Text = 4,
    /// A line of code.
    Code = 5,
}

/// Address and headings of a section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Fragment; empty for the lead.
    pub anchor: String,
    /// Outermost first.
    pub path: Vec<String>,
}

/// One line, seen in place.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// What it is.
    pub kind: LineKind,
    /// Number of its section.
    pub section: usize,
    /// Number of tokens that are neither stop words nor extra; 255 for more.
    pub telling: u8,
    text: &'a [u8],
    hashes: &'a [u8],
    places: &'a [u8],
}

/// One token of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineToken {
    /// See [`term_hash`].
    pub hash: u32,
    /// Start in the line's text, in bytes.
    pub start: u16,
    /// Length in bytes.
    pub len: u8,
    /// Whether it is a stop word.
    pub stop: bool,
    /// Whether other tokens stand for its text, too.
    pub extra: bool,
}

impl<'a> Line<'a> {
    /// Its text. Of most lines nobody looks at it, so it is not checked before.
    #[must_use]
    pub fn text(&self) -> &'a str {
        std::str::from_utf8(self.text).unwrap_or_default()
    }

    /// Hashes of the tokens in order; see [`term_hash`].
    #[inline]
    pub fn hashes(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.hashes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The tokens in order. A word with two stems is two tokens at one place.
    #[inline]
    pub fn tokens(&self) -> impl Iterator<Item = LineToken> + use<'a> {
        self.hashes().zip(self.places.as_chunks().0).map(|(hash, place)| LineToken::new(hash, *place))
    }

    /// How many telling tokens there are in a range of places in [`Line::hashes`].
    #[inline]
    #[must_use]
    pub fn telling_within(&self, range: Range<usize>) -> u16 {
        let places = self.places.as_chunks::<PLACE>().0.get(range).unwrap_or_default();
        places.iter().map(|place| u16::from(place[PLACE - 1] == 0)).sum()
    }

    /// The token whose hash is at a place in [`Line::hashes`].
    #[inline]
    #[must_use]
    pub fn token(&self, at: usize) -> Option<LineToken> {
        Some(LineToken::new(
            u32::from_le_bytes(*self.hashes.as_chunks().0.get(at)?),
            *self.places.as_chunks().0.get(at)?,
        ))
    }
}

impl LineToken {
    #[inline]
    const fn new(hash: u32, [low, high, len, mark]: [u8; PLACE]) -> Self {
        Self { hash, start: u16::from_le_bytes([low, high]), len, stop: mark == 1, extra: mark == 2 }
    }

    /// Whether it is a word of its own that says something.
    #[inline]
    #[must_use]
    pub const fn is_telling(self) -> bool {
        !self.stop && !self.extra
    }
}

/// A view of the stored bytes.
#[derive(Debug, Clone, Copy)]
pub struct Passages<'a> {
    lines: &'a [u8],
    hashes: &'a [u8],
    places: &'a [u8],
    text: &'a [u8],
    sections: &'a [u8],
}

impl<'a> Passages<'a> {
    /// Finds the mark and reads the head; `None` when there is not what `encode` writes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let begin = bytes.windows(MARK.len()).position(|window| window == MARK)?;
        let bytes = &bytes[begin + MARK.len()..];
        let count = |at: usize| bytes.get(at..at + 4).map(read_u32);
        let (lines, tokens) = (count(0)? * LINE, count(4)?);
        let (text, sections) = (count(8)?, count(12)?);
        let rest = bytes.get(HEAD..)?;
        let (lines, rest) = rest.split_at_checked(lines)?;
        let (hashes, rest) = rest.split_at_checked(tokens * HASH)?;
        let (places, rest) = rest.split_at_checked(tokens * PLACE)?;
        let (text, rest) = rest.split_at_checked(text)?;
        Some(Self { lines, hashes, places, text, sections: rest.get(..sections)? })
    }

    /// The lines in reading order; titles, questions and description come first.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let passages = *self;
        (0..self.lines.len() / LINE).filter_map(move |at| passages.line(at))
    }

    /// The line at a place in reading order; `None` behind the last, or where it cannot be read.
    #[inline]
    #[must_use]
    pub fn line(&self, at: usize) -> Option<Line<'a>> {
        let Self { lines, hashes, places, text, .. } = *self;
        let (lines, _) = lines.as_chunks::<LINE>();
        let line = lines.get(at)?;
        let (text_end, token_end) = match lines.get(at + 1) {
            Some(next) => (read_u32(next), read_u32(&next[4..])),
            None => (text.len(), hashes.len() / HASH),
        };
        let token = read_u32(&line[4..]);
        Some(Line {
            kind: kind(line[10])?,
            section: usize::from(u16::from_le_bytes([line[8], line[9]])),
            text: text.get(read_u32(line)..text_end.saturating_sub(1))?,
            telling: line[11],
            hashes: hashes.get(token * HASH..token_end * HASH)?,
            places: places.get(token * PLACE..token_end * PLACE)?,
        })
    }

    /// The sections' addresses.
    pub fn sections(&self) -> impl Iterator<Item = Heading> + use<'a> {
        self.headings().map(heading)
    }

    /// The address of a section by its number.
    #[must_use]
    pub fn section(&self, number: usize) -> Heading {
        self.headings().nth(number).map(heading).unwrap_or_default()
    }

    fn headings(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.sections.split_inclusive(|byte| *byte == b'\n')
    }
}

#[inline]
fn read_u32(bytes: &[u8]) -> usize {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize
}

/// Empty where it cannot be read.
fn heading(json: &[u8]) -> Heading {
    serde_json::from_slice(json).unwrap_or_default()
}

fn kind(byte: u8) -> Option<LineKind> {
    use LineKind::{Code, Description, Heading, Question, Text, Title};
    [Title, Question, Description, Heading, Text, Code].get(usize::from(byte)).copied()
}

/// A term in 32 bits (FNV-1a); compared with the few terms of a query, so a clash is of no account.
#[must_use]
pub fn term_hash(stem: &str) -> u32 {
    stem.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Collects lines and writes them in the stored form; `sink` gets every token.
struct Encoder<F> {
    sink: F,
    lines: Vec<u8>,
    hashes: Vec<u8>,
    places: Vec<u8>,
    text: String,
}

impl<F: FnMut(LineKind, &Token)> Encoder<F> {
    fn new(sink: F) -> Self {
        Self { sink, lines: Vec::new(), hashes: Vec::new(), places: Vec::new(), text: String::new() }
    }

    fn line(&mut self, analyzer: &mut Analyzer, kind: LineKind, section: usize, text: &str) {
        self.lines.extend((self.text.len() as u32).to_le_bytes());
        self.lines.extend(((self.hashes.len() / HASH) as u32).to_le_bytes());
        self.lines.extend(u16::try_from(section).unwrap_or(u16::MAX).to_le_bytes());
        let Self { sink, hashes, places, .. } = self;
        let mut telling = 0_u8;
        analyzer.analyze_all(text, |token| {
            sink(kind, &token);
            let mark = if token.extra { 2 } else { u8::from(token.forms.stop) };
            for stem in token.forms.stems() {
                hashes.extend(term_hash(stem).to_le_bytes());
                places.extend((token.span.start as u16).to_le_bytes());
                places.extend([u8::try_from(token.span.len()).unwrap_or(u8::MAX), mark]);
                telling = telling.saturating_add(u8::from(mark == 0));
            }
        });
        self.lines.extend([kind as u8, telling]);
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn pieces(&mut self, analyzer: &mut Analyzer, kind: LineKind, section: usize, text: &str) {
        let ranges: Vec<Range<usize>> = match kind {
            LineKind::Code => text.lines().flat_map(|line| sentences(line).map(|r| shifted(text, line, &r))).collect(),
            _ => sentences(text).collect(),
        };
        for range in ranges {
            self.line(analyzer, kind, section, &text[range]);
        }
    }

    fn finish(self, sections: &[u8]) -> Vec<u8> {
        let counts = [self.lines.len() / LINE, self.hashes.len() / HASH, self.text.len(), sections.len()];
        let head = counts.into_iter().flat_map(|count| (count as u32).to_le_bytes());
        let mark = MARK.iter().copied();
        mark.chain(head)
            .chain(self.lines)
            .chain(self.hashes)
            .chain(self.places)
            .chain(self.text.into_bytes())
            .chain(sections.iter().copied())
            .collect()
    }
}

/// `range` of `line`, which is part of `text`, as a range of `text`.
fn shifted(text: &str, line: &str, range: &Range<usize>) -> Range<usize> {
    let offset = line.as_ptr() as usize - text.as_ptr() as usize;
    range.start + offset..range.end + offset
}

/// The stored form of a question that stands in no article.
#[must_use]
pub fn encode_question(question: &str, analyzer: &mut Analyzer) -> Vec<u8> {
    let mut encoder = Encoder::new(|_, _: &Token| {});
    encoder.line(analyzer, LineKind::Question, 0, question);
    encoder.finish(b"")
}

/// The stored form of an article's lines; `sink` gets every token with the kind of its line, so that a text is analysed
/// once for all uses.
pub fn encode(article: &Article, analyzer: &mut Analyzer, sink: impl FnMut(LineKind, &Token)) -> Vec<u8> {
    let mut encoder = Encoder::new(sink);
    let front = &article.front_matter;
    encoder.pieces(analyzer, LineKind::Title, 0, &front.title);
    for question in &front.questions {
        encoder.pieces(analyzer, LineKind::Question, 0, question);
    }
    if let Some(description) = &front.description {
        encoder.pieces(analyzer, LineKind::Description, 0, description);
    }
    for (at, section) in article.sections.iter().enumerate() {
        if let Some(heading) = section.heading.last() {
            encoder.pieces(analyzer, LineKind::Heading, at, heading);
        }
        for block in &section.blocks {
            let kind = if block.kind == BlockKind::Code { LineKind::Code } else { LineKind::Text };
            encoder.pieces(analyzer, kind, at, &block.text);
        }
    }
    let mut sections = Vec::new();
    for section in &article.sections {
        let heading = Heading { anchor: section.anchor.clone(), path: section.heading.clone() };
        sections.extend(serde_json::to_vec(&heading).unwrap_or_default());
        sections.push(b'\n');
    }
    encoder.finish(&sections)
}
