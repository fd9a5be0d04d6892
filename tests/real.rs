//! Against the real thing: Request Tracker, and a mail server. `scripts/test` installs and starts them; without them
//! these tests are left out.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use zerodesk::desk::connectors::ConnectorError;

use crate::support::{
    Server, encoded,
    parcel::{KEY, connector, deliver, ticket},
    receiver::read,
};

/// A Request Tracker, as `scripts/request-tracker start` tells of it.
struct Tracker {
    url: String,
    password: String,
    client: reqwest::Client,
}

impl Tracker {
    fn of_the_environment() -> Self {
        let told =
            std::env::var("TEST_REQUEST_TRACKER").expect("TEST_REQUEST_TRACKER: URL and password of a Request Tracker");
        let (url, password) = told.split_once(' ').expect("two words");
        let client = crate::support::client();
        Self { url: url.into(), password: password.into(), client }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/REST/2.0/{path}", self.url));
        request.basic_auth("root", Some(&self.password)).send().await.unwrap().json().await.unwrap()
    }

    fn settings(site: &str, url: &str, queue: &str, password: &str) -> String {
        format!(
            "[sites.{site}]\n[connectors.{site}]\ntype = \"http\"\npreset = \"request-tracker\"\nurl = \"{url}\"\n\
             allowed_hosts = [\"127.0.0.1\"]\nsites = [\"{site}\"]\nvalues = {{ user = \"root\", queue = \"{queue}\" }}\n\
             secrets = {{ password = \"{password}\" }}\n"
        )
    }
}

/// Stands before a Request Tracker, notes what is asked, and loses the first reply to a POST.
async fn lossy(tracker: &Tracker) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let (noted, target, client) = (lines.clone(), tracker.url.clone(), tracker.client.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(asked) = read(&mut stream).await else { continue };
            let (method, path) = asked.line.split_once(' ').unwrap();
            let mut request =
                client.request(method.parse().unwrap(), format!("{target}{path}")).body(asked.body.clone());
            for name in ["authorization", "content-type", "accept"] {
                if let Some(value) = asked.headers.get(name) {
                    request = request.header(name, value);
                }
            }
            let reply = request.send().await.unwrap();
            let (status, body) = (reply.status(), reply.text().await.unwrap());
            let first = !noted.lock().unwrap().iter().any(|line| line.starts_with("POST"));
            noted.lock().unwrap().push(format!("{method} {status}"));
            if method == "POST" && first {
                continue; // the connection ends without a word
            }
            let head =
                format!("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", status.as_u16(), body.len());
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (url, lines)
}

/// The delivery of a ticket to its help desk, once it is in one of these states.
async fn delivery(server: &Server, reference: &str, states: &[&str]) -> Value {
    let mut found = Value::Null;
    server
        .eventually(async |server| {
            let path = format!("/api/v1/desk/tickets/{reference}");
            let ticket: Value =
                server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap().json().await.unwrap();
            let deliveries = ticket["deliveries"].as_array().unwrap();
            found = deliveries.iter().find(|delivery| delivery["connector"] != "desk").unwrap().clone();
            states.contains(&found["state"].as_str().unwrap())
        })
        .await;
    found
}

