//! Searching over HTTP: what comes back, in which shape.

use serde_json::json;

use crate::support::{HELP, Server};

#[tokio::test]
async fn words_find_their_article() {
    let server = Server::start().await;
    for (words, first) in [
        ("reset password", "reset-password"),
        ("I forgot my password", "reset-password"),
        ("blank pages", "printer"),
        ("printing cartridges", "printer"),
        ("invoice pdf", "invoices"),
        ("invoi", "invoices"),
        ("holiday opening", "holidays"),
    ] {
        let hits = server.hits(&format!("{words}&lang=en")).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{words}: {hits:?}");
    }
}

#[tokio::test]
async fn a_reply_tells_all_that_a_box_needs() {
    let server = Server::start().await;
    let reply = server.search("forgotten password e-mail&lang=en&explain=true").await;
    let hit = &reply["hits"][0];
    assert_eq!(reply["query"], "forgotten password e-mail");
    assert_eq!(reply["language"], "en");
    assert_eq!(reply["site"], "default");
    assert_eq!(reply["query_id"].as_str().map(str::len), Some(26));
    assert!(reply["took_us"].is_u64() && reply["generation"].is_u64() && reply["explanation"].is_object(), "{reply}");
    assert_eq!(hit["article"], "reset-password");
    assert_eq!(hit["url"], "/a/reset-password");
    assert_eq!(hit["kind"], "how-to");
    assert_eq!(hit["updated"], "2026-03-04");
    assert_eq!(hit["product"], json!(["Webmail"]));
    let sections = hit["sections"].as_array().unwrap();
    assert!((1..=3).contains(&sections.len()));
    let section = sections.iter().find(|section| section["anchor"] == "by-e-mail").unwrap();
    assert_eq!(section["url"], "/a/reset-password#by-e-mail");
    assert_eq!(section["heading"], json!(["By e-mail"]));
    let url = reply["handoff"]["url"].as_str().unwrap();
    assert_eq!(url, format!("/contact?query_id={}", reply["query_id"].as_str().unwrap()));
    assert_eq!(reply["handoff"]["level"], 1);
}

/// Articles whose words are those of the one that is looked for, too, here and there and more often.
const BESIDE: [(&str, &str); 3] = [
    (
        "a.md",
        "# Teams and access\n\nA room and a calendar. Users, access and rooms: all users have access to a room.\n",
    ),
    ("b.md", "# Rooms\n\n## Access of users\n\nCalendar of a team.\n\n## Users\n\nWho has access to the calendar?\n"),
    ("c.md", "# Calendar\n\nThe calendar of a room, the calendar of a team: users have access to each calendar.\n"),
];

#[tokio::test]
async fn a_title_or_heading_that_says_it_all_comes_first() {
    let wanted = [
        "# Set up\n\n## Users without access to the calendar of a room\n\nText.\n",
        "---\ntitle: Set up\nquestions: [\"Which users have access to the calendar of a room?\"]\n---\n\nText.\n",
        // The heading of the page says more than the title.
        "---\ntitle: Set up\n---\n\n# Users without access to the calendar of a room\n\nText.\n",
    ];
    for text in wanted {
        let server = Server::with(&[&BESIDE[..], &[("wanted.md", text)]].concat()).start().await;
        for words in ["users access calendar room", "users access to the calen"] {
            let hits = server.hits(&format!("{words}&lang=en")).await;
            assert_eq!(hits.first().map(String::as_str), Some("wanted"), "{words} in {text}: {hits:?}");
        }
    }
}

#[tokio::test]
async fn a_heading_of_the_page_is_shown_above_its_snippet() {
    let text = "---\ntitle: Set up\n---\n\n# Share your calendar\n\nOpen the menu.\n\n## Later\n\nMore.\n";
    let server = Server::with(&[("wanted.md", text)]).start().await;
    let section = &server.search("share calendar&lang=en").await["hits"][0]["sections"][0];
    assert_eq!(
        (&section["anchor"], &section["heading"], &section["snippet"]),
        (&json!(""), &json!(["Share your calendar"]), &json!("Open the menu."))
    );
}

#[tokio::test]
async fn a_part_of_a_number_finds_it() {
    let server = Server::with(&[
        ("a.md", "# Error 5.7.124\n\nWhat it means. Since version 16.\n"),
        ("b.md", "# Error 5.7.64\n\nWhat it means. Since version 17.2.\n"),
    ])
    .start()
    .await;
    for (words, first) in [("error 124", "a"), ("error 64", "b"), ("error 5.7.64", "b"), ("version 17", "b")] {
        let hits = server.hits(&format!("{words}&lang=en")).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{words}: {hits:?}");
    }
}

#[tokio::test]
async fn highlights_count_characters_and_lie_on_the_words() {
    let server = Server::with(&[("a.md", "# Über Öl\n\nDas Öl – älter als ein Jahr – wird für Öfen gewechselt.\n")])
        .start()
        .await;
    let reply = server.search("Öfen gewechselt&lang=de").await;
    let section = &reply["hits"][0]["sections"][0];
    let letters: Vec<char> = section["snippet"].as_str().unwrap().chars().collect();
    let marks = section["highlights"].as_array().unwrap();
    let marked: Vec<String> = marks
        .iter()
        .map(|mark| letters[mark[0].as_u64().unwrap() as usize..mark[1].as_u64().unwrap() as usize].iter().collect())
        .collect();
    assert_eq!(marked, ["Öfen", "gewechselt"], "{section}");
}

