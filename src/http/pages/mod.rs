//! The help centre's pages: templates, words, and who is looking at them.
//!
//! Every page works without JavaScript and carries no inline script or style. Templates escape HTML by themselves;
//! only an article's cleaned body is put in as it is.

pub mod article;
pub mod brand;
mod charts;
pub mod contact;
pub mod desk;
pub mod desk_admin;
pub mod desk_ticket;
pub mod explain;
pub mod feed;
pub mod gaps;
pub mod home;
mod json_ld;
pub mod machine;
pub mod media;
mod outline;
pub mod preview;
pub mod results;
pub mod stats;
pub mod stats_period;
pub mod ticket;
mod visitor;

use std::collections::BTreeMap;

use axum::response::Html;
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

use super::{assets, error::ApiError};
use crate::{config::Config, telemetry::RequestId};
use brand::{Look, told};

pub use visitor::Visitor;

/// Every template by its name.
const TEMPLATES: &[(&str, &str)] = &[
    ("article.html", include_str!("templates/article.html")),
    ("base.html", include_str!("templates/base.html")),
    ("contact.html", include_str!("templates/contact.html")),
    ("desk.html", include_str!("templates/desk.html")),
    ("desk_agents.html", include_str!("templates/desk_agents.html")),
    ("desk_dead_letters.html", include_str!("templates/desk_dead_letters.html")),
    ("desk_inbox.html", include_str!("templates/desk_inbox.html")),
    ("desk_log.html", include_str!("templates/desk_log.html")),
    ("desk_login.html", include_str!("templates/desk_login.html")),
    ("desk_ticket.html", include_str!("templates/desk_ticket.html")),
    ("docs.html", include_str!("templates/docs.html")),
    ("error.html", include_str!("templates/error.html")),
    ("explain.html", include_str!("templates/explain.html")),
    ("gaps.html", include_str!("templates/gaps.html")),
    ("home.html", include_str!("templates/home.html")),
    ("preview.html", include_str!("templates/preview.html")),
    ("preview_bar.html", include_str!("templates/preview_bar.html")),
    ("results.html", include_str!("templates/results.html")),
    ("stats.html", include_str!("templates/stats.html")),
    ("stats_sign_in.html", include_str!("templates/stats_sign_in.html")),
    ("ticket.html", include_str!("templates/ticket.html")),
];

/// Words by language; several files of one language add up. English comes in for what another language lacks.
const WORDS: &[(&str, &str)] = &[
    ("en", include_str!("strings/en.json")),
    ("nl", include_str!("strings/nl.json")),
    ("de", include_str!("strings/de.json")),
    ("en", include_str!("strings/stats.en.json")),
    ("nl", include_str!("strings/stats.nl.json")),
    ("de", include_str!("strings/stats.de.json")),
    ("en", include_str!("strings/explain.en.json")),
    ("nl", include_str!("strings/explain.nl.json")),
    ("de", include_str!("strings/explain.de.json")),
    ("en", include_str!("strings/gaps.en.json")),
    ("nl", include_str!("strings/gaps.nl.json")),
    ("de", include_str!("strings/gaps.de.json")),
    ("en", include_str!("strings/desk.en.json")),
    ("nl", include_str!("strings/desk.nl.json")),
    ("de", include_str!("strings/desk.de.json")),
];

type Words = BTreeMap<String, String>;

/// The templates with their words, ready to use.
pub struct Pages {
    environment: Environment<'static>,
    words: BTreeMap<&'static str, Value>,
    looks: BTreeMap<String, Look>,
    preview: bool,
    findings: preview::Findings,
}

impl Pages {
    /// As they come.
    #[cfg(test)]
    pub(super) fn new() -> Result<Self, minijinja::Error> {
        Self::of(&Config::default())
    }

