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
                    # items/list: 3 requests, 50 %\n[services.items-list.workload.arrivals.recorded.replay]\n\
                    by = \"function\"\nfile = \"../calls.csv\"\nselect = [\"items/list\"]\nat = \"2h\"\n\n\
                    # login: 2 requests, 33.3 %\n[services.login.workload.arrivals.recorded.replay]\n\
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

#[test]
fn what_is_split_is_a_scenario_once_it_has_policies() {
    let folder = folder();
    let calls = "time,function,took\n2026-03-02 09:00:00,login,300\n2026-03-02 09:00:01,items,40\n\
                 2026-03-02 09:00:02,items,40\n2026-03-02 09:00:03,rare,10\n";
    // In the last part there is nothing.
    let counts = "time_s,function,count\n0,items,2\n0,login,1\n0,silent,0\n60,items,3\n60,login,1\n\
                  60,silent,0\n";
    fs::write(folder.path().join("took.csv"), calls).unwrap();
    fs::write(folder.path().join("counts.csv"), counts).unwrap();
    let service =
        "[services.NAME.service]\nservice_time.constant = '1s'\n[services.NAME.replica]\n";
    let policies =
        "[services.login.policy.fixed]\nreplicas = 1\n[policies.one.fixed]\nreplicas = 1\n";
    for (arguments, line, said_too, stated) in [
        (
            &["took.csv", "--top", "2", "--service-time", "took:ms"][..],
            "service_time_column = {",
            "`items` (50.0 %)",
            false,
        ),
        (
            &["took.csv", "--top", "2", "--service-time", "took:ms"],
            "# login: 1 request, 25 %\n",
            "`login` (25.0 %)",
            false,
        ),
        (
            &["counts.csv"],
            "# login: 2 requests, 28.6 %\n",
            "1 part without requests left out: `silent`",
            true,
        ),
    ] {
        let split =
            [&["trace", "split", "--by", "function", "--out", "s.toml"][..], arguments].concat();
        let (code, said) = autosim(folder.path(), &split);
        assert!(code == Some(0) && said.contains(said_too), "{arguments:?}: {said}");
        assert!(said.contains("2 services in s.toml"), "{arguments:?}: {said}");
        let file = folder.path().join("s.toml");
        let mut text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(line) && !text.contains("silent"), "{arguments:?}: {text}");
        for name in ["items", "login"].into_iter().filter(|_| stated) {
            text += &service.replace("NAME", name);
        }
        fs::write(&file, text + policies).unwrap();
        let (code, said) = autosim(folder.path(), &["check", "s.toml"]);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
    let silent = "time_s,function,count\n0,a,0\n0,b,0\n60,a,0\n60,b,0\n";
    fs::write(folder.path().join("silent.csv"), silent).unwrap();
    let split = ["trace", "split", "silent.csv", "--by", "function", "--out", "none.toml"];
    let (code, said) = autosim(folder.path(), &split);
    assert!(code == Some(2) && said.contains("no part of silent.csv has a request"), "{said}");
    assert!(!folder.path().join("none.toml").exists());
}
