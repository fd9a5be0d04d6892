//! Markdown text becomes an [`Article`] with its sections, and a list of [`Problem`]s.
//!
//! Parsing never fails outright: whatever can be read is read, and what cannot is a problem with
//! its place and what to do. This room does no I/O, knows no language rules and never panics on
//! input (panics of the Markdown parser are caught and become a problem).

mod address;
mod dialect;
mod front_matter;
mod head;
mod html;
mod links;
mod markdown;
mod markup;
mod problem;
mod questions;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

pub use front_matter::FrontMatter;
pub use html::{LinkTarget, render, render_under};
pub use links::{Link, Links, PICTURE_ENDINGS, links};
pub use problem::{Problem, ProblemCode, Severity};
pub use questions::add_questions;

use address::FromPath;
use front_matter::Given;
use markdown::Outline;
use problem::{Place, Problems};

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
    /// Whether the file gives the title, in its front matter or as a first heading; otherwise it is the file's name.
    pub is_titled: bool,
    /// The Markdown below the front matter, with `\n` at the end of lines.
    pub body: String,
    /// Line of the file on which the body begins, from 1.
    pub body_line: u32,
}

/// The part of an article below one heading, up to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Fragment of the section's address by GitHub's rule; empty for the lead.
    pub anchor: String,
    /// The headings above and of this section, outermost first, without the article's title. The lead has one where the
    /// first heading of the page says something else than the title.
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

/// Reads one file. `path` is relative to the article folder, with `/` between its parts.
///
/// ```
/// let parsed = zerodesk::article::parse("nl/install.md", b"---\ntags: setup\n---\n# Installeren\n\nEerst dit.\n\n## Daarna\n\nDan dat.");
/// assert!(parsed.problems.is_empty());
/// assert_eq!(parsed.article.front_matter.title, "Installeren");
/// assert_eq!(parsed.article.front_matter.lang.as_deref(), Some("nl"));
/// assert_eq!(parsed.article.sections[1].anchor, "daarna");
/// assert_eq!(parsed.article.sections[1].line, 8);
/// ```
#[must_use]
pub fn parse(path: &str, bytes: &[u8]) -> Parsed {
    let mut problems = Problems::new(path);
    let article = if bytes.len() > MAX_ARTICLE_BYTES {
        problems.add(
            ProblemCode::TooLarge,
            Place::START,
            format!("the file has {} bytes; {MAX_ARTICLE_BYTES} are allowed", bytes.len()),
            "split it into several articles",
        );
        complete(path, Given::default(), "", 1, Outline { sections: vec![lead(1)], first_heading: None })
    } else {
        let text = decode(bytes, &mut problems);
        read(path, &text, &mut problems)
    };
    Parsed { article, problems: problems.into_sorted() }
}

fn read(path: &str, text: &str, problems: &mut Problems<'_>) -> Article {
    let split = catch_unwind(AssertUnwindSafe(|| head::split(text, problems))).unwrap_or_else(|_| {
        let message = "the front matter stops its parser, which is a fault of the parser";
        problems.add(ProblemCode::FrontMatterSyntax, Place::START, message, "write the front matter in a simpler way");
        head::Split { fields: Vec::new(), body: text, body_line: 1 }
    });
    let given = front_matter::read(split.fields, problems);
    let title = &given.front_matter.title;
    let outline = catch_unwind(|| markdown::outline(split.body, split.body_line, title)).unwrap_or_else(|_| {
        let place = Place { line: split.body_line, column: 1 };
        let message = "the Markdown stops its parser, which is a fault of the parser";
        problems.add(
            ProblemCode::Markdown,
            place,
            message,
            "remove unusual markup; until then it is searched as plain text",
        );
        as_plain_text(split.body, split.body_line)
    });
    complete(path, given, split.body, split.body_line, outline)
}

/// UTF-8 without a byte order mark and with plain line ends.
fn decode<'a>(bytes: &'a [u8], problems: &mut Problems<'_>) -> Cow<'a, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let bad = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            let message = format!("the byte 0x{bad:02X} is not UTF-8");
            problems.add(ProblemCode::InvalidUtf8, Place::of_byte(good, good.len()), message, "save the file as UTF-8");
            String::from_utf8_lossy(bytes)
        }
    };
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}

const fn lead(line: u32) -> Section {
    Section { anchor: String::new(), heading: Vec::new(), line, blocks: Vec::new() }
}

fn as_plain_text(body: &str, line: u32) -> Outline {
    let paragraphs = body.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let blocks = paragraphs.filter(|text| !text.is_empty()).map(|text| Block { kind: BlockKind::Prose, text });
    Outline { sections: vec![Section { blocks: blocks.collect(), ..lead(line) }], first_heading: None }
}

/// Fills what the front matter leaves open from the path and the first heading.
fn complete(path: &str, given: Given, body: &str, body_line: u32, outline: Outline) -> Article {
    let from_path = FromPath::read(path);
    let Given { mut front_matter, translation_key } = given;
    if front_matter.title.is_empty() {
        front_matter.title = outline.first_heading.unwrap_or_default();
    }
    let is_titled = !front_matter.title.is_empty();
    if !is_titled {
        front_matter.title = from_path.title;
    }
    front_matter.slug =
        Some(address::slug_of_address(&front_matter.slug)).filter(|slug| !slug.is_empty()).unwrap_or(from_path.slug);
    front_matter.lang = front_matter.lang.or(from_path.lang);
    Article {
        path: path.to_owned(),
        front_matter,
        translation_key: translation_key.unwrap_or(from_path.translation_key),
        sections: outline.sections,
        is_titled,
        body: body.to_owned(),
        body_line,
    }
}

#[cfg(test)]
mod tests;
