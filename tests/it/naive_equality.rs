//! Is the engine identical, request by request, to the naive simulator on random scenarios?
//!
//! Times are small whole numbers of nanoseconds, so that ties abound. `AUTOSIM_SEED=n` runs one
//! scenario, `AUTOSIM_CASES=n` that many of each kind.

use crate::naive::{Case, Fate, Record, Try, simulate, simulate_classes, simulate_tries};
use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, Why};
use autosim_engine::fleet::{
    AtZero, Balancing, ClientSpec, ColdStage, Discipline, FailedWork, FailureSpec, FleetSpec,
    HandsOver, Intervention, LaunchRate, LoopSpec, Outage, Overflow, Portion, Probes, Proxy,
    QueueOrder, QueueSpec, Restart, RetryBudget, RetrySpec, RoutingRule, ScalePerRequest, Scaling,
    Slowdown, Slowdowns, VictimOrder, WhenFull,
};
use autosim_engine::random::{Generator, Purpose, Sampler, Streams};
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{
    Attempt, AttemptFate, Completion, DecisionLog, Detail, Outcome, Resolved, ServiceOutcome,
    ServiceSetup, Setup, Sink, Window, run_told,
};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::{Arrivals, BATCH, Batch};
use rand::Rng;

// ---- the engine's side ----

#[derive(Clone)]
struct Script {
    counts: Vec<u32>,
    in_path: Vec<bool>,
    asked: usize,
    activate: Option<u32>,
}

impl Policy for Script {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let count = self.counts[self.asked.min(self.counts.len() - 1)];
        self.asked += 1;
        seen.propose(count, Why::Plain)
    }
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let count = self.activate.unwrap_or(seen.desired);
        seen.propose(count, Why::Plain)
    }
    fn proxies(&self) -> bool {
        self.in_path.is_empty() || self.in_path[self.asked % self.in_path.len()]
    }
}

#[derive(Default)]
struct Fates(Vec<Record>, Vec<Try>);

impl Sink for Fates {
    fn completed(&mut self, c: &Completion) {
        let fate = Fate::Completed { start: c.start.0, end: c.end.0, replica: c.replica };
        self.0.push((c.arrival.0, fate));
    }
    fn rejected(&mut self, arrival: Time) {
        self.0.push((arrival.0, Fate::Rejected));
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.0.push((arrival.0, Fate::TimedOut { at: at.0 }));
    }
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        let start = (start < Time::NEVER).then_some(start.0);
        self.0.push((arrival.0, Fate::Lost { start, at: at.0 }));
    }
    fn unfinished(&mut self, arrival: Time) {
        self.0.push((arrival.0, Fate::Unfinished));
    }
    fn attempt(&mut self, attempt: &Attempt) {
        let instant = |time: Time| (time < Time::NEVER).then_some(time.0);
        let how = match attempt.fate {
            AttemptFate::Answered => "answered",
            AttemptFate::Unheard => "unheard",
            AttemptFate::Cancelled => "cancelled",
            AttemptFate::Refused => "refused",
            AttemptFate::TimedOut => "timed out",
            AttemptFate::Lost => "lost",
            AttemptFate::Open => "open",
        };
        self.1.push((attempt.arrival.0, instant(attempt.start), instant(attempt.end), how));
    }
}

/// The requests of a case, with their classes where there are several.
struct Classed {
    case: Case,
    taken: usize,
}

impl Arrivals for Classed {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        for &(arrival, demand) in self.case.requests.iter().skip(self.taken).take(BATCH) {
            batch.arrival_ns.push(arrival);
            batch.demand_ns.push(demand);
            if self.case.fleet.classes > 1 {
                batch.class.push(self.case.class_of(arrival, demand));
            }
        }
        self.taken += batch.len();
    }
}

/// A case as the engine takes it.
pub(crate) fn setup(case: &Case) -> Setup {
    let (counts, in_path) = (case.script.clone(), case.in_path.clone());
    let policy = Script { counts, in_path, asked: 0, activate: case.activate };
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: Box::new(Classed { case: case.clone(), taken: 0 }),
        fleet: case.fleet.clone(),
        resources: Resources { concurrency: case.fleet.concurrency, ..Resources::default() },
        autoscaler: Autoscaler {
            policy: Box::new(policy),
            signals: Vec::new(),
            cadence: Cadence::every(Span(case.interval)),
            actuation_delay: Span(case.delay),
            wakeups: case.wakeups.iter().map(|&at| Time(at)).collect(),
        },
        limits: Default::default(),
    };
    Setup {
        services: vec![service],
        window: Window { warmup: Time::ZERO, end: Time(case.end), drain_limit: Span(case.drain) },
        seed: case.seed,
        replication: 0,
        detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
        waiting_limit: 1_000_000,
        stop_after: None,
        cancel: None,
    }
}

