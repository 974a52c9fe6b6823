//! The acceptance rule.

use super::configure::Plan;
use super::metrics::Observed;
use super::table::Case;
use rayon::prelude::*;

/// Standard errors allowed: Student-t with 19 degrees of freedom, two-sided 1.4e-4.
pub(super) const Z: f64 = 4.75;
/// Relative allowance of every metric.
const FLOOR: f64 = 1e-4;
/// Replications.
pub(super) const REPLICATIONS: u32 = 20;
/// How far the observed half width may lie above the one planned for: the spread of 20 values is
/// itself known to about 16 %.
const IMPRECISION: f64 = 1.6;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// A glance: means and medians, 40 000 requests a replication.
    Fast,
    /// As many requests as make a deviation of 2 % (5 % for p99) show.
    Full,
}

impl Effort {
    fn requests(self, case: &Case) -> f64 {
        match self {
            Self::Fast => 40_000.0,
            Self::Full if case.kind == "ensemble" => 20_000.0 * 21.0 * 6.0,
            Self::Full => (case.requests_needed(Z) * 1.05 / f64::from(REPLICATIONS)).max(250_000.0),
        }
    }

    fn judges(self, metric: &str, expected: f64) -> bool {
        // Sample quantiles are biased in short autocorrelated runs, and near an atom they jump.
        let tail = metric.ends_with("_p95") || metric.ends_with("_p99");
        self == Self::Full || !(tail || expected == 0.0)
    }
}

/// Runs a case; what is wrong, one line a metric. The whole table takes minutes: a line a case.
#[allow(clippy::print_stderr, reason = "progress, and why a case was run again")]
pub(crate) fn check(case: &Case, effort: Effort) -> Vec<String> {
    let requests = effort.requests(case);
    if effort == Effort::Full {
        eprintln!("{}: {:.1} million requests", case.id, requests * 20.0 / 1e6);
    }
    let first = attempt(case, effort, requests, 1);
    if first.is_empty() {
        return first;
    }
    eprintln!("{}: once more with four times the requests, because of {first:#?}", case.id);
    attempt(case, effort, requests * 4.0, 2)
}

fn attempt(case: &Case, effort: Effort, requests: f64, seed: u64) -> Vec<String> {
    let plan = Plan::new(case, requests);
    let judged = || case.expected.iter().filter(|(metric, value)| effort.judges(metric, *value));
    let replications = if case.kind == "deterministic" { 1 } else { REPLICATIONS };
    let runs: Vec<Result<Vec<f64>, String>> = (0..replications)
        .into_par_iter()
        .map(|replication| {
            let mut observed = Observed::new(&plan, seed, replication);
            if let Some(wrong) = observed.inconsistency() {
                return Err(format!("{}: {wrong}", case.id));
            }
            let value = |metric: &str| {
                observed.value(metric).ok_or(format!("{}: {metric} is not measured", case.id))
            };
            judged().map(|(metric, _)| metric.as_str()).map(value).collect()
        })
        .collect();
    let runs: Vec<Vec<f64>> = match runs.into_iter().collect() {
        Ok(runs) => runs,
        Err(wrong) => return vec![wrong],
    };
    let verdict = |(i, (metric, expected)): (usize, &(String, f64))| {
        let values: Vec<f64> = runs.iter().map(|run| run[i]).collect();
        let precision = (effort == Effort::Full && case.has_noise())
            .then(|| case.precision(metric) * IMPRECISION);
        judge(&values, *expected, case.bias(metric), precision)
            .err()
            .map(|wrong| format!("{} {metric} (seed {seed}): {wrong}", case.id))
    };
    judged().enumerate().filter_map(verdict).collect()
}

/// Whether replications of a metric agree with its exact value.
fn judge(values: &[f64], expected: f64, bias: f64, precision: Option<f64>) -> Result<(), String> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let deviation = if values.len() > 1 { (square / (n - 1.0)).sqrt() } else { 0.0 };
    let half = Z * deviation / n.sqrt();
    let allowed = half + (FLOOR + bias) * expected.abs();
    let difference = mean - expected;
    // Written so that NaN fails; a zero must be exactly zero.
    let agrees = if expected == 0.0 { mean == 0.0 } else { difference.abs() <= allowed };
    if !agrees {
        let z = difference / (half / Z);
        return Err(format!("{mean:.6} instead of {expected:.6}, z {z:.1}"));
    }
    match precision {
        Some(limit) if expected != 0.0 && half > limit * expected.abs() => {
            let percent = 100.0 * half / expected.abs();
            Err(format!("too noisy to prove anything: half width {percent:.2} %"))
        }
        _ => Ok(()),
    }
}

#[test]
fn the_rule_accepts_noise_and_refuses_bias_zero_and_nan() {
    let around = |centre: f64, spread: f64| -> Vec<f64> {
        (0..20).map(|i| centre + spread * if i % 2 == 0 { 1.0 } else { -1.0 }).collect()
    };
    assert!(judge(&around(1.0, 0.01), 1.005, 0.0, Some(0.02)).is_ok());
    assert!(judge(&around(1.0, 0.01), 1.02, 0.0, Some(0.02)).is_err());
    assert!(judge(&around(1.0, 0.01), 1.02, 0.01, Some(0.02)).is_ok());
    assert!(judge(&around(1.0, 0.5), 1.1, 0.0, None).is_ok());
    assert!(judge(&around(1.0, 0.5), 1.1, 0.0, Some(0.02)).is_err());
    assert!(judge(&around(0.0, 0.0), 0.0, 0.0, None).is_ok());
    assert!(judge(&[0.0, 1e-9], 0.0, 0.0, None).is_err());
    assert!(judge(&[f64::NAN, 1.0], 1.0, 0.0, None).is_err());
}
