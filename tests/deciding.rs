//! When a search counts as answered is for those who run the server to say.

use std::fs;

use serde_json::json;

use crate::support::{HELP, Server};

#[tokio::test]
async fn thresholds_follow_from_what_mistakes_cost() {
    let sites = "[sites.clinic]\nwrong_answer_cost = 999\nneedless_ticket_cost = 1\n\
                 [sites.games]\nwrong_answer_cost = 1\nneedless_ticket_cost = 99\n";
    let server = Server::with(HELP).configured(sites).start().await;
    let words = "printer password pages&lang=en";
    let clinic = server.search(&format!("{words}&site=clinic")).await;
    let games = server.search(&format!("{words}&site=games")).await;
    assert_eq!(clinic["confidence"], games["confidence"]);
    assert_ne!(clinic["decision"], "answer", "{clinic}");
    assert_eq!(games["decision"], "answer", "{games}");
}

#[tokio::test]
async fn the_weights_are_read_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decision.json");
    let bundled = fs::read_to_string("src/search/decision.json").unwrap();
    let never = {
        let mut model: serde_json::Value = serde_json::from_str(&bundled).unwrap();
        model["bias"] = json!(-50.0);
        serde_json::to_string_pretty(&model).unwrap()
    };
    fs::write(&file, &never).unwrap();
    let settings = format!("[search]\ndecision = {:?}\n[limits]\nenabled = false", file.to_str().unwrap());
    let server = Server::with(HELP).configured(&settings).start().await;
    let decision = async |server: &Server| server.search("reset your password&lang=en").await["decision"].clone();
    let faults = async |server: &Server| server.json("/readyz").await["faults"].clone();
    assert_eq!(decision(&server).await, "no_answer");
    assert_eq!(faults(&server).await, json!([]));

    fs::write(&file, never.replacen("\"share\"", "\"shore\"", 1)).unwrap();
    server.eventually(async |server| faults(server).await != json!([])).await;
    let fault = faults(&server).await[0].as_str().unwrap().to_owned();
    let line = never.lines().position(|line| line.contains("\"share\"")).unwrap() + 1;
    assert!(fault.contains(&format!("decision.json: line {line}, column ")), "{fault}");
    assert!(fault.contains("unknown field `shore`"), "{fault}");
    assert_eq!(decision(&server).await, "no_answer", "the last good weights stay in use");

    fs::write(&file, &bundled).unwrap();
    server.eventually(async |server| decision(server).await == "answer").await;
    assert_eq!(faults(&server).await, json!([]));
}

#[tokio::test]
async fn a_question_that_stands_in_the_title_alone_is_answered() {
    let bread = ("bread.md", "---\ntitle: Recipe for sourdough bread\nlang: en\n---\n\nMix flour, water and salt.\n");
    let server = Server::with(&[bread]).start().await;
    for (words, decision) in [("recipe for sourdough bread", "answer"), ("what is it for", "no_answer")] {
        assert_eq!(server.search(&format!("{words}&lang=en")).await["decision"], decision, "{words}");
    }
}

#[tokio::test]
async fn a_server_starts_without_its_file_of_weights() {
    let server = Server::with(HELP).configured("[search]\ndecision = \"no-such-file.json\"").start().await;
    assert_eq!(server.search("reset your password&lang=en").await["decision"], "answer");
    let ready = server.json("/readyz").await;
    assert_eq!(ready["ready"], true);
    assert!(ready["faults"][0].as_str().unwrap().starts_with("no-such-file.json: "), "{ready}");
}
