//! What a request costs on each data plane, beside the floor that no simulator can be under: two
//! exponential draws and one histogram record. Read the ratios, not the times.
//!
//! ```console
//! $ cargo bench --bench planes
//! ```

mod kernels;

use autosim_engine::fleet::FleetSpec;
use autosim_engine::simulation::run;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kernels::{drawn, floor, recorded, setup};
use std::hint::black_box;

/// Requests of one measured run.
const REQUESTS: u32 = 1_000_000;

fn planes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    group.sample_size(10);
    group.bench_function("floor", |bench| bench.iter(|| black_box(floor(REQUESTS))));
    for replicas in [15, 150, 1_500, 10_000] {
        let (drawn, recorded) = (drawn(replicas), recorded(replicas, REQUESTS));
        let mut bench = |name: &str, workload, fleet: &FleetSpec| {
            group.bench_function(BenchmarkId::new(name, replicas), |bench| {
                bench.iter(|| run(setup(replicas, REQUESTS, workload, fleet.clone())));
            });
        };
        for (name, fleet) in &kernels::planes() {
            bench(name, &drawn, fleet);
        }
        bench("replay", &recorded, &FleetSpec::default());
    }
    group.finish();
}

criterion_group!(benches, planes);
criterion_main!(benches);
