//! One unchanging state of the index: its articles, its dictionary and its postings.

use std::{collections::HashMap, io, num::NonZero, sync::Arc, thread};

use quick_cache::{Weighter, sync::Cache};
use tantivy::{
    DocAddress, DocSet, ReloadPolicy, Searcher, Term,
    directory::OwnedBytes,
    index::{InvertedIndexReader, SegmentId},
    schema::IndexRecordOption,
    store::StoreReader,
};

use super::{
    Catalog, Entry, Generation, IndexError, Passages, TextField,
    lexicon::{Lexicons, Words, lexicons},
    record,
    schema::{self, Fields},
    similar::Similar,
};
use crate::article::Problem;

/// Most bytes of articles' lines that are kept in memory.
const LINES: u64 = 8 * 1024 * 1024;
/// So many pieces of work are worth all processors.
const MANY: usize = 500;
/// Marks a document that is no (longer a) searched article.
const NONE: u32 = u32::MAX;

/// Everything that one request sees.
pub struct Snapshot {
    generation: Generation,
    catalog: Catalog,
    searcher: Searcher,
    fields: Fields,
    segments: Vec<Segment>,
    /// Where the searched and the read document of each article are, by place in the catalog.
    addresses: Vec<[DocAddress; 2]>,
    /// Words by field, by place in the catalog.
    lengths: Vec<[u32; TextField::COUNT]>,
    languages: HashMap<String, LanguageStatistics>,
    newest: Option<jiff::civil::Date>,
    /// Articles that the snapshot before did not have.
    fresh: usize,
    /// Problems of files that are no articles.
    listed: Vec<Problem>,
    /// Lines that were read lately, by place in the catalog: many searches look at the same articles.
    lines: Cache<usize, Stored, Bytes>,
}

/// What ranking needs to know of all articles of one language.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LanguageStatistics {
    /// Number of articles.
    pub articles: u32,
    /// Mean number of words by field.
    pub mean_lengths: [f32; TextField::COUNT],
}

/// One segment with its readers at hand.
struct Segment {
    text: [Arc<InvertedIndexReader>; TextField::COUNT],
    surface: Arc<InvertedIndexReader>,
    /// Its words, for compounds.
    lexicons: Arc<Lexicons>,
    /// Stored documents, as bytes.
    store: StoreReader,
    /// Place in the catalog by document.
    places: Vec<u32>,
}

/// A word of the articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryEntry {
    /// Its surface form.
    pub surface: String,
    /// In how many articles it stands (deleted ones may count until the next merge).
    pub articles: u32,
}

/// A document's stored bytes, kept while they are looked at.
#[derive(Clone)]
pub struct Stored(OwnedBytes);

#[derive(Clone)]
struct Bytes;

impl Weighter<usize, Stored> for Bytes {
    fn weight(&self, _: &usize, stored: &Stored) -> u64 {
        stored.0.len() as u64
    }
}

impl Stored {
    /// The article's lines; none where the bytes cannot be read.
    #[must_use]
    pub fn passages(&self) -> Option<Passages<'_>> {
        Passages::new(&self.0)
    }
}

/// What a new snapshot takes over from the one before.
#[derive(Default)]
pub(super) struct Built {
    /// In order of their paths.
    entries: Vec<Arc<Entry>>,
    lexicons: HashMap<SegmentId, Arc<Lexicons>>,
}

impl Built {
    /// What was kept beside the index.
    pub(super) fn kept(entries: Vec<Arc<Entry>>) -> Self {
        Self { entries, lexicons: HashMap::new() }
    }

    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let segments = snapshot.searcher.segment_readers().iter().zip(&snapshot.segments);
        Self {
            entries: snapshot.catalog.as_written().cloned().collect(),
            lexicons: segments.map(|(reader, segment)| (reader.segment_id(), Arc::clone(&segment.lexicons))).collect(),
        }
    }
}

impl Snapshot {
    pub(super) fn load(engine: &tantivy::Index, before: &Built, problems: Vec<Problem>) -> Result<Self, IndexError> {
        let (_, fields) = schema::schema();
        let reader =
            engine.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(0).try_into()?;
        let searcher: Searcher = tantivy::IndexReader::searcher(&reader);
        let Documents { entries, addresses, ids, fresh } = Documents::of(&searcher, &before.entries)?;
        let catalog = Catalog::new(entries, problems.clone());
        let mut snapshot = Self {
            generation: generation(engine)?,
            segments: Vec::with_capacity(searcher.segment_readers().len()),
            addresses: Vec::with_capacity(catalog.len()),
            lengths: catalog.iter().map(|entry| entry.lengths).collect(),
            languages: statistics(&catalog),
            newest: catalog.iter().filter_map(|entry| entry.front_matter.updated).max(),
            fresh,
            listed: problems,
            lines: Cache::with_weighter(catalog.len().min(1000), LINES, Bytes),
            catalog,
            searcher,
            fields,
        };
        snapshot.place(&addresses, &ids, &before.lexicons)?;
        Ok(snapshot)
    }

