//! How far a gathering of questions agrees with what they are about: the questions of a set whose articles were taken
//! out, against the article that each was taken from.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};

use super::{EvalError, QuerySet, Question};

/// The questions of a set whose articles were taken out, each with its article, by `removed_qrels.tsv`: id and
/// article, separated by a tab. Where a question had several articles, the first counts.
///
/// # Errors
/// The file is missing or unreadable.
pub fn removed<'a>(set: &'a QuerySet, folder: &Path) -> Result<Vec<(&'a Question, String)>, EvalError> {
    let path = folder.join("removed_qrels.tsv");
    let text = fs::read_to_string(&path).map_err(|source: io::Error| EvalError::File { path, source })?;
    let mut articles: HashMap<&str, &str> = HashMap::new();
    for (id, article) in text.lines().filter_map(|line| line.split_once('\t')) {
        articles.entry(id).or_insert(article.trim());
    }
    let with_article = |question: &'a Question| Some((question, (*articles.get(question.id.as_str())?).to_owned()));
    Ok(set.unanswerable.iter().filter_map(with_article).collect())
}

/// The adjusted Rand index (Hubert and Arabie 1985) of two partitions of the same things: 1 for equal ones, about 0 for
/// chance. Nothing where it is not defined: one of them puts each thing alone and the other does not, or there is
/// nothing to tell apart.
///
/// ```
/// use zerodesk::eval::adjusted_rand;
/// assert_eq!(adjusted_rand(&[0, 0, 1, 1], &["b", "b", "a", "a"]), Some(1.0));
/// assert!(adjusted_rand(&[0, 0, 1, 2], &[0, 0, 1, 1]).is_some_and(|index| (index - 4.0 / 7.0).abs() < 1e-9));
/// assert_eq!(adjusted_rand(&[0, 1], &[0, 1]), None);
/// ```
#[must_use]
pub fn adjusted_rand<A: Ord, B: Ord>(a: &[A], b: &[B]) -> Option<f64> {
    let pairs = |count: u64| (count * count.saturating_sub(1) / 2) as f64;
    let (mut both, mut of_a, mut of_b) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (a, b) in a.iter().zip(b) {
        *both.entry((a, b)).or_insert(0) += 1;
        *of_a.entry(a).or_insert(0) += 1;
        *of_b.entry(b).or_insert(0) += 1;
    }
    let sum = |counts: &mut dyn Iterator<Item = &u64>| counts.map(|count| pairs(*count)).sum::<f64>();
    let (both, of_a, of_b) = (sum(&mut both.values()), sum(&mut of_a.values()), sum(&mut of_b.values()));
    let all = pairs(a.len() as u64);
    if all == 0.0 || of_a == 0.0 || of_b == 0.0 {
        return None;
    }
    let expected = of_a * of_b / all;
    let highest = f64::midpoint(of_a, of_b);
    (highest > expected).then(|| (both - expected) / (highest - expected))
}
