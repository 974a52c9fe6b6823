//! `trace inspect`, `trace convert`, `trace fit` and `presets`, as a user types them.

use autosim_engine::random::{Distribution, Streams};
use autosim_engine::units::{Span, Time, WallClock};
use autosim_engine::workload::arrivals::Replay;
use autosim_engine::workload::trace::{Conversion, Options, convert};
use autosim_engine::workload::{Batch, ResolveContext, SourceSpec, WorkloadSpec};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn autosim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

/// What it prints, where it succeeds.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = autosim(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains of, where it refuses.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = autosim(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Minutes of two days from a Saturday's midnight: 60 requests in each, 120 on Sunday from 20:00 to 21:00, none from
/// Saturday 03:00 to 03:10.
fn two_days() -> String {
    let mut text = "time,count\n".to_owned();
    for minute in 0..2 * 1440 {
        let count = match minute {
            180..190 => 0,
            2640..2700 => 120,
            _ => 60,
        };
        let (day, minute) = (7 + minute / 1440, minute % 1440);
        text += &format!("2026-03-{day:02} {:02}:{:02}:00,{count}\n", minute / 60, minute % 60);
    }
    text
}

#[test]
fn a_recording_is_told_in_figures_hours_of_the_week_and_moments_of_its_clock() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_days()).unwrap();
    let told = printed(folder.path(), &["trace", "inspect", "two.csv"]);
    for line in [
        "requests      175 800",
        "begins        2026-03-07T00:00:00Z",
        "lasts         2d",
        "mean rate     1.017/s",
        "  busiest     120 (2 x the mean), Sun 2026-03-08 20:00:00",
        "longest gap   10m without a request, from Sat 2026-03-07 03:00:00",
        "  Sat         ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄  0.98",
        "  Sun         ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄█▄▄▄  1.02",
    ] {
        assert!(told.lines().any(|one| one == line), "{line} is missing in\n{told}");
    }
    assert!(!told.contains("Mon "), "{told}");
    let json = printed(folder.path(), &["trace", "inspect", "two.csv", "--format", "json"]);
    let seen: serde_json::Value = serde_json::from_str(&json).unwrap();
    let hours = seen["hour_of_week"].as_array().unwrap();
    assert_eq!(hours.len(), 168);
    assert!(hours[0].is_null() && (hours[6 * 24 + 20].as_f64().unwrap() - 1.966).abs() < 0.001);
    // Another clock moves the busy hour.
    let east = ["trace", "inspect", "two.csv", "--zone", "+03:00"];
    assert!(printed(folder.path(), &east).contains("Sun 2026-03-08 20:00:00"));
}

#[test]
fn a_plot_shows_the_rate_and_the_week_and_is_refused_where_it_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_days()).unwrap();
    fs::write(folder.path().join("one.csv"), "time_s\n1\n").unwrap();
    let plot = |file, plot| ["trace", "inspect", file, "--plot", plot];
    printed(folder.path(), &plot("two.csv", "p.svg"));
    let svg = fs::read_to_string(folder.path().join("p.svg")).unwrap();
    for part in ["two.csv", "mean of 10m", "busiest 1m in it", "Mar 8", "hours of the week"] {
        assert!(svg.contains(part), "{part} is missing");
    }
    printed(folder.path(), &plot("two.csv", "p.png"));
    assert!(fs::read(folder.path().join("p.png")).unwrap().starts_with(b"\x89PNG"));
    for (arguments, part) in [
        (plot("two.csv", "p.gif"), "is .svg or .png"),
        (plot("two.csv", "no/p.svg"), "cannot write `no/p.svg`"),
        (plot("one.csv", "p.svg"), "nothing to draw"),
    ] {
        let why = refused(folder.path(), &arguments);
        assert!(why.contains(part), "{why}");
    }
}

