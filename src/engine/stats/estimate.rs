//! A mean over replications and how sure we are of it.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Mean of independent replications with its 95 % Student-t interval, and the extremes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Half the width of the 95 % interval; `None` with one value: a point, not an estimate.
    pub half_width: Option<f64>,
    /// Sample standard deviation (n - 1); 0 with one value.
    pub deviation: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Estimate {
    /// `None` without values. Values must be finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = mean(values);
        let deviation = sum_of_squares(values, mean).map_or(0.0, |(squares, freedom)| {
            (squares / freedom).sqrt() //
        });
        let half_width = (count > 1)
            .then(|| t_quantile(0.975, (count - 1) as f64) * deviation / (count as f64).sqrt());
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { count, mean, half_width, deviation, min, max })
    }

    /// The same of values that are each a factor larger; the factor is positive.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            count: self.count,
            mean: factor * self.mean,
            half_width: self.half_width.map(|half| factor * half),
            deviation: factor * self.deviation,
            min: factor * self.min,
            max: factor * self.max,
        }
    }

    /// How many values with this spread have an interval narrower than `half_width` on either side; at most
    /// `most`.
    pub fn replications_for(&self, half_width: f64, most: u32) -> u32 {
        let half = |n: u32| {
            t_quantile(0.975, f64::from(n - 1)) * self.deviation / f64::from(n).sqrt() //
        };
        let (mut low, mut high) = (2, most.max(2));
        while low < high {
            let middle = low + (high - low) / 2;
            if half(middle) < half_width { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Lower end of the interval; the mean itself where there is no interval.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width.unwrap_or(0.0)
    }

    /// Upper end of the interval; the mean itself where there is no interval.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width.unwrap_or(0.0)
    }
}

/// Mean by the shifted sum, which is exact when all values are equal.
pub(super) fn mean(values: &[f64]) -> f64 {
    let Some(&first) = values.first() else { return 0.0 };
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// Sum of squared deviations and its degrees of freedom; `None` below two values.
fn sum_of_squares(values: &[f64], mean: f64) -> Option<(f64, f64)> {
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares, (values.len() - 1) as f64))
}

/// Quantile of Student's t.
pub(super) fn t_quantile(share: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |law| law.inverse_cdf(share))
}

/// Two-sided p-value of a t statistic.
pub(super) fn t_two_sided(statistic: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |law| 2.0 * law.sf(statistic.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_student_t() {
        // By hand: mean 5, s = sqrt(10), t(0.975, 4) = 2.776445.
        let estimate = Estimate::of(&[1.0, 3.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((estimate.mean, estimate.min, estimate.max), (5.0, 1.0, 9.0));
        assert!((estimate.deviation - 10f64.sqrt()).abs() < 1e-12);
        let expected = 2.776_445_105 * 10f64.sqrt() / 5f64.sqrt();
        assert!((estimate.half_width.unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn more_values_narrow_the_interval() {
        let estimate = Estimate::of(&[1.0, 3.0, 5.0, 7.0, 9.0]).unwrap();
        let enough = estimate.replications_for(1.0, 10_000);
        // 1.96 x sqrt(10) < sqrt(n) from n = 39 on, a little more for Student's t.
        assert_eq!(enough, 41);
        assert_eq!(estimate.replications_for(0.0, 10_000), 10_000);
    }

    #[test]
    fn quantiles_of_t_match_the_table() {
        for (freedom, t) in [(1.0, 12.706_205), (9.0, 2.262_157), (19.0, 2.093_024)] {
            assert!((t_quantile(0.975, freedom) - t).abs() < 1e-5, "{freedom}");
            assert!((t_two_sided(t, freedom) - 0.05).abs() < 1e-7, "{freedom}");
        }
    }

    #[test]
    fn one_value_has_no_interval_and_none_is_no_estimate() {
        assert_eq!(Estimate::of(&[]), None);
        let one = Estimate::of(&[4.0]).unwrap();
        assert_eq!((one.half_width, one.low(), one.high()), (None, 4.0, 4.0));
    }

    #[test]
    fn equal_values_have_no_spread_whatever_their_size() {
        let estimate = Estimate::of(&[0.1; 10]).unwrap();
        assert_eq!((estimate.mean, estimate.half_width), (0.1, Some(0.0)));
    }
}