#[tokio::test]
async fn filters_leave_out_the_rest() {
    let server = Server::start().await;
    for (words, expected) in [
        ("open&lang=en&kind=faq", vec!["holidays"]),
        ("open&lang=en&tag=Printer", vec!["printer"]),
        ("open&lang=en&product=laserjet", vec!["printer"]),
        ("open&lang=en&kind=faq,troubleshooting&tag=printer&tag=contact", vec!["holidays", "printer"]),
        ("open&lang=en&kind=none", vec![]),
    ] {
        let mut hits = server.hits(words).await;
        hits.sort();
        assert_eq!(hits, expected, "{words}");
    }
}

#[tokio::test]
async fn a_site_sees_its_folders_only() {
    let articles = [
        ("shop/pay.md", "# Pay by card\n\nCards are taken.\n"),
        ("wiki/cards.md", "# Print cards\n\nCards are printed.\n"),
    ];
    let sites = "[sites.shop]\nlanguages = [\"en\"]\nfolders = [\"shop\"]\n[sites.all]\nlanguages = [\"en\"]";
    let server = Server::with(&articles).configured(sites).start().await;
    assert_eq!(server.hits("cards&lang=en&site=shop").await, ["shop-pay"]);
    assert_eq!(server.hits("cards&lang=en&site=all").await.len(), 2);
    let unknown = server.json("/api/v1/search?q=cards&site=none").await;
    assert_eq!((&unknown["code"], &unknown["field"]), (&json!("not-found"), &json!("site")));
    assert_eq!(server.get("/a/wiki-cards?site=shop").await.status(), 404);
}

#[tokio::test]
async fn addresses_in_replies_lead_to_the_page_of_the_same_site() {
    let sites =
        "[sites.default]\nlanguages = [\"en\", \"de\"]\n[sites.shop]\nname = \"Shop\"\nlanguages = [\"en\", \"de\"]";
    let server = Server::with(HELP).configured(sites).start().await;
    let search = "/api/v1/search?q=replace+the+cartridge&lang=en";
    // The same question at the default site first: what is kept of it is not for the other.
    assert_eq!(server.json(search).await["hits"][0]["url"], "/a/printer");
    let found = server.json(&format!("{search}&site=shop")).await;
    let listed = server.json("/api/v1/articles?site=shop&kind=troubleshooting").await;
    let article = server.json("/api/v1/articles/reset-password?site=shop").await;
    let about = server.json("/api/v1/suggest?path=/printer-prints-blank-pages&site=shop&lang=en").await;
    let question = json!({ "site": "shop", "lang": "en", "message": "The printer prints blank pages" });
    let help: serde_json::Value = server.post_json("/api/v1/suggest", &question).await.json().await.unwrap();
    for (reply, pointer, page) in [
        (&found, "/hits/0/url", "/a/printer?site=shop"),
        (&found, "/hits/0/sections/0/url", "/a/printer?site=shop#replace-the-cartridge"),
        (&listed, "/articles/0/url", "/a/printer?site=shop"),
        (&article, "/url", "/a/reset-password?site=shop"),
        (&article, "/translations/0/url", "/a/passwort?site=shop"),
        (&about, "/hits/0/url", "/a/printer?site=shop"),
        (&help, "/hits/0/url", "/a/printer?site=shop"),
        (&found, "/handoff/url", "/contact?query_id="),
    ] {
        let url = reply.pointer(pointer).and_then(|url| url.as_str()).unwrap_or_else(|| panic!("{pointer}: {reply}"));
        assert!(url.starts_with(page), "{pointer}: {url}");
        let page = server.page(url).await;
        assert!(page.contains("– Shop</title>"), "{url}: {page}");
    }
    assert!(server.page("/contact?site=shop&article=printer").await.contains("/a/printer?site=shop\""));
    assert_eq!(server.get("/old/password?site=shop").await.headers()["location"], "/a/reset-password?site=shop");
}

#[tokio::test]
async fn pages_of_hits_follow_each_other() {
    let texts: Vec<(String, String)> =
        (0..7).map(|n| (format!("a{n}.md"), format!("# Lamp number {n}\n\nThe lamp {n} shines.\n"))).collect();
    let articles: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let server = Server::with(&articles).start().await;
    let all = server.hits("lamp&lang=en").await;
    assert_eq!(all.len(), 7);
    let mut paged = Vec::new();
    for offset in [0, 3, 6] {
        paged.extend(server.hits(&format!("lamp&lang=en&limit=3&offset={offset}")).await);
    }
    assert_eq!(paged, all);
    assert_eq!(server.search("lamp&lang=en&limit=0").await["total"], 7);
}

#[tokio::test]
async fn replies_say_how_long_it_took_and_are_not_kept() {
    let server = Server::start().await;
    let response = server.get("/api/v1/search?q=password").await;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(header("server-timing").starts_with("search;dur="));
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-request-id").len(), 26);
    assert_eq!(header("x-content-type-options"), "nosniff");
}
