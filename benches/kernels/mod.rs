//! What the benches run: every data plane at 70 % load, and the floor that no simulator can be under.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy};
use autosim_engine::fleet::{
    Balancing, Discipline, FleetSpec, HandsOver, Proxy, QueueSpec, RoutingRule, ScalePerRequest,
    Scaling,
};
use autosim_engine::random::{Distribution, Purpose, Sampler, Streams};
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{DecisionLog, Detail, Limits, ServiceSetup, Setup, Slo, Window};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Rate, Span, Time};
use autosim_engine::workload::{Batch, Workload};

#[derive(Clone)]
struct Hold;

impl Policy for Hold {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.hold()
    }
}

/// Requests a second that keep `replicas` busy for 70 % of the time, and when enough have come.
fn load(replicas: u32, requests: u32) -> (f64, Time) {
    let per_second = f64::from(replicas) * 7.0;
    (per_second, Time::from_secs_f64(f64::from(requests) / per_second))
}

/// Drawn as they are needed; served 0.1 s on average.
pub(crate) fn drawn(replicas: u32) -> Workload {
    let demand = Distribution::exponential(Span::from_millis(100));
    Workload::poisson(Rate::per_second(load(replicas, 1).0).unwrap_or_default(), &demand)
}

/// The same requests, recorded in memory.
pub(crate) fn recorded(replicas: u32, requests: u32) -> Workload {
    let (_, end) = load(replicas, requests);
    let mut stream = drawn(replicas).requests(&Streams::new(1, 0, 0), end);
    let (mut batch, mut all) = (Batch::new(), Vec::new());
    loop {
        stream.fill(&mut batch);
        if batch.is_empty() {
            return Workload::from_requests(all);
        }
        let both = batch.arrival_ns.iter().zip(&batch.demand_ns);
        all.extend(both.map(|(&arrival, &demand)| (Time(arrival), Span(demand))));
    }
}

/// About so many requests, served by so many replicas under a policy that holds them.
pub(crate) fn setup(replicas: u32, requests: u32, workload: &Workload, fleet: FleetSpec) -> Setup {
    let (_, end) = load(replicas, requests);
    let initial = if fleet.scales_per_request() { 0 } else { replicas };
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: workload.requests(&Streams::new(1, 0, 0), end),
        fleet: FleetSpec { initial, ..fleet },
        resources: Resources::default(),
        autoscaler: Autoscaler {
            policy: Box::new(Hold),
            signals: Vec::new(),
            cadence: Cadence::every(Span::from_secs(10)),
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        },
        limits: Limits { slo: vec![Slo::below(0.99, Span::from_millis(500))], asked: Vec::new() },
    };
    Setup {
        services: vec![service],
        window: Window { warmup: Time::ZERO, end, drain_limit: Span::from_secs(60) },
        seed: 1,
        replication: 0,
        detail: Detail {
            timeline: Some(Span::from_secs(60)),
            decisions: DecisionLog::Changes,
            supply: false,
        },
        waiting_limit: 1_000_000,
        stop_after: None,
        cancel: None,
    }
}

/// Two exponential draws and a histogram record for each request.
pub(crate) fn floor(requests: u32) -> u64 {
    let law = Sampler::Exponential { mean_ns: 1e8 };
    let streams = Streams::new(1, 0, 0);
    let mut arrivals = streams.sequential(Purpose::Arrivals, 0);
    let mut demands = streams.sequential(Purpose::Demand, 0);
    let mut histogram = Histogram::new();
    let (mut gaps, mut lengths) = ([0; 1000], [0; 1000]);
    for _ in 0..requests / 1000 {
        law.fill(&mut arrivals, &mut gaps);
        law.fill(&mut demands, &mut lengths);
        for (gap, length) in gaps.iter().zip(&lengths) {
            histogram.record(Span(gap / 2 + length / 2));
        }
    }
    histogram.count()
}

/// The planes by name, each with a fleet that runs on it.
pub(crate) fn planes() -> Vec<(&'static str, FleetSpec)> {
    let idle_expiry = Sampler::Constant(60_000_000_000);
    let scale = ScalePerRequest { limit: 40_000, ..ScalePerRequest::after(idle_expiry) };
    let scaling = Scaling::PerRequest(scale);
    // Random patience and a limited queue need the general plane.
    let timeout = Some(Sampler::Uniform { min_ns: 1e10, width_ns: 1e10 });
    let queue = QueueSpec { capacity: Some(100_000), timeout, ..QueueSpec::default() };
    let two = RoutingRule::PowerOfTwo;
    let by = |rule| FleetSpec { balancing: Balancing::PerReplica(rule), ..FleetSpec::default() };
    let discipline = Discipline::Sharing { limit: None };
    let proxy = Some(Proxy { hands_over: HandsOver::InTurn(1), latency: Span::ZERO });
    vec![
        ("central-queue", FleetSpec::default()),
        ("random", by(RoutingRule::Random)),
        ("round-robin", by(RoutingRule::RoundRobin)),
        ("power-of-two", by(two)),
        ("least-outstanding", by(RoutingRule::LeastOutstanding)),
        ("scale-per-request", FleetSpec { scaling, ..FleetSpec::default() }),
        ("processor-sharing", FleetSpec { discipline, ..by(two) }),
        ("general", FleetSpec { queue, ..by(two) }),
        ("proxy", FleetSpec { proxy, ..by(RoutingRule::RoundRobin) }),
    ]
}
