//! What programs read: search engines, feed readers, browsers, language models, caches.

use crate::support::{HELP, Server};

#[tokio::test]
async fn search_engines_find_every_page_in_every_language() {
    let server = Server::start().await;
    let robots = server.page("/robots.txt").await;
    assert!(robots.contains(&format!("Sitemap: {}/sitemap.xml\n", server.url)), "{robots}");
    let map = server.page("/sitemap.xml").await;
    assert_eq!(map.matches("<loc>").count(), 10, "seven articles and three home pages: {map}");
    assert!(map.contains("<lastmod>2026-03-04</lastmod>"));
    let link = |lang: &str, page: &str| format!("hreflang=\"{lang}\" href=\"{}/a/{page}\"/>", server.url);
    for part in [link("nl", "wachtwoord"), link("de", "passwort"), link("x-default", "reset-password")] {
        assert_eq!(map.matches(&part).count(), 3, "{part}: {map}");
    }
}

#[tokio::test]
async fn other_sites_have_pages_maps_and_feeds_of_their_own() {
    let server = Server::with(&[("shop/returns.md", "---\nlang: en\nupdated: 2026-01-01\n---\n# Returns\n\nSee [pay](pay.md#now).\n"), ("shop/pay.md", "---\nlang: en\n---\n# Pay\n\n## Now\n\nHere."), ("other.md", "---\nlang: en\n---\n# Other\n\nText.")])
        .configured("public_url = \"https://h.example\"\n[sites.default]\nfolders = [\"none\"]\n[sites.shop]\nfolders = [\"shop\"]\nname = \"Shop & Co\"")
        .start()
        .await;
    assert!(server.page("/robots.txt").await.contains("Sitemap: https://h.example/sitemap.xml?site=shop\n"));
    let map = server.page("/sitemap.xml?site=shop").await;
    assert!(map.contains("<loc>https://h.example/a/shop-returns?site=shop</loc>") && !map.contains("other"), "{map}");
    assert!(map.contains("<loc>https://h.example/?lang=nl&amp;site=shop</loc>"), "{map}");
    let page = server.page("/a/shop-returns?site=shop").await;
    assert!(page.contains("<a href=\"/a/shop-pay?site=shop#now\">pay</a>"), "{page}");
    assert!(page.contains("<link rel=\"canonical\" href=\"https://h.example/a/shop-returns?site=shop\">"), "{page}");
    let feed = server.page("/feed.xml?site=shop&lang=en").await;
    assert!(
        feed.contains("<title>Shop &amp; Co</title>")
            && feed.contains("<id>https://h.example/a/shop-returns?site=shop</id>"),
        "{feed}"
    );
    let home = server.page("/?site=shop&lang=en").await;
    assert!(home.contains("href=\"/a/shop-returns?site=shop\""), "{home}");
}

#[tokio::test]
async fn a_feed_tells_what_changed_last() {
    let server = Server::start().await;
    let response = server.get("/feed.xml?lang=en").await;
    assert_eq!(response.headers()["content-type"], "application/atom+xml; charset=utf-8");
    let feed = response.text().await.unwrap();
    for part in [
        "<updated>2026-03-04T00:00:00Z</updated>",
        "<published>2025-01-02T00:00:00Z</published>",
        "<title>Reset your password</title>",
        "<summary>What to do when you cannot log in.</summary>",
        "<author><name>Ann</name></author>",
        "<category term=\"password\"/>",
    ] {
        assert!(feed.contains(part), "{part}\n{feed}");
    }
    assert_eq!(feed.matches("<entry>").count(), 1, "an article without a date is no news");
    assert!(!server.page("/feed.xml?lang=nl").await.contains("<entry>"));
    assert!(server.page("/?lang=en").await.contains("type=\"application/atom+xml\""));
}

