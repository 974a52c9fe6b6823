//! The worked scenarios: time and samples in, count and reason out.

use super::{DOWN, GROUP, UP, array, group, with};
use crate::products::scaleway::{Knobs, Scaleway};
use crate::products::tape::{Tape, context, model};
use autosim_engine::control::Decision;
use autosim_engine::units::Time;

/// A run of the documents from `initial` Instances.
pub(super) fn tape(bodies: &[&str], knobs: &Knobs, initial: u32) -> Tape {
    let model = model::<Scaleway>(&array(bodies), knobs);
    Tape::new::<Scaleway>(&model, knobs, &context("2026-01-05T00:00:00Z", initial))
}

/// Feeds every policy these samples, the last of them at `at`, one a minute, and evaluates.
pub(super) fn sampled(tape: &mut Tape, at: u64, samples: &[f64]) -> Decision {
    let values: Vec<Option<f64>> = tape
        .autoscaler
        .signals
        .iter_mut()
        .map(|signal| {
            let sensor = signal.sensor.as_mut().unwrap();
            for (ago, &value) in (0..samples.len() as u64).rev().zip(samples) {
                sensor.sample(Time::from_secs(at - 60 * ago), Some(value));
            }
            sensor.reading(Time::from_secs(at)).value
        })
        .collect();
    tape.at(at, &values)
}

/// The reason of a decision in one line.
pub(super) fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// Evaluations of U and D: time, average, count after, reason.
fn runs(bodies: &[&str], initial: u32, evaluations: &[(u64, f64, u32, &str)]) {
    let mut tape = tape(bodies, &Knobs::default(), initial);
    let signals = tape.autoscaler.signals.len();
    for &(at, average, expected, why) in evaluations {
        let decision = tape.at(at, &vec![Some(average); signals]);
        assert_eq!((decision.desired, reason(&decision).as_str()), (expected, why), "at {at} s");
    }
}

#[test]
fn e1_the_seed_steps_by_one_on_strict_comparisons() {
    let _shown = autosim_engine::marks::expect(["quiet", "rule"]);
    runs(
        &[&group("300s"), UP, DOWN],
        1,
        &[
            (300, 82.0, 2, "recommend: rule 1: 82.0000 against level 70"),
            (600, 75.0, 3, "recommend: rule 1: 75.0000 against level 70"),
            (900, 70.0, 3, "recommend: no rule holds for 70.0000"),
            (1200, 39.9, 2, "recommend: rule 2: 39.9000 against level 40"),
            (1500, 40.0, 2, "recommend: no rule holds for 40.0000"),
        ],
    );
}

#[test]
fn e2_a_cooldown_one_second_too_long_costs_an_evaluation() {
    let _shown = autosim_engine::marks::expect(["until cooldown"]);
    let mut tape = tape(&[&group("301s"), UP, DOWN], &Knobs::default(), 1);
    for (at, average, expected, denied) in
        [(300, 82.0, 2, None), (600, 75.0, 2, Some("cooldown, 1 s left")), (900, 75.0, 3, None)]
    {
        let decision = tape.at(at, &[Some(average); 2]);
        assert_eq!(decision.desired, expected, "at {at} s");
        let last = decision.trail.last().unwrap();
        let said = (last.stage.name() == "cooldown").then(|| last.why.to_string());
        assert_eq!(said.as_deref(), denied, "at {at} s");
    }
}

/// One evaluation at 300 s with every sample the same.
fn one(policy: &str, initial: u32, value: f64) -> Decision {
    let mut tape = tape(&[&group("300s"), policy], &Knobs::default(), initial);
    sampled(&mut tape, 300, &[value; 5])
}

#[test]
fn e3_a_share_of_the_group_is_never_nothing_and_cautious_downwards() {
    let percent = [("type", "\"percent_of_total_group\"")];
    for (body, value, initial, sample, expected, why) in [
        (UP, "50", 4, 90.0, 5, "bounds: max 5"),
        (UP, "10", 3, 90.0, 4, "recommend: rule 1: 90.0000 against level 70"),
        (DOWN, "10", 5, 10.0, 4, "recommend: rule 1: 10.0000 against level 40"),
    ] {
        let body = with(&with(body, &percent), &[("value", value)]);
        let decision = one(&body, initial, sample);
        assert_eq!((decision.desired, reason(&decision).as_str()), (expected, why), "{value} %");
    }
}

