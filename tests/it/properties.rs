//! What must hold whatever is simulated: nothing is lost count of, time averages are sums over
//! requests, money is replica time, more replicas are never slower, luck is common.

use crate::naive::Case;
use crate::naive_equality::{
    Kind, closed_loop_case, kinds, proxy_case, random_case, routed, setup, sharing_case,
};
use autosim_engine::control::SignalRef;
use autosim_engine::fleet::{Balancing, ColdStage, FailureSpec, FleetSpec, LoopSpec, RoutingRule};
use autosim_engine::random::{Distribution, Sampler, Streams};
use autosim_engine::signal::{Metric, Passed, Probe, Reading, Sensor, Signal};
use autosim_engine::simulation::{
    Completion, FleetTotals, Outcome, ServiceOutcome, Sink, Window, run_told,
};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Rate, Span, Time};
use autosim_engine::workload::Workload;

/// Everything that was heard, as (arrival, start, end of service).
#[derive(Default)]
struct Visits {
    /// `start` = `end` for those that never started.
    all: Vec<(u64, u64, u64)>,
    completed: Vec<(u64, u64, u64)>,
}

impl Sink for Visits {
    fn completed(&mut self, c: &Completion) {
        let visit = (c.arrival.0, c.start.0, c.end.0);
        self.all.push(visit);
        self.completed.push(visit);
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.all.push((arrival.0, at.0, at.0));
    }
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        self.all.push((arrival.0, start.min(at).0, at.0));
    }
}

/// Runs a case that counts from `warmup` on.
fn visit(case: &Case, warmup: u64) -> (ServiceOutcome, Visits) {
    let mut setup = setup(case);
    setup.window.warmup = Time(warmup);
    let mut visits = Visits::default();
    let Outcome { services, .. } =
        run_told(setup, [], &mut visits).expect("nothing halts a small run");
    (services.into_iter().next().expect("there is one service"), visits)
}

/// Random cases of every kind of balancing, and of sharing replicas, with a warm-up of a quarter.
fn for_each_case(mut check: impl FnMut(&Case, u64, &ServiceOutcome, &Visits)) {
    let makes: [fn(Kind, u64) -> Case; 2] = [random_case, sharing_case];
    let slots = kinds().map(|kind| (kind, makes[0]));
    for (kind, make) in slots.chain(routed().map(|kind| (kind, makes[1]))) {
        for seed in 1000..1080 {
            let case = make(kind, seed);
            let warmup = case.end / 4;
            let (outcome, visits) = visit(&case, warmup);
            check(&case, warmup, &outcome, &visits);
        }
    }
}

/// (rule 7)
#[test]
fn every_counted_request_has_exactly_one_fate() {
    for_each_case(|case, warmup, outcome, _| {
        let counted = case.requests.iter().filter(|r| (warmup..case.end).contains(&r.0)).count();
        let c = outcome.counts;
        assert_eq!(c.arrived, counted as u64, "SEED {}", case.seed);
        let fates = c.completed + c.timed_out + c.rejected + c.lost + c.unfinished;
        assert_eq!(c.arrived, fates, "SEED {}: {c:?}", case.seed);
        assert_eq!(c.completed, outcome.latency.latency.count(), "SEED {}", case.seed);
    });
}

#[test]
fn littles_law_leaves_no_residual() {
    let mut compared = 0;
    for_each_case(|case, warmup, outcome, visits| {
        let (fleet, told) = (&outcome.fleet, &outcome.presence);
        assert_eq!(fleet.queued_ns + fleet.in_flight_ns, told.system_ns, "SEED {}", case.seed);
        if let Some(queued_ns) = told.queued_ns {
            assert_eq!(fleet.queued_ns, queued_ns, "SEED {}: {case:?}", case.seed);
        }
        if outcome.counts.unfinished > 0 {
            return; // what never ends is not heard of
        }
        let within =
            |from: u64, to: u64| u128::from(to.min(case.end).saturating_sub(from.max(warmup)));
        let waiting: u128 = visits.all.iter().map(|v| within(v.0, v.1)).sum();
        let in_service: u128 = visits.all.iter().map(|v| within(v.1, v.2)).sum();
        assert_eq!(fleet.queued_ns, waiting, "waiting, SEED {}: {case:?}", case.seed);
        assert_eq!(fleet.in_flight_ns, in_service, "in service, SEED {}: {case:?}", case.seed);
        compared += 1;
    });
    assert!(compared > 500, "only {compared} cases were compared");
}

/// (rule 9)
#[test]
fn without_increment_and_minimum_the_bill_is_the_integral_of_replicas() {
    for_each_case(|case, _, outcome, _| {
        let FleetTotals { billed_ns, starting_ns, ready_ns, draining_ns, .. } = outcome.fleet;
        assert_eq!(billed_ns, outcome.fleet.allocated_ns, "SEED {}", case.seed);
        // What waits for the launch rate is ordered, and starting, but costs nothing yet.
        let held = starting_ns + ready_ns + draining_ns;
        if case.fleet.launch_rate.is_none() {
            assert_eq!(billed_ns, held, "SEED {}: {case:?}", case.seed);
        } else {
            assert!(billed_ns <= held, "SEED {}: {case:?}", case.seed);
        }
    });
}

