//! Words that mean the same find each other, as the file says now.

use std::fs;

use crate::support::{Server, program};

const ARTICLES: &[(&str, &str)] = &[
    ("callback.md", "---\nlang: en\n---\n\n# Ask for a callback\n\nA technician rings at the hour you choose.\n"),
    ("call.md", "# Call a taxi\n\nThe number stands on the back of the card. Call it, and a taxi drives up.\n"),
    ("back.md", "# Back to the start\n\nGo back with the arrow, and back again.\n"),
    ("computer.md", "# Clean the computer\n\nSwitch the computer off first.\n"),
    ("laptop.md", "# Carry a laptop\n\nA laptop belongs in its bag.\n"),
    ("note.md", "# Hand in a doctor's certificate\n\nThe certificate of the doctor goes to your manager.\n"),
    ("nl/terug.md", "---\nlang: nl\n---\n\n# Terugbelverzoek doen\n\nEen technicus belt op het gekozen uur.\n"),
];

const FILE: &str = r#"
[[synonyms]]
words = ["call back", "callback", "terugbelverzoek"]
[[synonyms]]
from = ["pc", "laptop"]
to = ["computer"]
languages = ["en"]
[[synonyms]]
words = ["sick note", "doctor's certificate"]
[[synonyms]]
words = ["bin", "computer"]
sites = ["odd"]
"#;

/// A server whose synonyms are in `synonyms.toml` beside its articles' folder.
async fn server(text: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("synonyms.toml");
    fs::write(&file, text).unwrap();
    let settings = format!(
        "[search]\nsynonyms = {:?}\n[limits]\nenabled = false\n\
         [sites.default]\n[sites.odd]\n[sites.low]\nlanguages = [\"nl\"]",
        file.display().to_string()
    );
    (Server::with(ARTICLES).configured(&settings).start().await, folder)
}

#[tokio::test]
async fn words_that_mean_the_same_find_each_other() {
    let (server, _folder) = server(FILE).await;
    for (query, first) in [
        ("call back&lang=en", "callback"), // a phrase for a word
        ("please call back today&lang=en", "callback"),
        ("calls back&lang=en", "callback"),
        ("terugbelverzoek&lang=en", "callback"), // a word for a word
        ("callback&lang=nl", "nl-terug"),
        ("call back&lang=nl", "nl-terug"),
        ("pc&lang=en", "computer"),
        ("clean pcs&lang=en", "computer"),
        ("sick note&lang=en", "note"), // a phrase for a phrase
        ("sick notes for work&lang=en", "note"),
        ("laptop&lang=en", "laptop"), // the word itself comes first
        ("bin&lang=en&site=odd", "computer"),
    ] {
        let hits = server.hits(query).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{query}: {hits:?}");
    }
    for (query, absent) in [
        ("computer&lang=en", "laptop"),      // one way only
        ("pc&lang=nl&site=low", "computer"), // in English only
        ("bin&lang=en", "computer"),         // on the other site only
        ("\"laptop\"&lang=en", "computer"),  // what is quoted is meant as it is written
        ("callback&lang=en", "back"),        // "back" alone is no callback ...
        ("callback&lang=en", "call"),        // ... and neither are "call" and "back" in two sentences
    ] {
        let hits = server.hits(query).await;
        assert!(!hits.iter().any(|hit| hit == absent), "{query}: {hits:?}");
    }
    let reply = server.search("callback&lang=en").await;
    assert_eq!(reply["corrected"], serde_json::Value::Null, "{reply}");
}

#[tokio::test]
async fn a_site_has_synonyms_of_its_own_also_while_a_ticket_is_written() {
    let (server, _folder) = server(FILE).await;
    for (site, found) in [("odd", true), ("default", false)] {
        let body = serde_json::json!({ "site": site, "lang": "en", "message": "bin" });
        let reply: serde_json::Value = server.post_json("/api/v1/suggest", &body).await.json().await.unwrap();
        assert_eq!(reply["hits"][0]["article"] == "computer", found, "{site}: {reply}");
    }
}

#[tokio::test]
async fn synonyms_are_marked() {
    let (server, _folder) = server(FILE).await;
    for (query, word) in [("pc&lang=en", "computer"), ("sick note&lang=en", "certificate")] {
        let page = server.page(&format!("/search?q={}", query.replace(' ', "+"))).await;
        assert!(page.contains(&format!("<mark>{word}</mark>")), "{query}: {page}");
    }
}

#[tokio::test]
async fn the_file_is_read_again_and_a_broken_one_changes_nothing() {
    let (server, folder) = server(FILE).await;
    let file = folder.path().join("synonyms.toml");
    let faults = async |server: &Server| server.json("/readyz").await["faults"].to_string();
    assert_eq!(faults(&server).await, "[]");
    fs::write(&file, "[[synonyms]]\nwords = [\"taxi\", \"cab\", 3]\n").unwrap();
    server.eventually(async |server| faults(server).await.contains("line 2, column 25")).await;
    assert_eq!(server.hits("pc&lang=en").await, ["computer"], "the last good file stays in use");
    fs::write(&file, "[[synonyms]]\nwords = [\"taxi\", \"cab\"]\n").unwrap();
    server.eventually(async |server| server.hits("cab&lang=en").await == ["call"]).await;
    assert_eq!(faults(&server).await, "[]");
    assert!(server.hits("pc&lang=en").await.is_empty());
    fs::remove_file(&file).unwrap();
    server.eventually(async |server| faults(server).await.contains("synonyms.toml")).await;
    assert_eq!(server.hits("cab&lang=en").await, ["call"]);
}

#[test]
fn the_command_line_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    write("articles/a.md", "---\ntitle: Clean the computer\ndescription: How to.\n---\n\nSwitch it off first.\n");
    let check = |arguments: &[&str]| {
        let ended = program::run(folder.path(), arguments);
        (ended.code, ended.output + &ended.log)
    };
    assert_eq!(check(&["check"]).0, Some(0), "no file is no mistake");
    write("synonyms.toml", "[[synonyms]]\nwords = [\"pc\"]\n");
    let (code, text) = check(&["check"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("synonyms.toml:2:9: error[synonyms]: there are too few words"), "{text}");
    write("zerodesk.toml", "[search]\nsynonyms = \"other.toml\"\n");
    let (code, text) = check(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("synonyms file other.toml"), "{text}");
}
