//! How the pages of one site look: its colours, style sheet, logo, links at the foot, and templates of its own.
//!
//! The files are looked at for each page and read again when they have changed, so that no restart is needed. One that
//! cannot be used is named in the log, with its line, and what is built in takes its place. A template of a site sees
//! the same values as the built-in one, escaped in the same way; it can change what a page looks like, not what it may
//! load.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use arc_swap::ArcSwap;
use axum::{
    extract::{Path as Segments, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use minijinja::{Environment, Value, context};

use super::{Pages, TEMPLATES, media};
use crate::{
    config::{Brand, Site},
    http::{
        assets::{self, PAGE_CSS},
        error::ApiError,
        extract::QueryString,
        links,
    },
    widget,
};

/// Largest logo, style sheet or template, in bytes.
const MAX_BYTES: u64 = 512 * 1024;
/// Templates of a site at most.
const MAX_TEMPLATES: usize = 100;

/// The look of one site.
pub(super) struct Look {
    key: String,
    brand: Brand,
    pub(super) edit_url: String,
    dressed: ArcSwap<Dressed>,
}

/// What the files of a site were when they were read last.
#[derive(Default)]
struct Dressed {
    stamps: Vec<(PathBuf, u64, SystemTime)>,
    style: Option<File>,
    logo: Option<Logo>,
    environment: Option<Environment<'static>>,
    faults: Vec<String>,
}

/// Bytes with their hash.
struct File {
    bytes: Vec<u8>,
    hash: String,
}

struct Logo {
    file: File,
    kind: &'static str,
    size: Option<(u32, u32)>,
}

impl Look {
    pub(super) fn new(key: &str, site: &Site, built_in: &Environment<'static>) -> Self {
        let look = Self {
            key: key.to_owned(),
            brand: site.brand.clone(),
            edit_url: site.edit_url.clone(),
            dressed: ArcSwap::default(),
        };
        look.dressed.store(Arc::new(look.dress(look.stamps(), built_in)));
        look
    }

    /// What templates know of the look, and the environment of the site's own templates where it has any.
    pub(super) fn worn(&self, lang: &str, built_in: &Environment<'static>) -> Worn {
        let stamps = self.stamps();
        let mut dressed = self.dressed.load_full();
        if dressed.stamps != stamps {
            dressed = Arc::new(self.dress(stamps, built_in));
            self.dressed.store(dressed.clone());
        }
        let address = |name: &str, file: &File| format!("/brand/{}/{name}?v={}", links::encoded(&self.key), file.hash);
        let footer = self.brand.footer.iter().map(|link| context! { url => &link.url, text => link.text(lang) });
        let value = context! {
            css => dressed.style.as_ref().map_or_else(|| assets::address("page.css"), |file| address("page.css", file)),
            logo => dressed.logo.as_ref().map(|logo| context! {
                url => address("logo", &logo.file),
                width => logo.size.map(|(width, _)| width), height => logo.size.map(|(_, height)| height),
            }),
            footer => footer.collect::<Vec<_>>(), faults => &dressed.faults,
        };
        Worn { value, dressed }
    }

    /// The files as they are on disk; whatever is missing is missing here, too.
    fn stamps(&self) -> Vec<(PathBuf, u64, SystemTime)> {
        let Brand { logo, css, templates, .. } = &self.brand;
        let mut paths: Vec<PathBuf> = [logo, css].into_iter().filter(|path| is_set(path)).cloned().collect();
        let found = is_set(templates).then(|| fs::read_dir(templates).ok()).flatten();
        let names = found.into_iter().flatten().flatten().map(|entry| entry.path());
        let mut own: Vec<PathBuf> =
            names.filter(|path| path.extension().is_some_and(|ending| ending == "html")).take(MAX_TEMPLATES).collect();
        own.sort();
        paths.append(&mut own);
        let stamp =
            |path: PathBuf| fs::metadata(&path).ok().and_then(|file| Some((path, file.len(), file.modified().ok()?)));
        paths.into_iter().filter_map(stamp).collect()
    }

    /// Reads everything. What cannot be used is told and left out.
    fn dress(&self, stamps: Vec<(PathBuf, u64, SystemTime)>, built_in: &Environment<'static>) -> Dressed {
        let mut faults = Vec::new();
        let own_style = Self::read(&self.brand.css, &mut faults).unwrap_or_default();
        let colours = self.colours();
        let style = (!colours.is_empty() || !own_style.is_empty()).then(|| {
            let bytes = [PAGE_CSS.body, colours.as_bytes(), own_style.as_slice()].join(&b'\n');
            File { hash: hash(&bytes), bytes }
        });
        let logo = Self::read(&self.brand.logo, &mut faults).and_then(|bytes| {
            let kind = media::kind(&self.brand.logo.to_string_lossy())?;
            Some(Logo { size: media::size(&bytes), kind, file: File { hash: hash(&bytes), bytes } })
        });
        let environment = is_set(&self.brand.templates).then(|| self.templates(&stamps, built_in, &mut faults));
        for fault in &faults {
            tracing::error!(
                site = self.key,
                fault,
                "a file of the site's look cannot be used; what is built in takes its place"
            );
        }
        Dressed { stamps, style, logo, environment, faults }
    }

    fn read(path: &Path, faults: &mut Vec<String>) -> Option<Vec<u8>> {
        if !is_set(path) {
            return None;
        }
        match fs::metadata(path).map(|file| file.len()) {
            Ok(bytes) if bytes > MAX_BYTES => {
                faults.push(format!("{}: {bytes} bytes; {MAX_BYTES} are allowed", path.display()));
                None
            }
            _ => fs::read(path).map_err(|error| faults.push(format!("{}: {error}", path.display()))).ok(),
        }
    }

    /// The built-in templates with those of the folder over them. The built-in ones are also there as
    /// `built-in/NAME`, so that a template can change one block and keep the rest.
    fn templates(
        &self,
        stamps: &[(PathBuf, u64, SystemTime)],
        built_in: &Environment<'static>,
        faults: &mut Vec<String>,
    ) -> Environment<'static> {
        let folder = &self.brand.templates;
        if !folder.is_dir() {
            faults.push(format!("{}: there is no such folder", folder.display()));
        }
        let mut environment = built_in.clone();
        for (name, source) in TEMPLATES {
            // It compiles, as it did before under its own name.
            let _ = environment.add_template_owned(format!("built-in/{name}"), *source);
        }
        for (path, ..) in stamps.iter().filter(|(path, ..)| path.parent() == Some(folder)) {
            let Some(bytes) = Self::read(path, faults) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let added = String::from_utf8(bytes)
                .map_err(|error| error.to_string())
                .and_then(|text| environment.add_template_owned(name, text).map_err(|error| told(&error)));
            if let Err(fault) = added {
                faults.push(format!("{}: {fault}", path.display()));
            }
        }
        environment
    }

    /// The site's colours as custom properties of the style sheet.
    fn colours(&self) -> String {
        let Brand { accent, accent_dark, .. } = &self.brand;
        let light = accent.get().map(|colour| (colour, accent.text_on()));
        let dark = accent_dark.get().map(|colour| (colour.to_owned(), accent_dark.text_on()));
        // Mixed with so much white, any colour can be read on dark paper.
        let mixed = || light.map(|(colour, _)| (format!("color-mix(in oklab, {colour} 40%, #ffffff)"), "#000000"));
        let (Some((dark, on_dark)), (light, on_light)) = (dark.or_else(mixed), light.unwrap_or(("#0b6252", "#ffffff")))
        else {
            return String::new();
        };
        format!(":root {{ --accent: light-dark({light}, {dark}); --on-accent: light-dark({on_light}, {on_dark}); }}")
    }
}

/// A look for one page.
pub(super) struct Worn {
    /// `css`, `logo`, `footer` and `faults`.
    pub(super) value: Value,
    dressed: Arc<Dressed>,
}

impl Worn {
    /// The site's own templates with the built-in ones below them.
    pub(super) fn environment(&self) -> Option<&Environment<'static>> {
        self.dressed.environment.as_ref()
    }
}

