//! The search box for other people's websites, and the script of the help centre's own pages.
//!
//! Plain JavaScript, embedded here so that one binary is the whole product. The box comes in parts, so that a page
//! which embeds it pays for a small loader first: the loader, the box with its style, the ticket form, and the words
//! of one language. What a visit is, box and pages share: it is put into each of them. The parts name each other by addresses with hashes, so that each may be cached for good. There is
//! no build step: what says nothing to a browser, such as comments and most spaces, is left out when the program starts,
//! and the rest is served as written.
//! This room reads nothing at run time and never decides who may load what; `http` does.

use std::fmt::Write as _;
use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A file for browsers.
#[derive(Debug, Clone)]
pub struct Asset {
    /// File name, such as `search-box.js`.
    pub name: &'static str,
    /// Media type, for the header `content-type`.
    pub content_type: &'static str,
    /// Contents.
    pub body: &'static [u8],
}

impl Asset {
    /// A script that is made once and lives as long as the program.
    fn script(name: &str, body: String) -> Self {
        let name = name.to_owned().leak();
        Self { name, content_type: "text/javascript; charset=utf-8", body: body.leak().as_bytes() }
    }

    /// Its name with the hash of its contents: an address that may be cached for good.
    fn address(&self) -> String {
        format!("{}?v={}", self.name, hash(self))
    }
}

const LOADER: &str = include_str!("search-box.js");
const CORE: &str = include_str!("search-box-core.js");
const FORM: &str = include_str!("search-box-form.js");
const STYLE: &str = include_str!("search-box-style.js");
const VISIT: &str = include_str!("search-box-visit.js");
/// Words of the box by language; English comes in for what another language lacks.
const WORDS: [(&str, &str); 6] = [
    ("ar", include_str!("strings/ar.json")),
    ("de", include_str!("strings/de.json")),
    ("en", include_str!("strings/en.json")),
    ("es", include_str!("strings/es.json")),
    ("fr", include_str!("strings/fr.json")),
    ("nl", include_str!("strings/nl.json")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets = search_box();
    for (name, source) in [("page.js", include_str!("page.js")), ("contact.js", include_str!("contact.js"))] {
        assets.push(Asset::script(name, without_comments(&embedding(source, &[&visit()]))));
    }
    assets.push(Asset::script("preview.js", without_comments(include_str!("preview.js"))));
    assets
});

/// All files, ready to be served.
///
/// ```
/// assert!(zerodesk::widget::assets().iter().any(|asset| asset.name == "search-box.js"));
/// ```
#[must_use]
pub fn assets() -> &'static [Asset] {
    &ASSETS
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

/// The parts of the box: the loader, which knows the addresses of all others, then these.
fn search_box() -> Vec<Asset> {
    let style = tight(&without_comments(between(STYLE, "/* css */ `", "`;").1));
    let style = format!("const STYLE = `{style}`;");
    let core = Asset::script("search-box-core.js", script(&embedding(CORE, &[&style, &visit()])));
    let form = script(FORM).replace(core.name, &core.address());
    let form = Asset::script("search-box-form.js", form);
    let words: Vec<Asset> = WORDS.iter().map(|(lang, text)| words(lang, text)).collect();
    let import = |asset: &Asset| format!("() => import('./assets/{}')", asset.address());
    let by_language = WORDS.iter().zip(&words).map(|((lang, _), asset)| format!("{lang}: {}", import(asset)));
    let parts = format!(
        "{{ server: import.meta.url, core: {}, form: {}, words: {{ {} }} }}",
        import(&core),
        import(&form),
        by_language.collect::<Vec<_>>().join(", ")
    );
    let loader = Asset::script("search-box.js", script(&embedding(LOADER, &[&parts])));
    [vec![loader, core, form], words].concat()
}

/// What a visit is, to be put into other scripts: these say themselves what others may use.
fn visit() -> String {
    without_comments(VISIT).replace("export ", "")
}

/// A script with these texts in its marked places, in their order.
fn embedding(source: &str, texts: &[&str]) -> String {
    texts.iter().fold(source.to_owned(), |script, text| {
        let (before, _, after) = between(&script, "/*embed*/", "/*end*/");
        [before, text, after].concat()
    })
}

/// A script of the box as it is served.
fn script(source: &str) -> String {
    tight_script(&without_constants(&without_comments(source)))
}

/// Name and value of such a line.
fn constant(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("const ")?.strip_suffix(';')?.split_once(" = ")?;
    let number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let text = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let plain = number || text.is_some_and(|text| !text.contains(['\'', '\\']));
    let capitals = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    (plain && capitals).then_some((name, value))
}

