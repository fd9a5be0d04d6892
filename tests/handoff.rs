//! From "no answer" to a ticket that nothing loses.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::Server;

fn ticket(key: &str, message: &str) -> Value {
    json!({ "idempotency_key": key, "subject": "Help", "message": message, "requester": { "email": "ann@example.com" } })
}

#[tokio::test]
async fn a_question_without_answer_becomes_a_ticket_with_its_trail() {
    let server = Server::start().await;
    let session = "session-of-a-visitor-1";
    let reply = server.search(&format!("sourdough bread&lang=en&session={session}&surface=box")).await;
    let mut body = ticket("key-of-the-first-one", "How do I bake bread?");
    body["query_id"] = reply["query_id"].clone();
    body["session"] = session.into();
    body["reason"] = "no_answer".into();
    let response = server.post_json("/api/v1/tickets", &body).await;
    assert_eq!(response.status(), 201);
    let sent: Value = response.json().await.unwrap();
    let reference = sent["reference"].as_str().unwrap();
    assert!(reference.starts_with("ZD-") && reference.len() == 9, "{sent}");
    assert_eq!(sent["level"], 1);

    let page = server.page(sent["status_url"].as_str().unwrap()).await;
    assert!(page.contains(reference), "{page}");

    let path = format!("/api/v1/desk/tickets/{reference}");
    let shown = server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap();
    let shown: Value = shown.json().await.unwrap();
    let text = shown.to_string();
    assert!(text.contains("How do I bake bread?") && text.contains("sourdough bread"), "{shown}");
    assert!(!text.contains(session), "the session itself is never kept");
}

#[tokio::test]
async fn the_same_key_gives_the_same_ticket() {
    let server = Server::start().await;
    let first: Value =
        server.post_json("/api/v1/tickets", &ticket("one-and-the-same-key", "Hello")).await.json().await.unwrap();
    let again = server.post_json("/api/v1/tickets", &ticket("one-and-the-same-key", "Hello")).await;
    assert_eq!(again.status(), 200);
    let again: Value = again.json().await.unwrap();
    assert_eq!((&again["reference"], &again["status_url"]), (&first["reference"], &first["status_url"]));
    let other = server.post_json("/api/v1/tickets", &ticket("one-and-the-same-key", "Something else")).await;
    assert_eq!(other.status(), 409);
    assert_eq!(other.json::<Value>().await.unwrap()["code"], "idempotency-mismatch");
    let list = server.request("GET", "/api/v1/desk/tickets").bearer_auth(&server.token).send().await.unwrap();
    assert_eq!(list.json::<Value>().await.unwrap()["total"], 1);
}

#[tokio::test]
async fn what_cannot_be_accepted_is_named() {
    let server = Server::start().await;
    for (body, status, field) in [
        (json!({ "requester": { "email": "ann@example.com" } }), 422, Some("message")),
        (json!({ "message": "Hello" }), 422, Some("requester.email")),
        (json!({ "message": "Hello", "requester": { "email": "not an address" } }), 422, Some("requester.email")),
        (json!({ "message": "Hello", "level": 4 }), 422, Some("level")),
        (json!({ "message": 5 }), 422, Some("message")),
        (json!({ "message": "Hello", "site": "none", "requester": { "email": "a@b.example" } }), 404, Some("site")),
        (json!("text"), 422, None),
    ] {
        let response = server.post_json("/api/v1/tickets", &body).await;
        assert_eq!(response.status(), status, "{body}");
        let problem: Value = response.json().await.unwrap();
        assert!(field.is_none() || problem["field"].as_str() == field, "{body}: {problem}");
    }
}

