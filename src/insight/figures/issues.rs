//! The unit of counting: an issue is what a visitor came for, in one or several searches.
//!
//! Searches of one session are one issue when they share a term, lead to the same article or follow
//! each other within 5 minutes. What has no words of its own (a click, the form, a ticket) belongs to
//! the search that it names, else to what came before it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::visits::Visitor;
use crate::insight::event::{Event, EventId, EventKind};

/// A search that follows within this time is about the same.
const CLOSE: SignedDuration = SignedDuration::from_mins(5);

/// One issue of one visitor.
pub struct Issue<'a> {
    /// Its events, by time. Never empty.
    pub events: Vec<&'a Event>,
    /// When the visitor, or the same e-mail address, opened tickets, about this or anything else.
    pub tickets: Vec<Timestamp>,
}

impl Issue<'_> {
    /// When it began.
    pub fn start(&self) -> Timestamp {
        self.events[0].at
    }

    /// When it was last seen.
    pub fn end(&self) -> Timestamp {
        self.events[self.events.len() - 1].at
    }
}

/// The issues of a visitor, in the order of their beginning.
pub fn of<'a>(visitor: &Visitor<'a>) -> Vec<Issue<'a>> {
    let own = visitor.tickets().map(|event| event.at);
    let tickets: Vec<Timestamp> = own.chain(visitor.elsewhere.iter().copied()).collect();
    let issues = visitor.sessions().flat_map(group);
    issues.map(|events| Issue { events, tickets: tickets.clone() }).collect()
}

/// Parts of a session that cannot belong to different issues: a search with what followed from it.
#[derive(Default)]
struct Strand<'a> {
    events: Vec<&'a Event>,
    searched: Option<Timestamp>,
    terms: HashSet<String>,
    articles: HashSet<&'a str>,
}

fn group<'a>(session: &[&'a Event]) -> Vec<Vec<&'a Event>> {
    let strands = strands(session);
    let mut groups = Groups::new(strands.len());
    groups.join_sharing(strands.iter().map(|strand| strand.terms.iter().map(String::as_str)));
    groups.join_sharing(strands.iter().map(|strand| strand.articles.iter().copied()));
    for i in 1..strands.len() {
        // Only the first strand can lack a search: what came before any.
        let before = strands[i - 1].searched.unwrap_or(strands[i - 1].events[0].at);
        if strands[i].searched.is_some_and(|at| at.duration_since(before) <= CLOSE) {
            groups.join(i - 1, i);
        }
    }
    let mut issues: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    for (i, strand) in strands.into_iter().enumerate() {
        issues.entry(groups.find(i)).or_default().extend(strand.events);
    }
    let mut issues: Vec<_> = issues.into_values().collect();
    for events in &mut issues {
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }
    issues
}

fn strands<'a>(session: &[&'a Event]) -> Vec<Strand<'a>> {
    let mut strands: Vec<Strand> = Vec::new();
    let mut by_query: HashMap<&EventId, usize> = HashMap::new();
    for event in session {
        if let EventKind::SearchPerformed { query, .. } = &event.kind {
            by_query.insert(&event.id, strands.len());
            let terms = terms(query.as_str());
            strands.push(Strand { searched: Some(event.at), terms, ..Strand::default() });
        } else if strands.is_empty() {
            strands.push(Strand::default());
        }
        let named = event.kind.query_id().and_then(|id| by_query.get(id).copied());
        let last = strands.len() - 1;
        let strand = &mut strands[named.unwrap_or(last)];
        strand.events.push(event);
        strand.articles.extend(event.kind.clicked());
    }
    strands
}

/// The words of a query that say what it is about: letters compared without case, short words left
/// out unless they contain a digit or come from a script that writes words with few characters.
fn terms(query: &str) -> HashSet<String> {
    let folded: String = query.nfkc().collect::<String>().to_lowercase();
    let telling = |word: &&str| {
        word.chars().count() >= 4 || word.chars().any(|c| c.is_numeric() || (c.is_alphabetic() && c > '\u{2E7F}'))
    };
    folded.unicode_words().filter(telling).map(str::to_owned).collect()
}

/// Which strands belong together (union-find; a group is named by its earliest strand).
struct Groups(Vec<usize>);

impl Groups {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn find(&self, mut i: usize) -> usize {
        while self.0[i] != i {
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// Joins all strands that have a thing in common.
    fn join_sharing<'s>(&mut self, things: impl Iterator<Item = impl Iterator<Item = &'s str>>) {
        let mut first = HashMap::new();
        for (i, things) in things.enumerate() {
            for thing in things {
                let owner = *first.entry(thing).or_insert(i);
                self.join(owner, i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_the_telling_words() {
        for (query, expected) in [
            ("How do I reset my Password", vec!["password", "reset"]),
            ("Fehler E42", vec!["e42", "fehler"]),
            ("如何", vec!["何", "如"]),
            ("PASSWORT zurück", vec!["passwort", "zurück"]),
            ("", vec![]),
        ] {
            let mut terms: Vec<_> = terms(query).into_iter().collect();
            terms.sort();
            assert_eq!(terms, expected, "{query}");
        }
    }
}
