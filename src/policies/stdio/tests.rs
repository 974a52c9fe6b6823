//! Programs of a few lines of shell: well-behaved ones, and every way not to be.
#![cfg(unix)]

use super::ProgramFile;
use crate::builtin::{PolicyContext, Recorded};
use autosim_engine::control::{Decision, Observation};
use autosim_engine::fault::Faults;
use autosim_engine::marks;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};
use std::path::Path;

/// Greets, and answers `reset`.
const BEGINS: &str = "read hello; echo '{\"version\": 1}'; read reset; echo '{}'; ";

fn context() -> PolicyContext {
    PolicyContext {
        clock: WallClock::parse("2026-03-02T00:00:00+08:00[Asia/Shanghai]").unwrap(),
        concurrency: 4,
        initial: 3,
        end: Time::from_secs(3600),
        plan: None,
        recorded: Recorded::default(),
        replication: 1,
        explains: true,
    }
}

fn file(parameters: &str) -> ProgramFile {
    toml::from_str(parameters).unwrap_or_else(|error| panic!("{error}\n{parameters}"))
}

/// A policy whose program is `script`.
fn policy(script: &str, parameters: &str) -> Box<dyn autosim_engine::control::Policy> {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    let file = file(&format!("[stdio]\ncommand = {command}\nmax = 9\n{parameters}\n"));
    let mut faults = Faults::new();
    file.check(&mut faults);
    assert!(!faults.any_error(), "{:?}", faults.as_slice());
    file.spec().autoscaler(Path::new(""), &context()).policy
}

/// An evaluation at `at` seconds with 3 replicas, one of them starting.
fn seen(at: u64, readings: &[Reading]) -> Observation<'_> {
    let census = Census { starting: 1, ready: 2, draining: 0 };
    Observation::new(Time::from_secs(at), census, 3, readings)
}

/// Count and words of each stage.
fn told(decision: &Decision) -> Vec<String> {
    decision.trail.iter().map(|step| format!("{} {}", step.to, step.why).trim().into()).collect()
}

#[test]
fn a_count_and_a_reason_are_a_decision_within_the_bounds() {
    let _shown = marks::expect(["said"]);
    let script = format!(
        "{BEGINS} read a; echo '{{\"count\": 5, \"reason\": \"a queue\"}}'; \
         read b; echo '{{\"count\": 0}}'; read c; echo '{{\"count\": 70, \"reason\": \"more\"}}'"
    );
    let mut policy = policy(&script, "min = 2");
    let mut told_at = |at| told(&policy.observe(&seen(at, &[])));
    assert_eq!(told_at(15), ["5 a queue"]);
    assert_eq!(told_at(30), ["0", "2 min 2"]);
    assert_eq!(told_at(45), ["70 more", "9 max 9"]);
    assert_eq!(policy.failure(), None);
}

#[test]
fn a_program_is_told_what_it_sees_and_how_it_is_asked() {
    // It answers each line with that line as its reason, its quotes left out.
    let echo = "says() { echo \"$line\" | tr -d '\"' | sed 's/.*/{\"count\": 1, \"reason\": \"&\"}/'; }; \
                read line; hello=$line; echo '{\"version\": 1}'; read reset; echo '{}'; \
                read first; line=$hello; says; read second; line=$reset; says; \
                while read line; do says; done";
    let observes = "observes = [{ metric = 'cpu', window = '5m', delay = '30s' }, \
                    { metric = 'web/requests_per_s', name = 'load' }]\nparameters = { target = 60 }";
    let mut policy = policy(echo, observes);
    let at = Time::ZERO;
    let readings = [Reading { value: Some(0.5), at }, Reading { value: None, at }];
    let mut said = |activation| {
        let seen = seen(15, &readings);
        let decision = if activation { policy.activate(&seen) } else { policy.observe(&seen) };
        decision.trail[0].why.to_string()
    };
    // Longer reasons are cut.
    assert_eq!(
        said(false),
        "{type:hello,version:1,observes:[{name:cpu_percent,metric:cpu_percent,unit:percent,window_s:300.0,\
         delay_s:30.0},{name:load,metric:web/requests_per_s,unit:1/s,window_s:60.0,delay_s:0.0}],interval_s:15.0"
            .chars()
            .take(200)
            .collect::<String>()
    );
    assert_eq!(
        said(false),
        "{type:reset,replication:2,start:2026-03-02T00:00:00+08:00,end_s:3600.0,initial:3,slots:4}"
    );
    let counts = "desired:3,starting:1,ready:2,draining:0,readings:{cpu_percent:0.5,load:null}}";
    assert_eq!(said(false), format!("{{type:observe,at_s:15.0,asked_by:control,{counts}"));
    assert_eq!(said(true), format!("{{type:observe,at_s:15.0,asked_by:request,{counts}"));
}

