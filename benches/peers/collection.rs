//! Articles as the other engines take them, and collections of other sizes.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zerodesk::article;

use crate::support::{self, Corpus, generated::Chance};

/// One article, its markup taken off.
#[derive(Serialize, Deserialize)]
pub struct Ready {
    pub id: u64,
    pub title: String,
    pub headings: String,
    pub body: String,
}

/// Every article of a folder that is no draft.
pub fn articles(folder: PathBuf) -> impl Iterator<Item = article::Article> {
    let corpus = Corpus { name: String::new(), folder };
    let parsed = corpus.files().into_iter().map(|(path, bytes)| article::parse(&path, &bytes).article);
    parsed.filter(|article| !article.front_matter.draft)
}

/// Writes the ready text of a folder.
pub fn collect(folder: PathBuf, out: &Path) -> Value {
    let mut file = BufWriter::new(File::create(out).expect("the file can be made"));
    let mut count = 0;
    for article in articles(folder) {
        let headings = article.sections.iter().filter_map(|section| section.heading.last().cloned());
        let blocks = article.sections.iter().flat_map(|section| &section.blocks).map(|block| block.text.clone());
        let ready = Ready {
            id: count,
            title: article.front_matter.title.clone(),
            headings: headings.collect::<Vec<_>>().join("\n"),
            body: blocks.collect::<Vec<_>>().join("\n"),
        };
        serde_json::to_writer(&mut file, &ready).expect("it can be written");
        file.write_all(b"\n").expect("it can be written");
        count += 1;
    }
    file.flush().expect("it can be written");
    json!({"articles": count})
}

/// Reads what [`collect`] wrote.
pub fn read(path: &Path) -> Vec<Ready> {
    let text = fs::read_to_string(path).expect("the collection can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("it was written by this program")).collect()
}

/// Fewer articles by choosing, more by making new ones of the sections of others: real sentences under real headings.
pub fn grow(folder: PathBuf, count: usize, out: &Path) -> Value {
    let mut files = Corpus { name: String::new(), folder }.files();
    files.retain(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "md"));
    let mut chance = Chance::new(support::SEED);
    while files.len() > count {
        files.swap_remove(chance.below(files.len()));
    }
    for (path, bytes) in &files {
        support::write(&out.join(path), bytes);
    }
    let texts: Vec<String> = files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let sections: Vec<Vec<&str>> = texts.iter().map(|text| split(text)).collect();
    for number in files.len()..count {
        support::write(
            &out.join(format!("made/{}/{number}.md", number / 1000)),
            made(&sections, &mut chance).as_bytes(),
        );
    }
    json!({"articles": count, "made": count - files.len()})
}

/// The Markdown below the front matter, cut before each heading of the second level.
fn split(text: &str) -> Vec<&str> {
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, body)| body);
    let mut cuts: Vec<usize> = body.match_indices("\n## ").map(|(at, _)| at + 1).collect();
    cuts.insert(0, 0);
    cuts.push(body.len());
    cuts.windows(2).map(|pair| body[pair[0]..pair[1]].trim()).filter(|section| !section.is_empty()).collect()
}

/// The title of one article with a heading of another, and as many sections as a third one has.
fn made(articles: &[Vec<&str>], chance: &mut Chance) -> String {
    let heading = |text: &str| text.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
    let mut piece = || chance_piece(articles, chance);
    let (first, second) = (heading(piece()), heading(piece()));
    let sections: Vec<&str> = (0..4).map(|_| piece()).collect();
    format!("# {first}: {second}\n\n{}\n", sections.join("\n\n"))
}

fn chance_piece<'a>(articles: &[Vec<&'a str>], chance: &mut Chance) -> &'a str {
    loop {
        let article = chance.pick(articles);
        if !article.is_empty() {
            let section: &&str = chance.pick(article);
            return section;
        }
    }
}
