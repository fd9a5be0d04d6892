use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn article(text: &str) -> Article {
    let parsed = parse("test.md", text.as_bytes());
    assert_eq!(parsed.problems, [], "{text}");
    parsed.article
}

fn head(fields: &str) -> FrontMatter {
    article(&format!("---\n{fields}\n---\nText.\n")).front_matter
}

type Check = fn(&FrontMatter) -> bool;

/// Problems as `line:column code`.
fn faults(text: impl AsRef<[u8]>) -> Vec<String> {
    let parsed = parse("test.md", text.as_ref());
    parsed.problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.code.as_str())).collect()
}

/// Sections as `anchor|heading path|line|blocks`.
fn sections(text: &str) -> Vec<String> {
    article(text).sections.iter().map(show).collect()
}

fn show(section: &Section) -> String {
    let Section { anchor, heading, line, blocks } = section;
    let blocks: Vec<String> = blocks.iter().map(|block| format!("{:?}({})", block.kind, block.text)).collect();
    format!("{anchor}|{}|{line}|{}", heading.join(">"), blocks.join(" "))
}

fn blocks(text: &str) -> Vec<String> {
    let sections = article(text).sections;
    sections.iter().flat_map(|s| &s.blocks).map(|block| format!("{:?}: {}", block.kind, block.text)).collect()
}

#[test]
fn every_spelling_of_a_field_means_the_same() {
    let day = Some(date(2024, 5, 31));
    let table: [(&str, Check); 52] = [
        ("title: A title", |f| f.title == "A title"),
        ("title: 404", |f| f.title == "404"),
        ("title: \"Quoted: yes\"", |f| f.title == "Quoted: yes"),
        ("title: >\n  folded\n  text", |f| f.title == "folded text"),
        ("title: MSFT\\_Process", |f| f.title == "MSFT_Process"),
        ("description: x", |f| f.description.as_deref() == Some("x")),
        ("slug: Set Up", |f| f.slug == "set-up"),
        ("permalink: /docs/set-up/", |f| f.slug == "set-up"),
        ("path: docs/set-up", |f| f.slug == "set-up"),
        ("id: set-up", |f| f.slug == "set-up"),
        ("id: b\nslug: a", |f| f.slug == "a"),
        ("aliases: [a, /b/c]", |f| f.aliases == ["a", "/b/c"]),
        ("redirect_from: /old", |f| f.aliases == ["/old"]),
        ("redirect_from:\n  - /old\n  - /older", |f| f.aliases == ["/old", "/older"]),
        ("tags: a, b c,", |f| f.tags == ["a", "b c"]),
        ("tags: [a, 2]", |f| f.tags == ["a", "2"]),
        ("tags:\n- a\n- b", |f| f.tags == ["a", "b"]),
        ("lang: nl", |f| f.lang.as_deref() == Some("nl")),
        ("lang: no", |f| f.lang.as_deref() == Some("no")),
        ("language: pt_br", |f| f.lang.as_deref() == Some("pt-BR")),
        ("draft: true", |f| f.draft),
        ("draft: \"yes\"", |f| f.draft),
        ("published: false", |f| f.draft),
        ("published: 2024-05-31", |f| !f.draft && f.created.is_some()),
        ("unlisted: true", |f| f.unlisted),
        ("in_search_index: false", |f| !f.searchable),
        ("pagefind: false", |f| !f.searchable),
        ("title: x", |f| f.searchable && !f.draft && !f.unlisted),
        ("weight: 3", |f| f.weight == Some(3.0)),
        ("sidebar_position: 2.5", |f| f.weight == Some(2.5)),
        ("sidebar:\n  order: 7", |f| f.weight == Some(7.0) && f.extra.is_empty()),
        ("sidebar: {order: 7, label: x}", |f| f.weight == Some(7.0) && f.extra["sidebar"] == json!({"label": "x"})),
        ("sidebar.order: 7", |f| f.weight == Some(7.0)),
        ("author: Ann", |f| f.authors == ["Ann"]),
        ("authors: [Ann, {name: Bob, url: x}]", |f| f.authors == ["Ann", "Bob"]),
        ("authors: Ann, Bob", |f| f.authors == ["Ann", "Bob"]),
        ("author: {name: Ann}", |f| f.authors == ["Ann"]),
        ("kind: FAQ", |f| f.kind.as_deref() == Some("faq")),
        ("ms.topic: troubleshooting", |f| f.kind.as_deref() == Some("troubleshooting")),
        ("audience: admins, users", |f| f.audience == ["admins", "users"]),
        ("product: mail", |f| f.product == ["mail"]),
        ("products: [mail, chat]", |f| f.product == ["mail", "chat"]),
        ("versions: [1.10, 2.0]", |f| f.versions == ["1.10", "2.0"]),
        ("level: 2", |f| f.level == Some(2)),
        ("questions:\n- How, then?\n- \"Why: really?\"", |f| f.questions == ["How, then?", "Why: really?"]),
        ("questions: How, then?", |f| f.questions == ["How, then?"]),
        ("related: [a, b]", |f| f.related == ["a", "b"]),
        ("synonyms: sign-in, log in", |f| f.synonyms == ["sign-in", "log in"]),
        ("lastUpdated: false", |f| f.updated.is_none()),
        ("title:\ndescription: ~", |f| f.title == "Test" && f.description.is_none()),
        ("last_update:\n  date: 5/31/2024\n  author: Ann", |f| f.updated.is_some() && f.authors == ["Ann"]),
        ("Custom_Key: {a: [1, true, null, 1.5]}", |f| f.extra["Custom_Key"] == json!({"a": [1, true, null, 1.5]})),
    ];
    for (fields, check) in table {
        let head = head(fields);
        assert!(check(&head), "{fields}\n{head:#?}");
    }
    for written in [
        "2024-05-31",
        "2024-5-31",
        "2024-05-31 10:00:00",
        "2024-05-31T10:00:00Z",
        "2024-05-31T10:00:00+02:00",
        "\"2024-05-31\"",
        "05/31/2024",
        "5/31/2024",
        "2024/05/31",
    ] {
        for key in ["updated", "lastUpdated", "last_updated", "ms.date", "last_update"] {
            assert_eq!(head(&format!("{key}: {written}")).updated, day, "{key}: {written}");
        }
        assert_eq!(head(&format!("date: {written}")).created, day);
        assert_eq!(head(&format!("created: {written}")).created, day);
        assert_eq!(head(&format!("review_by: {written}")).review_by, day);
    }
}