/// What became of every request, sorted, and the outcome.
pub(crate) fn records(setup: Setup) -> (Vec<Record>, Outcome) {
    let (records, _, outcome) = records_and_tries(setup);
    (records, outcome)
}

fn records_and_tries(setup: Setup) -> (Vec<Record>, Vec<Try>, Outcome) {
    told(setup, [])
}

/// The same in stretches of any length.
fn in_stretches(setup: Setup, mean: u64, seed: u64) -> (Vec<Record>, Vec<Try>, Outcome) {
    let mut dice = Streams::new(seed, 3, 3).sequential(Purpose::Arrivals, 3);
    let length = Sampler::Exponential { mean_ns: mean as f64 };
    let next = |horizon: &Time| Some(horizon.after(length.draw(&mut dice)));
    told(setup, std::iter::successors(Some(Time::ZERO), next))
}

fn told(
    setup: Setup,
    horizons: impl IntoIterator<Item = Time>,
) -> (Vec<Record>, Vec<Try>, Outcome) {
    let mut fates = Fates::default();
    let outcome = run_told(setup, horizons, &mut fates).expect("nothing halts a small run");
    fates.0.sort_unstable();
    fates.1.sort_unstable();
    (fates.0, fates.1, outcome)
}

/// What the engine says, whole and in stretches, its counts and Little's law checked.
pub(crate) fn engine(case: &Case) -> (Vec<Record>, Vec<Try>) {
    let told = records_and_tries(setup(case));
    let mean = case.end / (1 + case.seed % 40) + 1;
    let stretched = in_stretches(setup(case), mean, case.seed);
    assert_eq!(told, stretched, "SEED {}: in stretches: {case:?}", case.seed);
    let (records, tries, outcome) = told;
    let service = &outcome.services[0];
    check_counts(&records, &service.counts, case);
    if case.fleet.has_clients() {
        let retries = tries.len() - records.len();
        assert_eq!(retries as u64, service.counts.retries, "SEED {}: {case:?}", case.seed);
        assert!(service.presence.queued_ns.is_some(), "attempts are told one by one");
    }
    check_stays(service, case);
    (records, tries)
}

/// Little's law, exactly.
fn check_stays(service: &ServiceOutcome, case: &Case) {
    let (fleet, told) = (&service.fleet, &service.presence);
    let queued_ns = told.queued_ns.unwrap_or(fleet.queued_ns);
    let integrals = [fleet.queued_ns + fleet.in_flight_ns, fleet.queued_ns];
    assert_eq!(integrals, [told.system_ns, queued_ns], "SEED {}: {case:?}", case.seed);
}

/// What the naive simulator says; where there are no clients nobody is told of attempts.
pub(crate) fn naive(case: &Case) -> (Vec<Record>, Vec<Try>) {
    let (records, tries) = simulate_tries(case);
    (records, if case.fleet.has_clients() { tries } else { Vec::new() })
}

/// What the sink was told and what the outcome counts are the same.
fn check_counts(records: &[Record], counts: &autosim_engine::simulation::Counts, case: &Case) {
    let count = |is: fn(&Fate) -> bool| records.iter().filter(|r| is(&r.1)).count() as u64;
    let told = [
        records.len() as u64,
        count(|fate| matches!(fate, Fate::Completed { .. })),
        count(|fate| matches!(fate, Fate::TimedOut { .. })),
        count(|fate| matches!(fate, Fate::Rejected)),
        count(|fate| matches!(fate, Fate::Lost { .. })),
        count(|fate| matches!(fate, Fate::Unfinished)),
    ];
    let counted = [
        counts.arrived,
        counts.completed,
        counts.timed_out,
        counts.rejected,
        counts.lost,
        counts.unfinished,
    ];
    assert_eq!(told, counted, "SEED {}: sink and outcome differ: {case:?}", case.seed);
}

// ---- random scenarios ----

