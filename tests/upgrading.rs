//! Data outlives programs: it is saved while the server runs, brought back, and opened by later versions.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Client;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::program::{Ended, Program, run};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    folder
}

async fn file(client: &Client, url: &str, key: &str) -> Option<String> {
    let ticket = json!({ "idempotency_key": key, "message": key, "requester": { "email": "ada@example.org" } });
    let reply = client.post(format!("{url}/api/v1/tickets")).json(&ticket).send().await.ok()?;
    assert_eq!(reply.status(), 201, "{key}");
    let reply: Value = reply.json().await.ok()?;
    reply["status_url"].as_str().map(str::to_owned)
}

/// How many of these tickets a server has.
async fn kept(client: &Client, url: &str, tickets: &[String]) -> usize {
    let mut kept = 0;
    for ticket in tickets {
        kept += usize::from(client.get(format!("{url}{ticket}")).send().await.unwrap().status() == 200);
    }
    kept
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let Ended { code, output, log } = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {output}{log}");
    output
}

fn refuses(folder: &Path, arguments: &[&str], words: &[&str]) {
    let Ended { code, output, log } = run(folder, arguments);
    assert_eq!((code, output.as_str()), (Some(1), ""), "{arguments:?}: {log}");
    for word in words {
        assert!(log.contains(word), "{arguments:?}: {word}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_every_ticket_acknowledged_before_it_while_more_come_in() {
    let (folder, client) = (folder(), crate::support::client());
    let program = Program::start(folder.path());
    let url = program.url.clone();
    let mut before = Vec::new();
    for number in 0..10 {
        before.push(file(&client, &url, &format!("before-{number}-key")).await.unwrap());
    }
    let others = tokio::spawn({
        let (client, url) = (client.clone(), url.clone());
        async move {
            for number in 0.. {
                if file(&client, &url, &format!("while-{number}-key")).await.is_none() {
                    return;
                }
            }
        }
    });
    let arguments = ["backup", "saved.db"];
    let place = folder.path().to_owned();
    let told = tokio::task::spawn_blocking(move || succeeds(&place, &arguments)).await.unwrap();
    assert!(told.contains("tickets") && told.contains("saved.db"), "{told}");
    refuses(folder.path(), &arguments, &["saved.db", "exists already"]);
    let after = file(&client, &url, "after-the-backup").await.unwrap();
    refuses(folder.path(), &["restore", "saved.db"], &["stop the server", "nothing was changed", "data"]);
    program.terminate();
    others.await.unwrap();
    assert!(program.ended().success());

    let told = succeeds(folder.path(), &["restore", "saved.db"]);
    let former = told.lines().find_map(|line| line.strip_prefix("what was there before is in ")).expect("a place");
    let program = Program::start(folder.path());
    assert_eq!(kept(&client, &program.url, &before).await, before.len());
    assert_eq!(kept(&client, &program.url, std::slice::from_ref(&after)).await, 0, "it came after the backup");
    program.terminate();
    assert!(program.ended().success());

    // Nothing is lost: what was there before is a database as good as any.
    succeeds(folder.path(), &["restore", &format!("{former}/zerodesk.db")]);
    let program = Program::start(folder.path());
    assert_eq!(kept(&client, &program.url, &[after]).await, 1);
    assert!(fs::read_dir(folder.path()).unwrap().all(|file| !file.unwrap().path().ends_with(".partial")));
}

#[tokio::test]
async fn what_is_no_sound_backup_is_refused_and_changes_nothing() {
    let (folder, client) = (folder(), crate::support::client());
    let program = Program::start(folder.path());
    let ticket = file(&client, &program.url, "the-only-ticket").await.unwrap();
    program.terminate();
    assert!(program.ended().success());
    succeeds(folder.path(), &["backup", "saved.db"]);
    let sound = fs::read(folder.path().join("saved.db")).unwrap();
    let data = |name: &str| fs::read(folder.path().join("data").join(name)).unwrap();
    let before = data("zerodesk.db");

    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("text.db", &[b'x'; 5000]);
    write("empty.db", b"");
    write("cut.db", &sound[..sound.len() / 2]);
    let mut overwritten = sound.clone();
    overwritten[4096..].fill(0xAB);
    write("overwritten.db", &overwritten);
    write("newer.db", &sound);
    let newer = Connection::open(folder.path().join("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let other = Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE notes (a TEXT)").unwrap();
    drop(other);
    for (name, words) in [
        ("text.db", &["damaged"][..]),
        ("empty.db", &["not a database of zerodesk"]),
        ("cut.db", &["damaged"]),
        ("overwritten.db", &["damaged"]),
        ("newer.db", &["999", "newer"]),
        ("other.db", &["not a database of zerodesk"]),
        ("missing.db", &["missing.db"]),
    ] {
        let words: Vec<&str> = words.iter().copied().chain([name, "nothing was changed"]).collect();
        refuses(folder.path(), &["restore", name], &words);
        assert_eq!(data("zerodesk.db"), before, "{name}");
    }
    refuses(folder.path(), &["backup", "again.db", "--data", "nowhere"], &["nowhere"]);
    assert!(!folder.path().join("again.db").exists() && !folder.path().join("nowhere").exists());

    // A damaged database is no reason not to restore one.
    fs::write(folder.path().join("data/zerodesk.db"), [0x5a; 8192]).unwrap();
    succeeds(folder.path(), &["restore", "saved.db"]);
    let program = Program::start(folder.path());
    assert_eq!(kept(&client, &program.url, &[ticket]).await, 1);
}

/// Data and index as earlier versions left them, made by `scripts/fixtures`.
fn fixtures() -> Vec<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let versions: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!versions.is_empty());
    versions
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn data_and_index_of_every_earlier_version_open() {
    let client = crate::support::client();
    for version in fixtures() {
        let folder = tempfile::tempdir().unwrap();
        copy(&version, folder.path());
        let told: Value = serde_json::from_slice(&fs::read(version.join("told.json")).unwrap()).unwrap();
        let program = Program::start(folder.path());
        let url = &program.url;
        let name = version.display();
        assert_eq!(program.token, None, "{name}: there are agents already");

        let desk =
            |path: String| client.get(format!("{url}/api/v1/desk/{path}")).bearer_auth(told["token"].as_str().unwrap());
        let tickets = told["tickets"].as_array().unwrap();
        for ticket in tickets {
            let text = |field: &str| ticket[field].as_str().unwrap();
            let status = client.get(format!("{url}{}", text("status_url"))).send().await.unwrap();
            assert_eq!(status.status(), 200, "{name}: {ticket}");
            let kept: Value =
                desk(format!("tickets/{}", text("reference"))).send().await.unwrap().json().await.unwrap();
            assert_eq!(kept["ticket"]["reference"], ticket["reference"], "{name}: {kept}");
            assert_eq!(kept["deliveries"][0]["state"], "delivered", "{name}: {kept}");
        }
        let list: Value = desk("tickets?status=quarantined".into()).send().await.unwrap().json().await.unwrap();
        assert_eq!(list["total"], 1, "{name}: {list}");
        let figures = client
            .get(format!("{url}/api/v1/stats/deflection"))
            .bearer_auth(told["token"].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(figures.status(), 200, "{name}");

        let found = client.get(format!("{url}/api/v1/search?q=blue+lamp&lang=en")).send().await.unwrap();
        let found: Value = found.json().await.unwrap();
        assert_eq!(found["hits"][0]["article"], "lamp", "{name}: {found}");
        assert!(file(&client, url, "a-key-of-today").await.is_some(), "{name}: new tickets are kept");
    }
}
