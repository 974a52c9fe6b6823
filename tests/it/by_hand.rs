//! What a policy sees, what is measured and which luck is whose, worked out by hand on small runs.

use crate::naive::Case;
use crate::naive_equality::setup;
use autosim_engine::control::{Decision, Observation, Policy, SignalRef, Why};
use autosim_engine::fleet::{
    Balancing, ClientSpec, ColdStage, FailedWork, FailureSpec, FleetSpec, Outage, Portion, Restart,
    RetrySpec, RoutingRule, ScalePerRequest, Scaling, Slowdown, Slowdowns,
};
use autosim_engine::random::{Purpose, Sampler, Streams};
use autosim_engine::signal::{Metric, Missing, Probe, Reading, Sensor, Signal};
use autosim_engine::simulation::{
    Completion, DecisionLog, ServiceOutcome, Setup, Sink, Window, run, run_told,
};
use autosim_engine::units::{Span, Time};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn case(fleet: FleetSpec, requests: &[(u64, u64)], script: &[u32]) -> Case {
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
        end: 100,
        drain: 1_000,
    }
}

fn outcome(setup: Setup) -> ServiceOutcome {
    run(setup).expect("nothing halts a small run").services.remove(0)
}

// ---- luck ----

/// By launch: the stages of its cold start, and how long it lived if it failed.
fn launches(case: &Case) -> BTreeMap<u64, (Vec<Span>, Option<u64>)> {
    let mut setup = setup(case);
    setup.detail.decisions = DecisionLog::All;
    let told = outcome(setup).launches.kept.into_iter().map(|one| {
        let stages = one.stages.iter().map(|stage| stage.1).collect();
        let life = one.ready_at.zip(one.gone_at).map(|(ready, gone)| gone.since(ready).0);
        (one.number, (stages, life))
    });
    told.collect()
}

/// (rule 2)
#[test]
fn a_launch_draws_its_cold_start_and_its_life_whenever_it_is_ordered() {
    let stage = |name| ColdStage { name, length: Sampler::Exponential { mean_ns: 40.0 } };
    let lifetime = Some(Sampler::Exponential { mean_ns: 200.0 });
    let fleet = FleetSpec {
        cold_start: vec![stage("pull"), stage("boot")],
        failures: FailureSpec { lifetime, restart: Restart::Left, ..FailureSpec::default() },
        ..FleetSpec::default()
    };
    // Nobody leaves: who is gone has failed.
    let of = |script: &[u32]| {
        let mut case = case(fleet.clone(), &[], script);
        case.end = 2_000;
        launches(&case)
    };
    let (few, many) = (of(&[2, 3, 3, 3, 5]), of(&[1, 9]));
    let both: Vec<u64> = few.keys().filter(|&number| many.contains_key(number)).copied().collect();
    assert!(both.len() > 20, "{both:?}");
    let mut lives = 0;
    for number in both {
        let ((stages, life), (same, too)) = (&few[&number], &many[&number]);
        assert_eq!(stages, same, "launch {number}");
        if let (Some(life), Some(too)) = (life, too) {
            assert_eq!(life, too, "launch {number}");
            lives += 1;
        }
    }
    assert!(lives > 10, "{lives}");
}

/// How long each replica's first request took, by its place in the order of launches.
#[derive(Default)]
struct First(BTreeMap<u64, (u64, u64)>);

impl Sink for First {
    fn completed(&mut self, c: &Completion) {
        let served = (c.start.0, c.end.0 - c.start.0);
        let first = self.0.entry(c.replica).or_insert(served);
        *first = served.min(*first);
    }
}

/// The first request of a launch draws the same whoever it is, and that of the initial fleet nothing
/// (rules 2, 10).
#[test]
fn a_launch_draws_the_demand_of_its_first_request() {
    let of = |balancing: Balancing, script: &[u32]| {
        let fleet = FleetSpec {
            balancing,
            cold_demand: Some(Sampler::Exponential { mean_ns: 90.0 }),
            ..FleetSpec::default()
        };
        let requests: Vec<(u64, u64)> = (0..300).map(|n| (n, 7)).collect();
        let mut first = First::default();
        run_told(setup(&Case { end: 400, ..case(fleet, &requests, script) }), [], &mut first)
            .expect("a run");
        first.0.into_iter().map(|(replica, (_, length))| (replica, length)).collect::<Vec<_>>()
    };
    let planes = [
        Balancing::CentralQueue,
        Balancing::PerReplica(RoutingRule::RoundRobin),
        Balancing::PerReplica(RoutingRule::LeastOutstanding),
    ];
    let told = planes.map(|balancing| (of(balancing, &[3, 6]), of(balancing, &[6])));
    for (slow, fast) in &told {
        assert!(slow.len() == 6 && slow[0] == (0, 7), "{slow:?}");
        assert_eq!((slow, fast), (&told[0].0, slow));
    }
}

