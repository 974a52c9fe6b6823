//! The controller as tapes: time, total and replicas in, count and reason out.

use crate::products::ray_serve::{DelayMeasure, Direction, Knobs, RayServe};
use crate::products::tape::{Tape, context, model};
use crate::products::{Happening, Product};
use autosim_engine::control::{Decision, Observation};
use autosim_engine::signal::Census;
use autosim_engine::units::{Span, Time};
use serde_json::json;

fn tape(json: &str, knobs: &Knobs, initial: u32) -> Tape {
    let model = model::<RayServe>(json, knobs);
    Tape::new::<RayServe>(&model, knobs, &context("2026-01-01T00:00:00Z", initial))
}

fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// Seconds, total, running replicas; wanted and why.
type Row = (u64, f64, u32, u32, &'static str);

fn play(json: &str, initial: u32, rows: &[Row]) {
    let mut tape = tape(json, &Knobs::default(), initial);
    for &(at, total, ready, expected, why) in rows {
        tape.ready = Some(ready);
        let decision = tape.at(at, &[Some(total)]);
        let found = (decision.desired, reason(&decision));
        assert_eq!(found, (expected, why.to_owned()), "at {at} s of {json}");
    }
}

#[test]
fn a_rise_waits_for_the_delay_and_the_last_wish_comes_true() {
    let _shown = autosim_engine::marks::expect(["until upscale_delay_s", "limit max_replicas"]);
    play(
        r#"{"max_replicas": 10, "upscale_delay_s": 5}"#,
        1,
        &[
            (0, 2.0, 1, 1, "recommend: 2.0000 in all at 2 each"),
            (1, 20.0, 1, 1, "stabilise: upscale_delay_s, 5 s left"),
            (5, 20.0, 1, 1, "stabilise: upscale_delay_s, 1 s left"),
            (6, 7.0, 1, 4, "recommend: 7.0000 in all at 2 each"),
            (7, 7.0, 1, 4, "recommend: 7.0000 in all at 2 each"),
            (8, 9.0, 4, 4, "stabilise: upscale_delay_s, 5 s left"),
            (9, 8.0, 4, 4, "recommend: 8.0000 in all at 2 each"),
            (10, 9.0, 4, 4, "stabilise: upscale_delay_s, 5 s left"),
            (15, 90.0, 4, 10, "bounds: max_replicas 10"),
        ],
    );
}

#[test]
fn many_become_one_at_once_and_none_later() {
    let _shown = autosim_engine::marks::expect([
        "until downscale_delay_s",
        "until downscale_to_zero_delay_s",
        "one replica before none",
        "requests and no replica running",
        "nothing runs yet",
        "total",
    ]);
    play(
        r#"{"min_replicas": 0, "max_replicas": 4, "downscale_delay_s": 10,
            "downscale_to_zero_delay_s": 3}"#,
        4,
        &[
            (0, 0.0, 4, 4, "stabilise: downscale_delay_s, 10 s left"),
            (10, 0.0, 4, 1, "mode: one replica before none"),
            (11, 0.0, 1, 1, "stabilise: downscale_to_zero_delay_s, 3 s left"),
            (14, 0.0, 1, 0, "recommend: 0.0000 in all at 2 each"),
            (15, 0.0, 0, 0, "recommend: 0.0000 in all at 2 each"),
            (16, 900.0, 0, 1, "mode: requests and no replica running"),
            (17, 0.0, 0, 1, "mode: nothing runs yet"),
        ],
    );
}

#[test]
fn the_fast_path_looks_at_the_gain_and_not_at_the_load() {
    play(
        r#"{"min_replicas": 0, "max_replicas": 9, "upscaling_factor": 2.5}"#,
        0,
        &[(0, 900.0, 0, 3, "mode: requests and no replica running")],
    );
    play(
        r#"{"min_replicas": 0, "max_replicas": 2, "smoothing_factor": 2.5}"#,
        0,
        &[(0, 1.0, 0, 2, "bounds: max_replicas 2")],
    );
}

#[test]
fn gains_scale_the_way_to_go() {
    let _shown =
        autosim_engine::marks::expect(["limit upscaling_factor", "limit downscaling_factor"]);
    play(
        r#"{"max_replicas": 50, "upscale_delay_s": 0, "upscaling_factor": 0.25}"#,
        4,
        &[(0, 24.0, 4, 6, "rate_limit: upscaling_factor 0.25")],
    );
    play(
        r#"{"max_replicas": 50, "downscale_delay_s": 0, "downscale_smoothing_factor": 0.1}"#,
        4,
        &[(0, 6.0, 4, 3, "recommend: 6.0000 in all at 2 each")],
    );
    play(
        r#"{"min_replicas": 0, "max_replicas": 5, "downscale_delay_s": 0, "downscaling_factor": 2}"#,
        1,
        &[(0, 0.6, 1, 0, "rate_limit: downscaling_factor 2")],
    );
}

