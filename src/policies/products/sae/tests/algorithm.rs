//! Every worked case of the rules, as tapes.

use super::*;
use autosim_engine::control::Stage;
use autosim_engine::units::Time;

fn all(values: [f64; 5]) -> [Option<f64>; 5] {
    values.map(Some)
}

#[test]
fn the_largest_wish_of_all_metrics_counts_at_once() {
    let _shown = autosim_engine::marks::expect(["rule"]);
    let mut tape = plain(METRIC, 2);
    let decision = tape.at(0, &all([21.0, 10.0, 5.0, 5.0, 10.0]));
    assert_eq!(decision.desired, 3);
    assert_eq!(reason(&decision), "recommend: rule 1: 21.0000 against level 20");
    let stock = Knobs { tolerance: 0.1, ..Knobs::default() };
    let mut tape = super::tape(METRIC, &stock, "2026-03-02T00:00:00+08:00", 2);
    assert_eq!(tape.at(0, &all([21.0, 10.0, 5.0, 5.0, 10.0])).desired, 2);
}

#[test]
fn scale_in_waits_until_the_last_higher_wish_is_as_old_as_the_window() {
    let quiet = all([9.0, 14.0, 8.0, 10.0, 15.0]);
    let mut tape = plain(METRIC, 2);
    for at in (0..300).step_by(15) {
        let decision = tape.at(at, &quiet);
        assert_eq!((decision.desired, decision.uncapped), (2, 1), "at {at} s");
        assert_eq!(reason(&decision), "stabilise: highest of the last 5m");
    }
    assert_eq!(tape.at(300, &quiet).desired, 1);
}

#[test]
fn below_every_limit_is_leave_to_scale_in_and_the_formula_says_how_far() {
    let mut tape = plain(METRIC, 2);
    for at in (0..1200).step_by(15) {
        let decision = tape.at(at, &all([9.0, 16.0, 8.0, 10.0, 15.0]));
        assert_eq!(decision.desired, 2, "at {at} s");
        assert_eq!(reason(&decision), "recommend: rule 2: 16.0000 against level 30");
    }
}

