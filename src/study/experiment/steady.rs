//! Steady traffic: whether a run has forgotten how it started, and how sure one long run is of its mean.

use super::results::About;
use super::{Details, Figure, PolicyResults};
use crate::scenario::Scenario;
use autosim_engine::simulation::Interval;
use autosim_engine::stats::{Estimate, batch_means, mser5};
use autosim_engine::units::{Span, Time};

/// Instants at which the rate of traffic is looked at.
const LOOKS: u64 = 200;

/// A change of a mean by less than this is no reason for a longer warm-up.
const MATTERS: f64 = 0.02;

/// What the start of a run does to its figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// It shows after the warm-up; one so long leaves it out and changes the mean number of requests present, or of
    /// ready replicas, by this share.
    Shows(Span, f64),
    /// No steady state is in sight: figures depend on how long the run is.
    NeverEnds,
}

/// Whether the traffic of every service has one rate from the start to the end, and nothing is scripted to happen.
pub(super) fn is_steady(scenario: &Scenario) -> bool {
    let end = scenario.window.end;
    let at = |look: u64| Time((u128::from(end.0) * u128::from(look) / u128::from(LOOKS)) as u64);
    let flat = scenario.services.iter().all(|service| {
        let rates = (0..LOOKS).map(|look| service.workload.rate_at(at(look)));
        let (low, high) = rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| {
            (low.min(rate), high.max(rate)) //
        });
        high > 0.0 && high - low <= 1e-9 * high
    });
    let policies = 0..scenario.policies.len();
    flat && policies
        .flat_map(|policy| (0..scenario.services.len()).map(move |at| (policy, at)))
        .all(|(policy, service)| {
            let fleet = &scenario.deployment(policy, service).fleet;
            fleet.rollouts.is_empty()
                && fleet.slowdowns.is_empty()
                && fleet.interventions.is_empty()
                && fleet.resizes.is_empty()
                && fleet.failures.outages.is_empty()
        })
}

/// What the start does to the figures of a policy, by MSER-5 of the requests present and of the ready replicas in the
/// first replication; `None` where it does nothing that matters, or nothing can be said.
pub(super) fn start(policy: &PolicyResults, about: &About) -> Option<Start> {
    let timeline = timeline(policy, about)?;
    let present = |one: &Interval| one.mean_queued + one.mean_in_flight;
    let series: [Vec<f64>; 2] = [
        timeline.iter().map(present).collect(),
        timeline.iter().map(|one| one.mean_ready).collect(),
    ];
    if timeline.len() < 50 {
        return None;
    }
    let warm = timeline.iter().take_while(|one| one.at < about.window.warmup).count();
    let mut cut = warm;
    for values in &series {
        match mser5(values) {
            Some(found) => cut = cut.max(found),
            None => return Some(Start::NeverEnds),
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let changes = series.iter().map(|values| mean(&values[cut..]) / mean(&values[warm..]) - 1.0);
    let most =
        changes.filter(|change| change.is_finite()).max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
    (most.abs() >= MATTERS).then(|| Start::Shows(warmup(timeline[cut].at), most))
}

/// The mean response time of one replication with an interval from batch means: of the mean time of each interval
/// of the timeline after the warm-up, by Little's law (requests present over those that leave).
pub(super) fn mean_latency(policy: &PolicyResults, about: &About) -> Option<Estimate> {
    let [row] = policy.first_service().collect::<Vec<_>>()[..] else { return None };
    let mean = row.row.get(Figure::LatencyMean)?;
    let warm = timeline(policy, about)?.iter().filter(|one| one.at >= about.window.warmup);
    let times: Option<Vec<f64>> = warm
        .map(|one| {
            let present = (one.mean_queued + one.mean_in_flight) * one.length.as_millis_f64();
            (one.completions > 0).then(|| present / one.completions as f64)
        })
        .collect();
    let batches = batch_means(&times?)?;
    Some(Estimate { mean, ..batches })
}

/// The intervals of the first replication before the end of traffic.
fn timeline<'a>(policy: &'a PolicyResults, about: &About) -> Option<&'a [Interval]> {
    if !about.steady {
        return None;
    }
    let first = policy.details.iter().find(|details: &&Details| details.replication == 0)?;
    let all = &first.services.first()?.timeline;
    let inside = all.partition_point(|one| one.at.after(one.length) <= about.window.end);
    Some(&all[..inside])
}

/// So long a warm-up leaves the start out, in whole minutes where it is longer than a few.
fn warmup(until: Time) -> Span {
    const MINUTE: u64 = 60_000_000_000;
    match until.0 > 3 * MINUTE {
        true => Span(until.0.div_ceil(MINUTE) * MINUTE),
        false => Span(until.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scenario;
    use super::super::{Comparison, RunOptions, Silent, run};
    use super::*;
    use std::sync::Arc;

    fn compared(changes: &[(&str, &str)]) -> Comparison {
        let mut text =
            "duration = '4h'\nreplications = 1\n[workload.arrivals.main.poisson]\nrate = '10/s'\n\
            [service]\nservice_time.exponential.mean = '100ms'\n[replica]\ninitial = 1\n\
            [policies.p.fixed]\nreplicas = 2\n"
                .to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let cancel = &Arc::default();
        let options =
            RunOptions { jobs: 1, all_timelines: false, all_decisions: false, limits: &[], cancel };
        Comparison::of(&run(&scenario(&text), &options, &Silent).unwrap())
    }

    fn start(changes: &[(&str, &str)]) -> Option<Start> {
        compared(changes).policies[0].start
    }

    #[test]
    fn a_start_that_shows_is_cut_and_one_that_is_left_out_already_is_not_told() {
        // Twenty replicas for the work of one: a cold start of half an hour is an hour's backlog for two.
        let slow = ("initial = 1", "initial = 1\ncold_start.constant = '30m'");
        let busy = ("rate = '10/s'", "rate = '15/s'");
        let Some(Start::Shows(warmup, change)) = start(&[slow, busy]) else {
            panic!("{:?}", start(&[slow, busy]))
        };
        assert!(warmup >= Span::from_secs(1800), "{warmup}");
        assert!(change < -0.5, "{change}");
        let given = format!("duration = '4h'\nwarmup = '{warmup}'");
        assert_eq!(start(&[slow, busy, ("duration = '4h'", &given)]), None);
    }

    #[test]
    fn traffic_that_is_not_steady_or_starts_as_it_goes_on_says_nothing() {
        assert_eq!(start(&[]), None);
        let daily = (
            "poisson]\nrate = '10/s'",
            "diurnal]\nmean = '8/s'\npeak_to_mean = 1.5\npeak_at = '02:00'",
        );
        assert_eq!(start(&[daily]), None);
    }

    #[test]
    fn overload_has_no_steady_state() {
        assert_eq!(start(&[("rate = '10/s'", "rate = '22/s'")]), Some(Start::NeverEnds));
    }

    #[test]
    fn one_long_run_has_an_interval_for_its_mean_from_batches() {
        // M/M/2 at 1/2: the mean response time is 100 ms / (1 - 1/4). (rule 8)
        let one = compared(&[]);
        let latency = one.policies[0].estimate(Figure::LatencyMean).unwrap();
        assert!((20..=30).contains(&latency.count), "{latency:?}");
        assert!(latency.low() < 133.3 && 133.3 < latency.high(), "{latency:?}");
        assert!(latency.half_width.unwrap() < 4.0, "{latency:?}");
        let two = compared(&[("replications = 1", "replications = 2")]);
        assert_eq!(two.policies[0].estimate(Figure::LatencyMean).unwrap().count, 2);
    }
}
