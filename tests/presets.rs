//! Requests to help desks have the shape that their makers describe, and replies are read as described.
//!
//! The expected requests and the replies follow the public API descriptions that each preset names, as they were in
//! November 2026; replies are shortened from the examples there. `real` goes further and asks Request Tracker itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use zerodesk::desk::connectors::{ConnectorError, PRESETS, Preset};

use crate::support::{
    parcel::{KEY, connector, deliver, ticket},
    receiver::{Answer, Asked, Receiver},
};

/// What one help desk is to be asked, and what it answers.
struct Case {
    preset: &'static str,
    settings: &'static str,
    /// Line, headers beside type and length, and body of the request that creates. `TEXT` stands for the whole ticket.
    create: (&'static str, &'static [(&'static str, &'static str)], Value),
    created: (u16, Value, &'static str),
    /// Line of the request that looks for an earlier attempt, the reply where there is one, and where there is none.
    find: (&'static str, Value, &'static str, Value),
    /// A refusal, and a word of it that people must see.
    refused: (u16, Value, &'static str),
}

const MARKER: &str = "ZD-DEFGHJ";

#[allow(clippy::too_many_lines)] // a table
fn cases() -> Vec<Case> {
    let title = "[ZD-DEFGHJ] Test of a connector";
    vec![
        Case {
            preset: "zendesk",
            settings: "values = { email = \"agent@example.com\" }\nsecrets = { token = \"hush-hush\" }",
            create: (
                "POST /api/v2/tickets.json",
                // agent@example.com/token:hush-hush
                &[("authorization", "Basic YWdlbnRAZXhhbXBsZS5jb20vdG9rZW46aHVzaC1odXNo"), ("idempotency-key", KEY)],
                json!({ "ticket": {
                    "subject": title, "comment": { "html_body": "TEXT" }, "external_id": KEY, "tags": ["zerodesk"],
                    "requester": { "name": "Test", "email": "test@example.org" },
                } }),
            ),
            created: (
                201,
                json!({ "ticket": {
                    "url": "https://example.zendesk.com/api/v2/tickets/3.json", "id": 3, "subject": "Printer offline",
                } }),
                "3",
            ),
            find: (
                "GET /api/v2/tickets.json?external_id=01JD8WQXK3M5V7Y9ZABCDEFGHJ",
                json!({ "tickets": [{ "id": 35_436, "external_id": KEY }], "next_page": null, "count": 1 }),
                "35436",
                json!({ "tickets": [], "next_page": null, "count": 0 }),
            ),
            refused: (
                422,
                json!({ "error": "RecordInvalid", "description": "Record validation errors" }),
                "RecordInvalid",
            ),
        },
        Case {
            preset: "freshdesk",
            settings: "secrets = { key = \"hush-hush\" }",
            create: (
                "POST /api/v2/tickets",
                // hush-hush:X
                &[("authorization", "Basic aHVzaC1odXNoOlg=")],
                json!({
                    "subject": title, "description": "TEXT", "name": "Test", "email": "test@example.org",
                    "status": 2, "priority": 1, "source": 2, "tags": ["zerodesk", MARKER],
                }),
            ),
            created: (
                201,
                json!({
                    "cc_emails": [], "id": 1, "requester_id": 129, "subject": title, "status": 2, "priority": 1,
                    "source": 2, "type": null, "due_by": "2026-12-01T10:00:00Z", "tags": ["zerodesk", MARKER],
                }),
                "1",
            ),
            find: (
                "GET /api/v2/tickets?email=test%40example.org&per_page=100",
                json!([{ "id": 48, "subject": "Re: ZD-DEFGHJ" }, { "id": 47, "subject": title }]),
                "47",
                json!([{ "id": 3, "subject": "Re: ZD-DEFGHJ" }]),
            ),
            refused: (
                400,
                json!({
                    "description": "Validation failed",
                    "errors": [{ "field": "status", "message": "It should be one of these", "code": "invalid_value" }],
                }),
                "Validation failed",
            ),
        },
        Case {
            preset: "zammad",
            settings: "values = { group = \"2nd Level\" }\nsecrets = { token = \"hush-hush\" }",
            create: (
                "POST /api/v1/tickets",
                &[("authorization", "Token token=hush-hush")],
                json!({
                    "title": title, "group": "2nd Level", "customer_id": "guess:test@example.org",
                    "article": {
                        "subject": title, "body": "TEXT", "content_type": "text/plain", "type": "web",
                        "sender": "Customer", "internal": false,
                    },
                }),
            ),
            created: (
                201,
                json!({
                    "id": 19, "group_id": 2, "priority_id": 2, "state_id": 1, "number": "22019", "title": "Help me!",
                    "customer_id": 10, "article_ids": [30], "ticket_time_accounting_ids": [],
                }),
                "19",
            ),
            find: (
                "GET /api/v1/tickets/search?expand=true&limit=10&query=ZD-DEFGHJ",
                json!([{ "id": 3, "title": "Re: ZD-DEFGHJ" }, { "id": 19, "number": "22019", "title": title }]),
                "19",
                json!([]),
            ),
            refused: (422, json!({ "error": "No lookup value found for 'group'" }), "No lookup value"),
        },
        Case {
            preset: "request-tracker",
            settings: "values = { queue = \"Help\" }\nsecrets = { token = \"hush-hush\" }",
            create: (
                "POST /REST/2.0/ticket",
                &[("authorization", "token hush-hush")],
                json!({
                    "Queue": "Help", "Subject": title, "Requestor": "test@example.org", "Content": "TEXT",
                    "ContentType": "text/plain",
                }),
            ),
            created: (
                201,
                json!({ "_url": "https://rt.example.com/REST/2.0/ticket/20", "type": "ticket", "id": "20" }),
                "20",
            ),
            find: (
                "GET /REST/2.0/tickets?query=Subject+LIKE+%27%5BZD-DEFGHJ%5D%27",
                json!({ "count": 1, "page": 1, "total": 1, "items": [{ "type": "ticket", "id": "20", "_url": "" }] }),
                "20",
                json!({ "count": 0, "page": 1, "total": 0, "items": [] }),
            ),
            refused: (403, json!({ "message": "Permission Denied" }), "Permission Denied"),
        },
        Case {
            preset: "znuny",
            settings: "values = { user = \"agent\" }\nsecrets = { password = \"hush-hush\" }",
            create: (
                "POST /nph-genericinterface.pl/Webservice/GenericTicketConnectorREST/Ticket",
                &[],
                json!({
                    "UserLogin": "agent", "Password": "hush-hush",
                    "Ticket": {
                        "Title": title, "Queue": "Raw", "State": "new", "Priority": "3 normal",
                        "CustomerUser": "test@example.org",
                    },
                    "Article": {
                        "Subject": title, "Body": "TEXT", "ContentType": "text/plain; charset=utf8",
                        "CommunicationChannel": "Internal", "SenderType": "customer", "From": "test@example.org",
                        "IsVisibleForCustomer": 1,
                    },
                }),
            ),
            created: (200, json!({ "TicketID": "123", "TicketNumber": "2010080210123456", "ArticleID": "43" }), "123"),
            find: (
                "GET /nph-genericinterface.pl/Webservice/GenericTicketConnectorREST/Ticket?Password=hush-hush&Title=*ZD-DEFGHJ*&UserLogin=agent",
                json!({ "TicketID": ["123"] }),
                "123",
                json!({}),
            ),
            refused: (
                200,
                json!({ "Error": { "ErrorCode": "TicketCreate.AuthFail", "ErrorMessage": "TicketCreate: User could not be authenticated!" } }),
                "could not be authenticated",
            ),
        },
        Case {
            preset: "jira-service-management",
            settings: "values = { email = \"agent@example.com\", service_desk = 10, request_type = \"25\" }\nsecrets = { token = \"hush-hush\" }",
            create: (
                "POST /rest/servicedeskapi/request",
                // agent@example.com:hush-hush
                &[("authorization", "Basic YWdlbnRAZXhhbXBsZS5jb206aHVzaC1odXNo")],
                json!({
                    "serviceDeskId": "10", "requestTypeId": "25",
                    "requestFieldValues": { "summary": title, "description": "TEXT" },
                }),
            ),
            created: (201, jira_request("HELPDESK-1", "Request JSD help via REST"), "HELPDESK-1"),
            find: (
                "GET /rest/servicedeskapi/request?requestOwnership=ALL_REQUESTS&searchTerm=ZD-DEFGHJ&serviceDeskId=10",
                json!({ "size": 2, "start": 0, "limit": 50, "isLastPage": true, "values": [
                    jira_request("HELPDESK-2", "Re: ZD-DEFGHJ"), jira_request("HELPDESK-1", title),
                ] }),
                "HELPDESK-1",
                json!({ "size": 1, "start": 0, "limit": 50, "isLastPage": true, "values": [
                    jira_request("HELPDESK-2", "Re: ZD-DEFGHJ"),
                ] }),
            ),
            refused: (
                400,
                json!({ "errorMessage": "Your request could not be created. Please check the fields have been correctly filled in." }),
                "check the fields",
            ),
        },
        Case {
            preset: "github",
            settings: "values = { owner = \"octo/cat\", repository = \"Hello-World\" }\nsecrets = { token = \"hush-hush\" }",
            create: (
                "POST /repos/octo%2Fcat/Hello-World/issues",
                &[
                    ("authorization", "Bearer hush-hush"),
                    ("accept", "application/vnd.github+json"),
                    ("x-github-api-version", "2022-11-28"),
                ],
                json!({ "title": title, "body": "TEXT", "labels": ["zerodesk"] }),
            ),
            created: (
                201,
                json!({ "id": 1, "number": 1347, "html_url": "https://github.com/octocat/Hello-World/issues/1347" }),
                "1347",
            ),
            find: (
                "GET /repos/octo%2Fcat/Hello-World/issues?direction=desc&per_page=100&since=2026-11-22T10%3A00%3A00Z&sort=created&state=all",
                json!([{ "number": 1348, "title": "another" }, { "number": 1347, "title": title }]),
                "1347",
                json!([{ "number": 1348, "title": "another" }]),
            ),
            refused: (
                404,
                json!({ "message": "Not Found", "documentation_url": "https://docs.github.com" }),
                "Not Found",
            ),
        },
    ]
}

/// A customer request as Jira shows it.
fn jira_request(key: &str, summary: &str) -> Value {
    json!({
        "issueId": "107001", "issueKey": key, "requestTypeId": "25", "serviceDeskId": "10",
        "requestFieldValues": [
            { "fieldId": "description", "label": "Why do you need this?", "value": "I need a new mouse" },
            { "fieldId": "summary", "label": "What do you need?", "value": summary },
        ],
        "currentStatus": { "status": "Waiting for Support", "statusCategory": "NEW" },
        "_links": { "web": format!("https://example.atlassian.net/servicedesk/customer/portal/10/{key}") },
    })
}

fn settings(case: &Case, receiver: &Receiver) -> String {
    let (preset, url) = (case.preset, &receiver.url);
    format!(
        "type = \"http\"\npreset = \"{preset}\"\nurl = \"{url}/\"\nallowed_hosts = [\"127.0.0.1\"]\n{}",
        case.settings
    )
}

/// The request with the ticket's text replaced by `TEXT`, and that text.
fn without_text(asked: &Asked) -> (Value, String) {
    fn walk(value: &mut Value, text: &mut String) {
        match value {
            Value::String(found) if found.contains("tests the way from Zerodesk") => {
                *text = std::mem::replace(found, "TEXT".into());
            }
            Value::Object(fields) => fields.values_mut().for_each(|value| walk(value, text)),
            _ => {}
        }
    }
    let (mut json, mut text) = (asked.json(), String::new());
    walk(&mut json, &mut text);
    (json, text)
}

#[tokio::test]
async fn requests_and_replies_are_as_their_makers_describe_them() {
    let cases = cases();
    assert_eq!(
        cases.iter().map(|case| case.preset).collect::<std::collections::BTreeSet<_>>(),
        PRESETS.iter().map(|(name, _)| *name).collect()
    );
    for case in cases {
        let name = case.preset;
        let (status, reply, id) = &case.created;
        let receiver = Receiver::answering([Answer::of(*status, &reply.to_string())]).await;
        let it = connector(&settings(&case, &receiver)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let receipt = deliver(&*it, &ticket(), false).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(receipt.remote_id.as_deref(), Some(*id), "{name}");

        let asked = &receiver.asked()[0];
        let (line, headers, body) = &case.create;
        assert_eq!(asked.line, *line, "{name}");
        let (found, text) = without_text(asked);
        assert_eq!(found, *body, "{name}");
        let mut expected: BTreeMap<&str, &str> =
            BTreeMap::from([("accept", "application/json"), ("content-type", "application/json")]);
        expected.extend(headers.iter().copied());
        for (header, value) in &asked.headers {
            if ["host", "content-length", "user-agent"].contains(&header.as_str()) {
                continue;
            }
            assert_eq!(expected.remove(header.as_str()), Some(value.as_str()), "{name}: {header}");
        }
        assert!(expected.is_empty(), "{name}: {expected:?} are missing");
        // Who asks, what was asked and what was tried.
        let private = name != "github";
        for (part, there) in [("test@example.org", private), ("does the connector work", true), (MARKER, true)] {
            assert_eq!(text.contains(part), there, "{name}: {part}: {text}");
        }
        assert_eq!(text.contains("<br>"), ["freshdesk", "zendesk"].contains(&name), "{name} takes HTML");
    }
}

#[tokio::test]
async fn a_lost_reply_makes_no_second_ticket() {
    for case in cases() {
        let (line, there, id, not_there) = &case.find;
        let (status, created, new_id) = &case.created;
        let created = || Answer::of(*status, &created.to_string());
        let table = [
            ("found", vec![Answer::of(200, &there.to_string())], Ok(*id), 1),
            ("not found", vec![Answer::of(200, &not_there.to_string()), created()], Ok(*new_id), 2),
            ("no answer", vec![Answer::of(500, "oops")], Err(()), 1),
            ("half an answer", vec![Answer::CutOff("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")], Err(()), 1),
        ];
        for (what, answers, expected, requests) in table {
            let receiver = Receiver::answering(answers).await;
            let it = connector(&settings(&case, &receiver)).unwrap();
            let mut ticket = ticket();
            ticket.created = "2026-11-22T10:00:00.123Z".parse().unwrap();
            let found = deliver(&*it, &ticket, true).await;
            let asked = receiver.asked();
            assert_eq!((asked.len(), asked[0].line.as_str()), (requests, *line), "{}, {what}: {found:?}", case.preset);
            match (found, expected) {
                (Ok(receipt), Ok(id)) => assert_eq!(receipt.remote_id.as_deref(), Some(id), "{}, {what}", case.preset),
                (Err(ConnectorError::Temporary { .. }), Err(())) => {}
                (found, _) => panic!("{}, {what}: {found:?}", case.preset),
            }
        }
    }
}

#[tokio::test]
async fn a_ticket_without_an_address_is_found_again_by_its_time() {
    let receiver = Receiver::answering([Answer::of(200, "[]"), Answer::of(201, "{\"id\": 1}")]).await;
    let [case] =
        cases().into_iter().filter(|case| case.preset == "freshdesk").collect::<Vec<_>>().try_into().ok().unwrap();
    let it = connector(&settings(&case, &receiver)).unwrap();
    let mut ticket = ticket();
    (ticket.requester.email, ticket.requester.phone) = (String::new(), Some("+31201234567".into()));
    ticket.created = "2026-11-22T10:00:00.123Z".parse().unwrap();
    deliver(&*it, &ticket, true).await.unwrap();
    assert_eq!(receiver.asked()[0].line, "GET /api/v2/tickets?per_page=100&updated_since=2026-11-22T10%3A00%3A00Z");
}

#[tokio::test]
async fn refusals_say_why_and_show_no_secret() {
    for case in cases() {
        let (status, reply, word) = &case.refused;
        let mut reply = reply.clone();
        if let Some(fields) = reply.as_object_mut() {
            fields.insert("echo".into(), "you sent hush-hush".into());
        }
        let table = [
            (Answer::of(*status, &reply.to_string()), *word, false),
            (Answer::of(401, "{\"echo\": \"hush-hush\"}"), "secrets", false),
            (Answer::with(301, &[("Location", "https://elsewhere.example/")], ""), "elsewhere.example", false),
            (Answer::of(200, "<html>Log in</html>"), "not JSON", false),
            (Answer::of(200, "{}"), "no id", false),
            (Answer::with(429, &[("Retry-After", "7")], ""), "429", true),
            (Answer::of(503, "later"), "later", true),
        ];
        for (answer, word, again) in table {
            let receiver = Receiver::answering([answer]).await;
            let it = connector(&settings(&case, &receiver)).unwrap();
            let error = deliver(&*it, &ticket(), false).await.unwrap_err();
            let message = error.to_string();
            assert!(message.contains(word) && !message.contains("hush"), "{}: {message}", case.preset);
            assert_eq!(matches!(error, ConnectorError::Temporary { .. }), again, "{}: {error:?}", case.preset);
        }
    }
}

#[test]
fn presets_can_be_copied_and_mistakes_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("mine.toml");
    let (_, text) = PRESETS.iter().find(|(name, _)| *name == "zammad").unwrap();
    std::fs::write(&copy, text.replace("Zammad", "Mine")).unwrap();
    assert_eq!(Preset::open(copy.to_str().unwrap()).unwrap().title, "Mine");
    std::fs::write(&copy, text.replace("[create]", "[craete]")).unwrap();
    let table = [
        ("preset = \"zammad\"", "secrets.token"),
        ("preset = \"zamad\"", "request-tracker"),
        ("preset = \"zammad\"\nsecrets = { token = \"x\" }\nvalues = { grup = \"a\" }", "values.grup"),
        ("preset = \"zammad\"\nsecrets = { token = \"x\", password = \"y\" }", "secrets.password"),
        ("preset = \"znuny\"\nsecrets = { password = \"x\" }", "values.user"),
        ("preset = \"none.toml\"", "none.toml"),
        (&format!("preset = {copy:?}"), "craete"),
        ("preset = \"zammad\"\nsecrets = { token = { env = \"NO_SUCH_VARIABLE\" } }", "NO_SUCH_VARIABLE"),
    ];
    for (settings, named) in table {
        let settings = format!("type = \"http\"\nurl = \"https://help.example.com\"\n{settings}");
        let error = connector(&settings).err().expect(&settings).to_string();
        assert!(error.contains(named), "{settings}\n{error}");
    }
}

#[tokio::test]
async fn words_of_a_visitor_never_become_structure() {
    let nasty = "\"}],\"Queue\":\"Other\",{{ secrets.token }}' OR Queue='Other' \r\nX: y";
    for case in cases() {
        let (status, reply, _) = &case.created;
        let receiver = Receiver::answering([Answer::of(*status, &reply.to_string())]).await;
        let it = connector(&settings(&case, &receiver)).unwrap();
        let mut ticket = ticket();
        ticket.subject = nasty.into();
        ticket.message = format!("tests the way from Zerodesk {nasty}");
        ticket.requester.name = nasty.into();
        deliver(&*it, &ticket, false).await.unwrap_or_else(|error| panic!("{}: {error}", case.preset));
        let asked = &receiver.asked()[0];
        assert_eq!(asked.line, case.create.0, "{}", case.preset);
        let (found, _) = without_text(asked);
        let shape = |value: &Value| {
            fn keys(value: &Value, found: &mut Vec<String>) {
                if let Value::Object(fields) = value {
                    fields.iter().for_each(|(key, value)| {
                        found.push(key.clone());
                        keys(value, found);
                    });
                }
            }
            let mut found = Vec::new();
            keys(value, &mut found);
            found
        };
        assert_eq!(shape(&found), shape(&case.create.2), "{}", case.preset);
        if case.preset != "znuny" {
            assert!(!asked.body.contains("hush-hush"), "{}: {}", case.preset, asked.body);
        }
    }
}
