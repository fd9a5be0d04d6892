//! What the path of an article says: language, slug and which translations belong together; and the
//! addresses of its sections.

use std::collections::HashMap;

/// ISO 639-1, the languages that a folder or a file name may be.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv \
    dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv \
    ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv \
    ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to \
    tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Endings of products and programs that happen to be language codes: `socket.io.md`, `ld.so.md`, `env.d.ts.md`.
const NOT_SUFFIXES: [&str; 4] = ["io", "so", "ts", "ps"];

/// Longest slug in bytes.
const MAX_SLUG_BYTES: usize = 200;

/// What a path says about its article.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FromPath {
    /// Language of the folder or the file's suffix.
    pub(super) lang: Option<String>,
    /// The path without language and ending.
    pub(super) translation_key: String,
    /// The slug where the front matter gives none.
    pub(super) slug: String,
    /// The file name made readable.
    pub(super) title: String,
}

impl FromPath {
    /// Reads a path with `/` between its parts.
    pub(super) fn read(path: &str) -> Self {
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let file = without_ending(parts.pop().unwrap_or_default());
        let (folders, folder_lang) = split_folders(&parts);
        let (stem, suffix_lang) = match file.rsplit_once('.') {
            Some((stem, tag)) if !stem.is_empty() && !NOT_SUFFIXES.contains(&tag) => match language_of_path(tag) {
                Some(lang) => (stem, Some(lang)),
                None => (file, None),
            },
            _ => (file, None),
        };
        let mut names = folders;
        let is_index = ["index", "readme", "_index"].contains(&stem.to_lowercase().as_str());
        if !is_index || names.is_empty() {
            names.push(stem);
        }
        let lang = suffix_lang.or(folder_lang);
        let translation_key = names.join("/");
        let tagged = lang.as_ref().map(|lang| format!("{lang}-{translation_key}"));
        let mut slug = slugify(&spelled_out(tagged.as_ref().unwrap_or(&translation_key)));
        if slugify(&spelled_out(names.last().copied().unwrap_or_default())).is_empty() {
            let codes = stem.chars().map(|c| format!("-u{:x}", c as u32));
            slug = slugify(&codes.fold(slug, |slug, code| slug + &code));
        }
        let title = readable(names.last().copied().unwrap_or_default());
        Self { lang, slug: if slug.is_empty() { "article".to_owned() } else { slug }, translation_key, title }
    }
}

fn without_ending(file: &str) -> &str {
    let lower = file.to_ascii_lowercase();
    let ending = [".markdown", ".mdx", ".md"].iter().find(|ending| lower.ends_with(*ending));
    ending.map_or(file, |ending| &file[..file.len() - ending.len()])
}

/// Takes the language out of the folders: `nl` is dropped, `pages.nl` becomes `pages`.
fn split_folders<'a>(folders: &[&'a str]) -> (Vec<&'a str>, Option<String>) {
    let mut names = Vec::new();
    let mut lang = None;
    for folder in folders {
        if let Some(found) = language_of_path(folder) {
            lang = Some(found);
            continue;
        }
        match folder.rsplit_once('.').map(|(name, tag)| (name, language_of_path(tag))) {
            Some((name, Some(found))) if !name.is_empty() => {
                lang = Some(found);
                names.push(name);
            }
            _ => names.push(*folder),
        }
    }
    (names, lang)
}

/// A language tag in a path. Capitals at its start make it a name: `AD` is a product.
fn language_of_path(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let known = primary.len() == 2 && LANGUAGES.split_whitespace().any(|known| known == primary);
    if known { normalise_language(tag) } else { None }
}

