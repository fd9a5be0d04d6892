//! What those who run the server see.

use serde_json::json;

use crate::support::{HELP, Server};

#[tokio::test]
async fn readiness_tells_what_is_served() {
    let articles: Vec<_> = HELP.iter().copied().chain([("broken.md", "---\ntitle: [\n---\n\nText.\n")]).collect();
    let server = Server::with(&articles).start().await;
    assert_eq!(server.page("/healthz").await, "ok");
    let ready = server.json("/readyz").await;
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["languages"]["nl"], 1);
    assert!(ready["articles"].as_u64().unwrap() >= 7 && ready["problems"].as_u64().unwrap() >= 1, "{ready}");
    assert!(ready["generation"].as_u64().unwrap() >= 1 && ready["hash"].as_str().is_some_and(|hash| !hash.is_empty()));
    assert_eq!((&ready["store"], &ready["watcher"]), (&true.into(), &true.into()));
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = Server::start().await;
    server.search("reset password&lang=en").await;
    server.get("/api/v1/search").await;
    let metrics = server.page("/metrics").await;
    for line in [
        "zerodesk_http_requests_total{method=\"GET\",route=\"/api/v1/search\",status=\"200\"}",
        "zerodesk_http_requests_total{method=\"GET\",route=\"/api/v1/search\",status=\"422\"}",
        "zerodesk_http_request_duration_seconds_bucket{route=\"/api/v1/search\",le=\"0.001\"}",
        "zerodesk_searches_total{decision=\"answer\"}",
        "zerodesk_articles 7",
        "zerodesk_index_generation ",
        "zerodesk_outbox_entries{state=\"pending\"}",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn metrics_count_deliveries() {
    let mails = tempfile::tempdir().unwrap();
    let mail = format!(
        "[connectors.mail]\ntype = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nfolder = {:?}",
        mails.path()
    );
    let server = Server::with(HELP).configured(&mail).start().await;
    let ticket = json!({ "idempotency_key": "key", "message": "Help", "requester": { "email": "ada@example.org" } });
    assert_eq!(server.post_json("/api/v1/tickets", &ticket).await.status(), 201);
    for line in
        ["zerodesk_tickets_delivered_total{connector=\"mail\"} ", "zerodesk_outbox_entries{state=\"delivered\"} 2"]
    {
        server.eventually(async |server| server.page("/metrics").await.contains(line)).await;
    }
}

#[tokio::test]
async fn replies_are_compressed_for_those_who_can_read_it() {
    let server = Server::start().await;
    for coding in ["br", "gzip"] {
        let response =
            server.request("GET", "/assets/page.css").header("accept-encoding", coding).send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], coding);
    }
}
