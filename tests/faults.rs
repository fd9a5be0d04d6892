//! What breaks inside, while the server runs: searches go on, the state says what is wrong, and all heals by itself.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use zerodesk::{desk::OutboxState, store::Sqlite};

use crate::support::{
    HELP, Server,
    program::Program,
    receiver::{Answer, Receiver},
};

fn ticket(key: &str) -> Value {
    json!({ "idempotency_key": key, "message": "Help", "requester": { "email": "ada@example.org" } })
}

/// Whether the state names a fault of this part.
async fn faulty(server: &Server, part: &str) -> bool {
    let state = server.json("/readyz").await;
    state["faults"].as_array().unwrap().iter().any(|fault| fault.as_str().unwrap().starts_with(part))
}

async fn finds(server: &Server) -> bool {
    server.hits("reset password&lang=en").await.first().is_some_and(|slug| slug == "reset-password")
}

#[tokio::test]
async fn a_damaged_index_is_built_again_from_the_articles() {
    let server = Server::with(HELP).configured("[limits]\nenabled = false").start().await;
    let before = server.json("/readyz").await["generation"].as_u64().unwrap();
    for file in walkdir::WalkDir::new(server.folder().join("index")).into_iter().map(Result::unwrap) {
        if file.path().extension().is_some_and(|ending| ["store", "term", "idx", "fast"].iter().any(|e| ending == *e)) {
            // In place: the server has the file mapped into its memory.
            let mut damaged = File::options().write(true).open(file.path()).unwrap();
            let length = damaged.metadata().unwrap().len() as usize;
            damaged.seek(SeekFrom::Start(0)).unwrap();
            damaged.write_all(&vec![0xAB; length]).unwrap();
        }
    }
    // The search that meets the damage fails, and gets it mended.
    let found = async |server: &Server| {
        server.get("/api/v1/search?q=reset+password&lang=en").await.status() == 200 && finds(server).await
    };
    server.eventually(async |server| found(server).await && !faulty(server, "index").await).await;
    assert!(server.json("/readyz").await["generation"].as_u64().unwrap() > before);
    server.write("new.md", "# Quagga\n\nThe quagga is back.\n");
    server.until(async |server| (server.hits("quagga&lang=en").await == ["new"]).then_some(())).await;
    assert_eq!(server.json("/readyz").await["articles"], HELP.len() as u64 + 1);
    let server = server.restart().await;
    assert!(finds(&server).await);
}

#[tokio::test]
async fn while_another_program_locks_the_database_searches_go_on_and_tickets_are_refused() {
    let server = Server::start().await;
    let other = Connection::open(server.folder().join("data/zerodesk.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = ticket("a-locked-key");
    let (refused, found) = tokio::join!(server.post_json("/api/v1/tickets", &locked), finds(&server));
    // 504 where others waited for the disk before it.
    assert!([503, 504].contains(&refused.status().as_u16()) && found, "{}", refused.status());
    assert!(refused.headers().contains_key("retry-after"));
    server.eventually(async |server| faulty(server, "database").await).await;
    let state = server.get("/readyz").await;
    assert_eq!((state.status().as_u16(), state.json::<Value>().await.unwrap()["store"].clone()), (503, false.into()));
    assert!(server.page("/metrics").await.contains("zerodesk_store_up 0"));

    other.execute_batch("COMMIT").unwrap();
    server.eventually(async |server| server.get("/readyz").await.status() == 200).await;
    assert!(!faulty(&server, "database").await);
    let sent = server.post_json("/api/v1/tickets", &locked).await;
    assert_eq!(sent.status(), 201, "the same key, because nothing was kept before");
}

#[tokio::test]
async fn a_missing_articles_folder_is_told() {
    let server = Server::start().await;
    let (folder, aside) = (server.articles(), server.articles().with_file_name("aside"));
    fs::rename(&folder, &aside).unwrap();
    server.eventually(async |server| faulty(server, "articles").await).await;
    assert!(server.page("/metrics").await.contains("zerodesk_faults 1"));
    assert!(finds(&server).await);
    assert_eq!(server.get("/readyz").await.status(), 200, "searches and tickets work");
    fs::rename(&aside, &folder).unwrap();
    server.eventually(async |server| !faulty(server, "articles").await).await;
}

#[tokio::test]
async fn a_clock_that_jumps_holds_nothing_up() {
    let answers = [Answer::of(500, ""), Answer::of(500, ""), Answer::of(204, "")];
    let receiver = Receiver::answering(answers).await;
    let settings = format!(
        "[connectors.hook]\ntype = \"webhook\"\nurl = \"{}\"\nallowed_hosts = [\"127.0.0.1\"]\n\
         secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n[limits]\nenabled = false\n",
        receiver.url
    );
    let server = Server::with(HELP).configured(&settings).start().await;
    let file = async |key: &str| {
        let sent = server.post_json("/api/v1/tickets", &ticket(key)).await;
        assert_eq!(sent.status(), 201, "{key}");
        let sent: Value = sent.json().await.unwrap();
        assert_eq!(server.get(sent["status_url"].as_str().unwrap()).await.status(), 200);
    };
    let asked = async |times: usize| {
        let enough = async |server: &Server| finds(server).await && receiver.asked().len() >= times;
        server.eventually(enough).await;
    };
    let owed = async |server: &Server| server.app.desk.outbox_counts().await.unwrap();
    // What a time is kept for is written before the clock moves.
    let settled = async |server: &Server| {
        let waits =
            |counts: &[_]| [(OutboxState::Retry, 1), (OutboxState::Leased, 0)].iter().all(|one| counts.contains(one));
        server.eventually(async |server| waits(&owed(server).await)).await;
    };
    server.pass(SignedDuration::from_hours(24 * 365));
    assert!(finds(&server).await);
    file("a-year-ahead").await;
    asked(1).await; // it fails, and is to be tried again in a year
    settled(&server).await;
    server.pass(SignedDuration::from_hours(-24 * 366));
    assert!(finds(&server).await);
    file("a-day-behind").await;
    asked(3).await;
    settled(&server).await;
    server.pass(SignedDuration::from_hours(24));
    server
        .eventually(async |server| {
            owed(server).await.iter().all(|(state, count)| state.as_str() == "delivered" || *count == 0)
        })
        .await;
}

/// A small disk of its own at a folder, which goes with the value; `None` where this may not be made.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(folder: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let size = format!("size={megabytes}m");
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        let made = made.is_ok_and(|status| status.success());
        if !made {
            eprintln!("skipped: only root may make a small disk");
        }
        made.then(|| Self(folder.to_owned()))
    }

    /// Takes up all that is left.
    fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while ballast.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
    }

    /// Leaves room for so many blocks.
    fn leave(&self, blocks: u64) {
        let ballast = File::options().write(true).open(self.0.join("ballast")).unwrap();
        ballast.set_len(ballast.metadata().unwrap().len() - 4096 * blocks).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[tokio::test]
async fn a_disk_with_room_for_less_than_a_ticket_counts_as_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = SmallDisk::at(&folder.path().join("data"), 8) else { return };
    let store = Sqlite::open(&data.0, Timestamp::now()).unwrap();
    store.try_to_write().await.unwrap();
    data.fill();
    for blocks in [0, 4] {
        data.leave(blocks);
        assert!(store.try_to_write().await.is_err() && store.trouble().is_some(), "{blocks}");
    }
    data.empty();
    store.try_to_write().await.unwrap();
    assert_eq!(store.trouble(), None);
}

