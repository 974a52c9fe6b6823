//! Curves through past values, by least squares, and autoregression.

/// The polynomial of this degree through the points `(x, y)`, at `x`; `None` where the points leave it open.
///
/// Normal equations of x scaled to [-1, 1], solved by elimination with pivots: exact enough up to the second degree.
pub(super) fn polynomial_at(points: &[(f64, f64)], degree: usize, x: f64) -> Option<f64> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let (middle, half) =
        (f64::midpoint(first, last), ((last - first) / 2.0).max(f64::MIN_POSITIVE));
    let scaled = |x: f64| (x - middle) / half;
    let unknowns = degree + 1;
    let mut rows = vec![vec![0.0; unknowns + 1]; unknowns];
    for &(x, y) in points {
        let u = scaled(x);
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell += u.powi(i as i32) * if j < unknowns { u.powi(j as i32) } else { y };
            }
        }
    }
    let coefficients = solved(rows)?;
    Some(coefficients.iter().rev().fold(0.0, |sum, c| sum * scaled(x) + c))
}

/// Gauss's elimination of rows whose last cell is the right side.
fn solved(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for at in 0..n {
        let pivot = (at..n).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
        rows.swap(at, pivot);
        let head = rows[at].clone();
        if head[at].abs() < 1e-9 {
            return None;
        }
        for row in rows.iter_mut().skip(at + 1) {
            let factor = row[at] / head[at];
            row.iter_mut().zip(&head).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    let mut found = vec![0.0; n];
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|j| rows[at][j] * found[j]).sum();
        found[at] = (rows[at][n] - known) / rows[at][at];
    }
    Some(found)
}

/// The next of `values` by an autoregression of this order about their mean: the equations of Yule and Walker,
/// solved by the recursion of Levinson and Durbin, which is stable whatever the values. `None` of fewer values.
pub(super) fn autoregression(values: &[f64], order: usize) -> Option<f64> {
    if values.len() <= order {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let at_lag = |lag: usize| -> f64 { away[lag..].iter().zip(&away).map(|(a, b)| a * b).sum() };
    let lags: Vec<f64> = (0..=order).map(at_lag).collect();
    let mut error = lags[0];
    if error <= 1e-12 * mean * mean * values.len() as f64 {
        return Some(mean);
    }
    let mut weights: Vec<f64> = Vec::with_capacity(order);
    for k in 0..order {
        let known: f64 = (0..k).map(|j| weights[j] * lags[k - j]).sum();
        let reflection = (lags[k + 1] - known) / error;
        let turned: Vec<f64> =
            (0..k).map(|j| weights[j] - reflection * weights[k - 1 - j]).collect();
        weights = turned;
        weights.push(reflection);
        error *= 1.0 - reflection * reflection;
        if error <= 0.0 {
            break;
        }
    }
    let next: f64 = weights.iter().zip(away.iter().rev()).map(|(weight, past)| weight * past).sum();
    Some(mean + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_found_again() {
        let curve = |x: f64| 3.0 - 2.0 * x + 0.5 * x * x;
        let points: Vec<_> = (100..110).map(|x| (f64::from(x), curve(f64::from(x)))).collect();
        for x in [104.0, 109.0, 115.0] {
            let found = polynomial_at(&points, 2, x).unwrap();
            assert!((found - curve(x)).abs() < 1e-6 * curve(x), "{x}: {found}");
        }
        assert_eq!(polynomial_at(&points[..2], 2, 1.0), None, "two points leave a parabola open");
        assert_eq!(polynomial_at(&[], 1, 1.0), None);
    }

    #[test]
    fn a_line_has_the_least_squares() {
        // y = 1.5 x + 1/3 is the line through (0, 0), (1, 2.5), (2, 3) that Legendre asks for.
        let points = [(0.0, 0.0), (1.0, 2.5), (2.0, 3.0)];
        let found = polynomial_at(&points, 1, 3.0).unwrap();
        assert!((found - (4.5 + 1.0 / 3.0)).abs() < 1e-9, "{found}");
    }

    #[test]
    fn an_oscillation_is_continued_and_a_constant_kept() {
        let wave: Vec<f64> = (0..400).map(|n| 50.0 + 10.0 * (f64::from(n) * 0.3).sin()).collect();
        let next = autoregression(&wave, 20).unwrap();
        let expected = 50.0 + 10.0 * (400.0_f64 * 0.3).sin();
        assert!((next - expected).abs() < 0.5, "{next} is not {expected}");
        assert_eq!(autoregression(&[7.0; 30], 20), Some(7.0));
        assert_eq!(autoregression(&[7.0; 20], 20), None);
    }
}
