//! The wall clock of a run: that of its recordings, or the stated one, or none.

use autosim_study::scenario::{Layer, LoadOptions, Loaded, Sources, load};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Ten requests an hour for three days from Thursday, 10 April 2014, 00:00:30.
fn recording() -> String {
    let hours = (0..72).map(|hour| {
        format!("2014-04-{:02} {:02}:00:30,{}\n", 10 + hour / 24, hour % 24, 10 + hour)
    });
    format!("time,count\n{}", hours.collect::<String>())
}

const SCENARIO: &str = "replications = 1\n[workload.arrivals.web.replay]\nfile = 'web.csv'\n\
                        [policies.two.fixed]\nreplicas = 2\n";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("web.csv"), recording()).unwrap();
    fs::write(folder.path().join("s.toml"), SCENARIO).unwrap();
    folder
}

fn loaded(folder: &Path, text: &str, set: &[(&str, &str)]) -> Result<Loaded, String> {
    let layer = |&(path, value): &(&str, &str)| Layer::value(format!("--set {path}"), path, value);
    let options = LoadOptions {
        folder: folder.to_owned(),
        fallback_name: "s".into(),
        layers: set.iter().map(layer).collect(),
        ..LoadOptions::default()
    };
    load(Sources::new("s.toml", text), &options).map_err(|found| found.render(false))
}

fn autosim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_clock_is_the_recordings_own_and_a_start_selects_within_it_or_relabels_it() {
    let folder = folder();
    for (set, start, hours) in [
        (&[][..], "Thu 2014-04-10 00:00:30 (UTC+00:00)", 72),
        (&[("start", "2014-04-12")], "Sat 2014-04-12 00:00 (UTC+00:00)", 24),
        (&[("start", "2014-04-10")], "Thu 2014-04-10 00:00 (UTC+00:00)", 72),
        (&[("start", "2014-04-12T06:00:00+02:00")], "Sat 2014-04-12 06:00 (UTC+02:00)", 20),
        (&[("start.relabel", "2026-03-02")], "Mon 2026-03-02 00:00 (UTC+00:00)", 72),
        (&[("start.relabel", "Mon 08:00")], "Mon 08:00", 72),
        (&[("workload.arrivals.web.replay.from", "1d")], "Fri 2014-04-11 00:00:30 (UTC+00:00)", 48),
        (&[("workload.arrivals.web.replay.at", "2h")], "Wed 2014-04-09 22:00:30 (UTC+00:00)", 74),
        (
            &[("workload.arrivals.web.replay.zone", "Europe/Berlin")],
            "Thu 2014-04-10 00:00:30 (UTC+02:00)",
            72,
        ),
    ] {
        let Loaded { scenario, .. } = loaded(folder.path(), SCENARIO, set).unwrap();
        assert_eq!(scenario.clock.start_told().as_deref(), Some(start), "{set:?}");
        let length = scenario.window.end.as_secs_f64() / 3600.0;
        assert!((length - f64::from(hours)).abs() < 0.1, "{set:?}: {length} hours");
    }
}

#[test]
fn a_start_that_is_not_in_the_recording_is_refused_with_its_span() {
    let folder = folder();
    const SPAN: &str = "the recording runs from Thu 2014-04-10 00:00:30 (UTC+00:00) to \
                        Sun 2014-04-13 00:00:30 (UTC+00:00)";
    for (set, parts) in [
        (&[("start", "2015-04-10")][..], &[SPAN, "relabel"][..]),
        (&[("start", "2014-04-09T22:00:00Z")], &[SPAN]),
        (&[("start", "2014-04-13T01:00:00Z")], &[SPAN]),
        (&[("start", "Mon")], &["the recorded traffic has dates"]),
        (&[("start.relable", "2014-04-10")], &["relabel = "]),
        (
            &[("start", "2014-04-12"), ("workload.arrivals.web.replay.from", "1d")],
            &["begin at Sat 2014-04-12 00:00:00", "leave out `from`"],
        ),
    ] {
        let refused = loaded(folder.path(), SCENARIO, set).err().unwrap_or_default();
        for part in parts {
            let refused = refused.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(refused.contains(part), "{set:?}: {refused} does not say {part}");
        }
    }
}

