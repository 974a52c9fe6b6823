//! The autoscaler as tapes: averages and ready pods in, count and reason out.

use super::{service, with_map};
use crate::products::knative::{Knative, Knobs, decider};
use crate::products::tape::{Tape, context, model};
use crate::products::{Happening, Product};
use autosim_engine::control::{Decision, Observation};
use autosim_engine::marks;
use autosim_engine::signal::Census;
use autosim_engine::units::{Time, WallClock};
use serde_json::{Value, json};

/// Seconds, stable and panic average, ready pods (`None` = all); the count and the reason.
type Row<'a> = (u64, Option<(f64, f64)>, Option<u32>, u32, &'a str);

fn tape(json: &str, knobs: &Knobs, initial: u32) -> Tape {
    let model = model::<Knative>(json, knobs);
    Tape::new::<Knative>(&model, knobs, &context("2026-03-02T00:00:00Z", initial))
}

fn at(tape: &mut Tape, at: u64, averages: Option<(f64, f64)>) -> Decision {
    let (stable, panic) = averages.unzip();
    tape.at(at, &[stable, panic])
}

fn play(json: &str, knobs: &Knobs, initial: u32, rows: &[Row<'_>]) {
    let mut tape = tape(json, knobs, initial);
    for &(now, averages, ready, desired, why) in rows {
        tape.ready = ready;
        let decision = at(&mut tape, now, averages);
        let step = decision.reason();
        let found = (decision.desired, format!("{}: {}", step.stage.name(), step.why));
        assert_eq!(found, (desired, why.to_owned()), "at {now} s of {json}");
    }
}

/// Section 4, steps 1 to 7, of the specification.
#[test]
fn the_autoscaler_says_what_made_the_count() {
    let _shown = marks::expect([
        "total",
        "limit max-scale-up-rate",
        "limit max-scale-down-rate",
        "limit activation-scale",
        "until panic",
        "recent highest",
        "no_data",
        "nothing is known yet",
    ]);
    let json = with_map(
        r#""$/activation-scale": "3", "$/scale-down-delay": "20s", "$/window": "10s""#,
        r#""max-scale-up-rate": "4""#,
    );
    let all = |average: f64| Some((average, average));
    play(
        &json,
        &Knobs::default(),
        1,
        &[
            (2, None, None, 1, "recommend: nothing is known yet"),
            (4, all(10.0), None, 3, "rate_limit: activation-scale 3"),
            (6, all(200.0), None, 3, "recommend: 200.0000 in all at 70 each"),
            (8, Some((200.0, 420.0)), None, 6, "combine: panic, 10 s left"),
            (10, None, None, 6, "recommend: no data"),
            (12, all(3500.0), None, 24, "rate_limit: max-scale-up-rate 4"),
            (14, all(0.0), None, 24, "combine: panic, 8 s left"),
            (26, all(0.0), None, 24, "stabilise: highest of the last 20 s"),
            (40, all(1000.0), None, 15, "recommend: 1000.0000 in all at 70 each"),
            (60, all(10.0), None, 7, "rate_limit: max-scale-down-rate 2"),
        ],
    );
}

/// Section 5: bounds, and the way to zero.
#[test]
fn the_reconciler_says_what_it_waits_for() {
    let _shown = marks::expect([
        "limit initial-scale",
        "limit min-scale",
        "limit max-scale",
        "until stable-window",
        "marked inactive, which is not yet zero",
        "until scale-to-zero-pod-retention-period",
        "until scale-to-zero-grace-period",
    ]);
    let all = |average: f64| Some((average, average));
    let bounds = r#""$/initial-scale": "4", "$/min-scale": "2", "$/max-scale": "5""#;
    play(
        &service(bounds, ""),
        &Knobs::default(),
        4,
        &[
            (2, all(10.0), Some(1), 4, "bounds: initial-scale 4"),
            (4, all(10.0), Some(4), 4, "bounds: initial-scale 4"),
            (6, all(999.0), None, 5, "bounds: max-scale 5"),
            (90, all(10.0), None, 2, "rate_limit: max-scale-down-rate 2"),
            (92, all(10.0), None, 2, "bounds: min-scale 2"),
        ],
    );
    let slow = r#""$/window": "20s", "$/target-burst-capacity": "0""#;
    play(
        &service(slow, ""),
        &Knobs::default(),
        1,
        &[
            (2, all(10.0), None, 1, "recommend: 10.0000 in all at 70 each"),
            (18, all(0.0), None, 1, "mode: stable-window, 2 s left"),
            (20, all(0.0), None, 1, "mode: marked inactive, which is not yet zero"),
            (22, all(0.0), None, 1, "mode: scale-to-zero-grace-period, 28 s left"),
            (50, all(0.0), None, 0, "recommend: 0.0000 in all at 70 each"),
            (52, None, None, 0, "recommend: no data"),
        ],
    );
    let kept = r#""$/window": "20s", "$/scale-to-zero-pod-retention-period": "50s""#;
    play(
        &service(kept, ""),
        &Knobs::default(),
        1,
        &[
            (20, all(0.0), None, 1, "mode: marked inactive, which is not yet zero"),
            (22, all(0.0), None, 1, "mode: scale-to-zero-pod-retention-period, 48 s left"),
            (70, all(0.0), None, 0, "recommend: 0.0000 in all at 70 each"),
        ],
    );
}

/// Section 5, steps 4 and 5: switched off, and never ready.
#[test]
fn a_revision_that_is_never_ready_is_given_up() {
    let _shown = marks::expect([
        "enable-scale-to-zero is false",
        "until progress-deadline",
        "never ready: activation has failed",
    ]);
    let none = Some((0.0, 0.0));
    play(
        &with_map(r#""$/window": "10s""#, r#""enable-scale-to-zero": "false""#),
        &Knobs::default(),
        2,
        &[(100, none, Some(1), 1, "mode: enable-scale-to-zero is false")],
    );
    play(
        &service("", ""),
        &Knobs::default(),
        1,
        &[
            (2, none, Some(0), 1, "mode: progress-deadline, 10m 28s left"),
            (630, none, Some(0), 1, "mode: progress-deadline, 0 s left"),
            (632, none, Some(0), 0, "recommend: 0.0000 in all at 70 each"),
        ],
    );
}

/// What is told after a decision.
fn told(json: &str, tape: &Tape, before: u32, decision: &Decision) -> Value {
    let model = model::<Knative>(json, &Knobs::default());
    let ready = tape.ready.unwrap_or(before);
    let happening = Happening {
        at: Time::ZERO,
        clock: &WallClock::default(),
        before,
        decision,
        census: Census { ready, ..Census::default() },
        readings: &[],
    };
    Knative::tell(&model, &Knobs::default(), &happening).unwrap()
}

/// Sections 5 and 6: | averages, ready; desired pods, panic, spare capacity, activator, condition |
#[test]
fn it_is_told_in_the_words_of_the_pod_autoscaler() {
    let _shown = marks::expect([
        "limit active, served by its pods; excess burst capacity",
        "limit active, through the activator; excess burst capacity",
        "limit activating, served by its pods; excess burst capacity",
        "limit activating, through the activator; excess burst capacity",
        "limit inactive, through the activator; excess burst capacity",
    ]);
    let usual = service("", "");
    let without = service(r#""$/target-burst-capacity": "0""#, "");
    let all = |average: f64| Some((average, average));
    for (json, initial, averages, ready, expected) in [
        (&usual, 1, None, 1, json!([-1, false, -111, "proxy", "active"])),
        (&usual, 1, all(20.0), 1, json!([1, false, -131, "proxy", "active"])),
        (&usual, 1, all(150.0), 1, json!([3, true, -261, "proxy", "active"])),
        (&usual, 4, all(20.5), 4, json!([4, true, 168, "serve", "active"])),
        (&usual, 1, all(20.0), 0, json!([1, false, -231, "proxy", "activating"])),
        (&without, 1, all(20.0), 0, json!([1, false, 0, "serve", "activating"])),
        (&usual, 0, None, 0, json!([0, false, -111, "proxy", "inactive"])),
    ] {
        let mut tape = tape(json, &Knobs::default(), initial);
        tape.ready = Some(ready);
        let decision = at(&mut tape, 2, averages);
        let told = told(json, &tape, initial, &decision);
        let keys = ["desired_pods", "panic", "excess_burst_capacity", "activator", "active"];
        let found: Vec<Value> = keys.map(|key| told[key].clone()).into();
        assert_eq!(Value::from(found), expected, "{averages:?} on {ready} of {initial}");
    }
}

/// Section 4: the poke. Of a recording of samples every second is looked at.
#[test]
fn a_request_that_finds_nothing_is_a_tick_of_its_own() {
    let _shown = marks::expect(["between two ticks"]);
    let json = service("", "");
    let model = model::<Knative>(&json, &Knobs::default());
    let mut context = context("2026-03-02T00:00:00Z", 0);
    let asleep = |averages: Option<(f64, f64)>, context: &_, now: u64| {
        let mut tape = Tape::new::<Knative>(&model, &Knobs::default(), context);
        at(&mut tape, now, averages).desired
    };
    assert_eq!(asleep(None, &context, 2), 0);
    context.recorded.columns = vec!["concurrency".to_owned()];
    assert_eq!(asleep(None, &context, 3), 0);
    assert_eq!(asleep(Some((1.0, 1.0)), &context, 3), 1, "a poke between two ticks");
    context.initial = 1;
    let mut tape = Tape::new::<Knative>(&model, &Knobs::default(), &context);
    assert_eq!(at(&mut tape, 4, Some((1.0, 1.0))).desired, 1);
    assert_eq!(at(&mut tape, 5, Some((999.0, 999.0))).desired, 1, "no tick");

    context.initial = 0;
    let mut policy = Knative::autoscaler(&model, &Knobs::default(), &context).policy;
    let value = |value: Option<f64>| {
        let at = Time::from_secs(3);
        [autosim_engine::signal::Reading { value, at }; 2]
    };
    let readings = value(Some(1.0));
    let seen = Observation::new(Time::from_secs(3), Census::default(), 0, &readings);
    assert_eq!(policy.activate(&seen).desired, 1);
    // One is wanted already.
    assert_eq!(policy.activate(&seen).desired, 0);
    assert_eq!(decider::TICK.as_secs_f64(), 2.0);
}
