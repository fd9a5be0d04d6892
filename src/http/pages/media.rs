//! Pictures that stand beside the articles: images only, and nothing from outside the folder.

use std::{path::Path as FilePath, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    http::{assets, error::ApiError},
};

/// Largest picture that is served, in bytes.
const MAX_BYTES: u64 = 10 * 1024 * 1024;

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
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("There is no such picture.");
    let kind = kind(&path).ok_or_else(missing)?;
    let (bytes, version) = read(&app.config.articles, &path).await.ok_or_else(missing)?;
    let mut response = if assets::is_known(&headers, &version) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(bytes))
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(header::ETAG, assets::etag(&version)?);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // A drawing that is opened by itself is a document: it may not run, load or send anything.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}

/// The file with its size and time as version; `None` unless it is a plain file inside `root`.
async fn read(root: &FilePath, path: &str) -> Option<(Vec<u8>, String)> {
    if path.split('/').any(|part| part.starts_with('.') || part.contains(['\\', '\0'])) {
        return None;
    }
    let root = tokio::fs::canonicalize(root).await.ok()?;
    let file = tokio::fs::canonicalize(root.join(path)).await.ok()?;
    let about = tokio::fs::metadata(&file).await.ok()?;
    if !file.starts_with(&root) || !about.is_file() || about.len() > MAX_BYTES {
        return None;
    }
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let version = format!("{:x}-{:x}", about.len(), changed.as_nanos());
    Some((tokio::fs::read(&file).await.ok()?, version))
}

#[cfg(test)]
mod tests {
    use super::kind;
    use crate::article::PICTURE_ENDINGS;

    #[test]
    fn what_counts_as_a_picture_for_writers_is_served() {
        for ending in PICTURE_ENDINGS {
            assert!(kind(&format!("a.{ending}")).is_some_and(|kind| kind.starts_with("image/")), "{ending}");
        }
        assert_eq!(kind("a.csv"), None);
    }
}
