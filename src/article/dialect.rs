//! Rewrites what other tools add to Markdown into what the parser knows, before both search and pages read it.
//!
//! `::: note` containers and `[!INFO]` callouts become GitHub's `> [!NOTE]`, `:::image ...:::` becomes an image,
//! and directives that only mean something to their own tool (rows, zones, includes) disappear. Code is left
//! alone. Lines may be added, so every line remembers which line of the body it came from.

use std::borrow::Cow;

/// A body in plain Markdown.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    pub(super) text: Cow<'a, str>,
    /// Line of the body, from 0, of each line of the text; `None` where they are the same.
    pub(super) lines: Option<Vec<u32>>,
}

impl Plain<'_> {
    /// The line of the body, from 0, of a line of the text.
    pub(super) fn line(&self, line: usize) -> u32 {
        match &self.lines {
            Some(lines) => lines.get(line).or(lines.last()).copied().unwrap_or(0),
            None => line as u32,
        }
    }
}

/// Rewrites a body whose lines end with `\n`.
pub(super) fn plain(body: &str) -> Plain<'_> {
    if !body.contains(":::") && !body.contains("[!") {
        return Plain { text: Cow::Borrowed(body), lines: None };
    }
    let lines = classify(body);
    let mut writer = Writer { text: String::with_capacity(body.len() + 64), lines: Vec::new(), open: Vec::new() };
    for (number, (line, role)) in lines.into_iter().enumerate() {
        writer.write(number as u32, line, role);
    }
    Plain { text: Cow::Owned(writer.text), lines: Some(writer.lines) }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role<'a> {
    /// Anything else.
    Markdown,
    /// Part of fenced code.
    Code,
    /// `::: note Title`, with its closing line.
    Open { callout: Callout<'a> },
    /// The closing line of a container that became a callout.
    Close,
    /// A directive without meaning here.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Callout<'a> {
    kind: &'static str,
    title: &'a str,
}

/// Finds the containers that have both ends; an opening line without an end is dropped, its text stays.
fn classify(body: &str) -> Vec<(&str, Role<'_>)> {
    let mut fence = Fence::default();
    let mut open: Vec<(usize, Option<Callout<'_>>)> = Vec::new();
    let mut lines: Vec<(&str, Role<'_>)> = Vec::new();
    for line in body.split('\n') {
        let mut role = if fence.holds(line) { Role::Code } else { Role::Markdown };
        match (role, Directive::read(line)) {
            (Role::Markdown, Some(Directive::Open(callout))) => {
                open.push((lines.len(), callout));
                role = Role::Nothing;
            }
            (Role::Markdown, Some(Directive::Close)) => {
                role = Role::Nothing;
                if let Some((at, Some(callout))) = open.pop() {
                    lines[at].1 = Role::Open { callout };
                    role = Role::Close;
                }
            }
            _ => {}
        }
        lines.push((line, role));
    }
    lines
}

/// Knows whether a line belongs to fenced code.
#[derive(Default)]
struct Fence {
    open: Option<(char, usize)>,
}

impl Fence {
    fn holds(&mut self, line: &str) -> bool {
        let inner = line.trim_start_matches([' ', '\t', '>']);
        let Some(sign) = inner.chars().next().filter(|c| matches!(c, '`' | '~')) else { return self.open.is_some() };
        let rest = inner.trim_start_matches(sign);
        let length = inner.len() - rest.len();
        match self.open {
            Some((opened, least)) => {
                if sign == opened && length >= least && rest.trim().is_empty() {
                    self.open = None;
                }
                true
            }
            None if length >= 3 && !(sign == '`' && rest.contains('`')) => {
                self.open = Some((sign, length));
                true
            }
            None => false,
        }
    }
}

enum Directive<'a> {
    Open(Option<Callout<'a>>),
    Close,
}

impl<'a> Directive<'a> {
    /// Reads `:::`, `::: name ...` and `:::name-end`; `:::one-line ...:::` is no container.
    fn read(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let rest = line.strip_prefix(":::")?.trim_start_matches(':').trim();
        if rest.is_empty() {
            return Some(Self::Close);
        }
        if rest.ends_with(":::") {
            return None;
        }
        let inner = rest.trim_start_matches(['{', '.', ' ']);
        let end = inner.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(inner.len());
        let (name, title) = inner.split_at(end);
        if name.ends_with("-end") {
            return Some(Self::Close);
        }
        let title = if title.trim_start().starts_with(['{', '}']) { "" } else { title.trim() };
        let title = title.strip_prefix('[').and_then(|title| title.strip_suffix(']')).unwrap_or(title);
        Some(Self::Open(callout_kind(name).map(|kind| Callout { kind, title })))
    }
}

fn callout_kind(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "note" | "info" | "information" | "details" | "seealso" | "abstract" | "summary" | "question" | "faq"
        | "example" | "quote" | "todo" => "NOTE",
        "tip" | "hint" | "success" | "check" | "done" => "TIP",
        "important" => "IMPORTANT",
        "warning" | "attention" => "WARNING",
        "caution" | "danger" | "error" | "bug" | "failure" | "fail" => "CAUTION",
        _ => return None,
    })
}

