//! The folder of a run, from results made up or simulated.

use super::*;
use crate::sample::{TEXT, scenario};
use autosim_study::experiment::{RunOptions, Silent, run};
use std::fs;

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_run_leaves_every_file_and_each_csv_is_whole() {
    let (results, comparison) = sample::comparison();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("launch-day");
    let written = write_all(&results, &comparison, &folder).unwrap();
    let files = contents(&folder);
    assert_eq!((written.folder, written.files.len()), (folder.clone(), files.len()));
    let manifest = files.iter().find(|(name, _)| name == manifest::NAME).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.1).unwrap();
    let listed: Vec<&str> =
        manifest["files"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    assert!(listed.iter().copied().eq(files.iter().map(|(name, _)| name.as_str())), "{listed:?}");
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "summary.csv",
        "replications.csv",
        "timeline.csv",
        "decisions.csv",
        "launches.csv",
        "decisions.jsonl",
        "reactions.jsonl",
        "moments.jsonl",
        "manifest.json",
        "report.html",
        "cost-vs-latency.svg",
        "cost-vs-latency.png",
        "latency-cdf.svg",
        "slo-by-minute.svg",
        "waste-and-unmet.svg",
        "timeline-steady.svg",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    for (name, rows) in [
        ("summary.csv", 6),
        ("replications.csv", 24),
        ("timeline.csv", 6 * 1440),
        ("decisions.csv", results.policies.iter().map(decisions).sum()),
        ("launches.csv", results.policies.iter().map(launches).sum()),
    ] {
        // The reader refuses rows of unequal length.
        let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
        assert!(reader.records().all(|record| record.is_ok()), "{name}");
        let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
        assert_eq!(reader.records().count(), rows, "{name}");
    }
}

fn decisions(policy: &autosim_study::experiment::PolicyResults) -> usize {
    policy.details.iter().flat_map(|details| &details.services).map(|s| s.decisions.len()).sum()
}

fn launches(policy: &autosim_study::experiment::PolicyResults) -> usize {
    let services = policy.details.iter().flat_map(|details| &details.services);
    services.map(|service| service.launches.kept.len()).sum()
}

/// One cell of a CSV, by the value of its first column and the name of the wanted one.
fn cell(text: &str, row: &str, column: &str) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
    let record = reader.records().map(|record| record.unwrap()).find(|record| &record[0] == row);
    record.unwrap()[at].to_owned()
}

#[test]
fn the_summary_has_figures_with_units_intervals_and_judgement() {
    let (results, comparison) = sample::comparison();
    let text = summary_csv(&results, &comparison);
    for (row, column, value) in [
        ("steady", "replications", "4"),
        ("steady", "currency", "USD"),
        ("steady", "slo", "met"),
        ("steady", "is_baseline", "true"),
        ("steady", "cost_vs_baseline", ""),
        ("night-sleeper", "slo", "missed"),
        ("night-sleeper", "slo_latency_ms", ""),
        ("peak", "on_frontier", "true"),
        ("oracle", "on_frontier", "false"),
        ("steady", "arrived", "20008"),
    ] {
        assert_eq!(cell(&text, row, column), value, "{row} {column}");
    }
    let number = |column| cell(&text, "peak", column).parse::<f64>().unwrap();
    assert!(number("cost_ci95_low") < number("cost") && number("cost") < number("cost_ci95_high"));
    assert!(number("cost_vs_baseline") > 0.0 && number("cost_vs_baseline_p_holm") < 0.05);
}

