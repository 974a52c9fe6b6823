//! How a command ends and what it leaves: the exit code whoever reads, requests to stop, the output folder
//! wherever it is.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A scenario that runs in a blink; a cell of it takes a millisecond.
const GOOD: &str = "duration = '10m'\nreplications = 2\nslo.latency = 'p99 < 300ms'\n\
    [workload.arrivals.main.poisson]\nrate = '4/s'\n[service]\nservice_time.constant = '50ms'\n\
    [policies.two.fixed]\nreplicas = 2\n[policies.three.fixed]\nreplicas = 3\n";

const BINARY: &str = env!("CARGO_BIN_EXE_autosim");

fn autosim(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    said(&autosim(folder, arguments).output().unwrap())
}

fn good(folder: &Path, arguments: &[&str]) {
    let (code, _, err) = run(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}\n{err}");
}

/// A folder with the scenario, and whatever else the verbs read.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    for (name, text) in [
        ("good.toml", GOOD.to_owned()),
        ("bad.toml", GOOD.replace("replicas = 3", "replicas = -3")),
        ("eas.json", r#"{ "min": 2, "max": 8, "scaleStrategies": [{ "metricName": "qps", "threshold": 10 }] }"#.into()),
        ("bad.json", r#"{ "min": 9, "max": 8, "scaleStrategies": [{ "metricName": "qps", "threshold": 10 }] }"#.into()),
        ("readings.csv", "time_s,qps\n0,10\n60,40\n".into()),
        ("t.csv", "time_s\n1\n2\n".into()),
    ] {
        fs::write(home.path().join(name), text).unwrap();
    }
    home
}

/// Every file of a folder.
fn texts(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect()
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// A folder of one run, with nothing beside its files.
fn whole(folder: &Path) -> Value {
    let manifest = manifest(folder);
    let listed: Vec<PathBuf> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| folder.join(name.as_str().unwrap()))
        .collect();
    assert_eq!(texts(folder).into_keys().collect::<Vec<_>>(), listed);
    manifest
}

/// A command of every verb and how it ends.
const ENDS: &[(&[&str], i32)] = &[
    (&["run", "good.toml"], 0),
    (&["run", "good.toml", "--format", "json", "--assert", "mean<1ms"], 1),
    (&["run", "bad.toml"], 2),
    (&["run", "good.toml", "--out", "."], 2),
    (&["check", "good.toml"], 0),
    (&["check", "good.toml", "--assert", "mean<1s"], 0),
    (&["check", "good.toml", "--assert", "mean<1ms"], 1),
    (&["check", "good.toml", "bad.toml"], 2),
    (&["check", "bad.toml", "--format", "json"], 2),
    (&["check", "good.toml", "bad.json", "eas.json"], 2),
    (&["decide", "--policy", "eas.json", "--readings", "readings.csv", "--initial", "2"], 0),
    (&["decide", "--policy", "bad.json", "--readings", "readings.csv"], 2),
    (&["explain", "left", "--policy", "two", "--at", "1m"], 0),
    (&["explain", "left", "--at", "1m"], 2),
    (&["tune", "bad.toml"], 2),
    (&["merge", "nowhere"], 2),
    (&["diff", "left", "left"], 0),
    (&["diff", "left", "nowhere"], 2),
    (&["import", "eas.json"], 0),
    (&["import", "bad.json"], 2),
    (&["export", "--policy", "eas.json"], 0),
    (&["export", "--policy", "good.toml", "--named", "two"], 2),
    (&["trace", "inspect", "t.csv"], 0),
    (&["trace", "inspect", "nowhere.csv"], 2),
    (&["trace", "convert", "t.csv", "--out", "converted.csv"], 0),
    (&["trace", "convert", "t.csv", "--out", "converted"], 2),
    (&["trace", "fit", "nowhere.csv", "--out", "model.toml"], 2),
    (&["trace", "generate", "good.toml", "--out", "made.csv"], 0),
    (&["trace", "generate", "bad.toml", "--out", "made.csv"], 2),
    (&["demo"], 0),
    (&["demo", "nothing"], 2),
    (&["presets"], 0),
    (&["presets", "nothing"], 2),
    (&["schema"], 0),
    (&["completions", "bash"], 0),
    (&["completions", "nothing"], 2),
    (&["man"], 0),
    (&["help"], 0),
    (&["--version"], 0),
    (&["fly"], 2),
];

/// Where nobody reads any more.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn the_exit_code_never_depends_on_who_reads() {
    let home = home();
    good(home.path(), &["run", "good.toml", "--out", "left", "--decisions", "all", "--quiet"]);
    for (arguments, code) in ENDS {
        for (reads_out, reads_err) in [(true, true), (false, true), (true, false), (false, false)] {
            let mut command = autosim(home.path(), arguments);
            command.stdout(if reads_out { Stdio::null() } else { closed() });
            command.stderr(if reads_err { Stdio::piped() } else { closed() });
            let (ended, _, err) = said(&command.spawn().unwrap().wait_with_output().unwrap());
            let case = format!("{arguments:?}, out {reads_out}, err {reads_err}: {err}");
            assert_eq!(ended, *code, "{case}");
            assert!(!err.contains("Broken pipe") && !err.contains("fault of"), "{case}");
        }
    }
}

