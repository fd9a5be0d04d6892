//! Words with typing errors find what was meant, and right words come first.

use crate::support::Server;

#[tokio::test]
async fn slips_of_the_finger_are_forgiven() {
    let server = Server::start().await;
    for (typed, first) in [
        ("pasword", "reset-password"),
        ("passwrod", "reset-password"),
        ("pssword reset", "reset-password"),
        ("catridge", "printer"),
        ("cartrigde", "printer"),
        ("invioce", "invoices"),
        ("holliday", "holidays"),
    ] {
        let hits = server.hits(&format!("{typed}&lang=en")).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{typed}: {hits:?}");
    }
}

#[tokio::test]
async fn the_right_spelling_ranks_first() {
    let server =
        Server::with(&[("form.md", "# Form\n\nFill in the form.\n"), ("farm.md", "# Farm\n\nVisit the farm.\n")])
            .start()
            .await;
    assert_eq!(server.hits("farm&lang=en").await.first().map(String::as_str), Some("farm"));
    assert_eq!(server.hits("form&lang=en").await.first().map(String::as_str), Some("form"));
}

#[tokio::test]
async fn tolerance_can_be_turned_off() {
    let server = Server::with(&[("lamp.md", "# Replace the lamp\n\nUnscrew it.\n")])
        .configured("[search]\ntypo_tolerance = false")
        .start()
        .await;
    assert!(server.hits("replcae&lang=en").await.is_empty());
    assert_eq!(server.hits("replace&lang=en").await, ["lamp"]);
}

#[tokio::test]
async fn opposites_are_no_typing_errors() {
    let server = Server::with(&[("nl/in.md", "# Inloggen\n\nZo kun je inloggen.\n")]).start().await;
    assert!(server.hits("uitloggen&lang=nl").await.is_empty());
    assert_eq!(server.hits("inlogen&lang=nl").await, ["nl-in"]);
}

#[tokio::test]
async fn a_wrong_word_is_put_right_even_if_its_stem_is_a_word() {
    let server = Server::with(&[("nl/db.md", "# Databank\n\nNu SQLite, later postgres.\n")]).start().await;
    assert_eq!(server.hits("postgress&lang=nl").await, ["nl-db"]);
}

#[tokio::test]
async fn a_slip_is_put_right_even_if_it_could_be_two_words_or_another_form() {
    let entries =
        (0..25).map(|n| (format!("n{n}.md"), format!("# Remove entry {n}\n\nAn option of a workbook, row {n}.\n")));
    let entries: Vec<(String, String)> = entries.collect();
    let mut articles: Vec<(&str, &str)> = entries.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    articles.extend([
        ("code.md", "# Code\n\nThe sample says Workooks.Add, and what to opt on.\n"),
        ("option.md", "# Remove the option\n\nOf an app.\n"),
        ("workbook.md", "# Remove the workbook\n\nOf a colleague.\n"),
    ]);
    let server = Server::with(&articles).start().await;
    for (typed, first) in [("remove opton", "option"), ("remove workook ", "workbook"), ("workook remove", "workbook")]
    {
        let hits = server.hits(&format!("{typed}&lang=en")).await;
        assert_eq!(hits.first().map(String::as_str), Some(first), "{typed}: {hits:?}");
    }
}
