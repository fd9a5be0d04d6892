//! Engines in process, on one thread: how fast they index, and what one search costs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::{Value, json};
use tantivy::{
    Index, IndexWriter, ReloadPolicy, TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, TokenStream},
};
use zerodesk::{config::Site, index::Snapshot, search::Searcher};

use super::collection::{self, Ready};
use crate::support::{self, Corpus, Durations};

/// Searches that are measured.
const SEARCHES: usize = 2000;
/// Memory in which tantivy gathers documents, in bytes.
const ARENA: usize = 256 * 1024 * 1024;

fn log(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("the log can be read");
    text.lines().take(SEARCHES).map(str::to_owned).collect()
}

/// Runs every search twice, and measures the second time.
fn searches(log: &[String], mut search: impl FnMut(&str) -> usize) -> Value {
    let mut found = log.iter().filter(|text| search(text) > 0).count();
    let (mut durations, before) = (Durations::default(), support::processor_time());
    for text in log {
        let started = Instant::now();
        found += usize::from(search(text) > 0);
        durations.add(started.elapsed());
    }
    let busy = support::processor_time().saturating_sub(before);
    let us = |share: f64| durations.percentile(share).as_secs_f64() * 1e6;
    json!({
        "searches": log.len(), "found": found as f64 / (2 * log.len()) as f64, "p50_us": us(0.5), "p99_us": us(0.99),
        "max_us": us(1.0), "processor_us": busy.as_secs_f64() * 1e6 / log.len() as f64,
    })
}

fn figures(articles: usize, spent: Duration, folder: &Path, searches: &Value) -> Value {
    let memory = |field| support::memory(field).unwrap_or_default();
    json!({
        "articles": articles, "index_s": spent.as_secs_f64(), "per_second": articles as f64 / spent.as_secs_f64(),
        "size_mb": size(folder) as f64 / 1e6, "resident_mib": memory("VmRSS"), "search": searches,
    })
}

/// Bytes of a file, or of all files below a folder.
fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |file| file.len()) };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

fn empty(folder: &Path) {
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder).expect("the folder can be made");
}

/// What tantivy's manual would have one do: three stemmed fields with positions, and one of words as they are written.
struct Fields {
    id: Field,
    texts: [(Field, f32); 3],
    surface: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexed = |tokenizer: &str, option| {
        let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option);
        TextOptions::default().set_indexing_options(indexing)
    };
    let stemmed = indexed("en_stem", IndexRecordOption::WithFreqsAndPositions);
    let fields = Fields {
        id: schema.add_text_field("id", STRING | STORED),
        texts: [
            (schema.add_text_field("title", stemmed.clone().set_stored()), 3.0),
            (schema.add_text_field("headings", stemmed.clone()), 2.0),
            (schema.add_text_field("body", stemmed.set_stored()), 1.0),
        ],
        surface: schema.add_text_field("surface", indexed("default", IndexRecordOption::WithFreqs)),
    };
    (schema.build(), fields)
}

fn document(fields: &Fields, ready: &Ready) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    document.add_text(fields.id, ready.id.to_string());
    for ((field, _), text) in fields.texts.iter().zip([&ready.title, &ready.headings, &ready.body]) {
        document.add_text(*field, text);
    }
    document.add_text(fields.surface, format!("{}\n{}\n{}", ready.title, ready.headings, ready.body));
    document
}

fn tantivy_index(folder: &Path, articles: &[Ready]) -> tantivy::Result<(Index, Fields)> {
    empty(folder);
    let (schema, fields) = schema();
    let index = Index::create_in_dir(folder, schema)?;
    let mut writer: IndexWriter = index.writer_with_num_threads(1, ARENA)?;
    for ready in articles {
        writer.add_document(document(&fields, ready))?;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    Ok((index, fields))
}

fn any_of(fields: &Fields, stemmer: &mut TextAnalyzer, text: &str) -> BooleanQuery {
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    stemmer.token_stream(text).process(&mut |token| {
        for (field, boost) in fields.texts {
            let term = TermQuery::new(Term::from_field_text(field, &token.text), IndexRecordOption::WithFreqs);
            clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost))));
        }
    });
    BooleanQuery::new(clauses)
}

