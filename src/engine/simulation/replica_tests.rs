//! What a sensor is shown of replicas one by one.

use super::tests::setup;
use super::*;
use crate::control::SignalRef;
use crate::fleet::{Balancing, ColdStage, FleetSpec, QueueSpec, RoutingRule, Slowdown, Slowdowns};
use crate::random::Sampler;
use crate::signal::{Life, Metric, Probe, Reading, ReplicaLoad, Sensor, Signal, Wants};
use crate::units::{Span, Time};
use std::sync::{Arc, Mutex};

/// A scrape: when, the ready replicas, those that start, and what all have computed together.
type Seen = (Time, Vec<ReplicaLoad>, Vec<Life>, u128);

struct Watch(Arc<Mutex<Vec<Seen>>>);

impl Sensor for Watch {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let (replicas, starting) = (probe.replicas.unwrap(), probe.starting.unwrap());
        let seen = (probe.at, replicas.to_vec(), starting.to_vec(), probe.computing_ns);
        self.0.lock().unwrap().push(seen);
    }
    fn sample(&mut self, _: Time, _: Option<f64>) {}
    fn reading(&mut self, at: Time) -> Reading {
        Reading { value: None, at }
    }
    fn wants(&self) -> Wants {
        Wants::Work
    }
}

/// A minute of requests, two a second and 700 ms long, looked at every second.
fn watched(fleet: FleetSpec, script: &[u32]) -> Vec<Seen> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let second = Span::from_secs(1);
    let signal = SignalRef::own(Signal::of(Metric::CpuPercent, second, second));
    let mut setup = setup(&[], fleet, script, 60);
    let requests: Vec<(u64, u64)> = (0..120).map(|n| (n * 500_000_000, 700_000_000)).collect();
    setup.services[0].arrivals = Box::new(requests.into_iter());
    let watch = SignalRef { sensor: Some(Box::new(Watch(log.clone()))), ..signal };
    setup.services[0].autoscaler.signals = vec![watch];
    run(setup).unwrap();
    std::mem::take(&mut *log.lock().unwrap())
}

fn seconds(seconds: u64) -> Time {
    Time::from_secs(seconds)
}

/// Requests use half as much CPU for twice as long from 15 s to 35 s; a third replica joins at 20 s. (rule 47)
#[test]
fn what_replicas_compute_one_by_one_adds_up_to_what_they_do_together() {
    for (balancing, every) in [
        (Balancing::PerReplica(RoutingRule::RoundRobin), 1),
        (Balancing::CentralQueue, 1),
        (Balancing::PerReplica(RoutingRule::RoundRobin), 3),
        (Balancing::CentralQueue, 2),
    ] {
        let slowdown =
            Slowdown { at: seconds(15), until: seconds(35), factor: 2.0, cpu: 0.5, every };
        let fleet = FleetSpec {
            initial: 2,
            balancing,
            slowdowns: Slowdowns::new(vec![slowdown]),
            ..FleetSpec::default()
        };
        let log = watched(fleet, &[2, 3]);
        for (at, ready, _, together) in &log {
            let sum: u128 = ready.iter().map(|one| one.computing_ns).sum();
            // Halves of a nanosecond are cut for each.
            assert!(together.abs_diff(sum) <= 3, "{balancing:?} at {at:?}: {together} {sum}");
        }
        let last = &log.last().unwrap().1;
        assert!(last.iter().all(|one| one.computing_ns > 1_000_000_000), "{last:?}");
        assert_eq!(last.iter().map(|one| one.ready_since).max(), Some(seconds(20)));
    }
}

/// Two replicas, three from 20 s on and one from 30 s on; from 59 s on some would be slow. (rule 47)
#[test]
fn what_replicas_have_computed_stays_when_they_leave() {
    let computed = |every| {
        let slowdown =
            Slowdown { at: seconds(59), until: seconds(60), factor: 2.0, cpu: 0.5, every };
        let fleet = FleetSpec {
            initial: 2,
            slowdowns: Slowdowns::new(vec![slowdown]),
            ..FleetSpec::default()
        };
        let log = watched(fleet, &[2, 3, 1]);
        log.into_iter().filter(|seen| seen.0 < seconds(59)).map(|seen| seen.3).collect()
    };
    let (alike, apart): (Vec<u128>, Vec<u128>) = (computed(1), computed(2));
    assert_eq!(apart, alike);
    assert!(alike[57] > 30_000_000_000, "{alike:?}");
}

#[test]
fn a_replica_that_starts_is_shown_with_the_stages_it_has_passed() {
    let stage =
        |name, seconds| ColdStage { name, length: Sampler::Constant(Span::from_secs(seconds).0) };
    let cold_start = vec![stage("provision", 4), stage("pull", 3), stage("boot", 2)];
    let log = watched(FleetSpec { cold_start, ..FleetSpec::default() }, &[2]);
    let starting: Vec<_> = log.iter().filter(|seen| !seen.2.is_empty()).collect();
    let life = Life { number: 1, placed_at: seconds(14), runs_from: seconds(17) };
    let shown = |at: u64| log.iter().find(|seen| seen.0 == seconds(at)).unwrap();
    assert!(starting.iter().all(|seen| seen.2 == [life]), "{starting:?}");
    assert_eq!((starting.len(), shown(10).2.len(), shown(18).2.len()), (8, 0, 1));
    let joined = shown(19).1[1];
    assert_eq!((joined.life, joined.ready_since), (life, seconds(19)));
    let first = Life { number: 0, placed_at: Time::ZERO, runs_from: Time::ZERO };
    assert_eq!(shown(19).1[0].life, first);
}

/// Two requests a second, scraped every 7 s, and a control every 10 s that looks at replicas itself: those of a plane
/// that is there, with every request that arrived before.
#[test]
fn a_control_that_looks_at_replicas_finds_what_has_come_by_then() {
    #[derive(Clone, Default)]
    struct Look(Arc<Mutex<Vec<(u64, u64)>>>);
    impl Sensor for Look {
        fn scrape(&mut self, _: &Probe<'_>) {}
        fn sample(&mut self, _: Time, _: Option<f64>) {}
        fn reading(&mut self, at: Time) -> Reading {
            Reading { value: None, at }
        }
        fn wants(&self) -> Wants {
            Wants::Work
        }
        fn inspect(&mut self, probe: &Probe<'_>) {
            self.0.lock().unwrap().push((probe.at.0 / 1_000_000_000, probe.arrivals));
        }
    }
    for rule in [None, Some(RoutingRule::RoundRobin)] {
        let balancing = rule.map_or(Balancing::CentralQueue, Balancing::PerReplica);
        let capacity = Some(1000);
        let queue = QueueSpec { capacity, ..QueueSpec::default() };
        let fleet = FleetSpec { initial: 3, balancing, queue, ..FleetSpec::default() };
        let mut setup = setup(&[], fleet, &[3], 40);
        let requests: Vec<(u64, u64)> = (0..80).map(|n| (n * 500_000_000, 700_000_000)).collect();
        setup.services[0].arrivals = Box::new(requests.into_iter());
        let look = Look::default();
        let seven = Span::from_secs(7);
        setup.services[0].autoscaler.signals = vec![SignalRef {
            sensor: Some(Box::new(look.clone())),
            ..SignalRef::own(Signal::of(Metric::CpuPercent, seven, seven))
        }];
        run(setup).unwrap();
        let seen = look.0.lock().unwrap().clone();
        assert_eq!(seen[..3], [(10, 20), (20, 40), (30, 60)], "{rule:?}");
    }
}
