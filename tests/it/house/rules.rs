//! The rules, each a reading of the files that returns what breaks it.

use super::tree::{File, Tree};
use std::collections::BTreeSet;
use std::path::Path;

/// Which rooms a room may use. A new arrow is a change of this table, seen in review. Between crates Cargo
/// allows no other; within a crate, and from room to room, this table says.
const ARROWS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("fault", &[]),
    ("marks", &[]),
    ("random", &["units", "fault"]),
    ("stats", &["units", "fault"]),
    ("workload", &["units", "fault", "random", "stats"]),
    ("fleet", &["units", "fault", "marks", "random", "stats"]),
    ("signal", &["units", "fault", "random", "stats"]),
    ("control", &["units", "marks", "signal"]),
    (
        "simulation",
        &["units", "fault", "marks", "random", "stats", "workload", "fleet", "signal", "control"],
    ),
    ("builtin", &["units", "fault", "random", "stats", "signal", "control"]),
    ("products", &["units", "fault", "stats", "signal", "control", "builtin"]),
    ("stdio", &["units", "fault", "signal", "control", "builtin"]),
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
            "stdio",
        ],
    ),
    (
        "dryrun",
        &[
            "units", "fault", "stats", "workload", "signal", "control", "builtin", "products",
            "scenario",
        ],
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
    ("tune", &["units", "fault", "stats", "products", "scenario", "experiment"]),
    (
        "report",
        &[
            "units",
            "fault",
            "stats",
            "fleet",
            "signal",
            "control",
            "simulation",
            "products",
            "stdio",
            "scenario",
            "dryrun",
            "experiment",
            "tune",
        ],
    ),
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
            "tune",
            "report",
        ],
    ),
];

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
const FOR_CLI: [&str; 3] = ["Instant::", "SystemTime::", "std::"];

/// A room uses only rooms below it.
pub(super) fn arrows(tree: &Tree) -> Vec<String> {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for file in tree.program() {
        let Some(room) = file.room() else { continue };
        let path = &file.path;
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{path}: the room `{room}` is not in the table"));
            continue;
        };
        for (number, line) in file.code() {
            for used in rooms_used(line) {
                let used = used.as_str();
                if known.contains(used) && used != room && !allowed.contains(&used) {
                    wrong.push(format!("{path}:{number}: `{room}` must not use `{used}`"));
                }
            }
        }
    }
    wrong
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

/// The clock and the order of events know no file format.
pub(super) fn simulation_reads_nothing(tree: &Tree) -> Vec<String> {
    let files = tree.rust("src/engine/simulation/").filter(|file| !tree.is_for_tests(&file.path));
    lines_that(files, |line| line.contains("serde"))
}

/// Some words do not occur.
pub(super) fn banned_words(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in tree.rust("") {
        for &(front, back, place, instead) in BANNED {
            let exempt = file.path.starts_with("src/cli/") && FOR_CLI.contains(&front);
            let of_tests = place == "src" && tree.is_for_tests(&file.path);
            if !file.path.starts_with(place) || exempt || of_tests {
                continue;
            }
            let word = format!("{front}{back}");
            for (number, line) in file.code() {
                // `eprintln!` holds `println!`: report it once, as itself.
                let whole = line.replace("eprint", "e-print");
                let text = if front == "print" { whole.as_str() } else { line };
                if text.contains(&word) {
                    wrong.push(format!("{}:{number}: `{word}`: {instead}", file.path));
                }
            }
        }
    }
    wrong
}

/// What can fail returns a fault.
pub(super) fn giving_up(tree: &Tree) -> Vec<String> {
    let gives_up =
        |line: &str| [".unwrap()", ".expect(", "panic!("].iter().any(|word| line.contains(word));
    lines_that(tree.program(), gives_up)
}

/// Files have at most 600 lines.
pub(super) fn large_files(tree: &Tree) -> Vec<String> {
    let lines = |file: &File| file.text.lines().count();
    let large = tree.rust("src/").filter(|file| lines(file) > 600);
    large.map(|file| format!("{}: {} lines, at most 600", file.path, lines(file))).collect()
}

/// Functions have at most 70 lines.
pub(super) fn long_functions(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in tree.rust("src/") {
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in file.code() {
            let starts = line.trim_start();
            let indent = line.len() - starts.len();
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
                    wrong.push(format!("{}:{first}: {length} lines: {name}", file.path));
                }
                open = None;
            }
        }
    }
    wrong
}

