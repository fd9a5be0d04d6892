//! What is new, as an Atom feed (RFC 4287), and how browsers search this site (`OpenSearch` 1.1).

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

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

/// Entries of a feed.
const ENTRIES: usize = 50;

/// `GET /feed.xml`: the articles of one language that changed last.
pub async fn atom(
    State(app): State<Arc<App>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let own = snapshot.catalog().iter().filter(|entry| is_listed(site, entry) && entry.lang() == visitor.lang);
    let mut dated: Vec<(Date, &Arc<Entry>)> = own.filter_map(|entry| Some((changed(entry)?, entry))).collect();
    dated.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    let own_address = format!("/feed.xml?{}lang={}", visitor.site_query(), visitor.lang);
    let home = links::within(key, format!("/?lang={}", visitor.lang));
    // A feed must have a date; one without articles has never changed.
    let newest = dated.first().map_or(Timestamp::UNIX_EPOCH, |(day, _)| midnight(*day));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n\
         <id>{id}</id><title>{}</title><updated>{newest}</updated>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{id}\"/>\n<link href=\"{}\"/>\n",
        text(&visitor.lang),
        text(&visitor.site_name),
        text(&base.join(&home)),
        id = text(&base.join(&own_address)),
    );
    for (day, entry) in dated.into_iter().take(ENTRIES) {
        xml.push_str(&one(&base.join(&links::page_of(key, entry)), day, entry, &visitor.site_name));
    }
    xml.push_str("</feed>\n");
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], xml).into_response())
}

fn one(address: &str, day: Date, entry: &Entry, site: &str) -> String {
    let head = &entry.front_matter;
    let address = text(address);
    let mut xml = format!(
        "<entry><id>{address}</id><title>{}</title><link href=\"{address}\"/><updated>{}</updated>",
        text(&head.title),
        midnight(day)
    );
    // Writing to a String cannot fail.
    if let Some(created) = head.created {
        let _ = write!(xml, "<published>{}</published>", midnight(created));
    }
    if let Some(description) = &head.description {
        let _ = write!(xml, "<summary>{}</summary>", text(description));
    }
    let site = [site.to_owned()];
    for author in if head.authors.is_empty() { &site[..] } else { &head.authors } {
        let _ = write!(xml, "<author><name>{}</name></author>", text(author));
    }
    for tag in &head.tags {
        let _ = write!(xml, "<category term=\"{}\"/>", text(tag));
    }
    xml + "</entry>\n"
}

/// The day of the last change, as far as the article tells.
fn changed(entry: &Entry) -> Option<Date> {
    entry.front_matter.updated.or(entry.front_matter.created)
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// `GET /opensearch.xml`: lets a browser add this help centre to its search engines.
pub async fn open_search(
    State(pages): State<Arc<Pages>>,
    State(base): State<Arc<BaseUrl>>,
    visitor: Visitor,
) -> Response {
    let results = format!("/search?{}lang={}&q={{searchTerms}}", visitor.site_query(), visitor.lang);
    let name: String = visitor.site_name.chars().take(16).collect();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n\
         <ShortName>{}</ShortName>\n<Description>{}</Description>\n<Language>{}</Language>\n\
         <InputEncoding>UTF-8</InputEncoding>\n\
         <Url type=\"text/html\" template=\"{}\"/>\n\
         </OpenSearchDescription>\n",
        text(name.trim()),
        text(&format!("{}: {}", visitor.site_name, pages.word(&visitor.lang, "search_label"))),
        text(&visitor.lang),
        text(&base.join(&results)),
    );
    ([(header::CONTENT_TYPE, "application/opensearchdescription+xml; charset=utf-8")], xml).into_response()
}

/// Text as XML writes it, without the control characters that XML cannot hold.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_cannot_become_markup() {
        for (from, to) in [
            ("a & b", "a &amp; b"),
            ("<b x=\"1\">", "&lt;b x=&quot;1&quot;&gt;"),
            ("]]>", "]]&gt;"),
            ("a\u{0}\u{1b}\u{ffff}b\nc", "ab c"),
            ("é 日本", "é 日本"),
        ] {
            assert_eq!(text(from), to);
        }
    }
}
