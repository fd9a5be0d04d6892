//! After a miss: the spelling that was probably meant is tried, and told.

use crate::support::{HELP, Server};

/// A dozen articles that spell "receive" well, and one that does not.
fn receipts() -> Vec<(String, String)> {
    let texts =
        ["parcels", "letters", "faxes", "mail", "orders", "goods", "gifts", "calls", "notes", "bills", "keys", "cards"];
    let mut articles: Vec<(String, String)> = texts
        .iter()
        .map(|what| {
            (format!("{what}.md"), format!("# Receive {what}\n\nHow you receive {what} at the desk, day by day.\n"))
        })
        .collect();
    articles
        .push(("typo.md".into(), "# The old lift\n\nOnly the caretaker may recieve visitors in the lift.\n".into()));
    articles
}

async fn server() -> Server {
    let articles = receipts();
    let articles: Vec<(&str, &str)> = articles.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    // What the weights make of each query is not what is tested: only a very sure answer counts.
    Server::with(&articles).configured("[sites.default]\nanswer_at = 0.9").start().await
}

#[tokio::test]
async fn a_rare_misspelling_is_searched_as_it_was_meant() {
    let server = server().await;
    let reply = server.search("recieve parcels at the desk&lang=en").await;
    assert_eq!(reply["corrected"], "receive parcels at the desk", "{reply}");
    assert_eq!((&reply["decision"], &reply["hits"][0]["article"]), (&"answer".into(), &"parcels".into()), "{reply}");
    let page = server.page("/search?lang=en&q=recieve+parcels+at+the+desk").await;
    assert!(page.contains("Results for <strong>receive parcels at the desk</strong>"), "{page}");
    assert!(page.contains("q=recieve%20parcels%20at%20the%20desk&amp;verbatim=1"), "{page}");
    let as_typed = server.search("recieve parcels at the desk&lang=en&verbatim=1").await;
    assert!(as_typed["corrected"].is_null() && as_typed["did_you_mean"].is_null(), "{as_typed}");
}

#[tokio::test]
async fn words_that_many_articles_have_are_left_alone() {
    let server = server().await;
    for words in ["receive unicorns", "receive parcels", "old lift", "day by day"] {
        let reply = server.search(&format!("{words}&lang=en")).await;
        assert!(reply["corrected"].is_null() && reply["did_you_mean"].is_null(), "{words}: {reply}");
    }
}

#[tokio::test]
async fn what_finds_no_answer_is_offered_only() {
    let sure = "[sites.default]\nanswer_at = 0.99\ncandidates_at = 0.99";
    let server = Server::with(HELP).configured(sure).start().await;
    let reply = server.search("quantum chromodynamics catridge&lang=en").await;
    assert_eq!(reply["decision"], "no_answer", "{reply}");
    assert_eq!(reply["did_you_mean"], "quantum chromodynamics cartridge", "{reply}");
    assert!(reply["corrected"].is_null(), "{reply}");
    let page = server.page("/search?lang=en&q=quantum+%3Cb%3E+chromodynamics+catridge").await;
    assert!(page.contains("Did you mean <a href=\"/search?lang=en&amp;q=quantum%20%3Cb%3E%20"), "{page}");
    assert!(page.contains("<strong>quantum &lt;b&gt; chromodynamics cartridge</strong>"), "{page}");
    let turned_off = Server::with(&[("a.md", "# Cartridge\n\nReplace the cartridge.\n")])
        .configured("[search]\ntypo_tolerance = false")
        .start()
        .await;
    assert!(turned_off.search("catridge").await["did_you_mean"].is_null());
}
