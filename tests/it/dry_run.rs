//! `decide` on the edges of recordings: rows off a product's clock, entries begun before the first row,
//! columns under a product's names, evaluations that come late.

use serde_json::json;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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

/// The counts a product comes to, with the times, where the same values come at every `step`.
fn changes(
    document: &serde_json::Value,
    header: &str,
    cells: &str,
    step: u64,
) -> Vec<(f64, u32, u32)> {
    let rows = (0..=3600 / step).map(|at| format!("{},{cells}\n", at * step));
    let recording = format!("time_s,{header}\n{}", rows.collect::<String>());
    let more = ["--initial", "2", "--start", "2026-03-02T00:00:00+08:00"];
    let (rows, said) = decide(document, &recording, &more);
    assert!(step < 60 || said.contains(" apart; the policy looks back "), "{said}");
    counts(&rows).into_iter().filter(|row| row.1 != row.2).collect()
}

#[test]
fn a_steady_load_is_answered_alike_whether_it_is_recorded_often_or_seldom() {
    let scalingo = json!({ "autoscaler": { "container_type": "web", "metric": "memory", "target": 0.9,
        "min_containers": 2, "max_containers": 10, "disabled": false } });
    let hpa = json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web" }, "spec": { "maxReplicas": 12, "metrics": [ { "type": "External",
            "external": { "metric": { "name": "backlog" }, "target": { "type": "Value", "value": "10" } } } ],
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" } } });
    for (document, header, cells, often, seldom) in [
        (&mix(), "CPU", "60", 15, 60),
        (&mix(), "CPU", "60", 15, 300),
        (&eas(1, "qps", 10), "qps", "20", 15, 60),
        (&scalingo, "memory_percent", "95", 15, 120),
        (&scalingo, "memory_percent", "95", 15, 300),
        (&hpa, "backlog", "30", 15, 300),
    ] {
        let [often, seldom] = [often, seldom].map(|step| changes(document, header, cells, step));
        assert_eq!(often, seldom, "{header}");
        assert!(!often.is_empty(), "{header}");
    }
}

/// An answer of Prometheus: names with labels, values every minute from 2026-03-02 on.
fn prometheus(series: &[(&str, &[&str])]) -> String {
    let series = series.iter().map(|(labels, values)| {
        let values = values.iter().enumerate();
        let values = values.map(|(at, value)| format!("[{},\"{value}\"]", 1_772_409_600 + 60 * at));
        format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", values.collect::<Vec<_>>().join(","))
    });
    let result = series.collect::<Vec<_>>().join(",");
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{result}]}}}}"
    )
}