    /// With the looks of the sites.
    pub(super) fn of(config: &Config) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_formatter(escape);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_function("asset", |name: &str| assets::address(name));
        environment.add_filter("fill", fill);
        environment.add_filter("q", in_query);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        let looks = config.sites.iter().map(|(key, site)| (key.clone(), Look::new(key, site, &environment)));
        Ok(Self {
            looks: looks.collect(),
            environment,
            words: words(),
            preview: config.preview,
            findings: preview::Findings::default(),
        })
    }

    /// How a site looks.
    fn look(&self, site: &str) -> Option<&Look> {
        self.looks.get(site)
    }

    /// Renders a page in the visitor's language. The template sees `page` as well as `t` (words), `lang`, `site`
    /// (with its look), `languages`, `path`, `query` and `preview`.
    ///
    /// # Errors
    /// `internal`: a fault in a built-in template. One in a template of the site is logged, and the built-in one shown.
    pub fn render(&self, template: &str, visitor: &Visitor, page: Value) -> Result<Html<String>, ApiError> {
        let worn = self.look(&visitor.site).map(|look| look.worn(&visitor.lang, &self.environment));
        let look = worn.as_ref().map_or_else(|| context! { css => assets::address("page.css"), footer => Vec::<Value>::new(), faults => Vec::<Value>::new() }, |worn| worn.value.clone());
        let shared = context! {
            t => self.words_of(&visitor.lang), lang => visitor.lang.clone(), languages => visitor.languages.clone(),
            site => context! { key => visitor.site.clone(), name => visitor.site_name.clone(), ..look }, path => visitor.path.clone(),
            site_query => visitor.site_query(), query => "", preview => self.preview,
        };
        let values = context! { ..page, ..shared };
        if let Some(own) = worn.as_ref().and_then(brand::Worn::environment) {
            match own.get_template(template).and_then(|template| template.render(&values)) {
                Ok(html) => return Ok(Html(html)),
                Err(error) => {
                    let (name, fault) = (error.name().unwrap_or(template).to_owned(), told(&error));
                    tracing::error!(
                        site = visitor.site,
                        template = name,
                        fault,
                        "the site's template fails; the built-in one is shown"
                    );
                }
            }
        }
        let template = self.environment.get_template(template).map_err(ApiError::internal)?;
        template.render(values).map(Html).map_err(|error| ApiError::internal(format!("{error:#}")))
    }

    /// The page that tells of a failure.
    ///
    /// # Errors
    /// A fault in the template.
    pub fn error(&self, visitor: &Visitor, error: &ApiError, id: RequestId) -> Result<String, ApiError> {
        let words = self.words_of(&visitor.lang);
        let text = words.get_attr(&format!("error_{}", error.code.as_str().replace('-', "_")));
        let text = text.ok().and_then(|text| text.as_str().map(str::to_owned));
        let page = context! {
            status => error.code.status().as_u16(), code => error.code.as_str(), id => id.to_string(),
            title => text.as_deref().unwrap_or(error.code.title()),
            // The detail is written for programmers, in English; a field at fault is worth showing to anyone.
            detail => error.field.as_ref().map(|_| &error.detail),
        };
        self.render("error.html", visitor, page).map(|Html(html)| html)
    }

    /// One word or sentence in a language.
    #[must_use]
    pub fn word(&self, lang: &str, key: &str) -> String {
        self.words_of(lang).get_attr(key).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn words_of(&self, lang: &str) -> Value {
        let primary = lang.split('-').next().unwrap_or(lang);
        self.words.get(primary).or_else(|| self.words.get("en")).cloned().unwrap_or_default()
    }
}

/// Writes a value, escaped for text and quoted attributes; unlike the built-in one it leaves `/` as it is.
fn escape(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    let Some(text) = value.as_str().filter(|_| !value.is_safe()) else {
        return minijinja::escape_formatter(out, state, value);
    };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let entity = match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        };
        out.write_str(&rest[..at])?;
        out.write_str(entity)?;
        rest = &rest[at + 1..];
    }
    Ok(out.write_str(rest)?)
}

/// What is written as `%XX` inside a query string.
const IN_QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Text as one value of a query string.
fn in_query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, IN_QUERY).to_string()
}

/// `{{ t.greeting|fill(name="x") }}` puts `x` where the words say `{name}`.
#[expect(clippy::needless_pass_by_value, reason = "filters are given their arguments")]
fn fill(text: &str, values: minijinja::value::Kwargs) -> Result<String, minijinja::Error> {
    let mut text = text.to_owned();
    for name in values.args() {
        text = text.replace(&format!("{{{name}}}"), &values.get::<Value>(name)?.to_string());
    }
    Ok(text)
}

fn words() -> BTreeMap<&'static str, Value> {
    let english = words_in("en");
    let languages = WORDS.iter().map(|(lang, _)| *lang);
    languages
        .map(|lang| {
            let mut all = english.clone();
            all.extend(words_in(lang));
            (lang, Value::from_pairs(all))
        })
        .collect()
}

fn words_in(lang: &str) -> Words {
    let files = WORDS.iter().filter(|(key, _)| *key == lang);
    files.flat_map(|(_, text)| serde_json::from_str::<Words>(text).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_same_words() {
        for (lang, text) in WORDS {
            serde_json::from_str::<Words>(text).unwrap_or_else(|error| panic!("{lang}: {error}"));
            assert!(words_in(lang).keys().eq(words_in("en").keys()), "{lang} lacks words or has too many");
        }
    }

    #[test]
    fn templates_compile_and_only_use_words_that_exist() {
        Pages::new().unwrap();
        let known = words_in("en");
        for (name, source) in TEMPLATES {
            let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let uses = source
                .match_indices("t.")
                .filter(|(at, _)| !source[..*at].ends_with(in_word))
                .filter_map(|(at, _)| source[at + 2..].split(|c| !in_word(c)).next());
            for word in uses.filter(|word| word.contains('_')) {
                assert!(known.contains_key(word), "{name}: {word}");
            }
            assert!(!source.contains("style=") && !source.contains("<script>"), "{name} breaks the pages' policy");
        }
    }
}
