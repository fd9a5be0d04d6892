//! Writers can see why: of the decision, of every hit, and of an article that is missing.

use serde_json::{Value, json};

use crate::support::{HELP, Server};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn sum(list: &Value) -> f64 {
    list.as_array().unwrap().iter().map(|one| number(&one["contribution"])).sum()
}

async fn explained(server: &Server, words: &str) -> Value {
    server.search(&format!("{words}&explain=1")).await
}

#[tokio::test]
async fn what_contributes_adds_up_to_the_score_and_the_confidence() {
    let server = Server::start().await;
    for words in
        ["reset password", "pasword", "the printer prin", "print cartridges&lang=en", "vergeten&lang=nl", "open"]
    {
        let reply = explained(&server, words).await;
        let why = &reply["explanation"];
        let odds = number(&why["decision"]["bias"]) + sum(&why["decision"]["signals"]);
        let confidence = 1.0 / (1.0 + (-odds).exp());
        assert!((confidence - number(&why["decision"]["confidence"])).abs() < 1e-3, "{words}: {why}");
        assert!((confidence - number(&reply["confidence"])).abs() < 2e-3, "{words}: {reply}");
        let articles = why["articles"].as_array().unwrap();
        assert_eq!(articles.len(), reply["hits"].as_array().unwrap().len(), "{words}");
        assert!(!articles.is_empty(), "{words}");
        for (article, hit) in articles.iter().zip(reply["hits"].as_array().unwrap()) {
            assert_eq!(article["article"], hit["article"]);
            let total = sum(&article["words"]) + sum(&article["parts"]);
            assert!((total - number(&article["score"])).abs() < 1e-4, "{words}: {article}");
            assert!((total - number(&hit["score"])).abs() < 1e-3, "{words}: {hit}");
            for word in article["words"].as_array().unwrap() {
                let fields = sum(&word["fields"]);
                assert!((fields - number(&word["contribution"])).abs() < 1e-4, "{words}: {word}");
            }
        }
    }
}

#[tokio::test]
async fn it_says_what_each_word_was_taken_for() {
    let server = Server::start().await;
    let why = &explained(&server, "the pasword rese&lang=en").await["explanation"];
    let words: Vec<_> = why["words"].as_array().unwrap().iter().map(|word| (&word["word"], word)).collect();
    assert_eq!(words.iter().map(|(word, _)| *word).collect::<Vec<_>>(), ["the", "pasword", "rese"]);
    let kinds = |at: usize| {
        let variants = words[at].1["variants"].as_array().unwrap();
        variants.iter().map(|variant| variant["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(words[0].1["stop_word"], true);
    assert_eq!(words[1].1["correction"], "password");
    assert_eq!(kinds(0), ["exact"]);
    assert_eq!(kinds(1), ["exact", "typo"]);
    assert_eq!(kinds(2), ["exact", "prefix"]);
    let title = why["articles"][0]["words"][1]["fields"][0].clone();
    assert_eq!((&title["field"], &title["count"]), (&json!("title"), &json!(1)), "{why}");
    assert_eq!(why["articles"][0]["best_line"]["text"], "Reset your password");
}

#[tokio::test]
async fn an_article_that_is_missing_is_told_why() {
    let articles: Vec<_> = HELP
        .iter()
        .copied()
        .chain([("unlisted.md", "---\nunlisted: true\nlang: en\n---\n\n# Reset the password of the safe\n\nText.\n")])
        .collect();
    let server = Server::with(&articles).start().await;
    for (article, state) in [
        ("reset-password", "ranked"),
        ("invoices", "no_match"),
        ("wachtwoord", "other_language"),
        ("unlisted", "not_searched"),
        ("no-such", "unknown"),
    ] {
        let reply = explained(&server, &format!("password&lang=en&limit=0&article={article}")).await;
        assert_eq!(reply["explanation"]["compared"]["state"], state, "{article}: {reply}");
        let page = server.page(&format!("/explain?lang=en&q=password&article={article}")).await;
        assert!(page.contains("id=\"compared\""), "{article}");
    }
    let ranked = explained(&server, "password e-mail&lang=en&limit=0&article=change-email").await;
    assert_eq!(ranked["explanation"]["compared"]["article"]["rank"], 2, "{ranked}");
}

#[tokio::test]
async fn the_page_for_writers_shows_it_and_keeps_to_itself() {
    let server = Server::start().await;
    for (lang, words, sentence) in [
        ("en", "reset+your+password", "visitors get an answer: they do here"),
        ("en", "zxcvbnm", "visitors are told that there is no answer"),
        ("nl", "wachtwoord+instellen", "krijgen bezoekers een antwoord"),
        ("de", "passwort+zur%C3%BCcksetzen", "bekommen Besucher eine Antwort"),
    ] {
        let page = server.page(&format!("/explain?lang={lang}&q={words}")).await;
        assert!(page.contains(sentence), "{lang} {words}: {page}");
        assert!(page.contains("<meta name=\"robots\" content=\"noindex\">") && !page.contains("NaN"), "{lang} {words}");
    }
    let page = server.page("/explain?lang=en&q=%3Cb%3E+password&article=%22%3E%3Cb%3E").await;
    assert!(!page.contains("<b>"), "{page}");
    assert!(server.page("/explain?lang=en").await.contains("name=\"q\""));
    assert!(server.page("/robots.txt").await.contains("Disallow: /explain\n"));
    explained(&server, "password").await;
    assert!(!server.page("/metrics").await.contains("zerodesk_searches_total{"), "what writers try is not counted");
}
