//! Cases worked out by hand: what the naive simulator says, and the engine with it.

use super::Fate::{self, Completed, Lost, Rejected, TimedOut, Unfinished};
use super::{Case, Record};
use crate::naive_equality::{engine, naive};
use autosim_engine::fleet::{
    AtZero, Balancing, ColdStage, Discipline, FleetSpec, LaunchRate, Overflow, QueueSpec,
    RoutingRule, ScalePerRequest, Scaling, VictimOrder,
};
use autosim_engine::random::Sampler;
use autosim_engine::units::Span;

pub(super) fn case(fleet: FleetSpec, requests: &[(u64, u64)], script: &[u32]) -> Case {
    Case {
        seed: 1,
        requests: requests.to_vec(),
        fleet,
        interval: 10,
        wakeups: Vec::new(),
        script: script.to_vec(),
        in_path: Vec::new(),
        activate: None,
        delay: 0,
        end: 1_000,
        drain: 1_000,
    }
}

/// What became of every request, by both.
pub(super) fn told(case: &Case) -> Vec<Record> {
    let naive = naive(case);
    assert_eq!(engine(case), naive, "what the engine says, and the naive simulator");
    naive.0
}

pub(super) fn fates(case: &Case) -> Vec<Fate> {
    told(case).into_iter().map(|(_, fate)| fate).collect()
}

pub(super) fn done(start: u64, end: u64, replica: u64) -> Fate {
    Completed { start, end, replica }
}

pub(super) fn cold(ns: u64) -> Vec<ColdStage> {
    vec![ColdStage { name: "cold_start", length: Sampler::Constant(ns) }]
}

fn per_request(expiry: u64, limit: u32, overflow: Overflow) -> Scaling {
    let after = ScalePerRequest::after(Sampler::Constant(expiry));
    Scaling::PerRequest(ScalePerRequest { limit, overflow, ..after })
}

/// (rule 4)
#[test]
fn central_queue_is_first_come_first_served_on_the_slot_free_for_longest() {
    let fleet = FleetSpec { initial: 2, ..FleetSpec::default() };
    let requests = [(0, 10), (1, 4), (2, 5), (3, 2), (10, 1), (30, 1), (31, 1)];
    let expected = [
        done(0, 10, 0),
        done(1, 5, 1),
        done(5, 10, 1),
        // Both slots are free at 10: the lower ordinal serves who waited, the other the newcomer.
        done(10, 12, 0),
        done(10, 11, 1),
        done(30, 31, 1),
        done(31, 32, 0),
    ];
    assert_eq!(fates(&case(fleet, &requests, &[2])), expected);
}

#[test]
fn an_ordered_replica_serves_after_its_cold_start_and_a_zero_one_at_once() {
    let requests = [(0, 30), (1, 5)];
    for (ns, start) in [(7, 17), (0, 10)] {
        let fleet = FleetSpec { cold_start: cold(ns), ..FleetSpec::default() };
        let expected = [done(0, 30, 0), done(start, start + 5, 1)];
        assert_eq!(fates(&case(fleet, &requests, &[2])), expected);
    }
}

/// (rule 1)
#[test]
fn a_timeout_at_the_instant_of_a_completion_or_of_readiness_comes_too_late() {
    let queue = |ns| QueueSpec { timeout: Some(Sampler::Constant(ns)), ..QueueSpec::default() };
    for (patience, fate) in [(9, done(10, 11, 0)), (8, TimedOut { at: 9 }), (0, TimedOut { at: 1 })]
    {
        let fleet = FleetSpec { queue: queue(patience), ..FleetSpec::default() };
        assert_eq!(fates(&case(fleet, &[(0, 10), (1, 1)], &[1])), [done(0, 10, 0), fate]);
    }
    let fleet = FleetSpec { queue: queue(14), cold_start: cold(5), ..FleetSpec::default() };
    let expected = [done(0, 90, 0), done(15, 16, 1)];
    assert_eq!(fates(&case(fleet, &[(0, 90), (1, 1)], &[2])), expected);
    // Actuation comes after timeouts: ready at 10 by a zero cold start is too late for 10.
    let fleet = FleetSpec { queue: queue(9), ..FleetSpec::default() };
    assert_eq!(
        fates(&case(fleet, &[(0, 90), (1, 1)], &[2])),
        [done(0, 90, 0), TimedOut { at: 10 }]
    );
}

