//! The command as a user meets it: exit codes, what goes where, and every kind of bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A scenario that runs in a blink.
const GOOD: &str = r#"
duration = "10m"
warmup = "1m"
replications = 2
start = "2026-03-02T00:00:00+08:00"

[slo]
latency = "p99 < 300ms"

[workload.arrivals.main.poisson]
rate = "20/s"

[service]
concurrency = 4
service_time.exponential = { mean = "50ms" }
queue = { capacity = 100, timeout = "5s" }

[replica]
cold_start.constant = "5s"
initial = 2

[price]
per_replica_hour = "0.10 USD"

[policies.small.fixed]
replicas = 2

[policies.steady.target-tracking]
metric = "utilization"
target = "60%"
min = 1
max = 8
"#;

fn autosim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a scenario that cannot be used; it must end with 2, say all of `parts`, print no result and
/// leave no file.
fn refused(name: &str, scenario: &str, more: &[(&str, &str)], parts: &[&str]) {
    let mut files = vec![("bad.toml", scenario)];
    files.extend_from_slice(more);
    let folder = folder_with(&files);
    let output = autosim(folder.path(), &["run", "bad.toml"]);
    let text = errors(&output);
    assert_eq!(code(&output), 2, "{name}: {text}");
    for part in parts {
        assert!(text.contains(part), "{name}: `{part}` is not in:\n{text}");
    }
    assert!(!text.contains("fault of autosim"), "{name}: {text}");
    assert!(output.stdout.is_empty(), "{name}: {}", printed(&output));
    assert!(!folder.path().join("output").exists(), "{name}: something was written");
}

