//! Questions that ask the same, gathered by their words.
//!
//! Each question is a vector of its stems; a stem weighs what it says among the articles and among
//! the questions (the geometric mean of both). Its nearest neighbours are found through an inverted
//! index, and clusters grow along these by average linkage: two clusters become one while their
//! questions are, on average, alike enough. No number of clusters is given, no random number is
//! drawn, and the work grows with the number of questions, not with its square. The same questions
//! give the same clusters in whatever order they come.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

use crate::search::TellingWord;

/// Mean likeness (cosine) from which two clusters are one.
const ALIKE: f32 = 0.2;
/// Weight of a word that says little, against 1 for others.
const STOP_WORD: f32 = 0.1;
/// Nearest neighbours of a question that are kept: where there are few questions, and where there are very many.
const NEIGHBOURS: (usize, usize) = (50, 10);
/// Neighbours kept of all questions together, about.
const ALL_NEIGHBOURS: usize = 3_000_000;
/// Occurrences of a question's words that are walked to find its neighbours, the rarest words first.
const WALKED: usize = 5_000;
/// Of the questions met on that walk, so many times the neighbours are compared in full.
const COMPARED: usize = 4;

/// A question as a vector of length 1: stems by number, in order, with their weights.
type Vector = Vec<(u32, f32)>;

/// For each question the number of its cluster. Clusters are numbered from 0 in the order of their first question;
/// questions without any word are alone. `advance` is told how many of all questions are done.
pub fn clusters(questions: &[Vec<TellingWord>], advance: &mut dyn FnMut(usize)) -> Vec<usize> {
    let vectors = vectors(questions);
    // Equal vectors are one node, and nodes are in the order of their words, not of their arrival.
    let mut nodes: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (question, vector) in vectors.iter().enumerate() {
        let alone = if vector.is_empty() { question } else { usize::MAX };
        nodes.entry(Key(vector.clone(), alone)).or_default().push(question);
    }
    let (keys, members): (Vec<Key>, Vec<Vec<usize>>) = nodes.into_iter().unzip();
    let vectors: Vec<Vector> = keys.into_iter().map(|key| key.0).collect();
    let mut done = 0;
    let pairs = Neighbourhood::new(&vectors).pairs(&mut |node| {
        done += members[node].len();
        advance(done);
    });
    let groups = Linkage::new(vectors.len(), &pairs).run();
    let mut numbers = vec![0; questions.len()];
    for (node, group) in groups.into_iter().enumerate() {
        members[node].iter().for_each(|question| numbers[*question] = group);
    }
    renumbered(numbers)
}

/// Clusters numbered in the order of their first question.
fn renumbered(mut numbers: Vec<usize>) -> Vec<usize> {
    let mut new = HashMap::new();
    for number in &mut numbers {
        let next = new.len();
        *number = *new.entry(*number).or_insert(next);
    }
    numbers
}

/// A vector to be sorted by.
#[derive(PartialEq)]
struct Key(Vector, usize);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let terms = self.0.iter().map(|(term, _)| term);
        terms.cmp(other.0.iter().map(|(term, _)| term)).then(self.1.cmp(&other.1))
    }
}

/// The vectors of questions. Stems are numbered in the order of the alphabet, so that arrival changes nothing.
fn vectors(questions: &[Vec<TellingWord>]) -> Vec<Vector> {
    let mut stems: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for word in questions.iter().flatten() {
        stems.entry(&word.stem).or_default().1 += 1;
    }
    for (number, entry) in stems.values_mut().enumerate() {
        entry.0 = number as u32;
    }
    let all = questions.len() as f32;
    let vector = |words: &Vec<TellingWord>| {
        let mut vector: Vector = words
            .iter()
            .map(|word| {
                let (number, questions) = stems[word.stem.as_str()];
                let among = (1.0 + (all - questions as f32 + 0.5).max(0.5) / (questions as f32 + 0.5)).ln();
                let stop = if word.stop { STOP_WORD } else { 1.0 };
                (number, stop * (word.information * among).sqrt().sqrt())
            })
            .collect();
        vector.sort_unstable_by_key(|(number, _)| *number);
        let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        for (_, weight) in &mut vector {
            *weight /= length.max(f32::MIN_POSITIVE);
        }
        vector
    };
    questions.iter().map(vector).collect()
}

/// Finds what is near, through the words that vectors share.
struct Neighbourhood<'a> {
    vectors: &'a [Vector],
    postings: Vec<Vec<u32>>,
}

