//! The worked scenarios, minute by minute.

use super::{Tape, body, reason, seed, tape, tape_with, total, trail};
use crate::products::scalingo::Knobs;

/// `(minute's end, total, count, trail)`.
fn totals(tape: &mut Tape, rows: &[(u64, f64, u32, &str)]) {
    for &(at, requests, count, why) in rows {
        let decision = total(tape, at, requests);
        assert_eq!((decision.desired, trail(&decision).as_str()), (count, why), "at {at} s");
    }
}

/// `(minute's end, value, count)`.
fn values(tape: &mut Tape, rows: &[(u64, f64, u32)]) {
    for &(at, value, count) in rows {
        let decision = tape.at(at, &[Some(value)]);
        assert_eq!(decision.desired, count, "at {at} s: {}", trail(&decision));
    }
}

#[test]
fn e1_several_out_then_balance() {
    let _shown = autosim_engine::marks::expect(["too_few", "rule", "quiet"]);
    totals(
        &mut tape(&seed(), 3),
        &[
            (60, 480.0, 3, "recommend: rule 1: 1 of 2 samples needed"),
            (120, 600.0, 4, "recommend: rule 1: 200.0000 against level 150"),
            (180, 600.0, 4, "recommend: no rule holds for 150.0000"),
            (240, 600.0, 4, "recommend: no rule holds for 150.0000"),
        ],
    );
}

#[test]
fn e2_a_burst_to_the_maximum_and_slowly_back() {
    let _shown = autosim_engine::marks::expect(["total"]);
    let at_max = "recommend: 1500.0000 in all at 150 each; bounds: max 7";
    let between = "recommend: no rule holds for 81.6667";
    totals(
        &mut tape(&seed(), 3),
        &[
            (60, 480.0, 3, "recommend: rule 1: 1 of 2 samples needed"),
            (120, 1500.0, 7, at_max),
            (180, 1500.0, 7, at_max),
            (240, 1500.0, 7, at_max),
            (300, 490.0, 7, "recommend: rule 2: 1 of 2 samples needed"),
            (360, 490.0, 6, "recommend: rule 2: 70.0000 against level 75"),
            (420, 490.0, 6, between),
            (480, 490.0, 6, between),
            (540, 490.0, 6, between),
            (600, 490.0, 6, between),
        ],
    );
}

#[test]
fn e3_cpu_goes_one_by_one() {
    let json = body("worker", 2, 4, "cpu", 0.75);
    let rows = [(60, 0.80, 2), (120, 0.78, 3), (180, 0.80, 4), (240, 0.76, 4), (300, 0.76, 4)];
    values(&mut tape(&json, 2), &rows);
    let knobs = Knobs { reset_history: true, ..Knobs::default() };
    let rows = [(60, 0.80, 2), (120, 0.78, 3), (180, 0.80, 3), (240, 0.76, 4), (300, 0.76, 4)];
    values(&mut tape_with(&json, 2, &knobs), &rows);
}

#[test]
fn e4_response_times_let_it_shrink_every_three_minutes() {
    let _shown = autosim_engine::marks::expect(["until cooldown before scale-in"]);
    let json = body("web", 2, 10, "p95_response_time", 1000.0);
    let mut tape = tape(&json, 4);
    values(&mut tape, &[(60, 600.0, 4), (120, 480.0, 4), (180, 490.0, 3)]);
    let waiting = tape.at(240, &[Some(490.0)]);
    assert_eq!(reason(&waiting), "cooldown: cooldown before scale-in, 2m left");
    values(&mut tape, &[(300, 490.0, 3), (360, 490.0, 2), (420, 490.0, 2), (3600, 490.0, 2)]);
}

#[test]
fn e5_a_single_minute_over_is_nothing() {
    let mut tape = tape(&seed(), 3);
    assert_eq!(total(&mut tape, 60, 480.0).desired, 3);
    assert_eq!(total(&mut tape, 120, 447.0).desired, 3);
    assert_eq!(total(&mut tape, 180, 480.0).desired, 3, "the row begins anew");
}

#[test]
fn e6_a_container_that_boots_overshoots_unless_it_is_counted() {
    // The fourth container is ordered at 120 s and boots for 90 s.
    for (count_booting, expected) in [(false, 5), (true, 4)] {
        let mut tape = tape_with(&seed(), 3, &Knobs { count_booting, ..Knobs::default() });
        assert_eq!(total(&mut tape, 60, 480.0).desired, 3);
        assert_eq!(total(&mut tape, 120, 600.0).desired, 4);
        tape.ready = Some(3);
        let running = if count_booting { 4.0 } else { 3.0 };
        let decision = tape.at(180, &[Some(600.0 / running)]);
        assert_eq!(decision.desired, expected, "{}", trail(&decision));
    }
}

