//! What a run is said to take, against what it took: the figures of `docs/performance.md`.

use autosim_study::experiment::Estimate;
use autosim_study::scenario::{Layer, LoadOptions, Scenario, Sources, load};
use std::fs;
use std::path::Path;

fn text_of(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn scenario(file: &str, set: &[(&str, &str)]) -> Scenario {
    let layers = set.iter().map(|(path, value)| Layer::value("--set", path, value)).collect();
    let options = LoadOptions { fallback_name: "bench".into(), layers, ..LoadOptions::default() };
    let loaded = load(Sources::new(file, text_of(file)), &options);
    loaded.map_err(|found| found.render(false)).unwrap().scenario
}

/// The number a cell of a table begins with.
fn number(cell: &str) -> f64 {
    cell.split_whitespace().next().unwrap().parse().unwrap()
}

/// Scenarios of the tables with their million requests per CPU-second.
fn measured() -> Vec<(String, f64)> {
    let text = text_of("docs/performance.md");
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let of = |cells: Vec<&str>| {
        let name = cells.iter().find_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))?;
        let exists =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/bench/{name}.toml"));
        exists.exists().then(|| (name.to_owned(), number(cells[4])))
    };
    cells.filter_map(of).collect()
}

#[test]
fn estimates_are_within_a_factor_of_two_of_what_was_measured() {
    let measured = measured();
    assert!(measured.len() >= 20, "{measured:?}");
    for (name, millions) in measured {
        let estimate = Estimate::of(&scenario(&format!("scenarios/bench/{name}.toml"), &[]), 1);
        let said = estimate.requests / estimate.elapsed_s / 1e6;
        let off = said / millions;
        assert!((0.5..=2.0).contains(&off), "{name}: said {said:.1}, measured {millions}");
    }
}

/// Policies side by side, stories and a year as a flow; CPU seconds of `docs/performance.md` and of runs of
/// the stories, with the peak in MiB.
#[test]
fn estimates_of_whole_runs_are_within_a_factor_of_two() {
    for (file, set, cpu_s) in [
        ("scenarios/quickstart.toml", &[][..], 4.65),
        ("scenarios/bench/w1b-150-products.toml", &[("duration", "7200s")], 0.92),
        ("scenarios/bench/fluid-year.toml", &[], 7.9),
    ] {
        let estimate = Estimate::of(&scenario(file, set), 1);
        let off = estimate.elapsed_s / cpu_s;
        assert!(
            (0.5..=2.0).contains(&off),
            "{file}: said {}, measured {cpu_s}",
            estimate.elapsed_s
        );
        assert!(estimate.memory_bytes < 200e6, "{file}: {estimate:?}");
    }
}

#[test]
fn cells_at_once_share_the_time_and_add_their_memory() {
    let set = [("replications", "4"), ("duration", "4h")];
    let bench = scenario("scenarios/bench/w1b-10000.toml", &set);
    let [one, two] = [1, 2].map(|jobs| Estimate::of(&bench, jobs));
    assert_eq!((one.cells, one.requests), (two.cells, two.requests));
    assert!((one.elapsed_s / two.elapsed_s - 2.0).abs() < 1e-9);
    assert!(two.memory_bytes > one.memory_bytes);
    assert_eq!(Estimate::jobs_that_fit(&bench, 16), 16);
    let large = scenario(
        "scenarios/bench/w1b-10000.toml",
        &[("replications", "4"), ("replica.initial", "9000000")],
    );
    let jobs = Estimate::jobs_that_fit(&large, 16);
    assert!((1..4).contains(&jobs) && Estimate::of(&large, jobs).memory_bytes < 4.3e9, "{jobs}");
}
