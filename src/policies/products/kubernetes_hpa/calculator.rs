//! From one metric to one proposed count: `replica_calculator.go`.
//!
//! Quantities are whole milli-units, percents whole numbers, ratios doubles, each in the order of the source.

use super::pods::{Blank, Sums};

/// What a metric of pods is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `averageUtilization`: percent of the request.
    Utilization(i32),
    /// `averageValue`: milli-units per pod.
    Average(i64),
}

impl Target {
    /// What a pod that may be busy counts with, given its request.
    pub(super) fn full(self, request: i128) -> i128 {
        match self {
            Self::Utilization(percent) => request * i128::from(percent.max(100)) / 100,
            Self::Average(milli) => i128::from(milli),
        }
    }

    fn as_shown(self) -> f64 {
        match self {
            Self::Utilization(percent) => f64::from(percent),
            Self::Average(milli) => units(milli),
        }
    }
}

/// Milli-units as a number of units.
pub fn units(milli: i64) -> f64 {
    milli as f64 / 1000.0
}

/// Which ratios change nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Above one.
    pub up: f64,
    /// Below one.
    pub down: f64,
    /// Since 1.33: whether `1 - down <= ratio <= 1 + up`. Before: whether `|1 - ratio| <= up`, which leaves
    /// 1.1 outside 0.1 by its last bit.
    pub closed: bool,
}

impl Tolerance {
    /// Whether a ratio is close enough to one.
    pub fn holds(&self, ratio: f64) -> bool {
        match self.closed {
            true => 1.0 - self.down <= ratio && ratio <= 1.0 + self.up,
            false => (1.0 - ratio).abs() <= self.up,
        }
    }
}

/// Why a metric proposes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The metrics API has no value, or none is left.
    NoSamples,
    /// None of the values is of a known pod.
    NoKnownPod,
    /// A container requests nothing of the resource.
    NoRequest,
    /// A sample lacks the container.
    NoContainer,
}

/// How a count came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Formula {
    /// `base x value / target`, rounded up; percents or units.
    Ratio {
        /// Pods the ratio is applied to.
        base: i64,
        /// As seen.
        value: f64,
        /// As wanted.
        target: f64,
    },
    /// `total / each`, rounded up; units.
    Total {
        /// As seen.
        total: f64,
        /// As wanted of each pod.
        each: f64,
    },
}

/// Why a metric proposes the count there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The ratio is close enough to one.
    Tolerance,
    /// With the pods that do not count yet, or have no sample, it would turn round.
    Unsure,
}

/// What one metric proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// The count.
    pub replicas: i32,
    /// What the formula alone says.
    pub wanted: i32,
    /// The formula.
    pub formula: Formula,
    /// The ratio to the target that decided.
    pub ratio: f64,
    /// Why it is not what the formula says.
    pub held: Option<Held>,
    /// As `status.currentMetrics` shows it, before pods are filled in.
    pub shown: Shown,
}

/// A metric's value as `status.currentMetrics` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// `averageUtilization`.
    pub utilization: Option<i32>,
    /// `averageValue`, or `value` for a metric held against one; milli-units.
    pub milli: i64,
}

/// The whole of several series; it stays at the largest number there is.
pub fn total(series: &[i64]) -> i64 {
    series.iter().fold(0, |sum, value| sum.saturating_add(*value))
}

struct Ratio {
    ratio: f64,
    shown: Shown,
    /// The value that the ratio is of, in percent or units.
    value: f64,
}

fn ratio(sums: &Sums, target: Target) -> Result<Ratio, Failed> {
    if sums.samples == 0 {
        return Err(Failed::NoSamples);
    }
    match target {
        Target::Utilization(percent) => {
            if sums.requests == 0 {
                return Err(Failed::NoKnownPod);
            }
            // The ratio of sums, cut to a whole percent.
            let utilization = clamp(100 * sums.known_usage / sums.requests);
            let milli = sums.known_usage / i128::from(sums.ready.max(1));
            Ok(Ratio {
                ratio: f64::from(utilization) / f64::from(percent),
                shown: Shown { utilization: Some(utilization), milli: wide(milli) },
                value: f64::from(utilization),
            })
        }
        Target::Average(target) => {
            let milli = wide(sums.usage / i128::from(sums.samples));
            let ratio = milli as f64 / target as f64;
            let shown = Shown { utilization: None, milli };
            Ok(Ratio { ratio, shown, value: units(milli) })
        }
    }
}