#[test]
fn e4_a_total_is_reached_once_and_never_against_its_direction() {
    let _shown =
        autosim_engine::marks::expect(["scale_up never lowers, scale_down never raises the total"]);
    let total = |value| with(UP, &[("type", "\"set_total_group\""), ("value", value)]);
    let mut tape = tape(&[&group("600s"), &total("5"), DOWN], &Knobs::default(), 2);
    assert_eq!(tape.at(300, &[Some(90.0), None]).desired, 5);
    let again = tape.at(600, &[Some(90.0), None]);
    assert_eq!((again.desired, again.trail.len()), (5, 1), "{again:?}");
    // It changed nothing, so it began no cooldown: the one of 300 s ends at 900 s.
    assert_eq!(tape.at(660, &[None, Some(10.0)]).desired, 5, "between two evaluations");
    assert_eq!(tape.at(900, &[None, Some(10.0)]).desired, 4);
    let decision = one(&total("3"), 5, 90.0);
    let guarded = "scale_up never lowers, scale_down never raises the total";
    assert_eq!(decision.desired, 5);
    assert_eq!(decision.trail.last().unwrap().why.to_string(), guarded);
}

#[test]
fn e5_aggregates_see_the_same_samples_differently() {
    let spiky: &[f64] = &[30.0, 35.0, 95.0, 30.0, 30.0];
    for (body, aggregate, threshold, samples, initial, expected) in [
        (UP, "max", "90", spiky, 2, 3),
        (UP, "average", "70", spiky, 2, 2),
        (UP, "average", "43.9", spiky, 2, 3),
        (UP, "average", "44", spiky, 2, 2),
        (DOWN, "min", "40", spiky, 2, 1),
        (UP, "sum", "200", &[50.0; 5], 2, 3),
        (UP, "sum", "200", &[50.0; 3], 2, 2),
    ] {
        let aggregate = format!("\"aggregate_{aggregate}\"");
        let body = with(body, &[("metric.aggregate", &aggregate), ("metric.threshold", threshold)]);
        let mut tape = tape(&[&group("300s"), &body], &Knobs::default(), initial);
        let decision = sampled(&mut tape, 300, samples);
        assert_eq!(decision.desired, expected, "{aggregate} {threshold} of {samples:?}");
    }
}

#[test]
fn e6_the_lower_number_goes_first_and_the_weaker_is_not_run() {
    let first = with(
        UP,
        &[
            ("metric.aggregate", "\"aggregate_max\""),
            ("metric.threshold", "95"),
            ("type", "\"set_total_group\""),
            ("value", "5"),
            ("priority", "0"),
        ],
    );
    let mut tape = tape(&[&group("300s"), UP, &first], &Knobs::default(), 2);
    let decision = sampled(&mut tape, 300, &[70.0, 80.0, 97.0, 80.0, 78.0]);
    assert_eq!(decision.desired, 5);
    assert_eq!(reason(&decision), "recommend: rule 2: 97.0000 against level 95");
    assert_eq!(decision.trail.len(), 1);
    let held = sampled(&mut tape, 600, &[80.0; 5]);
    assert_eq!((held.desired, held.uncapped), (5, 6));
    let steps: Vec<String> = held.trail.iter().map(|step| step.why.to_string()).collect();
    assert_eq!(steps, ["rule 1: 80.0000 against level 70", "max 5"]);
}

#[test]
fn e7_of_two_that_contradict_each_other_the_first_that_can_acts() {
    let samples = [10.0, 80.0, 30.0, 30.0, 30.0];
    for (up, down, initial, expected) in [("2", "1", 3, 2), ("1", "2", 5, 4)] {
        let up = with(
            UP,
            &[
                ("metric.aggregate", "\"aggregate_max\""),
                ("metric.threshold", "60"),
                ("priority", up),
            ],
        );
        let down = with(
            DOWN,
            &[
                ("metric.aggregate", "\"aggregate_min\""),
                ("metric.threshold", "20"),
                ("priority", down),
            ],
        );
        let mut tape = tape(&[&group("300s"), &up, &down], &Knobs::default(), initial);
        assert_eq!(sampled(&mut tape, 300, &samples).desired, expected);
    }
}

