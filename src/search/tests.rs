//! Whatever is asked, an answer comes back, after work that has its bounds.

use std::fs;

use proptest::prelude::*;

use super::{reword::MAX_WORDINGS, understand::MAX_CONCEPTS, *};
use crate::{ingest::Ingest, source::Directory};

/// More variants than this no concept has: stems, completions, typing errors, compounds, synonyms.
const MAX_VARIANTS: usize = 128;

fn searcher() -> Searcher {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("en.md", "---\nlang: en\n---\n\n# Blank pages\n\nA printer prints blank pages: call back -jar e-mail.\n"),
        ("nl.md", "---\nlang: nl\n---\n\n# Wachtwoordherstel\n\nZo herstel je een wachtwoord.\n"),
        ("ja.md", "---\nlang: ja\n---\n\n# 空白のページ\n\nプリンターは空白のページを印刷します。\n"),
    ] {
        fs::write(folder.path().join(path), text).unwrap();
    }
    let index = Arc::new(Index::in_memory().unwrap());
    Ingest::new(Directory::open(folder.path()).unwrap(), Arc::clone(&index), "en").compare_all(&mut |_, _| {}).unwrap();
    let searcher = Searcher::new(index);
    let words: Vec<String> = (0..99).map(|n| format!("\"blank {n}\", \"pages\", \"b {n} c\"")).collect();
    let synonyms = format!(
        "[[synonyms]]\nwords = [{}]\n[[synonyms]]\nwords = [\"call back\", \"printer\", \"blank pages\"]",
        words.join(",")
    );
    searcher.use_synonyms(Synonyms::parse(&synonyms, &[]).unwrap());
    searcher
}

/// What people type, and what they do not: words of the articles, signs, and anything at all.
fn anything() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "blank",
        "pages",
        "call",
        "back",
        "printer",
        "wachtwoordherstel",
        "空白",
        "the",
        "-",
        "\"",
        "„",
        "“",
        "”",
        "«",
        " ",
        "-\"",
        "--",
        "e-mail",
        "\u{202e}",
        "\u{0}",
        "é̂̃́",
    ]);
    let part = prop_oneof![known.prop_map(str::to_owned), ".{0,12}", Just(" ".to_owned())];
    proptest::collection::vec(part, 0..80).prop_map(|parts| parts.concat())
}

#[test]
fn a_search_whose_time_is_up_answers_with_what_it_has() {
    let searcher = searcher();
    for (text, languages, finds) in [
        ("blank pages", &["en", "nl"][..], true),
        ("blank pages", &[], true),
        ("\"blank pages\" -wachtwoord", &["en"], false), // whether they stand together takes reading
        ("blnak", &["en"], false),                       // so does what was meant
    ] {
        let languages: Vec<String> = languages.iter().map(|code| (*code).to_owned()).collect();
        let query = Query { text: text.into(), languages, limit: 5, typo_tolerance: true, ..Query::default() };
        let whole = searcher.search(&query).unwrap();
        assert!(!whole.partial && !whole.hits.is_empty(), "{text}");
        let late = searcher.search(&Query { until: Some(Instant::now()), ..query }).unwrap();
        assert_eq!((late.partial, !late.hits.is_empty()), (true, finds), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_within_bounds(text in anything(), languages in proptest::sample::subsequence(vec!["en", "nl", "ja", "xx"], 0..4), prefix: bool) {
        static SEARCHER: std::sync::LazyLock<Searcher> = std::sync::LazyLock::new(searcher);
        let languages: Vec<String> = languages.into_iter().map(str::to_owned).collect();
        let query = Query { text, languages, prefix, typo_tolerance: true, limit: 2, answer_at: 0.6, candidates_at: 0.35, ..Query::default() };
        let answer = SEARCHER.search(&query).unwrap();
        prop_assert!(answer.query.chars().count() <= MAX_QUERY_CHARS);
        prop_assert!((0.0..=1.0).contains(&answer.confidence) && answer.hits.len() <= 2 && answer.total <= 3);
        for section in answer.hits.iter().flat_map(|hit| &hit.sections) {
            let letters = section.snippet.chars().count() as u32;
            prop_assert!(section.highlights.iter().all(|[start, end]| start < end && *end <= letters));
        }

        let (snapshot, decision, synonyms) = (SEARCHER.snapshot(), SEARCHER.decision_model(), SEARCHER.synonyms.load());
        let ranking = RankingModel::bundled();
        let search = Search {
            snapshot: &snapshot,
            query: &query,
            ranking: &ranking,
            postings: &SEARCHER.postings(&snapshot),
            decision: &decision,
            synonyms: &synonyms,
            learned: &LearnedQuestions::default(),
            late: Cell::new(false),
        };
        let asked = Asked::read(&answer.query);
        prop_assert!(asked.text.len() == answer.query.len());
        for language in ["en", "nl", "ja", "xx"] {
            let (understood, wordings) = understand::understand(&search, &asked, language).unwrap();
            prop_assert!(wordings.len() <= MAX_WORDINGS);
            for wording in wordings.iter().chain([&understood]) {
                prop_assert!(wording.concepts.len() <= MAX_CONCEPTS);
                prop_assert!(wording.concepts.iter().all(|concept| concept.variants.len() <= MAX_VARIANTS));
            }
        }
    }
}
