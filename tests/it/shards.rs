//! A study on several machines: `tune --shard` and `merge`.

use crate::tune::{home, tune};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Twelve settings, twice each.
pub(crate) const STUDY: &str = "version = 1\nscenario = 'day.toml'\nwhole = true\nfresh = 2\n\
    [vary]\ntarget = '50..95:15'\nmin = [1, 2, 4]\n";

fn studied() -> tempfile::TempDir {
    let home = home();
    fs::write(home.path().join("study.toml"), STUDY).unwrap();
    home
}

pub(crate) fn merge(folder: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let output = command.arg("merge").args(arguments.split_ascii_whitespace());
    let output = output.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn shard(folder: &Path, shard: &str, cells: &str) {
    let (code, out, err) =
        tune(folder, &format!("study.toml --shard {shard} --cells {cells} --quiet"));
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with(&format!("shard {}", &shard[..1])), "{out}");
}

/// The files of an answer by their names.
pub(crate) fn answer(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    let named = files.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    });
    named.filter(|(name, _)| !name.starts_with('.')).collect()
}

fn cells(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let all = entries.map(|entry| entry.unwrap().path());
    let is_cell = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.len() == 32 + ".json".len() && name.ends_with(".json")
    };
    let mut cells: Vec<PathBuf> = all.filter(is_cell).collect();
    cells.sort();
    cells
}

/// Killed with a cell or more finished, called again, in any order, into one folder or several.
#[test]
fn shards_killed_and_called_again_make_the_files_of_one_machine() {
    let home = studied();
    let (code, _, err) = tune(home.path(), "study.toml --cells alone --out one --quiet");
    assert_eq!(code, 0, "{err}");
    let slow = "study.toml --shard 3/3 --jobs 1 --quiet --cells c";
    let mut killed = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .arg("tune")
        .args(slow.split(' '))
        .current_dir(home.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while cells(&home.path().join("c")).is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    let ended = killed.wait().unwrap();
    let finished = cells(&home.path().join("c")).len();
    assert!(finished > 0 && (ended.signal() == Some(9) || ended.success()), "{ended}");
    shard(home.path(), "2/3", "ab");
    shard(home.path(), "3/3", "c");
    shard(home.path(), "1/3", "ab");
    // Whoever is called twice runs nothing twice.
    let (_, out, _) = tune(home.path(), "study.toml --shard 2/3 --cells ab");
    assert!(out.contains(" 0 cells run, "), "{out}");
    for (folders, into) in [("c ab", "two"), ("ab c ab", "three")] {
        let (code, out, err) =
            merge(home.path(), &format!("{folders} --out {into} --cells {into}.cells"));
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("Cheapest that holds"), "{out}");
        assert!(err.contains("24 cells of 3 shards"), "{err}");
        assert_eq!(err.contains("there twice, counted once"), into == "three", "{err}");
        let (one, merged) = (answer(&home.path().join("one")), answer(&home.path().join(into)));
        for name in ["settings.csv", "cells.csv", "settings.json", "summary.csv", "decisions.csv"] {
            assert_eq!(merged[name], one[name], "{name}");
        }
        assert_eq!(merged.keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>());
    }
}

/// Every fold has cells of its own.
#[test]
fn folds_are_divided_too() {
    let home = home();
    let study = "version = 1\nscenario = 'day.toml'\nwhole = true\nfresh = 2\nholdout = '30m'\nfolds = 2\n\
        vary.target = [60, 75]\n";
    fs::write(home.path().join("study.toml"), study).unwrap();
    let (code, _, err) = tune(home.path(), "study.toml --cells alone --out one --quiet");
    assert_eq!(code, 0, "{err}");
    shard(home.path(), "1/2", "a");
    shard(home.path(), "2/2", "b");
    let (code, out, err) = merge(home.path(), "a b --out two --cells both");
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("8 cells of 2 shards") && out.contains("8 of them finished before"),
        "{err}{out}"
    );
    let (one, two) = (answer(&home.path().join("one")), answer(&home.path().join("two")));
    assert_eq!(one["settings.json"], two["settings.json"]);
}

