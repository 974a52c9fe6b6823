//! Every knob changes what it says.

use super::{body, model, seed, tape_with, total, trail};
use crate::products::Product;
use crate::products::scalingo::{Knobs, Scalingo};
use crate::products::tape;
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Basis, Probe};
use autosim_engine::units::{Span, Time};

fn default() -> Knobs {
    Knobs::default()
}

/// Counts at the ends of minutes, from 60 s on, given one value each.
fn counts(json: &str, initial: u32, knobs: &Knobs, values: &[f64]) -> Vec<u32> {
    let mut tape = tape_with(json, initial, knobs);
    let minutes = (1..).zip(values);
    minutes.map(|(minute, &value)| tape.at(60 * minute, &[Some(value)]).desired).collect()
}

#[test]
fn how_low_is_low() {
    for (scale_in_ratio, expected) in [(0.5, [5, 5]), (0.7, [5, 4])] {
        let knobs = Knobs { scale_in_ratio, ..default() };
        assert_eq!(counts(&seed(), 5, &knobs, &[100.0, 100.0]), expected);
    }
}

#[test]
fn one_step_or_several() {
    for (rpm_multi_step, expected) in [(true, 7), (false, 4)] {
        let knobs = Knobs { rpm_multi_step, ..default() };
        assert_eq!(counts(&seed(), 3, &knobs, &[500.0, 500.0]), [3, expected]);
    }
}

#[test]
fn rows_may_be_longer_or_shorter() {
    let json = body("web", 2, 10, "cpu", 0.6);
    for (out_streak, in_streak, up, down) in
        [(2, 2, [3, 4, 5], [3, 2, 2]), (1, 3, [4, 5, 6], [3, 3, 2]), (3, 1, [3, 3, 4], [2, 2, 2])]
    {
        let knobs = Knobs { out_streak, in_streak, ..default() };
        assert_eq!(counts(&json, 3, &knobs, &[0.9; 3]), up, "{out_streak}");
        assert_eq!(counts(&json, 3, &knobs, &[0.1; 3]), down, "{in_streak}");
    }
}

#[test]
fn pauses_have_their_length() {
    let _shown = autosim_engine::marks::expect(["until cooldown before scale-out"]);
    let json = body("web", 2, 10, "cpu", 0.6);
    for (out_cooldown_s, expected) in [(60, [3, 4, 5, 6, 7]), (120, [3, 4, 4, 5, 5])] {
        let knobs = Knobs { out_cooldown_s, ..default() };
        assert_eq!(counts(&json, 3, &knobs, &[0.9; 5]), expected);
    }
    for (in_cooldown_s, expected) in [(180, [9, 8, 8, 8, 7]), (60, [9, 8, 7, 6, 5])] {
        let knobs = Knobs { in_cooldown_s, ..default() };
        assert_eq!(counts(&json, 9, &knobs, &[0.1; 5]), expected);
    }
}

#[test]
fn pauses_may_count_from_the_last_scaling_of_their_own_direction() {
    let json = body("web", 2, 10, "cpu", 0.6);
    let knobs = |cooldown_cross| Knobs { cooldown_cross, out_cooldown_s: 180, ..default() };
    // In at 120 s; two minutes over at 240 s, two low ones again at 360 s.
    let values = [0.1, 0.1, 0.9, 0.9, 0.1, 0.1];
    assert_eq!(counts(&json, 5, &knobs(true), &values), [5, 4, 4, 4, 4, 3]);
    // Out at 240 s at once; in at 360 s: 240 s after the last one, 120 s after the scale-out.
    assert_eq!(counts(&json, 5, &knobs(false), &values), [5, 4, 4, 5, 5, 4]);
}