/// What is wrong with a template, and on which line.
pub(super) fn told(error: &minijinja::Error) -> String {
    let line = error.line().map_or_else(String::new, |line| format!("line {line}: "));
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    format!("{line}{}{}{cause}", error.kind(), error.detail().map_or_else(String::new, |detail| format!(": {detail}")))
}

/// `GET /brand/{site}/{file}`: the style sheet and the logo of a site.
pub async fn file(
    State(pages): State<Arc<Pages>>,
    Segments((site, name)): Segments<(String, String)>,
    query: QueryString,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("There is no such file.");
    let look = pages.look(&site).ok_or_else(missing)?;
    let dressed = look.dressed.load_full();
    let (file, kind) = match name.as_str() {
        "page.css" => (dressed.style.as_ref().ok_or_else(missing)?, PAGE_CSS.content_type),
        "logo" => dressed.logo.as_ref().map(|logo| (&logo.file, logo.kind)).ok_or_else(missing)?,
        _ => return Err(missing()),
    };
    let mut response = assets::reply(file.bytes.clone(), kind, &file.hash, &query, &headers)?;
    let policy = HeaderValue::from_static(media::DRAWING_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn is_set(path: &Path) -> bool {
    path != Path::new("")
}

fn hash(bytes: &[u8]) -> String {
    widget::hash_of(bytes)
}