#[tokio::test]
#[ignore = "needs Request Tracker; scripts/test starts it"]
async fn request_tracker_gets_every_ticket_once_or_says_why_not() {
    let tracker = Tracker::of_the_environment();
    let (url, lines) = lossy(&tracker).await;
    let settings = [
        Tracker::settings("well", &tracker.url, "General", &tracker.password),
        Tracker::settings("lossy", &url, "General", &tracker.password),
        Tracker::settings("stranger", &tracker.url, "General", "wrong-password"),
        Tracker::settings("nowhere", &tracker.url, "Nowhere", &tracker.password),
    ];
    let server =
        Server::with(crate::support::HELP).configured("[sites.default]\n").configured(&settings.concat()).start().await;
    let file = async |site: &str| -> String {
        let session = format!("session-of-a-visitor-at-{site}");
        server
            .get(&format!("/api/v1/search?q={}&site={site}&session={session}&trigger=enter", encoded("zzgrbl lamp")))
            .await;
        let body = json!({
            "site": site, "session": session, "subject": "Blue \"lamp\" – <b>blinks</b>", "message": "Why?\nIt is Ünsinn & 'more'.",
            "requester": { "name": "Ada", "email": "ada@example.org" },
        });
        let reply: Value = server.post_json("/api/v1/tickets", &body).await.json().await.unwrap();
        reply["reference"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    };

    let reference = file("well").await;
    let delivered = delivery(&server, &reference, &["delivered", "dead"]).await;
    assert_eq!(delivered["state"], "delivered", "{delivered}");
    let id = delivered["remote_id"].as_str().unwrap();
    let ticket = tracker.get(&format!("ticket/{id}")).await;
    assert_eq!(ticket["Subject"], format!("[{reference}] Blue \"lamp\" – <b>blinks</b>"));
    assert_eq!(ticket["Requestor"][0]["id"], "ada@example.org");
    assert_eq!(ticket["Status"], "new");
    let content = tracker.get(&format!("ticket/{id}/attachments?fields=Content,ContentType")).await;
    let content = &content["items"][0];
    assert_eq!(content["ContentType"], "text/plain");
    for part in ["It is Ünsinn & 'more'.", "zzgrbl lamp", "no answer", "ada@example.org", &reference] {
        assert!(content["Content"].as_str().unwrap().contains(part), "{part}: {content}");
    }

    let reference = file("lossy").await;
    delivery(&server, &reference, &["retry"]).await;
    server.pass(SignedDuration::from_secs(7));
    let delivered = delivery(&server, &reference, &["delivered", "dead"]).await;
    assert_eq!(delivered["state"], "delivered", "{delivered}");
    assert_eq!(*lines.lock().unwrap(), ["POST 201 Created", "GET 200 OK"], "looked up, not sent again");
    let query = encoded(&format!("Subject LIKE '{reference}'"));
    assert_eq!(tracker.get(&format!("tickets?query={query}")).await["total"], 1);

    for (site, reason) in [("stranger", "401"), ("nowhere", "No permission to create tickets in the queue 'Nowhere'")] {
        let dead = delivery(&server, &file(site).await, &["delivered", "dead", "retry"]).await;
        assert_eq!(dead["state"], "dead", "{dead}");
        assert!(dead["last_error"].as_str().unwrap().contains(reason), "{dead}");
    }
    let metrics = server.page("/metrics").await;
    let dead = metrics
        .lines()
        .find(|line| line.contains("outbox") && line.contains("dead"))
        .expect("dead letters are counted");
    assert!(dead.ends_with(" 2"), "{dead}");
}

/// A mail server of its own.
struct MailServer(Child);

impl MailServer {
    fn start(port: u16, folder: &Path, options: &[&str]) -> Self {
        let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON: a Python with aiosmtpd");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/smtp-server");
        let mut command = Command::new(python);
        command.arg(script).arg(port.to_string()).arg(folder).args(options);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the mail server starts");
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().expect("it says something").unwrap();
        assert_eq!(line, "listening");
        Self(child)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // Asked to end, it would wait for connections that a server of ours keeps.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn mails(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn mailing(port: u16, to: &str, more: &str) -> String {
    format!(
        "type = \"email\"\nfrom = \"help@shop.example\"\nto = [\"{to}@shop.example\"]\nhost = \"localhost\"\nport = {port}\n{more}"
    )
}

#[tokio::test]
#[ignore = "needs aiosmtpd; scripts/test installs it"]
async fn a_mail_server_takes_refuses_loses_and_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let plain = |to: &str| connector(&mailing(port, to, "tls = \"none\"\ntimeout_s = 5")).unwrap();
    let away = deliver(&*plain("ok"), &ticket(), false).await.unwrap_err();
    assert!(matches!(away, ConnectorError::Temporary { .. }), "{away:?}");

    let _server = MailServer::start(port, folder.path(), &[]);
    let receipt = deliver(&*plain("ok"), &ticket(), true).await.unwrap();
    assert_eq!(receipt.remote_id.unwrap(), format!("<{KEY}@shop.example>"));
    assert_eq!(mails(folder.path()).len(), 1);

    let later = deliver(&*plain("later"), &ticket(), false).await.unwrap_err();
    assert!(
        matches!(&later, ConnectorError::Temporary { message, .. } if message.contains("come back later")),
        "{later:?}"
    );
    let never = deliver(&*plain("never"), &ticket(), false).await.unwrap_err();
    assert!(
        matches!(&never, ConnectorError::Permanent { message } if message.contains("no such mailbox")),
        "{never:?}"
    );

    let lost = deliver(&*plain("lost"), &ticket(), false).await.unwrap_err();
    assert!(matches!(lost, ConnectorError::Temporary { .. }), "{lost:?}");
    deliver(&*plain("lost"), &ticket(), true).await.unwrap();
    let mails = mails(folder.path());
    assert_eq!(mails.len(), 3);
    let ids: Vec<_> =
        mails.iter().map(|mail| mail.lines().find(|line| line.starts_with("Message-ID")).unwrap()).collect();
    assert!(ids.iter().all(|id| *id == format!("Message-ID: <{KEY}@shop.example>")), "{ids:?}: known as one");
}