impl<'a> Neighbourhood<'a> {
    fn new(vectors: &'a [Vector]) -> Self {
        let terms = vectors.iter().flatten().map(|(term, _)| *term as usize + 1).max().unwrap_or_default();
        let mut postings = vec![Vec::new(); terms];
        for (node, vector) in vectors.iter().enumerate() {
            for (term, _) in vector {
                postings[*term as usize].push(node as u32);
            }
        }
        Self { vectors, postings }
    }

    /// Every pair of which one is among the nearest of the other, with their likeness.
    fn pairs(&self, done: &mut dyn FnMut(usize)) -> Vec<([u32; 2], f32)> {
        let most = (ALL_NEIGHBOURS / self.vectors.len().max(1)).clamp(NEIGHBOURS.1, NEIGHBOURS.0);
        let mut pairs = Vec::new();
        let mut sums = vec![0.0; self.vectors.len()];
        for node in 0..self.vectors.len() {
            for (other, likeness) in self.nearest(node, most, &mut sums) {
                let node = node as u32;
                pairs.push(([node.min(other), node.max(other)], likeness));
            }
            done(node);
        }
        pairs.sort_unstable_by_key(|(pair, _)| *pair);
        pairs.dedup_by_key(|(pair, _)| *pair);
        pairs
    }

    /// The nearest of a node, nearest first. `sums` is all zeros before and after.
    fn nearest(&self, node: usize, most: usize, sums: &mut [f32]) -> Vec<(u32, f32)> {
        let vector = &self.vectors[node];
        let mut terms: Vec<&(u32, f32)> = vector.iter().collect();
        terms.sort_by_key(|(term, _)| (self.postings[*term as usize].len(), *term));
        let (mut walked, mut met) = (0, Vec::new());
        for (term, weight) in terms {
            let postings = &self.postings[*term as usize];
            walked += postings.len();
            if walked > WALKED && !met.is_empty() {
                break;
            }
            for other in postings.iter().take(WALKED).filter(|other| **other as usize != node) {
                let sum = &mut sums[*other as usize];
                if *sum == 0.0 {
                    met.push(*other);
                }
                *sum += weight * weight;
            }
        }
        let nearer = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let mut met: Vec<(u32, f32)> =
            met.into_iter().map(|other| (other, std::mem::take(&mut sums[other as usize]))).collect();
        if met.len() > most * COMPARED {
            met.select_nth_unstable_by(most * COMPARED, nearer);
            met.truncate(most * COMPARED);
        }
        for (other, likeness) in &mut met {
            *likeness = dot(vector, &self.vectors[*other as usize]);
        }
        met.sort_unstable_by(nearer);
        met.truncate(most);
        met
    }
}

fn dot(a: &Vector, b: &Vector) -> f32 {
    let (mut sum, mut at) = (0.0, 0);
    for (term, weight) in a {
        while b.get(at).is_some_and(|(other, _)| other < term) {
            at += 1;
        }
        if let Some((other, other_weight)) = b.get(at)
            && other == term
        {
            sum += weight * other_weight;
        }
    }
    sum
}

/// Average linkage over pairs that are near; pairs that are not count as not alike at all.
struct Linkage {
    /// Sum of the likenesses to other clusters, by cluster.
    near: Vec<HashMap<u32, f32>>,
    size: Vec<u32>,
    /// Times that a cluster has grown; a pair that was queued before is out of date.
    grown: Vec<u32>,
    into: Vec<u32>,
    /// For each cluster the one most like it, as it was when it was looked for. Nothing that happens meanwhile makes
    /// another one more like it than that, because means never exceed what they are made of.
    queue: BinaryHeap<Pair>,
}

/// Two clusters that may become one.
#[derive(PartialEq)]
struct Pair {
    likeness: f32,
    clusters: [u32; 2],
    grown: [u32; 2],
    /// Which of the two was looking.
    seeker: usize,
}

impl Eq for Pair {}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.likeness.total_cmp(&other.likeness).then_with(|| other.clusters.cmp(&self.clusters))
    }
}

impl Linkage {
    fn new(nodes: usize, pairs: &[([u32; 2], f32)]) -> Self {
        let mut linkage = Self {
            near: vec![HashMap::new(); nodes],
            size: vec![1; nodes],
            grown: vec![0; nodes],
            into: (0..nodes as u32).collect(),
            queue: BinaryHeap::new(),
        };
        for ([a, b], likeness) in pairs {
            linkage.near[*a as usize].insert(*b, *likeness);
            linkage.near[*b as usize].insert(*a, *likeness);
        }
        (0..nodes as u32).for_each(|node| linkage.seek(node));
        linkage
    }

