//! Each visitor is answered in their own language, and in another one rather than not at all.

use crate::support::Server;

#[tokio::test]
async fn the_visitors_language_wins() {
    let server = Server::start().await;
    for (query, first, language) in [
        ("wachtwoord vergeten&lang=nl", "wachtwoord", "nl"),
        ("wachtwoorden&lang=nl", "wachtwoord", "nl"),
        ("Passwörter zurücksetzen&lang=de", "passwort", "de"),
        ("passworter zurucksetzen&lang=de", "passwort", "de"),
        ("reset password&lang=en-GB", "reset-password", "en"),
        ("reset password&lang=nl", "reset-password", "en"), // no Dutch answer: English follows
        ("wachtwoord opnieuw instellen", "wachtwoord", "nl"), // nobody said which
    ] {
        let reply = server.search(query).await;
        assert_eq!(reply["hits"][0]["article"], first, "{query}: {reply}");
        assert_eq!(reply["language"], language, "{query}: {reply}");
    }
}

#[tokio::test]
async fn pages_speak_the_visitors_language() {
    let server = Server::start().await;
    for (path, wish, lang, words) in [
        ("/", "nl", "nl", "Waarmee kunnen we helpen?"),
        ("/", "de-CH, en;q=0.5", "de", "Wie können wir helfen?"),
        ("/?lang=en", "nl", "en", "How can we help?"),
        ("/a/wachtwoord", "en", "nl", "Was dit artikel nuttig?"),
        ("/a/wachtwoord?lang=en", "nl", "en", "Was this article useful?"),
        ("/search?q=passwort&lang=de", "en", "de", "Ergebnisse für"),
        ("/nowhere", "nl", "nl", "Op dit adres staat niets"),
    ] {
        let response = server.request("GET", path).header("accept-language", wish).send().await.unwrap();
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{path} {wish}");
        assert!(page.contains(words), "{path} {wish}: {page}");
    }
}

#[tokio::test]
async fn translations_know_each_other() {
    let server = Server::start().await;
    let page = server.page("/a/reset-password").await;
    for (lang, slug) in [("en", "reset-password"), ("nl", "wachtwoord"), ("de", "passwort")] {
        let link = format!("<link rel=\"alternate\" hreflang=\"{lang}\" href=\"{}/a/{slug}\">", server.url);
        assert!(page.contains(&link), "{link}");
        assert!(page.contains(&format!("<a href=\"/a/{slug}\" lang=\"{lang}\" hreflang=\"{lang}\"")), "{lang}");
    }
}

#[tokio::test]
async fn one_answer_speaks_one_language() {
    let server = Server::with(&[
        ("de/rechnung.md", "# Rechnung\n\nWo steht die Rechnung zum Bezahlen?\n"),
        ("de/konto.md", "# Konto\n\nDas Konto und die Rechnung.\n"),
        ("nl/rechnung.md", "# Rekening\n\nDe rechnung bezahlen heet rekening betalen.\n"),
    ])
    .start()
    .await;
    for query in ["rechnung bezahlen&lang=de", "rechnung unbekanntes wort&lang=de", "rechnung bezahlen&lang=nl"] {
        let reply = server.search(query).await;
        let hits = reply["hits"].as_array().unwrap();
        assert!(!hits.is_empty() && hits.iter().all(|hit| hit["language"] == reply["language"]), "{query}: {reply}");
        assert!(reply["total"].as_u64().unwrap() >= hits.len() as u64, "{query}: {reply}");
    }
}

#[tokio::test]
async fn a_site_is_searched_in_its_own_languages_only_and_in_their_order() {
    let wifi = |lang: &str| format!("---\nlang: {lang}\n---\n\n# Wifi\n\nWifi router.\n");
    let (en, nl, de, es) = (wifi("en"), wifi("nl"), wifi("de"), wifi("es"));
    let articles = [("en.md", en.as_str()), ("nl.md", &nl), ("de.md", &de), ("es.md", &es)];
    let sites = "[sites.default]\nlanguages = [\"en\", \"de\"]\n[sites.low]\nlanguages = [\"nl\"]\n\
                 [sites.both]\nlanguages = [\"nl\", \"en\"]";
    let server = Server::with(&articles).configured(sites).start().await;
    server.write("nl2.md", "---\nlang: nl\n---\n\n# Toegangspunt\n\nEen toegangspunt verlengt het bereik.\n");
    server.until(async |server| (server.json("/readyz").await["articles"] == 5).then_some(())).await;
    for (query, expected, language) in [
        ("wifi", vec!["en"], "en"), // the site's first
        ("wifi&site=low", vec!["nl"], "nl"),
        ("wifi&site=both", vec!["nl"], "nl"),
        ("wifi&lang=de", vec!["de"], "de"),                    // the visitor's
        ("wifi&lang=de&site=both", vec!["de"], "de"),          // even if the site does not list it
        ("wifi&lang=fr&site=both", vec!["nl"], "nl"),          // nobody writes it: the site's
        ("toegangspunt&site=both&lang=en", vec!["nl2"], "nl"), // the next one has it
        ("toegangspunt", vec![], "en"),                        // not a language of the site
        ("zebra&site=both", vec![], "nl"),
    ] {
        let reply = server.search(query).await;
        let hits: Vec<&str> =
            reply["hits"].as_array().unwrap().iter().map(|hit| hit["article"].as_str().unwrap()).collect();
        assert_eq!((hits, &reply["language"]), (expected, &language.into()), "{query}: {reply}");
    }
}
