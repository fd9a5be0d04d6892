//! The help centre's pages: complete without JavaScript, safe with whatever articles hold.

use crate::support::{HELP, Server};

#[tokio::test]
async fn home_shows_articles_by_category() {
    let server = Server::start().await;
    let page = server.page("/?lang=en").await;
    for part in [
        "<h2 id=\"kind-1\">How to <span class=\"count\">2</span></h2>",
        "<a href=\"/a/reset-password\">Reset your password</a>",
        "<a href=\"/a/printer\">The printer prints blank pages</a>",
        "<form action=\"/search\" role=\"search\" aria-label=\"Search the help centre\">",
        "<zerodesk-search ",
        "href=\"/contact?lang=en\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("wachtwoord"), "other languages have a home of their own");
}

#[tokio::test]
async fn an_article_shows_where_it_stands_and_what_is_in_it() {
    let server = Server::start().await;
    let page = server.page("/a/reset-password").await;
    for part in [
        "<h1>Reset your password</h1>",
        "<a href=\"#by-phone\">By phone</a>",
        "<time datetime=\"2026-03-04\">2026-03-04</time>",
        "Ann",
        "data-article=\"reset-password\"",
        "action=\"/api/v1/articles/reset-password/feedback\"",
        "<a href=\"/a/change-email\">Change your e-mail address</a>",
        "kind=how-to",
        "<meta name=\"description\" content=\"What to do when you cannot log in.\">",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let canonical = format!("<link rel=\"canonical\" href=\"{}/a/reset-password\">", server.url);
    assert!(page.contains(&canonical));
}

#[tokio::test]
async fn results_work_without_javascript() {
    let server = Server::start().await;
    let page = server.page("/search?q=forgotten+password&lang=en").await;
    assert!(page.contains("Results for “forgotten password”"), "{page}");
    assert!(page.contains("<a href=\"/a/reset-password\">Reset your password</a>"));
    assert!(page.contains("<mark>"));
    assert!(server.page("/search?lang=en").await.contains("Write what you are looking for."));
}

#[tokio::test]
async fn hostile_articles_and_queries_stay_text() {
    let hostile = "---\ntitle: \"<script>alert(1)</script>\"\ndescription: \"\\\"><img src=x onerror=alert(2)>\"\nlang: en\n---\n\n\
                   Hello <script>alert(3)</script> <img src=x onerror=alert(4)> [x](javascript:alert(5))\n\n## A <b onclick=alert(6)>b</b>\n\nText\n\n## C\n\nText\n";
    let server = Server::with(&[("bad.md", hostile)]).start().await;
    let slug = server.json("/api/v1/articles").await["articles"][0]["article"].as_str().unwrap().to_owned();
    for path in [
        "/?lang=en".to_owned(),
        format!("/a/{slug}"),
        "/search?q=hello+alert&lang=en".into(),
        "/search?q=%3Cscript%3Ealert(7)%3C/script%3E&lang=en".into(),
        "/%3Cscript%3Ealert(8)".into(),
    ] {
        let response = server.get(&path).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let page = response.text().await.unwrap();
        for live in
            ["<script>alert", "<img src=x onerror", "<img src=\"x\" onerror", "<b onclick", "href=\"javascript:"]
        {
            assert!(!page.contains(live), "{path}: {live}\n{page}");
        }
    }
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_stay_small() {
    let server = Server::with(HELP).configured("public_url = \"https://help.example.com\"").start().await;
    for path in ["/?lang=en", "/a/reset-password", "/search?q=password&lang=en", "/docs", "/nowhere"] {
        let page = server.get(path).await.text().await.unwrap();
        assert!(page.len() < 50_000, "{path}: {}", page.len());
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{path}");
        for address in page.split("src=\"").skip(1).chain(page.split("rel=\"stylesheet\" href=\"").skip(1)) {
            assert!(address.starts_with('/'), "{path}: {address:.60}");
        }
    }
    let home = server.page("/?lang=en").await;
    assert!(home.contains("<link rel=\"canonical\" href=\"https://help.example.com/\">"));
}

#[tokio::test]
async fn assets_are_cached_for_good_by_their_hash() {
    let server = Server::start().await;
    let page = server.page("/").await;
    for name in ["/assets/page.css", "/assets/page.js", "/search-box.js"] {
        let at = page.find(&format!("{name}?v=")).unwrap_or_else(|| panic!("{name}"));
        let address = page[at..].split('"').next().unwrap();
        let response = server.get(address).await;
        assert_eq!(response.status(), 200, "{address}");
        assert!(response.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{address}");
        let plain = server.get(name).await;
        assert!(!plain.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{name}");
        let again = server.request("GET", name).header("if-none-match", &plain.headers()["etag"]).send().await.unwrap();
        assert_eq!(again.status(), 304, "{name}");
    }
}

#[tokio::test]
async fn what_is_missing_gets_a_page_for_people() {
    let server = Server::start().await;
    for path in ["/nowhere", "/a/none"] {
        let response = server.request("GET", path).header("accept-language", "en").send().await.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        let page = response.text().await.unwrap();
        assert!(page.contains("There is nothing at this address") && page.contains("/contact"), "{page}");
    }
}

#[tokio::test]
async fn earlier_addresses_lead_to_the_article() {
    let article = "---\ntitle: Lamp\naliases: [/docs/old/lamp, lamp-oud]\n---\n\nText.\n";
    let server = Server::with(&[("lamp.md", article)]).start().await;
    for path in ["/docs/old/lamp", "/docs/old/lamp/", "/a/lamp-oud"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), 301, "{path}");
        assert_eq!(response.headers()["location"], "/a/lamp", "{path}");
    }
    assert_eq!(server.get("/docs/old").await.status(), 404);
}

#[tokio::test]
async fn the_box_on_the_page_of_results_holds_the_query() {
    let server = Server::start().await;
    let element = async |path: &str| {
        let page = server.page(path).await;
        page.split_once("<zerodesk-search").unwrap().1.split('>').next().unwrap().to_owned()
    };
    let asked = element("/search?lang=en&q=%22a+lamp%22").await;
    assert!(asked.contains("value=\"&quot;a lamp&quot;\""), "{asked}");
    assert!(!element("/?lang=en").await.contains("value="));
}

#[tokio::test]
async fn home_can_be_narrowed_down_to_a_product_or_a_kind() {
    let server = Server::start().await;
    let home = server.page("/?lang=en").await;
    assert!(home.contains("href=\"/?lang=en&amp;product=Laserjet\">Laserjet <span class=\"count\">1</span>"), "{home}");
    let printers = server.page("/?lang=en&product=Laserjet").await;
    assert!(printers.contains("/a/printer\"") && !printers.contains("/a/invoices"), "{printers}");
    assert!(printers.contains("aria-current=\"true\">Laserjet") && printers.contains("noindex"));
    let questions = server.page("/?lang=en&kind=faq").await;
    assert!(questions.contains("/a/invoices\"") && !questions.contains("/a/printer"), "{questions}");
    assert!(server.page("/?lang=en&product=%3Cb%3E").await.contains("There are no articles"));
}

#[tokio::test]
async fn results_can_be_narrowed_down() {
    let server = Server::start().await;
    let page = server.page("/search?q=pages&lang=en&kind=troubleshooting").await;
    assert!(page.contains("/a/printer\""), "{page}");
    assert!(page.contains("<option value=\"troubleshooting\" selected>When something goes wrong</option>"), "{page}");
    assert!(page.contains("<option value=\"account\">account</option>"));
    assert!(page.contains("<details class=\"filters\" open>"));
    let none = server.page("/search?q=printer&lang=en&product=Billing").await;
    assert!(!none.contains("/a/printer\"") && none.contains("href=\"/search?lang=en&amp;q=printer\""), "{none}");
    let odd = server.page("/search?q=printer&lang=en&tag=%22%3E%3Cscript%3E").await;
    assert!(odd.contains("<option value=\"&quot;&gt;&lt;script&gt;\" selected>") && !odd.contains("<script>"), "{odd}");
}

#[tokio::test]
async fn pages_set_no_cookie() {
    let server = Server::start().await;
    for path in ["/", "/a/printer", "/search?q=printer", "/contact", "/docs", "/feed.xml", "/a/printer.md", "/nowhere"]
    {
        assert!(!server.get(path).await.headers().contains_key("set-cookie"), "{path}");
    }
}
