//! The law of service times: the simplest that is near enough, else quantiles.

use super::super::statistics::quantile;
use super::super::times::Times;
use super::{rounded, span};
use crate::random::distribution::{Empirical, Gamma, Lognormal, Weibull};
use crate::random::{Distribution, Purpose, Streams};
use crate::units::Span;

/// Draws that stand for a law.
const DRAWS: usize = 50_000;
/// A law whose distribution is nowhere further from the recorded one.
const NEAR: f64 = 0.04;
/// And whose 99th percentile is as near.
const NEAR_P99: f64 = 0.2;
/// A simpler law may be so much further away.
const SIMPLER: f64 = 0.01;
/// Spread over mean below which a time is a constant.
const CONSTANT: f64 = 0.005;
/// Shares of the quantiles that are kept of a recording that no law is near.
const SHARES: [f64; 19] = [
    0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998,
    0.999, 1.0,
];

/// The law of recorded times and what it was made from; `None` where all are zero.
pub(super) fn law(times: &Times) -> Option<(Distribution, String)> {
    let of = Moments::of(times);
    if of.mean <= 0.0 {
        return None;
    }
    if of.cv < CONSTANT {
        return Some((Distribution::Constant(span(of.mean)), "they hardly differ".to_owned()));
    }
    let mut near: Vec<(f64, Distribution)> = of
        .laws()
        .into_iter()
        .filter_map(|law| distance(&law, times).map(|away| (away, law)))
        .collect();
    // A law of one parameter is preferred to one of two that is hardly nearer.
    let weighed = |(away, law): &(f64, Distribution)| {
        let simple = matches!(law, Distribution::Exponential { .. });
        if simple { away - SIMPLER } else { *away }
    };
    near.sort_by(|one, other| weighed(one).total_cmp(&weighed(other)));
    let count = times.count;
    if let Some((away, law)) = near.into_iter().next() {
        let percent = rounded(away * 100.0, 2);
        let told = format!("{count} times, from whose distribution it is at most {percent} % away");
        return Some((law, told));
    }
    let least = times.values.first().map_or(0, |value| value.0);
    let at = |share| if share == 0.0 { least } else { times.quantile(share) };
    let quantiles = SHARES.iter().map(|&share| (share, span(Span(at(share)).as_secs_f64())));
    let quantiles = quantiles.collect();
    let law = Distribution::Empirical(Empirical { values: Vec::new(), quantiles });
    Some((law, format!("quantiles of {count} times: no law is within {} %", NEAR * 100.0)))
}

/// What laws are made from.
struct Moments {
    mean: f64,
    cv: f64,
    /// Mean and standard deviation of the logarithm; `None` where some are zero.
    log: Option<(f64, f64)>,
}

impl Moments {
    fn of(times: &Times) -> Self {
        let mean_of = |of: &dyn Fn(f64) -> f64| {
            let each = times.values.iter();
            let sum: f64 = each.map(|&(ns, count)| of(Span(ns).as_secs_f64()) * count as f64).sum();
            sum / times.count as f64
        };
        let mean = times.mean_s;
        let variance = mean_of(&|s| (s - mean).powi(2));
        let log = times.values.first().is_some_and(|value| value.0 > 0).then(|| {
            let mu = mean_of(&f64::ln);
            (mu, mean_of(&|s| (s.ln() - mu).powi(2)).sqrt())
        });
        Self { mean, cv: variance.sqrt() / mean.max(1e-300), log }
    }

    /// Each law by maximum likelihood, where that is known in closed form, else by its moments.
    fn laws(&self) -> Vec<Distribution> {
        let mean = span(self.mean);
        let cv = rounded(self.cv, 4);
        let mut laws = vec![Distribution::exponential(mean)];
        laws.push(Distribution::Weibull(Weibull {
            mean: Some(mean),
            cv: Some(cv),
            ..Weibull::default()
        }));
        if let Some((mu, sigma)) = self.log {
            laws.push(Distribution::Lognormal(Lognormal {
                median: Some(span(mu.exp())),
                sigma: Some(rounded(sigma, 4)),
                ..Lognormal::default()
            }));
            // Minka 2002, the starting point of his iteration: within 1.5 % of the likelihood's.
            let s = self.mean.ln() - mu;
            let shape = (3.0 - s + ((s - 3.0).powi(2) + 24.0 * s).sqrt()) / (12.0 * s);
            laws.push(Distribution::Gamma(Gamma { mean, cv: rounded(1.0 / shape.sqrt(), 4) }));
        }
        laws
    }
}

/// How far a law's distribution is from the recorded one where it is furthest (Kolmogorov and Smirnov); `None` where
/// that is too far, or the 99th percentile is.
fn distance(law: &Distribution, times: &Times) -> Option<f64> {
    let mut faults = crate::fault::Faults::new();
    law.check(&mut faults);
    if faults.errors() > 0 {
        return None;
    }
    let mut draws = vec![0; DRAWS];
    law.sampler().fill(&mut Streams::new(0, 0, 0).sequential(Purpose::Strata, 0), &mut draws);
    draws.sort_unstable();
    // Times are often whole milliseconds or seconds: between two of them nothing is known.
    let count = times.count as f64;
    let (mut furthest, mut before, mut last) = (0.0_f64, 0, 0);
    for &(value, same) in &times.values {
        let between = last + (value - last) / 2;
        let drawn = draws.partition_point(|&draw| draw <= between) as f64 / DRAWS as f64;
        furthest = furthest.max((drawn - before as f64 / count).abs());
        (before, last) = (before + same, value);
    }
    let (there, here) = (quantile(&draws, 0.99)?, times.quantile(0.99));
    let p99 = (there as f64 / here.max(1) as f64 - 1.0).abs();
    (furthest <= NEAR && p99 <= NEAR_P99).then_some(furthest)
}