/// Small whole numbers from a stream.
struct Dice(Generator);

impl Dice {
    /// Uniform in `[0, n)`.
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }
    /// Uniform in `[low, high]`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    fn count(&mut self, low: u64, high: u64) -> u32 {
        self.between(low, high) as u32
    }
    fn law(&mut self, low: u64, high: u64) -> Sampler {
        let ns = self.between(low, high);
        if self.one_in(2) {
            Sampler::Constant(ns)
        } else {
            Sampler::Exponential { mean_ns: ns as f64 }
        }
    }
    fn maybe<T>(&mut self, one_in: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(one_in).then(|| make(self))
    }
}

/// How requests find a slot, or start one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Central,
    Routed(RoutingRule),
    PerRequest,
}

/// The kinds with a queue per replica: whatever rule there is.
pub(crate) fn routed() -> impl Iterator<Item = Kind> {
    RoutingRule::ALL.iter().map(|&rule| Kind::Routed(rule))
}

/// The kinds whose replicas a policy starts and removes.
pub(crate) fn controlled() -> impl Iterator<Item = Kind> {
    std::iter::once(Kind::Central).chain(routed())
}

/// All kinds, each tried equally often.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    controlled().chain([Kind::PerRequest])
}

const fn balancing(kind: Kind) -> Balancing {
    match kind {
        Kind::Central | Kind::PerRequest => Balancing::CentralQueue,
        Kind::Routed(rule) => Balancing::PerReplica(rule),
    }
}

fn scaling(kind: Kind, dice: &mut Dice) -> Scaling {
    if kind != Kind::PerRequest {
        return Scaling::Controlled;
    }
    Scaling::PerRequest(ScalePerRequest {
        idle_expiry: dice.law(0, 40),
        max_lifetime: dice.maybe(2, |dice| dice.law(0, 120)),
        minimum: dice.count(0, 2),
        limit: if dice.one_in(3) { u32::MAX } else { dice.count(1, 4) },
        overflow: if dice.one_in(2) { Overflow::Wait } else { Overflow::Reject },
    })
}

fn fleet(kind: Kind, dice: &mut Dice) -> FleetSpec {
    let stage = |dice: &mut Dice| ColdStage { name: "boot", length: dice.law(0, 30) };
    let victims = [VictimOrder::FewestInFlight, VictimOrder::Newest, VictimOrder::Oldest];
    FleetSpec {
        concurrency: if dice.one_in(2) { 1 } else { dice.count(2, 4) },
        initial: dice.count(0, 3),
        cold_start: (0..dice.below(3)).map(|_| stage(dice)).collect(),
        cold_demand: dice.maybe(4, |dice| dice.law(1, 20)),
        quota: dice.maybe(4, |dice| dice.count(1, 6)),
        launch_rate: dice.maybe(4, |dice| LaunchRate {
            launches: dice.count(1, 3),
            per: Span(dice.between(1, 60)),
        }),
        grace: dice.maybe(2, |dice| Span(dice.below(30))).unwrap_or(Span::MAX),
        victims: victims[dice.below(3) as usize],
        balancing: balancing(kind),
        scaling: scaling(kind, dice),
        queue: QueueSpec {
            capacity: dice.maybe(3, |dice| dice.below(8)),
            timeout: dice.maybe(2, |dice| dice.law(0, 40)),
            at_zero: if dice.one_in(4) { AtZero::Reject } else { AtZero::Wait },
            ..QueueSpec::default()
        },
        ..FleetSpec::default()
    }
}

pub(crate) fn random_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 99).sequential(Purpose::Arrivals, 7));
    let fleet = fleet(kind, dice);
    let (gap, demand) = (dice.between(1, 12), dice.between(1, 25));
    let mut at = 0;
    let requests: Vec<(u64, u64)> = (0..dice.between(5, 90))
        .map(|_| {
            at += if dice.one_in(12) { dice.below(120) } else { dice.below(gap + 1) };
            (at, if dice.one_in(30) { 0 } else { dice.between(1, demand) })
        })
        .collect();
    let mut wakeups: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(200)).collect();
    wakeups.sort_unstable();
    wakeups.dedup();
    let script = (0..dice.between(1, 14)).map(|_| dice.count(0, 5)).collect();
    Case {
        seed,
        requests,
        fleet,
        interval: dice.between(3, 60),
        wakeups,
        script,
        in_path: Vec::new(),
        activate: dice.maybe(2, |dice| dice.count(0, 3)),
        delay: if dice.one_in(4) { dice.below(30) } else { 0 },
        end: if dice.one_in(4) { at.max(1) } else { at + 1 },
        drain: 20_000,
    }
}