#[test]
fn e8_a_threshold_of_32_bits_is_a_hair_lower_than_it_was_typed() {
    let up = with(UP, &[("metric.threshold", "70.1")]);
    assert_eq!(one(&up, 1, 70.1).desired, 2);
    assert_eq!(one(UP, 1, 70.0).desired, 1);
}

#[test]
fn a_count_outside_the_capacity_is_corrected_first_whatever_the_cooldown() {
    let mut tape = tape(&[&group("3000s"), UP, DOWN], &Knobs::default(), 4);
    assert_eq!(tape.at(300, &[Some(90.0); 2]).desired, 5);
    tape.desired = 9;
    let corrected = tape.at(600, &[Some(10.0); 2]);
    assert_eq!((corrected.desired, reason(&corrected).as_str()), (5, "bounds: max 5"));
    tape.desired = 0;
    assert_eq!(tape.at(900, &[Some(10.0); 2]).desired, 1);
    // It began no cooldown of its own: that of 300 s ends at 3300 s.
    assert_eq!(tape.at(3000, &[Some(90.0); 2]).desired, 1);
    assert_eq!(tape.at(3300, &[Some(90.0); 2]).desired, 2);
}

#[test]
fn from_zero_only_the_balancer_brings_a_group_back_but_old_samples_may() {
    let _shown = autosim_engine::marks::expect(["no_data"]);
    let capacity = r#"{"max_replicas": 5, "min_replicas": 0, "cooldown_delay": "0s"}"#;
    let asleep = GROUP.replace("CAPACITY", capacity);
    let knobs = Knobs::default();
    let mut cpu = tape(&[&asleep, UP, DOWN], &knobs, 1);
    assert_eq!(sampled(&mut cpu, 300, &[5.0; 5]).desired, 0);
    for at in [600, 900, 1200] {
        let values: Vec<Option<f64>> = cpu
            .autoscaler
            .signals
            .iter_mut()
            .map(|signal| signal.sensor.as_mut().unwrap().reading(Time::from_secs(at)).value)
            .collect();
        let decision = cpu.at(at, &values);
        assert_eq!((decision.desired, reason(&decision).as_str()), (0, "recommend: no data"));
    }
    let connections =
        [("metric.managed_metric", "\"managed_loadbalancer_backend_connections_rate\"")];
    let mut balancer = tape(&[&asleep, &with(UP, &connections)], &knobs, 0);
    assert_eq!(sampled(&mut balancer, 300, &[71.0; 5]).desired, 1);
    let long = with(UP, &[("metric.sampling_range_min", "10")]);
    let mut burst = tape(&[&asleep, &long], &knobs, 0);
    assert_eq!(sampled(&mut burst, 240, &[95.0; 4]).desired, 0, "no evaluation yet");
    let value = burst.autoscaler.signals[0].sensor.as_mut().unwrap().reading(Time::from_secs(600));
    assert_eq!(burst.at(600, &[value.value]).desired, 1, "samples from before zero");
}

#[test]
fn evaluations_come_every_five_minutes_and_look_at_samples_of_a_minute() {
    let tape = tape(&[&group("300s"), UP, DOWN], &Knobs::default(), 1);
    assert_eq!(tape.autoscaler.cadence.interval.as_secs_f64(), 300.0);
    assert!(!tape.autoscaler.cadence.random_phase && tape.autoscaler.wakeups.is_empty());
    let signal = &tape.autoscaler.signals[0];
    assert_eq!(signal.native.as_deref(), Some("managed_metric_instance_cpu"));
    assert_eq!(signal.signal.resolution.as_secs_f64(), 60.0);
}

#[test]
fn a_group_without_policies_keeps_its_count() {
    let _shown = autosim_engine::marks::expect(["no policy"]);
    runs(&[&group("300s")], 3, &[(300, 0.0, 3, "recommend: no policy")]);
}
