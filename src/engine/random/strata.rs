//! A law of durations as a few points: what a flow is served by in place of single draws.

use super::{Distribution, Purpose, Streams};

/// Draws behind the points; a share of 0.1 % then rests on 131 of them.
const DRAWS: usize = 131_072;

/// Shares at which strata end: coarse in the body, fine where percentiles are read.
const ENDS: [(f64, usize); 4] = [(0.9, 36), (0.99, 18), (0.999, 9), (1.0, 4)];

/// A law in strata of ascending length, each with the mean of its draws; together they have the law's own
/// mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Strata {
    /// (share, seconds), ascending in both length and order; shares add up to 1.
    pub points: Vec<(f64, f64)>,
    /// Mean in seconds, in closed form.
    pub mean_s: f64,
    /// Squared coefficient of variation, in closed form; infinite where the variance is.
    pub cv2: f64,
}

impl Strata {
    /// The strata of a law that passed its check: the same for every seed.
    pub fn of(law: &Distribution) -> Self {
        let mean_s = law.mean_s();
        let cv2 = law.cv().powi(2);
        if cv2 == 0.0 {
            return Self { points: vec![(1.0, mean_s)], mean_s, cv2 };
        }
        let mut rng = Streams::new(0, 0, 0).sequential(Purpose::Strata, 0);
        let mut draws = vec![0; DRAWS];
        law.sampler().fill(&mut rng, &mut draws);
        draws.sort_unstable();
        let mut points = Vec::new();
        let (mut from, mut begun) = (0, 0.0);
        for (end, parts) in ENDS {
            for part in 1..=parts {
                let until = begun + (end - begun) * part as f64 / parts as f64;
                let to = ((until * DRAWS as f64).round() as usize).min(DRAWS);
                let sum: f64 = draws[from..to].iter().map(|&ns| ns as f64 * 1e-9).sum();
                points.push(((to - from) as f64 / DRAWS as f64, sum / (to - from) as f64));
                from = to;
            }
            begun = end;
        }
        let drawn: f64 = points.iter().map(|(share, length)| share * length).sum();
        points.iter_mut().for_each(|point| point.1 *= mean_s / drawn);
        points.dedup_by(|later, earlier| {
            let same = later.1 == earlier.1;
            earlier.0 += if same { later.0 } else { 0.0 };
            same
        });
        Self { points, mean_s, cv2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn strata_keep_the_mean_and_the_quantiles() {
        let second = Span::from_secs(1);
        for law in [Distribution::exponential(second), Distribution::lognormal(second, 2.0)] {
            let strata = Strata::of(&law);
            let (shares, sum) = strata
                .points
                .iter()
                .fold((0.0, 0.0), |(shares, sum), (share, s)| (shares + share, sum + share * s));
            assert!((shares - 1.0).abs() < 1e-12 && (sum - 1.0).abs() < 1e-9, "{shares} {sum}");
            assert!(strata.points.is_sorted_by(|a, b| a.1 <= b.1));
        }
        // Of the exponential law the p-quantile is -ln(1 - p).
        let strata = Strata::of(&Distribution::exponential(second));
        let at = |p: f64| {
            let mut left = p;
            let inside = |point: &&(f64, f64)| {
                left -= point.0;
                left < 0.0
            };
            strata.points.iter().find(inside).map_or(0.0, |point| point.1)
        };
        for p in [0.5_f64, 0.95, 0.99] {
            let exact = -(1.0 - p).ln();
            assert!((at(p) / exact - 1.0).abs() < 0.05, "{p}: {} {exact}", at(p));
        }
        let constant = Strata::of(&Distribution::Constant(second));
        assert_eq!(constant.points, [(1.0, 1.0)]);
    }
}