/// Arrivals and demands of a recording as a scenario plays it.
fn played(folder: &Path, file: &str) -> Vec<(u64, u64)> {
    let replay = SourceSpec::Replay(Box::new(Replay::of(file)));
    let spec = WorkloadSpec {
        arrivals: [("a".to_owned(), replay)].into_iter().collect(),
        rate_scale: 1.0,
        time_scale: 1.0,
        priorities: Default::default(),
    };
    let law = Distribution::Constant(Span::ZERO);
    let (clock, end) = (WallClock::default(), Time::from_secs(1 << 24));
    let context = ResolveContext {
        base_dir: folder,
        clock: &clock,
        selects: false,
        end,
        service_time: Some(&law),
        service_time_stated: false,
    };
    let workload = spec.resolve(&context, &mut Default::default()).unwrap();
    let mut arrivals = workload.requests(&Streams::new(1, 0, 0), end);
    let (mut all, mut batch) = (Vec::new(), Batch::new());
    loop {
        arrivals.fill(&mut batch);
        if batch.is_empty() {
            return all;
        }
        all.extend(batch.arrival_ns.iter().copied().zip(batch.demand_ns.iter().copied()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the requests are, the new file plays the same ones, in every form; so does the new one's new one.
    #[test]
    fn what_is_converted_is_played_as_the_recording_is(
        mut starts in proptest::collection::vec(0u64..1 << 43, 1..80),
        demands in proptest::collection::vec(0u64..1 << 45, 80),
        dated in any::<bool>(),
        out in prop::sample::select(vec!["n.csv", "n.jsonl", "n.csv.gz", "n.jsonl.zst"]),
        limit in prop::sample::select(vec![None, Some(0)]),
    ) {
        starts.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let mut text = "time_s,service_time_s\n".to_owned();
        for (start, demand) in starts.iter().zip(&demands) {
            // From 2026-03-01 on, or from the recording's own start.
            let seconds = start / 1_000_000_000 + if dated { 1_772_323_200 } else { 0 };
            let (ns, whole, part) = (start % 1_000_000_000, demand / 1_000_000_000, demand % 1_000_000_000);
            text += &format!("{seconds}.{ns:09},{whole}.{part:09}\n");
        }
        fs::write(folder.path().join("t.csv"), text).unwrap();
        let options = Options { memory_limit_bytes: limit, ..Options::default() };
        let into = |from: &str, to: &str| {
            let (how, path) = (Conversion::default(), folder.path().join(to));
            convert(folder.path(), &[from.to_owned()], &options, &how, &path, &Default::default())
        };
        let done = into("t.csv", out).unwrap();
        into(out, "again.csv").unwrap();
        prop_assert_eq!(done.rows, starts.len() as u64);
        let original = played(folder.path(), "t.csv");
        prop_assert_eq!(original.len(), starts.len());
        prop_assert_eq!(&played(folder.path(), out), &original);
        prop_assert_eq!(&played(folder.path(), "again.csv"), &original);
    }
}

#[test]
fn a_recording_is_converted_by_the_command_and_what_was_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_days()).unwrap();
    let convert = |more: &[&'static str]| [&["trace", "convert", "two.csv"], more].concat();
    let hourly = convert(&["--from", "2026-03-08", "--every", "1h", "--out", "h.csv"]);
    let output = autosim(folder.path(), &hourly);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.ends_with("90 000 requests in 24 rows of h.csv\n"), "{said}");
    let text = fs::read_to_string(folder.path().join("h.csv")).unwrap();
    assert!(text.starts_with("time,count\n2026-03-08T00:00:00Z,3600\n"), "{text}");
    for (more, part) in [
        (&["--out", "two.xlsx"][..], "its ending says no form"),
        (&["--out", "two.parquet.gz"], "Parquet is packed within"),
        (&["--out", "n.csv", "--until", "1d", "--from", "2d"], "is not after `from`"),
        (&["--out", "n.csv", "--scale", "-1"], "the scale is -1"),
        (&["--out", "n.csv", "--spread", "poisson"], "use keep, uniform or even"),
        (&["--out", "n.csv", "--every", "soon"], "invalid value 'soon'"),
        (&["--out", "n.csv", "--as", "access-log"], "two.csv"),
        (&["no.csv", "--out", "n.csv"], "cannot read `no.csv`"),
    ] {
        let why = refused(folder.path(), &convert(more));
        assert!(why.contains(part), "{why}");
        assert!(!folder.path().join("n.csv").exists());
    }
}

#[test]
fn a_recording_is_not_generated_but_converted() {
    let folder = tempfile::tempdir().unwrap();
    let why = refused(folder.path(), &["trace", "generate", "--trace", "a.csv", "--out", "b.csv"]);
    assert!(why.contains("autosim trace convert a.csv --out b.csv"), "{why}");
}

#[test]
fn whoever_generates_traffic_hears_nothing_of_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    // A replica alone would be overloaded.
    let busy = "duration = '1h'\n[workload.arrivals.a.poisson]\nrate = '1/s'\n[service]\nservice_time.constant = '5s'\n";
    fs::write(folder.path().join("busy.toml"), busy).unwrap();
    let output = autosim(folder.path(), &["trace", "generate", "busy.toml", "--out", "t.csv"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("requests in") && !said.contains("warning"), "{said}");
}

#[test]
fn a_model_is_a_part_of_a_scenario_with_its_figures_beside_the_recordings() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_days()).unwrap();
    let told = printed(folder.path(), &["trace", "fit", "two.csv", "--out", "m.toml"]);
    for part in [
        "recording         model",
        "dispersion in 1m",
        "all days of the week are taken to be alike",
    ] {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
    // Counts that hardly vary are no Poisson stream's: that is said, in the file too.
    let text = fs::read_to_string(folder.path().join("m.toml")).unwrap();
    for part in [
        "# Made by `autosim trace fit` from two.csv.\n",
        "start = \"2026-03-07T00:00:00+00:00\"\nduration = \"2d\"\n",
        "# hours of the day.\n[workload.arrivals.daily.profile]\nmean = \"",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    for line in told.lines().filter_map(|line| line.strip_prefix("warning: ")) {
        assert!(text.contains(&format!("# {line}.\n")), "{line} is missing in\n{text}");
    }
    // Both the traffic of the model and a longer one are written, and played by a policy.
    printed(folder.path(), &["trace", "generate", "m.toml", "--out", "s.csv"]);
    let longer = ["trace", "generate", "m.toml", "--set", "duration=8d", "--out", "l.csv"];
    printed(folder.path(), &longer);
    printed(folder.path(), &["check", "m.toml", "--policy", "fixed:2"]);
    for (arguments, part) in [
        (["trace", "fit", "no.csv", "--out", "n.toml"], "cannot read `no.csv`"),
        (["trace", "fit", "two.csv", "--out", "no/n.toml"], "cannot write `no/n.toml`"),
    ] {
        let why = refused(folder.path(), &arguments);
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn presets_are_listed_printed_and_played_at_any_rate() {
    let folder = tempfile::tempdir().unwrap();
    let list = printed(folder.path(), &["presets"]);
    for part in ["web-diurnal-nasa\n", "\nService times: service_time.preset\n", "vm-legacy\n"] {
        assert!(list.contains(part), "{part} is missing in\n{list}");
    }
    let law = printed(folder.path(), &["presets", "lambda-python"]);
    let last = "[replica.cold_start]\nlognormal = { median = \"99484us\", sigma = 0.17 }\n";
    assert!(law.ends_with(last), "{law}");
    let why = refused(folder.path(), &["presets", "lambda-phyton"]);
    assert!(why.contains("lambda-python"), "{why}");
    let scenario = |traffic: &str, service: &str| {
        format!(
            "duration = '2h'\nreplications = 1\n[workload.arrivals.a.preset]\nname = '{traffic}'\nrate = '2/s'\n\
             [service]\nservice_time.preset = '{service}'\n[replica]\ncold_start.provision.preset = 'k8s-new-node'\n\
             cold_start.pull = '5s'\n[policies.p.fixed]\nreplicas = 8\n"
        )
    };
    fs::write(folder.path().join("s.toml"), scenario("llm-chat-smooth", "faas-cpu-python"))
        .unwrap();
    printed(folder.path(), &["run", "s.toml", "--quiet"]);
    printed(folder.path(), &["trace", "generate", "s.toml", "--out", "t.csv"]);
    let json = printed(folder.path(), &["trace", "inspect", "t.csv", "--format", "json"]);
    let seen: serde_json::Value = serde_json::from_str(&json).unwrap();
    let close =
        |key: &serde_json::Value, value: f64| (key.as_f64().unwrap() / value - 1.0).abs() < 0.05;
    assert!(close(&seen["mean_per_s"], 2.0) && close(&seen["gap_cv"], 1.09), "{json}");
    assert!(close(&seen["service_time"]["mean_s"], 1.88), "{json}");
    for (text, part) in [
        (scenario("llm-chat", "faas-azure"), "llm-chat-smooth"),
        (scenario("mmpp2", "fass-azure"), "faas-azure"),
        (scenario("mmpp2", "faas-azure").replace("2/s", "0/s"), "the rate is zero"),
    ] {
        fs::write(folder.path().join("s.toml"), text).unwrap();
        let why = refused(folder.path(), &["check", "s.toml"]);
        assert!(why.contains("s.toml:") && why.contains(part), "{why}");
    }
}

#[test]
fn a_file_that_is_read_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("two.csv", &two_days());
    write("other.csv", "time\n2026-03-09 00:00:00\n2026-03-09 00:00:01\n");
    write("durations.csv", "HashFunction,Average\na,1\n");
    fs::create_dir(folder.path().join("sub")).unwrap();
    let before = fs::read(folder.path().join("two.csv")).unwrap();
    let mut cases = vec![
        (vec!["convert", "two.csv", "--out", "two.csv"], "recording"),
        (vec!["convert", "two.csv", "--out", "./two.csv"], "recording"),
        (vec!["convert", "./other.csv", "two.csv", "--out", "sub/../two.csv"], "recording"),
        (vec!["fit", "two.csv", "--out", "two.csv"], "recording"),
        (vec!["fit", "./two.csv", "--out", "two.csv"], "recording"),
        (vec!["split", "two.csv", "--by", "x", "--out", "./two.csv"], "recording"),
    ];
    for verb in ["convert", "fit", "split"] {
        let durations =
            vec![verb, "two.csv", "--durations", "./durations.csv", "--out", "durations.csv"];
        cases.push((durations, "file of durations"));
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("two.csv", folder.path().join("link.csv")).unwrap();
        cases.push((vec!["convert", "two.csv", "--out", "link.csv"], "recording"));
        cases.push((vec!["fit", "link.csv", "--out", "two.csv"], "recording"));
    }
    for (arguments, what) in cases {
        let why = refused(folder.path(), &[&["trace"][..], &arguments[..]].concat());
        assert!(why.contains(&format!("`--out` is the {what} itself")), "{arguments:?}: {why}");
        assert_eq!(fs::read(folder.path().join("two.csv")).unwrap(), before, "{arguments:?}");
    }
    // A file that is not read is replaced.
    printed(folder.path(), &["trace", "convert", "two.csv", "--out", "other.csv"]);
    let one = ["trace", "convert", "two.csv", "--until", "1m", "--scale", "0.0166666666666666666"];
    let output = autosim(folder.path(), &[&one[..], &["--out", "other.csv"]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("1 request in 1 row of other.csv\n"), "{said}");
}
