//! The published validation of scale per request: AWS Lambda at twenty rates against the exact model
//! (Mahmoudi and Khazaei, SimFaaS). The table is read from the reference material; the model is the
//! shipped scenario `faas-validation`.

use super::judge::{Effort, REPLICATIONS, Z};
use super::table::shared;
use autosim_engine::simulation::{DecisionLog, Detail, run};
use autosim_study::scenario::{Layer, LoadOptions, Scenario, Sources, load};
use rayon::prelude::*;

/// One rate of the table.
#[derive(Debug, Clone)]
struct Row {
    rate: String,
    /// Share of cold requests, mean instances, share of them idle in percent.
    exact: [String; 3],
    measured_cold: f64,
    measured_instances: f64,
}

impl Row {
    /// `| rate | cold +- s.e. | exact | instances | exact | wasted % | exact % |`
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let &[rate, cold, cold_exact, instances, instances_exact, _, wasted_exact] =
            cells.as_slice()
        else {
            return None;
        };
        let measured_cold = cold.split_once("+-")?.0.trim().parse().ok()?;
        Some(Self {
            rate: rate.parse::<f64>().ok().map(|_| rate.to_owned())?,
            exact: [cold_exact, instances_exact, wasted_exact].map(str::to_owned),
            measured_cold,
            measured_instances: instances.parse().ok()?,
        })
    }
}

#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
fn rows() -> Option<Vec<Row>> {
    let Ok(text) = std::fs::read_to_string(shared().join("VALIDATION.md")) else {
        eprintln!("SKIPPED: the published measurements are not there: VALIDATION.md");
        return None;
    };
    let rows: Vec<Row> = text.lines().filter_map(Row::parse).collect();
    assert_eq!(rows.len(), 20, "the table of measurements has twenty rates");
    Some(rows)
}

fn scenario(changes: &[(&str, String)]) -> Scenario {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/faas-validation.toml");
    let text = std::fs::read_to_string(path).expect("the scenario is shipped");
    let layers = changes.iter().map(|(path, value)| Layer::value(*path, path, value)).collect();
    let options = LoadOptions { layers, ..LoadOptions::default() };
    match load(Sources::new("faas-validation.toml", text), &options) {
        Ok(loaded) => loaded.scenario,
        Err(findings) => panic!("{}", findings.render(false)),
    }
}

/// Cold share, instances, idle share in percent, running, life of an instance in seconds.
fn figures(scenario: &Scenario, replication: u32) -> [f64; 5] {
    let detail = Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
    let setup = scenario.setup(0, replication, None, detail);
    let outcome = run(setup).expect("nothing waits here");
    let (counts, fleet) = (&outcome.services[0].counts, &outcome.services[0].fleet);
    let mean = |integral: u128| integral as f64 / fleet.window_ns as f64;
    let (instances, running) = (mean(fleet.allocated_ns), mean(fleet.in_flight_ns));
    [
        counts.triggered_launch as f64 / counts.arrived as f64,
        instances,
        100.0 * (instances - running) / instances,
        running,
        fleet.removed_life_ns as f64 / fleet.removed as f64 / 1e9,
    ]
}

/// Means over the replications and what the rule allows for their noise.
fn observe(scenario: &Scenario) -> [(f64, f64); 5] {
    let runs: Vec<[f64; 5]> =
        (0..REPLICATIONS).into_par_iter().map(|i| figures(scenario, i)).collect();
    let n = runs.len() as f64;
    std::array::from_fn(|k| {
        let mean = runs.iter().map(|run| run[k]).sum::<f64>() / n;
        let square = runs.iter().map(|run| (run[k] - mean).powi(2)).sum::<f64>();
        (mean, Z * (square / (n - 1.0) / n).sqrt())
    })
}

/// What is wrong with one figure, printed to as many digits as `exact` shows.
fn differs(what: &str, seen: (f64, f64), exact: &str, bias: f64) -> Option<String> {
    let digits = exact.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let value: f64 = exact.parse().expect("a number");
    let allowed = seen.1 + 0.5 * 0.1_f64.powi(digits as i32) + bias * value;
    let good = (seen.0 - value).abs() <= allowed;
    (!good).then(|| format!("{what}: {:.6} instead of {exact}, allowed {allowed:.6}", seen.0))
}

/// The bias of the exact model itself for cold shares and lives.
const BIAS: f64 = 0.003;

/// Every figure that misses the exact model, and averages of errors that miss the published ones.
pub(crate) fn check_faas(effort: Effort) -> Option<Vec<String>> {
    let rows = rows()?;
    let (requests, rows) = match effort {
        Effort::Full => (420_000.0, &rows[..]),
        // Few requests reach the long run only where instances live for few requests.
        Effort::Fast => (20_000.0, &rows[..8]),
    };
    let mut wrong = Vec::new();
    let mut errors = [0.0; 2];
    for row in rows {
        let seconds = requests / 0.9 / row.rate.parse::<f64>().expect("a rate");
        let scenario = scenario(&[
            ("workload.arrivals.calls.poisson.rate", format!("{}/s", row.rate)),
            ("service.service_time.exponential.mean", "1.9813s".to_owned()),
            ("service.first_request.exponential.mean", "2.3037s".to_owned()),
            ("duration", format!("{seconds:.0}s")),
            ("warmup", format!("{:.0}s", seconds / 10.0)),
        ]);
        let seen = observe(&scenario);
        let names = ["cold", "instances", "wasted"];
        for (k, bias) in [BIAS, 0.0, 0.0].into_iter().enumerate() {
            let what = format!("{} req/s, {}", row.rate, names[k]);
            wrong.extend(differs(&what, seen[k], &row.exact[k], bias));
        }
        errors[0] += (seen[0].0 / row.measured_cold - 1.0).abs();
        errors[1] += (seen[1].0 / row.measured_instances - 1.0).abs();
    }
    if effort == Effort::Full {
        let percent = errors.map(|sum| 100.0 * sum / rows.len() as f64);
        let published = [(12.0, 14.0), (2.9, 3.7)];
        if !(0..2).all(|k| (published[k].0..=published[k].1).contains(&percent[k])) {
            wrong.push(format!("mean errors against AWS are {percent:?} %"));
        }
        wrong.extend(published_point());
    }
    Some(wrong)
}

/// The scenario as it is shipped: the point that the paper compares with SimFaaS's own figures.
fn published_point() -> Vec<String> {
    let [cold, instances, wasted, running, life] = observe(&scenario(&[]));
    let checks = [
        differs("shipped: cold", cold, "0.001326", BIAS),
        differs("shipped: instances", instances, "7.694", 0.0),
        differs("shipped: wasted %", wasted, "76.71", 0.0),
        differs("shipped: running", running, "1.7922", 0.0),
        differs("shipped: life", life, "6448", BIAS),
    ];
    checks.into_iter().flatten().collect()
}

#[test]
fn the_shipped_scenario_is_the_published_point() {
    let scenario = scenario(&[]);
    assert_eq!(scenario.replications, REPLICATIONS);
    let expected = scenario.services[0].workload.expected_requests(scenario.window.end);
    let counted = expected * (1.0 - scenario.window.warmup.as_secs_f64() / 500_000.0);
    assert!(counted > 400_000.0, "{counted} requests a replication");
}
