//! Reads the lines of the best articles: which line says it best, and which section.
//!
//! One sentence, list item or title that carries most of a question is better evidence than the
//! same words spread over a long article.

use super::{
    RankingModel,
    learned::Evidence,
    model::LineWeights,
    rank::{Ranked, Ranking},
    snippet::Sections,
    understand::Understood,
    whole::Whole,
};
use crate::index::{Line, LineKind, LineToken, Snapshot, Stored, term_hash};

/// Size of the table that tells most words apart from those of the query at once.
const SIEVE: usize = 4096;

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
    /// The same, or in one of the headings.
    pub named_coverage: f32,
    /// How well the best line fits: its likeness, lifted by closeness.
    pub best: f32,
    /// How well the title fits, or the best of the questions.
    pub title: f32,
    /// Closeness on the best line, 0..1.
    pub closeness: f32,
    /// How far one title, question or heading says the whole query, 0..1.
    pub whole: f32,
}

/// What one line has of the query.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct LineMatch {
    /// Concepts, by bit.
    pub concepts: u32,
    /// See [`Reading::line_likeness`].
    pub likeness: f32,
    /// How far words that follow one another in the query do so here, 0..1; words between them count against it.
    pub closeness: f32,
}

/// Knows the query's stems and what they weigh.
pub(super) struct Reader {
    stems: Vec<(u32, Stem)>,
    sieve: [u64; SIEVE / 64],
    information: Vec<f32>,
    /// Share of each concept in all information.
    shares: Vec<f32>,
    reachable: f32,
    /// What one unit of information is of all information.
    share_of_all: f32,
    norm: f32,
    other: f32,
    inflected: f32,
    lines: LineWeights,
    /// For each concept the one that stands before it in the query, and what the pair weighs.
    pairs: Vec<Option<(usize, f32)>>,
    /// Length in bytes of each word as typed.
    lengths: Vec<u8>,
    whole: Whole,
}

#[derive(Debug, Clone, Copy)]
struct Stem {
    concept: usize,
    weight: f32,
}

impl Reader {
    pub(super) fn new(model: &RankingModel, understood: &Understood, ranking: &Ranking, snapshot: &Snapshot) -> Self {
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
        let total = ranking.information.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let square = |sum: f32, information: &f32| sum + information * information;
        Self {
            stems,
            sieve,
            shares: ranking.information.iter().map(|information| information / total).collect(),
            share_of_all: 1.0 / total,
            reachable: ranking.reachable.max(f32::MIN_POSITIVE),
            norm: ranking.information.iter().fold(0.0, square).sqrt().max(f32::MIN_POSITIVE),
            information: ranking.information.clone(),
            other: model.lines.other_word * (1.0 + articles).ln(),
            inflected: model.variants.inflected,
            lines: model.lines.clone(),
            pairs: pairs(understood, ranking),
            lengths: understood.concepts.iter().map(|c| u8::try_from(c.typed_bytes).unwrap_or(u8::MAX)).collect(),
            whole: Whole::new(understood),
        }
    }

    /// Share of the query's information that these concepts carry.
    pub(super) fn coverage(&self, concepts: u32) -> f32 {
        self.shares.iter().enumerate().filter(|(bit, _)| concepts >> bit & 1 == 1).map(|(_, share)| share).sum()
    }

    /// Tells most other words at once.
    #[inline]
    fn may_be_asked(&self, hash: u32) -> bool {
        self.sieve[hash as usize % SIEVE / 64] >> (hash % 64) & 1 == 1
    }

    /// The concepts that a token stands for: a compound is all its parts.
    #[inline]
    fn concepts(&self, hash: u32) -> &[(u32, Stem)] {
        if !self.may_be_asked(hash) {
            return &[];
        }
        let from = self.stems.partition_point(|(other, _)| *other < hash);
        let length = self.stems[from..].iter().take_while(|(other, _)| *other == hash).count();
        &self.stems[from..from + length]
    }

    /// Whether a token is worth marking: a word of the query that is no stop word.
    pub(super) fn is_marked(&self, token: LineToken) -> bool {
        !token.stop && !self.concepts(token.hash).is_empty()
    }

