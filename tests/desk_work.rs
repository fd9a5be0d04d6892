//! What agents and visitors do with a ticket: up the ladder step by step, to its end, and into an article.

use jiff::SignedDuration;
use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{Server, encoded};

const SETTINGS: &str = "[sites.default.hours]\ntime_zone = \"Europe/Amsterdam\"\nholidays = [\"2026-11-24\"]";

struct Case {
    server: Server,
    reference: String,
    /// Path of the status page with its token.
    status: String,
}

impl Case {
    async fn with(change: impl FnOnce(&mut Value)) -> Self {
        Self::on(Server::with(crate::support::HELP).configured(SETTINGS).start().await, change).await
    }

    async fn on(server: Server, change: impl FnOnce(&mut Value)) -> Self {
        let mut request = json!({
            "message": "Our NAS is gone.\nMail ada@example.org", "subject": "NAS of ada@example.org",
            "requester": { "email": "ada@example.org" }, "locale": "en", "time_zone": "Europe/Amsterdam",
        });
        change(&mut request);
        let sent = server.post_json("/api/v1/tickets", &request).await;
        assert_eq!(sent.status(), 201);
        let sent: Value = sent.json().await.unwrap();
        let text = |name: &str| sent[name].as_str().unwrap().to_owned();
        Self { reference: text("reference"), status: text("status_url"), server }
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        let post = self.server.request("POST", path).bearer_auth(&self.server.token).json(body);
        post.send().await.unwrap()
    }

    async fn tries(&self, action: &str, body: Value) -> Response {
        self.post(&format!("/api/v1/desk/tickets/{}/{action}", self.reference), &body).await
    }

