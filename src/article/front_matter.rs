//! What an article says about itself.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The head of an article, as meant: every accepted spelling is already one of these fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontMatter {
    /// Title; the first heading or the file name where none is given.
    pub title: String,
    /// Last part of the article's address; unique in a folder of articles.
    pub slug: String,
    /// One or two sentences for lists and search engines.
    pub description: Option<String>,
    /// Language as a BCP 47 tag; `None` until detected.
    pub lang: Option<String>,
    /// Kind, such as `how-to`.
    pub kind: Option<String>,
    /// For whom it is written.
    pub audience: Vec<String>,
    /// Products it is about.
    pub product: Vec<String>,
    /// Versions it holds for.
    pub versions: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// When it was first written.
    pub created: Option<Date>,
    /// When it was last changed.
    pub updated: Option<Date>,
    /// When it should be read again.
    pub review_by: Option<Date>,
    /// Support level that takes over when the article does not help.
    pub level: Option<u8>,
    /// How people ask for it.
    pub questions: Vec<String>,
    /// Earlier addresses.
    pub aliases: Vec<String>,
    /// Slugs or paths of related articles.
    pub related: Vec<String>,
    /// Other words for what it is about.
    pub synonyms: Vec<String>,
    /// Order among its siblings; smaller first.
    pub weight: Option<f64>,
    /// Not finished: left out.
    pub draft: bool,
    /// Reachable by its address only.
    pub unlisted: bool,
    /// Whether search may find it.
    pub searchable: bool,
    /// Keys that mean nothing to Zerodesk, kept as they are.
    pub extra: BTreeMap<String, serde_json::Value>,
}
