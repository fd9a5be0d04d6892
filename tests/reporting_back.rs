//! Another help desk tells what became of a ticket, and nobody else can.

use jiff::SignedDuration;
use reqwest::Response;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::support::{Server, parcel::begin};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATH: &str = "/api/v1/hooks/ticket_outcome";

async fn server() -> Server {
    let settings = format!("[desk]\noutcome_secrets = [\"{SECRET}\"]\n[sites.default]\n");
    Server::with(crate::support::HELP).configured(&settings).start().await
}

async fn filed(server: &Server, key: &str) -> Value {
    let body = json!({ "idempotency_key": key, "message": "Help", "requester": { "email": "ada@example.org" } });
    server.post_json("/api/v1/tickets", &body).await.json().await.unwrap()
}

/// A call signed by another implementation, at so many seconds from the beginning.
async fn call(server: &Server, id: &str, seconds: i64, secret: &str, body: &str) -> Response {
    let at = begin().as_second() + seconds;
    let signature = Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let request = server.request("POST", PATH).header("content-type", "application/json");
    let request = request.header("webhook-id", id).header("webhook-timestamp", at.to_string());
    request.header("webhook-signature", signature).body(body.to_owned()).send().await.unwrap()
}

fn report(data: &Value) -> String {
    json!({ "type": "ticket_outcome", "timestamp": "2026-11-22T10:00:00Z", "data": data }).to_string()
}

async fn at_the_desk(server: &Server, reference: &str) -> Value {
    let path = format!("/api/v1/desk/tickets/{reference}");
    server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_ticket_ends_goes_on_and_ends_again() {
    let server = server().await;
    let ticket = filed(&server, "a-key-of-the-visitor").await;
    let other = filed(&server, "another-key").await;
    let reference = ticket["reference"].as_str().unwrap();
    let known =
        report(&json!({ "reference": reference, "outcome": "known", "article": "printer", "text": "Like this." }));
    let table = [
        ("msg_1", known.clone(), 200, "resolved"),
        ("msg_1", known.clone(), 200, "resolved"),
        ("msg_2", known.clone(), 200, "resolved"),
        ("msg_3", report(&json!({ "reference": reference, "outcome": "new" })), 422, "resolved"),
        ("msg_1", report(&json!({ "reference": reference, "outcome": "reopened" })), 409, "resolved"),
        ("msg_4", report(&json!({ "connector": "desk", "remote_id": reference, "outcome": "reopened" })), 200, "open"),
        ("msg_1", known.clone(), 200, "open"),
        (
            "msg_5",
            report(&json!({ "reference": reference, "outcome": "duplicate", "duplicate_of": other["reference"] })),
            200,
            "resolved",
        ),
    ];
    server
        .eventually(async |server| at_the_desk(server, reference).await["deliveries"][0]["state"] == "delivered")
        .await;
    for (id, body, status, then) in table {
        let reply = call(&server, id, 0, SECRET, &body).await;
        assert_eq!(reply.status(), status, "{id}: {body}: {}", reply.text().await.unwrap());
        assert_eq!(at_the_desk(&server, reference).await["status"], then, "{id}: {body}");
    }
    let steps = at_the_desk(&server, reference).await["steps"].clone();
    let kinds: Vec<&str> = steps.as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opened", "resolved", "reopened", "resolved"], "what is repeated changes nothing");
    let status = server.page(ticket["status_url"].as_str().unwrap()).await;
    assert!(status.contains("Like this."), "{status}");
}

#[tokio::test]
async fn only_who_has_the_secret_is_believed_and_only_in_time() {
    let server = server().await;
    let ticket = filed(&server, "a-key-of-the-visitor").await;
    let reference = ticket["reference"].as_str().unwrap();
    let body = report(&json!({ "reference": reference, "outcome": "spam" }));
    let stranger = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let table = [
        (stranger, 0, body.clone(), 401, "webhook-signature"),
        (SECRET, -301, body.clone(), 401, "webhook-timestamp"),
        (SECRET, 301, body.clone(), 401, "webhook-timestamp"),
        (SECRET, 0, report(&json!({ "reference": "ZD-000000", "outcome": "spam" })), 404, ""),
        (SECRET, 0, report(&json!({ "outcome": "spam" })), 422, "data.reference"),
        (SECRET, 0, report(&json!({ "reference": reference, "outcome": "eaten" })), 422, "data.outcome"),
        (SECRET, 0, report(&json!({ "reference": reference, "outcome": "known" })), 422, "article"),
        (
            SECRET,
            0,
            report(&json!({ "reference": reference, "outcome": "known", "article": "nothing" })),
            422,
            "article",
        ),
        (SECRET, 0, report(&json!({ "reference": reference, "outcome": "spam", "x": 1 })), 422, "data.x"),
        (SECRET, 0, body.replace("ticket_outcome", "ticket.created"), 422, "type"),
        (SECRET, 0, "{".into(), 400, ""),
    ];
    for (at, (secret, seconds, body, status, field)) in table.into_iter().enumerate() {
        let reply = call(&server, &format!("msg_{at}"), seconds, secret, &body).await;
        assert_eq!(reply.status(), status, "{body}");
        let problem: Value = reply.json().await.unwrap();
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{body}: {problem}");
    }
    let unsigned =
        server.request("POST", PATH).header("content-type", "application/json").body(body.clone()).send().await;
    assert_eq!(unsigned.unwrap().status(), 422, "an id is missing");
    assert_eq!(at_the_desk(&server, reference).await["status"], "open");
    // An old call, caught on the way, comes too late.
    server.pass(SignedDuration::from_mins(6));
    assert_eq!(call(&server, "msg_late", 0, SECRET, &body).await.status(), 401);

    let silent = Server::start().await;
    assert_eq!(call(&silent, "msg_1", 0, SECRET, &body).await.status(), 404);
}
