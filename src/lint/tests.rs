use std::fs;

use jiff::civil::date;

use super::*;
use crate::config::Config;

fn rules() -> Rules {
    let config = Config::default();
    Rules {
        today: date(2026, 11, 22),
        default_language: "en".to_owned(),
        languages: Vec::new(),
        public_url: "https://help.example.com".to_owned(),
        sites: config.sites.into_values().collect(),
        search: config.search,
        allowed: BTreeSet::new(),
    }
}

/// Files of a folder: path and text.
type Files<'a> = &'a [(&'a str, &'a str)];

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|p| format!("{}:{}:{} {}", p.path, p.line, p.column, p.code.as_str())).collect()
}

/// Problems that need no search, as `path:line:column code`.
fn found_within(files: Files<'_>, rules: &Rules) -> Vec<String> {
    let written: Vec<Written> =
        files.iter().map(|(path, text)| Written::read(path, text.as_bytes(), &rules.default_language)).collect();
    told(&within(&written, rules, &|path| ["media/cat.png", "docs/data.csv", "docs/draft.md"].contains(&path)))
}

/// All problems of a folder on disk.
fn found(files: Files<'_>, rules: &Rules) -> Vec<Problem> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check(&Directory::open(folder.path()).unwrap(), rules, &mut |_, _, _| {}).unwrap().problems
}

/// Articles that are found and have nothing to do with the others.
fn others(count: usize, folder: &str) -> Vec<(String, String)> {
    let words = ["apple", "bridge", "candle", "desert", "engine", "forest", "guitar", "harbour", "island", "jacket"];
    let one = |word: &&str| (format!("{folder}{word}.md"), format!("# The {word}\n\nAll about a {word}.\n"));
    words.iter().take(count).map(one).collect()
}

