//! Starting and ending the program: what is in the way is told in one message, and what can be mended is.

use std::{fs, path::Path};

use crate::support::{
    Server,
    program::{Program, run},
};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    fs::write(folder.path().join("articles/a.md"), "# The blue lamp\n\nThe blue lamp blinks when it is warm.\n")
        .unwrap();
    folder
}

fn client() -> reqwest::Client {
    crate::support::client()
}

/// Starts the server, which must refuse with this code and one message that has all these words.
fn refused(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let ended = run(folder, arguments);
    assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.log);
    let messages: Vec<&str> = ended.log.lines().filter(|line| line.starts_with("zerodesk: ")).collect();
    assert_eq!(messages.len(), 1, "{arguments:?}: {}", ended.log);
    for word in words {
        assert!(ended.log.contains(word), "{arguments:?}: {word}: {}", ended.log);
    }
    assert!(!ended.log.contains("panicked"), "{}", ended.log);
}

fn stopped(program: Program) {
    program.terminate();
    assert_eq!(program.ended().code(), Some(0));
}

/// Turns bytes over in the middle of the largest file below a folder.
fn damage(folder: &Path) {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.path().is_file());
    let largest = files.max_by_key(|entry| entry.metadata().unwrap().len()).expect("a file");
    let mut bytes = fs::read(largest.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].iter_mut().take(16).for_each(|byte| *byte = !*byte);
    fs::write(largest.path(), bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_index_is_built_again_with_a_warning() {
    let folder = folder();
    stopped(Program::start(folder.path()));
    damage(&folder.path().join("index"));
    let program = Program::start(folder.path());
    assert!(program.log().contains("the index is damaged and is built again"), "{}", program.log());
    let reply = client().get(format!("{}/api/v1/search?q=blue+lamp", program.url)).send().await.unwrap();
    let reply: serde_json::Value = reply.json().await.unwrap();
    assert_eq!(reply["hits"][0]["article"], "a", "{reply}");
    stopped(program);
    assert!(!Program::start(folder.path()).log().contains("damaged"), "once is enough");
}

#[test]
fn a_damaged_database_is_left_as_it_is() {
    let folder = folder();
    stopped(Program::start(folder.path()));
    let data = folder.path().join("data");
    for file in fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|ending| ending != "lock") {
            fs::write(&file, [0x5a; 8192]).unwrap();
        }
    }
    refused(folder.path(), &SERVE, 1, &["damaged", "backup", "data"]);
    assert!(fs::read_dir(&data).unwrap().any(|file| fs::read(file.unwrap().path()).unwrap() == [0x5a; 8192]));
}

#[test]
fn only_one_server_has_the_folder_and_the_port() {
    let first = folder();
    let program = Program::start(first.path());
    refused(first.path(), &SERVE, 1, &["another server", "data", "--data"]);
    let (second, address) = (folder(), program.url.trim_start_matches("http://").to_owned());
    refused(second.path(), &["serve", "--listen", &address], 1, &[&address, "--listen"]);
    assert!(!second.path().join("index").exists(), "nothing was begun");
    stopped(program);
}

#[test]
fn mistakes_in_the_configuration_are_usage() {
    let folder = folder();
    for (toml, words) in [
        ("lisen = \"127.0.0.1:0\"", &["zerodesk.toml", "lisen"][..]),
        ("listen = 8080", &["zerodesk.toml", "listen"]),
        ("[watch]\nmode = \"sometimes\"", &["zerodesk.toml", "sometimes"]),
        ("[log]\nlevel = \"zerodesk=loud\"", &["loud"]),
        ("not toml", &["zerodesk.toml"]),
    ] {
        fs::write(folder.path().join("zerodesk.toml"), toml).unwrap();
        refused(folder.path(), &SERVE, 2, words);
    }
    fs::remove_file(folder.path().join("zerodesk.toml")).unwrap();
    refused(folder.path(), &["serve", "--config", "elsewhere.toml"], 2, &["elsewhere.toml", "--config"]);
    let ended = run(folder.path(), &["serve", "--listen", "nowhere"]);
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_folder_of_articles_is_there_or_missed() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &SERVE, 1, &["articles", "create it", "--articles"]);
    fs::write(folder.path().join("articles"), "a file").unwrap();
    refused(folder.path(), &SERVE, 1, &["articles", "is a file", "--articles"]);
    fs::remove_file(folder.path().join("articles")).unwrap();
    fs::create_dir(folder.path().join("articles")).unwrap();
    let program = Program::start(folder.path());
    let reply = client().get(format!("{}/?lang=en", program.url)).send().await.unwrap();
    assert!(reply.text().await.unwrap().contains("There are no articles in this language yet."));
    stopped(program);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_under_way_are_answered_before_the_end() {
    let folder = folder();
    let program = Program::start(folder.path());
    let (client, url) = (client(), format!("{}/api/v1/search?q=lamp", program.url));
    let (answered, mut first) = tokio::sync::mpsc::unbounded_channel();
    let visitors: Vec<_> = (0..8)
        .map(|_| {
            let (client, url, answered) = (client.clone(), url.clone(), answered.clone());
            tokio::spawn(async move {
                // Until nobody listens any more; a reply that has begun must be whole.
                while let Ok(reply) = client.get(&url).send().await {
                    assert_eq!(reply.status(), 200);
                    assert!(reply.text().await.expect("a whole reply").ends_with('}'));
                    let _ = answered.send(());
                }
            })
        })
        .collect();
    for _ in 0..50 {
        first.recv().await.unwrap();
    }
    stopped(program);
    for visitor in visitors {
        visitor.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_has_ended_leaves_its_folders_to_the_next_whatever_it_did_last() {
    let mut server = Server::start().await;
    for round in 0..20 {
        let word = format!("lamp{round}");
        server.write(&format!("{word}.md"), &format!("# The {word}\n"));
        // What is searched now is new, and the writer is about to be closed.
        server.until(async |server| (!server.hits(&word).await.is_empty()).then_some(())).await;
        server = server.restart().await;
    }
}
