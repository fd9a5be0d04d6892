//! Markdown to clean HTML, for pages.
//!
//! The anchors are those of the sections, because both come from one reader. Whatever HTML an article contains
//! passes a list of what is allowed; nothing that could run, frame or restyle the page is on it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ammonia::Builder;
use pulldown_cmark::{BlockQuoteKind, CowStr, Event, HeadingLevel, Tag, TagEnd, html::push_html};

use super::address::Anchors;
use super::dialect;
use super::markdown::{Heading, events, is_plain_id, is_title};
use super::markup::{HtmlReader, Piece};

/// Deepest nesting that is shown; what lies deeper is shown on that level. Browsers have such a limit too, and
/// cleaning takes time that grows with the square of the depth.
const MAX_NESTING: usize = 100;

/// What a relative link or picture becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// Leave it.
    Keep,
    /// This address instead.
    To(String),
}

/// Renders an article's body whose title stands above it; a first heading of level 1 is taken to be that title.
///
/// ```
/// use zerodesk::article::{LinkTarget, render};
///
/// let to_page = |link: &str| LinkTarget::To(link.replace(".md", ""));
/// let html = render("# Title\n\n## Next\n\n[there](there.md)", &to_page);
/// assert!(html.starts_with("<h2 id=\"next\">Next</h2>"));
/// assert!(html.contains("<a href=\"there\">there</a>"));
/// ```
#[must_use]
pub fn render(body: &str, resolve: &dyn Fn(&str) -> LinkTarget) -> String {
    render_under("", body, resolve)
}

/// Renders an article's body below a title: a first heading of level 1 is left out where it repeats the title or
/// is the only one of its level, exactly as [`parse`](super::parse) makes it part of the lead.
#[must_use]
pub fn render_under(title: &str, body: &str, resolve: &dyn Fn(&str) -> LinkTarget) -> String {
    let render = || {
        let plain = dialect::plain(body);
        let mut events = Rewriter::new(resolve).rewrite(&plain.text);
        drop_title(&mut events.list, title);
        keep_below_title(&mut events.list);
        let mut html = String::with_capacity(body.len() * 3 / 2);
        push_html(&mut html, events.list.into_iter());
        clean(&html, events.addresses)
    };
    catch_unwind(AssertUnwindSafe(render)).unwrap_or_else(|_| as_plain_text(body))
}

/// What is shown of a body that stops the parser.
fn as_plain_text(body: &str) -> String {
    format!("<pre>{}</pre>", ammonia::clean_text(body))
}

/// The events of a page, and what the addresses in embedded HTML become.
struct Rewritten<'a> {
    list: Vec<Event<'a>>,
    addresses: HashMap<String, String>,
}

struct Rewriter<'a, 'r> {
    resolve: &'r dyn Fn(&str) -> LinkTarget,
    list: Vec<Event<'a>>,
    addresses: BTreeMap<String, LinkTarget>,
    anchors: Anchors,
    heading: Option<(Heading, usize)>,
    callouts: Vec<bool>,
    /// Pictures that are open; what is inside is their alternative text, not text of a heading.
    images: usize,
    html: HtmlReader,
    /// Elements that are open, of Markdown and of embedded HTML.
    depth: usize,
    html_depth: usize,
}

impl<'a, 'r> Rewriter<'a, 'r> {
    fn new(resolve: &'r dyn Fn(&str) -> LinkTarget) -> Self {
        Self {
            resolve,
            list: Vec::new(),
            addresses: BTreeMap::new(),
            anchors: Anchors::default(),
            heading: None,
            callouts: Vec::new(),
            images: 0,
            html: HtmlReader::default(),
            depth: 0,
            html_depth: 0,
        }
    }

    fn rewrite(mut self, plain: &'a str) -> Rewritten<'a> {
        for (event, range) in events(plain) {
            match event {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth <= MAX_NESTING {
                        self.start(tag, &plain[range]);
                    }
                }
                Event::End(tag) => {
                    if self.depth <= MAX_NESTING {
                        self.end(tag);
                    }
                    self.depth -= 1;
                }
                Event::Html(html) | Event::InlineHtml(html) => self.embedded(html),
                Event::TaskListMarker(done) => self.list.push(Event::Text(if done { "☑ " } else { "☐ " }.into())),
                other => self.inline(other),
            }
        }
        let changed = |(from, to)| match to {
            LinkTarget::To(to) => Some((from, to)),
            LinkTarget::Keep => None,
        };
        Rewritten { list: self.list, addresses: self.addresses.into_iter().filter_map(changed).collect() }
    }

