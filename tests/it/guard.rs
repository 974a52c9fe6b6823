//! The guard of a build: claims against a run before, and what services that run builds read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SCENARIO: &str = "duration = '10m'\nreplications = 2\nslo.latency = 'p99 < 300ms'\n\
    [workload.arrivals.main.poisson]\nrate = '4/s'\n[service]\nservice_time.exponential.mean = '50ms'\n\
    [price]\nper_replica_hour = '0.123456789 USD'\n[policies.two.fixed]\nreplicas = 2\n\
    [policies.three.fixed]\nreplicas = 3\n";

/// Exit code, standard output, standard error.
fn autosim(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A folder with the scenario, and what a run of it left in `before`.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("s.toml"), SCENARIO).unwrap();
    let (code, _, err) = autosim(home.path(), &["run", "s.toml", "-q", "--out", "before"]);
    assert_eq!(code, 0, "{err}");
    home
}

#[test]
fn a_claim_about_the_baseline_compares_with_what_a_run_left() {
    let home = home();
    for (more, claim, exit) in [
        // The same run: figures have the digits that a summary has.
        (&[][..], "cost<=baseline", 0),
        (&[], "p99<=baseline", 0),
        (&[], "cost<baseline", 1),
        (&[], "cost<=0.99*baseline", 1),
        // Twice the traffic.
        (&["--set", "workload.rate_scale=2"], "cost<=1.05*baseline", 0),
        (&["--set", "workload.rate_scale=2"], "arrived<=1.9*baseline", 1),
        (&["--set", "policies.three.fixed.replicas=4"], "two:cost<=1.05*baseline", 0),
        (&["--set", "policies.three.fixed.replicas=4"], "cost<=1.05*baseline", 1),
    ] {
        for baseline in ["before", "before/summary.csv"] {
            let asked = ["check", "s.toml", "--assert", claim, "--baseline", baseline];
            let (code, out, err) = autosim(home.path(), &[&asked, more].concat());
            assert_eq!(code, exit, "{claim} {more:?}: {out}{err}");
        }
    }
    let asked = ["check", "s.toml", "--assert", "cost<=baseline", "--baseline", "before"];
    let more = ["--set", "policies.three.fixed.replicas=4"];
    let (_, out, _) = autosim(home.path(), &[&asked[..], &more].concat());
    let three =
        "assertion FAILS: three: cost<=baseline: cost 0.082305, baseline 0.061728, 1.333 times it";
    assert!(out.contains(three), "{out}");
}

#[test]
fn without_a_file_the_baseline_is_the_policy_of_base() {
    let home = home();
    for (claim, exit) in
        [("cost<=1.5*baseline", 0), ("cost<=1.4*baseline", 1), ("two:cost<baseline", 1)]
    {
        let asked = ["check", "s.toml", "--base", "two", "--assert", claim];
        let (code, out, err) = autosim(home.path(), &asked);
        assert_eq!(code, exit, "{claim}: {out}{err}");
    }
    // The one they are compared with is not compared with itself, unless it is named.
    let asked = ["check", "s.toml", "--base", "three", "--assert", "cost<baseline"];
    let (code, out, err) = autosim(home.path(), &asked);
    assert_eq!((code, out.contains("three: cost")), (0, false), "{out}{err}");
}