#[tokio::test]
#[ignore = "needs aiosmtpd; scripts/test installs it"]
async fn mail_tells_who_asked_of_an_answer_though_the_first_reply_of_the_server_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _mail_server = MailServer::start(port, folder.path(), &[]);
    let settings = format!(
        "public_url = \"https://help.example.org\"\n[connectors.thanks]\ntype = \"confirmation\"\n\
         from = \"help@shop.example\"\nhost = \"localhost\"\nport = {port}\ntls = \"none\"\ntimeout_s = 2\n"
    );
    let server = Server::with(crate::support::HELP).configured(&settings).start().await;
    let body = json!({ "message": "Help", "requester": { "email": "lost@example.org" } });
    let sent: Value = server.post_json("/api/v1/tickets", &body).await.json().await.unwrap();
    let reference = sent["reference"].as_str().unwrap();
    delivery(&server, reference, &["retry"]).await;
    server.pass(SignedDuration::from_secs(7));
    delivery(&server, reference, &["delivered"]).await;
    let path = format!("/api/v1/desk/tickets/{reference}/reply");
    let reply = json!({ "text": "Like this." });
    server.request("POST", &path).bearer_auth(&server.token).json(&reply).send().await.unwrap();
    let arrived =
        async |server: &Server| server.get("/healthz").await.status().is_success() && mails(folder.path()).len() == 3;
    server.eventually(arrived).await;
    let mails = mails(folder.path());
    let id = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_eq!(id(&mails[0]), id(&mails[1]), "known as one");
    assert_ne!(id(&mails[0]), id(&mails[2]));
    assert!(mails[2].contains("There is an answer") && mails[2].contains("Like this."), "{}", mails[2]);
}

#[tokio::test]
#[ignore = "needs aiosmtpd; scripts/test installs it"]
async fn mail_goes_over_protected_connections_only_to_who_can_be_believed() {
    let folder = tempfile::tempdir().unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name).display().to_string());
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            &key,
            "-out",
            &cert,
        ])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl").success());
    for (option, tls) in [("--starttls", "starttls"), ("--implicit", "implicit")] {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let _server = MailServer::start(port, folder.path(), &[option, &cert, &key, "--login", "help:hush-hush"]);
        let with =
            |more: &str| connector(&mailing(port, "ok", &format!("tls = \"{tls}\"\ntimeout_s = 5\n{more}"))).unwrap();
        let trusted = format!("ca_file = \"{cert}\"\nuser = \"help\"\n");
        deliver(&*with(&format!("{trusted}password = \"hush-hush\"")), &ticket(), false).await.unwrap();
        assert_eq!(mails(folder.path()).len(), 1, "{tls}");

        let wrong = deliver(&*with(&format!("{trusted}password = \"hush-not\"")), &ticket(), false).await.unwrap_err();
        assert!(
            matches!(&wrong, ConnectorError::Permanent { message } if !message.contains("hush")),
            "{tls}: {wrong:?}"
        );
        let stranger =
            deliver(&*with("user = \"help\"\npassword = \"hush-hush\""), &ticket(), false).await.unwrap_err();
        assert!(matches!(&stranger, ConnectorError::Temporary { .. }), "{tls}: {stranger:?}");
        assert_eq!(mails(folder.path()).len(), 1, "{tls}: nothing was sent to a server that cannot prove who it is");
    }
}

