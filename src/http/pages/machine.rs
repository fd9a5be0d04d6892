//! Pages for programs that read the help centre: robots, the sitemap, a list for language models; and the API's page.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use minijinja::{Value, context};

use super::{Pages, Visitor};
use crate::{
    app::App,
    http::{
        api::articles::is_listed,
        context::BaseUrl,
        error::ApiError,
        extract::{self, QueryString},
        links, router,
    },
    index::{Entry, Snapshot},
};

/// `GET /robots.txt`
pub async fn robots(State(base): State<Arc<BaseUrl>>) -> String {
    let map = base.join("/sitemap.xml");
    format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /desk\nDisallow: /explain\nDisallow: /search\nDisallow: /stats\nDisallow: /t/\n\nSitemap: {map}\n"
    )
}

/// `GET /sitemap.xml`
pub async fn sitemap(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (_, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let listed = snapshot.catalog().iter().filter(|entry| is_listed(site, entry));
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n",
    );
    listed.for_each(|entry| xml.push_str(&location(&snapshot, &base, entry)));
    xml.push_str("</urlset>\n");
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}

/// One page with its translations. Slugs and language tags hold nothing that XML would read as its own.
fn location(snapshot: &Snapshot, base: &BaseUrl, entry: &Entry) -> String {
    let mut xml = format!("<url><loc>{}</loc>", base.join(&links::page(entry)));
    if let Some(day) = entry.front_matter.updated {
        let _ = write!(xml, "<lastmod>{day}</lastmod>"); // writing to a String cannot fail
    }
    let translations = snapshot.catalog().translations(entry);
    for other in translations.iter().filter(|_| translations.len() > 1) {
        let url = base.join(&links::page(other));
        let _ = write!(xml, "<xhtml:link rel=\"alternate\" hreflang=\"{}\" href=\"{url}\"/>", other.lang());
    }
    xml + "</url>\n"
}

/// `GET /llms.txt`: the articles of the site's first language, each with the address of its Markdown.
pub async fn llms(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (_, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let language = site.languages.first().map_or("en", String::as_str);
    let listed = snapshot.catalog().iter().filter(|entry| is_listed(site, entry) && entry.lang() == language);
    let mut text = format!("# {}\n\n## Articles\n\n", site.name);
    for entry in listed {
        let head = &entry.front_matter;
        let about = head.description.as_ref().map_or(String::new(), |about| format!(": {about}"));
        let _ = writeln!(text, "- [{}]({}.md){about}", head.title, base.join(&links::page(entry)));
    }
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
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
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|one| context! { name => text(&one["name"]), about => text(&one["description"]) });
    let responses = operation["responses"].as_object().into_iter().flatten();
    let responses =
        responses.map(|(status, one)| context! { status => status.clone(), about => text(&one["description"]) });
    context! {
        method => method.to_uppercase(), path, about => text(&operation["summary"]),
        parameters => parameters.collect::<Vec<_>>(), responses => responses.collect::<Vec<_>>(),
    }
}
