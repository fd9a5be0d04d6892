//! Who asks gets a mail with the reference and a link of its own to the status page, and one for each answer.

use std::fs;

use serde_json::{Value, json};

use crate::support::{HELP, Server};

async fn server(mails: &tempfile::TempDir) -> Server {
    let settings = format!(
        "public_url = \"https://help.example.org\"\n[connectors.thanks]\ntype = \"confirmation\"\n\
         from = \"Help <help@example.org>\"\nfolder = \"{}\"\n",
        mails.path().display()
    );
    Server::with(HELP).configured(&settings).start().await
}

fn mails(folder: &tempfile::TempDir) -> Vec<String> {
    let files = fs::read_dir(folder.path()).unwrap();
    let text = |path| fs::read_to_string(path).unwrap();
    // Mail writes an equals sign as =3D, and cuts long lines.
    files.map(|file| text(file.unwrap().path()).replace("=\r\n", "").replace("=3D", "=")).collect()
}

async fn ask(server: &Server, request: Value) -> Value {
    let reply = server.post_json("/api/v1/tickets", &request).await;
    assert_eq!(reply.status(), 201);
    reply.json().await.unwrap()
}

async fn delivered(server: &Server, reference: &str) {
    server
        .eventually(async |server| {
            let path = format!("/api/v1/desk/tickets/{reference}");
            let reply = server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap();
            let ticket: Value = reply.json().await.unwrap();
            ticket["deliveries"].as_array().unwrap().iter().all(|delivery| delivery["state"] == "delivered")
        })
        .await;
}

#[tokio::test]
async fn a_confirmation_has_the_reference_and_a_link_that_opens_the_status_page() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let request = json!({
        "message": "My words", "subject": "My subject", "locale": "nl-NL", "requester": { "email": "ada@example.org", "name": "Ada" },
    });
    let sent = ask(&server, request).await;
    let reference = sent["reference"].as_str().unwrap();
    delivered(&server, reference).await;
    let [mail] = mails(&folder).try_into().expect("one mail");
    assert!(mail.contains("To: ada@example.org") && mail.contains(&format!("Subject: Je vraag {reference}")), "{mail}");
    assert!(!mail.contains("My words") && !mail.contains("My subject"), "{mail}");
    let (_, link) = mail.split_once("https://help.example.org").expect("a link");
    let link = link.split_whitespace().next().unwrap();
    assert!(link.starts_with(&format!("/t/{reference}?token=")), "{link}");
    assert_ne!(link, sent["status_url"], "it is a link of its own");
    for path in [link, sent["status_url"].as_str().unwrap()] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }
    // It opens no other ticket.
    let other = ask(&server, json!({ "message": "x", "requester": { "phone": "+31 20 123 4567" } })).await;
    let other = other["reference"].as_str().unwrap();
    assert_eq!(server.get(&link.replace(reference, other)).await.status(), 404);
    delivered(&server, other).await;
    assert_eq!(mails(&folder).len(), 1, "who gave a phone number only is called instead");
}

async fn works(server: &Server, reference: &str, action: &str, body: Value) {
    let path = format!("/api/v1/desk/tickets/{reference}/{action}");
    let reply = server.request("POST", &path).bearer_auth(&server.token).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), 200, "{action}: {}", reply.text().await.unwrap());
    delivered(server, reference).await;
}

#[tokio::test]
async fn what_an_agent_writes_reaches_who_asked_by_mail() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let request = json!({ "message": "My words", "locale": "de", "requester": { "email": "ada@example.org" } });
    let sent = ask(&server, request).await;
    let reference = sent["reference"].as_str().unwrap();
    delivered(&server, reference).await;
    let mut known = mails(&folder);
    let header = |mail: &str, name: &str| mail.lines().find(|line| line.starts_with(name)).expect(name).to_owned();
    let thread = header(&known[0], "References: ");
    let table = [
        ("note", json!({ "text": "Nothing for them" }), None),
        ("assign", json!({ "agent": "admin" }), None),
        ("reply", json!({ "text": "Press {reference} <b>twice</b>." }), Some("Es gibt eine Antwort")),
        ("reply", json!({ "text": "And wait.", "wait": true }), Some("Es gibt eine Antwort")),
        ("resolve", json!({ "outcome": "new", "text": "It was the fuse." }), Some("gilt jetzt als gel")),
        ("reopen", json!({ "reason": "Not for them" }), None),
        ("resolve", json!({ "outcome": "spam", "text": "Not for them" }), None),
    ];
    for (action, body, says) in table {
        works(&server, reference, action, body.clone()).await;
        let new: Vec<String> = mails(&folder).into_iter().filter(|mail| !known.contains(mail)).collect();
        let Some(says) = says else {
            assert_eq!(new.len(), 0, "{action}: {new:?}");
            continue;
        };
        let [mail] = new.try_into().expect("one mail");
        let text = body["text"].as_str().unwrap();
        assert!(mail.contains("To: ada@example.org") && mail.contains(says) && mail.contains(text), "{mail}");
        assert!(mail.contains("text/plain") && !mail.contains("My words"), "{mail}");
        assert_eq!(header(&mail, "References: "), thread);
        assert!(known.iter().all(|other| header(other, "Message-ID: ") != header(&mail, "Message-ID: ")), "{mail}");
        let (_, link) = mail.split_once("https://help.example.org").expect("a link");
        let page = server.page(link.split_whitespace().next().unwrap()).await;
        assert!(page.contains(reference), "{page}");
        known.push(mail);
    }
    assert_eq!(known.len(), 4);
}

#[tokio::test]
async fn suspected_spam_is_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let request =
        json!({ "message": "x", "website": "https://pills.example", "requester": { "email": "victim@example.org" } });
    let sent = ask(&server, request).await;
    delivered(&server, sent["reference"].as_str().unwrap()).await;
    assert_eq!(mails(&folder).len(), 0);
}

#[tokio::test]
async fn a_website_vouches_for_its_users() {
    let server = Server::with(HELP).configured("[sites.default]\nuser_secret = \"Jefe\"").start().await;
    let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    for (user, expected) in [("what do ya want for nothing?", "hmac"), ("somebody else", "none")] {
        let requester = json!({ "email": "ada@example.org", "user_ref": user, "signature": right });
        let sent = ask(&server, json!({ "message": "x", "requester": requester })).await;
        let path = format!("/api/v1/desk/tickets/{}", sent["reference"].as_str().unwrap());
        let reply = server.request("GET", &path).bearer_auth(&server.token).send().await.unwrap();
        let shown: Value = reply.json().await.unwrap();
        assert_eq!(shown["ticket"]["requester"]["verified"], expected);
        assert!(!shown.to_string().contains(right), "the signature is forgotten");
    }
}
