//! Rollouts: how many stay ready, that every old replica goes, and what scaling does meanwhile.

use super::*;
use crate::control::{Autoscaler, Cadence, Decision, Observation, Policy, SignalRef, Why};
use crate::fleet::{Balancing, ColdStage, FleetSpec, Portion, Rollout, RoutingRule};
use crate::random::Sampler;
use crate::signal::{Basis, Metric, Probe, Reading, Resources, Sensor, Signal, Wants};
use crate::units::{Span, Time};
use std::sync::{Arc, Mutex};

/// What was there at a scrape: the time in tenths of seconds, the launch numbers of the ready replicas,
/// and how many start and drain.
type Seen = (u64, Vec<u64>, u32, u32);

struct Watch(Arc<Mutex<Vec<Seen>>>);

impl Sensor for Watch {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let ready = probe.replicas.unwrap_or_default().iter().map(|one| one.life.number).collect();
        let seen = (probe.at.0 / 100_000_000, ready, probe.census.starting, probe.census.draining);
        self.0.lock().unwrap().push(seen);
    }
    fn sample(&mut self, _: Time, _: Option<f64>) {}
    fn reading(&mut self, at: Time) -> Reading {
        Reading { value: None, at }
    }
    fn wants(&self) -> Wants {
        Wants::Replicas
    }
}

/// The counts wanted at 10 s, 20 s, ...; the last one for ever, and the initial one without any.
#[derive(Clone)]
struct Script(Vec<u32>);

impl Policy for Script {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let number = (seen.now.as_secs_f64() / 10.0) as usize;
        let wanted = self.0.get(number - 1).or(self.0.last()).copied().unwrap_or(seen.desired);
        seen.propose(wanted, Why::Plain)
    }
}

/// A minute of ten requests a second, each 400 ms long, watched every tenth of a second.
fn watched(fleet: FleetSpec, script: &[u32]) -> (Vec<Seen>, ServiceOutcome) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let requests: Vec<(u64, u64)> = (0..600).map(|n| (n * 100_000_000 + 7, 400_000_000)).collect();
    let second = Span::from_secs(1);
    let signal = Signal::of(Metric::Replicas, second, Span::from_millis(100)).per(Basis::LiveNow);
    let watch = SignalRef { sensor: Some(Box::new(Watch(log.clone()))), ..SignalRef::own(signal) };
    let end = Time::from_secs(60);
    let setup = Setup {
        services: vec![ServiceSetup {
            name: "service".into(),
            arrivals: Box::new(requests.into_iter()),
            fleet,
            resources: Resources::default(),
            autoscaler: Autoscaler {
                policy: Box::new(Script(script.to_vec())),
                signals: vec![watch],
                cadence: Cadence::every(Span::from_secs(10)),
                actuation_delay: Span::ZERO,
                wakeups: Vec::new(),
            },
            limits: Limits::default(),
        }],
        window: Window { warmup: Time::ZERO, end, drain_limit: Span::from_secs(3600) },
        seed: 1,
        replication: 0,
        detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
        stop_after: None,
        waiting_limit: 10_000,
        cancel: None,
    };
    let outcome = run(setup).unwrap().services.remove(0);
    let log = std::mem::take(&mut *log.lock().unwrap());
    (log, outcome)
}

fn fleet(initial: u32, cold: Option<Sampler>, min_ready: Option<Portion>) -> FleetSpec {
    let stage = |length| ColdStage { name: "cold_start", length };
    FleetSpec {
        initial,
        cold_start: cold.into_iter().map(stage).collect(),
        rollouts: vec![Rollout { at: Time::from_secs(12), min_ready }],
        ..FleetSpec::default()
    }
}

fn seconds(seconds: u64) -> Option<Sampler> {
    Some(Sampler::Constant(Span::from_secs(seconds).0))
}

/// (tenths of seconds, ready, starting) whenever ready or starting is another than before.
fn changes(log: &[Seen]) -> Vec<(u64, usize, u32)> {
    let mut changes: Vec<(u64, usize, u32)> = Vec::new();
    for (at, ready, starting, _) in log {
        let now = (*at, ready.len(), *starting);
        if changes.last().is_none_or(|&(_, ready, starting)| (ready, starting) != (now.1, now.2)) {
            changes.push(now);
        }
    }
    changes
}

/// (rule 36)
#[test]
fn batches_follow_each_other_as_the_new_ones_are_ready() {
    let (log, _) = watched(fleet(4, seconds(5), None), &[]);
    assert_eq!(
        changes(&log),
        [(1, 4, 0), (120, 1, 3), (170, 3, 1), (220, 4, 0)],
        "a quarter of 4 stays ready"
    );
    let (log, _) = watched(fleet(5, seconds(5), Some(Portion::Share(0.5))), &[]);
    assert_eq!(
        changes(&log),
        [(1, 5, 0), (120, 3, 2), (220, 4, 1), (270, 5, 0)],
        "3 of 5 stay: two go at 12 s, two at 17 s, the last at 22 s"
    );
}

/// (rule 37)
#[test]
fn where_none_may_be_missing_one_more_is_started_first() {
    let (log, outcome) = watched(fleet(2, seconds(5), Some(Portion::Count(9))), &[]);
    assert_eq!(changes(&log), [(1, 2, 0), (120, 2, 1), (220, 2, 0)]);
    assert_eq!((outcome.fleet.launches, outcome.fleet.removed), (2, 2));
}