#[test]
fn toml_means_the_same_as_yaml() {
    let text = "+++\ntitle = \"A\"\ntags = [\"x\", \"y\"]\ndate = 2024-05-31\nlevel = 1\nversions = [1.10]\ndraft = true\n\
        [sidebar]\norder = 2\n[own]\nkey = 1979-05-27T07:32:00Z\n+++\n# A\nBody\n";
    let parsed = article(text);
    let head = &parsed.front_matter;
    assert_eq!((head.title.as_str(), head.level, head.weight, head.draft), ("A", Some(1), Some(2.0), true));
    assert_eq!(head.tags, ["x", "y"]);
    assert_eq!(head.created, Some(date(2024, 5, 31)));
    assert_eq!(head.versions, ["1.10"]);
    assert_eq!(head.extra["own"], json!({"key": "1979-05-27T07:32:00Z"}));
    assert_eq!(parsed.sections[0].line, 13);
}

#[test]
fn a_faulty_field_is_a_warning_at_its_key_and_the_rest_is_kept() {
    let table = [
        ("---\ntitle: [a]\ntags: x\n---\n", vec!["2:1 field-type"]),
        ("---\ntitle: ok\n  \ndraft: perhaps\n---\n", vec!["4:1 field-type"]),
        ("---\ndate: soon\nupdated: 2024-13-01\n---\n", vec!["2:1 field-value", "3:1 field-value"]),
        ("---\nlevel: 5\n---\n", vec!["2:1 field-value"]),
        ("---\nlevel: [1]\n---\n", vec!["2:1 field-type"]),
        ("---\nlang: english please\n---\n", vec!["2:1 field-value"]),
        ("---\nweight: heavy\n---\n", vec!["2:1 field-type"]),
        ("---\ntags: {a: b}\n---\n", vec!["2:1 field-type"]),
        ("---\ntitle: a\ntitle: b\n---\n", vec!["3:1 field-twice"]),
        ("---\nlast_update: {date: x}\n---\n", vec!["2:1 field-value"]),
        ("+++\ntitle = \"a\"\n  level = 9\n+++\n", vec!["3:3 field-value"]),
    ];
    for (text, expected) in table {
        assert_eq!(faults(text), expected, "{text}");
        assert!(!parse("a.md", text.as_bytes()).is_broken(), "{text}");
    }
    let parsed = parse("a.md", b"---\ntitle: [a]\ntags: x\n---\n# Real\n");
    assert_eq!(parsed.article.front_matter.title, "Real");
    assert_eq!(parsed.article.front_matter.tags, ["x"]);
    assert_eq!(
        parsed.problems[0].to_string(),
        "a.md:2:1: warning[field-type]: `title` is a list where text is expected; write text or leave it out"
    );
}

