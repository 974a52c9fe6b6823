//! What a request costs on each data plane, beside the floor that no simulator can be under: two
//! exponential draws and one histogram record. Read the ratios, not the times.
//!
//! ```console
//! $ cargo bench --bench planes
//! ```

use autosim::engine::{DecisionLog, Detail, ServiceSetup, Setup, Slo, Window, run};
use autosim::fleet::{Balancing, Discipline, FleetSpec, Overflow, QueueSpec};
use autosim::policy::{Autoscaler, Cadence, Decision, Policy};
use autosim::random::{Distribution, Purpose, Sampler, Streams};
use autosim::signal::{Observation, Resources};
use autosim::stats::Histogram;
use autosim::units::{Rate, Span, Time};
use autosim::workload::{Batch, Workload};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Requests of one measured run.
const REQUESTS: u32 = 1_000_000;

#[derive(Clone)]
struct Hold;

impl Policy for Hold {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        Decision::hold(seen.desired)
    }
}

/// Requests a second that keep `replicas` busy for 70 % of the time, and when enough have come.
fn load(replicas: u32) -> (f64, Time) {
    let per_second = f64::from(replicas) * 7.0;
    (per_second, Time::from_secs_f64(f64::from(REQUESTS) / per_second))
}

/// Drawn as they are needed; served 0.1 s on average.
fn drawn(replicas: u32) -> Workload {
    let demand = Distribution::exponential(Span::from_millis(100));
    Workload::poisson(Rate::per_second(load(replicas).0).unwrap_or_default(), &demand)
}

/// The same requests, recorded in memory.
fn recorded(replicas: u32) -> Workload {
    let (_, end) = load(replicas);
    let mut stream = drawn(replicas).requests(&Streams::new(1, 0, 0), end);
    let (mut batch, mut requests) = (Batch::new(), Vec::new());
    loop {
        stream.fill(&mut batch);
        if batch.is_empty() {
            return Workload::from_requests(requests);
        }
        let both = batch.arrival_ns.iter().zip(&batch.demand_ns);
        requests.extend(both.map(|(&arrival, &demand)| (Time(arrival), Span(demand))));
    }
}

fn setup(replicas: u32, workload: &Workload, fleet: FleetSpec) -> Setup {
    let (_, end) = load(replicas);
    let scales = matches!(fleet.balancing, Balancing::PerRequest { .. });
    let initial = if scales { 0 } else { replicas };
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: workload.requests(&Streams::new(1, 0, 0), end),
        fleet: FleetSpec { initial, ..fleet },
        resources: Resources::default(),
        autoscaler: Autoscaler {
            policy: Box::new(Hold),
            signals: Vec::new(),
            cadence: Cadence { interval: Span::from_secs(10), random_phase: false },
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        },
        slo: Some(Slo { quantile: 0.99, limit: Span::from_millis(500) }),
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
fn floor() -> u64 {
    let law = Sampler::Exponential { mean_ns: 1e8 };
    let streams = Streams::new(1, 0, 0);
    let mut arrivals = streams.sequential(Purpose::Arrivals, 0);
    let mut demands = streams.sequential(Purpose::Demand, 0);
    let mut histogram = Histogram::new();
    let (mut gaps, mut lengths) = ([0; 1000], [0; 1000]);
    for _ in 0..REQUESTS / 1000 {
        law.fill(&mut arrivals, &mut gaps);
        law.fill(&mut demands, &mut lengths);
        for (gap, length) in gaps.iter().zip(&lengths) {
            histogram.record(Span(gap / 2 + length / 2));
        }
    }
    histogram.count()
}

fn planes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    group.sample_size(10);
    group.bench_function("floor", |bench| bench.iter(|| black_box(floor())));
    let idle_expiry = Sampler::Constant(60_000_000_000);
    let overflow = Overflow::Wait;
    let per_request = Balancing::PerRequest { idle_expiry, minimum: 0, limit: 40_000, overflow };
    let kinds = [
        ("central-queue", Balancing::CentralQueue),
        ("random", Balancing::Random),
        ("round-robin", Balancing::RoundRobin),
        ("power-of-two", Balancing::PowerOfTwo),
        ("least-outstanding", Balancing::LeastOutstanding),
        ("scale-per-request", per_request),
    ];
    // Random patience and a limited queue need the general plane.
    let timeout = Some(Sampler::Uniform { min_ns: 1e10, width_ns: 1e10 });
    let queue = QueueSpec { capacity: Some(100_000), timeout, ..QueueSpec::default() };
    let balancing = Balancing::PowerOfTwo;
    let general = FleetSpec { balancing: balancing.clone(), queue, ..FleetSpec::default() };
    let discipline = Discipline::Sharing { limit: None };
    let sharing = FleetSpec { balancing, discipline, ..FleetSpec::default() };
    for replicas in [15, 150, 1_500, 10_000] {
        let (drawn, recorded) = (drawn(replicas), recorded(replicas));
        let mut bench = |name: &str, workload, fleet: &FleetSpec| {
            group.bench_function(BenchmarkId::new(name, replicas), |bench| {
                bench.iter(|| run(setup(replicas, workload, fleet.clone()), &mut ()));
            });
        };
        for (name, balancing) in &kinds {
            bench(
                name,
                &drawn,
                &FleetSpec { balancing: balancing.clone(), ..FleetSpec::default() },
            );
        }
        bench("processor-sharing", &drawn, &sharing);
        bench("general", &drawn, &general);
        bench("replay", &recorded, &FleetSpec::default());
    }
    group.finish();
}

criterion_group!(benches, planes);
criterion_main!(benches);