/// tantivy, fed with ready text; the best ten of any of the words.
pub fn tantivy(collection: &Path, log_file: &Path, folder: &Path) -> Value {
    let articles = collection::read(collection);
    let started = Instant::now();
    let (index, fields) = tantivy_index(folder, &articles).expect("it is indexed");
    let spent = started.elapsed();
    let count = articles.len();
    drop(articles);
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().expect("it opens");
    let searcher = tantivy::IndexReader::searcher(&reader);
    let mut stemmer = index.tokenizers().get("en_stem").expect("tantivy brings it");
    let measured = searches(&log(log_file), |text| {
        let query = any_of(&fields, &mut stemmer, text);
        searcher.search(&query, &TopDocs::with_limit(10).order_by_score()).expect("the index can be read").len()
    });
    figures(count, spent, folder, &measured)
}

/// `SQLite` FTS5 with its stemmer, the best ten by its own ranking, each with a snippet.
pub fn sqlite(collection: &Path, log_file: &Path, file: &Path) -> Value {
    drop(fs::remove_file(file));
    let articles = collection::read(collection);
    let started = Instant::now();
    let database = sqlite_index(file, &articles).expect("it is indexed");
    let spent = started.elapsed();
    let mut ids = database.prepare(&ranked("rowid")).expect("a statement");
    let mut snippets = database.prepare(&ranked("snippet(a, 2, '', '', '…', 30)")).expect("a statement");
    let log = log(log_file);
    let rows = |statement: &mut rusqlite::Statement, text: &str| {
        let rows = statement.query_map([any_word(text)], |row| row.get::<_, rusqlite::types::Value>(0));
        rows.expect("a query").filter_map(Result::ok).count()
    };
    let only_ids = searches(&log, |text| rows(&mut ids, text));
    let mut figures = figures(articles.len(), spent, file, &searches(&log, |text| rows(&mut snippets, text)));
    figures["search_ids"] = only_ids;
    figures
}

fn sqlite_index(file: &Path, articles: &[Ready]) -> rusqlite::Result<Connection> {
    let mut database = Connection::open(file)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE VIRTUAL TABLE a USING fts5(title, headings, body, tokenize = 'porter unicode61', prefix = '2 3');",
    )?;
    let transaction = database.transaction()?;
    for ready in articles {
        transaction.execute(
            "INSERT INTO a(rowid, title, headings, body) VALUES (?1, ?2, ?3, ?4)",
            (ready.id.cast_signed(), &ready.title, &ready.headings, &ready.body),
        )?;
    }
    transaction.commit()?;
    Ok(database)
}

fn ranked(what: &str) -> String {
    format!("SELECT {what} FROM a WHERE a MATCH ?1 ORDER BY bm25(a, 3.0, 2.0, 1.0) LIMIT 10")
}

/// Any of the words, the last of them perhaps unfinished.
fn any_word(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', ""))).collect();
    format!("{}*", words.join(" OR "))
}

/// Zerodesk: from Markdown files to the index, then whole searches: understanding, ranking, reading, ten articles
/// with snippets, decision.
pub fn zerodesk(folder: PathBuf, log_file: &Path, index: &Path) -> Value {
    empty(index);
    let corpus = Corpus { name: String::new(), folder };
    let started = Instant::now();
    let opened = support::index(&corpus, index);
    let spent = started.elapsed();
    let snapshot: std::sync::Arc<Snapshot> = opened.snapshot();
    let (count, site) = (snapshot.catalog().len(), Site::default());
    let searcher = Searcher::new(opened);
    let measured = searches(&log(log_file), |text| {
        let query = zerodesk::search::Query {
            text: text.to_owned(),
            languages: site.languages.clone(),
            limit: 10,
            prefix: true,
            typo_tolerance: true,
            answer_at: site.answer_at(),
            candidates_at: site.candidates_at(),
            ..Default::default()
        };
        searcher.search(&query).expect("the index can be read").hits.len()
    });
    figures(count, spent, index, &measured)
}
