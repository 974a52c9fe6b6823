//! How far is the flow from the exact engine? Pairs of a scenario and a policy, run both ways.

mod pairs;

use autosim_study::experiment::{Figure, Results, RunOptions, Silent, run};
use autosim_study::scenario::{LoadOptions, Sources, load};
use pairs::{PAIRS, Pair};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Which pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Those that take seconds.
    Fast,
    /// All.
    Full,
}

/// What is compared, and how far it may be off.
const COMPARED: [(Figure, f64); 3] =
    [(Figure::Cost, 0.03), (Figure::LatencyMean, 0.10), (Figure::LatencyP99, 0.25)];

/// One row of the table: exact and fluid of each compared figure, then of the actions.
pub(crate) struct Measured {
    name: &'static str,
    values: Vec<(f64, f64)>,
    actions: (f64, f64),
}

impl Measured {
    /// Fluid over exact less one.
    fn errors(&self) -> impl Iterator<Item = f64> {
        self.values.iter().map(|(exact, fluid)| fluid / exact - 1.0)
    }

    /// Whether every figure is within its limit.
    pub(crate) fn holds(&self) -> bool {
        self.errors().zip(COMPARED).all(|(error, (_, limit))| error.abs() <= limit)
    }
}

fn scenario_text(pair: &Pair, fidelity: &str) -> String {
    let Pair { traffic, service, replica, policy, minutes, replications, .. } = pair;
    // Keys of the whole scenario come before its tables.
    let (head, tables) = match traffic.split_once('\n') {
        Some((head, tables)) if head.starts_with("start") => (head, tables),
        _ => ("", *traffic),
    };
    format!(
        "duration = '{minutes}m'\nreplications = {replications}\nwarmup = '5m'\n\
         fidelity = '{fidelity}'\ntimeline = '{minutes}m'\n{head}\n{tables}\n[service]\n{service}\n\
         [replica]\n{replica}\n[policies]\nit.{policy}\n"
    )
}

fn results(pair: &Pair, fidelity: &str, folder: &Path) -> Results {
    let mut text = scenario_text(pair, fidelity);
    if pair.minutes <= 10 {
        text = text.replace("warmup = '5m'", "warmup = '1m'");
    }
    let options = LoadOptions {
        folder: folder.to_owned(),
        fallback_name: "pair".into(),
        ..LoadOptions::default()
    };
    let scenario = match load(Sources::new("pair.toml", text), &options) {
        Ok(loaded) => loaded.scenario,
        Err(found) => panic!("{}: {}", pair.name, found.render(false)),
    };
    // What the table covers is what `auto` may pick.
    assert_eq!(scenario.fidelity.why, "", "{}", pair.name);
    let cancel = Arc::default();
    let options = RunOptions {
        jobs: 2,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &cancel,
    };
    run(&scenario, &options, &Silent).unwrap()
}

fn mean(results: &Results, figure: Figure) -> f64 {
    let values: Vec<f64> =
        results.policies[0].first_service().filter_map(|row| row.row.get(figure)).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// Counts of minutes: a wave, weekly noise and a few minutes that are missing, made here.
fn write_counts(folder: &Path) {
    let mut text = String::from("time,count\n");
    for minute in 0..300_u32 {
        let wave = (f64::from(minute) / 95.0 * std::f64::consts::TAU).sin();
        let rough = f64::from((minute * 7919) % 101) / 101.0 - 0.5;
        let count = 60.0 * (220.0 + 110.0 * wave + 50.0 * rough);
        writeln!(text, "{},{}", minute * 60, count.round()).unwrap();
    }
    std::fs::write(folder.join("counts.csv"), text).unwrap();
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policies");
    std::fs::create_dir(folder.join("policies")).unwrap();
    for file in ["scaleway.json", "sae-metrics.json"] {
        std::fs::copy(policies.join(file), folder.join("policies").join(file)).unwrap();
    }
}

/// Runs the pairs both ways.
pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let folder = tempfile::tempdir().unwrap();
    write_counts(folder.path());
    let mut measured = Vec::new();
    for pair in PAIRS.iter().filter(|pair| effort == Effort::Full || pair.fast) {
        let exact = results(pair, "exact", folder.path());
        let fluid = results(pair, "fluid", folder.path());
        let both = |figure| (mean(&exact, figure), mean(&fluid, figure));
        measured.push(Measured {
            name: pair.name,
            values: COMPARED.map(|(figure, _)| both(figure)).into(),
            actions: both(Figure::Actions),
        });
    }
    measured
}

/// The table as Markdown.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut out = String::from(
        "| pair | cost: exact | fluid | off by | mean ms: exact | fluid | off by | p99 ms: exact | fluid \
         | off by | actions: exact | fluid | |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
    );
    for row in measured {
        write!(out, "| {} |", row.name).unwrap();
        for ((exact, fluid), error) in row.values.iter().zip(row.errors()) {
            let digits = |value: f64| if value < 1000.0 { 1 } else { 0 };
            let (a, b) = (digits(*exact), digits(*fluid));
            write!(out, " {exact:.a$} | {fluid:.b$} | {:+.1} % |", error * 100.0).unwrap();
        }
        let note = if row.holds() { "" } else { " misses" };
        writeln!(out, " {:.0} | {:.0} |{note} |", row.actions.0, row.actions.1).unwrap();
    }
    let holds = measured.iter().filter(|row| row.holds()).count();
    writeln!(out, "\n{holds} of {} pairs hold.", measured.len()).unwrap();
    out
}
