//! What a request costs on each data plane, beside the floor that no simulator can be under: two
//! exponential draws and one histogram record. Read the ratios, not the times.
//!
//! ```console
//! $ cargo bench --bench planes
//! ```

use autosim::engine::{DecisionLog, Detail, ServiceSetup, Setup, Slo, Window, run};
use autosim::fleet::{Balancing, FleetSpec};
use autosim::policy::{Autoscaler, Cadence, Decision, Policy};
use autosim::random::{Distribution, Purpose, Sampler, Streams};
use autosim::signal::{Observation, Resources};
use autosim::stats::Histogram;
use autosim::units::{Rate, Span, Time};
use autosim::workload::Workload;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Requests of one measured run.
const REQUESTS: u32 = 200_000;

struct Hold;

impl Policy for Hold {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        Decision::hold(seen.desired)
    }
}

/// `replicas` slots at 70 % load, served 0.1 s on average.
fn setup(replicas: u32, balancing: Balancing) -> Setup {
    let per_second = f64::from(replicas) * 7.0;
    let end = Time::from_secs_f64(f64::from(REQUESTS) / per_second);
    let demand = Distribution::exponential(Span::from_millis(100));
    let workload = Workload::poisson(Rate::per_second(per_second).unwrap_or_default(), &demand);
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: workload.requests(&Streams::new(1, 0, 0), end),
        fleet: FleetSpec { initial: replicas, balancing, ..FleetSpec::default() },
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
    let kinds = [
        ("central-queue", Balancing::CentralQueue),
        ("round-robin", Balancing::RoundRobin),
        ("power-of-two", Balancing::PowerOfTwo),
        ("least-outstanding", Balancing::LeastOutstanding),
    ];
    for (name, balancing) in kinds {
        for replicas in [15, 150, 1500] {
            group.bench_function(BenchmarkId::new(name, replicas), |bench| {
                bench.iter(|| run(setup(replicas, balancing.clone()), &mut ()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, planes);
criterion_main!(benches);