/// Puts numbers and texts that have a name of their own, `const NAME = 1;` on one line, where the names are.
fn without_constants(script: &str) -> String {
    let constants: HashMap<&str, &str> = script.lines().filter_map(constant).collect();
    let kept: String = script.lines().filter(|line| constant(line).is_none()).flat_map(|line| [line, "\n"]).collect();
    let mut put = String::with_capacity(kept.len());
    for piece in kept.split_inclusive(|letter| !is_of_word(letter)) {
        let (word, rest) = piece.split_at(piece.trim_end_matches(|letter| !is_of_word(letter)).len());
        put.push_str(constants.get(word).unwrap_or(&word));
        put.push_str(rest);
    }
    put
}

/// Whether names and keywords are made of this letter.
fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

/// The words that every other language falls back to.
fn english() -> &'static str {
    WORDS.iter().find(|(lang, _)| *lang == "en").map_or("{}", |(_, text)| text)
}

/// The words of one language as a module, complete with those that only English has.
fn words(lang: &str, text: &str) -> Asset {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let mut words = read(english());
    words.extend(read(text));
    Asset::script(&format!("search-box-words.{lang}.js"), format!("export default {};\n", Value::from(words)))
}

/// What stands before, between and after two marks; everything is before where they are missing.
fn between<'a>(text: &'a str, from: &str, to: &str) -> (&'a str, &'a str, &'a str) {
    let split = text.split_once(from).and_then(|(before, rest)| Some((before, rest.split_once(to)?)));
    split.map_or((text, "", ""), |(before, (inside, after))| (before, inside, after))
}

/// Leaves out the spaces and line ends of a style sheet that separate nothing; those between selectors stay.
fn tight(style: &str) -> String {
    let spaces = [(": ", ":"), ("; ", ";"), (" {", "{"), ("{ ", "{"), (" }", "}"), (", ", ","), (" > ", ">")];
    let ends = [("{\n", "{"), (";\n", ";"), (",\n", ","), ("}\n", "}"), (";}", "}")];
    [&spaces[..], &ends[..]].concat().iter().fold(style.to_owned(), |style, (from, to)| style.replace(from, to))
}

/// Keywords with a shorter one that does the same here.
const SHORTER: [(&str, &str); 3] = [("const", "let"), ("true", "!0"), ("false", "!1")];

/// Puts the shorter keyword in the place of one that the script ends with.
fn shorten(script: &mut String) {
    let start = script.trim_end_matches(is_of_word).len();
    let shorter = SHORTER.iter().find(|(keyword, _)| *keyword == &script[start..]);
    if let Some((_, shorter)) = shorter.filter(|_| !script[..start].ends_with('.')) {
        script.replace_range(start.., shorter);
    }
}

/// Leaves out what separates nothing in a script, spaces, line ends and semicolons, and shortens keywords; what stands
/// in quotes stays as it is.
fn tight_script(script: &str) -> String {
    let mut kept = String::with_capacity(script.len());
    let mut quote = None;
    let mut escaped = false;
    let mut rest = script.chars().peekable();
    while let Some(letter) = rest.next() {
        if let Some(open) = quote {
            quote = (letter != open || escaped).then_some(open);
            escaped = letter == '\\' && !escaped;
        } else if "'\"`".contains(letter) {
            quote = Some(letter);
        } else if !is_of_word(letter) {
            shorten(&mut kept);
        }
        if quote.is_none() && " \n".contains(letter) {
            // Every statement ends with a semicolon or a brace, so that line ends are spaces like others.
            let signs = "=+-*?:;,(){}[]<>|&!.";
            if kept.ends_with(|last| signs.contains(last)) || rest.peek().is_none_or(|next| signs.contains(*next)) {
                continue;
            }
        }
        // No loop of ours has nothing but a semicolon for a body.
        if quote.is_none() && letter == '}' && kept.ends_with(';') {
            kept.pop();
        }
        kept.push(letter);
    }
    kept
}

