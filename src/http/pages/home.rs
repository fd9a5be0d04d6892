//! The home page: articles by category, in the visitor's language.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Html};
use minijinja::{Value, context};

use super::{Pages, Visitor};
use crate::{
    app::App,
    http::{
        api::articles::is_listed,
        context::BaseUrl,
        error::ApiError,
        extract::{self, QueryString},
        links,
    },
    index::Entry,
};

/// Articles shown of a category before "all of them".
const SHOWN: usize = 6;
/// Categories in the order of the page; others follow by name.
const ORDER: [&str; 8] =
    ["tutorial", "how-to", "faq", "troubleshooting", "manual", "reference", "explanation", "release-notes"];

/// `GET /`
pub async fn home(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    let (_, site) = extract::site(&app.config, query.one("site"))?;
    let wanted = query.one("kind");
    let snapshot = app.snapshot();
    let own = snapshot.catalog().iter().filter(|entry| is_listed(site, entry) && entry.lang() == visitor.lang);
    let mut kinds: BTreeMap<(usize, &str), Vec<&Arc<Entry>>> = BTreeMap::new();
    for entry in own {
        let kind = entry.front_matter.kind.as_deref().unwrap_or("article");
        if wanted.is_none_or(|wanted| wanted == kind) {
            let place = ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len());
            kinds.entry((place, kind)).or_default().push(entry);
        }
    }
    let shown = if wanted.is_some() { usize::MAX } else { SHOWN };
    let categories: Vec<Value> = kinds
        .into_iter()
        .map(|((_, kind), mut entries)| {
            entries.sort_by(|a, b| order(a).total_cmp(&order(b)).then_with(|| title(a).cmp(title(b))));
            category(&pages, &visitor, kind, &entries, shown)
        })
        .collect();
    let page = context! { categories, all => wanted.is_some(), canonical => base.join("/"), base => base.as_str() };
    pages.render("home.html", &visitor, page)
}

fn category(pages: &Pages, visitor: &Visitor, kind: &str, entries: &[&Arc<Entry>], shown: usize) -> Value {
    let links = entries.iter().take(shown).map(|entry| {
        let head = &entry.front_matter;
        context! { title => head.title.clone(), url => links::page(entry), description => head.description.clone() }
    });
    context! {
        kind, name => kind_name(pages, &visitor.lang, kind), count => entries.len(),
        articles => links.collect::<Vec<_>>(), more => entries.len() > shown,
    }
}

/// What a kind is called on pages; an unknown one by its own name.
pub(super) fn kind_name(pages: &Pages, lang: &str, kind: &str) -> String {
    let known = pages.word(lang, &format!("kind_{}", kind.replace('-', "_")));
    if known.is_empty() { kind.replace('-', " ") } else { known }
}

fn order(entry: &Entry) -> f64 {
    entry.front_matter.weight.unwrap_or(f64::MAX)
}

fn title(entry: &Entry) -> &str {
    &entry.front_matter.title
}
