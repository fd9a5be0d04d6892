//! Finds the front matter of a file and reads it, YAML or TOML, into one shape with the place of every key.
//!
//! It knows no field: what the keys mean is decided in `front_matter`. Every scalar keeps the words it was
//! written in, because `versions: [1.10]` is not the number 1.1 and `lang: no` is Norwegian, not "false".

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use super::MAX_FRONT_MATTER_BYTES;
use super::problem::{Place, ProblemCode, Problems};

/// Nesting that no front matter needs; deeper is refused before it costs anything.
const MAX_DEPTH: usize = 32;

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Nothing: `key:`.
    Null,
    /// Any scalar: what it was written as, and what it is.
    Scalar { raw: String, value: Scalar },
    /// A list.
    List(Vec<Node>),
    /// A table.
    Map(Vec<(String, Node)>),
}

/// What a scalar is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Text,
    Bool(bool),
    Number(f64),
}

impl Node {
    fn text(text: &str) -> Self {
        Self::Scalar { raw: text.to_owned(), value: Scalar::Text }
    }

    /// What it is called in messages to writers.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { value: Scalar::Text, .. } => "text",
            Self::Scalar { value: Scalar::Bool(_), .. } => "true or false",
            Self::Scalar { value: Scalar::Number(_), .. } => "a number",
            Self::List(_) => "a list",
            Self::Map(_) => "a table",
        }
    }

    /// The same as JSON, for keys that mean nothing to us.
    pub(super) fn into_json(self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Scalar { raw, value: Scalar::Text } => Value::String(raw),
            Self::Scalar { value: Scalar::Bool(value), .. } => Value::Bool(value),
            Self::Scalar { raw, value: Scalar::Number(number) } => raw
                .parse::<i64>()
                .map(Value::from)
                .ok()
                .or_else(|| serde_json::Number::from_f64(number).map(Value::Number))
                .unwrap_or(Value::String(raw)),
            Self::List(items) => Value::Array(items.into_iter().map(Self::into_json).collect()),
            Self::Map(entries) => {
                Value::Object(entries.into_iter().map(|(key, node)| (key, node.into_json())).collect())
            }
        }
    }
}

/// One key of the front matter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) node: Node,
    /// Where the key stands in the file.
    pub(super) place: Place,
}

/// A file cut into its front matter and the Markdown below.
#[derive(Debug, PartialEq)]
pub(super) struct Split<'a> {
    pub(super) fields: Vec<Field>,
    pub(super) body: &'a str,
    /// Line of the file on which the body begins, from 1.
    pub(super) body_line: u32,
}

/// Cuts a file; what cannot be read is a problem, and the body is there in any case.
pub(super) fn split<'a>(text: &'a str, problems: &mut Problems<'_>) -> Split<'a> {
    let whole = Split { fields: Vec::new(), body: text, body_line: 1 };
    let Some((syntax, after)) = opening(text) else { return whole };
    let Some((head, body)) = closing(after, syntax) else {
        if !looks_like_fields(after.split("\n\n").next().unwrap_or_default(), syntax) {
            return whole;
        }
        problems.add(
            ProblemCode::FrontMatterUnterminated,
            Place::START,
            format!("the front matter begins with `{0}` and has no end", syntax.fence()),
            format!("add a line `{}` after its last field", syntax.fence()),
        );
        return unterminated(text, after);
    };
    if !looks_like_fields(head, syntax) && !head.trim().is_empty() {
        return whole;
    }
    let body_line = 1 + text[..text.len() - body.len()].matches('\n').count() as u32;
    let fields = if head.len() > MAX_FRONT_MATTER_BYTES {
        problems.add(
            ProblemCode::FrontMatterTooLarge,
            Place::START,
            format!("the front matter has {} bytes; {MAX_FRONT_MATTER_BYTES} are allowed", head.len()),
            "keep what describes the article and move the rest below the front matter",
        );
        Vec::new()
    } else {
        syntax.read(head, problems)
    };
    Split { fields, body, body_line }
}

