//! Every knob changes what it says.

use super::{body, tape_with};
use crate::products::Product;
use crate::products::pai_eas::{
    AtZero, BandEnds, FollowedBasis, GraceClock, Knobs, MissingData, PaiEas, RatePolicy,
    ReplicaBasis, ResourceUnit, WindowForm, ZeroActivation,
};
use crate::products::tape::{self, Tape};
use autosim_engine::control::Observation;
use autosim_engine::fault::Faults;
use autosim_engine::signal::Basis;
use autosim_engine::units::Span;

const QUICK: &str = r#"{"scaleDown":{"stabilizationWindowSeconds":0}}"#;

fn default() -> Knobs {
    Knobs::default()
}

/// Counts at ticks of 15 s from 15 s on, given one reading each.
fn counts(mut tape: Tape, values: &[Option<f64>]) -> Vec<u32> {
    (1..).zip(values).map(|(tick, &value)| tape.at(15 * tick, &[value]).desired).collect()
}

#[test]
fn period_window_and_basis_are_those_of_the_signals() {
    let knobs = Knobs { eval_period_s: 20, metric_window_s: 50, ..default() };
    let tape = tape_with(&body(1, 9, "{}"), 1, &knobs);
    let signal = &tape.autoscaler.signals[0].signal;
    assert_eq!(tape.autoscaler.cadence.interval, Span::from_secs(20));
    assert_eq!((signal.window, signal.resolution), (Span::from_secs(50), Span::from_secs(10)));
    let knobs = Knobs { replica_basis: ReplicaBasis::Ready, ..default() };
    let tape = tape_with(&body(1, 9, "{}"), 1, &knobs);
    assert_eq!(tape.autoscaler.signals[0].signal.basis, Basis::ReadyNow);
}

#[test]
fn starting_replicas_count_as_idle_or_not_at_all() {
    let _shown = autosim_engine::marks::expect(["starting replicas count as idle"]);
    let json = r#"{"min":1,"max":20,"scaleStrategies":[{"metricName":"gpu[util]","threshold":50}],
        "behavior":{"scaleDown":{"stabilizationWindowSeconds":0}}}"#;
    // 4 replicas; value, ready, wanted by all, wanted by the ready ones.
    for (value, ready, all, of_ready) in [
        (100.0, 4, 8, 8),
        (100.0, 3, 6, 8),
        (100.0, 2, 4, 8),
        (100.0, 1, 4, 8), // 25 of 50 would be 2: neither direction is sure
        (40.0, 2, 4, 4),
        (20.0, 2, 2, 2), // on the way in starting ones are left out
    ] {
        for (replica_basis, expected) in [(ReplicaBasis::All, all), (ReplicaBasis::Ready, of_ready)]
        {
            let mut tape = tape_with(json, 4, &Knobs { replica_basis, ..default() });
            tape.ready = Some(ready);
            let decision = tape.at(15, &[Some(value)]);
            assert_eq!(decision.desired, expected, "{value} {ready} {replica_basis:?}");
        }
    }
}

#[test]
fn units_and_followed_totals() {
    let json = r#"{"min":1,"max":9,"scaleStrategies":[
        {"metricName":"cpu","threshold":0.7},
        {"metricName":"qps","threshold":10,"service":"front"}]}"#;
    let knobs = Knobs {
        resource_unit: ResourceUnit::Fraction,
        followed_basis: FollowedBasis::Total,
        ..default()
    };
    let tape = tape_with(json, 1, &knobs);
    let [cpu, front] = &tape.autoscaler.signals[..] else { panic!("two signals") };
    assert_eq!(cpu.signal.unit, 100.0);
    assert!(!front.signal.per_replica);
}

#[test]
fn bounds_first_or_last() {
    for (bounds_first, expected) in [(true, 8), (false, 4)] {
        let knobs = Knobs { bounds_first, ..default() };
        let tape = tape_with(&body(1, 8, QUICK), 16, &knobs);
        assert_eq!(counts(tape, &[Some(2.5)]), [expected]);
    }
}

#[test]
fn ends_of_the_band() {
    for (band_ends, expected) in [(BandEnds::Included, [4, 4]), (BandEnds::Excluded, [5, 4])] {
        let knobs = Knobs { band_ends, ..default() };
        for (value, expected) in [11.0, 10.9].into_iter().zip([expected[0], expected[1]]) {
            // ceil(4 x 1.09) is 5 as well: the band holds it.
            let tape = tape_with(&body(1, 8, QUICK), 4, &knobs);
            assert_eq!(counts(tape, &[Some(value)]), [expected], "{value}");
        }
    }
}

#[test]
fn the_band_of_the_queue_is_its_own() {
    let json = r#"{"min":1,"max":8,"scaleStrategies":[
        {"metricName":"queue[avgbacklog]","threshold":10}]}"#;
    for (queue_tolerance, expected) in [(0.1, 4), (0.0, 5)] {
        let tape = tape_with(json, 4, &Knobs { queue_tolerance, ..default() });
        assert_eq!(counts(tape, &[Some(10.5)]), [expected]);
    }
    // At the threshold itself nothing happens even without a band.
    let tape = tape_with(json, 4, &Knobs { queue_tolerance: 0.0, ..default() });
    assert_eq!(counts(tape, &[Some(10.0)]), [4]);
}

#[test]
fn missing_data_may_let_the_others_scale_in() {
    let json = r#"{"min":1,"max":8,"scaleStrategies":[{"metricName":"qps","threshold":10},
        {"metricName":"cpu","threshold":50}],
        "behavior":{"scaleDown":{"stabilizationWindowSeconds":0}}}"#;
    for (missing_data, expected) in [(MissingData::HoldScaleIn, 4), (MissingData::Skip, 1)] {
        let mut tape = tape_with(json, 4, &Knobs { missing_data, ..default() });
        assert_eq!(tape.at(15, &[Some(1.0), None]).desired, expected);
    }
}

