//! What an article says about itself.
//!
//! Writers come from many tools, each with its own names for the same thing; here they become one set of
//! fields. A field of the wrong type is a problem of that field only, and a key that means nothing here is
//! kept. This module reads no YAML (`head` does) and knows nothing of the Markdown below.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::address::normalise_language;
use super::head::{Field, Node, Scalar};
use super::problem::{Place, ProblemCode, Problems};

/// The head of an article, as meant: every accepted spelling is already one of these fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontMatter {
    /// Title; the first heading or the file name where none is given.
    pub title: String,
    /// Last part of the article's address; unique in a folder of articles.
    pub slug: String,
    /// One or two sentences for lists and search engines.
    pub description: Option<String>,
    /// Language as a BCP 47 tag; `None` until detected.
    pub lang: Option<String>,
    /// Kind, such as `how-to`.
    pub kind: Option<String>,
    /// For whom it is written.
    pub audience: Vec<String>,
    /// Products it is about.
    pub product: Vec<String>,
    /// Versions it holds for.
    pub versions: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// When it was first written.
    pub created: Option<Date>,
    /// When it was last changed.
    pub updated: Option<Date>,
    /// When it should be read again.
    pub review_by: Option<Date>,
    /// Support level that takes over when the article does not help.
    pub level: Option<u8>,
    /// How people ask for it.
    pub questions: Vec<String>,
    /// Earlier addresses.
    pub aliases: Vec<String>,
    /// Slugs or paths of related articles.
    pub related: Vec<String>,
    /// Other words for what it is about.
    pub synonyms: Vec<String>,
    /// Order among its siblings; smaller first.
    pub weight: Option<f64>,
    /// Not finished: left out.
    pub draft: bool,
    /// Reachable by its address only.
    pub unlisted: bool,
    /// Whether search may find it.
    pub searchable: bool,
    /// Keys that mean nothing to Zerodesk, kept as they are.
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The fields as they were given, before path and headings complete them.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// What was given; `title` and `slug` may be empty.
    pub(super) front_matter: FrontMatter,
    /// Key that groups translations.
    pub(super) translation_key: Option<String>,
}

/// Gives the fields of a front matter their meaning.
pub(super) fn read(fields: Vec<Field>, problems: &mut Problems<'_>) -> Given {
    let mut keys = Keys::new(fields, problems);
    let change = keys.last_update();
    let published = keys.published();
    let mut front_matter = FrontMatter {
        title: keys.text(&["title"]).map(|title| unescape(&title)).unwrap_or_default(),
        slug: keys.text(&["slug", "permalink", "path", "id"]).unwrap_or_default(),
        description: keys.text(&["description"]).map(|text| unescape(&text)),
        lang: keys.lang(),
        kind: keys.text(&["kind", "ms.topic"]).map(|kind| kind.to_lowercase()),
        audience: keys.list(&["audience"]),
        product: keys.list(&["product", "products", "appliesto"]),
        versions: keys.list(&["versions", "version"]),
        tags: keys.list(&["tags"]),
        authors: keys.names(&["author", "authors"]),
        created: keys.date(&["created", "date"]),
        updated: keys.date(&["updated", "lastupdated", "ms.date"]),
        review_by: keys.date(&["reviewby"]),
        level: keys.level(),
        questions: keys.lines(&["questions"]),
        aliases: keys.list(&["aliases", "redirectfrom"]),
        related: keys.list(&["related"]),
        synonyms: keys.list(&["synonyms"]),
        weight: keys.weight(),
        draft: keys.flag(&["draft"]).unwrap_or(false) || published == Some(Published::No),
        unlisted: keys.flag(&["unlisted"]).unwrap_or(false),
        searchable: !keys.flags(&["insearchindex", "pagefind", "searchable"]).contains(&false),
        extra: BTreeMap::new(),
    };
    if let Some(Published::On(date)) = published {
        front_matter.created = front_matter.created.or(Some(date));
    }
    if let Some((date, author)) = change {
        front_matter.updated = front_matter.updated.or(date);
        if front_matter.authors.is_empty() {
            front_matter.authors.extend(author);
        }
    }
    let translation_key = keys.text(&["translationkey"]);
    front_matter.extra = keys.into_extra();
    Given { front_matter, translation_key }
}

/// Takes back the escapes of Markdown that converters leave in titles: `MSFT\_Process`.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let escapes = c == '\\' && rest.peek().is_some_and(|next| "_*[]<>#".contains(*next));
        if !escapes {
            plain.push(c);
        }
    }
    plain
}

#[derive(Debug, PartialEq)]
enum Published {
    Yes,
    No,
    On(Date),
}

/// The fields that nobody has asked for yet.
struct Keys<'a, 'p> {
    left: Vec<Field>,
    problems: &'a mut Problems<'p>,
}