    fn start(&mut self, tag: Tag<'a>, source: &str) {
        let event = match tag {
            Tag::Heading { .. } => {
                self.html.reset();
                self.heading = Heading::start(&tag, source).map(|heading| (heading, self.list.len()));
                Event::Start(tag)
            }
            Tag::BlockQuote(kind) => {
                self.callouts.push(kind.is_some());
                kind.map_or(Event::Start(Tag::BlockQuote(None)), |kind| Event::Html(callout(kind).into()))
            }
            Tag::Table(_) => {
                self.list.push(Event::Html("<div class=\"table\" tabindex=\"0\">".into()));
                Event::Start(tag)
            }
            Tag::Link { link_type, dest_url, title, id } => {
                Event::Start(Tag::Link { link_type, dest_url: self.target(dest_url), title, id })
            }
            Tag::Image { link_type, dest_url, title, id } => {
                self.images += 1;
                Event::Start(Tag::Image { link_type, dest_url: self.target(dest_url), title, id })
            }
            other => Event::Start(other),
        };
        self.list.push(event);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::BlockQuote(_) if self.callouts.pop() == Some(true) => {
                self.list.push(Event::Html("</div>\n".into()));
                return;
            }
            TagEnd::Table => {
                self.list.push(Event::End(tag));
                self.list.push(Event::Html("</div>\n".into()));
                return;
            }
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.html.reset(),
            _ => {}
        }
        self.list.push(Event::End(tag));
    }

    /// Gives the heading that ends here its anchor.
    fn end_heading(&mut self) {
        let Some((mut heading, at)) = self.heading.take() else { return };
        if !heading.braces.is_empty() {
            self.list.push(Event::Text(heading.braces.clone().into()));
        }
        let anchor = heading.finish(&mut self.anchors);
        if let Some(Event::Start(Tag::Heading { id, classes, attrs, .. })) = self.list.get_mut(at) {
            *id = Some(anchor.into());
            classes.clear();
            attrs.clear();
        }
    }

    /// Text inside a heading is also part of its anchor.
    fn inline(&mut self, event: Event<'a>) {
        if let (Some((heading, _)), 0) = (&mut self.heading, self.images) {
            match &event {
                Event::Text(text) | Event::Code(text) if !self.html.is_hidden() => heading.text.push_str(text),
                Event::SoftBreak | Event::HardBreak => heading.text.push(' '),
                _ => {}
            }
        }
        self.list.push(event);
    }

    fn embedded(&mut self, html: CowStr<'a>) {
        let Self { html: reader, heading, addresses, resolve, images, html_depth, .. } = self;
        let mut deepest = *html_depth;
        let mut heading = heading.as_mut().filter(|_| *images == 0);
        reader.read(&html, |piece| match (piece, &mut heading) {
            (Piece::Text(text), Some((heading, _))) => heading.text.push_str(&text),
            (Piece::End(_), Some((heading, _))) => heading.text.push(' '),
            (Piece::Address(address), _) if !addresses.contains_key(address) => {
                addresses.insert(address.to_owned(), resolve(address));
            }
            (Piece::Open, _) => {
                *html_depth += 1;
                deepest = deepest.max(*html_depth);
            }
            (Piece::Close, _) => *html_depth = html_depth.saturating_sub(1),
            _ => {}
        });
        if deepest > MAX_NESTING {
            self.list.push(Event::Text(html));
            return;
        }
        self.list.push(Event::Html(html));
    }

    fn target(&self, address: CowStr<'a>) -> CowStr<'a> {
        match (self.resolve)(&address) {
            LinkTarget::Keep => address,
            LinkTarget::To(target) => target.into(),
        }
    }
}

const fn callout(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "<div class=\"admonition note\" role=\"note\">\n",
        BlockQuoteKind::Tip => "<div class=\"admonition tip\" role=\"note\">\n",
        BlockQuoteKind::Important => "<div class=\"admonition important\" role=\"note\">\n",
        BlockQuoteKind::Warning => "<div class=\"admonition warning\" role=\"note\">\n",
        BlockQuoteKind::Caution => "<div class=\"admonition caution\" role=\"note\">\n",
    }
}

