//! The replicas of one service: who exists, in which state, since when, and what it adds up to.

use super::launches::{Launch, LaunchBook, Launches, OrderedBy};
use super::replica::{Replica, ReplicaId, State};
use super::{ColdStage, FleetSpec, LaunchRate, PROVISION, PULL, VictimOrder};
use crate::random::{Generator, Purpose, Streams};
use crate::units::{Span, Time};

/// Counts of replicas by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetCensus {
    /// Ordered and not yet ready.
    pub starting: u32,
    /// Serving.
    pub ready: u32,
    /// Finishing.
    pub draining: u32,
}

impl FleetCensus {
    /// Starting plus ready.
    pub const fn live(self) -> u32 {
        self.starting + self.ready
    }

    /// Changes the count of those in a state.
    fn count(&mut self, state: State, change: impl FnOnce(&mut u32)) {
        match state {
            State::Starting { .. } => change(&mut self.starting),
            State::Ready { .. } => change(&mut self.ready),
            State::Draining { .. } => change(&mut self.draining),
            State::Gone => {}
        }
    }
}

/// Integrals of the census since the start, in replica-nanoseconds, up to the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetIntegrals {
    /// Of starting replicas.
    pub starting_ns: u128,
    /// Of ready replicas.
    pub ready_ns: u128,
    /// Of draining replicas.
    pub draining_ns: u128,
}

/// What was done to the fleet within the measured window, and what it costs. A replica is launched, cancelled
/// or gone in the window if that instant lies in it, whenever the others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetLedger {
    /// Billed replica-nanoseconds.
    pub billed_ns: u128,
    /// Replica-nanoseconds from launch to gone, as far as they lie in the window.
    pub allocated_ns: u128,
    /// Replicas launched.
    pub launches: u64,
    /// Replicas cancelled before they were ready.
    pub cancelled: u64,
    /// Orders refused by the quota.
    pub refused: u64,
    /// Replicas gone, cancelled ones included.
    pub removed: u64,
    /// Sum of their whole lives from launch to gone, before the window too.
    pub removed_life_ns: u128,
    /// Most live replicas at once before the window ends, warm-up included.
    pub peak_live: u32,
}

/// How far a replica came when, on its way to be ready; for the initial fleet the start of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Start {
    /// When it had a place to run: the end of the stage `provision`, else its launch.
    pub placed_at: Time,
    /// When it began to run: the end of the stage `pull`, else when it had a place.
    pub runs_from: Time,
}

impl Start {
    /// Of a cold start that has no such stages.
    const fn at(launched_at: Time) -> Self {
        Self { placed_at: launched_at, runs_from: launched_at }
    }

    /// A stage of the cold start ends.
    fn passes(&mut self, stage: &str, at: Time) {
        match stage {
            PROVISION => *self = Self::at(at),
            PULL => self.runs_from = at,
            _ => {}
        }
    }
}

/// The replicas of one service. Every change says when; times never decrease.
#[derive(Debug, Clone)]
pub struct Fleet {
    spec: FleetSpec,
    streams: Streams,
    replicas: Vec<Replica>,
    /// When each had a place, and began to run; by id.
    starts: Vec<Start>,
    unused: Vec<ReplicaId>,
    census: FleetCensus,
    integrals: FleetIntegrals,
    integrated_to: Time,
    ledger: FleetLedger,
    /// Ready replicas from each instant on, where that is kept.
    supply: Option<Vec<(Time, u32)>>,
    /// Launches one by one, where they are kept.
    launches: Option<LaunchBook>,
    /// [warm-up, end).
    window: (Time, Time),
    next_ordinal: u64,
    /// How often the set of ready replicas has changed.
    ready_changes: u64,
    /// Ready replicas that failed so far.
    failures: u64,
    /// When the launch rate's bucket would be full again (generic cell rate algorithm, ITU-T I.371).
    bucket_full_at: Time,
}

