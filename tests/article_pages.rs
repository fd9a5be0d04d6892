//! Pages of articles: everything around the text, and texts that are not as one expects.

use serde_json::Value;

use crate::support::{HELP, Server};

/// A PNG says its size in its first 24 bytes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0";

/// What a page tells search engines.
fn told(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/ld+json\">").expect("a block of data");
    serde_json::from_str(rest.split("</script>").next().unwrap()).expect("JSON")
}

#[tokio::test]
async fn the_page_says_what_the_article_is_and_where_it_stands() {
    let server = Server::with(HELP).configured("public_url = \"https://help.example.com\"").start().await;
    let page = server.page("/a/reset-password").await;
    for part in [
        "<link rel=\"alternate\" hreflang=\"nl\" href=\"https://help.example.com/a/wachtwoord\">",
        "<link rel=\"alternate\" hreflang=\"x-default\" href=\"https://help.example.com/a/reset-password\">",
        "<link rel=\"alternate\" type=\"text/markdown\" href=\"/a/reset-password.md\">",
        "<a href=\"/a/wachtwoord\" lang=\"nl\" hreflang=\"nl\" data-keeps-place>NL</a>",
        "<li aria-current=\"page\">Reset your password</li>",
        "<a rel=\"prev\" href=\"/a/change-email\">",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("rel=\"next\""), "it is the last of its category");
    assert_eq!(page.matches("<h1").count(), 1);
    let graph = &told(&page)["@graph"];
    assert_eq!(graph[0]["@type"], "TechArticle");
    assert_eq!(graph[0]["headline"], "Reset your password");
    assert_eq!(graph[0]["datePublished"], "2025-01-02");
    assert_eq!(graph[0]["dateModified"], "2026-03-04");
    assert_eq!(graph[0]["author"][0]["name"], "Ann");
    assert_eq!(graph[1]["@type"], "BreadcrumbList");
    assert_eq!(graph[1]["itemListElement"][2]["item"], "https://help.example.com/a/reset-password");
    let home = told(&server.page("/?lang=en").await);
    assert_eq!(
        home["potentialAction"]["target"]["urlTemplate"],
        "https://help.example.com/search?q={search_term_string}"
    );
}

#[tokio::test]
async fn questions_and_answers_are_told_as_such() {
    let faq = "---\ntitle: Prices\nlang: en\nkind: faq\n---\n\nAll of them.\n\n## Is it free?\n\nYes, *always*.\n\n## Notes\n\nNone.\n";
    let server = Server::with(&[("prices.md", faq)]).start().await;
    let graph = &told(&server.page("/a/prices").await)["@graph"];
    let questions = graph[2]["mainEntity"].as_array().expect("questions");
    assert_eq!(graph[2]["@type"], "FAQPage");
    assert_eq!(questions.len(), 1);
    assert_eq!(questions[0]["name"], "Is it free?");
    assert_eq!(questions[0]["acceptedAnswer"]["text"], "Yes, always.");
}

#[tokio::test]
async fn pictures_take_their_place_before_they_arrive() {
    let article = "---\nlang: en\n---\n# Pictures\n\n![one](img/a.png)\n\n<p><img src=\"img/a.png\" width=\"64\"></p>\n\n![gone](none.png)\n";
    let builder = Server::with(&[("pictures.md", article)]);
    let mut large = PNG.to_vec();
    large.resize(5_000_000, 0);
    builder.file("articles/img/a.png", &large);
    let server = builder.start().await;
    let page = server.page("/a/pictures").await;
    assert!(page.len() < 20_000, "{}", page.len());
    let (_, rest) = page.split_once("<img src=\"").unwrap();
    let address = rest.split('"').next().unwrap();
    assert!(address.starts_with("/media/img/a.png?v="), "{address}");
    assert!(
        page.contains(&format!("<img src=\"{address}\" width=\"640\" height=\"480\" alt=\"one\" loading=\"lazy\">")),
        "{page}"
    );
    assert!(page.contains(&format!("<img src=\"{address}\" height=\"48\" width=\"64\" loading=\"lazy\">")), "{page}");
    assert!(page.contains("alt=\"gone\" loading=\"lazy\">"));
    let picture = server.get(address).await;
    assert_eq!(picture.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(picture.bytes().await.unwrap().len(), 5_000_000);
}

#[tokio::test]
async fn an_article_past_its_review_says_so() {
    let due = |day: &str| format!("---\nlang: en\nreview_by: {day}\n---\n# A\n\nText.\n");
    let server = Server::with(&[("old.md", &due("2026-11-21")), ("new.md", &due("2026-11-22"))]).start().await;
    assert!(server.page("/a/old").await.contains("due for a review"));
    assert!(!server.page("/a/new").await.contains("due for a review"));
}

#[tokio::test]
async fn the_way_to_edit_an_article_comes_from_the_settings() {
    let server = Server::with(&[("a b/c&d.md", "---\nlang: en\nslug: c\n---\n# C\n\nText.")])
        .configured("[sites.default]\nedit_url = \"https://git.example.com/edit/main/{path}?x\"")
        .start()
        .await;
    let page = server.page("/a/c").await;
    assert!(
        page.contains("<a href=\"https://git.example.com/edit/main/a%20b/c%26d.md?x\">Edit this page</a>"),
        "{page}"
    );
    assert!(!Server::start().await.page("/a/printer").await.contains("Edit this page"));
}

#[tokio::test]
async fn a_no_leads_to_a_person_with_the_article() {
    let server = Server::start().await;
    let verdict = "helpful=false&reason=incomplete&comment=&site=default";
    let request = server.request("POST", "/api/v1/articles/printer/feedback").body(verdict);
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()["location"], "/a/printer?thanks=no#feedback");
    let page = server.page("/a/printer?thanks=no").await;
    let contact = "/contact?lang=en&amp;article=printer&amp;reason=not_helpful";
    assert!(page.contains(&format!("<a class=\"button\" href=\"{contact}\">")), "{page}");
    assert!(!page.contains("data-feedback>"), "the form is done");
    let form = server.page(&contact.replace("&amp;", "&")).await;
    for part in [
        "We are sorry that “The printer prints blank pages” did not help",
        "<input type=\"hidden\" name=\"reason\" value=\"not_helpful\">",
        "name=\"page_title\" value=\"The printer prints blank pages\"",
        "<input type=\"checkbox\" name=\"along\" value=\"page\" checked>",
    ] {
        assert!(form.contains(part), "{part}\n{form}");
    }
    let unknown = server.page("/contact?lang=en&article=none%22%3E").await;
    assert!(!unknown.contains("value=\"page\""), "{unknown}");
}