// ---- what a policy sees ----

/// Keeps what it is shown at each scrape: arrivals, completions and errors.
struct Watch(Arc<Mutex<Vec<[u64; 3]>>>);

impl Sensor for Watch {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let errors = probe.rejections + probe.timeouts + probe.lost;
        self.0.lock().unwrap().push([probe.arrivals, probe.completions, errors]);
    }
    fn sample(&mut self, _: Time, _: Option<f64>) {}
    fn reading(&mut self, at: Time) -> Reading {
        Reading { value: None, at }
    }
}

fn per_second(window: u64, resolution: u64) -> Signal {
    Signal::of(Metric::RequestsPerS, Span(window), Span(resolution))
}

/// (rule 16)
#[test]
fn signals_see_every_attempt_and_answers_nobody_waits_for() {
    let retries = RetrySpec {
        attempts: 2,
        delay: Span::ZERO,
        factor: 1.0,
        max_delay: Span::MAX,
        jitter: 0.0,
        budget: None,
    };
    let client = ClientSpec { timeout: Span(5), cancels: false, retries: Some(retries) };
    let fleet = FleetSpec { client: Some(client), ..FleetSpec::default() };
    let seen = Arc::new(Mutex::new(Vec::new()));
    // Given up and tried again at 5, when the first attempt is still in service, and given up at 10.
    let mut setup = setup(&case(fleet, &[(0, 10)], &[1]));
    setup.window.warmup = Time(50);
    let signal = SignalRef::own(per_second(7, 7));
    let sensor: Box<dyn Sensor> = Box::new(Watch(seen.clone()));
    setup.services[0].autoscaler.signals = vec![SignalRef { sensor: Some(sensor), ..signal }];
    let counts = outcome(setup).counts;
    assert_eq!((counts.arrived, counts.retries), (0, 0), "before the warm-up ends");
    let seen = seen.lock().unwrap();
    // At 7, 14 and 21.
    assert_eq!(seen[..3], [[2, 0, 0], [2, 1, 0], [2, 2, 0]]);
}

/// What is published at the instant of a control is seen by it, and what has its delay still to pass is
/// not (rules 1, 3).
#[test]
fn a_control_reads_what_was_scraped_at_its_instant() {
    let requests: Vec<(u64, u64)> = (0..40).map(|n| (n / 2, 1)).collect();
    for (delay, readings) in [(0, [Some(2e9), Some(2e9)]), (1, [None, Some(2e9)])] {
        let mut setup =
            setup(&case(FleetSpec { initial: 2, ..FleetSpec::default() }, &requests, &[2]));
        setup.detail.decisions = DecisionLog::All;
        let signal = Signal { delay: Span(delay), ..per_second(10, 10) };
        setup.services[0].autoscaler.signals = vec![SignalRef::own(signal)];
        let decisions = outcome(setup).decisions;
        let seen: Vec<Option<f64>> = decisions.iter().map(|one| one.readings[0].value).collect();
        assert_eq!(seen[..2], readings, "{delay}");
    }
}

/// Repeats the count it is shown, and keeps it.
#[derive(Clone)]
struct Shown(Arc<Mutex<Vec<u32>>>, u32);

impl Policy for Shown {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.0.lock().unwrap().push(seen.desired);
        seen.propose(self.1, Why::Plain)
    }
}

/// (rule 17)
#[test]
fn a_policy_is_shown_the_count_in_force() {
    let mut setup = setup(&case(FleetSpec::default(), &[], &[1]));
    let shown = Arc::new(Mutex::new(Vec::new()));
    setup.services[0].autoscaler.policy = Box::new(Shown(shown.clone(), 4));
    setup.services[0].autoscaler.actuation_delay = Span(15);
    outcome(setup);
    // Decided at 10, in force from 25 on.
    assert_eq!(shown.lock().unwrap()[..4], [1, 1, 4, 4]);
}

