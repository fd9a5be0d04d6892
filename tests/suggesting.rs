//! The ticket form: what may help while it is written, and what goes along when it is sent.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{HELP, Server, encoded};

const SESSION: &str = "session-of-a-visitor";

async fn suggested(server: &Server, body: Value) -> Value {
    let reply = server.post_json("/api/v1/suggest", &body).await;
    assert_eq!(reply.status(), 200, "{body}");
    reply.json().await.unwrap()
}

#[tokio::test]
async fn a_page_gets_the_articles_that_may_be_about_it() {
    let server = Server::start().await;
    for (title, path, expected) in [
        ("Printer", "/help/printer-prints-blank-pages.html", Some("printer")),
        ("", "/printer/prints%20blank_pages", Some("printer")),
        ("Qwortle", "/zzgrbl/frobnicate", None),
        ("", "/", None),
    ] {
        let query = format!("title={}&path={}&lang=en", encoded(title), encoded(path));
        let reply = server.json(&format!("/api/v1/suggest?{query}")).await;
        let hits = reply["hits"].as_array().unwrap();
        assert_eq!(hits.first().map(|hit| hit["article"].as_str().unwrap()), expected, "{query}: {reply}");
        assert!(hits.len() <= 3);
    }
    assert_eq!(server.get("/api/v1/suggest?title=printer&site=none").await.status(), 404);
}

#[tokio::test]
async fn articles_are_suggested_while_a_ticket_is_written_if_they_may_answer_it() {
    let server = Server::start().await;
    let table = [
        ("", "Since yesterday the printer prints blank pages only. What can we do about that?", Some("printer")),
        ("Invoice", "", Some("invoices")),
        ("printer", "It prints blank pages", Some("printer")),
        // Signs of a query are text here: nothing is left out, and nothing has to stand side by side.
        ("", "The \"printer\" prints -blank -pages", Some("printer")),
        ("\"pages blank\"", "-printer \"offline \"printer prints blank pages\"", Some("printer")),
        ("", "zzgrbl qwortle frobnicate", None),
        ("", "The quarterly gardening conference moved to another hemisphere", None),
        ("pr", "", None),
        ("", "", None),
    ];
    for (subject, message, expected) in table {
        let reply = suggested(&server, json!({ "lang": "en", "subject": subject, "message": message })).await;
        let hits = reply["hits"].as_array().unwrap();
        assert_eq!(hits.first().map(|hit| hit["article"].as_str().unwrap()), expected, "{subject} {message}: {reply}");
        assert!(hits.len() <= 5);
    }
    // A long message does not drown what it is about.
    let long =
        format!("The printer prints blank pages. {}", "Kind regards from all of us here at the office. ".repeat(60));
    let reply = suggested(&server, json!({ "lang": "en", "message": long })).await;
    assert_eq!(reply["hits"][0]["article"], "printer", "{reply}");
    let level = suggested(&server, json!({ "lang": "en", "message": "Our NAS is not found on the network" })).await;
    assert_eq!((&level["suggested_level"], &level["needs"]), (&json!(4), &json!("consent")));
}

#[tokio::test]
async fn suggestions_keep_to_the_languages_of_the_site() {
    let settings = "[sites.default]\nlanguages = [\"en\"]\n[sites.nederlands]\nlanguages = [\"nl\"]";
    let server = Server::with(HELP).configured(settings).start().await;
    let table = [
        ("default", None, "I forgot my password", Some("reset-password")),
        ("nederlands", None, "I forgot my password for the printer that prints blank pages", None),
        ("nederlands", None, "wachtwoord vergeten", Some("wachtwoord")),
        ("nederlands", Some("nl"), "wachtwoord vergeten", Some("wachtwoord")),
    ];
    for (site, lang, message, expected) in table {
        let reply = suggested(&server, json!({ "site": site, "lang": lang, "message": message })).await;
        assert_eq!(reply["hits"][0]["article"].as_str(), expected, "{site} {lang:?} {message}: {reply}");
    }
}

#[tokio::test]
async fn what_the_form_suggested_is_on_the_ticket() {
    let server = Server::start().await;
    suggested(&server, json!({ "lang": "en", "session": SESSION, "message": "printer prints blank pages" })).await;
    let request = json!({
        "session": SESSION, "message": "Still blank", "requester": { "email": "ada@example.org" }, "locale": "en",
    });
    let sent: Value = server.post_json("/api/v1/tickets", &request).await.json().await.unwrap();
    let path = format!("/api/v1/desk/tickets/{}", sent["reference"].as_str().unwrap());
    let shown: Value =
        server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["ticket"]["suggested_in_form"][0], "printer", "{shown}");
}

