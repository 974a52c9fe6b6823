//! What no policy provides: the money nobody can do without, and the plan of one who knows the future.

use super::Cell;
use super::staffing::Staffing;
use super::survey::{Demands, INTERVAL, Survey};
use crate::scenario::Scenario;
use autosim_engine::fleet::{FleetSpec, Scaling};
use autosim_engine::random::{Purpose, Streams};
use autosim_engine::units::{Span, Time};
use std::sync::Arc;

/// The histogram's middle values are within this share of the true ones.
const BUCKET_ERROR: f64 = 0.008;
/// Cold starts looked at to find how long one may take.
const LAUNCHES: u64 = 500;
/// Lulls shorter than this are not worth a release.
const SHORTEST_LULL: Span = Span::from_secs(60);

/// The work bound: price x (sum of the smallest demands that must be met) / concurrency, for one
/// replication of the service policies compete for. Where platforms differ in concurrency, the replicas that
/// serve the most at once need the fewest hours, and no policy does with less.
///
/// An SLO "the share q within L" lets at most (1 - q) of the counted requests miss. All others that
/// arrive before end - L are served within [warm-up, end), on slots that are billed: their work is
/// paid for, at least that of the shortest of them. `None` without an SLO on latency, or where cold
/// requests have a law of their own, which may be shorter.
pub(super) fn work_bound(scenario: &Scenario, survey: &Survey) -> Option<f64> {
    let slo = scenario.slo.tail()?;
    let fleets = || scenario.policies.iter().map(|policy| &policy.deployment.fleet);
    let concurrency = fleets().map(|fleet| fleet.concurrency).max()?;
    if fleets().any(|fleet| fleet.cold_demand.is_some()) {
        return None;
    }
    let may_miss = ((1.0 - slo.quantile) * survey.counted as f64).floor() as u64;
    let work_ns = without_longest(&survey.binding, may_miss);
    let replica_ns = work_ns / f64::from(concurrency.max(1));
    Some(scenario.price.for_replica_ns(replica_ns as u128).as_units_f64())
}

/// Sum of all but the `count` longest demands, from below.
fn without_longest(demands: &Demands, count: u64) -> f64 {
    let mut left = count;
    let mut longest = 0.0;
    let buckets: Vec<(Span, u64)> = demands.law.buckets().collect();
    for &(middle, held) in buckets.iter().rev() {
        let taken = held.min(left);
        let at_most = (middle.0 as f64 * (1.0 + BUCKET_ERROR) + 1.0).min(demands.longest_ns as f64);
        longest += taken as f64 * at_most;
        left -= taken;
        if left == 0 {
            break;
        }
    }
    (demands.sum_ns as f64 - longest).max(0.0)
}

/// Replicas needed, interval by interval, by policy.
pub(super) type Needs = Vec<Arc<[u32]>>;

/// What the need depends on besides the requests: slots of a replica, and whether requests wait where any
/// replica may take them.
type Shape = (u32, bool);

/// For each policy and each interval of ten seconds: the least of its replicas at which the load of that
/// interval keeps the SLO ([`Staffing`], from the actual requests of the replication).
pub(super) fn needs(scenario: &Scenario, survey: &Survey) -> Needs {
    let mut known: Vec<(Shape, Arc<[u32]>)> = Vec::new();
    let mut of_fleet = |fleet: &FleetSpec| {
        let shape: Shape = (fleet.concurrency, pooled(fleet));
        if let Some((_, need)) = known.iter().find(|(of, _)| *of == shape) {
            return Arc::clone(need);
        }
        let need: Arc<[u32]> = need(scenario, survey, shape).into();
        known.push((shape, Arc::clone(&need)));
        need
    };
    scenario.policies.iter().map(|policy| of_fleet(&policy.deployment.fleet)).collect()
}

/// Scale per request finds any idle slot, whatever the balancing.
fn pooled(fleet: &FleetSpec) -> bool {
    match &fleet.scaling {
        Scaling::Controlled => fleet.proxy.is_some() || !fleet.balancing.is_blind(),
        Scaling::PerRequest(_) => true,
    }
}

fn need(scenario: &Scenario, survey: &Survey, (concurrency, pooled): Shape) -> Vec<u32> {
    // Without an SLO: hardly anyone waits.
    let slo = scenario.slo.tail();
    let slo = slo.map_or((0.95, longest(&survey.all)), |slo| (slo.quantile, slo.limit));
    let Some(staffing) = Staffing::new(&survey.all, slo, concurrency, pooled) else {
        return vec![0; survey.load.len()];
    };
    survey.load.iter().map(|&load| staffing.replicas(load)).collect()
}

/// Replicas wanted from which instants on, start-up times allowed for: a feasible reference, neither a
/// bound nor a guarantee.
///
/// Lulls of the need shorter than a cold start (or a minute, or the least that is billed) are bridged;
/// rises are moved ahead by the 99th percentile of cold starts and one interval.
pub(super) fn clairvoyant_plan(
    scenario: &Scenario,
    Cell { replication, policy }: Cell,
    need: &[u32],
) -> Vec<(Time, u32)> {
    let fleet = &scenario.policies[policy].deployment.fleet;
    let lead = cold_start(scenario.seed, replication, fleet);
    let lull = lead.max(SHORTEST_LULL).max(fleet.billing.minimum);
    let bridged = bridge(need, intervals(lull));
    let ahead = highest_of_next(&bridged, intervals(lead) + 1);
    changes(&ahead)
}