fn client(dice: &mut Dice) -> ClientSpec {
    ClientSpec {
        timeout: dice.maybe(5, |_| Span::MAX).unwrap_or_else(|| Span(dice.between(1, 40))),
        cancels: dice.one_in(2),
        retries: (!dice.one_in(4)).then(|| RetrySpec {
            attempts: dice.count(1, 5),
            delay: Span(dice.below(20)),
            factor: [1.0, 1.5, 2.0][dice.below(3) as usize],
            max_delay: dice.maybe(2, |dice| Span(dice.below(60))).unwrap_or(Span::MAX),
            jitter: [0.0, 0.5, 1.0][dice.below(3) as usize],
            budget: dice.maybe(2, |dice| RetryBudget {
                millionths: dice.below(1_500_000),
                burst: dice.count(0, 4),
            }),
        }),
    }
}

/// A random case whose clients give up and try again.
pub(crate) fn random_client_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 97).sequential(Purpose::Arrivals, 7));
    let mut case = random_case(kind, seed);
    case.fleet.client = Some(client(dice));
    case
}

fn users(dice: &mut Dice) -> LoopSpec {
    LoopSpec {
        users: dice.count(1, 6),
        think: dice.law(0, 30),
        demand: dice.law(0, 25),
        from: Time(if dice.one_in(2) { 0 } else { dice.below(100) }),
        ramp_up: Span(if dice.one_in(2) { 0 } else { dice.below(50) }),
        until: if dice.one_in(2) { Time::NEVER } else { Time(dice.below(400)) },
        class: 0,
    }
}

/// A random case with users in closed loops, most of them alone, many of them with clients.
pub(crate) fn closed_loop_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 95).sequential(Purpose::Arrivals, 7));
    let mut case = if dice.one_in(2) { random_client_case } else { random_case }(kind, seed);
    case.fleet.loops = (0..dice.between(1, 3)).map(|_| users(dice)).collect();
    if dice.one_in(2) {
        case.requests.clear();
        case.end = dice.between(50, 600);
    }
    case
}

// ---- comparison ----

fn failures(dice: &mut Dice) -> FailureSpec {
    let outage = |dice: &mut Dice| Outage {
        at: Time(dice.between(1, 250)),
        kill: match dice.one_in(2) {
            true => Portion::Count(dice.count(0, 3)),
            false => Portion::Share(dice.below(5) as f64 / 4.0),
        },
        notice: dice.maybe(2, |dice| Span(dice.below(25))).unwrap_or_default(),
    };
    FailureSpec {
        lifetime: (!dice.one_in(4)).then(|| dice.law(3, 120)),
        outages: (0..dice.below(3)).map(|_| outage(dice)).collect(),
        work: if dice.one_in(2) { FailedWork::Lost } else { FailedWork::Requeued },
        restart: if dice.one_in(3) { Restart::Left } else { Restart::Replaced },
    }
}

/// A random case whose replicas fail; a third of them with clients, a third with users in closed loops.
pub(crate) fn failing_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 96).sequential(Purpose::Arrivals, 7));
    let mut case = match dice.below(3) {
        0 => random_client_case(kind, seed),
        1 => closed_loop_case(kind, seed),
        _ => random_case(kind, seed),
    };
    case.fleet.failures = failures(dice);
    // The naive simulator never forgets a replica.
    case.drain = 500;
    case
}

/// A random case whose replicas are started by requests and fail by themselves.
pub(crate) fn failing_per_request_case(kind: Kind, seed: u64) -> Case {
    let mut case = failing_case(kind, seed);
    case.fleet.failures.outages.clear();
    case
}

/// A random case whose replicas fail, with all they hold, while requests share them.
pub(crate) fn failing_sharing_case(kind: Kind, seed: u64) -> Case {
    let failures =
        FailureSpec { work: FailedWork::Lost, ..failing_case(kind, seed).fleet.failures };
    let mut case = sharing_case(kind, seed);
    (case.fleet.failures, case.drain) = (failures, 500);
    case
}