/// | what the program does | what is said |
#[test]
fn what_is_no_answer_is_told_with_the_line_and_the_last_words() {
    let begins = |rest: &str| format!("{BEGINS} read line; {rest}");
    let asked = "`{\"type\":\"observe\",\"at_s\":15.0";
    for (script, parts) in [
        (
            "exit 3".to_owned(),
            &["ended (exit status: 3) and did not answer `{\"type\":\"hello\""][..],
        ),
        (
            "echo no such model >&2; exit 1".into(),
            &["last words on standard error:\nno such model"],
        ),
        ("echo '{\"version\": 2}'; cat".into(), &["speaks version 2", "this autosim speaks 1"]),
        (
            "echo hello; cat".into(),
            &["answered `hello` to", "expected a line such as {\"version\": 1}"],
        ),
        (begins("kill -9 $$"), &["signal: 9", asked]),
        (begins("exec 1>&-; sleep 60"), &["closed its output and did not answer", asked]),
        (
            begins("echo 7; cat"),
            &[
                "answered `7` to",
                asked,
                "expected an object; expected a line such as {\"count\": 3",
            ],
        ),
        (
            begins("echo '{\"count\": -1}'; cat"),
            &["`{\"count\": -1}`", "invalid value: integer `-1`"],
        ),
        (begins("echo '{\"count\": 1.5}'; cat"), &["floating point `1.5`"]),
        (begins("echo '{\"count\": 1e99}'; cat"), &["{\"count\": 1e99}"]),
        (begins("echo '{\"cuont\": 1}'; cat"), &["unknown field `cuont`", "`count`"]),
        (begins("echo; cat"), &["answered `` to"]),
        (begins("printf '\\377\\033[31m\\n'; cat"), &["answered `\u{fffd} [31m` to"]),
        (begins("sleep 60"), &["did not answer within 1s (`timeout`)", asked]),
        (begins("printf '{\"count\": 1'; sleep 60"), &["did not answer within 1s"]),
        (begins("head -c 70000 /dev/zero; sleep 60"), &["more than 65536 bytes"]),
        // A child of the program that holds its pipes goes with it.
        (begins("sleep 60 & wait"), &["did not answer within 1s"]),
    ] {
        let mut policy = policy(&script, "timeout = '1s'");
        let held = policy.observe(&seen(15, &[]));
        assert_eq!(held.desired, 3);
        let failure = policy.failure().unwrap_or_else(|| panic!("{script}: {held:?}")).to_owned();
        for part in parts.iter().chain(&["`sh -c "]) {
            assert!(failure.contains(part), "{script}\nlacks {part}\n{failure}");
        }
        // It is not asked again.
        policy.activate(&seen(30, &[]));
        assert_eq!(policy.failure(), Some(failure.as_str()));
    }
}

#[test]
fn a_line_that_nobody_asked_for_is_refused_at_the_next_question() {
    let script = format!("{BEGINS} while read line; do echo '{{\"count\": 1}}'; echo debug; done");
    let mut policy = policy(&script, "");
    for at in 1..100 {
        policy.observe(&seen(at, &[]));
        std::thread::sleep(std::time::Duration::from_millis(2));
        if let Some(failure) = policy.failure() {
            assert!(failure.contains("had answered before it was asked"), "{failure}");
            assert!(failure.contains(": `debug`"), "{failure}");
            return;
        }
    }
    panic!("100 answers were taken from a program that gives two at a time");
}

