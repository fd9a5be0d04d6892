//! What is wrong with a file, where, and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Path below the article folder.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of fault it is.
    pub code: ProblemCode,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The article works; something in it does not.
    Warning,
    /// The file cannot be taken as it is; an earlier good version stays in use.
    Error,
}

impl Severity {
    /// The name in reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Kinds of fault; the names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The file cannot be read.
    Unreadable,
    /// The file is larger than [`MAX_ARTICLE_BYTES`](super::MAX_ARTICLE_BYTES).
    TooLarge,
    /// The file is not UTF-8.
    InvalidUtf8,
    /// The front matter is larger than [`MAX_FRONT_MATTER_BYTES`](super::MAX_FRONT_MATTER_BYTES).
    FrontMatterTooLarge,
    /// The front matter has a beginning and no end.
    FrontMatterUnterminated,
    /// The front matter is not valid YAML or TOML.
    FrontMatterSyntax,
    /// A field of the front matter has the wrong type.
    FieldType,
    /// A field of the front matter has a value that means nothing.
    FieldValue,
    /// A field of the front matter is given twice.
    FieldTwice,
    /// The Markdown cannot be read.
    Markdown,
    /// The article has no title of its own.
    MissingTitle,
    /// The article has no description.
    MissingDescription,
    /// Two articles have one slug.
    DuplicateSlug,
    /// Two articles of one language have one title.
    DuplicateTitle,
    /// A link points to a file that is not there.
    BrokenLink,
    /// A link points to a heading that is not there.
    BrokenAnchor,
    /// An earlier address of one article is the address of another.
    AliasTaken,
    /// `related` names an article that is not there.
    BrokenRelation,
    /// The article is missing in languages in which articles like it exist.
    MissingTranslation,
    /// The day on which somebody should have read the article again is over.
    Stale,
    /// No other article leads to the article.
    Orphan,
    /// The article's own title does not find it.
    TitleNotFound,
    /// One of the article's `questions` does not find it.
    QuestionNotFound,
}

impl ProblemCode {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 23] = [
        Self::Unreadable,
        Self::TooLarge,
        Self::InvalidUtf8,
        Self::FrontMatterTooLarge,
        Self::FrontMatterUnterminated,
        Self::FrontMatterSyntax,
        Self::FieldType,
        Self::FieldValue,
        Self::FieldTwice,
        Self::Markdown,
        Self::MissingTitle,
        Self::MissingDescription,
        Self::DuplicateSlug,
        Self::DuplicateTitle,
        Self::BrokenLink,
        Self::BrokenAnchor,
        Self::AliasTaken,
        Self::BrokenRelation,
        Self::MissingTranslation,
        Self::Stale,
        Self::Orphan,
        Self::TitleNotFound,
        Self::QuestionNotFound,
    ];

    /// What problems of this kind have in common, as a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable => "The file cannot be read.",
            Self::TooLarge => "The file is too large.",
            Self::InvalidUtf8 => "The file is not UTF-8.",
            Self::FrontMatterTooLarge => "The front matter is too large.",
            Self::FrontMatterUnterminated => "The front matter has no end.",
            Self::FrontMatterSyntax => "The front matter is not valid YAML or TOML.",
            Self::FieldType => "A field has a value of the wrong kind.",
            Self::FieldValue => "A field has a value that means nothing.",
            Self::FieldTwice => "A field is given twice.",
            Self::Markdown => "The text cannot be read as Markdown.",
            Self::MissingTitle => "The article has no title of its own.",
            Self::MissingDescription => "The article has no description.",
            Self::DuplicateSlug => "Two articles claim one address.",
            Self::DuplicateTitle => "Two articles of one language have the same title.",
            Self::BrokenLink => "A link or picture leads nowhere.",
            Self::BrokenAnchor => "A link leads to a heading that is not there.",
            Self::AliasTaken => "An earlier address of one article belongs to another.",
            Self::BrokenRelation => "A related article is not there.",
            Self::MissingTranslation => "The article is missing in a language that articles like it have.",
            Self::Stale => "The article should have been read again by now.",
            Self::Orphan => "No other article leads to this one.",
            Self::TitleNotFound => "A search for the article's own title does not find it.",
            Self::QuestionNotFound => "A search for one of the article's questions does not find it.",
        }
    }

    /// The name in reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::FrontMatterTooLarge => "front-matter-too-large",
            Self::FrontMatterUnterminated => "front-matter-unterminated",
            Self::FrontMatterSyntax => "front-matter-syntax",
            Self::FieldType => "field-type",
            Self::FieldValue => "field-value",
            Self::FieldTwice => "field-twice",
            Self::Markdown => "markdown",
            Self::MissingTitle => "missing-title",
            Self::MissingDescription => "missing-description",
            Self::DuplicateSlug => "duplicate-slug",
            Self::DuplicateTitle => "duplicate-title",
            Self::BrokenLink => "broken-link",
            Self::BrokenAnchor => "broken-anchor",
            Self::AliasTaken => "alias-taken",
            Self::BrokenRelation => "broken-relation",
            Self::MissingTranslation => "missing-translation",
            Self::Stale => "stale",
            Self::Orphan => "orphan",
            Self::TitleNotFound => "title-not-found",
            Self::QuestionNotFound => "question-not-found",
        }
    }

    /// How bad a problem of this kind is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::FieldType
            | Self::FieldValue
            | Self::FieldTwice
            | Self::MissingTitle
            | Self::MissingDescription
            | Self::DuplicateTitle
            | Self::BrokenRelation
            | Self::MissingTranslation
            | Self::Stale
            | Self::Orphan
            | Self::TitleNotFound
            | Self::QuestionNotFound => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, severity, code, message, help } = self;
        write!(f, "{path}:{line}:{column}: {}[{}]: {message}; {help}", severity.as_str(), code.as_str())
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    path: &'a str,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(super) const fn new(path: &'a str) -> Self {
        Self { path, found: Vec::new() }
    }

    /// Notes a problem; its severity is that of its kind.
    pub(super) fn add(&mut self, code: ProblemCode, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Problem {
            path: self.path.to_owned(),
            line: place.line,
            column: place.column,
            severity: code.severity(),
            code,
            message: message.into(),
            help: help.into(),
        });
    }

    /// The problems in file order.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        self.found
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Line, from 1.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
}

impl Place {
    /// Where a file begins.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte of a text; an offset inside a character counts as that character's.
    pub(super) fn of_byte(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count() as u32,
            column: 1 + before[line_start..].chars().count() as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_list_with_one_name() {
        for (at, code) in ProblemCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(code.meaning().ends_with('.'));
        }
        assert_eq!(ProblemCode::ALL.len(), ProblemCode::QuestionNotFound as usize + 1);
    }
}