    async fn does(&self, action: &str, body: Value) -> Value {
        let reply = self.tries(action, body).await;
        let status = reply.status();
        let body = reply.text().await.unwrap();
        assert_eq!(status, 200, "{action}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn refused(&self, action: &str, body: Value, field: &str) {
        let reply = self.tries(action, body.clone()).await;
        assert_eq!(reply.status(), 422, "{action} {body}");
        let problem: Value = reply.json().await.unwrap();
        assert_eq!(problem["field"], field, "{action} {body}: {problem}");
    }

    async fn visitor(&self, action: &str, body: Value) -> Response {
        let path = self.status.replace("/t/", "/api/v1/tickets/");
        let (path, query) = path.split_once('?').unwrap();
        self.server.post_json(&format!("{path}/{action}?{query}"), &body).await
    }

    async fn own_status(&self) -> Value {
        self.server.json(&self.status.replace("/t/", "/api/v1/tickets/")).await
    }

    fn pass(&self, minutes: i64) {
        self.server.pass(SignedDuration::from_mins(minutes));
    }
}

#[tokio::test]
async fn a_case_climbs_only_with_what_each_level_needs() {
    // It is Sunday, 2026-11-22, 10:00 UTC.
    let case = Case::with(|_| ()).await;
    let window = |from: &str, until: &str| json!([{ "from": from, "until": until }]);
    let ahead = window("2026-11-23T09:00", "2026-11-23T12:00");
    case.refused("escalate", json!({ "reason": "" }), "callback.phone").await;
    let table = [
        (json!({ "to": 3, "reason": "r" }), "to"),
        (json!({ "to": 1, "reason": "r" }), "to"),
        (json!({ "to": 9, "reason": "r" }), "to"),
        (json!({ "reason": "r" }), "callback.phone"),
        (json!({ "reason": "r", "callback": { "phone": "020 123", "windows": ahead } }), "callback.phone"),
        (json!({ "reason": "r", "callback": { "phone": "+31 20 123 4567" } }), "callback.windows"),
        (
            json!({ "reason": "r", "callback": { "phone": "+31 20 123 4567", "windows": window("2026-11-21T09:00", "2026-11-21T12:00") } }),
            "callback.windows",
        ),
        (json!({ "callback": { "phone": "+31 20 123 4567", "windows": ahead } }), "reason"),
    ];
    for (body, field) in table {
        case.refused("escalate", body, field).await;
    }
    let callback = json!({ "phone": "0031 (0)20-123 45 67", "windows": ahead });
    let second = case.does("escalate", json!({ "reason": "It is deep", "callback": callback })).await;
    assert_eq!(
        (&second["ticket"]["level"], &second["ticket"]["callback"]["phone"]),
        (&json!(2), &json!("+31201234567"))
    );
    let step = second["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&step["kind"], &step["agent"], &step["reason"], &step["at"]),
        (&json!("escalated"), &json!("admin"), &json!("It is deep"), &json!("2026-11-22T10:00:00Z"))
    );

    case.refused("escalate", json!({ "reason": "r" }), "contract.reference").await;
    case.refused("escalate", json!({ "reason": "r", "contract": { "reference": " " } }), "contract.reference").await;
    let contract = json!({ "reference": "C-17", "response_minutes": 60 });
    let third = case.does("escalate", json!({ "reason": "In the product", "contract": contract })).await;
    assert_eq!(third["ticket"]["level"], 3);
    // Monday at nine in Amsterdam is eight o'clock in UTC.
    assert_eq!(third["clocks"]["response"]["due"], "2026-11-23T09:00:00Z");
    assert_eq!(third["clocks"]["resolution"]["promised_minutes"], 1440);

    case.refused("escalate", json!({ "reason": "r" }), "external.vendor").await;
    case.refused("escalate", json!({ "reason": "r", "external": { "vendor": "QNAP" } }), "external.statement").await;
    let asked = case.does("consent", json!({ "vendor": "QNAP" })).await;
    assert_eq!(asked["ticket"]["external"]["consent_at"], Value::Null);
    assert!(case.own_status().await["wanted"].as_array().unwrap().contains(&json!("consent")));
    case.pass(5);
    assert_eq!(case.visitor("consent", json!({})).await.status(), 200);
    let fourth = case.does("escalate", json!({ "reason": "Theirs" })).await;
    assert_eq!(fourth["ticket"]["level"], 4);
    assert_eq!(fourth["ticket"]["external"]["consent_at"], "2026-11-22T10:05:00Z");
    assert_eq!(fourth["ticket"]["external"]["recorded_by"], Value::Null);
    case.refused("escalate", json!({ "reason": "r" }), "to").await;
    // Consent is for one vendor only.
    let other = case.does("consent", json!({ "vendor": "Synology" })).await;
    assert_eq!(other["ticket"]["external"]["consent_at"], Value::Null);
}

#[tokio::test]
async fn a_level_is_skipped_only_where_the_ladder_says_so() {
    let mut ladder = Vec::new();
    for (level, needs, from) in [(0, "nothing", ""), (1, "nothing", ""), (2, "callback", ""), (3, "nothing", "1")] {
        ladder.push(format!("[[ladder]]\nlevel = {level}\nname = {{}}\nneeds = \"{needs}\"\nfrom = [{from}]\n"));
    }
    let server = Server::with(crate::support::HELP).configured(&ladder.concat()).start().await;
    let case = Case::on(server, |_| ()).await;
    case.refused("escalate", json!({ "reason": "r" }), "callback.phone").await;
    assert_eq!(case.does("escalate", json!({ "to": 3, "reason": "r" })).await["ticket"]["level"], 3);
}

#[tokio::test]
async fn the_clocks_of_a_contract_stand_still_while_the_visitor_has_the_word() {
    let case = Case::with(|ticket| {
        ticket["callback"] = json!({ "phone": "+31201234567", "windows": [{ "from": "2026-11-23T09:00", "until": "2026-11-23T12:00" }] });
    })
    .await;
    case.pass(22 * 60); // Monday, 08:00 UTC: the first business minute.
    case.does("escalate", json!({ "reason": "r" })).await;
    case.does(
        "escalate",
        json!({ "reason": "r", "contract": { "reference": "C-1", "response_minutes": 60, "resolution_minutes": 120 } }),
    )
    .await;
    case.pass(30);
    let waiting = case.does("reply", json!({ "text": "Which version?", "wait": true })).await;
    assert_eq!((&waiting["status"], &waiting["clocks"]["response"]["state"]), (&json!("waiting"), &json!("met")));
    assert_eq!(waiting["clocks"]["resolution"]["state"], "paused");
    case.pass(24 * 60); // All of Tuesday is a holiday.
    let own = case.own_status().await;
    assert_eq!(own["status"], "waiting");
    let said = own["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "replied").unwrap();
    assert_eq!((&said["reason"], &said["agent"]), (&json!("Which version?"), &Value::Null));
    case.pass(23 * 60 + 30); // Wednesday, 08:00 UTC.
    assert_eq!(case.visitor("reply", json!({ "text": "2.1" })).await.status(), 200);
    case.pass(15);
    let running = case.does("note", json!({ "text": "Try 2.2" })).await;
    assert_eq!(running["status"], "open");
    let resolution = &running["clocks"]["resolution"];
    assert_eq!((&resolution["state"], &resolution["used_minutes"]), (&json!("running"), &json!(45)));
    assert_eq!(resolution["due"], "2026-11-25T09:30:00Z");
    assert!(!case.own_status().await.to_string().contains("Try 2.2"), "notes are for agents");
    case.pass(120);
    let done = case.does("resolve", json!({ "outcome": "new", "text": "Fixed in 2.2" })).await;
    assert_eq!(done["clocks"]["resolution"]["state"], "missed");
}

#[tokio::test]
async fn a_ticket_ends_in_one_of_five_ways_and_can_be_taken_up_again() {
    let case = Case::with(|_| ()).await;
    let request = json!({ "message": "x", "requester": { "email": "b@example.org" } });
    let other: Value = case.server.post_json("/api/v1/tickets", &request).await.json().await.unwrap();
    case.refused("resolve", json!({ "outcome": "known" }), "article").await;
    case.refused("resolve", json!({ "outcome": "known", "article": "no-such" }), "article").await;
    case.refused("resolve", json!({ "outcome": "duplicate" }), "duplicate_of").await;
    case.refused("resolve", json!({ "outcome": "duplicate", "duplicate_of": case.reference }), "duplicate_of").await;
    case.refused("resolve", json!({ "outcome": "duplicate", "duplicate_of": "ZD-000000" }), "duplicate_of").await;
    case.refused("resolve", json!({ "outcome": "boring" }), "outcome").await;
    case.refused("reopen", json!({}), "status").await;
    for body in [
        json!({ "outcome": "known", "article": "reset-password", "text": "It is in the article" }),
        json!({ "outcome": "new" }),
        json!({ "outcome": "duplicate", "duplicate_of": other["reference"] }),
        json!({ "outcome": "spam" }),
    ] {
        let done = case.does("resolve", body.clone()).await;
        assert_eq!((&done["status"], &done["outcome"]["kind"]), (&json!("resolved"), &body["outcome"]));
        assert_eq!(case.own_status().await["status"], "resolved");
        case.refused("escalate", json!({ "reason": "r" }), "status").await;
        let open = case.does("reopen", json!({ "reason": "Not yet" })).await;
        assert_eq!((&open["status"], &open["outcome"]), (&json!("open"), &Value::Null));
    }
    // The visitor says so, and then thinks better of it.
    assert_eq!(case.visitor("solved", json!({})).await.status(), 200);
    assert_eq!(case.own_status().await["status"], "resolved");
    assert_eq!(case.visitor("reply", json!({ "text": "It is back" })).await.status(), 200);
    assert_eq!(case.own_status().await["status"], "open");
    assert_eq!(case.visitor("reply", json!({ "text": " " })).await.status(), 422);
    assert_eq!(case.visitor("note", json!({ "text": "x" })).await.status(), 404);
    assert_eq!(case.visitor("consent", json!({})).await.status(), 422);
}

#[tokio::test]
async fn tickets_are_given_to_agents_and_found_by_them() {
    let case = Case::with(|_| ()).await;
    case.refused("assign", json!({ "agent": "nobody" }), "name").await;
    assert_eq!(case.does("assign", json!({ "agent": "admin" })).await["assignee"], "admin");
    let total = async |query: &str| {
        let get = case.server.request("GET", &format!("/api/v1/desk/tickets?{query}")).bearer_auth(&case.server.token);
        get.send().await.unwrap().json::<Value>().await.unwrap()["total"].clone()
    };
    for (query, expected) in
        [("assignee=admin", 1), ("assignee=-", 0), ("level=1", 1), ("level=2", 0), ("status=waiting", 0), ("q=nas", 1)]
    {
        assert_eq!(total(query).await, expected, "{query}");
    }
    case.does("assign", json!({ "agent": null })).await;
    assert_eq!(total("assignee=-").await, 1);
}

#[tokio::test]
async fn a_ticket_becomes_the_draft_of_an_article_and_no_file_is_overwritten() {
    let case = Case::with(|ticket| ticket["subject"] = "../../How do I reach ada@example.org?".into()).await;
    case.does("reply", json!({ "text": "Restart the NAS." })).await;
    let mut files = Vec::new();
    for _ in 0..2 {
        let reply = case.post(&format!("/api/v1/desk/tickets/{}/draft", case.reference), &json!({})).await;
        assert_eq!(reply.status(), 200);
        files.push(reply.json::<Value>().await.unwrap()["file"].as_str().unwrap().to_owned());
    }
    assert_eq!(files, ["how-do-i-reach-email.md", "how-do-i-reach-email-2.md"]);
    let text = std::fs::read_to_string(case.server.drafts().join(&files[0])).unwrap();
    assert!(!text.contains("ada@example.org"), "{text}");
    let article = zerodesk::article::parse("draft.md", text.as_bytes()).article;
    assert!(article.front_matter.draft, "{text}");
    assert_eq!(article.front_matter.title, "../../How do I reach [email]?");
    assert_eq!(article.front_matter.questions, ["../../How do I reach [email]?"]);
    assert!(text.ends_with("\n\nRestart the NAS.\n"), "{text}");
}

#[tokio::test]
async fn what_admins_may_do_agents_may_not() {
    let case = Case::with(|_| ()).await;
    let added = case.post("/api/v1/desk/agents", &json!({ "name": "bob" })).await;
    assert_eq!(added.status(), 201);
    let bob = added.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let ask = async |token: &str, method: &str, path: &str| {
        let body = json!({ "name": "eve", "role": "admin" });
        let request = case.server.request(method, path).bearer_auth(token);
        let request = if method == "POST" && path.ends_with("agents") { request.json(&body) } else { request };
        request.send().await.unwrap().status().as_u16()
    };
    let nothing = "/api/v1/desk/dead-letters/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry";
    let table = [
        ("GET", "/api/v1/desk/tickets", 200, 200),
        ("GET", "/api/v1/desk/dead-letters", 200, 200),
        ("GET", "/api/v1/desk/agents", 403, 200),
        ("GET", "/api/v1/desk/log", 403, 200),
        ("POST", "/api/v1/desk/agents", 403, 201),
        ("POST", "/api/v1/desk/agents/eve/token", 403, 200),
        ("DELETE", "/api/v1/desk/agents/eve", 403, 204),
        ("DELETE", "/api/v1/desk/agents/eve", 403, 422),
        ("DELETE", "/api/v1/desk/agents/admin", 403, 422),
        ("POST", nothing, 403, 404),
    ];
    for (method, path, agent, admin) in table {
        assert_eq!(ask(&bob, method, path).await, agent, "agent: {method} {path}");
        assert_eq!(ask(&case.server.token, method, path).await, admin, "admin: {method} {path}");
        assert_eq!(ask("zdk_wrong", method, path).await, 401, "stranger: {method} {path}");
    }
    let log = case.server.request("GET", "/api/v1/desk/log").bearer_auth(&case.server.token).send().await.unwrap();
    let log: Value = log.json().await.unwrap();
    let actions: Vec<&str> = log.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["agent_added", "agent_renewed", "agent_removed"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

/// A browser at the desk: cookie and form key.
async fn at_the_desk(case: &Case) -> (String, String) {
    let form = |body: String| case.server.request("POST", "/desk/login").body(body);
    let login = form(format!("token={}", encoded(&case.server.token)));
    let reply = login.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let cookie = reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page =
        case.server.request("GET", &format!("/desk/tickets/{}?lang=en", case.reference)).header("cookie", &cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    let key = page.split_once("name=\"form_key\" value=\"").unwrap_or_else(|| panic!("{page}")).1;
    (cookie, key.split('"').next().unwrap().to_owned())
}

async fn send(case: &Case, path: &str, cookie: &str, body: &str) -> (u16, String) {
    let post = case.server.request("POST", path).header("cookie", cookie).body(body.to_owned());
    let reply = post.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

#[tokio::test]
async fn the_desk_works_without_javascript_and_takes_no_forms_from_elsewhere() {
    let case = Case::with(|_| ()).await;
    let (cookie, key) = at_the_desk(&case).await;
    let path = format!("/desk/tickets/{}?lang=en", case.reference);
    assert_eq!(send(&case, &path, "", &format!("do=note&text=x&form_key={key}")).await.0, 401);
    for wrong in ["", "form_key=", "form_key=0123456789abcdef0123456789abcdef"] {
        assert_eq!(send(&case, &path, &cookie, &format!("do=note&text=x&{wrong}")).await.0, 403, "{wrong}");
        assert_eq!(send(&case, "/desk/agents", &cookie, &format!("do=add&name=eve&{wrong}")).await.0, 403, "{wrong}");
        assert_eq!(send(&case, "/desk/dead-letters", &cookie, &format!("id=x&{wrong}")).await.0, 403, "{wrong}");
    }
    for body in ["do=note&text=for+us", "do=reply&text=for+you&wait=1", "do=take", "do=assign&agent=", "do=draft"] {
        assert_eq!(send(&case, &path, &cookie, &format!("{body}&form_key={key}")).await.0, 303, "{body}");
    }
    let (status, page) = send(&case, &path, &cookie, &format!("do=escalate&to=2&text=<b>why</b>&form_key={key}")).await;
    assert_eq!(status, 422);
    assert!(
        page.contains("A phone number with the code of the country is missing.") && page.contains("&lt;b&gt;why"),
        "{page}"
    );
    let call = "callback_phone=%2B31201234567&call_day=2026-11-23&call_from=09:00&call_until=10:30";
    assert_eq!(send(&case, &path, &cookie, &format!("do=escalate&to=2&text=why&{call}&form_key={key}")).await.0, 303);
    assert_eq!(send(&case, &path, &cookie, &format!("do=resolve&outcome=new&text=done&form_key={key}")).await.0, 303);
    let page = case.server.request("GET", &path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    for shown in ["for us", "for you", "2026-11-23 09:00-10:30", "No article had the answer", "nas-of-email.md"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let (status, page) =
        send(&case, "/desk/agents?lang=en", &cookie, &format!("do=add&name=bob&role=agent&form_key={key}")).await;
    assert!(status == 200 && page.contains("<code>zdk_"), "{page}");
    for (path, shown) in [
        ("/desk/agents?lang=en", "bob"),
        ("/desk/log?lang=en", "Added an agent"),
        ("/desk/dead-letters?lang=en", "Everything was delivered"),
    ] {
        let page =
            case.server.request("GET", path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
        assert!(page.contains(shown), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_visitor_reads_replies_and_answers_without_javascript() {
    let case = Case::with(|_| ()).await;
    case.does("reply", json!({ "text": "<i>Which</i> NAS?", "wait": true })).await;
    let page = case.server.page(&format!("{}&lang=en", case.status)).await;
    assert!(page.contains("&lt;i&gt;Which&lt;/i&gt; NAS?") && page.contains("wait for your answer"), "{page}");
    assert!(page.contains("A colleague answers general questions"), "{page}");
    let path = format!("{}&lang=en", case.status);
    assert_eq!(send(&case, &path, "", "do=reply&text=The+black+one").await.0, 303);
    let (status, page) =
        send(&case, &path, "", "do=callback&callback_phone=12&call_day=2026-11-23&call_from=9&call_until=x").await;
    assert!(status == 422 && page.contains("Give a number with the code"), "{page}");
    let call = "callback_phone=%2B31201234567&call_day=2026-11-23&call_from=09:00&call_until=10:30";
    assert_eq!(send(&case, &path, "", &format!("do=callback&{call}")).await.0, 303);
    assert_eq!(send(&case, &path.replace("token=", "token=x"), "", "do=solved").await.0, 404);
    assert_eq!(send(&case, &path, "", "do=solved").await.0, 303);
    let page = case.server.page(&path).await;
    assert!(page.contains("The black one") && page.contains("This is solved."), "{page}");
}
