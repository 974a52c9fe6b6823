//! The worked scenarios, tick by tick: ticks of 15 s, enabled at 0 with the count found.

use super::{Total, body, reason, tape};

/// `(from, to, total)`, then what is expected at each of `points`; all other ticks change nothing.
fn play(total: &mut Total, traffic: &[(u64, u64, f64)], points: &[(u64, u32, &str)]) {
    for &(from, to, load) in traffic {
        for at in (from..=to).step_by(15) {
            let before = total.tape.desired;
            let decision = total.at(at, load);
            let expected = points.iter().find(|(when, ..)| *when == at);
            let (count, why) = expected.map_or((before, None), |&(_, n, why)| (n, Some(why)));
            assert_eq!(decision.desired, count, "at {at} s: {:?}", &*decision.trail);
            if let Some(why) = why {
                assert_eq!(reason(&decision), why, "at {at} s");
            }
        }
    }
}

#[test]
fn one_the_published_example_and_two_scale_in_waits_300_s() {
    let _shown = autosim_engine::marks::expect(["ratio"]);
    let mut total = Total::of(&body(2, 8, "{}"), 2);
    play(
        &mut total,
        &[(0, 0, 46.0), (15, 300, 10.0)],
        &[(0, 5, "recommend: 23.0000 against target 10"), (300, 2, "bounds: min 2")],
    );
}

#[test]
fn while_it_waits_the_window_is_the_reason() {
    let _shown = autosim_engine::marks::expect(["recent highest"]);
    let mut total = Total::of(&body(2, 8, "{}"), 2);
    total.at(0, 46.0);
    let decision = total.at(15, 10.0);
    assert_eq!(reason(&decision), "stabilise: highest of the last 5m");
    assert_eq!((decision.desired, decision.uncapped), (5, 1));
}

#[test]
fn three_the_window_keeps_the_highest() {
    let mut total = Total::of(&body(1, 8, "{}"), 6);
    play(
        &mut total,
        &[(0, 0, 60.0), (15, 135, 20.0), (150, 150, 60.0), (165, 450, 20.0)],
        &[(450, 2, "recommend: 3.3333 against target 10")],
    );
}

#[test]
fn four_scale_in_comes_in_grades() {
    let mut total = Total::of(&body(2, 8, "{}"), 8);
    play(
        &mut total,
        &[(0, 0, 80.0), (15, 120, 50.0), (135, 420, 20.0)],
        &[
            (300, 5, "stabilise: highest of the last 5m"),
            (420, 2, "recommend: 4.0000 against target 10"),
        ],
    );
}

#[test]
fn five_the_dead_band_and_its_ends() {
    let _shown = autosim_engine::marks::expect(["level"]);
    let no_windows = r#"{"scaleDown":{"stabilizationWindowSeconds":0}}"#;
    for (value, expected, why) in [
        (11.0, 4, "tolerance: 1.1000 against level 1"),
        (11.5, 5, "recommend: 11.5000 against target 10"),
        (9.0, 4, "recommend: 9.0000 against target 10"),
        (8.9, 4, "recommend: 8.9000 against target 10"),
        (7.4, 3, "recommend: 7.4000 against target 10"),
        (1.1 * 10.0, 4, "tolerance: 1.1000 against level 1"),
        (11.000_001, 5, "recommend: 11.0000 against target 10"),
    ] {
        let decision = tape(&body(1, 9, no_windows), 4).at(15, &[Some(value)]);
        assert_eq!((decision.desired, reason(&decision)), (expected, why.into()), "{value}");
    }
    // With the window of 300 s the last but two waits for it.
    let mut waiting = tape(&body(1, 9, "{}"), 4);
    let counts: Vec<u32> =
        (0..=20).map(|tick| waiting.at(15 * tick, &[Some(7.4)]).desired).collect();
    assert_eq!(counts[..20], [4; 20]);
    assert_eq!(counts[20], 3);
}

#[test]
fn six_the_largest_of_two_metrics_wins() {
    let _shown = autosim_engine::marks::expect(["chosen"]);
    let json = r#"{"min":1,"max":8,"scaleStrategies":[
        {"metricName":"qps","threshold":10},{"metricName":"cpu","threshold":50}]}"#;
    let mut tape = tape(json, 3);
    let decision = tape.at(0, &[Some(8.0), Some(65.0)]);
    assert_eq!(decision.desired, 4);
    assert_eq!(reason(&decision), "recommend: 65.0000 against target 50");
    assert_eq!(decision.trail.last().unwrap().why.to_string(), "policy 2 of 2");
    let decision = tape.at(15, &[Some(6.0), Some(49.0)]);
    assert_eq!(decision.desired, 4);
    assert_eq!(decision.trail.last().unwrap().why.to_string(), "policy 2 of 2");
}

