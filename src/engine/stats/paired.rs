//! Comparing two policies that met the same luck: differences per replication.

use super::Estimate;
use super::estimate::{mean, t_two_sided};

/// Differences `a - b` over replications in which both met the same requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean difference with its interval.
    pub difference: Estimate,
    /// Correlation of a and b; `None` where one of them does not vary.
    pub correlation: Option<f64>,
    /// Variance of the difference relative to independent runs: below 1 = common luck helped; `None`
    /// where neither varies.
    pub variance_ratio: Option<f64>,
    /// Share of replications with a below b, ties half.
    pub win_share: f64,
    /// Two-sided p-value of "no difference" (paired t test); `None` with one replication. Where the
    /// difference does not vary it is 1 for none and 0 for any.
    pub p_value: Option<f64>,
}

impl Paired {
    /// `None` without pairs. The slices pair by position; a longer one is cut.
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let difference = Estimate::of(&differences)?;
        let (a, b) = (&a[..differences.len()], &b[..differences.len()]);
        let covariances = [covariance(a, a), covariance(b, b), covariance(a, b)];
        let [var_a, var_b, cov] = covariances;
        let independent = var_a + var_b;
        let wins: f64 = differences.iter().map(|&d| half_step(-d)).sum();
        let error = difference.deviation / (difference.count as f64).sqrt();
        let p_value = (difference.count > 1).then(|| match error > 0.0 {
            true => t_two_sided(difference.mean / error, (difference.count - 1) as f64),
            false => f64::from(difference.mean == 0.0),
        });
        Some(Self {
            difference,
            correlation: (var_a > 0.0 && var_b > 0.0)
                .then(|| (cov / (var_a * var_b).sqrt()).clamp(-1.0, 1.0)),
            variance_ratio: (independent > 0.0)
                .then(|| covariance(&differences, &differences) / independent),
            win_share: wins / differences.len() as f64,
            p_value,
        })
    }
}

/// 1 above zero, one half at zero, 0 below.
fn half_step(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        0.0
    } else {
        0.5
    }
}

/// Sample covariance; 0 below two values.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    if a.len() < 2 {
        return 0.0;
    }
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    sum / (a.len() - 1) as f64
}

/// A relative change `a / b - 1` with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// -0.2 = a fifth less.
    pub mean: f64,
    /// The interval; `None` with one pair.
    pub interval: Option<(f64, f64)>,
}

impl Change {
    /// From the mean of log ratios, which treats halving and doubling alike. `None` without pairs or
    /// where a value is not positive.
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let positive = |values: &[f64]| values.iter().all(|&value| value > 0.0);
        if !positive(a) || !positive(b) {
            return None;
        }
        let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a / b).ln()).collect();
        let log = Estimate::of(&logs)?;
        let interval = log.half_width.map(|_| (log.low().exp_m1(), log.high().exp_m1()));
        Some(Self { mean: log.mean.exp_m1(), interval })
    }
}

/// p-values corrected for having asked several questions (Holm 1979), in the order given: compare each
/// with 0.05 and the chance of any false alarm stays below 5 %.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut floor: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        floor = floor.max((p_values[at] * left).min(1.0));
        corrected[at] = floor;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_common_luck() {
        // b = a + 1 but for small noise: the difference is far surer than either mean.
        let a = [10.0, 20.0, 30.0, 40.0];
        let b = [11.1, 20.9, 31.1, 40.9];
        let paired = Paired::of(&a, &b).unwrap();
        assert!((paired.difference.mean + 1.0).abs() < 1e-12);
        assert!(paired.difference.half_width.unwrap() < 0.2);
        assert!(paired.correlation.unwrap() > 0.999);
        assert!(paired.variance_ratio.unwrap() < 1e-3);
        assert_eq!(paired.win_share, 1.0);
        assert!(paired.p_value.unwrap() < 0.001);
    }

    #[test]
    fn what_does_not_vary_claims_nothing() {
        let same = Paired::of(&[2.0, 2.0], &[2.0, 2.0]).unwrap();
        assert_eq!((same.correlation, same.variance_ratio, same.p_value), (None, None, Some(1.0)));
        assert_eq!(Paired::of(&[3.0, 3.0], &[2.0, 2.0]).unwrap().p_value, Some(0.0));
        assert_eq!(Paired::of(&[3.0], &[2.0]).unwrap().p_value, None);
        assert_eq!((same.win_share, same.difference.mean), (0.5, 0.0));
        assert_eq!(Paired::of(&[], &[]), None);
    }

    #[test]
    fn relative_change_treats_halving_and_doubling_alike() {
        let change = Change::of(&[1.0, 4.0], &[2.0, 2.0]).unwrap();
        assert!(change.mean.abs() < 1e-12);
        let (low, high) = change.interval.unwrap();
        assert!(((1.0 + low) * (1.0 + high) - 1.0).abs() < 1e-9);
        assert_eq!(Change::of(&[0.0], &[1.0]), None);
        assert_eq!(Change::of(&[3.0], &[4.0]).unwrap().interval, None);
    }

    #[test]
    fn holm_steps_down_and_never_decreases() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - expected).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
