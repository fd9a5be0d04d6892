//! The walls of the house: which room may name which, and what may not be found where.
//!
//! It reads the sources as text. That misses a few ways around (a re-export under another name), and costs
//! nothing to run; a wall that nothing checks is lost.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may name of ours, beside itself. A room that is not here may name nothing of ours.
const FLOORS: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("article", &[]),
    ("telemetry", &[]),
    ("widget", &[]),
    ("analysis", &["config"]),
    ("source", &["article", "config"]),
    ("index", &["article", "analysis", "config"]),
    ("ingest", &["article", "source", "index"]),
    ("search", &["article", "analysis", "index", "config"]),
    // A set of judged queries is a folder of articles, which `source` opens.
    ("eval", &["search", "article", "source", "ingest", "index", "config"]),
    // Findability is asked of the real search, over an index made as the server makes it.
    ("lint", &["search", "article", "source", "ingest", "index", "config"]),
    ("desk", &["search", "analysis", "config"]),
    ("insight", &["search", "desk", "config"]),
    ("store", &["desk", "insight", "config"]),
    ("app", &["*"]),
    ("http", &["*"]),
    ("cli", &["*"]),
    ("lib", &[]),
    ("main", &["*"]),
];

/// Rooms above the one that is asked for; even `*` does not reach them.
const ABOVE: &[(&str, &[&str])] = &[("app", &["http", "cli"]), ("http", &["cli"])];

/// Words that only some places may contain, with the reason. A place is a folder or a file below `src`.
const KEPT_TO: &[(&[&str], &[&str], &str)] = &[
    (
        &["axum", "StatusCode"],
        &["http", "desk/connectors"],
        "only `http` speaks HTTP; other rooms return their own errors",
    ),
    (&["rusqlite", "sqlx", "tokio_postgres", "deadpool_postgres"], &["store"], "only `store` knows the database"),
    (&["notify"], &["source"], "only `source` watches files"),
    (&["tantivy"], &["analysis", "index", "search"], "the search library stays behind analysis, index and search"),
    (&["anyhow"], &["cli", "main.rs"], "each room has one error enum; only the command line mixes them"),
];

/// Paths that a room may not name, with the reason.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("article", &["std::fs", "std::net", "std::io", "tokio"], "parsing an article does no I/O"),
    ("search", &["std::fs", "crate::store"], "a search writes nothing and never waits for the store"),
];

/// Rooms that see the whole configuration; all others take the part that is theirs.
const SEES_CONFIG: &[&str] = &["config", "app", "http", "cli", "main"];

/// Endings of names that say nothing about what the thing is.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Data", "Info"];

#[test]
fn the_walls_stand() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(
        faults.is_empty(),
        "\n{}\n\nThe rules are in tests/architecture.rs and ARCHITECTURE.md.",
        faults.join("\n")
    );
}

#[test]
fn every_room_has_a_floor() {
    let without: Vec<String> = sources()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !FLOORS.iter().any(|(room, _)| *room == room_of(path)))
        .collect();
    assert!(without.is_empty(), "give these rooms a floor in tests/architecture.rs: {without:?}");
}