/// A language tag in its usual spelling: `pt_pt` is `pt-PT`, `ZH-hant` is `zh-Hant`; nothing where it is none.
pub(super) fn normalise_language(tag: &str) -> Option<String> {
    let mut parts = tag.trim().split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    if !(2..=3).contains(&primary.len()) || !primary.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut normal = primary.to_ascii_lowercase();
    for part in parts {
        if !(2..=8).contains(&part.len()) || !part.chars().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        normal.push('-');
        match part.len() {
            2 => normal.push_str(&part.to_ascii_uppercase()),
            4 => {
                normal.push_str(&part[..1].to_ascii_uppercase());
                normal.push_str(&part[1..].to_ascii_lowercase());
            }
            _ => normal.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(normal)
}

/// The last part of an address, as one segment of lower-case letters, digits, `-` and `_`.
pub(super) fn slug_of_address(address: &str) -> String {
    let last = address.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    slugify(without_ending(last.strip_suffix(".html").unwrap_or(last)))
}

fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if slug.len() + c.len_utf8() > MAX_SLUG_BYTES {
            break;
        }
        if c.is_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && !is_mark(c) {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Signs that set names apart, in letters: `c++` is not `c`.
fn spelled_out(name: &str) -> String {
    name.replace('+', "-plus").replace('#', "-sharp")
}

/// A file name as a title: `reset_your-password` is "Reset your password".
fn readable(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    letters.next().map_or_else(|| "Untitled".to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

/// Accents and vowel signs that are characters of their own; parts of a word, though not letters.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Gives out the anchors of one article.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    given: HashMap<String, u32>,
}

impl Anchors {
    /// The anchor of a heading by GitHub's rule; a heading with the same words gets a number.
    pub(super) fn next(&mut self, heading: &str) -> String {
        let base = anchor(heading);
        self.unique(if base.is_empty() { "section" } else { &base })
    }

    /// An anchor that the writer chose; only a repeated one is changed.
    pub(super) fn custom(&mut self, id: &str) -> String {
        self.unique(id)
    }

    fn unique(&mut self, base: &str) -> String {
        let mut name = base.to_owned();
        let mut number = self.given.get(base).copied().unwrap_or(0);
        while self.given.contains_key(&name) {
            number += 1;
            name = format!("{base}-{number}");
        }
        self.given.insert(base.to_owned(), number);
        self.given.entry(name.clone()).or_insert(0);
        name
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().flat_map(char::to_lowercase);
    let kept = kept.filter(|c| c.is_alphanumeric() || is_mark(*c) || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_language_slug_and_translation_key() {
        let table = [
            // path, language, slug, translation key, title
            ("install.md", None, "install", "install", "Install"),
            ("install.nl.md", Some("nl"), "nl-install", "install", "Install"),
            ("nl/install.md", Some("nl"), "nl-install", "install", "Install"),
            ("docs/nl/set-up_mail.md", Some("nl"), "nl-docs-set-up_mail", "docs/set-up_mail", "Set up mail"),
            ("pages.pt_PT/common/tar.md", Some("pt-PT"), "pt-pt-pages-common-tar", "pages/common/tar", "Tar"),
            ("pages/common/tar.md", None, "pages-common-tar", "pages/common/tar", "Tar"),
            ("guide/index.md", None, "guide", "guide", "Guide"),
            ("de/guide/README.md", Some("de"), "de-guide", "guide", "Guide"),
            ("README.md", None, "readme", "README", "README"),
            ("nl/index.md", Some("nl"), "nl-index", "index", "Index"),
            ("AD/join.md", None, "ad-join", "AD/join", "Join"),
            ("socket.io.md", None, "socket-io", "socket.io", "Socket.io"),
            ("r.zsh.md", None, "r-zsh", "r.zsh", "R.zsh"),
            ("hilfe/Übersicht.md", None, "hilfe-übersicht", "hilfe/Übersicht", "Übersicht"),
            ("!!!.md", None, "u21-u21-u21", "!!!", "!!!"),
            ("nl/common/$.md", Some("nl"), "nl-common-u24", "common/$", "$"),
            ("c++.md", None, "c-plus-plus", "c++", "C++"),
            ("", None, "article", "", "Untitled"),
        ];
        for (path, lang, slug, key, title) in table {
            let expected = FromPath {
                lang: lang.map(str::to_owned),
                slug: slug.to_owned(),
                translation_key: key.to_owned(),
                title: title.to_owned(),
            };
            assert_eq!(FromPath::read(path), expected, "{path}");
        }
    }

    #[test]
    fn languages_get_their_usual_spelling() {
        let table = [
            ("nl", Some("nl")),
            ("NL", Some("nl")),
            ("pt_PT", Some("pt-PT")),
            ("pt-br", Some("pt-BR")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("nl-NL", Some("nl-NL")),
            ("english", None),
            ("", None),
            ("n", None),
            ("nl-", None),
            ("éé", None),
        ];
        for (tag, expected) in table {
            assert_eq!(normalise_language(tag).as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn anchors_follow_githubs_rule() {
        let table = [
            ("Reset a password", "reset-a-password"),
            ("What's new in 2.0?", "whats-new-in-20"),
            ("A & B", "a--b"),
            ("snake_case and kebab-case", "snake_case-and-kebab-case"),
            ("Größe ändern", "größe-ändern"),
            ("日本語 の 見出し", "日本語-の-見出し"),
            ("🚀 Launch", "-launch"),
            ("!!!", "section"),
        ];
        for (heading, expected) in table {
            assert_eq!(Anchors::default().next(heading), expected, "{heading}");
        }
    }

    #[test]
    fn equal_headings_get_numbers_that_never_clash() {
        let mut anchors = Anchors::default();
        let given: Vec<String> = ["Notes", "Notes", "Notes 1", "Notes"].iter().map(|text| anchors.next(text)).collect();
        assert_eq!(given, ["notes", "notes-1", "notes-1-1", "notes-2"]);
        assert_eq!(anchors.custom("notes"), "notes-3");
        assert_eq!(anchors.custom("Own"), "Own");
    }

    #[test]
    fn the_last_part_of_an_address_is_the_slug() {
        let table = [
            ("install", "install"),
            ("/docs/install/", "install"),
            ("docs/Set up.html", "set-up"),
            ("a.md", "a"),
            ("/", ""),
            ("../../etc", "etc"),
        ];
        for (address, expected) in table {
            assert_eq!(slug_of_address(address), expected, "{address}");
        }
        assert!(slug_of_address(&"é".repeat(1000)).len() <= MAX_SLUG_BYTES);
    }
}
