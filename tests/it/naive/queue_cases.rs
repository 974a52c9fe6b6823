//! Who waits where and who is served first, worked out by hand.

use super::Fate::{Lost, Rejected};
use super::cases::{case, done, fates};
use autosim_engine::fleet::{
    Balancing, Discipline, FailureSpec, FleetSpec, QueueOrder, QueueSpec, Restart, RoutingRule,
    WhenFull,
};
use autosim_engine::random::Sampler;

/// (rule 12)
#[test]
fn nothing_takes_no_time() {
    let planes = [
        FleetSpec::default(),
        FleetSpec { balancing: Balancing::PerReplica(RoutingRule::Random), ..FleetSpec::default() },
        FleetSpec {
            queue: QueueSpec { capacity: Some(9), ..QueueSpec::default() },
            ..round_robin(1)
        },
        FleetSpec { discipline: Discipline::Sharing { limit: Some(1) }, ..round_robin(1) },
    ];
    for fleet in planes {
        assert_eq!(fates(&case(fleet, &[(0, 0), (0, 0)], &[1])), [done(0, 1, 0), done(1, 2, 0)]);
    }
    let lifetime = Some(Sampler::Constant(0));
    let failures = FailureSpec { lifetime, restart: Restart::Left, ..FailureSpec::default() };
    let fleet = FleetSpec { failures, ..FleetSpec::default() };
    let expected = [Lost { start: Some(0), at: 1 }];
    assert_eq!(fates(&case(fleet, &[(0, 5)], &[0])), expected);
}

fn round_robin(initial: u32) -> FleetSpec {
    FleetSpec {
        balancing: Balancing::PerReplica(RoutingRule::RoundRobin),
        initial,
        ..FleetSpec::default()
    }
}

/// (rule 19)
#[test]
fn who_is_refused_has_had_its_turn() {
    let queue = QueueSpec { capacity: Some(0), ..QueueSpec::default() };
    let fleet = FleetSpec { queue, ..round_robin(2) };
    // At 2 it is the first one's turn, at 10 the second one's: neither is free then.
    let requests = [(0, 10), (1, 10), (2, 1), (10, 5), (11, 1)];
    let expected = [done(0, 10, 0), done(1, 11, 1), Rejected, Rejected, done(11, 12, 0)];
    assert_eq!(fates(&case(fleet, &requests, &[2])), expected);
}

/// Two classes; that of a request is the parity of a third of its arrival and its demand together.
fn of_two_classes(balancing: Balancing, queue: QueueSpec) -> FleetSpec {
    FleetSpec { balancing, queue, classes: 2, ..FleetSpec::default() }
}

/// (rule 22)
#[test]
fn the_lowest_number_is_served_first_unless_who_came_first_is() {
    // At 1 somebody of class 1 begins to wait, at 2 somebody of class 0.
    let requests = [(0, 9), (1, 3), (2, 2)];
    for balancing in [Balancing::CentralQueue, Balancing::PerReplica(RoutingRule::RoundRobin)] {
        for (order, second, third) in [
            (QueueOrder::Priority, done(11, 14, 0), done(9, 11, 0)),
            (QueueOrder::FirstCome, done(9, 12, 0), done(12, 14, 0)),
        ] {
            let queue = QueueSpec { order, ..QueueSpec::default() };
            let fleet = of_two_classes(balancing, queue);
            let expected = [done(0, 9, 0), second, third];
            assert_eq!(fates(&case(fleet, &requests, &[1])), expected, "{balancing:?} {order:?}");
        }
    }
}

/// (rule 23)
#[test]
fn a_full_queue_pushes_out_the_newest_of_the_highest_number() {
    let pushes = |when_full| QueueSpec { capacity: Some(2), when_full, ..QueueSpec::default() };
    // Class 1 waits since 1 and 2; class 0 comes at 3, class 1 at 4.
    let requests = [(0, 20), (1, 3), (2, 1), (3, 3), (4, 4)];
    for balancing in [Balancing::CentralQueue, Balancing::PerReplica(RoutingRule::RoundRobin)] {
        let fleet = of_two_classes(balancing, pushes(WhenFull::PushOut));
        let expected = [done(0, 20, 0), done(23, 26, 0), Rejected, done(20, 23, 0), Rejected];
        assert_eq!(fates(&case(fleet, &requests, &[1])), expected, "{balancing:?}");
        let fleet = of_two_classes(balancing, pushes(WhenFull::Refuse));
        let expected = [done(0, 20, 0), done(20, 23, 0), done(23, 24, 0), Rejected, Rejected];
        assert_eq!(fates(&case(fleet, &requests, &[1])), expected, "{balancing:?}");
    }
}

/// (rule 24)
#[test]
fn victims_are_chosen_by_requests_in_service_and_keep_those_that_wait() {
    // At 10 both serve one, and at the newer one somebody waits: it leaves all the same.
    let requests = [(0, 1), (0, 30), (1, 30), (2, 5), (12, 1)];
    let expected =
        [done(0, 1, 0), done(0, 30, 1), done(1, 31, 0), done(30, 35, 1), done(31, 32, 0)];
    assert_eq!(fates(&case(round_robin(2), &requests, &[1])), expected);
}
