//! What writers see with `serve --preview`, and visitors never.

use std::time::Duration;

use reqwest::Response;
use tokio::time::timeout;

use crate::support::{HELP, Server};

const DRAFT: &str = "---\ntitle: Not yet\nlang: en\ndraft: true\n---\n\nA secret plan, see [gone](gone.md).\n";
const PATIENCE: Duration = Duration::from_secs(10);

/// The next event that says something; `None` at the end of the stream.
async fn next(events: &mut Response) -> Option<String> {
    loop {
        let part = timeout(PATIENCE, events.chunk()).await.expect("an event or the end").expect("a whole stream")?;
        let text = String::from_utf8(part.to_vec()).expect("text");
        if text.contains("data:") {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn writers_see_drafts_and_problems_where_they_are() {
    let server = Server::with(HELP).previewing().start().await;
    server.write("draft.md", DRAFT);
    let published = server.until(async |server| {
        let response = server.get("/a/draft").await;
        if response.status().is_success() { Some(()) } else { None }
    });
    published.await;
    // The check may take longer than a page waits for it.
    server.eventually(async |server| server.page("/a/draft").await.contains("broken-link")).await;
    let page = server.page("/a/draft").await;
    for part in [
        "<span class=\"badge\" lang=\"en\">Draft</span>",
        "<code>draft.md</code>",
        "<code>draft.md:7:20</code>",
        "broken-link",
        "href=\"/preview/article/draft\"",
        "noindex",
        "preview.js",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let home = server.page("/?lang=en").await;
    assert!(home.contains("href=\"/a/draft\"") && home.contains("draft.md:7:20"), "{home}");
    assert!(server.hits("secret plan").await.contains(&"draft".to_owned()));
    assert!(server.page("/robots.txt").await.contains("Disallow: /\n"));
}

#[tokio::test]
async fn visitors_see_nothing_of_it_even_after_a_preview() {
    let builder = Server::with(&[("draft.md", DRAFT), ("a.md", "---\nlang: en\n---\n# A\n\n[x](gone.md)\n")]);
    let server = builder.previewing().start().await;
    assert_eq!(server.get("/a/draft").await.status(), 200);
    // The harness starts the next one on the same folders, without the preview.
    let server = server.restart().await;
    assert_eq!(server.get("/a/draft").await.status(), 404);
    assert!(server.hits("secret plan").await.is_empty());
    for path in ["/preview/events", "/preview/article/a"] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
    }
    let page = server.page("/a/a").await;
    assert!(!page.contains("class=\"preview\"") && !page.contains("preview.js"), "{page}");
}

#[tokio::test]
async fn an_article_is_shown_as_search_sees_it() {
    let server = Server::with(HELP).previewing().start().await;
    let page = server.page("/preview/article/reset-password?lang=en").await;
    for part in [
        "<span class=\"badge\" lang=\"en\">question</span> I forgot my password",
        "<span class=\"badge\" lang=\"en\">heading</span> By e-mail",
        "<code>#by-e-mail</code>",
        "email ",
        "<s>the</s>",
        "<form action=\"/explain\"",
        "<input type=\"hidden\" name=\"article\" value=\"reset-password\">",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(server.get("/preview/article/none").await.status(), 404);
}

/// Reads events until one names what the page of the printer shows, as its script does.
async fn until_it_is_up_to_date(server: &Server, events: &mut Response) {
    let mut event = next(events).await.expect("an event");
    loop {
        let page = server.page("/a/printer").await;
        let state = page.split_once("data-preview=\"").unwrap().1.split('"').next().unwrap();
        if event.contains(&format!("data: {state}\n")) {
            return;
        }
        event = next(events).await.expect("an event");
    }
}

#[tokio::test]
async fn open_pages_hear_of_changes() {
    let server = Server::with(HELP).previewing().start().await;
    let mut events = server.get("/preview/events?article=printer").await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert!(!events.headers().contains_key("content-encoding"));
    until_it_is_up_to_date(&server, &mut events).await;
    server.write("printer.md", "---\nlang: en\n---\n# The printer\n\nChanged.\n");
    server.until(async |server| server.page("/a/printer").await.contains("Changed.").then_some(())).await;
    until_it_is_up_to_date(&server, &mut events).await;
}

#[tokio::test]
async fn streams_end_when_the_server_does() {
    let server = Server::with(HELP).previewing().start().await;
    let mut events = server.get("/preview/events").await;
    assert!(next(&mut events).await.is_some());
    let (_server, end) = tokio::join!(server.restart(), next(&mut events));
    assert_eq!(end, None);
}
