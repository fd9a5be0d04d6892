//! Why: what the decision saw, and what each article has its place from.
//!
//! For writers, and only when asked for. Nothing is computed twice by different rules: the share of
//! one word in an article's score is the score that ranking itself gives a query of that word alone,
//! and what reading adds comes from the reading. So the parts of an article add up to its score.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Candidate, Decision, Found, Search, SearchError, Signals,
    learned::Evidence,
    rank::{self, Weights},
    read,
    understand::{Concept, Understood, Variant, VariantKind},
};
use crate::index::{Entry, LineKind, Stored, TextField};

/// What is to be explained besides the decision and the hits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explain {
    /// Slug of an article to explain wherever it ranks.
    pub article: Option<String>,
}

/// Why a search came out as it did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// The decision, from its signals.
    pub decision: ExplainedDecision,
    /// Language of the best hit, by whose articles words are weighed.
    pub language: String,
    /// The words of the query, as they were understood.
    pub words: Vec<ExplainedWord>,
    /// The articles of the reply, best first.
    pub articles: Vec<ExplainedArticle>,
    /// The article that was asked for by `article`, wherever it ranks.
    pub compared: Option<Appearance>,
}

/// A sum of contributions is the logarithm of the odds; the confidence is its logistic function.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedDecision {
    /// `answer`, `candidates` or `no_answer`.
    #[schema(value_type = String)]
    pub decision: Decision,
    /// Probability, 0 to 1, that the hits answer the question.
    pub confidence: f32,
    /// Confidence from which a search counts as answered.
    pub answer_at: f32,
    /// Confidence from which hits are candidates.
    pub candidates_at: f32,
    /// Constant term of the sum.
    pub bias: f32,
    /// The signals.
    pub signals: Vec<ExplainedSignal>,
    /// Judged sets that the weights were fitted on.
    pub fitted_on: Vec<String>,
    /// Day of the fit.
    #[schema(value_type = String, format = Date)]
    pub date: jiff::civil::Date,
}

/// One signal of the decision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedSignal {
    /// Its name in the file of weights.
    pub name: &'static str,
    /// What the search gave.
    pub value: f32,
    /// Its weight.
    pub weight: f32,
    /// Their product.
    pub contribution: f32,
}

/// A word of the query.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedWord {
    /// As typed, normalised.
    pub word: String,
    /// Whether it is one of the little words that weigh little.
    pub stop_word: bool,
    /// What was probably meant, where no article has the word.
    pub correction: Option<String>,
    /// In how many articles it stands, in any of its variants.
    pub articles: u32,
    /// How much it says: the rarer, the more.
    pub information: f32,
    /// What stands for it in the articles, the surest first.
    pub variants: Vec<ExplainedVariant>,
}

/// A stem that stands for a word of the query.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedVariant {
    /// The stem.
    pub stem: String,
    /// `exact`, `prefix`, `typo`, `synonym` or `compound`.
    #[schema(value_type = String)]
    pub kind: VariantKind,
    /// How surely it is what was meant, at most 1.
    pub weight: f32,
}

/// An article with what its score is made of: the contributions of words and parts add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedArticle {
    /// Its slug.
    pub article: String,
    /// Its title.
    pub title: String,
    /// Its place among all articles that match, from 1.
    pub rank: usize,
    /// Its score.
    pub score: f32,
    /// What each word of the query contributes, as a share of what the query could reach.
    pub words: Vec<WordPart>,
    /// What its lines contribute; nothing where it is so far behind that it was not read.
    pub parts: Vec<Part>,
    /// The line that is most like the query.
    pub best_line: Option<ExplainedLine>,
}

/// One word's part in an article's score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WordPart {
    /// The word of the query.
    pub word: String,
    /// What it adds to the score.
    pub contribution: f32,
    /// The stems that the article has.
    pub found: Vec<ExplainedVariant>,
    /// Where it stands.
    pub fields: Vec<ExplainedField>,
}

/// Occurrences in one field of an article.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedField {
    /// `title`, `questions`, `headings`, `body`, `tags` or `code`.
    pub field: &'static str,
    /// How often.
    pub count: u32,
    /// Words in the field.
    pub length: u32,
    /// Its part of the word's contribution.
    pub contribution: f32,
}

/// Something else that counts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Part {
    /// What.
    pub name: &'static str,
    /// How much of it the article has.
    pub value: f32,
    /// Its weight.
    pub weight: f32,
    /// Their product.
    pub contribution: f32,
}

/// A line of an article.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedLine {
    /// Its text.
    pub text: String,
    /// `title`, `question`, `description`, `heading`, `text` or `code`.
    pub kind: &'static str,
    /// How like the query it is, 0 to 1.
    pub likeness: f32,
}

