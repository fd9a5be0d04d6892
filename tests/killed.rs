//! A ticket that was acknowledged outlives the server, whatever ends it.

use serde_json::{Value, json};

use crate::support::{Server, program::Program};

fn ticket(key: &str, message: &str) -> Value {
    json!({ "idempotency_key": key, "subject": "Help", "message": message, "requester": { "email": "ann@example.com" } })
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

#[tokio::test]
async fn no_acknowledged_ticket_is_lost_to_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("articles")).unwrap();
    let client = crate::support::client();
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
