//! Phrases to choose from while people type.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{HELP, Server, encoded};

/// The texts of the completions, with what is marked in brackets.
fn marked(reply: &Value) -> Vec<String> {
    let one = |completion: &Value| {
        let letters: Vec<char> = completion["text"].as_str().unwrap().chars().collect();
        let mut text = String::new();
        for (at, letter) in letters.iter().enumerate() {
            let edge = |which: usize, at: usize| {
                completion["highlights"].as_array().unwrap().iter().any(|range| range[which] == at)
            };
            text.extend(edge(0, at).then_some('['));
            text.push(*letter);
            text.extend(edge(1, at + 1).then_some(']'));
        }
        text
    };
    reply["completions"].as_array().unwrap_or_else(|| panic!("{reply}")).iter().map(one).collect()
}

async fn complete(server: &Server, typed: &str, more: &str) -> Vec<String> {
    marked(&server.json(&format!("/api/v1/complete?q={}{more}", encoded(typed))).await)
}

async fn prepared(articles: &[(&str, &str)]) -> Server {
    let server = Server::with(articles).start().await;
    server.app.refresh_completions().await;
    server
}

#[tokio::test]
async fn a_search_brings_completions_only_where_they_are_asked_for() {
    let server = prepared(HELP).await;
    let reply = server.json("/api/v1/search?q=reset&lang=en&complete=1").await;
    assert_eq!(marked(&reply), ["[Reset] your password"], "{reply}");
    let reply = server.json("/api/v1/search?q=reset&lang=en").await;
    assert!(reply.get("completions").is_none(), "{reply}");
    assert_eq!(server.get("/api/v1/search?q=reset&complete=21").await.status(), 422);
}

#[tokio::test]
async fn phrases_go_on_from_what_was_typed() {
    let server = prepared(HELP).await;
    for (typed, more, expected) in [
        ("reset", "&lang=en", &["[Reset] your password"][..]),
        ("RESET yóur", "&lang=en", &["[Reset your] password"]),
        ("pass", "&lang=en", &["Reset your [pass]word", "I forgot my [pass]word"]),
        ("i ", "&lang=en", &["[I] forgot my password"]),
        ("e-mail", "&lang=en", &["Change your [e-mail] address", "By [e-mail]"]),
        ("blank printer", "&lang=en", &["The [printer] prints [blank] pages"]),
        ("zuruck", "&lang=de", &["Passwort [zurück]setzen"]),
        ("opnieuw", "&lang=en", &["Wachtwoord [opnieuw] instellen"]),
        ("per", "", &["[Per] E-Mail"]),
        ("invioce", "&lang=en", &["Download an [invoice]"]),
        ("opne", "&lang=en", &["[Ope]ning hours at holidays"]),
        ("quantum", "&lang=en", &[]),
        ("…", "&lang=en", &[]),
        ("a", "&lang=en&limit=0", &[]),
    ] {
        assert_eq!(complete(&server, typed, more).await, expected, "{typed} {more}");
    }
}

#[tokio::test]
async fn beginnings_come_before_middles_and_titles_before_headings() {
    let server = prepared(&[
        ("a.md", "# Lamps\n\nText.\n\n## Lamp oil\n\nText.\n\n## Change it\n\nText.\n"),
        ("b.md", "---\nquestions: [lamp is broken]\n---\n\n# The lamp flickers\n\nText.\n\n## Change it\n\nText.\n"),
    ])
    .await;
    assert_eq!(
        complete(&server, "lamp", "&lang=en").await,
        ["[Lamp]s", "[lamp] is broken", "[Lamp] oil", "The [lamp] flickers"]
    );
    assert_eq!(complete(&server, "lamp", "&lang=en&limit=1").await, ["[Lamp]s"]);
    assert_eq!(complete(&server, "change", "&lang=en").await, ["[Change] it"], "each phrase once");
}

#[tokio::test]
async fn only_what_a_site_may_show_is_suggested() {
    let sites = "[sites.shop]\nlanguages = [\"en\"]\nfolders = [\"shop\"]\n[sites.all]\nlanguages = [\"en\"]";
    let articles = [
        ("shop/pay.md", "# Pay by card\n\nText.\n"),
        ("wiki/pay.md", "# Pay the staff\n\nText.\n"),
        ("wiki/secret.md", "---\nunlisted: true\n---\n\n# Pay the chief\n\nText.\n"),
        ("wiki/draft.md", "---\ndraft: true\n---\n\n# Pay nobody\n\nText.\n"),
    ];
    let server = Server::with(&articles).configured(sites).start().await;
    server.app.refresh_completions().await;
    assert_eq!(complete(&server, "pay", "&site=shop").await, ["[Pay] by card"]);
    assert_eq!(complete(&server, "pay", "&site=all").await, ["[Pay] by card", "[Pay] the staff"]);
    assert_eq!(server.get("/api/v1/complete?q=pay&site=none").await.status(), 404);
    assert_eq!(server.get("/api/v1/complete").await.status(), 422);
}

#[tokio::test]
async fn saved_articles_complete_by_themselves() {
    let server = Server::with(HELP).configured("[limits]\nenabled = false").start().await;
    server.write("zebra.md", "# Zebra crossings\n\nText.\n");
    server.eventually(async |server| complete(server, "zeb", "&lang=en").await == ["[Zeb]ra crossings"]).await;
    std::fs::remove_file(server.articles().join("zebra.md")).unwrap();
    server.eventually(async |server| complete(server, "zeb", "&lang=en").await.is_empty()).await;
}

#[tokio::test]
async fn what_many_ask_is_suggested_and_what_few_ask_is_not() {
    let server = prepared(HELP).await;
    let asked = [
        ("password link by e-mail", 5, true),
        ("password link by phone", 4, false),
        ("password of ann@example.org", 5, false),
        ("password of xylophonist", 5, false),
        ("zxcvbnm", 6, false),
    ];
    // Two of them a day.
    for day in 0..3 {
        for (words, visitors, _) in asked {
            for visitor in (2 * day..visitors).take(2) {
                let session = format!("visitor-{visitor}-of-{}", words.len());
                server.search(&format!("{words}&lang=en&session={session:x<32}")).await;
            }
        }
        server.pass(SignedDuration::from_hours(24));
    }
    server.app.refresh_completions().await;
    for (words, _, expected) in asked {
        let found = server.json(&format!("/api/v1/complete?q={}&lang=en", encoded(words))).await;
        let texts: Vec<_> = found["completions"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
        assert_eq!(texts.contains(&json!(words)), expected, "{words}: {found}");
    }
    let first = server.json("/api/v1/complete?q=password+l&lang=en").await;
    assert_eq!(
        (&first["completions"][0]["kind"], &first["completions"][0]["language"]),
        (&json!("query"), &json!("en"))
    );
}
