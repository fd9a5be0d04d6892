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

#[tokio::test]
async fn scripts_without_spaces_are_searched() {
    let server = Server::with(&[
        ("ja/password.md", "# パスワードの再設定\n\nログイン画面で「お忘れですか」を選び、メールを開きます。\n"),
        ("ja/tax.md", "# 請求書と消費税\n\n請求書はPDFで保存できます。人々に送ることもできます。\n"),
        ("zh/password.md", "# 重置密码\n\n在登录页面选择忘记密码，然后打开邮件。\n"),
        ("zh/invoice.md", "# 下载发票\n\n发票是PDF文件，可以打印。\n"),
        ("ko/password.md", "# 비밀번호 재설정\n\n로그인 화면에서 비밀번호를 다시 정합니다.\n"),
        ("ko/app.md", "# 앱 설치\n\n스토어에서 앱을 설치하고 iPhone에서 엽니다.\n"),
        ("th/password.md", "# เปลี่ยนรหัสผ่าน\n\nเปิดหน้าเข้าสู่ระบบแล้วเลือกลืมรหัสผ่าน\n"),
        ("th/invoice.md", "# ดาวน์โหลดใบแจ้งหนี้\n\nใบแจ้งหนี้เป็นไฟล์ PDF\n"),
        ("en/fonts.md", "# Install fonts\n\nThe font for 日本語 is called Noto.\n"),
    ])
    .configured("[sites.default]\nlanguages = [\"en\", \"ja\", \"zh\", \"ko\", \"th\"]")
    .start()
    .await;
    for (query, first) in [
        ("パスワードを忘れた&lang=ja", "ja-password"),
        ("再設定&lang=ja", "ja-password"),
        ("税&lang=ja", "ja-tax"),
        ("人&lang=ja", "ja-tax"),
        ("請求書をPDFで&lang=ja", "ja-tax"),
        ("忘记密码&lang=zh", "zh-password"),
        ("票&lang=zh", "zh-invoice"),
        ("打印PDF发票&lang=zh", "zh-invoice"),
        ("비밀번호가&lang=ko", "ko-password"),
        ("앱&lang=ko", "ko-app"),
        ("iphone 앱&lang=ko", "ko-app"),
        ("รหัสผ่าน&lang=th", "th-password"),
        ("ใบแจ้งหนี้ PDF&lang=th", "th-invoice"),
        ("日本語 font&lang=en", "en-fonts"),
        ("請求書", "ja-tax"), // nobody said which
        ("密码", "zh-password"),
    ] {
        let hits = server.hits(query).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{query}: {hits:?}");
    }
}

#[tokio::test]
async fn a_language_that_the_site_lacks_gets_a_sensible_reply() {
    let server = Server::start().await;
    for query in
        ["パスワード&lang=ja", "税", "забыли пароль&lang=ru", "รหัสผ่าน&lang=th", "ontgrendelingspatroon&lang=fy"]
    {
        let reply = server.search(query).await;
        assert_eq!(reply["decision"], "no_answer", "{query}: {reply}");
        assert_eq!(reply["hits"].as_array().map(Vec::len), Some(0), "{query}: {reply}");
        assert_eq!(reply["handoff"]["level"], 1, "{query}: {reply}");
    }
}

#[tokio::test]
async fn hyphens_and_spaces_do_not_part_what_belongs_together() {
    let server = Server::with(&[
        ("mail.md", "# Change your e-mail address\n\nOpen the settings.\n"),
        ("login.md", "# Login fails\n\nThe login page says why.\n"),
        ("setup.md", "# Set up the printer\n\nTurn it on and wait.\n"),
        ("database.md", "# Where the database is\n\nThe database is one file.\n"),
        ("wifi.md", "# Wi‑Fi at the office\n\nAsk for the key.\n"),
        ("outlook.md", "# Looks of the page\n\nLook out for colours.\n"),
    ])
    .start()
    .await;
    for (query, first) in [
        ("email", Some("mail")),
        ("e-mail", Some("mail")),
        ("e mail", Some("mail")),
        ("log in", Some("login")),
        ("log-in problems", Some("login")),
        ("setup", Some("setup")),
        ("setup printer", Some("setup")),
        ("data base", Some("database")),
        ("wifi", Some("wifi")),
        ("wi fi key", Some("wifi")),
        ("outlook", None),
    ] {
        let hits = server.hits(&format!("{query}&lang=en")).await;
        assert_eq!(hits.first().map(String::as_str), first, "{query}: {hits:?}");
    }
    let reply = server.search("email&lang=en").await;
    assert_eq!(reply["corrected"], serde_json::Value::Null, "{reply}");
}
