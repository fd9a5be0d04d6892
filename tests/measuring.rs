//! Measuring: what `zerodesk eval` prints, writes and refuses, run as those who keep quality run it.

use std::{fs, path::Path};

use crate::support::program::{Ended, run};

/// Two sets; the second has the articles of the first and no unanswerable questions.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("one/articles/lamp.md", "---\nlang: en\n---\n# The blue lamp\n\nThe blue lamp blinks when it is warm.\n"),
        ("one/articles/nl/lamp.md", "# De blauwe lamp\n\nDe blauwe lamp knippert als hij warm is.\n"),
        ("one/articles/door.md", "---\nlang: en\n---\n# The door\n\nPush the green handle to open the door.\n"),
        (
            "one/queries.tsv",
            "q1\tblue lamp blinks\ten\tclean\nq2\tblauwe lam\tnl,en\tprefix\nq3\tgreen hnadle\ten\ttypo\n",
        ),
        ("one/qrels.tsv", "q1\t0\tlamp\t1\nq2\t0\tnl/lamp\t1\nq3\t0\tdoor\t1\n"),
        ("one/unanswerable.tsv", "u1\tholiday on the moon\ten\n"),
        ("two/queries.tsv", "q1\tpush the handle\n"),
        ("two/qrels.tsv", "q1\t0\tdoor\t1\n"),
        ("two/unanswerable.tsv", ""),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn eval(folder: &Path, arguments: &str) -> Ended {
    let arguments: Vec<&str> = ["eval"].into_iter().chain(arguments.split_whitespace()).collect();
    run(folder, &arguments)
}

#[test]
fn figures_are_shown_by_set_and_part_with_what_they_rest_on() {
    let folder = folder();
    let ended = eval(folder.path(), "one two --articles one/articles --by kind");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let rows: Vec<Vec<&str>> = ended.output.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {}", ended.output));
    assert_eq!(row("set"), &["set", "questions", "nDCG", "MRR", "Rec.", "S@1", "S@3", "AUROC", "FPR", "ECE"]);
    assert_eq!(row("one")[1..8], ["3+1", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000"]);
    assert_eq!(row("two")[1..], ["1+0", "1.000", "1.000", "1.000", "1.000", "1.000", "-", "-", "-"]);
    assert_eq!(row("mean")[1], "4+1");
    for kind in ["clean", "prefix", "typo"] {
        assert_eq!(row(kind)[1..3], ["1+0", "1.000"], "{kind}");
    }
    assert!(ended.output.lines().all(|line| line.chars().count() <= 80), "{}", ended.output);
    let by_language = eval(folder.path(), "one --by language --curves").output;
    assert!(by_language.contains("\n  nl "), "{by_language}");
    assert!(by_language.contains("is the confidence true?") && by_language.contains("100 %"), "{by_language}");
    assert!(by_language.lines().all(|line| line.chars().count() <= 80), "{by_language}");
}

#[test]
fn everything_is_written_for_other_tools_too() {
    let folder = folder();
    let files = "--plots plots --run runs --confidence confidences --write-floor kept/floor.toml";
    let ended = eval(folder.path(), &format!("one two --articles one/articles --json {files}"));
    let reply: serde_json::Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(reply["sets"][0]["set"], "one");
    assert_eq!(reply["sets"][0]["figures"]["success_3"], 1.0);
    assert_eq!(reply["sets"][0]["reliability"].as_array().unwrap().len(), 10);
    assert_eq!(reply["sets"][1]["figures"]["auroc"], serde_json::Value::Null);
    assert_eq!(reply["mean"]["answerable"], 4);
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    for set in ["one", "two", "all"] {
        assert!(read(&format!("plots/{set}-reliability.svg")).starts_with("<svg"));
        assert!(read(&format!("plots/{set}-risk-coverage.svg")).starts_with("<svg"));
    }
    assert!(read("runs/one.run").contains("q2 Q0 nl/lamp 1 "), "{}", read("runs/one.run"));
    assert_eq!(read("confidences/one.tsv").lines().count(), 4);
    let kept = eval(folder.path(), "one two --articles one/articles --floor kept/floor.toml");
    assert_eq!(kept.code, Some(0), "a new floor is kept: {}", kept.log);
}

#[test]
fn what_is_below_the_floor_fails_by_name() {
    let folder = folder();
    fs::write(folder.path().join("one/qrels.tsv"), "q1\t0\tdoor\t1\nq2\t0\tnl/lamp\t1\nq3\t0\tdoor\t1\n").unwrap();
    for (floor, code, words) in [
        ("[one]\nsuccess_1 = 0.6\n", 0, ""),
        (
            "[one]\nsuccess_1 = 0.9\n",
            1,
            "below the floor: floor.toml:2: one: success_1 must be at least 0.900 and is 0.6667",
        ),
        ("[mean]\nrecall_10 = 1\n", 1, "floor.toml:2: mean: recall_10"),
        ("[other]\nece = 0.1\n", 1, "floor.toml:2: no set `other` is measured, but one, mean"),
        ("[one]\nauc = 0.1\n", 1, "floor.toml:2: there is no figure `auc`"),
    ] {
        fs::write(folder.path().join("floor.toml"), floor).unwrap();
        let ended = eval(folder.path(), "one --floor floor.toml");
        assert_eq!(ended.code, Some(code), "{floor}: {}", ended.log);
        assert!(ended.log.contains(words), "{floor}: {}", ended.log);
    }
}

#[test]
fn a_set_that_cannot_be_measured_says_why_in_one_message() {
    let folder = folder();
    fs::write(folder.path().join("broken.tsv"), "").unwrap();
    for (arguments, words) in [
        ("nowhere", &["nowhere/queries.tsv", "a set is a folder with"][..]),
        ("two", &["two", "articles", "--articles"]),
        ("one one", &["a set called `one`", "rename"]),
        ("one --floor nowhere.toml", &["nowhere.toml", "--write-floor"]),
        ("one --plots broken.tsv/plots", &["broken.tsv/plots"]),
    ] {
        let ended = eval(folder.path(), arguments);
        assert_eq!(ended.code, Some(1), "{arguments}: {}", ended.log);
        assert_eq!(ended.log.lines().count(), 1, "{arguments}: {}", ended.log);
        assert!(words.iter().all(|word| ended.log.contains(word)), "{arguments}: {}", ended.log);
    }
    fs::write(folder.path().join("two/queries.tsv"), "q1\tpush the handle\nq2\topen\n").unwrap();
    let ended = eval(folder.path(), "two --articles one/articles");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.contains("two: not asked") && ended.log.contains("q2"), "{}", ended.log);
}
