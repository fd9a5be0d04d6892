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

const PUBLIC: &str = "[insight]\nstats = \"public\"";

#[tokio::test]
async fn the_same_figures_come_as_json_and_as_csv() {
    let server = Server::with(crate::support::HELP).configured(PUBLIC).start().await;
    Visit::new(&server, 1).search("reset my password").await;
    for (name, column) in [
        ("deflection", "figure"),
        ("funnel", "step"),
        ("queries", "query"),
        ("articles", "article"),
        ("series", "confirmed_share"),
        ("series?by=group", "by"),
    ] {
        let (path, more) = name.split_once('?').unwrap_or((name, ""));
        let json = server.json(&format!("/api/v1/stats/{path}?lang=en")).await;
        assert!(json["window"]["from"].is_string() && json["left_out"].is_array(), "{name}: {json}");
        let csv = server.get(&format!("/api/v1/stats/{path}?format=csv&{more}")).await;
        assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
        let text = csv.text().await.unwrap();
        let header = text.lines().next().unwrap_or_default();
        assert!(header.split(',').any(|cell| cell == column), "{name}: {header}");
    }
    for (query, field) in [("format=xml", "format"), ("level=9", "level"), ("from=2026-13-01", "from")] {
        let response = server.get(&format!("/api/v1/stats/deflection?{query}")).await;
        assert_eq!(response.status(), 422, "{query}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn what_was_just_recorded_counts_when_a_period_is_asked_for() {
    let server = Server::with(crate::support::HELP).configured(PUBLIC).start().await;
    Visit::new(&server, 1).search("reset my password").await;
    server.pass(SignedDuration::from_hours(24 * 17));
    assert_eq!(server.get("/stats/2026-11.json").await.status(), 200);
}

#[tokio::test]
async fn a_closed_period_never_changes() {
    let settings = format!(
        "{PUBLIC}\n[sites.default]\nframe_ancestors = [\"https://www.example.com\"]\n[sites.own]\nstats = \"token\""
    );
    let server = Server::with(crate::support::HELP).configured(&settings).start().await;
    for number in 0..5 {
        let visit = Visit::new(&server, number);
        let search = visit.search("reset my password").await;
        visit.open_form(&search).await;
        visit.report(json!({ "type": "marked_solved", "query_id": search["query_id"] })).await;
        visit.search("mail to ann@example.com").await;
    }
    Visit::new(&server, 9).search("what only one asked").await;
    assert_eq!(server.get("/stats/2026-11").await.status(), 404, "tickets may still come");
    server.pass(SignedDuration::from_hours(24 * 17));

    let json = server.get("/stats/2026-11.json").await;
    assert_eq!(json.headers()["cache-control"], "public, max-age=31536000, immutable");
    let kept = json.text().await.unwrap();
    assert!(kept.contains("reset my password"));
    assert!(!kept.contains("what only one asked") && !kept.contains("[email]"), "rare and masked words stay here");
    let badge = server.get("/stats/2026-11.svg?lang=en").await;
    assert_eq!(badge.headers()["content-type"], "image/svg+xml");
    assert!(badge.text().await.unwrap().contains("100.0"));
    assert!(server.page("/stats/2026-11.csv").await.starts_with("figure,"));
    let page = server.get("/stats/2026-11?lang=en").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("frame-ancestors 'self' https://www.example.com"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains("will not change") && page.contains("<header"));
    let embedded = server.page("/stats/2026-11?lang=en&embed=1").await;
    assert!(!embedded.contains("<header") && embedded.contains("<h1"));

    // Whatever is written later, even about that month: the bytes stay.
    let event = json!({ "id": "an-event-of-its-own-2", "type": "form_opened", "from": "link" });
    server.post_json("/api/v1/events", &json!({ "session": "visitor-number-0007", "events": [event] })).await;
    server.pass(SignedDuration::from_hours(24 * 400));
    assert_eq!(server.page("/stats/2026-11.json").await, kept);

    for (path, status) in [
        ("/stats/2026-10", 404),
        ("/stats/2026-11.png", 404),
        ("/stats/yesterday", 404),
        ("/stats/2026-11?site=own", 401),
        ("/stats/2026-11.json?site=own", 401),
        ("/stats/2026-Q4.json", 200),
        ("/stats/2026.json", 200),
    ] {
        assert_eq!(server.get(path).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn who_is_held_out_gets_no_suggestions_and_both_sides_are_logged() {
    let settings = format!("{PUBLIC}\n[sites.default]\nholdout = 0.5");
    let server = Server::with(crate::support::HELP).configured(&settings).start().await;
    let mut held = 0;
    for number in 0..40 {
        let visit = Visit::new(&server, number);
        visit.report(json!({ "type": "form_opened", "from": "link" })).await;
        let body = json!({ "session": visit.session, "lang": "en", "subject": "reset my password" });
        let hits = async || {
            let reply: Value = server.post_json("/api/v1/suggest", &body).await.json().await.unwrap();
            reply["hits"].as_array().unwrap().len()
        };
        let first = hits().await;
        assert_eq!(hits().await, first, "the lot of a visitor stays");
        held += u64::from(first == 0);
    }
    let anonymous = json!({ "lang": "en", "subject": "reset my password" });
    let reply: Value = server.post_json("/api/v1/suggest", &anonymous).await.json().await.unwrap();
    assert!(!reply["hits"].as_array().unwrap().is_empty(), "who cannot be followed takes no part");
    assert!((8..=32).contains(&held), "{held} of 40 are held out");
    let figures = server.json("/api/v1/stats/deflection").await;
    let experiment = &figures["holdout"][0];
    assert_eq!((&experiment["held"]["n"], &experiment["shown"]["n"]), (&json!(held), &json!(40 - held)), "{figures}");
    assert_eq!(experiment["tickets_avoided"], Value::Null, "not measurable yet");
    assert_eq!(figures["deflection"][0]["confirmed"]["n"], json!(40 - held), "deflection is without them");
}

#[tokio::test]
async fn people_of_the_site_do_not_count() {
    let settings = "[insight]\nstats = \"public\"\nstaff_networks = [\"192.0.2.0/24\"]\n\
                    [limits]\ntrusted_proxies = [\"127.0.0.0/8\"]";
    let server = Server::with(crate::support::HELP).configured(settings).start().await;
    let path = "/api/v1/search?q=reset+my+password&session=visitor-number-0001";
    for (header, value) in
        [("x-forwarded-for", "192.0.2.7"), ("x-zerodesk-staff", "1"), ("authorization", "Bearer zdk_x")]
    {
        server.request("GET", path).header(header, value).send().await.unwrap();
    }
    server.get("/api/v1/search?q=reset+my+password&session=test-of-the-monitor").await;
    server.request("GET", "/api/v1/search?q=reset").header("x-forwarded-for", "198.51.100.7").send().await.unwrap();
    let figures = server.json("/api/v1/stats/deflection").await;
    assert_eq!(figures["no_answer"]["n"], 1, "{figures}");
    let staff = figures["left_out"].as_array().unwrap().iter().find(|row| row["cause"] == "staff").unwrap();
    assert_eq!((&staff["visitors"], &staff["events"]), (&json!(2), &json!(4)), "{staff}");
}

#[tokio::test]
async fn strange_events_leave_the_figures_right() {
    let server = Server::with(crate::support::HELP).configured(PUBLIC).start().await;
    let send = async |events: Value| -> (u16, Value) {
        let batch = json!({ "session": "visitor-number-0001", "interacted": true, "events": events });
        let response = server.post_json("/api/v1/events", &batch).await;
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let form = |id: &str, at: &str| json!({ "id": id, "type": "form_opened", "from": "link", "at": at });
    let (status, receipt) = send(json!([
        form("event-of-the-future-1", "2031-01-01T00:00:00Z"),
        form("event-of-the-past-000", "1970-01-01T00:00:00Z"),
        { "type": "no_such_event" },
        { "id": "x", "type": "form_opened", "from": "link" },
        { "type": "form_opened", "from": "x".repeat(100_000 / 50) },
    ]))
    .await;
    assert_eq!((status, &receipt["accepted"]), (202, &json!(2)), "{receipt}");
    let (status, _) = send(json!([{ "type": "form_opened", "from": "x".repeat(100_000) }])).await;
    assert_eq!(status, 413, "100 kB of properties");
    // The same events again, as a browser sends them that was off line: they count once.
    send(json!([form("event-of-the-future-1", "2031-01-01T00:00:00Z")])).await;
    let figures = server.json("/api/v1/stats/deflection").await;
    assert_eq!(figures["deflection"][0]["confirmed"]["n"], 1, "{figures}");
    let days = server.json("/api/v1/stats/series?from=2026-11-21&to=2026-11-22").await;
    assert_eq!(days["series"][1]["confirmed"]["n"], 1, "they got the server's time: {days}");

    // One visitor cannot fill the store: what is too much is refused with a reason, and the visitor left out.
    let mut refused = 0;
    for batch in 0..84 {
        let events: Vec<Value> =
            (0..50).map(|i| form(&format!("event-of-a-flood-{batch:03}-{i:02}"), "2026-11-22T10:00:00Z")).collect();
        let (_, receipt) = send(json!(events)).await;
        refused += receipt["rejected"].as_array().unwrap().len();
    }
    assert!(refused >= 200, "{refused} of 4200 were refused");
    server.search("reset my password&session=visitor-number-0002").await;
    let figures = server.json("/api/v1/stats/deflection").await;
    assert_eq!(
        (&figures["deflection"][0]["confirmed"]["n"], &figures["no_answer"]["n"]),
        (&json!(0), &json!(1)),
        "{figures}"
    );
    assert_eq!(figures["dropped_events"], refused, "{figures}");
    let flood = figures["left_out"].as_array().unwrap().iter().find(|row| row["cause"] == "too_many_events").unwrap();
    assert_eq!(flood["visitors"], 1, "{flood}");
}
