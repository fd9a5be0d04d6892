//! What pages tell search engines about themselves (schema.org as JSON-LD).
//!
//! It stands in a block of data that no browser runs, so that the pages' policy against inline scripts holds; nothing
//! in it can end that block.

use minijinja::Value;
use serde_json::{Value as Json, json};

use super::outline;
use crate::index::Entry;

/// Longest headline that search engines take, in characters.
const MAX_HEADLINE: usize = 110;

/// Where an article's page stands.
pub(super) struct Place<'a> {
    /// Name of the site.
    pub(super) site: &'a str,
    /// Address of the site's home page.
    pub(super) home: String,
    /// Address of the page.
    pub(super) page: String,
    /// Name and address of the article's category, if it has one.
    pub(super) category: Option<(String, String)>,
}

/// An article: what it is, where it stands, and its questions with their answers where it is a page of these.
pub(super) fn article(place: &Place<'_>, entry: &Entry, html: &str) -> Value {
    let head = &entry.front_matter;
    let people = |name: &String| json!({"@type": "Person", "name": name});
    let mut about = json!({
        "@type": "TechArticle",
        "@id": place.page,
        "url": place.page,
        "mainEntityOfPage": place.page,
        "headline": head.title.chars().take(MAX_HEADLINE).collect::<String>(),
        "inLanguage": entry.lang(),
        "wordCount": entry.words,
        "isPartOf": {"@type": "WebSite", "name": place.site, "url": place.home},
        "publisher": {"@type": "Organization", "name": place.site},
    });
    let optional = [
        ("description", head.description.as_ref().map(|text| json!(text))),
        ("datePublished", head.created.map(|day| json!(day.to_string()))),
        ("dateModified", head.updated.or(head.created).map(|day| json!(day.to_string()))),
        ("author", some(&head.authors).map(|authors| authors.iter().map(people).collect())),
        ("keywords", some(&head.tags).map(|tags| json!(tags.join(", ")))),
        ("about", some(&head.product).map(|products| json!(products))),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            about[key] = value;
        }
    }
    let mut graph = vec![about, breadcrumb(place, &head.title)];
    let questions = outline::questions(html);
    if head.kind.as_deref() == Some("faq") && !questions.is_empty() {
        graph.push(faq(place, entry, &questions));
    }
    block(&json!({"@context": "https://schema.org", "@graph": graph}))
}

/// The home page, with the way to search from a search engine.
pub(super) fn home(site: &str, home: &str, lang: &str, results: &str) -> Value {
    block(&json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": site,
        "url": home,
        "inLanguage": lang,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": format!("{results}q={{search_term_string}}")},
            "query-input": "required name=search_term_string",
        },
    }))
}

fn breadcrumb(place: &Place<'_>, title: &str) -> Json {
    let home = (place.site.to_owned(), place.home.clone());
    let steps = [Some(home), place.category.clone(), Some((title.to_owned(), place.page.clone()))];
    let steps: Vec<Json> = steps
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(at, (name, item))| json!({"@type": "ListItem", "position": at + 1, "name": name, "item": item}))
        .collect();
    json!({"@type": "BreadcrumbList", "itemListElement": steps})
}

fn faq(place: &Place<'_>, entry: &Entry, questions: &[(String, String)]) -> Json {
    let one = |(question, answer): &(String, String)| json!({"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}});
    let all: Vec<Json> = questions.iter().map(one).collect();
    json!({"@type": "FAQPage", "@id": format!("{}#faq", place.page), "inLanguage": entry.lang(), "mainEntity": all})
}

fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

/// JSON that can stand in HTML: without the letters that HTML would read as its own.
fn block(json: &Json) -> Value {
    let text = json.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    Value::from_safe_string(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_can_end_the_block() {
        let text = home("</script><script>alert(1)</script>&<!--", "https://e.org/", "en", "https://e.org/search?");
        let text = text.to_string();
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let back: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(back["name"], "</script><script>alert(1)</script>&<!--");
        assert_eq!(back["potentialAction"]["target"]["urlTemplate"], "https://e.org/search?q={search_term_string}");
    }
}