fn clamp(number: i128) -> i32 {
    number.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

fn wide(number: i128) -> i64 {
    number.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// A count rounded up; it stays at the largest there is.
fn ceil(count: f64) -> i32 {
    count.ceil() as i32
}

/// Resource, ContainerResource and Pods.
///
/// # Errors
/// No value to go by.
pub fn of_pods(
    sums: &Sums,
    target: Target,
    current: i32,
    tolerance: &Tolerance,
) -> Result<Proposal, Failed> {
    let first = ratio(sums, target)?;
    let unready_count = sums.unready.count > 0 && first.ratio > 1.0;
    let fills = unready_count || sums.missing.count > 0;
    let all = if fills { filled(sums, first.ratio) } else { *sums };
    let second = ratio(&all, target)?;
    let base = if fills { all.samples } else { sums.ready };
    let wanted = ceil(second.ratio * base as f64);
    let turns = (first.ratio < 1.0 && second.ratio > 1.0)
        || (first.ratio > 1.0 && second.ratio < 1.0)
        || (second.ratio < 1.0 && wanted > current)
        || (second.ratio > 1.0 && wanted < current);
    let held = match (tolerance.holds(second.ratio), fills && turns) {
        (true, _) => Some(Held::Tolerance),
        (false, true) => Some(Held::Unsure),
        (false, false) => None,
    };
    Ok(Proposal {
        replicas: if held.is_some() { current } else { wanted },
        wanted,
        formula: Formula::Ratio { base, value: second.value, target: target.as_shown() },
        ratio: second.ratio,
        held,
        shown: first.shown,
    })
}

/// Pods without a value take the one that would change least: full where the others are below the target, idle
/// where they are above.
fn filled(sums: &Sums, ratio: f64) -> Sums {
    let mut all = *sums;
    let mut fill = |blank: &Blank, usage: i128| {
        all.samples += blank.count;
        all.usage += usage;
        all.known_usage += usage;
        all.requests += blank.requests;
    };
    if ratio < 1.0 {
        fill(&sums.missing, sums.missing.full);
    } else if ratio > 1.0 {
        fill(&sums.missing, 0);
        fill(&sums.unready, 0);
    }
    all
}

/// Object and External against `value`: the ratio times the pods that are Running and Ready.
pub fn of_value(
    usage: i64,
    target: i64,
    current: i32,
    ready: i32,
    tolerance: &Tolerance,
) -> Proposal {
    let ratio = usage as f64 / target as f64;
    // From zero there is nobody to multiply by, and no tolerance.
    let (base, held) = match current {
        0 => (1, None),
        _ => (ready, tolerance.holds(ratio).then_some(Held::Tolerance)),
    };
    let wanted = ceil(ratio * f64::from(base));
    Proposal {
        replicas: if held.is_some() { current } else { wanted },
        wanted,
        formula: Formula::Ratio { base: base.into(), value: units(usage), target: units(target) },
        ratio,
        held,
        shown: Shown { utilization: None, milli: usage },
    }
}

/// Object and External against `averageValue`: the total over what each pod is to take; `status` is
/// `status.replicas`, which is also what a tolerated ratio answers.
pub fn of_average(usage: i64, target: i64, status: i32, tolerance: &Tolerance) -> Proposal {
    let ratio = usage as f64 / (target as f64 * f64::from(status));
    let held = tolerance.holds(ratio).then_some(Held::Tolerance);
    let wanted = ceil(usage as f64 / target as f64);
    Proposal {
        replicas: if held.is_some() { status } else { wanted },
        wanted,
        formula: Formula::Total { total: units(usage), each: units(target) },
        ratio,
        held,
        shown: Shown { utilization: None, milli: (usage as f64 / f64::from(status)).ceil() as i64 },
    }
}
