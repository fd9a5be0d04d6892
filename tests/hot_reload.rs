//! Articles change while the server runs: every change arrives, and no request sees half of one.

use std::{fs, process::Command};

use crate::support::Server;

/// Waits until exactly these articles are the hits for "lamp".
async fn lamps(server: &Server, expected: &[&str]) {
    server
        .until(async |server| {
            let mut hits = server.hits("lamp&lang=en").await;
            hits.sort();
            (hits == expected).then_some(())
        })
        .await;
}

fn lamp(name: &str) -> String {
    format!("# {name}\n\nThis lamp is called {name}.\n")
}

#[tokio::test]
async fn a_story_of_changes() {
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let folder = server.articles();
    lamps(&server, &["a"]).await;

    server.write("b.md", &lamp("Beta")); // created
    lamps(&server, &["a", "b"]).await;

    server.write("a.md", "# Alpha\n\nNothing shines here.\n"); // changed
    lamps(&server, &["b"]).await;
    assert!(server.page("/a/a").await.contains("Nothing shines here."));

    fs::rename(folder.join("b.md"), folder.join("c.md")).unwrap(); // renamed
    lamps(&server, &["c"]).await;
    assert_eq!(server.get("/a/b").await.status(), 404);

    server.write(".c.md.swp", &lamp("Gamma")); // saved as editors do: a new file in place of the old
    fs::rename(folder.join(".c.md.swp"), folder.join("c.md")).unwrap();
    server.until(async |server| server.page("/a/c").await.contains("Gamma").then_some(())).await;

    fs::remove_file(folder.join("c.md")).unwrap(); // deleted
    lamps(&server, &[]).await;

    server.write("deep/er/d.md", &lamp("Delta")); // in a folder that is new
    lamps(&server, &["deep-er-d"]).await;
    fs::rename(folder.join("deep"), folder.join("low")).unwrap(); // a whole folder renamed
    lamps(&server, &["low-er-d"]).await;
    fs::remove_dir_all(folder.join("low")).unwrap();
    lamps(&server, &[]).await;
}

#[tokio::test]
async fn a_swapped_folder_arrives_as_a_whole() {
    let server = Server::with(&[("seed.md", &lamp("Seed"))]).start().await;
    let (folder, aside) = (server.articles(), server.articles().with_file_name("aside"));
    fs::create_dir_all(&aside).unwrap();
    for number in 0..300 {
        fs::write(aside.join(format!("n{number}.md")), lamp(&format!("Number {number}"))).unwrap();
    }
    fs::rename(&aside, folder.join("many")).unwrap();
    server.until(async |server| (server.search("lamp&lang=en").await["total"] == 301).then_some(())).await;
    fs::remove_dir_all(folder.join("many")).unwrap();
    server.until(async |server| (server.search("lamp&lang=en").await["total"] == 1).then_some(())).await;
}

/// Files of the test below; `TEST_BURST` asks for more.
fn burst() -> usize {
    std::env::var("TEST_BURST").map_or(100, |text| text.parse().expect("TEST_BURST is a number"))
}

