//! Everything the page's script draws from, as one JSON object.

use super::number::Short;
use super::series::{Series, series};
use crate::incidents::Kind;
use crate::number::{currency, human};
use crate::opening::opening;
use crate::table::{all_infinite, human_quantile};
use autosim_engine::control::Stage;
use autosim_engine::simulation::Slo;
use autosim_engine::stats::Estimate;
use autosim_engine::units::{Known, Time};
use autosim_study::experiment::{
    About, Compared, Comparison, CostBy, Figure, PolicyResults, Results, Ruling,
};
use serde::Serialize;

/// Points of a distribution that are too close to tell apart are left out.
const CLOSE_SHARE: f64 = 0.002;
/// Seconds of a week.
const WEEK_S: i64 = 7 * 86_400;

/// What the script knows.
#[derive(Debug, Serialize)]
pub(super) struct Data {
    name: String,
    clock: Clock,
    /// Start and end of what is measured, in seconds.
    window: [f64; 2],
    cost_title: String,
    /// What stands upwards beside cost.
    latency_title: String,
    /// Every percentile is infinite: what failed is shown in its place, as shares.
    failing: bool,
    /// The SLO on latency with the highest percentile, in words.
    slo: Option<String>,
    /// All SLOs on latency.
    slos: Vec<OneSlo>,
    quantile: Short,
    limit_ms: Option<f64>,
    limit: Option<String>,
    work_bound: Option<Short>,
    work_bound_words: Option<String>,
    stages: Vec<String>,
    /// What can befall a service: name and colour.
    incidents: Vec<(&'static str, &'static str)>,
    /// The policy that is shown first, and why.
    opening: (usize, String),
    policies: Vec<Policy>,
    series: Vec<Series>,
}

/// An SLO on latency.
#[derive(Debug, Serialize)]
struct OneSlo {
    words: String,
    quantile: f64,
    limit_ms: f64,
}

impl OneSlo {
    fn of(slo: &Slo) -> Self {
        let limit_ms = slo.limit.as_millis_f64();
        Self { words: slo.to_string(), quantile: slo.quantile, limit_ms }
    }
}

/// The wall clock, with every change of its offset.
#[derive(Debug, Serialize)]
struct Clock {
    /// `date`, `weekday` or `nothing`: what of it may be shown.
    known: &'static str,
    /// Unix time of the start, seconds.
    start: i64,
    /// From each instant (seconds of simulated time) on: offset from UTC in seconds.
    offsets: Vec<(f64, i32)>,
}

