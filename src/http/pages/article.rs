//! One article as a page: where it stands, what is in it, who wrote it when, and whether it helped.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{Value, context};

use super::{
    Pages, Visitor,
    home::{category_of, in_order, kind_name},
    json_ld,
    media::Pictures,
    outline, preview,
};
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
    State(pictures): State<Arc<Pictures>>,
    Path(slug): Path<String>,
    mut visitor: Visitor,
    query: QueryString,
) -> Result<Response, ApiError> {
    let (key, site) = extract::site(&app.config, query.one("site"))?;
    let snapshot = app.snapshot();
    let (slug, is_twin) = slug.strip_suffix(".md").map_or((slug.as_str(), false), |slug| (slug, true));
    let entry = match articles::find(&snapshot, site, slug)? {
        Found::Here(entry) => entry,
        Found::Moved(slug) => {
            let ending = if is_twin { ".md" } else { "" };
            return Ok(moved(&links::within(key, format!("/a/{slug}{ending}"))));
        }
    };
    if is_twin {
        let kind = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
        return Ok((kind, articles::markdown(&snapshot, &entry)?).into_response());
    }
    if !visitor.lang_chosen {
        entry.lang().clone_into(&mut visitor.lang);
    }
    let shown = Shown { app: &app, pages: &pages, base: &base, visitor: &visitor, snapshot: &snapshot, key, site };
    let html = articles::html(&snapshot, key, &entry, &pictures)?;
    let page = context! {
        thanks => query.one("thanks"),
        writer => if app.config.preview { preview::of_article(&app, &pages, &entry).await } else { Value::UNDEFINED },
        ..shown.about(&entry, html)
    };
    Ok(pages.render("article.html", &visitor, page)?.into_response())
}

/// To where an article is now, for good.
pub(in crate::http) fn moved(location: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location.to_owned())]).into_response()
}

/// What a page is made from.
struct Shown<'a> {
    app: &'a App,
    pages: &'a Pages,
    base: &'a BaseUrl,
    visitor: &'a Visitor,
    snapshot: &'a Snapshot,
    key: &'a str,
    site: &'a Site,
}

impl Shown<'_> {
    fn about(&self, entry: &Entry, html: String) -> Value {
        let head = &entry.front_matter;
        let url = links::page_of(self.key, entry);
        let canonical = self.base.join(&url);
        let kind = category_of(entry);
        let lang = &self.visitor.lang;
        let category = format!("/?{}lang={lang}&kind={}", self.visitor.site_query(), super::in_query(kind));
        let kind_name = kind_name(self.pages, lang, kind);
        let place = json_ld::Place {
            site: &self.visitor.site_name,
            home: self.base.join(&links::within(self.key, "/".into())),
            page: canonical.clone(),
            category: Some((kind_name.clone(), self.base.join(&category))),
        };
        let today = self.app.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (previous, next) = self.neighbours(entry);
        let contents = outline::contents(&html).into_iter().map(|heading| {
            let text = Value::from_safe_string(heading.text);
            context! { level => heading.level, anchor => heading.anchor, text }
        });
        context! {
            article => context! {
                slug => &head.slug, url, title => &head.title, description => &head.description,
                lang => entry.lang(), authors => head.authors.join(", "), product => &head.product,
                created => head.created.map(|day| day.to_string()), updated => head.updated.map(|day| day.to_string()),
                is_stale => head.review_by.is_some_and(|day| day < today), is_draft => head.draft,
                is_unlisted => head.unlisted,
            },
            canonical, kind => context! { id => kind, name => kind_name },
            contents => contents.collect::<Vec<_>>(),
            edit_url => self.edit_url(entry),
            json_ld => json_ld::article(&place, entry, &html),
            translations => self.translations(entry),
            related => related(self.snapshot, self.key, self.site, entry),
            previous => previous.map(|other| link(self.key, other)), next => next.map(|other| link(self.key, other)),
            body => Value::from_safe_string(html),
        }
    }

    fn translations(&self, entry: &Entry) -> Vec<Value> {
        let order = |lang: &str| self.visitor.languages.iter().position(|known| known == lang).unwrap_or(usize::MAX);
        let mut found = self.snapshot.catalog().translations(entry);
        found.retain(|other| articles::is_of_site(self.site, other));
        found.sort_by_key(|other| order(other.lang()));
        let value = |other: &&Arc<Entry>| {
            let url = links::page_of(self.key, other);
            context! { lang => other.lang(), absolute => self.base.join(&url), url }
        };
        found.iter().map(value).collect()
    }

    /// Where the article is changed.
    fn edit_url(&self, entry: &Entry) -> Option<String> {
        let pattern = self.pages.look(self.key).map_or("", |look| look.edit_url.as_str());
        (!pattern.is_empty()).then(|| pattern.replace("{path}", &links::encoded(&entry.path)))
    }

    /// The articles before and after it in its category, in the order of the home page.
    fn neighbours(&self, entry: &Entry) -> (Option<&Arc<Entry>>, Option<&Arc<Entry>>) {
        let same = |other: &&Arc<Entry>| {
            other.lang() == entry.lang()
                && category_of(other) == category_of(entry)
                && other.path != entry.path
                && articles::is_listed(self.site, other)
        };
        let others = || self.snapshot.catalog().iter().filter(same);
        let before = others().filter(|other| in_order(other, entry).is_lt()).max_by(|a, b| in_order(a, b));
        let after = others().filter(|other| in_order(other, entry).is_gt()).min_by(|a, b| in_order(a, b));
        (before, after)
    }
}

fn link(site: &str, entry: &Arc<Entry>) -> Value {
    context! { title => &entry.front_matter.title, url => links::page_of(site, entry) }
}

/// Those that the author named, then others in the language that share most tags.
fn related(snapshot: &Snapshot, key: &str, site: &Site, entry: &Entry) -> Vec<Value> {
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
    shown.take(RELATED).map(|other| link(key, other)).collect()
}