/// The body of a file whose front matter does not end: what follows the first empty line.
fn unterminated<'a>(text: &'a str, after: &'a str) -> Split<'a> {
    let body = after.find("\n\n").map_or("", |at| &after[at + 2..]);
    let body_line = 1 + text[..text.len() - body.len()].matches('\n').count() as u32;
    Split { fields: Vec::new(), body, body_line }
}

/// How a front matter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Yaml,
    Toml,
}

impl Syntax {
    const fn fence(self) -> &'static str {
        match self {
            Self::Yaml => "---",
            Self::Toml => "+++",
        }
    }

    fn closes(self, line: &str) -> bool {
        let line = line.trim_end();
        line == self.fence() || (self == Self::Yaml && line == "...")
    }

    fn read(self, head: &str, problems: &mut Problems<'_>) -> Vec<Field> {
        let result = match self {
            Self::Yaml => read_yaml(head),
            Self::Toml => read_toml(head),
        };
        result.unwrap_or_else(|fault| {
            problems.add(ProblemCode::FrontMatterSyntax, fault.place, fault.message, fault.help);
            Vec::new()
        })
    }
}

fn opening(text: &str) -> Option<(Syntax, &str)> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end() {
        "---" => Some((Syntax::Yaml, rest)),
        "+++" => Some((Syntax::Toml, rest)),
        _ => None,
    }
}

fn closing(after: &str, syntax: Syntax) -> Option<(&str, &str)> {
    let mut start = 0;
    for line in after.split_inclusive('\n') {
        let end = start + line.len();
        if syntax.closes(line) {
            return Some((&after[..start], &after[end..]));
        }
        start = end;
    }
    None
}

/// Tells front matter from a page that begins with a horizontal rule.
fn looks_like_fields(head: &str, syntax: Syntax) -> bool {
    let sign = if syntax == Syntax::Yaml { ':' } else { '=' };
    head.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with(['{', '&', '!']) || is_field(line, sign)
    })
}

fn is_field(line: &str, sign: char) -> bool {
    line.split_once(sign).is_some_and(|(key, value)| {
        let key = key.trim().trim_matches(['"', '\'']);
        let key_is_plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "._-$@".contains(c));
        key_is_plain && (sign == '=' || value.is_empty() || value.starts_with(char::is_whitespace))
    })
}

struct Fault {
    place: Place,
    message: String,
    help: String,
}

fn read_yaml(head: &str) -> Result<Vec<Field>, Fault> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_events: 20_000,
            max_nodes: 10_000,
            max_aliases: 100,
            max_anchors: 100,
            max_merge_keys: 100,
            max_documents: 1,
            max_total_scalar_bytes: 64 * 1024,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<YamlNode>(head, options) {
        Ok(YamlNode { shape: Shape::Map(entries), .. }) => {
            Ok(entries.into_iter().map(|(key, value)| yaml_field(head, key, value)).collect())
        }
        Ok(YamlNode { shape: Shape::Null, .. }) => Ok(Vec::new()),
        Ok(_) => Err(Fault {
            place: Place { line: 2, column: 1 },
            message: "the front matter is not a list of fields".to_owned(),
            help: "write one `name: value` on each line".to_owned(),
        }),
        Err(error) => Err(yaml_fault(&error)),
    }
}

fn yaml_field(head: &str, key: Spanned<String>, value: YamlNode) -> Field {
    let place = yaml_place(&key.referenced).unwrap_or(Place { line: 2, column: 1 });
    Field { key: key.value, node: value.into_node(head), place }
}

/// A place in the block as a place in the file: the fence is one line more.
fn yaml_place(location: &serde_saphyr::Location) -> Option<Place> {
    (location.line() > 0).then(|| Place { line: location.line() as u32 + 1, column: location.column().max(1) as u32 })
}