#[test]
fn a_correction_may_start_no_pause() {
    let json = body("web", 2, 10, "cpu", 0.6);
    // Twelve are two too many at 60 s; low minutes ask for a scale-in at 120 s.
    for (correction_is_scaling, expected) in [(true, [10, 10, 10, 9]), (false, [10, 9, 9, 9])] {
        let knobs = Knobs { correction_is_scaling, ..default() };
        assert_eq!(counts(&json, 12, &knobs, &[0.1; 4]), expected, "{correction_is_scaling}");
    }
}

#[test]
fn a_scaling_may_empty_the_list() {
    let json = body("web", 2, 10, "cpu", 0.6);
    for (reset_history, expected) in [(false, [3, 4, 5, 6]), (true, [3, 4, 4, 5])] {
        let knobs = Knobs { reset_history, ..default() };
        assert_eq!(counts(&json, 3, &knobs, &[0.9; 4]), expected);
    }
}

#[test]
fn booting_containers_may_be_in_the_divisor() {
    for (count_booting, basis) in [(false, Basis::ReadyNow), (true, Basis::LiveNow)] {
        let tape = tape_with(&seed(), 3, &Knobs { count_booting, ..default() });
        let signal = &tape.autoscaler.signals[0].signal;
        assert_eq!((signal.per_replica, signal.basis), (true, basis));
        assert_eq!((signal.window, signal.resolution), (Span::from_secs(60), Span::from_secs(60)));
    }
}

#[test]
fn a_container_boots_for_so_long_and_has_half_a_minute_to_stop() {
    let platform = Scalingo::platform(&model(&seed()), &Knobs { boot_s: 45, ..default() });
    assert_eq!(platform.cold_start, Some(Span::from_secs(45)));
    assert_eq!(platform.grace, Some(Span::from_secs(30)));
    assert_eq!((platform.start, platform.most), (3, 7));
}

#[test]
fn ram_is_memory_if_one_says_so() {
    let json = body("worker", 2, 4, "RAM", 0.9);
    assert_eq!(
        tape::faults::<Scalingo>(&json, &default(), false),
        ["Error  422 metric: is not a valid metric"]
    );
    let alias = Knobs { alias_ram: true, ..default() };
    let found = tape::faults::<Scalingo>(&json, &alias, false);
    assert_eq!(found, ["Warning  - metric: `RAM` is read as `memory`"]);
    assert_eq!(tape::faults::<Scalingo>(&json, &alias, true).len(), 1, "strictness refuses it");
    let out = Scalingo::export(&tape::model::<Scalingo>(&json, &alias));
    assert_eq!(out[0]["autoscaler"]["metric"], "memory");
}

#[test]
fn the_account_may_allow_more_and_the_quota_less() {
    let _shown = autosim_engine::marks::expect(["limit quota"]);
    let json = body("web", 2, 20, "rpm_per_container", 150.0);
    assert_eq!(tape::faults::<Scalingo>(&json, &default(), false).len(), 1);
    let raised = Knobs { container_limit: 20, ..default() };
    assert!(tape::faults::<Scalingo>(&json, &raised, false).is_empty());
    let mut tape = tape_with(&seed(), 3, &Knobs { quota: Some(5), ..default() });
    total(&mut tape, 60, 1500.0);
    let decision = total(&mut tape, 120, 1500.0);
    let expected = "recommend: 1500.0000 in all at 150 each; bounds: max 7; bounds: quota 5";
    assert_eq!((decision.desired, trail(&decision).as_str()), (5, expected));
    tape.desired = 6;
    assert_eq!(total(&mut tape, 240, 1500.0).desired, 6, "what is there stays");
}

#[test]
fn the_scaled_type_has_the_only_autoscaler_that_acts() {
    let worker = body("worker", 2, 4, "cpu", 0.75);
    let both = format!("[{worker},{}]", seed());
    let metric = |knobs: &Knobs, json: &str| {
        tape_with(json, 3, knobs).autoscaler.signals[0].native.clone().unwrap()
    };
    assert_eq!(metric(&default(), &both), "rpm_per_container", "web, wherever it stands");
    let clock = body("clock", 2, 4, "memory", 0.75);
    assert_eq!(metric(&default(), &format!("[{worker},{clock}]")), "cpu", "else the first");
    let knobs = Knobs { scaled_type: Some("worker".into()), ..default() };
    assert_eq!(metric(&knobs, &both), "cpu");
    let knobs = Knobs { scaled_type: Some("clock".into()), ..default() };
    let found = tape::faults::<Scalingo>(&both, &knobs, false);
    assert_eq!(found, ["Error  404 autoscaler: not found"]);
}

