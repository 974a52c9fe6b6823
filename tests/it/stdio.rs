//! Programs as policies, as a user meets them. Those in Python say that they were skipped where there is none.
#![cfg(unix)]

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SCENARIO: &str = "duration = '40m'\nreplications = 2\nslo.latency = 'p95 < 500ms'\n\
    [workload.arrivals.main.step]\nfrom = '20/s'\nto = '90/s'\nat = '10m'\n\
    [service]\nconcurrency = 2\nservice_time.exponential.mean = '100ms'\n\
    [replica]\ncold_start = '20s'\ninitial = 3\n";
/// In shell: five replicas, then an answer of one's own from 12 min on.
const TURNS: &str = "read a; echo '{\"version\": 1}'; read a; echo '{}'\n\
    while read -r line; do case $line in *'\"at_s\":720.0,'*) TURN;; esac; \
    echo '{\"count\": 5, \"reason\": \"always\"}'; done\n";

/// A folder with the example programs and a scenario of these policies.
fn home(policies: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/stdio");
    for file in fs::read_dir(examples).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, home.path().join(path.file_name().unwrap())).unwrap();
    }
    fs::write(home.path().join("s.toml"), format!("{SCENARIO}{policies}")).unwrap();
    home
}

fn autosim(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = autosim(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}\n{err}");
    out
}

fn has_python(test: &str) -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok();
    if !there {
        let line = format!("skipped: {test}: no python3 on the search path\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    there
}

/// The rows of a policy in the table of replications, without its name and kind.
fn figures(csv: &str, policy: &str) -> Vec<String> {
    let rows = csv.lines().filter_map(|line| line.strip_prefix(&format!("{policy},")));
    rows.map(|row| row.split_once(',').unwrap().1.to_owned()).collect()
}

#[test]
fn a_program_that_computes_what_a_built_in_policy_does_gets_its_figures() {
    if !has_python("a_program_that_computes_what_a_built_in_policy_does_gets_its_figures") {
        return;
    }
    let home = home(
        "[policies.python.stdio]\ncommand = ['python3', 'policy.py']\nmax = 12\n\
         observes = [{ metric = 'ongoing_requests' }]\nparameters = { target = 1.2, patience_s = 0 }\n\
         [policies.tracks.target-tracking]\nmetric = 'ongoing_requests_per_replica'\ntarget = 1.2\n\
         max = 12\ntolerance = 0\nstabilise_down = '0s'\n",
    );
    good(home.path(), &["run", "s.toml", "--out", "left", "--quiet"]);
    let csv = fs::read_to_string(home.path().join("left/replications.csv")).unwrap();
    let [python, tracks] = ["python", "tracks"].map(|policy| figures(&csv, policy));
    assert!(python.len() == 2 && python == tracks, "{csv}");
    // What a program said is what a decision is explained by.
    let text = good(home.path(), &["explain", "left", "--policy", "python", "--at", "14m"]);
    for part in ["python (stdio), replication 1", " requests, 1.2 each", "it cannot be asked again"]
    {
        assert!(text.contains(part), "lacks {part}\n{text}");
    }
    assert_eq!(text.matches("without bounds").count(), text.matches("   max 12").count(), "{text}");
}

#[test]
fn the_example_runs_and_runs_again_to_the_same_bytes_with_any_number_of_jobs() {
    if !has_python("the_example_runs_and_runs_again_to_the_same_bytes_with_any_number_of_jobs") {
        return;
    }
    let home = home("");
    let file = |folder: &str, name: &str| fs::read(home.path().join(folder).join(name)).unwrap();
    good(home.path(), &["run", "scenario.toml", "--out", "a", "--quiet", "--jobs", "1"]);
    good(home.path(), &["run", "a", "--out", "b", "--quiet", "--jobs", "3"]);
    for name in ["summary.csv", "replications.csv", "decisions.csv", "decisions.jsonl"] {
        assert!(file("a", name) == file("b", name), "{name}");
    }
    let manifest: Value = serde_json::from_slice(&file("a", "manifest.json")).unwrap();
    let inputs = manifest["inputs"].as_array().unwrap().iter();
    let inputs: Vec<&str> = inputs.map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["policy.py", "policy.sh"]);
    // Its figures are those of the program as it was.
    let changed = String::from_utf8(file(".", "policy.sh")).unwrap().replace("/ 2", "/ 3");
    fs::write(home.path().join("policy.sh"), changed).unwrap();
    let (code, _, err) = autosim(home.path(), &["run", "a", "--out", "c", "--quiet"]);
    assert!(code == 2 && err.contains("`policy.sh` is not what the run read"), "{code} {err}");
}

