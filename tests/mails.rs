//! Tickets as mail: readable, complete, and known again when they come twice.

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::message::Mailbox;
use zerodesk::desk::{
    Ticket,
    connectors::{EmailConnector, Mailer, Outbound},
};

use crate::support::parcel::{KEY, connector, deliver, ticket};

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{mail}"))
}

#[tokio::test]
async fn a_mail_has_all_that_a_person_and_a_program_need() {
    let outbound = Outbound::default();
    let mailer = Mailer::in_memory("Help centre <help@shop.example>", outbound.clone()).unwrap();
    let it =
        EmailConnector::through("mail", mailer, &["support@shop.example".into(), "Second <b@shop.example>".into()])
            .unwrap();
    for tried in [false, true] {
        let receipt = deliver(&it, &ticket(), tried).await.unwrap();
        assert_eq!(receipt.remote_id.unwrap(), format!("<{KEY}@shop.example>"));
    }
    let mails = outbound.mails();
    assert_eq!(mails[0].formatted(), mails[1].formatted(), "the second is the first again");
    let recipients: Vec<String> = mails[0].envelope().to().iter().map(ToString::to_string).collect();
    assert_eq!(recipients, ["support@shop.example", "b@shop.example"]);

    let mail = String::from_utf8(mails[0].formatted()).unwrap();
    let table = [
        ("Subject", "[ZD-DEFGHJ] Test of a connector"),
        ("Message-ID", "<01JD8WQXK3M5V7Y9ZABCDEFGHJ@shop.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("Date", "Sun, 22 Nov 2026 10:00:00 +0000"),
    ];
    for (name, value) in table {
        assert_eq!(header(&mail, name), value);
    }
    for (name, address) in [("From", "help@shop.example"), ("Reply-To", "test@example.org")] {
        let mailbox: Mailbox = header(&mail, name).parse().unwrap();
        assert_eq!(mailbox.email.to_string(), address, "{name}");
    }
    let boundary = format!("--zerodesk-{KEY}");
    let mut parts = mail.split(&boundary).skip(1);
    let (text, json) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(
        text.contains("text/plain") && text.contains("does the connector work") && text.contains("test@example.org")
    );
    assert!(json.contains("attachment; filename=\"ZD-DEFGHJ.json\""), "{json}");
    let body: String = json.split_once("\r\n\r\n").unwrap().1.split_whitespace().collect();
    let attached: Ticket = serde_json::from_slice(&STANDARD.decode(body).unwrap()).unwrap();
    assert_eq!(attached, ticket());
}

#[tokio::test]
async fn words_of_a_visitor_never_become_a_header() {
    let outbound = Outbound::default();
    let it = EmailConnector::through(
        "mail",
        Mailer::in_memory("help@shop.example", outbound.clone()).unwrap(),
        &["support@shop.example".into()],
    )
    .unwrap();
    let mut ticket = ticket();
    ticket.subject = "a\r\nBcc: victim@example.org\r\n\r\nbody".into();
    ticket.requester.name = "Ada\r\nBcc: victim@example.org".into();
    ticket.message = "x\r\n.\r\nMAIL FROM:<y>".into();
    deliver(&it, &ticket, false).await.unwrap();
    let mail = outbound.mails().remove(0);
    assert_eq!(mail.envelope().to().len(), 1);
    let mail = String::from_utf8(mail.formatted()).unwrap();
    let head = mail.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    ticket.requester.email = String::new();
    deliver(&it, &ticket, false).await.unwrap();
    let mail = String::from_utf8(outbound.mails().remove(1).formatted()).unwrap();
    assert!(!mail.contains("Reply-To"), "without an address there is nobody to reply to");
}

#[tokio::test]
async fn mails_can_be_files() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("mails");
    let it = connector(&format!(
        "type = \"email\"\nfrom = \"help@shop.example\"\nto = [\"support@shop.example\"]\nfolder = {folder:?}"
    ))
    .unwrap();
    for tried in [false, true] {
        deliver(&*it, &ticket(), tried).await.unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, [format!("{KEY}.eml").as_str()]);
}

#[test]
fn settings_that_cannot_work_are_named() {
    let table = [
        ("from = \"nobody\"\nto = [\"a@b.example\"]\nhost = \"mx\"", "from"),
        ("from = \"a@b.example\"\nto = [\"nobody\"]\nhost = \"mx\"", "to"),
        ("from = \"a@b.example\"\nto = [\"a@b.example\"]\nhost = \"mx\"\nuser = \"a\"", "password"),
        (
            "from = \"a@b.example\"\nto = [\"a@b.example\"]\nhost = \"mx\"\ntls = \"none\"\nuser = \"a\"\npassword = \"hush\"",
            "starttls",
        ),
        ("from = \"a@b.example\"\nto = [\"a@b.example\"]\nhost = \"mx\"\nca_file = \"/no/such/file\"", "ca_file"),
    ];
    for (settings, named) in table {
        let error = connector(&format!("type = \"email\"\n{settings}")).err().expect(settings).to_string();
        assert!(error.contains(named) && !error.contains("hush"), "{error}");
    }
}
