//! `decide` on the edges of recordings: rows off a product's clock, entries begun before the first row,
//! columns under a product's names, evaluations that come late.

use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// What `decide` answers to a document and a recording: time, count before, count after, reason; and what it
/// says besides.
fn decide(
    document: &serde_json::Value,
    recording: &str,
    more: &[&str],
) -> (Vec<(f64, u32, u32, String)>, String) {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("document.json", &document.to_string());
    put("rows.csv", recording);
    let arguments = ["decide", "--policy", "document.json", "--readings", "rows.csv"];
    let out = autosim(folder.path(), &[&arguments[..], more].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let mut csv = csv::Reader::from_reader(&out.stdout[..]);
    let header = csv.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (time, before, after, reason) =
        (at("time_s"), at("replicas_before"), at("desired"), at("reason"));
    let rows = csv.records().map(|row| {
        let row = row.unwrap();
        let count = |at: usize| row[at].parse::<u32>().unwrap();
        (row[time].parse().unwrap(), count(before), count(after), row[reason].to_owned())
    });
    (rows.collect(), text(&out.stderr))
}

fn autosim(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn counts(rows: &[(f64, u32, u32, String)]) -> Vec<(f64, u32, u32)> {
    rows.iter().map(|(at, before, after, _)| (*at, *before, *after)).collect()
}

/// SAE: 3 to 50 by CPU of 20 %, from 08:00 to 20:00 5 to 10.
fn mix() -> serde_json::Value {
    let times = json!({ "period": "* * *", "schedules": [
        { "atTime": "08:00", "minReplicas": 5, "maxReplicas": 10 },
        { "atTime": "20:00", "minReplicas": 3, "maxReplicas": 50 },
    ] });
    let metric = json!({ "minReplicas": 3, "maxReplicas": 50, "metrics": [
        { "metricType": "CPU", "metricTargetAverageUtilization": 20 },
    ] });
    json!({ "AppId": "a", "ScalingRuleName": "m", "ScalingRuleType": "mix", "ScalingRuleEnable": true,
        "ScalingRuleTimer": times.to_string(), "ScalingRuleMetric": metric.to_string() })
}

#[test]
fn every_row_is_an_evaluation_of_sae_whatever_its_time() {
    // 08:00 is at 37 s, no multiple of fifteen.
    let start = ["--as", "readings", "--initial", "5", "--start", "2026-03-02T07:59:23+08:00"];
    let (rows, _) = decide(&mix(), "time_s,CPU\n22,20\n37,36\n52,20\n", &start);
    assert_eq!(counts(&rows), [(22.0, 5, 5), (37.0, 5, 9), (52.0, 9, 9)], "{rows:?}");
    // As samples its own clock says when, and a special time between two evaluations only corrects.
    let start = ["--initial", "5", "--start", "2026-03-02T07:59:23+08:00"];
    let (rows, _) = decide(&mix(), "time_s,CPU\n0,20\n15,20\n30,36\n45,20\n", &start);
    let between: Vec<_> = rows.iter().filter(|row| row.0 == 37.0).collect();
    assert_eq!((between.len(), between[0].2), (1, between[0].1), "{rows:?}");
    assert_eq!(between[0].3, "recommend: no evaluation now");
}

#[test]
fn a_special_time_of_sae_that_began_before_the_first_row_is_past() {
    let start = ["--as", "readings", "--initial", "3", "--start", "2026-03-02T07:59:00+08:00"];
    let began = decide(&mix(), "time_s,CPU\n100,20\n115,20\n", &start).0;
    assert_eq!(counts(&began), [(100.0, 3, 3), (115.0, 3, 3)], "{began:?}");
    let begins = decide(&mix(), "time_s,CPU\n60,20\n75,20\n", &start).0;
    assert_eq!(counts(&begins), [(60.0, 3, 5), (75.0, 5, 5)], "{begins:?}");
    let within = decide(&mix(), "time_s,CPU\n45,20\n75,20\n", &start).0;
    assert_eq!(counts(&within), [(45.0, 3, 3), (75.0, 3, 5)], "{within:?}");
}

fn eas(min: u32, metric: &str, threshold: u32) -> serde_json::Value {
    json!({ "min": min, "max": 20,
        "scaleStrategies": [{ "metricName": metric, "threshold": threshold }],
        "behavior": { "onZero": { "scaleDownGracePeriodSeconds": 60 },
            "scaleDown": { "stabilizationWindowSeconds": 0 } } })
}

#[test]
fn a_column_under_the_products_name_holds_what_its_controller_sees() {
    // Two of four replicas still start. Of all four 80 % are 40 %: nothing to do; what EAS itself shows
    // has that in it already.
    let rows = "\n0,4,2,80\n";
    for (metric, column, after) in
        [("cpu", "cpu_percent", 4), ("cpu", "cpu", 7), ("gpu[util]", "gpu[util]", 7)]
    {
        let recording = format!("time_s,replicas,ready,{column}{rows}");
        let (rows, _) = decide(&eas(1, metric, 50), &recording, &["--as", "readings"]);
        assert_eq!(counts(&rows), [(0.0, 4, after)], "{column}");
    }
}

#[test]
fn traffic_under_the_products_names_counts_though_no_strategy_reads_it() {
    // A service that may sleep and scales on CPU; the recording shows requests as EAS calls them.
    for column in ["qps", "queue[avgbacklog]", "requests_per_s"] {
        let recording = |rate: u32| -> String {
            let rows = (0..8).map(|row| format!("{},{rate},10\n", 15 * row));
            format!("time_s,{column},cpu\n{}", rows.collect::<String>())
        };
        let last = |rate| {
            let document = eas(0, "cpu", 50);
            let (rows, said) =
                decide(&document, &recording(rate), &["--as", "readings", "--initial", "1"]);
            assert!(!said.contains("no column shows traffic"), "{said}");
            rows.last().unwrap().2
        };
        assert_eq!((last(0), last(3)), (0, 1), "{column}");
    }
}

#[test]
fn evaluations_that_come_late_are_played_when_they_come() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policies/scaleway.json");
    let document = serde_json::from_str(&fs::read_to_string(document).unwrap()).unwrap();
    let rows: String = (0..91).map(|row| format!("{},90\n", 10 * row)).collect();
    let recording = format!("time_s,cpu_percent\n{rows}");
    let on_time = decide(&document, &recording, &["--initial", "2"]).0;
    let late = decide(&document, &recording, &["--initial", "2", "--set", "tick_jitter_s=40"]).0;
    let acted = |rows: &[(f64, u32, u32, String)]| -> Vec<f64> {
        rows.iter().filter(|row| row.1 != row.2).map(|row| row.0).collect()
    };
    assert_eq!(acted(&on_time)[0], 300.0, "{on_time:?}");
    let first = acted(&late)[0];
    assert!(first > 300.0 && first <= 340.0, "{late:?}");
    assert!(
        late.iter().any(|row| row.0 == 300.0 && row.3.ends_with("between two evaluations")),
        "{late:?}"
    );
    assert!(late.windows(2).all(|pair| pair[0].0 < pair[1].0), "{late:?}");
}
