//! Why a search came out as it did: a page for writers, without JavaScript.
//!
//! It is open to everyone, like the search itself: it shows articles that anyone can read, and weights that come with
//! the source. Search engines are asked to stay away, it counts against the limit of searches, and what is tried here
//! is not recorded as a visitor's search.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Html};
use minijinja::{Value, context};

use super::{Pages, Visitor};
use crate::{
    app::App,
    http::{
        api::search::{self, SearchParams},
        error::ApiError,
        extract::QueryString,
        turns::Turns,
    },
    insight::Surface,
    search::{
        Answer, Appearance, ExplainedArticle, ExplainedDecision, ExplainedField, ExplainedSignal, ExplainedVariant,
        ExplainedWord, Explanation, Part, WordPart,
    },
};

/// `GET /explain?q=&article=`
pub async fn explain(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(turns): State<Arc<Turns>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    let article = query.one("article").unwrap_or_default().trim().to_owned();
    if query.one("q").is_none_or(|words| words.trim().is_empty()) {
        return pages.render("explain.html", &visitor, context! { article, decision => false });
    }
    let mut params = SearchParams::read(&query, Surface::Page)?;
    params.lang = Some(visitor.lang.clone());
    params.explain = true;
    params.article = (!article.is_empty()).then(|| article.clone());
    let performed = search::perform(&app, &turns, &params, &headers).await?;
    let page = page(&performed.answer, &params.q, &article, Numbers::of(&visitor.lang));
    pages.render("explain.html", &visitor, page)
}

fn page(answer: &Answer, query: &str, article: &str, numbers: Numbers) -> Value {
    let Some(why) = &answer.explanation else { return context! { query, article, decision => false } };
    let Explanation { decision, language, words, articles, compared } = why;
    context! {
        query, article,
        corrected => answer.corrected.clone(),
        did_you_mean => answer.did_you_mean.clone(),
        decision => numbers.decision(decision),
        searched => language.clone(),
        words => words.iter().map(|word| numbers.word(word)).collect::<Vec<_>>(),
        articles => articles.iter().map(|article| numbers.article(article)).collect::<Vec<_>>(),
        compared => compared.as_ref().map(|compared| numbers.appearance(compared)),
    }
}

/// Writes numbers as a language does.
#[derive(Clone, Copy)]
struct Numbers {
    comma: bool,
}

impl Numbers {
    fn of(lang: &str) -> Self {
        Self { comma: matches!(lang.split('-').next(), Some("nl" | "de")) }
    }

    fn plain(self, value: f32, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        let text = text.replace('-', if is_nothing(&text) { "" } else { "\u{2212}" });
        if self.comma { text.replace('.', ",") } else { text }
    }

    fn percent(self, value: f32) -> String {
        self.plain(100.0 * value, 0) + "\u{a0}%"
    }

    fn signed(self, value: f32, decimals: usize) -> String {
        let text = self.plain(value, decimals);
        if text.starts_with('\u{2212}') || is_nothing(&text) { text } else { format!("+{text}") }
    }

    fn decision(self, decision: &ExplainedDecision) -> Value {
        let sum = decision.bias + decision.signals.iter().map(|signal| signal.contribution).sum::<f32>();
        let most = decision.signals.iter().map(|signal| signal.contribution.abs()).fold(decision.bias.abs(), f32::max);
        let signal = |signal: &ExplainedSignal| {
            context! {
                name => signal.name, value => self.plain(signal.value, 3), weight => self.plain(signal.weight, 3),
                contribution => self.signed(signal.contribution, 2), bar => bar(signal.contribution, most),
            }
        };
        context! {
            decision => decision.decision.as_str(),
            confidence => self.percent(decision.confidence), answer_at => self.percent(decision.answer_at),
            candidates_at => self.percent(decision.candidates_at),
            bias => self.signed(decision.bias, 2), bar => bar(decision.bias, most), sum => self.signed(sum, 2),
            signals => decision.signals.iter().map(signal).collect::<Vec<_>>(),
            date => decision.date.to_string(), fitted_on => decision.fitted_on.join(", "),
        }
    }

    fn word(self, word: &ExplainedWord) -> Value {
        context! {
            word => word.word.clone(), stop_word => word.stop_word, correction => word.correction.clone(),
            articles => word.articles, information => self.plain(word.information, 2),
            variants => self.variants(&word.variants),
        }
    }

    fn variants(self, variants: &[ExplainedVariant]) -> Vec<Value> {
        let one = |v: &ExplainedVariant| context! { stem => v.stem.clone(), kind => v.kind.as_str(), weight => self.plain(v.weight, 2) };
        variants.iter().map(one).collect()
    }

    fn article(self, article: &ExplainedArticle) -> Value {
        let contributions = article.words.iter().map(|word| word.contribution);
        let most = contributions.chain(article.parts.iter().map(|part| part.contribution)).fold(0.0, f32::max);
        context! {
            article => article.article.clone(), title => article.title.clone(), rank => article.rank,
            score => self.plain(article.score, 3),
            best_line => article.best_line.as_ref().map(|line| line.text.clone()),
            words => article.words.iter().map(|word| self.word_part(word, most)).collect::<Vec<_>>(),
            parts => article.parts.iter().map(|part| self.part(part, most)).collect::<Vec<_>>(),
        }
    }

    fn word_part(self, word: &WordPart, most: f32) -> Value {
        let field = |f: &ExplainedField| {
            context! { field => f.field, count => f.count, contribution => self.signed(f.contribution, 3) }
        };
        context! {
            word => word.word.clone(), contribution => self.signed(word.contribution, 3),
            bar => bar(word.contribution, most), found => self.variants(&word.found),
            fields => word.fields.iter().map(field).collect::<Vec<_>>(),
        }
    }

    fn part(self, part: &Part, most: f32) -> Value {
        context! {
            name => part.name, value => self.plain(part.value, 3), weight => self.plain(part.weight, 3),
            contribution => self.signed(part.contribution, 3), bar => bar(part.contribution, most),
        }
    }

    fn appearance(self, appearance: &Appearance) -> Value {
        let state = |state: &str| context! { state, language => "" };
        match appearance {
            Appearance::Ranked { article } => context! { state => "ranked", article => self.article(article) },
            Appearance::Unknown => state("unknown"),
            Appearance::NotSearched => state("not_searched"),
            Appearance::OtherLanguage { language } => context! { state => "other_language", language },
            Appearance::NoMatch => state("no_match"),
        }
    }
}

/// Whether a number was rounded to nothing, which has no sign.
fn is_nothing(text: &str) -> bool {
    !text.contains(|c: char| ('1'..='9').contains(&c))
}

/// A bar in a drawing from -100 to 100; the table beside it has the number.
fn bar(value: f32, most: f32) -> Value {
    let width = 100.0 * value.abs() / most.max(f32::MIN_POSITIVE);
    let (x, sign) = if value < 0.0 { (-width, "against") } else { (0.0, "for") };
    context! { x => format!("{x:.1}"), width => format!("{width:.1}"), sign }
}
