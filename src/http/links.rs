//! Where an article's relative links and pictures lead on the help centre.

use std::sync::Arc;

use crate::{
    article::LinkTarget,
    config::Site,
    index::{Catalog, Entry},
};

/// The page of an article.
#[must_use]
pub fn page(entry: &Entry) -> String {
    format!("/a/{}", entry.front_matter.slug)
}

/// The page of an article as a site shows it: the default site is the one that addresses need not name.
#[must_use]
pub fn page_of(site: &str, entry: &Entry) -> String {
    within(site, page(entry))
}

/// A section's place on its page, as a site shows it; the page itself where the section has no anchor.
#[must_use]
pub fn section_of(site: &str, slug: &str, anchor: &str) -> String {
    within(site, if anchor.is_empty() { format!("/a/{slug}") } else { format!("/a/{slug}#{anchor}") })
}

/// The home page of a site in one of its languages; the first needs no name.
#[must_use]
pub fn home(key: &str, site: &Site, lang: &str) -> String {
    let first = site.languages.first().is_some_and(|first| first == lang);
    within(key, if first { "/".into() } else { format!("/?lang={lang}") })
}

/// An address of the help centre within a site.
#[must_use]
pub fn within(site: &str, address: String) -> String {
    if site == "default" {
        return address;
    }
    let at = address.find('#').unwrap_or(address.len());
    let (path, fragment) = address.split_at(at);
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}site={}{fragment}", encoded(site))
}

/// What a link in `entry` becomes: the page of the article that it names, or the address of a picture.
#[must_use]
pub fn resolve(catalog: &Catalog, entry: &Entry, link: &str) -> LinkTarget {
    if link.starts_with(['#', '/', '?'])
        || link.contains("://")
        || link.starts_with("mailto:")
        || link.starts_with("tel:")
    {
        return LinkTarget::Keep;
    }
    let (path, rest) = link.split_at(link.find(['?', '#']).unwrap_or(link.len()));
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let Some(path) = beside(&entry.path, &decoded) else { return LinkTarget::Keep };
    let stem = path.trim_end_matches('/');
    let stem = stem.strip_suffix(".html").unwrap_or(stem);
    let candidates = [stem.to_owned(), format!("{stem}.md"), format!("{stem}/index.md"), format!("{stem}/README.md")];
    let named = |name: &str| catalog.by_slug(name).or_else(|| catalog.by_alias(name));
    let found = candidates.iter().find_map(|path| catalog.by_path(path)).or_else(|| named(stem));
    if let Some(target) = found.or_else(|| named(&decoded)).or_else(|| titled(catalog, entry, link)) {
        return LinkTarget::To(page(target) + rest);
    }
    match super::pages::media::kind(&path) {
        Some(_) => LinkTarget::To(format!("/media/{}", encoded(&path))),
        None => LinkTarget::Keep,
    }
}

/// The article that a wiki link names by its title, in the language of `entry` before others.
fn titled<'a>(catalog: &'a Catalog, entry: &Entry, link: &str) -> Option<&'a Arc<Entry>> {
    let title = link.split('#').next().unwrap_or_default().to_lowercase();
    let same = catalog.iter().filter(|other| other.front_matter.title.to_lowercase() == title);
    same.min_by_key(|other| other.lang() != entry.lang())
}

/// The path that `link` names, seen from the file `from`; `None` when it leads out of the articles.
fn beside(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A path, or one part of it, as addresses write it.
pub(super) fn encoded(path: &str) -> String {
    const IN_PATH: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#').add(b'"').add(b'<').add(b'>').add(b'&');
    percent_encoding::utf8_percent_encode(path, IN_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::{beside, within};

    #[test]
    fn addresses_name_the_site_where_it_is_not_the_default() {
        for (site, address, expected) in [
            ("default", "/a/b#c", "/a/b#c"),
            ("shop", "/a/b", "/a/b?site=shop"),
            ("shop", "/a/b#c", "/a/b?site=shop#c"),
            ("shop", "/a/b?x=1#c", "/a/b?x=1&site=shop#c"),
        ] {
            assert_eq!(within(site, address.to_owned()), expected, "{site} {address}");
        }
    }

    #[test]
    fn links_are_seen_from_their_file() {
        for (from, link, path) in [
            ("a.md", "b.md", Some("b.md")),
            ("nl/a.md", "b.md", Some("nl/b.md")),
            ("nl/a.md", "../b.md", Some("b.md")),
            ("nl/a.md", "./c/../b.md", Some("nl/b.md")),
            ("a.md", "../b.md", None),
            ("a.md", "../../etc/passwd", None),
        ] {
            assert_eq!(beside(from, link).as_deref(), path, "{from} {link}");
        }
    }
}