    /// Resolves documents to places in the catalog, both ways.
    fn place(
        &mut self,
        addresses: &HashMap<u64, DocAddress>,
        ids: &[Vec<u64>],
        made: &HashMap<SegmentId, Arc<Lexicons>>,
    ) -> Result<(), IndexError> {
        let nowhere = DocAddress::new(0, 0);
        let mut places: HashMap<u64, u32> = HashMap::with_capacity(self.catalog.len());
        for (at, entry) in self.catalog.iter().enumerate() {
            places.insert(entry.id, at as u32);
            let address = |id: u64| addresses.get(&id).copied().unwrap_or(nowhere);
            self.addresses.push([address(entry.id), address(entry.id | 1)]);
        }
        for (segment, ids) in self.searcher.segment_readers().iter().zip(ids) {
            let [title, questions, headings, body, tags, code] =
                self.fields.text.map(|field| segment.inverted_index(field));
            let surface = segment.inverted_index(self.fields.surface)?;
            let lexicons = match made.get(&segment.segment_id()) {
                Some(made) => Arc::clone(made),
                None => Arc::new(lexicons(&surface)?),
            };
            self.segments.push(Segment {
                text: [title?, questions?, headings?, body?, tags?, code?],
                surface,
                lexicons,
                store: segment.get_store_reader(0)?,
                places: ids.iter().map(|id| places.get(id).copied().unwrap_or(NONE)).collect(),
            });
        }
        Ok(())
    }

