//! In which articles each word stands and what that comes to, kept from search to search.
//!
//! What an article scores for a word depends on the articles and the weights alone, so it is added up over the fields
//! once and used by every later query with that word. Queries are made of few words over and over, so most searches
//! never open a posting list of the index.

use std::{io, sync::Arc};

use quick_cache::{Weighter, sync::Cache};

use super::{
    RankingModel,
    rank::{Weights, terms},
    understand::{Concept, Variant},
};
use crate::index::{Generation, Snapshot, TextField};

/// Most bytes that are kept.
const BYTES: u64 = 16 * 1024 * 1024;
/// What an entry takes beside its postings and its key, in bytes.
const OVERHEAD: u64 = 80;

/// One article that has a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Posting {
    /// Its place in the catalog, and in the highest bit whether a title, question or heading has the word.
    marked: u32,
    /// Its occurrences, weighed by field and saturated.
    pub weight: f32,
}

const NAMED: u32 = 1 << 31;

impl Posting {
    /// Its place in the catalog.
    #[inline]
    pub(super) const fn place(self) -> usize {
        (self.marked & !NAMED) as usize
    }

    /// Whether a title, question or heading has the word.
    #[inline]
    pub(super) const fn is_named(self) -> bool {
        self.marked & NAMED != 0
    }
}

/// The words of one generation of the index under one model.
pub(super) struct Postings {
    generation: Generation,
    kept: Cache<Box<str>, Arc<[Posting]>, Size>,
}

#[derive(Clone)]
struct Size;

impl Weighter<Box<str>, Arc<[Posting]>> for Size {
    fn weight(&self, key: &Box<str>, postings: &Arc<[Posting]>) -> u64 {
        OVERHEAD + (key.len() + size_of_val::<[Posting]>(postings)) as u64
    }
}

impl Postings {
    pub(super) fn new(generation: Generation) -> Self {
        Self { generation, kept: Cache::with_weighter(1000, BYTES, Size) }
    }

    /// Whether they are those of a snapshot.
    pub(super) fn are_of(&self, snapshot: &Snapshot) -> bool {
        self.generation == *snapshot.generation()
    }

    /// The articles of a language that have a variant of a concept, in order of their places.
    ///
    /// # Errors
    /// The index cannot be read.
    pub(super) fn of(
        &self,
        (snapshot, model, weights): (&Snapshot, &RankingModel, &Weights),
        language: &str,
        (concept, variant): (&Concept, &Variant),
    ) -> io::Result<Arc<[Posting]>> {
        let mut key = String::with_capacity(64);
        key.push_str(language);
        terms(model, concept, variant).for_each(|term| key.push_str(&term.text));
        if let Some(kept) = self.kept.get(key.as_str()) {
            return Ok(kept);
        }
        let mut found: Vec<Posting> = Vec::new();
        for term in terms(model, concept, variant) {
            for field in term.fields.iter().copied() {
                let mark = if TextField::WITH_FORMS.contains(&field) { NAMED } else { 0 };
                snapshot.occurrences(field, language, &term.text, |place, count| {
                    let weight = term.weight * weights.weigh(field, count, snapshot.lengths(place)[field as usize]);
                    found.push(Posting { marked: place as u32 | mark, weight });
                })?;
            }
        }
        // Stable, so that the weights of fields are always added in the same order.
        found.sort_by_key(|posting| posting.place());
        found.dedup_by(|next, kept| {
            let same = next.place() == kept.place();
            if same {
                kept.marked |= next.marked;
                kept.weight += next.weight;
            }
            same
        });
        for posting in &mut found {
            posting.weight = weights.saturate(posting.weight);
        }
        let found: Arc<[Posting]> = found.into();
        self.kept.insert(key.into(), Arc::clone(&found));
        Ok(found)
    }
}