#[test]
fn every_verb_is_in_the_table_of_ends() {
    let home = home();
    let (_, help, _) = run(home.path(), &["--help"]);
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let verbs = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let verbs: Vec<&str> = verbs.filter(|verb| !verb.is_empty()).collect();
    assert!(verbs.len() > 10, "{listed}");
    for verb in verbs {
        assert!(ENDS.iter().any(|(arguments, _)| arguments[0] == verb), "{verb}");
    }
}

#[test]
fn what_was_found_is_told_even_where_it_cannot_be_left() {
    let home = home();
    let left = home.path().join("left");
    good(home.path(), &["run", "good.toml", "--out", "left", "--quiet"]);
    // A folder of the user's own where a file is to be.
    fs::remove_file(left.join("summary.csv")).unwrap();
    fs::create_dir(left.join("summary.csv")).unwrap();
    let before = texts(&left);
    for claim in ["mean<1s", "mean<1ms"] {
        let (code, out, err) =
            run(home.path(), &["run", "good.toml", "--out", "left", "--assert", claim]);
        assert_eq!(code, 2, "{err}");
        assert!(out.contains("two") && out.contains("three"), "{out}");
        assert!(err.contains("summary.csv is a folder") && err.contains(claim), "{err}");
    }
    assert_eq!(texts(&left), before);
}

