//! Every knob changes what it says, and is listed among the assumptions.

use super::loops::{reason, sampled, tape};
use super::{DOWN, GROUP, UP, array, group, with};
use crate::products::scaleway::{Knobs, Scaleway};
use crate::products::tape::{faults, model};
use crate::products::{LeavesFirst, Product};
use autosim_engine::control::{Autoscaler, Observation};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Basis, Census, Metric, Probe, Reading};
use autosim_engine::units::{Span, Time};

/// Knobs with these at other values: `tick_s = 60`.
fn knobs(toml: &str) -> Knobs {
    toml::from_str(toml).unwrap()
}

/// The count after one evaluation at 300 s of the documents, under the default and under `toml`.
fn counts(bodies: &[&str], toml: &str, initial: u32, samples: &[f64]) -> [u32; 2] {
    ["", toml].map(|toml| {
        let mut tape = tape(bodies, &knobs(toml), initial);
        sampled(&mut tape, 300, samples).desired
    })
}

#[test]
fn how_shares_are_rounded() {
    let percent =
        |body, value| with(body, &[("type", "\"percent_of_total_group\""), ("value", value)]);
    let capacity = r#"{"max_replicas": 50, "min_replicas": 0, "cooldown_delay": "300s"}"#;
    let group = GROUP.replace("CAPACITY", capacity);
    for (body, value, initial, toml, expected) in [
        (UP, "24", 10, "percent_up = 'floor'", [13, 12]),
        (UP, "24", 10, "percent_up = 'nearest'", [13, 12]),
        (UP, "25", 10, "percent_up = 'nearest'", [13, 13]),
        (DOWN, "25", 10, "percent_down = 'ceil'", [8, 7]),
        (DOWN, "25", 10, "percent_down = 'nearest'", [8, 7]),
        (DOWN, "5", 10, "percent_least = 0", [9, 10]),
        (UP, "10", 0, "percent_least = 2", [1, 2]),
        (UP, "4294967295", 7, "percent_up = 'floor'", [50, 50]),
    ] {
        let sample = if body == UP { 90.0 } else { 10.0 };
        let found = counts(&[&group, &percent(body, value)], toml, initial, &[sample; 5]);
        assert_eq!(found, expected, "{value} % {toml}");
    }
}

#[test]
fn which_policy_acts_and_what_it_leaves_to_others() {
    let total = with(UP, &[("type", "\"set_total_group\""), ("value", "3")]);
    let again = with(UP, &[("value", "2")]);
    let unnamed = with(UP, &[("priority", ""), ("value", "2")]);
    let (whole, seed) = (group("300s"), UP.to_owned());
    // Both hold of a mean of 50.
    let (up, down) =
        (with(UP, &[("metric.threshold", "45")]), with(DOWN, &[("metric.threshold", "60")]));
    for (bodies, toml, initial, sample, expected) in [
        (vec![&whole, &seed, &again], "ties = 'newest'", 1, 90.0, [2, 3]),
        (vec![&whole, &seed, &again], "actions_per_tick = 'all'", 1, 90.0, [2, 4]),
        (vec![&whole, &up, &down], "noop_policy = 'stop'", 5, 50.0, [4, 5]),
        (vec![&whole, &seed, &unnamed], "default_priority = 2", 1, 90.0, [3, 2]),
        (vec![&whole, &total], "set_total_guard = false", 5, 90.0, [5, 3]),
        (vec![&whole, &seed], "correct_bounds = false", 9, 50.0, [5, 9]),
        (vec![&whole, &seed], "correct_bounds = false", 0, 90.0, [1, 1]),
    ] {
        let bodies: Vec<&str> = bodies.into_iter().map(String::as_str).collect();
        assert_eq!(counts(&bodies, toml, initial, &[sample; 5]), expected, "{toml}");
    }
}

#[test]
fn a_correction_may_obey_the_cooldown() {
    let group = group("600s");
    for (toml, expected) in [("", [2, 1, 2]), ("correction_obeys_cooldown = true", [2, 0, 1])] {
        let mut tape = tape(&[&group, UP], &knobs(toml), 1);
        let mut found = vec![sampled(&mut tape, 300, &[90.0; 5]).desired];
        // All Instances die; the group keeps one at least.
        tape.desired = 0;
        found.push(sampled(&mut tape, 600, &[10.0; 5]).desired);
        found.push(sampled(&mut tape, 900, &[90.0; 5]).desired);
        assert_eq!(found, expected, "{toml}");
    }
}

#[test]
fn how_a_threshold_is_kept_and_what_no_sample_is() {
    let up = with(UP, &[("metric.threshold", "70.1")]);
    let group = group("300s");
    assert_eq!(counts(&[&group, &up], "threshold = 'float64'", 1, &[70.1]), [2, 1]);
    assert_eq!(counts(&[&group, DOWN], "no_samples = 'zero'", 3, &[]), [3, 2]);
}

