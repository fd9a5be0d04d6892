//! Markdown to sections of plain text.
//!
//! Search and pages must agree on anchors, so both read the body through [`events`] and [`Heading`]. This module
//! makes no HTML and does not know what a title is worth; it is told.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, OffsetIter, Options, Parser, Tag, TagEnd};

use super::address::Anchors;
use super::dialect::{self, Plain};
use super::markup::{HtmlReader, Piece};
use super::{Block, BlockKind, Section};

/// Parses plain Markdown as it is read everywhere in this room. Footnotes stay off: they can take the parser
/// more time than the text is long.
pub(super) fn events(plain: &str) -> OffsetIter<'_, pulldown_cmark::DefaultBrokenLinkCallback> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_WIKILINKS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    Parser::new_ext(plain, options).into_offset_iter()
}

/// The words of a heading while they are being read.
#[derive(Debug)]
pub(super) struct Heading {
    /// 1 to 6.
    pub(super) level: u8,
    /// The text so far.
    pub(super) text: String,
    id: Option<String>,
    /// Braces at the end that are text and no attributes: `GET /users/{id}`.
    pub(super) braces: String,
}

impl Heading {
    /// Begins a heading at its start tag; `source` is its Markdown.
    pub(super) fn start(tag: &Tag<'_>, source: &str) -> Option<Self> {
        let Tag::Heading { level, id, classes, attrs } = tag else { return None };
        let is_text = id.is_none() && classes.is_empty() && !attrs.is_empty();
        let braces = if is_text { source.rfind('{').map_or("", |at| &source[at..]) } else { "" };
        let braces = braces.find('}').map_or("", |end| &braces[..=end]);
        Some(Self {
            level: *level as u8,
            text: String::new(),
            id: id.as_deref().map(str::to_owned),
            braces: braces.to_owned(),
        })
    }

    /// Ends a heading: its words and its anchor.
    pub(super) fn finish(&mut self, anchors: &mut Anchors) -> String {
        self.text.push_str(&self.braces);
        self.text = fold(&self.text);
        match self.id.as_deref().filter(|id| is_plain_id(id)) {
            Some(id) => anchors.custom(id),
            None => anchors.next(&self.text),
        }
    }
}

/// Whether an id that a writer chose can be part of an address as it is.
pub(super) fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 100 && id.chars().all(|c| c.is_alphanumeric() || "-_.:".contains(c))
}

/// What a body says.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The first is the lead, and always there.
    pub(super) sections: Vec<Section>,
    /// The first heading, where it is of level 1.
    pub(super) first_heading: Option<String>,
}

/// Reads a body whose first line is line `first_line` of its file; `title` is that of the front matter, or empty.
pub(super) fn outline(body: &str, first_line: u32, title: &str) -> Outline {
    let plain = dialect::plain(body);
    let mut reader = Reader::new(first_line);
    let mut lines = Lines::new(&plain);
    for (event, range) in events(&plain.text) {
        reader.event(event, &range, &mut lines);
    }
    reader.flush(BlockKind::Prose);
    reader.into_outline(title)
}

/// The anchors of all headings, that of the title too.
pub(super) fn anchors(plain: &str) -> Vec<String> {
    let text = Plain { text: plain.into(), lines: None };
    let mut reader = Reader::new(1);
    let mut lines = Lines::new(&text);
    for (event, range) in events(plain) {
        reader.event(event, &range, &mut lines);
    }
    reader.sections.into_iter().skip(1).map(|section| section.anchor).collect()
}

/// Counts lines; offsets only grow.
pub(super) struct Lines<'a> {
    plain: &'a Plain<'a>,
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(plain: &'a Plain<'a>) -> Self {
        Self { plain, offset: 0, line: 0 }
    }

    /// Line of the body, from 0.
    pub(super) fn at(&mut self, offset: usize) -> u32 {
        if offset > self.offset {
            self.line += self.plain.text[self.offset..offset].matches('\n').count();
            self.offset = offset;
        }
        self.plain.line(self.line)
    }
}

struct Reader {
    first_line: u32,
    sections: Vec<Section>,
    /// Level of each section; 0 for the lead.
    levels: Vec<u8>,
    /// Headings above the current place.
    above: Vec<(u8, String)>,
    anchors: Anchors,
    heading: Option<(Heading, u32)>,
    text: String,
    image: Option<String>,
    images: Vec<String>,
    items: usize,
    html: HtmlReader,
}

impl Reader {
    fn new(first_line: u32) -> Self {
        let lead = Section { anchor: String::new(), heading: Vec::new(), line: first_line, blocks: Vec::new() };
        Self {
            first_line,
            sections: vec![lead],
            levels: vec![0],
            above: Vec::new(),
            anchors: Anchors::default(),
            heading: None,
            text: String::new(),
            image: None,
            images: Vec::new(),
            items: 0,
            html: HtmlReader::default(),
        }
    }