#[test]
fn a_baseline_that_cannot_be_used_is_refused_before_the_run() {
    let home = home();
    fs::write(home.path().join("other.csv"), "time_s,count\n0,1\n").unwrap();
    let one = ["check", "s.toml", "--policy", "two", "-q"];
    for (arguments, said) in [
        (&["--assert", "cost<=baseline"][..], "of which baseline? give --baseline FILE"),
        (&["--assert", "cost<1 EUR"], "prices of the scenario are in USD"),
        (&["--precision", "2%", "--budget", "10"], "the first 10 replications take about"),
        (&["--assert", "cost<=1", "--baseline", "before"], "no claim speaks of it"),
        (&["--baseline", "before"], "no claim speaks of it"),
        (&["--assert", "cost<=baseline", "--baseline", "none.csv"], "cannot read none.csv"),
        (&["--assert", "cost<=baseline", "--baseline", "other.csv"], "other.csv is no summary"),
        (
            &["--assert", "cost<=baseline", "--baseline", "before", "--policy", "fixed:5"],
            "has no policy `fixed-5`; it has two, three",
        ),
    ] {
        let (code, out, err) = autosim(home.path(), &[&one, arguments].concat());
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn junit_has_a_suite_for_every_scenario_and_a_case_for_every_claim() {
    let home = home();
    fs::write(home.path().join("bad.toml"), SCENARIO.replace("replicas = 2", "replicas = -2"))
        .unwrap();
    let asked = ["check", "s.toml", "bad.toml", "--junit", "junit.xml", "-q"];
    let claims = ["--assert", "p99<10s", "--assert", "two:cost<0.01"];
    let (code, _, _) = autosim(home.path(), &[&asked[..], &claims].concat());
    assert_eq!(code, 2);
    let xml = fs::read_to_string(home.path().join("junit.xml")).unwrap();
    for part in [
        "<testsuite name=\"s.toml\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"s.toml\" name=\"sound\"></testcase>",
        "<testcase classname=\"s.toml.three\" name=\"p99&#60;10s\"></testcase>",
        "<testcase classname=\"s.toml.two\" name=\"two:cost&#60;0.01\"><failure message=\"cost 0.0411523\"/>",
        "<testsuite name=\"bad.toml\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">",
        "<error message=\"line ",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    // `run` leaves the same cases.
    let asked = ["run", "s.toml", "--junit", "run.xml", "-q", "--out", "again"];
    let (code, _, _) = autosim(home.path(), &[&asked[..], &claims].concat());
    assert_eq!(code, 1);
    let xml = fs::read_to_string(home.path().join("run.xml")).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    // Where it cannot be left, that is said, and what failed is told all the same.
    let asked = ["check", "s.toml", "--junit", "no/such/junit.xml", "-q"];
    let (code, out, err) = autosim(home.path(), &[&asked[..], &claims].concat());
    assert_eq!((code, err.contains("cannot write no/such/junit.xml")), (2, true), "{err}");
    assert!(out.contains("assertion FAILS"), "{out}");
}

#[test]
fn the_action_for_builds_asks_every_line_and_ends_as_the_command_does() {
    let home = home();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("examples/github-action/rehearse.sh");
    let binary = Path::new(env!("CARGO_BIN_EXE_autosim")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    for (claims, baseline, exit) in [
        ("p99<10s\n\n  cost<=baseline  \n", "before/summary.csv", 0),
        ("p99<10s\ncost<baseline", "before", 1),
        ("p99<10s\ncost<baseline", "", 2),
        ("\n", "", 2),
    ] {
        let output = Command::new("bash")
            .arg(&script)
            .current_dir(home.path())
            .env("PATH", &path)
            .env("GITHUB_STEP_SUMMARY", home.path().join("summary.md"))
            .envs([("SCENARIO", "s.toml"), ("CLAIMS", claims), ("BASELINE", baseline)])
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{claims:?}: {err}");
    }
    let summary = fs::read_to_string(home.path().join("summary.md")).unwrap();
    assert!(summary.contains("assertion holds: two: p99<10s"), "{summary}");
    assert!(home.path().join("autosim-junit.xml").exists());
}

#[test]
fn every_input_of_the_action_is_handed_to_its_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/github-action");
    let action = fs::read_to_string(root.join("action.yml")).unwrap();
    let script = fs::read_to_string(root.join("rehearse.sh")).unwrap();
    let (_, inputs) = action.split_once("\ninputs:\n").unwrap();
    let names: Vec<&str> = inputs
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '))
        .collect();
    assert_eq!(names, ["scenario", "claims", "baseline", "junit"]);
    for name in names {
        let variable = name.to_uppercase();
        assert!(action.contains(&format!("{variable}: ${{{{ inputs.{name} }}}}")), "{name}");
        assert!(
            script.contains(&format!("${variable}")) || script.contains(&format!("${{{variable}")),
            "{name}"
        );
    }
}

const HPA: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  \
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 2\n  maxReplicas: 9\n  \
    metrics:\n  - type: Resource\n    resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}\n";

#[test]
fn documents_beside_a_scenario_are_compared_on_its_traffic() {
    let home = home();
    let tuned = HPA.replace("averageUtilization: 60", "averageUtilization: 80");
    fs::write(home.path().join("today.yaml"), HPA).unwrap();
    fs::write(home.path().join("tuned.yaml"), tuned).unwrap();
    for files in
        [&["s.toml", "today.yaml", "tuned.yaml"][..], &["today.yaml", "s.toml", "tuned.yaml"]]
    {
        let (code, out, err) =
            autosim(home.path(), &[&["run", "-q", "--format", "csv"], files].concat());
        assert_eq!(code, 0, "{err}");
        let policies: Vec<&str> =
            out.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(policies, ["today", "tuned"], "{err}");
    }
    // What a run left is JSON too, and no document.
    let (code, _, err) =
        autosim(home.path(), &["run", "before/manifest.json", "-q", "--out", "again"]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = autosim(home.path(), &["run", "s.toml", "before", "-q"]);
    assert_eq!((code, err.contains("s.toml and before are two scenarios")), (2, true), "{err}");
}

#[test]
fn all_traffic_can_be_scaled_whatever_a_scenario_scales_itself() {
    let home = home();
    let arrived = |more: &[&str]| -> f64 {
        let asked = ["run", "s.toml", "-q", "--format", "json", "--policy", "two"];
        let (code, out, err) = autosim(home.path(), &[&asked, more].concat());
        assert_eq!(code, 0, "{err}");
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        value["policies"][0]["figures"]["arrived"]["mean"].as_f64().unwrap()
    };
    let six = arrived(&["--set", "workload.rate_scale=6"]);
    assert_eq!(arrived(&["--set", "workload.rate_scale=2", "--scale-traffic", "3"]), six);
    assert_eq!(arrived(&["--scale-traffic", "6"]), six);
    for (factor, said) in [("-1", "the scale is -1"), ("much", "expected a number")] {
        let (code, _, err) = autosim(home.path(), &["run", "s.toml", "--scale-traffic", factor]);
        assert_eq!((code, err.contains(said)), (2, true), "{err}");
    }
}

#[test]
fn replications_are_added_until_figures_are_precise_and_a_run_again_has_as_many() {
    let home = home();
    let asked = ["run", "s.toml", "--precision", "1%", "--out", "precise"];
    let (code, _, err) = autosim(home.path(), &asked);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("precise from ") && err.contains("latency_ms of "), "{err}");
    let manifest = fs::read_to_string(home.path().join("precise/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let replications = manifest["replications"].as_u64().unwrap();
    assert!(replications > 10, "{replications}");
    let (code, _, err) = autosim(home.path(), &["run", "precise", "--out", "again"]);
    assert_eq!(code, 0, "{err}");
    let summary = |folder: &str| fs::read(home.path().join(folder).join("summary.csv")).unwrap();
    assert!(summary("precise") == summary("again"));
    // A budget too small for it: the figure is named, and the command fails.
    let asked = ["run", "s.toml", "--precision", "1%", "--budget", "60000", "-q"];
    let (code, _, err) = autosim(home.path(), &asked);
    assert_eq!(
        (code, err.contains("and the budget is spent: slo_latency_ms of ")),
        (1, true),
        "{err}"
    );
    for (wrong, said) in
        [(&["--precision", "0%"][..], "0.01% to 50%"), (&["--budget", "1e6"], "--precision")]
    {
        let (code, _, err) = autosim(home.path(), &[&["run", "s.toml"], wrong].concat());
        assert_eq!((code, err.contains(said)), (2, true), "{wrong:?}: {err}");
    }
}
