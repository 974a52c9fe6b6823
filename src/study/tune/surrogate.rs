//! What settings that were not tried probably do: a Gaussian process through those that were.
//!
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1, with a linear
//! trend taken out first and the lengths chosen by the marginal likelihood (section 5.4.1).

/// A mean and how far from it the truth may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

/// Lengths along an axis that are tried: how far a setting tells of others, as a share of the axis.
const LENGTHS: [f64; 5] = [0.1, 0.25, 0.5, 1.0, 2.5];
/// Shares of the variance that are luck.
const LUCK: [f64; 3] = [1e-6, 1e-3, 3e-2];
/// Rounds of choosing lengths one by one.
const ROUNDS: usize = 2;

/// One quantity over all settings, as far as it is known.
pub(super) struct Surrogate {
    /// Where it was measured.
    at: Vec<Vec<f64>>,
    /// Of the linear trend: the constant first.
    trend: Vec<f64>,
    fit: Fit,
}

/// A fitted process over what the trend leaves.
struct Fit {
    lengths: Vec<f64>,
    variance: f64,
    /// Lower triangle of the Cholesky factor of the correlations.
    factor: Vec<Vec<f64>>,
    /// Correlations solved for the measured values.
    weights: Vec<f64>,
    likelihood: f64,
}

impl Surrogate {
    /// Through measured values; `ordered` says which axes have an order. At least one value.
    pub(super) fn of(at: Vec<Vec<f64>>, values: &[f64], ordered: &[bool]) -> Self {
        let trend = trend(&at, values, ordered);
        let rest: Vec<f64> =
            at.iter().zip(values).map(|(place, value)| value - along(&trend, place)).collect();
        let mut lengths = vec![0.5; ordered.len()];
        let mut best = best_luck(&at, &rest, &lengths);
        for _ in 0..ROUNDS {
            for axis in 0..lengths.len() {
                for length in LENGTHS {
                    let mut other = lengths.clone();
                    other[axis] = length;
                    let fit = best_luck(&at, &rest, &other);
                    if fit.likelihood > best.likelihood {
                        best = fit;
                    }
                }
                lengths.clone_from(&best.lengths);
            }
        }
        Self { at, trend, fit: best }
    }

    /// What it probably is somewhere else.
    pub(super) fn guess(&self, place: &[f64]) -> Guess {
        let fit = &self.fit;
        let near: Vec<f64> =
            self.at.iter().map(|known| correlation(known, place, &fit.lengths)).collect();
        let mean: f64 = near.iter().zip(&fit.weights).map(|(near, weight)| near * weight).sum();
        let solved = forward(&fit.factor, &near);
        let told: f64 = solved.iter().map(|one| one * one).sum();
        Guess {
            mean: along(&self.trend, place) + mean,
            deviation: (fit.variance * (1.0 - told).max(0.0)).sqrt(),
        }
    }
}

/// The share of luck that explains the values best.
fn best_luck(at: &[Vec<f64>], rest: &[f64], lengths: &[f64]) -> Fit {
    let fits = LUCK.map(|luck| fit(at, rest, lengths, luck));
    let [first, others @ ..] = fits;
    others.into_iter().fold(first, |best, fit| {
        if fit.likelihood > best.likelihood { fit } else { best } //
    })
}

fn fit(at: &[Vec<f64>], rest: &[f64], lengths: &[f64], luck: f64) -> Fit {
    let count = at.len();
    let mut factor = vec![Vec::new(); count];
    for row in 0..count {
        for column in 0..=row {
            let own = if row == column {
                1.0 + luck
            } else {
                correlation(&at[row], &at[column], lengths)
            };
            let known: f64 =
                (0..column).map(|k| factor[row].get(k).unwrap_or(&0.0) * factor[column][k]).sum();
            let left: f64 = own - known;
            let entry = match row == column {
                true => left.max(1e-12).sqrt(),
                false => left / factor[column][column],
            };
            factor[row].push(entry);
        }
    }
    let half = forward(&factor, rest);
    let squares: f64 = half.iter().map(|one| one * one).sum();
    let variance = (squares / count as f64).max(1e-12);
    let logs: f64 = (0..count).map(|k| factor[k][k].ln()).sum();
    let likelihood = -0.5 * count as f64 * variance.ln() - logs;
    let weights = backward(&factor, half);
    Fit { lengths: lengths.to_vec(), variance, factor, weights, likelihood }
}