/// Removes the first heading where it is the article's title.
fn drop_title(list: &mut Vec<Event<'_>>, title: &str) {
    let level = |event: &Event<'_>| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(*level as u8),
        _ => None,
    };
    let of_level_1 = list.iter().filter(|event| level(event) == Some(1)).count();
    let Some(start) = list.iter().position(|event| level(event).is_some()) else { return };
    let Some(length) = list[start..].iter().position(|event| matches!(event, Event::End(TagEnd::Heading(_)))) else {
        return;
    };
    let words: String = list[start..start + length]
        .iter()
        .map(|event| match event {
            Event::Text(text) | Event::Code(text) => text,
            _ => "",
        })
        .collect();
    if level(&list[start]) == Some(1) && is_title(&words, title, of_level_1) {
        list.drain(start..=start + length);
    }
}

/// Moves all headings one level down where some are on the level of the article's title, which a page has once.
fn keep_below_title(list: &mut [Event<'_>]) {
    let is_top = |event: &Event<'_>| matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }));
    if !list.iter().any(is_top) {
        return;
    }
    let lower = |level: HeadingLevel| HeadingLevel::try_from(level as usize + 1).unwrap_or(level);
    for event in list {
        match event {
            Event::Start(Tag::Heading { level, .. }) | Event::End(TagEnd::Heading(level)) => *level = lower(*level),
            _ => {}
        }
    }
}

/// Keeps what is allowed. `addresses` says what links and pictures of embedded HTML become.
fn clean(html: &str, addresses: HashMap<String, String>) -> String {
    let cleaned = Builder::default()
        .rm_tags(["area", "map", "rp", "rt", "rtc", "ruby", "article", "aside", "header", "footer", "nav"])
        .add_generic_attributes(["id"])
        .add_tag_attributes("code", ["class"])
        .add_tag_attribute_values("div", "tabindex", ["0"])
        .add_tag_attribute_values("div", "role", ["note"])
        .add_allowed_classes("div", ["admonition", "note", "tip", "important", "warning", "caution", "table"])
        .set_tag_attribute_value("img", "loading", "lazy")
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(Some(OUTSIDE))
        .attribute_filter(move |element, attribute, value| keep(element, attribute, value, &addresses))
        .clean(html)
        .to_string();
    without_rel_inside(&cleaned)
}

const OUTSIDE: &str = "noopener noreferrer";

fn keep<'u>(
    element: &str,
    attribute: &str,
    value: &'u str,
    addresses: &HashMap<String, String>,
) -> Option<Cow<'u, str>> {
    match (element, attribute) {
        ("a", "href") | ("img", "src") => {
            let address = addresses.get(value).map_or(value, String::as_str);
            is_safe(address).then(|| if address == value { value.into() } else { address.to_owned().into() })
        }
        (_, "id") => is_plain_id(value).then_some(value.into()),
        ("code", "class") => is_language(value).then_some(value.into()),
        _ => Some(value.into()),
    }
}

/// The schemes again, since an address may have been exchanged after they were checked.
fn is_safe(address: &str) -> bool {
    let written: String = address.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let scheme = written.split(['/', '?', '#']).next().unwrap_or_default().split_once(':').map(|(scheme, _)| scheme);
    scheme.is_none_or(|scheme| ["http", "https", "mailto", "tel"].contains(&scheme.to_ascii_lowercase().as_str()))
}

fn is_language(class: &str) -> bool {
    class.strip_prefix("language-").is_some_and(|name| {
        !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_alphanumeric() || "-_+#.".contains(c))
    })
}