#[test]
fn a_step_limits_what_one_tick_adds_and_removes() {
    let up = cpu(1, 50, r#""step":3"#, "");
    let limit = |allowed: u32| format!("rate_limit: highest allowed now {allowed}");
    rows(
        &mut plain(&up, 2),
        &[
            (0, 90.0, 5, &limit(5)),
            (15, 36.0, 8, &limit(8)),
            (30, 22.5, 9, "recommend: rule 1: 22.5000 against level 20"),
            (45, 20.0, 9, "recommend: rule 1: 20.0000 against level 20"),
        ],
    );
    let down = cpu(1, 50, "", r#""step":"2","stabilizationWindowSeconds":0"#);
    rows(
        &mut plain(&down, 9),
        &[
            (0, 60.0 / 9.0, 7, "rate_limit: lowest allowed now 7"),
            (15, 60.0 / 7.0, 5, "rate_limit: lowest allowed now 5"),
            (30, 12.0, 3, "recommend: rule 1: 12.0000 against level 20"),
        ],
    );
}

#[test]
fn a_disabled_direction_never_acts_and_the_other_still_does() {
    let _shown =
        autosim_engine::marks::expect(["scaleDownRules.disabled", "scaleUpRules.disabled"]);
    let mut tape = plain(&cpu(1, 9, "", r#""disabled":true"#), 2);
    for at in (0..3600).step_by(15) {
        let decision = tape.at(at, &[Some(1.0)]);
        assert_eq!(decision.desired, 2);
        assert_eq!(reason(&decision), "rate_limit: scaleDownRules.disabled");
    }
    assert_eq!(tape.at(3600, &[Some(41.0)]).desired, 5);
    let mut tape = plain(&cpu(1, 9, r#""disabled":true"#, ""), 4);
    rows(
        &mut tape,
        &[
            (0, 90.0, 4, "rate_limit: scaleUpRules.disabled"),
            (15, 9.0, 2, "recommend: rule 1: 9.0000 against level 20"),
        ],
    );
}

#[test]
fn a_timer_acts_at_its_times_and_holds_until_the_next() {
    let _shown = autosim_engine::marks::expect(["entry", "no trigger"]);
    let mut tape = tape(TIMER, &Knobs::default(), "2026-03-02T12:00:00+08:00", 5);
    let hour = 3600;
    assert_eq!(tape.autoscaler.wakeups[..2], [8 * hour, 20 * hour].map(Time::from_secs));
    for (at, expected, why) in [
        (0, 5, "schedule: no trigger"),
        (8 * hour - 1, 5, "schedule: no trigger"),
        (8 * hour, 3, "schedule: entry 2 since +8h"),
        (20 * hour - 1, 3, "schedule: no trigger"),
        (20 * hour, 10, "schedule: entry 1 since +20h"),
        (32 * hour - 1, 10, "schedule: no trigger"),
        (32 * hour + 5, 3, "schedule: entry 2 since +1d 8h"),
    ] {
        let decision = tape.at(at, &[]);
        assert_eq!((decision.desired, reason(&decision).as_str()), (expected, why), "at {at} s");
    }
}

#[test]
fn a_trigger_exactly_at_enabling_acts_and_one_just_before_waits_a_day() {
    let mut exact = tape(TIMER, &Knobs::default(), "2026-03-02T00:00:00Z", 5);
    assert_eq!(exact.autoscaler.wakeups[0], Time::ZERO);
    assert_eq!(exact.at(0, &[]).desired, 10);
    let mut late = tape(TIMER, &Knobs::default(), "2026-03-02T00:00:01Z", 5);
    assert_eq!(late.at(0, &[]).desired, 5);
}

#[test]
fn weekdays_and_dates_are_those_of_gmt_plus_8() {
    let rule = timer(
        r#""period":"* * Fri,Mon","beginDate":"2021-03-25","endDate":"2021-04-25""#,
        r#"{"atTime":"02:00","targetReplicas":6},{"atTime":"22:00","targetReplicas":2}"#,
    );
    let knobs = Knobs::default();
    let start = "2021-03-20T00:00:00Z";
    let mut tape = tape(&rule, &knobs, start, 4);
    let clock = context(start, 4).clock;
    let instant = |text: &str| clock.time_of(text.parse().unwrap()).unwrap();
    let wakeups = tape.autoscaler.wakeups.clone();
    assert_eq!(wakeups[0], instant("2021-03-25T18:00:00Z"), "not Monday 22nd: before the begin");
    assert!(wakeups.iter().all(|&at| at < instant("2021-04-25T16:00:00Z")));
    for (at, expected) in [
        ("2021-03-25T17:59:59Z", 4),
        ("2021-03-25T18:00:00Z", 6),
        ("2021-03-26T14:00:00Z", 2),
        ("2021-03-27T18:00:00Z", 2),
        ("2021-03-28T18:00:00Z", 6),
        ("2021-04-25T18:00:00Z", 2),
        ("2021-04-26T18:00:00Z", 2),
    ] {
        let at_s = instant(at).0 / 1_000_000_000;
        assert_eq!(tape.at(at_s, &[]).desired, expected, "{at}");
    }
}

#[test]
fn a_month_without_the_day_is_skipped() {
    let rule = timer(r#""period":"31 * *""#, r#"{"atTime":"08:00","targetReplicas":4}"#);
    let tape = tape(&rule, &Knobs::default(), "2021-03-01T00:00:00+08:00", 1);
    let days: Vec<u64> =
        tape.autoscaler.wakeups.iter().take(2).map(|at| at.0 / 86_400_000_000_000).collect();
    assert_eq!(days, [30, 91], "31 March and 31 May");
}

#[test]
fn of_rules_with_a_common_instant_the_newest_wins() {
    let one = timer(r#""period":"* * *""#, r#"{"atTime":"08:00","targetReplicas":4}"#);
    let two = timer(
        r#""period":"* * Mon""#,
        r#"{"atTime":"09:00","targetReplicas":8},{"atTime":"08:00","targetReplicas":7}"#,
    );
    let hour = 3600;
    for (rules, expected, entry) in
        [(format!("[{one},{two}]"), 7, 3), (format!("[{two},{one}]"), 4, 3)]
    {
        let mut tape = plain(&rules, 1);
        let decision = tape.at(0, &[]);
        assert_eq!(decision.desired, 1);
        let decision = tape.at(8 * hour, &[]);
        assert_eq!(decision.desired, expected);
        assert_eq!(reason(&decision), format!("schedule: entry {entry} since +8h"));
        assert_eq!(tape.at(9 * hour, &[]).desired, 8);
        assert_eq!(tape.at(32 * hour, &[]).desired, 4, "Tuesday");
    }
}

fn mix(period: &str, entries: &str) -> String {
    let timer = timer(&format!(r#""period":"{period}""#), entries);
    format!("[{timer},{}]", cpu(3, 50, "", ""))
}

const SPECIAL: &str = r#"{"atTime":"20:00","minReplicas":3,"maxReplicas":50},
    {"atTime":"08:00","minReplicas":5,"maxReplicas":10}"#;

#[test]
fn special_times_move_the_bounds_of_a_mix_rule() {
    let mut tape = plain(&mix("* * *", SPECIAL), 3);
    let (eight, nine, twenty) = (8 * 3600, 9 * 3600, 20 * 3600);
    assert_eq!(tape.autoscaler.wakeups[..2], [eight, twenty].map(Time::from_secs));
    rows(
        &mut tape,
        &[
            (eight - 15, 2.0, 3, "bounds: min 3"),
            (eight, 2.0, 5, "schedule: entry 2 since +8h"),
            (nine, 56.0, 10, "schedule: entry 2 since +8h"),
            (twenty - 15, 28.0, 10, "schedule: entry 2 since +8h"),
            (twenty, 28.0, 14, "recommend: rule 1: 28.0000 against level 20"),
        ],
    );
}

#[test]
fn a_special_time_between_evaluations_corrects_the_count_and_nothing_else() {
    let _shown = autosim_engine::marks::expect(["no evaluation now"]);
    let rule = mix("* * *", SPECIAL);
    let mut tape = tape(&rule, &Knobs::default(), "2026-03-02T07:59:53+08:00", 3);
    rows(
        &mut tape,
        &[
            (0, 20.0, 3, "recommend: rule 1: 20.0000 against level 20"),
            (7, 90.0, 5, "schedule: entry 2 since +7 s"),
            (15, 32.0, 8, "recommend: rule 1: 32.0000 against level 20"),
        ],
    );
    let evening = 12 * 3600 + 7;
    rows(&mut tape, &[(evening, 90.0, 8, "recommend: no evaluation now")]);
}

#[test]
fn the_last_special_time_ends_at_midnight_unless_the_next_day_has_some() {
    // 2 March 2026 is a Monday.
    let mut tape = plain(&mix("* * Mon,Tue", SPECIAL), 3);
    let hour = 3600;
    for (at, load, expected) in [
        (8 * hour, 0.0, 5),
        (8 * hour + 15, 99.0, 10),
        (20 * hour, 99.0, 50),
        (24 * hour + 15, 0.0, 3),
        (32 * hour, 0.0, 5),
        (44 * hour, 0.0, 3),
        (56 * hour, 0.0, 3),
    ] {
        let n = tape.desired;
        let decision = tape.at(at, &[Some(load)]);
        assert_eq!(decision.desired, expected, "at {} h from {n}", at / hour);
    }
    let ends: Vec<u64> =
        tape.autoscaler.wakeups.iter().map(|at| at.0 / 3_600_000_000_000).collect();
    assert_eq!(ends[..6], [8, 20, 32, 44, 48, 176], "the end of Tuesday is a change of bounds");
}

#[test]
fn a_rule_enabled_within_a_special_time_keeps_its_own_bounds_until_the_next() {
    let mut tape = tape(&mix("* * *", SPECIAL), &Knobs::default(), "2026-03-02T09:00:00+08:00", 3);
    assert_eq!(tape.at(0, &[Some(2.0)]).desired, 3);
    assert_eq!(tape.at(23 * 3600, &[Some(2.0)]).desired, 5);
}

#[test]
fn a_count_out_of_bounds_is_corrected_at_once_and_remembered_as_nothing() {
    let _shown = autosim_engine::marks::expect(["limit min", "limit max"]);
    let rule = cpu(4, 9, r#""step":1,"stabilizationWindowSeconds":600"#, "");
    rows(
        &mut plain(&rule, 1),
        &[
            (0, 1.0, 4, "bounds: min 4"),
            (15, 1.0, 4, "bounds: min 4"),
            (30, 90.0, 4, "stabilise: lowest of the last 10m"),
        ],
    );
    let mut tape = plain(&cpu(4, 9, "", r#""disabled":true"#), 12);
    assert_eq!(reason(&tape.at(0, &[Some(50.0)])), "bounds: max 9");
}

#[test]
fn products_are_rounded_up_but_for_dust() {
    let rule = cpu(1, 50, "", "").replace("20}", "15}");
    let mut tape = plain(&rule, 15);
    assert_eq!(tape.at(0, &[Some(31.0)]).desired, 31, "15 x 31 / 15");
    let mut tape = plain(&cpu(1, 50, "", ""), 1);
    assert_eq!(tape.at(0, &[Some(20.000_1)]).desired, 2);
    assert_eq!(tape.at(15, &[Some(f64::MAX)]).desired, 50);
}

#[test]
fn without_data_nothing_is_removed_and_the_others_may_still_add() {
    let _shown = autosim_engine::marks::expect(["no_data"]);
    let mut tape = plain(METRIC, 2);
    let decision = tape.at(0, &[None; 5]);
    assert_eq!((decision.desired, reason(&decision).as_str()), (2, "recommend: no data"));
    for at in (15..900).step_by(15) {
        let decision = tape.at(at, &[Some(1.0), Some(1.0), Some(1.0), Some(1.0), None]);
        assert_eq!(decision.desired, 2);
        assert_eq!(decision.trail.last().map(|step| step.stage), Some(Stage::Recommend));
    }
    let busy = [Some(30.0), None, None, None, None];
    assert_eq!(tape.at(900, &busy).desired, 3);
}

#[test]
fn a_rule_that_is_not_enabled_leaves_the_count_alone() {
    let off = format!(
        r#"{{"AppId":"a","ScalingRuleName":"r","ScalingRuleEnable":false,"ScalingRuleMetric":{METRIC}}}"#
    );
    let mut tape = plain(&off, 40);
    assert_eq!(tape.at(0, &[]).desired, 40);
    assert!(tape.autoscaler.signals.is_empty());
}

#[test]
fn each_metric_is_seen_over_its_window_and_by_its_name() {
    let names = [
        ("CPU", 15, false),
        ("MEMORY", 15, false),
        ("tcpActiveConn", 30, true),
        ("SLB_QPS", 15, true),
        ("SLB_RT", 15, false),
        ("INTRANET_SLB_QPS", 15, true),
        ("INTRANET_SLB_RT", 15, false),
        ("QPS", 60, true),
        ("RT", 60, false),
    ];
    let metrics = names.map(|(name, ..)| {
        format!(
            r#"{{"metricType":"{name}","metricTargetAverageUtilization":5,
            "slbProject":"p","slbLogstore":"l","vport":80}}"#
        )
    });
    let rule = format!(r#"{{"minReplicas":1,"maxReplicas":9,"metrics":[{}]}}"#, metrics.join(","));
    let tape = plain(&rule, 1);
    for (signal, (name, window, per_replica)) in tape.autoscaler.signals.iter().zip(names) {
        assert_eq!(signal.native.as_deref(), Some(name));
        let seen = &signal.signal;
        assert_eq!(seen.window.as_secs_f64(), f64::from(window), "{name}");
        assert_eq!(
            (seen.per_replica, seen.resolution.as_secs_f64()),
            (per_replica, 15.0),
            "{name}"
        );
    }
}