/// Matérn's with smoothness 5/2.
fn correlation(one: &[f64], other: &[f64], lengths: &[f64]) -> f64 {
    let squares = one.iter().zip(other).zip(lengths);
    let squares: f64 = squares.map(|((a, b), length)| ((a - b) / length).powi(2)).sum();
    let r = (5.0 * squares).sqrt();
    (1.0 + r + r * r / 3.0) * (-r).exp()
}

/// Solves with the lower triangle.
fn forward(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut solved = Vec::with_capacity(right.len());
    for (row, right) in factor.iter().zip(right) {
        let known: f64 = row.iter().zip(&solved).map(|(a, b)| a * b).sum();
        solved.push((right - known) / row[solved.len()]);
    }
    solved
}

/// Solves with its transpose.
fn backward(factor: &[Vec<f64>], mut right: Vec<f64>) -> Vec<f64> {
    for k in (0..right.len()).rev() {
        right[k] /= factor[k][k];
        for row in 0..k {
            right[row] -= factor[k][row] * right[k];
        }
    }
    right
}

fn along(trend: &[f64], place: &[f64]) -> f64 {
    trend[0] + trend[1..].iter().zip(place).map(|(slope, at)| slope * at).sum::<f64>()
}

/// Least squares along the ordered axes, held back a little so that few values have an answer too.
fn trend(at: &[Vec<f64>], values: &[f64], ordered: &[bool]) -> Vec<f64> {
    const HELD_BACK: f64 = 1e-3;
    let count = at.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let axes = ordered.len();
    let middle: Vec<f64> =
        (0..axes).map(|axis| at.iter().map(|place| place[axis]).sum::<f64>() / count).collect();
    let mut slopes = vec![0.0; axes];
    // Axis by axis until nothing moves: there are few of them.
    for _ in 0..50 {
        for axis in (0..axes).filter(|axis| ordered[*axis]) {
            let (mut up, mut down) = (0.0, HELD_BACK * count);
            for (place, value) in at.iter().zip(values) {
                let others: f64 = (0..axes)
                    .filter(|other| *other != axis)
                    .map(|other| slopes[other] * (place[other] - middle[other]))
                    .sum();
                let x = place[axis] - middle[axis];
                up += x * (value - mean - others);
                down += x * x;
            }
            slopes[axis] = up / down;
        }
    }
    let constant = mean - slopes.iter().zip(&middle).map(|(slope, at)| slope * at).sum::<f64>();
    [vec![constant], slopes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(function: fn(f64, f64) -> f64) -> (f64, f64) {
        let levels = [0.0, 0.25, 0.5, 0.75, 1.0];
        let at: Vec<Vec<f64>> = levels.iter().flat_map(|x| levels.map(|y| vec![*x, y])).collect();
        let values: Vec<f64> = at.iter().map(|place| function(place[0], place[1])).collect();
        let surrogate = Surrogate::of(at, &values, &[true, true]);
        let between =
            (0..20).flat_map(|x| (0..20).map(move |y| (f64::from(x) / 19.0, f64::from(y) / 19.0)));
        let errors = between.map(|(x, y)| {
            let guess = surrogate.guess(&[x, y]);
            let error = (guess.mean - function(x, y)).abs();
            (error, error / guess.deviation.max(1e-9))
        });
        errors.fold((0.0, 0.0), |most, one| (one.0.max(most.0), one.1.max(most.1)))
    }

    #[test]
    fn what_was_measured_tells_what_lies_between() {
        for (function, most) in [
            ((|x, y| 3.0 + x - 2.0 * y) as fn(f64, f64) -> f64, 0.02),
            (|x, y| (3.0 * x).exp() * 0.1 + y, 0.15),
            (|x, y| (4.0 * x).sin() + (x - y).powi(2), 0.15),
        ] {
            let (error, deviations) = worst(function);
            assert!(error < most && deviations < 10.0, "{error}, {deviations} deviations");
        }
    }

    #[test]
    fn a_value_is_remembered_and_far_away_it_is_open() {
        let at = vec![vec![0.0], vec![0.3], vec![0.6]];
        let surrogate = Surrogate::of(at, &[1.0, -1.0, 1.0], &[true]);
        assert!((surrogate.guess(&[0.3]).mean + 1.0).abs() < 0.1);
        assert!(surrogate.guess(&[1.0]).deviation > 3.0 * surrogate.guess(&[0.3]).deviation);
        let one = Surrogate::of(vec![vec![0.5]], &[7.0], &[true]);
        assert!((one.guess(&[0.5]).mean - 7.0).abs() < 1e-6);
    }
}
