//! Signed calls go where they may go, are understood by others, and heed what they are told.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Url, header::HeaderMap};
use standardwebhooks::Webhook;
use zerodesk::{
    config::Secret,
    desk::Ticket,
    desk::connectors::{
        ConnectorError, Guard, Sealed,
        signature::{self, SignatureError, SigningKey},
    },
};

use crate::support::{
    parcel::{KEY, begin, connector, connector_with, deliver, deliver_at, leading_to, ticket},
    receiver::{Answer, Receiver},
};

const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_QW5vdGhlciBzZWNyZXQgb2YgMzAgYnl0ZXMhISE="];

fn settings(url: &str) -> String {
    format!(
        "type = \"webhook\"\nurl = \"{url}\"\nsecrets = {SECRETS:?}\ntimeout_s = 1\nallowed_hosts = [\"127.0.0.1\"]"
    )
}

#[tokio::test]
async fn calls_are_what_standard_webhooks_expects() {
    let receiver = Receiver::answering([Answer::of(204, "")]).await;
    let it = connector(&settings(&format!("{}/hook?a=b", receiver.url))).unwrap();
    // The oracle looks at the clock of the machine.
    for tried in [false, true] {
        deliver_at(&*it, &ticket(), tried, Timestamp::now()).await.unwrap();
    }
    let asked = receiver.asked();
    assert_eq!(asked[0].line, "POST /hook?a=b");
    assert_eq!(asked[0].headers["webhook-id"], format!("msg_{KEY}"));
    assert_eq!(asked[0].headers["webhook-id"], asked[1].headers["webhook-id"], "a repeated call can be known");
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(asked[0].json()["type"], "ticket.created");
    assert_eq!(serde_json::from_value::<Ticket>(asked[0].json()["data"].take()).unwrap(), ticket());
    for secret in SECRETS {
        let oracle = Webhook::new(secret).unwrap();
        for asked in &asked {
            let headers: HeaderMap =
                asked.headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
            oracle.verify(asked.body.as_bytes(), &headers).unwrap();
            assert!(oracle.verify(asked.body.replace("Test", "Fake").as_bytes(), &headers).is_err());
        }
    }
}

#[test]
fn calls_of_others_are_believed_only_with_a_key_and_in_time() {
    let keys: Vec<SigningKey> =
        SECRETS.map(|secret| SigningKey::read(&Sealed::read(&Secret::Text(secret.into())).unwrap()).unwrap()).into();
    let now = begin();
    let seconds = now.as_second();
    let body = r#"{"type":"ticket_outcome"}"#;
    let signed = |secret: &str, id: &str, at: i64| Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let good = signed(SECRETS[1], "msg_1", seconds);
    let foreign = signed("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_1", seconds);
    let check = |id: &str, at: &str, signature: &str, body: &str| {
        signature::verify(&keys, id, at, signature, body.as_bytes(), now)
    };
    let at = seconds.to_string();
    let (late, early) = ((seconds - 301).to_string(), (seconds + 301).to_string());
    let table = [
        ("as signed", check("msg_1", &at, &good, body), Ok(())),
        ("among others", check("msg_1", &at, &format!("v1a,xyz {foreign} v2,x {good}"), body), Ok(())),
        (
            "a little late",
            check("msg_1", &(seconds - 299).to_string(), &signed(SECRETS[0], "msg_1", seconds - 299), body),
            Ok(()),
        ),
        ("another id", check("msg_2", &at, &good, body), Err(SignatureError::Signature)),
        ("another body", check("msg_1", &at, &good, "{}"), Err(SignatureError::Signature)),
        ("another time", check("msg_1", &(seconds + 1).to_string(), &good, body), Err(SignatureError::Signature)),
        ("another key", check("msg_1", &at, &foreign, body), Err(SignatureError::Signature)),
        ("none", check("msg_1", &at, "", body), Err(SignatureError::Signature)),
        ("no base 64", check("msg_1", &at, "v1,%%%", body), Err(SignatureError::Signature)),
        ("no time", check("msg_1", "", &good, body), Err(SignatureError::Timestamp)),
        ("no number", check("msg_1", "now", &good, body), Err(SignatureError::Timestamp)),
        (
            "too late",
            check("msg_1", &late, &signed(SECRETS[0], "msg_1", seconds - 301), body),
            Err(SignatureError::Age),
        ),
        (
            "too early",
            check("msg_1", &early, &signed(SECRETS[0], "msg_1", seconds + 301), body),
            Err(SignatureError::Age),
        ),
    ];
    for (what, found, expected) in table {
        assert_eq!(found, expected, "{what}");
    }
    let ours = signature::sign(&keys, "msg_1", now, body.as_bytes());
    assert_eq!(ours.split(' ').nth(1), Some(good.as_str()), "both sign alike");
}