#[tokio::test]
async fn only_those_who_may_see_a_ticket() {
    let server = Server::start().await;
    let sent: Value =
        server.post_json("/api/v1/tickets", &ticket("a-key-that-is-my-own", "Mine")).await.json().await.unwrap();
    let reference = sent["reference"].as_str().unwrap();
    let wrong = server.json(&format!("/api/v1/tickets/{reference}?token=wrong")).await;
    let unknown = server.json("/api/v1/tickets/ZD-000000?token=wrong").await;
    assert_eq!(
        (&wrong["status"], &wrong["detail"]),
        (&json!(404), &unknown["detail"]),
        "no difference tells them apart"
    );
    for token in ["", "zdk_wrong", &server.token.to_lowercase()] {
        let response = server.request("GET", "/api/v1/desk/tickets").bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 401, "{token}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    let form = server.request("POST", "/desk/login").header("content-type", "application/x-www-form-urlencoded");
    let signed_in = form.body(format!("token={}", server.token)).send().await.unwrap();
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/desk"),
        "{cookie}"
    );
    let desk = server.request("GET", "/desk").header("cookie", cookie.split(';').next().unwrap()).send().await.unwrap();
    assert!(desk.text().await.unwrap().contains(reference));
    assert!(!server.page("/desk").await.contains(reference), "without the cookie there is only the form");
}

#[tokio::test]
async fn the_form_works_without_javascript() {
    let server = Server::start().await;
    let page = server.page("/contact?lang=en").await;
    assert!(page.contains("action=\"/api/v1/tickets\""), "{page}");
    let form = |body: &str| {
        let request =
            server.request("POST", "/api/v1/tickets").header("content-type", "application/x-www-form-urlencoded");
        request.body(body.to_owned()).send()
    };
    let sent = form("message=Hello&email=ann%40example.com").await.unwrap();
    assert_eq!(sent.status(), 303);
    assert!(sent.headers()["location"].to_str().unwrap().starts_with("/t/ZD-"));
    let refused = form("message=Hello+again").await.unwrap();
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("Hello again"), "what was typed stays");
}

#[tokio::test]
async fn tickets_outlive_the_server() {
    let server = Server::start().await;
    let sent: Value =
        server.post_json("/api/v1/tickets", &ticket("a-key-before-the-end", "Before")).await.json().await.unwrap();
    let server = server.restart().await;
    assert_eq!(server.get(sent["status_url"].as_str().unwrap()).await.status(), 200);
    let again = server.post_json("/api/v1/tickets", &ticket("a-key-before-the-end", "Before")).await;
    assert_eq!(again.status(), 200, "the key is remembered, too");
}

/// The program itself, on a folder of its own.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(folder: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zerodesk"));
        command.current_dir(folder).args(["serve", "--listen", "127.0.0.1:0", "--limits", "off"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.find_map(|line| Some(line.strip_prefix("listening on ")?.split(' ').next()?.to_owned()));
        Self { child, url: url.expect("it says where it listens") }
    }

    fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("it ended");
    }
}

#[tokio::test]
async fn no_acknowledged_ticket_is_lost_to_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("articles")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut acknowledged: Vec<(String, Value)> = Vec::new();
    for round in 0..3 {
        let program = Program::start(folder.path());
        for (key, sent) in &acknowledged {
            let path = sent["status_url"].as_str().unwrap();
            assert_eq!(
                client.get(format!("{}{path}", program.url)).send().await.unwrap().status(),
                200,
                "{key} is gone"
            );
        }
        for number in 0..5 {
            let key = format!("round-{round}-number-{number}");
            let request = client.post(format!("{}/api/v1/tickets", program.url)).json(&ticket(&key, &key));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 201);
            acknowledged.push((key, response.json().await.unwrap()));
        }
        // One more is on its way when the end comes; it may be lost, but must not be half there.
        let last = client
            .post(format!("{}/api/v1/tickets", program.url))
            .json(&ticket(&format!("cut-off-in-round-{round}"), "cut"));
        let last = tokio::spawn(last.send());
        program.kill();
        drop(last.await);
    }
    assert_eq!(acknowledged.len(), 15);
}
