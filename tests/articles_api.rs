//! Articles as data.

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let server = Server::start().await;
    for (query, slugs) in [
        ("lang=nl", json!(["wachtwoord"])),
        ("kind=faq", json!(["holidays", "invoices"])),
        ("tag=ACCOUNT&lang=en", json!(["change-email", "reset-password"])),
        ("product=laserjet", json!(["printer"])),
        ("lang=en&limit=2", json!(["change-email", "holidays"])),
        ("lang=en&limit=2&offset=4", json!(["reset-password"])),
    ] {
        let list = server.json(&format!("/api/v1/articles?{query}")).await;
        let found: Vec<&Value> =
            list["articles"].as_array().unwrap().iter().map(|article| &article["article"]).collect();
        assert_eq!(json!(found), slugs, "{query}");
    }
    assert_eq!(server.json("/api/v1/articles?lang=en&limit=0").await["total"], 5);
}

#[tokio::test]
async fn an_article_comes_in_the_shape_that_is_asked_for() {
    let server = Server::start().await;
    let article = server.json("/api/v1/articles/reset-password").await;
    assert_eq!(article["title"], "Reset your password");
    assert_eq!(article["authors"], json!(["Ann"]));
    assert_eq!((&article["created"], &article["updated"]), (&json!("2025-01-02"), &json!("2026-03-04")));
    assert_eq!(article["translations"].as_array().map(Vec::len), Some(2));
    assert!(article["html"].as_str().unwrap().contains("<h2 id=\"by-e-mail\">"));
    for (accept, kind, start) in [
        ("text/markdown", "text/markdown; charset=utf-8", "# Reset your password\n\nAnybody"),
        ("text/html", "text/html; charset=utf-8", "<p>Anybody"),
    ] {
        let response =
            server.request("GET", "/api/v1/articles/reset-password").header("accept", accept).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], kind);
        let text = response.text().await.unwrap();
        assert!(text.trim_start().starts_with(start), "{accept}: {text:.80}");
    }
    let twin = server.page("/a/reset-password.md").await;
    assert!(twin.starts_with("# Reset your password"));
}

#[tokio::test]
async fn links_and_pictures_lead_somewhere() {
    let server = Server::start().await;
    let html = server.json("/api/v1/articles/change-email").await["html"].as_str().unwrap().to_owned();
    assert!(html.contains("href=\"/a/reset-password#by-e-mail\""), "{html}");
    assert!(html.contains("src=\"/media/menu.png\""), "{html}");
    assert_eq!(server.get("/media/menu.png").await.status(), 404);
    server.write("menu.png", "not really a picture");
    let picture = server.get("/media/menu.png").await;
    assert_eq!((picture.status().as_u16(), picture.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    assert!(picture.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
}

#[tokio::test]
async fn an_unchanged_article_is_not_sent_again() {
    let server = Server::start().await;
    let path = "/api/v1/articles/printer";
    let tag = server.get(path).await.headers()["etag"].clone();
    let again = server.request("GET", path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    let other =
        server.request("GET", path).header("if-none-match", &tag).header("accept", "text/html").send().await.unwrap();
    assert_eq!(other.status(), 200, "another shape is another thing");
}

#[tokio::test]
async fn earlier_addresses_lead_to_the_present_one() {
    let server = Server::with(&[("new.md", "---\ntitle: New name\naliases: [old-name, /a/older]\n---\n\nText.\n")])
        .start()
        .await;
    for (path, status, target) in [
        ("/a/old-name", 301, "/a/new"),
        ("/a/older", 301, "/a/new"),
        ("/api/v1/articles/old-name", 308, "/api/v1/articles/new"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["location"], target, "{path}");
    }
}

#[tokio::test]
async fn a_verdict_is_kept_and_a_form_comes_back() {
    let server = Server::start().await;
    let path = "/api/v1/articles/printer/feedback";
    let body = json!({ "helpful": false, "reason": "outdated", "comment": "call me at ann@example.com", "session": "abcdefghijklmnop1234" });
    assert_eq!(server.post_json(path, &body).await.status(), 204);
    let form = server
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("helpful=true&comment=fine");
    let back = form.send().await.unwrap();
    assert_eq!(back.status(), 303);
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, "/a/printer?thanks=1#feedback");
    assert!(server.page("/a/printer?thanks=1").await.contains("Thank you"));
    assert_eq!(server.post_json("/api/v1/articles/none/feedback", &body).await.status(), 404);
}