#[test]
fn bad_values_are_refused_with_file_line_key_and_remedy() {
    for (from, to, parts) in [
        (
            "concurrency = 4",
            "concurency = 4",
            ["bad.toml:14:1", "service.concurency", "`concurrency`"],
        ),
        ("\"10m\"", "\"10\"", ["bad.toml:2:12", "duration", "with a unit"]),
        ("\"10m\"", "10", ["bad.toml:2:12", "duration", "needs a unit"]),
        ("\"10m\"", "\"-10m\"", ["bad.toml:2:12", "duration", "cannot be negative"]),
        ("\"10m\"", "\"10m ago\"", ["bad.toml:2:12", "duration", "cannot be negative"]),
        ("\"10m\"", "\"0s\"", ["bad.toml:2:12", "duration", "above zero"]),
        ("\"1m\"", "\"10m\"", ["bad.toml:3:10", "warmup", "shorter warm-up"]),
        ("+08:00", "[Mars/Olympus]", ["bad.toml:5:9", "start", "a date with or without time"]),
        ("03-02", "13-02", ["bad.toml:5:9", "start", "a date with or without time"]),
        ("\"20/s\"", "\"0/s\"", ["bad.toml:11:8", "rate", "positive rate"]),
        ("\"20/s\"", "\"20\"", ["bad.toml:11:8", "rate", "unit of time"]),
        ("\"20/s\"", "\"20 kg\"", ["bad.toml:11:8", "rate", "\"400/s\""]),
        ("\"20/s\"", "nan", ["bad.toml:11:8", "rate", "unit of time"]),
        ("concurrency = 4", "concurrency = 0", ["bad.toml:14:15", "service.concurrency", "from 1"]),
        (
            "exponential = { mean = \"50ms\" }",
            "exponential = { mean = \"0s\" }",
            ["bad.toml:15:", "service.service_time", "mean"],
        ),
        (
            "exponential = { mean = \"50ms\" }",
            "pareto = { minimum = \"1ms\", shape = 0.9 }",
            ["bad.toml:15:", "service.service_time", "pareto"],
        ),
        (
            "timeout = \"5s\"",
            "timeout = \"never\"",
            ["bad.toml:16:", "service.queue.timeout", "with a unit"],
        ),
        ("initial = 2", "initial = -2", ["bad.toml:20:11", "replica.initial", "not negative"]),
        ("initial = 2", "initial = 5000000000", ["bad.toml:20:11", "replica.initial", "whole"]),
        (
            "initial = 2",
            "initial = 2\nquota = 1",
            ["bad.toml:20:11", "replica.initial", "quota of 1"],
        ),
        ("0.10 USD", "0.10", ["bad.toml:23:", "price.per_replica_hour", "currency"]),
        ("min = 1", "min = 9", ["bad.toml:", "policies.steady.target-tracking.min", "at most max"]),
        (
            "metric = \"utilization\"",
            "metric = \"utilisation\"",
            ["bad.toml:29:10", "policies.steady.target-tracking.metric", "cpu"],
        ),
        ("target = \"60%\"", "targets = \"60%\"", ["bad.toml:30:1", "target-tracking", "`target`"]),
        (
            "target-tracking",
            "target-traking",
            ["bad.toml:28:", "target-traking", "`target-tracking`"],
        ),
        ("[policies.small", "[policies.\"a/b\"", ["bad.toml:25:", "a/b", "letters"]),
        ("replications = 2", "replications = 0", ["bad.toml:4:16", "replications", "from 1"]),
        ("p99 < 300ms", "p99 > 300ms", ["bad.toml:8:11", "slo.latency", "p99 < 300ms"]),
        ("[slo]", "[slo", ["bad.toml:7:", "not TOML", "]"]),
    ] {
        assert!(GOOD.contains(from), "{from}");
        refused(to, &GOOD.replacen(from, to, 1), &[], &parts);
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let text =
        GOOD.replace("\"10m\"", "\"10\"").replace("min = 1", "min = 9").replace("0.10 USD", "x");
    refused(
        "three faults",
        &text,
        &[],
        &["duration", "price.per_replica_hour", "target-tracking.min"],
    );
}

#[test]
fn bad_traces_are_refused_with_file_and_line() {
    let scenario = GOOD.replace(
        "[workload.arrivals.main.poisson]\nrate = \"20/s\"",
        "[workload.arrivals.main.replay]\nfile = \"t.csv\"\ntime = \"time_s\"\ntime_unit = \"s\"",
    );
    for (name, trace, parts) in [
        ("empty", "", vec!["t.csv", "bad.toml:11"]),
        ("header only", "time_s\n", vec!["t.csv", "bad.toml:11"]),
        ("unsorted", "time_s\n1\n3\n2\n", vec!["t.csv", "line 4", "sort"]),
        ("negative", "time_s\n-1\n", vec!["t.csv", "line 2"]),
        ("not a number", "time_s\nNaN\n", vec!["t.csv", "line 2"]),
        ("a word", "time_s\nnoon\n", vec!["t.csv", "line 2"]),
    ] {
        refused(name, &scenario, &[("t.csv", trace)], &parts);
    }
    refused("missing", &scenario, &[], &["t.csv", "bad.toml:11", "file"]);
    let counts = scenario
        .replace("time_unit = \"s\"", "time_unit = \"s\"\nformat = \"counts\"\nvalue = \"n\"");
    let trace = "time_s,n\n0,99999999999999999999999\n60,1\n";
    refused("counts overflow", &counts, &[("t.csv", trace)], &["t.csv", "line 2"]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = folder_with(&[]);
    fs::write(folder.path().join("bytes.toml"), [0xff, 0xfe, 0x00]).unwrap();
    for (arguments, part) in [
        (vec!["run", "nowhere.toml"], "nowhere.toml"),
        (vec!["run", "bytes.toml"], "UTF-8"),
        (vec!["run", "."], "cannot read"),
        (vec!["run"], "nothing to run"),
        (vec!["run", "nowhere.toml", "--jobs", "0"], "--jobs"),
        (vec!["run", "x.toml", "--set", "nothing"], "PATH=VALUE"),
        (vec!["run", "x.toml", "--assert", "p99"], "p99<300ms"),
        (vec!["run", "x.toml", "--slo", "fast"], "x.toml"),
        (vec!["demo", "nothing"], "quickstart"),
        (vec!["trace", "inspect", "nowhere.csv"], "nowhere.csv"),
        (vec!["fly"], "unrecognized subcommand"),
    ] {
        let output = autosim(folder.path(), &arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(part), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    let precious = folder.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("thesis.txt"), "years of work").unwrap();
    let output = autosim(folder.path(), &["run", "good.toml", "--out", "precious"]);
    assert_eq!(code(&output), 2, "{}", errors(&output));
    assert!(errors(&output).contains("--out"), "{}", errors(&output));
    assert_eq!(fs::read_dir(&precious).unwrap().count(), 1);
    fs::write(folder.path().join("file"), "").unwrap();
    let output = autosim(folder.path(), &["run", "good.toml", "--out", "file/below"]);
    assert_eq!(code(&output), 2, "{}", errors(&output));
}

#[test]
fn results_go_to_standard_output_and_everything_else_does_not() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    let output = autosim(folder.path(), &["run", "good.toml"]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert!(printed(&output).contains("small") && printed(&output).contains("steady"));
    assert!(errors(&output).contains("requests simulated"), "{}", errors(&output));
    assert!(!printed(&output).contains("simulated"), "{}", printed(&output));
    for file in [
        "summary.csv",
        "replications.csv",
        "timeline.csv",
        "decisions.csv",
        "manifest.json",
        "report.html",
    ] {
        assert!(folder.path().join("output/good").join(file).is_file(), "{file}");
    }
    let quiet = autosim(folder.path(), &["run", "good.toml", "--quiet", "--format", "json"]);
    assert_eq!((code(&quiet), errors(&quiet)), (0, String::new()));
    let value: serde_json::Value = serde_json::from_str(&printed(&quiet)).unwrap();
    assert_eq!(value["policies"].as_array().map(Vec::len), Some(2));
    let markdown = autosim(folder.path(), &["run", "good.toml", "-q", "--format", "markdown"]);
    let text = printed(&markdown);
    assert!(text.starts_with("### good\n") && text.contains("\n| steady"), "{text}");
}

#[test]
fn a_run_is_the_same_for_any_number_of_threads() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    let run = |jobs: &str, out: &str| {
        let output = autosim(folder.path(), &["run", "good.toml", "-j", jobs, "-o", out]);
        assert_eq!(code(&output), 0, "{}", errors(&output));
        let mut files: Vec<_> = fs::read_dir(folder.path().join(out))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        (printed(&output), files)
    };
    let (one, two) = (run("1", "one"), run("2", "two"));
    assert!(one.1.len() > 5, "too few files to mean anything");
    assert_eq!(one.0, two.0);
    for (a, b) in one.1.iter().zip(&two.1) {
        assert!(a == b, "{:?} differs", a.0);
    }
    assert_eq!(one.1.len(), two.1.len());
}

#[test]
fn assertions_decide_the_exit_code() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    for (claim, exit) in [("p99<10s", 0), ("p99<1ms", 1), ("steady:slo", 0), ("nobody:slo", 2)] {
        let output = autosim(folder.path(), &["check", "good.toml", "--assert", claim]);
        assert_eq!(code(&output), exit, "{claim}: {}{}", printed(&output), errors(&output));
        let output = autosim(folder.path(), &["run", "good.toml", "--assert", claim]);
        assert_eq!(code(&output), exit, "{claim}: {}", errors(&output));
    }
}

#[test]
fn check_looks_at_every_file_and_runs_nothing() {
    let bad = GOOD.replace("min = 1", "min = 9");
    let folder = folder_with(&[("good.toml", GOOD), ("bad.toml", &bad)]);
    let output = autosim(folder.path(), &["check", "bad.toml", "good.toml"]);
    assert_eq!(code(&output), 2);
    assert!(printed(&output).contains("good.toml: sound"), "{}", printed(&output));
    assert!(errors(&output).contains("bad.toml:"), "{}", errors(&output));
    assert!(!folder.path().join("output").exists());
    let output = autosim(folder.path(), &["check", "bad.toml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&printed(&output)).unwrap();
    assert_eq!(value[0]["findings"][0]["key"], "policies.steady.target-tracking.min");
}

#[test]
fn a_scenario_can_come_from_standard_input_or_from_flags() {
    let folder = folder_with(&[
        (
            "svc.toml",
            "[service]\nconcurrency = 2\nservice_time.constant = '50ms'\n[replica]\ninitial = 2\n",
        ),
        ("peak.toml", "[policies.peak.fixed]\nreplicas = 2\n"),
        ("t.csv", "time_s\n0.5\n1.0\n1.5\n2.25\n"),
    ]);
    let arguments = [
        "run",
        "--trace",
        "t.csv",
        "--service",
        "svc.toml",
        "--policy",
        "peak.toml",
        "--slo",
        "p99<300ms",
        "--format",
        "json",
        "--replications",
        "2",
    ];
    let output = autosim(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let value: serde_json::Value = serde_json::from_str(&printed(&output)).unwrap();
    assert_eq!(value["policies"][0]["name"], "peak");
    assert_eq!(value["policies"][0]["figures"]["arrived"]["mean"], 4.0);
    assert!(errors(&output).contains("as long as the recording, 3s"), "{}", errors(&output));

    let mut child = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(["check", "-"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), GOOD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", errors(&output));
}

#[test]
fn a_generated_trace_is_read_back_request_by_request() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    let made = autosim(folder.path(), &["trace", "generate", "good.toml", "--out", "t.csv.gz"]);
    assert_eq!(code(&made), 0, "{}", errors(&made));
    let seen = autosim(folder.path(), &["trace", "inspect", "t.csv.gz", "--format", "json"]);
    assert_eq!(code(&seen), 0, "{}", errors(&seen));
    let value: serde_json::Value = serde_json::from_str(&printed(&seen)).unwrap();
    let requests = value["requests"].as_f64().unwrap();
    assert!((11_000.0..13_000.0).contains(&requests), "{requests}");
    let shown = autosim(folder.path(), &["trace", "inspect", "t.csv.gz"]);
    assert!(printed(&shown).contains("mean rate"), "{}", printed(&shown));
}

#[test]
fn users_of_a_closed_loop_are_in_the_timeline_and_their_requests_in_no_trace() {
    let users = "[workload.arrivals.main.closed-loop]\nusers = 30\nthink.constant = '1s'";
    let text = GOOD.replace("[workload.arrivals.main.poisson]\nrate = \"20/s\"", users);
    let folder = folder_with(&[("loop.toml", &text), ("open.toml", GOOD)]);
    for (name, known) in [("loop", true), ("open", false)] {
        let output = autosim(folder.path(), &["run", &format!("{name}.toml"), "--out", name]);
        assert_eq!(code(&output), 0, "{}", errors(&output));
        let mut rows =
            csv::Reader::from_path(folder.path().join(name).join("timeline.csv")).unwrap();
        let thinking = rows.headers().unwrap().iter().position(|name| name == "thinking_users");
        let cells: Vec<_> =
            rows.records().map(|row| row.unwrap()[thinking.unwrap()].to_owned()).collect();
        assert!(cells.iter().all(|cell| cell.is_empty() != known), "{name}: {cells:?}");
        // One in twenty seconds waits for an answer of 50 ms.
        let late: f64 = cells.iter().skip(60).map(|cell| cell.parse().unwrap_or(0.0)).sum();
        let mean = late / (cells.len() - 60) as f64;
        assert!((if known { 28.0..29.5 } else { 0.0..0.1 }).contains(&mean), "{name}: {mean}");
    }
    let made = autosim(folder.path(), &["trace", "generate", "loop.toml", "--out", "t.csv"]);
    assert_eq!(code(&made), 2);
    assert!(errors(&made).contains("nothing to write down"), "{}", errors(&made));
    assert!(!folder.path().join("t.csv").exists());
}

#[test]
fn the_committed_schema_is_current_and_every_shipped_scenario_follows_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = autosim(root, &["schema"]);
    let committed = fs::read_to_string(root.join("docs/scenario.schema.json")).unwrap();
    let stale = "run `autosim schema > docs/scenario.schema.json`";
    assert!(printed(&output) == committed, "{stale}");
    let schema: serde_json::Value = serde_json::from_str(&committed).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(root.join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let table: toml::Table = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let instance = serde_json::to_value(table).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&instance)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}:\n{}", path.display(), faults.join("\n"));
        seen += 1;
    }
    assert!(seen > 0, "no scenario is shipped");
    let unknown = serde_json::json!({ "durration": "1h" });
    assert!(!validator.is_valid(&unknown), "the schema lets unknown keys pass");
}

#[test]
fn what_the_program_makes_of_its_schemas_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (asked, file) in [
        ("schema --markdown", "docs/reference.md"),
        ("schema --study", "docs/study.schema.json"),
        ("schema --study --markdown", "docs/study.md"),
    ] {
        let output = autosim(root, &asked.split(' ').collect::<Vec<_>>());
        let committed = fs::read_to_string(root.join(file)).unwrap();
        assert!(printed(&output) == committed, "run `autosim {asked} > {file}`");
    }
}