#[tokio::test]
async fn keys_that_are_too_short_are_refused() {
    for secret in ["whsec_c2hvcnQ=", "hello", "whsec_", "whsec_%%%%"] {
        let settings = format!("type = \"webhook\"\nurl = \"https://hooks.example.com\"\nsecrets = [\"{secret}\"]");
        let error = connector(&settings).err().expect(secret).to_string();
        assert!(error.contains("connectors.it") && !error.contains("hello"), "{error}");
    }
}

#[tokio::test]
async fn every_answer_of_a_receiver_is_understood() {
    let temporary = |busy, wish: Option<i64>| (Some(busy), wish.map(SignedDuration::from_secs));
    let gone = (None, None);
    let table = [
        (Answer::of(200, "ok"), None),
        (Answer::of(201, "{}"), None),
        (Answer::CutOff("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of"), None),
        (Answer::with(301, &[("Location", "http://127.0.0.1:1/")], ""), Some((temporary(false, None), "301"))),
        (Answer::of(400, "no such field"), Some((temporary(false, None), "no such field"))),
        (Answer::of(410, "go away"), Some((gone, "410"))),
        (Answer::with(429, &[("Retry-After", "120")], ""), Some((temporary(true, Some(120)), "429"))),
        (
            Answer::with(503, &[("Retry-After", "Sun, 22 Nov 2026 10:05:00 GMT")], ""),
            Some((temporary(true, Some(300)), "503")),
        ),
        (Answer::with(429, &[("Retry-After", "soon")], ""), Some((temporary(true, None), "429"))),
        (Answer::of(500, "<h1>oops</h1>"), Some((temporary(false, None), "oops"))),
        (Answer::of(502, ""), Some((temporary(true, None), "502"))),
        (Answer::of(504, ""), Some((temporary(true, None), "504"))),
        (Answer::Hangs, Some((temporary(false, None), "no reply in time"))),
        (Answer::CutOff("HTTP/1.1 200 OK\r\nContent-Le"), Some((temporary(false, None), ""))),
        (Answer::CutOff(""), Some((temporary(false, None), ""))),
    ];
    for (answer, expected) in table {
        let receiver = Receiver::answering([answer.clone()]).await;
        let it = connector(&settings(&receiver.url)).unwrap();
        let found = deliver(&*it, &ticket(), false).await;
        assert_eq!(receiver.asked().len(), 1, "{answer:?}: nothing is followed and nothing is sent twice");
        let found = found.err().map(|error| match error {
            ConnectorError::Temporary { message, retry_after, busy } => ((Some(busy), retry_after), message),
            ConnectorError::Gone { message } => (gone, message),
            ConnectorError::Permanent { message } => panic!("{answer:?}: {message}"),
        });
        match (found, expected) {
            (None, None) => {}
            (Some((found, message)), Some((expected, word))) => {
                assert_eq!(found, expected, "{answer:?}: {message}");
                assert!(message.contains(word), "{answer:?}: {message}");
            }
            (found, expected) => panic!("{answer:?}: {found:?} instead of {expected:?}"),
        }
    }
}

/// Addresses to which nothing may be sent.
const INSIDE: &[&str] = &[
    // This machine, in all its forms.
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://127.0.0.1./",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://１２７.０.０.１/",
    // The network around it.
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://[fc00::1]/",
    "https://[fd12:3456:789a::1]/",
    "https://[fec0::1]/",
    // Link-local, and where clouds keep the secrets of a machine.
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.0.1/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:169.254.169.254]/",
    // IPv4 in disguise.
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:c0a8:101::1]/",
    "https://[2001::1]/",
    "https://192.88.99.1/",
    // Nobody, everybody, or only examples.
    "https://224.0.0.1/",
    "https://239.255.255.255/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://192.0.0.1/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[100::1]/",
    "https://[5f00::1]/",
    // Odd ports, and without protection on the way.
    "https://hooks.example.com:22/",
    "https://hooks.example.com:25/",
    "https://hooks.example.com:6379/",
    "https://hooks.example.com:80/",
    "https://8.8.8.8:9200/",
    "http://hooks.example.com/",
    "http://8.8.8.8/",
    "http://hooks.example.com:8443/",
];

