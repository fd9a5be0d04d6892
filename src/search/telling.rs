//! What the words of a text tell, for comparing texts with one another as search would.
//!
//! Questions that had no answer are gathered by what they ask; that uses the same chain and the same
//! articles as a search does, so that two phrasings which search takes for one are one here, too. It
//! ranks nothing.

use std::{collections::HashMap, sync::Arc};

use super::{SearchError, Searcher, rank::idf};
use crate::{
    analysis::{Analyzer, Language},
    index::Snapshot,
};

/// A word of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TellingWord {
    /// Its stem.
    pub stem: String,
    /// As it was typed, normalised.
    pub surface: String,
    /// How much it says among the articles (IDF): the fewer have it, the more.
    pub information: f32,
    /// Whether any article has it.
    pub known: bool,
    /// Whether it is one of the little words that say little.
    pub stop: bool,
}

/// Reads texts of one language; remembers the words it has seen.
pub struct TextReader {
    snapshot: Arc<Snapshot>,
    analyzer: Analyzer,
    frequencies: HashMap<String, u32>,
}

impl Searcher {
    /// A reader of texts in `language`, by the articles as they are now.
    #[must_use]
    pub fn text_reader(&self, language: &str) -> TextReader {
        let analyzer = Analyzer::new(Language::new(language));
        TextReader { snapshot: self.snapshot(), analyzer, frequencies: HashMap::new() }
    }
}

impl TextReader {
    /// The words of a text, each once, in their order.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn read(&mut self, text: &str) -> Result<Vec<TellingWord>, SearchError> {
        let mut forms = Vec::new();
        self.analyzer.analyze(text, |token| {
            if !forms.contains(&token.forms) {
                forms.push(token.forms);
            }
        });
        let language = self.analyzer.language().clone();
        let articles = self.snapshot.statistics(language.code()).map_or(0, |statistics| statistics.articles);
        let mut words = Vec::with_capacity(forms.len());
        for forms in forms {
            let frequency = if let Some(known) = self.frequencies.get(&forms.stem) {
                *known
            } else {
                let counted = self.snapshot.articles_with_stem(language.code(), &forms.stem)?;
                self.frequencies.insert(forms.stem.clone(), counted);
                counted
            };
            words.push(TellingWord {
                stem: forms.stem.clone(),
                surface: forms.surface.clone(),
                information: idf(articles as f32, frequency as f32),
                known: frequency > 0,
                stop: forms.stop,
            });
        }
        Ok(words)
    }
}