#[test]
fn the_checker_finds_what_it_is_there_for() {
    let table: &[(&str, &str, &[&str])] = &[
        ("article/mod.rs", "//! A.\nuse crate::search::Query;\n", &["article/mod.rs:2"]),
        ("article/mod.rs", "//! A.\nfn f() { crate::store::x() }\n", &["article/mod.rs:2"]),
        ("search/a.rs", "//! A.\nuse crate::{article::X, index::Y};\n", &[]),
        ("search/a.rs", "//! A.\nuse crate::{article::X,\n    desk::{A, B},\n    index::Y};\n", &["search/a.rs:3"]),
        ("search/a.rs", "//! A.\nuse crate::{article::{store, desk}, index::Y};\n", &[]),
        ("search/a.rs", "//! A.\nuse crate::search::Query;\n// crate::store is not for us\n", &[]),
        ("search/a.rs", "//! A.\nconst T: &str = \"crate::store\";\n", &[]),
        ("desk/mod.rs", "//! A.\nuse axum::Router;\n", &["desk/mod.rs:2"]),
        ("desk/mod.rs", "//! A.\nfn f() -> StatusCode {}\n", &["desk/mod.rs:2"]),
        ("desk/connectors/a.rs", "//! A.\nfn f() -> StatusCode {}\n", &[]),
        ("http/api/a.rs", "//! A.\nuse axum::Router;\nuse crate::search::Query;\n", &[]),
        ("http/api/a.rs", "//! A.\nuse crate::cli::Args;\n", &["http/api/a.rs:2"]),
        ("app.rs", "//! A.\nuse crate::http::run;\n", &["app.rs:2"]),
        ("insight/a.rs", "//! A.\nuse rusqlite::Connection;\n", &["insight/a.rs:2"]),
        ("ingest.rs", "//! A.\nuse notify::Watcher;\nfn notify_all() {}\n", &["ingest.rs:2"]),
        ("source/a.rs", "//! A.\nuse notify::Watcher;\n", &[]),
        ("desk/a.rs", "//! A.\nlet x = self.notify.notified();\n", &[]),
        ("eval/a.rs", "//! A.\nuse tantivy::Index;\n", &["eval/a.rs:2"]),
        ("http/a.rs", "//! A.\nuse anyhow::Result;\n", &["http/a.rs:2"]),
        ("cli/a.rs", "//! A.\nuse anyhow::Result;\nuse crate::http::run;\n", &[]),
        ("article/a.rs", "//! A.\nuse std::fs;\n", &["article/a.rs:2"]),
        ("article/a.rs", "//! A.\nuse std::{fmt, fs};\n", &["article/a.rs:2"]),
        ("article/a.rs", "//! A.\nuse std::{fmt, mem};\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n", &[]),
        ("article/tests.rs", "use std::fs;\n", &[]),
        ("desk/a.rs", "//! A.\nuse crate::config::Config;\n", &["desk/a.rs:2"]),
        ("desk/a.rs", "//! A.\nuse crate::config::{Config, Desk};\n", &["desk/a.rs:2"]),
        ("desk/a.rs", "//! A.\nuse crate::config::{self, Desk};\n", &[]),
        ("desk/a.rs", "//! A.\nfn f(config: &crate::config::Config) {}\n", &["desk/a.rs:2"]),
        ("app.rs", "//! A.\nuse crate::config::Config;\n", &[]),
        ("desk/a.rs", "use std::fmt;\n", &["desk/a.rs:1"]),
        ("desk/a.rs", "//! A.\npub struct TicketManager;\n", &["desk/a.rs:2"]),
        (
            "desk/a.rs",
            "//! A.\npub(crate) enum Info {}\npub trait Database {}\npub struct DataLock;\n",
            &["desk/a.rs:2"],
        ),
        ("desk/a.rs", "//! A.\npub type UserData = u8;\n", &["desk/a.rs:2"]),
    ];
    for (path, text, expected) in table {
        let mut found: Vec<String> =
            check(path, text).iter().map(|fault| fault.split(": ").next().unwrap().to_owned()).collect();
        found.dedup();
        assert_eq!(&found, expected, "{path}\n{text}\n{:?}", check(path, text));
    }
}

/// All sources as path below `src` and text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).expect("it lies below src").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a source is text")));
            }
        }
    }
    found.sort();
    found
}

/// The room of a path below `src`.
fn room_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Everything wrong with one source, each as `file:line: rule and reason`.
fn check(path: &str, text: &str) -> Vec<String> {
    if is_test_file(path) {
        return Vec::new();
    }
    let code = code_of(text);
    let room = room_of(path);
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!("{path}:1: a module opens with `//!`: what it is, why, and what it never does"));
    }
    for (line, named) in paths(&code) {
        faults.extend(forbidden(path, room, &named).map(|why| format!("{path}:{line}: `{named}`: {why}")));
    }
    for (line, text) in code.lines().enumerate() {
        faults.extend(forbidden_word(path, text).map(|why| format!("{path}:{}: {why}", line + 1)));
        faults.extend(
            empty_name(text).map(|name| format!("{path}:{}: the name `{name}` does not say what it is", line + 1)),
        );
    }
    faults
}

