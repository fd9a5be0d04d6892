//! No answer becomes a ticket that is never lost, never doubled and shows what was tried.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Server, encoded};

const SESSION: &str = "session-of-a-visitor";

fn ticket(key: &str) -> Value {
    json!({
        "idempotency_key": key, "session": SESSION, "message": "The blue lamp blinks.\nWhy?",
        "requester": { "name": "<b>Ada</b>", "email": "ada@example.org" }, "locale": "en",
        "page": { "url": "https://shop.example/cart?token=secret", "title": "Cart" },
        "host": { "product": "Lamp", "custom": { "seats": 3 } },
    })
}

async fn desk(server: &Server, path: &str) -> Value {
    let reply = server.request("GET", path).bearer_auth(&server.token).send().await.unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    assert_eq!(reply.headers()["cache-control"], "no-store");
    reply.json().await.unwrap()
}

#[tokio::test]
async fn a_visitor_without_an_answer_gets_a_ticket_and_the_desk_sees_what_was_tried() {
    let server = Server::start().await;
    let search = server.search(&format!("zzgrbl call 0612345678&session={SESSION}&trigger=enter")).await;
    let mut request = ticket("key-1");
    request["query_id"] = search["query_id"].clone();
    let reply = server.post_json("/api/v1/tickets", &request).await;
    assert_eq!(reply.status(), 201);
    let sent: Value = reply.json().await.unwrap();
    assert_eq!((&sent["level"], &sent["suggested_level"]), (&json!(1), &json!(1)));

    let path = sent["status_url"].as_str().unwrap();
    let page = server.page(path).await;
    assert!(page.contains(sent["reference"].as_str().unwrap()) && page.contains("The blue lamp blinks."));
    let status = server.json(&path.replace("/t/", "/api/v1/tickets/")).await;
    assert_eq!((&status["status"], &status["level"]), (&json!("open"), &json!(1)));
    assert_eq!(status["steps"][0]["kind"], "opened");

    let listed = desk(&server, "/api/v1/desk/tickets?q=LAMP").await;
    assert_eq!((&listed["total"], &listed["tickets"][0]["reference"]), (&json!(1), &sent["reference"]));
    let shown = desk(&server, &format!("/api/v1/desk/tickets/{}", sent["reference"].as_str().unwrap())).await;
    let ticket = &shown["ticket"];
    assert_eq!(ticket["schema"], "zerodesk.handoff/1");
    assert_eq!(ticket["trail"][0]["query"], "zzgrbl call [phone]");
    assert_eq!(ticket["trail"][0]["decision"], search["decision"]);
    assert_eq!(ticket["redaction"]["hits"], 1);
    assert_eq!(ticket["page"]["url"], "https://shop.example/cart");
    assert_eq!(ticket["host"]["custom"]["seats"], "3");
    assert_ne!(ticket["index"]["generation"], 0);
    assert!(!ticket.to_string().contains(SESSION));
}

#[tokio::test]
async fn a_ticket_tells_which_text_was_read() {
    let server = Server::start().await;
    let views = ["a-reset-password", "b-long-gone"].map(|view| {
        let article = &view[2..];
        json!({ "id": format!("view-{view}"), "type": "article_viewed", "article": article, "from": "link",
            "dwell_ms": 9000, "scroll": 0.5 })
    });
    let batch = json!({ "session": SESSION, "events": views });
    assert_eq!(server.post_json("/api/v1/events", &batch).await.status(), 202);
    let sent: Value = server.post_json("/api/v1/tickets", &ticket("key")).await.json().await.unwrap();
    let shown = desk(&server, &format!("/api/v1/desk/tickets/{}", sent["reference"].as_str().unwrap())).await;
    let snapshot = server.app.snapshot();
    let revision = &snapshot.catalog().by_slug("reset-password").unwrap().revision;
    let read = &shown["ticket"]["read"];
    assert_eq!((&read[0]["article"], &read[0]["revision"]), (&json!("reset-password"), &json!(revision)), "{read}");
    assert_eq!((&read[1]["article"], &read[1]["revision"]), (&json!("long-gone"), &json!("")), "{read}");
}

