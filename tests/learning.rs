//! What visitors find helpful, articles learn; and one visitor, or one network, teaches nothing.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Builder, Server, program};

const PROXY: &str = "[limits]\nenabled = false\ntrusted_proxies = [\"127.0.0.0/8\"]";
/// No article has a word of it.
const QUESTION: &str = "geld terug";

async fn server() -> Server {
    built().start().await
}

fn built() -> Builder {
    let articles = [
        ("refunds.md", "---\nlang: en\n---\n\n# Refunds\n\nRefunds are paid within a week.\n"),
        ("printer.md", "---\nlang: en\n---\n\n# Blank pages\n\nThe printer prints blank pages when ink is low.\n"),
        ("reset.md", "---\nlang: en\n---\n\n# Reset your password\n\nOpen the menu and choose a new password.\n"),
    ];
    Server::with(&articles).configured(PROXY).configured("[sites.default]\n[sites.quiet]\nlearn = \"off\"")
}

/// A visitor at an address asks, opens an article and finds it helpful or not.
async fn visit(
    server: &Server,
    site: &str,
    number: usize,
    address: &str,
    question: &str,
    article: &str,
    helpful: bool,
) {
    let session = format!("visitor-number-{number:05}");
    let question = question.replace(' ', "+");
    let path = format!("/api/v1/search?q={question}&lang=en&site={site}&session={session}");
    let from = |method: &str, path: &str| server.request(method, path).header("x-forwarded-for", address);
    let search: Value = from("GET", &path).send().await.unwrap().json().await.unwrap();
    server.pass(SignedDuration::from_secs(5));
    let click = json!({ "id": format!("event-{}", ulid::Ulid::generate()), "type": "result_clicked",
        "query_id": search["query_id"], "rank": 1, "article": article });
    let batch = json!({ "session": session, "site": site, "interacted": true, "events": [click] });
    assert_eq!(from("POST", "/api/v1/events").json(&batch).send().await.unwrap().status(), 202);
    server.pass(SignedDuration::from_secs(5));
    let verdict = json!({ "helpful": helpful, "session": session, "site": site });
    let sent = from("POST", &format!("/api/v1/articles/{article}/feedback")).json(&verdict).send().await.unwrap();
    assert_eq!(sent.status(), 204);
    server.pass(SignedDuration::from_secs(5));
}

/// Runs a command that should succeed, and gives what it prints.
fn succeed(server: &Server, arguments: &[&str]) -> String {
    let ended = program::run(&server.app.config.data, arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.log);
    ended.output
}

async fn first(server: &Server, question: &str) -> Option<String> {
    server.hits(&format!("{question}&lang=en")).await.into_iter().next()
}

/// Waits until the networks of all verdicts are written, then learns.
async fn learn(server: &Server, verdicts: i64) {
    let store = zerodesk::store::Sqlite::open(&server.app.config.data, server.app.now()).unwrap();
    server
        .eventually(async |_| {
            let count =
                store.read(|c| Ok(c.query_row("SELECT count(*) FROM event_networks", (), |r| r.get::<_, i64>(0))?));
            count.await.unwrap() == verdicts
        })
        .await;
    // What happens at this very moment is taken in the next time.
    server.pass(SignedDuration::from_secs(1));
    server.app.learn().await;
}

#[tokio::test]
async fn three_networks_teach_an_article_a_question_and_other_searches_stay_as_they_are() {
    let server = server().await;
    let before = server.search("blank pages of the printer&lang=en").await["hits"].clone();
    for (number, address) in ["192.0.2.1", "198.51.100.1"].into_iter().enumerate() {
        visit(&server, "default", number, address, QUESTION, "refunds", true).await;
    }
    learn(&server, 2).await;
    assert_eq!(first(&server, QUESTION).await, None, "two are too few");

    visit(&server, "default", 3, "2001:db8:1::1", QUESTION, "refunds", true).await;
    learn(&server, 3).await;
    assert_eq!(first(&server, QUESTION).await.as_deref(), Some("refunds"));
    assert_eq!(server.search("blank pages of the printer&lang=en").await["hits"], before);

    let server = server.restart().await;
    server.app.learn().await;
    assert_eq!(first(&server, QUESTION).await.as_deref(), Some("refunds"), "it lasts");
}

