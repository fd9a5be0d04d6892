//! Requests from templates, without a way for a visitor's words to become more than a text.
//!
//! A template never makes JSON, an address or a query string: each place of the body is a template
//! of its own and becomes one JSON value, and each part of an address is encoded. So a quote, a
//! brace or a slash in a ticket stays what it is. Templates reach no files.

use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{Environment, UndefinedBehavior, Value, value::ValueKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

/// What a part of a path may show as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Renders the templates of a preset.
pub(super) struct Templates {
    text: Environment<'static>,
    path: Environment<'static>,
    reply: Environment<'static>,
}

impl Templates {
    pub(super) fn new() -> Self {
        let mut text = Environment::new();
        text.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        text.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        text.add_filter("base64", |value: &str| STANDARD.encode(value));
        let mut path = text.clone();
        path.set_formatter(|out, _, value| {
            let text = utf8_percent_encode(&value.to_string(), IN_PATH).to_string();
            // A part of a path is not empty and leads nowhere else.
            if ["", ".", ".."].contains(&text.as_str()) {
                return Err(minijinja::Error::new(
                    minijinja::ErrorKind::InvalidOperation,
                    "a part of the path is missing",
                ));
            }
            out.write_str(&text).map_err(minijinja::Error::from)
        });
        let mut reply = text.clone();
        reply.set_undefined_behavior(UndefinedBehavior::Chainable);
        reply.add_test("holding", |value: &Value, text: &str| holds(value, text));
        Self { text, path, reply }
    }

    /// A text.
    pub(super) fn text(&self, template: &str, context: &Value) -> Result<String, String> {
        self.text.render_str(template, context).map_err(|error| fault(template, &error))
    }

    /// A path whose values are encoded.
    pub(super) fn path(&self, template: &str, context: &Value) -> Result<String, String> {
        self.path.render_str(template, context).map_err(|error| fault(template, &error))
    }

    /// JSON of the same shape as `tree`, its texts rendered. A text that is one expression becomes whatever that is:
    /// a number, a list; and where it is nothing, it is left out.
    pub(super) fn json(&self, tree: &toml::Value, context: &Value) -> Result<Option<Json>, String> {
        Ok(match tree {
            toml::Value::String(template) => match expression(template) {
                Some(expression) => self.evaluate(expression, context)?,
                None => Some(Json::String(self.text(template, context)?)),
            },
            toml::Value::Array(values) => {
                let values = values.iter().filter_map(|value| self.json(value, context).transpose());
                Some(Json::Array(values.collect::<Result<_, _>>()?))
            }
            toml::Value::Table(table) => {
                let entries = table.iter().filter_map(|(key, value)| {
                    self.json(value, context).map(|value| value.map(|value| (key.clone(), value))).transpose()
                });
                Some(Json::Object(entries.collect::<Result<_, _>>()?))
            }
            plain => Some(serde_json::to_value(plain).map_err(|error| error.to_string())?),
        })
    }

    fn evaluate(&self, expression: &str, context: &Value) -> Result<Option<Json>, String> {
        let compiled = self.text.compile_expression(expression).map_err(|error| fault(expression, &error))?;
        let value = compiled.eval(context).map_err(|error| fault(expression, &error))?;
        if is_nothing(&value) {
            return Ok(None);
        }
        serde_json::to_value(&value).map(Some).map_err(|error| format!("{expression:?}: {error}"))
    }

    /// What an expression finds in a reply, as text; nothing where it is not there.
    pub(super) fn find(&self, expression: &str, context: &Value) -> Result<Option<String>, String> {
        let compiled = self.reply.compile_expression(expression).map_err(|error| fault(expression, &error))?;
        let value = compiled.eval(context).map_err(|error| fault(expression, &error))?;
        Ok(Some(value)
            .filter(|value| !is_nothing(value))
            .map(|value| value.to_string())
            .filter(|text| !text.is_empty()))
    }
}

/// Whether a text stands anywhere in a value, as a whole.
fn holds(value: &Value, text: &str) -> bool {
    if let Some(found) = value.as_str() {
        return found == text;
    }
    let inner = |part: Value| if value.kind() == ValueKind::Map { value.get_item(&part) } else { Ok(part) };
    value.try_iter().is_ok_and(|mut parts| parts.any(|part| inner(part).is_ok_and(|part| holds(&part, text))))
}

/// The expression of a template that is nothing else: `{{ a }}`, not `{{ a }} {{ b }}`.
fn expression(template: &str) -> Option<&str> {
    let inner = template.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let alone = !["{{", "}}", "{%", "{#"].iter().any(|mark| inner.contains(mark));
    alone.then(|| inner.trim())
}

fn is_nothing(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Undefined | ValueKind::None)
}

fn fault(template: &str, error: &minijinja::Error) -> String {
    format!("{template:?}: {error}")
}

#[cfg(test)]
mod tests {
    use minijinja::context;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_a_ticket_stay_words() {
        let nasty = "\"}], {{ secrets.token }} {% raw %} \\ \u{7} ../../?a=b&c=#";
        let context = context! { subject => nasty, number => 7, list => ["a", "b"], none => (), empty => "" };
        let tree: toml::Value = toml::from_str(
            "a = '{{ subject }}'\nb = 'x {{ subject }} y'\nc = '{{ number + 1 }}'\nd = '{{ list }}'\n\
             e = '{{ none }}'\nf = ['{{ number }}', '{{ none }}']\ng = { h = '{{ empty or none }}' }\ni = true",
        )
        .unwrap();
        let templates = Templates::new();
        let json = templates.json(&tree, &context).unwrap().unwrap();
        let middle = format!("x {nasty} y");
        let expected = json!({ "a": nasty, "b": middle, "c": 8, "d": ["a", "b"], "f": [7], "g": {}, "i": true });
        assert_eq!(json, expected);
        let path = templates.path("/repos/{{ subject }}/issues", &context).unwrap();
        assert_eq!(path.matches('/').count(), 3, "{path}");
        assert!(!path.contains(['?', '#', '&', ' ', '{']), "{path}");
    }

    #[test]
    fn what_a_template_lacks_is_an_error_and_what_a_reply_lacks_is_not() {
        let templates = Templates::new();
        let context = context! { here => "x", dots => "..", reply => context! { items => [context! { id => 4 }, context! { id => 5, of => ["a", "b"] }] } };
        for template in ["{{ not_here }}", "{{ here.deep.er }}", "{{ here", "{{ here | no_such_filter }}"] {
            assert!(templates.text(template, &context).is_err(), "{template}");
        }
        assert!(templates.path("/{{ dots }}/x", &context).is_err());
        let table = [
            ("reply.items[0].id", Some("4")),
            ("(reply.items | first).id", Some("4")),
            ("reply.items[3].id", None),
            ("reply.error.message", None),
            ("(reply.items | select('holding', 'b') | first).id", Some("5")),
            ("(reply.items | select('holding', 'id') | first).id", None),
        ];
        for (expression, found) in table {
            assert_eq!(templates.find(expression, &context).unwrap().as_deref(), found, "{expression}");
        }
    }
}