/// Takes `rel` from links that stay on the site, so that pages learn where a reader came from.
/// Cleaned HTML has no `<` in text and no `"` inside attributes, so the pattern means what it says.
fn without_rel_inside(html: &str) -> String {
    let rel = format!("\" rel=\"{OUTSIDE}\">");
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("<a href=\"") {
        let (before, link) = rest.split_at(at + 9);
        out.push_str(before);
        let end = link.find('"').unwrap_or(link.len());
        let (address, after) = link.split_at(end);
        out.push_str(address);
        rest = match after.strip_prefix(&rel) {
            Some(text) if !address.contains(':') && !address.starts_with("//") => {
                out.push_str("\">");
                text
            }
            _ => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> String {
        render(body, &|_| LinkTarget::Keep).trim().to_owned()
    }

    #[test]
    fn markdown_becomes_plain_clean_html() {
        let table = [
            ("# Title\n\ntext", "<p>text</p>"),
            ("## A\n\n## A", "<h2 id=\"a\">A</h2>\n<h2 id=\"a-1\">A</h2>"),
            ("## A *b* `c` {#own}", "<h2 id=\"own\">A <em>b</em> <code>c</code></h2>"),
            ("## GET /u/{id}", "<h2 id=\"get-uid\">GET /u/{id}</h2>"),
            ("## ![pic](a.png) X", "<h2 id=\"x\"><img src=\"a.png\" alt=\"pic\" loading=\"lazy\"> X</h2>"),
            ("```rust\nlet a = 1 < 2;\n```", "<pre><code class=\"language-rust\">let a = 1 &lt; 2;\n</code></pre>"),
            ("> [!NOTE]\n> x", "<div class=\"admonition note\" role=\"note\">\n<p>x</p>\n</div>"),
            ("::: warning\n*x*\n:::", "<div class=\"admonition warning\" role=\"note\">\n<p><em>x</em></p>\n</div>"),
            ("> x", "<blockquote>\n<p>x</p>\n</blockquote>"),
            ("- [x] a\n- [ ] b", "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>"),
            ("~~a~~", "<p><del>a</del></p>"),
            ("[a](b.md)", "<p><a href=\"b.md\">a</a></p>"),
            ("[a](#b)", "<p><a href=\"#b\">a</a></p>"),
            ("[a](https://e.org)", "<p><a href=\"https://e.org\" rel=\"noopener noreferrer\">a</a></p>"),
            ("[a](//e.org)", "<p><a href=\"//e.org\" rel=\"noopener noreferrer\">a</a></p>"),
            ("[[page|text]]", "<p><a href=\"page\">text</a></p>"),
            ("a<br>b <kbd>c</kbd>", "<p>a<br>b <kbd>c</kbd></p>"),
            ("<details><summary>s</summary>\n\nx\n\n</details>", "<details><summary>s</summary>\n<p>x</p>\n</details>"),
        ];
        for (body, expected) in table {
            assert_eq!(page(body), expected, "{body}");
        }
    }

    #[test]
    fn tables_can_be_scrolled() {
        let html = page("| a | b |\n|---|--:|\n| 1 | 2 |");
        assert!(html.starts_with("<div class=\"table\" tabindex=\"0\"><table>"), "{html}");
        assert!(html.ends_with("</table>\n</div>") && html.contains("<td>1</td>"), "{html}");
        assert!(!html.contains("style"), "{html}");
    }

    #[test]
    fn only_the_heading_that_repeats_the_title_is_left_out_and_others_stay_below_it() {
        let table = [
            ("T", "# T\n\n# B", "<h2 id=\"b\">B</h2>"),
            ("T", "# A\n\n## B", "<h2 id=\"b\">B</h2>"),
            ("T", "# A\n\n# B\n\n###### C", "<h2 id=\"a\">A</h2>\n<h2 id=\"b\">B</h2>\n<h6 id=\"c\">C</h6>"),
            ("", "# A\n\n# B", "<h2 id=\"b\">B</h2>"),
            ("T", "## B\n\n# T", "<h3 id=\"b\">B</h3>\n<h2 id=\"t\">T</h2>"),
        ];
        for (title, body, expected) in table {
            assert_eq!(render_under(title, body, &|_| LinkTarget::Keep).trim(), expected, "{title}: {body}");
        }
    }

    #[test]
    fn addresses_are_resolved_in_markdown_and_in_html() {
        let resolve = |address: &str| match address {
            "a.md" => LinkTarget::To("/a/a".to_owned()),
            "evil" => LinkTarget::To("javascript:alert(1)".to_owned()),
            _ => LinkTarget::Keep,
        };
        let table = [
            ("[x](a.md)", "<p><a href=\"/a/a\">x</a></p>"),
            ("![x](a.md)", "<p><img src=\"/a/a\" alt=\"x\" loading=\"lazy\"></p>"),
            ("<a href='a.md'>x</a>", "<p><a href=\"/a/a\">x</a></p>"),
            ("<p><img src=a.md></p>", "<p><img src=\"/a/a\" loading=\"lazy\"></p>"),
            ("[x](b.md)", "<p><a href=\"b.md\">x</a></p>"),
            ("[x](evil)", "<p><a rel=\"noopener noreferrer\">x</a></p>"),
            ("<a href=evil>x</a>", "<p><a rel=\"noopener noreferrer\">x</a></p>"),
        ];
        for (body, expected) in table {
            assert_eq!(render(body, &resolve).trim(), expected, "{body}");
        }
    }

    #[test]
    fn nothing_in_an_article_can_run_frame_or_restyle_the_page() {
        let payloads = [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](<java\tscript:alert(1)>)",
            "[x](&#106;avascript:alert(1))",
            "[x](&#x6A;&#x61;vascript&colon;alert(1))",
            "[x]( javascript:alert(1))",
            "[x](\u{1}javascript:alert(1))",
            "[x](vbscript:msgbox(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "![x](data:image/svg+xml;base64,PHN2Zz4=)",
            "![x](javascript:alert(1))",
            "![x\" onerror=\"alert(1)](a.png)",
            "![x](a.png \"t\\\" onerror=\\\"alert(1)\")",
            "[x](a \"\\\"onmouseover=alert(1)\")",
            "<javascript:alert(1)>",
            "[[javascript:alert(1)|x]]",
            "[x]\n\n[x]: javascript:alert(1)",
            "<script>alert(1)</script>",
            "<SCRIPT SRC=//e.org/x.js></SCRIPT>",
            "<scr<script>ipt>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"x\" style=\"position:fixed\">",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<svg><a xlink:href=\"javascript:alert(1)\">x</a></svg>",
            "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
            "<iframe src=https://e.org></iframe>",
            "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
            "<object data=x></object><embed src=x>",
            "<form action=https://e.org><input name=q><button formaction=javascript:alert(1)>x</button></form>",
            "<style>*{display:none}</style><link rel=stylesheet href=//e.org/x.css>",
            "<meta http-equiv=refresh content=0;url=//e.org><base href=//e.org>",
            "<div style=\"background:url(//e.org)\" onclick=alert(1)>x</div>",
            "<a href=\"java&Tab;script:alert(1)\">x</a>",
            "<a href=javascript&colon;alert(1)>x</a>",
            "<a href=\" &#14; javascript:alert(1)\" target=_blank>x</a>",
            "<h2 id=\"x onclick=alert(1)\">x</h2><h2 id='\"><script>alert(1)</script>'>y</h2>",
            "## x {#a\"onclick=alert(1)}",
            "## x {onclick=alert(1)}",
            "## <img src=x onerror=alert(1)>",
            "```\"><script>alert(1)</script>\nx\n```",
            "> [!note] <img src=x onerror=alert(1)>\n> x",
            "::: note <script>alert(1)</script>\nx\n:::",
            ":::image source=\"javascript:alert(1)\" alt-text=\"](javascript:alert(1))\":::",
            ":::image source=\"x\" alt-text='\" onerror=\"alert(1)':::",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
            "<template><script>alert(1)</script></template><video src=x onerror=alert(1)></video>",
            "<!--><img src=x onerror=alert(1)>-->",
            "<details open ontoggle=alert(1)>x</details>",
        ];
        for payload in payloads {
            let html = page(payload);
            let faults = dangers(&html);
            assert!(faults.is_empty(), "{payload}\n{html}\n{faults:?}");
        }
    }

    /// What is dangerous in HTML: reads tags with the reader of a browser's rules, so that text which only looks
    /// like markup does not count.
    fn dangers(html: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            let tag = &rest[at + 1..];
            let mut quoted = false;
            let end = tag.find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            });
            let (tag, after) = tag.split_at(end.unwrap_or(tag.len()));
            rest = after;
            let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
            let allowed = "p a img h1 h2 h3 em strong code pre del div table thead tbody tr td th ul ol li br blockquote details \
                summary kbd";
            if !allowed.split_whitespace().any(|known| known == name) {
                found.push(format!("tag {name}"));
            }
            let mut text = tag[name.len().min(tag.len())..].split('"');
            while let (Some(key), Some(value)) = (text.next(), text.next()) {
                let key = key.trim().trim_end_matches('=');
                let known =
                    ["href", "rel", "src", "alt", "title", "loading", "id", "class", "role", "tabindex", "open"];
                if !known.contains(&key) || (["href", "src"].contains(&key) && !is_safe(value)) {
                    found.push(format!("{key}={value}"));
                }
            }
        }
        found
    }

    #[test]
    fn the_test_for_dangers_finds_dangers() {
        for html in
            ["<script>", "<img src=\"x\" onerror=\"a\">", "<a href=\"javascript:x\">", "<p style=\"x\">", "<svg>"]
        {
            assert!(!dangers(html).is_empty(), "{html}");
        }
        assert!(dangers("<p>a &lt;script&gt;</p><a href=\"/x\" rel=\"noopener noreferrer\">x</a>").is_empty());
    }
}