    /// Number and hash of this state.
    #[must_use]
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// The articles.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The Markdown of an article of this snapshot, below its front matter.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn body(&self, entry: &Entry) -> Result<String, IndexError> {
        let Some(place) = self.catalog.place(&entry.path) else { return Ok(String::new()) };
        let bytes = self.bytes(self.addresses[place][1])?;
        Ok(record::decode(&bytes).map(|(_, body)| body).unwrap_or_default().to_owned())
    }

    /// The lines of the article at a place of the catalog. The document's bytes are taken as they are: tantivy's own
    /// reading of a bytes field goes byte by byte, which is most of the cost of a search.
    pub(crate) fn stored(&self, place: usize) -> Result<Stored, IndexError> {
        self.lines.get_or_insert_with(&place, || self.stored_once(place))
    }

    /// The same for whoever goes through all articles: what is read so is not kept.
    pub(crate) fn stored_once(&self, place: usize) -> Result<Stored, IndexError> {
        Ok(Stored(self.bytes(self.addresses[place][0])?))
    }

    fn bytes(&self, address: DocAddress) -> Result<OwnedBytes, IndexError> {
        Ok(self.segments[address.segment_ord as usize].store.get_document_bytes(address.doc_id)?)
    }

    /// How many articles the snapshot before did not have.
    pub(super) fn fresh(&self) -> usize {
        self.fresh
    }

    /// Whether it is what the last commit left, with these problems of files that are no articles.
    pub(super) fn is_current(&self, engine: &tantivy::Index, problems: &[Problem]) -> Result<bool, IndexError> {
        Ok(self.listed == problems && self.generation == generation(engine)?)
    }

    /// The last day on which any article was updated.
    pub(crate) fn newest(&self) -> Option<jiff::civil::Date> {
        self.newest
    }

    /// Statistics of a language; `None` where no article is in it.
    pub(crate) fn statistics(&self, language: &str) -> Option<&LanguageStatistics> {
        self.languages.get(language)
    }

    /// Codes of the languages that have searchable articles, the most frequent first.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        let mut codes: Vec<_> = self.languages.iter().map(|(code, s)| (code.as_str(), s.articles)).collect();
        codes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        codes.into_iter().map(|(code, _)| code)
    }

    /// Words of an article by field.
    pub(crate) fn lengths(&self, place: usize) -> &[u32; TextField::COUNT] {
        &self.lengths[place]
    }

    /// Calls `sink` with the place and the number of occurrences for every article that has a term in `field`: a stem
    /// behind `:`, the form of a word behind `=`.
    pub(crate) fn occurrences(
        &self,
        field: TextField,
        language: &str,
        term: &str,
        mut sink: impl FnMut(usize, u32),
    ) -> io::Result<()> {
        let term = Term::from_field_text(self.fields.text[field as usize], &format!("{language}{term}"));
        for segment in &self.segments {
            let reader = &segment.text[field as usize];
            let Some(mut postings) = reader.read_postings(&term, IndexRecordOption::WithFreqs)? else { continue };
            let mut document = postings.doc();
            while document != tantivy::TERMINATED {
                let place = segment.places[document as usize];
                if place != NONE {
                    sink(place as usize, tantivy::postings::Postings::term_freq(&postings));
                }
                document = postings.advance();
            }
        }
        Ok(())
    }

    /// In how many articles a word stands.
    pub(crate) fn articles_with(&self, language: &str, surface: &str) -> io::Result<u32> {
        let term = self.surface_term(language, surface);
        self.segments.iter().try_fold(0, |sum, segment| Ok(sum + segment.surface.doc_freq(&term)?))
    }

    /// The words of a language that writes compounds as one word; empty for others.
    pub(crate) fn words(&self, language: &str) -> Words<'_> {
        Words { lexicons: self.segments.iter().filter_map(|segment| segment.lexicons.get(language)).collect() }
    }

    /// Whether any article has a word with this stem.
    pub(crate) fn has_stem(&self, language: &str, stem: &str) -> io::Result<bool> {
        let text = format!("{language}:{stem}");
        for (segment, field) in self.segments.iter().flat_map(|s| TextField::ALL.map(|field| (s, field))) {
            let term = Term::from_field_text(self.fields.text[field as usize], &text);
            if segment.text[field as usize].doc_freq(&term)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// In about how many articles a stem stands: in so many at least, those of the field that has it most.
    pub(crate) fn articles_with_stem(&self, language: &str, stem: &str) -> io::Result<u32> {
        let text = format!("{language}:{stem}");
        TextField::ALL.iter().try_fold(0, |most, field| {
            let term = Term::from_field_text(self.fields.text[*field as usize], &text);
            let readers = self.segments.iter().map(|segment| &segment.text[*field as usize]);
            let sum = readers.map(|reader| reader.doc_freq(&term)).sum::<io::Result<u32>>()?;
            Ok(most.max(sum))
        })
    }

    /// Words that begin with `prefix`, at most `limit` looked at by segment, most frequent first.
    pub(crate) fn completions(&self, language: &str, prefix: &str, limit: usize) -> io::Result<Vec<DictionaryEntry>> {
        let from = format!("{language}:{prefix}");
        let mut found = HashMap::new();
        for segment in &self.segments {
            let mut stream = segment.surface.terms().range().ge(&from).into_stream()?;
            let mut seen = 0;
            while seen < limit && stream.advance() && stream.key().starts_with(from.as_bytes()) {
                seen += 1;
                count(&mut found, stream.key(), language, stream.value().doc_freq);
            }
        }
        Ok(most_frequent_first(found))
    }

    /// Words at most `distance` edits (a transposition is one) from `surface`, most frequent first; the first letter is
    /// part of at most one.
    pub(crate) fn similar(&self, language: &str, surface: &str, distance: u8) -> io::Result<Vec<DictionaryEntry>> {
        let (first, rest) = surface.split_at(surface.chars().next().map_or(0, char::len_utf8));
        let (anywhere, same_start) = (format!("{language}:"), format!("{language}:{first}"));
        // Two errors anywhere would be a walk through most of the dictionary.
        let within = (distance > 1).then(|| Similar::new(&same_start, rest, distance)).flatten();
        let around = Similar::new(&anywhere, surface, distance.min(1));
        let mut found = HashMap::new();
        for segment in &self.segments {
            for (similar, skipped) in [(&within, None), (&around, within.as_ref().map(|_| same_start.as_bytes()))] {
                let Some(similar) = similar else { continue };
                let mut stream = segment.surface.terms().search(similar).into_stream()?;
                while stream.advance() {
                    if skipped.is_none_or(|skipped| !stream.key().starts_with(skipped)) {
                        count(&mut found, stream.key(), language, stream.value().doc_freq);
                    }
                }
            }
        }
        Ok(most_frequent_first(found))
    }

    fn surface_term(&self, language: &str, surface: &str) -> Term {
        Term::from_field_text(self.fields.surface, &format!("{language}:{surface}"))
    }
}

fn count(found: &mut HashMap<String, u32>, key: &[u8], language: &str, articles: u32) {
    if let Some(surface) = std::str::from_utf8(key).ok().and_then(|key| key.get(language.len() + 1..)) {
        *found.entry(surface.to_owned()).or_default() += articles;
    }
}

fn most_frequent_first(found: HashMap<String, u32>) -> Vec<DictionaryEntry> {
    let mut entries: Vec<_> =
        found.into_iter().map(|(surface, articles)| DictionaryEntry { surface, articles }).collect();
    entries.sort_by(|a, b| b.articles.cmp(&a.articles).then_with(|| a.surface.cmp(&b.surface)));
    entries
}

/// The living documents of all segments.
struct Documents {
    /// Articles, those known before first and in their order.
    entries: Vec<Arc<Entry>>,
    /// Documents by identity; odd identities are those that are only read.
    addresses: HashMap<u64, DocAddress>,
    /// Identities by segment and document; 1 for the dead.
    ids: Vec<Vec<u64>>,
    /// How many entries were read.
    fresh: usize,
}

impl Documents {
    /// Looks at every document; records are read only for articles that `known` lacks.
    fn of(searcher: &Searcher, known: &[Arc<Entry>]) -> Result<Self, IndexError> {
        let articles = searcher.num_docs() as usize / 2;
        let (entries, addresses) = (Vec::with_capacity(articles), HashMap::with_capacity(2 * articles));
        let mut found = Self { entries, addresses, ids: Vec::new(), fresh: 0 };
        let mut unknown = HashMap::with_capacity(articles);
        for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
            let column = segment.fast_fields().u64("id")?;
            let mut ids = vec![1; segment.max_doc() as usize];
            for document in segment.doc_ids_alive() {
                let Some(id) = column.first(document) else { continue };
                let address = DocAddress::new(ordinal as u32, document);
                ids[document as usize] = id;
                found.addresses.insert(id, address);
                if id & 1 == 1 {
                    unknown.insert(id, address);
                }
            }
            found.ids.push(ids);
        }
        found.entries.extend(known.iter().filter(|entry| unknown.remove(&(entry.id | 1)).is_some()).cloned());
        let mut unknown: Vec<_> = unknown.into_values().collect();
        unknown.sort_unstable(); // as they lie on the disk
        found.fresh = unknown.len();
        found.entries.extend(on_all_processors(&unknown, |addresses| read_entries(searcher, addresses))?);
        Ok(found)
    }
}