#[test]
fn e7_updates_come_into_force_at_the_next_evaluation() {
    let _shown = autosim_engine::marks::expect(["limit min", "disabled"]);
    let json = format!(
        "[{},{{\"autoscaler\":{{\"min_containers\":5}}}},{{\"autoscaler\":{{\"disabled\":true}}}},\
         {{\"autoscaler\":{{\"disabled\":false}}}}]",
        seed()
    );
    let knobs = Knobs { updates_at_s: vec![30, 90, 270], ..Knobs::default() };
    let mut tape = tape_with(&json, 3, &knobs);
    let decision = total(&mut tape, 60, 480.0);
    assert_eq!((decision.desired, reason(&decision)), (5, "bounds: min 5".into()));
    for at in [120, 180, 240] {
        let decision = total(&mut tape, at, 5000.0);
        assert_eq!((decision.desired, reason(&decision)), (5, "mode: disabled".into()));
    }
    // Minutes were stored meanwhile: the first evaluation after enabling has two of them.
    let decision = total(&mut tape, 300, 5000.0);
    assert_eq!(decision.desired, 7, "{}", trail(&decision));
}

#[test]
fn e8_two_containers_stay() {
    let json = body("web", 2, 10, "rpm_per_container", 150.0);
    let mut tape = tape(&json, 2);
    for at in (60..=3600).step_by(60) {
        let decision = total(&mut tape, at, 0.0);
        assert_eq!(decision.desired, 2, "at {at} s");
    }
    let decision = total(&mut tape, 3660, 0.0);
    assert_eq!(trail(&decision), "recommend: rule 2: 0.0000 against level 75; bounds: min 2");
}

#[test]
fn a_correction_of_the_count_is_a_scaling_and_stores_its_minute() {
    let _shown = autosim_engine::marks::expect(["limit max"]);
    // 9 found, 7 allowed.
    let mut tape = tape(&seed(), 9);
    let decision = tape.at(60, &[Some(70.0)]);
    assert_eq!((decision.desired, reason(&decision)), (7, "bounds: max 7".into()));
    let decision = tape.at(120, &[Some(70.0)]);
    // Two low minutes, the correction's among them; the pause of three minutes counts from it.
    assert_eq!(reason(&decision), "cooldown: cooldown before scale-in, 2m left");
    assert_eq!(tape.at(180, &[Some(70.0)]).desired, 7);
    assert_eq!(tape.at(240, &[Some(70.0)]).desired, 6);
}

#[test]
fn a_minute_without_data_breaks_the_row() {
    let _shown = autosim_engine::marks::expect(["no_data"]);
    let json = body("web", 2, 10, "p95_response_time", 1000.0);
    let mut tape = tape(&json, 3);
    for (at, value, count) in
        [(60, Some(2000.0), 3), (120, None, 3), (180, Some(2000.0), 3), (240, Some(2000.0), 4)]
    {
        assert_eq!(tape.at(at, &[value]).desired, count, "at {at} s");
    }
    assert_eq!(reason(&tape.at(300, &[None])), "recommend: no data");
}

#[test]
fn exactly_the_target_is_not_over_and_exactly_half_is_under() {
    let json = body("worker", 2, 9, "memory", 0.8);
    values(&mut tape(&json, 3), &[(60, 0.8, 3), (120, 0.8, 3), (180, 0.8, 3)]);
    values(&mut tape(&json, 3), &[(60, 0.4, 3), (120, 0.4, 2)]);
}

#[test]
fn an_old_minimum_of_one_counts_as_two() {
    let json = r#"{"id":"au-1","container_type":"web","min_containers":1,"max_containers":4,
        "metric":"rpm_per_container","target":100}"#;
    let mut tape = tape(json, 1);
    assert_eq!(tape.at(60, &[Some(1.0)]).desired, 2);
    values(&mut tape, &[(120, 1.0, 2), (600, 1.0, 2), (660, 1.0, 2)]);
}

#[test]
fn only_requests_per_container_add_several_and_none_removes_several() {
    for (metric, value, expected) in [
        ("rpm_per_container", 450.0, 9),
        ("p95_response_time", 450.0, 4),
        ("5XX", 450.0, 4),
        ("all", 450.0, 4),
        ("cpu", 450.0, 4),
        ("memory", 450.0, 4),
        ("swap", 450.0, 4),
    ] {
        let json = body("web", 2, 10, metric, 150.0);
        values(&mut tape(&json, 3), &[(60, value, 3), (120, value, expected)]);
        values(&mut tape(&json, 9), &[(60, 0.0, 9), (120, 0.0, 8)]);
    }
}