/// Every file is part of the program.
pub(super) fn forgotten_files(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in tree.rust("src/") {
        let path = Path::new(&file.path);
        let (Some(stem), Some(folder)) = (path.file_stem(), path.parent()) else { continue };
        let stem = stem.to_string_lossy().into_owned();
        if ["lib", "main"].contains(&stem.as_str()) {
            continue;
        }
        let (name, folder, own) = match (stem == "mod", folder.parent(), folder.file_name()) {
            (true, Some(above), Some(name)) => (name.to_string_lossy().into_owned(), above, None),
            _ => (stem, folder, Some(folder.with_extension("rs"))),
        };
        let mut parents = ["mod.rs", "lib.rs", "main.rs"].map(|name| folder.join(name)).to_vec();
        parents.extend(own);
        let names_it = |line: &str| {
            !line.trim_start().starts_with("//") && line.ends_with(&format!("mod {name};"))
        };
        let declared = tree.rust("src/").any(|other| {
            parents.iter().any(|parent| parent.as_path() == Path::new(&other.path))
                && other.text.lines().any(names_it)
        });
        if !declared {
            wrong.push(format!("{}: no `mod {name};` names it", file.path));
        }
    }
    wrong
}

/// Every reader of a trace format is in the registry of formats.
pub(super) fn forgotten_formats(tree: &Tree) -> Vec<String> {
    let readers = tree.rust("src/engine/workload/trace/").flat_map(|file| {
        let named = |(_, line): (_, &str)| {
            let name = line.strip_prefix("impl TraceFormat for ")?.strip_suffix(" {")?;
            let module = Path::new(&file.path).file_stem()?.to_string_lossy().into_owned();
            Some((&file.path, format!("&{module}::{name}")))
        };
        file.code().into_iter().filter_map(named).collect::<Vec<_>>()
    });
    let registry = tree.0.iter().find(|file| file.path.ends_with("workload/trace/format.rs"));
    let known = |reader: &str| registry.is_some_and(|file| file.text.contains(reader));
    let forgotten = readers.filter(|(_, reader)| !known(reader));
    forgotten
        .map(|(path, reader)| format!("{path}: no variant of `Format` gives {reader}"))
        .collect()
}

/// Every room says what it is, what it knows, what it must not know, and where to start.
pub(super) fn silent_rooms(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in tree.rust("src/").filter(|file| file.is_front()) {
        for part in ["**Is**", "**Knows**", "**Must not know**", "**Start at**"] {
            if !file.text.contains(part) {
                wrong.push(format!("{}: lacks {part}", file.path));
            }
        }
    }
    wrong
}

/// A path that a document names exists.
pub(super) fn lost_paths(tree: &Tree) -> Vec<String> {
    let exists = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        tree.0.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    };
    let mut wrong = Vec::new();
    for file in tree.0.iter().filter(|file| file.path.ends_with(".md")) {
        for (at, line) in file.text.lines().enumerate() {
            let quoted = line.split('`').skip(1).step_by(2);
            for path in quoted.filter(|text| text.starts_with("src/") || text.starts_with("tests/"))
            {
                let made_up = path.contains(['<', '*', '{', ' ']);
                if !made_up && !exists(path) {
                    wrong.push(format!("{}:{}: there is no {path}", file.path, at + 1));
                }
            }
        }
    }
    wrong
}

/// Nothing names a place of one machine.
pub(super) fn places_of_machines(tree: &Tree) -> Vec<String> {
    let places = ["/ho", "/ro", "/wo", "/Us"];
    let tails = ["me/", "ot/", "rk/", "ers/"];
    lines_of_all(&tree.0, |line| {
        places.iter().zip(tails).any(|(front, back)| {
            // A path from the root begins a word: `network/` and `src/work/` are fine.
            line.match_indices(&format!("{front}{back}")).any(|(at, _)| {
                line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '.')
            })
        })
    })
}

/// Lines of code for which something holds.
fn lines_that<'a>(
    files: impl Iterator<Item = &'a File>,
    holds: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.code() {
            if holds(line) {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    found
}

/// Lines of any kind for which something holds.
fn lines_of_all(files: &[File], holds: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            if holds(line) {
                found.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    found
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