/// What became of the article that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Appearance {
    /// It matches; `article.rank` says where.
    Ranked {
        /// It, as the hits are explained.
        article: Box<ExplainedArticle>,
    },
    /// There is no such article, or not for this site and these filters.
    Unknown,
    /// It is not searched: a draft, unlisted, or kept out by its front matter.
    NotSearched,
    /// It is written in another language than that of the hits.
    OtherLanguage {
        /// Its language.
        language: String,
    },
    /// It has no word of the query, or the signs of the query leave it out.
    NoMatch,
}

/// Explains the hits of a search; `order` names all of them, best first, by wording and place.
pub(super) fn explain(
    search: &Search,
    wish: &Explain,
    found: &[&Found],
    order: &[(usize, usize)],
) -> Result<Explanation, SearchError> {
    let best = order.first().map_or(0, |(which, _)| *which);
    let shown = order.iter().enumerate().skip(search.query.offset).take(search.query.limit);
    let articles = shown.map(|(rank, (which, at))| explain_article(search, found[*which], *at, rank + 1));
    let (language, words) = found
        .get(best)
        .map_or_else(Default::default, |found| (found.understood.language.clone(), explain_words(found)));
    Ok(Explanation {
        decision: explain_decision(search, found.get(best).copied()),
        articles: articles.collect::<Result<_, _>>()?,
        compared: wish.article.as_ref().map(|slug| compare(search, slug, found, order, &language)).transpose()?,
        language,
        words,
    })
}

fn explain_decision(search: &Search, best: Option<&Found>) -> ExplainedDecision {
    let (signals, confidence, decision) =
        best.map_or((Signals::default(), 0.0, Decision::NoAnswer), |found| search.judge(found));
    let model = search.decision;
    let values = signals.values().into_iter().zip(model.weights.values()).zip(model.contributions(&signals));
    let signal = |(name, ((value, weight), contribution))| ExplainedSignal { name, value, weight, contribution };
    ExplainedDecision {
        decision,
        confidence,
        answer_at: search.query.answer_at,
        candidates_at: search.query.candidates_at,
        bias: model.bias,
        signals: Signals::NAMES.into_iter().zip(values).map(signal).collect(),
        fitted_on: model.fitted_on.clone(),
        date: model.date,
    }
}

fn explain_words(found: &Found) -> Vec<ExplainedWord> {
    let Found { understood, ranking, .. } = found;
    let numbers = ranking.frequencies.iter().zip(&ranking.information);
    // Where a language has no articles, there are no numbers.
    let numbers = numbers.map(|(articles, information)| (*articles, *information)).chain(std::iter::repeat((0, 0.0)));
    let word = |(concept, (articles, information)): (&Concept, (u32, f32))| ExplainedWord {
        word: concept.surface.clone(),
        stop_word: concept.stop,
        correction: concept.correction.clone(),
        articles,
        information,
        variants: variants(concept, |_| true),
    };
    understood.concepts.iter().zip(numbers).map(word).collect()
}

fn variants(concept: &Concept, wanted: impl Fn(&str) -> bool) -> Vec<ExplainedVariant> {
    let kept = concept.variants.iter().filter(|variant| wanted(&variant.stem));
    kept.map(|v| ExplainedVariant { stem: v.stem.clone(), kind: v.kind, weight: v.weight }).collect()
}

fn explain_article(search: &Search, found: &Found, at: usize, rank: usize) -> Result<ExplainedArticle, SearchError> {
    let candidate = &found.hits[at];
    let entry = search.snapshot.catalog().at(candidate.ranked.place);
    let (article, title) =
        entry.map(|entry| (entry.front_matter.slug.clone(), entry.front_matter.title.clone())).unwrap_or_default();
    let concepts = found.understood.concepts.iter();
    let words = concepts.map(|concept| explain_word(search, found, candidate, concept)).collect::<Result<_, _>>()?;
    let part = |(name, value, weight)| Part { name, value, weight, contribution: weight * value };
    let best_line = candidate.stored.as_ref().and_then(|(stored, _)| best_line(&found.reader, stored));
    let read = found.reader.parts(&candidate.ranked, &candidate.reading);
    let parts =
        read.into_iter().chain(search.priors(candidate.ranked.place)).chain(candidate.learned.map(Evidence::part));
    let parts = parts.map(part).collect();
    Ok(ExplainedArticle { article, title, rank, score: candidate.score, words, parts, best_line })
}