#[tokio::test]
async fn a_checkout_that_replaces_every_file_arrives_as_a_whole() {
    let server = Server::with(&[]).start().await;
    let (folder, files) = (server.articles(), burst());
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let run = Command::new("git").current_dir(&folder).args(who).args(arguments).output();
        run.map(|output| assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    if git(&["init", "--quiet"]).is_err() {
        return eprintln!("skipped: there is no git");
    }
    for (release, numbers) in [("ocelot", 0..files), ("quagga", files / 10..files + files / 10)] {
        git(&["rm", "-r", "--quiet", "--ignore-unmatch", "."]).unwrap();
        for number in numbers {
            let path = format!("part{}/n{number}.md", number % 50);
            server.write(&path, &lamp(&format!("Number {number} of the {release}")));
        }
        git(&["add", "."]).unwrap();
        git(&["commit", "--quiet", "-m", release]).unwrap();
        git(&["tag", release]).unwrap();
    }
    let total = async |word: &str| server.search(&format!("{word}&lang=en")).await["total"].as_u64().unwrap();
    for (release, other) in [("ocelot", "quagga"), ("quagga", "ocelot"), ("ocelot", "quagga")] {
        git(&["checkout", "--quiet", release]).unwrap();
        let whole = async |_: &Server| {
            let shown = (total(release).await, total(other).await, server.app.snapshot().catalog().len());
            (shown == (files as u64, 0, files)).then_some(())
        };
        server.until(whole).await;
    }
}

#[tokio::test]
async fn another_folder_in_the_place_of_the_articles_is_followed() {
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let (folder, aside) = (server.articles(), |name: &str| server.articles().with_file_name(name));
    fs::create_dir_all(aside("new")).unwrap();
    fs::write(aside("new/b.md"), lamp("Beta")).unwrap();
    fs::rename(&folder, aside("old")).unwrap();
    fs::rename(aside("new"), &folder).unwrap();
    lamps(&server, &["b"]).await;
    server.write("c.md", &lamp("Gamma"));
    lamps(&server, &["b", "c"]).await;
    fs::write(aside("old/d.md"), lamp("Delta")).unwrap();
    server.write("e.md", &lamp("Epsilon"));
    lamps(&server, &["b", "c", "e"]).await;
    fs::remove_dir_all(&folder).unwrap(); // a new one at once, perhaps under the same number on the disk
    server.write("f.md", &lamp("Zeta"));
    lamps(&server, &["f"]).await;
    server.write("g.md", &lamp("Eta"));
    lamps(&server, &["f", "g"]).await;
}

#[tokio::test]
async fn a_folder_that_vanishes_is_searched_until_it_is_back() {
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let (folder, aside) = (server.articles(), server.articles().with_file_name("aside"));
    let follows = async |server: &Server| server.json("/readyz").await["watcher"] == true;
    fs::rename(&folder, &aside).unwrap();
    server.eventually(async |server| !follows(server).await).await;
    lamps(&server, &["a"]).await;
    fs::create_dir(&folder).unwrap(); // where a disk was mounted: as good as missing
    server.eventually(async |server| !follows(server).await).await;
    fs::write(aside.join("b.md"), lamp("Beta")).unwrap();
    fs::remove_dir(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    lamps(&server, &["a", "b"]).await;
    server.eventually(follows).await;
    server.write("c.md", &lamp("Gamma"));
    lamps(&server, &["a", "b", "c"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_another_release_of_the_articles_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let (articles, place) = (server.articles(), |name: &str| folder.path().join(name));
    fs::rename(&articles, place("one")).unwrap();
    std::os::unix::fs::symlink(place("one"), &articles).unwrap();
    server.write("b.md", &lamp("Beta"));
    lamps(&server, &["a", "b"]).await;
    fs::create_dir(place("two")).unwrap();
    fs::write(place("two/c.md"), lamp("Gamma")).unwrap();
    std::os::unix::fs::symlink(place("two"), place("link")).unwrap();
    fs::rename(place("link"), &articles).unwrap();
    lamps(&server, &["c"]).await;
}

#[tokio::test]
async fn a_file_that_breaks_keeps_its_last_good_version() {
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let problems = async |server: &Server| server.json("/readyz").await["problems"].as_u64().unwrap();
    assert_eq!(problems(&server).await, 0);
    server.write("a.md", "---\ntitle: [unclosed\n---\n\nBroken.\n");
    server.until(async |server| (problems(server).await > 0).then_some(())).await;
    assert_eq!(server.hits("lamp&lang=en").await, ["a"]);
    assert!(server.page("/a/a").await.contains("This lamp is called Alpha."));
    server.write("a.md", &lamp("Mended"));
    server.until(async |server| (problems(server).await == 0).then_some(())).await;
    assert!(server.page("/a/a").await.contains("Mended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_articles_change() {
    let server = Server::with(&[("a.md", &lamp("version 0 of 0"))]).start().await;
    for version in 1..=20 {
        server.write("a.md", &lamp(&format!("version {version} of {version}")));
        let page = server.page("/a/a").await;
        let shown = page.split("called version ").nth(1).and_then(|rest| rest.split('.').next()).unwrap();
        let (left, right) = shown.split_once(" of ").unwrap();
        assert_eq!(left, right, "half an update was shown");
        assert_eq!(server.hits("lamp&lang=en").await, ["a"]);
    }
    server.until(async |server| server.page("/a/a").await.contains("version 20 of 20").then_some(())).await;
}

#[tokio::test]
async fn a_file_that_is_emptied_keeps_its_article_until_it_has_words_again() {
    let server = Server::with(&[("a.md", &lamp("Alpha"))]).start().await;
    let problems = async |expected: usize| {
        server.until(async |server| (server.app.snapshot().catalog().problems().len() == expected).then_some(())).await;
    };
    problems(0).await;
    server.write("a.md", "");
    problems(1).await;
    assert_eq!(server.hits("lamp&lang=en").await, ["a"]);
    server.write("a.md", &lamp("Alpha"));
    problems(0).await;
    assert_eq!(server.hits("lamp&lang=en").await, ["a"]);
}

#[tokio::test]
async fn what_changed_while_the_server_was_off_is_taken_in_after_the_start() {
    let server = Server::with(&[("a.md", &lamp("Alpha")), ("b.md", &lamp("Beta"))]).start().await;
    let (folder, before) = (server.articles(), server.json("/readyz").await);
    let server = server.restart().await;
    assert_eq!(server.json("/readyz").await["hash"], before["hash"], "nothing changed");
    fs::remove_file(folder.join("b.md")).unwrap();
    server.write("c.md", &lamp("Gamma"));
    let server = server.restart().await;
    let hits = async |server: &Server| {
        let mut hits = server.hits("lamp&lang=en").await;
        hits.sort();
        hits
    };
    server.until(async |server| (hits(server).await == ["a", "c"]).then_some(())).await;
    assert_eq!(server.json("/readyz").await["articles"], 2);
}