#[tokio::test]
async fn a_full_disk_refuses_tickets_and_changes_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = SmallDisk::at(&folder.path().join("data"), 8) else { return };
    let Some(index) = SmallDisk::at(&folder.path().join("index"), 8) else { return };
    fs::create_dir(folder.path().join("articles")).unwrap();
    let lamp = |name: &str| {
        let text = format!("# {name}\n\nThe lamp {name} is new.\n");
        fs::write(folder.path().join(format!("articles/{}.md", name.to_lowercase())), text).unwrap();
    };
    lamp("Alpha");
    let program = Program::start(folder.path());
    let client = crate::support::client();
    let get = async |path: &str| client.get(format!("{}{path}", program.url)).send().await.unwrap();
    let send = async |key: &str| {
        client
            .post(format!("{}/api/v1/tickets", program.url))
            .json(&ticket(key))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let found = async || get("/api/v1/search?q=lamp&lang=en").await.json::<Value>().await.unwrap()["total"].clone();
    assert_eq!(send("before-it-is-full").await, 201);
    data.fill();
    index.fill();
    assert_eq!(send("while-it-is-full").await, 503);
    lamp("Beta");
    eventually("both faults are told", async || {
        let state: Value = get("/readyz").await.json().await.unwrap();
        state["store"] == false && state["watcher"] == false && state["faults"].as_array().unwrap().len() == 2
    })
    .await;
    assert_eq!(found().await, 1, "searches go on");
    data.empty();
    index.empty();
    eventually("both faults are gone", async || {
        let state: Value = get("/readyz").await.json().await.unwrap();
        state["ready"] == true && state["watcher"] == true && state["faults"].as_array().unwrap().is_empty()
    })
    .await;
    eventually("the change arrives", async || found().await == 2).await;
    assert_eq!(send("while-it-is-full").await, 201, "the same key, because nothing was kept before");
}

/// Asks again and again until `holds`.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asked = async { while !holds().await {} };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(30), asked).await.is_ok(), "{what}");
}

#[tokio::test]
async fn without_inotify_the_folder_is_compared_until_it_can_be_watched() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    let lamp = |name: &str| fs::write(folder.path().join("articles").join(name), "# A lamp\n\nIt shines.\n").unwrap();
    lamp("a.md");
    // A namespace of its own has limits of its own; a line from here lifts them again.
    let script = "echo 0 >/proc/sys/user/max_inotify_instances || exit 9; \"$0\" serve --listen 127.0.0.1:0 & \
                  read -r line; echo 99 >/proc/sys/user/max_inotify_instances; read -r line; kill $!; wait";
    let command = ["-Ur", "sh", "-c", script, env!("CARGO_BIN_EXE_zerodesk")];
    let mut unshare = Command::new("unshare");
    unshare.args(command).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = unshare.spawn() else { return eprintln!("skipped: there is no unshare") };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.find_map(|line| Some(line.strip_prefix("listening on ")?.split(' ').next()?.to_owned()));
    let Some(url) = url else {
        assert_ne!(child.wait().unwrap().code(), Some(0));
        return eprintln!("skipped: no namespace of its own for users");
    };
    let client = crate::support::client();
    let get =
        async |path: &str| -> Value { client.get(format!("{url}{path}")).send().await.unwrap().json().await.unwrap() };
    let found = async |number: u64| get("/api/v1/search?q=lamp&lang=en").await["total"] == number;
    eventually("it is told", async || {
        let state = get("/readyz").await;
        state["watcher"] == false && state["faults"][0].as_str().is_some_and(|fault| fault.contains("inotify"))
    })
    .await;
    lamp("b.md");
    eventually("changes arrive all the same", async || found(2).await).await;
    let mut lift = child.stdin.take().unwrap();
    lift.write_all(b"lift\n").unwrap();
    eventually("it is watched", async || get("/readyz").await["watcher"] == true).await;
    lamp("c.md");
    eventually("changes arrive", async || found(3).await).await;
    drop(lift);
    child.wait().unwrap();
}