/// The first reading of each decision.
fn readings(mut setup: Setup, signal: Signal, outages: &[(u64, u64)]) -> Vec<Option<f64>> {
    setup.detail.decisions = DecisionLog::All;
    let outages = outages.iter().map(|&(from, until)| (Time(from), Time(until))).collect();
    setup.services[0].autoscaler.signals = vec![SignalRef { outages, ..SignalRef::own(signal) }];
    outcome(setup).decisions.iter().map(|one| one.readings[0].value).collect()
}

/// Instants of a loop that turns every `interval`, late by `median` at the median.
fn turns(interval: u64, median: f64, number: u32, seed: u64) -> Vec<Time> {
    let law = Sampler::Lognormal { mu: median.ln(), sigma: 10_f64.ln() / 2.326_347_874_040_841 };
    let mut rng = Streams::new(seed, 0, 0).sequential(Purpose::Drift, number);
    let next = |at: &Time| Some(at.after(Span(interval)).after(law.draw(&mut rng)));
    std::iter::successors(Some(Time::ZERO), next).skip(1).take(500).collect()
}

/// (rules 2, 51)
#[test]
fn each_turn_of_a_loop_that_drifts_comes_late_by_a_draw_of_its_own() {
    let of = |drift| {
        let long = Case { interval: 1_000, end: 50_000, ..case(FleetSpec::default(), &[], &[1]) };
        let mut setup = setup(&long);
        setup.detail.decisions = DecisionLog::All;
        let autoscaler = &mut setup.services[0].autoscaler;
        autoscaler.cadence.drift = Span(drift);
        let signal = SignalRef::own(per_second(300, 300));
        autoscaler.signals = vec![SignalRef { drift: Span(2 * drift), ..signal }];
        outcome(setup).decisions
    };
    let decisions = of(45);
    let (controls, scrapes) = (turns(1_000, 45.0, 0, 1), turns(300, 90.0, 1, 1));
    assert!(decisions.len() > 40 && decisions[40].at > Time(42_000), "{:?}", decisions[40].at);
    for (decision, at) in decisions.iter().zip(controls) {
        assert_eq!(decision.at, at);
        let newest = scrapes.iter().rev().find(|scrape| **scrape <= at);
        assert_eq!(Some(&decision.readings[0].at), newest);
    }
    assert_eq!(of(0)[40].at, Time(41_000));
}

/// One of two slots is busy; from 15 us up to 25 us it computes a quarter as much, or half as much again (rule 47).
#[test]
fn cpu_follows_the_cores_that_busy_slots_keep_busy() {
    for (cpu_of_request, cores, cpu, expected) in [
        (1.0, None, 0.25, [50.0, 31.25, 31.25, 50.0]),
        (0.5, Some(1.0), 0.25, [50.0, 31.25, 31.25, 50.0]),
        (0.1, Some(0.5), 1.5, [20.0, 25.0, 25.0, 20.0]),
    ] {
        let slowdown =
            Slowdown { at: Time(15_000), until: Time(25_000), factor: 4.0, cpu, every: 1 };
        let fleet = FleetSpec {
            concurrency: 2,
            slowdowns: Slowdowns::new(vec![slowdown]),
            ..FleetSpec::default()
        };
        let long = case(fleet, &[(0, 90_000)], &[1]);
        let mut setup = setup(&Case { interval: 10_000, end: 100_000, ..long });
        let resources = &mut setup.services[0].resources;
        (resources.cpu_of_request, resources.cores) = (cpu_of_request, cores);
        let signal = Signal::of(Metric::CpuPercent, Span(10_000), Span(10_000));
        let seen = readings(setup, signal, &[]);
        assert_eq!(seen[..4], expected.map(Some), "{cpu_of_request} {cores:?} {cpu}");
    }
}

