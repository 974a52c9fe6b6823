//! SLOs as a user states them - in the file, as `--slo`, as `--assert` - and what a verdict on them is worth.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Every request takes exactly so long, nothing is drawn.
const EXACT: &str = "duration = '10m'\nwarmup = '1m'\n\
     [workload.arrivals.main.renewal]\ngaps.constant = '2s'\n\
     [service]\nservice_time.constant = '999ms'\n[policies.one.fixed]\nreplicas = 1\n\
     [policies.two.fixed]\nreplicas = 2\n";

/// Exit code, and all that was said, its white space as single spaces.
fn said(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|out| String::from_utf8(out).unwrap()).concat();
    (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn folder_with(scenario: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    folder
}

/// (rule 7)
#[test]
fn the_slo_and_an_assertion_give_one_answer() {
    for (takes, claim, kept) in [
        ("999ms", "p99<1s", true),
        ("999ms", "p99<=1s", true),
        ("1s", "p99<1s", false),
        ("1s", "p99<=1s", true),
        ("1001ms", "p99<=1s", false),
        ("300ms", "p50<300ms", false),
        ("300ms", "p50<=300ms", true),
    ] {
        let folder = folder_with(&EXACT.replace("999ms", takes));
        let run = ["run", "s.toml", "--slo", claim, "--quiet", "--assert"];
        let (of_slo, text) = said(folder.path(), &[&run[..], &["slo"]].concat());
        let (of_claim, claimed) = said(folder.path(), &[&run[..], &[claim]].concat());
        assert_eq!(
            (of_slo, of_claim),
            (i32::from(!kept), i32::from(!kept)),
            "{takes} {claim}\n{text}"
        );
        assert_eq!(text.contains("no policy keeps"), !kept, "{takes} {claim}\n{text}");
        let word = if kept { "holds" } else { "FAILS" };
        assert!(claimed.contains(&format!("assertion {word}: one: {claim}: ")), "{claimed}");
        // No percentile lies beyond the longest request.
        assert!(!claimed.contains("1002"), "{claimed}");
    }
}

#[test]
fn all_slos_hold_together_wherever_they_are_stated() {
    let in_file = format!("slo.latency = ['p50 < 500ms', 'p99 < 2s']\n{EXACT}");
    let by_flags = ["--slo", "p50<500ms", "--slo", "p99<2s"];
    for (scenario, flags) in [(in_file.as_str(), &[][..]), (EXACT, &by_flags[..])] {
        let folder = folder_with(scenario);
        let run = ["run", "s.toml", "--quiet", "--assert", "slo"];
        let (code, text) = said(folder.path(), &[&run[..], flags].concat());
        assert_eq!(code, 1, "{text}");
        for part in [
            "no policy keeps p99 < 2s and p50 < 500ms; nearest is one, with 100 % late or failed",
            "(p50 < 500ms allows 50 %)",
            "p50 < 500ms: one 999 ms MISSED, two 999 ms MISSED",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let (code, text) = said(folder.path(), &[&run[..3], flags, &["--format", "json"]].concat());
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("\"slo\": \"p50 < 500ms\""), "{text}");
        assert!(
            text.contains("\"slo_minutes_share\": { \"mean\": 0.0, \"ci95\": null }"),
            "{text}"
        );
    }
    let folder = folder_with(EXACT);
    let twice = ["run", "s.toml", "--slo", "errors<1%", "--slo", "errors<2%"];
    let (code, text) = said(folder.path(), &twice);
    assert!(code == 2 && text.contains("one SLO on errors"), "{text}");
}

#[test]
fn without_traffic_nothing_is_kept_or_missed() {
    let folder = folder_with(&EXACT.replace("'2s'\n", "'2s'\nuntil = '30s'\n"));
    let run = ["run", "s.toml", "--slo", "p99<2s", "--assert", "p99<2s", "--assert", "slo"];
    let (code, text) = said(folder.path(), &run);
    assert_eq!(code, 1, "{text}");
    for part in [
        "verdict: there was no traffic",
        "assertion FAILS: one: p99<2s: there was no traffic",
        "assertion FAILS: two: slo: there was no traffic",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("no policy keeps") && !text.contains("too many"), "{text}");
}

#[test]
fn replications_that_would_be_the_same_are_run_once() {
    let folder = folder_with(EXACT);
    let (_, text) =
        said(folder.path(), &["run", "s.toml", "--slo", "p99<2s", "--replications", "7"]);
    let once = "every replication would be the same, one was run";
    assert!(text.contains("1 replication, seed 1") && text.contains(once), "{text}");
    assert!(!text.contains('±') && text.contains("one* met 999 999"), "{text}");
    let (_, text) = said(folder.path(), &["check", "s.toml"]);
    assert!(text.contains("one replication, as every other would be the same"), "{text}");
    let folder = folder_with(&EXACT.replace("constant = '999ms'", "exponential.mean = '999ms'"));
    let (_, text) = said(folder.path(), &["run", "s.toml", "--replications", "3"]);
    assert!(text.contains("3 replications, seed 1") && !text.contains(once), "{text}");
}

#[test]
fn where_most_fail_the_percentile_is_infinite_and_the_picture_shows_what_failed() {
    let overload =
        EXACT.replace("'2s'", "'100ms'").replace("[service]", "[service]\nqueue.timeout = '1s'");
    let folder = folder_with(&overload);
    let (_, text) = said(folder.path(), &["run", "s.toml", "--slo", "p99<2s", "--out", "out"]);
    for part in ["one MISSED", " ∞ ", "nearest is two, with", "p99 counts failures as ∞"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let svg = fs::read_to_string(folder.path().join("out/cost-vs-latency.svg")).unwrap();
    assert!(svg.contains("share that failed: the p99 is infinite"), "{svg}");
    let (code, text) = said(folder.path(), &["run", "s.toml", "--quiet", "--assert", "p99<2s"]);
    assert!(code == 1 && text.contains("FAILS: two: p99<2s: too many requests failed"), "{text}");
}