#[test]
fn when_it_is_evaluated_and_sampled() {
    let every = tape(&[&group("300s"), UP], &knobs("tick_s = 60\nsample_s = 15"), 1);
    assert_eq!(every.autoscaler.cadence.interval, Span::from_secs(60));
    assert_eq!(every.autoscaler.signals[0].signal.resolution, Span::from_secs(15));
    let read = model::<Scaleway>(&group("300s"), &Knobs::default());
    for (toml, first) in [("", 300), ("tick_s = 60", 60)] {
        let first = Some(Span::from_secs(first));
        assert_eq!(Scaleway::first_evaluation(&read, &knobs(toml)), first);
    }
}

#[test]
fn late_evaluations_make_a_cooldown_of_one_tick_fragile() {
    let late = knobs("tick_jitter_s = 20");
    let mut tape = tape(&[&group("300s"), UP, DOWN], &late, 1);
    let at: Vec<Time> = tape.autoscaler.wakeups.iter().copied().take(40).collect();
    assert!(at.windows(2).all(|pair| pair[0] < pair[1]));
    for (number, at) in (1..).zip(&at) {
        let after = at.since(Time::from_secs(300 * number)).as_secs_f64();
        assert!((0.0..=20.0).contains(&after) && at.0 >= 300_000_000_000 * number, "{at:?}");
    }
    let observe = |autoscaler: &mut Autoscaler, now, desired| {
        let readings = [Reading { value: Some(90.0), at: now }; 2];
        let census = Census { ready: desired, ..Census::default() };
        autoscaler.policy.observe(&Observation::new(now, census, desired, &readings))
    };
    assert_eq!(observe(&mut tape.autoscaler, Time::from_secs(300), 1).desired, 1, "not yet");
    // Against a group of which the count is always 1: denied where two evaluations come too close.
    let (mut acted, mut denied) = (0, 0);
    let mut last: Option<Time> = None;
    for &now in &at {
        let close = last.is_some_and(|last| now.since(last) < Span::from_secs(300));
        let desired = observe(&mut tape.autoscaler, now, 1).desired;
        assert_eq!(desired, if close { 1 } else { 2 }, "at {now:?}");
        if close {
            denied += 1;
        } else {
            acted += 1;
            last = Some(now);
        }
    }
    assert!(denied >= 8 && acted >= 20, "{acted} {denied}");
}

#[test]
fn where_the_cooldown_begins_and_ends() {
    let _shown = autosim_engine::marks::expect(["Instances of the last action are still starting"]);
    let seed = [group("300s"), UP.to_owned(), DOWN.to_owned()];
    let seed: Vec<&str> = seed.iter().map(String::as_str).collect();
    let mut exact = tape(&seed, &knobs("cooldown_end = 'denied'"), 1);
    assert_eq!(exact.at(300, &[Some(90.0); 2]).desired, 2);
    assert_eq!(exact.at(600, &[Some(90.0); 2]).desired, 2);
    assert_eq!(exact.at(900, &[Some(90.0); 2]).desired, 3);

    let mut ready = tape(&seed, &knobs("cooldown_from = 'ready'"), 1);
    let high = |since: Option<f64>| [Some(90.0), Some(90.0), since];
    assert_eq!(ready.at(300, &high(None)).desired, 2);
    ready.ready = Some(1);
    let denied = ready.at(600, &high(None));
    let why = denied.trail.last().unwrap().why.to_string();
    assert_eq!(
        (denied.desired, why.as_str()),
        (2, "Instances of the last action are still starting")
    );
    ready.ready = None;
    let denied = ready.at(900, &high(Some(240.0)));
    let why = denied.trail.last().unwrap().why.to_string();
    assert_eq!((denied.desired, why.as_str()), (2, "cooldown, 1m left"));
    assert_eq!(ready.at(1200, &high(Some(540.0))).desired, 3);
    // A readiness from before the action, or none known: from its start.
    assert_eq!(ready.at(1500, &high(Some(840.0))).desired, 4);
    let signal = ready.autoscaler.signals.last_mut().unwrap().sensor.as_mut().unwrap();
    for (at, starting) in [(60, 1), (120, 0)] {
        let census = Census { starting, ready: 1, draining: 0 };
        signal.scrape(&Probe { at: Time::from_secs(at), census, ..Probe::default() });
    }
    assert_eq!(signal.reading(Time::from_secs(300)).value, Some(180.0));
}

