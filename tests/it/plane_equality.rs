//! Do the fast planes leave exactly what the general plane leaves: every request's start, end, fate and
//! replica, and every figure of the outcome?
//!
//! The general plane takes over where patience is drawn from a law, even from a law of one value: so
//! each scenario runs once as it is and once with its patience as such a law. `AUTOSIM_SEED=n` runs one
//! scenario, `AUTOSIM_CASES=n` that many of each kind.

use crate::naive::{Case, Record, simulate};
use crate::naive_equality::{
    Kind, controlled, failing_case, kinds, random_case, records, seeds, setup, sharing_case,
};
use autosim_engine::fleet::{FailedWork, FailureSpec, Outage, Portion, RoutingRule, Scaling};
use autosim_engine::random::{Generator, Purpose, Sampler, Streams};
use autosim_engine::simulation::{Counts, Outcome};
use autosim_engine::units::{Span, Time};
use rand::Rng;

/// No simulated time is as long.
const FOR_EVER_NS: f64 = 4e18;

/// The same patience as a law of one value.
fn as_law(patience: Option<&Sampler>) -> Sampler {
    let ns = match patience {
        Some(Sampler::Constant(ns)) => *ns as f64,
        _ => FOR_EVER_NS,
    };
    Sampler::Uniform { min_ns: ns, width_ns: 0.0 }
}

/// Uniform in `[low, high]`.
fn between(dice: &mut Generator, low: u64, high: u64) -> u64 {
    low + ((u128::from(dice.next_u64()) * u128::from(high - low + 1)) >> 64) as u64
}

/// Two thousand requests in microseconds, a fleet that changes, no limit on those that wait.
fn large_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Streams::new(seed, 1, 98).sequential(Purpose::Arrivals, 5);
    let mut case = random_case(kind, seed);
    let fleet = &mut case.fleet;
    fleet.queue.capacity = None;
    fleet.queue.timeout =
        (between(dice, 0, 2) == 0).then(|| Sampler::Constant(between(dice, 0, 3_000_000)));
    fleet.initial = between(dice, 0, 20) as u32;
    fleet.quota = None;
    fleet.grace = match between(dice, 0, 1) {
        0 => Span::MAX,
        _ => Span(between(dice, 0, 400_000)),
    };
    for stage in &mut fleet.cold_start {
        stage.length = Sampler::Exponential { mean_ns: 2e5 };
    }
    let slots = 12.0 * f64::from(fleet.concurrency);
    let demand = Sampler::Exponential { mean_ns: 1e5 };
    let gap = Sampler::Exponential { mean_ns: 1e5 / slots / (0.5 + 0.1 * (seed % 7) as f64) };
    let mut at = 0;
    case.requests = (0..2_000)
        .map(|_| {
            at += gap.draw(dice).0;
            (at, demand.draw(dice).0)
        })
        .collect();
    case.interval = at / between(dice, 5, 40) + 1;
    case.wakeups.clear();
    case.delay = between(dice, 0, 1) * between(dice, 0, at / 50);
    case.script = (0..between(dice, 1, 40)).map(|_| between(dice, 0, 30) as u32).collect();
    case.end = at + 1;
    case.drain = 1_000_000_000;
    case
}

/// Everything a run leaves.
fn outcome(case: &Case) -> (Vec<Record>, Outcome) {
    let mut setup = setup(case);
    setup.detail.timeline = Some(Span(case.interval / 3 + 1));
    records(setup)
}

/// What is different between a case's own plane and the general one, if anything.
fn difference(case: &Case) -> Option<String> {
    let mut general = case.clone();
    general.fleet.queue.timeout = Some(as_law(case.fleet.queue.timeout.as_ref()));
    let ((fast, a), (slow, b)) = (outcome(case), outcome(&general));
    let wrong = fast.iter().zip(&slow).position(|(a, b)| a != b);
    if let Some(at) = wrong {
        return Some(format!("request {at}: fast {:?}, general {:?}", fast[at], slow[at]));
    }
    (a != b || fast.len() != slow.len()).then(|| {
        let (a, b) = (&a.services[0], &b.services[0]);
        let interval = a.timeline.iter().zip(&b.timeline).find(|(a, b)| a != b);
        format!("{:?}\n{:?}\n{interval:?}", (a.counts, a.fleet), (b.counts, b.fleet))
    })
}

#[test]
fn every_fast_plane_equals_the_general_one_on_large_scenarios() {
    for kind in controlled() {
        for seed in seeds(40) {
            let found = difference(&large_case(kind, seed));
            assert_eq!(found, None, "{kind:?}, SEED {seed}");
        }
    }
}

