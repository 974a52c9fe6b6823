//! A proxy before the replicas, worked out by hand.

use super::Case;
use super::Fate::Rejected;
use super::cases::{case, cold, done, fates};
use autosim_engine::fleet::{Balancing, FleetSpec, HandsOver, Proxy, QueueSpec, RoutingRule};
use autosim_engine::units::Span;

/// Replicas in turn, behind a proxy without latency.
fn behind(hands_over: HandsOver, fleet: FleetSpec) -> FleetSpec {
    FleetSpec {
        balancing: Balancing::PerReplica(RoutingRule::RoundRobin),
        proxy: Some(Proxy { hands_over, latency: Span::ZERO }),
        ..fleet
    }
}

fn replicas(initial: u32, concurrency: u32) -> FleetSpec {
    FleetSpec { initial, concurrency, ..FleetSpec::default() }
}

/// Two replicas of two slots. Directly the third request waits at the first replica while the other is idle; the proxy
/// has it wait for whoever is free first (rules 54, 55).
#[test]
fn in_the_path_it_holds_what_no_replica_has_room_for() {
    let requests = [(0, 9), (0, 3), (1, 9), (1, 9), (2, 5)];
    let fleet = behind(HandsOver::InTurn(1), replicas(2, 1));
    let mut one = case(fleet, &requests[1..], &[2]);
    // The one of 2 waits at the proxy from 2 on: the others are done at 3, 10 and 12.
    assert_eq!(fates(&one), [done(0, 3, 0), done(1, 10, 1), done(3, 12, 0), done(10, 15, 1)]);
    one.in_path = vec![false];
    assert_eq!(fates(&one), [done(0, 3, 0), done(1, 10, 1), done(3, 12, 0), done(10, 15, 1)]);
    one.requests = requests.to_vec();
    // 9 at the first and 3 at the second; the proxy gives the third to the second, in turn it waits for the first.
    let direct = [done(0, 3, 1), done(0, 9, 0), done(3, 12, 1), done(9, 18, 0), done(18, 23, 0)];
    assert_eq!(fates(&one), direct);
    one.in_path = vec![true];
    let held = [done(0, 3, 1), done(0, 9, 0), done(3, 12, 1), done(9, 18, 0), done(12, 17, 1)];
    assert_eq!(fates(&one), held);
}

/// | way | to whom the first four go, of three replicas of two slots (rule 55) |
#[test]
fn it_fills_the_oldest_or_goes_round() {
    let requests = [(0, 50), (1, 50), (2, 50), (3, 50)];
    for (way, expected) in [
        (HandsOver::ToFirst(2), [0, 0, 1, 1]),
        (HandsOver::ToFirst(1), [0, 1, 2, 0]),
        (HandsOver::InTurn(2), [0, 1, 2, 0]),
    ] {
        let told = fates(&case(behind(way, replicas(3, 2)), &requests, &[3]));
        let start = |at: u64| if way == HandsOver::ToFirst(1) && at == 3 { 50 } else { at };
        let expected = (0..).zip(expected).map(|(at, id)| done(start(at), start(at) + 50, id));
        assert_eq!(told, expected.collect::<Vec<_>>(), "{way:?}");
    }
}

/// Who came directly does not count: the proxy hands over one more, which waits at the replica (rule 55).
#[test]
fn it_knows_its_own_requests_alone() {
    let fleet = behind(HandsOver::InTurn(1), replicas(1, 1));
    // Directly at 0 and at 1; by way of the proxy from the control at 10 on.
    let requests = [(0, 20), (1, 20), (11, 20), (12, 1)];
    let one = Case { in_path: vec![false, true, true], ..case(fleet, &requests, &[1]) };
    let expected = [done(0, 20, 0), done(20, 40, 0), done(40, 60, 0), done(60, 61, 0)];
    assert_eq!(fates(&one), expected);
}

/// Out of the path it still takes who finds no replica ready, and hands them over one at a time (rule 54).
#[test]
fn without_a_ready_replica_it_is_in_the_path() {
    let fleet = behind(HandsOver::InTurn(1), FleetSpec { cold_start: cold(5), ..replicas(0, 2) });
    let requests = [(1, 9), (2, 9), (16, 2)];
    let one = Case { in_path: vec![false], ..case(fleet, &requests, &[1]) };
    // Ready at 15; the second of the proxy's waits for the first, who comes at 16 takes the other slot.
    assert_eq!(fates(&one), [done(15, 24, 0), done(24, 33, 0), done(16, 18, 0)]);
}

/// On its way for 4, whoever is free meanwhile; one that came before it directly would have been served (rule 54).
#[test]
fn its_latency_comes_before_the_slot() {
    let mut fleet = behind(HandsOver::Freely, replicas(1, 1));
    fleet.proxy = fleet.proxy.map(|proxy| Proxy { latency: Span(4), ..proxy });
    let requests = [(0, 3), (5, 3), (6, 3)];
    let expected = [done(4, 7, 0), done(9, 12, 0), done(12, 15, 0)];
    assert_eq!(fates(&case(fleet, &requests, &[1])), expected);
}

/// At most one waits at each of two replicas; the proxy's is not refused (rule 56).
#[test]
fn the_queue_of_a_replica_has_an_end() {
    let mut fleet = behind(HandsOver::InTurn(1), replicas(2, 1));
    fleet.queue = QueueSpec { replica_capacity: Some(1), ..QueueSpec::default() };
    let requests = [(0, 30), (1, 5), (2, 1), (3, 1), (4, 1), (11, 1), (12, 1)];
    let one = Case { in_path: vec![false, true, true, true], ..case(fleet, &requests, &[2]) };
    // At 4 it is the first one's turn, where one waits already; at 11 the proxy gives it another all the same.
    let expected = [
        done(0, 30, 0),
        done(1, 6, 1),
        done(30, 31, 0),
        done(6, 7, 1),
        Rejected,
        done(31, 32, 0),
        done(12, 13, 1),
    ];
    assert_eq!(fates(&one), expected);
}
