//! What it costs to gather the questions of a month into content gaps: thirty of them, and three hundred thousand.
//!
//! The questions are pieces of sentences from `articles/`, in three languages, some with a word of another sentence; a
//! few are asked often and most only once. They are written as events, read from SQLite, gathered and asked again as the
//! page does it. Beside it one client searches without a pause.
//!
//! ```text
//! cargo bench --bench gaps
//! cargo bench --bench gaps -- 30
//! ```

mod support;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use support::{Corpus, Durations, SEED, generated::Chance, memory, temporary};
use tokio::runtime::Runtime;
use zerodesk::{
    config::{self, Site},
    eval,
    insight::{Event, EventKind, EventStore, Insight, MaskedText, Origin, Salts, Session, Surface, Trigger, Window},
    search::{Decision, Query, Searcher},
    store::Sqlite,
};

/// Questions of a month.
const QUESTIONS: [usize; 2] = [30, 300_000];
/// Longest time in which they may be gathered.
const WITHIN: Duration = Duration::from_secs(30);
/// Most memory of the process meanwhile, in MiB.
const MEMORY_MIB: f64 = 1024.0;
/// How long the search is measured alone.
const ALONE: Duration = Duration::from_secs(3);

fn main() {
    let wanted: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let searcher = eval::index(Path::new("articles")).expect("the articles can be read");
    let lines = lines();
    let runtime = Runtime::new().expect("a runtime");
    for questions in QUESTIONS.into_iter().filter(|questions| wanted.is_empty() || wanted.contains(questions)) {
        runtime.block_on(gather(questions, &searcher, &lines));
    }
}

/// A sentence and its language.
type Line = (&'static str, Vec<String>);

/// The sentences of the articles.
fn lines() -> Vec<Line> {
    let articles = Corpus { name: "articles".into(), folder: "articles".into() };
    let mut lines = Vec::new();
    for (path, text) in
        articles.files().iter().filter(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "md"))
    {
        let language = ["nl", "de"].into_iter().find(|of| path.starts_with(&format!("{of}/"))).unwrap_or("en");
        let text = String::from_utf8_lossy(text);
        let body = text.splitn(3, "---").nth(2).unwrap_or_default();
        let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
        let cut = |sentence: &str| sentence.split_whitespace().filter(is_word).map(str::to_owned).collect::<Vec<_>>();
        let words = body.split(['.', '\n', '|', ':']).map(cut);
        lines.extend(words.filter(|words| words.len() >= 4).map(|words| (language, words)));
    }
    assert!(lines.len() > 2000, "the articles have {} sentences", lines.len());
    lines
}

fn question(lines: &[Line], chance: &mut Chance) -> (&'static str, String) {
    let (language, words) = &lines[chance.zipf(lines.len())];
    let length = chance.between(3, 8).min(words.len());
    let from = chance.below(words.len() - length + 1);
    let mut asked = words[from..from + length].to_vec();
    if chance.is_true(0.3) {
        let (_, others) = chance.pick(lines);
        let place = chance.below(asked.len());
        asked[place].clone_from(chance.pick(others));
    }
    (language, asked.join(" "))
}

async fn gather(questions: usize, searcher: &Searcher, lines: &[Line]) {
    let folder = temporary();
    let now: Timestamp = "2026-11-22T20:00:00Z".parse().expect("an instant");
    let from = now - SignedDuration::from_hours(30 * 24);
    let store = Arc::new(Sqlite::open(folder.path(), now).expect("a database"));
    let (salts, mut chance) = (Salts::default(), Chance::new(SEED));
    let mut written = 0;
    while written < questions {
        let batch: Vec<Event> =
            (0..500.min(questions - written)).map(|_| search(from, &salts, lines, &mut chance)).collect();
        written += store.append(&batch).await.expect("it writes");
    }

    let insight = Insight::open(store, &config::Insight::default(), Arc::new(move || now)).await.expect("it opens");
    let alone = beside(searcher, lines, async || tokio::time::sleep(ALONE).await).await.1;
    let window = || Window { site: "default".into(), from, to: now, as_of: now };
    let ask = async || {
        let (begun, settings) = (Instant::now(), config::Search::default());
        let gaps = insight.gaps(window(), searcher.clone(), Site::default(), settings).await.expect("gaps");
        (gaps, begun.elapsed())
    };
    let ((gaps, spent), meanwhile) = beside(searcher, lines, ask).await;
    assert_eq!(gaps.searches, questions as u64, "no question is lost");
    assert!(gaps.total > 0 && !gaps.gaps.is_empty());
    let again = ask().await.1;
    let most = memory("VmHWM").unwrap_or_default();
    println!(
        "{questions} questions, {} without an answer: {} gaps in {spent:.2?}, again in {again:.0?}, {most:.0} MiB at most",
        gaps.unanswered, gaps.total
    );
    println!("  a search alone: {alone}; meanwhile: {meanwhile}");
    assert!(cfg!(debug_assertions) || spent < WITHIN, "slower than {WITHIN:?}");
    assert!(most < MEMORY_MIB, "more memory than {MEMORY_MIB} MiB");
    insight.stop().await.expect("it ends well");
}

/// One search of somebody new.
fn search(from: Timestamp, salts: &Salts, lines: &[Line], chance: &mut Chance) -> Event {
    let at = from + SignedDuration::from_secs(chance.below(30 * 86_400 - 1).cast_signed() as i64);
    let (language, words) = question(lines, chance);
    let kind = EventKind::SearchPerformed {
        query: MaskedText::new(&words),
        language: Some(language.into()),
        total: 3,
        shown: vec!["install#linux".into()],
        decision: if chance.is_true(0.6) { Decision::NoAnswer } else { Decision::Answer },
        confidence: 0.4,
        latency_us: 400,
        trigger: Trigger::Enter,
        filters: Vec::new(),
    };
    let origin = Origin {
        site: "default".into(),
        surface: Surface::Box,
        locale: language.into(),
        interacted: Some(true),
        ..Origin::default()
    };
    Event::new(&salts.visitor(&Session::generate(), at), origin, at, kind)
}

/// Does `work` while another thread searches, and tells how long the searches took.
async fn beside<T>(searcher: &Searcher, lines: &[Line], work: impl AsyncFnOnce() -> T) -> (T, Durations) {
    let over = Arc::new(AtomicBool::new(false));
    let (stop, searcher, mut chance) = (Arc::clone(&over), searcher.clone(), Chance::new(SEED + 1));
    let asked: Vec<_> = (0..1000).map(|_| question(lines, &mut chance)).collect();
    let searching = thread::spawn(move || {
        let mut spent = Durations::default();
        for (language, text) in asked.iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let query = Query {
                text: text.clone(),
                languages: Some((*language).into()).into_iter().collect(),
                ..Query::default()
            };
            let begun = Instant::now();
            searcher.search(&query).expect("it finds");
            spent.add(begun.elapsed());
        }
        spent
    });
    let done = work().await;
    over.store(true, Ordering::Relaxed);
    (done, searching.join().expect("the searches go well"))
}
