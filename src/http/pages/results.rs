//! The page of results: a search without JavaScript, and the way to a person when there is no answer.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Html};
use minijinja::{Value, context};

use super::{Pages, Visitor, home::kind_name};
use crate::{
    app::App,
    http::{
        api::search::{self, Performed, SearchParams, section_url},
        context::SearchSlots,
        error::ApiError,
        extract::QueryString,
        links,
    },
    insight::Surface,
    search::{Hit, SectionHit},
};

/// `GET /search?q=`
pub async fn results(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(slots): State<Arc<SearchSlots>>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Html<String>, ApiError> {
    if query.one("q").is_none_or(|words| words.trim().is_empty()) {
        return pages.render("results.html", &visitor, context! { asked => false });
    }
    let mut params = SearchParams::read(&query, Surface::Page)?;
    params.lang = Some(visitor.lang.clone());
    let performed = search::perform(&app, &slots, &params, &headers).await?;
    pages.render("results.html", &visitor, page(&pages, &visitor, &params, &performed))
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
        query_id => performed.query_id.as_str(),
        contact => search::contact_url(&performed.site, &performed.query_id) + "&lang=" + &visitor.lang,
        hits => answer.hits.iter().map(|hit| hit_value(pages, visitor, hit)).collect::<Vec<_>>(),
        previous => (params.offset > 0).then(|| params.offset.saturating_sub(params.limit)),
        next => (next < answer.total && next <= crate::search::MAX_OFFSET).then_some(next),
    }
}

fn hit_value(pages: &Pages, visitor: &Visitor, hit: &Hit) -> Value {
    let head = &hit.article.front_matter;
    let section = |section: &SectionHit| {
        context! {
            url => section_url(&head.slug, &section.anchor), heading => section.heading.join(" › "),
            snippet => marked(&section.snippet, &section.highlights),
        }
    };
    context! {
        title => head.title.clone(), url => links::page(&hit.article), lang => hit.article.lang(),
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
    use super::marked;

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