impl Fleet {
    /// No replica yet; `window` is what is billed and counted.
    pub fn new(spec: FleetSpec, streams: Streams, window: (Time, Time)) -> Self {
        Self {
            spec,
            streams,
            replicas: Vec::new(),
            starts: Vec::new(),
            unused: Vec::new(),
            census: FleetCensus::default(),
            integrals: FleetIntegrals::default(),
            integrated_to: Time::ZERO,
            ledger: FleetLedger::default(),
            supply: None,
            launches: None,
            window,
            next_ordinal: 0,
            ready_changes: 0,
            failures: 0,
            bucket_full_at: Time::ZERO,
        }
    }

    /// Keeps every change of the number of ready replicas from now on.
    pub fn keep_supply(&mut self) {
        self.supply = Some(Vec::new());
    }
    /// What was kept: ready replicas from each instant on at which their number changed.
    pub fn take_supply(&mut self) -> Vec<(Time, u32)> {
        self.supply.take().unwrap_or_default()
    }
    /// Keeps the launches from now on.
    pub fn keep_launches(&mut self) {
        self.launches = Some(LaunchBook::default());
    }
    /// What was kept of them.
    pub fn take_launches(&mut self) -> Launches {
        self.launches.take().map_or_else(Launches::default, LaunchBook::close)
    }
    fn note_supply(&mut self, now: Time) {
        if let Some(supply) = &mut self.supply {
            supply.pop_if(|last| last.0 == now);
            supply.push((now, self.census.ready));
        }
    }

    /// What it is like.
    pub fn spec(&self) -> &FleetSpec {
        &self.spec
    }
    /// Counts now, exactly and without delay (rule 3).
    pub fn census(&self) -> FleetCensus {
        self.census
    }
    /// What it adds up to so far.
    pub fn ledger(&self) -> FleetLedger {
        self.ledger
    }
    /// A replica's launch ordinal.
    pub fn ordinal(&self, id: ReplicaId) -> u64 {
        self.replicas[id.index()].ordinal
    }
    /// A replica's state.
    pub fn state(&self, id: ReplicaId) -> State {
        self.replicas[id.index()].state
    }
    /// When a ready or draining replica fails; [`Time::NEVER`] = not by itself.
    pub fn fails_at(&self, id: ReplicaId) -> Time {
        self.replicas[id.index()].fails_at
    }
    pub(super) fn streams(&self) -> &Streams {
        &self.streams
    }
    /// How often the set of ready replicas has changed: equal numbers mean equal sets.
    pub fn ready_changes(&self) -> u64 {
        self.ready_changes
    }
    /// Ready replicas that failed, or were told that they will, so far.
    pub fn failures(&self) -> u64 {
        self.failures
    }
    /// When a replica reached the stages of its start.
    pub fn start(&self, id: ReplicaId) -> Start {
        self.starts[id.index()]
    }
    /// Those that start, in launch order.
    pub fn starting(&self) -> Vec<ReplicaId> {
        self.ids(|replica| matches!(replica.state, State::Starting { .. }))
    }
    /// The ready replicas in launch order.
    pub fn ready(&self) -> Vec<ReplicaId> {
        self.ready_among(|_| true)
    }
    /// Those of them whose launch ordinals are asked for.
    pub fn ready_among(&self, asked: impl Fn(u64) -> bool) -> Vec<ReplicaId> {
        self.ids(|replica| matches!(replica.state, State::Ready { .. }) && asked(replica.ordinal))
    }
    /// Integrals of the census up to `now`.
    pub fn integrals(&mut self, now: Time) -> FleetIntegrals {
        self.integrate(now);
        self.integrals
    }

    fn integrate(&mut self, now: Time) {
        let length = u128::from(now.since(self.integrated_to).0);
        if length > 0 {
            self.integrals.starting_ns += length * u128::from(self.census.starting);
            self.integrals.ready_ns += length * u128::from(self.census.ready);
            self.integrals.draining_ns += length * u128::from(self.census.draining);
            self.integrated_to = now;
        }
    }

    fn counted(&self, now: Time) -> bool {
        now >= self.window.0 && now < self.window.1
    }

