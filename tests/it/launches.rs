//! `launches.csv` beside the other files of a run: the same replicas, with the stages of their cold starts.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const SCENARIO: &str = r#"
duration = "40m"
replications = 2
seed = 5

[workload.arrivals.base.step]
from = "10/s"
to = "60/s"
at = "10m"

[service]
service_time.exponential = { mean = "100ms" }

[replica]
initial = 2
cold_start = { pull = { exponential = { mean = "20s" } }, boot = "5s" }

[policies.steps.target-tracking]
metric = "cpu"
target = "60%"
max = 12
actuation_delay = "4s"

[policies.each.keep-alive]
idle_expiry.constant = "30s"
max = 40
"#;

fn run(folder: &Path, more: &[&str]) {
    fs::write(folder.join("s.toml"), SCENARIO).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args([&["run", "s.toml", "--out", "left", "--quiet"], more].concat())
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn rows(folder: &Path, file: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(folder.join("left").join(file)).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn cell<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    let found = row.iter().find(|(column, _)| column == name);
    &found.unwrap_or_else(|| panic!("no column {name}")).1
}

fn seconds(row: &[(String, String)], name: &str) -> Option<f64> {
    let text = cell(row, name);
    (!text.is_empty()).then(|| text.parse().unwrap())
}

#[test]
fn launches_are_those_of_the_decisions_and_their_stages_add_up() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &[]);
    let decisions = rows(folder.path(), "decisions.csv");
    let all = rows(folder.path(), "launches.csv");
    let of =
        |name: &str| -> Vec<_> { all.iter().filter(|row| cell(row, "policy") == name).collect() };
    let ordered = of("steps");
    assert!(ordered.len() >= 4, "{}", ordered.len());
    for row in &ordered {
        assert_eq!((cell(row, "replication"), cell(row, "ordered_by")), ("1", "decision"));
        let at = |name: &str| seconds(row, name).unwrap();
        assert!((at("ordered_s") - at("decided_s") - 4.0).abs() < 1e-6, "{row:?}");
        assert_eq!((at("launched_s"), at("boot_s")), (at("ordered_s"), 5.0));
        assert_eq!((cell(row, "provision_s"), cell(row, "cold_start_s")), ("", ""));
        if let Some(ready) = seconds(row, "ready_s") {
            assert!((ready - at("launched_s") - at("pull_s") - 5.0).abs() < 1e-6, "{row:?}");
        } else {
            assert!(seconds(row, "cancelled_s").is_some() || at("launched_s") > 2300.0, "{row:?}");
        }
    }
    // Every decision that raised the count ordered as many as it says, in the order of launches.
    for decision in decisions.iter().filter(|row| cell(row, "policy") == "steps") {
        let count = |name| cell(decision, name).parse::<i64>().unwrap();
        let more = (count("desired") - count("desired_before")).max(0);
        let same = ordered.iter().filter(|row| cell(row, "decided_s") == cell(decision, "time_s"));
        assert_eq!(same.count() as i64, more, "{decision:?}");
    }
    // The n-th launch draws the n-th cold start, whatever the policy.
    let each = of("each");
    assert!(
        each.len() > ordered.len() && each.iter().all(|row| cell(row, "ordered_by") == "request")
    );
    for (one, other) in ordered.iter().zip(&each) {
        assert_eq!(cell(one, "launch"), cell(other, "launch"));
        assert_eq!(cell(one, "pull_s"), cell(other, "pull_s"));
    }
}
