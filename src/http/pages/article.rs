//! One article as a page: where it stands, what is in it, who wrote it when, and whether it helped.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{Value, context};

use super::{Pages, Visitor, home::kind_name};
use crate::{
    app::App,
    config::Site,
    http::{
        api::articles::{self, Found},
        context::BaseUrl,
        error::ApiError,
        extract::{self, QueryString},
        links,
    },
    index::{Entry, Snapshot},
};

/// Related articles shown at most.
const RELATED: usize = 5;

/// `GET /a/{slug}`; `/a/{slug}.md` is its Markdown twin.
pub async fn article(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    Path(slug): Path<String>,
    mut visitor: Visitor,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (_, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    if let Some(slug) = slug.strip_suffix(".md") {
        return twin(&snapshot, site, slug);
    }
    let entry = match articles::find(&snapshot, site, &slug)? {
        Found::Here(entry) => entry,
        Found::Moved(slug) => return Ok(Redirect::permanent(&format!("/a/{slug}")).into_response()),
    };
    if !visitor.lang_chosen {
        entry.lang().clone_into(&mut visitor.lang);
    }
    let page = context! {
        thanks => query.flag("thanks"), canonical => base.join(&links::page(&entry)),
        ..about(&pages, &visitor, &snapshot, site, &base, &entry)?
    };
    Ok(pages.render("article.html", &visitor, page)?.into_response())
}

fn twin(snapshot: &Snapshot, site: &Site, slug: &str) -> Result<Response, ApiError> {
    let Found::Here(entry) = articles::find(snapshot, site, slug)? else {
        return Err(ApiError::not_found("The article has moved."));
    };
    let kind = [(axum::http::header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    Ok((HeaderMap::new(), kind, articles::markdown(snapshot, &entry)?).into_response())
}

fn about(
    pages: &Pages,
    visitor: &Visitor,
    snapshot: &Snapshot,
    site: &Site,
    base: &BaseUrl,
    entry: &Entry,
) -> Result<Value, ApiError> {
    let head = &entry.front_matter;
    let html = articles::html(snapshot, entry)?;
    let mut translations = snapshot.catalog().translations(entry);
    translations
        .sort_by_key(|other| visitor.languages.iter().position(|lang| lang == other.lang()).unwrap_or(usize::MAX));
    let languages = translations.iter().map(|other| {
        let url = links::page(other);
        context! { lang => other.lang(), absolute => base.join(&url), url }
    });
    Ok(context! {
        article => context! {
            slug => head.slug.clone(), title => head.title.clone(), description => head.description.clone(),
            lang => entry.lang(), authors => head.authors.join(", "), product => head.product.clone(),
            created => head.created.map(|day| day.to_string()), updated => head.updated.map(|day| day.to_string()),
        },
        kind => head.kind.as_deref().map(|kind| context! { id => kind, name => kind_name(pages, &visitor.lang, kind) }),
        contents => contents(&html),
        body => Value::from_safe_string(html),
        translations => languages.collect::<Vec<_>>(),
        related => related(snapshot, site, entry),
    })
}

/// Those that the author named, then others in the language that share most tags.
fn related(snapshot: &Snapshot, site: &Site, entry: &Entry) -> Vec<Value> {
    let catalog = snapshot.catalog();
    let named = entry.front_matter.related.iter();
    let mut found: Vec<&Arc<Entry>> =
        named.filter_map(|name| catalog.by_slug(name).or_else(|| catalog.by_path(name))).collect();
    let shared =
        |other: &Entry| other.front_matter.tags.iter().filter(|tag| entry.front_matter.tags.contains(tag)).count();
    let others = catalog.iter().filter(|other| other.lang() == entry.lang() && shared(other) > 0);
    let mut others: Vec<_> = others.collect();
    others.sort_by_key(|other| std::cmp::Reverse(shared(other)));
    for other in others {
        if !found.iter().any(|known| known.path == other.path) {
            found.push(other);
        }
    }
    let shown = found.into_iter().filter(|other| articles::is_listed(site, other) && other.path != entry.path);
    shown
        .take(RELATED)
        .map(|other| context! { title => other.front_matter.title.clone(), url => links::page(other) })
        .collect()
}

/// Headings of the second and third level. The HTML is our own, cleaned, so that its shape is known.
fn contents(html: &str) -> Vec<Value> {
    let headings = html.match_indices("<h").filter_map(|(at, _)| heading(&html[at + 2..]));
    headings.map(|(level, anchor, text)| context! { level, anchor, text => Value::from_safe_string(text) }).collect()
}

/// Level, anchor and text (still escaped) of `2 id="anchor">Text</h2>...`.
fn heading(rest: &str) -> Option<(u8, &str, String)> {
    let level = rest.bytes().next().filter(|digit| matches!(digit, b'2' | b'3'))? - b'0';
    let (tag, rest) = rest.split_once('>')?;
    let anchor = tag.split_once("id=\"")?.1.split('"').next()?;
    let (inner, _) = rest.split_once(&format!("</h{level}>"))?;
    let text: String = inner
        .split('<')
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) })
        .collect();
    (!text.trim().is_empty()).then_some((level, anchor, text))
}

#[cfg(test)]
mod tests {
    use super::heading;

    #[test]
    fn headings_are_read_from_clean_html() {
        for (html, expected) in [
            ("2 id=\"a-b\">A &amp; B</h2><p>", Some((2, "a-b", "A &amp; B"))),
            ("3 id=\"c\">With <code>code</code> in</h3>", Some((3, "c", "With code in"))),
            ("1 id=\"t\">Title</h1>", None),
            ("4 id=\"t\">Deep</h4>", None),
            ("r>", None),
            ("2>No anchor</h2>", None),
        ] {
            let found = heading(html);
            assert_eq!(
                found.as_ref().map(|(level, anchor, text)| (*level, *anchor, text.as_str())),
                expected,
                "{html}"
            );
        }
    }
}