/// (rule 4)
#[test]
fn a_full_queue_refuses() {
    let queue = QueueSpec { capacity: Some(1), ..QueueSpec::default() };
    let fleet = FleetSpec { queue, ..FleetSpec::default() };
    let requests = [(0, 5), (1, 5), (4, 5), (5, 1)];
    let expected = [done(0, 5, 0), done(5, 10, 0), Rejected, done(10, 11, 0)];
    assert_eq!(fates(&case(fleet, &requests, &[1])), expected);
}

/// (rule 5)
#[test]
fn a_leaving_replica_drains_until_its_grace_ends() {
    let requests = [(0, 30), (1, 25), (2, 1), (12, 1)];
    for (grace, second) in [
        (u64::MAX, done(1, 26, 1)),
        (16, done(1, 26, 1)),
        (15, Lost { start: Some(1), at: 25 }),
        (0, Lost { start: Some(1), at: 10 }),
    ] {
        let fleet = FleetSpec { initial: 2, grace: Span(grace), ..FleetSpec::default() };
        let expected = [done(0, 30, 0), second, done(30, 31, 0), done(31, 32, 0)];
        assert_eq!(fates(&case(fleet, &requests, &[1])), expected, "grace {grace}");
    }
}

/// (rule 5)
#[test]
fn victims_leave_in_the_stated_order() {
    // At 10 the second one is idle.
    let requests = [(0, 30), (1, 3), (2, 30), (12, 20), (13, 1)];
    for (victims, long, last) in [
        (VictimOrder::FewestInFlight, done(30, 50, 0), done(32, 33, 2)),
        (VictimOrder::Newest, done(12, 32, 1), done(30, 31, 0)),
        (VictimOrder::Oldest, done(12, 32, 1), done(32, 33, 1)),
    ] {
        let fleet = FleetSpec { initial: 3, victims, ..FleetSpec::default() };
        let expected = [done(0, 30, 0), done(1, 4, 1), done(2, 32, 2), long, last];
        assert_eq!(fates(&case(fleet, &requests, &[2])), expected, "{victims:?}");
    }
}

/// (rule 1)
#[test]
fn controls_at_instants_of_their_own_come_before_arrivals() {
    // Who came before the control of its instant would be refused.
    let queue = QueueSpec { at_zero: AtZero::Reject, ..QueueSpec::default() };
    let fleet = FleetSpec { initial: 0, queue, ..FleetSpec::default() };
    let mut case = case(fleet, &[(0, 9), (1, 5)], &[1, 2]);
    case.wakeups = vec![0, 3, 10];
    assert_eq!(fates(&case), [done(0, 9, 0), done(3, 8, 1)]);
}

/// (rule 5)
#[test]
fn starting_replicas_are_cancelled_first_and_keep_their_draw() {
    let fleet = FleetSpec { cold_start: cold(15), ..FleetSpec::default() };
    // Ordered at 10, cancelled at 20, ordered again at 30: the second launch is ordinal 2.
    let expected = [done(0, 90, 0), done(45, 46, 2)];
    assert_eq!(fates(&case(fleet, &[(0, 90), (1, 1)], &[2, 1, 2])), expected);
}