#[test]
fn its_parameters_are_keys_of_the_scenario() {
    let policy = "[policies.shell.stdio]\ncommand = ['sh', '-c', '''read hello; x=${hello##*wanted\\\":}; \
        echo '{\"version\": 1}'; read a; echo '{}'; while read a; do echo \"{\\\"count\\\": ${x%%\\}*}}\"; done''']\n\
        max = 12\nparameters.wanted = 4\n";
    let home = home(policy);
    for (set, wanted) in [("wanted=7", "7"), ("wanted=40", "12")] {
        let set = format!("policies.shell.stdio.parameters.{set}");
        good(home.path(), &["run", "s.toml", "--out", "left", "--quiet", "--set", &set]);
        let arguments = ["explain", "left", "--policy", "shell", "--at", "5m", "--format", "json"];
        let told: Value = serde_json::from_str(&good(home.path(), &arguments)).unwrap();
        assert_eq!(told[0]["desired"].to_string(), wanted, "{set}");
    }
}

/// | what the program does at 12 min | what is said |
#[test]
fn a_program_that_fails_ends_the_run_with_policy_time_and_line() {
    for (turn, parts) in [
        ("echo out of ideas >&2; exit 7", &["ended (exit status: 7)", "out of ideas"][..]),
        (
            "echo '{\"count\": \"many\"}'",
            &["answered `{\"count\": \"many\"}` to", "invalid type: string"],
        ),
        ("exec sleep 60", &["did not answer within 500ms (`timeout`)"]),
    ] {
        let home = home(
            "[policies.peak.fixed]\nreplicas = 9\n\
             [policies.mine.stdio]\ncommand = ['sh', 'turns.sh']\nmax = 12\ntimeout = '500ms'\n",
        );
        fs::write(home.path().join("turns.sh"), TURNS.replace("TURN", turn)).unwrap();
        let (code, _, err) = autosim(home.path(), &["run", "s.toml", "--quiet", "--out", "left"]);
        assert_eq!(code, 2, "{err}");
        let always = [
            "policy mine, replication ",
            "the policy could not decide at 12m from the start: `sh turns.sh`",
            "`{\"type\":\"observe\",\"at_s\":720.0,",
        ];
        for part in always.iter().chain(parts) {
            assert!(err.contains(part), "{turn}: lacks {part}\n{err}");
        }
        assert!(!home.path().join("left/summary.csv").exists());
    }
}

#[test]
fn a_recording_is_played_to_a_program_too() {
    let home = home("");
    let policy = "[policies.shell.stdio]\ncommand = ['sh', 'policy.sh']\nmax = 12\ninterval = '1m'\n\
                  observes = [{ metric = 'ongoing_requests' }]\n";
    fs::write(home.path().join("p.toml"), policy).unwrap();
    let rows = "time_s,ongoing_requests\n0,4\n60,9.5\n120,\n720,11\n";
    fs::write(home.path().join("r.csv"), rows).unwrap();
    let decide = ["decide", "--policy", "p.toml", "--readings", "r.csv", "--as", "readings"];
    let out = good(home.path(), &[&decide[..], &["--initial", "2"]].concat());
    let mut csv = csv::Reader::from_reader(out.as_bytes());
    let desired = csv.headers().unwrap().iter().position(|name| name == "desired").unwrap();
    let counts: Vec<String> = csv.records().map(|row| row.unwrap()[desired].to_owned()).collect();
    assert_eq!(counts, ["3", "5", "5", "6"], "{out}");
    // What goes wrong is told with the row.
    fs::write(home.path().join("policy.sh"), TURNS.replace("TURN", "exit 1")).unwrap();
    let (code, _, err) = autosim(home.path(), &decide);
    let said =
        "error: r.csv: the policy could not decide up to the row at 12m: `sh policy.sh` ended";
    assert!(code == 2 && err.contains(said), "{code} {err}");
    let (code, out, err) = live(home.path(), rows);
    assert!(code == 2 && out.lines().count() == 4, "{code} {out}");
    assert!(err.contains("could not decide up to the row at 12m"), "{err}");
}

/// Rows through a pipe.
fn live(folder: &Path, rows: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    command.args(["decide", "--policy", "p.toml", "--readings", "-", "--as", "readings", "--all"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.current_dir(folder).spawn().unwrap();
    child.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_a_program_cannot_be_is_refused_at_its_place() {
    for (policies, part) in [
        ("[policies.mine.stdio]\nmax = 3\n", "`command` is missing"),
        ("[policies.mine.stdio]\ncommand = 'python3'\nmax = 3\n", "s.toml:15:"),
        ("[policies.mine.stdio]\ncommand = ['a']\nmax = 3\nmaximum = 3\n", "unknown key `maximum`"),
        ("[policies.mine.stdoi]\ncommand = ['a']\nmax = 3\n", "did you mean `stdio`?"),
        (
            "[policies.mine.stdio]\ncommand = ['a']\nmax = 3\nobserves = [{ metric = 'other/cpu' }]\n",
            "it reads a metric of the service `other`",
        ),
        (
            "[policies.mine.combine.policies.a.stdio]\ncommand = ['a']\nmax = 3\n",
            "unknown name `stdio`",
        ),
    ] {
        let (code, _, err) = autosim(home(policies).path(), &["check", "s.toml"]);
        assert!(code == 2 && err.contains(part), "{policies}\nlacks {part}\n{code} {err}");
    }
}
