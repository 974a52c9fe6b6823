//! Runs a scenario from code and prints what each policy costs.
//!
//! ```console
//! $ cargo run --release --example run_scenario
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim::{Answer, Figure, Rehearsal, RehearsalError};

const SCENARIO: &str = r#"
duration = "20m"
replications = 3
slo.latency = "p95 < 250ms"
workload.arrivals.main.poisson.rate = "50/s"
service = { concurrency = 4, service_time.exponential.mean = "60ms" }
price.per_replica_hour = "0.10 USD"
policies.lean.fixed.replicas = 1
policies.roomy.fixed.replicas = 2
"#;

fn compare() -> Result<Answer, RehearsalError> {
    Rehearsal::of_scenario(SCENARIO).run()
}

fn main() -> Result<(), RehearsalError> {
    let answer = compare()?;
    for policy in answer.policies() {
        let mean = |figure| policy.estimate(figure).map_or(f64::NAN, |estimate| estimate.mean);
        let (p95_ms, cost) = (mean(Figure::LatencyP95), mean(Figure::Cost));
        println!("{:8} p95 {p95_ms:6.0} ms   {cost:.3} USD", policy.name);
    }
    Ok(())
}

#[test]
fn more_replicas_are_faster_and_dearer() {
    let answer = compare().unwrap();
    let mean = |policy, figure| answer.mean(policy, figure).unwrap();
    assert!(mean("lean", Figure::LatencyP95) > mean("roomy", Figure::LatencyP95));
    assert!(mean("lean", Figure::Cost) < mean("roomy", Figure::Cost));
}