impl<'a, 'p> Keys<'a, 'p> {
    fn new(fields: Vec<Field>, problems: &'a mut Problems<'p>) -> Self {
        let mut left: Vec<Field> = Vec::with_capacity(fields.len());
        for field in fields {
            if let Some(twin) = left.iter_mut().find(|other| other.key == field.key) {
                problems.add(
                    ProblemCode::FieldTwice,
                    field.place,
                    format!("`{}` is given twice; the last one counts", field.key),
                    format!("remove one (the other is on line {})", twin.place.line),
                );
                *twin = field;
            } else {
                left.push(field);
            }
        }
        Self { left, problems }
    }

    /// Takes the fields of the given names, in the order of the names. Names are compared without case,
    /// `_` and `-`: `lastUpdated`, `last_updated` and `last-updated` are one.
    fn take(&mut self, names: &[&str]) -> Vec<Field> {
        let mut taken = Vec::new();
        for name in names {
            while let Some(at) = self.left.iter().position(|field| same_name(&field.key, name)) {
                taken.push(self.left.remove(at));
            }
        }
        taken.retain(|field| field.node != Node::Null);
        taken
    }

    /// The first field that reads well; those that do not are problems.
    fn first<T>(&mut self, names: &[&str], wanted: &str, read: impl Fn(&Node) -> Option<T>) -> Option<T> {
        let mut found = None;
        for field in self.take(names) {
            match read(&field.node) {
                Some(value) => found = found.or(Some(value)),
                None => self.wrong_type(&field, wanted),
            }
        }
        found
    }

    /// The fields of all names together.
    fn all(&mut self, names: &[&str], wanted: &str, read: impl Fn(&Node) -> Option<Vec<String>>) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for field in self.take(names) {
            match read(&field.node) {
                Some(values) => values.into_iter().for_each(|value| {
                    if !all.contains(&value) {
                        all.push(value);
                    }
                }),
                None => self.wrong_type(&field, wanted),
            }
        }
        all
    }

    fn wrong_type(&mut self, field: &Field, wanted: &str) {
        let message = format!("`{}` is {} where {wanted} is expected", field.key, field.node.kind());
        self.problems.add(ProblemCode::FieldType, field.place, message, format!("write {wanted} or leave it out"));
    }

    fn wrong_value(&mut self, key: &str, place: Place, value: &str, help: &str) {
        let message = format!("`{key}` has the value `{}`, which means nothing here", shorten(value));
        self.problems.add(ProblemCode::FieldValue, place, message, help);
    }

    fn text(&mut self, names: &[&str]) -> Option<String> {
        self.first(names, "text", text).filter(|text| !text.is_empty())
    }

    fn lang(&mut self) -> Option<String> {
        let mut found = None;
        for field in self.take(&["lang", "language", "locale"]) {
            let lang = text(&field.node).filter(|tag| !tag.is_empty());
            let normal = lang.as_deref().and_then(normalise_language);
            match (lang, &normal) {
                (None, _) => self.wrong_type(&field, "a language tag"),
                (Some(tag), None) => {
                    self.wrong_value(
                        &field.key,
                        field.place,
                        &tag,
                        "write a language tag such as `en`, `nl` or `pt-BR`",
                    );
                }
                _ => {}
            }
            found = found.or(normal);
        }
        found
    }

    /// A list, or text with commas between the values.
    fn list(&mut self, names: &[&str]) -> Vec<String> {
        self.all(names, "a list of texts", |node| texts(node, true))
    }

    /// A list, or one text; a comma belongs to the text.
    fn lines(&mut self, names: &[&str]) -> Vec<String> {
        self.all(names, "a list of texts", |node| texts(node, false))
    }

    fn names(&mut self, names: &[&str]) -> Vec<String> {
        self.all(names, "a name or a list of names", people)
    }

    fn flag(&mut self, names: &[&str]) -> Option<bool> {
        self.first(names, "true or false", flag)
    }

    fn flags(&mut self, names: &[&str]) -> Vec<bool> {
        names.iter().filter_map(|name| self.flag(&[name])).collect()
    }

    fn date(&mut self, names: &[&str]) -> Option<Date> {
        let mut found = None;
        for field in self.take(names) {
            let date = self.read_date(&field.key, &field.node, field.place);
            found = found.or(date);
        }
        found
    }

    /// A date; `true` and `false` say where a tool should take it from, which is not an error.
    fn read_date(&mut self, key: &str, node: &Node, place: Place) -> Option<Date> {
        match node {
            Node::Null | Node::Scalar { value: Scalar::Bool(_), .. } => None,
            Node::Scalar { raw, .. } => {
                let date = date(raw);
                if date.is_none() {
                    self.wrong_value(key, place, raw, "write a date as 2026-03-09");
                }
                date
            }
            Node::List(_) | Node::Map(_) => {
                self.wrong_type(&Field { key: key.to_owned(), node: node.clone(), place }, "a date");
                None
            }
        }
    }

    /// `last_update: {date, author}`; a bare date is taken too.
    fn last_update(&mut self) -> Option<(Option<Date>, Vec<String>)> {
        let field = self.take(&["lastupdate"]).pop()?;
        let Node::Map(entries) = &field.node else {
            return Some((self.read_date(&field.key, &field.node, field.place), Vec::new()));
        };
        let within = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, node)| node);
        let date = within("date").and_then(|node| self.read_date("last_update.date", node, field.place));
        Some((date, within("author").and_then(people).unwrap_or_default()))
    }

    fn published(&mut self) -> Option<Published> {
        let read = |node: &Node| match (flag(node), node) {
            (Some(true), _) => Some(Published::Yes),
            (Some(false), _) => Some(Published::No),
            (None, Node::Scalar { raw, .. }) => date(raw).map(Published::On),
            _ => None,
        };
        self.first(&["published"], "true, false or a date", read)
    }

    fn level(&mut self) -> Option<u8> {
        let field = self.take(&["level"]).pop()?;
        let Node::Scalar { raw, .. } = &field.node else {
            self.wrong_type(&field, "a number from 0 to 4");
            return None;
        };
        let level = raw.parse().ok().filter(|level| *level <= 4);
        if level.is_none() {
            self.wrong_value(&field.key, field.place, raw, "write a support level from 0 to 4");
        }
        level
    }

    fn weight(&mut self) -> Option<f64> {
        let flat = self.first(&["weight", "sidebarposition", "sidebar.order"], "a number", number);
        let nested = self.left.iter().position(|field| field.key == "sidebar").and_then(|at| {
            let Node::Map(entries) = &mut self.left[at].node else { return None };
            let order = entries.iter().position(|(key, _)| key == "order")?;
            let weight = number(&entries[order].1)?;
            entries.remove(order);
            if entries.is_empty() {
                self.left.remove(at);
            }
            Some(weight)
        });
        flat.or(nested)
    }

    fn into_extra(self) -> BTreeMap<String, serde_json::Value> {
        self.left.into_iter().map(|field| (field.key, field.node.into_json())).collect()
    }
}