#[test]
fn seven_a_scale_out_window_is_no_timer_of_a_breach() {
    let _shown = autosim_engine::marks::expect(["recent lowest"]);
    let json = body(1, 8, r#"{"scaleUp":{"stabilizationWindowSeconds":60}}"#);
    let mut total = Total::of(&json, 2);
    play(
        &mut total,
        &[(0, 0, 18.0), (15, 60, 60.0)],
        &[
            (15, 2, "stabilise: lowest of the last 1m"),
            (60, 6, "recommend: 30.0000 against target 10"),
        ],
    );
}

#[test]
fn eight_to_zero_and_nine_back() {
    let _shown = autosim_engine::marks::expect(["idle", "a request found no replica"]);
    let json = body(0, 4, r#"{"onZero":{"scaleUpActivationReplicas":2}}"#);
    let mut total = Total::of(&json, 3);
    // The last request came at 2 s, so the first tick sees traffic of the service as it was before.
    total.last_request = Some(0);
    total.at(0, 30.0);
    total.last_request = Some(2);
    play(
        &mut total,
        &[(15, 990, 0.0)],
        &[(300, 1, "bounds: min 1"), (615, 0, "mode: idle for 10m 13s")],
    );
    total.last_request = Some(1000);
    play(
        &mut total,
        &[(1005, 1005, 0.0), (1020, 1020, 50.0)],
        &[(1005, 2, "mode: a request found no replica"), (1020, 4, "bounds: max 4")],
    );
}

#[test]
fn nine_the_replicas_of_the_waking_are_held_for_the_scale_in_window() {
    let json = body(0, 4, r#"{"onZero":{"scaleUpActivationReplicas":3}}"#);
    let mut total = Total::of(&json, 0);
    total.last_request = Some(0);
    play(&mut total, &[(15, 990, 0.0)], &[]);
    total.last_request = Some(1000);
    play(
        &mut total,
        &[(1005, 1305, 0.0)],
        &[(1005, 3, "mode: a request found no replica"), (1305, 1, "bounds: min 1")],
    );
}

#[test]
fn ten_floating_point_does_not_add_a_replica() {
    let json = r#"{"min":1,"max":99,"scaleStrategies":[{"metricName":"qps","threshold":15}]}"#;
    assert_eq!((15.0_f64 * (31.0 / 15.0)).ceil(), 32.0, "the naive way");
    assert_eq!(tape(json, 15).at(15, &[Some(31.0)]).desired, 31);
}

#[test]
fn a_count_out_of_bounds_is_corrected_at_once_and_nothing_else_happens() {
    let _shown = autosim_engine::marks::expect(["limit max", "limit min"]);
    let mut tape = tape(&body(2, 8, "{}"), 11);
    let decision = tape.at(15, &[Some(99.0)]);
    assert_eq!((decision.desired, reason(&decision)), (8, "bounds: max 8".into()));
    tape.desired = 1;
    let decision = tape.at(30, &[Some(0.0)]);
    assert_eq!((decision.desired, reason(&decision)), (2, "bounds: min 2".into()));
    // Neither tick left a recommendation: the one of the start alone holds the count, until 300 s.
    tape.desired = 5;
    assert_eq!(tape.at(285, &[Some(0.1)]).desired, 5);
    assert_eq!(tape.at(300, &[Some(0.1)]).desired, 2, "the recommendation of 285 s was 1");
}

#[test]
fn a_missing_metric_is_skipped_and_holds_scale_in() {
    let _shown = autosim_engine::marks::expect(["no_data"]);
    let json = r#"{"min":1,"max":8,"scaleStrategies":[
        {"metricName":"qps","threshold":10},{"metricName":"cpu","threshold":50}],
        "behavior":{"scaleDown":{"stabilizationWindowSeconds":0}}}"#;
    for (qps, cpu, expected, why) in [
        (None, None, 4, "recommend: no data"),
        (Some(1.0), None, 4, "recommend: no data"),
        (Some(20.0), None, 8, "recommend: 20.0000 against target 10"),
        (None, Some(75.0), 6, "recommend: 75.0000 against target 50"),
        (Some(1.0), Some(10.0), 1, "recommend: 1.0000 against target 10"),
    ] {
        let decision = tape(json, 4).at(15, &[qps, cpu]);
        assert_eq!(
            (decision.desired, reason(&decision)),
            (expected, why.into()),
            "{qps:?} {cpu:?}"
        );
    }
}

#[test]
fn no_data_leaves_no_recommendation_but_idle_time_still_counts() {
    let json = body(0, 8, r#"{"onZero":{"scaleDownGracePeriodSeconds":60}}"#);
    let mut tape = tape(&json, 4);
    assert_eq!(tape.at(45, &[None, Some(45.0)]).desired, 4);
    let decision = tape.at(60, &[None, Some(60.0)]);
    assert_eq!((decision.desired, reason(&decision)), (0, "mode: idle for 1m".into()));
}

#[test]
fn a_grace_shorter_than_the_scale_in_window_does_not_wait_for_it() {
    for (grace, idle_at) in [(0, 30), (15, 30), (30, 45), (100, 120)] {
        let json =
            body(0, 8, &format!("{{\"onZero\":{{\"scaleDownGracePeriodSeconds\":{grace}}}}}"));
        let mut tape = tape(&json, 5);
        // A request at 14 s, then none.
        assert_eq!(tape.at(15, &[Some(1.0), Some(1.0)]).desired, 5, "{grace}");
        let first = (30..)
            .step_by(15)
            .find(|&at| tape.at(at, &[Some(0.0), Some((at - 14) as f64)]).desired == 0);
        assert_eq!(first, Some(idle_at), "{grace}");
    }
}

#[test]
fn with_a_minimum_nothing_sleeps() {
    let json = body(1, 8, r#"{"onZero":{"scaleDownGracePeriodSeconds":0}}"#);
    let mut tape = tape(&json, 5);
    assert_eq!(tape.autoscaler.signals.len(), 1, "idle time is not even read");
    for at in (15..4000).step_by(15) {
        tape.at(at, &[Some(0.0)]);
    }
    assert_eq!(tape.desired, 1);
}

#[test]
fn a_recording_with_traffic_at_its_first_row_wakes_at_once() {
    let mut tape = tape(&body(0, 8, "{}"), 0);
    assert_eq!(tape.at(0, &[Some(5.0), Some(0.0)]).desired, 1);
    let mut silent = super::tape(&body(0, 8, "{}"), 0);
    assert_eq!(silent.at(0, &[Some(0.0), Some(0.0)]).desired, 0);
    assert_eq!(silent.at(15, &[None, Some(15.0)]).desired, 0);
    assert_eq!(silent.at(30, &[None, Some(7.0)]).desired, 1);
}
