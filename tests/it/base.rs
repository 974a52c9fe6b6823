//! What runs today, stated on the command line or in the scenario, and bills for a month.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SCENARIO: &str = "duration = '30m'\nreplications = 2\nslo.latency = 'p99 < 2s'\n\
    price.per_replica_hour = '1 USD'\n[workload.arrivals.main.poisson]\nrate = '20/s'\n\
    [service]\nservice_time.constant = '100ms'\n[policies.lean.fixed]\nreplicas = 3\n\
    [policies.ample.fixed]\nreplicas = 30\n";
const EAS: &str = r#"{"min":4,"max":9,"scaleStrategies":[{"metricName":"qps","threshold":10}]}"#;

fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    let named = SCENARIO.replacen("duration", "base = 'ample'\nduration", 1);
    let two = "[policies.a.fixed]\nreplicas = 1\n[policies.b.fixed]\nreplicas = 2\n";
    for (name, text) in [
        ("s.toml", SCENARIO),
        ("named.toml", &named),
        ("unknown.toml", &named.replace("'ample'\n", "'amble'\n")),
        ("eas.json", EAS),
        ("two.toml", two),
    ] {
        fs::write(home.path().join(name), text).unwrap();
    }
    home
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let output = command.arg("run").args(arguments).arg("--quiet").current_dir(folder);
    let output = output.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// | arguments | policies that run | the base |
#[test]
fn a_base_is_a_policy_of_the_scenario_or_joins_it() {
    let home = home();
    for (arguments, policies, base) in [
        (&["s.toml"][..], "lean ample", "lean"),
        (&["s.toml", "--base", "ample"], "lean ample", "ample"),
        (&["s.toml", "--base", "eas.json"], "lean ample eas", "eas"),
        (&["s.toml", "--base", "fixed:5"], "lean ample fixed-5", "fixed-5"),
        (&["s.toml", "--policy", "lean", "--base", "ample"], "lean ample", "ample"),
        (&["s.toml", "--policy", "lean", "--base", "eas.json"], "lean eas", "eas"),
        (&["s.toml", "--policy", "eas.json", "--base", "lean"], "lean eas", "lean"),
        (&["s.toml", "--policy", "eas.json", "--base", "eas.json"], "eas", "eas"),
        (&["named.toml"], "lean ample", "ample"),
        (&["named.toml", "--base", "lean"], "lean ample", "lean"),
        // One that is not run is no base.
        (&["named.toml", "--policy", "lean"], "lean", "lean"),
    ] {
        let all = [arguments, &["--format", "json"]].concat();
        let (code, out, err) = run(home.path(), &all);
        assert_eq!(code, 0, "{arguments:?}\n{err}");
        let found: Value = serde_json::from_str(&out).unwrap();
        let names = found["policies"].as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(
            (names.join(" "), &found["baseline"]),
            (policies.into(), &base.into()),
            "{arguments:?}"
        );
    }
}

#[test]
fn savings_are_against_the_base_and_bills_for_a_month() {
    let home = home();
    let (code, out, err) = run(home.path(), &["named.toml", "--per", "month"]);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, 0, "{err}");
    // Three replicas at 1 USD an hour, 730.5 hours.
    let verdict = "lean is the cheapest policy that keeps p99 < 2s, at 2192 USD per month; against ample: \
                   -90 % replica-hours, ";
    assert!(out.contains(verdict), "{out}");
    assert!(out.contains("those of the 30m measured, as if all of it were like them"), "{out}");
    let page = fs::read_to_string(home.path().join("output/named/report.html")).unwrap();
    // A number and its unit are not parted there.
    assert!(page.replace('\u{a0}', " ").contains("against ample: -90 % replica-hours"));
}

#[test]
fn what_is_no_base_and_no_period_is_refused_with_what_would_be() {
    let home = home();
    for (arguments, parts) in [
        (&["s.toml", "--base", "amble"][..], ["no policy `amble`", "did you mean `ample`"]),
        (&["unknown.toml"], ["unknown.toml:1:", "ample"]),
        (&["s.toml", "--base", "two.toml"], ["holds 2", "the name of one"]),
        (&["s.toml", "--base", "nowhere.json"], ["cannot read nowhere.json", "check the path"]),
        (&["s.toml", "--per", "fortnight"], ["--per", "hour, day, week, month, year"]),
    ] {
        let (code, _, err) = run(home.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}\n{err}");
        assert!(parts.iter().all(|part| err.contains(part)), "{arguments:?} {parts:?}\n{err}");
    }
}

#[test]
fn a_run_made_again_has_the_base_and_the_period_of_the_first() {
    let home = home();
    let asked =
        ["s.toml", "--policy", "lean", "--base", "eas.json", "--per", "week", "--out", "left"];
    let (_, first, err) = run(home.path(), &asked);
    assert!(first.contains("USD per week") && first.contains("against eas:"), "{first}{err}");
    fs::remove_file(home.path().join("eas.json")).unwrap();
    let (_, again, err) = run(home.path(), &["left", "--out", "again"]);
    assert_eq!(first, again, "{err}");
    let page = |folder: &str| fs::read(home.path().join(folder).join("report.html")).unwrap();
    assert!(page("left") == page("again"));
    // Another base joins what was chosen then.
    let json = ["left", "--base", "ample", "--format", "json", "--out", "other"];
    let (_, out, err) = run(home.path(), &json);
    let found: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let names =
        found["policies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
    let names: Vec<&str> = names.collect();
    assert_eq!((names.join(" "), &found["baseline"]), ("lean ample eas".into(), &"ample".into()));
}
