//! Orders, launches and activations, worked out by hand.

use super::Fate::{Lost, TimedOut};
use super::cases::{case, cold, done, fates};
use autosim_engine::fleet::{
    AtZero, FailureSpec, FleetSpec, LaunchRate, Probes, QueueSpec, Restart,
};
use autosim_engine::random::Sampler;
use autosim_engine::units::Span;

fn patience(ns: u64) -> QueueSpec {
    QueueSpec { timeout: Some(Sampler::Constant(ns)), ..QueueSpec::default() }
}

/// The older of two launches that are ready at one instant is ready first (rule 13).
#[test]
fn launches_that_are_ready_at_one_instant_go_by_their_order() {
    let fleet = FleetSpec { initial: 0, cold_start: cold(5), ..FleetSpec::default() };
    let expected = [done(15, 18, 0), done(15, 17, 1)];
    assert_eq!(fates(&case(fleet, &[(0, 3), (1, 2)], &[2])), expected);
}

/// Ordered at 10, able to serve 7 later; probed 3, 8, 13, ... after it began to run: found at 18, and by two in a row at
/// 23. A first probe at 20 finds it then. (rule 57)
#[test]
fn a_replica_is_ready_when_a_probe_has_found_it_so() {
    for (first, in_a_row, ready) in [(3, 1, 18), (3, 2, 23), (20, 1, 30)] {
        let readiness = Some(Probes { first: Span(first), period: Span(5), in_a_row });
        let fleet =
            FleetSpec { initial: 0, cold_start: cold(7), readiness, ..FleetSpec::default() };
        let expected = [done(ready, ready + 3, 0)];
        assert_eq!(fates(&case(fleet, &[(0, 3)], &[1])), expected, "{first} {in_a_row}");
    }
}

/// (rule 17)
#[test]
fn an_order_comes_an_actuation_delay_after_its_decision() {
    let fleet = FleetSpec { initial: 0, cold_start: cold(5), ..FleetSpec::default() };
    let mut late = case(fleet, &[(0, 1)], &[1]);
    late.delay = 3;
    assert_eq!(fates(&late), [done(18, 19, 0)]);
}

/// (rule 17)
#[test]
fn decisions_of_one_instant_are_actuated_in_the_order_in_which_they_were_made() {
    let fleet = FleetSpec { initial: 0, cold_start: cold(5), ..FleetSpec::default() };
    // At 10 the control asks for one, then an arrival for three: three are ordered at 15.
    let mut both = case(fleet, &[(10, 4); 3], &[1, 3]);
    (both.delay, both.activate) = (5, Some(3));
    assert_eq!(fates(&both), [done(20, 24, 0), done(20, 24, 1), done(20, 24, 2)]);
}

/// (rule 18)
#[test]
fn a_wakeup_at_a_regular_control_asks_once() {
    let fleet = FleetSpec { initial: 0, ..FleetSpec::default() };
    // Asked twice at 10, the policy would want two from then on.
    let mut twice = case(fleet, &[(0, 50), (1, 5)], &[1, 2]);
    twice.wakeups = vec![10];
    assert_eq!(fates(&twice), [done(10, 60, 0), done(20, 25, 1)]);
}

/// A launch that is held back is ready before patience ends at its instant (rule 25).
#[test]
fn a_launch_held_back_is_ready_before_anybody_gives_up() {
    let launch_rate = Some(LaunchRate { launches: 2, per: Span(30) });
    let fleet = FleetSpec { initial: 0, launch_rate, queue: patience(23), ..FleetSpec::default() };
    let requests: Vec<(u64, u64)> = (0..4).map(|at| (at, 100)).collect();
    // Two at 10, the third at 25, which is as long as its request waits; the fourth would come at 40.
    let expected = [done(10, 110, 0), done(10, 110, 1), done(25, 125, 2), TimedOut { at: 26 }];
    assert_eq!(fates(&case(fleet, &requests, &[4])), expected);
}

/// (rule 26)
#[test]
fn an_order_cancelled_before_its_launch_leaves_its_turn_and_its_number() {
    let launch_rate = Some(LaunchRate { launches: 1, per: Span(20) });
    let fleet = FleetSpec { initial: 0, launch_rate, ..FleetSpec::default() };
    let requests: Vec<(u64, u64)> = (0..3).map(|at| (at, 100)).collect();
    // Launches at 10, 30 and 50; that of 50 is cancelled at 20, and the order of 30 takes its place.
    let expected = [done(10, 110, 0), done(30, 130, 1), done(50, 150, 2)];
    assert_eq!(fates(&case(fleet, &requests, &[3, 2, 3])), expected);
}

/// (rule 27)
#[test]
fn an_activation_serves_the_request_that_caused_it_at_once() {
    let fleet = FleetSpec { initial: 0, queue: patience(0), ..FleetSpec::default() };
    let mut woken = case(fleet, &[(3, 5)], &[0]);
    woken.activate = Some(1);
    assert_eq!(fates(&woken), [done(3, 8, 0)]);
}

/// (rule 28)
#[test]
fn an_activation_that_asks_for_the_count_in_force_changes_nothing() {
    let lifetime = Some(Sampler::Constant(5));
    let failures = FailureSpec { lifetime, restart: Restart::Left, ..FailureSpec::default() };
    let fleet = FleetSpec { failures, cold_start: cold(4), ..FleetSpec::default() };
    // The only replica fails at 5, one is in force, and the control at 10 orders it again.
    let mut asleep = case(fleet, &[(0, 9), (7, 1)], &[1]);
    asleep.activate = Some(1);
    assert_eq!(fates(&asleep), [Lost { start: Some(0), at: 5 }, done(14, 15, 1)]);
}

/// (rule 28)
#[test]
fn who_is_refused_at_zero_wakes_the_policy() {
    let queue = QueueSpec { at_zero: AtZero::Reject, ..QueueSpec::default() };
    let fleet = FleetSpec { initial: 0, queue, cold_start: cold(5), ..FleetSpec::default() };
    let mut woken = case(fleet, &[(3, 1), (9, 1)], &[1]);
    woken.activate = Some(1);
    assert_eq!(fates(&woken), [super::Fate::Rejected, done(9, 10, 0)]);
}
