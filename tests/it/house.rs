//! The rules of the house, kept by reading the source: layers, banned words, sizes, registration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The members of the workspace below `src` that are divided into rooms.
const CRATES: [&str; 3] = ["engine", "policies", "study"];

/// Which rooms a room may use. A new arrow is a change of this table, seen in review. Between crates Cargo
/// allows no other; within a crate, and from room to room, this table says.
const ARROWS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("fault", &[]),
    ("random", &["units", "fault"]),
    ("stats", &["units", "fault"]),
    ("workload", &["units", "fault", "random", "stats"]),
    ("fleet", &["units", "fault", "random", "stats"]),
    ("signal", &["units", "fault", "random", "stats"]),
    ("control", &["units", "signal"]),
    (
        "simulation",
        &["units", "fault", "random", "stats", "workload", "fleet", "signal", "control"],
    ),
    ("builtin", &["units", "fault", "random", "signal", "control"]),
    ("products", &["units", "fault", "stats", "signal", "control", "builtin"]),
    (
        "scenario",
        &[
            "units",
            "fault",
            "random",
            "stats",
            "workload",
            "fleet",
            "signal",
            "control",
            "simulation",
            "builtin",
            "products",
        ],
    ),
    (
        "dryrun",
        &["units", "fault", "stats", "signal", "control", "builtin", "products", "scenario"],
    ),
    (
        "experiment",
        &[
            "units",
            "fault",
            "random",
            "stats",
            "workload",
            "fleet",
            "signal",
            "control",
            "simulation",
            "builtin",
            "products",
            "scenario",
        ],
    ),
    ("report", &["units", "fault", "stats", "simulation", "products", "dryrun", "experiment"]),
    (
        "cli",
        &[
            "units",
            "fault",
            "random",
            "workload",
            "signal",
            "control",
            "simulation",
            "builtin",
            "products",
            "scenario",
            "dryrun",
            "experiment",
            "report",
        ],
    ),
];

/// The room a source file belongs to, if it is in one.
fn room_of(path: &str) -> Option<&str> {
    let mut parts = path.strip_prefix("src/")?.split('/');
    let first = parts.next()?;
    let room = if CRATES.contains(&first) { parts.next()? } else { first };
    (!room.ends_with(".rs")).then_some(room)
}

/// Where a room describes itself.
fn front_of(room: &str) -> PathBuf {
    let src = root().join("src");
    let inside = CRATES.iter().map(|of| src.join(of).join(room).join("mod.rs"));
    inside
        .chain([src.join(room).join("mod.rs"), src.join(room).join("lib.rs")])
        .find(|path| path.exists())
        .unwrap_or_default()
}

/// Words that must not occur in code, where (a prefix of the path; empty = everywhere), and what to use
/// instead. Each is written in two halves so that this file does not hold it.
const BANNED: &[(&str, &str, &str, &str)] = &[
    ("Instant::", "now", "src", "time is handed over; only the room `cli` reads the clock"),
    ("SystemTime::", "now", "src", "time is handed over; only the room `cli` reads the clock"),
    ("Hash", "Map", "src", "BTreeMap, IndexMap or Vec: their order is fixed"),
    ("Hash", "Set", "src", "BTreeSet, IndexSet or Vec: their order is fixed"),
    ("print", "ln!", "src", "return text; only the room `cli` writes, through its terminal"),
    ("eprint", "ln!", "src", "return text; only the room `cli` writes, through its terminal"),
    ("db", "g!(", "", "remove it"),
    ("std::", "env::", "src", "arguments; only the room `cli` reads the environment"),
    ("un", "safe {", "", "safe code"),
    ("to", "do!", "", "finish it or leave it out"),
    ("unimple", "mented!", "", "finish it or leave it out"),
    ("#[ig", "nore", "", "a test that runs"),
    ("should_", "panic", "", "a test of a returned error"),
];

