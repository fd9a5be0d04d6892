//! The home page: articles by category, in the visitor's language.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Html};
use minijinja::{Value, context};

use super::{Pages, Visitor, json_ld, preview};
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

/// `GET /`; `?kind=` and `?product=` show all articles of one.
pub async fn home(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let (kind, product) = (query.one("kind"), query.one("product"));
    let snapshot = app.snapshot();
    let all = snapshot.catalog().iter().filter(|entry| is_listed(site, entry));
    let own: Vec<&Arc<Entry>> = all.filter(|entry| entry.lang() == visitor.lang).collect();
    let mut kinds: BTreeMap<(usize, &str), Vec<&Arc<Entry>>> = BTreeMap::new();
    for entry in own.iter().filter(|entry| is_about(entry, product)) {
        let category = category_of(entry);
        if kind.is_none_or(|kind| kind == category) {
            kinds.entry(category_order(entry)).or_default().push(entry);
        }
    }
    let shown = if kind.is_some() { usize::MAX } else { SHOWN };
    let categories: Vec<Value> = kinds
        .into_iter()
        .map(|((_, kind), mut entries)| {
            entries.sort_by(|a, b| in_order(a, b));
            category(&pages, &visitor, kind, &entries, shown)
        })
        .collect();
    let address = base.join(&links::home(key, site, &visitor.lang));
    let homes = site.languages.iter().map(|lang| context! { lang, url => base.join(&links::home(key, site, lang)) });
    let results = base.join(&format!("/search?{}", visitor.site_query()));
    let page = context! {
        json_ld => json_ld::home(&visitor.site_name, &address, &visitor.lang, &results),
        categories, products => products(&own, product), product, kind, all => kind.is_some() || product.is_some(),
        kind_name => kind.map(|kind| kind_name(&pages, &visitor.lang, kind)),
        canonical => address, homes => homes.collect::<Vec<_>>(),
        writer => if app.config.preview { preview::of_folder(&app, &pages).await } else { Value::UNDEFINED },
    };
    pages.render("home.html", &visitor, page)
}

fn is_about(entry: &Entry, product: Option<&str>) -> bool {
    product.is_none_or(|product| entry.front_matter.product.iter().any(|own| own == product))
}

/// Products with their numbers of articles, by name; none where there is nothing to choose.
fn products(entries: &[&Arc<Entry>], chosen: Option<&str>) -> Vec<Value> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for product in entries.iter().flat_map(|entry| &entry.front_matter.product) {
        *counts.entry(product).or_default() += 1;
    }
    let counts = counts.into_iter().filter(|(_, count)| *count < entries.len());
    counts.map(|(name, count)| context! { name, count, chosen => chosen == Some(name) }).collect()
}

fn category(pages: &Pages, visitor: &Visitor, kind: &str, entries: &[&Arc<Entry>], shown: usize) -> Value {
    let links = entries.iter().take(shown).map(|entry| {
        let head = &entry.front_matter;
        let url = links::page_of(&visitor.site, entry);
        context! { title => &head.title, url, description => &head.description, is_draft => head.draft }
    });
    context! {
        kind, name => kind_name(pages, &visitor.lang, kind), count => entries.len(),
        articles => links.collect::<Vec<_>>(), more => entries.len() > shown,
    }
}

/// The category that an article stands in on the home page: its kind.
pub(super) fn category_of(entry: &Entry) -> &str {
    entry.front_matter.kind.as_deref().unwrap_or("article")
}

/// Where its category stands on the home page, with the category itself.
pub(super) fn category_order(entry: &Entry) -> (usize, &str) {
    let category = category_of(entry);
    (ORDER.iter().position(|known| *known == category).unwrap_or(ORDER.len()), category)
}

/// The order of articles within their category: by `weight`, then by title.
pub(super) fn in_order(a: &Entry, b: &Entry) -> Ordering {
    let weight = |entry: &Entry| entry.front_matter.weight.unwrap_or(f64::MAX);
    let by_title = || a.front_matter.title.cmp(&b.front_matter.title);
    weight(a).total_cmp(&weight(b)).then_with(by_title).then_with(|| a.path.cmp(&b.path))
}

/// What a kind is called on pages; an unknown one by its own name.
pub(super) fn kind_name(pages: &Pages, lang: &str, kind: &str) -> String {
    let known = pages.word(lang, &format!("kind_{}", kind.replace('-', "_")));
    if known.is_empty() { kind.replace('-', " ") } else { known }
}
