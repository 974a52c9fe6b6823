//! Replicas that fail, worked out by hand.

use super::Fate::{self, Lost};
use super::cases::{case, cold, done, fates};
use autosim_engine::fleet::{
    Balancing, FailedWork, FailureSpec, FleetSpec, Outage, Portion, QueueSpec, Restart, RoutingRule,
};
use autosim_engine::random::Sampler;
use autosim_engine::units::{Span, Time};

fn living(ns: u64, work: FailedWork, restart: Restart) -> FleetSpec {
    let lifetime = Some(Sampler::Constant(ns));
    let failures = FailureSpec { lifetime, outages: Vec::new(), work, restart };
    FleetSpec { failures, cold_start: cold(4), ..FleetSpec::default() }
}

fn outage(at: u64, kill: u32, notice: u64) -> FailureSpec {
    let (at, kill) = (Time(at), Portion::Count(kill));
    FailureSpec {
        outages: vec![Outage { at, kill, notice: Span(notice) }],
        ..FailureSpec::default()
    }
}

/// (rules 32, 33, 34)
#[test]
fn a_failed_replica_loses_its_work_and_is_replaced_or_left() {
    let requests = [(0, 5), (1, 5), (6, 1), (7, 1)];
    let lost = Lost { start: Some(5), at: 8 };
    // Done at 5; the other one is lost at 8; a new replica is ready at 12, or ordered at the control at 10.
    for (restart, ready) in [(Restart::Replaced, 12), (Restart::Left, 14)] {
        let fleet = living(8, FailedWork::Lost, restart);
        let expected =
            [done(0, 5, 0), lost, done(ready, ready + 1, 1), done(ready + 1, ready + 2, 1)];
        assert_eq!(fates(&case(fleet, &requests, &[1])), expected, "{restart:?}");
    }
}

/// (rules 1, 32)
#[test]
fn who_is_done_at_the_instant_of_the_failure_is_done() {
    let fleet = living(5, FailedWork::Lost, Restart::Replaced);
    let requests = [(0, 5), (1, 5)];
    // The second one began at that instant, too.
    let expected = [done(0, 5, 0), Lost { start: Some(5), at: 5 }];
    assert_eq!(fates(&case(fleet, &requests, &[1])), expected);
}

/// (rule 33)
#[test]
fn work_put_back_begins_anew_at_the_head_of_the_queue_and_no_longer_gives_up() {
    let mut fleet = living(8, FailedWork::Requeued, Restart::Replaced);
    let timeout = Some(Sampler::Constant(9));
    fleet.queue = QueueSpec { timeout, capacity: Some(1), ..QueueSpec::default() };
    // Put back at 8, and served at 12 although it came more than 9 before: ahead of the one that has waited
    // since 6, whose patience ends at 15.
    let requests = [(0, 4), (2, 7), (6, 2), (7, 1), (30, 1)];
    let expected = [
        done(0, 4, 0),
        done(12, 19, 1),
        Fate::TimedOut { at: 15 },
        Fate::Rejected,
        done(30, 31, 2),
    ];
    assert_eq!(fates(&case(fleet.clone(), &requests, &[1])), expected);
    let alone = [(0, 4), (2, 7), (30, 1)];
    let expected = [done(0, 4, 0), done(12, 19, 1), done(30, 31, 2)];
    assert_eq!(fates(&case(fleet, &alone, &[1])), expected);
}

/// (rule 35)
#[test]
fn an_outage_takes_so_many_and_those_told_before_drain_first() {
    // Replacements are ordered at 7 in any case, and ready at 11.
    let requests = [(0, 30), (1, 30), (8, 1), (50, 1)];
    let fleet = |notice| FleetSpec {
        initial: 2,
        failures: outage(7, 2, notice),
        cold_start: cold(4),
        ..FleetSpec::default()
    };
    let lost = |at| [Lost { start: Some(0), at }, Lost { start: Some(1), at }];
    for (notice, first) in [(0, lost(7)), (20, lost(27)), (24, [done(0, 30, 0), done(1, 31, 1)])] {
        let expected = [first[0], first[1], done(11, 12, 2), done(50, 51, 3)];
        assert_eq!(fates(&case(fleet(notice), &requests, &[2])), expected, "notice {notice}");
    }
}

/// (rule 32)
#[test]
fn a_draining_replica_fails_too() {
    // Told to leave at 10, with endless grace, it fails at 12.
    let fleet = FleetSpec { initial: 2, ..living(12, FailedWork::Lost, Restart::Left) };
    let requests = [(0, 11), (1, 20)];
    let expected = [done(0, 11, 0), Lost { start: Some(1), at: 12 }];
    assert_eq!(fates(&case(fleet, &requests, &[0])), expected);
}

/// (rule 33)
#[test]
fn requests_of_a_failed_replica_are_routed_anew() {
    let failures = FailureSpec { work: FailedWork::Requeued, ..outage(3, 1, 0) };
    let balancing = Balancing::PerReplica(RoutingRule::RoundRobin);
    let fleet =
        FleetSpec { initial: 2, failures, balancing, cold_start: cold(9), ..FleetSpec::default() };
    let requests = [(0, 10), (0, 10), (1, 10), (2, 10)];
    let fates = fates(&case(fleet, &requests, &[2]));
    // Whichever fails: the other one serves its own two, then those of the failed one.
    let ends: Vec<u64> = fates
        .iter()
        .map(|fate| match fate {
            Fate::Completed { end, .. } => *end,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!([[10, 30, 40, 20], [10, 30, 20, 40]].iter().any(|ok| ends == ok), "{ends:?}");
}

/// (rule 33)
#[test]
fn what_a_replica_holds_whose_grace_ends_is_lost_even_where_failed_work_is_put_back() {
    let failures = FailureSpec { work: FailedWork::Requeued, ..FailureSpec::default() };
    let fleet = FleetSpec { initial: 2, grace: Span(5), failures, ..FleetSpec::default() };
    let expected = [done(0, 30, 0), Lost { start: Some(1), at: 15 }];
    assert_eq!(fates(&case(fleet, &[(0, 30), (1, 30)], &[1])), expected);
}

/// (rule 34)
#[test]
fn a_replacement_that_the_quota_refuses_waits_for_the_next_order() {
    let failures = outage(12, 1, 0);
    let (quota, cold_start) = (Some(1), cold(4));
    let fleet = FleetSpec { initial: 2, quota, failures, cold_start, ..FleetSpec::default() };
    // One leaves at 10 and works until 31, the other one fails at 12. The order of 40 is granted.
    let expected = [done(0, 11, 0), done(1, 31, 1), done(44, 45, 2)];
    assert_eq!(fates(&case(fleet, &[(0, 11), (1, 30), (15, 1)], &[1])), expected);
}

/// (rule 35)
#[test]
fn a_share_of_an_outage_is_rounded_up_and_all_of_it_fail_together() {
    for (share, lost) in [(0.3, 1), (0.4, 2), (1.0, 3)] {
        let kill = Portion::Share(share);
        let outages = vec![Outage { at: Time(7), kill, notice: Span::ZERO }];
        let failures = FailureSpec { outages, ..FailureSpec::default() };
        let fleet = FleetSpec { initial: 3, failures, ..FleetSpec::default() };
        let told = fates(&case(fleet, &[(0, 30); 3], &[3]));
        let count = told.iter().filter(|fate| matches!(fate, Lost { at: 7, .. })).count();
        assert_eq!(count, lost, "{share}: {told:?}");
    }
}