/// Leaves out indentation, empty lines and comments that have lines of their own.
fn without_comments(source: &str) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(source.len());
    for line in source.lines().map(str::trim) {
        if !inside && line.starts_with("/*") {
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

    fn words(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("strings are a JSON object")
    }

    fn places(text: &Value) -> BTreeSet<&str> {
        text.as_str().expect("a string").split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    fn text(name: &str) -> &'static str {
        let asset = assets().iter().find(|asset| asset.name == name).unwrap_or_else(|| panic!("there is no {name}"));
        std::str::from_utf8(asset.body).unwrap()
    }

    #[test]
    fn every_part_of_the_box_is_named_by_an_address_that_may_be_cached_for_good() {
        let loader = text("search-box.js");
        for asset in assets().iter().filter(|asset| asset.name.starts_with("search-box-")) {
            assert!(loader.contains(&format!("'./assets/{}'", asset.address())), "{}", asset.name);
        }
        assert!(text("search-box-core.js").contains(".panel[aria-busy"), "the style is inside");
        assert!(
            !between(STYLE, "/* css */ `", "`;").1.contains(['\\', '`', '$']),
            "and nothing in it ends or changes the text"
        );
        assert!(text("search-box-form.js").contains("'./search-box-core.js?v="));
        for asset in assets() {
            for left_out in ["/*embed*/", "/*end*/", "strings/", "search-box-style.js", "search-box-visit.js"] {
                assert!(!text(asset.name).contains(left_out), "{}: {left_out}", asset.name);
            }
        }
    }

    #[test]
    fn a_word_that_a_translation_lacks_is_english() {
        let module = super::words("nl", r#"{"send": "Versturen"}"#);
        let text = std::str::from_utf8(module.body).unwrap();
        assert!(text.contains(r#""send":"Versturen""#), "{text}");
        assert!(text.contains(r#""clear":"Clear""#), "{text}");
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
    fn scripts_lose_the_spaces_that_separate_nothing() {
        for (script, kept) in [
            ("const { a } = b;\nlet c = 1;\n", "let{a}=b;let c=1;"),
            ("if (a) b();\nelse {\nc();\n}\nd();", "if(a)b();else{c()}d();"),
            ("if (a) {\nb = true;\n}\nreturn false;", "if(a){b=!0}return !1;"),
            ("constant(a.true, untrue, 'true }');", "constant(a.true,untrue,'true }');"),
            ("say('a = b', \"c , d\", `e : ${f}`, 'it\\' s = 1');", "say('a = b',\"c , d\",`e : ${f}`,'it\\' s = 1');"),
            ("return /^a b$/.test(c);", "return /^a b$/.test(c);"),
            ("x = a\n? b\n: c;", "x=a?b:c;"),
        ] {
            assert_eq!(tight_script(script), kept, "{script}");
        }
    }

    #[test]
    fn no_loop_has_nothing_but_a_semicolon_for_a_body() {
        for line in [LOADER, CORE, FORM, VISIT].iter().flat_map(|source| source.lines()) {
            let loops = ["for (", "while ("].iter().any(|start| line.trim_start().starts_with(start));
            assert!(!(loops && line.ends_with(");") && !line.contains(") ")), "{line}");
        }
    }

    #[test]
    fn numbers_and_texts_stand_where_their_names_are() {
        let script = "const LONG_MS = 1_500;\nconst WIDE = '(a: b)';\nconst own = 1;\nconst A = 'it\\'s';\nwait(LONG_MS, TOO_LONG_MS, WIDE, A);\n";
        let put = "const own = 1;\nconst A = 'it\\'s';\nwait(1_500, TOO_LONG_MS, '(a: b)', A);\n";
        assert_eq!(without_constants(script), put);
    }

    #[test]
    fn style_sheets_lose_the_spaces_that_separate_nothing() {
        for (style, kept) in [
            ("a { color: red; margin: 0 1px; }\n", "a{color:red;margin:0 1px}"),
            (".a {\ntop: 0;\nleft: 0;\n}\n.b { top: 0; }", ".a{top:0;left:0}.b{top:0}"),
            (".field :invalid, a + b { top: 0; }", ".field :invalid,a + b{top:0}"),
            ("@media (width: 1px) { a { top: 0; } }", "@media (width:1px){a{top:0}}"),
        ] {
            assert_eq!(tight(style), kept);
        }
    }

    #[test]
    fn every_language_has_the_same_words_with_the_same_places() {
        let english = words(english());
        for (lang, text) in WORDS {
            let translated = words(text);
            for (key, value) in &translated {
                // Other plural forms than the English ones say the number as they like.
                let plural = key.starts_with("results_");
                assert!(plural || english.contains_key(key), "{lang} has {key} too many");
                assert!(plural || places(value) == places(&english[key]), "{lang} {key}");
            }
            let lacks: Vec<_> = english.keys().filter(|key| !translated.contains_key(*key)).collect();
            assert!(lacks.is_empty(), "{lang} lacks {lacks:?}");
        }
    }

    #[test]
    fn every_word_that_the_box_says_exists_and_is_said() {
        let english = words(english());
        let code = [CORE, FORM].concat();
        for key in code.split("say('").skip(1).filter_map(|rest| rest.split('\'').next()) {
            assert!(english.contains_key(key), "{key}");
        }
        let said = |key: &str| {
            let built = ["results_", "along_"].iter().any(|start| key.starts_with(start));
            built || code.contains(&format!("'{key}'"))
        };
        let silent: Vec<_> = english.keys().filter(|key| !said(key)).collect();
        assert!(silent.is_empty(), "nobody says {silent:?}");
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