#[test]
fn a_part_of_a_scenario_is_described_in_plain_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (kind, says) in [
        ("scenario", "replications: whole number, default 10"),
        ("service", "concurrency: whole number, default 1"),
        ("arrivals", "poisson: Poisson arrivals of a constant rate."),
        ("policy", "target-tracking: "),
        ("target-tracking", "tolerance: share, default 10 %"),
        ("slo", "latency: latency-slo"),
        ("sae", "eval_period_s: whole number of seconds, default 15"),
        ("service.queue.timeout", "timeout: duration or law, default for ever"),
        ("law", "lognormal: "),
        ("duration", "a duration with a unit"),
        ("study", "holdout: duration, default nothing is held out"),
    ] {
        let output = autosim(root, &["schema", kind]);
        assert_eq!(code(&output), 0, "{kind}: {}", errors(&output));
        assert!(printed(&output).contains(says), "{kind}:\n{}", printed(&output));
    }
    let output = autosim(root, &["schema", "servise"]);
    assert_eq!((code(&output), printed(&output)), (2, String::new()));
    let says = errors(&output);
    assert!(
        says.starts_with("error: nothing of a scenario is called `servise`; did you mean `service"),
        "{says}"
    );
    assert!(says.contains("`pai-eas`"), "the kinds are listed: {says}");
}