/// What an independent implementation says, as JSON: for each case the bounds of Wilson's interval, of Newcombe's, or
/// the power of an experiment.
const STATSMODELS: &str = r#"
import json, sys
from statsmodels.stats.proportion import confint_proportions_2indep, power_proportions_2indep, proportion_confint

def say(case):
    kind, values = case
    if kind == "wilson":
        return list(proportion_confint(*values, method="wilson"))
    if kind == "newcombe":
        return list(confint_proportions_2indep(*values, method="newcomb", compare="diff"))
    base, points, share, needed = values
    held = round(needed * share)
    return [power_proportions_2indep(points, base - points, held, ratio=(needed - held) / held, return_results=False)]

json.dump([[float(number) for number in say(case)] for case in json.load(sys.stdin)], sys.stdout)
"#;

#[test]
#[ignore = "needs statsmodels: TEST_PYTHON names a Python that has it"]
fn statistics_agree_with_statsmodels() {
    use std::io::Write;
    use zerodesk::insight::intervals::{needed, newcombe, wilson};

    let proportions: Vec<(u64, u64)> = vec![
        (92, 400),
        (1, 7),
        (81, 263),
        (15, 148),
        (20, 20),
        (0, 20),
        (1, 29),
        (140, 200),
        (1044, 1800),
        (3, 100_000),
    ];
    let mut cases: Vec<Value> = proportions.iter().map(|(count, n)| json!(["wilson", [count, n]])).collect();
    let pairs = proportions.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
    cases.extend(pairs.iter().map(|(a, b)| json!(["newcombe", [a.0, a.1, b.0, b.1]])));
    let experiments = [(0.7, 0.1, 0.5), (0.7, 0.1, 0.1), (0.5, 0.05, 0.3), (0.3, 0.12, 0.2)];
    let sizes = experiments.map(|(base, points, share)| needed(base, points, share).expect("a number is enough"));
    cases.extend(
        experiments.iter().zip(sizes).map(|((base, points, share), n)| json!(["power", [base, points, share, n]])),
    );

    let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON");
    let mut child = Command::new(python)
        .args(["-c", STATSMODELS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("a pipe").write_all(json!(cases).to_string().as_bytes()).expect("it reads");
    let said = child.wait_with_output().expect("it ends");
    let said: Vec<Vec<f64>> = serde_json::from_slice(&said.stdout).expect("numbers");

    let bounds = |low: f64, high: f64| vec![low, high];
    let ours = proportions
        .iter()
        .map(|(count, n)| wilson(*count, *n).expect("n is above 0"))
        .map(|it| bounds(it.low, it.high));
    let differences = pairs.iter().map(|(a, b)| newcombe(*a, *b).expect("n is above 0").interval);
    let ours: Vec<Vec<f64>> = ours.chain(differences.map(|it| bounds(it.low, it.high))).collect();
    for ((ours, theirs), case) in ours.iter().zip(&said).zip(&cases) {
        let close = ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{case}: {ours:?} here, {theirs:?} there");
    }
    for (power, case) in said[ours.len()..].iter().zip(&cases[ours.len()..]) {
        assert!((0.8..0.803).contains(&power[0]), "{case}: a power of {power:?}");
    }
}