#[tokio::test]
async fn a_single_line_of_the_trail_can_be_struck() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for words in ["zzgrbl", "qwortle"] {
        let search = server.search(&format!("{words}&session={SESSION}&trigger=enter")).await;
        ids.push(search["query_id"].as_str().unwrap().to_owned());
        server.pass(SignedDuration::from_secs(60));
    }
    let request = json!({
        "session": SESSION, "message": "Help", "requester": { "email": "ada@example.org" },
        "consent": { "context_shared": true, "fields_removed": [format!("trail:{}", ids[0])] },
    });
    let sent: Value = server.post_json("/api/v1/tickets", &request).await.json().await.unwrap();
    let path = format!("/api/v1/desk/tickets/{}", sent["reference"].as_str().unwrap());
    let shown: Value =
        server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap();
    let trail = shown["ticket"]["trail"].as_array().unwrap();
    assert_eq!(trail.iter().map(|item| item["query"].as_str().unwrap()).collect::<Vec<_>>(), ["qwortle"]);
    assert_eq!(shown["ticket"]["consent"]["fields_removed"], json!(["trail:*"]), "not even the search's name is told");
}

async fn form(server: &Server, more: &str) -> reqwest::Response {
    let page = server.page("/contact?lang=en").await;
    let hidden = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
        encoded(rest.split('"').next().unwrap())
    };
    server.pass(SignedDuration::from_secs(2));
    let body =
        format!("idempotency_key={}&lang=en&message=Help&email=ada%40example.org&{more}", hidden("idempotency_key"));
    let post = server.request("POST", "/api/v1/tickets").body(body);
    post.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
}

async fn listed(server: &Server, status: &str) -> Value {
    let path = format!("/api/v1/desk/tickets?status={status}");
    server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn who_fills_in_the_form_faster_than_a_person_is_kept_apart() {
    for (seconds, status) in [(3, "quarantined"), (2, "open"), (0, "open")] {
        let server = Server::with(HELP).configured(&format!("[limits]\nfill_time_s = {seconds}")).start().await;
        assert_eq!(form(&server, "").await.status(), 303);
        assert_eq!(listed(&server, status).await["total"], 1, "{seconds} s");
    }
}

#[tokio::test]
async fn the_form_asks_for_a_call_back_and_consent_where_they_are_needed() {
    let server = Server::with(HELP).configured("[limits]\nfill_time_s = 0").start().await;
    let call = "callback_phone=%2B31+20+123+4567&time_zone=America/New_York&call_day=2026-11-22&call_from=05:30&call_until=06:30&call_day=&call_from=&call_until=";
    let vendor = "vendor=QNAP&vendor_consent=1";
    assert_eq!(form(&server, &format!("{call}&{vendor}")).await.status(), 303);
    // The same time is over in Amsterdam.
    let late = form(&server, &call.replace("America/New_York", "Europe/Amsterdam")).await;
    assert_eq!(late.status(), 422);
    let page = late.text().await.unwrap();
    assert!(page.contains("Choose times that are still to come") && page.contains("value=\"05:30\""), "{page}");
    let nameless = form(&server, "vendor_consent=1").await;
    assert!(nameless.status() == 422 && nameless.text().await.unwrap().contains("Name the vendor"));
    let tickets = listed(&server, "open").await;
    assert_eq!(tickets["total"], 1);
    let path = format!("/api/v1/desk/tickets/{}", tickets["tickets"][0]["reference"].as_str().unwrap());
    let shown: Value =
        server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap();
    let ticket = &shown["ticket"];
    assert_eq!(ticket["callback"]["phone"], "+31201234567");
    assert_eq!(ticket["callback"]["windows"].as_array().unwrap().len(), 1);
    assert_eq!(ticket["external"]["vendor"], "QNAP");
    assert_ne!(ticket["external"]["consent_at"], Value::Null);
    // A search that belongs to a level opens what that level needs.
    for (words, needs) in
        [("NAS+is+not+found+on+the+network", "consent"), ("virus+scanner+blocks+the+program", "callback")]
    {
        let search = server.search(&format!("{words}&trigger=enter&lang=en")).await;
        let page = server.page(&format!("/contact?lang=en&query_id={}", search["query_id"].as_str().unwrap())).await;
        assert!(page.contains(&format!("data-needs=\"{needs}\" open")), "{words}");
    }
}

#[tokio::test]
async fn a_site_takes_so_many_tickets_an_hour() {
    let server = Server::with(HELP).configured("[limits]\ntickets_per_hour_and_site = 2").start().await;
    let mut statuses = Vec::new();
    for n in 0..3 {
        let body = json!({ "message": n.to_string(), "requester": { "email": "ada@example.org" } });
        let reply = server.post_json("/api/v1/tickets", &body).await;
        assert_eq!(reply.headers().contains_key("retry-after"), n == 2);
        statuses.push(reply.status().as_u16());
    }
    assert_eq!(statuses, [201, 201, 429]);
}