fn forbidden(path: &str, room: &str, named: &str) -> Option<String> {
    if let Some((_, _, why)) =
        ABSENT.iter().find(|(owner, absent, _)| *owner == room && absent.iter().any(|absent| begins(named, absent)))
    {
        return Some((*why).to_owned());
    }
    if begins(named, "crate::config::Config") && !SEES_CONFIG.contains(&room) {
        return Some("nothing below `app` sees the whole configuration; take the part that is needed".to_owned());
    }
    if let Some((_, places, why)) = KEPT_TO.iter().find(|(words, _, _)| words.iter().any(|word| begins(named, word))) {
        return (!is_in(path, places)).then(|| (*why).to_owned());
    }
    let other = named
        .strip_prefix("crate::")
        .or_else(|| (room == "main").then(|| named.strip_prefix("zerodesk::")).flatten())?;
    let other = other.split("::").next().unwrap_or_default();
    if other == room || !FLOORS.iter().any(|(known, _)| *known == other) {
        return None;
    }
    let allowed = FLOORS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| allowed);
    let above = ABOVE.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, above)| above);
    let may = (allowed.contains(&"*") || allowed.contains(&other)) && !above.contains(&other);
    (!may).then(|| format!("`{room}` may name {allowed:?} of ours, and not `{other}`"))
}

/// Types that are named without their path.
fn forbidden_word(path: &str, line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let (_, places, why) = KEPT_TO.iter().find(|(names, _, _)| names.contains(&"StatusCode"))?;
    (words.contains(&"StatusCode") && !is_in(path, places)).then(|| format!("`StatusCode`: {why}"))
}

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether a path is another or lies below it.
fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn empty_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("pub")?;
    let rest = rest.strip_prefix("(crate)").or_else(|| rest.strip_prefix("(super)")).unwrap_or(rest);
    let mut words = rest.split_whitespace();
    let is_type = ["struct", "enum", "trait", "type", "union"].contains(&words.next()?);
    let name = words.next()?.split(|c: char| !c.is_alphanumeric()).next()?;
    let parts = humps(name);
    (is_type && parts.last().is_some_and(|last| EMPTY_NAMES.contains(last))).then_some(name)
}

/// The words of `ATypeName`.
fn humps(name: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
    starts.push(name.len());
    starts.windows(2).map(|pair| &name[pair[0]..pair[1]]).collect()
}

/// The code without comments, texts and what is only compiled for tests; lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        code.push_str(&without_texts(line));
        code.push('\n');
    }
    code
}

/// A line up to its comment, with the texts in it emptied.
fn without_texts(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut quoted = false;
    while let Some(c) = letters.next() {
        match c {
            '\\' if quoted => drop(letters.next()),
            '"' => quoted = !quoted,
            '/' if !quoted && letters.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => kept.push(c),
        }
    }
    kept
}

/// Every path with `::` in the code, with the groups of `use` written out, and its line.
fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // Beginnings of the groups that are open; `None` for braces that are no group.
    let mut open: Vec<Option<String>> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if c.is_alphabetic() || c == '_' {
                let length = path_length(rest);
                let (path, after) = rest.split_at(length);
                let start = open.last().and_then(Option::clone).unwrap_or_default();
                if path.ends_with("::") && after.starts_with('{') {
                    open.push(Some(format!("{start}{path}")));
                    rest = &after[1..];
                    continue;
                }
                let full = format!("{start}{path}");
                if full.contains("::") {
                    found.push((number + 1, full.trim_end_matches("::self").trim_end_matches("::").to_owned()));
                }
                rest = after;
                continue;
            }
            match c {
                '{' => open.push(None),
                '}' => drop(open.pop()),
                _ => {}
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    found
}

/// Length of the path that a text begins with: `crate::a::B`, or `crate::a::` before a group.
fn path_length(text: &str) -> usize {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let mut end = text.find(|c| !is_letter(c)).unwrap_or(text.len());
    while text[end..].starts_with("::") {
        let after = &text[end + 2..];
        let length = after.find(|c| !is_letter(c)).unwrap_or(after.len());
        end += 2 + length;
        if length == 0 {
            break;
        }
    }
    end
}
