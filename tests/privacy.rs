//! Every promise of `articles/privacy.md`, kept.

use std::fs;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Server, program};

const SESSION: &str = "visitor-number-00001";
const PROXY: &str = "[limits]\ntrusted_proxies = [\"127.0.0.0/8\"]";
const ADDRESS: &str = "203.0.113.77";

async fn server() -> Server {
    Server::with(crate::support::HELP).configured(PROXY).start().await
}

/// A visitor searches, says that an article helped, and sends a ticket; with headers of their own.
async fn visit(server: &Server, session: &str, email: &str, headers: &[(&str, &str)]) -> String {
    let request = |method, path: &str| {
        let request = server.request(method, path).header("x-forwarded-for", ADDRESS);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let search = async |words: &str| {
        let path = format!("/api/v1/search?q={words}&lang=en&session={session}");
        request("GET", &path).send().await.unwrap()
    };
    search(&format!("password+of+{email}")).await;
    server.pass(SignedDuration::from_secs(5));
    let search = search("reset+my+password").await;
    assert_eq!(search.headers().get("set-cookie"), None, "no cookie");
    server.pass(SignedDuration::from_secs(5));
    let path = format!("/api/v1/search?q=reset+password&lang=en&session={session}");
    let search: Value = request("GET", &path).send().await.unwrap().json().await.unwrap();
    server.pass(SignedDuration::from_secs(5));
    let click = json!({ "id": format!("event-{}", ulid::Ulid::generate()), "type": "result_clicked",
        "query_id": search["query_id"], "rank": 1, "article": "reset-password" });
    let batch = json!({ "session": session, "interacted": true, "events": [click] });
    assert_eq!(request("POST", "/api/v1/events").json(&batch).send().await.unwrap().status(), 202);
    server.pass(SignedDuration::from_secs(5));
    let verdict = json!({ "helpful": true, "session": session });
    let sent = request("POST", "/api/v1/articles/reset-password/feedback").json(&verdict).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.headers().get("set-cookie")), (204, None));
    let ticket = json!({ "session": session, "query_id": search["query_id"], "message": "The locksmith of Ghent knows me",
        "requester": { "email": email }, "idempotency_key": format!("key-of-{session}") });
    let sent = request("POST", "/api/v1/tickets").json(&ticket).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.headers().get("set-cookie")), (201, None));
    let sent: Value = sent.json().await.unwrap();
    server.pass(SignedDuration::from_secs(1));
    server.app.insight.flush().await.unwrap();
    sent["reference"].as_str().unwrap().to_owned()
}

/// Whether any file of the data folder has these bytes.
fn at_rest(server: &Server, text: &str) -> bool {
    fs::read_dir(&server.app.config.data).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
    })
}

fn command(server: &Server, arguments: &[&str]) -> String {
    let data = server.app.config.data.as_path();
    let ended = program::run(data, &[&["visitor"], arguments, &["--data", data.to_str().unwrap()]].concat());
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.log);
    ended.output
}

async fn events(server: &Server) -> i64 {
    let store = zerodesk::store::Sqlite::open(&server.app.config.data, server.app.now()).unwrap();
    store.read(|c| Ok(c.query_row("SELECT count(*) FROM events", (), |row| row.get(0))?)).await.unwrap()
}

#[tokio::test]
async fn no_address_and_no_session_is_at_rest_and_words_are_masked() {
    let server = server().await;
    visit(&server, SESSION, "ann@example.com", &[]).await;
    for absent in [ADDRESS, "203.0.113", SESSION, "password of ann@example.com"] {
        assert!(!at_rest(&server, absent), "{absent}");
    }
    assert!(
        at_rest(&server, "password of [email]") && at_rest(&server, "locksmith"),
        "the test looks at the right files"
    );
}

#[tokio::test]
async fn of_browsers_that_ask_not_to_be_tracked_nothing_is_recorded_and_all_is_answered() {
    for (name, honour, recorded) in [
        ("sec-gpc", "all", false),
        ("dnt", "all", false),
        ("sec-gpc", "gpc", false),
        ("dnt", "gpc", true),
        ("dnt", "none", true),
    ] {
        let settings = format!("[insight]\nhonour = {honour:?}");
        let server = Server::with(crate::support::HELP).configured(&settings).start().await;
        visit(&server, SESSION, "ann@example.com", &[(name, "1")]).await;
        assert_eq!(events(&server).await > 0, recorded, "{name} with {honour}");
    }
}

#[tokio::test]
async fn erasure_by_address_takes_everything_of_that_person_and_nothing_of_others() {
    let server = server().await;
    let reference = visit(&server, SESSION, "ann@example.com", &[]).await;
    let other = visit(&server, "visitor-number-00002", "bob@example.com", &[]).await;
    server.pass(SignedDuration::from_secs(1));
    server.app.learn().await;
    let exported: Value = serde_json::from_str(&command(&server, &["export", "--email", "Ann@Example.com"])).unwrap();
    assert_eq!(exported["tickets"].as_array().unwrap().len(), 1, "{exported}");
    assert_eq!(exported["tickets"][0]["handoff"]["message"], "The locksmith of Ghent knows me");
    let kinds: Vec<&str> =
        exported["events"].as_array().unwrap().iter().map(|event| event["kind"]["type"].as_str().unwrap()).collect();
    for kind in ["search_performed", "result_clicked", "feedback_given", "ticket_opened"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(!exported.to_string().contains("bob@"));

    let searches = async || {
        let stats = server.request("GET", "/api/v1/stats/deflection").bearer_auth(&server.token).send().await.unwrap();
        stats.json::<Value>().await.unwrap()["no_answer"]["n"].clone()
    };
    assert_eq!(searches().await, 6, "the day is counted");
    let erased = command(&server, &["erase", "--email", "ann@example.com"]);
    assert!(erased.contains("tickets\t1 deleted") && erased.contains("testimonies"), "{erased}");
    let lists = "SELECT count(*) FROM days_counted";
    let store = zerodesk::store::Sqlite::open(&server.app.config.data, server.app.now()).unwrap();
    let counted: i64 = store.read(move |c| Ok(c.query_row(lists, (), |row| row.get(0))?)).await.unwrap();
    assert_eq!(counted, 0, "the day is counted anew");
    for gone in ["ann@example.com", &reference] {
        assert!(!at_rest(&server, gone), "{gone}");
    }
    assert!(at_rest(&server, &other) && at_rest(&server, "bob@example.com"));
    assert!(command(&server, &["erase", "--email", "ann@example.com"]).contains("nothing is kept"));
    assert_eq!(searches().await, 3, "the server that was running does not remember either");
    let log = server.request("GET", "/api/v1/desk/log").bearer_auth(&server.token).send().await.unwrap();
    let log = log.text().await.unwrap();
    assert!(log.contains("visitor_erased") && !log.contains("ann@"), "{log}");
}

#[tokio::test]
async fn erasure_by_session_works_while_the_salts_are_there() {
    // The command reads the clock of the machine.
    let server = Server::with(crate::support::HELP).start_now().await;
    visit(&server, SESSION, "ann@example.com", &[]).await;
    assert!(command(&server, &["export", "--session", SESSION]).contains("feedback_given"));
    let erased = command(&server, &["erase", "--session", SESSION]);
    assert!(erased.contains("events") && erased.contains("tickets\t1 deleted"), "{erased}");
    assert_eq!(events(&server).await, 0);
    assert!(!at_rest(&server, "ann@example.com"));
}
