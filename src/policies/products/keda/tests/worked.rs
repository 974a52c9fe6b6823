//! Sequences worked out by hand: values of triggers in, count and reason out. Ten of the queue for each replica, all pods
//! ready at once, polls at 0, 30, 60 s, passes at 15, 30, 45 s.

use super::super::policy::{Scaler, condition};
use super::super::words::Active;
use super::super::{Keda, Knobs};
use super::{JOBS, model, scaled};
use crate::products::tape::{Tape, context};
use autosim_engine::control::{Decision, Observation, Policy};
use autosim_engine::marks;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};

/// Of each 15 s from `from` on, a value for each trigger.
struct Played {
    tape: Tape,
}

impl Played {
    fn new(text: &str, start: &str, initial: u32) -> Self {
        let model = model(text);
        Self { tape: Tape::new::<Keda>(&model, &Knobs::default(), &context(start, initial)) }
    }

    fn of(annotations: &str, spec: &str, initial: u32) -> Self {
        Self::new(&scaled(annotations, spec), "2026-03-02T00:00:00Z", initial)
    }

    /// The counts from one instant to another, with these values all the time.
    fn counts(&mut self, from: u64, to: u64, values: &[Option<f64>]) -> Vec<u32> {
        let times = (from..=to).step_by(15);
        times.map(|at| self.tape.at(at, values).desired).collect()
    }

    fn at(&mut self, at: u64, value: f64) -> Decision {
        self.tape.at(at, &[Some(value)])
    }
}

/// `stage: why` of what had the last word.
fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// `stage: why` of everything that had a word.
fn trail(decision: &Decision) -> Vec<String> {
    decision.trail.iter().map(|step| format!("{}: {}", step.stage.name(), step.why)).collect()
}

#[test]
fn a_poll_wakes_it_the_autoscaler_takes_over_and_a_poll_puts_it_to_sleep() {
    let _shown = marks::expect(["rule", "idle", "until cooldownPeriod", "no trigger is active"]);
    let mut played = Played::of("", JOBS, 0);
    assert_eq!(trail(&played.at(0, 0.0)), ["mode: no trigger is active"]);
    assert_eq!(played.at(15, 0.0).desired, 0);
    let woken = played.at(30, 80.0);
    assert_eq!(trail(&woken)[1], "mode: rule 1: 80.0000 against level 0");
    assert_eq!(woken.desired, 1);
    assert_eq!(played.counts(45, 90, &[Some(80.0)]), [4, 8, 8, 8]);
    // The last active poll is at 90 s.
    let held = played.at(120, 0.0);
    assert_eq!(trail(&held)[2..], ["mode: idle for 30 s", "cooldown: cooldownPeriod, 4m 30s left"]);
    assert_eq!(played.counts(135, 375, &[Some(0.0)]), [8; 17]);
    let asleep = played.at(390, 0.0);
    assert_eq!((asleep.desired, reason(&asleep)), (0, "mode: idle for 5m".to_owned()));
}

#[test]
fn it_is_active_above_its_activation_and_not_at_it() {
    let spec = JOBS.replace("\"10\"", "\"10\", activationListLength: \"5\"");
    let mut played = Played::of("", &spec, 0);
    assert_eq!(played.counts(0, 45, &[Some(5.0)]), [0, 0, 0, 0]);
    assert_eq!(played.at(60, 6.0).desired, 1);
}

#[test]
fn a_new_object_without_activity_sleeps_at_once_or_after_its_initial_cooldown() {
    let _shown = marks::expect(["no trigger was ever active", "until initialCooldownPeriod"]);
    let at_once = Played::of("", JOBS, 6).at(0, 0.0);
    assert_eq!(
        (at_once.desired, reason(&at_once)),
        (0, "mode: no trigger was ever active".to_owned())
    );
    let mut played = Played::of("", &format!("  initialCooldownPeriod: 60\n{JOBS}"), 6);
    let held = played.at(0, 0.0);
    assert_eq!(held.desired, 6);
    assert_eq!(trail(&held)[1], "cooldown: initialCooldownPeriod, 1m left");
    assert_eq!(played.counts(15, 60, &[Some(0.0)]), [6, 6, 6, 0]);
}

#[test]
fn fewer_than_the_minimum_are_made_as_many_and_idle_ones_stay_idle() {
    let _shown = marks::expect(["limit minReplicaCount"]);
    let raised = Played::of("", &format!("  minReplicaCount: 3\n{JOBS}"), 0).at(0, 0.0);
    assert_eq!((raised.desired, reason(&raised)), (3, "bounds: minReplicaCount 3".to_owned()));
    let mut idle =
        Played::of("", &format!("  minReplicaCount: 3\n  idleReplicaCount: 0\n{JOBS}"), 3);
    assert_eq!(idle.counts(0, 15, &[Some(0.0)]), [0, 0]);
    assert_eq!(idle.at(30, 1.0).desired, 3);
}