#[cfg(target_os = "linux")]
#[test]
fn files_are_left_even_where_nothing_can_be_told() {
    let home = home();
    let mut command = autosim(home.path(), &["run", "good.toml", "--assert", "mean<1ms"]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let (code, _, err) = said(&command.stdout(full).output().unwrap());
    assert!(code == 2 && err.contains("cannot write the output"), "{code} {err}");
    assert!(err.contains("assertion FAILS"), "{err}");
    whole(&home.path().join("output/good"));
}

#[test]
fn the_output_folder_may_be_where_the_command_runs() {
    let home = home();
    let left = home.path().join("d");
    good(home.path(), &["run", "good.toml", "--out", "d"]);
    fs::write(left.join("notes.txt"), "mine").unwrap();
    for (seed, out) in [("2", "../d"), ("3", "."), ("4", "./"), ("5", "../d/.")] {
        good(&left, &["run", "../good.toml", "--out", out, "--seed", seed]);
        assert_eq!(manifest(&left)["seed"].to_string(), seed, "{out}");
        assert_eq!(fs::read_to_string(left.join("notes.txt")).unwrap(), "mine");
    }
    fs::remove_file(left.join("notes.txt")).unwrap();
    whole(&left);
}

#[test]
fn a_folder_that_cannot_be_written_into_is_told_before_the_run() {
    let home = home();
    fs::create_dir(home.path().join("foreign")).unwrap();
    fs::write(home.path().join("foreign/thesis.txt"), "").unwrap();
    let before = texts(home.path());
    for out in [".", "foreign", "good.toml", "good.toml/below", "foreign/thesis.txt/and/below"] {
        let (code, printed, err) = run(home.path(), &["run", "good.toml", "--out", out]);
        assert_eq!((code, printed.as_str()), (2, ""), "{out}: {err}");
        assert!(err.contains("--out") && !err.contains("simulated"), "{out}: {err}");
    }
    assert_eq!(texts(home.path()), before);
}

#[test]
fn a_folder_of_two_runs_is_refused_to_readers_and_put_right_by_the_next_run() {
    let home = home();
    good(home.path(), &["run", "good.toml", "--out", "left", "--quiet"]);
    good(home.path(), &["run", "good.toml", "--out", "other", "--quiet"]);
    // As a run leaves it that is killed before the last of its files is moved up.
    let left = home.path().join("left");
    fs::create_dir(left.join(".autosim-moving")).unwrap();
    let stays = left.join(".autosim-moving/manifest.json");
    fs::rename(left.join("manifest.json"), stays).unwrap();
    for arguments in [&["explain", "left", "--at", "1m"][..], &["diff", "other", "left"]] {
        let (code, out, err) = run(home.path(), arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains("files of left are of two runs"), "{err}");
    }
    good(home.path(), &["run", "good.toml", "--out", "left", "--quiet"]);
    whole(&left);
    good(home.path(), &["diff", "other", "left"]);
}

#[test]
fn of_runs_at_once_into_one_folder_one_is_left_and_none_fails() {
    let home = home();
    let seeds = ["1", "2", "3", "4", "5", "6"];
    let start = |seed: &&str| {
        let arguments = ["run", "good.toml", "--out", "new/shared", "--quiet", "--seed", seed];
        autosim(home.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
    };
    let runs: Vec<_> = seeds.iter().map(|seed| start(seed).unwrap()).collect();
    for run in runs {
        let (code, _, err) = said(&run.wait_with_output().unwrap());
        assert_eq!((code, err.as_str()), (0, ""));
    }
    let shared = home.path().join("new/shared");
    let seed = whole(&shared)["seed"].to_string();
    good(home.path(), &["run", "good.toml", "--out", "alone", "--quiet", "--seed", &seed]);
    let alone: Vec<Vec<u8>> = texts(&home.path().join("alone")).into_values().collect();
    assert_eq!(texts(&shared).into_values().collect::<Vec<_>>(), alone);
}

/// A run of many minutes, asked to stop after `seconds`. Whoever started the tests may have told them to ignore
/// signals; `env` takes that back.
#[cfg(target_os = "linux")]
fn stopped(folder: &Path, signal: &str, seconds: f64, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,TERM,HUP", BINARY, "run", "good.toml"]);
    command.args(["--set", "replications=100000", "--out", "left"]).args(more);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    said(&child.wait_with_output().unwrap())
}

/// The same, patient enough for something to be finished.
#[cfg(target_os = "linux")]
fn stopped_midway(folder: &Path, signal: &str, more: &[&str]) -> String {
    for seconds in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
        let (code, out, err) = stopped(folder, signal, seconds, more);
        // Before it knew what to do the signal just ended it.
        assert!([-1, 130].contains(&code), "{signal}: {code} {err}");
        if out.is_empty() {
            continue;
        }
        assert!(out.contains("INCOMPLETE") && out.contains("three"), "{signal}: {out}");
        return err;
    }
    panic!("nothing was finished in 16 seconds");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_asked_to_stop_keeps_what_is_finished() {
    for signal in ["INT", "TERM", "HUP"] {
        let home = home();
        let left = home.path().join("left");
        let err = stopped_midway(home.path(), signal, &[]);
        assert!(err.contains("interrupted: only what was finished"), "{err}");
        let manifest = whole(&left);
        assert_eq!(manifest["complete"], false);
        assert!(manifest["replications_finished"].as_u64().unwrap() > 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_stopped_run_leaves_the_results_there_and_goes_beside_them() {
    let home = home();
    let (left, partial) = (home.path().join("left"), home.path().join("left.partial"));
    good(home.path(), &["run", "good.toml", "--out", "left", "--quiet"]);
    let before = texts(&left);
    let err = stopped_midway(home.path(), "TERM", &["--quiet", "--assert", "mean<1ms"]);
    assert!(err.contains("files in left.partial; left keeps the run before"), "{err}");
    assert_eq!(texts(&left), before);
    assert_eq!(whole(&partial)["complete"], false);
    good(home.path(), &["diff", "left", "left.partial"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_run_leaves_nothing_behind() {
    let home = home();
    let (code, _, _) = stopped(home.path(), "KILL", 1.0, &[]);
    assert_eq!(code, -1);
    assert!(!home.path().join("left").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_is_stopped_leaves_nothing_and_one_that_is_killed_what_the_next_sweeps() {
    let home = home();
    let unfinished = || {
        let names = texts(home.path()).into_keys();
        names.filter(|path| path.to_string_lossy().contains(".autosim-trace-")).count()
    };
    let endless = ["--set", "duration=10000h", "--out", "long.csv"];
    for (signal, exit, left) in
        [("INT", 130, 0), ("TERM", 130, 0), ("HUP", 130, 0), ("KILL", -1, 1)]
    {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM,HUP", BINARY, "trace", "generate", "good.toml"]);
        command.args(endless).current_dir(home.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let written = texts(home.path()).into_iter();
            written.into_iter().any(|(path, text)| {
                path.to_string_lossy().contains(".autosim-trace-") && !text.is_empty()
            })
        });
        if !begun {
            let _ = child.kill();
            panic!("nothing was written in 10 seconds");
        }
        if signal == "KILL" {
            // Another one leaves what is still written alone.
            good(home.path(), &["trace", "generate", "good.toml", "--out", "short.csv"]);
            assert_eq!(unfinished(), 1);
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let (code, _, err) = said(&child.wait_with_output().unwrap());
        assert_eq!((code, unfinished()), (exit, left), "{signal}: {err}");
        assert!(!home.path().join("long.csv").exists());
    }
    good(home.path(), &["trace", "generate", "good.toml", "--out", "short.csv"]);
    assert_eq!(unfinished(), 0);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let home = home();
    let script = "trap '' HUP; \"$0\" run good.toml --set replications=400 --out left -q & \
                  sleep 0.3; kill -s HUP $!; wait $!";
    let mut command = Command::new("sh");
    command.args(["-c", script, BINARY]).current_dir(home.path());
    let (code, _, err) = said(&command.output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(whole(&home.path().join("left"))["complete"], true);
}