fn read_entries(searcher: &Searcher, addresses: &[DocAddress]) -> Result<Vec<Arc<Entry>>, IndexError> {
    let segments = searcher.segment_readers().iter();
    let stores = segments.map(|segment| segment.get_store_reader(0)).collect::<Result<Vec<_>, _>>()?;
    let read = |address: &DocAddress| read_entry(&stores[address.segment_ord as usize], address.doc_id).map(Arc::new);
    addresses.iter().map(read).collect()
}

/// Does a piece of work after the other, on all processors where there are many.
pub(super) fn on_all_processors<T: Sync, R: Send>(
    work: &[T],
    done: impl Fn(&[T]) -> Result<Vec<R>, IndexError> + Sync,
) -> Result<Vec<R>, IndexError> {
    if work.len() < MANY {
        return done(work);
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let parts = work.chunks(work.len().div_ceil(processors));
        let parts: Vec<_> = parts.map(|part| scope.spawn(|| done(part))).collect();
        let mut all = Vec::with_capacity(work.len());
        for part in parts {
            let failed = || IndexError::Io(io::Error::other("a thread that read the index ended"));
            all.extend(part.join().map_err(|_| failed())??);
        }
        Ok(all)
    })
}

fn read_entry(store: &StoreReader, document: u32) -> Result<Entry, IndexError> {
    let bytes = store.get_document_bytes(document)?;
    Ok(serde_json::from_slice(record::decode(&bytes).map(|(json, _)| json).unwrap_or_default())?)
}

/// What the last commit said; an index without one is generation 0.
fn generation(engine: &tantivy::Index) -> Result<Generation, IndexError> {
    let payload = engine.load_metas()?.payload.unwrap_or_default();
    let (number, hash) = payload.split_once(' ').unwrap_or_default();
    Ok(Generation { number: number.parse().unwrap_or(0), hash: hash.to_owned() })
}

fn statistics(catalog: &Catalog) -> HashMap<String, LanguageStatistics> {
    let mut sums: HashMap<String, (u32, [u64; TextField::COUNT])> = HashMap::new();
    for entry in catalog.iter().filter(|entry| entry.is_searchable()) {
        let code = crate::analysis::Language::new(entry.lang()).code().to_owned();
        let (articles, lengths) = sums.entry(code).or_default();
        *articles += 1;
        for (sum, length) in lengths.iter_mut().zip(entry.lengths) {
            *sum += u64::from(length);
        }
    }
    sums.into_iter()
        .map(|(language, (articles, lengths))| {
            let mean_lengths = lengths.map(|sum| sum as f32 / articles as f32);
            (language, LanguageStatistics { articles, mean_lengths })
        })
        .collect()
}
