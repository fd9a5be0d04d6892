//! Pages for programs that read the help centre: robots, the sitemap, lists for language models; and the API's page.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use jiff::civil::Date;
use minijinja::{Value, context};

use super::{
    Pages, Visitor,
    feed::text,
    home::{category_of, category_order, in_order, kind_name},
};
use crate::{
    app::App,
    config::Site,
    http::{
        api::articles::{self, is_listed},
        context::BaseUrl,
        error::ApiError,
        extract::{self, QueryString},
        links, router,
    },
    index::{Entry, Snapshot},
};

/// Pages in one sitemap: the format allows 50,000, and each may have as many translations as there are languages.
const PAGES_A_MAP: usize = 10_000;
/// Largest `llms-full.txt`, in bytes.
const MAX_FULL_BYTES: usize = 20 * 1024 * 1024;

/// `GET /robots.txt`
pub async fn robots(State(app): State<Arc<App>>, State(base): State<Arc<BaseUrl>>) -> String {
    if app.config.preview {
        return "User-agent: *\nDisallow: /\n".into();
    }
    let closed = ["/api/", "/desk", "/explain", "/search", "/stats", "/t/"];
    let mut text = closed.iter().fold("User-agent: *\n".to_owned(), |text, path| format!("{text}Disallow: {path}\n"));
    text.push('\n');
    for site in app.config.sites.keys() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Sitemap: {}", base.join(&links::within(site, "/sitemap.xml".into())));
    }
    text
}

/// `GET /sitemap.xml`: the pages of a site with their translations; a list of parts where there are too many for one.
pub async fn sitemap(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let pages: Vec<&Arc<Entry>> = snapshot.catalog().iter().filter(|entry| is_listed(site, entry)).collect();
    let parts = pages.len().div_ceil(PAGES_A_MAP).max(1);
    let part = query.number("part", 0, parts)?;
    let map = Map { snapshot: &snapshot, base: &base, key, site };
    let xml = if parts > 1 && part == 0 {
        map.parts(parts)
    } else {
        map.pages(pages.chunks(PAGES_A_MAP).nth(part.max(1) - 1).unwrap_or_default(), part <= 1)
    };
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What a sitemap is made from.
struct Map<'a> {
    snapshot: &'a Snapshot,
    base: &'a BaseUrl,
    key: &'a str,
    site: &'a Site,
}

impl Map<'_> {
    fn parts(&self, parts: usize) -> String {
        let mut xml = format!("{XML}<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
        for part in 1..=parts {
            let address = text(&self.base.join(&links::within(self.key, format!("/sitemap.xml?part={part}"))));
            let _ = writeln!(xml, "<sitemap><loc>{address}</loc></sitemap>"); // writing to a String cannot fail
        }
        xml + "</sitemapindex>\n"
    }

    fn pages(&self, entries: &[&Arc<Entry>], with_home: bool) -> String {
        let mut xml = format!(
            "{XML}<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
             xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n"
        );
        if with_home {
            let home = |lang: &String| (lang.clone(), links::home(self.key, self.site, lang));
            let homes: Vec<(String, String)> = self.site.languages.iter().map(home).collect();
            for (_, address) in &homes {
                xml.push_str(&self.location(address, None, &homes));
            }
        }
        for entry in entries {
            let mut translations = self.snapshot.catalog().translations(entry);
            translations.retain(|other| is_listed(self.site, other));
            let address = |other: &&Arc<Entry>| (other.lang().to_owned(), links::page_of(self.key, other));
            let translations: Vec<(String, String)> = translations.iter().map(address).collect();
            let changed = entry.front_matter.updated.or(entry.front_matter.created);
            xml.push_str(&self.location(&links::page_of(self.key, entry), changed, &translations));
        }
        xml + "</urlset>\n"
    }

    /// One page with the same in other languages; the one in the site's first language is for everybody else.
    fn location(&self, address: &str, changed: Option<Date>, languages: &[(String, String)]) -> String {
        let mut xml = format!("<url><loc>{}</loc>", text(&self.base.join(address)));
        // Writing to a String cannot fail.
        if let Some(day) = changed {
            let _ = write!(xml, "<lastmod>{day}</lastmod>");
        }
        let first = languages.iter().find(|(lang, _)| self.site.languages.first() == Some(lang));
        let anyone = first.map(|(_, address)| ("x-default", address));
        let each = languages.iter().map(|(lang, address)| (lang.as_str(), address));
        for (lang, address) in each.chain(anyone).filter(|_| languages.len() > 1) {
            let (lang, address) = (text(lang), text(&self.base.join(address)));
            let _ = write!(xml, "<xhtml:link rel=\"alternate\" hreflang=\"{lang}\" href=\"{address}\"/>");
        }
        xml + "</url>\n"
    }
}