#[tokio::test]
async fn a_repeated_request_is_the_same_ticket_also_after_a_restart() {
    let server = Server::start().await;
    let first = server.post_json("/api/v1/tickets", &ticket("key")).await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    let server = server.restart().await;
    let again = server.post_json("/api/v1/tickets", &ticket("key")).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    let mut without = ticket("key");
    without.as_object_mut().unwrap().remove("idempotency_key");
    let by_header = server.request("POST", "/api/v1/tickets").header("Idempotency-Key", "key").json(&without);
    assert_eq!(by_header.send().await.unwrap().status(), 200);

    let mut other = ticket("key");
    other["message"] = "Something else".into();
    let refused = server.post_json("/api/v1/tickets", &other).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "idempotency-mismatch");
    assert_eq!(desk(&server, "/api/v1/desk/tickets").await["total"], 1);
}

#[tokio::test]
async fn mistakes_are_named_and_nothing_is_filed() {
    let server = Server::start().await;
    let table = [
        ("message", json!(""), 422, "invalid-value", "message"),
        ("message", json!(7), 422, "wrong-type", "message"),
        ("requester", json!({}), 422, "invalid-value", "requester.email"),
        ("requester", json!({ "email": "ada" }), 422, "invalid-value", "requester.email"),
        ("requester", json!({ "mail": "ada@example.org" }), 422, "unknown-field", "requester.mail"),
        ("trail", json!([]), 422, "unknown-field", "trail"),
        ("reason", json!("bored"), 422, "invalid-value", "reason"),
        ("site", json!("nowhere"), 404, "not-found", "site"),
        ("idempotency_key", json!("a b"), 422, "invalid-value", "idempotency_key"),
    ];
    for (field, value, status, code, named) in table {
        let mut request = ticket("key");
        request[field] = value.clone();
        let reply = server.post_json("/api/v1/tickets", &request).await;
        assert_eq!(reply.status(), status, "{field}: {value}");
        assert_eq!(reply.headers()["content-type"], "application/problem+json");
        let problem: Value = reply.json().await.unwrap();
        assert_eq!((&problem["code"], &problem["field"]), (&json!(code), &json!(named)), "{problem}");
    }
    assert_eq!(desk(&server, "/api/v1/desk/tickets").await["total"], 0);
}

#[tokio::test]
async fn only_token_holders_see_tickets() {
    let server = Server::start().await;
    let sent: Value = server.post_json("/api/v1/tickets", &ticket("key")).await.json().await.unwrap();
    let reference = sent["reference"].as_str().unwrap();
    let own = format!("/api/v1/tickets/{reference}");
    for (path, status) in [
        ("/api/v1/desk/tickets", 401),
        (&*format!("/api/v1/desk/tickets/{reference}"), 401),
        (&*own, 404),
        (&*format!("{own}?token=wrong"), 404),
        ("/api/v1/tickets/ZD-000000?token=wrong", 404),
        ("/api/v1/tickets/nonsense", 404),
        (&*format!("/t/{reference}?token=wrong"), 404),
    ] {
        assert_eq!(server.get(path).await.status(), status, "{path}");
    }
    let wrong = server.request("GET", "/api/v1/desk/tickets").bearer_auth("zdk_wrong").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let hidden = server.page(&format!("/desk/tickets/{reference}")).await;
    assert!(!hidden.contains("blue lamp"), "without signing in");
}

