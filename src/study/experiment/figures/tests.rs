//! Figures worked out by hand.

use super::*;
use autosim_engine::simulation::Presence;
use autosim_engine::stats::Piece;

/// `good` requests of 100 ms of which each tenth waited 20 ms, and `bad` rejected ones; two ready
/// replicas for one hour, one slot busy in all.
pub(crate) fn outcome(good: u64, bad: u64) -> ServiceOutcome {
    let mut latency = LatencyTotals::default();
    for n in 0..good {
        let wait = Span::from_millis(if n % 10 == 0 { 20 } else { 0 });
        let length = Span::from_millis(100) + wait;
        latency.latency.record(length);
        latency.wait.record(wait);
        latency.latency_sum_ns += u128::from(length.0);
        latency.wait_sum_ns += u128::from(wait.0);
        latency.latency_max = latency.latency_max.max(length);
        latency.wait_max = latency.wait_max.max(wait);
        latency.waited += u64::from(!wait.is_zero());
    }
    let hour = 3_600_000_000_000;
    ServiceOutcome {
        name: "service".into(),
        counts: Counts {
            arrived: good + bad,
            completed: good,
            rejected: bad,
            within_slo: good,
            ..Counts::default()
        },
        latency,
        within: vec![(Slo::below(0.99, Span::from_millis(300)).longest(), good)],
        classes: Vec::new(),
        fleet: FleetTotals {
            window_ns: hour,
            billed_ns: 2 * u128::from(hour),
            ready_ns: 2 * u128::from(hour),
            busy_ns: u128::from(hour),
            in_flight_ns: u128::from(hour),
            idle_ns: u128::from(hour),
            scale_outs: 2,
            scale_ins: 1,
            peak_live: 3,
            ..FleetTotals::default()
        },
        slo_minutes: vec![
            SloMinute { arrived: 100, within: 100, also_broken: false },
            SloMinute { arrived: 100, within: 98, also_broken: false },
            SloMinute::default(),
        ],
        presence: Presence {
            system_ns: 1_100 * u128::from(hour) / 1_000,
            queued_ns: None,
            wasted_ns: 0,
        },
        timeline: Vec::new(),
        decisions: Vec::new(),
        decisions_left_out: 0,
        supply: Vec::new(),
        launches: Default::default(),
        users: None,
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        concurrency: 1,
        price: "0.5 USD".parse().unwrap_or(Price::FREE),
        slo: Some(Slo::below(0.99, Span::from_millis(300))),
        billed_from_ready: false,
    }
}

#[test]
fn figures_recompute_by_hand() {
    let row = Row::of(&outcome(1000, 0), &facts());
    for (figure, expected) in [
        (Figure::Arrived, 1000.0),
        (Figure::FailedShare, 0.0),
        (Figure::LatencyMean, 102.0),
        (Figure::LatencyMax, 120.0),
        (Figure::WaitMean, 2.0),
        (Figure::WaitP50, 0.0),
        (Figure::WaitedShare, 0.1),
        (Figure::SloRequests, 1.0),
        (Figure::SloMinutes, 0.5),
        (Figure::BilledHours, 2.0),
        (Figure::Utilization, 0.5),
        (Figure::Cost, 1.0),
        (Figure::Actions, 3.0),
    ] {
        let got = row.get(figure).unwrap();
        assert!((got - expected).abs() < 1e-9, "{}: {got}", figure.column());
    }
    let p99 = row.get(Figure::LatencyP99).unwrap();
    assert!((p99 / 120.0 - 1.0).abs() < 0.01, "{p99}");
    assert_eq!(row.get(Figure::IdleHours), Some(1.0));
}

#[test]
fn littles_law_compares_integrals_with_stays() {
    // One busy slot for an hour, 1.1 hours told: a tenth too much is 1/11 of the larger.
    let mut outcome = outcome(1000, 0);
    let residual = |outcome: &ServiceOutcome| {
        Row::of(outcome, &facts()).get(Figure::LittlesLawResidual).unwrap()
    };
    assert!((residual(&outcome) - 1.0 / 11.0).abs() < 1e-9);
    outcome.presence.system_ns = outcome.fleet.in_flight_ns;
    assert_eq!(residual(&outcome), 0.0);
    outcome.presence.queued_ns = Some(5);
    assert_eq!(residual(&outcome), 1.0);
}

#[test]
fn elasticity_is_known_where_the_need_is() {
    let mut row = Row::of(&outcome(10, 0), &facts());
    assert_eq!(row.get(Figure::ThetaOver), None);
    let piece = Piece { length: 2.0, demand: 2.0, supply: 3.0 };
    row.add_elasticity(&Track { pieces: vec![piece], grid: vec![(2.0, 3.0)] });
    assert_eq!(row.get(Figure::ThetaOver), Some(50.0));
    assert!((row.get(Figure::IlyushkinOver).unwrap() - 100.0 / 3.0).abs() < 1e-9);
    assert_eq!(row.get(Figure::ReadyChanges), Some(0.0));
}

/// (rule 7)
#[test]
fn failures_are_infinitely_late() {
    let few = Row::of(&outcome(995, 5), &facts());
    assert!(few.get(Figure::SloLatency).is_some());
    let many = Row::of(&outcome(980, 20), &facts());
    assert_eq!(many.get(Figure::SloLatency), None);
    assert!(many.get(Figure::LatencyP99).is_some());
}

#[test]
fn nothing_arrived_is_no_figure_rather_than_a_wrong_one() {
    let row = Row::of(&outcome(0, 0), &facts());
    for figure in [Figure::LatencyP50, Figure::SloRequests, Figure::FailedShare] {
        assert_eq!(row.get(figure), None, "{}", figure.column());
    }
    assert_eq!(row.get(Figure::Arrived), Some(0.0));
}

#[test]
fn columns_are_named_once() {
    let mut names: Vec<_> = Figure::ALL.iter().map(|figure| figure.column()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Figure::ALL.len());
}