/// A random case with classes of requests; some with clients, closed loops and failures.
pub(crate) fn classes_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 94).sequential(Purpose::Arrivals, 7));
    let mut case = match dice.below(3) {
        0 => failing_case(kind, seed),
        1 => random_client_case(kind, seed),
        _ => random_case(kind, seed),
    };
    let fleet = &mut case.fleet;
    fleet.classes = dice.between(2, 4) as u8;
    for users in &mut fleet.loops {
        users.class = dice.below(fleet.classes.into()) as u8;
    }
    fleet.queue.order = if dice.one_in(4) { QueueOrder::FirstCome } else { QueueOrder::Priority };
    fleet.queue.when_full = if dice.one_in(2) { WhenFull::PushOut } else { WhenFull::Refuse };
    if dice.one_in(2) {
        fleet.queue.capacity = Some(dice.below(6));
    }
    case
}

/// A random case in which requests share their replicas.
pub(crate) fn sharing_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 97).sequential(Purpose::Arrivals, 7));
    let mut case = random_case(kind, seed);
    let limit = dice.maybe(2, |dice| case.fleet.concurrency + dice.count(0, 3));
    case.fleet.discipline = Discipline::Sharing { limit };
    case.fleet.queue.capacity = None;
    case.fleet.queue.timeout = dice.maybe(2, |dice| Sampler::Constant(dice.below(40)));
    case
}

/// A random case with a proxy before its replicas, mostly in the path; some with all that can happen to requests.
pub(crate) fn proxy_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 92).sequential(Purpose::Arrivals, 7));
    let makes = [random_case, random_client_case, closed_loop_case, failing_case, classes_case];
    let mut case = makes[dice.below(5) as usize](kind, seed);
    let most = dice.count(1, 4);
    let ways = [HandsOver::Freely, HandsOver::ToFirst(most), HandsOver::InTurn(most)];
    let latency = dice.maybe(2, |dice| Span(dice.below(9))).unwrap_or_default();
    case.fleet.proxy = Some(Proxy { hands_over: ways[dice.below(3) as usize], latency });
    case.fleet.queue.replica_capacity = dice.maybe(2, |dice| dice.count(0, 4));
    case.in_path = (0..dice.below(6)).map(|_| !dice.one_in(3)).collect();
    case
}

/// A random case of any kind that is slowed down now and then, and whose count somebody else sets.
pub(crate) fn scripted_case(kind: Kind, seed: u64) -> Case {
    let dice = &mut Dice(Streams::new(seed, 0, 93).sequential(Purpose::Arrivals, 7));
    let make = match (kind, dice.below(6)) {
        (Kind::Routed(_), 0) => failing_sharing_case,
        (Kind::Routed(_), 1) => sharing_case,
        (Kind::Routed(_) | Kind::Central, 2) => failing_case,
        (Kind::Routed(_) | Kind::Central, 3) => classes_case,
        (_, 4) => random_client_case,
        (_, _) => random_case,
    };
    let mut case = make(kind, seed);
    let mut at = 0;
    let shares = case.fleet.discipline != Discipline::Slots;
    let slowdown = |_| {
        at += dice.below(80);
        let (from, lasts) = (at, dice.between(1, 70));
        at += lasts;
        let factor = [1.5, 2.0, 3.0, 7.25][dice.below(4) as usize];
        let every = if shares { 1 } else { dice.count(1, 3) };
        Slowdown { at: Time(from), until: Time(at), factor, cpu: 1.0 / factor, every }
    };
    case.fleet.slowdowns = Slowdowns::new((0..4).map(slowdown).collect());
    if !case.fleet.cold_start.is_empty() {
        case.fleet.readiness = dice.maybe(2, |dice| Probes {
            first: Span(dice.below(20)),
            period: Span(dice.between(1, 15)),
            in_a_row: dice.count(1, 2),
        });
    }
    let intervention = |_| Intervention { at: Time(dice.below(250)), replicas: dice.count(0, 5) };
    case.fleet.interventions = (0..2).map(intervention).collect();
    case
}

/// One simplification of a case.
type Simplify = fn(&mut Case);