    /// The hashes of all stems that are looked for.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u32> {
        self.stems.iter().map(|(hash, _)| *hash)
    }

    pub(super) fn line(&self, line: &Line) -> LineMatch {
        // Most lines have nothing of the query.
        if !line.hashes().any(|hash| self.may_be_asked(hash)) {
            return LineMatch::default();
        }
        let mut weights = [0.0_f32; u32::BITS as usize];
        let (mut concepts, mut others) = (0_u32, line.telling);
        let mut neighbours = Neighbours::default();
        let mut counted = 0;
        // Of most words nothing but their hash is ever looked at.
        for (at, hash) in line.hashes().enumerate() {
            let found = self.concepts(hash);
            let Some(token) = (!found.is_empty()).then(|| line.token(at)).flatten() else { continue };
            neighbours.place += line.telling_within(counted..at);
            counted = at;
            for (_, stem) in found {
                let at = stem.concept;
                concepts |= 1 << at;
                let same_form = stem.weight < 1.0 || token.len == self.lengths[at];
                let weight = if same_form { stem.weight } else { stem.weight * self.inflected };
                weights[at] = weights[at].max(weight);
                neighbours.see(at, self.pairs[at]);
            }
            others = others.saturating_sub(u8::from(token.is_telling()));
        }
        if concepts == 0 {
            return LineMatch::default();
        }
        let (mut product, mut norm) = (0.0, f32::from(others) * self.other * self.other);
        for (information, weight) in self.information.iter().zip(weights) {
            product += information * information * weight;
            norm += if weight > 0.0 { information * information } else { 0.0 };
        }
        let likeness = product / (self.norm * norm.sqrt().max(f32::MIN_POSITIVE));
        LineMatch { concepts, likeness, closeness: neighbours.closeness }
    }

    /// Reads an article, and finds what each of its sections has of the query.
    pub(super) fn read(&self, stored: &Stored) -> (Reading, Sections) {
        let (mut reading, mut sections) = (Reading::default(), Sections::default());
        for (at, line) in stored.passages().into_iter().flat_map(|passages| passages.lines()).enumerate() {
            let matched = self.line(&line);
            let is_name = matches!(line.kind, LineKind::Title | LineKind::Question);
            if !is_name {
                sections.begin(at, line.section);
            }
            if matched.concepts == 0 {
                continue;
            }
            self.take_in(&mut reading, line.kind, &matched, self.coverage(matched.concepts));
            if is_name || line.kind == LineKind::Heading {
                reading.whole = self.whole.most(reading.whole, &line, matched.concepts);
            }
            if !is_name {
                let concepts = sections.take_in(at, &line, &matched);
                reading.section_coverage = reading.section_coverage.max(self.coverage(concepts));
            }
        }
        (reading, sections)
    }

    /// An article's share of the score that the query could reach.
    pub(super) fn share(&self, ranked: &Ranked) -> f32 {
        ranked.score / self.reachable
    }

    /// What the index alone tells of an article's lines.
    pub(super) fn unread(&self, ranked: &Ranked) -> Reading {
        let named_coverage = ranked.named * self.share_of_all;
        Reading { named_coverage, whole: self.whole.promise(ranked, named_coverage), ..Reading::default() }
    }

    /// How good an article promises to be, before it is read.
    pub(super) fn estimate(&self, ranked: &Ranked) -> f32 {
        let parts = self.parts(ranked, &self.unread(ranked));
        parts.into_iter().fold(self.share(ranked), |sum, (_, value, weight)| sum + value * weight)
    }

    fn take_in(&self, reading: &mut Reading, kind: LineKind, line: &LineMatch, coverage: f32) {
        reading.line_likeness = reading.line_likeness.max(line.likeness);
        reading.line_coverage = reading.line_coverage.max(coverage);
        let fit = line.likeness * (1.0 + self.lines.closeness * line.closeness);
        if fit > reading.best {
            (reading.best, reading.closeness) = (fit, line.closeness);
        }
        if matches!(kind, LineKind::Title | LineKind::Question) {
            reading.title = reading.title.max(fit);
            reading.title_coverage = reading.title_coverage.max(coverage);
        }
        if matches!(kind, LineKind::Title | LineKind::Question | LineKind::Heading) {
            reading.named_coverage = reading.named_coverage.max(coverage);
        }
    }

    /// Takes in a learned question as one of the article's own, by how surely it was asked.
    pub(super) fn learn(&self, reading: &mut Reading, evidence: &Evidence) {
        let (likeness, matched) = (evidence.value(), evidence.matched);
        let coverage = likeness * self.coverage(matched.concepts);
        self.take_in(reading, LineKind::Question, &LineMatch { likeness, ..matched }, coverage);
        reading.section_coverage = reading.section_coverage.max(coverage);
    }

    /// What reading adds to the share of the reachable score: name, value and weight of each part.
    pub(super) fn parts(&self, ranked: &Ranked, reading: &Reading) -> [(&'static str, f32, f32); 5] {
        let LineWeights { best, title, named, coverage, whole, .. } = self.lines;
        [
            ("best_line", reading.best, best),
            ("title", reading.title, title),
            ("named", reading.named_coverage.powi(2), named),
            ("coverage", ranked.covered * self.share_of_all, coverage),
            ("whole", reading.whole, whole),
        ]
    }
}

/// For each concept the telling word before it in the query, and the share that the pair has of all pairs.
fn pairs(understood: &Understood, ranking: &Ranking) -> Vec<Option<(usize, f32)>> {
    let information = |at: usize| ranking.information.get(at).copied().unwrap_or(0.0);
    let telling = understood.concepts.iter().enumerate().filter(|(_, concept)| !concept.stop && !concept.part);
    let telling: Vec<usize> = telling.map(|(at, _)| at).collect();
    let weigh = |pair: &[usize]| information(pair[0]).min(information(pair[1]));
    let all = telling.windows(2).map(weigh).sum::<f32>().max(f32::MIN_POSITIVE);
    let mut pairs = vec![None; understood.concepts.len()];
    for pair in telling.windows(2) {
        pairs[pair[1]] = Some((pair[0], weigh(pair) / all));
    }
    pairs
}

/// Follows the words of a line, to see which stand together as in the query.
#[derive(Default)]
struct Neighbours {
    /// Words so far that are no stop words.
    place: u16,
    /// Place of each concept, from 1; 0 where it was not seen.
    last: [u16; u32::BITS as usize],
    /// What each concept and the one before it come to.
    close: [f32; u32::BITS as usize],
    closeness: f32,
}

impl Neighbours {
    fn see(&mut self, concept: usize, pair: Option<(usize, f32)>) {
        let place = self.place + 1;
        if let Some((before, weight)) = pair
            && self.last[before] != 0
        {
            // A compound holds both at one place.
            let near = weight / f32::from((place - self.last[before]).max(1));
            let more = (near - self.close[concept]).max(0.0);
            self.close[concept] += more;
            self.closeness += more;
        }
        self.last[concept] = place;
    }
}
