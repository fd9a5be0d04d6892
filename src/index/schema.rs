//! The fields of the index and how they are stored.
//!
//! An article is two documents: one that is searched (its terms, its passages) and one that is only
//! read (its record and its Markdown), so that ranking never drags bodies through memory.

use tantivy::{
    Index, IndexSettings,
    schema::{FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions},
    store::Compressor,
};

/// Changes whenever the stored form changes, so that an index of another form is built again.
pub(super) const VERSION: u32 = 8;

/// Parts of an article that are weighed apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The title.
    Title,
    /// `questions` and `synonyms` of the front matter.
    Questions,
    /// Headings of sections.
    Headings,
    /// Paragraphs, lists, tables, the description.
    Body,
    /// Tags, products and kind.
    Tags,
    /// Code.
    Code,
}

impl TextField {
    /// All of them, in the order of every array by field.
    pub const ALL: [Self; 6] = [Self::Title, Self::Questions, Self::Headings, Self::Body, Self::Tags, Self::Code];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
    /// Those in which the very form of a word can be looked for, too.
    pub const WITH_FORMS: [Self; 3] = [Self::Title, Self::Questions, Self::Headings];
}

/// Handles of the fields.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// Path of the article, the key of both documents.
    pub path: Field,
    /// Identity of the article's content; odd on the document that is only read.
    pub id: Field,
    /// Stems, by [`TextField`].
    pub text: [Field; TextField::COUNT],
    /// Surfaces of all words: the dictionary for prefixes and typing errors.
    pub surface: Field,
    /// [`super::Passages`].
    pub passages: Field,
    /// [`super::Entry`] and the Markdown below the front matter.
    pub record: Field,
}

/// Terms arrive ready-made, separated by spaces.
const READY: &str = "whitespace";

pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexed = |option| {
        TextOptions::default()
            .set_indexing_options(TextFieldIndexing::default().set_tokenizer(READY).set_index_option(option))
    };
    let fields = Fields {
        path: builder.add_text_field("path", STRING),
        id: builder.add_u64_field("id", FAST | INDEXED),
        text: ["title", "questions", "headings", "body", "tags", "code"]
            .map(|name| builder.add_text_field(name, indexed(IndexRecordOption::WithFreqs))),
        surface: builder.add_text_field("surface", indexed(IndexRecordOption::Basic)),
        passages: builder.add_bytes_field("passages", STORED),
        record: builder.add_bytes_field("record", STORED),
    };
    (builder.build(), fields)
}

/// Uncompressed, because a hit's passages are read on every search; and each document in a block of its own, because a
/// block is copied as a whole.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        docstore_blocksize: 1,
        ..IndexSettings::default()
    }
}

/// Looks the fields up in an index that was opened.
pub(super) fn fields_of(index: &Index) -> Option<Fields> {
    let (expected, fields) = schema();
    (index.schema() == expected).then_some(fields)
}
