//! Markdown text becomes an [`Article`] with its sections, and a list of [`Problem`]s.
//!
//! Parsing never fails outright: whatever can be read is read, and what cannot is a problem with
//! its place and what to do. This room does no I/O, knows no language rules and never panics on
//! input (panics of the Markdown parser are caught and become a problem).

mod front_matter;
mod html;
mod markdown;
mod problem;

use serde::{Deserialize, Serialize};

pub use front_matter::FrontMatter;
pub use html::{LinkTarget, render};
pub use problem::{Problem, ProblemCode, Severity};

/// Largest article file in bytes.
pub const MAX_ARTICLE_BYTES: usize = 1024 * 1024;
/// Largest front matter in bytes.
pub const MAX_FRONT_MATTER_BYTES: usize = 16 * 1024;

/// One Markdown file.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// Path below the article folder, with `/` between parts: `nl/install.md`.
    pub path: String,
    /// What the file says about itself, completed from its path and first heading.
    pub front_matter: FrontMatter,
    /// Groups translations of one article: the path without language and ending, or
    /// `translation_key` of the front matter.
    pub translation_key: String,
    /// Sections in reading order; the first holds what stands before the first heading.
    pub sections: Vec<Section>,
    /// The Markdown below the front matter.
    pub body: String,
}

/// The part of an article below one heading, up to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Fragment of the section's address by GitHub's rule; empty for the lead.
    pub anchor: String,
    /// The headings above and of this section, outermost first, without the article's title.
    pub heading: Vec<String>,
    /// Line of the heading in the file, from 1.
    pub line: u32,
    /// The text, one block a paragraph, list item, table row or piece of code.
    pub blocks: Vec<Block>,
}

/// A run of text that belongs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it was in the Markdown.
    pub kind: BlockKind,
    /// Plain text: no markup, white space folded (kept inside code).
    pub text: String,
}

/// What a block was in the Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Paragraph, quotation or admonition.
    Prose,
    /// One list item.
    ListItem,
    /// One row of a table, cells joined by a space.
    TableRow,
    /// Fenced or indented code.
    Code,
    /// Alternative text of a picture.
    Image,
}

/// What [`parse`] made of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The article, as far as it could be read.
    pub article: Article,
    /// What was wrong, in file order.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// Whether the file is so damaged that an earlier good version is worth more than this one.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}
