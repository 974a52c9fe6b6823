//! What a recording makes a policy decide, as text.

use super::{DryRun, Question, Recording, play};
use autosim_engine::fault::Faults;
use autosim_engine::units::Time;
use autosim_policies::builtin::PolicySpec;

/// Plays `csv` to the policy in `toml`, which starts with 2 unless the recording says; with everything
/// said about it.
fn run(toml: &str, csv: &str, as_readings: bool) -> (Option<DryRun>, Vec<String>) {
    let spec: PolicySpec = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    let mut faults = Faults::new();
    let recording = Recording::read(csv, None, &mut faults).unwrap();
    let question =
        Question { policy: &spec.into(), recording: &recording, initial: Some(2), as_readings };
    let played = play(&question, &mut faults);
    (played, faults.into_vec().iter().map(ToString::to_string).collect())
}

/// Time in seconds, count before and count after of every decision; nothing may be said but that the count
/// is not recorded.
fn counts(toml: &str, csv: &str, as_readings: bool) -> Vec<(u64, u32, u32)> {
    let (played, said) = run(toml, csv, as_readings);
    assert!(said.iter().all(|said| said.contains("would fall with more replicas")), "{said:?}");
    let answers = played.unwrap().answers;
    answers.iter().map(|a| (a.at.as_secs_f64() as u64, a.before, a.decision.desired)).collect()
}

const CPU: &str = "[target-tracking]\nmetric = \"cpu\"\ntarget = \"50%\"\nmin = 1\nmax = 9\n\
                   interval = \"15s\"\nwindow = \"30s\"\n";

fn each(metric: &str) -> String {
    format!(
        "[target-tracking]\nmetric = \"{metric}\"\ntarget = 1\nmax = 90\n\
         stabilise_down = \"0s\"\ntolerance = \"0%\"\n"
    )
}

#[test]
fn the_policy_follows_its_own_decisions_unless_the_recording_holds_the_count() {
    let own = "time_s,cpu\n0,100\n15,50\n30,\n";
    assert_eq!(counts(CPU, own, true), [(0, 2, 4), (15, 4, 4), (30, 4, 4)]);
    let held = "time_s,replicas,cpu_percent\n0,3,100\n15,3,100\n";
    assert_eq!(counts(CPU, held, true), [(0, 3, 6), (15, 3, 6)]);
    // Between two rows too: what was there at 15 s is what the row before says.
    let between = "time_s,replicas,cpu_percent\n0,3,100\n30,3,100\n60,,100\n90,,100\n";
    let found: Vec<(u64, u32)> =
        counts(CPU, between, false).into_iter().map(|(at, before, _)| (at, before)).collect();
    assert_eq!(found, [(0, 3), (15, 3), (30, 3), (45, 3), (60, 3), (75, 6), (90, 9)]);
}

#[test]
fn samples_pass_the_windows_and_the_policy_asks_on_its_own_clock() {
    // At 15 s the window holds 100, 40 and 40: 60 % against 50 % of 4.
    let csv = "time_s,cpu_percent\n0,100\n10,40\n15,40\n29,0\n";
    assert_eq!(counts(CPU, csv, false), [(0, 2, 4), (15, 4, 5)]);
}

#[test]
fn rows_coarser_than_the_window_hold_until_the_next_and_that_is_said() {
    let csv = "time_s,replicas,cpu\n0,2,50\n60,2,100\n120,2,50\n180,2,50\n400,2,100\n";
    let (played, said) = run(CPU, csv, false);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("rows are 1m apart; the policy looks back `cpu_percent` only 30s"),
        "{said:?}"
    );
    let seen = |at: u64| {
        let answers = &played.as_ref().unwrap().answers;
        answers.iter().find(|one| one.at == Time::from_secs(at)).unwrap().readings[0].value
    };
    assert_eq!([45, 75, 105, 150].map(seen), [Some(50.0), Some(100.0), Some(100.0), Some(50.0)]);
    assert_eq!(seen(330), None, "a hole is a hole");
}

#[test]
fn values_further_apart_than_rows_hold_over_the_rows_between() {
    // CPU every minute beside a count every 15 s: a row without CPU says nothing about it.
    let load = |at: u64| if at < 120 { "50" } else { "100" };
    let row = |at: u64| {
        let cpu = if at.is_multiple_of(60) { load(at) } else { "" };
        format!("{at},2,{cpu}\n")
    };
    let csv =
        format!("time_s,replicas,cpu\n{}", (0..=16).map(|at| row(15 * at)).collect::<String>());
    let (played, said) = run(CPU, &csv, false);
    assert!(
        said[0].contains("values are 1m apart; the policy looks back `cpu_percent` only 30s"),
        "{said:?}"
    );
    let seen: Vec<Option<f64>> =
        played.unwrap().answers.iter().map(|answer| answer.readings[0].value).collect();
    assert!(seen[..8].iter().all(|value| *value == Some(50.0)), "{seen:?}");
    assert!(seen[9..].iter().all(|value| *value == Some(100.0)), "{seen:?}");
    let (_, said) = run(CPU, &csv, true);
    assert!(said[0].contains("values of `cpu_percent` are 1m apart, rows 15s"), "{said:?}");
}