/// One word's part: what ranking gives the article for a query of that word alone, shared out over the fields by the
/// weight of its occurrences there, in the variant that counts.
fn explain_word(
    search: &Search,
    found: &Found,
    candidate: &Candidate,
    concept: &Concept,
) -> Result<WordPart, SearchError> {
    let (snapshot, language) = (search.snapshot, &found.understood.language);
    let place = candidate.ranked.place;
    let alone = Understood { language: language.clone(), concepts: vec![concept.clone()], together: Vec::new() };
    let ranking = rank::rank(snapshot, search.ranking, search.postings, &alone)?;
    let score = ranking.articles.iter().find(|ranked| ranked.place == place).map_or(0.0, |ranked| ranked.score);
    let contribution = score / found.ranking.reachable.max(f32::MIN_POSITIVE);

    let mut has: Vec<&str> = Vec::new();
    let mut best = (0.0, [0; TextField::COUNT], [0.0; TextField::COUNT]);
    if let Some(statistics) = snapshot.statistics(language) {
        let weights = Weights::new(&search.ranking.terms, &statistics.mean_lengths);
        for variant in &concept.variants {
            let (counts, by_field) = occurrences(search, &weights, language, place, (concept, variant))?;
            let value = variant.weight * weights.saturate(by_field.iter().sum());
            if value > 0.0 {
                has.push(&variant.stem);
            }
            if value > best.0 {
                best = (value, counts, by_field);
            }
        }
    }
    let (_, counts, weights) = best;
    let total = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let field = |(at, name)| ExplainedField {
        field: name,
        count: counts[at],
        length: snapshot.lengths(place)[at],
        contribution: contribution * weights[at] / total,
    };
    Ok(WordPart {
        word: concept.surface.clone(),
        contribution,
        found: variants(concept, |stem| has.contains(&stem)),
        fields: FIELDS.into_iter().enumerate().map(field).filter(|field| field.count > 0).collect(),
    })
}

/// How often one article has a variant, and the weight of that, by field.
fn occurrences(
    search: &Search,
    weights: &Weights,
    language: &str,
    place: usize,
    (concept, variant): (&Concept, &Variant),
) -> Result<([u32; TextField::COUNT], [f32; TextField::COUNT]), SearchError> {
    let (mut counts, mut by_field) = ([0; TextField::COUNT], [0.0; TextField::COUNT]);
    for term in rank::terms(search.ranking, concept, variant) {
        for field in term.fields.iter().copied() {
            let at = field as usize;
            search.snapshot.occurrences(field, language, &term.text, |there, count| {
                if there == place {
                    let length = search.snapshot.lengths(place)[at];
                    counts[at] = count.max(counts[at]);
                    by_field[at] += term.weight * weights.weigh(field, count, length);
                }
            })?;
        }
    }
    Ok((counts, by_field))
}

/// Names of the fields, in the order of [`TextField`].
const FIELDS: [&str; TextField::COUNT] = ["title", "questions", "headings", "body", "tags", "code"];

fn best_line(reader: &read::Reader, stored: &Stored) -> Option<ExplainedLine> {
    let lines = stored.passages()?.lines().map(|line| (reader.line(&line).likeness, line));
    let (likeness, line) = lines.filter(|(likeness, _)| *likeness > 0.0).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let kind = match line.kind {
        LineKind::Title => "title",
        LineKind::Question => "question",
        LineKind::Description => "description",
        LineKind::Heading => "heading",
        LineKind::Text => "text",
        LineKind::Code => "code",
    };
    Some(ExplainedLine { text: line.text().to_owned(), kind, likeness })
}

/// Where an article ranks, or why it does not.
fn compare(
    search: &Search,
    slug: &str,
    found: &[&Found],
    order: &[(usize, usize)],
    language: &str,
) -> Result<Appearance, SearchError> {
    let catalog = search.snapshot.catalog();
    let entry = catalog.by_slug(slug).filter(|entry| search.query.filter.admits(entry));
    let Some(entry) = entry else { return Ok(Appearance::Unknown) };
    let is_it = |(which, at): (usize, usize)| catalog.place(&entry.path) == Some(found[which].hits[at].ranked.place);
    if let Some(rank) = order.iter().position(|hit| is_it(*hit)) {
        let (which, at) = order[rank];
        let article = Box::new(explain_article(search, found[which], at, rank + 1)?);
        return Ok(Appearance::Ranked { article });
    }
    Ok(why_not(entry, language))
}

fn why_not(entry: &Entry, language: &str) -> Appearance {
    let own = crate::analysis::Language::new(entry.lang());
    if !entry.is_searchable() {
        Appearance::NotSearched
    } else if own.code() != language {
        Appearance::OtherLanguage { language: entry.lang().to_owned() }
    } else {
        Appearance::NoMatch
    }
}