fn same_name(key: &str, name: &str) -> bool {
    let mut letters = key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase());
    name.chars().all(|c| letters.next() == Some(c)) && letters.next().is_none()
}

fn shorten(value: &str) -> String {
    match value.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn text(node: &Node) -> Option<String> {
    match node {
        Node::Scalar { raw, .. } => Some(fold(raw)),
        _ => None,
    }
}

/// One line, without white space at its ends.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts(node: &Node, commas: bool) -> Option<Vec<String>> {
    let values: Vec<String> = match node {
        Node::Scalar { raw, .. } if commas => raw.split(',').map(fold).collect(),
        Node::Scalar { raw, .. } => vec![fold(raw)],
        Node::List(items) => items.iter().filter(|item| **item != Node::Null).map(text).collect::<Option<_>>()?,
        Node::Null | Node::Map(_) => return None,
    };
    Some(values.into_iter().filter(|value| !value.is_empty()).collect())
}

/// A name, several with commas, or tables with a `name`.
fn people(node: &Node) -> Option<Vec<String>> {
    match node {
        Node::Scalar { .. } => texts(node, true),
        Node::Map(entries) => {
            let (_, name) = entries.iter().find(|(key, _)| key == "name")?;
            text(name).map(|name| vec![name])
        }
        Node::List(items) => items.iter().map(people).collect::<Option<Vec<_>>>().map(|names| names.concat()),
        Node::Null => Some(Vec::new()),
    }
}

fn flag(node: &Node) -> Option<bool> {
    let Node::Scalar { raw, .. } = node else { return None };
    match raw.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn number(node: &Node) -> Option<f64> {
    match node {
        Node::Scalar { value: Scalar::Number(number), .. } => Some(*number),
        Node::Scalar { raw, .. } => raw.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// A day in any of the ways in which front matters write it: `2024-05-31`, with a time and a zone, `05/31/2024`.
fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    let day = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let iso = || padded(day, '-', [0, 1, 2]).or_else(|| text.parse::<DateTime>().ok().map(DateTime::date));
    iso().or_else(|| padded(day, '/', [2, 0, 1])).or_else(|| padded(day, '/', [0, 1, 2]))
}

/// Reads three numbers; `order` says where year, month and day stand.
fn padded(day: &str, between: char, order: [usize; 3]) -> Option<Date> {
    let parts: Vec<&str> = day.split(between).collect();
    let [year, month, day] = order.map(|at| parts.get(at).copied().unwrap_or_default());
    if parts.len() != 3 || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