#[test]
fn an_increment_and_a_minimum_only_add_to_the_bill() {
    for kind in kinds() {
        for seed in 1000..1040 {
            let mut case = random_case(kind, seed);
            let exact = visit(&case, 0).0.fleet.billed_ns;
            case.fleet.billing.increment = Span(7);
            let rounded = visit(&case, 0).0.fleet.billed_ns;
            case.fleet.billing.minimum = Span(40);
            let least = visit(&case, 0).0.fleet.billed_ns;
            assert!(exact <= rounded && rounded <= least, "{kind:?}, SEED {seed}");
        }
    }
}

/// A fixed fleet of `replicas` with one central queue and no limits.
fn fixed(seed: u64, replicas: u32) -> Case {
    let mut case = random_case(Kind::Central, seed);
    case.fleet = FleetSpec {
        concurrency: case.fleet.concurrency,
        initial: replicas,
        balancing: Balancing::CentralQueue,
        ..FleetSpec::default()
    };
    case.script = vec![replicas];
    case.activate = None;
    case
}

#[test]
fn more_replicas_are_never_slower() {
    for seed in 1000..1100 {
        for replicas in 1..5 {
            let starts = |replicas| {
                let mut visits = visit(&fixed(seed, replicas), 0).1.completed;
                visits.sort_unstable();
                visits
            };
            let (fewer, more) = (starts(replicas), starts(replicas + 1));
            assert_eq!(fewer.len(), more.len(), "SEED {seed}");
            let sorted = |visits: &[(u64, u64, u64)]| {
                let mut all: Vec<u64> = visits.iter().map(|v| v.1).collect();
                all.sort_unstable();
                all
            };
            let pairs = sorted(&fewer).into_iter().zip(sorted(&more));
            assert!(pairs.into_iter().all(|(a, b)| b <= a), "SEED {seed}, {replicas} replicas");
        }
    }
}

#[test]
fn histogram_quantiles_are_within_one_percent_of_the_exact_ones() {
    let laws = ["exponential = { mean = \"80ms\" }", "lognormal = { mean = \"2s\", cv = 3.0 }"];
    for law in laws {
        let law: Distribution = toml::from_str(law).expect("a law");
        let mut rng = Streams::new(5, 0, 0).sequential(autosim_engine::random::Purpose::Demand, 0);
        let mut exact = vec![0; 200_000];
        law.sampler().fill(&mut rng, &mut exact);
        let mut histogram = Histogram::new();
        exact.iter().for_each(|&ns| histogram.record(Span(ns)));
        exact.sort_unstable();
        for q in [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
            let rank = (q * exact.len() as f64).ceil() as usize;
            let (truth, seen) = (exact[rank - 1], histogram.quantile(q).expect("not empty").0);
            let error = seen.abs_diff(truth) as f64 / truth as f64;
            assert!(error <= 0.01, "{law:?}, q {q}: {seen} instead of {truth}");
        }
    }
}

/// (rule 2)
#[test]
fn policies_meet_the_same_requests() {
    let rate = Rate::per_second(50.0).expect("a rate");
    let law: Distribution = toml::from_str("exponential = { mean = \"80ms\" }").expect("a law");
    let workload = Workload::poisson(rate, &law);
    let met = |replication: u32, script: &[u32]| {
        let mut case = fixed(7, script[0]);
        case.interval = 1_000_000_000;
        case.script = script.to_vec();
        let mut setup = setup(&case);
        let end = Time::from_secs(60);
        setup.window = Window { warmup: Time::ZERO, end, drain_limit: Span::from_secs(3600) };
        setup.replication = replication;
        setup.services[0].arrivals =
            workload.requests(&Streams::new(setup.seed, replication, 0), end);
        let mut visits = Visits::default();
        run_told(setup, [], &mut visits).expect("a small run");
        let pairs = visits.completed.iter().map(|v| (v.0, v.2 - v.1));
        let mut requests: Vec<(u64, u64)> = pairs.collect();
        requests.sort_unstable();
        requests
    };
    let fixed = met(0, &[6]);
    assert!(fixed.len() > 2500);
    assert_eq!(fixed, met(0, &[9, 3, 12, 5, 8]), "another policy, other requests");
    assert_ne!(fixed, met(1, &[6]), "another replication, the same requests");
}