#[test]
fn a_load_that_would_fall_needs_the_count_and_a_total_does_not() {
    let said = |toml: &str, csv: &str| run(toml, csv, true).1.join("; ");
    let total = each("ongoing_requests_per_replica");
    for (toml, csv, warned) in [
        (CPU, "time_s,cpu\n0,100\n", true),
        (CPU, "time_s,replicas,cpu\n0,2,100\n", false),
        (&*total, "time_s,ongoing_requests_per_replica\n0,3\n", true),
        (&*total, "time_s,ongoing_requests\n0,3\n", false),
    ] {
        let said = said(toml, csv);
        assert_eq!(said.contains("add a column `replicas`"), warned, "{csv}: {said}");
    }
}

#[test]
fn what_no_metric_can_be_is_refused_where_it_is_read() {
    let (played, said) = run(CPU, "time_s,cpu,temperature\n0,1,-5\n15,-100,-6\n30,-1,-7\n", true);
    assert!(played.is_none());
    let refused = said.iter().find(|said| said.contains("below zero")).unwrap();
    assert!(refused.contains("line 3, cpu: `-100` is below zero, and 1 more"), "{said:?}");
}

#[test]
fn the_first_evaluation_is_when_the_policy_is_enabled_whenever_the_first_row_is() {
    let from = |first: usize| {
        let loads = [50, 50, 100, 100, 50];
        let rows = (first..5).map(|at| format!("{},{}\n", 20 * at, loads[at]));
        let csv = format!("time_s,cpu\n{}", rows.collect::<String>());
        let all = counts(CPU, &csv, false);
        assert_eq!(all[0].0, 0);
        all.into_iter().filter(|one| one.1 != one.2).collect::<Vec<_>>()
    };
    assert_eq!(from(0), from(1));
}

#[test]
fn a_dry_run_is_told_in_one_line_and_kept_to_its_changes() {
    let csv = "time_s,replicas,cpu\n0,2,100\n15,4,50\n30,4,50\n45,4,100\n";
    let mut played = run(CPU, csv, true).0.unwrap();
    let told = "4 evaluations from 0s to 45s, 2 changes: from 2 to 8 replicas, between 4 and 8";
    assert_eq!(played.summary(), told);
    played.keep_changes();
    let kept: Vec<u64> = played.answers.iter().map(|one| one.at.0 / 1_000_000_000).collect();
    assert_eq!(kept, [0, 45]);
}

#[test]
fn totals_and_shares_are_made_of_each_other() {
    for (metric, header, cells, wanted) in [
        ("ongoing_requests_per_replica", "ongoing_requests", "6", 6),
        ("ongoing_requests_per_replica", "ongoing_requests_per_replica", "3", 6),
        ("ongoing_requests_per_replica", "ready,ongoing_requests_per_replica", "1,3", 3),
        ("front/queued_requests_per_replica", "front/queued_requests", "4", 4),
        (
            "front/queued_requests_per_replica",
            "front/replicas,front/queued_requests_per_replica",
            "5,4",
            20,
        ),
    ] {
        let csv = format!("time_s,{header}\n0,{cells}\n");
        assert_eq!(counts(&each(metric), &csv, true), [(0, 2, wanted)], "{metric} of {header}");
    }
    let rate = each("requests_per_s_per_replica").replace("target = 1", "target = \"2/s\"");
    assert_eq!(counts(&rate, "time_s,requests_per_min\n0,600\n", true), [(0, 2, 5)]);
}

#[test]
fn a_window_ends_at_the_evaluation_and_a_recorded_count_of_ready_ones_stays() {
    // At 60 s the last sample has left the window: no data, no change.
    let gap = "time_s,cpu\n0,100\n10,50\n20,50\n90,50\n";
    assert_eq!(counts(CPU, gap, false)[2..5], [(30, 6, 6), (45, 6, 6), (60, 6, 6)]);
    let (played, _) = run(CPU, "time_s,ready,cpu\n0,1,100\n15,,100\n30,,100\n", false);
    let ready: Vec<u32> = played.unwrap().answers.iter().map(|one| one.census.ready).collect();
    assert_eq!(ready, [1, 1, 1]);
}

#[test]
fn traffic_at_zero_wakes_a_sleeping_policy() {
    let sleeper = "[scale-to-zero]\nidle = \"60s\"\nactivate = 3\n\
                   [scale-to-zero.policy.target-tracking]\n\
                   metric = \"ongoing_requests_per_replica\"\ntarget = 1\nmax = 9\n\
                   stabilise_down = \"0s\"\n";
    let csv = "time_s,ongoing_requests\n0,2\n30,0\n90,0\n120,0\n150,1\n";
    let (played, _) = run(sleeper, csv, true);
    let answers = played.unwrap().answers;
    let desired: Vec<u32> = answers.iter().map(|answer| answer.decision.desired).collect();
    assert_eq!(desired, [2, 1, 0, 0, 3]);
    assert!(answers[4].activation && !answers[3].activation);
}

#[test]
fn what_cannot_be_replayed_is_told_with_the_columns_that_would_do() {
    let ongoing = each("ongoing_requests_per_replica");
    for (toml, csv, part) in [
        (
            &*ongoing,
            "time_s,cpu\n0,1\n",
            "add one of: ongoing_requests, ongoing_requests_per_replica",
        ),
        ("[keep-alive]\nidle_expiry.constant = \"1m\"\n", "time_s\n0\n", "does not decide from"),
        ("[clairvoyant]\n", "time_s\n0\n", "does not decide from"),
    ] {
        let (played, said) = run(toml, csv, true);
        assert!(played.is_none() && said[0].contains(part), "{said:?}");
    }
    let (played, said) = run(&ongoing, "time_s,ongoing_requests,humidity\n0,1,5\n", true);
    assert!(
        played.is_some() && said[0].contains("does not read the column `humidity`"),
        "{said:?}"
    );
}