#[tokio::test]
async fn one_network_moves_nothing_however_many_visitors_it_sends() {
    let server = server().await;
    for number in 0..30 {
        let address = format!("192.0.2.{}", number + 1);
        visit(&server, "default", number, &address, "reset my password", "printer", true).await;
        visit(&server, "default", 100 + number, &address, QUESTION, "refunds", true).await;
        server.pass(SignedDuration::from_hours(20));
    }
    learn(&server, 60).await;
    assert_eq!(first(&server, "reset my password").await.as_deref(), Some("reset"));
    assert_eq!(first(&server, QUESTION).await, None);
}

#[tokio::test]
async fn a_site_that_does_not_learn_learns_nothing() {
    let server = server().await;
    for number in 0..4 {
        visit(&server, "quiet", number, &format!("203.0.{number}.1"), QUESTION, "refunds", true).await;
    }
    learn(&server, 4).await;
    assert_eq!(server.hits(&format!("{QUESTION}&lang=en&site=quiet")).await, [""; 0]);
}

#[tokio::test]
async fn a_ticket_resolved_with_an_article_is_a_voice() {
    let server = server().await;
    for number in 0..3 {
        let session = format!("visitor-number-{number:05}");
        let path = format!("/api/v1/search?q=geld+terug&lang=en&session={session}");
        let address = format!("203.0.{number}.1");
        let request = |method, path: &str| server.request(method, path).header("x-forwarded-for", &address);
        let search: Value = request("GET", &path).send().await.unwrap().json().await.unwrap();
        let ticket = json!({ "session": session, "query_id": search["query_id"], "message": "Money back please",
            "requester": { "email": "ann@example.com" }, "idempotency_key": session });
        let sent: Value = request("POST", "/api/v1/tickets").json(&ticket).send().await.unwrap().json().await.unwrap();
        server.pass(SignedDuration::from_hours(1));
        let path = format!("/api/v1/desk/tickets/{}/resolve", sent["reference"].as_str().unwrap());
        let outcome = json!({ "outcome": "known", "article": "refunds", "text": "See there." });
        let resolved = server.request("POST", &path).bearer_auth(&server.token).json(&outcome).send().await.unwrap();
        server.pass(SignedDuration::from_secs(1));
        assert_eq!(resolved.status(), 200, "{}", resolved.text().await.unwrap());
    }
    learn(&server, 3).await;
    assert_eq!(first(&server, QUESTION).await.as_deref(), Some("refunds"));
}

#[tokio::test]
async fn what_was_learned_is_seen_exported_and_removed_while_the_server_runs() {
    // Commands read the clock of the machine, and nothing that they are asked for lies ahead.
    let server = built().start_now().await;
    server.pass(SignedDuration::from_hours(-1));
    for number in 0..4 {
        visit(&server, "default", number, &format!("203.0.{number}.1"), QUESTION, "refunds", true).await;
    }
    learn(&server, 4).await;
    let config = &server.app.config;
    let command = |arguments: &[&str]| {
        let folders = ["--data", config.data.to_str().unwrap(), "--articles", config.articles.to_str().unwrap()];
        succeed(&server, &[&["learned"], arguments, &folders].concat())
    };
    let listed = command(&["list"]);
    assert!(listed.contains("refunds\tgeld terug [en]"), "{listed}");
    assert!(command(&["export"]).contains("# refunds\nquestions:\n  - \"geld terug\""));
    command(&["export", "--write"]);
    let written = std::fs::read_to_string(server.articles().join("refunds.md")).unwrap();
    assert!(written.starts_with("---\nlang: en\nquestions:\n  - \"geld terug\"\n---\n"), "{written}");
    server.write("refunds.md", "---\nlang: en\n---\n\n# Refunds\n\nRefunds are paid within a week.\n");

    command(&["remove", "refunds", "Geld  terug"]);
    server.eventually(async |server| first(server, QUESTION).await.is_none()).await;
    visit(&server, "default", 9, "203.0.113.1", QUESTION, "refunds", true).await;
    learn(&server, 5).await;
    assert_eq!(first(&server, QUESTION).await, None, "it stays away");
}
