//! A sweep in code: which CPU target is the cheapest that keeps the SLO?
//!
//! ```console
//! $ cargo run --release --example sweep
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim::{Answer, Figure, Rehearsal, RehearsalError, Ruling};

fn sweep() -> Result<Answer, RehearsalError> {
    let mut rehearsal = Rehearsal::of_scenario("")
        .set(
            "workload.arrivals.day.sinusoid",
            "{ mean = '120/s', amplitude = '80/s', period = '1h' }",
        )
        .set("duration", "2h")
        .set("replications", 3)
        .set("slo.latency", "p99 < 600ms")
        .set("replica.cold_start", "40s")
        .set("replica.initial", 16)
        .set("price.per_replica_hour", "0.10 USD");
    // One run: all targets meet the same requests, so that differences between them are paired.
    for target in (40..=90).step_by(10) {
        let tracking = format!("{{ metric = 'cpu', target = '{target}%', max = 60 }}");
        rehearsal =
            rehearsal.policy(&format!("cpu-{target}"), &format!("target-tracking = {tracking}"));
    }
    rehearsal.run()
}

fn main() -> Result<(), RehearsalError> {
    let answer = sweep()?;
    for policy in answer.policies() {
        let mean = |figure| policy.estimate(figure).map_or(f64::NAN, |estimate| estimate.mean);
        let kept = if policy.verdict.ruling == Ruling::Met { "kept" } else { "missed" };
        let (p99_ms, cost) = (mean(Figure::LatencyP99), mean(Figure::Cost));
        println!("{:8} p99 {p99_ms:6.0} ms   {cost:.3} USD   {kept}", policy.name);
    }
    match answer.cheapest_that_holds() {
        Some(best) => println!("cheapest that holds: {}", best.name),
        None => println!("no target holds"),
    }
    Ok(())
}

#[test]
fn the_cheapest_target_that_holds_is_neither_the_lowest_nor_one_that_misses() {
    let answer = sweep().unwrap();
    let best = answer.cheapest_that_holds().unwrap();
    assert_eq!(best.verdict.ruling, Ruling::Met);
    assert_ne!(best.name, "cpu-40");
    let cost = |name: &str| answer.mean(name, Figure::Cost).unwrap();
    assert!(cost("cpu-40") > cost("cpu-80"));
}