    /// Queues what is most like a cluster, if it is alike enough.
    fn seek(&mut self, seeker: u32) {
        let at = seeker as usize;
        let pair = |(other, sum): (&u32, &f32)| {
            let clusters = [seeker.min(*other), seeker.max(*other)];
            let likeness = sum / (self.size[at] * self.size[*other as usize]) as f32;
            let grown = clusters.map(|cluster| self.grown[cluster as usize]);
            Pair { likeness, clusters, grown, seeker: usize::from(*other < seeker) }
        };
        let most = self.near[at].iter().map(pair).max();
        self.queue.extend(most.filter(|pair| pair.likeness >= ALIKE));
    }

    /// Joins what is alike, the most alike first, and gives the cluster of each node.
    fn run(mut self) -> Vec<usize> {
        while let Some(Pair { clusters, grown, seeker, .. }) = self.queue.pop() {
            let is_as_it_was = |at: usize| {
                let cluster = clusters[at] as usize;
                self.into[cluster] as usize == cluster && self.grown[cluster] == grown[at]
            };
            match (is_as_it_was(seeker), is_as_it_was(1 - seeker)) {
                (true, true) => self.join(clusters[0], clusters[1]),
                (true, false) => self.seek(clusters[seeker]),
                // It has sought again when it grew, or is a part of another.
                (false, _) => {}
            }
        }
        (0..self.into.len()).map(|node| self.cluster(node)).collect()
    }

    fn join(&mut self, a: u32, b: u32) {
        // The one with fewer neighbours is moved.
        let (to, from) = if self.near[a as usize].len() < self.near[b as usize].len() { (b, a) } else { (a, b) };
        let (keep, gone) = (to as usize, from as usize);
        for (other, sum) in std::mem::take(&mut self.near[gone]) {
            self.near[other as usize].remove(&from);
            if other != to {
                let total = self.near[keep].entry(other).or_default();
                *total += sum;
                let total = *total;
                self.near[other as usize].insert(to, total);
            }
        }
        self.size[keep] += self.size[gone];
        self.grown[keep] += 1;
        self.into[gone] = to;
        self.seek(to);
    }

    fn cluster(&self, mut node: usize) -> usize {
        while self.into[node] as usize != node {
            node = self.into[node] as usize;
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Vec<TellingWord> {
        let word = |word: &str| TellingWord {
            stem: word.into(),
            surface: word.into(),
            information: 3.0,
            known: true,
            stop: word.len() < 4,
        };
        text.split_whitespace().map(word).collect()
    }

    fn gathered(texts: &[&str]) -> Vec<usize> {
        clusters(&texts.iter().map(|text| question(text)).collect::<Vec<_>>(), &mut |_| {})
    }

    const ASKED: [&str; 9] = [
        "how do i pay with paypal",
        "paypal payment",
        "can i pay with paypal",
        "printer prints blank pages",
        "blank pages from the printer",
        "delete my account",
        "please delete account",
        "",
        "",
    ];

    #[test]
    fn what_asks_the_same_is_together() {
        assert_eq!(gathered(&ASKED), [0, 0, 0, 1, 1, 2, 2, 3, 4]);
        assert_eq!(gathered(&[]), [0; 0]);
        assert_eq!(gathered(&["paypal"]), [0]);
    }

    #[test]
    fn the_order_of_arrival_changes_nothing() {
        let of = |texts: &[&str]| -> BTreeMap<String, Vec<String>> {
            let mut by_cluster: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for (text, cluster) in texts.iter().zip(gathered(texts)) {
                by_cluster.entry(cluster).or_default().push((*text).to_owned());
            }
            let sorted = by_cluster.into_values().map(|mut texts| {
                texts.sort();
                (texts[0].clone(), texts)
            });
            sorted.collect()
        };
        let words = ["pay", "paypal", "invoice", "printer", "blank", "pages", "refund", "money", "delete", "account"];
        let texts: Vec<String> = (0..200usize)
            .map(|n| format!("{} {} {}", words[n % 10], words[n / 10 % 10], words[(n * 7 + n / 3) % 10]))
            .collect();
        let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        texts.sort_unstable();
        texts.dedup();
        let expected = of(&texts);
        texts.reverse();
        assert_eq!(of(&texts), expected);
        let middle = texts.len() / 2;
        texts.rotate_left(middle);
        assert_eq!(of(&texts), expected);
    }

    #[test]
    fn a_question_asked_often_weighs_no_more_than_once() {
        let often: Vec<&str> = std::iter::repeat_n("paypal payment", 500).chain(["printer blank pages"]).collect();
        let numbers = gathered(&often);
        assert!(numbers[..500].iter().all(|number| *number == 0) && numbers[500] == 1);
    }
}
