//! Saying "no answer" is an answer, and a person is always one step away.

use crate::support::Server;

#[tokio::test]
async fn the_decision_tells_answers_from_none() {
    let server = Server::start().await;
    for (words, decisions) in [
        ("reset your password", &["answer"][..]),
        ("I forgot my password", &["answer"]),
        ("the printer prints blank pages", &["answer"]),
        ("quantum chromodynamics lecture", &["no_answer"]),
        ("how do I bake sourdough bread", &["no_answer"]),
        ("zxcvbnm", &["no_answer"]),
        ("🦄", &["no_answer"]),
        ("???", &["no_answer"]),
        ("the of and", &["no_answer"]),
    ] {
        let reply = server.search(&format!("{words}&lang=en")).await;
        let decision = reply["decision"].as_str().unwrap();
        assert!(decisions.contains(&decision), "{words}: {reply}");
        let confidence = reply["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{words}: {confidence}");
        assert!(reply["handoff"]["url"].as_str().unwrap().starts_with("/contact?query_id="), "{words}");
    }
}

#[tokio::test]
async fn an_empty_help_centre_still_offers_a_person() {
    let server = Server::with(&[]).start().await;
    let reply = server.search("anything").await;
    assert_eq!((reply["decision"].as_str(), reply["total"].as_u64()), (Some("no_answer"), Some(0)));
    assert!(server.page("/?lang=en").await.contains("There are no articles in this language yet."));
}

#[tokio::test]
async fn the_page_of_results_leads_to_a_person() {
    let server = Server::start().await;
    let page = server.page("/search?lang=en&q=sourdough+%3Cb%3E").await;
    assert!(page.contains("No answer found for “sourdough &lt;b&gt;”"), "{page}");
    assert!(page.contains("class=\"button\" href=\"/contact?query_id="));
}
