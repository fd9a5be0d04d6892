//! Markdown to sections.
