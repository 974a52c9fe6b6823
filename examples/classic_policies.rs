//! The policies of the literature on traffic of several shapes: the table of `docs/policies.md`.
//!
//! Service, replicas and policies are those of `scenarios/classic-policies.toml`. Any recording that autosim reads may be
//! given in place of the traffic below; it is thinned or copied to 20 requests a second, so that the sizes fit.
//!
//! ```console
//! $ cargo run --release --example classic_policies
//! $ cargo run --release --example classic_policies -- access.log.gz
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim::{Compared, Figure, Rehearsal, RehearsalError};
use std::path::Path;

const SCENARIO: &str = include_str!("../scenarios/classic-policies.toml");
/// Requests a second, on average.
const MEAN: f64 = 20.0;
const BURSTS: &str =
    "{ states = [{ rate = '10/s', dwell = '10m' }, { rate = '120/s', dwell = '1m' }] }";

const COLUMNS: [(&str, Figure, f64); 5] = [
    ("missing, % of need", Figure::ThetaUnder, 1.0),
    ("spare, % of need", Figure::ThetaOver, 1.0),
    ("time short, %", Figure::TauUnder, 1.0),
    ("in time, %", Figure::SloRequests, 100.0),
    ("replica-hours", Figure::BilledHours, 1.0),
];

/// What follows the traffic in the scenario.
fn rest() -> &'static str {
    SCENARIO.find("[slo]").map_or(SCENARIO, |at| &SCENARIO[at..])
}

/// The requests a second of a recording, told from a hundredth of them.
fn rate(file: &str) -> Result<f64, RehearsalError> {
    let source = format!("{{ file = {file:?}, rate_scale = 0.01 }}");
    let answer = Rehearsal::of_scenario("replications = 1")
        .set("workload.arrivals.main.replay", source)
        .policy("ample", "fixed = { replicas = 1000 }")
        .run()?;
    Ok(100.0 * answer.mean("ample", Figure::Goodput).unwrap_or(f64::NAN))
}

/// The scenario on a recording.
fn recorded(file: &str) -> Result<Rehearsal, RehearsalError> {
    let source = format!("{{ file = {file:?}, rate_scale = {} }}", MEAN / rate(file)?);
    Ok(Rehearsal::of_scenario(rest()).set("workload.arrivals.main.replay", source))
}

/// The scenario on bursts that begin at any time: a day of them.
fn bursts() -> Rehearsal {
    Rehearsal::of_scenario(rest()).set("duration", "1d").set("workload.arrivals.main.mmpp", BURSTS)
}

fn row(policy: &Compared) -> String {
    let cell = |(_, figure, factor): (&str, Figure, f64)| match policy.estimate(figure) {
        Some(found) => match found.half_width {
            Some(half) => format!(" {:.1} ±{:.1} |", found.mean * factor, half * factor),
            None => format!(" {:.1} |", found.mean * factor),
        },
        None => " |".to_owned(),
    };
    format!("| {} |{}", policy.name, COLUMNS.map(cell).concat())
}

fn table(name: &str, traffic: &Rehearsal) -> Result<String, RehearsalError> {
    let answer = traffic.clone().set("replications", 5).run()?;
    let titles = COLUMNS.map(|(title, ..)| format!(" {title} |")).concat();
    let rows: Vec<String> = answer.policies().iter().map(row).collect();
    let rule = "|---|--:|--:|--:|--:|--:|";
    Ok(format!("### {name}\n\n| policy |{titles}\n{rule}\n{}\n", rows.join("\n")))
}

fn main() -> Result<(), RehearsalError> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let files = match given.is_empty() {
        true => vec!["traces/web-week.csv.gz".to_owned(), "traces/flash-crowds.csv.gz".to_owned()],
        false => given.clone(),
    };
    for file in &files {
        let name =
            Path::new(file).file_name().map_or(file.as_str().into(), |name| name.to_string_lossy());
        println!("{}", table(name.split('.').next().unwrap_or(file), &recorded(file)?)?);
    }
    if given.is_empty() {
        println!("{}", table("bursts", &bursts())?);
    }
    Ok(())
}

#[test]
fn who_keeps_spare_misses_less_and_pays_for_it() {
    let answer = bursts().set("duration", "3h").set("replications", 2).run().unwrap();
    let mean = |policy, figure| answer.mean(policy, figure).unwrap();
    let (plain, margin) = ("reactive", "reactive-margin");
    assert!(mean(plain, Figure::ThetaUnder) > mean(margin, Figure::ThetaUnder));
    assert!(mean(plain, Figure::BilledHours) < mean(margin, Figure::BilledHours));
    // Nobody who only reacts is there when a burst begins; foresight is.
    assert!(mean("clairvoyant", Figure::SloRequests) > mean("autoscale", Figure::SloRequests));
}

#[test]
fn a_recording_is_played_at_the_rate_that_the_sizes_are_for() {
    let traffic = recorded("traces/mmpp.csv.gz").unwrap().set("replications", 1).run().unwrap();
    let arrived = traffic.mean("clairvoyant", Figure::Arrived).unwrap();
    assert!((arrived / 1800.0 - MEAN).abs() < 0.1 * MEAN, "{arrived} in half an hour");
}
