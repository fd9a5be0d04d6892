//! Reads the lines of the best articles: which line says it best, and which section.
//!
//! One sentence, list item or title that carries most of a question is better evidence than the
//! same words spread over a long article.

use super::{rank::Ranking, understand::Understood};
use crate::index::{Line, LineKind, LineToken, Snapshot, Stored, term_hash};

/// Weight of the best line against the article's share of the reachable score.
const BEST_LINE: f32 = 0.5;
/// Information of a word that the query does not have, as a share of the highest possible.
const OTHER_WORD: f32 = 0.6;
/// Size of the table that tells most words apart from those of the query at once.
const SIEVE: usize = 1024;

/// What reading an article came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    /// Likeness (cosine of TF-IDF vectors) of the best line, 0..1.
    pub line_likeness: f32,
    /// Share of the query's information on the best line, 0..1.
    pub line_coverage: f32,
    /// Share of the query's information in the best section with its headings, 0..1.
    pub section_coverage: f32,
    /// Share of the query's information in the title or one of the questions, 0..1.
    pub title_coverage: f32,
}

/// What one line has of the query.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineMatch {
    /// Concepts, by bit.
    pub concepts: u32,
    /// See [`Reading::line_likeness`].
    pub likeness: f32,
}

/// Knows the query's stems and what they weigh.
pub(super) struct Reader {
    stems: Vec<(u32, Stem)>,
    sieve: [u64; SIEVE / 64],
    information: Vec<f32>,
    total: f32,
    norm: f32,
    other: f32,
}

#[derive(Debug, Clone, Copy)]
struct Stem {
    concept: usize,
    weight: f32,
}

impl Reader {
    pub(super) fn new(understood: &Understood, ranking: &Ranking, snapshot: &Snapshot) -> Self {
        let mut stems = Vec::new();
        let mut sieve = [0; SIEVE / 64];
        for (concept, words) in understood.concepts.iter().enumerate() {
            for variant in &words.variants {
                let hash = term_hash(&variant.stem);
                stems.push((hash, Stem { concept, weight: variant.weight }));
                sieve[hash as usize % SIEVE / 64] |= 1 << (hash % 64);
            }
        }
        stems.sort_unstable_by_key(|(hash, _)| *hash);
        let articles = snapshot.statistics(&understood.language).map_or(1, |s| s.articles) as f32;
        let square = |sum: f32, information: &f32| sum + information * information;
        Self {
            stems,
            sieve,
            total: ranking.information.iter().sum::<f32>().max(f32::MIN_POSITIVE),
            norm: ranking.information.iter().fold(0.0, square).sqrt().max(f32::MIN_POSITIVE),
            information: ranking.information.clone(),
            other: OTHER_WORD * (1.0 + articles).ln(),
        }
    }

    /// Share of the query's information that these concepts carry.
    pub(super) fn coverage(&self, concepts: u32) -> f32 {
        let carried =
            |sum, (bit, information): (usize, &f32)| if concepts >> bit & 1 == 1 { sum + information } else { sum };
        self.information.iter().enumerate().fold(0.0, carried) / self.total
    }

    /// The concepts that a token stands for: a compound is all its parts.
    fn concepts(&self, token: LineToken) -> &[(u32, Stem)] {
        if self.sieve[token.hash as usize % SIEVE / 64] >> (token.hash % 64) & 1 == 0 {
            return &[];
        }
        let from = self.stems.partition_point(|(hash, _)| *hash < token.hash);
        let length = self.stems[from..].iter().take_while(|(hash, _)| *hash == token.hash).count();
        &self.stems[from..from + length]
    }

    /// Whether a token is worth marking: a word of the query that is no stop word.
    pub(super) fn is_marked(&self, token: LineToken) -> bool {
        !token.stop && !self.concepts(token).is_empty()
    }

    pub(super) fn line(&self, line: &Line) -> LineMatch {
        let mut weights = [0.0_f32; u32::BITS as usize];
        let (mut concepts, mut others) = (0_u32, 0.0_f32);
        for token in line.tokens() {
            let found = self.concepts(token);
            for (_, stem) in found {
                concepts |= 1 << stem.concept;
                weights[stem.concept] = weights[stem.concept].max(stem.weight);
            }
            others += if found.is_empty() && !token.stop && !token.extra { 1.0 } else { 0.0 };
        }
        if concepts == 0 {
            return LineMatch::default();
        }
        let (mut product, mut norm) = (0.0, others * self.other * self.other);
        for (information, weight) in self.information.iter().zip(weights) {
            product += information * information * weight;
            norm += if weight > 0.0 { information * information } else { 0.0 };
        }
        LineMatch { concepts, likeness: product / (self.norm * norm.sqrt().max(f32::MIN_POSITIVE)) }
    }

    pub(super) fn read(&self, stored: &Stored) -> Option<Reading> {
        let passages = stored.passages()?;
        let mut reading = Reading::default();
        let mut section = (usize::MAX, 0_u32);
        for line in passages.lines() {
            let matched = self.line(&line);
            if matched.concepts == 0 && line.kind != LineKind::Heading {
                continue;
            }
            let coverage = self.coverage(matched.concepts);
            reading.line_likeness = reading.line_likeness.max(matched.likeness);
            reading.line_coverage = reading.line_coverage.max(coverage);
            if matches!(line.kind, LineKind::Title | LineKind::Question) {
                reading.title_coverage = reading.title_coverage.max(coverage);
                continue;
            }
            section = if section.0 == line.section { section } else { (line.section, 0) };
            section.1 |= matched.concepts;
            reading.section_coverage = reading.section_coverage.max(self.coverage(section.1));
        }
        Some(reading)
    }
}

/// The ranking score: the share of the reachable score, lifted by what was read.
pub(super) fn score(share: f32, reading: Option<&Reading>) -> f32 {
    parts(reading).iter().fold(share, |score, (_, value, weight)| score + weight * value)
}

/// What reading adds to the share of the reachable score: name, value and weight of each part.
pub(super) fn parts(reading: Option<&Reading>) -> [(&'static str, f32, f32); 1] {
    [("best_line", reading.map_or(0.0, |reading| reading.line_likeness), BEST_LINE)]
}
