//! Text becomes terms, by one chain for index and query, so that both sides always agree.
//!
//! Tokens are runs of letters and digits (overlapping pairs of characters where a script puts no
//! spaces between words). Each has a *surface* (NFKC, lower case, without diacritics), which
//! prefixes and typing errors are compared with, and one or two *stems*, which are what is
//! searched. This room opens no file and knows nothing of articles or queries.

mod compound;
mod detect;
mod language;
mod sentence;
mod stopwords;
mod synonyms;
mod token;

pub use compound::{Decompounder, Vocabulary};
pub use detect::detect;
pub use language::Language;
pub use sentence::sentences;
pub use stopwords::is_stop_word;
pub use synonyms::{Synonym, SynonymTable, Synonyms, SynonymsError};
pub use token::{Analyzer, Forms, Token, fold, is_unspaced};

/// Longest term in characters; longer ones are cut, on both sides alike.
pub const MAX_TERM_CHARS: usize = 40;

/// Changes whenever the chain changes, so that an index made by another chain is built again.
pub const VERSION: u32 = 3;