#[test]
fn other_process_types_may_exist() {
    let json = body("sidekiq", 2, 4, "cpu", 0.75);
    assert_eq!(tape::faults::<Scalingo>(&json, &default(), false).len(), 1);
    let knobs = Knobs { process_types: vec!["web".into(), "sidekiq".into()], ..default() };
    assert!(tape::faults::<Scalingo>(&json, &knobs, false).is_empty());
}

#[test]
fn updates_come_when_they_are_told_to() {
    let json = format!("[{},{{\"autoscaler\":{{\"min_containers\":5}}}}]", seed());
    assert_eq!(counts(&json, 3, &default(), &[100.0, 100.0]), [5, 5]);
    let knobs = Knobs { updates_at_s: vec![100], ..default() };
    assert_eq!(counts(&json, 3, &knobs, &[100.0, 100.0]), [3, 5]);
    assert_eq!(Scalingo::platform(&tape::model::<Scalingo>(&json, &knobs), &knobs).start, 3);
}

#[test]
fn swap_is_none_in_a_run_and_as_recorded_in_a_replay() {
    let mut tape = tape_with(&body("worker", 2, 4, "swap", 0.1), 3, &default());
    let sensor = tape.autoscaler.signals[0].sensor.as_mut().unwrap();
    let now = Time::from_secs(60);
    sensor.scrape(&Probe { at: now, busy: 7, ..Probe::default() });
    assert_eq!(sensor.reading(now).value, Some(0.0));
    let mut tape = tape_with(&body("worker", 2, 4, "swap", 0.1), 3, &default());
    let sensor = tape.autoscaler.signals[0].sensor.as_mut().unwrap();
    sensor.sample(Time::from_secs(30), Some(0.2));
    sensor.sample(now, Some(0.4));
    assert!((sensor.reading(now).value.unwrap() - 0.3).abs() < 1e-12);
}

#[test]
fn what_is_assumed_is_listed_with_the_values_in_force() {
    let knobs = Knobs { out_streak: 3, ..default() };
    let assumed = Scalingo::assumptions(&model(&seed()), &knobs);
    let value = |rule: &str| {
        let found = assumed.iter().find(|one| one.rule == rule);
        found.unwrap_or_else(|| panic!("{rule}")).value.clone()
    };
    assert_eq!((value("scale_in_ratio"), value("out_streak")), ("0.5".into(), "3".into()));
    assert_eq!((value("cooldown_cross"), value("scaled_type")), ("true".into(), "web".into()));
    assert!(assumed.iter().all(|one| !one.value.is_empty()));
}

#[test]
fn knobs_without_sense_are_reported() {
    let mut faults = Faults::new();
    let knobs = Knobs {
        scale_in_ratio: 1.0,
        out_streak: 0,
        in_streak: 61,
        in_cooldown_s: 100_000,
        boot_s: 61,
        container_limit: 1,
        quota: Some(0),
        updates_at_s: vec![60, 30],
        ..default()
    };
    Scalingo::check_knobs(&knobs, &mut faults);
    let paths: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.path).collect();
    let expected = [
        "scale_in_ratio",
        "out_streak",
        "in_streak",
        "in_cooldown_s",
        "container_limit",
        "quota",
        "boot_s",
        "updates_at_s",
    ];
    assert_eq!(paths, expected);
    let unknown = toml::from_str::<Knobs>("ratio = 0.4").unwrap_err();
    assert!(unknown.to_string().contains("ratio"));
}
