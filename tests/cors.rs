//! Pages of other origins: exactly those on the list, and exactly what they need.

use serde_json::Value;

use crate::support::{HELP, Server};

const SITES: &str = "[sites.default]\norigins = [\"https://www.example.com\"]\n\
                     [sites.shop]\norigins = [\"https://shop.example\", \"http://localhost:3000\"]";

#[tokio::test]
async fn only_listed_origins_may_call() {
    let server = Server::with(HELP).configured(SITES).start().await;
    let own = server.url.clone();
    for (origin, path, allowed) in [
        ("https://www.example.com", "/api/v1/search?q=password", true),
        ("https://www.example.com", "/api/v1/search?q=password&site=default", true),
        ("https://www.example.com", "/api/v1/search?q=password&site=shop", false),
        ("https://shop.example", "/api/v1/search?q=password&site=shop", true),
        ("https://shop.example", "/api/v1/search?q=password&site=default", false),
        ("http://localhost:3000", "/api/v1/articles?site=shop", true),
        ("https://www.example.com", "/search-box.js", true),
        ("https://shop.example", "/search-box.js", true),
        ("https://evil.example", "/api/v1/search?q=password", false),
        ("https://www.example.com.evil.example", "/api/v1/search?q=password", false),
        ("http://www.example.com", "/api/v1/search?q=password", false),
        ("null", "/api/v1/search?q=password", false),
    ] {
        let response = server.request("GET", path).header("origin", origin).send().await.unwrap();
        let echo =
            response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned());
        let vary: Vec<_> =
            response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
        assert!(vary.iter().any(|line| line.contains("origin")), "{origin} {path}: {vary:?}");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        assert_eq!(response.status(), if allowed { 200 } else { 403 }, "{origin} {path}");
        assert_eq!(echo.as_deref(), allowed.then_some(origin), "{origin} {path}");
        if !allowed {
            assert_eq!(response.json::<Value>().await.unwrap()["code"], "forbidden-origin");
        }
    }
    let same = server.request("GET", "/api/v1/search?q=password").header("origin", &own).send().await.unwrap();
    assert_eq!(same.status(), 200, "the help centre's own pages always may");
}

#[tokio::test]
async fn preflights_are_answered() {
    let server = Server::with(HELP).configured(SITES).start().await;
    let preflight = async |origin: &str, path: &str| {
        let request = server.request("OPTIONS", path).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "content-type").send().await.unwrap()
    };
    let granted = preflight("https://shop.example", "/api/v1/articles/printer/feedback").await;
    assert_eq!(granted.status(), 204);
    assert_eq!(granted.headers()["access-control-allow-origin"], "https://shop.example");
    assert!(granted.headers()["access-control-allow-headers"].to_str().unwrap().contains("content-type"));
    assert!(granted.headers().contains_key("access-control-max-age"));
    assert_eq!(preflight("https://evil.example", "/api/v1/articles/printer/feedback").await.status(), 403);
}

#[tokio::test]
async fn a_site_named_in_the_body_is_checked_too() {
    let server = Server::with(HELP).configured(SITES).start().await;
    for (site, status) in [("shop", 204), ("default", 403)] {
        let request =
            server.request("POST", "/api/v1/articles/printer/feedback").header("origin", "https://shop.example");
        let response = request.json(&serde_json::json!({ "helpful": true, "site": site })).send().await.unwrap();
        assert_eq!(response.status(), status, "{site}");
    }
}

#[tokio::test]
async fn failures_can_be_read_by_the_page_that_caused_them() {
    let server = Server::with(HELP).configured(SITES).start().await;
    let response =
        server.request("GET", "/api/v1/search").header("origin", "https://shop.example").send().await.unwrap();
    assert_eq!(response.status(), 422);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example");
}
