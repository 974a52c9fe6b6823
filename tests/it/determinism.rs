//! Same input and seed: the same bytes, on any number of threads.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Every file of a folder and what was printed, for so many cells at once.
fn run(scenario: &str, jobs: &str, seed: &str, out: &Path) -> BTreeMap<String, Vec<u8>> {
    let output = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(["run", scenario, "--quiet", "--jobs", jobs, "--seed", seed])
        .args(["--replications", "3", "--set", "duration=30m", "--out"])
        .arg(out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{scenario}: {said}");
    let mut all = BTreeMap::from([("standard output".to_owned(), output.stdout)]);
    for entry in std::fs::read_dir(out).expect("the output folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        all.insert(name, std::fs::read(&path).expect("a file"));
    }
    all
}

fn differing(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    a.keys().filter(|name| a[*name] != b[*name]).cloned().collect()
}

#[test]
fn one_thread_and_two_leave_the_same_bytes() {
    for scenario in ["scenarios/keep-alive-cost.toml", "scenarios/lag-oscillation.toml"] {
        let folder = tempfile::tempdir().expect("a folder");
        // The same name, so that nothing but the threads differs.
        let at = |name: &str| folder.path().join(name).join("out");
        let one = run(scenario, "1", "1", &at("one"));
        let two = run(scenario, "2", "1", &at("two"));
        for file in ["summary.csv", "replications.csv", "timeline.csv", "manifest.json"] {
            assert!(one.contains_key(file), "{scenario}: no {file} in {:?}", one.keys());
        }
        assert_eq!(differing(&one, &two), Vec::<String>::new(), "{scenario}");
        let other = run(scenario, "2", "2", &at("three"));
        assert!(
            differing(&one, &other).contains(&"replications.csv".to_owned()),
            "{scenario}: another seed changes nothing"
        );
    }
}