#[test]
fn recordings_of_different_times_are_pointed_out_and_a_start_plays_them_by_one_clock() {
    let folder = folder();
    let late = "time,count\n2014-04-11 00:00:00,5\n2014-04-11 01:00:00,5\n2014-04-11 02:00:00,5\n";
    fs::write(folder.path().join("late.csv"), late).unwrap();
    let both = format!("{SCENARIO}[workload.arrivals.late.replay]\nfile = 'late.csv'\n");
    let warnings = loaded(folder.path(), &both, &[]).unwrap().warnings.render(false);
    let warnings = warnings.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(warnings.contains("`late` from Fri 2014-04-11 00:00"), "{warnings}");
    let set = [("start", "2014-04-11"), ("duration", "3h")];
    let Loaded { scenario, warnings, .. } = loaded(folder.path(), &both, &set).unwrap();
    assert!(!warnings.render(false).contains("own beginning"));
    // 34 to 36 requests an hour of the one, a quarter more or less of each hour, and 5 of the other.
    let expected = scenario.services[0].workload.expected_requests(scenario.window.end);
    assert!((expected - (34.0 + 35.0 + 36.0 + 15.0)).abs() < 1.0, "{expected}");
}

#[test]
fn schedules_follow_the_clock_of_the_recording() {
    let folder = folder();
    let scheduled = "replications = 1\n[workload.arrivals.web.replay]\nfile = 'web.csv'\n\
                     [policies.weekend.scheduled]\ninitial = 1\n\
                     entries = [{ from = '00:00', to = '00:00', days = 'sat', replicas = 7 }]\n";
    fs::write(folder.path().join("s.toml"), scheduled).unwrap();
    let out = autosim(folder.path(), &["run", "s.toml", "--out", "o", "--quiet"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("from Thu 2014-04-10 00:00:30"), "{}", text(&out.stdout));
    let decisions = fs::read_to_string(folder.path().join("o/decisions.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(decisions.as_bytes());
    let header = rows.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let seven = rows.records().map(Result::unwrap).find(|row| &row[at("desired")] == "7").unwrap();
    // Saturday begins two days after Thursday, less the 30 s of the first row.
    assert_eq!(seven[at("time_s")].parse::<f64>().unwrap(), 2.0 * 86_400.0 - 30.0);
}

#[test]
fn traffic_without_a_date_is_told_without_one() {
    let folder = TempDir::new().unwrap();
    let scenario = "replications = 1\nduration = '8h'\n[slo]\nlatency = 'p99 < 120ms'\n\
                    [workload.arrivals.a.poisson]\nrate = '2/s'\n[policies.it.target-tracking]\n\
                    metric = 'cpu'\ntarget = '50%'\nmax = 3\n[policies.one.fixed]\nreplicas = 1\n";
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let out = autosim(folder.path(), &["run", "s.toml", "--out", "o"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let explain = ["explain", "o", "--policy", "it", "--worst", "1"];
    let explained = autosim(folder.path(), &explain);
    let mut read =
        vec![("output".to_owned(), text(&out.stdout)), ("explain".into(), text(&explained.stdout))];
    for file in fs::read_dir(folder.path().join("o")).unwrap() {
        let path = file.unwrap().path();
        read.push((path.display().to_string(), text(&fs::read(&path).unwrap())));
    }
    assert!(read.len() > 10 && explained.status.success());
    for (name, content) in read {
        for invented in ["2026-01", "Jan 5", ">Mon", "Mon 0", "(UTC"] {
            assert!(!content.contains(invented), "{name} says {invented}");
        }
    }
    assert!(text(&out.stdout).contains("s: 8h, "), "{}", text(&out.stdout));
    let dated =
        autosim(folder.path(), &["explain", "o", "--policy", "it", "--at", "2026-01-05T01:00"]);
    assert_eq!(dated.status.code(), Some(2));
    assert!(text(&dated.stderr).contains("the run has no date"), "{}", text(&dated.stderr));
}
