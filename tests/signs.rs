//! The two signs of a query: words in quotation marks stand side by side, words behind a minus do not come up.

use serde_json::{Value, json};

use crate::support::{Server, encoded};

const ARTICLES: &[(&str, &str)] = &[
    ("blank.md", "# The printer prints blank pages\n\nTake the tape off the cartridge.\n"),
    ("pages.md", "# Print pages\n\nAll pages are printed. A blank line ends them.\n"),
    ("toner.md", "# Toner is low\n\nA printer that prints blank paper needs toner. Order the toner in the shop.\n"),
    (
        "java.md",
        "# Start the program\n\nOn a server, start the program like this:\n\n```sh\njava -jar app.jar --port 80\n```\n",
    ),
    ("jar.md", "# Program in a jar\n\nThe program for a server is a jar.\n"),
    ("off.md", "# Out of office\n\nSwitch out of office on. State of the art: we switch it off for you.\n"),
    (
        "nl/schakel.md",
        "---\nlang: nl\n---\n\n# Meldingen in- en uitschakelen\n\nZo kun je meldingen in- en uitschakelen.\n",
    ),
];

async fn ask(server: &Server, query: &str) -> (Vec<String>, Value) {
    let reply = server.json(&format!("/api/v1/search?lang=en&q={}", encoded(query))).await;
    let hits = reply["hits"].as_array().unwrap_or_else(|| panic!("{query}: {reply}"));
    let mut slugs: Vec<String> = hits.iter().map(|hit| hit["article"].as_str().unwrap().to_owned()).collect();
    slugs.sort();
    (slugs, reply)
}

#[tokio::test]
async fn words_in_quotation_marks_stand_side_by_side() {
    let server = Server::with(ARTICLES).start().await;
    for (query, expected) in [
        ("blank pages", vec!["blank", "pages", "toner"]),
        ("\"blank pages\"", vec!["blank"]),
        ("\"blank page\"", vec!["blank"]), // the same stems
        ("„blank pages“ printer", vec!["blank"]),
        ("“pages blank”", vec![]), // found one by one: see below
        ("\"blank\" printing", vec!["blank", "pages", "toner"]),
        ("\"toner\" printer", vec!["toner"]),
        ("\"out of office\"", vec!["off"]),
        ("\"state of the art\"", vec!["off"]),
        ("\"blank pages\" \"the cartridge\"", vec!["blank"]),
    ] {
        let (hits, reply) = ask(&server, query).await;
        if expected.is_empty() {
            assert_eq!(reply["relaxed"], true, "{query}: {reply}");
        } else {
            assert_eq!(
                (hits, &reply["relaxed"]),
                (expected.iter().map(ToString::to_string).collect(), &json!(false)),
                "{query}: {reply}"
            );
        }
    }
}

#[tokio::test]
async fn a_phrase_that_no_article_has_is_searched_word_by_word_and_the_reply_says_so() {
    let server = Server::with(ARTICLES).start().await;
    for (query, expected) in [
        ("\"pages blank\"", vec!["blank", "pages", "toner"]),
        ("\"office switch\"", vec!["off"]),      // not over the end of a sentence
        ("\"pritner\"", vec!["blank", "toner"]), // quoted words are exact; one by one they may be mistyped
        ("\"zebra crossing\"", vec![]),
    ] {
        let (hits, reply) = ask(&server, query).await;
        assert_eq!(
            (hits, &reply["relaxed"]),
            (expected.iter().map(ToString::to_string).collect(), &json!(true)),
            "{query}: {reply}"
        );
    }
    assert!(server.page("/search?lang=en&q=%22pages+blank%22").await.contains("side by side"));
    assert!(!server.page("/search?lang=en&q=%22blank+pages%22").await.contains("side by side"));
}

#[tokio::test]
async fn quoted_words_are_meant_as_they_are_written() {
    let server = Server::with(&[
        ("form.md", "# Form\n\nFill in the formular.\n"),
        ("format.md", "# Format\n\nThe format of files.\n"),
    ])
    .start()
    .await;
    assert_eq!(ask(&server, "form").await.0, ["form", "format"], "an unfinished word");
    assert_eq!(ask(&server, "\"form\"").await.0, ["form"]);
    assert_eq!(ask(&server, "\"form").await.0, ["form", "format"], "nobody closed it yet");
}

#[tokio::test]
async fn a_minus_leaves_out_what_has_the_word() {
    let server = Server::with(ARTICLES).start().await;
    for (query, expected, excluded) in [
        ("blank -toner", vec!["blank", "pages"], vec!["toner"]),
        ("-toner blank", vec!["blank", "pages"], vec!["toner"]),
        ("blank -toners -lines", vec!["blank"], vec!["toners", "lines"]), // by stems
        ("blank -\"blank pages\"", vec!["pages", "toner"], vec!["blank pages"]),
        ("blank -\"pages blank\"", vec!["blank", "pages", "toner"], vec!["pages blank"]),
        ("blank -zebra", vec!["blank", "pages", "toner"], vec!["zebra"]),
        ("blank -blank", vec![], vec!["blank"]),
        ("-toner", vec![], vec!["toner"]),
        ("-toner -\"blank pages\"", vec![], vec!["toner", "blank pages"]),
        ("blank - toner", vec!["blank", "pages", "toner"], vec![]),
        ("blank-toner", vec!["blank", "pages", "toner"], vec![]),
        ("switch -off office", vec!["off"], vec![]), // a stop word leaves nothing out
        ("program --port", vec!["jar", "java"], vec![]),
        ("server -jar", vec!["java"], vec!["jar"]), // it shows this very flag
    ] {
        let (hits, reply) = ask(&server, query).await;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!((hits, &reply["excluded"]), (expected, &json!(excluded)), "{query}: {reply}");
    }
    assert_eq!(server.search("meldingen+in+-en+uitschakelen&lang=nl").await["excluded"], json!([]));
    assert_eq!(server.hits("meldingen+in+-en+uitschakelen&lang=nl").await, ["nl-schakel"], "a slip, and a stop word");
    assert!(server.page("/search?lang=en&q=blank+-toner").await.contains("Without: toner"));
}