/// (rule 6)
#[test]
fn at_zero_requests_wait_or_are_refused_and_wake_the_policy() {
    let start = |at_zero, activate| {
        let queue = QueueSpec { at_zero, ..QueueSpec::default() };
        let fleet = FleetSpec { initial: 0, queue, cold_start: cold(5), ..FleetSpec::default() };
        let mut case = case(fleet, &[(3, 1), (9, 1)], &[0, 0, 1]);
        case.activate = activate;
        fates(&case)
    };
    assert_eq!(start(AtZero::Wait, None), [done(35, 36, 0), done(36, 37, 0)]);
    assert_eq!(start(AtZero::Reject, None), [Rejected, Rejected]);
    assert_eq!(start(AtZero::Wait, Some(1)), [done(8, 9, 0), done(9, 10, 0)]);
    assert_eq!(start(AtZero::Reject, Some(1)), [Rejected, done(9, 10, 0)]);
}

/// (rules 5, 25)
#[test]
fn the_launch_rate_delays_and_the_quota_refuses() {
    let requests: Vec<(u64, u64)> = (0..4).map(|i| (i, 100)).collect();
    let launch_rate = Some(LaunchRate { launches: 2, per: Span(30) });
    let fleet = FleetSpec { initial: 0, launch_rate, ..FleetSpec::default() };
    // Two tokens at 10, then one every 15.
    let expected = [done(10, 110, 0), done(10, 110, 1), done(25, 125, 2), done(40, 140, 3)];
    assert_eq!(fates(&case(fleet, &requests, &[4])), expected);
    let fleet = FleetSpec { initial: 1, quota: Some(2), ..FleetSpec::default() };
    // One that drains from 20 to 35 and one live make the quota full; the order of 40 is granted.
    let expected =
        [done(0, 100, 0), Lost { start: Some(10), at: 35 }, done(40, 140, 2), done(100, 200, 0)];
    let mut case = case(fleet, &requests, &[2, 1, 2]);
    case.fleet.grace = Span(15);
    assert_eq!(fates(&case), expected);
}

/// (rule 4)
#[test]
fn requests_assigned_stay_with_their_replica_and_the_gateway_empties_into_the_first_ready() {
    let fleet = FleetSpec {
        balancing: Balancing::PerReplica(RoutingRule::RoundRobin),
        initial: 2,
        ..FleetSpec::default()
    };
    let requests = [(0, 5), (0, 30), (1, 1), (2, 1), (40, 1)];
    let expected = [done(0, 5, 0), done(0, 30, 1), done(5, 6, 0), done(30, 31, 1), done(40, 41, 0)];
    assert_eq!(fates(&case(fleet.clone(), &requests, &[2])), expected);
    // Scaled to one at 10: replica 0 is idle and leaves; 1 keeps what it has.
    let mut after = expected;
    after[4] = done(40, 41, 1);
    assert_eq!(fates(&case(fleet.clone(), &requests, &[1])), after);
    let fleet = FleetSpec { initial: 0, ..fleet };
    let expected = [done(10, 15, 0), done(15, 45, 0), done(45, 46, 0), done(46, 47, 0)];
    let mut fates = fates(&case(fleet, &requests, &[2]));
    assert_eq!(fates.pop(), Some(done(40, 41, 1)));
    assert_eq!(fates, expected);
}

/// (rule 24)
#[test]
fn killed_replicas_lose_what_waits_with_them() {
    let fleet = FleetSpec {
        balancing: Balancing::PerReplica(RoutingRule::RoundRobin),
        grace: Span(5),
        ..FleetSpec::default()
    };
    let requests = [(0, 30), (1, 1), (20, 1)];
    let expected = [Lost { start: Some(0), at: 15 }, Lost { start: None, at: 15 }, Unfinished];
    assert_eq!(fates(&case(fleet, &requests, &[0])), expected);
}

/// (rule 4)
#[test]
fn least_outstanding_counts_waiting_and_in_service() {
    let balancing = Balancing::PerReplica(RoutingRule::LeastOutstanding);
    let fleet = FleetSpec { balancing, initial: 2, ..FleetSpec::default() };
    let requests = [(0, 50), (0, 10), (1, 10), (2, 10), (3, 10), (55, 1)];
    let records = told(&case(fleet, &requests, &[2]));
    let at = |replica| {
        let here = |r: &&(u64, Fate)| matches!(r.1, Completed { replica: x, .. } if x == replica);
        records.iter().filter(here).count()
    };
    // Two, then one each in whichever order ties fall, the fifth anywhere: 3 + 2, then the last.
    let mut counts = [at(0), at(1)];
    counts.sort_unstable();
    assert!(counts == [3, 3] || counts == [2, 4], "{counts:?}");
}