/// | fails from 15 s on | failures |: pass 1 at 15 s, pass 2 and poll 3 at 30 s, pass 4 at 45 s.
#[test]
fn a_trigger_that_fails_too_often_falls_back_and_counts_as_active() {
    let _shown = marks::expect(["no_data", "a trigger in fallback counts as active"]);
    let fallback = "  fallback: {failureThreshold: 3, replicas: 4}\n";
    let mut played = Played::of("", &format!("{fallback}{JOBS}"), 2);
    assert_eq!(played.at(0, 20.0).desired, 2);
    assert_eq!(played.counts(15, 45, &[None]), [2, 2, 4]);
    let poll = played.tape.at(60, &[None]);
    assert!(trail(&poll).contains(&"mode: a trigger in fallback counts as active".to_owned()));
    assert_eq!(condition(poll.state), Some(Active::ScalerActive));
    // Without one it is never put to sleep, and with a fallback of none it is.
    assert_eq!(Played::of("", JOBS, 2).counts(0, 900, &[None]), [2; 61]);
    let none = fallback.replace("replicas: 4", "replicas: 0");
    assert_eq!(Played::of("", &format!("{none}{JOBS}"), 2).counts(0, 0, &[None]), [0]);
}

const TWO: &str = "  cooldownPeriod: 60\n  triggers:\n\
    \x20 - {type: redis, name: jobs, metadata: {listName: jobs, listLength: \"10\"}}\n\
    \x20 - {type: prometheus, name: load, metadata: {query: up, serverAddress: a, threshold: \"10\"}}\n";

#[test]
fn while_one_trigger_fails_nothing_is_put_to_sleep_and_activity_does_not_count() {
    let mut played = Played::of("", TWO, 2);
    assert_eq!(played.counts(0, 300, &[None, Some(0.0)]), [2; 21]);
    // The other may add replicas.
    assert_eq!(played.counts(315, 330, &[None, Some(40.0)]), [4, 4]);
    // It was active at 330 s, and never counted as that: no cooldown.
    assert_eq!(played.counts(345, 360, &[Some(0.0), Some(0.0)]), [4, 0]);
}

#[test]
fn a_calendar_is_a_floor_from_its_start_up_to_its_end() {
    let spec = "  triggers:\n  - type: cron\n    metadata: {timezone: Europe/Berlin, start: 0 8 * * 1-5, \
                end: 30 17 * * 1-5, desiredReplicas: \"6\"}\n";
    let mut played = Played::new(&scaled("", spec), "2026-03-02T07:59:00+01:00", 0);
    assert_eq!(played.counts(0, 45, &[]), [0, 0, 0, 0]);
    assert_eq!(played.counts(60, 105, &[]), [1, 4, 6, 6]);
    // 17:30:00 is 34 260 s from the start, 17:34:30 is 34 530 s.
    assert_eq!(played.counts(120, 34_515, &[]), vec![6; 2294]);
    assert_eq!(played.counts(34_530, 34_530, &[]), [0]);
}

#[test]
fn a_formula_makes_one_number_of_all_triggers() {
    let _shown = marks::expect(["level"]);
    let modifiers = "  advanced: {scalingModifiers: {formula: \"max(jobs, load * 2)\", target: \"20\", \
                     activationTarget: \"5\"}}\n";
    let mut played = Played::of("", &format!("{modifiers}{TWO}"), 0);
    assert_eq!(played.counts(0, 15, &[Some(5.0), Some(2.5)]), [0, 0], "5 is not above 5");
    let woken = played.tape.at(30, &[Some(2.0), Some(30.0)]);
    assert_eq!(trail(&woken)[1], "mode: 60.0000 against level 5");
    assert_eq!(played.counts(45, 60, &[Some(2.0), Some(30.0)]), [3, 3]);
    // One that fails fails the whole.
    let failing = played.tape.at(90, &[None, Some(30.0)]);
    assert_eq!(condition(failing.state), Some(Active::ScalerNotActive));
    assert_eq!(failing.desired, 3);
}

#[test]
fn a_formula_is_given_nil_for_what_fails_where_the_fallback_says_so() {
    let spec = |behavior: &str| {
        format!(
            "  advanced: {{scalingModifiers: {{formula: \"jobs ?? load\", target: \"10\"}}}}\n  fallback: \
             {{failureThreshold: 0, replicas: 7, behavior: {behavior}}}\n{TWO}"
        )
    };
    let counts = |behavior: &str, values: &[Option<f64>]| {
        Played::of("", &spec(behavior), 4).counts(0, 15, values)[1]
    };
    assert_eq!(counts("scalingModifiers", &[None, Some(60.0)]), 6);
    assert_eq!(counts("scalingModifiers", &[None, None]), 7, "nil is target x replicas");
    assert_eq!(counts("static", &[None, Some(60.0)]), 7);
}