/// Banned words that only the room `cli` may use.
const FOR_CLI: [&str; 2] = ["Instant::", "std::"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` with one of the endings, as (path from the root, text), sorted.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", ".git", "output"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

/// Source files of the program.
fn sources() -> Vec<(String, String)> {
    files("src", &[".rs"])
}

/// Lines of code with their numbers: no comments, and nothing of an inline module of tests.
fn code(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = (0..lines.len()).find(|&at| {
        lines[at].starts_with("#[cfg(test)]")
            && lines.get(at + 1).is_some_and(|next| next.contains("mod ") && next.ends_with('{'))
    });
    let end = tests.unwrap_or(lines.len());
    let numbered = lines[..end].iter().enumerate().map(|(at, line)| (at + 1, *line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Files that are compiled for tests only.
fn is_test_file(path: &str, all: &[(String, String)]) -> bool {
    let path = Path::new(path);
    let (Some(folder), Some(stem)) = (path.parent(), path.file_stem()) else { return false };
    let declared = format!("#[cfg(test)]\nmod {};", stem.to_string_lossy());
    let declared_pub = format!("#[cfg(test)]\npub(crate) mod {};", stem.to_string_lossy());
    let parents = ["mod.rs", "lib.rs"].map(|name| folder.join(name).display().to_string());
    let inside = folder.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        let above = folder.parent().unwrap_or(folder).join("mod.rs").display().to_string();
        let declared = format!("#[cfg(test)]\nmod {name};");
        all.iter().any(|(file, text)| *file == above && text.contains(&declared))
    });
    inside
        || all.iter().any(|(file, text)| {
            parents.contains(file) && (text.contains(&declared) || text.contains(&declared_pub))
        })
}

/// Names of rooms in the paths of a line: one, or those of a braced list.
fn rooms_used(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for root in ["crate::", "autosim_engine::", "autosim_policies::", "autosim_study::"] {
        for (at, _) in line.match_indices(root) {
            let rest = &line[at + root.len()..];
            let word = |text: &str| -> String {
                text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            match rest.strip_prefix('{') {
                Some(list) => rooms.extend(list.split(',').map(|part| word(part.trim()))),
                None => rooms.push(word(rest)),
            }
        }
    }
    if line.contains("autosim_report::") {
        rooms.push("report".to_owned());
    }
    rooms
}

#[test]
fn arrows_are_found_in_all_their_forms() {
    for (line, rooms) in [
        ("use crate::units::Time;", vec!["units"]),
        ("use crate::{fleet::FleetSpec, units};", vec!["fleet", "units"]),
        ("    let x = crate::random::unit(crate::stats::f());", vec!["random", "stats"]),
        ("use autosim_engine::stats::Estimate;", vec!["stats"]),
        ("use autosim_report::table;", vec!["report"]),
        ("use super::Time;", vec![]),
    ] {
        assert_eq!(rooms_used(line), rooms, "{line}");
    }
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let all = sources();
    let mut wrong = Vec::new();
    for (path, text) in &all {
        let Some(room) = room_of(path).filter(|_| !is_test_file(path, &all)) else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{path}: the room `{room}` is not in the table"));
            continue;
        };
        for (number, line) in code(text) {
            for used in rooms_used(line) {
                if known.contains(used.as_str())
                    && used != room
                    && !allowed.contains(&used.as_str())
                {
                    wrong.push(format!("{path}:{number}: `{room}` must not use `{used}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_knows_no_file_format() {
    let all = sources();
    let engine = all.iter().filter(|(path, _)| path.starts_with("src/engine/simulation/"));
    let mut seen = 0;
    for (path, text) in engine {
        seen += 1;
        for (number, line) in code(text) {
            assert!(!line.contains("serde"), "{path}:{number}: {line}");
        }
    }
    assert!(seen > 0, "there is no engine");
}

#[test]
fn banned_words_do_not_occur() {
    let mut all = sources();
    let src = all.clone();
    all.extend(files("tests", &[".rs"]));
    all.extend(files("benches", &[".rs"]));
    all.extend(files("examples", &[".rs"]));
    let mut wrong = Vec::new();
    for (path, text) in &all {
        for &(front, back, place, instead) in BANNED {
            let word = format!("{front}{back}");
            let exempt = path.starts_with("src/cli/") && FOR_CLI.contains(&front);
            let of_tests = place == "src" && is_test_file(path, &src);
            if !path.starts_with(place) || exempt || of_tests {
                continue;
            }
            for (number, line) in code(text) {
                // `eprintln!` holds `println!`: report it once, as itself.
                let whole = line.replace("eprint", "e-print");
                let text = if front == "print" { whole.as_str() } else { line };
                if text.contains(&word) {
                    wrong.push(format!("{path}:{number}: `{word}`: {instead}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_code_below_the_command_gives_up() {
    let all = sources();
    let mut wrong = Vec::new();
    for (path, text) in &all {
        if is_test_file(path, &all) {
            continue;
        }
        for (number, line) in code(text) {
            if [".unwrap()", ".expect(", "panic!("].iter().any(|word| line.contains(word)) {
                wrong.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "return a fault instead:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > 600 {
            wrong.push(format!("{path}: {lines} lines, at most 600"));
        }
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in code(&text) {
            let indent = line.len() - line.trim_start().len();
            let starts = line.trim_start();
            let head = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn "];
            if open.is_none() && head.iter().any(|head| starts.starts_with(head)) {
                open = Some((number, indent, starts));
            }
            if let Some((first, at, name)) = open
                && (line.trim() == "}" || starts.ends_with("{}") || starts.ends_with(" }"))
                && indent == at
            {
                let length = number - first + 1;
                if length > 70 {
                    wrong.push(format!("{path}:{first}: {length} lines: {name}"));
                }
                open = None;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_part_of_the_program() {
    let all = sources();
    let mut wrong = Vec::new();
    for (path, _) in &all {
        let file = Path::new(path);
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = file.parent().unwrap();
        if ["lib", "main"].contains(&stem.as_str()) {
            continue;
        }
        let (name, parents) = if stem == "mod" {
            let above = folder.parent().unwrap();
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            (name, [above.join("mod.rs"), above.join("lib.rs"), above.join("main.rs")])
        } else {
            (stem, [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")])
        };
        let declared = all.iter().any(|(other, text)| {
            parents.iter().any(|parent| parent.as_path() == Path::new(other))
                && text.lines().any(|line| {
                    !line.trim_start().starts_with("//") && line.ends_with(&format!("mod {name};"))
                })
        });
        if !declared {
            wrong.push(format!("{path}: no `mod {name};` names it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_says_what_it_is_and_must_not_know() {
    for (room, _) in ARROWS {
        let text = fs::read_to_string(front_of(room)).unwrap_or_default();
        for part in ["**Is**", "**Knows**", "**Must not know**", "**Start at**"] {
            assert!(text.contains(part), "the front page of {room} lacks {part}");
        }
    }
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    let endings = [".rs", ".md", ".toml", ".json", ".yml", ".yaml", ".csv", ".svg", ".sh", "run"];
    let places = ["/ho", "/ro", "/wo", "/Us"];
    let tails = ["me/", "ot/", "rk/", "ers/"];
    let mut wrong = Vec::new();
    for (path, text) in files("", &endings) {
        for (number, line) in text.lines().enumerate() {
            for (front, back) in places.iter().zip(tails) {
                let word = format!("{front}{back}");
                // A path from the root begins a word: `network/` and `src/work/` are fine.
                let begins = line.match_indices(&word).any(|(at, _)| {
                    line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '.')
                });
                if begins {
                    wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
