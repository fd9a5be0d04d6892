//! Fits the decision's weights to judged questions: logistic regression by Newton's method.

use crate::search::Signals;

/// Signals and the constant term.
const SIZE: usize = Signals::COUNT + 1;
/// Pulls weights towards 0 a little, so that signals that say the same share their weight.
const RIDGE: f64 = 1e-3;
/// Which way each signal may count, in the order of [`Signals`]; 0 is either way. A weight that comes
/// out the other way round is an accident of the sets, and the fit is made without it.
const DIRECTIONS: [i8; Signals::COUNT] = [1, 1, 1, 1, 1, 1, 1, 0];
/// Newton's method settles within a few steps.
const STEPS: usize = 30;

/// One judged question.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What the decision saw.
    pub signals: Signals,
    /// Whether the articles answer it.
    pub answerable: bool,
    /// How much it counts; make the sum by set and label equal so that large sets do not rule.
    pub weight: f64,
}

/// Constant term and weights that make the examples most likely.
#[must_use]
pub fn fit(examples: &[Example]) -> (f32, [f32; Signals::COUNT]) {
    let total: f64 = examples.iter().map(|example| example.weight).sum::<f64>().max(f64::MIN_POSITIVE);
    let rows: Vec<([f64; SIZE], f64, f64)> = examples
        .iter()
        .map(|example| {
            let mut row = [1.0; SIZE];
            for (cell, value) in row[1..].iter_mut().zip(example.signals.values()) {
                *cell = f64::from(value);
            }
            (row, f64::from(u8::from(example.answerable)), example.weight / total)
        })
        .collect();
    let mut used = [true; SIZE];
    let mut weights = newton(&rows, &used);
    while let Some(wrong) = most_wrong(&weights) {
        used[wrong] = false;
        weights = newton(&rows, &used);
    }
    let mut signals = [0.0; Signals::COUNT];
    for (signal, weight) in signals.iter_mut().zip(&weights[1..]) {
        *signal = *weight as f32;
    }
    (weights[0] as f32, signals)
}

/// The weight furthest on its wrong side.
fn most_wrong(weights: &[f64; SIZE]) -> Option<usize> {
    let wrongness = |at: usize| -f64::from(DIRECTIONS[at - 1]) * weights[at];
    (1..SIZE).filter(|at| wrongness(*at) > 1e-9).max_by(|a, b| wrongness(*a).total_cmp(&wrongness(*b)))
}

/// The most likely weights, those not used being 0.
fn newton(rows: &[([f64; SIZE], f64, f64)], used: &[bool; SIZE]) -> [f64; SIZE] {
    let mut weights = [0.0; SIZE];
    for _ in 0..STEPS {
        let (mut gradient, mut hessian) = derivatives(rows, &weights);
        for at in (0..SIZE).filter(|at| !used[*at]) {
            gradient[at] = 0.0;
            hessian[at] = [0.0; SIZE];
            hessian[at][at] = 1.0;
        }
        let step = solve(hessian, gradient);
        for (weight, change) in weights.iter_mut().zip(step) {
            *weight += change;
        }
        if step.iter().all(|change| change.abs() < 1e-9) {
            break;
        }
    }
    weights
}

/// Gradient of the log-likelihood and the negative of its second derivatives, ridge included.
fn derivatives(rows: &[([f64; SIZE], f64, f64)], weights: &[f64; SIZE]) -> ([f64; SIZE], [[f64; SIZE]; SIZE]) {
    let mut gradient = [0.0; SIZE];
    let mut hessian = [[0.0; SIZE]; SIZE];
    for (row, label, weight) in rows {
        let sum: f64 = row.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        let probability = 1.0 / (1.0 + (-sum).exp());
        for i in 0..SIZE {
            gradient[i] += weight * (label - probability) * row[i];
            for j in 0..SIZE {
                hessian[i][j] += weight * probability * (1.0 - probability) * row[i] * row[j];
            }
        }
    }
    for i in 1..SIZE {
        gradient[i] -= RIDGE * weights[i];
        hessian[i][i] += RIDGE;
    }
    hessian[0][0] += 1e-12;
    (gradient, hessian)
}

/// Solves `matrix * x = right` by elimination with pivots; the matrix is positive definite.
fn solve(mut matrix: [[f64; SIZE]; SIZE], mut right: [f64; SIZE]) -> [f64; SIZE] {
    for column in 0..SIZE {
        let pivot = (column..SIZE).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()));
        let pivot = pivot.unwrap_or(column);
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in column + 1..SIZE {
            let factor = matrix[row][column] / matrix[column][column];
            let above = matrix[column];
            for (cell, above) in matrix[row].iter_mut().zip(above).skip(column) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..SIZE).rev() {
        let known: f64 = (row + 1..SIZE).map(|k| matrix[row][k] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_model_is_found_again() {
        let mut examples = Vec::new();
        for at in 0..=100_u8 {
            let share = f32::from(at) / 100.0;
            let probability = 1.0 / (1.0 + (-(4.0 * f64::from(share) - 2.0)).exp());
            let signals = Signals { share, ..Signals::default() };
            examples.push(Example { signals, answerable: true, weight: probability });
            examples.push(Example { signals, answerable: false, weight: 1.0 - probability });
        }
        let (bias, weights) = fit(&examples);
        assert!((bias + 2.0).abs() < 0.15 && (weights[0] - 4.0).abs() < 0.3, "{bias} {weights:?}");
    }
}