#[test]
fn series_are_read_as_readings_and_what_cannot_be_told_is_asked() {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("eas.json", &eas(1, "qps", 10).to_string());
    let replicas = r#""__name__":"kube_deployment_status_replicas","deployment":"web""#;
    put("replicas.json", &prometheus(&[(replicas, &["3", "3", "5"])]));
    put("rates.json", &prometheus(&[(r#""job":"web""#, &["10", "20", "NaN"])]));
    let run = |more: &[&str]| {
        let decide =
            ["decide", "--policy", "eas.json", "--readings", "rates.json", "--as", "readings"];
        let out = autosim(folder.path(), &[&decide[..], more].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (code, _, said) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--column 'NAME={job=\"web\"}'"), "{said}");
    let (code, _, said) = run(&["--readings", "replicas.json"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("what the policy reads, `qps` (say which: --column 'qps={job=\"web\"}'"),
        "{said}"
    );
    let (code, decided, said) =
        run(&["--readings", "replicas.json", "--column", "qps={job=\"web\"}"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("2 series of 5 values: qps = {job=\"web\"}; replicas = kube_deployment"),
        "{said}"
    );
    let rows: Vec<String> = decided
        .lines()
        .skip(1)
        .map(|row| row.splitn(5, ',').take(4).collect::<Vec<_>>().join(","))
        .collect();
    let at = |minute: u32, counts: &str| {
        format!("{},2026-03-02T00:0{minute}:00+00:00,{counts}", 60 * minute)
    };
    assert_eq!(rows, [at(0, "3,3"), at(1, "3,6"), at(2, "5,5")]);
}

#[test]
fn rows_of_a_pipe_are_answered_as_they_come_and_as_those_of_a_file() {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let loads = ["50", "80", "", "20", "95", "95"];
    let row = |at: usize| format!("{},{}\n", 60 * at, loads[at % loads.len()]);
    let rows: Vec<String> = (0..40).map(row).collect();
    put("rows.csv", &format!("time_s,cpu_percent\n{}", rows.concat()));
    put("sae.json", &mix().to_string());
    put("own.toml", "[policies.p.target-tracking]\nmetric = \"cpu\"\ntarget = \"50%\"\nmax = 9\n");
    for policy in ["sae.json", "own.toml"] {
        for more in
            [&["--as", "samples"][..], &["--as", "readings"], &["--changes"], &["--format", "json"]]
        {
            let decide = ["decide", "--initial", "4", "--start", "2026-03-02", "--policy", policy];
            let decide = [&decide[..], more, &["--readings"]].concat();
            let whole = autosim(folder.path(), &[&decide[..], &["rows.csv"]].concat());
            let mut live = Command::new(env!("CARGO_BIN_EXE_autosim"));
            live.args(decide).arg("-").current_dir(folder.path());
            live.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut live = live.spawn().unwrap();
            let mut input = live.stdin.take().unwrap();
            let mut output = BufReader::new(live.stdout.take().unwrap());
            let mut answered = String::new();
            input.write_all(b"time_s,cpu_percent\n").unwrap();
            input.write_all(rows[0].as_bytes()).unwrap();
            // The input is still open: this would wait for ever if the rows were.
            output.read_line(&mut answered).unwrap();
            rows[1..].iter().for_each(|row| input.write_all(row.as_bytes()).unwrap());
            drop(input);
            std::io::Read::read_to_string(&mut output, &mut answered).unwrap();
            assert_eq!(answered, String::from_utf8(whole.stdout).unwrap(), "{policy} {more:?}");
            let said = String::from_utf8(live.wait_with_output().unwrap().stderr).unwrap();
            let last = |said: &str| said.lines().last().map(str::to_owned);
            assert_eq!(last(&said), last(&String::from_utf8(whole.stderr).unwrap()));
        }
    }
}

#[test]
fn a_row_of_a_pipe_that_is_wrong_ends_it_after_the_answers_before() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("eas.json"), eas(1, "qps", 10).to_string()).unwrap();
    for (text, answers, said) in [
        (
            "time_s,qps\n0,10\n15,x\n30,10\n",
            1,
            "error: standard input, line 3, qps: `x` is no number",
        ),
        ("time_s,qps\n0,10\n15,-1\n", 1, "line 3, qps: `-1` is below zero"),
        ("time_s,qps\n0,10\n0,10\n", 1, "line 3, time_s: 0 is not after the row before"),
        ("time_s,cpu\n0,10\n", 0, "no column for what the policy reads, `qps`"),
        ("time_s,qps\n", 0, "standard input: it has no rows"),
        (
            "time,qps\n2026-03-02,10\n",
            0,
            "--start: the recording runs from Mon 2026-03-02 00:00 (UTC+00:00) to now",
        ),
    ] {
        let decide = [
            "decide",
            "--initial",
            "1",
            "--policy",
            "eas.json",
            "--readings",
            "-",
            "--start",
            "2026-03-01",
        ];
        let mut live = Command::new(env!("CARGO_BIN_EXE_autosim"));
        live.args(decide).current_dir(folder.path());
        live.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut live = live.spawn().unwrap();
        live.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let out = live.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && told.contains(said), "{told}");
        let lines = String::from_utf8_lossy(&out.stdout).lines().count();
        assert_eq!(lines.saturating_sub(1), answers, "{text}");
    }
}

/// Recordings as people have them, where they are there: `$AUTOSIM_SHARED/field/decide`.
#[test]
fn readings_of_the_field_are_answered_as_their_readme_says() {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let folder = shared.join("field/decide");
    if !folder.is_dir() {
        // Not printed but written: the test harness swallows what passing tests print.
        let line = b"SKIPPED: the readings of the field are not there (AUTOSIM_SHARED names their folder)\n";
        let _ = std::io::stderr().write_all(line);
        return;
    }
    let sae = ["--initial", "5", "--start", "2026-03-02T00:00:00+08:00"];
    let initial = ["--initial", "2"];
    for (policy, readings, more, count, at) in [
        ("sae.json", "sae-15.csv", &sae[..], 50, "60"),
        ("sae.json", "sae-60.csv", &sae, 50, "60"),
        ("eas.json", "eas-60.csv", &initial, 4, "120"),
        ("scalingo.json", "scalingo-120.csv", &initial, 3, "120"),
        ("threshold.toml", "threshold-from-0.csv", &[], 3, "840"),
        ("threshold.toml", "threshold-from-60.csv", &[], 3, "840"),
        ("ray-total.yaml", "ray-total.csv", &[], 10, "130"),
    ] {
        let decide = ["decide", "--changes", "--policy", policy, "--readings", readings];
        let out = autosim(&folder, &[&decide[..], more].concat());
        let mut csv = csv::Reader::from_reader(&out.stdout[..]);
        let header = csv.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|found| found == name).unwrap();
        let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        let first = rows.iter().find(|row| row[column("desired")] == count.to_string());
        assert_eq!(first.map(|row| &row[0]), Some(at), "{readings}: {rows:?}");
    }
}