/// What is tried to make a failing case smaller.
const SIMPLER: [Simplify; 38] = [
    |case| {
        if let Scaling::PerRequest(scale) = &mut case.fleet.scaling {
            scale.max_lifetime = None;
        }
    },
    |case| case.in_path.clear(),
    |case| case.fleet.queue.replica_capacity = None,
    |case| {
        let proxy = case.fleet.proxy.as_mut();
        proxy.into_iter().for_each(|proxy| proxy.latency = Span::ZERO);
    },
    |case| case.fleet.slowdowns = Slowdowns::default(),
    |case| case.fleet.interventions.clear(),
    |case| case.fleet.classes = 1,
    |case| case.fleet.queue.order = QueueOrder::Priority,
    |case| case.fleet.queue.when_full = WhenFull::Refuse,
    |case| case.fleet.loops.clear(),
    |case| case.fleet.loops.truncate(1),
    |case| case.fleet.loops.iter_mut().for_each(|one| one.users = 1.max(one.users - 1)),
    |case| case.fleet.failures.lifetime = None,
    |case| case.fleet.failures.outages.clear(),
    |case| case.fleet.failures.outages.truncate(1),
    |case| case.fleet.failures.restart = Restart::Replaced,
    |case| case.fleet.client = None,
    |case| with_client(case, |client| client.retries = None),
    |case| with_client(case, |client| client.cancels = false),
    |case| with_retries(case, |retries| retries.budget = None),
    |case| with_retries(case, |retries| (retries.jitter, retries.factor) = (0.0, 1.0)),
    |case| case.fleet.quota = None,
    |case| case.fleet.launch_rate = None,
    |case| case.fleet.cold_demand = None,
    |case| case.fleet.readiness = None,
    |case| {
        case.fleet.cold_start.clear();
        case.fleet.readiness = None;
    },
    |case| case.fleet.cold_start.truncate(1),
    |case| case.fleet.grace = Span::MAX,
    |case| case.fleet.concurrency = 1,
    |case| case.fleet.victims = VictimOrder::FewestInFlight,
    |case| case.fleet.queue.capacity = None,
    |case| case.fleet.queue.timeout = None,
    |case| case.fleet.queue.at_zero = AtZero::Wait,
    |case| case.activate = None,
    |case| case.wakeups.clear(),
    |case| case.delay = 0,
    |case| case.end = case.requests.last().map_or(1, |last| last.0 + 1),
    |case| case.script.truncate(1.max(case.script.len() - 1)),
];

fn with_client(case: &mut Case, change: fn(&mut ClientSpec)) {
    case.fleet.client.as_mut().into_iter().for_each(change);
}

fn with_retries(case: &mut Case, change: fn(&mut RetrySpec)) {
    let client = case.fleet.client.as_mut();
    client.and_then(|client| client.retries.as_mut()).into_iter().for_each(change);
}

/// Leaves out requests and features one by one for as long as the two still differ.
fn shrink(mut case: Case) -> Case {
    let fails = |case: &Case| naive(case) != engine(case);
    for _ in 0..3 {
        for at in (0..case.requests.len()).rev() {
            let mut smaller = case.clone();
            smaller.requests.remove(at);
            if fails(&smaller) {
                case = smaller;
            }
        }
        for simplify in SIMPLER.iter().chain([&SIMPLER[36]; 12]) {
            let mut simpler = case.clone();
            simplify(&mut simpler);
            if fails(&simpler) {
                case = simpler;
            }
        }
    }
    case
}

/// What is different, if anything.
fn difference(kind: Kind, case: Case) -> Option<String> {
    if naive(&case) == engine(&case) {
        return None;
    }
    let case = shrink(case);
    let (naive, engine) = (naive(&case), engine(&case));
    let fates: Vec<_> = naive.0.iter().zip(&engine.0).filter(|(a, b)| a != b).collect();
    let tries: Vec<_> = naive.1.iter().zip(&engine.1).filter(|(a, b)| a != b).collect();
    Some(format!("{kind:?}, SEED {}: {case:?}\n(naive, engine): {fates:?}\n{tries:?}", case.seed))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seeds to try, `usual` many unless the environment says otherwise.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    match number("AUTOSIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("AUTOSIM_CASES").unwrap_or(usual),
    }
}

fn compare_all(kind: Kind, make: fn(Kind, u64) -> Case) {
    let seeds = seeds(600);
    let tried = seeds.end - seeds.start;
    let wrong: Vec<String> = seeds.filter_map(|seed| difference(kind, make(kind, seed))).collect();
    let smallest = wrong.iter().min_by_key(|text| text.len());
    assert!(wrong.is_empty(), "{} of {tried} differ; {}", wrong.len(), smallest.unwrap());
}