#[test]
fn what_is_no_whole_study_is_refused_with_what_is_missing() {
    let home = studied();
    let at = |name: &str| home.path().join(name);
    let refused = |folders: &str| {
        let (code, out, err) = merge(home.path(), folders);
        assert_eq!((code, out.as_str()), (2, ""), "{folders}: {err}");
        err
    };
    shard(home.path(), "1/3", "a");
    shard(home.path(), "3/3", "c");
    let missing = refused("a c");
    assert!(missing.contains("error: shard 2 of 3 is missing: none of its "), "{missing}");
    assert!(missing.contains("run it with --shard 2/3"), "{missing}");
    // One that was stopped half-way, and one file cut short.
    shard(home.path(), "2/3", "b");
    let all = cells(&at("b"));
    fs::remove_file(&all[0]).unwrap();
    fs::write(&all[1], "{\"simulated_requests\":1").unwrap();
    let half = refused("a b c");
    assert!(half.contains("shard 2 of 3 was not finished: 2 of its "), "{half}");
    assert!(half.contains("1 file cut short or damaged"), "{half}");
    assert!(half.contains(&all[1].file_name().unwrap().to_string_lossy().into_owned()), "{half}");
    shard(home.path(), "2/3", "b");
    // The same cell with other figures.
    fs::create_dir(at("d")).unwrap();
    fs::copy(at("a/shards.json"), at("d/shards.json")).unwrap();
    let name = all[1].file_name().unwrap();
    let text = fs::read_to_string(&all[1]).unwrap();
    let simulated = text.split_once(',').unwrap().1;
    fs::write(at("d").join(name), format!("{{\"simulated_requests\":1,{simulated}")).unwrap();
    let differing = refused("a b c d");
    assert!(differing.contains("are the same cell and differ"), "{differing}");
    for folder in ["b", "d"] {
        let path = Path::new(folder).join(name).display().to_string();
        assert!(differing.contains(&path), "{differing}");
    }
    // Another study, another number of shards, another build, no shard at all.
    let tuned = |arguments: &str| {
        let (code, _, err) = tune(home.path(), arguments);
        assert_eq!(code, 0, "{err}");
    };
    tuned("study.toml --vary min=1,2 --shard 1/3 --cells e");
    tuned("study.toml --shard 1/2 --cells f");
    tuned("study.toml --set replica.cold_start=41s --shard 1/3 --cells g");
    let record = fs::read_to_string(at("a/shards.json")).unwrap();
    let own = record.split_once("\"program\": \"").unwrap().1[..32].to_owned();
    for folder in ["h", "i"] {
        fs::create_dir(at(folder)).unwrap();
    }
    fs::write(at("h/shards.json"), record.replace(&own, &"0".repeat(32))).unwrap();
    for (folders, said) in [
        ("a e", "the cells of e are of another study, those of a not"),
        ("a f", "the cells of f are of another number of shards (2 there, 3 here)"),
        ("a g", "the cells of g are of another scenario"),
        ("a h", "the cells of h are of another build of autosim (000000000000 there"),
        ("h", "were finished by autosim 0.1.0 (build 000000000000), and this is 0.1.0"),
        ("a i", "i/shards.json: No such file"),
        ("nowhere", "nowhere/shards.json: No such file"),
    ] {
        let found = refused(folders);
        assert!(found.contains(said), "{folders}: {said}\n{found}");
    }
    // A shard does not mix its cells with those of another study either.
    let (code, _, err) = tune(home.path(), "study.toml --shard 1/2 --cells a");
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("its cells are of another number of shards (3 there, 2 here)"), "{err}");
}

#[test]
fn a_shard_is_of_a_whole_grid() {
    let home = studied();
    for (arguments, said) in [
        ("day.toml --vary target=50..95:5 --shard 1/2", "add --whole"),
        ("study.toml --shard 3/2", "expected I/N"),
        ("study.toml --shard 0/2", "expected I/N"),
        ("study.toml --shard 2", "expected I/N"),
        ("study.toml --shard 1/100001", "at most 100000"),
    ] {
        let (code, _, err) = tune(home.path(), arguments);
        assert_eq!(code, 2, "{arguments}");
        assert!(err.contains(said), "{arguments}: {said}\n{err}");
    }
}

/// A limit on the size of files stands for a disk without room.
#[test]
fn a_disk_that_is_full_is_said_and_nothing_is_lost() {
    let home = studied();
    shard(home.path(), "1/1", "whole");
    let all = cells(&home.path().join("whole"));
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let largest = all.iter().map(size).max().unwrap();
    // The record of the study and a cell are there already; no other fits.
    fs::create_dir(home.path().join("full")).unwrap();
    for file in ["autosim-cells.txt", "shards.json"] {
        fs::copy(home.path().join("whole").join(file), home.path().join("full").join(file))
            .unwrap();
    }
    fs::copy(&all[0], home.path().join("full").join(all[0].file_name().unwrap())).unwrap();
    let blocks = 1;
    assert!(largest > blocks * 1024, "{largest}");
    let asked =
        format!("{} tune study.toml --shard 1/1 --cells full", env!("CARGO_BIN_EXE_autosim"));
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec {asked}");
    let output = Command::new("bash").args(["-c", &limited]).current_dir(home.path()).output();
    let Ok(output) = output else {
        let said = b"SKIPPED: there is no bash, no disk was made full\n";
        std::io::stderr().write_all(said).unwrap();
        return;
    };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("cannot write full/") && err.contains("make room"), "{err}");
    let left = cells(&home.path().join("full"));
    assert_eq!(left.len(), 1, "no half of a cell is left: {left:?}");
    shard(home.path(), "1/1", "full");
    let (whole, full) = (home.path().join("whole"), home.path().join("full"));
    for path in cells(&whole) {
        let other = full.join(path.file_name().unwrap());
        assert_eq!(fs::read(path).unwrap(), fs::read(other).unwrap());
    }
}