fn yaml_fault(error: &serde_saphyr::Error) -> Fault {
    let place = error.location().as_ref().and_then(yaml_place).unwrap_or(Place { line: 2, column: 1 });
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.split(" at line ").next().unwrap_or(first).trim_end_matches([',', ' ', '.']);
    Fault {
        place,
        message: format!("the front matter is not valid YAML: {message}"),
        help: "check the indentation, and put values that contain `: `, `#` or begin with a sign in quotes".to_owned(),
    }
}

/// A YAML value with the place of its scalars, from which their words are taken.
struct YamlNode {
    shape: Shape,
    span: Option<(usize, usize)>,
}

enum Shape {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<YamlNode>),
    Map(Vec<(Spanned<String>, YamlNode)>),
}

impl YamlNode {
    fn into_node(self, head: &str) -> Node {
        let raw = |fallback: String| {
            self.span.and_then(|(start, end)| head.get(start..end)).map_or(fallback, |raw| raw.trim().to_owned())
        };
        match self.shape {
            Shape::Null => Node::Null,
            Shape::Bool(value) => Node::Scalar { raw: raw(value.to_string()), value: Scalar::Bool(value) },
            Shape::Number(value) => Node::Scalar { raw: raw(value.to_string()), value: Scalar::Number(value) },
            Shape::Text(text) => Node::text(&text),
            Shape::List(items) => Node::List(items.into_iter().map(|item| item.into_node(head)).collect()),
            Shape::Map(entries) => {
                Node::Map(entries.into_iter().map(|(key, value)| (key.value, value.into_node(head))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Shape>::deserialize(deserializer)?;
        let span = spanned.defined.span();
        let bytes = span.byte_offset().zip(span.byte_len());
        let span = bytes.map(|(start, length)| (start as usize, (start + length) as usize));
        Ok(Self { shape: spanned.value, span })
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        Shape::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Number(value as f64))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Shape, E> {
        Ok(Shape::Number(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Shape, E> {
        Ok(Shape::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape, E> {
        Ok(Shape::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Shape, E> {
        Ok(Shape::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Shape::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Shape::Map(map))
    }
}

fn read_toml(head: &str) -> Result<Vec<Field>, Fault> {
    let in_file = |offset: usize| {
        let place = Place::of_byte(head, offset);
        Place { line: place.line + 1, ..place }
    };
    let table = DeTable::parse(head).map_err(|error| Fault {
        place: in_file(error.span().map_or(0, |span| span.start)),
        message: format!("the front matter is not valid TOML: {}", error.message()),
        help: "write `name = value`, and put text in quotes".to_owned(),
    })?;
    let fields = table.into_inner().into_iter().map(|(key, value)| Field {
        place: in_file(key.span().start),
        node: toml_node(value.into_inner()),
        key: key.into_inner().into_owned(),
    });
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|field| (field.place.line, field.place.column));
    Ok(fields)
}

fn toml_node(value: DeValue<'_>) -> Node {
    match value {
        DeValue::String(text) => Node::text(&text),
        DeValue::Integer(number) => toml_number(number.to_string()),
        DeValue::Float(number) => toml_number(number.to_string()),
        DeValue::Boolean(value) => Node::Scalar { raw: value.to_string(), value: Scalar::Bool(value) },
        DeValue::Datetime(date) => Node::text(&date.to_string()),
        DeValue::Array(items) => Node::List(items.into_iter().map(|item| toml_node(item.into_inner())).collect()),
        DeValue::Table(table) => Node::Map(
            table
                .into_iter()
                .map(|(key, value)| (key.into_inner().into_owned(), toml_node(value.into_inner())))
                .collect(),
        ),
    }
}

fn toml_number(raw: String) -> Node {
    match raw.replace('_', "").parse() {
        Ok(number) => Node::Scalar { raw, value: Scalar::Number(number) },
        Err(_) => Node::text(&raw),
    }
}