/// (rules 36, 37)
#[test]
fn the_minimum_stays_ready_and_every_old_replica_goes_on_every_plane() {
    let routed = RoutingRule::ALL.iter().map(|&rule| Balancing::PerReplica(rule));
    let planes: Vec<Balancing> = routed.chain([Balancing::CentralQueue]).collect();
    let uneven = Some(Sampler::Exponential { mean_ns: 3e9 });
    for balancing in planes {
        for cold in [None, seconds(4), uneven.clone()] {
            for (min_ready, floor) in [
                (None, 2),
                (Some(Portion::Count(0)), 0),
                (Some(Portion::Count(6)), 6),
                (Some(Portion::Count(20)), 8),
                (Some(Portion::Share(0.3)), 3),
                (Some(Portion::Share(1.0)), 8),
            ] {
                let case = format!("{balancing:?} {cold:?} {min_ready:?}");
                let of = |_| FleetSpec { balancing, ..fleet(8, cold.clone(), min_ready) };
                let (log, outcome) = watched(of(()), &[]);
                let least = log.iter().map(|(_, ready, ..)| ready.len()).min();
                assert!(least >= Some(floor), "{case}: {least:?}");
                let (_, ready, starting, draining) = log.last().unwrap();
                assert_eq!((ready.len(), *starting, *draining), (8, 0, 0), "{case}");
                assert!(ready.iter().all(|&number| number >= 8), "{case}: {ready:?}");
                assert_eq!(outcome.counts.completed, 600, "{case}");
                assert_eq!(outcome.fleet.removed, 8, "{case}");
                assert_eq!(watched(of(()), &[]).0, log, "{case}: again");
            }
        }
    }
}

#[test]
fn without_a_cold_start_all_are_replaced_in_the_instant() {
    let (log, outcome) = watched(fleet(6, None, None), &[]);
    assert_eq!(changes(&log), [(1, 6, 0)]);
    assert_eq!(outcome.fleet.launches, 6);
}

/// (rule 38)
#[test]
fn scaling_goes_on_and_the_last_count_wanted_is_there_at_the_end() {
    for (script, count) in [(&[8, 12, 5][..], 5), (&[8, 3, 9], 9), (&[2, 2, 8], 8), (&[8, 2], 2)] {
        for min_ready in [None, Some(Portion::Share(1.0)), Some(Portion::Count(0))] {
            let (log, _) = watched(fleet(8, seconds(4), min_ready), script);
            let (_, ready, starting, draining) = log.last().unwrap();
            let case = format!("{script:?} {min_ready:?}");
            assert_eq!((ready.len(), *starting, *draining), (count, 0, 0), "{case}");
            assert!(ready.iter().all(|&number| number >= 8), "{case}: {ready:?}");
        }
    }
}

/// (rule 36)
#[test]
fn replicas_that_still_start_are_of_the_old_version_too() {
    let (log, outcome) = watched(fleet(4, seconds(15), None), &[6]);
    assert_eq!(outcome.fleet.cancelled, 2);
    let (_, ready, ..) = log.last().unwrap();
    assert_eq!(ready.len(), 6);
    assert!(ready.iter().all(|&number| number >= 6), "{ready:?}");
    let later = log.iter().find(|seen| seen.0 == 265).unwrap();
    assert!(later.1.iter().all(|&number| number < 4), "none of 10 s is ready at 25 s: {later:?}");
}

/// (rule 38)
#[test]
fn a_rollout_within_another_takes_its_place() {
    let mut fleet = fleet(4, seconds(5), Some(Portion::Count(3)));
    fleet.rollouts.push(Rollout { at: Time::from_secs(18), min_ready: Some(Portion::Count(0)) });
    let (log, outcome) = watched(fleet, &[]);
    let (_, ready, starting, _) = log.last().unwrap();
    assert_eq!((ready.len(), *starting), (4, 0));
    // One at 12 s, one at 17 s, which is ordered anew at 18 s with the three that are ready.
    assert!(ready.iter().all(|&number| number >= 6), "{ready:?}");
    assert_eq!((outcome.fleet.launches, outcome.fleet.cancelled), (6, 1));
}

#[test]
fn a_rollout_may_outlive_the_run() {
    let mut fleet = fleet(4, seconds(30), Some(Portion::Count(2)));
    fleet.rollouts[0].at = Time::from_secs(55);
    let (log, outcome) = watched(fleet, &[]);
    assert_eq!(outcome.counts.completed, 600);
    assert_eq!(log.last().map(|seen| seen.1.len()), Some(2));
    assert_eq!(outcome.fleet.window_ns, 60_000_000_000);
}

/// (rule 38)
#[test]
fn a_quota_without_room_delays_a_rollout_and_never_breaks_the_minimum() {
    let _shown = crate::marks::expect(["no room in the quota"]);
    let spec = FleetSpec { quota: Some(4), ..fleet(4, seconds(1), Some(Portion::Count(3))) };
    let (log, _) = watched(spec, &[]);
    assert!(log.iter().all(|(_, ready, ..)| ready.len() >= 3));
    let (_, ready, ..) = log.last().unwrap();
    assert!(ready.iter().filter(|&&number| number < 4).count() < 4, "{ready:?}");
}
