//! The decision's weights as a file: read with the place of every mistake.
//!
//! Whoever has judged questions of their own can fit the decision to them (`zerodesk eval --fit`)
//! and use the result here. A file that makes no sense never replaces one that does.

use super::{DecisionModel, Signals};

/// Weights that cannot be used: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ModelError {
    /// From 1.
    pub line: usize,
    /// From 1, in bytes.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl DecisionModel {
    /// Reads what `zerodesk eval --fit` writes. Every signal must have a weight, and nothing else may.
    ///
    /// ```
    /// use zerodesk::search::DecisionModel;
    /// let error = DecisionModel::parse("{\n \"bias\": NaN }").unwrap_err();
    /// assert_eq!(error.line, 2);
    /// ```
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(text).map_err(|error| {
            let full = error.to_string();
            let reason = full.split(" at line ").next().unwrap_or(&full).to_owned();
            ModelError { line: error.line(), column: error.column().max(1), reason }
        })?;
        let weights = Signals::NAMES.into_iter().zip(model.weights.values());
        match weights.chain([("bias", model.bias)]).find(|(_, weight)| !weight.is_finite()) {
            Some((name, _)) => Err(too_large(text, name)),
            None => Ok(model),
        }
    }
}

/// JSON knows no infinity, but a number may be too large to count with.
fn too_large(text: &str, name: &str) -> ModelError {
    let before = text.find(&format!("\"{name}\"")).map_or("", |at| &text[..at]);
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    let reason = format!("the weight `{name}` is too large; write a number such as 1.5");
    ModelError { line: before.matches('\n').count() + 1, column, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_a_file_of_weights_have_a_place() {
        let good = serde_json::to_string_pretty(DecisionModel::bundled()).unwrap();
        assert_eq!(&DecisionModel::parse(&good).unwrap(), DecisionModel::bundled());
        let line_of = |part: &str| good.lines().position(|line| line.contains(part)).unwrap() + 1;
        let bias = good.lines().find(|line| line.contains("\"bias\"")).unwrap();
        for (from, to, line, reason) in [
            ("\"share\"", "\"shore\"", line_of("\"share\""), "unknown field `shore`"),
            (bias, "", line_of("\"bias\""), ""),
            (bias, "  \"bias\": NaN,", line_of("\"bias\""), "expected value"),
            (bias, "  \"bias\": 1e39,", line_of("\"bias\""), "`bias` is too large"),
            (bias, "  \"bias\": \"much\",", line_of("\"bias\""), "invalid type: string"),
            ("\"date\"", "\"day\"", line_of("\"date\""), "unknown field `day`"),
        ] {
            let broken = good.replacen(from, to, 1);
            let error = DecisionModel::parse(&broken).unwrap_err();
            assert!(error.reason.contains(reason), "{to}: {error}");
            assert!(reason.is_empty() || error.line == line, "{to}: {error}");
        }
        let missing = good.replacen(bias, "", 1);
        assert!(DecisionModel::parse(&missing).unwrap_err().reason.contains("missing field `bias`"));
        assert_eq!(DecisionModel::parse("").unwrap_err().line, 1);
    }
}