#[test]
fn windows_of_extremes_or_of_agreement() {
    let _shown = autosim_engine::marks::expect(["recent not all"]);
    let behavior = r#"{"scaleDown":{"stabilizationWindowSeconds":30}}"#;
    // Recommendations 5 and 2 within one window: the highest of them, or the newest once all are lower.
    let values = [Some(6.25), Some(2.5)];
    for (window_form, expected) in [(WindowForm::Extremes, [8, 5]), (WindowForm::Agreement, [8, 2])]
    {
        let tape = tape_with(&body(1, 9, behavior), 8, &Knobs { window_form, ..default() });
        assert_eq!(counts(tape, &values), expected, "{window_form:?}");
    }
}

#[test]
fn without_a_seed_the_first_tick_may_scale_in() {
    for (seed_history, expected) in [(true, 6), (false, 1)] {
        let tape = tape_with(&body(1, 9, "{}"), 6, &Knobs { seed_history, ..default() });
        assert_eq!(counts(tape, &[Some(0.5)]), [expected]);
    }
}

#[test]
fn the_rates_of_kubernetes_limit_the_way_out() {
    for (rate_policy, expected) in [(RatePolicy::None, [60, 60]), (RatePolicy::K8sDefault, [7, 14])]
    {
        let tape = tape_with(&body(1, 60, "{}"), 3, &Knobs { rate_policy, ..default() });
        assert_eq!(counts(tape, &[Some(500.0), Some(500.0)]), expected, "{rate_policy:?}");
    }
}

#[test]
fn the_grace_may_begin_when_one_replica_is_left() {
    for (grace_clock, asleep_at) in [(GraceClock::Concurrent, 60), (GraceClock::AfterScaleIn, 195)]
    {
        let behavior = r#"{"scaleDown":{"stabilizationWindowSeconds":120},
            "onZero":{"scaleDownGracePeriodSeconds":60}}"#;
        let mut tape = tape_with(&body(0, 9, behavior), 3, &Knobs { grace_clock, ..default() });
        let first = (15..600)
            .step_by(15)
            .find(|&at| tape.at(at, &[Some(0.0), Some(at as f64)]).desired == 0);
        assert_eq!(first, Some(asleep_at), "{grace_clock:?}");
    }
}

#[test]
fn a_request_wakes_it_at_the_next_tick_or_at_once() {
    let _shown = autosim_engine::marks::expect(["a request wakes it at the next tick"]);
    use autosim_engine::signal::{Census, Reading};
    use autosim_engine::units::Time;
    for (zero_activation, at_request, at_tick) in
        [(ZeroActivation::NextTick, 0, 1), (ZeroActivation::Immediate, 1, 1)]
    {
        let knobs = Knobs { zero_activation, ..default() };
        let mut tape = tape_with(&body(0, 9, "{}"), 0, &knobs);
        let now = Time::from_secs(17);
        let readings = [Reading::default(); 2];
        let seen = Observation::new(now, Census::default(), 0, &readings);
        let decision = tape.autoscaler.policy.activate(&seen);
        assert_eq!(decision.desired, at_request, "{zero_activation:?}");
        tape.desired = decision.desired;
        // The request was refused, say, and left no trace but its call.
        assert_eq!(tape.at(30, &[None, None]).desired, at_tick, "{zero_activation:?}");
    }
}

#[test]
fn the_platform_follows_at_zero_and_the_cap() {
    let json = body(0, 8, "{}");
    for (at_zero, rejects) in [(AtZero::Queue, false), (AtZero::Fail, true)] {
        let knobs = Knobs { at_zero, ..default() };
        let platform = PaiEas::platform(&super::model(&json), &knobs);
        assert_eq!((platform.rejects_at_zero, platform.start, platform.most), (rejects, 1, 8));
    }
    let large = body(0, 2000, "{}");
    assert_eq!(tape::faults::<PaiEas>(&large, &default(), false).len(), 1);
    let older = Knobs { max_cap: 3000, ..default() };
    assert!(tape::faults::<PaiEas>(&large, &older, false).is_empty());
}

#[test]
fn every_knob_is_an_assumption_with_its_value_and_unknown_ones_are_refused() {
    let json = serde_json::to_value(default()).unwrap();
    let model = super::model(&body(1, 9, "{}"));
    let assumed = PaiEas::assumptions(&model, &default());
    let rules: Vec<&str> = assumed.iter().map(|one| one.rule.as_str()).collect();
    let knobs: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(rules[..knobs.len()], knobs);
    assert_eq!((assumed[0].value.as_str(), assumed[2].value.as_str()), ("15", "all"));
    let text = "grace = 4";
    assert!(toml::from_str::<Knobs>(text).unwrap_err().to_string().contains("grace"));
    let read: Knobs = toml::from_str("rate_policy = 'k8s_default'\nmax_cap = 3000").unwrap();
    assert_eq!((read.rate_policy, read.max_cap), (RatePolicy::K8sDefault, 3000));
}

#[test]
fn knobs_without_sense_are_reported() {
    let mut faults = Faults::new();
    let knobs = Knobs {
        eval_period_s: 0,
        metric_window_s: 100_000,
        queue_tolerance: 1.0,
        max_cap: 0,
        ..default()
    };
    PaiEas::check_knobs(&knobs, &mut faults);
    let paths: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["eval_period_s", "metric_window_s", "max_cap", "queue_tolerance"]);
}
