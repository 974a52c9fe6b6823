//! Is every reason that a decision can give, and every marked branch, shown by exactly one test?
//!
//! A test says which marks it shows (`marks::expect`) and fails if it does not; here the source is read for
//! the marks there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What belongs together: the marks of its code are shown by its own tests.
#[derive(Default)]
struct Group {
    given: BTreeSet<String>,
    shown: Vec<String>,
}

/// The text in quotes that follows `key` in `code`, or that of the constant named there.
fn literal(code: &str, key: &str, file: &str) -> Option<String> {
    let rest = code.split_once(key)?.1.trim_start();
    if let Some(quoted) = rest.strip_prefix('"') {
        return Some(quoted.split('"').next()?.to_owned());
    }
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let constant = format!("const {name}: &str = \"");
    Some(file.split_once(&constant)?.1.split('"').next()?.to_owned())
}

/// Every text in quotes.
fn quoted(code: &str) -> impl Iterator<Item = &str> {
    code.split('"').skip(1).step_by(2)
}

/// The same without the texts of notes.
fn without_notes(code: &str) -> String {
    let mut parts = code.split("Note(\"");
    let first = parts.next().unwrap_or_default().to_owned();
    let after =
        |part: &str| part.split_once('"').map_or(String::new(), |(_, rest)| rest.to_owned());
    parts.map(after).fold(first, |all, rest| all + &rest)
}

/// `TooFew` as `too_few`.
fn snake(kind: &str) -> String {
    let mut name = String::new();
    for letter in kind.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// The functions of a file, its tests and comments left out, whitespace made even.
fn functions(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    code.split("fn ").map(str::to_owned).collect()
}

/// The marks of a file's code: branches, and reasons.
fn given(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for function in functions(text) {
        for (at, _) in function.match_indices("marks::hit(\"") {
            found.extend(literal(&function[at..], "marks::hit(", text));
        }
        for (at, _) in function.match_indices("Why::") {
            let rest = &function[at + "Why::".len()..];
            let kind: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            let body = rest[kind.len()..].split(['}', ')']).next().unwrap_or_default();
            match kind.as_str() {
                "Plain" => {}
                "Note" => found.extend(literal(rest, "Note(", text)),
                "Limit" | "Until" | "Recent" => {
                    let key = if kind == "Recent" { "what:" } else { "name:" };
                    let names = literal(body, key, text);
                    let told = names.is_some();
                    // A name in a variable is one of the texts of its function, but for notes.
                    let rest = without_notes(&function);
                    let others = quoted(&rest).filter(|_| !told).map(str::to_owned);
                    let kind = snake(&kind);
                    found.extend(names.into_iter().chain(others).map(|n| format!("{kind} {n}")));
                }
                _ => {
                    found.insert(snake(&kind));
                }
            }
        }
    }
    found
}

/// The marks that the tests of a file say they show.
fn shown(text: &str) -> Vec<String> {
    let lists = text.split("marks::expect([").skip(1);
    let names = lists.flat_map(|rest| quoted(rest.split("])").next().unwrap_or_default()));
    names.map(str::to_owned).collect()
}

/// Files of the policies and of the simulation by the group they belong to: a product's are one, and those of a room.
fn groups() -> BTreeMap<String, Group> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut folders = vec![root.join("policies"), root.join("engine")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let Some(name) = name.strip_suffix(".rs") else { continue };
            // The marks' own room, and the texts of all reasons.
            if name.starts_with("engine/marks") || name == "engine/control/decision" {
                continue;
            }
            let parts = match name {
                _ if name.contains("products/") => 3,
                _ if name.starts_with("engine/") || name.contains("stdio/") => 2,
                _ => 9,
            };
            let group = name.split('/').take(parts).collect::<Vec<_>>().join("/");
            let text = fs::read_to_string(&path).unwrap();
            let group = groups.entry(group).or_default();
            let is_test = name.contains("/tests") || name.ends_with("_tests");
            // How a product words a decision reads reasons and gives none.
            if !is_test && !name.ends_with("/tell") {
                group.given.extend(given(&text));
            }
            group.shown.extend(shown(&text));
        }
    }
    groups
}

#[test]
fn every_mark_is_shown_by_exactly_one_test_beside_it() {
    let (mut wrong, mut marks) = (Vec::new(), 0);
    for (name, Group { given, shown }) in groups() {
        marks += given.len();
        for mark in &given {
            match shown.iter().filter(|one| *one == mark).count() {
                1 => {}
                0 => wrong.push(format!("{name}: no test shows `{mark}`")),
                several => wrong.push(format!("{name}: {several} tests show `{mark}`")),
            }
        }
        for mark in shown.iter().filter(|mark| !given.contains(*mark)) {
            wrong.push(format!("{name}: nothing gives `{mark}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(marks > 60, "only {marks} marks were found");
}

#[test]
fn marks_are_found_in_all_their_forms() {
    let code = r#"
const HELD: &str = "held";
fn one() {
    // Why::Note("not code")
    marks::hit("rare", "");
    let why = Why::Note(HELD);
    let limit = Why::Limit { name: "max", value: 1.0 };
    let plain = (Why::Plain, Why::TooFew { number, have, need });
}
fn other() {
    let name = match up {
        true => "up",
        false => "down",
    };
    Why::Until { name, seconds_left }
}
#[cfg(test)]
mod tests {
    fn test() {
        let _shown = marks::expect(["held", "too_few"]);
        Why::NoData
    }
}"#;
    let expected = ["held", "limit max", "rare", "too_few", "until down", "until up"];
    assert_eq!(given(code).into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(shown(code), ["held", "too_few"]);
}
