//! Where an article points, and what in it can be pointed at.
//!
//! Only needed to check a folder, so parsing an article for search does not pay for it.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, LinkType, Tag};

use super::markdown::{Lines, events};
use super::markup::{HtmlReader, Piece};
use super::{Article, dialect};

/// Endings of the files beside articles that visitors can fetch, in lower case.
pub const PICTURE_ENDINGS: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "avif", "svg"];

/// The links of one article, and the targets in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// In reading order.
    pub links: Vec<Link>,
    /// Fragments that exist: anchors of headings, and ids of embedded HTML.
    pub anchors: BTreeSet<String>,
}

/// One link or picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it points, as written.
    pub target: String,
    /// Whether it was written `[[target]]`, which may name a title instead of a file.
    pub is_wiki: bool,
    /// Line of the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Reads the links of an article.
///
/// ```
/// let article = zerodesk::article::parse("a.md", b"# A\n\nSee [B](b.md#more).\n").article;
/// let links = zerodesk::article::links(&article);
/// assert_eq!((links.links[0].target.as_str(), links.links[0].line, links.links[0].column), ("b.md#more", 3, 5));
/// assert!(links.anchors.contains("a"));
/// ```
#[must_use]
pub fn links(article: &Article) -> Links {
    std::panic::catch_unwind(|| read(article)).unwrap_or_default()
}

fn read(article: &Article) -> Links {
    let plain = dialect::plain(&article.body);
    let mut lines = Lines::new(&plain);
    let mut html = HtmlReader::default();
    let mut found = Links { links: Vec::new(), anchors: super::markdown::anchors(&plain.text).into_iter().collect() };
    let mut ids = Vec::new();
    for (event, range) in events(&plain.text) {
        let mut add = |target: &str, is_wiki: bool| {
            let line = article.body_line + lines.at(range.start);
            let start = plain.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
            let column = 1 + plain.text[start..range.start].chars().count() as u32;
            found.links.push(Link { target: target.to_owned(), is_wiki, line, column });
        };
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. })
                if link_type != LinkType::Email =>
            {
                add(&dest_url, matches!(link_type, LinkType::WikiLink { .. }));
            }
            Event::Html(part) | Event::InlineHtml(part) => html.read(&part, |piece| match piece {
                Piece::Address(address) => add(address, false),
                Piece::Id(id) => ids.push(id.to_owned()),
                _ => {}
            }),
            _ => {}
        }
    }
    found.anchors.extend(ids);
    found
}
