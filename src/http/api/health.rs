//! Is it alive, is it ready, what are its numbers.

/// Alive: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = str, description = "`ok`")))]
pub async fn healthz() -> &'static str {
    "ok"
}
