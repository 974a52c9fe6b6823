//! What people read in a terminal: times are wall clock or spans, never thousands of seconds; one thing is not
//! called several; no number has more digits than anybody reads. Held over every shipped scenario.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<PathBuf> {
    let folders = ["scenarios", "scenarios/products"].into_iter().flat_map(|folder| {
        std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path())
    });
    let mut files: Vec<PathBuf> =
        folders.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    files.sort();
    files
}

/// Both outputs of a command that finds nothing wrong.
fn printed(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|one| String::from_utf8(one).unwrap()).concat();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{text}");
    text
}

/// What nobody should have to read in a text: `43200 s`, `1 replicas`, `replica(s)`, `8.299999999999999`.
fn slips(text: &str) -> Vec<String> {
    // What stands apart in columns is no sentence.
    text.lines().flat_map(|line| line.split("  ")).flat_map(of_a_sentence).collect()
}

fn of_a_sentence(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = |word: &'_ str| -> String {
        word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-').to_owned()
    };
    let pairs = words.windows(2).filter(|pair| {
        let (number, unit) = (pair[0].trim_start_matches(['(', '[', '=']), plain(pair[1]));
        let seconds = unit == "s" && number.parse::<f64>().is_ok_and(|value| value >= 60.0);
        let many = number == "1"
            && unit.len() > 2
            && unit.ends_with('s')
            && !["less", "was", "has", "does", "this", "processes"].contains(&&*unit)
            && unit.chars().all(|c| c.is_ascii_lowercase());
        seconds || many
    });
    let pairs = pairs.map(|pair| pair.join(" "));
    let alone = words.iter().filter(|word| {
        let number = plain(word);
        let digits = number.chars().filter(char::is_ascii_digit).count();
        word.contains("(s)") || number.parse::<f64>().is_ok() && number.contains('.') && digits > 9
    });
    pairs.chain(alone.map(|word| (*word).to_owned())).collect()
}

#[test]
fn a_slip_is_seen() {
    for (text, slip) in [
        ("from 43200 s on", "43200 s"),
        ("held 61.5 s, then", "61.5 s,"),
        ("1 replicas, no change", "1 replicas,"),
        ("2 replica(s)", "replica(s)"),
        ("cpu = 0.30000000000000004, old", "0.30000000000000004,"),
    ] {
        assert_eq!(slips(text), [slip], "{text}");
    }
    let fine = "12h 5m; 59 s, 8.3 s old; 1 replica, 2 replicas, 21 replicas; cpu = 95.0265; 1 was lost;\n\
                1 = 1   requests scale the fleet";
    assert_eq!(slips(fine), [""; 0]);
}

#[test]
fn no_answer_has_thousands_of_seconds_wrong_plurals_or_long_decimals() {
    let folder = TempDir::new().unwrap();
    for scenario in scenarios() {
        let (file, left) = (scenario.to_str().unwrap(), folder.path().join("left"));
        let left = left.to_str().unwrap();
        let mut arguments = vec!["run", file, "--out", left, "--replications", "1"];
        arguments.extend(["--set", "duration=31m", "--set", "warmup=0s"]);
        let mut answers = vec![("run", printed(&arguments)), ("check", printed(&["check", file]))];
        let manifest = std::fs::read_to_string(Path::new(left).join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let policies = manifest["policies"].as_array().unwrap().iter();
        let policies: Vec<&str> = policies.map(|one| one["name"].as_str().unwrap()).collect();
        let policy = policies[policies.len() - 1];
        for moment in [["--worst", "2"], ["--at", "+17m"]] {
            let asked = [&["explain", left, "--policy", policy], &moment[..]].concat();
            answers.push(("explain", printed(&asked)));
        }
        let (one, other) = (format!("{left}:{policy}"), format!("{left}:{}", policies[0]));
        answers.push(("diff", printed(&["diff", &one, &other, "--top", "3"])));
        for (verb, answer) in answers {
            assert_eq!(slips(&answer), [""; 0], "{verb} of {file}:\n{answer}");
        }
    }
}
