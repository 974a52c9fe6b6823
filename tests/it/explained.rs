//! `explain` says the same whether it reads what the run left or runs the cell again, and what it says of
//! guards is what the policy wants without them.

use crate::products::one_of_each;
use autosim_engine::control::{Decision, Observation, Stage};
use autosim_engine::simulation::{self, AskedBy, DecisionLog, DecisionRecord, Detail, Setup};
use autosim_study::scenario::{LoadOptions, Sources, load};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SCENARIO: &str = r#"
duration = "50m"
warmup = "5m"
replications = 2
seed = 11
start = "2026-03-02T07:40:00+08:00"
timeline = "30s"

[slo]
latency = "p95 < 400ms"

[workload.arrivals.rises.step]
from = "20/s"
to = "90/s"
at = "10m"

[workload.arrivals.late.spike]
at = "30m"
height = "60/s"
rise = "1m"
hold = "4m"
fall = "1m"

[service]
concurrency = 2
queue = { timeout = "4s" }
service_time.exponential = { mean = "100ms" }

[replica]
initial = 3
cold_start = { pull.lognormal = { median = "13s", p99 = "40s" }, boot = "7s" }
launch_rate = "2/20s"

[policies.tracking.target-tracking]
metric = "cpu"
target = "60%"
min = 1
max = 9
actuation_delay = "3s"
scale_up_limit = { count = 2, per = "30s" }

[policies.steps.threshold]
metric = "cpu"
max = 9
rules = [{ when = "> 70%", change = "+2" }, { when = "< 30%", change = "-1" }]

[policies.sleepy.scale-to-zero]
policy.target-tracking = { metric = "ongoing_requests_per_replica", target = 1.2, max = 9 }
"#;

fn autosim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let out = command.args(arguments).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

/// The run, and a copy of its folder without what `explain` could read.
fn run(folder: &Path, decisions: &str) {
    fs::write(folder.join("s.toml"), SCENARIO).unwrap();
    autosim(folder, &["run", "s.toml", "--out", "left", "--quiet", "--decisions", decisions]);
    fs::create_dir(folder.join("bare")).unwrap();
    fs::copy(folder.join("left/manifest.json"), folder.join("bare/manifest.json")).unwrap();
}

/// What is said of both folders; true if the first was read.
fn both(folder: &Path, arguments: &[&str]) -> bool {
    let ask = |run: &str| autosim(folder, &[&["explain", run], arguments].concat());
    let (left, bare) = (ask("left"), ask("bare"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&left.stdout), text(&bare.stdout), "{arguments:?}");
    assert!(!left.stdout.is_empty());
    assert!(text(&bare.stderr).contains("run again"), "{}", text(&bare.stderr));
    text(&left.stderr).contains("what the run left")
}

#[test]
fn read_or_run_again_an_explanation_is_the_same_to_the_byte() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), "all");
    for format in ["text", "json"] {
        for policy in ["tracking", "steps", "sleepy"] {
            for time in ["10m 31s", "11m", "29m", "31m 15s", "2026-03-02T08:15:00+08:00"] {
                let arguments = ["--policy", policy, "--at", time, "--format", format];
                assert!(both(folder.path(), &arguments), "{arguments:?} was not read");
            }
            let arguments = ["--policy", policy, "--worst", "3", "--format", format];
            assert!(both(folder.path(), &arguments), "{arguments:?} was not read");
        }
        let arguments = ["--policy", "tracking", "--diverge", "steps", "--format", format];
        assert!(both(folder.path(), &arguments), "{arguments:?} was not read");
    }
}