/// (rule 4)
#[test]
fn power_of_two_avoids_the_fuller_of_two() {
    let fleet = FleetSpec {
        balancing: Balancing::PerReplica(RoutingRule::PowerOfTwo),
        initial: 2,
        ..FleetSpec::default()
    };
    // With two replicas the choice is always between both: the busy one is never taken.
    let requests = [(0, 500), (1, 1), (3, 1), (5, 1)];
    let records = told(&case(fleet, &requests, &[2]));
    let waits: Vec<bool> = records
        .iter()
        .map(|&(arrival, fate)| matches!(fate, Completed { start, .. } if start == arrival))
        .collect();
    assert_eq!(waits, [true; 4]);
}

/// (rule 21)
#[test]
fn requests_share_their_replica_beyond_its_capacity() {
    let fates = |concurrency, limit, requests: &[(u64, u64)]| {
        let (balancing, discipline) =
            (Balancing::PerReplica(RoutingRule::Random), Discipline::Sharing { limit });
        let fleet = FleetSpec { concurrency, balancing, discipline, ..FleetSpec::default() };
        fates(&case(fleet, requests, &[1]))
    };
    // Half speed while both are there.
    assert_eq!(fates(1, None, &[(0, 10), (4, 3)]), [done(0, 13, 0), done(4, 10, 0)]);
    let expected = [done(0, 14, 0), done(4, 10, 0), done(10, 12, 0)];
    assert_eq!(fates(1, Some(2), &[(0, 10), (4, 3), (5, 1)]), expected);
    // Two thirds of full speed each.
    assert_eq!(fates(2, None, &[(0, 4); 3]), [done(0, 6, 0); 3]);
}

/// (rules 29, 30)
#[test]
fn scale_per_request_starts_binds_and_expires() {
    let scaling = per_request(20, 9, Overflow::Reject);
    let fleet = FleetSpec { scaling, initial: 0, cold_start: cold(5), ..FleetSpec::default() };
    let requests = [(0, 10), (2, 3), (12, 1), (30, 1), (31, 1), (49, 1), (70, 1)];
    let expected = [
        done(5, 15, 0),
        done(7, 10, 1),
        // Replica 1 is idle since 10.
        done(12, 13, 1),
        // Idle since 13 and 15: the one freed last serves.
        done(30, 31, 0),
        done(31, 32, 0),
        done(49, 50, 0),
        // Idle since 50: gone at exactly 70, before the arrival.
        done(75, 76, 2),
    ];
    assert_eq!(fates(&case(fleet, &requests, &[0])), expected);
}

/// (rule 29)
#[test]
fn scale_per_request_claims_slots_of_starting_replicas_and_overflows() {
    let requests = [(0, 10), (1, 10), (2, 10), (3, 9)];
    for (overflow, last) in [(Overflow::Wait, done(15, 24, 0)), (Overflow::Reject, Rejected)] {
        let fleet = FleetSpec {
            scaling: per_request(99, 1, overflow),
            initial: 0,
            concurrency: 3,
            cold_start: cold(5),
            ..FleetSpec::default()
        };
        let expected = [done(5, 15, 0), done(5, 15, 0), done(5, 15, 0), last];
        assert_eq!(fates(&case(fleet, &requests, &[0])), expected);
    }
}