struct Writer {
    text: String,
    lines: Vec<u32>,
    /// Indentation of each open callout.
    open: Vec<usize>,
}

impl Writer {
    fn write(&mut self, number: u32, line: &str, role: Role<'_>) {
        match role {
            Role::Code => self.line(number, line),
            Role::Markdown => self.markdown(number, line),
            Role::Nothing => self.line(number, ""),
            Role::Open { callout } => {
                self.open.push(line.len() - line.trim_start().len());
                self.callout(number, "", callout);
            }
            Role::Close => {
                self.open.pop();
                self.line(number, "");
            }
        }
    }

    fn callout(&mut self, number: u32, prefix: &str, callout: Callout<'_>) {
        self.line(number, &format!("{prefix}[!{}]", callout.kind));
        if !callout.title.is_empty() {
            self.line(number, &format!("{prefix}**{}**", callout.title));
            self.line(number, prefix);
        }
    }

    fn markdown(&mut self, number: u32, line: &str) {
        let (prefix, rest) = quote_prefix(line);
        if let Some((name, title)) = rest.strip_prefix("[!").and_then(|rest| rest.split_once(']'))
            && !prefix.is_empty()
            && let Some(kind) = callout_kind(name)
        {
            let title = title.trim_start_matches(['+', '-']).trim();
            return self.callout(number, prefix, Callout { kind, title });
        }
        self.line(number, &inline(line));
    }

    /// Writes a line, below as many quotation marks as callouts are open.
    fn line(&mut self, number: u32, line: &str) {
        if !self.lines.is_empty() {
            self.text.push('\n');
        }
        self.lines.push(number);
        if let Some(indent) = self.open.first() {
            let own = line.len() - line.trim_start_matches(' ').len();
            self.text.push_str(&" ".repeat(*indent));
            self.text.push_str(&"> ".repeat(self.open.len()));
            self.text.push_str(&line[own.min(*indent)..]);
        } else {
            self.text.push_str(line);
        }
    }
}

/// The `> ` in front of a quotation, and what is quoted.
fn quote_prefix(line: &str) -> (&str, &str) {
    let inner = line.trim_start_matches([' ', '>', '\t']);
    let prefix = &line[..line.len() - inner.len()];
    if prefix.contains('>') { (prefix, inner) } else { ("", line) }
}

