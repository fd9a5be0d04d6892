//! The search box for other people's websites, and the script of the help centre's own pages.
//!
//! Plain JavaScript, embedded here so that one binary is the whole product. The style sheet and the words of the box
//! are put into its module, so that a page pays one request and a strict `script-src` is enough. There is no build
//! step: comments and indentation are left out line by line, everything else is served as it was written.
//! This room reads nothing at run time and never decides who may load what; `http` does.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file for browsers.
#[derive(Debug)]
pub struct Asset {
    /// File name, such as `search-box.js`.
    pub name: &'static str,
    /// Media type, for the header `content-type`.
    pub content_type: &'static str,
    /// Contents.
    pub body: &'static [u8],
}

const BOX: &str = include_str!("search-box.js");
const STYLE: &str = include_str!("search-box.css");
/// Words of the box by language; English comes in for what another language lacks.
const WORDS: [(&str, &str); 3] = [
    ("de", include_str!("strings/de.json")),
    ("en", include_str!("strings/en.json")),
    ("nl", include_str!("strings/nl.json")),
];

static SEARCH_BOX: LazyLock<String> = LazyLock::new(|| with_style_and_words(&without_comments(BOX)));
static PAGE: LazyLock<String> = LazyLock::new(|| without_comments(include_str!("page.js")));
static CONTACT: LazyLock<String> = LazyLock::new(|| without_comments(include_str!("contact.js")));
static PREVIEW: LazyLock<String> = LazyLock::new(|| without_comments(include_str!("preview.js")));
static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        script("search-box.js", &SEARCH_BOX),
        script("page.js", &PAGE),
        script("contact.js", &CONTACT),
        script("preview.js", &PREVIEW),
    ]
});

/// All files, ready to be served.
///
/// ```
/// assert!(zerodesk::widget::assets().iter().any(|asset| asset.name == "search-box.js"));
/// ```
#[must_use]
pub fn assets() -> &'static [Asset] {
    &*ASSETS
}

/// Hash of the contents, 16 hexadecimal digits: for `ETag` and for addresses that may be cached for good.
#[must_use]
pub fn hash(asset: &Asset) -> String {
    hash_of(asset.body)
}

/// The same of other bytes that browsers are given.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

fn script(name: &'static str, body: &'static str) -> Asset {
    Asset { name, content_type: "text/javascript; charset=utf-8", body: body.as_bytes() }
}

/// Replaces what stands between the marks `/*embed*/` and `/*end*/`: the way in which the module finds its parts when
/// it is read from a plain folder.
fn with_style_and_words(module: &str) -> String {
    let Some((before, rest)) = module.split_once("/*embed*/") else { return module.to_owned() };
    let Some((_, after)) = rest.split_once("/*end*/") else { return module.to_owned() };
    let words: serde_json::Map<_, _> = WORDS
        .iter()
        .filter_map(|(lang, text)| Some(((*lang).to_owned(), serde_json::from_str::<serde_json::Value>(text).ok()?)))
        .collect();
    let parts = serde_json::json!([tight(&without_comments(STYLE)), words]);
    format!("{before}{parts}{after}")
}

/// Leaves out the spaces of a style sheet that separate nothing; those between selectors stay.
fn tight(style: &str) -> String {
    [(": ", ":"), ("; ", ";"), (" {", "{"), ("{ ", "{"), (" }", "}"), (";}", "}"), (",\n", ",")]
        .iter()
        .fold(style.to_owned(), |style, (from, to)| style.replace(from, to))
}

/// Leaves out indentation, empty lines and comments that have lines of their own.
fn without_comments(source: &str) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(source.len());
    for line in source.lines().map(str::trim) {
        if !inside && line.starts_with("/*") && !line.starts_with("/*embed*/") {
            inside = true;
        }
        if inside {
            inside = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn words(text: &str) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(text).expect("strings are a JSON object")
    }

    fn places(text: &serde_json::Value) -> BTreeSet<&str> {
        text.as_str().expect("a string").split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn the_box_is_one_file_with_style_and_words_inside() {
        let text = std::str::from_utf8(assets()[0].body).unwrap();
        for part in [".panel", "Ask a person", "Einen Menschen fragen", "Vraag het een medewerker", "SearchBox"] {
            assert!(text.contains(part), "{part}");
        }
        for left_out in ["/*embed*/", "/*end*/", "strings/"] {
            assert!(!text.contains(left_out), "{left_out}");
        }
    }

    #[test]
    fn comments_and_indentation_are_left_out_and_nothing_else() {
        for (source, kept) in [
            ("a();\n", "a();\n"),
            ("  // why\n  a(); // here\n", "a(); // here\n"),
            ("/** One. */\na();\n", "a();\n"),
            ("/* One\n   two. */\n\na();\n", "a();\n"),
            ("const url = 'https://host';\n", "const url = 'https://host';\n"),
        ] {
            assert_eq!(without_comments(source), kept, "{source}");
        }
    }

    #[test]
    fn style_sheets_lose_the_spaces_that_separate_nothing() {
        for (style, kept) in [
            ("a { color: red; margin: 0 1px; }\n", "a{color:red;margin:0 1px}\n"),
            (".field :invalid, a + b { top: 0; }", ".field :invalid, a + b{top:0}"),
            ("@media (width: 1px) { a { top: 0; } }", "@media (width:1px){a{top:0}}"),
        ] {
            assert_eq!(tight(style), kept);
        }
    }

    #[test]
    fn every_language_has_the_same_words_with_the_same_places() {
        let english = words(WORDS.iter().find(|(lang, _)| *lang == "en").unwrap().1);
        for (lang, text) in WORDS {
            let translated = words(text);
            assert!(translated.keys().eq(english.keys()), "{lang} lacks a word or has one too many");
            for (key, value) in &translated {
                assert_eq!(places(value), places(&english[key]), "{lang} {key}");
            }
        }
    }

    #[test]
    fn every_word_that_the_box_says_exists() {
        let english = words(WORDS[1].1);
        for key in BOX.split("#say('").skip(1).filter_map(|rest| rest.split('\'').next()) {
            assert!(english.contains_key(key), "{key}");
        }
    }

    #[test]
    fn data_is_never_read_as_html() {
        for asset in assets() {
            let text = std::str::from_utf8(asset.body).unwrap();
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                assert!(!text.contains(way), "{}: {way}", asset.name);
            }
        }
    }

    #[test]
    fn hashes_differ_by_content() {
        let hashes: BTreeSet<_> = assets().iter().map(hash).collect();
        assert_eq!(hashes.len(), assets().len());
        assert!(hashes.iter().all(|hash| hash.len() == 16));
    }
}