/// A policy among the others.
#[derive(Debug, Serialize)]
struct Policy {
    name: String,
    kind: String,
    sees_future: bool,
    /// None where there is no SLO.
    met: Option<bool>,
    on_frontier: bool,
    cost: Option<Interval>,
    /// `None` = infinite.
    latency: Option<Interval>,
    /// Anything arrived: it has a place on the plot.
    placed: bool,
    /// Figures in words, for hovering.
    words: Vec<(&'static str, String)>,
    /// Latency in ms and the share of all counted requests that took longer, ascending.
    slower: Vec<(Short, Short)>,
}

/// A mean over replications and where the true one lies.
#[derive(Debug, Serialize)]
struct Interval {
    mean: Short,
    low: Short,
    high: Short,
}

/// Collects it.
pub(super) fn data(results: &Results, comparison: &Comparison) -> Data {
    let about = &results.about;
    let slo = about.slo.tail();
    let failing = all_infinite(comparison);
    let quantile = slo.map_or(0.99, |slo| slo.quantile);
    let policies = comparison.policies.iter().zip(&results.policies);
    let shares =
        results.policies.iter().filter_map(|p| p.details.first()).map(|d| d.services.len());
    let shares = shares.sum();
    let bound = Estimate::of(&results.references.work_bound).map(|bound| bound.mean);
    let money = currency(about.price.currency());
    Data {
        name: about.name.clone(),
        clock: clock(about),
        window: [about.window.warmup.as_secs_f64(), about.window.end.as_secs_f64()],
        cost_title: match comparison.cost {
            CostBy::Money => format!("cost, {money}"),
            CostBy::BilledHours => "billed replica-hours".to_owned(),
        },
        latency_title: match failing {
            true => format!("share that failed: the p{} is infinite", human_quantile(quantile)),
            false => format!("p{} latency of all requests", human_quantile(quantile)),
        },
        failing,
        slo: slo.map(|slo| slo.to_string()),
        slos: about.slo.latency.iter().map(OneSlo::of).collect(),
        quantile: quantile.into(),
        limit_ms: slo.map(|slo| slo.limit.as_millis_f64()),
        limit: slo.map(|slo| slo.limit.to_string()),
        work_bound: bound.map(Short::from),
        work_bound_words: bound.map(|bound| human(bound, 3)),
        stages: Stage::ALL.iter().map(|stage| stage.name().replace('_', " ")).collect(),
        incidents: Kind::ALL.iter().map(|kind| (kind.name(), kind.ink())).collect(),
        opening: opening(results, comparison),
        policies: policies.map(|(compared, policy)| one(comparison, compared, policy)).collect(),
        series: results
            .policies
            .iter()
            .enumerate()
            .flat_map(|p| series(about, p, shares))
            .collect(),
    }
}

/// Offsets are looked at every quarter of an hour: zones change theirs at such instants.
fn clock(about: &About) -> Clock {
    let end = about.window.end.after(about.window.drain_limit);
    let mut offsets: Vec<(f64, i32)> = Vec::new();
    let mut at = Time::ZERO;
    while let Some(civil) = about.clock.at(at).filter(|_| at <= end) {
        let offset = civil.offset().seconds();
        if offsets.last().is_none_or(|last| last.1 != offset) {
            offsets.push((at.as_secs_f64(), offset));
        }
        at = at.after(autosim_engine::units::Span::from_secs(900));
    }
    let start = about.clock.start().timestamp().as_second();
    let (known, start) = match about.clock.known() {
        Known::Nothing => ("nothing", 0),
        // Only the place within the week: no date gets into the page.
        Known::Weekday => ("weekday", start % WEEK_S),
        Known::Date => ("date", start),
    };
    Clock { known, start, offsets }
}

fn interval(estimate: Estimate) -> Interval {
    Interval {
        mean: estimate.mean.into(),
        low: estimate.low().into(),
        high: estimate.high().into(),
    }
}

fn one(comparison: &Comparison, compared: &Compared, policy: &PolicyResults) -> Policy {
    let height = if all_infinite(comparison) { Figure::FailedShare } else { Figure::SloLatency };
    let words = [
        ("p50 of completed", Figure::LatencyP50, " ms", 1.0),
        ("p99 of completed", Figure::LatencyP99, " ms", 1.0),
        ("failed", Figure::FailedShare, " %", 100.0),
        ("replica-hours", Figure::BilledHours, "", 1.0),
    ];
    let words = words.into_iter().filter_map(|(name, figure, unit, scale)| {
        let mean = compared.estimate(figure)?.mean;
        Some((name, format!("{}{unit}", human(scale * mean, 3))))
    });
    Policy {
        name: compared.name.clone(),
        kind: compared.kind.clone(),
        sees_future: compared.sees_future,
        met: match compared.verdict.ruling {
            Ruling::NotAsked => None,
            Ruling::Met => Some(true),
            Ruling::Missed => Some(false),
        },
        on_frontier: compared.on_frontier,
        cost: compared.estimate(comparison.cost.figure()).map(interval),
        latency: compared.estimate(height).map(interval),
        placed: compared.has_traffic(),
        words: words.collect(),
        slower: slower(policy),
    }
}

fn slower(policy: &PolicyResults) -> Vec<(Short, Short)> {
    let arrived: f64 = policy.first_service().filter_map(|row| row.row.get(Figure::Arrived)).sum();
    if policy.latency.count() == 0 || arrived <= 0.0 {
        return Vec::new();
    }
    let mut left = arrived;
    let mut out: Vec<(Short, Short)> = Vec::new();
    let mut kept = f64::INFINITY;
    let mut last = None;
    for (latency, count) in policy.latency.buckets() {
        let ms = latency.as_millis_f64();
        if out.is_empty() {
            out.push((ms.into(), 1.0.into()));
        }
        left -= count as f64;
        let share = (left / arrived).max(0.0);
        last = Some((ms, share));
        if kept - share > CLOSE_SHARE || share < 0.97 * kept {
            out.push((ms.into(), share.into()));
            (kept, last) = (share, None);
        }
    }
    out.extend(last.map(|(ms, share)| (Short::from(ms), Short::from(share))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use autosim_engine::units::WallClock;

    #[test]
    fn a_change_to_summer_time_is_on_the_clock() {
        let mut about = sample::results().about;
        about.clock = WallClock::parse("2026-03-29T00:00:00+01:00[Europe/Berlin]").unwrap();
        let offsets = clock(&about).offsets;
        assert_eq!(offsets, [(0.0, 3600), (7200.0, 7200)]);
    }

    #[test]
    fn a_distribution_falls_from_one_to_the_share_that_failed() {
        let results = sample::results();
        let slower = slower(&results.policies[4]);
        let shares: Vec<f64> = slower.iter().filter_map(|(_, share)| share.0).collect();
        assert_eq!(shares[0], 1.0);
        assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]));
        let failed = shares.last().unwrap();
        assert!((0.02..0.04).contains(failed), "{failed}");
        assert!(slower.len() < 1000, "{} points", slower.len());
    }
}