/// Two requests a nanosecond up to 30 and one from then on, seen over 20; out at the scrapes of 20 and 30
/// (rule 48).
#[test]
fn what_happened_while_a_metric_was_out_is_never_seen() {
    let mut requests: Vec<(u64, u64)> = (0..60).map(|n| (n / 2, 1)).collect();
    requests.extend((30..100).map(|at| (at, 1)));
    let of = |delay, missing, outages: &[(u64, u64)]| {
        let fleet = FleetSpec { initial: 3, ..FleetSpec::default() };
        let signal = Signal { delay: Span(delay), missing, ..per_second(20, 10) };
        readings(setup(&case(fleet, &requests, &[3])), signal, outages)
    };
    let (two, one, none) = (Some(2e9), Some(1e9), None);
    let out = [(20, 40)];
    assert_eq!(of(0, Missing::NoData, &[])[..5], [two, two, two, Some(1.5e9), one]);
    assert_eq!(of(0, Missing::NoData, &out)[..5], [two, none, none, one, one]);
    assert_eq!(of(5, Missing::NoData, &out)[..5], [none, two, none, none, one]);
    assert_eq!(of(0, Missing::Value(0.0), &out)[..4], [two, Some(0.0), Some(0.0), one]);
    assert_eq!(of(0, Missing::Hold, &out)[..4], [two, two, two, one]);
}

// ---- what is measured ----

/// (rule 20)
#[test]
fn who_waited_for_a_replica_to_start_is_cold() {
    let length = Sampler::Constant(5);
    let cold_start = vec![ColdStage { name: "boot", length }];
    for balancing in [Balancing::CentralQueue, Balancing::PerReplica(RoutingRule::RoundRobin)] {
        let cold_start = cold_start.clone();
        let fleet = FleetSpec { initial: 0, cold_start, balancing, ..FleetSpec::default() };
        // Ready at 15: two came before, one at that instant, one after.
        let requests = [(3, 4), (14, 4), (15, 4), (40, 4)];
        let counts = outcome(setup(&case(fleet, &requests, &[1]))).counts;
        assert_eq!((counts.completed, counts.served_cold), (4, 2));
    }
}

/// Where no cold start but the law of the first request holds it, who starts a replica is cold (rule 20).
#[test]
fn who_starts_a_replica_at_once_is_cold_if_its_own_law_says_so() {
    for (cold_demand, cold) in [(Some(Sampler::Constant(9)), 2), (None, 0)] {
        let scaling = Scaling::PerRequest(ScalePerRequest {
            limit: 9,
            ..ScalePerRequest::after(Sampler::Constant(50))
        });
        let fleet = FleetSpec { initial: 0, scaling, cold_demand, ..FleetSpec::default() };
        // The second comes while the first is served, the third finds both idle.
        let counts = outcome(setup(&case(fleet, &[(1, 4), (2, 4), (30, 4)], &[0]))).counts;
        assert_eq!((counts.completed, counts.served_cold, counts.triggered_launch), (3, cold, 2));
    }
}

/// (rule 7)
#[test]
fn what_arrives_within_the_window_counts_and_what_outlasts_the_drain_limit_is_unfinished() {
    let mut setup =
        setup(&case(FleetSpec::default(), &[(9, 1), (10, 1), (98, 1), (99, 9), (100, 1)], &[1]));
    setup.window = Window { warmup: Time(10), end: Time(100), drain_limit: Span(5) };
    let service = outcome(setup);
    let counts = service.counts;
    assert_eq!((counts.arrived, counts.completed, counts.unfinished), (3, 2, 1));
    // In service at 10, 98 and 99.
    assert_eq!((service.fleet.busy_ns, service.fleet.window_ns), (3, 90));
}

/// (rule 11)
#[test]
fn a_reversal_is_an_action_in_the_other_direction() {
    let script = [2, 4, 4, 6, 7, 3, 4];
    let fleet = outcome(setup(&case(FleetSpec::default(), &[], &script))).fleet;
    assert_eq!((fleet.scale_outs, fleet.scale_ins, fleet.reversals), (5, 1, 2));
}

/// (rules 33, 42)
#[test]
fn time_in_service_is_wasted_if_nobody_gets_the_answer() {
    let client = |cancels| Some(ClientSpec { timeout: Span(5), cancels, retries: None });
    let outages = vec![Outage { at: Time(8), kill: Portion::Count(1), notice: Span::ZERO }];
    let failing = |work| FailureSpec { outages: outages.clone(), work, ..FailureSpec::default() };
    let of = |client, failures| FleetSpec { client, failures, ..FleetSpec::default() };
    for (fleet, wasted) in [
        (of(None, FailureSpec::default()), 0),
        (of(client(false), FailureSpec::default()), 10),
        (of(client(true), FailureSpec::default()), 5),
        (of(None, failing(FailedWork::Requeued)), 8),
    ] {
        let told = outcome(setup(&case(fleet.clone(), &[(0, 10)], &[1])));
        assert_eq!(told.presence.wasted_ns, wasted, "{fleet:?}");
    }
}