    fn add(&mut self, launched_at: Time, start: Start, state: State) -> ReplicaId {
        let ordinal = self.next_ordinal;
        let fails_at = match state {
            State::Ready { since } => self.failure_at(since, ordinal),
            State::Starting { .. } | State::Draining { .. } | State::Gone => Time::NEVER,
        };
        let replica = Replica { ordinal, launched_at, state, fails_at };
        self.next_ordinal += 1;
        if let Some(id) = self.unused.pop() {
            self.replicas[id.index()] = replica;
            self.starts[id.index()] = start;
            return id;
        }
        self.replicas.push(replica);
        self.starts.push(start);
        ReplicaId((self.replicas.len() - 1) as u32)
    }

    /// A replica of the initial fleet: ready at the start; it draws its life, but no cold start (rule 2).
    pub fn add_initial(&mut self) -> ReplicaId {
        self.census.ready += 1;
        self.ready_changes += 1;
        self.note_supply(Time::ZERO);
        self.note_peak(Time::ZERO);
        self.add(Time::ZERO, Start::default(), State::Ready { since: Time::ZERO })
    }

    /// Orders one replica (rule 5). `None` if the quota refuses it; else its id and when it will be ready.
    pub fn order(&mut self, now: Time, by: OrderedBy) -> Option<(ReplicaId, Time)> {
        self.integrate(now);
        let granted = self.census.live() + self.census.draining;
        if self.spec.quota.is_some_and(|quota| granted >= quota) {
            self.ledger.refused += u64::from(self.counted(now));
            return None;
        }
        let launch = self.launch_of(self.next_ordinal).1;
        let launched_at = self.launch_instant(now);
        let (mut start, mut ready_at) = (Start::at(launched_at), launched_at);
        for (stage, span) in self.stages(launch) {
            ready_at += span;
            start.passes(stage, ready_at);
        }
        self.census.starting += 1;
        self.ledger.launches += u64::from(self.counted(now));
        self.note_peak(now);
        let id = self.add(launched_at, start, State::Starting { ready_at });
        self.note_launch(now, by, launch, id);
        Some((id, ready_at))
    }

    fn note_launch(&mut self, now: Time, by: OrderedBy, number: u64, id: ReplicaId) {
        match &mut self.launches {
            None => return,
            Some(book) if book.is_full() => return book.leave_out(),
            Some(_) => {}
        }
        let stages = self.stages(number).collect();
        let launched_at = self.replicas[id.index()].launched_at;
        let (ready_at, gone_at) = (None, None);
        let launch = Launch { number, by, ordered_at: now, launched_at, stages, ready_at, gone_at };
        if let Some(book) = &mut self.launches {
            book.add(id, launch);
        }
    }

    /// Whether a replica ordered now would be ready now.
    pub fn is_ready_at_once(&self, now: Time) -> bool {
        let launch = self.launch_of(self.next_ordinal).1;
        self.next_launch(now) == now && self.stages(launch).all(|(_, span)| span.is_zero())
    }

    fn note_peak(&mut self, now: Time) {
        if now < self.window.1 {
            self.ledger.peak_live = self.ledger.peak_live.max(self.census.live());
        }
    }

    /// When the launch rate lets the next launch go: now, while the bucket is not empty (rule 25).
    fn next_launch(&self, now: Time) -> Time {
        let Some(rate) = self.spec.launch_rate else { return now };
        let slack = Self::gap(rate).0.saturating_mul(u64::from(rate.launches.saturating_sub(1)));
        now.max(self.bucket_full_at.before(Span(slack)))
    }

    /// Takes the next launch from the launch rate; orders go in turn (rule 25).
    fn launch_instant(&mut self, now: Time) -> Time {
        let at = self.next_launch(now);
        if let Some(rate) = self.spec.launch_rate {
            self.bucket_full_at = self.bucket_full_at.max(at) + Self::gap(rate);
        }
        at
    }