/// Addresses that are none, or show a secret; no permission helps.
const NEVER: &[&str] = &[
    "https://user:password@hooks.example.com/",
    "https://user@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://:secret@hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:/run/docker.sock",
    "//hooks.example.com/",
    "hooks.example.com",
    "",
    "https://",
    "https://[::1",
    "https://300.1.1.1/",
];

#[test]
fn nothing_is_sent_inside_unless_the_host_is_named() {
    assert!(INSIDE.len() + NEVER.len() >= 40);
    for address in INSIDE {
        let error = connector(&settings(address).replace("127.0.0.1\"]", "other.example\"]")).err().expect(address);
        assert!(error.message.contains("allowed_hosts"), "{address}: {error}");
        let url: Url = address.parse().unwrap();
        let host = url.host_str().unwrap().to_uppercase();
        let port = url.port_or_known_default().unwrap();
        for (allowed, good) in [(host.clone(), true), (format!("{host}:{port}"), true), (format!("{host}:1"), false)] {
            let guard = Guard::new(std::slice::from_ref(&allowed), leading_to(&[]));
            assert_eq!(guard.check(&url).is_ok(), good, "{address} with {allowed}");
        }
    }
    for address in NEVER {
        let settings = settings(address).replace("[\"127.0.0.1\"]", "[\"127.0.0.1\", \"hooks.example.com\", \"\"]");
        let error = connector(&settings).err().expect(address).to_string();
        assert!(!error.contains("password@"), "{error}");
    }
    let guard = Guard::new(&[], leading_to(&[]));
    for address in [
        "https://hooks.example.com/a?b=c",
        "https://hooks.example.com:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://[64:ff9b::808:808]/",
        "https://172.32.0.1/",
        "https://100.128.0.1/",
        "https://[::ffff:8.8.8.8]/",
    ] {
        guard.check(&address.parse().unwrap()).unwrap_or_else(|refused| panic!("{address}: {refused}"));
    }
}

#[tokio::test]
async fn names_that_lead_inside_are_not_followed() {
    let inside = [
        &["127.0.0.1"][..],
        &["::1"],
        &["10.1.2.3"],
        &["192.168.0.10", "fe80::1"],
        &["169.254.169.254"],
        &["100.64.1.1"],
        &["fd00::1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["::ffff:10.0.0.1"],
        &["0.0.0.0"],
        &["::"],
    ];
    for addresses in inside {
        let plain = settings("https://hooks.example.com/").replace("127.0.0.1", "other.example");
        let it = connector_with(&plain, &leading_to(addresses)).unwrap();
        match deliver(&*it, &ticket(), false).await {
            Err(ConnectorError::Permanent { message }) => {
                assert!(message.contains(addresses[0]) && message.contains("allowed_hosts"), "{message}");
            }
            other => panic!("{addresses:?}: {other:?}"),
        }
    }
    // Named, it is called; the same receiver answers under a name.
    let receiver = Receiver::answering([Answer::of(200, "")]).await;
    let port = receiver.url.rsplit(':').next().unwrap();
    let named = settings(&format!("http://hooks.internal:{port}/")).replace("127.0.0.1", "hooks.internal");
    let it = connector_with(&named, &leading_to(&["127.0.0.1"])).unwrap();
    deliver(&*it, &ticket(), false).await.unwrap();
    assert_eq!(receiver.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_reaches_nobody() {
    let inner = Receiver::answering([Answer::of(200, "")]).await;
    for status in [301, 302, 303, 307, 308] {
        let outer = Receiver::answering([Answer::with(status, &[("Location", &inner.url)], "")]).await;
        let it = connector(&settings(&outer.url)).unwrap();
        assert!(deliver(&*it, &ticket(), false).await.is_err(), "{status}");
    }
    assert!(inner.asked().is_empty());
}
