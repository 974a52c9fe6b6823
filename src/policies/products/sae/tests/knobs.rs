//! Every knob changes what it says.

use super::super::Stops;
use super::*;
use crate::products::Product;
use crate::products::tape::faults;
use autosim_engine::fault::Faults;
use autosim_engine::units::Time;

fn of(change: impl FnOnce(&mut Knobs)) -> Knobs {
    let mut knobs = Knobs::default();
    change(&mut knobs);
    knobs
}

/// The counts a rule reaches with these knobs from midnight in GMT+8, Monday 2 March 2026.
fn counts(json: &str, knobs: &Knobs, initial: u32, rows: &[(u64, f64)]) -> Vec<u32> {
    let mut tape = tape(json, knobs, "2026-03-02T00:00:00+08:00", initial);
    rows.iter()
        .map(|&(at, value)| {
            let values = vec![Some(value); tape.autoscaler.signals.len()];
            tape.at(at, &values).desired
        })
        .collect()
}

#[test]
fn periods_and_windows() {
    let signal = |knobs: &Knobs| {
        let tape = tape(&cpu(1, 9, "", ""), knobs, "2026-03-02T00:00:00Z", 1);
        let seen = &tape.autoscaler.signals[0].signal;
        let seconds = |span: autosim_engine::units::Span| span.0 / 1_000_000_000;
        let every = tape.autoscaler.cadence.interval;
        (seconds(every), seconds(seen.window), seconds(seen.resolution))
    };
    assert_eq!(signal(&Knobs::default()), (15, 15, 15));
    assert_eq!(signal(&of(|knobs| knobs.eval_period_s = 10)), (10, 15, 5));
    assert_eq!(signal(&of(|knobs| knobs.resource_window_s = 60)), (15, 60, 15));
}

