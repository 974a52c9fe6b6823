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
/// How many times as many requests are run as would just do if a spread were known. It never is: the
/// ratio of two variances of 20 values each exceeds 2 once in 14 times, and then the run is repeated.
const SPARE: f64 = 2.0;
/// Runs of a case before it counts as too noisy to prove anything.
const ATTEMPTS: u64 = 4;
/// Requests a replication of a glance.
const GLANCE: f64 = 40_000.0;
/// The relative error of a quantile in one replication up to which a glance judges it. The bias of a
/// sample quantile is of the order of the square of that error, so it is then at most about an eighth of
/// the error, where the rule allows 4.75 / sqrt(20) = 1.06 of it.
const GLANCE_ERROR: f64 = 0.125;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// A glance: 40 000 requests a replication, and what so few can tell.
    Fast,
    /// As many requests as make a deviation of 2 % (5 % for p99) show.
    Full,
}

impl Effort {
    /// Requests a replication of the first attempt.
    fn requests(self, case: &Case) -> f64 {
        match self {
            Self::Fast => GLANCE,
            Self::Full if case.kind == "ensemble" => 20_000.0 * 21.0 * 6.0,
            Self::Full => {
                (case.requests_needed(Z) * SPARE / f64::from(REPLICATIONS)).max(250_000.0)
            }
        }
    }

    /// Whether so many requests can tell anything about a metric. A glance leaves to the full run the
    /// tails whose sample quantile is biased in short autocorrelated runs, and a median of zero where
    /// the share that waits may reach a half in one of the replications by chance.
    fn judges(self, case: &Case, metric: &str, expected: f64) -> bool {
        let error = |metric: &str| case.relative_error(metric, GLANCE);
        let tail = metric.ends_with("_p95") || metric.ends_with("_p99");
        let median = metric.ends_with("_p50") && expected == 0.0;
        match self {
            Self::Full => true,
            Self::Fast if tail => error(metric).is_some_and(|error| error <= GLANCE_ERROR),
            Self::Fast if median => case.share_that_waits().is_some_and(|share| {
                error("p_wait").is_some_and(|error| share * Z.mul_add(error, 1.0) < 0.5)
            }),
            Self::Fast => true,
        }
    }
}

/// What is wrong with a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wrong {
    /// It is not what is expected.
    Differs(String),
    /// It may be, but the half width is this many times the one that would prove it.
    Noisy(f64),
}

/// Runs a case; what is wrong, one line a metric. Noise is met with as many requests as it takes; a
/// difference is believed when it shows again with fresh seeds and four times the requests.
#[allow(clippy::print_stderr, reason = "progress, and why a case was run again")]
pub(crate) fn check(case: &Case, effort: Effort) -> Vec<String> {
    let mut requests = effort.requests(case);
    let mut differed = false;
    for seed in 1.. {
        if effort == Effort::Full {
            let all = requests * f64::from(case.replications()) / 1e6;
            eprintln!("{}: {all:.1} million requests", case.id);
        }
        let wrong = match attempt(case, effort, requests, seed) {
            Ok(wrong) => wrong,
            Err(broken) => return vec![broken],
        };
        let differs = wrong.iter().any(|(_, wrong)| matches!(wrong, Wrong::Differs(_)));
        if wrong.is_empty() || (differs && differed) || seed == ATTEMPTS {
            return wrong.iter().map(|(metric, wrong)| line(case, metric, seed, wrong)).collect();
        }
        for (metric, wrong) in &wrong {
            eprintln!("once more, because of {}", line(case, metric, seed, wrong));
        }
        requests *= growth(&wrong);
        differed |= differs;
    }
    unreachable!("the last attempt returns")
}

fn line(case: &Case, metric: &str, seed: u64, wrong: &Wrong) -> String {
    let text = match wrong {
        Wrong::Differs(how) => how.clone(),
        Wrong::Noisy(times) => {
            let percent = 100.0 * times * case.precision(metric);
            format!("too noisy to prove anything: half width {percent:.2} %")
        }
    };
    format!("{} {metric} (seed {seed}): {text}", case.id)
}

/// How many times as many requests the next attempt needs.
fn growth(wrong: &[(&str, Wrong)]) -> f64 {
    let needs = |wrong: &Wrong| match wrong {
        Wrong::Differs(_) => 4.0,
        Wrong::Noisy(times) => SPARE * times * times,
    };
    wrong.iter().map(|(_, wrong)| needs(wrong)).fold(1.0, f64::max)
}

/// One run of all replications; `Err` if a run contradicts itself or does not measure a metric.
fn attempt(
    case: &Case,
    effort: Effort,
    requests: f64,
    seed: u64,
) -> Result<Vec<(&str, Wrong)>, String> {
    let plan = Plan::new(case, requests);
    let judged =
        || case.expected.iter().filter(|(metric, value)| effort.judges(case, metric, *value));
    let runs: Vec<Vec<f64>> = (0..case.replications())
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
        .collect::<Result<_, String>>()?;
    let mut wrong = Vec::new();
    for (at, (metric, expected)) in judged().enumerate() {
        let values: Vec<f64> = runs.iter().map(|run| run[at]).collect();
        let precision = (effort == Effort::Full).then(|| case.precision(metric));
        if let Err(how) = judge(&values, *expected, case.bias(metric), precision) {
            wrong.push((metric.as_str(), how));
        }
    }
    Ok(wrong)
}

/// Whether replications of a metric agree with its exact value.
pub(super) fn judge(
    values: &[f64],
    expected: f64,
    bias: f64,
    precision: Option<f64>,
) -> Result<(), Wrong> {
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
        return Err(Wrong::Differs(format!("{mean:.6} instead of {expected:.6}, z {z:.1}")));
    }
    match precision {
        Some(limit) if half > limit * expected.abs() => {
            Err(Wrong::Noisy(half / (limit * expected.abs())))
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
    assert!(judge(&around(0.0, 0.0), 0.0, 0.0, Some(0.02)).is_ok());
    assert!(judge(&[0.0, 1e-9], 0.0, 0.0, None).is_err());
    assert!(judge(&[f64::NAN, 1.0], 1.0, 0.0, None).is_err());
}

#[test]
fn noise_just_above_the_limit_is_too_much_and_says_how_many_more_requests_it_takes() {
    // 20 values one unit around their mean: a half width of 4.75 / sqrt(19) units.
    let unit = 0.02 / (Z / 19_f64.sqrt());
    let around = |spread: f64| -> Vec<f64> {
        (0..20).map(|i| 1.0 + spread * if i % 2 == 0 { unit } else { -unit }).collect()
    };
    assert_eq!(judge(&around(0.999), 1.0, 0.0, Some(0.02)), Ok(()));
    let Err(Wrong::Noisy(times)) = judge(&around(1.5), 1.0, 0.0, Some(0.02)) else {
        panic!("a half width of 3 % is above 2 %");
    };
    assert!((times - 1.5).abs() < 1e-9, "{times}");
    assert!((growth(&[("a", Wrong::Noisy(1.5))]) - 4.5).abs() < 1e-9);
    let both = [("a", Wrong::Noisy(1.1)), ("b", Wrong::Differs(String::new()))];
    assert!((growth(&both) - 4.0).abs() < 1e-9);
}
