//! What is asked and not answered: on the page, on the command line, and as the beginning of an article.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

use crate::support::{Server, program};

async fn asked() -> Server {
    let server = Server::with(crate::support::HELP).start_now().await;
    // The command reads the clock of the machine, and nothing that it is asked for lies ahead.
    server.pass(SignedDuration::from_hours(-1));
    for number in 0..6 {
        let words = ["sourdough bread recipe", "recipe for sourdough bread"][number % 2];
        let reply = server.search(&format!("{words}&lang=en&session=visitor-number-{number:05}")).await;
        assert_eq!(reply["decision"], "no_answer");
        server.pass(SignedDuration::from_secs(5));
    }
    server.app.insight.flush().await.unwrap();
    server
}

/// Runs a command that should succeed, and gives what it prints.
fn succeed(server: &Server, arguments: &[&str]) -> String {
    let ended = program::run(&server.app.config.data, arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.log);
    ended.output
}

fn command(server: &Server, arguments: &[&str]) -> String {
    let config = &server.app.config;
    let folders = ["--data", config.data.to_str().unwrap(), "--articles", config.articles.to_str().unwrap()];
    succeed(server, &[&["gaps"], arguments, &folders].concat())
}

#[tokio::test]
async fn the_page_is_for_agents_even_where_figures_are_public() {
    let server = Server::with(crate::support::HELP).configured("[insight]\nstats = \"public\"").start().await;
    assert_eq!(server.get("/stats").await.status(), 200);
    assert_eq!(server.get("/stats/gaps").await.status(), 401);
    server.search("sourdough bread recipe&lang=en&session=visitor-number-00001").await;
    server.pass(SignedDuration::from_mins(1));
    let page = server.request("GET", "/stats/gaps").bearer_auth(&server.token).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["cache-control"], "private, no-store");
    let page = page.text().await.unwrap();
    assert!(page.contains("sourdough bread recipe"), "{page}");
}

#[tokio::test]
async fn gaps_are_looked_for_again_once_something_has_changed_and_not_before() {
    let server = asked().await;
    let gaps = async || {
        let site = server.app.config.sites["default"].clone();
        let to = server.app.now();
        let from = to - SignedDuration::from_hours(24);
        let window = zerodesk::insight::Window { site: "default".into(), from, to, as_of: to };
        let found =
            server.app.insight.gaps(window, server.app.searcher.clone(), site, server.app.config.search.clone());
        found.await.unwrap()
    };
    let first = gaps().await;
    server.pass(SignedDuration::from_secs(1));
    assert!(Arc::ptr_eq(&first, &gaps().await), "nothing has changed");

    server.search("glaze for pottery&lang=en&session=visitor-number-00007").await;
    server.pass(SignedDuration::from_secs(5));
    let asked = gaps().await;
    assert_eq!((first.total, asked.total), (1, 2), "somebody asked");

    server.write("glaze.md", "---\nlang: en\n---\n\n# Glaze for pottery\n\nMix glaze for pottery with water.\n");
    server.until(async |server| server.app.snapshot().catalog().by_slug("glaze").map(|_| ())).await;
    assert!(!Arc::ptr_eq(&asked, &gaps().await), "an article was written");

    let written = gaps().await;
    server.pass(SignedDuration::from_hours(2));
    assert!(!Arc::ptr_eq(&written, &gaps().await), "time has passed");
}

#[tokio::test]
async fn a_gap_is_listed_drafted_checked_and_closed_by_the_article() {
    let server = asked().await;
    let gaps: Value = serde_json::from_str(&command(&server, &["--format", "json"])).unwrap();
    assert_eq!((gaps["total"].as_u64(), gaps["gaps"][0]["visitors"].as_u64()), (Some(1), Some(6)), "{gaps}");

    let drafts = server.drafts();
    let listed = command(&server, &["--draft", drafts.to_str().unwrap()]);
    assert!(listed.contains("recipe for sourdough bread"), "{listed}");
    let draft = std::fs::read_to_string(drafts.join("recipe-for-sourdough-bread.md")).unwrap();
    succeed(&server, &["check", "--strict", drafts.to_str().unwrap()]);

    let article = draft.replace("draft: true\n", "").replace('…', "Mix flour, water and salt with the starter.");
    server.write("bread.md", &article);
    // Asking the search would be asking the question.
    server.until(async |server| server.app.snapshot().catalog().by_slug("bread").map(|_| ())).await;
    let gaps: Value = serde_json::from_str(&command(&server, &["--format", "json"])).unwrap();
    let closing = &gaps["gaps"][0]["closing"];
    assert_eq!((&closing["article"], &closing["before"]["unanswered"]), (&"bread".into(), &6.into()), "{gaps}");
}