#[tokio::test]
async fn the_form_works_without_javascript() {
    let server = Server::start().await;
    let search = server.search("zzgrbl&trigger=enter").await;
    let page = server.page(&format!("/contact?query_id={}", search["query_id"].as_str().unwrap())).await;
    assert!(page.contains("zzgrbl"), "the form shows what goes along: {page}");
    let hidden = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
        rest.split('"').next().unwrap().to_owned()
    };
    let line = format!("trail:{}", search["query_id"].as_str().unwrap());
    assert!(page.contains(&format!("name=\"along\" value=\"{line}\" checked")), "{page}");
    server.pass(SignedDuration::from_secs(10));
    let form = |email: &str| {
        let fields = ["idempotency_key", "session", "site", "query_id"].map(|name| (name, hidden(name)));
        let typed = [
            ("message", "It <i>blinks</i>".into()),
            ("email", email.into()),
            ("line", line.clone()),
            ("along", line.clone()),
            ("line", "client".into()),
            ("website", String::new()),
        ];
        let pairs = fields.into_iter().chain(typed).map(|(name, value)| format!("{name}={}", encoded(&value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let post = server.request("POST", "/api/v1/tickets").body(body);
        post.header("content-type", "application/x-www-form-urlencoded")
    };
    let wrong = form("ada").send().await.unwrap();
    assert_eq!(wrong.status(), 422);
    let again = wrong.text().await.unwrap();
    assert!(again.contains("Write an e-mail address") && again.contains("It &lt;i&gt;blinks&lt;/i&gt;"), "{again}");

    let sent = form("ada@example.org").send().await.unwrap();
    assert_eq!(sent.status(), 303);
    let twice = form("ada@example.org").send().await.unwrap();
    assert_eq!(twice.headers()["location"], sent.headers()["location"], "a double click is one ticket");
    let status = server.page(sent.headers()["location"].to_str().unwrap()).await;
    assert!(status.contains("It &lt;i&gt;blinks"), "{status}");
    let listed = desk(&server, "/api/v1/desk/tickets").await;
    assert_eq!(listed["total"], 1);
    let one =
        desk(&server, &format!("/api/v1/desk/tickets/{}", listed["tickets"][0]["reference"].as_str().unwrap())).await;
    assert_eq!(one["ticket"]["trail"][0]["query"], "zzgrbl");
    assert_eq!(one["status"], "open");
    assert_eq!(one["ticket"]["consent"]["fields_removed"], json!(["client"]));
    assert_eq!(one["ticket"]["client"]["user_agent_family"], "");
}

#[tokio::test]
async fn suspected_spam_is_kept_apart() {
    let server = Server::start().await;
    let mut request = ticket("key");
    request["website"] = "https://pills.example".into();
    let reply = server.post_json("/api/v1/tickets", &request).await;
    assert_eq!(reply.status(), 201);
    let sent: Value = reply.json().await.unwrap();
    let own = sent["status_url"].as_str().unwrap().replace("/t/", "/api/v1/tickets/");
    assert_eq!(server.json(&own).await["status"], "open", "nobody is insulted");
    assert_eq!(desk(&server, "/api/v1/desk/tickets?status=quarantined").await["total"], 1);
    assert_eq!(desk(&server, "/api/v1/desk/tickets?status=open").await["total"], 0);
}

#[tokio::test]
async fn an_agent_signs_in_and_reads_plain_text() {
    let server = Server::start().await;
    server.search(&format!("zzgrbl&session={SESSION}&trigger=enter")).await;
    let sent: Value = server.post_json("/api/v1/tickets", &ticket("key")).await.json().await.unwrap();
    let reference = sent["reference"].as_str().unwrap();
    assert!(server.page("/desk").await.contains("action=\"/desk/login\""));
    let login = |token: &str| {
        let post = server.request("POST", "/desk/login").body(format!("token={}", encoded(token)));
        post.header("content-type", "application/x-www-form-urlencoded").send()
    };
    assert_eq!(login("zdk_wrong").await.unwrap().status(), 401);
    let signed_in = login(&server.token).await.unwrap();
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/desk"));
    let cookie = cookie.split(';').next().unwrap();
    let page = async |path: &str| {
        let reply = server.request("GET", path).header("cookie", cookie).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), &reply.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
        reply.text().await.unwrap()
    };
    let found = page("/desk?q=lamp&lang=en").await;
    assert!(found.contains(reference) && found.contains(">1 ticket<"), "{found}");
    assert!(!page("/desk?q=chair").await.contains(reference));
    let ticket = page(&format!("/desk/tickets/{reference}")).await;
    assert!(ticket.contains("&lt;b&gt;Ada") && !ticket.contains("<b>Ada"), "{ticket}");
    assert!(ticket.contains("desk: "), "its delivery is shown");
    for (lang, decision) in [("en", "No answer"), ("nl", "Geen antwoord"), ("de", "Keine Antwort")] {
        let ticket = page(&format!("/desk/tickets/{reference}?lang={lang}")).await;
        assert!(ticket.contains(&format!("<td>{decision} (")) && !ticket.contains("no_answer"), "{ticket}");
    }
}
