//! `empirical`: observed values, or quantiles of them.

use super::{Law, Sampler};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Observed lengths: each of `values` with equal chance, or straight lines between `quantiles` (share,
/// length), which begin at share 0 and end at share 1.
///
/// ```toml
/// service_time.empirical = { values = ["12ms", "15ms", "90ms"] }
/// cold_start.empirical = { quantiles = [[0, "2s"], [0.5, "23s"], [0.9, "42s"], [1, "60s"]] }
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empirical {
    /// Observed lengths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Span>,
    /// (share, length) pairs: this share of requests takes at most this long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<(f64, Span)>,
}

impl Empirical {
    fn check_quantiles(&self, faults: &mut Faults) {
        let hint = "shares grow from 0 to 1, lengths do not shrink: [[0, \"1s\"], [1, \"9s\"]]";
        for (index, pair) in self.quantiles.windows(2).enumerate() {
            let (before, here) = (pair[0], pair[1]);
            let key = format!("quantiles.{}", index + 1);
            if here.0.is_nan() || here.0 <= before.0 {
                faults.error(&key, format!("share {} follows {}", here.0, before.0), hint);
            } else if here.1 < before.1 {
                faults.error(&key, format!("length {} follows {}", here.1, before.1), hint);
            }
        }
        let ends = (self.quantiles.first().map(|q| q.0), self.quantiles.last().map(|q| q.0));
        if ends != (Some(0.0), Some(1.0)) {
            faults.error("quantiles", "the shares do not run from 0 to 1", hint);
        }
        if self.quantiles.iter().all(|quantile| quantile.1.is_zero()) {
            faults.error("quantiles", "every length is zero", "use `constant = \"0s\"`");
        }
    }

    /// Pieces of equal treatment: (share, length at its begin, length at its end), in seconds.
    fn pieces(&self) -> Vec<(f64, f64, f64)> {
        let single = |value: &Span| {
            let length = value.as_secs_f64();
            (1.0 / self.values.len() as f64, length, length)
        };
        let line = |pair: &[(f64, Span)]| {
            (pair[1].0 - pair[0].0, pair[0].1.as_secs_f64(), pair[1].1.as_secs_f64())
        };
        if self.values.is_empty() {
            self.quantiles.windows(2).map(line).collect()
        } else {
            self.values.iter().map(single).collect()
        }
    }
}

impl Law for Empirical {
    fn check(&self, faults: &mut Faults) {
        match (self.values.is_empty(), self.quantiles.is_empty()) {
            (true, true) => {
                faults.error("", "neither `values` nor `quantiles` is given", "give one of them");
            }
            (false, false) => {
                faults.error("quantiles", "both `values` and `quantiles` are given", "keep one");
            }
            (true, false) => self.check_quantiles(faults),
            (false, true) if self.values.iter().all(|value| value.is_zero()) => {
                faults.error("values", "every value is zero", "use `constant = \"0s\"`");
            }
            (false, true) => {}
        }
    }
    fn mean_s(&self) -> f64 {
        self.pieces().iter().map(|(share, a, b)| share * (a + b) / 2.0).sum()
    }
    fn variance_s2(&self) -> f64 {
        let mean = self.mean_s();
        // Of a uniform piece around the common mean: squared distance of its middle + width^2 / 12.
        let spread = |(share, a, b): &(f64, f64, f64)| {
            share * ((f64::midpoint(*a, *b) - mean).powi(2) + (b - a).powi(2) / 12.0)
        };
        self.pieces().iter().map(spread).sum()
    }
    fn sampler(&self) -> Sampler {
        if self.values.is_empty() {
            let point = |(share, length): &(f64, Span)| (*share, length.0 as f64);
            Sampler::Quantiles(self.quantiles.iter().map(point).collect())
        } else {
            Sampler::Values(self.values.iter().map(|value| value.0).collect())
        }
    }
}
