//! The figures of a month as a file, and of a week by mail: once.

use std::{fs, path::Path};

use jiff::SignedDuration;

use crate::support::{Builder, Server, program};

fn mailing(folder: &Path) -> Builder {
    let settings = format!(
        "[connectors.post]\ntype = \"email\"\nlevels = [4]\nfrom = \"help@example.com\"\nto = [\"a@example.com\"]\nfolder = '{}'\n\
         [reports]\nto = [\"Ann <ann@example.com>\", \"bob@example.com\"]\nmail = \"post\"",
        folder.display()
    );
    Server::with(crate::support::HELP).configured(&settings)
}

fn mails(folder: &Path) -> Vec<String> {
    let read = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file.unwrap().path()).unwrap();
    fs::read_dir(folder).map(|files| files.map(read).collect()).unwrap_or_default()
}

#[tokio::test]
async fn the_week_is_mailed_once_also_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let post = folder.path().join("post");
    // A Sunday.
    let server = mailing(&post).start().await;
    server.search("password&lang=en&session=visitor-number-00001").await;
    assert_eq!(server.app.send_reports().await, 0, "nobody asked anything in the week before");
    server.pass(SignedDuration::from_hours(24));
    assert_eq!(server.app.send_reports().await, 0, "tickets may still come on Monday");
    server.pass(SignedDuration::from_hours(24));
    assert_eq!(server.app.send_reports().await, 1);
    assert_eq!(server.app.send_reports().await, 0);
    let server = server.restart().await;
    assert_eq!(server.app.send_reports().await, 0);
    let mails = mails(&post);
    assert_eq!(mails.len(), 1);
    for part in [
        "Subject: Zerodesk help centre: 2026-W47",
        "<report-default-2026-W47@example.com>",
        "text/html",
        "ann@example.com",
    ] {
        assert!(mails[0].contains(part), "{part} is missing from\n{}", mails[0]);
    }
}

#[tokio::test]
async fn what_could_not_be_sent_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let post = folder.path().join("post");
    fs::write(&post, "in the way").unwrap();
    let server = mailing(&post).start().await;
    server.search("password&lang=en&session=visitor-number-00001").await;
    server.pass(SignedDuration::from_hours(48));
    assert_eq!(server.app.send_reports().await, 0);
    fs::remove_file(&post).unwrap();
    assert_eq!(server.app.send_reports().await, 1);
    assert_eq!(mails(&post).len(), 1);
}

#[tokio::test]
async fn a_month_is_one_file_of_html_and_one_of_markdown() {
    let server = Server::start().await;
    server.search("password&lang=en&session=visitor-number-00001").await;
    server.app.insight.flush().await.unwrap();
    let config = &server.app.config;
    let (data, articles) = (config.data.to_str().unwrap(), config.articles.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let run = |month| {
        let arguments = ["report", "--month", month, "--out", "out", "--data", data, "--articles", articles];
        program::run(folder.path(), &arguments)
    };
    let ended = run("2026-11");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let html = fs::read_to_string(folder.path().join("out/report-default-2026-11.html")).unwrap();
    assert!(html.contains("<p>1 in all.</p>") && html.contains("<svg"), "{html}");
    let markdown = fs::read_to_string(folder.path().join("out/report-default-2026-11.md")).unwrap();
    assert!(markdown.contains("\n1 in all.\n"), "{markdown}");
    assert_eq!(run("november").code, Some(1));
}