#[test]
fn every_shipped_scenario_is_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut arguments = vec!["check".to_owned()];
    for entry in fs::read_dir(root.join("scenarios")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".toml") {
            arguments.push(format!("scenarios/{name}"));
        }
    }
    let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = autosim(root, &borrowed);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert_eq!(printed(&output).lines().count(), arguments.len() - 1);
}

#[test]
fn help_completions_and_manual_are_printed() {
    let folder = folder_with(&[]);
    for (arguments, part) in [
        (vec!["--help"], "Exit codes"),
        (vec!["run", "--help"], "Examples"),
        (vec!["--version"], env!("CARGO_PKG_VERSION")),
        (vec!["demo"], "quickstart"),
        (vec!["completions", "bash"], "autosim"),
        (vec!["completions", "zsh"], "autosim"),
        (vec!["man"], ".TH"),
    ] {
        let output = autosim(folder.path(), &arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", errors(&output));
        assert!(printed(&output).contains(part), "{arguments:?}: {}", printed(&output));
    }
}

#[test]
fn what_is_nearly_right_is_named() {
    let folder = folder_with(&[("good.toml", GOOD)]);
    for (arguments, part) in [
        (&["run", "quickstrat"][..], "did you mean `autosim demo quickstart`?"),
        (&["check", "scenarios/retry_storm.toml"], "did you mean `autosim demo retry-storm`?"),
        (&["run", "mine.toml"], "`autosim demo` lists the scenarios"),
        (&["demo", "retry-strom"], "did you mean `retry-storm`?"),
        (&["run", "good.toml", "--assert", "cots<3"], "did you mean `cost`?"),
        (&["check", "good.toml", "--set", "policies.steady.target-tracking.metric=cpuu"], "`cpu`?"),
        (&["schema", "tolerence"], "did you mean `tolerance`?"),
        (&["run", "good.toml", "--jobs", "5000"], "at most 1024"),
    ] {
        let output = autosim(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(part), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn a_demo_says_what_it_costs_before_and_what_it_teaches_after() {
    let folder = folder_with(&[]);
    let small = ["demo", "keep-alive-cost", "--set", "duration=2h", "--out", "out"];
    let output = autosim(folder.path(), &small);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let first = errors(&output).lines().find(|line| line.contains(" cells: ")).map(str::to_owned);
    assert!(first.is_some_and(|line| line.starts_with("about ")), "{}", errors(&output));
    assert!(printed(&output).contains("\nlesson:\n    "), "{}", printed(&output));
    let output = autosim(folder.path(), &[&small[..], &["--format", "json"]].concat());
    assert!(serde_json::from_str::<serde_json::Value>(&printed(&output)).is_ok());
}

#[test]
fn the_number_of_replications_nobody_chose_and_the_time_of_a_long_run_are_said() {
    let text = GOOD.replace("replications = 2\n", "");
    let folder = folder_with(&[("good.toml", &text)]);
    let check = |set: &[&str]| {
        let output =
            autosim(folder.path(), &[&["check", "good.toml", "--format", "json"], set].concat());
        assert_eq!(code(&output), 0, "{}", errors(&output));
        let answer: serde_json::Value = serde_json::from_str(&printed(&output)).unwrap();
        answer[0].clone()
    };
    let answer = check(&[]);
    let assumed = answer["assumptions"].as_array().unwrap();
    assert!(assumed.iter().any(|one| one == "no replications given: 10"), "{assumed:?}");
    assert!(answer["estimate"]["elapsed_s"].as_f64().unwrap() < 1.0, "{answer}");
    let long =
        check(&["--set", "duration=365d", "--set", "workload.arrivals.main.poisson.rate=1000/s"]);
    assert!(long["estimate"]["elapsed_s"].as_f64().unwrap() > 1000.0, "{long}");
    let output = autosim(folder.path(), &["check", "good.toml", "--set", "duration=365d"]);
    assert!(printed(&output).contains("a run takes about "), "{}", printed(&output));
}
