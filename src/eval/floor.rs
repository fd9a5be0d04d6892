//! A floor: the figures that a set must not fall below, as a TOML file that is kept with the set.
//!
//! ```toml
//! [my-set]
//! ndcg_10 = 0.8 # at least
//! ece = 0.1     # at most: less is better here, and for fpr_90
//! ```

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs,
    path::{Path, PathBuf},
};

use toml::Spanned;

use super::{EvalError, Figure, Measures};

/// How far below today's figures a new floor lies: less than the change of one question in fifty.
const MARGIN: f64 = 0.01;

/// Figures that must be kept.
#[derive(Debug)]
pub struct Floor {
    path: PathBuf,
    limits: Vec<Limit>,
}

#[derive(Debug)]
struct Limit {
    line: usize,
    set: String,
    figure: Figure,
    value: f64,
}

/// A figure that is worse than the floor.
#[derive(Debug)]
pub struct Shortfall {
    /// File and line of the floor.
    place: String,
    set: String,
    figure: Figure,
    stored: f64,
    measured: f64,
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, set, figure, stored, measured } = self;
        let bound = if figure.more_is_better { "at least" } else { "at most" };
        write!(f, "{place}: {set}: {} must be {bound} {stored:.3} and is {measured:.4}", figure.key)
    }
}