#[test]
fn without_a_target_every_loop_fails() {
    let _shown = autosim_engine::marks::expect(["target_ongoing_requests is null: the loop fails"]);
    let why = "recommend: target_ongoing_requests is null: the loop fails";
    play(r#"{"max_replicas": 5, "target_ongoing_requests": null}"#, 2, &[(0, 99.0, 2, 2, why)]);
}

#[test]
fn without_a_number_nothing_changes() {
    let _shown = autosim_engine::marks::expect(["no_data"]);
    let decision = tape(r#"{"max_replicas": 5}"#, &Knobs::default(), 2).at(0, &[None]);
    assert_eq!((decision.desired, reason(&decision)), (2, "recommend: no data".to_owned()));
}

#[test]
fn bounds_bind_at_once() {
    let _shown = autosim_engine::marks::expect(["limit min_replicas"]);
    let text = r#"{"min_replicas": 4, "max_replicas": 8}"#;
    play(text, 1, &[(0, 0.0, 1, 4, "bounds: min_replicas 4")]);
}

#[test]
fn a_target_capacity_bounds_the_count_from_below_and_above() {
    let text = r#"{"applications": [{"deployments": [{"name": "m", "autoscaling_config":
        {"min_replicas": 4, "max_replicas": 9, "initial_replicas": 7, "upscale_delay_s": 0}}]}],
        "target_capacity": 50}"#;
    let half = Knobs::default();
    let none = Knobs { target_capacity: Some(0.0), ..half.clone() };
    let falling = Knobs { target_capacity_direction: Direction::Down, ..half.clone() };
    for (knobs, start, most, low, high) in
        [(&half, 5, 5, 4, 5), (&none, 0, 0, 0, 0), (&falling, 5, 5, 2, 5)]
    {
        let platform = RayServe::platform(&model::<RayServe>(text, knobs), knobs);
        assert_eq!((platform.start, platform.most), (start, most), "{knobs:?}");
        let down = tape(text, knobs, low).at(0, &[Some(0.0)]);
        let up = tape(text, knobs, 5).at(0, &[Some(90.0)]);
        assert_eq!((down.desired, up.desired), (low, high), "{knobs:?}");
    }
}

#[test]
fn a_tick_and_its_order_follow_the_knob() {
    let text = r#"{"max_replicas": 9, "upscale_delay_s": 2}"#;
    let knobs = Knobs { control_interval: Span::from_secs(1), ..Knobs::default() };
    let slow = tape(text, &knobs, 1).autoscaler;
    assert_eq!(slow.cadence.interval, Span::from_secs(1));
    assert_eq!(slow.actuation_delay, Span(999_999_999), "just before the next tick");
    // The clock fires at 2 s, the count of ticks on the third tick whatever the clock says.
    for (delays, fired) in [(DelayMeasure::WallClock, 12), (DelayMeasure::Ticks, 13)] {
        let mut tape = tape(text, &Knobs { delays, ..knobs.clone() }, 1);
        tape.at(10, &[Some(9.0)]);
        let at = (12..20).find(|&at| tape.at(at, &[Some(9.0)]).desired > 1);
        assert_eq!(at, Some(fired), "{delays:?}");
    }
}

#[test]
fn a_number_of_replicas_is_a_number_of_replicas() {
    let _shown = autosim_engine::marks::expect(["num_replicas"]);
    let text = r#"{"name": "m", "num_replicas": 3}"#;
    let decision = tape(text, &Knobs::default(), 1).at(0, &[]);
    assert_eq!((decision.desired, reason(&decision)), (3, "recommend: num_replicas".to_owned()));
}

#[test]
fn a_change_is_told_as_serve_status_shows_it() {
    let knobs = Knobs::default();
    let text = r#"{"applications": [{"name": "shop", "deployments": [
        {"name": "model", "autoscaling_config": {"max_replicas": 9}}]}]}"#;
    let model = model::<RayServe>(text, &knobs);
    let context = context("2026-01-01T00:00:00Z", 1);
    let tell = |before, desired| {
        let decision = Observation::of_count(desired).hold();
        let census = Census { starting: 0, ready: 1, draining: 2 };
        let clock = &context.clock;
        let (at, readings) = (Time::from_secs(5), &[][..]);
        let decision = &decision;
        RayServe::tell(&model, &knobs, &Happening { at, clock, before, decision, census, readings })
    };
    assert_eq!(tell(3, 3), None);
    let told = json!({
        "name": "model",
        "status": "UPSCALING",
        "status_trigger": "AUTOSCALING",
        "replica_states": {"RUNNING": 1, "STOPPING": 2},
        "message": "Upscaling from 1 to 4 replicas.",
        "application": "shop",
    });
    assert_eq!(tell(1, 4), Some(told));
    assert_eq!(tell(4, 1).unwrap()["status"], "DOWNSCALING");
}