#[tokio::test]
async fn a_browser_can_add_the_site_to_its_search_engines() {
    let server =
        Server::with(HELP).configured("[sites.default]\nname = \"<Help> of a very long name & more\"").start().await;
    let text = server.page("/opensearch.xml?lang=nl").await;
    assert!(text.contains("<ShortName>&lt;Help&gt; of a very</ShortName>"), "{text}");
    let template = format!("template=\"{}/search?lang=nl&amp;q={{searchTerms}}\"", server.url);
    assert!(text.contains(&template) && text.contains("<Language>nl</Language>"), "{text}");
    assert!(server.page("/?lang=nl").await.contains("href=\"/opensearch.xml?lang=nl\""));
}

#[tokio::test]
async fn language_models_get_lists_and_everything_in_one_file() {
    let server = Server::start().await;
    let list = server.page("/llms.txt").await;
    assert!(list.contains("/a/printer.md)") && list.contains("## When something goes wrong"), "{list}");
    assert!(list.contains("/a/reset-password.md): What to do when you cannot log in."), "{list}");
    let full = server.page("/llms-full.txt").await;
    for part in ["# Reset your password", "Wipe the drum", &format!("Source: {}/a/printer", server.url)] {
        assert!(full.contains(part), "{part}\n{full}");
    }
    assert!(!full.contains("Wachtwoord"));
    assert!(server.page("/llms-full.txt?lang=nl").await.contains("# Wachtwoord opnieuw instellen"));
    let twin = server.get("/a/printer.md").await;
    assert_eq!(twin.headers()["content-type"], "text/markdown; charset=utf-8");
    assert!(twin.text().await.unwrap().starts_with("# The printer prints blank pages"));
}

#[tokio::test]
async fn moved_articles_are_told_for_good_in_every_shape() {
    let article = "---\ntitle: Lamp\nlang: en\naliases: [/docs/old/lamp, lamp-oud]\n---\n\nText.\n";
    let server = Server::with(&[("lamp.md", article)]).start().await;
    for (path, to) in [("/docs/old/lamp", "/a/lamp"), ("/a/lamp-oud", "/a/lamp"), ("/a/lamp-oud.md", "/a/lamp.md")] {
        let response = server.get(path).await;
        assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (301, to), "{path}");
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start().await;
    for path in [
        "/?lang=en",
        "/a/printer",
        "/a/printer.md",
        "/feed.xml",
        "/sitemap.xml",
        "/llms.txt",
        "/llms-full.txt",
        "/opensearch.xml",
        "/robots.txt",
        "/docs",
    ] {
        let first = server.get(path).await;
        assert_eq!(first.headers()["cache-control"], "no-cache", "{path}");
        assert!(first.headers().get_all("vary").iter().any(|name| name == "accept-language"), "{path}");
        let tag = first.headers()["etag"].clone();
        let again = server.request("GET", path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], tag, "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0, "{path}");
    }
    let tag = server.get("/a/printer").await.headers()["etag"].clone();
    server.write("printer.md", "---\nlang: en\n---\n# The printer\n\nChanged.\n");
    server.until(async |server| server.page("/a/printer").await.contains("Changed.").then_some(())).await;
    let changed = server.request("GET", "/a/printer").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    for path in ["/search?q=printer", "/contact", "/nowhere"] {
        assert!(!server.get(path).await.headers().contains_key("etag"), "{path}");
    }
}

#[tokio::test]
async fn replies_are_compressed_as_the_caller_likes_it() {
    let server = Server::start().await;
    let page = server.page("/assets/page.css").await.len();
    for (wish, way) in
        [("gzip", Some("gzip")), ("br", Some("br")), ("gzip, deflate, br, zstd", Some("br")), ("identity", None)]
    {
        for path in ["/assets/page.css", "/a/printer", "/search-box.js", "/sitemap.xml"] {
            let response = server.request("GET", path).header("accept-encoding", wish).send().await.unwrap();
            let used = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(used.as_deref(), way, "{path} {wish}");
            if path.ends_with("css") && way.is_some() {
                assert!(response.bytes().await.unwrap().len() * 2 < page);
            }
        }
    }
}
