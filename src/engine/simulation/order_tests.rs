//! The order of what falls on one instant, told by what each party sees of those before it.

use super::tests::{cold, setup};
use super::*;
use crate::control::SignalRef;
use crate::fleet::{FailureSpec, FleetSpec, Outage, Portion, Rollout};
use crate::random::Sampler;
use crate::signal::{Basis, GaugeMode, Metric, Signal};
use crate::units::{Span, Time};

const TEN: Span = Span::from_secs(10);

/// A gauge's value now, scraped every ten seconds as the policy is asked.
fn gauge(metric: Metric) -> Signal {
    Signal { gauge: GaugeMode::Instant, ..Signal::of(metric, TEN, TEN) }
}

/// The only service's outcome, with `signals` to see.
fn outcome(mut setup: Setup, signals: Vec<Signal>) -> ServiceOutcome {
    setup.services[0].autoscaler.signals = signals.into_iter().map(SignalRef::own).collect();
    run(setup).unwrap().services.remove(0)
}

/// What the policy read at the control at `seconds`.
fn read(service: &ServiceOutcome, seconds: u64) -> Vec<Option<f64>> {
    let decided = |one: &&DecisionRecord| one.at == Time::from_secs(seconds);
    let record = service.decisions.iter().find(decided).unwrap();
    assert!(record.readings.iter().all(|reading| reading.at == record.at), "{record:?}");
    record.readings.iter().map(|reading| reading.value).collect()
}

#[test]
fn a_control_sees_what_is_scraped_at_its_instant() {
    // From 6 s on one request holds the slot and others wait.
    let setup = setup(&[(6, 60), (7, 1), (8, 1), (15, 1)], FleetSpec::default(), &[1], 60);
    let service = outcome(setup, vec![gauge(Metric::QueuedRequests)]);
    assert_eq!(read(&service, 10), [Some(2.0)]);
    assert_eq!(read(&service, 20), [Some(3.0)]);
}

#[test]
fn a_control_comes_before_the_order_that_takes_effect_at_its_instant() {
    let mut setup = setup(&[(1, 1)], FleetSpec::default(), &[3, 4], 60);
    setup.services[0].autoscaler.actuation_delay = TEN;
    let before: Vec<u32> =
        outcome(setup, Vec::new()).decisions.iter().map(|one| one.before).collect();
    assert_eq!(before[..4], [1, 1, 3, 4]);
}

#[test]
fn a_rollout_comes_before_a_scrape() {
    let at = Time::from_secs(10);
    let rollouts = vec![Rollout { at, min_ready: Some(Portion::Share(1.0)) }];
    let fleet = FleetSpec { initial: 2, rollouts, cold_start: cold(5), ..FleetSpec::default() };
    let live = gauge(Metric::Replicas).per(Basis::ReadyNow);
    let service = outcome(setup(&[(1, 1)], fleet, &[2], 60), vec![live]);
    // None of two may be missing, so a third has been started.
    assert_eq!(read(&service, 10), [Some(1.5)]);
}

#[test]
fn an_outage_comes_after_a_measurement_and_before_a_rollout() {
    let at = Time::from_secs(10);
    let outages = vec![Outage { at, kill: Portion::Count(1), notice: Span::ZERO }];
    let fleet = FleetSpec {
        initial: 4,
        failures: FailureSpec { outages, ..FailureSpec::default() },
        rollouts: vec![Rollout { at, min_ready: Some(Portion::Count(0)) }],
        cold_start: cold(5),
        ..FleetSpec::default()
    };
    let mut setup = setup(&[(1, 1)], fleet, &[4], 60);
    setup.window.warmup = at;
    let service = outcome(setup, Vec::new());
    assert_eq!(service.fleet.failures, 1, "the window opened before it");
    // The one that was started for the lost one is of the old version: the rollout orders it anew.
    assert_eq!((service.fleet.cancelled, service.fleet.launches), (1, 5));
}

#[test]
fn a_failure_comes_after_a_measurement() {
    let lifetime = Some(Sampler::Constant(TEN.0));
    let fleet = FleetSpec {
        failures: FailureSpec { lifetime, ..FailureSpec::default() },
        cold_start: cold(5),
        ..FleetSpec::default()
    };
    let mut setup = setup(&[(1, 1)], fleet, &[1], 15);
    setup.window.warmup = Time::from_secs(10);
    assert_eq!(outcome(setup, Vec::new()).fleet.failures, 1, "the window opened before it");
}