#[test]
fn the_timeline_has_columns_of_clients_empty_where_they_only_wait() {
    let written = |results: &Results| {
        let mut out = Vec::new();
        timeline_csv::write(results, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let results = sample::with_clients();
    let arrivals = results.policies[5].details[0].services[0].timeline[0].arrivals;
    let row = &results.policies[5].name;
    let (plain, text) = (written(&sample::results()), written(&results));
    for (column, value) in [
        ("retries", (arrivals / 4).to_string()),
        ("unheard_answers", (arrivals / 10).to_string()),
        ("wasted_slot_s", (arrivals as f64 / 40.0).to_string()),
        ("thinking_users", String::new()),
    ] {
        assert_eq!(cell(&text, row, column), value, "{column}");
        assert_eq!(cell(&plain, row, column), "", "{column}");
    }
}

#[test]
fn a_decision_row_recomputes() {
    let results = sample::results();
    let mut out = Vec::new();
    decisions_csv::write(&results, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for (column, value) in [
        ("time_s", "1140"),
        ("trigger", "control"),
        ("desired_before", "15"),
        ("desired", "14"),
        ("after_recommend", "14"),
        ("after_bounds", ""),
        ("reason_stage", "recommend"),
        ("signal_1", "cpu_percent"),
        ("signal_1_value", "56"),
        ("signal_1_age_s", "15"),
    ] {
        assert_eq!(cell(&text, "steady", column), value, "{column}");
    }
}

#[test]
fn the_manifest_says_what_was_run() {
    let mut results = sample::results();
    results.complete = false;
    let mut out = Vec::new();
    manifest::write(&results, &["report.html".to_owned()], &mut out).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(manifest["complete"], false);
    assert_eq!(manifest["files"][0], "report.html");
    assert_eq!(manifest["work_bound"][0], 14.2);
    assert_eq!(manifest["inputs"][0]["sha256"], "00ff");
    assert_eq!(manifest["policies"][1]["effective"]["target-tracking"]["max"], 60);
}

#[test]
fn an_interrupted_run_says_how_many_replications_it_finished() {
    let (mut results, comparison) = sample::comparison();
    let page = |results: &Results| {
        let mut out = Vec::new();
        html::write(results, &comparison, None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(!page(&results).contains("INCOMPLETE"));
    results.complete = false;
    results.about.replications = 50;
    let text = table(&results, &comparison, 80).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["all, 4 of 50 replications, seed", "over 4 of 50 replications (S", "INCOMPLETE"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let head = page(&results);
    let head = head.split("</header>").next().unwrap();
    assert!(head.contains("INCOMPLETE") && head.contains("<dd>4 of 50</dd>"), "{head}");
    let json = summary_json(&results, &comparison);
    assert_eq!((&json["replications"], &json["replications_asked"]), (&4.into(), &50.into()));
    // What one policy did not finish is not a replication of the comparison.
    results.policies[0].rows.clear();
    assert_eq!(results.replications_told(), "0 of 50");
}

#[test]
fn the_json_summary_has_the_digits_of_the_csv() {
    let (results, comparison) = sample::comparison();
    let json = summary_json(&results, &comparison);
    assert_eq!(json["baseline"], "steady");
    let cost = json["policies"][0]["figures"]["cost"]["mean"].as_f64().unwrap();
    let text = summary_csv(&results, &comparison);
    assert_eq!(cell(&text, "peak", "cost").parse::<f64>().unwrap(), cost);
    assert!(json["policies"][1]["vs_baseline"].as_object().unwrap().is_empty());
}

#[test]
fn every_byte_is_the_same_for_any_number_of_threads() {
    let home = tempfile::tempdir().unwrap();
    let scenario = scenario(TEXT);
    let mut left = Vec::new();
    for jobs in [1, 2] {
        let cancel = std::sync::Arc::default();
        let options = RunOptions {
            jobs,
            all_timelines: true,
            all_decisions: true,
            limits: &[],
            cancel: &cancel,
        };
        let results = run(&scenario, &options, &Silent).unwrap();
        let comparison = Comparison::of(&results);
        let folder = home.path().join(jobs.to_string());
        write_all(&results, &comparison, &folder).unwrap();
        left.push((contents(&folder), table(&results, &comparison, 80)));
    }
    let names: Vec<&String> = left[0].0.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 16, "{names:?}");
    assert!(left[0] == left[1], "some file depends on the number of threads");
}
