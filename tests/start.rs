//! Starting and ending the program: what is in the way is told in one message, and what can be mended is.

use std::{fs, path::Path, sync::Arc, time::Duration};

use zerodesk::{
    article::Problem,
    index::{Entry, Generation, Index},
    ingest::Ingest,
    source::Directory,
};

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

/// Turns bytes over in the middle of the largest file below a folder whose name ends so.
fn damage(folder: &Path, ending: &str) {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_name().to_string_lossy().ends_with(ending));
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
    for ending in [".store", ".term", ".idx", ".fast", "meta.json"] {
        damage(&folder.path().join("index"), ending);
        let program = Program::start(folder.path());
        let mended = async || {
            let reply = client().get(format!("{}/api/v1/search?q=blue+lamp", program.url)).send().await.unwrap();
            let reply: serde_json::Value = reply.json().await.unwrap();
            // Stored documents are looked at while visitors are already served.
            program.log().contains("the index is damaged and is built again") && reply["hits"][0]["article"] == "a"
        };
        let wait = async { while !mended().await {} };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("{ending}"));
        stopped(program);
    }
    assert!(!Program::start(folder.path()).log().contains("damaged"), "once is enough");
}

/// What a start makes of the articles and of the index below a folder.
fn started(folder: &Path) -> (Vec<Entry>, Vec<Problem>, Generation) {
    let index = Arc::new(Index::open(&folder.join("index"), "en").unwrap());
    let source = Directory::open(&folder.join("articles")).unwrap();
    Ingest::new(source, index.clone(), "en").compare_all(&mut |_, _| {}).unwrap();
    let snapshot = index.snapshot();
    let entries = snapshot.catalog().iter().map(|entry| Entry::clone(entry)).collect();
    (entries, snapshot.catalog().problems().to_vec(), snapshot.generation().clone())
}

#[test]
fn entries_kept_beside_the_index_change_nothing_of_what_a_start_finds() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    fs::create_dir(&articles).unwrap();
    for number in 0..600 {
        fs::write(articles.join(format!("{number}.md")), format!("# Lamp {number}\n\nIt shines.\n")).unwrap();
    }
    fs::write(articles.join("same.md"), "---\nslug: \"7\"\n---\n# Another lamp\n").unwrap();
    let first = started(folder.path());
    assert_eq!((first.0.len(), first.1.len()), (601, 1), "{:?}", first.1);
    let index = fs::read_dir(folder.path().join("index")).unwrap().map(|entry| entry.unwrap().path());
    let kept = index.map(|path| path.join(".entries")).find(|path| path.exists()).expect("entries are kept");
    let written = fs::read(&kept).unwrap();
    let without_end = &written[..written.len() / 2];
    for bytes in [&written, without_end, &vec![0x5a; written.len()], b""] {
        fs::write(&kept, bytes).unwrap();
        assert_eq!(started(folder.path()), first, "{} bytes", bytes.len());
    }
    fs::remove_file(&kept).unwrap();
    assert_eq!(started(folder.path()), first);
    assert_eq!(fs::read(&kept).unwrap().len(), written.len(), "written anew");

    fs::write(articles.join("8.md"), "# The changed lamp\n").unwrap();
    let changed = started(folder.path());
    assert_eq!((changed.0[first.0.len() - 1].front_matter.slug.as_str(), &changed.1), ("7-2", &first.1));
    assert_ne!(changed, first);
    assert_eq!(started(folder.path()), changed);
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
