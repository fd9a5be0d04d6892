//! Who looks at a page: their language and site.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts, Request},
    http::{HeaderMap, Uri, header, request::Parts},
};

use crate::{
    app::App,
    config::Config,
    http::extract::{self, QueryString},
};

/// What a page needs to know about who looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Language of the page.
    pub lang: String,
    /// Whether the address says so, not only the browser.
    pub lang_chosen: bool,
    /// Languages of the site, default first.
    pub languages: Vec<String>,
    /// Key of the site.
    pub site: String,
    /// The site's name.
    pub site_name: String,
    /// Path of the page.
    pub path: String,
}

impl Visitor {
    /// From `?lang`, else the browser's wishes, else the site's first language.
    #[must_use]
    pub fn of(request: &Request, config: &Config) -> Self {
        Self::from_parts(request.uri(), request.headers(), config)
    }

    fn from_parts(uri: &Uri, headers: &HeaderMap, config: &Config) -> Self {
        let query = QueryString::of(uri);
        let (key, site) =
            extract::site(config, query.one("site")).or_else(|_| extract::site(config, None)).map_or_else(
                |_| ("default".to_owned(), crate::config::Site::default()),
                |(key, site)| (key.to_owned(), site.clone()),
            );
        let asked = query.one("lang").and_then(|lang| closest(lang, &site.languages));
        let wished = || wishes(headers).iter().find_map(|lang| closest(lang, &site.languages));
        let lang_chosen = asked.is_some();
        let lang = asked.or_else(wished).or_else(|| site.languages.first().cloned()).unwrap_or_else(|| "en".into());
        Self { lang, lang_chosen, languages: site.languages, site: key, site_name: site.name, path: uri.path().into() }
    }

    /// `site=key&` for links where the site is not the default one, else nothing.
    #[must_use]
    pub fn site_query(&self) -> String {
        if self.site == "default" { String::new() } else { format!("site={}&", self.site) }
    }
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    Arc<App>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let app = Arc::<App>::from_ref(state);
        Ok(Self::from_parts(&parts.uri, &parts.headers, &app.config))
    }
}

/// The site's language for a wish: the same tag, else the same primary language.
fn closest(wish: &str, languages: &[String]) -> Option<String> {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let same = languages.iter().find(|lang| lang.eq_ignore_ascii_case(wish));
    same.or_else(|| languages.iter().find(|lang| primary(lang) == primary(wish))).cloned()
}

/// The languages of `Accept-Language`, most wanted first.
fn wishes(headers: &HeaderMap) -> Vec<String> {
    let line = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut wishes: Vec<(f32, &str)> = line
        .split(',')
        .take(16)
        .map(|item| {
            let (lang, weight) = item.split_once(';').unwrap_or((item, ""));
            (weight.trim().trim_start_matches("q=").parse().unwrap_or(1.0), lang.trim())
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    wishes.into_iter().map(|(_, lang)| lang.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_visitors_language_where_the_site_does() {
        for (address, wishes, lang, chosen) in [
            ("/", "", "en", false),
            ("/", "nl", "nl", false),
            ("/", "fr, de-AT;q=0.8, en;q=0.5", "de", false),
            ("/", "en;q=0.1,nl;q=0.9", "nl", false),
            ("/", "nl;q=0, de", "de", false),
            ("/?lang=nl", "de", "nl", true),
            ("/?lang=nl-BE", "de", "nl", true),
            ("/?lang=xx", "de", "de", false),
            ("/?lang=%00", ";;,,;q=", "en", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wishes.parse().unwrap())]);
            let visitor = Visitor::from_parts(&address.parse().unwrap(), &headers, &Config::default());
            assert_eq!((visitor.lang.as_str(), visitor.lang_chosen), (lang, chosen), "{address} {wishes}");
        }
    }
}