#[test]
fn a_broken_file_is_an_error_with_its_place_and_still_an_article() {
    let long = format!("---\ndescription: {}\n---\n# Title\n\ntext\n", "x".repeat(17_000));
    let table: [(&[u8], &[&str]); 9] = [
        (b"---\ntitle: a: b\n---\n# Title\n\ntext\n", &["2:9 front-matter-syntax"]),
        (b"---\ntitle: \"open\n---\n# Title\n\ntext\n", &["2:8 front-matter-syntax"]),
        (b"---\n- a\n- b: c\nd: e\n---\n# Title\n\ntext\n", &["4:1 front-matter-syntax"]),
        (b"---\na: 1\n\tb: 2\n---\n# Title\n\ntext\n", &["2:4 front-matter-syntax"]),
        (b"+++\ntitle = \n+++\n# Title\n\ntext\n", &["2:9 front-matter-syntax"]),
        (b"---\ntitle: never closed\n\n# Title\n\ntext\n", &["1:1 front-matter-unterminated"]),
        (long.as_bytes(), &["1:1 front-matter-too-large"]),
        (b"# Title\n\n\xc3\xa9t\xff text\n", &["3:3 invalid-utf8"]),
        (b"# Title\n\n\xc3", &["3:1 invalid-utf8"]),
    ];
    for (bytes, expected) in table {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        assert_eq!(faults(bytes), expected, "{shown}");
        let parsed = parse("a.md", bytes);
        assert!(parsed.is_broken(), "{shown}");
        assert_eq!(parsed.article.front_matter.title, "Title", "{shown}");
    }
}

#[test]
fn a_file_that_is_too_large_is_nothing_but_its_title() {
    let parsed = parse("docs/big-file.md", &vec![b'a'; MAX_ARTICLE_BYTES + 1]);
    assert_eq!(parsed.problems[0].code, ProblemCode::TooLarge);
    assert_eq!(parsed.article.front_matter.title, "Big file");
    assert_eq!(parsed.article.sections, [Section { anchor: String::new(), heading: vec![], line: 1, blocks: vec![] }]);
    assert!(parsed.article.body.is_empty());
}

#[test]
fn a_page_that_begins_with_a_rule_has_no_front_matter() {
    for text in ["---\n\nJust text.\n\n---\n\nMore.\n", "---\nJust text\n", "---\n", "---", "+++\ntext\n"] {
        assert_eq!(article(text).body, text);
    }
    for text in [
        "---\n---\nText\n",
        "---\n# only a comment: here\nlang: nl\n...\nText\n",
        "\u{feff}---\r\nlang: nl\r\n---\r\nText\n",
    ] {
        assert_eq!(article(text).body, "Text\n", "{text}");
    }
}