fn as_files(owned: &[(String, String)]) -> Vec<(&str, &str)> {
    owned.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

#[test]
fn links_and_anchors_that_lead_nowhere_are_found() {
    let other = "---\nslug: docs-other\naliases: [earlier, /old/way]\ndescription: d\n---\n# Other\n\n## Part one\n\n<a name=\"own\"></a>\n\n## Größe\n";
    let table = [
        ("[x](other.md)", None),
        ("[x](./other.md#part-one)", None),
        ("[x](other#part-one)", None),
        ("[x](other.html)", None),
        ("[x](../docs/other.md#own)", None),
        ("[x](other.md#gr%C3%B6%C3%9Fe)", None),
        ("[x](other.md?view=1#part-one)", None),
        ("[x](../docs-other#part-one)", None),
        ("[x](docs-other#part-one) [x](earlier)", None),
        ("[x](../earlier#part-one)", None),
        ("[x](../nl/b.md#stap-een) [y](../nl/b.md)", None),
        ("[x][ref] [ref]\n\n[ref]: other.md#part-one", None),
        ("[x](/a/docs-other#part-one)", None),
        ("[x](/a/docs-other.md)", None),
        ("[x](/a/earlier/#part-one)", None),
        ("[x](/somewhere/else)", None),
        ("[x](https://help.example.com/a/docs-other#part-one)", None),
        ("<https://help.example.com/a/earlier> <https://help.example.com> <https://help.example.com#x>", None),
        ("[x](https://help.example.community/a/nowhere)", None),
        ("[x](https://example.org/x#y) <me@example.org> [y](mailto:a@b.c) [z](tel:1)", None),
        ("[x](#title)", None),
        ("![x](../media/cat.png)", None),
        ("![x](/media/media/cat.png)", None),
        ("[[Other]] [[other]] [[docs-other|x]] [[Other#Part one]]", None),
        ("`[x](nowhere.md)`", None),
        ("[x](nowhere.md)", Some("3:1 broken-link")),
        ("text [x](nowhere.md)", Some("3:6 broken-link")),
        ("[x](../../outside.md)", Some("3:1 broken-link")),
        ("[x](../nl/a.md)", Some("3:1 broken-link")),
        ("[x][ref]\n\n[ref]: nowhere.md", Some("3:1 broken-link")),
        ("[x][ref]\n\n[ref]: other.md#part-two", Some("3:1 broken-anchor")),
        ("![x](dog.png)", Some("3:1 broken-link")),
        ("![x][ref]\n\n[ref]: dog.png", Some("3:1 broken-link")),
        ("<img src=\"dog.png\">", Some("3:1 broken-link")),
        ("[x](/a/nowhere)", Some("3:1 broken-link")),
        ("[x](https://help.example.com/a/nowhere)", Some("3:1 broken-link")),
        ("[x](https://help.example.com/a/docs-other#part-two)", Some("3:1 broken-anchor")),
        ("![x](/media/dog.png)", Some("3:1 broken-link")),
        ("[[Nowhere]]", Some("3:1 broken-link")),
        ("[x](draft.md)", Some("3:1 broken-link")),
        ("[x](data.csv)", Some("3:1 broken-link")),
        ("[x](/media/docs/data.csv)", Some("3:1 broken-link")),
        ("[x](#nowhere)", Some("3:1 broken-anchor")),
        ("[x](other.md#part-two)", Some("3:1 broken-anchor")),
        ("[x](../earlier#part-two)", Some("3:1 broken-anchor")),
        ("[x](../nl/b.md#step-one)", Some("3:1 broken-anchor")),
        ("::: note\n[x](nowhere.md)\n:::", Some("4:3 broken-link")),
    ];
    for (text, expected) in table {
        let body = format!("# Title\n\n{text}\n");
        let files = [
            ("docs/a.md", body.as_str()),
            ("docs/other.md", other),
            ("docs/draft.md", "---\ndraft: true\n---\n# Draft\n\n[x](draft.md)\n"),
            ("nl/b.md", "# Bee\n\n## Stap een\n"),
        ];
        let found = found_within(&files, &rules());
        let expected: Vec<_> = expected.iter().map(|place| format!("docs/a.md:{place}")).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_broken_link_is_told_with_what_was_probably_meant() {
    let table = [
        ("[x](papers.md)", "correct the path"),
        ("[x](paper.md)", "did you mean printer/paper.md?"),
        ("[x](/a/paper)", "did you mean printer/paper.md?"),
        ("[[Papers]]", "write the title of an article"),
        ("[x](draft.md)", "publish that article"),
        ("[x](printer/paper.md#cut)", "did you mean `#cut-it`?"),
        ("[x](printer/paper.md#fold)", "use the words of a heading"),
    ];
    for (text, help) in table {
        let files = [
            ("a.md", text),
            ("printer/paper.md", "# All about paper\n\n## Cut it"),
            ("draft.md", "---\ndraft: true\n---\n"),
        ];
        let written = files.map(|(path, text)| Written::read(path, text.as_bytes(), "en"));
        let problems = within(&written, &rules(), &|_| false);
        let told = problems.iter().find(|problem| problem.code != ProblemCode::MissingTitle).unwrap();
        assert!(told.help.starts_with(help), "{text}: {told}");
    }
}

#[test]
fn names_that_clash_or_lead_nowhere_are_found_where_they_are_written() {
    let table: [(&str, &str, &[&str]); 15] = [
        (
            "---\nslug: x\ndescription: d\n---\n# A",
            "---\ndescription: d\nslug: x\n---\n# B",
            &["b.md:3:7 duplicate-slug"],
        ),
        ("---\nslug: x\ndraft: true\n---\n# A", "---\nslug: x\ndescription: d\n---\n# B", &[]),
        ("# Same", "text\n\n# same", &["b.md:3:1 duplicate-title"]),
        ("# Same", "---\ntitle: \"same\"\ndescription: d\n---\n", &["b.md:2:9 duplicate-title"]),
        ("---\nlang: en\ndescription: d\n---\n# Same", "---\nlang: nl\ndescription: d\n---\n# Same", &[]),
        ("# A", "---\naliases: [/a]\ndescription: d\n---\n# B", &["b.md:2:11 alias-taken"]),
        ("# A", "---\naliases:\n  - z\n  - a\ndescription: d\n---\n# B", &["b.md:4:5 alias-taken"]),
        ("# A", "---\naliases: [b, /old/a, c]\ndescription: d\n---\n# B", &[]),
        (
            "---\naliases: [/old]\ndescription: d\n---\n# A",
            "---\nredirect_from: Old/\ndescription: d\n---\n# B",
            &["b.md:2:16 alias-taken"],
        ),
        ("---\naliases: [/old]\ndraft: true\n---\n# A", "---\naliases: [/old]\ndescription: d\n---\n# B", &[]),
        ("# A", "---\nrelated: [a, a.md, ./a, zz]\ndescription: d\n---\n# B", &["b.md:2:25 broken-relation"]),
        ("text", "---\ntitle: B\n---\n", &["a.md:1:1 missing-title", "b.md:1:1 missing-description"]),
        ("---\nreview_by: 2026-11-21\ndescription: d\n---\n# A", "# B", &["a.md:2:12 stale"]),
        ("---\nreview_by: 2026-11-22\ndescription: d\n---\n# A", "# B", &[]),
        ("---\nlevel: 7\ndescription: d\n---\n# A", "# B", &["a.md:2:1 field-value"]),
    ];
    for (a, b, expected) in table {
        let found = found_within(&[("a.md", a), ("b.md", b)], &rules());
        assert_eq!(found, expected, "{a}\n{b}");
    }
}

#[test]
fn a_translation_is_missed_where_the_folder_makes_it_likely() {
    let of = |count, folder| others(count, folder);
    let table = [
        ("nearly all have it", of(8, "nl/"), "", "island jacket"),
        ("some have it", of(7, "nl/"), "", ""),
        ("a handful has it", of(5, "nl/"), "", ""),
        ("translated into one and not the other", [of(7, "nl/"), of(6, "de/")].concat(), "", "guitar"),
        ("translated into few of many", [of(7, "nl/"), of(6, "de/"), of(10, "fr/")].concat(), "", ""),
        ("translated into one and not into a trial", [of(7, "nl/"), of(5, "de/")].concat(), "", ""),
        ("asked for", of(8, "nl/"), "nl", "island jacket"),
        ("asked for, the original too", of(9, "nl/"), "en nl", "jacket"),
        (
            "asked for as the first",
            of(0, "nl/"),
            "fr",
            "apple bridge candle desert engine forest guitar harbour island jacket",
        ),
    ];
    for (name, translations, languages, expected) in table {
        let files = [of(10, ""), translations].concat();
        let rules = Rules { languages: languages.split_whitespace().map(str::to_owned).collect(), ..rules() };
        let expected: Vec<String> =
            expected.split_whitespace().map(|word| format!("{word}.md:1:1 missing-translation")).collect();
        let mut found = found_within(&as_files(&files), &rules);
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_handful_of_articles_is_not_told_about_links() {
    let few = [("a.md", "# A\n\n[b](b.md)"), ("b.md", "# B\n\n[a](a.md)"), ("c.md", "# C")];
    assert_eq!(found_within(&few, &rules()), [""; 0]);
}

#[test]
fn a_draft_is_a_translation_on_its_way() {
    let mut files = [others(10, ""), others(9, "nl/")].concat();
    assert_eq!(found_within(&as_files(&files), &rules()), ["jacket.md:1:1 missing-translation"]);
    files.push(("nl/jacket.md".to_owned(), "---\ndraft: true\n---\n# The jacket\n".to_owned()));
    assert_eq!(found_within(&as_files(&files), &rules()), [""; 0]);
}

#[test]
fn an_article_that_nothing_leads_to_is_told_where_articles_lead_to_each_other() {
    let table: [(&str, Files<'_>, &[&str]); 7] = [
        ("a link", &[("a.md", "# A\n\n[b](b.md)"), ("b.md", "# B\n\n[[A]]"), ("c.md", "# C")], &["c.md"]),
        ("related", &[("a.md", "---\ndescription: d\nrelated: b\n---\n# A\n\n[x](/)"), ("b.md", "# B")], &["a.md"]),
        ("to itself", &[("a.md", "# A\n\n[a](a.md) [a](/a/a) [here](#a)")], &["a.md"]),
        ("by the full address", &[("a.md", "# A\n\n[x](https://help.example.com/a/b)"), ("b.md", "# B")], &["a.md"]),
        ("from a draft", &[("a.md", "# A"), ("b.md", "---\ndraft: true\n---\n[a](a.md)")], &["a.md"]),
        (
            "translations are one article",
            &[
                ("a.md", "# A\n\n[bee](nl/b.md)"),
                ("nl/a.md", "# Aa\n\n[a](../a.md)"),
                ("b.md", "# B"),
                ("nl/b.md", "# Bee"),
            ],
            &["a.md"],
        ),
        (
            "beginnings and unlisted articles",
            &[
                ("guide/index.md", "# A"),
                ("README.md", "# B"),
                ("c.md", "---\nunlisted: true\ndescription: d\n---\n# C"),
            ],
            &[],
        ),
    ];
    // Six that lead to each other in a circle, which makes it a habit.
    let mut circle = others(6, "");
    for at in 0..6 {
        let next = circle[(at + 1) % 6].0.clone();
        circle[at].1 += &["[next](", &next, ")\n"].concat();
    }
    for (name, files, expected) in table {
        let expected: Vec<_> = expected.iter().map(|path| format!("{path}:1:1 orphan")).collect();
        assert_eq!(found_within(&[&as_files(&circle), files].concat(), &rules()), expected, "{name}");
        assert_eq!(
            found_within(&[&as_files(&others(10, "")), files].concat(), &rules()),
            [""; 0],
            "{name}, but no habit"
        );
    }
}

/// Five articles that claim one question, and one that nobody can ask for.
const LAMPS: [(&str, &str); 6] = [
    ("a.md", "---\ndescription: d\nquestions: blue lamp\n---\n# The blue lamp blinks\n\nA blue lamp blinks.\n"),
    ("b.md", "---\ndescription: d\nquestions: blue lamp\n---\n# The blue lamp is hot\n\nA blue lamp is hot.\n"),
    ("c.md", "---\ndescription: d\nquestions: blue lamp\n---\n# The blue lamp is off\n\nA blue lamp is off.\n"),
    ("d.md", "---\ndescription: d\nquestions:\n  - cardboard\n  - Blue lamp\n---\n# Packaging\n\nFold it.\n"),
    ("e.md", "---\ndescription: d\nunlisted: true\nquestions: blue lamp\n---\n# Unlisted\n"),
    ("f.md", "# ?!\n\nNothing to ask for.\n"),
];

#[test]
fn titles_and_questions_that_do_not_find_their_article_are_told_with_what_stands_in_the_way() {
    let problems = found(&LAMPS, &rules());
    assert_eq!(told(&problems), ["d.md:5:5 question-not-found", "f.md:1:1 title-not-found"], "{problems:?}");
    let line = problems[0].to_string();
    let first = ["a.md (`The", "b.md (`The", "c.md (`The"].into_iter().find(|first| line.contains(first));
    assert!(line.contains("the question `Blue lamp`") && line.contains("number 4"), "{line}");
    assert!(first.is_some() && line.contains("has it among its `questions`"), "{line}");
    assert!(problems[1].message.contains("nothing is found"), "{}", problems[1]);
    let titles = Rules { allowed: [ProblemCode::QuestionNotFound].into(), ..rules() };
    assert_eq!(told(&found(&LAMPS, &titles)), ["f.md:1:1 title-not-found"]);
}

#[test]
fn an_article_is_searched_in_its_language_and_within_its_site() {
    let of = |folder: &str| LAMPS.map(|(path, text)| (format!("{folder}{path}"), text.to_owned())).to_vec();
    let split = [of("one/")[..2].to_vec(), of("two/")[2..4].to_vec()].concat();
    let site = |folder: &str| Site { folders: vec![folder.to_owned()], ..Site::default() };
    let sites = |folders: &[&str]| Rules { sites: folders.iter().map(|folder| site(folder)).collect(), ..rules() };
    let languages = [of("")[..2].to_vec(), of("nl/")[2..4].to_vec()].concat();
    assert_eq!(told(&found(&as_files(&split), &rules())).len(), 1, "one site");
    assert_eq!(told(&found(&as_files(&split), &sites(&["one", "two"]))), [""; 0], "two sites");
    assert_eq!(told(&found(&as_files(&of("two/")[..4]), &sites(&["one"]))), [""; 0], "no site shows them");
    assert_eq!(told(&found(&as_files(&languages), &rules())), [""; 0], "two languages");
}

#[test]
fn one_title_for_two_articles_is_one_problem() {
    let same = [("a.md", "# Same\n\ntext"), ("b.md", "# Same\n\ntext"), ("c.md", "# Same"), ("d.md", "# Same\n\nelse")];
    let problems = found(&same, &rules());
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|problem| problem.code == ProblemCode::DuplicateTitle), "{problems:?}");
}

#[test]
fn what_is_allowed_is_not_told() {
    let files = [("a.md", "text [x](nowhere.md) [y](#z)")];
    for (allowed, expected) in [
        (&[][..], &["a.md:1:1 missing-title", "a.md:1:6 broken-link", "a.md:1:22 broken-anchor"][..]),
        (&[ProblemCode::BrokenLink, ProblemCode::MissingTitle], &["a.md:1:22 broken-anchor"]),
        (&ProblemCode::ALL, &[]),
    ] {
        let rules = Rules { allowed: allowed.iter().copied().collect(), ..rules() };
        assert_eq!(told(&found(&files, &rules)), expected);
    }
}
