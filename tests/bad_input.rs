//! Whatever is sent, one clear answer comes back, and the server stays up.

use serde_json::{Value, json};

use crate::support::{Server, encoded};

#[tokio::test]
async fn strange_queries_are_answered() {
    let server = Server::start().await;
    let parentheses = "(".repeat(3000);
    let long_word = "x".repeat(7000);
    let words = "word ".repeat(1500);
    for query in [
        "   ",
        "\u{0}\u{1}\u{7f}",
        "\u{202e}drowssap",
        "سلام كلمة السر",
        "密码 重置",
        "😀😀😀",
        "é̂̃́".repeat(50).as_str(),
        "title:password AND (body:x OR *)",
        "\"unbalanced",
        "a/../../b",
        "' OR 1=1 --",
        &parentheses,
        &long_word,
        &words,
    ] {
        let response = server.get(&format!("/api/v1/search?lang=en&q={}", encoded(query))).await;
        let status = response.status();
        let reply: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{query:.40}: {reply}");
        assert!(reply["query"].as_str().unwrap().chars().count() <= 256);
        let page = server.get(&format!("/search?q={}", encoded(query))).await;
        assert_eq!(page.status(), 200, "{query:.40}");
    }
}

#[tokio::test]
async fn queries_that_ask_little_get_a_sensible_reply() {
    let server = Server::start().await;
    let long = "p".repeat(256);
    let signs = "\"-".repeat(128);
    let minus = "-a ".repeat(85);
    for (query, decision, hits) in [
        ("how do i", "no_answer", None), // little words alone ask nothing
        ("?!…", "no_answer", Some(false)),
        ("p", "", None),
        (&long, "no_answer", Some(false)),
        ("password пароль 密码 كلمة", "", Some(true)),
        ("\u{202e}password", "", Some(true)),
        ("كلمة السر", "no_answer", Some(false)),
        ("שלום", "no_answer", Some(false)),
        ("🔑 password 🔑", "", Some(true)),
        ("👩‍👩‍👧‍👦", "no_answer", Some(false)),
        ("\"", "no_answer", Some(false)),
        ("\"\"\"\"", "no_answer", Some(false)),
        ("„“”«»", "no_answer", Some(false)),
        ("\"reset \"your\" password\"", "", Some(true)),
        ("“reset „your“ password”", "", Some(true)),
        ("-", "no_answer", Some(false)),
        ("- - --", "no_answer", Some(false)),
        ("-password", "no_answer", Some(false)),
        ("-\"reset your password\"", "no_answer", Some(false)),
        ("password -password", "", None), // another language may have it
        ("password\u{0}reset\u{7}\u{1b}[0m", "", Some(true)),
        (&signs, "no_answer", Some(false)),
        (&minus, "no_answer", None),
        ("\u{feff}\u{200b}\u{200d}", "no_answer", Some(false)),
    ] {
        for lang in ["en", "ja", "xx", "zh-Hant-TW"] {
            let reply = server.json(&format!("/api/v1/search?lang={lang}&q={}", encoded(query))).await;
            let found = !reply["hits"].as_array().unwrap_or_else(|| panic!("{query}: {reply}")).is_empty();
            assert!(decision.is_empty() || reply["decision"] == decision, "{lang} {query}: {reply}");
            assert!(hits.is_none_or(|hits| hits == found), "{lang} {query}: {reply}");
            assert!(reply["handoff"]["url"].is_string(), "{lang} {query}: {reply}");
        }
    }
}

#[tokio::test]
async fn broken_requests_are_named() {
    let server = Server::start().await;
    let huge = format!("/api/v1/search?q={}", "x".repeat(10_000));
    for (path, status, code, field) in [
        ("/api/v1/search", 422, "missing-field", Some("q")),
        ("/api/v1/search?q=", 422, "missing-field", Some("q")),
        (huge.as_str(), 422, "invalid-value", Some("q")),
        ("/api/v1/search?q=a&limit=many", 422, "invalid-value", Some("limit")),
        ("/api/v1/search?q=a&offset=100000", 422, "invalid-value", Some("offset")),
        ("/api/v1/search?q=a&lang=%22%3E", 422, "invalid-value", Some("lang")),
        ("/api/v1/search?q=a&trigger=x", 422, "invalid-value", Some("trigger")),
        ("/api/v1/search?q=a&site=x", 404, "not-found", Some("site")),
        ("/api/v1/articles?limit=501", 422, "invalid-value", Some("limit")),
        ("/api/v1/articles/none", 404, "not-found", None),
        ("/api/v1/nothing", 404, "not-found", None),
        ("/media/articles.md", 404, "not-found", None),
        ("/media/..%2f..%2fetc%2fpasswd.png", 404, "not-found", None),
        ("/assets/none.js", 404, "not-found", None),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path:.60}");
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path:.60}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!((problem["code"].as_str(), problem["field"].as_str()), (Some(code), field), "{path:.60}: {problem}");
        assert_eq!(problem["instance"], id.as_str());
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let server = Server::start().await;
    let path = "/api/v1/articles/printer/feedback";
    let large = format!("{{\"helpful\":true,\"comment\":\"{}\"}}", "x".repeat(70_000));
    for (kind, body, status, code, field) in [
        ("application/json", "{\"helpful\":true", 400, "bad-json", None),
        ("application/json", "\u{0}", 400, "bad-json", None),
        ("application/json", "{}", 422, "missing-field", Some("helpful")),
        ("application/json", "{\"helpful\":\"yes\"}", 422, "wrong-type", Some("helpful")),
        ("application/json", "{\"helpful\":true,\"stars\":5}", 422, "unknown-field", Some("stars")),
        ("application/json", "[1]", 422, "wrong-type", Some("[0]")),
        ("application/json", large.as_str(), 413, "body-too-large", None),
        ("application/json", "{\"helpful\":true,\"site\":\"x\"}", 404, "not-found", Some("site")),
        ("text/plain", "{\"helpful\":true}", 415, "unsupported-media-type", Some("Content-Type")),
        ("image/png", "x", 415, "unsupported-media-type", Some("Content-Type")),
    ] {
        let request = server.request("POST", path).header("content-type", kind).body(body.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{body:.60}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{body:.60}: {problem}");
        assert!(problem["field"].as_str() == field || field == Some("[0]"), "{body:.60}: {problem}");
    }
    let form =
        server.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body("helpful=maybe");
    let page = form.send().await.unwrap();
    assert_eq!(page.status(), 422);
    assert!(page.text().await.unwrap().contains("<h1>"), "people get a page");
    assert_eq!(server.post_json(path, &json!({ "helpful": true })).await.status(), 204);
}

#[tokio::test]
async fn methods_that_do_not_fit_are_refused() {
    let server = Server::start().await;
    for (method, path) in [("DELETE", "/api/v1/search"), ("POST", "/healthz"), ("PUT", "/api/v1/articles/printer")] {
        let response = server.request(method, path).send().await.unwrap();
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "method-not-allowed");
    }
}