#[test]
fn bombs_are_refused_quickly() {
    let anchors = (1..30).fold("a0: &a0 [x,x]\n".to_owned(), |yaml, at| {
        let before = at - 1;
        format!("{yaml}a{at}: &a{at} [*a{before},*a{before},*a{before},*a{before}]\n")
    });
    let table = [
        anchors,
        format!("a: {}", "[".repeat(8_000)),
        format!("a: {}", "{a: ".repeat(2_000)),
        (0..120).fold(String::new(), |yaml, depth| yaml + &" ".repeat(depth) + "a:\n"),
        format!("b: c\n? {}", "- ".repeat(5_000)),
        "a: &a\n  <<: *a\n".to_owned(),
        format!("a: !!binary {}", "A".repeat(10_000)),
        "\t".repeat(10_000) + "a: b",
    ];
    for yaml in table {
        let started = std::time::Instant::now();
        let parsed = parse("bomb.md", format!("---\n{yaml}\n---\n# Title\n").as_bytes());
        assert!(started.elapsed().as_secs() < 5, "{}", &yaml[..40]);
        assert_eq!(parsed.article.front_matter.title, "Title", "{}", &yaml[..20]);
    }
    for toml in [format!("a = {}", "[".repeat(8_000)), format!("a{} = 1", ".a".repeat(4_000))] {
        assert_eq!(
            parse("bomb.md", format!("+++\n{toml}\n+++\n# Title\n").as_bytes()).article.front_matter.title,
            "Title"
        );
    }
    let megabyte = format!("---\na: {}\n---\n# Title\n", "x".repeat(1_000_000));
    assert_eq!(faults(megabyte), ["1:1 front-matter-too-large"]);
}

#[test]
fn sections_are_cut_at_headings() {
    let table = [
        ("", vec!["||1|"]),
        (
            "Lead.\n\n## A\n\na\n\n### B\n\nb\n\n## C\n",
            vec!["||1|Prose(Lead.)", "a|A|3|Prose(a)", "b|A>B|7|Prose(b)", "c|C|11|"],
        ),
        ("# Title\n\nLead.\n\n## A\n", vec!["||1|Prose(Lead.)", "a|A|5|"]),
        ("## A\n\n# B\n\n## A\n", vec!["||1|", "a|A|1|", "b|B|3|", "a-1|B>A|5|"]),
        ("---\ntitle: Other\n---\n# Title\n\nLead.\n\n## A\n", vec!["|Title|4|Prose(Lead.)", "a|A|8|"]),
        ("---\ntitle: title\n---\n# Title\n\nLead.\n", vec!["||4|Prose(Lead.)"]),
        ("---\ntitle: T\n---\n# A\n\na\n\n# B\n\nb\n", vec!["||4|", "a|A|4|Prose(a)", "b|B|8|Prose(b)"]),
        ("# A\n\na\n\n## Sub\n\n# B\n\n## Sub\n", vec!["||1|Prose(a)", "sub|Sub|5|", "b|B|7|", "sub-1|B>Sub|9|"]),
        ("# T\n\n## `code` *and* [link](x) {#own-id}\n", vec!["||1|", "own-id|code and link|3|"]),
        ("# T\n\n## GET /users/{id}\n", vec!["||1|", "get-usersid|GET /users/{id}|3|"]),
        ("# T\n\nSet\next\n---\n", vec!["||1|", "set-ext|Set ext|3|"]),
        ("# T\r\n\r\n## A\r\n", vec!["||1|", "a|A|3|"]),
        ("# T\n\n::: note Look\nx\n:::\n\n## A\n", vec!["||1|Prose(Look) Prose(x)", "a|A|7|"]),
        ("# T\n\n## a\n\n## a-1\n\n## a\n", vec!["||1|", "a|a|3|", "a-1|a-1|5|", "a-2|a|7|"]),
        ("# T\n\n> ## Quoted\n> text\n", vec!["||1|", "quoted|Quoted|3|Prose(text)"]),
        ("# T\n\n##\n\n## !!!\n", vec!["||1|", "section||3|", "section-1|!!!|5|"]),
    ];
    for (text, expected) in table {
        assert_eq!(sections(text), expected, "{text}");
    }
}

