//! The text inside embedded HTML: tags, comments, scripts and styles are not text.
//!
//! It does not judge HTML (ammonia does, for pages); it only reads what a visitor would read.

use std::borrow::Cow;

use super::BlockKind;

/// A piece of what HTML says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text with its entities decoded.
    Text(Cow<'a, str>),
    /// Alternative text of a picture.
    Image(Cow<'a, str>),
    /// The end of a block.
    End(BlockKind),
    /// A target of links inside the page.
    Id(&'a str),
    /// Where a link or a picture points.
    Address(&'a str),
    /// An element begins that holds others.
    Open,
    /// Such an element ends.
    Close,
}

/// Elements that hold nothing, or end where the next begins.
const FLAT: &str =
    "area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead tr wbr";

/// Reads HTML that comes in parts.
#[derive(Debug, Default)]
pub(super) struct HtmlReader {
    hidden: Option<Hidden>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Comment,
    Script,
    Style,
}

impl Hidden {
    const fn end(self) -> &'static str {
        match self {
            Self::Comment => "-->",
            Self::Script => "</script",
            Self::Style => "</style",
        }
    }
}

impl HtmlReader {
    /// Whether text that follows is not seen.
    pub(super) const fn is_hidden(&self) -> bool {
        self.hidden.is_some()
    }

    /// Forgets what a part left open.
    pub(super) const fn reset(&mut self) {
        self.hidden = None;
    }

    /// Reads one part.
    pub(super) fn read<'a>(&mut self, html: &'a str, mut each: impl FnMut(Piece<'a>)) {
        let mut rest = html;
        while !rest.is_empty() {
            rest = match self.hidden {
                Some(hidden) => self.skip(rest, hidden),
                None => self.next(rest, &mut each),
            };
        }
    }

    fn skip<'a>(&mut self, rest: &'a str, hidden: Hidden) -> &'a str {
        let Some(at) = find_ignoring_case(rest, hidden.end()) else { return "" };
        self.hidden = None;
        let after = &rest[at..];
        let length = if hidden == Hidden::Comment { 3 } else { after.find('>').map_or(after.len(), |end| end + 1) };
        &after[length..]
    }

    fn next<'a>(&mut self, rest: &'a str, each: &mut impl FnMut(Piece<'a>)) -> &'a str {
        let at = rest.find('<').unwrap_or(rest.len());
        if at > 0 {
            each(Piece::Text(decode(&rest[..at])));
            return &rest[at..];
        }
        if let Some(after) = rest.strip_prefix("<!--") {
            self.hidden = Some(Hidden::Comment);
            return after;
        }
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            each(Piece::Text(Cow::Borrowed("<")));
            return &rest[1..];
        }
        let end = tag_end(rest);
        self.tag(&rest[1..end], each);
        rest.get(end + 1..).unwrap_or_default()
    }

    fn tag<'a>(&mut self, tag: &'a str, each: &mut impl FnMut(Piece<'a>)) {
        let inner = tag.trim_start_matches('/');
        let length = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let name = inner[..length].to_ascii_lowercase();
        let closes = tag.len() != inner.len();
        if !name.is_empty() && !tag.ends_with('/') && !FLAT.split(' ').any(|flat| flat == name) {
            each(if closes { Piece::Close } else { Piece::Open });
        }
        match name.as_str() {
            "script" if !closes => self.hidden = Some(Hidden::Script),
            "style" if !closes => self.hidden = Some(Hidden::Style),
            "li" | "dt" | "dd" => each(Piece::End(BlockKind::ListItem)),
            "tr" => each(Piece::End(BlockKind::TableRow)),
            "p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl" | "table" | "section"
            | "article" | "blockquote" | "pre" | "hr" | "details" | "summary" | "figure" | "figcaption" => {
                each(Piece::End(BlockKind::Prose));
            }
            "br" | "td" | "th" => each(Piece::Text(Cow::Borrowed(" "))),
            _ => {}
        }
        for (key, value) in (Attributes { rest: &inner[length..] }) {
            match key.to_ascii_lowercase().as_str() {
                "alt" if name == "img" => each(Piece::Image(decode(value))),
                "id" => each(Piece::Id(value)),
                "name" if name == "a" => each(Piece::Id(value)),
                "href" if name == "a" => each(Piece::Address(value)),
                "src" if name == "img" => each(Piece::Address(value)),
                _ => {}
            }
        }
    }
}

/// Where a tag that begins at 0 ends; a `>` inside quotes does not end it.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            _ => {}
        }
    }
    text.find('>').unwrap_or(text.len())
}

/// The attributes of a tag that have a value.
struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = self.rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(self.rest.len());
            let (key, after) = self.rest.split_at(end);
            let Some(value) = after.trim_start().strip_prefix('=') else {
                if key.is_empty() {
                    return None;
                }
                self.rest = after;
                continue;
            };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, rest) = match quote {
                Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            self.rest = rest;
            return Some((key, value));
        }
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Decodes entities, by way of the Markdown parser that knows them all.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(40).position(|byte| byte == b';').map_or(1, |end| end + 1);
        let entity = &rest[..end];
        let is_one = end > 2 && entity[1..end - 1].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
        if is_one {
            for event in pulldown_cmark::Parser::new(entity) {
                if let pulldown_cmark::Event::Text(text) = event {
                    decoded.push_str(&text);
                }
            }
        } else {
            decoded.push_str(entity);
        }
        rest = &rest[end..];
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        let mut text = String::new();
        HtmlReader::default().read(html, |piece| match piece {
            Piece::Text(part) => text.push_str(&part),
            Piece::Image(alt) => text.extend(["[", &alt, "]"]),
            Piece::End(_) => text.push('|'),
            Piece::Id(_) | Piece::Address(_) | Piece::Open | Piece::Close => {}
        });
        text
    }

    #[test]
    fn only_what_a_visitor_reads_is_text() {
        let table = [
            ("<b>bold</b> move", "bold move"),
            ("a<br/>b", "a b"),
            ("<p>a</p><p>b</p>", "|a||b|"),
            ("a<!-- hidden <b> -->b", "ab"),
            ("a<!-- never closed", "a"),
            ("<script>alert('<b>')</script>after", "after"),
            ("<STYLE>p { }</Style >after", "after"),
            ("<img src=x alt='a &amp; b'>", "[a & b]"),
            ("<a title=\"1 > 0\">x</a>", "x"),
            ("1 < 2 &lt; 3 &eacute; &#65; &nosuch; &", "1 < 2 < 3 é A &nosuch; &"),
            ("<a \"unclosed quote>x", "x"),
            ("<", "<"),
            ("<a", ""),
            ("&é;", "&é;"),
        ];
        for (html, expected) in table {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn a_comment_may_come_in_parts() {
        let mut reader = HtmlReader::default();
        reader.read("<!-- one", |piece| panic!("{piece:?}"));
        assert!(reader.is_hidden());
        let mut seen = Vec::new();
        reader.read("two --> three", |piece| seen.push(piece));
        assert_eq!(seen, [Piece::Text(" three".into())]);
    }
}