#[test]
fn central_queue_equals_the_naive_simulator() {
    compare_all(Kind::Central, random_case);
}

#[test]
fn every_routing_rule_equals_the_naive_simulator() {
    routed().for_each(|kind| compare_all(kind, random_case));
}

#[test]
fn scale_per_request_equals_the_naive_simulator() {
    compare_all(Kind::PerRequest, random_case);
}

#[test]
fn slowdowns_and_counts_from_outside_equal_the_naive_simulator_on_every_balancing() {
    kinds().for_each(|kind| compare_all(kind, scripted_case));
}

#[test]
fn a_proxy_equals_the_naive_simulator_whoever_chooses_without_it() {
    routed().for_each(|kind| compare_all(kind, proxy_case));
}

#[test]
fn sharing_equals_the_naive_simulator_whoever_chooses_the_replica() {
    routed().for_each(|kind| compare_all(kind, sharing_case));
}

#[test]
fn the_random_scenarios_reach_every_fate() {
    let mut seen = [0_u32; 5];
    for kind in kinds() {
        for seed in 0..60 {
            for (_, fate) in simulate(&random_case(kind, seed)) {
                let index = match fate {
                    Fate::Completed { .. } => 0,
                    Fate::Rejected => 1,
                    Fate::TimedOut { .. } => 2,
                    Fate::Lost { .. } => 3,
                    Fate::Unfinished => 4,
                };
                seen[index] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}

#[test]
fn clients_that_try_again_equal_the_naive_simulator_on_every_balancing() {
    for kind in kinds() {
        compare_all(kind, random_client_case);
    }
}

#[test]
fn the_random_clients_make_attempts_of_every_fate() {
    let mut seen = std::collections::BTreeMap::new();
    let mut retries = 0;
    for kind in kinds() {
        for seed in 0..60 {
            let (records, tries) = simulate_tries(&random_client_case(kind, seed));
            retries += tries.len() - records.len();
            for (.., how) in tries {
                *seen.entry(how).or_insert(0) += 1;
            }
        }
    }
    let kinds = ["answered", "cancelled", "lost", "refused", "timed out", "unheard"];
    assert!(kinds.iter().all(|how| seen.get(how).is_some_and(|&count| count > 150)), "{seen:?}");
    assert!(retries > 3000, "{retries}");
}

#[test]
fn closed_loops_equal_the_naive_simulator_on_every_balancing() {
    for kind in kinds() {
        compare_all(kind, closed_loop_case);
    }
}

#[test]
fn the_random_closed_loops_send_and_meet_every_fate() {
    let (mut sent, mut retries) = (0, 0);
    let mut seen = std::collections::BTreeMap::new();
    for kind in kinds() {
        for seed in 0..60 {
            let case = closed_loop_case(kind, seed);
            let from_outside = case.requests.iter().filter(|request| request.0 < case.end).count();
            let (records, tries) = simulate_tries(&case);
            sent += records.len() - from_outside;
            retries += tries.len() - records.len();
            for (.., how) in tries {
                *seen.entry(how).or_insert(0) += 1;
            }
        }
    }
    let kinds = ["answered", "cancelled", "lost", "refused", "timed out", "unheard"];
    assert!(kinds.iter().all(|how| seen.get(how).is_some_and(|&count| count > 100)), "{seen:?}");
    assert!(sent > 10_000 && retries > 1000, "{sent} {retries}");
}

#[test]
fn classes_of_requests_equal_the_naive_simulator_on_every_balancing() {
    for kind in controlled() {
        compare_all(kind, classes_case);
    }
}

/// What is told by class: class, arrival, start and end where it was served, else the fate's name.
type OfClass = (u8, u64, Option<(u64, u64)>, &'static str);

#[derive(Default)]
struct ByClass(Vec<OfClass>);

impl Sink for ByClass {
    fn resolved(&mut self, class: u8, arrival: Time, what: Resolved) {
        let (served, name) = match what {
            Resolved::Completed(start, end) => (Some((start.0, end.0)), "completed"),
            Resolved::Rejected => (None, "rejected"),
            Resolved::TimedOut => (None, "timed out"),
            Resolved::Lost => (None, "lost"),
            Resolved::Unfinished => (None, "unfinished"),
        };
        self.0.push((class, arrival.0, served, name));
    }
}

#[test]
fn every_fate_is_told_by_class_too() {
    let mut pushed_out = 0;
    for kind in controlled() {
        for seed in 0..120 {
            let case = classes_case(kind, seed);
            let mut told = ByClass::default();
            let outcome = run_told(setup(&case), [], &mut told).expect("nothing halts a small run");
            let mut expected: Vec<OfClass> = simulate_classes(&case)
                .into_iter()
                .map(|(class, (arrival, fate))| match fate {
                    Fate::Completed { start, end, .. } => {
                        (class, arrival, Some((start, end)), "completed")
                    }
                    Fate::Rejected => (class, arrival, None, "rejected"),
                    Fate::TimedOut { .. } => (class, arrival, None, "timed out"),
                    Fate::Lost { .. } => (class, arrival, None, "lost"),
                    Fate::Unfinished => (class, arrival, None, "unfinished"),
                })
                .collect();
            expected.sort_unstable();
            told.0.sort_unstable();
            assert_eq!(told.0, expected, "{kind:?}, SEED {seed}: {case:?}");
            let service = &outcome.services[0];
            let by_class = service.classes.iter();
            let rejected: u64 = by_class.clone().map(|one| one.counts.rejected).sum();
            let waits: u128 = by_class.clone().map(|one| one.latency.wait_sum_ns).sum();
            let arrived: u64 = by_class.map(|one| one.counts.arrived).sum();
            let whole = &service.counts;
            assert_eq!((arrived, rejected), (whole.arrived, whole.rejected));
            assert_eq!(waits, service.latency.wait_sum_ns);
            if case.fleet.queue.when_full == WhenFull::PushOut {
                pushed_out += rejected;
            }
        }
    }
    assert!(pushed_out > 500, "{pushed_out}");
}

#[test]
fn replicas_that_fail_equal_the_naive_simulator_on_every_balancing() {
    for kind in controlled() {
        compare_all(kind, failing_case);
    }
    for kind in routed() {
        compare_all(kind, failing_sharing_case);
    }
}

/// (rules 32, 33, 52)
#[test]
fn replicas_that_requests_start_fail_as_in_the_naive_simulator() {
    compare_all(Kind::PerRequest, failing_per_request_case);
}

#[test]
fn the_random_failures_lose_work_and_put_it_back() {
    let (mut failed, mut lost, mut put_back) = (0, 0, 0);
    for kind in kinds() {
        for seed in 0..60 {
            let case = match kind {
                Kind::PerRequest => failing_per_request_case(kind, seed),
                Kind::Central | Kind::Routed(_) => failing_case(kind, seed),
            };
            let (_, outcome) = records(setup(&case));
            let service = &outcome.services[0];
            failed += service.fleet.failures;
            lost += service.counts.lost;
            let requeued = case.fleet.failures.work == FailedWork::Requeued;
            put_back += u64::from(requeued && service.presence.wasted_ns > 0);
        }
    }
    assert!(failed > 1_000 && lost > 300 && put_back > 50, "{failed} {lost} {put_back}");
}

#[test]
fn work_of_a_rush_that_outlasts_it_is_put_back_as_it_was() {
    // Sixty are served at once; by the first control three are left, of different lengths. Then all
    // replicas fail.
    let requests: Vec<(u64, u64)> = (0..60)
        .map(|number| (1 + number / 20, if number % 25 == 9 { 200 + number } else { 5 }))
        .collect();
    let outages = vec![Outage { at: Time(50), kill: Portion::Share(1.0), notice: Span::ZERO }];
    let failures = FailureSpec { outages, work: FailedWork::Requeued, ..FailureSpec::default() };
    let mut case = random_case(Kind::Central, 1);
    let cold_start = vec![ColdStage { name: "boot", length: Sampler::Constant(9) }];
    case.fleet = FleetSpec { initial: 60, cold_start, failures, ..FleetSpec::default() };
    (case.requests, case.interval, case.end, case.drain) = (requests, 20, 600, 500);
    (case.script, case.delay) = (vec![60], 0);
    case.wakeups.clear();
    let (records, _) = engine(&case);
    let late = records
        .iter()
        .filter(|record| matches!(record.1, Fate::Completed { start: 59, end, .. } if end >= 259));
    assert_eq!(late.count(), 3, "{records:?}");
    assert_eq!(engine(&case).0, naive(&case).0);
}