#[test]
fn the_worst_moments_say_which_they_are() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), "all");
    let lines = fs::read_to_string(folder.path().join("left/moments.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let kept = lines.filter(|one| one["policy"] == "sleepy" && one["replication"] == 1);
    let kept: Vec<serde_json::Value> = kept.take(2).collect();
    assert!(!kept.is_empty());
    let ask = |format: &str| {
        let arguments =
            ["explain", "left", "--policy", "sleepy", "--worst", "2", "--format", format];
        String::from_utf8(autosim(folder.path(), &arguments).stdout).unwrap()
    };
    let told: Vec<serde_json::Value> = serde_json::from_str(&ask("json")).unwrap();
    assert_eq!(told.len(), kept.len());
    for (told, kept) in told.iter().zip(&kept) {
        for key in ["from_s", "to_s", "failed", "late"] {
            assert!(!kept[key].is_null());
            assert_eq!(told["moment"][key], kept[key], "{key}");
        }
    }
    assert_eq!((kept[0]["from_s"].as_f64(), kept[0]["to_s"].as_f64()), (Some(600.0), Some(690.0)));
    let text = ask("text");
    assert!(text.starts_with("moment: Mon 07:50:00-07:51:30, "), "{text}");
}

/// Jobs of a minute; at 10 min three of four replicas are told to leave, and have 20 s. At 10 min 10 s all four
/// are wanted again: the newest decision when requests are lost.
const KILLED: &str = r#"
duration = "30m"
replications = 1
timeline = "15s"
workload.arrivals.jobs.poisson.rate = "0.2/s"
service = { concurrency = 8, service_time.constant = "60s", balancing = "round-robin" }
replica = { grace = "20s", cold_start.constant = "5s" }
[policies.hasty.scheduled]
initial = 4
entries = [{ at = "10m", replicas = 1 }, { at = "10m 10s", replicas = 4 }]
"#;

#[test]
fn lost_requests_are_led_back_to_the_scale_in_that_killed_them() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), KILLED).unwrap();
    autosim(folder.path(), &["run", "s.toml", "--out", "left", "--quiet"]);
    fs::create_dir(folder.path().join("bare")).unwrap();
    fs::copy(folder.path().join("left/manifest.json"), folder.path().join("bare/manifest.json"))
        .unwrap();
    both(folder.path(), &["--policy", "hasty", "--worst", "1"]);
    let told = autosim(folder.path(), &["explain", "left", "--worst", "1", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let (one, moment) = (&told[0], &told[0]["moment"]);
    assert_eq!((one["time_s"].as_f64(), one["desired"].as_u64()), (Some(600.0), Some(1)), "{told}");
    assert!(moment["failed"].as_u64() > Some(3) && moment["from_s"] == 615.0, "{moment}");
    let cause = moment["cause"].as_str().unwrap();
    assert!(
        cause.contains("all were lost in service") && cause.contains("grace of 20 s"),
        "{cause}"
    );
}

#[test]
fn what_was_not_kept_is_run_again() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), "changes");
    // Where the count changes its trail was kept; between changes it was not, nor in the second replication.
    let decisions = fs::read_to_string(folder.path().join("left/decisions.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(decisions.as_bytes());
    let times =
        rows.records().map(Result::unwrap).filter(|row| &row[0] == "tracking" && &row[2] == "1");
    let times: Vec<f64> = times.map(|row| row[3].parse().unwrap()).collect();
    let gap = times.windows(2).find(|pair| pair[1] - pair[0] > 31.0).unwrap();
    let ask = |seconds: f64, replication: &str| {
        let time = format!("{seconds}s");
        let arguments = ["--policy", "tracking", "--at", &time, "--replication", replication];
        both(folder.path(), &arguments)
    };
    assert!(ask(gap[0], "1") && ask(gap[0] + 1.0, "1"));
    assert!(!ask(gap[0] + 30.0, "1") && !ask(gap[0], "2"));
}

#[test]
fn a_guard_is_worth_what_the_policy_wants_without_it() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), "all");
    let lines = fs::read_to_string(folder.path().join("left/decisions.jsonl")).unwrap();
    let all: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut seen = 0;
    for one in all.iter().filter(|one| one["policy"] == "tracking") {
        for without in one["without"].as_array().unwrap() {
            if without["guard"] == "rate_limit" {
                // Without it the formula's recommendation stands, within the bounds.
                let recommendation = one["uncapped"].as_u64().unwrap().clamp(1, 9);
                assert_eq!(without["desired"].as_u64(), Some(recommendation), "{one}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 2, "the rate limit acted only {seen} times");
}

/// What a fresh policy answers to the last of what was shown, after all of it.
fn replayed(setup: &mut Setup, shown: &[DecisionRecord], without: Option<Stage>) -> Decision {
    let policy = &mut setup.services[0].autoscaler.policy;
    let mut answer = None;
    for (at, record) in shown.iter().enumerate() {
        let (now, readings) = (record.at, &record.readings);
        let seen = Observation::new(now, record.census, record.before, readings);
        let without = without.filter(|_| at + 1 == shown.len());
        let seen = without.map_or(seen, |guard| seen.without(guard));
        answer = Some(match record.asked_by {
            AskedBy::Request => policy.activate(&seen),
            AskedBy::Control | AskedBy::Nobody => policy.observe(&seen),
        });
    }
    answer.unwrap()
}

#[test]
fn a_fresh_policy_shown_the_same_decides_the_same_with_and_without_each_guard() {
    let mut text = SCENARIO.to_owned();
    text += &one_of_each();
    let options = LoadOptions { fallback_name: "all".into(), ..LoadOptions::default() };
    let loaded = load(Sources::new("all.toml", text), &options).unwrap();
    let scenario = loaded.scenario;
    let mut asked = 0;
    for (index, policy) in scenario.policies.iter().enumerate() {
        let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
        let fresh = || scenario.setup(index, 0, None, detail);
        let records = simulation::run(fresh()).unwrap().services.remove(0).decisions;
        assert!(records.len() > 5, "{}", policy.name);
        let guarded: Vec<usize> =
            (0..records.len()).filter(|&at| !records[at].without.is_empty()).collect();
        // A few of them, from everywhere: each is a replay from the start.
        for &at in guarded.iter().step_by(guarded.len().div_ceil(8).max(1)) {
            let shown = &records[..=at];
            assert_eq!(
                replayed(&mut fresh(), shown, None),
                records[at].decision,
                "{}",
                policy.name
            );
            for (stage, desired) in &records[at].without {
                let other = replayed(&mut fresh(), shown, Some(*stage));
                assert_eq!(other.desired, *desired, "{} without {}", policy.name, stage.name());
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "only {asked} guards acted");
}
