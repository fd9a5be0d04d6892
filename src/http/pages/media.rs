//! Pictures that stand beside the articles: images only, and nothing from outside the folder.
//!
//! Pages say how large each picture is, so that nothing moves when it arrives. The size is read from the beginning of
//! the file, once for each version of it.

use std::{
    collections::HashMap,
    fs,
    io::{BufReader, Read},
    path::{Path as FilePath, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    app::App,
    http::{assets, error::ApiError, extract::QueryString},
};

/// Largest picture that is served, in bytes.
const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// Bytes at the beginning of a drawing that may tell its size.
const DRAWING_HEAD: u64 = 8 * 1024;
/// Sizes that are remembered.
const MAX_KNOWN: usize = 10_000;
/// A drawing that is opened by itself is a document: it may not run, load or send anything.
pub(super) const DRAWING_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The media type of a picture by its ending; `None` for everything else.
#[must_use]
pub fn kind(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// `GET /media/{path}`
pub async fn media(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    query: QueryString,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("There is no such picture.");
    let kind = kind(&path).ok_or_else(missing)?;
    let (bytes, version) = read(&app.config.articles, &path).await.ok_or_else(missing)?;
    let mut response = assets::reply(bytes, kind, &version, &query, &headers)?;
    let policy = HeaderValue::from_static(DRAWING_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// The file with its version; `None` unless it is a plain file inside `root`.
async fn read(root: &FilePath, path: &str) -> Option<(Vec<u8>, String)> {
    let (root, path) = (root.to_owned(), path.to_owned());
    let read = move || {
        let (file, version, _) = find(&root, &path)?;
        Some((fs::read(&file).ok()?, version))
    };
    tokio::task::spawn_blocking(read).await.ok()?
}

/// A plain file inside `root`, with its size and time as version, and its bytes.
fn find(root: &FilePath, path: &str) -> Option<(PathBuf, String, u64)> {
    if path.split('/').any(|part| part.starts_with('.') || part.contains(['\\', '\0'])) {
        return None;
    }
    let root = root.canonicalize().ok()?;
    let file = root.join(path).canonicalize().ok()?;
    let about = fs::metadata(&file).ok()?;
    if !file.starts_with(&root) || !about.is_file() || about.len() > MAX_BYTES {
        return None;
    }
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let version = format!("{:x}-{:x}", about.len(), changed.as_nanos());
    Some((file, version, about.len()))
}

/// What pages say about pictures of the article folder.
pub struct Pictures {
    root: PathBuf,
    known: Mutex<HashMap<String, Picture>>,
}

/// One version of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    version: String,
    /// Width and height in pixels, where the file tells.
    size: Option<(u32, u32)>,
}

impl Pictures {
    /// Pictures below the folder `root`.
    #[must_use]
    pub fn new(root: &FilePath) -> Self {
        Self { root: root.to_owned(), known: Mutex::default() }
    }

    /// Gives the pictures of a page's clean HTML their width and height, and an address that may be kept for good.
    /// Pictures from elsewhere stay as they are.
    #[must_use]
    pub fn measured(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len());
        let mut rest = html;
        while let Some(at) = rest.find("<img ") {
            let (before, tag) = rest.split_at(at);
            let (tag, after) = tag.split_at(tag.find('>').unwrap_or(tag.len()));
            out.push_str(before);
            out.push_str(&self.tag(tag).unwrap_or_else(|| tag.to_owned()));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// `<img src="/media/a.png" alt="x"` with what is known of the picture.
    fn tag(&self, tag: &str) -> Option<String> {
        let (before, rest) = tag.split_once("src=\"/media/")?;
        let (address, after) = rest.split_once('"')?;
        let path = address.replace("&amp;", "&");
        let picture = self.picture(&percent_encoding::percent_decode_str(&path).decode_utf8_lossy())?;
        let given = |name: &str| {
            let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
            value.parse::<u32>().ok()
        };
        let mut about = String::new();
        if let Some((width, height)) = picture.size.filter(|(width, height)| *width > 0 && *height > 0) {
            let scaled =
                |given: u32, own: u32, other: u32| (u64::from(given) * u64::from(other) / u64::from(own)).max(1);
            match (given("width"), given("height")) {
                (None, None) => about = format!(" width=\"{width}\" height=\"{height}\""),
                (Some(given), None) => about = format!(" height=\"{}\"", scaled(given, width, height)),
                (None, Some(given)) => about = format!(" width=\"{}\"", scaled(given, height, width)),
                (Some(_), Some(_)) => {}
            }
        }
        Some(format!("{before}src=\"/media/{address}?v={}\"{about}{after}", picture.version))
    }

    fn picture(&self, path: &str) -> Option<Picture> {
        let kind = kind(path)?;
        let (file, version, bytes) = find(&self.root, path)?;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = known().get(path).filter(|picture| picture.version == version) {
            return Some(picture.clone());
        }
        let opened = fs::File::open(&file).ok()?;
        let size = if kind == "image/svg+xml" {
            let mut head = Vec::new();
            opened.take(DRAWING_HEAD.min(bytes)).read_to_end(&mut head).ok()?;
            drawing_size(&String::from_utf8_lossy(&head))
        } else {
            imagesize::reader_size(BufReader::new(opened)).ok().and_then(pixels)
        };
        let picture = Picture { version, size };
        let mut known = known();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(path.to_owned(), picture.clone());
        Some(picture)
    }
}

/// Width and height of a picture, where its bytes tell.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = &bytes[..bytes.len().min(DRAWING_HEAD as usize)];
    imagesize::blob_size(bytes).ok().and_then(pixels).or_else(|| drawing_size(&String::from_utf8_lossy(head)))
}

fn pixels(size: imagesize::ImageSize) -> Option<(u32, u32)> {
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

/// Width and height of an SVG from its root element: those that it gives in pixels, else those of its view box.
fn drawing_size(text: &str) -> Option<(u32, u32)> {
    let root = text.split_once("<svg")?.1.split('>').next()?.replace(char::is_whitespace, " ");
    let value = |name: &str| {
        let rest = root.split_once(&format!("{name}="))?.1;
        let quote = rest.chars().next().filter(|quote| "\"'".contains(*quote))?;
        rest[1..].split(quote).next()
    };
    let round = |number: f64| (number.is_finite() && (0.5..1e6).contains(&number)).then(|| number.round() as u32);
    let pixels = |name: &str| value(name)?.trim().trim_end_matches("px").parse().ok().and_then(round);
    let of_box = || {
        let mut numbers = value("viewBox")?.split([' ', ',']).filter(|part| !part.is_empty()).map(str::parse);
        let (width, height) = (numbers.nth(2)?.ok()?, numbers.next()?.ok()?);
        Some((round(width)?, round(height)?))
    };
    pixels(" width").zip(pixels(" height")).or_else(of_box)
}

#[cfg(test)]
mod tests {
    use super::{Pictures, drawing_size, kind};
    use crate::article::PICTURE_ENDINGS;

    /// A PNG says its size in its first 24 bytes.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0";

    #[test]
    fn what_counts_as_a_picture_for_writers_is_served() {
        for ending in PICTURE_ENDINGS {
            assert!(kind(&format!("a.{ending}")).is_some_and(|kind| kind.starts_with("image/")), "{ending}");
        }
        assert_eq!(kind("a.csv"), None);
    }

    #[test]
    fn drawings_tell_their_size_in_pixels_or_by_their_view_box() {
        for (text, size) in [
            ("<svg width=\"20\" height='10px' viewBox='0 0 2 1'>", Some((20, 10))),
            ("<?xml?><!-- x --><svg\n viewBox=\"0 0 64.4,32\">", Some((64, 32))),
            ("<svg width=\"100%\" height=\"100%\" viewBox=\"0 0 3 4\">", Some((3, 4))),
            ("<svg stroke-width=\"9\" stroke-height=\"9\">", None),
            ("<svg width=\"1e99\" height=\"1\">", None),
            ("<svg width=\"", None),
            ("<svg width=é height=1>", None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(drawing_size(text), size, "{text}");
        }
    }

    #[test]
    fn pictures_say_how_large_they_are() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a b.png"), PNG).unwrap();
        std::fs::write(folder.path().join("broken.png"), b"no picture").unwrap();
        let pictures = Pictures::new(folder.path());
        let (_, version, _) = super::find(folder.path(), "a b.png").unwrap();
        let address = format!("src=\"/media/a%20b.png?v={version}\"");
        let table = [
            (
                "<img src=\"/media/a%20b.png\" alt=\"x\">",
                format!("<img {address} width=\"640\" height=\"480\" alt=\"x\">"),
            ),
            ("<img src=\"/media/a%20b.png\" width=\"320\">", format!("<img {address} height=\"240\" width=\"320\">")),
            ("<img src=\"/media/a%20b.png\" height=\"1\">", format!("<img {address} width=\"1\" height=\"1\">")),
            ("<p>a</p><img src=\"/media/none.png\"><b>", "<p>a</p><img src=\"/media/none.png\"><b>".to_owned()),
            ("<img src=\"/media/../x.png\">", "<img src=\"/media/../x.png\">".to_owned()),
            ("<img src=\"https://e.org/media/a.png\">", "<img src=\"https://e.org/media/a.png\">".to_owned()),
            ("<img alt=\"x\">", "<img alt=\"x\">".to_owned()),
            ("<img ", "<img ".to_owned()),
        ];
        for _ in 0..2 {
            for (html, expected) in &table {
                assert_eq!(pictures.measured(html), *expected);
            }
        }
        let broken = pictures.measured("<img src=\"/media/broken.png\">");
        assert!(broken.contains("?v=") && !broken.contains("width"), "{broken}");
        assert_eq!(super::size(PNG), Some((640, 480)));
    }
}
