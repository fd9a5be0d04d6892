//! An article as the index takes it: its entry, its terms by field, its passages.

use sha2::{Digest, Sha256};

use super::{Entry, FileStamp, LineKind, TextField, passages, schema::Fields};
use crate::{
    analysis::{Analyzer, Language, Token, detect},
    article::{Article, BlockKind, Parsed},
};

/// Everything that one article puts into the index.
#[derive(Debug, Clone)]
pub struct Record {
    /// What pages and APIs see.
    pub entry: Entry,
    terms: [String; TextField::COUNT],
    surfaces: String,
    passages: Vec<u8>,
    body: String,
}

/// Makes records; one by thread, because it remembers the words it has seen.
#[derive(Default)]
pub struct Recorder {
    analyzers: Vec<Analyzer>,
}

impl Recorder {
    /// Analyses an article; see [`language_of`] for `default_language`.
    pub fn record(&mut self, parsed: Parsed, stamp: FileStamp, default_language: &str) -> Record {
        let Parsed { mut article, problems } = parsed;
        let code = language_of(&article, default_language);
        let language = Language::new(&code);
        article.front_matter.lang = Some(code);
        // Nothing that is asked of the index needs it, and there may be much of it.
        article.front_matter.extra.clear();
        let analyzer = self.analyzer(language);
        let mut terms = Terms::new(analyzer.language().code());
        let passages = passages::encode(&article, analyzer, |kind, token| terms.take(field_of(kind), token));
        let front = &article.front_matter;
        let tags = front.tags.iter().chain(&front.product).chain(&front.kind);
        let more = front.synonyms.iter().map(|text| (TextField::Questions, text));
        for (field, text) in more.chain(tags.map(|text| (TextField::Tags, text))) {
            analyzer.analyze_all(text, |token| terms.take(field, &token));
        }
        let Terms { fields, surfaces, lengths, .. } = terms;
        let revision = stamp.hash.clone();
        let entry = Entry {
            id: content_id(&article.path, &revision),
            words: lengths.iter().sum(),
            path: article.path,
            front_matter: article.front_matter,
            translation_key: article.translation_key,
            revision,
            stamp,
            lengths,
            problems,
        };
        Record { entry, terms: fields, surfaces, passages, body: article.body }
    }

    fn analyzer(&mut self, language: Language) -> &mut Analyzer {
        let at = self.analyzers.iter().position(|a| *a.language() == language).unwrap_or_else(|| {
            self.analyzers.push(Analyzer::new(language));
            self.analyzers.len() - 1
        });
        &mut self.analyzers[at]
    }
}

impl Record {
    /// The two documents of the article.
    pub(super) fn documents(&self, fields: &Fields) -> Result<[tantivy::TantivyDocument; 2], serde_json::Error> {
        let mut searched = tantivy::TantivyDocument::new();
        searched.add_text(fields.path, &self.entry.path);
        searched.add_u64(fields.id, self.entry.id);
        if self.entry.is_searchable() {
            for (field, terms) in fields.text.iter().zip(&self.terms) {
                searched.add_text(*field, terms);
            }
            searched.add_text(fields.surface, &self.surfaces);
        }
        searched.add_bytes(fields.passages, &self.passages);
        let mut read = tantivy::TantivyDocument::new();
        read.add_text(fields.path, &self.entry.path);
        read.add_u64(fields.id, self.entry.id | 1);
        read.add_bytes(fields.record, &encode(&self.entry, &self.body)?);
        Ok([searched, read])
    }
}

/// Tells where entry and Markdown begin among the bytes of a stored document.
const MARK: &[u8; 8] = b"\x00article";

/// The mark, the length of the entry's JSON (u32, little-endian), the JSON, the Markdown.
fn encode(entry: &Entry, body: &str) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(entry)?;
    Ok([MARK.as_slice(), &(json.len() as u32).to_le_bytes(), &json, body.as_bytes()].concat())
}

/// The entry's JSON and the Markdown; `None` where there is not what [`encode`] writes.
pub(super) fn decode(bytes: &[u8]) -> Option<(&[u8], &str)> {
    let begin = bytes.windows(MARK.len()).position(|window| window == MARK)?;
    let (length, rest) = bytes[begin + MARK.len()..].split_first_chunk()?;
    let (json, body) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((json, std::str::from_utf8(body).ok()?))
}

/// Identity of an article's content; even, so that its odd neighbour can mark the second document.
fn content_id(path: &str, revision: &str) -> u64 {
    let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(revision).finalize();
    u64::from_le_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]]) & !1
}

/// The language of an article: the stated one, else the detected one, else `default_language`.
#[must_use]
pub fn language_of(article: &Article, default_language: &str) -> String {
    let stated = article.front_matter.lang.clone();
    stated.unwrap_or_else(|| detect(&sample(article)).unwrap_or(default_language).to_owned())
}

/// Enough text to tell the language by.
fn sample(article: &Article) -> String {
    let blocks = article.sections.iter().flat_map(|section| &section.blocks);
    let prose = blocks.filter(|block| block.kind != BlockKind::Code).map(|block| block.text.as_str()).take(40);
    std::iter::once(article.front_matter.title.as_str()).chain(prose).collect::<Vec<_>>().join("\n")
}

/// Where the words of a line are searched.
const fn field_of(kind: LineKind) -> TextField {
    match kind {
        LineKind::Title => TextField::Title,
        LineKind::Question => TextField::Questions,
        LineKind::Heading => TextField::Headings,
        LineKind::Description | LineKind::Text => TextField::Body,
        LineKind::Code => TextField::Code,
    }
}

/// Terms of one article, by field, as the index reads them: separated by spaces, marked with their language.
struct Terms {
    /// The mark of stems, and that of very forms.
    marks: [String; 2],
    fields: [String; TextField::COUNT],
    surfaces: String,
    lengths: [u32; TextField::COUNT],
}

impl Terms {
    fn new(code: &str) -> Self {
        let marks = [format!("{code}:"), format!("{code}=")];
        Self { marks, fields: Default::default(), surfaces: String::new(), lengths: [0; TextField::COUNT] }
    }

    fn take(&mut self, field: TextField, token: &Token) {
        let Self { marks: [stems, forms], fields, surfaces, lengths } = self;
        let terms = &mut fields[field as usize];
        let add = |to: &mut String, mark: &str, term: &str| [mark, term, " "].iter().for_each(|part| to.push_str(part));
        lengths[field as usize] += u32::from(!token.extra);
        for stem in token.forms.stems() {
            add(terms, stems, stem);
        }
        if !token.extra && TextField::WITH_FORMS.contains(&field) {
            add(terms, forms, &token.forms.surface);
        }
        add(surfaces, stems, &token.forms.surface);
    }
}