impl Floor {
    /// Reads a floor.
    ///
    /// # Errors
    /// The file is missing or no TOML; a figure that does not exist, or a value that is no share of 1.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        type Limits = BTreeMap<Spanned<String>, Spanned<f64>>;
        let text = fs::read_to_string(path).map_err(|source| EvalError::Floor { path: path.to_owned(), source })?;
        let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
        let fault = |line, message| EvalError::Line { path: path.to_owned(), line, message };
        let tables: BTreeMap<String, Limits> = toml::from_str(&text)
            .map_err(|error| fault(error.span().map_or(1, |span| line(span.start)), error.message().to_owned()))?;
        let mut limits = Vec::new();
        for (set, figures) in tables {
            for (key, value) in figures {
                let line = line(key.span().start);
                let figure = Figure::ALL.into_iter().find(|figure| figure.key == key.get_ref()).ok_or_else(|| {
                    let known = Figure::ALL.map(|figure| figure.key).join(", ");
                    fault(line, format!("there is no figure `{}`; there are {known}", key.get_ref()))
                })?;
                let value = value.into_inner();
                if !(0.0..=1.0).contains(&value) {
                    return Err(fault(line, format!("{value} is not between 0 and 1")));
                }
                limits.push(Limit { line, set: set.clone(), figure, value });
            }
        }
        limits.sort_by_key(|limit| limit.line);
        Ok(Self { path: path.to_owned(), limits })
    }

    /// Checks that every set of the floor is among those that will be measured.
    ///
    /// # Errors
    /// The line of one that is not.
    pub fn fits(&self, sets: &[&str]) -> Result<(), EvalError> {
        let Some(limit) = self.limits.iter().find(|limit| !sets.contains(&limit.set.as_str())) else { return Ok(()) };
        let message =
            format!("no set `{}` is measured, but {}; name it, or remove it here", limit.set, sets.join(", "));
        Err(EvalError::Line { path: self.path.clone(), line: limit.line, message })
    }

    /// What is worse than the floor, in its order. A figure that could not be measured is.
    #[must_use]
    pub fn check(&self, measured: &[(&str, Measures)]) -> Vec<Shortfall> {
        let mut shortfalls = Vec::new();
        for Limit { line, set, figure, value } in &self.limits {
            let found = measured.iter().find(|(name, _)| name == set).map_or(f64::NAN, |(_, all)| (figure.of)(all));
            let kept = if figure.more_is_better { found >= *value } else { found <= *value };
            if !kept {
                let place = format!("{}:{line}", self.path.display());
                shortfalls.push(Shortfall {
                    place,
                    set: set.clone(),
                    figure: *figure,
                    stored: *value,
                    measured: found,
                });
            }
        }
        shortfalls
    }

    /// The text of a floor a hundredth below these figures.
    #[must_use]
    pub fn below(measured: &[(&str, Measures)]) -> String {
        let mut text = format!(
            "# Made by `zerodesk eval --write-floor`: {MARGIN} below what was measured; fpr_90 and ece, which should be\n\
             # small, above it.\n"
        );
        for (name, measures) in measured {
            let _ = writeln!(text, "\n[{}]", toml_edit::Key::new(*name));
            for figure in Figure::ALL {
                let value = (figure.of)(measures);
                let limit = if figure.more_is_better {
                    ((value - MARGIN) * 1000.0).floor() / 1000.0
                } else {
                    ((value + MARGIN) * 1000.0).ceil() / 1000.0
                };
                if limit.is_finite() {
                    let _ = writeln!(text, "{} = {:.3}", figure.key, limit.clamp(0.0, 1.0));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Floor, EvalError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("floor.toml");
        fs::write(&path, text).unwrap();
        Floor::read(&path)
    }

    fn measures() -> Measures {
        Measures { ndcg_10: 0.8, ece: 0.05, fpr_90: f64::NAN, ..Measures::default() }
    }

    #[test]
    fn worse_figures_are_named_and_equal_ones_are_kept() {
        for (floor, expected) in [
            ("[a]\nndcg_10 = 0.8\nece = 0.05", &[][..]),
            (
                "[a]\nece = 0.04\nndcg_10 = 0.81",
                &[
                    "floor.toml:2: a: ece must be at most 0.040 and is 0.0500",
                    "floor.toml:3: a: ndcg_10 must be at least 0.810 and is 0.8000",
                ],
            ),
            (
                "[mean]\nndcg_10 = 1\n[a]\nfpr_90 = 1",
                &[
                    "floor.toml:2: mean: ndcg_10 must be at least 1.000 and is 0.8000",
                    "floor.toml:4: a: fpr_90 must be at most 1.000 and is NaN",
                ],
            ),
            ("# nothing\n", &[]),
        ] {
            let found = read(floor).unwrap().check(&[("a", measures()), ("mean", measures())]);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(found, expected)| found.ends_with(expected)), "{found:?}");
        }
    }

    #[test]
    fn mistakes_in_a_floor_say_which_line() {
        for (floor, expected) in [
            ("[a]\n\nndgc_10 = 0.8", "floor.toml:3: there is no figure `ndgc_10`; there are ndcg_10, mrr_10"),
            ("[a]\nece = 8", "floor.toml:2: 8 is not between 0 and 1"),
            ("[a]\nece = \"low\"", "floor.toml:2: invalid type"),
            ("[a]\n[b\n", "floor.toml:2: "),
            ("ece = 0.1", "floor.toml:1: invalid type"),
        ] {
            let message = read(floor).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let message = read("[a]\nece = 1\n[b]\nece = 1").unwrap().fits(&["a", "mean"]).unwrap_err().to_string();
        assert!(message.contains("floor.toml:4: no set `b` is measured, but a, mean"), "{message}");
        let message = Floor::read(Path::new("nowhere/floor.toml")).unwrap_err().to_string();
        assert!(message.contains("--write-floor"), "{message}");
    }

    #[test]
    fn a_new_floor_is_kept_by_what_made_it_and_not_by_less() {
        let good = Measures { ndcg_10: 0.8, mrr_10: 0.005, ece: 0.995, ..Measures::default() };
        let floor = read(&Floor::below(&[("a.b c", good), ("d", measures())])).unwrap();
        assert!(floor.check(&[("a.b c", good), ("d", measures())]).is_empty());
        let worse = Measures { ndcg_10: 0.788, ..good };
        assert_eq!(floor.check(&[("a.b c", worse), ("d", measures())]).len(), 1);
    }
}