#[test]
fn every_fast_plane_equals_the_general_one_on_small_scenarios_full_of_ties() {
    for kind in controlled() {
        for seed in seeds(300) {
            let mut case = random_case(kind, seed);
            case.fleet.queue.capacity = None;
            if case.fleet.queue.timeout.as_ref().is_some_and(|law| !law.is_constant()) {
                case.fleet.queue.timeout = None;
            }
            assert_eq!(difference(&case), None, "{kind:?}, SEED {seed}: {case:?}");
        }
    }
}

#[test]
fn replicas_fail_alike_on_every_plane() {
    for kind in controlled() {
        for seed in seeds(200) {
            let mut case = failing_case(kind, seed);
            (case.fleet.client, case.fleet.queue.capacity) = (None, None);
            case.fleet.loops.clear();
            case.fleet.failures.work = FailedWork::Lost;
            if case.fleet.queue.timeout.as_ref().is_some_and(|law| !law.is_constant()) {
                case.fleet.queue.timeout = None;
            }
            assert_eq!(difference(&case), None, "{kind:?}, SEED {seed}: {case:?}");
        }
        for seed in seeds(20) {
            let mut case = large_case(kind, seed);
            let at = |share: u64| Time(case.end / 10 * share);
            let (half, third) = (Portion::Share(0.5), Portion::Share(1.0 / 3.0));
            let outages = vec![
                Outage { at: at(4), kill: half, notice: Span::ZERO },
                Outage { at: at(7), kill: third, notice: Span(200_000) },
            ];
            let lifetime = Some(Sampler::Exponential { mean_ns: case.end as f64 / 5.0 });
            case.fleet.failures = FailureSpec { lifetime, outages, ..FailureSpec::default() };
            assert_eq!(difference(&case), None, "{kind:?}, SEED {seed}");
        }
    }
}

#[test]
fn the_large_scenarios_have_queues_losses_and_timeouts() {
    let mut total = Counts::default();
    for seed in 0..40 {
        let (_, outcome) = outcome(&large_case(Kind::Routed(RoutingRule::PowerOfTwo), seed));
        let counts = outcome.services[0].counts;
        total.completed += counts.completed;
        total.timed_out += counts.timed_out;
        total.lost += counts.lost;
        total.served_cold += counts.served_cold;
    }
    assert!(total.completed > 40_000 && total.timed_out > 500, "{total:?}");
    assert!(total.lost > 100 && total.served_cold > 100, "{total:?}");
}

/// The same case with every time so many times as long.
fn stretched(mut case: Case, factor: u64) -> Case {
    let law = |law: &mut Sampler| match law {
        Sampler::Constant(ns) => *ns *= factor,
        Sampler::Exponential { mean_ns } => *mean_ns *= factor as f64,
        _ => {}
    };
    for (arrival, demand) in &mut case.requests {
        (*arrival, *demand) = (*arrival * factor, *demand * factor);
    }
    let fleet = &mut case.fleet;
    fleet.cold_start.iter_mut().for_each(|stage| law(&mut stage.length));
    fleet.cold_demand.iter_mut().for_each(law);
    fleet.queue.timeout.iter_mut().for_each(law);
    fleet.launch_rate = None;
    if fleet.grace != Span::MAX {
        fleet.grace = Span(fleet.grace.0 * factor);
    }
    if let Scaling::PerRequest(scale) = &mut fleet.scaling {
        law(&mut scale.idle_expiry);
    }
    case.wakeups.iter_mut().for_each(|at| *at *= factor);
    case.interval *= factor;
    case.delay *= factor;
    (case.end, case.drain) = (case.end * factor, 2_000 * factor);
    case
}

#[test]
fn decades_between_requests_are_as_exact_as_nanoseconds() {
    // A winner tree holds instants exactly for years ahead, then moves on: here it moves often.
    for kind in kinds() {
        for seed in seeds(60) {
            let makes: [fn(Kind, u64) -> Case; 2] = [random_case, sharing_case];
            let shares = matches!(kind, Kind::Routed(_));
            for make in &makes[..1 + usize::from(shares)] {
                let case = stretched(make(kind, seed), 1 << 50);
                let (engine, _) = records(setup(&case));
                assert_eq!(simulate(&case), engine, "{kind:?}, SEED {seed}: {case:?}");
            }
        }
    }
}

#[test]
fn runs_that_are_cut_off_leave_the_same_requests_unfinished() {
    for kind in kinds() {
        for seed in seeds(150) {
            let case = Case { drain: seed % 50, ..random_case(kind, seed) };
            let (engine, _) = records(setup(&case));
            assert_eq!(simulate(&case), engine, "{kind:?}, SEED {seed}: {case:?}");
        }
    }
}
