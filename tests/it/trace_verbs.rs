//! `trace inspect`, `trace convert`, `trace fit` and `presets`, as a user types them.

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
