//! A ticket that was acknowledged outlives the server, whatever ends it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{
    Server,
    program::Program,
    receiver::{Answer, Receiver},
};

/// Clients that file tickets at the same time.
const CLIENTS: usize = 8;

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

/// How long the last server may take to deliver what was left.
const PATIENCE: Duration = Duration::from_mins(5);

/// Rounds of the test below; `TEST_KILLS` asks for more.
fn rounds() -> usize {
    std::env::var("TEST_KILLS").map_or(4, |text| text.parse().expect("TEST_KILLS is a number"))
}

#[tokio::test]
async fn every_acknowledged_ticket_is_delivered_whatever_is_killed_and_whatever_fails() {
    // Half of the deliveries fail.
    let receiver =
        Receiver::answering((0..1_000_000).map(|n| Answer::of(if n % 2 == 0 { 500 } else { 204 }, ""))).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("articles")).unwrap();
    let settings = format!(
        "[connectors.hook]\ntype = \"webhook\"\nurl = \"{}\"\nallowed_hosts = [\"127.0.0.1\"]\n\
         secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n",
        receiver.url
    );
    std::fs::write(folder.path().join("zerodesk.toml"), settings).unwrap();
    let acknowledged: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let mut token = None;
    for round in 0..rounds() {
        let program = Program::start(folder.path());
        token = token.or_else(|| program.token.clone());
        let (told, mut news) = mpsc::unbounded_channel();
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(file_until_the_end(
                program.url.clone(),
                format!("{round}-{client}"),
                acknowledged.clone(),
                told.clone(),
            ));
        }
        // Another moment in each round: in the middle of filing and delivering.
        for _ in 0..5 + (round * 7) % 40 {
            news.recv().await.expect("tickets are acknowledged");
        }
        program.kill();
        clients.join_all().await;
    }

    let server = Server::after(folder).start_now().await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    let token = token.expect("the first start tells a token");
    let mut open: BTreeSet<&String> = acknowledged.keys().collect();
    let begun = Instant::now();
    while !open.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "not delivered: {open:?}");
        let mut left = BTreeSet::new();
        for reference in open {
            let path = format!("/api/v1/desk/tickets/{reference}");
            let reply = server.request("GET", &path).bearer_auth(&token).send().await.unwrap();
            assert_eq!(reply.status(), 200, "{reference} is lost");
            let ticket: Value = reply.json().await.unwrap();
            let deliveries = ticket["deliveries"].as_array().unwrap();
            assert_eq!(deliveries.len(), 2, "{reference} has no outbox entries");
            if deliveries.iter().any(|delivery| delivery["state"] != "delivered") {
                left.insert(reference);
            }
        }
        open = left;
        // Some fail ten times in a row. Nothing gives up on them but the schedule: a person can always try again.
        let (dead, _) = server.app.desk.dead_letters(100, 0).await.unwrap();
        for letter in dead {
            server.app.desk.retry(letter.entry.id, "ann", server.app.now()).await.unwrap();
        }
        server.pass(SignedDuration::from_mins(10));
    }

    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for asked in receiver.asked() {
        let reference = asked.json()["data"]["reference"].as_str().unwrap().to_owned();
        ids.entry(reference).or_default().insert(asked.headers["webhook-id"].clone());
    }
    for (reference, status_url) in &acknowledged {
        assert_eq!(ids[reference].len(), 1, "{reference} has several ids: its receiver cannot know it again");
        assert_eq!(server.get(status_url).await.status(), 200);
    }
    println!("{} tickets acknowledged in {} rounds, all delivered", acknowledged.len(), rounds());
}

async fn file_until_the_end(
    url: String,
    name: String,
    acknowledged: Arc<Mutex<BTreeMap<String, String>>>,
    told: mpsc::UnboundedSender<()>,
) {
    let client = crate::support::client();
    for number in 0.. {
        let request =
            client.post(format!("{url}/api/v1/tickets")).json(&ticket(&format!("{name}-{number}-key"), &name));
        let Ok(reply) = request.send().await else { return };
        let Ok(sent) = reply.json::<Value>().await else { return };
        let text = |field: &str| sent[field].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned();
        acknowledged.lock().unwrap().insert(text("reference"), text("status_url"));
        // Nobody listens any more once the end has come.
        let _ = told.send(());
    }
}
