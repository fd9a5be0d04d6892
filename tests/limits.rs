//! How often and how much one visitor may ask.

use serde_json::Value;

use crate::support::{HELP, Server};

#[tokio::test]
async fn searches_are_counted_by_visitor() {
    let server = Server::with(HELP)
        .configured("[limits]\nsearches_per_minute = 3\ntrusted_proxies = [\"127.0.0.0/8\"]")
        .start()
        .await;
    let search = async |from: &str| {
        server.request("GET", "/api/v1/search?q=password").header("x-forwarded-for", from).send().await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(search("198.51.100.1").await.status(), 200);
    }
    let refused = search("198.51.100.1").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "rate-limited");
    assert_eq!(search("6.6.6.6, 198.51.100.1").await.status(), 429, "what the visitor writes is not believed");
    assert_eq!(search("198.51.100.2").await.status(), 200, "others are not held up");
    let page =
        server.request("GET", "/search?q=password").header("x-forwarded-for", "198.51.100.1").send().await.unwrap();
    assert_eq!(page.status(), 429, "the page of results draws on the same budget");
}

#[tokio::test]
async fn a_header_of_a_stranger_is_not_believed() {
    let server = Server::with(HELP).configured("[limits]\nsearches_per_minute = 2").start().await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        let from = format!("198.51.100.{number}");
        let request = server.request("GET", "/api/v1/search?q=password").header("x-forwarded-for", from);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn limits_can_be_turned_off() {
    let server = Server::with(HELP).configured("[limits]\nenabled = false\nsearches_per_minute = 1").start().await;
    for _ in 0..5 {
        assert_eq!(server.get("/api/v1/search?q=password").await.status(), 200);
    }
}

#[tokio::test]
async fn operations_are_never_limited() {
    let server =
        Server::with(HELP).configured("[limits]\nsearches_per_minute = 1\nevents_per_minute = 1").start().await;
    for _ in 0..5 {
        assert_eq!(server.get("/healthz").await.status(), 200);
        assert_eq!(server.get("/readyz").await.status(), 200);
        assert_eq!(server.get("/a/printer").await.status(), 200);
    }
}