#[test]
fn everything_is_searched_as_text() {
    let table = [
        (
            "Some *emphasis*, `code`\nand [a link](https://example.org \"t\").",
            vec!["Prose: Some emphasis, code and a link."],
        ),
        (
            "- one\n- two\n  more\n\n  para\n  - nested\n",
            vec!["ListItem: one", "ListItem: two more", "ListItem: para", "ListItem: nested"],
        ),
        ("- tight\n  - nested\n- [x] done\n", vec!["ListItem: tight", "ListItem: nested", "ListItem: done"]),
        ("| A | B |\n|---|---|\n| 1 | `2` |\n", vec!["TableRow: A B", "TableRow: 1 2"]),
        ("```sh\nls  -l\n\n  x\n```\n", vec!["Code: ls  -l\n\n  x"]),
        ("See ![the *big* picture](x.png) here", vec!["Prose: See here", "Image: the big picture"]),
        ("> [!NOTE]\n> Mind this.\n", vec!["Prose: Mind this."]),
        ("> [!Warning] Title\n> Mind this.\n", vec!["Prose: Title", "Prose: Mind this."]),
        ("::: tip\nMind *this*.\n:::\n", vec!["Prose: Mind this."]),
        (":::image type=\"content\" source=\"a.png\" alt-text=\"A cat\":::\n", vec!["Image: A cat"]),
        ("See [[page|the page]] and [[other]].", vec!["Prose: See the page and other."]),
        ("a <b>bold</b><br>move <!-- hidden --> &amp; &eacute;", vec!["Prose: a bold move & é"]),
        (
            "<div>\n<p>One &lt;</p><img alt=\"cat\" src=x>\n<ul><li>Two</li></ul></div>",
            vec!["Prose: One <", "Image: cat", "ListItem: Two"],
        ),
        ("<table><tr><td>a</td><td>b</td></tr></table>", vec!["TableRow: a b"]),
        ("<!-- a\n\nb -->\n\n<script>\nlet x;\n\n</script>\n<style>a</style>\ntext", vec!["Prose: text"]),
        ("x <script>let hidden = 1;</script> y", vec!["Prose: x y"]),
        ("~~gone~~ <https://example.org/x>", vec!["Prose: gone https://example.org/x"]),
        ("text[^1]\n\n[^1]: a note\n", vec!["Prose: text[^1]", "Prose: [^1]: a note"]),
        ("***\n\n    indented\n", vec!["Code: indented"]),
    ];
    for (text, expected) in table {
        assert_eq!(blocks(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_given_comes_from_path_and_headings() {
    let table: [(&str, &str, [&str; 4]); 8] = [
        // path, text, [title, slug, language, translation key]
        ("nl/install.md", "# Installeren\n", ["Installeren", "nl-install", "nl", "install"]),
        ("install.nl.md", "text", ["Install", "nl-install", "nl", "install"]),
        ("nl/install.md", "---\nslug: installeren\nlang: nl-BE\n---\n", ["Install", "installeren", "nl-BE", "install"]),
        ("a/b.md", "---\ntranslationKey: k\n---\n## Only a part\n", ["B", "a-b", "-", "k"]),
        ("a/b.md", "---\ntranslation_key: k\ntitle: T\n---\n# H\n", ["T", "a-b", "-", "k"]),
        ("a/README.md", "", ["A", "a", "-", "a"]),
        ("how-to_reset.md", "", ["How to reset", "how-to_reset", "-", "how-to_reset"]),
        ("a.md", "# `Code` & *more*\n", ["Code & more", "a", "-", "a"]),
    ];
    for (path, text, [title, slug, lang, key]) in table {
        let Article { front_matter, translation_key, .. } = parse(path, text.as_bytes()).article;
        let found =
            [&front_matter.title, &front_matter.slug, front_matter.lang.as_deref().unwrap_or("-"), &translation_key];
        assert_eq!(found, [title, slug, lang, key], "{path}\n{text}");
    }
}

#[test]
fn large_and_nested_markdown_takes_no_unreasonable_time() {
    let patterns = [
        "> ",
        "- ",
        "1. ",
        "[",
        "![",
        "[!",
        "[!include ",
        "*a ",
        "`",
        "<",
        "<a ",
        "<b>",
        "<div>",
        "<p>",
        "<div>\n\n",
        "&",
        "| ",
        "# a\n",
        "[a](b",
        "::: note\n",
        "::: note\n\n",
        ":::",
        ":::a ",
        ":::image ",
        "<!-- ",
        "[[",
        "\\",
        "**",
        "~",
        "[^1]",
        "[a]: b\n",
    ];
    for pattern in patterns {
        let text = pattern.repeat(100_000 / pattern.len());
        let started = std::time::Instant::now();
        let parsed = parse("a.md", text.as_bytes());
        let html = render(&parsed.article.body, &|_| LinkTarget::Keep);
        assert!(started.elapsed().as_secs() < 20, "{pattern} {:?} {}", started.elapsed(), html.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_make_an_article(path in ".{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let parsed = parse(&path, &bytes);
        check(&parsed, &bytes)?;
    }

    #[test]
    fn any_front_matter_makes_an_article(head in "([a-z]{1,8}: ?[ -~é\t]{0,20}\n|[-&*!?{}\\[\\]<|>%@`\"' \ta-z:,#]{0,20}\n){0,12}", fence in "---|\\+\\+\\+") {
        let text = format!("{fence}\n{head}{fence}\n# Title\n\ntext\n");
        check(&parse("a.md", text.as_bytes()), text.as_bytes())?;
    }

    #[test]
    fn any_markdown_makes_sections_and_a_page_with_the_same_anchors(
        body in "(#{1,6} [a-zéA-Z {}<>!\\[\\]()`*_&;#.-]{0,20}\n|[-> *`|~:!a-z\\[\\]()<>/=\"'{}\\\\&;#é\t]{0,30}\n|\n){0,15}"
    ) {
        let parsed = parse("a.md", body.as_bytes());
        check(&parsed, body.as_bytes())?;
        let html = render_under(&parsed.article.front_matter.title, &parsed.article.body, &|_| LinkTarget::Keep);
        for section in parsed.article.sections.iter().skip(1) {
            let id = format!("id=\"{}\"", section.anchor);
            // A heading inside a script or a comment that HTML does not close is not on the page.
            prop_assert!(html.contains(&id) || body.contains('<'), "{id} is not in {html}");
        }
    }
}

fn check(parsed: &Parsed, bytes: &[u8]) -> Result<(), TestCaseError> {
    let lines = 1 + String::from_utf8_lossy(bytes).replace("\r\n", "\n").matches(['\n', '\r']).count() as u32;
    let article = &parsed.article;
    prop_assert!(!article.front_matter.title.is_empty());
    prop_assert!(!article.front_matter.slug.is_empty() && !article.front_matter.slug.contains('/'));
    prop_assert!(article.sections[0].anchor.is_empty());
    prop_assert!(article.sections.iter().skip(1).all(|section| !section.anchor.is_empty()));
    prop_assert!(article.sections.iter().all(|section| (1..=lines).contains(&section.line)), "{:?}", article.sections);
    prop_assert!(
        parsed.problems.iter().all(|p| (1..=lines).contains(&p.line) && p.column > 0),
        "{:?}",
        parsed.problems
    );
    Ok(())
}