fn longest(demands: &Demands) -> Span {
    Span(demands.longest_ns)
}

/// How many intervals cover a span.
fn intervals(span: Span) -> usize {
    usize::try_from(span.0.div_ceil(INTERVAL.0)).unwrap_or(usize::MAX / 2)
}

/// The 99th percentile of the first cold starts of the replication.
fn cold_start(seed: u64, replication: u32, fleet: &FleetSpec) -> Span {
    let streams = Streams::new(seed, replication, 0);
    let mut lengths: Vec<Span> = (0..LAUNCHES)
        .map(|launch| {
            let mut rng = streams.keyed(Purpose::ColdStart, 0, launch);
            let stages = fleet.cold_start.iter().map(|stage| stage.length.draw(&mut rng));
            stages.fold(Span::ZERO, |sum, length| sum + length)
        })
        .collect();
    lengths.sort_unstable();
    lengths[lengths.len() * 99 / 100]
}

/// At each place the largest of it and the next `width` values.
fn highest_of_next(values: &[u32], width: usize) -> Vec<u32> {
    let mut out = vec![0; values.len()];
    // Candidates from the back: each smaller than the one behind it.
    let mut queue: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    for at in (0..values.len()).rev() {
        while queue.back().is_some_and(|&later| values[later] <= values[at]) {
            queue.pop_back();
        }
        queue.push_back(at);
        while queue.front().is_some_and(|&later| later - at > width) {
            queue.pop_front();
        }
        out[at] = queue.front().map_or(0, |&largest| values[largest]);
    }
    out
}

/// Fills valleys no wider than `width`: up to the lower of their two banks. The start counts as a bank.
fn bridge(values: &[u32], width: usize) -> Vec<u32> {
    let mut raised = highest_of_next(values, width);
    // The smallest of the last `width` values: the same upside down and back to front.
    raised.reverse();
    let turned: Vec<u32> = raised.iter().map(|value| u32::MAX - value).collect();
    let mut lowered: Vec<u32> =
        highest_of_next(&turned, width).iter().map(|value| u32::MAX - value).collect();
    lowered.reverse();
    lowered
}

/// The instants at which an interval's value differs from the one before.
fn changes(values: &[u32]) -> Vec<(Time, u32)> {
    let mut plan: Vec<(Time, u32)> = Vec::new();
    for (at, &value) in values.iter().enumerate() {
        if plan.last().is_none_or(|&(_, last)| last != value) {
            plan.push((Time(at as u64 * INTERVAL.0), value));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::survey::survey;
    use crate::experiment::tests::{TEXT, scenario};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn valleys_are_bridged_and_rises_come_earlier() {
        let need = [1, 4, 1, 1, 4, 1, 1, 1, 1, 5];
        assert_eq!(bridge(&need, 2), [4, 4, 4, 4, 4, 1, 1, 1, 1, 5]);
        assert_eq!(highest_of_next(&need, 1), [4, 4, 1, 4, 4, 1, 1, 1, 5, 5]);
        let plan = changes(&[2, 2, 3, 3, 2]);
        let at = |n: u64| Time(n * INTERVAL.0);
        assert_eq!(plan, [(at(0), 2), (at(2), 3), (at(4), 2)]);
    }

    #[test]
    fn the_bound_is_the_work_of_the_shortest_requests() {
        // 40/s for nine minutes of 50 ms on replicas of two slots, at 0.36 an hour: 0.054 in all; the
        // longest hundredth of exponential demands is 5.6 % of the work.
        let scenario = scenario(TEXT);
        let survey = survey(&scenario, 0, &AtomicBool::new(false)).unwrap();
        let bound = work_bound(&scenario, &survey).unwrap();
        let expected = 0.054 * (1.0 - 0.056);
        assert!((bound / expected - 1.0).abs() < 0.04, "{bound} {expected}");
    }

    #[test]
    fn dropping_the_longest_never_takes_too_little() {
        let mut demands = Demands::default();
        for ms in 1..=100u64 {
            demands.law.record(Span::from_millis(ms));
            demands.sum_ns += u128::from(ms) * 1_000_000;
            demands.longest_ns = ms * 1_000_000;
        }
        for drop in [0, 1, 10, 99, 100, 500] {
            let exact: u64 = (1..=100u64.saturating_sub(drop)).sum::<u64>() * 1_000_000;
            let got = without_longest(&demands, drop);
            assert!(got <= exact as f64 && got >= exact as f64 * 0.93 - 1e6, "{drop}: {got}");
        }
    }

    #[test]
    fn the_plan_follows_the_load_and_is_made_of_the_replication_alone() {
        let scenario = scenario(TEXT);
        let survey = survey(&scenario, 1, &AtomicBool::new(false)).unwrap();
        let cell = Cell { replication: 1, policy: 0 };
        let plan = clairvoyant_plan(&scenario, cell, &needs(&scenario, &survey)[0]);
        assert_eq!(plan, clairvoyant_plan(&scenario, cell, &needs(&scenario, &survey)[0]));
        assert_eq!(plan[0].0, Time::ZERO);
        // Two slots in use on average; two replicas of two slots nearly always suffice for 500 ms.
        assert!(plan.iter().all(|&(_, replicas)| (1..=4).contains(&replicas)), "{plan:?}");
        assert!(plan.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1));
    }
}
