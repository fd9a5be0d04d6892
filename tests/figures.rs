//! A scripted day of visits, and what the figures say about it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Server;

/// One visitor with a browser of their own.
struct Visit<'a> {
    server: &'a Server,
    session: String,
}

impl<'a> Visit<'a> {
    fn new(server: &'a Server, number: usize) -> Self {
        Self { server, session: format!("visitor-number-{number:04}") }
    }

    async fn search(&self, words: &str) -> Value {
        let reply = self.server.search(&format!("{words}&lang=en&surface=box&session={}", self.session)).await;
        self.server.pass(SignedDuration::from_secs(5));
        reply
    }

    async fn report(&self, event: Value) {
        let mut event = event;
        event["id"] = format!("event-{}", ulid::Ulid::generate()).into();
        let batch = json!({ "session": self.session, "surface": "box", "interacted": true, "events": [event] });
        let response = self.server.post_json("/api/v1/events", &batch).await;
        assert_eq!(response.status(), 202);
        let receipt: Value = response.json().await.unwrap();
        assert_eq!(receipt["accepted"], 1, "{receipt}");
        self.server.pass(SignedDuration::from_secs(5));
    }

    async fn open_form(&self, search: &Value) {
        self.report(json!({ "type": "form_opened", "from": "no_answer", "query_id": search["query_id"] })).await;
    }

    async fn send_ticket(&self, search: &Value) {
        let body = json!({
            "session": self.session, "query_id": search["query_id"], "message": "Please help",
            "requester": { "email": "ann@example.com" }, "idempotency_key": format!("key-of-{}", self.session)
        });
        assert_eq!(self.server.post_json("/api/v1/tickets", &body).await.status(), 201);
    }
}

#[tokio::test]
async fn a_day_of_visits_adds_up() {
    let server = Server::start().await;
    for number in 0..8 {
        let visit = Visit::new(&server, number);
        let search = visit.search(if number < 6 { "reset my password" } else { "sourdough bread" }).await;
        match number {
            // Two are helped by an article and say so, after they had opened the form.
            0 | 1 => {
                visit.open_form(&search).await;
                visit.report(json!({ "type": "marked_solved", "article": "reset-password", "query_id": search["query_id"] })).await;
            }
            // One opens the form and goes away.
            2 => visit.open_form(&search).await,
            // Two find no answer and send a ticket.
            6 | 7 => {
                visit.open_form(&search).await;
                visit.send_ticket(&search).await;
            }
            _ => visit.report(json!({ "type": "result_clicked", "query_id": search["query_id"], "rank": 1, "article": "reset-password" })).await,
        }
    }
    server.pass(SignedDuration::from_hours(30));

    let stats = async |path: &str| -> Value {
        let request = server.request("GET", &format!("/api/v1/stats/{path}")).bearer_auth(&server.token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    };
    let reply = stats("deflection").await;
    let day = &reply["deflection"][0];
    let counts = |name: &str| (day[name]["count"].as_u64().unwrap(), day[name]["n"].as_u64().unwrap());
    assert_eq!(counts("confirmed"), (2, 5), "{reply}");
    assert_eq!(counts("submitted"), (2, 5), "{reply}");
    assert_eq!(counts("unexplained_exit"), (1, 5), "{reply}");
    assert_eq!(reply["no_answer"]["count"], 2, "{reply}");
    assert_eq!(reply["no_answer"]["n"], 8, "{reply}");

    let queries = stats("queries").await;
    assert_eq!(queries["top_queries"][0]["query"], "reset my password", "{queries}");
    assert_eq!(queries["top_no_answer"][0]["query"], "sourdough bread", "{queries}");
    let funnel = stats("funnel").await;
    assert_eq!((&funnel["funnel"]["searched"], &funnel["funnel"]["submitted"]), (&json!(8), &json!(2)), "{funnel}");
}

#[tokio::test]
async fn figures_are_for_those_who_may_see_them() {
    let server = Server::start().await;
    for path in ["deflection", "queries", "funnel"] {
        assert_eq!(server.get(&format!("/api/v1/stats/{path}")).await.status(), 401, "{path}");
    }
    let public = Server::with(&[]).configured("[insight]\nstats = \"public\"").start().await;
    assert_eq!(public.get("/api/v1/stats/deflection").await.status(), 200);
    assert!(public.page("/stats?lang=en").await.contains("<h1"));
}

#[tokio::test]
async fn batches_are_checked_event_by_event() {
    let server = Server::start().await;
    let good = json!({ "id": "an-event-of-its-own-1", "type": "form_opened", "from": "link" });
    let batch = json!({ "session": "visitor-number-0001", "events": [good, { "type": "no_such_thing" }, good, 5] });
    let response = server.post_json("/api/v1/events", &batch).await;
    assert_eq!(response.status(), 202);
    let receipt: Value = response.json().await.unwrap();
    let refused: Vec<&Value> = receipt["rejected"].as_array().unwrap().iter().map(|one| &one["index"]).collect();
    assert_eq!(json!(refused), json!([1, 3]), "{receipt}");
    let beacon = server.request("POST", "/api/v1/events").header("content-type", "text/plain;charset=UTF-8");
    let sent = beacon.body(json!({ "events": [good] }).to_string()).send().await.unwrap();
    assert_eq!(sent.status(), 202, "as sendBeacon sends it");
    let many: Vec<Value> = (0..51).map(|_| good.clone()).collect();
    assert_eq!(server.post_json("/api/v1/events", &json!({ "events": many })).await.status(), 422);
}

#[tokio::test]
async fn turning_the_page_is_no_new_search() {
    let server = Server::with(crate::support::HELP).configured("[insight]\nstats = \"public\"").start().await;
    let first = server.search("service desk&lang=en&limit=1").await;
    let id = first["query_id"].as_str().unwrap();
    let second = server.search(&format!("service desk&lang=en&limit=1&offset=1&query_id={id}")).await;
    assert_eq!(second["query_id"], first["query_id"], "clicks on any page belong to the search");
    assert!(second["handoff"]["url"].as_str().unwrap().contains(id));
    server.search("service desk&lang=en&limit=1&offset=1").await;
    let page = server.page("/search?q=service+desk&lang=en&limit=1").await;
    let (_, next) = page.split_once("rel=\"next\" href=\"").expect("a further page");
    let next = server.page(&next.split('"').next().unwrap().replace("&amp;", "&")).await;
    assert!(next.contains("rel=\"prev\""), "{next}");
    let contact = |page: &str| page.split_once("query_id=").map(|(_, rest)| rest[..26].to_owned());
    assert_eq!(contact(&next), contact(&page));
    let figures = server.json("/api/v1/stats/deflection").await;
    assert_eq!(figures["no_answer"]["n"], 2, "the API's and the page's first: {figures}");
}
