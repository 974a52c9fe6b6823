//! Slowdowns and counts set from outside, worked out by hand.

use super::cases::{case, cold, done, fates};
use autosim_engine::fleet::{
    Balancing, Discipline, FleetSpec, Intervention, QueueSpec, RoutingRule, Slowdown, Slowdowns,
};
use autosim_engine::random::Sampler;
use autosim_engine::units::Time;

fn slowed(at: u64, until: u64, factor: f64) -> Slowdowns {
    let (at, until) = (Time(at), Time(until));
    Slowdowns::new(vec![Slowdown { at, until, factor, cpu: 1.0 / factor, every: 1 }])
}

/// Whoever is in service goes on at a quarter of the speed from 10 up to 50 (rule 46).
#[test]
fn work_in_service_slows_down_and_recovers_at_the_edges() {
    let slowdowns = slowed(10, 50, 4.0);
    let fleet = FleetSpec { initial: 3, slowdowns, ..FleetSpec::default() };
    // 8 before it and 2 in 8 ns of it; 5 in 20; 8 in the last 32 and 4 after it.
    let requests = [(2, 10), (12, 5), (18, 12), (60, 3)];
    let expected = [done(2, 18, 0), done(12, 32, 1), done(18, 54, 2), done(60, 63, 0)];
    let mut one = case(fleet, &requests, &[3]);
    assert_eq!(fates(&one), expected);
    // On the general plane, and on that of shared replicas of which nobody has to share.
    one.fleet.queue =
        QueueSpec { timeout: Some(Sampler::Exponential { mean_ns: 1e15 }), ..QueueSpec::default() };
    assert_eq!(fates(&one), expected);
    one.fleet.queue = QueueSpec::default();
    one.fleet.balancing = Balancing::PerReplica(RoutingRule::RoundRobin);
    one.fleet.discipline = Discipline::Sharing { limit: None };
    assert_eq!(fates(&one), expected);
}

/// From 10 up to 50 every second replica slows down to a quarter, the others do not: the one that has joined by
/// then, and one that joins later (rule 46).
#[test]
fn every_second_replica_slows_down() {
    let slowdowns = Slowdowns::new(vec![Slowdown {
        at: Time(10),
        until: Time(50),
        factor: 4.0,
        cpu: 0.25,
        every: 2,
    }]);
    let fleet = FleetSpec {
        initial: 3,
        cold_start: cold(5),
        balancing: Balancing::PerReplica(RoutingRule::RoundRobin),
        slowdowns,
        ..FleetSpec::default()
    };
    // The fourth is ordered at 10 and ready at 15. One in service at 10 has 2 of 10 left for 8 ns of the slow one.
    let requests = [(1, 3), (2, 10), (3, 10), (20, 6), (21, 6), (22, 6), (23, 6)];
    let expected = [
        done(1, 4, 0),
        done(2, 18, 1),
        done(3, 13, 2),
        done(20, 44, 3),
        done(21, 27, 0),
        done(22, 46, 1),
        done(23, 29, 2),
    ];
    assert_eq!(fates(&case(fleet, &requests, &[4])), expected);
}

/// Two share a replica at a half each, and at a quarter of that from 10 up to 26 (rules 21, 46).
#[test]
fn those_who_share_slow_down_alike() {
    let fleet = FleetSpec {
        slowdowns: slowed(10, 26, 4.0),
        balancing: Balancing::PerReplica(RoutingRule::Random),
        discipline: Discipline::Sharing { limit: None },
        ..FleetSpec::default()
    };
    // 5 each by 10, 7 each at 26, then 2 more each, and the second has the replica to itself.
    let expected = [done(0, 30, 0), done(0, 31, 0)];
    assert_eq!(fates(&case(fleet, &[(0, 9), (0, 10)], &[1])), expected);
}

/// Somebody wants none at 25 and the policy two at 30; at 40 both act, the policy first (rule 49).
#[test]
fn who_sets_the_count_from_outside_is_overruled_by_the_next_decision() {
    let set = |at, replicas| Intervention { at: Time(at), replicas };
    let fleet = FleetSpec {
        initial: 2,
        cold_start: cold(3),
        interventions: vec![set(25, 0), set(40, 5)],
        ..FleetSpec::default()
    };
    let requests = [(26, 4), (41, 50), (41, 50), (41, 50)];
    // The control at 30 orders two, ready at 33; three more are ready at 43, and the control at 50 takes away
    // the two that are idle and the newest, which drains.
    let expected = [done(33, 37, 2), done(41, 91, 2), done(41, 91, 3), done(43, 93, 4)];
    assert_eq!(fates(&case(fleet, &requests, &[2])), expected);
}