/// Rewrites directives inside a line.
fn inline(line: &str) -> Cow<'_, str> {
    if !line.contains(":::") && !line.contains("[!") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find([':', '[']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let read = if rest.starts_with(":::") { colons(rest) } else { bracket(rest) };
        let (replacement, length) = read.unwrap_or_else(|| (rest[..1].to_owned(), 1));
        out.push_str(&replacement);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Longest directive in bytes. It bounds how far an end is looked for, so that a line of nothing but beginnings
/// costs no more than its length.
const MAX_DIRECTIVE_BYTES: usize = 2000;

/// `:::name key="value":::` and its length.
fn colons(text: &str) -> Option<(String, usize)> {
    let inner = &text[3..text.floor_char_boundary(MAX_DIRECTIVE_BYTES)];
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = inner.find(":::")?;
    let directive = &inner[..end];
    let length = end + 6;
    let alt = attribute(directive, "alt-text").unwrap_or_default().replace(['[', ']'], " ");
    let replacement = match attribute(directive, "source") {
        Some(source) if directive.starts_with("image") => format!("![{alt}](<{}>)", source.replace(['<', '>'], "")),
        _ if directive.starts_with("no-loc") => attribute(directive, "text").unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    Some((replacement, length))
}

fn attribute<'a>(directive: &'a str, name: &str) -> Option<&'a str> {
    let at = directive.find(&format!("{name}="))?;
    let value = &directive[at + name.len() + 1..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(value, _)| value)
}

/// `[!INCLUDE [x](y)]`, `[!VIDEO address]` and `[!div class="x"]`, and the length.
fn bracket(text: &str) -> Option<(String, usize)> {
    let text = &text[..text.floor_char_boundary(MAX_DIRECTIVE_BYTES)];
    let word = text
        .strip_prefix("[!")?
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match word.as_str() {
        "include" | "code" => text.find(")]").map(|end| (String::new(), end + 2)),
        "div" => text.find(']').map(|end| (String::new(), end + 1)),
        "video" => text.find(']').map(|end| (format!("<{}>", text["[!video".len()..end].trim()), end + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_become_plain_markdown() {
        let table = [
            ("plain", "plain"),
            ("::: note\ntext\n:::\nafter", "> [!NOTE]\n> text\n\nafter"),
            (":::tip[Try it]\ntext\n:::", "> [!TIP]\n> **Try it**\n> \n> text\n"),
            ("::: {.warning}\nx\n:::", "> [!WARNING]\n> x\n"),
            ("- a\n  ::: danger\n  b\n  :::", "- a\n  > [!CAUTION]\n  > b\n"),
            (":::: info\n::: tip\na\n:::\n::::", "> [!NOTE]\n> > [!TIP]\n> > a\n> \n"),
            ("::: note\nnever closed", "\nnever closed"),
            ("::: zone pivot=\"a\"\ntext\n::: zone-end", "\ntext\n"),
            (":::row:::\n:::column span=\"2\":::\nx\n:::column-end:::\n:::row-end:::", "\n\nx\n\n"),
            (
                "1. Do :::image type=\"content\" source=\"a b.png\" alt-text=\"A [red] cat\":::.",
                "1. Do ![A  red  cat](<a b.png>).",
            ),
            ("The :::no-loc text=\"Exchange\"::: server", "The Exchange server"),
            ("> [!info] Title\n> text", "> [!NOTE]\n> **Title**\n> \n> text"),
            ("> [!Note]\n> text", "> [!NOTE]\n> text"),
            ("> [!div class=\"nextstepaction\"]\n> [Go](x.md)", "> \n> [Go](x.md)"),
            ("a [!INCLUDE [x](../y.md)] b", "a  b"),
            ("[!VIDEO https://example.org/v]", "<https://example.org/v>"),
            (
                "```\n::: note\n:::\n> [!info]\n```\n::: note\nx\n:::",
                "```\n::: note\n:::\n> [!info]\n```\n> [!NOTE]\n> x\n",
            ),
            ("std:::x and [!unknown]", "std:::x and [!unknown]"),
            (":::", ""),
            ("[!", "[!"),
            ("[!video", "[!video"),
        ];
        for (body, expected) in table {
            assert_eq!(plain(body).text, expected, "{body}");
        }
    }

    #[test]
    fn every_line_remembers_where_it_came_from() {
        let plain = plain("a\n::: note Title\nb\n:::\nc");
        let lines: Vec<(&str, u32)> = plain.text.lines().enumerate().map(|(at, line)| (line, plain.line(at))).collect();
        assert_eq!(lines, [("a", 0), ("> [!NOTE]", 1), ("> **Title**", 1), ("> ", 1), ("> b", 2), ("", 3), ("c", 4)]);
    }
}
