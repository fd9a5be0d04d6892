//! `zerodesk check` as writers and build servers run it: exit codes, choices and formats.

use std::fs;

use serde_json::Value;

use crate::support::program::{Ended, Program, run};

/// One error and two warnings: a link to nowhere, no description, a day that is long over.
const FAULTY: &str = "---\ntitle: The lamp\nreview_by: 2020-01-01\n---\n\nSee [the tank](tank.md).\n";
const GOOD: &str = "# The lamp\n\nThe lamp blinks.\n";

fn check(article: &str, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("docs/help")).unwrap();
    fs::write(folder.path().join("docs/help/lamp.md"), article).unwrap();
    run(folder.path(), &[&["check", "docs/help"], arguments].concat())
}

#[test]
fn the_exit_code_is_what_a_build_needs() {
    let warnings = ["--allow", "broken-link"];
    for (article, arguments, code, last) in [
        (GOOD, &[][..], 0, "1 article: 0 errors, 0 warnings"),
        (GOOD, &["--strict"], 0, "1 article: 0 errors, 0 warnings"),
        (FAULTY, &[], 1, "1 article: 1 error, 2 warnings"),
        (FAULTY, &warnings, 0, "1 article: 0 errors, 2 warnings"),
        (FAULTY, &[warnings[0], warnings[1], "--strict"], 1, "1 article: 0 errors, 2 warnings"),
        (
            FAULTY,
            &["--allow", "broken-link,stale", "--allow", "missing-description", "--strict"],
            0,
            "1 article: 0 errors, 0 warnings",
        ),
    ] {
        let ended = check(article, arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}{}", ended.output, ended.log);
        assert_eq!(ended.output.lines().last(), Some(last), "{arguments:?}");
        assert_eq!(ended.log, "", "{arguments:?}: nothing but the report where no one looks");
    }
}

#[test]
fn a_wrong_choice_is_told_with_what_there_is() {
    for (arguments, words) in [
        (&["--allow", "spelling"][..], &["broken-link", "question-not-found"][..]),
        (&["--format", "xml"], &["text", "json", "sarif", "github", "gitlab"]),
    ] {
        let ended = check(GOOD, arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(words.iter().all(|word| ended.log.contains(word)), "{arguments:?}: {}", ended.log);
    }
}

#[test]
fn services_find_files_from_where_the_command_runs() {
    let json = |format| serde_json::from_str::<Value>(&check(FAULTY, &["--format", format]).output).unwrap();
    let sarif = json("sarif");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "docs/help/lamp.md");
    }
    assert_eq!(json("gitlab")[0]["location"]["path"], "docs/help/lamp.md");
    let plain = json("json");
    assert_eq!((&plain["folder"], &plain["problems"][0]["path"]), (&"docs/help".into(), &"lamp.md".into()));
    let github = check(FAULTY, &["--format", "github"]).output;
    assert!(github.contains("::error file=docs/help/lamp.md,line=6,col=5,title=broken-link::"), "{github}");
    assert!(github.contains("::warning file=docs/help/lamp.md,line=3,col=12,title=stale::"), "{github}");
    assert_eq!(check(FAULTY, &["--format", "text"]).output.matches("\nlamp.md:").count(), 2, "beside the first line");
}

#[tokio::test]
async fn a_link_is_a_problem_exactly_where_it_fails_visitors() {
    let links = [
        ("[x](lamp.md)", true),
        ("[x](lamp)", true),
        ("[x](lamp.html#stand)", true),
        ("[x](../docs/lamp.md?a=b)", true),
        ("[x](the-lamp)", true),
        ("[x](../light)", true),
        ("[x](/a/the-lamp)", true),
        ("[x](/a/light)", true),
        ("[x](/a/the-lamp.md)", true),
        ("[[The Lamp]]", true),
        ("[[the-lamp|x]]", true),
        ("[[Why is it on?]]", true),
        ("[x][1]\n\n[1]: lamp.md", true),
        ("![x](lamp.png)", true),
        ("[x](tank.md)", false),
        ("[x](../lamp.md)", false),
        ("[x](/a/lamp)", false),
        ("[x](draft.md)", false),
        ("[x](table.csv)", false),
        ("[[The tank]]", false),
        ("[[A draft]]", false),
        ("![x](tank.png)", false),
    ];
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("articles/docs");
    fs::create_dir_all(&docs).unwrap();
    fs::write(docs.join("lamp.md"), "---\nslug: the-lamp\naliases: light\n---\n# The lamp\n\n## Stand\n").unwrap();
    fs::write(docs.join("draft.md"), "---\ndraft: true\n---\n# A draft\n").unwrap();
    fs::write(docs.join("on.md"), "# Why is it on?\n").unwrap();
    for file in ["lamp.png", "table.csv"] {
        fs::write(docs.join(file), "x").unwrap();
    }
    for (at, (link, _)) in links.iter().enumerate() {
        fs::write(docs.join(format!("from-{at}.md")), format!("# From {at}\n\n{link}\n")).unwrap();
    }
    let report = run(folder.path(), &["check", "articles"]).output;
    let program = Program::start(folder.path());
    for (at, (link, works)) in links.into_iter().enumerate() {
        let page = reqwest::Url::parse(&format!("{}/a/docs-from-{at}", program.url)).unwrap();
        let article = format!("{}/api/v1/articles/docs-from-{at}", program.url);
        let client = crate::support::client_with(reqwest::redirect::Policy::default());
        let article: Value = client.get(article).send().await.unwrap().json().await.unwrap();
        let html = article["html"].as_str().unwrap();
        let address = html.split("href=\"").nth(1).or_else(|| html.split("src=\"").nth(1)).unwrap();
        let address = address.split('"').next().unwrap().replace("&amp;", "&");
        let reply = client.get(page.join(&address).unwrap()).send().await.unwrap();
        assert_eq!(reply.status().is_success(), works, "{link}: {html}");
        let told = report.contains(&format!("docs/from-{at}.md:3:1: error[broken-link]"));
        assert_eq!(told, !works, "{link}: {report}");
    }
}