#[test]
fn every_user_of_a_closed_loop_thinks_or_waits() {
    let mut compared = 0;
    for (kind, seed) in kinds().flat_map(|kind| (1000..1200).map(move |seed| (kind, seed))) {
        let case = closed_loop_case(kind, seed);
        let loops = &case.fleet.loops;
        if loops.iter().any(|one| one.until < Time::NEVER) {
            continue; // who leaves when depends on the answer waited for
        }
        let warmup = case.end / 4;
        let (outcome, _) = visit(&case, warmup);
        let begins = loops.iter().flat_map(|one| (0..one.users).map(|user| one.begins(user).0));
        let present: u64 = begins.map(|at| case.end.saturating_sub(at.max(warmup))).sum();
        let spent = outcome.users.expect("there are users");
        assert_eq!(spent.thinking_ns + spent.waiting_ns, present.into(), "SEED {seed}: {case:?}");
        compared += u32::from(spent.waiting_ns > 0);
    }
    assert!(compared > 200, "{compared}");
}

/// (rule 2)
#[test]
fn a_user_thinks_and_asks_for_the_same_whoever_serves() {
    let user = LoopSpec {
        users: 1,
        think: Sampler::Exponential { mean_ns: 40.0 },
        demand: Sampler::Exponential { mean_ns: 30.0 },
        from: Time::ZERO,
        ramp_up: Span::ZERO,
        until: Time::NEVER,
        class: 0,
    };
    let cold_start = vec![ColdStage { name: "boot", length: Sampler::Constant(25) }];
    let slow = |balancing| FleetSpec {
        initial: 0,
        balancing,
        cold_start: cold_start.clone(),
        ..FleetSpec::default()
    };
    let fleets = [
        FleetSpec::default(),
        slow(Balancing::CentralQueue),
        slow(Balancing::PerReplica(RoutingRule::PowerOfTwo)),
    ];
    let told = fleets.map(|fleet| {
        let mut case = fixed(5, 1);
        case.requests.clear();
        (case.end, case.interval, case.script) = (5_000, 200, vec![1, 0, 1, 1]);
        case.fleet = FleetSpec { loops: vec![user.clone()], ..fleet };
        let (_, mut visits) = visit(&case, 0);
        visits.completed.sort_unstable();
        let asked = visits.completed.iter().map(|&(_, start, end)| end - start);
        let thought = visits.completed.windows(2).map(|pair| pair[1].0 - pair[0].2);
        let waited: u64 = visits.completed.iter().map(|&(arrival, start, _)| start - arrival).sum();
        (asked.collect::<Vec<_>>(), thought.collect::<Vec<_>>(), waited)
    });
    let [(asked, thought, _), others @ ..] = &told;
    for (other_asked, other_thought, waited) in others {
        let common = other_thought.len().min(thought.len());
        assert!(common > 40 && *waited > 50, "{common} {waited}");
        assert_eq!(asked[..common], other_asked[..common]);
        assert_eq!(thought[..common], other_thought[..common]);
    }
}

/// What a probe shows of requests past a proxy: all, the sum over ready replicas, and those present anyhow.
type Past = (Passed, u128, u128);

struct PastProxy(std::sync::Arc<std::sync::Mutex<Vec<Past>>>);

impl Sensor for PastProxy {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let direct = probe.direct.expect("there is a proxy");
        let each = direct.replicas.iter().map(|one| one.passed.present_ns).sum();
        let present_ns = probe.in_flight_ns + probe.queued_ns;
        self.0.lock().expect("one thread").push((direct.all, each, present_ns));
    }
    fn sample(&mut self, _: Time, _: Option<f64>) {}
    fn reading(&mut self, at: Time) -> Reading {
        Reading { value: None, at }
    }
}

/// Somebody is ready always, so that whoever goes past the proxy is at a replica. (rule 54)
#[test]
fn either_all_requests_come_past_the_proxy_or_none() {
    let mut compared = 0;
    for (kind, seed) in routed().flat_map(|kind| (0..60).map(move |seed| (kind, seed))) {
        for in_path in [true, false] {
            let mut case = proxy_case(kind, seed);
            case.in_path = vec![in_path];
            case.fleet.initial = case.fleet.initial.max(1);
            case.fleet.failures = FailureSpec::default();
            case.script.iter_mut().for_each(|count| *count = (*count).max(1));
            let log = std::sync::Arc::default();
            let mut setup = setup(&case);
            let signal = Signal::of(Metric::OngoingRequests, Span(7), Span(7));
            let watch = Some(Box::new(PastProxy(std::sync::Arc::clone(&log))) as _);
            let watch = SignalRef { sensor: watch, ..SignalRef::own(signal) };
            setup.services[0].autoscaler.signals = vec![watch];
            run_told(setup, [], &mut Visits::default()).expect("nothing halts a small run");
            for (all, each, present_ns) in log.lock().expect("one thread").iter() {
                let expected = if in_path { 0 } else { *present_ns };
                assert_eq!(all.present_ns, expected, "SEED {seed}: {case:?}");
                assert!(*each <= expected, "SEED {seed}: {case:?}");
                compared += usize::from(*each > 0);
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}