#[test]
fn a_program_that_never_reads_does_not_hold_up_who_writes() {
    // More than a pipe takes in.
    let hello = "x".repeat(1_000_000);
    let parameters = format!("timeout = '300ms'\nparameters = {{ much = '{hello}' }}");
    let mut policy = policy("sleep 0.3; echo '{\"version\": 1}'; sleep 60", &parameters);
    policy.observe(&seen(15, &[]));
    assert!(policy.failure().unwrap().contains("did not answer within 300ms"));
}

#[test]
fn a_program_that_is_not_there_is_told_by_its_name() {
    let file = file("[stdio]\ncommand = ['./no-such-program', 'x']\nmax = 9\n");
    let mut policy = file.spec().autoscaler(Path::new("/"), &context()).policy;
    policy.observe(&seen(15, &[]));
    let failure = policy.failure().unwrap();
    assert!(failure.starts_with("cannot start `./no-such-program` in `/`: "), "{failure}");
}

#[test]
fn a_copy_says_what_the_bounds_were_worth_and_asks_nobody() {
    use autosim_engine::control::Stage;
    let script = format!("{BEGINS} read a; echo '{{\"count\": 70}}'");
    let mut policy = policy(&script, "");
    let mut copy = policy.clone();
    assert_eq!(copy.observe(&seen(15, &[])).desired, 3);
    assert_eq!(policy.observe(&seen(15, &[])).desired, 9);
    assert_eq!(copy.observe(&seen(15, &[])).desired, 9);
    assert_eq!(copy.observe(&seen(15, &[]).without(Stage::Bounds)).desired, 70);
}

#[test]
fn nothing_is_left_of_a_program_that_does_not_want_to_end() {
    // It says its number and that of a child, and ignores that its input has ended.
    let script = format!(
        "trap '' TERM HUP INT; {BEGINS} read a; sleep 60 & \
         echo \"{{\\\"count\\\": 1, \\\"reason\\\": \\\"$$ $!\\\"}}\"; sleep 60"
    );
    let mut policy = policy(&script, "");
    let reason = policy.observe(&seen(15, &[])).trail[0].why.to_string();
    let pids: Vec<i32> = reason.split(' ').map(|pid| pid.parse().unwrap()).collect();
    let is_there = |pid: &i32| {
        let pid = rustix::process::Pid::from_raw(*pid).unwrap();
        rustix::process::test_kill_process(pid).is_ok() && !is_defunct(pid.as_raw_nonzero().get())
    };
    assert!(pids.len() == 2 && pids.iter().all(is_there), "{reason}");
    drop(policy);
    // Its own child is reaped by whoever inherits it.
    assert!(!is_there(&pids[0]), "{reason}");
    for _ in 0..100 {
        if !is_there(&pids[1]) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{reason} is still there");
}

/// Dead, and not yet taken note of by whoever inherited it.
fn is_defunct(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

/// | parameters | fault |
#[test]
fn parameters_that_make_no_sense_are_told_at_once() {
    for (parameters, expected) in [
        ("command = []\nmax = 1", "stdio.command: no program is named"),
        ("command = ['']\nmax = 1", "stdio.command: no program is named"),
        ("command = [\"a\\u0000\"]\nmax = 1", "stdio.command.0: it holds a zero byte"),
        ("command = ['a']\nmax = 1\nmin = 2", "stdio.min: min 2 is above max 1"),
        ("command = ['a']\nmax = 1\ninterval = '0s'", "stdio.interval: 0s is shorter than 1ms"),
        ("command = ['a']\nmax = 1\ntimeout = '0s'", "stdio.timeout: 0s leaves no time"),
        (
            "command = ['a']\nmax = 1\nobserves = [{ metric = 'cpu' }, { metric = 'cpu' }]",
            "stdio.observes.1.name: another one is called `cpu_percent` too",
        ),
        (
            "command = ['a']\nmax = 1\nobserves = [{ metric = 'cpu', window = '0s' }]",
            "stdio.observes.0.window: 0s is shorter than 1ms",
        ),
    ] {
        let mut faults = Faults::new();
        file(&format!("[stdio]\n{parameters}\n")).check(&mut faults);
        let told: Vec<String> = faults.into_vec().iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains(expected), "{parameters}: {told:?}");
    }
}
