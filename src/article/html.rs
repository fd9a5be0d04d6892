//! Markdown to clean HTML.

/// What a relative link or picture becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// Leave it.
    Keep,
    /// This address instead.
    To(String),
}

/// Renders an article's body.
#[must_use]
pub fn render(_body: &str, _resolve: &dyn Fn(&str) -> LinkTarget) -> String {
    String::new()
}