    /// A replica that never got to its launch leaves the launch rate, and its ordinal, to the next
    /// (rule 26). Cancelling goes from the newest to the oldest, so the last one granted is given back first.
    fn give_back_launch(&mut self, now: Time, id: ReplicaId) {
        let replica = &self.replicas[id.index()];
        if replica.launched_at > now
            && replica.ordinal + 1 == self.next_ordinal
            && let Some(rate) = self.spec.launch_rate
        {
            self.next_ordinal -= 1;
            self.bucket_full_at = self.bucket_full_at.before(Self::gap(rate));
        }
    }

    /// Time in which the launch rate allows one more launch, to the nanosecond below.
    fn gap(rate: LaunchRate) -> Span {
        Span(rate.per.0 / u64::from(rate.launches.max(1)))
    }

    /// The cold start of the `launch`-th launch, stage by stage: the same for every policy (rule 2). The last stage
    /// ends when the replica is found ready (rule 57).
    fn stages(&self, launch: u64) -> impl Iterator<Item = (&'static str, Span)> + '_ {
        let cold_start = self.spec.cold_start.as_slice();
        let rng = (!cold_start.is_empty())
            .then(|| -> Generator { self.streams.keyed(Purpose::ColdStart, 0, launch) });
        let draw = |rng: &mut Option<Generator>, stage: &ColdStage| {
            rng.as_mut().map_or(Span::ZERO, |rng| stage.length.draw(rng))
        };
        let last = cold_start.len().saturating_sub(1);
        let one = move |(rng, runs): &mut (Option<Generator>, Span),
                        (at, stage): (usize, &ColdStage)| {
            let mut length = draw(rng, stage);
            let before_it_runs = [PROVISION, PULL].contains(&stage.name);
            debug_assert!(at < last || self.spec.readiness.is_none() || !before_it_runs);
            if let Some(probes) = self.spec.readiness.filter(|_| at == last) {
                length = Span(probes.find(Span(runs.0.saturating_add(length.0))).0 - runs.0);
            }
            runs.0 = if before_it_runs { 0 } else { runs.0.saturating_add(length.0) };
            Some((stage.name, length))
        };
        cold_start.iter().enumerate().scan((rng, Span::ZERO), one)
    }

    /// A replica changes its state; the time until `now` counts for the old one.
    fn enter(&mut self, now: Time, id: ReplicaId, state: State) {
        self.integrate(now);
        let left = std::mem::replace(&mut self.replicas[id.index()].state, state);
        self.census.count(left, |count| *count -= 1);
        self.census.count(state, |count| *count += 1);
        if matches!(left, State::Ready { .. }) != matches!(state, State::Ready { .. }) {
            self.ready_changes += 1;
            self.note_supply(now);
        }
    }

    /// The starting replica of that launch ordinal is ready. False if it was cancelled meanwhile; its id
    /// may live again, in a replica that may be due at `now` too, but in its own turn.
    pub fn make_ready(&mut self, now: Time, id: ReplicaId, ordinal: u64) -> bool {
        let replica = &self.replicas[id.index()];
        if replica.ordinal != ordinal || replica.state != (State::Starting { ready_at: now }) {
            return false;
        }
        self.replicas[id.index()].fails_at = self.failure_at(now, ordinal);
        self.enter(now, id, State::Ready { since: now });
        if let Some(book) = &mut self.launches {
            book.ready(now, id);
        }
        true
    }

    /// A starting replica is cancelled and gone at once.
    pub fn cancel(&mut self, now: Time, id: ReplicaId) {
        let State::Starting { .. } = self.state(id) else {
            debug_assert!(false, "only a starting replica is cancelled");
            return;
        };
        self.give_back_launch(now, id);
        self.ledger.cancelled += u64::from(self.counted(now));
        self.end(now, id, None);
    }

    /// A ready replica takes no new requests; returns when it will be killed: its grace ends, or it fails
    /// (rules 5, 32).
    pub fn drain(&mut self, now: Time, id: ReplicaId) -> Time {
        let State::Ready { since } = self.state(id) else {
            debug_assert!(false, "only a ready replica drains");
            return now;
        };
        self.enter(now, id, State::Draining { ready_since: since });
        now.after(self.spec.grace).min(self.fails_at(id))
    }

    /// A replica fails no later than `at`.
    pub(super) fn bring_failure_forward(&mut self, id: ReplicaId, at: Time) {
        let fails_at = &mut self.replicas[id.index()].fails_at;
        *fails_at = at.min(*fails_at);
    }

    pub(super) fn count_failure(&mut self) {
        self.failures += 1;
    }

    /// A draining replica is gone.
    pub fn gone(&mut self, now: Time, id: ReplicaId) {
        let State::Draining { ready_since } = self.state(id) else {
            debug_assert!(false, "only a draining replica goes");
            return;
        };
        self.end(now, id, Some(ready_since));
    }

    fn end(&mut self, now: Time, id: ReplicaId, ready_at: Option<Time>) {
        let launched_at = self.replicas[id.index()].launched_at;
        self.bill(launched_at, ready_at, now);
        if self.counted(now) {
            self.ledger.removed += 1;
            self.ledger.removed_life_ns += u128::from(now.since(launched_at).0);
        }
        self.enter(now, id, State::Gone);
        if let Some(book) = &mut self.launches {
            book.gone(now, id);
        }
        self.unused.push(id);
    }

    fn bill(&mut self, launched_at: Time, ready_at: Option<Time>, gone_at: Time) {
        let billed = self.spec.billing.billed_ns(launched_at, ready_at, gone_at, self.window);
        self.ledger.billed_ns += u128::from(billed);
        let allocated = gone_at.min(self.window.1).since(launched_at.max(self.window.0));
        self.ledger.allocated_ns += u128::from(allocated.0);
    }

    /// Bills what still exists when the run is over, as if it lived on (rule 9).
    pub fn close(&mut self) {
        let rest: Vec<_> = self.replicas.iter().map(|r| (r.launched_at, r.state)).collect();
        for (launched_at, state) in rest {
            let ready_at = match state {
                State::Gone => continue,
                State::Starting { ready_at } => Some(ready_at),
                State::Ready { since } => Some(since),
                State::Draining { ready_since } => Some(ready_since),
            };
            self.bill(launched_at, ready_at, Time::NEVER);
        }
    }

    /// The `count` starting replicas to cancel first: newest first (rule 5).
    pub fn starting_victims(&self, count: u32) -> Vec<ReplicaId> {
        self.starting().into_iter().rev().take(count as usize).collect()
    }

    /// The `count` ready replicas to drain (rules 5, 24), given each one's requests in flight.
    pub fn ready_victims(&self, count: u32, load: impl Fn(ReplicaId) -> u64) -> Vec<ReplicaId> {
        let mut ready = self.ready();
        match self.spec.victims {
            VictimOrder::Oldest => {}
            VictimOrder::Newest => ready.reverse(),
            VictimOrder::FewestInFlight => {
                ready.reverse();
                ready.sort_by_cached_key(|id| load(*id));
            }
        }
        ready.truncate(count as usize);
        ready
    }

    /// Replicas that are wanted, in launch order (rule 13).
    fn ids(&self, wanted: impl Fn(&Replica) -> bool) -> Vec<ReplicaId> {
        let all = self.replicas.iter().enumerate();
        let mut ids: Vec<_> =
            all.filter(|(_, r)| wanted(r)).map(|(at, r)| (r.ordinal, at as u32)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, at)| ReplicaId(at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::ColdStage;
    use crate::random::Sampler;

    /// One replica in each state at 5: ordered at 0 with a cold start of 5, then ready, draining and gone.
    fn in_state(state: &str) -> (Fleet, ReplicaId) {
        let spec = FleetSpec {
            initial: 0,
            cold_start: vec![ColdStage { name: "cold_start", length: Sampler::Constant(5) }],
            grace: Span(20),
            ..FleetSpec::default()
        };
        let mut fleet = Fleet::new(spec, Streams::new(1, 0, 0), (Time::ZERO, Time(1000)));
        let (id, _) = fleet.order(Time::ZERO, OrderedBy::Rollout).unwrap();
        let steps = ["starting", "ready", "draining", "gone"].iter().position(|&one| one == state);
        let steps = steps.unwrap();
        if steps > 0 {
            fleet.make_ready(Time(5), id, 0);
        }
        if steps > 1 {
            fleet.drain(Time(5), id);
        }
        if steps > 2 {
            fleet.gone(Time(5), id);
        }
        (fleet, id)
    }

    #[test]
    fn every_row_of_the_table_of_a_life_holds() {
        let (ready, draining) =
            (State::Ready { since: Time(5) }, State::Draining { ready_since: Time(5) });
        let starting = State::Starting { ready_at: Time(5) };
        type Change = fn(&mut Fleet, ReplicaId);
        let is_ready: Change = |fleet, id| assert!(fleet.make_ready(Time(5), id, 0));
        let is_not: Change = |fleet, id| assert!(!fleet.make_ready(Time(5), id, 0));
        let late: Change = |fleet, id| assert!(!fleet.make_ready(Time(6), id, 0));
        let cancel: Change = |fleet, id| fleet.cancel(Time(6), id);
        let gone: Change = |fleet, id| fleet.gone(Time(6), id);
        let drain: Change = |fleet, id| assert_eq!(fleet.drain(Time(6), id), Time(26));
        let reclaim: Change = |fleet, id| assert_eq!(fleet.reclaim(Time(6), id, Span(3)), Time(9));
        let fail: Change = |fleet, id| fleet.fail(Time(6), id);
        // State, what happens, state after, and then starting, ready and draining replicas.
        for (before, change, after, counts) in [
            ("starting", is_ready, ready, [0, 1, 0]),
            ("starting", late, starting, [1, 0, 0]),
            ("starting", cancel, State::Gone, [0, 0, 0]),
            ("ready", is_not, ready, [0, 1, 0]),
            ("ready", drain, draining, [0, 0, 1]),
            ("ready", reclaim, draining, [0, 0, 1]),
            ("ready", fail, draining, [0, 0, 1]),
            ("draining", is_not, draining, [0, 0, 1]),
            ("draining", gone, State::Gone, [0, 0, 0]),
            ("gone", is_not, State::Gone, [0, 0, 0]),
        ] {
            let (mut fleet, id) = in_state(before);
            change(&mut fleet, id);
            let FleetCensus { starting, ready, draining } = fleet.census();
            assert_eq!((fleet.state(id), [starting, ready, draining]), (after, counts), "{before}");
        }
    }

    #[test]
    fn an_order_takes_the_number_of_a_replica_that_is_gone() {
        let (mut fleet, id) = in_state("gone");
        assert_eq!(fleet.order(Time(7), OrderedBy::Rollout), Some((id, Time(12))));
        assert_eq!(fleet.ordinal(id), 1);
        let (mut fleet, id) = in_state("draining");
        assert_ne!(fleet.order(Time(7), OrderedBy::Rollout).unwrap().0, id);
    }

    #[test]
    fn a_cancelled_replica_does_not_make_the_next_one_with_its_id_ready() {
        let length = Sampler::Constant(10);
        let spec = FleetSpec {
            initial: 0,
            cold_start: vec![ColdStage { name: "cold_start", length }],
            ..FleetSpec::default()
        };
        let mut fleet = Fleet::new(spec, Streams::new(1, 0, 0), (Time::ZERO, Time(1000)));
        let (first, due) = fleet.order(Time(5), OrderedBy::Rollout).unwrap();
        fleet.cancel(Time(5), first);
        let (second, as_due) = fleet.order(Time(5), OrderedBy::Rollout).unwrap();
        // The same place and the same instant, but another replica.
        assert_eq!((first, due), (second, as_due));
        assert!(!fleet.make_ready(due, second, 0));
        assert_eq!(fleet.census().ready, 0);
        assert!(fleet.make_ready(due, second, 1));
        assert_eq!(fleet.census().ready, 1);
    }
}
