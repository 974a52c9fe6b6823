//! `trace split`, `--by` and `--top`, as a user types them.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Exit code, and all that was said.
fn autosim(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let out = command.args(arguments).current_dir(folder).output().unwrap();
    let said = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (out.status.code(), said.join("\n"))
}

/// Calls of three functions; the second is first called two hours after the first.
const CALLS: &str = "time,function\n2026-03-02 09:00:00.5,login\n2026-03-02 11:00:00.5,items/list\n\
                     2026-03-02 11:00:01.5,items/list\n2026-03-02 11:00:02,login\n\
                     2026-03-02 11:00:03,items/list\n2026-03-02 11:00:04,rare\n";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("calls.csv"), CALLS).unwrap();
    folder
}

#[test]
fn the_largest_parts_become_services_on_one_clock() {
    let folder = folder();
    fs::create_dir(folder.path().join("plans")).unwrap();
    let split = [
        "trace",
        "split",
        "calls.csv",
        "--by",
        "function",
        "--top",
        "2",
        "--out",
        "plans/services.toml",
    ];
    let (code, said) = autosim(folder.path(), &split);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 services in plans/services.toml"), "{said}");
    assert!(said.contains("1 part with 16.7 % of the requests left out"), "{said}");
    let file = folder.path().join("plans/services.toml");
    let text = fs::read_to_string(&file).unwrap();
    let expected = "# Made by `autosim trace split` from calls.csv.\nstart = \"2026-03-02T09:00:00+00:00\"\n\n\
                    # items/list: 3 requests, 60 %\n[services.items-list.workload.arrivals.recorded.replay]\n\
                    by = \"function\"\nfile = \"../calls.csv\"\nselect = [\"items/list\"]\nat = \"2h\"\n\n\
                    # login: 2 requests, 40 %\n[services.login.workload.arrivals.recorded.replay]\n\
                    by = \"function\"\nfile = \"../calls.csv\"\nselect = [\"login\"]\n";
    assert_eq!(text, expected);

    let more = "[services.login.policy.fixed]\nreplicas = 1\n[policies.one.fixed]\nreplicas = 1\n";
    fs::write(&file, text + more).unwrap();
    let written = |service: &str| {
        let out = format!("{service}.csv");
        let generate = ["trace", "generate", "plans/services.toml", "--of", service, "--out", &out];
        let (code, said) = autosim(folder.path(), &generate);
        assert_eq!(code, Some(0), "{said}");
        let text = fs::read_to_string(folder.path().join(out)).unwrap();
        let times = text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
        times.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(written("items-list"), "7200.5 7201.5 7203");
    assert_eq!(written("login"), "0.5 7202");
}

#[test]
fn parts_are_listed_and_taken_together_where_one_service_is_asked_for() {
    let folder = folder();
    let (_, said) = autosim(folder.path(), &["trace", "inspect", "calls.csv", "--by", "function"]);
    assert!(
        said.contains("parts            50 %  items/list\n               33.3 %  login\n"),
        "{said}"
    );
    let convert =
        ["trace", "convert", "calls.csv", "--by", "function", "--top", "2", "--out", "two.csv"];
    let (_, said) = autosim(folder.path(), &convert);
    assert!(said.contains("5 requests in 5 rows of two.csv"), "{said}");
}

#[test]
fn what_cannot_be_split_is_refused() {
    let folder = folder();
    let many: String = (0..200).map(|row| format!("{row},f{row}\n")).collect();
    fs::write(folder.path().join("many.csv"), format!("time_s,function\n{many}")).unwrap();
    for (arguments, part) in [
        (&["calls.csv"][..], "--by COLUMN"),
        (&["calls.csv", "--by", "functions"], "did you mean `function`?"),
        (&["calls.csv", "--by", "function", "--top", "0"], "--top"),
        (&["many.csv", "--by", "function"], "200 parts, more than 100 services"),
        (&["-", "--by", "function"], "standard input is gone"),
        (&["nowhere.csv", "--by", "function"], "nowhere.csv"),
    ] {
        let split = [&["trace", "split", "--out", "s.toml"][..], arguments].concat();
        let (code, said) = autosim(folder.path(), &split);
        assert!(code == Some(2) && said.contains(part), "{arguments:?}: {said}");
        assert!(!folder.path().join("s.toml").exists(), "{arguments:?}");
    }
    let (code, said) = autosim(
        folder.path(),
        &["trace", "split", "calls.csv", "--by", "function", "--out", "calls.csv"],
    );
    assert!(code == Some(2) && said.contains("is the recording itself"), "{said}");
}
