//! The page of results: a search without JavaScript, and the way to a person when there is no answer.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::HeaderMap, response::Html};
use minijinja::{Value, context};

use super::{Pages, Visitor, home::kind_name, in_query};
use crate::{
    app::App,
    config::Site,
    http::{
        api::{
            articles::is_listed,
            search::{self, Performed, SearchParams},
        },
        error::ApiError,
        extract::{self, QueryString},
        links,
        turns::Turns,
    },
    index::Snapshot,
    insight::Surface,
    search::{Hit, SectionHit},
};

/// Values of one filter that can be chosen.
const MAX_OPTIONS: usize = 40;

/// `GET /search?q=`
pub async fn results(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(turns): State<Arc<Turns>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    if query.one("q").is_none_or(|words| words.trim().is_empty()) {
        return pages.render("results.html", &visitor, context! { asked => false });
    }
    let mut params = SearchParams::read(&query, Surface::Page)?;
    params.lang = Some(visitor.lang.clone());
    let performed = search::perform(&app, &turns, &params, &headers).await?;
    let (_, site) = extract::site(&app.config, params.site.as_deref())?;
    let filters = filters(&pages, &visitor, &params, &app.snapshot(), site);
    pages.render("results.html", &visitor, context! { filters, ..page(&pages, &visitor, &params, &performed) })
}

fn page(pages: &Pages, visitor: &Visitor, params: &SearchParams, performed: &Performed) -> Value {
    let answer = &performed.answer;
    let next = params.offset + params.limit;
    context! {
        asked => true,
        query => params.q.clone(),
        decision => answer.decision.as_str(),
        total => answer.total,
        corrected => answer.corrected.clone(),
        relaxed => answer.relaxed,
        excluded => answer.excluded.join(", "),
        did_you_mean => answer.did_you_mean.clone(),
        verbatim => params.verbatim,
        chosen => Value::from_safe_string(chosen(params)),
        filtered => [&params.kind, &params.product, &params.tag].into_iter().filter(|one| !one.is_empty()).count(),
        query_id => performed.query_id.as_str(),
        contact => search::contact_url(&performed.site, &performed.query_id) + "&lang=" + &visitor.lang,
        hits => answer.hits.iter().map(|hit| hit_value(pages, visitor, hit)).collect::<Vec<_>>(),
        previous => (params.offset > 0).then(|| params.offset.saturating_sub(params.limit)),
        next => (next < answer.total && next <= crate::search::MAX_OFFSET).then_some(next),
    }
}

/// Filters as they are carried from page to page, written for an attribute.
fn chosen(params: &SearchParams) -> String {
    let named = [("kind", &params.kind), ("product", &params.product), ("tag", &params.tag)];
    let pairs = named.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    pairs.fold(String::new(), |all, (name, value)| format!("{all}&amp;{name}={}", in_query(value)))
}

/// What results can be narrowed down to: what the site's articles in the visitor's language have. A choice that would
/// leave everything as it is, is none.
fn filters(pages: &Pages, visitor: &Visitor, params: &SearchParams, snapshot: &Snapshot, site: &Site) -> Vec<Value> {
    let catalog = snapshot.catalog();
    let own = || catalog.iter().filter(|entry| is_listed(site, entry) && entry.lang() == visitor.lang);
    let heads = || own().map(|entry| &entry.front_matter);
    let options = [
        ("kind", most_frequent(heads().flat_map(|head| &head.kind)), &params.kind),
        ("product", most_frequent(heads().flat_map(|head| &head.product)), &params.product),
        ("tag", most_frequent(heads().flat_map(|head| &head.tags)), &params.tag),
        ("lang", visitor.languages.iter().map(String::as_str).collect(), &vec![visitor.lang.clone()]),
    ];
    let filter = |(name, mut values, chosen): (&str, Vec<&str>, &Vec<String>)| {
        // One that somebody else chose is kept, however rare it is.
        let unknown = chosen.iter().map(String::as_str).filter(|value| !values.contains(value)).collect::<Vec<_>>();
        values.extend(unknown);
        let option = |value: &&str| {
            let text = if name == "kind" { kind_name(pages, &visitor.lang, value) } else { (*value).to_owned() };
            let text = if name == "lang" { value.to_uppercase() } else { text };
            context! { value => *value, text, chosen => chosen.iter().any(|chosen| chosen == value) }
        };
        let options = values.iter().map(option).collect::<Vec<_>>();
        (options.len() > 1).then(|| context! { name, options })
    };
    options.into_iter().filter_map(filter).collect()
}

/// The values that most articles have, by name.
fn most_frequent<'a>(values: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let mut found: Vec<(&str, usize)> = counts.into_iter().collect();
    found.sort_by_key(|(_, count)| Reverse(*count));
    found.truncate(MAX_OPTIONS);
    found.sort_unstable();
    found.into_iter().map(|(value, _)| value).collect()
}

fn hit_value(pages: &Pages, visitor: &Visitor, hit: &Hit) -> Value {
    let head = &hit.article.front_matter;
    let section = |section: &SectionHit| {
        context! {
            url => links::section_of(&visitor.site, &head.slug, &section.anchor), heading => section.heading.join(" › "),
            snippet => marked(&section.snippet, &section.highlights),
        }
    };
    context! {
        title => head.title.clone(), url => links::page_of(&visitor.site, &hit.article), lang => hit.article.lang(),
        kind => head.kind.as_deref().map(|kind| kind_name(pages, &visitor.lang, kind)),
        updated => head.updated.map(|day| day.to_string()),
        sections => hit.sections.iter().map(section).collect::<Vec<_>>(),
    }
}

/// The snippet in pieces, each plain text with whether it is to be marked; the template escapes them.
fn marked(snippet: &str, highlights: &[[u32; 2]]) -> Vec<Value> {
    let is_marked = |at: usize| highlights.iter().any(|[start, end]| (*start as usize..*end as usize).contains(&at));
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for (at, letter) in snippet.chars().enumerate() {
        let mark = is_marked(at);
        match pieces.last_mut() {
            Some((same, text)) if *same == mark => text.push(letter),
            _ => pieces.push((mark, letter.to_string())),
        }
    }
    pieces.into_iter().map(|(mark, text)| context! { mark, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::{QueryString, SearchParams, Surface, chosen, marked};

    #[test]
    fn filters_are_carried_from_page_to_page() {
        let params =
            |address: &str| SearchParams::read(&QueryString::of(&address.parse().unwrap()), Surface::Page).unwrap();
        for (address, carried) in [
            ("/search?q=a", ""),
            ("/search?q=a&kind=&tag=", ""),
            ("/search?q=a&tag=b,c&kind=how-to", "&amp;kind=how-to&amp;tag=b&amp;tag=c"),
            ("/search?q=a&product=%22%3E%26", "&amp;product=%22%3E%26"),
        ] {
            assert_eq!(chosen(&params(address)), carried, "{address}");
        }
    }

    #[test]
    fn snippets_are_cut_where_characters_are() {
        let pieces = marked("é <b> ü", &[[2, 5], [6, 99]]);
        let shown: Vec<String> = pieces
            .iter()
            .map(|piece| format!("{}{}", piece.get_attr("mark").unwrap(), piece.get_attr("text").unwrap()))
            .collect();
        assert_eq!(shown, ["Falseé ", "True<b>", "False ", "Trueü"]);
    }
}
