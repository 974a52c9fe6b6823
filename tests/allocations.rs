//! Do the data planes work without allocating? Counted, between the looks of a policy that holds a
//! fleet of 150: buffers may grow in the first minutes, at 99 % load, and never again in the million
//! requests at 70 % that follow. In a binary of its own, because the counting allocator counts for the
//! whole process.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, SignalRef};
use autosim_engine::fleet::{
    Balancing, Discipline, FleetSpec, HandsOver, Proxy, QueueSpec, RoutingRule, ScalePerRequest,
    Scaling,
};
use autosim_engine::random::{Purpose, Sampler, Streams};
use autosim_engine::signal::{Metric, Resources, Signal};
use autosim_engine::simulation::{DecisionLog, Detail, ServiceSetup, Setup, Window, run};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::Workload;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::sync::{Arc, Mutex};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Length of a run and distance of its looks, in seconds.
const LENGTH_S: u64 = 1200;
const SECOND: Span = Span::from_secs(1);

/// Holds the fleet and notes how often memory was asked for so far.
#[derive(Clone)]
struct Watch(Arc<Mutex<Vec<usize>>>);

impl Policy for Watch {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let stats = ALLOCATOR.stats();
        self.0.lock().unwrap().push(stats.allocations + stats.reallocations);
        seen.hold()
    }
}

/// Poisson arrivals, 1414 a second in the first sixth and 1000 from then on, served 105 ms on average.
fn requests() -> Workload {
    let mut dice = Streams::new(1, 0, 0).sequential(Purpose::Arrivals, 0);
    let (busy, calm) = (gaps(1414.0), gaps(1000.0));
    let demand = Sampler::Exponential { mean_ns: 105e6 };
    let (mut at, mut requests) = (Time::ZERO, Vec::new());
    while at < Time::from_secs(LENGTH_S) {
        requests.push((at, demand.draw(&mut dice)));
        let gap = if at < Time::from_secs(LENGTH_S / 6) { &busy } else { &calm };
        at += gap.draw(&mut dice);
    }
    Workload::from_requests(requests)
}

fn gaps(per_second: f64) -> Sampler {
    Sampler::Exponential { mean_ns: 1e9 / per_second }
}

/// Allocations between one look and the next.
fn allocations(fleet: FleetSpec) -> Vec<usize> {
    let seen = Arc::new(Mutex::new(Vec::with_capacity(2 * LENGTH_S as usize)));
    let end = Time::from_secs(LENGTH_S);
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: requests().requests(&Streams::new(1, 0, 0), end),
        fleet,
        resources: Resources::default(),
        autoscaler: Autoscaler {
            policy: Box::new(Watch(Arc::clone(&seen))),
            // A look at a gauge brings the plane to the instant; a control alone need not.
            signals: vec![SignalRef::own(Signal::of(Metric::QueuedRequests, SECOND, SECOND))],
            cadence: Cadence::every(SECOND),
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        },
        limits: Default::default(),
    };
    let setup = Setup {
        services: vec![service],
        window: Window { warmup: Time::ZERO, end, drain_limit: Span::from_secs(60) },
        seed: 1,
        replication: 0,
        detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
        stop_after: None,
        waiting_limit: 1_000_000,
        cancel: None,
    };
    let outcome = run(setup).unwrap();
    assert!(outcome.simulated_requests > 1_190_000);
    let seen = seen.lock().unwrap();
    seen.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn past_the_high_water_mark_nothing_is_allocated() {
    // Random patience takes the general plane.
    let random_patience = Sampler::Uniform { min_ns: 1e8, width_ns: 1e8 };
    let (slots, sharing) = (Discipline::Slots, Discipline::Sharing { limit: None });
    // Replicas come and go: an idle one leaves after a second.
    let idle_expiry = Sampler::Constant(1_000_000_000);
    let scale = ScalePerRequest { limit: 200, ..ScalePerRequest::after(idle_expiry) };
    let (central, by) = (Balancing::CentralQueue, Balancing::PerReplica);
    let scaling = Scaling::PerRequest(scale);
    let mut fleets = vec![FleetSpec { scaling, ..FleetSpec::default() }];
    let more = [
        (central, slots, None),
        (by(RoutingRule::LeastOutstanding), slots, Some(Sampler::Constant(500_000_000))),
        (central, slots, Some(random_patience.clone())),
        (by(RoutingRule::PowerOfTwo), slots, Some(random_patience.clone())),
        (by(RoutingRule::LeastOutstanding), slots, Some(random_patience)),
        (by(RoutingRule::PowerOfTwo), sharing, None),
        (by(RoutingRule::LeastOutstanding), sharing, None),
    ];
    let routed = RoutingRule::ALL.iter().map(|&rule| (by(rule), slots, None));
    for (balancing, discipline, timeout) in routed.chain(more) {
        let queue = QueueSpec { timeout, ..QueueSpec::default() };
        fleets.push(FleetSpec { balancing, discipline, queue, ..FleetSpec::default() });
    }
    for hands_over in [HandsOver::Freely, HandsOver::InTurn(1)] {
        let proxy = Some(Proxy { hands_over, latency: Span::ZERO });
        let balancing = by(RoutingRule::RoundRobin);
        fleets.push(FleetSpec { balancing, proxy, ..FleetSpec::default() });
    }
    for fleet in fleets {
        let name = format!("{fleet:?}");
        let counts = allocations(FleetSpec { initial: 150, ..fleet });
        assert!(counts.len() >= LENGTH_S as usize - 1);
        let late = counts.iter().enumerate().skip(LENGTH_S as usize / 5);
        let late: Vec<_> = late.filter(|(_, count)| **count > 0).collect();
        assert!(late.is_empty(), "{name}: (second, allocations): {late:?}");
    }
}
