//! The verbs that deal with policies and finished runs: decide, import, export, check of documents,
//! explain, diff - as a user meets them.

use crate::products::one_of_each;
use autosim_policies::builtin::PolicySpec;
use autosim_policies::products::{Document, ProductFile};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn autosim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = said(&autosim(folder, arguments));
    assert_eq!(code, 0, "{arguments:?}\n{err}");
    out
}

/// Every shipped document, by product.
fn documents() -> Vec<PathBuf> {
    let folder = root().join("scenarios/policies");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_shipped_document_decides_on_the_shipped_readings() {
    for document in documents() {
        let name = document.to_str().unwrap();
        if name.contains("follows") {
            continue; // reads another service, which the recording does not hold
        }
        let arguments = ["decide", "--policy", name, "--readings", "traces/launch-readings.csv"];
        let out = good(root(), &[&arguments[..], &["--initial", "5"]].concat());
        let mut csv = csv::Reader::from_reader(out.as_bytes());
        let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        assert!(rows.len() >= 8, "{name}: {} decisions", rows.len());
        let count = |row: &csv::StringRecord, at: usize| row[at].parse::<u32>().unwrap();
        let most = rows.iter().map(|row| count(row, 2)).max().unwrap();
        assert!(most > 5, "{name}: the launch asks for more than {most}");
        for pair in rows.windows(2) {
            assert_eq!(count(&pair[0], 2), count(&pair[1], 1), "{name}: {pair:?}");
        }
    }
}

#[test]
fn a_document_is_changed_in_its_own_text_and_judged_before_it_goes_out() {
    let document = root().join("scenarios/policies/kubernetes-hpa.yaml");
    let text = fs::read_to_string(&document).unwrap();
    let export = |edits: &[&str]| {
        let edits = edits.iter().flat_map(|edit| ["--edit", edit]);
        let arguments = ["export", "--policy", document.to_str().unwrap()].into_iter();
        said(&autosim(root(), &arguments.chain(edits).collect::<Vec<_>>()))
    };
    let target = "spec.metrics[0].resource.target.averageUtilization";
    let (code, out, err) = export(&["spec.maxReplicas=40", &format!("{target}=70")]);
    assert_eq!(code, 0, "{err}");
    let tuned = text.replace("maxReplicas: 30", "maxReplicas: 40");
    assert_eq!(out, tuned.replace("averageUtilization: 80 ", "averageUtilization: 70 "));
    for (edits, part) in [
        (["spec.maxReplicas=2"].as_slice(), "must be greater than or equal to `minReplicas`"),
        (
            &["spec.maxReplica=2", "spec.metrics=1"],
            "--edit spec.maxReplica: there is no such member",
        ),
        (
            &["spec.maxReplica=2", "spec.metrics=1"],
            "--edit spec.metrics: it is a list or an object",
        ),
    ] {
        let (code, out, err) = export(edits);
        assert_eq!((code, out.as_str()), (2, ""), "{edits:?}");
        assert!(err.contains(part), "{part}\n{err}");
    }
    let (code, _, err) =
        said(&autosim(root(), &["export", "--policy", "fixed:3", "--edit", "a=1"]));
    assert!(code == 2 && err.contains("one document"), "{err}");
}

#[test]
fn import_and_export_are_each_others_inverse_for_every_shipped_document() {
    let folder = TempDir::new().unwrap();
    for document in documents() {
        let name = document.to_str().unwrap();
        let toml = good(root(), &["import", name]);
        fs::write(folder.path().join("policy.toml"), &toml).unwrap();
        let once = good(folder.path(), &["export", "--policy", "policy.toml"]);
        fs::write(folder.path().join("again.json"), &once).unwrap();
        let again = good(folder.path(), &["import", "again.json"]);
        fs::write(folder.path().join("policy.toml"), &again).unwrap();
        let twice = good(folder.path(), &["export", "--policy", "policy.toml"]);
        let bodies = |text: &str| Document::parse(text).unwrap().bodies;
        assert_eq!(bodies(&once), bodies(&twice), "{name}");
    }
}

#[test]
fn a_refused_document_names_the_line_the_platforms_code_and_its_answer() {
    let folder = TempDir::new().unwrap();
    let text = "{\n  \"min\": 8,\n  \"max\": 8,\n  \"scaleStrategies\": \
                [{\"metricName\": \"rps\", \"threshold\": 0}]\n}\n";
    fs::write(folder.path().join("eas.json"), text).unwrap();
    let (code, out, err) = said(&autosim(folder.path(), &["check", "eas.json"]));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for part in ["eas.json:3:", "eas.json:4:", "InvalidParameter (HTTP 400)", "would answer"] {
        assert!(err.contains(part), "{part}\n{err}");
    }
    let (code, out, _) = said(&autosim(folder.path(), &["check", "eas.json", "--format", "json"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report[0]["sound"]), (2, &Value::Bool(false)));
    assert_eq!(report[0]["answer"]["Code"], "InvalidParameter");
    let places: Vec<_> = report[0]["findings"].as_array().unwrap().iter().collect();
    assert_eq!(places.len(), 3, "{out}");
    assert_eq!(places[0]["line"], 3);
}

#[test]
fn a_document_is_recognised_by_its_shape_in_a_run_and_knobs_are_set_by_name() {
    let folder = TempDir::new().unwrap();
    let scenario = "duration = '10m'\nreplications = 2\n[workload.arrivals.main.poisson]\n\
                    rate = '40/s'\n[policies.own.fixed]\nreplicas = 4\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let eas = r#"{"min":1,"max":9,"scaleStrategies":[{"metricName":"qps","threshold":10}]}"#;
    fs::write(folder.path().join("eas.json"), eas).unwrap();
    let run = ["run", "s.toml", "--policy", "eas.json", "--format", "json"];
    let out = good(folder.path(), &run);
    let policies = serde_json::from_str::<Value>(&out).unwrap()["policies"].clone();
    assert_eq!(policies.as_array().unwrap().len(), 1, "{out}");
    let events = fs::read_to_string(folder.path().join("output/s/events-eas.jsonl")).unwrap();
    assert!(events.lines().next().unwrap().contains("CurrentMetrics"), "{events}");
    let (code, _, err) =
        said(&autosim(folder.path(), &["import", "eas.json", "--set", "eval_perriod_s=30"]));
    assert!(code == 2 && err.contains("did you mean `eval_period_s`"), "{err}");
    let toml = good(folder.path(), &["import", "eas.json", "--set", "eval_period_s=30"]);
    assert!(toml.contains("eval_period_s = 30"), "{toml}");
}

/// A short run of every built-in kind that decides from readings, and of every product.
fn run_of_all(folder: &Path) -> Vec<String> {
    let mut text = "duration = '40m'\nreplications = 1\nseed = 3\ntimeline = '30s'\n\
        start = '2026-03-02T07:40:00+08:00'\n[slo]\nlatency = 'p95 < 500ms'\n\
        [workload.arrivals.main.step]\nfrom = '20/s'\nto = '90/s'\nat = '10m'\n\
        [workload.arrivals.late.spike]\nat = '25m'\nheight = '30/s'\nrise = '1m'\nhold = '3m'\nfall = '1m'\n\
        [service]\nconcurrency = 2\nservice_time.exponential = { mean = '100ms' }\n\
        [replica]\ncold_start.constant = '20s'\ninitial = 3\n\
        [policies.fixed.fixed]\nreplicas = 6\n\
        [policies.tracking.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmin = 1\nmax = 7\n\
        scale_up_limit = { count = 1, per = '30s' }\n\
        [policies.steps.threshold]\nmetric = 'cpu'\nmax = 9\n\
        rules = [{ when = '> 70%', change = '+2' }, { when = '< 30%', change = '-1' }]\n\
        [policies.loop.pid]\nmetric = 'utilization'\ntarget = '70%'\nintegral = 3\nmax = 9\n\
        [policies.paper.staffing]\nmethod.react = {}\nsizing.capacity = { per_replica = '12/s' }\nmax = 9\n\
        [policies.calendar.scheduled]\ninitial = 2\nentries = [{ at = '15m', replicas = 8 }]\n\
        [policies.sleepy.scale-to-zero]\npolicy.target-tracking = { metric = 'ongoing_requests_per_replica', target = 1.2, max = 9 }\n\
        [policies.both.combine.policies]\na.fixed.replicas = 4\n\
        b.target-tracking = { metric = 'ongoing_requests_per_replica', target = 1.2, max = 9 }\n\
        [policies.foresight.clairvoyant]\n"
        .to_owned();
    for kind in PolicySpec::KINDS.iter().filter(|kind| **kind != "keep-alive") {
        assert!(text.contains(&format!(".{kind}")), "{kind} is not run");
    }
    text += &one_of_each();
    fs::write(folder.join("all.toml"), text).unwrap();
    good(folder, &["run", "all.toml", "--out", "left", "--quiet", "--decisions", "all"]);
    let manifest = fs::read_to_string(folder.join("left/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let names = manifest["policies"].as_array().unwrap().iter();
    names.map(|policy| policy["name"].as_str().unwrap().to_owned()).collect()
}

/// The arithmetic a step prints, done again: `14 x 12.5 / 12, rounded up` and `635 / 2.4, rounded up`.
fn reckoned(why: &str) -> Option<f64> {
    let sum = why.strip_suffix(", rounded up")?;
    let (front, divisor) = sum.split_once(" / ")?;
    let product: f64 = front.split(" x ").map(|part| part.parse::<f64>().unwrap()).product();
    Some((product / divisor.parse::<f64>().unwrap() - 1e-9).ceil())
}

#[test]
fn explanations_of_every_policy_and_product_reckon_and_agree_with_the_run() {
    let folder = TempDir::new().unwrap();
    let names = run_of_all(folder.path());
    assert_eq!(names.len(), PolicySpec::KINDS.len() - 1 + ProductFile::KINDS.len(), "{names:?}");
    let decided = fs::read_to_string(folder.path().join("left/decisions.csv")).unwrap();
    let mut csv = csv::Reader::from_reader(decided.as_bytes());
    let header = csv.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let mut sums = 0;
    for name in &names {
        for time in ["11m", "26m"] {
            let arguments = ["explain", "left", "--policy", name, "--at", time, "--format", "json"];
            let out = good(folder.path(), &arguments);
            let one = &serde_json::from_str::<Value>(&out).unwrap()[0];
            let number = |key: &str| one[key].as_u64().unwrap();
            let stages = one["stages"].as_array().unwrap();
            // Stage by stage from the count before to the decision, each beginning where the last ended.
            assert_eq!(stages[0]["before"].as_u64().unwrap(), number("desired_before"), "{out}");
            assert_eq!(
                stages.last().unwrap()["after"].as_u64().unwrap(),
                number("desired"),
                "{out}"
            );
            for pair in stages.windows(2) {
                assert_eq!(pair[0]["after"], pair[1]["before"], "{out}");
            }
            for stage in stages {
                if let Some(sum) = reckoned(stage["why"].as_str().unwrap()) {
                    sums += 1;
                    assert_eq!(stage["after"].as_f64().unwrap(), sum, "{out}");
                }
            }
            // What the run wrote at that instant.
            let seconds = one["time_s"].as_f64().unwrap();
            let row = rows
                .iter()
                .find(|row| &row[at("policy")] == name && row[at("time_s")].parse() == Ok(seconds));
            if let Some(row) = row {
                assert_eq!(row[at("desired")].parse(), Ok(number("desired")), "{out}");
                assert_eq!(&row[at("reason_stage")], one["decided_by"].as_str().unwrap(), "{out}");
            }
        }
    }
    assert!(sums >= 6, "only {sums} formulas were checked");
}

#[test]
fn without_its_rate_limit_a_policy_would_have_wanted_what_its_formula_said() {
    let folder = TempDir::new().unwrap();
    run_of_all(folder.path());
    let text = good(folder.path(), &["explain", "left", "--policy", "tracking", "--at", "12m"]);
    assert!(text.contains("without rate_limit"), "{text}");
    let arguments = ["--policy", "tracking", "--at", "12m", "--format", "json"];
    let json = good(folder.path(), &[&["explain", "left"], &arguments[..]].concat());
    let one = &serde_json::from_str::<Value>(&json).unwrap()[0];
    let without = &one["without"][0];
    assert_eq!(without["guard"], "rate_limit");
    let bounded = one["stages"][0]["after"].as_u64().unwrap().min(7);
    assert_eq!(without["desired"].as_u64(), Some(bounded), "{json}");
    assert!(one["desired"].as_u64().unwrap() < bounded, "{json}");
    let worst = good(folder.path(), &["explain", "left", "--policy", "steps", "--worst", "1"]);
    assert_eq!(worst.matches("replication 1,").count(), 1, "{worst}");
    let parting =
        good(folder.path(), &["explain", "left", "--policy", "tracking", "--diverge", "steps"]);
    assert!(parting.contains("tracking (target-tracking)"), "{parting}");
}

#[test]
fn the_request_that_woke_a_policy_is_explained_as_such() {
    let folder = TempDir::new().unwrap();
    let scenario = "duration = '20m'\nreplications = 1\n[workload.arrivals.main.poisson]\n\
        rate = '1/min'\n[service]\nservice_time.constant = '1s'\n[replica]\ninitial = 0\n\
        [policies.z.scale-to-zero]\nidle = '30s'\npolicy.fixed.replicas = 1\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    good(folder.path(), &["run", "s.toml", "--out", "left", "--quiet"]);
    let decisions = fs::read_to_string(folder.path().join("left/decisions.csv")).unwrap();
    let mut csv = csv::Reader::from_reader(decisions.as_bytes());
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let woken = rows.iter().filter(|row| &row[4] == "activation").nth(1).unwrap();
    let at = format!("{}s", &woken[3]);
    let text = good(folder.path(), &["explain", "left", "--policy", "z", "--at", &at]);
    assert!(text.contains("a request at zero replicas"), "{at}\n{text}");
}

#[test]
fn a_rollout_beyond_the_end_of_a_recording_is_refused_at_its_place() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("t.csv"), "time_s\n1\n2\n900\n").unwrap();
    let scenario = "replications = 1\n[workload.arrivals.main.replay]\nfile = 't.csv'\n\
        [service]\nservice_time.constant = '1s'\n[policies.two.fixed]\nreplicas = 2\n\
        [[rollouts]]\nat = '3h'\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let (code, _, err) = said(&autosim(folder.path(), &["check", "s.toml"]));
    assert!(code == 2 && err.contains("3h is not within the run"), "{code} {err}");
    assert!(err.contains("s.toml:9:"), "{err}");
    fs::write(folder.path().join("s.toml"), scenario.replace("3h", "5m")).unwrap();
    good(folder.path(), &["check", "s.toml"]);
}

#[test]
fn a_variant_of_the_queue_leaves_alone_what_the_platform_does_at_zero() {
    let folder = TempDir::new().unwrap();
    let scenario = "duration = '20m'\nreplications = 2\n[workload.arrivals.main.poisson]\n\
        rate = '6/min'\n[service]\nservice_time.constant = '1s'\n[replica]\ninitial = 0\n\
        [policies.eas.pai-eas]\nknobs.at_zero = 'fail'\n[policies.eas.pai-eas.body]\nmin = 0\n\
        max = 3\nscaleStrategies = [{ metricName = 'qps', threshold = 10 }]\n";
    let rejected = |text: String| {
        fs::write(folder.path().join("s.toml"), text).unwrap();
        let csv = good(folder.path(), &["run", "s.toml", "--quiet", "--format", "csv"]);
        let mut csv = csv::Reader::from_reader(csv.as_bytes());
        let at = csv.headers().unwrap().iter().position(|name| name == "rejected").unwrap();
        csv.records().next().unwrap().unwrap()[at].parse::<f64>().unwrap()
    };
    let plain = rejected(scenario.to_owned());
    let varied = rejected(format!("{scenario}[variants.eas]\nqueue = {{ timeout = '1h' }}\n"));
    let waits = rejected(format!("{scenario}[variants.eas]\nqueue = {{ at_zero = 'wait' }}\n"));
    assert!(plain > 0.0 && plain == varied && waits == 0.0, "{plain} {varied} {waits}");
}

#[test]
fn what_cannot_be_explained_is_refused_with_what_could_be() {
    let folder = TempDir::new().unwrap();
    run_of_all(folder.path());
    for (arguments, part) in [
        (&["explain", "nowhere", "--at", "1m"][..], "give the folder that `autosim run` left"),
        (&["explain", "left", "--at", "1m"], "choose one with --policy"),
        (&["explain", "left", "--policy", "foo", "--at", "1m"], "no policy `foo`"),
        (&["explain", "left", "--policy", "steps", "--at", "3h"], "the run lasts from 0s to 40m"),
        (
            &["explain", "left", "--policy", "steps", "--at", "1s"],
            "decided nothing in the first 1 s",
        ),
        (&["explain", "left", "--policy", "steps", "--at", "noon"], "\"Mon 12:00\""),
        (&["explain", "left", "--policy", "steps"], "required"),
        (&["diff", "left", "nowhere"], "cannot read"),
    ] {
        let (code, _, err) = said(&autosim(folder.path(), arguments));
        assert!(code == 2 && err.contains(part), "{arguments:?} {code}\n{err}");
    }
}

#[test]
fn two_runs_differ_where_their_inputs_do() {
    let folder = TempDir::new().unwrap();
    let scenario = "duration = '10m'\nreplications = 2\n[workload.arrivals.main.poisson]\n\
                    rate = '40/s'\n[policies.t.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\n\
                    max = 9\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    good(folder.path(), &["run", "s.toml", "--out", "a", "--quiet"]);
    good(folder.path(), &["run", "s.toml", "--out", "same", "--quiet"]);
    let set = ["--set", "policies.t.target-tracking.target=80%"];
    good(folder.path(), &[&["run", "s.toml", "--out", "b", "--quiet"], &set[..]].concat());
    let same = good(folder.path(), &["diff", "a", "same"]);
    assert_eq!(same.matches("no difference").count(), 3, "{same}");
    let other = good(folder.path(), &["diff", "a", "b"]);
    assert!(other.contains("policies.t.target-tracking.target: \"60%\" -> \"80%\""), "{other}");
    assert!(other.contains("t/service: cost: "), "{other}");
    assert!(other.contains("decisions\n  t/service: from "), "{other}");
}

#[test]
fn runs_without_a_name_in_common_are_paired_or_said_not_to_be() {
    let folder = TempDir::new().unwrap();
    let base =
        "duration = '10m'\nreplications = 2\n[workload.arrivals.main.poisson]\nrate = '40/s'\n";
    let tracking = "target-tracking]\nmetric = 'cpu'\nmax = 9\ntarget = ";
    for (name, policies) in [
        ("old", format!("[policies.before.{tracking}'60%'\n")),
        ("new", format!("[policies.after.{tracking}'80%'\n")),
        ("two", "[policies.p.fixed]\nreplicas = 2\n[policies.q.fixed]\nreplicas = 3\n".to_owned()),
    ] {
        fs::write(folder.path().join("s.toml"), format!("{base}{policies}")).unwrap();
        good(folder.path(), &["run", "s.toml", "--out", name, "--quiet"]);
    }
    let text = good(folder.path(), &["diff", "old", "new", "--top", "2"]);
    for part in [
        "before with after: the only one of each run",
        "policies.before.target-tracking.target: \"60%\" -> \"80%\"",
        "before -> after/service: cost: ",
        "decisions\n  before -> after/service: from ",
        "replica-hours apart",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let text = good(folder.path(), &["diff", "old", "two"]);
    assert_eq!(text.matches("nothing was compared").count(), 2, "{text}");
    assert!(text.contains("not compared: before, of the first run"), "{text}");
    let text = good(folder.path(), &["diff", "old:before", "two:q"]);
    assert!(text.contains("before with q: as asked"), "{text}");
    assert!(text.contains("not compared: p, of the second run"), "{text}");
    for (arguments, part) in [
        (["diff", "old:before", "two"], "write RUN:POLICY for both: p, q"),
        (["diff", "old:nobody", "two:p"], "no policy `nobody`: before"),
    ] {
        let (code, _, err) = said(&autosim(folder.path(), &arguments));
        assert!(code == 2 && err.contains(part), "{code}\n{err}");
    }
}

#[test]
fn a_file_that_is_not_there_is_spoken_of_as_what_it_was_to_be() {
    let folder = TempDir::new().unwrap();
    let sound = "[policies.two.fixed]\nreplicas = 2\n";
    fs::write(folder.path().join("two.toml"), sound).unwrap();
    for (arguments, part, other) in [
        (&["run", "no.toml"][..], "autosim demo", "time_s"),
        (
            &["decide", "--policy", "two.toml", "--readings", "no.csv"],
            "first column is `time_s`",
            "demo",
        ),
        (
            &["decide", "--policy", "no.json", "--readings", "no.csv"],
            "product's own document",
            "demo",
        ),
        (&["import", "no.json"], "product's own document", "demo"),
        (&["run", "--trace", "no.csv", "--service", "no.toml"], "[service]", "demo"),
    ] {
        let (code, _, err) = said(&autosim(folder.path(), arguments));
        assert!(code == 2 && err.contains(part) && !err.contains(other), "{arguments:?}\n{err}");
    }
}

#[test]
fn an_input_that_moved_is_found_again_with_the_folder() {
    let folder = TempDir::new().unwrap();
    let scenario = "replications = 1\n[workload.arrivals.main.replay]\nfile = 't.csv'\n\
        [service]\nservice_time.constant = '1s'\n[policies.t.target-tracking]\nmetric = 'cpu'\n\
        target = '60%'\nmax = 4\n";
    let times: String = (1..900).map(|second| format!("{second}\n")).collect();
    fs::write(folder.path().join("t.csv"), format!("time_s\n{times}")).unwrap();
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    good(folder.path(), &["run", "s.toml", "--out", "left", "--quiet"]);
    let explain = ["explain", "left", "--at", "5m"];
    let there = good(folder.path(), &explain);
    fs::create_dir(folder.path().join("archive")).unwrap();
    fs::rename(folder.path().join("t.csv"), folder.path().join("archive/t.csv")).unwrap();
    let (code, _, err) = said(&autosim(folder.path(), &explain));
    assert!(code == 2 && err.contains("t.csv") && err.contains("--folder DIR"), "{err}");
    let found = good(folder.path(), &[&explain[..], &["--folder", "archive"]].concat());
    assert_eq!(found, there);
}

#[test]
fn a_run_as_long_as_its_recording_is_not_warned_that_the_recording_ends_early() {
    let folder = TempDir::new().unwrap();
    let times: String = (1..900).map(|second| format!("{second}\n")).collect();
    fs::write(folder.path().join("t.csv"), format!("time_s\n{times}")).unwrap();
    let scenario = "replications = 2\n[workload.arrivals.main.replay]\nfile = 't.csv'\n\
        [service]\nservice_time.constant = '1s'\n[policies.two.fixed]\nreplicas = 2\n";
    let said = |text: &str| {
        fs::write(folder.path().join("s.toml"), text).unwrap();
        said(&autosim(folder.path(), &["check", "s.toml"])).2
    };
    assert!(!said(scenario).contains("before the run does"));
    assert!(said(&format!("duration = '1h'\n{scenario}")).contains("before the run does"));
}

#[test]
fn what_is_mistaken_on_the_command_line_is_told_before_a_run() {
    let folder = TempDir::new().unwrap();
    let scenario = "duration = '5m'\nreplications = 2\n[workload.arrivals.main.poisson]\n\
        rate = '4/s'\n[service]\nservice_time.constant = '1s'\n[policies.two.fixed]\nreplicas = 2\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    fs::write(folder.path().join("t.csv"), "time_s\n1\n").unwrap();
    fs::create_dir(folder.path().join("left")).unwrap();
    for (arguments, part) in [
        (&["run", "t.csv"][..], "recorded traffic goes to `--trace`"),
        (&["run", "left"], "cannot read left: it is a folder"),
        (&["check", "left"], "cannot read left: it is a folder"),
        (&["import", "left"], "cannot read left: it is a folder"),
        (&["run", "s.toml", "--jobs", "0"], "give a whole number from 1 on"),
        (&["explain", "left", "--worst", "0"], "give a whole number from 1 on"),
        (&["run", "s.toml", "--assert", "three:p99<3s"], "the run has no such policy"),
    ] {
        let (code, _, err) = said(&autosim(folder.path(), arguments));
        assert!(code == 2 && err.contains(part), "{arguments:?} {code}\n{err}");
    }
    assert!(!folder.path().join("output/s").exists(), "a run was made for a claim about nobody");
}