#[test]
fn the_formula_and_its_guards() {
    let rule = cpu(1, 50, r#""step":2"#, r#""stabilizationWindowSeconds":60"#);
    let rows = [(0, 90.0), (15, 90.0), (30, 90.0)];
    assert_eq!(counts(&rule, &Knobs::default(), 2, &rows), [4, 6, 8]);
    let slow = of(|knobs| knobs.step_period_s = 30);
    assert_eq!(counts(&rule, &slow, 2, &rows), [4, 4, 6]);
    let free = cpu(1, 50, "", "");
    assert_eq!(counts(&free, &of(|knobs| knobs.default_step = Some(1)), 2, &rows), [3, 4, 5]);
    assert_eq!(counts(&free, &of(|knobs| knobs.add_at_limit = true), 2, &[(0, 20.0)]), [3]);
    assert_eq!(counts(&free, &Knobs::default(), 2, &[(0, 20.0)]), [2]);
    assert_eq!(counts(&free, &of(|knobs| knobs.tolerance = 0.1), 2, &[(0, 22.0)]), [2]);
    assert_eq!(counts(&free, &of(|knobs| knobs.tolerance = 0.1), 2, &[(0, 22.1)]), [3]);
    assert_eq!(counts(&free, &of(|knobs| knobs.epsilon = 0.01), 2, &[(0, 20.05)]), [2]);
    assert_eq!(counts(&free, &Knobs::default(), 2, &[(0, 20.05)]), [3]);
    let unseeded = of(|knobs| knobs.seed_history = false);
    assert_eq!(counts(&rule, &Knobs::default(), 8, &[(0, 5.0)]), [8]);
    assert_eq!(counts(&rule, &unseeded, 8, &[(0, 5.0)]), [2]);
    let later = of(|knobs| knobs.correct_bounds_first = false);
    assert_eq!(counts(&cpu(4, 9, "", ""), &Knobs::default(), 1, &[(0, 160.0)]), [4]);
    assert_eq!(counts(&cpu(4, 9, "", ""), &later, 1, &[(0, 160.0)]), [8]);
}

#[test]
fn what_disabled_stops_and_what_missing_data_stops() {
    let rule = cpu(1, 9, r#""disabled":true"#, "");
    let rows = [(0, 40.0), (15, 5.0)];
    assert_eq!(counts(&rule, &Knobs::default(), 4, &rows), [4, 1]);
    let other = of(|knobs| knobs.up_disabled_stops = Stops::ScaleIn);
    assert_eq!(counts(&rule, &other, 4, &rows), [8, 8]);
    let go_on = of(|knobs| knobs.missing_blocks_scale_in = false);
    let quick = METRIC.replace("300", "0");
    for (knobs, expected) in [(Knobs::default(), 3), (go_on, 1)] {
        let mut tape = tape(&quick, &knobs, "2026-03-02T00:00:00Z", 3);
        let decision = tape.at(0, &[Some(1.0), Some(1.0), Some(1.0), Some(1.0), None]);
        assert_eq!(decision.desired, expected);
    }
}

#[test]
fn starting_replicas_count_or_not() {
    let rule = cpu(1, 9, "", "").replace("CPU", "QPS");
    let basis = |knobs: &Knobs| {
        tape(&rule, knobs, "2026-03-02T00:00:00Z", 1).autoscaler.signals[0].signal.basis
    };
    let ready = of(|knobs| knobs.starting_counts = false);
    assert_eq!(basis(&Knobs::default()), autosim_engine::signal::Basis::LiveNow);
    assert_eq!(basis(&ready), autosim_engine::signal::Basis::ReadyNow);
}

/// Hours of the triggers within the first days.
fn hours(json: &str, knobs: &Knobs, start: &str) -> Vec<u64> {
    let tape = tape(json, knobs, start, 5);
    let hour = |at: &Time| at.0 / 3_600_000_000_000;
    tape.autoscaler.wakeups.iter().map(hour).take_while(|&hour| hour <= 72).collect()
}

#[test]
fn calendars() {
    let _shown = autosim_engine::marks::expect(["the rule's days are over"]);
    let day = timer(
        r#""period":"* * *","beginDate":"2026-03-02","endDate":"2026-03-03""#,
        r#"{"atTime":"08:00","targetReplicas":10}"#,
    );
    let start = "2026-03-02T00:00:00+08:00";
    assert_eq!(hours(&day, &Knobs::default(), start), [8, 32]);
    assert_eq!(hours(&day, &of(|knobs| knobs.time_zone = "+00:00".into()), start), [16, 40]);
    assert_eq!(hours(&day, &of(|knobs| knobs.end_date_inclusive = false), start), [8]);
    let revert = of(|knobs| knobs.hold_between_days = false);
    assert_eq!(hours(&day, &revert, start), [8, 32, 48]);
    let rows = [(0, 0.0), (32 * 3600, 0.0), (48 * 3600, 0.0)];
    assert_eq!(counts(&day, &revert, 5, &rows), [5, 10, 5]);
    assert_eq!(counts(&day, &Knobs::default(), 5, &rows), [5, 10, 10]);
    let at_once = "2026-03-02T08:00:00+08:00";
    assert_eq!(hours(&day, &Knobs::default(), at_once), [0, 24]);
    assert_eq!(hours(&day, &of(|knobs| knobs.trigger_at_enabling = false), at_once), [24]);
    let month = timer(r#""period":"30 * *""#, r#"{"atTime":"08:00","targetReplicas":10}"#);
    let february = "2026-02-27T00:00:00+08:00";
    assert_eq!(hours(&month, &Knobs::default(), february), [0_u64; 0]);
    assert_eq!(hours(&month, &of(|knobs| knobs.february_skips = false), february), [32]);
}

#[test]
fn special_times_and_steps_of_timing_rules() {
    let _shown = autosim_engine::marks::expect(["limit step"]);
    let special =
        timer(r#""period":"* * Mon""#, r#"{"atTime":"08:00","minReplicas":5,"maxReplicas":9}"#);
    let mix = format!("[{special},{}]", cpu(1, 50, "", ""));
    let rows = [(8 * 3600, 0.0), (24 * 3600, 0.0), (30 * 3600, 0.0)];
    assert_eq!(counts(&mix, &Knobs::default(), 5, &rows), [5, 1, 1]);
    let on = of(|knobs| knobs.special_ends_at_midnight = false);
    assert_eq!(counts(&mix, &on, 5, &rows), [5, 5, 5]);
    let rule = format!(
        r#"{{"AppId":"a","ScalingRuleName":"r","ScalingRuleType":"timing","ScalingRuleTimer":{TIMER},
        "ScalingRuleMetric":{}}}"#,
        METRIC.replace("100", "2")
    );
    let rows = [(8 * 3600, 0.0), (8 * 3600 + 15, 0.0), (8 * 3600 + 30, 0.0), (8 * 3600 + 45, 0.0)];
    assert_eq!(counts(&rule, &Knobs::default(), 5, &rows), [10, 10, 10, 10]);
    let stepped = of(|knobs| knobs.timing_ignores_step = false);
    assert_eq!(counts(&rule, &stepped, 5, &rows), [7, 9, 10, 10]);
}

#[test]
fn checks_of_documents() {
    let request = |members: &str| format!(r#"{{"AppId":"a","ScalingRuleName":"r",{members}}}"#);
    let codes = |json: &str, knobs: &Knobs| -> Vec<String> {
        let found = faults::<Sae>(json, knobs, false);
        found.iter().filter(|line| line.starts_with("Error")).cloned().collect()
    };
    let timed = request(&format!(r#""ScalingRuleTimer":{TIMER}"#));
    let half_dates = TIMER.replace(r#""beginDate":null"#, r#""beginDate":"2026-01-01""#);
    let close = TIMER.replace("08:00", "00:03").replace("20:00", "23:59");
    let hot = cpu(1, 9, "", "").replace("20}", "101}");
    let nowhere = cpu(1, 9, "", "").replace("CPU", "SLB_QPS");
    let twice = format!("[{TIMER},{TIMER}]");
    let kept = request(&format!(r#""MinReadyInstances":5,"ScalingRuleTimer":{TIMER}"#));
    for (json, change, part) in [
        (timed, (|k| k.type_may_be_absent = false) as fn(&mut Knobs), "parameter ScalingRuleType"),
        (twice, |k| k.rules_may_share_times = false, "InvalidScalingRuleTime.Conflict"),
        (kept, |k| k.current_replicas = Some(5), "MinReadyInstances.Not.Smaller.Replicas"),
        (TIMER.to_owned(), |k| k.most_replicas = 9, "You can create 9 instances"),
    ] {
        assert_eq!(codes(&json, &Knobs::default()), [""; 0], "{json}");
        assert!(codes(&json, &of(change))[0].contains(part), "{json}");
    }
    for (json, change, part) in [
        (half_dates, (|k| k.both_dates = false) as fn(&mut Knobs), "InvalidScalingRuleDate.Format"),
        (close, |k| k.gap_across_midnight = false, "InvalidScalingRuleTime.Conflict"),
        (hot, |k| k.percent_at_most_100 = false, "from 1 to 100"),
        (nowhere, |k| k.slb_source_required = false, "You must specify the parameter SlbProject."),
    ] {
        assert_eq!(codes(&json, &of(change)), [""; 0], "{json}");
        assert!(codes(&json, &Knobs::default())[0].contains(part), "{json}");
    }
}

#[test]
fn knobs_that_make_no_sense_are_reported() {
    let check = |knobs: &Knobs| {
        let mut faults = Faults::new();
        Sae::check_knobs(knobs, &mut faults);
        faults.into_vec().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(check(&Knobs::default()), [""; 0]);
    let found = check(&Knobs {
        eval_period_s: 0,
        resource_window_s: 90_000,
        step_period_s: 0,
        tolerance: -0.1,
        epsilon: f64::NAN,
        default_step: Some(0),
        most_replicas: 0,
        current_replicas: Some(0),
        time_zone: "Mars".into(),
        ..Knobs::default()
    });
    assert_eq!(found.len(), 9, "{found:?}");
}

#[test]
fn assumptions_in_force_are_those_of_the_rules_given() {
    let rules = |json: &str| -> Vec<String> {
        let knobs = Knobs::default();
        let model = model::<Sae>(json, &knobs);
        Sae::assumptions(&model, &knobs).into_iter().map(|one| one.rule).collect()
    };
    assert!(rules(TIMER).contains(&"hold_between_days".to_owned()));
    assert!(!rules(TIMER).contains(&"tolerance".to_owned()));
    let metric = rules(METRIC);
    assert!(
        metric.contains(&"tolerance".to_owned()) && !metric.contains(&"default_step".to_owned())
    );
    assert!(rules(&cpu(1, 2, r#""disabled":true"#, "")).contains(&"up_disabled_stops".to_owned()));
}