/// `GET /llms.txt`: the articles of one language by category, each with the address of its Markdown.
pub async fn llms(
    State(app): State<Arc<App>>,
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let language = language(site, &query);
    let full = base.join(&links::within(key, format!("/llms-full.txt?lang={language}")));
    let about = pages.word(language, "home_lead");
    let mut out = format!("# {}\n\n> {about}\n\nEverything in one file: {full}\n", one_line(&site.name));
    let mut category = None;
    for entry in in_reading_order(&snapshot, site, language) {
        if category != Some(category_of(entry)) {
            category = Some(category_of(entry));
            // Writing to a String cannot fail.
            let _ = write!(out, "\n## {}\n\n", one_line(&kind_name(&pages, language, category_of(entry))));
        }
        let head = &entry.front_matter;
        let about = head.description.as_ref().map_or(String::new(), |about| format!(": {}", one_line(about)));
        let address = base.join(&links::within(key, links::page(entry) + ".md"));
        let _ = writeln!(out, "- [{}]({address}){about}", one_line(&head.title));
    }
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], out).into_response())
}

/// `GET /llms-full.txt`: the articles of one language with their text, one after the other.
pub async fn llms_full(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let (key, name, language) = (key.to_owned(), one_line(&site.name), language(site, &query).to_owned());
    let app = app.clone();
    // A large collection takes a while: other requests should not wait for it.
    let written = tokio::task::spawn_blocking(move || -> Result<String, ApiError> {
        let (_, site) = extract::site(&app.config, Some(&key))?;
        let snapshot = app.snapshot();
        let mut out = format!("# {name}\n");
        for entry in in_reading_order(&snapshot, site, &language) {
            let address = base.join(&links::page_of(&key, entry));
            let text = articles::markdown(&snapshot, entry)?;
            // Writing to a String cannot fail.
            let _ = write!(out, "\n---\n\nSource: {address}\n\n{}\n", text.trim_end());
            if out.len() > MAX_FULL_BYTES {
                out.push_str("\n---\n\nThere is more; `llms.txt` lists it.\n");
                break;
            }
        }
        Ok(out)
    });
    let text = written.await.map_err(ApiError::internal)??;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}

/// The language that was asked for, else the site's first.
fn language<'a>(site: &'a Site, query: &QueryString) -> &'a str {
    let asked = query.one("lang").and_then(|lang| site.languages.iter().find(|own| *own == lang));
    asked.or(site.languages.first()).map_or("en", String::as_str)
}

/// The articles of a language as the home page has them.
fn in_reading_order<'a>(snapshot: &'a Snapshot, site: &Site, language: &str) -> Vec<&'a Arc<Entry>> {
    let listed = snapshot.catalog().iter().filter(|entry| is_listed(site, entry) && entry.lang() == language);
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by(|a, b| category_order(a).cmp(&category_order(b)).then_with(|| in_order(a, b)));
    listed
}

/// Text that stays on its line, and does not end the link that it is part of.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('[', "\\[").replace(']', "\\]")
}

/// `GET /docs`: the API's routes as a plain page.
pub async fn docs(State(pages): State<Arc<Pages>>, visitor: Visitor) -> Result<Html<String>, ApiError> {
    let document = serde_json::to_value(router::openapi()).map_err(ApiError::internal)?;
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| operation_value(path, method, operation))
    });
    pages.render("docs.html", &visitor, context! { operations => operations.collect::<Vec<_>>() })
}

fn operation_value(path: &str, method: &str, operation: &serde_json::Value) -> Value {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|one| context! { name => word(&one["name"]), about => word(&one["description"]) });
    let responses = operation["responses"].as_object().into_iter().flatten();
    let responses =
        responses.map(|(status, one)| context! { status => status.clone(), about => word(&one["description"]) });
    context! {
        method => method.to_uppercase(), path, about => word(&operation["summary"]),
        parameters => parameters.collect::<Vec<_>>(), responses => responses.collect::<Vec<_>>(),
    }
}
