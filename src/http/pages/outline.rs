//! What stands in an article, read from its page: the table of contents, and questions with their answers.
//!
//! The HTML is our own, cleaned, so that its shape is known: no `<` in text, attributes in double quotes.

/// Entries of a table of contents from which on only the upper level is shown.
const MANY: usize = 60;
/// Longest answer that is told to search engines, in characters.
const MAX_ANSWER_CHARS: usize = 600;

/// A heading of the second or third level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading<'a> {
    pub(super) level: u8,
    pub(super) anchor: &'a str,
    /// Still escaped.
    pub(super) text: String,
    /// What follows, up to the next heading of these levels.
    below: &'a str,
}

/// The headings of a page in their order.
pub(super) fn headings(html: &str) -> Vec<Heading<'_>> {
    let starts: Vec<usize> = html
        .match_indices("<h")
        .map(|(at, _)| at)
        .filter(|at| html[at + 2..].starts_with(['2', '3']) && html[at + 3..].starts_with([' ', '>']))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([html.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| heading(&html[start + 2..end])).collect()
}

/// The headings that a table of contents lists: those of the upper level only where there are very many.
pub(super) fn contents(html: &str) -> Vec<Heading<'_>> {
    let mut found = headings(html);
    let upper = found.iter().filter(|heading| heading.level == 2).count();
    if found.len() > MANY && upper > 1 {
        found.retain(|heading| heading.level == 2);
    }
    found
}

/// Headings that ask something, with the text below each: plain, and cut where it is long.
pub(super) fn questions(html: &str) -> Vec<(String, String)> {
    let asked = headings(html).into_iter().map(|heading| (plain(&heading.text), plain(heading.below)));
    asked
        .filter(|(question, answer)| question.ends_with('?') && !answer.is_empty())
        .map(|(question, answer)| (question, cut(&answer)))
        .collect()
}

/// `2 id="anchor">Text</h2>...`
fn heading(rest: &str) -> Option<Heading<'_>> {
    let level = rest.bytes().next()? - b'0';
    let (tag, rest) = rest.split_once('>')?;
    let anchor = tag.split_once("id=\"")?.1.split('"').next()?;
    let (inner, below) = rest.split_once(&format!("</h{level}>"))?;
    let text = without_tags(inner);
    (!text.trim().is_empty()).then_some(Heading { level, anchor, text, below })
}

fn without_tags(html: &str) -> String {
    let parts = html.split('<').enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) }).collect()
}

/// Text without tags, entities and line ends.
fn plain(html: &str) -> String {
    // Blocks end words, what is inside a line does not.
    let spaced = ["</p>", "</li>", "</td>", "</th>", "</pre>", "<br>"]
        .iter()
        .fold(html.to_owned(), |html, end| html.replace(end, &format!(" {end}")));
    let text = without_tags(&spaced);
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_ANSWER_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_from_clean_html() {
        let html = "<p>a</p><h2 id=\"a-b\">A &amp; B</h2><p>x</p><h3 id=\"c\">With <code>code</code> in</h3>\
                    <h1 id=\"t\">Title</h1><h4 id=\"d\">Deep</h4><hr><h2>No anchor</h2><h2 id=\"e\"> </h2>";
        let found: Vec<(u8, &str, String)> = headings(html).into_iter().map(|h| (h.level, h.anchor, h.text)).collect();
        assert_eq!(found, [(2, "a-b", "A &amp; B".into()), (3, "c", "With code in".into())]);
        for broken in ["<h", "<h2", "<h2 ", "<h2 id=\"", "<h2 id=\"x\">", "<h3>é"] {
            assert_eq!(headings(broken), [], "{broken}");
        }
    }

    #[test]
    fn long_tables_of_contents_keep_to_the_upper_level() {
        let part = |at: usize| format!("<h2 id=\"a{at}\">A</h2><h3 id=\"b{at}\">B</h3>");
        let page = |parts: usize| (0..parts).map(part).collect::<String>();
        assert_eq!(contents(&page(30)).len(), 60);
        assert_eq!(contents(&page(31)).len(), 31);
        let flat = "<h3 id=\"b\">B</h3>".repeat(300);
        assert_eq!(contents(&flat).len(), 300, "there is no upper level to keep to");
    }

    #[test]
    fn questions_are_headings_that_ask() {
        let html = "<h2 id=\"a\">Is it <em>free</em>?</h2>\n<p>Yes, &lt;always&gt;.</p><ul><li>one</li><li>two</li></ul>\
                    <h2 id=\"b\">More</h2><p>text</p><h3 id=\"c\">Why?</h3>";
        assert_eq!(questions(html), [("Is it free?".to_owned(), "Yes, <always>. one two".to_owned())]);
        let long = format!("<h2 id=\"a\">How?</h2><p>{}</p>", "é".repeat(1000));
        assert_eq!(questions(&long)[0].1.chars().count(), MAX_ANSWER_CHARS + 1);
    }
}