/// (rules 10, 30)
#[test]
fn the_minimum_is_kept_and_a_cold_demand_replaces_the_first() {
    let mut fleet = FleetSpec {
        scaling: per_request(5, 9, Overflow::Reject),
        initial: 0,
        cold_demand: Some(Sampler::Constant(8)),
        ..FleetSpec::default()
    };
    let requests = [(0, 1), (10, 1), (30, 2)];
    let expected = [done(0, 8, 0), done(10, 11, 0), done(30, 38, 1)];
    assert_eq!(fates(&case(fleet.clone(), &requests, &[0])), expected);
    if let Scaling::PerRequest(scale) = &mut fleet.scaling {
        scale.minimum = 1;
    }
    let expected = [done(0, 8, 0), done(10, 11, 0), done(30, 32, 0)];
    assert_eq!(fates(&case(fleet, &requests, &[0])), expected);
}

/// (rule 29)
#[test]
fn a_full_queue_does_not_matter_to_a_replica_that_is_ready_at_once() {
    for (ns, fate) in [(0, done(1, 6, 0)), (5, Rejected)] {
        let fleet = FleetSpec {
            scaling: per_request(20, 9, Overflow::Wait),
            initial: 0,
            cold_start: cold(ns),
            queue: QueueSpec { capacity: Some(0), ..QueueSpec::default() },
            ..FleetSpec::default()
        };
        assert_eq!(fates(&case(fleet, &[(1, 5)], &[0])), [fate]);
    }
}

/// (rule 30)
#[test]
fn of_two_idle_for_equally_long_the_older_goes_and_the_minimum_stays() {
    let mut fleet = FleetSpec {
        scaling: per_request(20, 9, Overflow::Reject),
        initial: 2,
        ..FleetSpec::default()
    };
    if let Scaling::PerRequest(scaling) = &mut fleet.scaling {
        scaling.minimum = 1;
    }
    // Both are idle from 5 on: one goes at 25, and the other one's expiry is spent.
    let expected = [done(0, 5, 1), done(0, 5, 0), done(30, 31, 1)];
    let mut told = fates(&case(fleet, &[(0, 5), (0, 5), (30, 1)], &[0]));
    told[..2].sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(told, expected);
}

/// (rule 31)
#[test]
fn decisions_change_nothing_under_scale_per_request() {
    let fleet = FleetSpec {
        scaling: per_request(50, 9, Overflow::Reject),
        initial: 1,
        cold_start: cold(5),
        ..FleetSpec::default()
    };
    let requests = [(0, 9), (12, 1), (13, 1), (13, 1)];
    for desired in [0, 1, 9] {
        let expected = [done(0, 9, 0), done(12, 13, 0), done(13, 14, 0), done(18, 19, 1)];
        assert_eq!(fates(&case(fleet.clone(), &requests, &[desired])), expected, "{desired}");
    }
}

/// An idle replica is gone at 7 + 9, when its idle period ends, and at 30, when its life does; one that is busy then
/// goes on and is gone when it is idle (rule 50).
#[test]
fn a_replica_that_has_lived_long_enough_is_gone_as_soon_as_it_is_idle() {
    let of = |requests: &[(u64, u64)]| {
        let scaling = Scaling::PerRequest(ScalePerRequest {
            max_lifetime: Some(Sampler::Constant(30)),
            ..ScalePerRequest::after(Sampler::Constant(9))
        });
        fates(&case(FleetSpec { initial: 0, scaling, ..FleetSpec::default() }, requests, &[0]))
    };
    let begun = [(0, 7), (15, 3)];
    assert_eq!(
        of(&[&begun[..], &[(25, 2)]].concat()),
        [done(0, 7, 0), done(15, 18, 0), done(25, 27, 0)]
    );
    assert_eq!(
        of(&[&begun[..], &[(25, 4), (30, 2)]].concat()),
        [done(0, 7, 0), done(15, 18, 0), done(25, 29, 0), done(30, 32, 1)]
    );
    assert_eq!(
        of(&[&begun[..], &[(25, 6), (31, 2)]].concat()),
        [done(0, 7, 0), done(15, 18, 0), done(25, 31, 0), done(31, 33, 1)]
    );
    assert_eq!(of(&[(0, 7), (16, 2)]), [done(0, 7, 0), done(16, 18, 1)]);
}
