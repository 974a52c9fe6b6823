//! Runs a scenario from code and prints what each policy costs.
//!
//! ```console
//! $ cargo run --release --example run_scenario
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim_study::experiment::{self, Comparison, Figure, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Sources, load};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const SCENARIO: &str = r#"
name = "two-sizes"
duration = "20m"
replications = 3

[slo]
latency = "p95 < 250ms"

[workload.arrivals.main.poisson]
rate = "50/s"

[service]
concurrency = 4
service_time.exponential = { mean = "60ms" }

[price]
per_replica_hour = "0.10 USD"

[policies.lean.fixed]
replicas = 1

[policies.roomy.fixed]
replicas = 2
"#;

fn compare() -> Result<Comparison, Box<dyn std::error::Error>> {
    // All faults of a scenario come together, rendered with line and column.
    let loaded = load(Sources::new("two-sizes.toml", SCENARIO), &LoadOptions::default())
        .map_err(|findings| findings.render(false))?;
    let cancel = Arc::new(AtomicBool::new(false));
    let options =
        RunOptions { jobs: 2, all_timelines: false, all_decisions: false, cancel: &cancel };
    let results = experiment::run(&loaded.scenario, &options, &Silent)?;
    Ok(Comparison::of(&results))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for policy in &compare()?.policies {
        let mean = |figure| policy.estimate(figure).map_or(f64::NAN, |estimate| estimate.mean);
        println!(
            "{:8} p95 {:6.0} ms   {:.3} USD",
            policy.name,
            mean(Figure::LatencyP95),
            mean(Figure::Cost)
        );
    }
    Ok(())
}

#[test]
fn more_replicas_are_faster_and_dearer() {
    let comparison = compare().unwrap();
    let mean = |at: usize, figure| comparison.policies[at].estimate(figure).unwrap().mean;
    assert!(mean(0, Figure::LatencyP95) > mean(1, Figure::LatencyP95));
    assert!(mean(0, Figure::Cost) < mean(1, Figure::Cost));
}