#[test]
fn cpu_alone_is_always_active() {
    let _shown = marks::expect(["cpu and memory alone are always active"]);
    let spec = "  minReplicaCount: 1\n  triggers:\n  - {type: cpu, metricType: Utilization, metadata: {value: \"50\"}}\n";
    let mut played = Played::of("", spec, 2);
    let values = [Some(75.0), Some(0.0), Some(0.0), Some(0.0)];
    let first = played.tape.at(0, &values);
    assert_eq!(trail(&first), ["mode: cpu and memory alone are always active"]);
    assert_eq!(played.counts(15, 15, &values), [3]);
}

#[test]
fn annotations_pause_a_direction_or_force_activity() {
    let _shown = marks::expect(["paused-scale-out", "paused-scale-in", "force-activation"]);
    let own = |name: &str| format!("autoscaling.keda.sh/{name}: \"true\"");
    let mut played = Played::of(&own("paused-scale-out"), JOBS, 0);
    assert_eq!(reason(&played.at(0, 80.0)), "mode: paused-scale-out");
    let mut played = Played::of(&own("paused-scale-in"), JOBS, 3);
    assert_eq!(played.counts(0, 900, &[Some(0.0)]), [3; 61]);
    assert_eq!(trail(&played.at(930, 0.0)).last().unwrap(), "mode: paused-scale-in");
    // The behavior that is made for it brings the default rules of scaling out: by 4, not to 4.
    assert_eq!(played.at(945, 200.0).desired, 7);
    let mut played = Played::of(&own("force-activation"), JOBS, 0);
    assert_eq!(reason(&played.at(0, 0.0)), "mode: force-activation");
    assert_eq!(played.tape.desired, 1);
    for (word, forced) in [("false", 0), ("F", 0), ("0", 0), ("no", 1), ("", 1), ("1", 1)] {
        let annotation = format!("autoscaling.keda.sh/force-activation: \"{word}\"");
        assert_eq!(Played::of(&annotation, JOBS, 0).at(0, 0.0).desired, forced, "{word}");
    }
}

/// Every 15 s from `from` to `to` a value of 60; counts.
fn run(scaler: &mut Scaler, count: &mut u32, from: u64, to: u64, value: f64) -> Vec<u32> {
    let step = |at: u64| {
        let readings = [Reading { value: Some(value), at: Time::from_secs(at) }];
        let census = Census { ready: *count, ..Census::default() };
        let seen = Observation::new(Time::from_secs(at), census, *count, &readings);
        *count = scaler.observe(&seen).desired;
        *count
    };
    (from..=to).step_by(15).map(step).collect()
}

/// Removed at 150 s: the poll is at once, the first pass of the new autoscaler at 165 s, and its history begins with 5.
#[test]
fn a_pause_sets_its_count_at_once_and_its_end_makes_a_new_autoscaler() {
    let _shown = marks::expect(["paused-replicas", "paused"]);
    let plain = model(&scaled("", JOBS));
    let paused = model(&scaled("autoscaling.keda.sh/paused-replicas: \"5\"", JOBS));
    let clock = WallClock::default();
    let mut scaler = Scaler::new(&plain, &Knobs::default(), &clock, &[]);
    let mut count = 2;
    assert_eq!(run(&mut scaler, &mut count, 0, 45, 20.0), [2; 4]);
    scaler.adopt(&paused, Time::from_secs(60));
    assert_eq!(scaler.next(), None);
    assert_eq!(run(&mut scaler, &mut count, 60, 135, 20.0), [5; 6]);
    assert_eq!(scaler.operator().condition, Some(Active::ScaledObjectPaused));
    scaler.adopt(&plain, Time::from_secs(150));
    assert_eq!(run(&mut scaler, &mut count, 150, 450, 20.0), [5; 21]);
    assert_eq!(run(&mut scaler, &mut count, 465, 480, 20.0), [2, 2]);
}

/// Polls are 300 s apart: the change at 75 s brings one at once.
#[test]
fn a_changed_specification_polls_at_once_and_keeps_the_autoscalers_memory() {
    let rare = |max: u32| {
        model(&scaled("", &format!("  pollingInterval: 300\n  maxReplicaCount: {max}\n{JOBS}")))
    };
    let mut scaler = Scaler::new(&rare(9), &Knobs::default(), &WallClock::default(), &[]);
    let mut count = 0;
    assert_eq!(run(&mut scaler, &mut count, 0, 0, 0.0), [0]);
    assert_eq!(run(&mut scaler, &mut count, 15, 60, 60.0), [0; 4]);
    scaler.adopt(&rare(3), Time::from_secs(75));
    assert_eq!(run(&mut scaler, &mut count, 75, 105, 60.0), [1, 3, 3]);
}