#[tokio::test]
async fn the_page_that_somebody_came_from_goes_along_unless_it_is_struck() {
    let server = Server::with(HELP).configured("[limits]\nfill_time_s = 0").start().await;
    for (along, goes) in [("page", true), ("client", false)] {
        let form = format!(
            "message=Nothing+works&email=a%40example.org&site=default&page_title=The+printer&\
             page_url=https%3A%2F%2Fhelp.example.com%2Fa%2Fprinter&line=page&along={along}"
        );
        let request = server.request("POST", "/api/v1/tickets").body(form);
        let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(response.status(), 303);
        let location = response.headers()["location"].to_str().unwrap();
        let reference = location.trim_start_matches("/t/").split('?').next().unwrap().to_owned();
        let desk = server.request("GET", &format!("/api/v1/desk/tickets/{reference}")).bearer_auth(&server.token);
        let ticket: Value = desk.send().await.unwrap().json().await.unwrap();
        assert_eq!(ticket.to_string().contains("https://help.example.com/a/printer"), goes, "{ticket}");
    }
}

#[tokio::test]
async fn odd_articles_get_a_sensible_page() {
    let part = |at: usize| format!("## Heading number {at}\n\nText.\n\n### Deeper {at}\n\nMore.\n");
    let headings = (0..300).map(part).collect::<Vec<_>>().join("\n");
    let row = |cell: &str| format!("|{}\n", format!("{cell}|").repeat(40));
    let table = format!("{}{}{}", row("column"), row("---"), row("cell").repeat(5));
    let word = "x".repeat(10_000);
    let tops = "# One\n\nText.\n\n# Two\n\n## Below\n\nText.\n";
    let head = |title: &str, body: &str| format!("---\ntitle: {title}\nlang: en\n---\n\n{body}");
    let server = Server::with(&[
        ("headings.md", &head("Headings", &headings)),
        ("table.md", &head("Table", &table)),
        ("word.md", &head("Word", &word)),
        ("title.md", &head(&word, "Text.")),
        ("tops.md", &head("Tops", tops)),
    ])
    .start()
    .await;
    let page = server.page("/a/headings").await;
    let contents = page.split_once("data-contents").unwrap().1.split("</nav>").next().unwrap().to_owned();
    assert_eq!(contents.matches("<li>").count(), 300, "the upper level only");
    assert!(!contents.contains("Deeper") && page.contains("id=\"deeper-299\""));
    let page = server.page("/a/table").await;
    assert!(
        page.contains("<div class=\"table\" tabindex=\"0\"><table>") && page.matches("<th>").count() == 40,
        "{page}"
    );
    assert!(server.page("/a/word").await.contains(&word));
    assert!(server.page("/a/title").await.len() < 100_000);
    let page = server.page("/a/tops").await;
    assert_eq!(page.matches("<h1").count(), 1, "{page}");
    assert!(page.contains("<h2 id=\"two\">Two</h2>\n<h3 id=\"below\">Below</h3>"), "{page}");
}

#[tokio::test]
async fn an_article_page_costs_less_than_fifty_kilobytes_in_four_requests() {
    let server = Server::start().await;
    let page = server.page("/a/reset-password").await;
    let address = |part: &&str| part.split('"').next().filter(|address| address.starts_with('/')).map(str::to_owned);
    let scripts = page.split(" src=\"").skip(1).filter_map(|part| address(&part));
    let styles = page.split("rel=\"stylesheet\" href=\"").skip(1).filter_map(|part| address(&part));
    let files: Vec<String> = scripts.chain(styles).collect();
    assert_eq!(files.len() + 1, 4, "{files:?}");
    assert!(page.contains("<link rel=\"icon\" href=\"data:,\">"), "the browser need not ask for an icon");
    let mut bytes = 0;
    for path in files.iter().map(String::as_str).chain(["/a/reset-password"]) {
        let response = server.request("GET", path).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        bytes += response.bytes().await.unwrap().len();
    }
    assert!(bytes < 50_000, "{bytes}");
}