#[test]
fn a_cooldown_that_is_left_out() {
    let capacity = r#"{"max_replicas": 5, "min_replicas": 1}"#;
    let bodies = [GROUP.replace("CAPACITY", capacity), UP.to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    for (toml, expected) in [("", 3), ("default_cooldown_s = 301", 2)] {
        let mut tape = tape(&bodies, &knobs(toml), 1);
        tape.at(300, &[Some(90.0)]);
        assert_eq!(tape.at(600, &[Some(90.0)]).desired, expected, "{toml}");
    }
}

#[test]
fn what_each_metric_is_of_the_service() {
    for (metric, toml, expected) in [
        ("instance_cpu", "", (Metric::CpuPercent, false, 1.0)),
        ("instance_network_in", "", (Metric::BytesPerS, true, 2.0)),
        ("instance_network_in", "network_in_share = 0.2", (Metric::BytesPerS, true, 5.0)),
        ("instance_network_out", "network_in_share = 0.2", (Metric::BytesPerS, true, 1.25)),
        ("instance_network_out", "network_value = 'total'", (Metric::BytesPerS, false, 2.0)),
        ("loadbalancer_backend_throughput", "", (Metric::BytesPerS, false, 1.0)),
        ("loadbalancer_backend_connections_rate", "", (Metric::RequestsPerS, false, 1.0)),
        (
            "loadbalancer_backend_connections_rate",
            "requests_per_connection = 20",
            (Metric::RequestsPerS, false, 20.0),
        ),
        (
            "loadbalancer_backend_connections_rate",
            "connections_rate = 'open'",
            (Metric::Connections, false, 1.0),
        ),
    ] {
        let word = format!(
            "\"managed_{}\"",
            match metric.strip_prefix("instance") {
                Some(rest) => format!("metric_instance{rest}"),
                None => metric.to_owned(),
            }
        );
        let body = with(UP, &[("metric.managed_metric", &word)]);
        let tape = tape(&[&group("300s"), &body], &knobs(toml), 1);
        let signal = &tape.autoscaler.signals[0].signal;
        let found = (signal.metric, signal.per_replica, signal.unit);
        assert_eq!(found, expected, "{metric} {toml}");
        assert_eq!(signal.basis, Basis::ReadyOverWindow);
    }
}

#[test]
fn what_the_platform_brings() {
    let read = model::<Scaleway>(&array(&[&group("300s"), UP, DOWN]), &Knobs::default());
    for (toml, cold_start, first) in [
        ("", 120, LeavesFirst::Newest),
        ("cold_start_s = 30\nvictim = 'oldest'", 30, LeavesFirst::Oldest),
    ] {
        let platform = Scaleway::platform(&read, &knobs(toml));
        assert_eq!((platform.start, platform.most), (1, 5));
        assert_eq!(platform.cold_start, Some(Span::from_secs(cold_start)));
        assert_eq!(platform.leaves_first, Some(first));
    }
}

#[test]
fn identifiers_are_as_strict_as_one_asks() {
    let strict = knobs("ids = 'strict'");
    let found = faults::<Scaleway>(UP, &strict, false);
    assert!(found.iter().any(|fault| fault.starts_with("Error format 400 instance_group_id")));
    assert!(faults::<Scaleway>(UP, &Knobs::default(), false).is_empty());
}

#[test]
fn every_knob_is_among_the_assumptions_with_its_value() {
    let read = model::<Scaleway>(&group("300s"), &Knobs::default());
    let set = knobs("tick_s = 60\nvictim = 'oldest'");
    let assumptions = Scaleway::assumptions(&read, &set);
    let value = serde_json::to_value(&set).unwrap();
    let known: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let listed: Vec<&str> =
        assumptions.iter().take(known.len()).map(|one| one.rule.as_str()).collect();
    assert_eq!(listed, known);
    assert_eq!(assumptions[0].value, "60");
    assert!(
        assumptions
            .iter()
            .any(|one| (one.rule.as_str(), one.value.as_str()) == ("victim", "oldest"))
    );
}

#[test]
fn knobs_that_make_no_sense_are_refused() {
    for (toml, key) in [
        ("tick_s = 0", "tick_s"),
        ("sample_s = 0", "sample_s"),
        ("tick_jitter_s = 300", "tick_jitter_s"),
        ("network_in_share = 1.0", "network_in_share"),
        ("network_in_share = nan", "network_in_share"),
        ("requests_per_connection = 0", "requests_per_connection"),
    ] {
        let mut faults = Faults::new();
        Scaleway::check_knobs(&knobs(toml), &mut faults);
        let paths: Vec<&str> = faults.as_slice().iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, [key], "{toml}");
    }
    let mut faults = Faults::new();
    Scaleway::check_knobs(&Knobs::default(), &mut faults);
    assert!(!faults.any_error());
    assert!(toml::from_str::<Knobs>("tik_s = 5").is_err());
}

#[test]
fn an_evaluation_between_two_is_none() {
    let _shown = autosim_engine::marks::expect(["between two evaluations"]);
    let mut tape = tape(&[&group("300s"), UP, DOWN], &Knobs::default(), 1);
    for at in [0, 60, 299] {
        let decision = tape.at(at, &[Some(90.0); 2]);
        assert_eq!(
            (decision.desired, reason(&decision).as_str()),
            (1, "recommend: between two evaluations")
        );
    }
    assert_eq!(tape.at(300, &[Some(90.0); 2]).desired, 2);
}