    fn event(&mut self, event: Event<'_>, range: &Range<usize>, lines: &mut Lines<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag, range, lines),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => {
                if !self.html.is_hidden() {
                    self.push(&text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            Event::TaskListMarker(_) | Event::Rule | Event::FootnoteReference(_) => {}
            Event::InlineMath(math) | Event::DisplayMath(math) => self.push(&math),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>, lines: &mut Lines<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.flush(self.kind());
                let line = self.first_line + lines.at(range.start);
                self.heading = Heading::start(tag, &lines.plain.text[range.clone()]).map(|heading| (heading, line));
            }
            Tag::Item => {
                self.flush(self.kind());
                self.items += 1;
            }
            Tag::Image { .. } => self.image = self.image.take().or_else(|| Some(String::new())),
            Tag::Paragraph | Tag::List(_) | Tag::CodeBlock(_) | Tag::Table(_) | Tag::BlockQuote(_) | Tag::HtmlBlock => {
                self.flush(self.kind());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::Item => {
                self.flush(BlockKind::ListItem);
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::Image => self.images.extend(self.image.take()),
            TagEnd::TableCell => self.push(" "),
            TagEnd::TableHead | TagEnd::TableRow => self.flush(BlockKind::TableRow),
            TagEnd::CodeBlock => self.flush(BlockKind::Code),
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(self.kind()),
            _ => {}
        }
    }

    /// Kind of running text here.
    const fn kind(&self) -> BlockKind {
        if self.items > 0 { BlockKind::ListItem } else { BlockKind::Prose }
    }

    fn push(&mut self, text: &str) {
        let target = match (&mut self.image, &mut self.heading) {
            (Some(image), _) => image,
            (None, Some((heading, _))) => &mut heading.text,
            (None, None) => &mut self.text,
        };
        target.push_str(text);
    }

    fn html(&mut self, html: &CowStr<'_>) {
        let mut reader = std::mem::take(&mut self.html);
        reader.read(html, |piece| match piece {
            Piece::Text(text) => self.push(&text),
            Piece::Image(alt) => self.images.push(alt.into_owned()),
            Piece::End(kind) if self.heading.is_none() && self.image.is_none() => self.flush(kind),
            Piece::End(_) => self.push(" "),
            Piece::Id(_) | Piece::Address(_) | Piece::Open | Piece::Close => {}
        });
        self.html = reader;
    }

    /// Ends a block, if there is one.
    fn flush(&mut self, kind: BlockKind) {
        self.html.reset();
        let text = std::mem::take(&mut self.text);
        let text = if kind == BlockKind::Code { text.trim_end().to_owned() } else { fold(&text) };
        self.block(kind, text);
        for alt in std::mem::take(&mut self.images) {
            self.block(BlockKind::Image, fold(&alt));
        }
    }

    fn block(&mut self, kind: BlockKind, text: String) {
        if let (Some(section), false) = (self.sections.last_mut(), text.is_empty()) {
            section.blocks.push(Block { kind, text });
        }
    }

    fn end_heading(&mut self) {
        let Some((mut heading, line)) = self.heading.take() else { return };
        let anchor = heading.finish(&mut self.anchors);
        self.above.retain(|(level, _)| *level < heading.level);
        self.above.push((heading.level, heading.text));
        self.levels.push(heading.level);
        let path = self.above.iter().map(|(_, text)| text.clone()).collect();
        self.sections.push(Section { anchor, heading: path, line, blocks: Vec::new() });
        self.flush(BlockKind::Prose);
    }

    /// Makes the article's title part of the lead: a first heading of level 1 that stands alone on its level,
    /// says what the title says, or is the title for lack of another.
    fn into_outline(self, title: &str) -> Outline {
        let Self { mut sections, levels, .. } = self;
        let first = sections.get(1).filter(|_| levels.get(1) == Some(&1));
        let first_heading = first.and_then(|section| section.heading.last().cloned());
        let Some(heading) = first_heading.as_ref() else { return Outline { sections, first_heading } };
        if is_title(heading, title, levels.iter().map(|level| usize::from(*level == 1)).sum()) {
            let last = levels.iter().skip(2).position(|level| *level == 1).map_or(sections.len(), |at| at + 2);
            for section in &mut sections[1..last] {
                section.heading.remove(0);
            }
            let below = sections.remove(1);
            let repeats = title.is_empty() || same_words(heading, title);
            let lead = &mut sections[0];
            lead.heading.extend((!repeats).then(|| heading.clone()));
            lead.blocks.extend(below.blocks);
        }
        Outline { sections, first_heading }
    }
}

/// Whether the first heading, of level 1 and one of `of_level_1`, is the title of the article.
pub(super) fn is_title(heading: &str, title: &str, of_level_1: usize) -> bool {
    title.is_empty() || of_level_1 == 1 || same_words(heading, title)
}

fn same_words(a: &str, b: &str) -> bool {
    a == b || fold(a).to_lowercase() == fold(b).to_lowercase()
}

/// One line with single spaces.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}
