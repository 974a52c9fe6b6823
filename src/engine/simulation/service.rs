//! One service while it runs: its plane, its fleet, its autoscaler, its record.

mod audience;
mod failing;
mod flowing;
mod hindsight;
mod noting;
mod rolling;

use self::audience::Audience;
use self::hindsight::Hindsight;
use super::facts::RunFacts;
use super::incoming::Incoming;
use super::outcome::{DecisionRecord, FleetTotals, Interval, ServiceOutcome};
use super::recorder::Recorder;
use super::rollout::Rollout;
use super::setup::{DecisionLog, Halt, ServiceSetup, Window};
use crate::control::{Autoscaler, Decision};
use crate::fleet::dispatch::{Gauges, Interruption, Plane, Sink, Stop};
use crate::fleet::{Fleet, FleetIntegrals, FleetLedger, OrderedBy, ReplicaId};
use crate::random::Streams;
use crate::signal::{Census, Observation, Probe, Reading, ReplicaLoad, Resources, Sensor};
use crate::units::Time;
use crate::workload::Flow;

/// What a service looks like at an instant: everything time averages are made of.
#[derive(Debug, Clone, Copy, Default)]
struct Snapshot {
    at: Time,
    gauges: Gauges,
    integrals: FleetIntegrals,
    arrivals: u64,
    counters: super::recorder::Counters,
    /// The same, attempt by attempt.
    seen: super::recorder::Counters,
    audience: Audience,
    /// Ready replicas that failed.
    failures: u64,
}

/// What will happen to replicas, for the calendar.
pub(super) enum Change {
    /// Fails at an instant still to come, if it is ready then.
    Failing(ReplicaId, u64, Time),
    /// Ready at an instant still to come.
    Coming(ReplicaId, u64, Time),
    /// Gone at an instant still to come.
    Going(ReplicaId, Time),
}

/// See the module's description.
pub(super) struct Service {
    pub(super) name: String,
    plane: Plane,
    fleet: Fleet,
    incoming: Incoming,
    /// What comes in place of requests; the plane is then that of a flow.
    inflow: Option<Box<Flow>>,
    recorder: Recorder,
    rollout: Rollout,
    resources: Resources,
    pub(super) autoscaler: Autoscaler,
    readings: Vec<Reading>,
    /// The ready replicas one by one, where a sensor wants them.
    replicas: Option<Vec<ReplicaLoad>>,
    /// The set of ready replicas its sensors were last told of.
    told_of: u64,
    /// Whether that set was empty.
    nobody_ready: bool,
    /// Requests taken at the last control that asked.
    taken_at_control: u64,
    /// Decisions on their way to the fleet.
    pub(super) orders_under_way: u32,
    window: Window,
    log: DecisionLog,
    /// What the last actuated decision asked for.
    pub(super) desired: u32,
    uncapped: u32,
    capped_since: Option<Time>,
    last_reason: Option<(crate::control::Stage, u32)>,
    last_direction: i8,
    opened: Snapshot,
    closed: Snapshot,
    interval_began: Snapshot,
    totals: FleetTotals,
    timeline: Vec<Interval>,
    decisions: Vec<DecisionRecord>,
    /// A copy of its policy, where decisions are kept.
    hindsight: Option<Hindsight>,
    clock: Time,
}

/// Whether [`Service::advance`] got where it was to go.
pub(super) enum Advance {
    /// It did.
    Reached,
    /// A request found no live replica at this instant.
    Starved(Time),
    /// Too many requests wait.
    TooMany(Time),
}

impl Service {
    pub(super) fn new(mut setup: ServiceSetup, index: u32, run: &RunFacts) -> Self {
        let streams = Streams::new(run.seed, run.replication, index);
        let window = run.window;
        for users in &mut setup.fleet.loops {
            users.until = users.until.min(window.end);
        }
        if setup.fleet.scales_per_request() {
            // Requests start and remove replicas: nothing else does.
            setup.fleet.rollouts.clear();
            setup.fleet.failures.outages.clear();
        }
        let inflow = setup.arrivals.take_flow();
        let plane = match &inflow {
            Some(flow) => flowing::plane(&setup.fleet, flow, streams),
            None => Plane::new(&setup.fleet, streams, run.waiting_limit),
        };
        let patience = setup.fleet.queue.timeout.clone();
        let incoming = Incoming::new(setup.arrivals, &plane, patience, &streams, window.end);
        let (initial, clients) = (setup.fleet.initial, setup.fleet.has_clients());
        let mut fleet = Fleet::new(setup.fleet, streams, (window.warmup, window.end));
        if run.supply {
            fleet.keep_supply();
        }
        if matches!(run.log, DecisionLog::Changes | DecisionLog::All) {
            fleet.keep_launches();
        }
        let signals = &setup.autoscaler.signals;
        let hindsight =
            (run.log != DecisionLog::Off).then(|| Hindsight::of(&*setup.autoscaler.policy));
        let recorder = Recorder::new(window, setup.slo, run.quantiles[index as usize], clients)
            .with_classes(fleet.spec().classes);
        Self {
            readings: vec![Reading::default(); signals.len()],
            replicas: run.one_by_one[index as usize].then(Vec::new),
            told_of: 0,
            nobody_ready: initial == 0,
            taken_at_control: 0,
            orders_under_way: 0,
            name: setup.name,
            plane,
            desired: initial,
            uncapped: initial,
            fleet,
            incoming,
            inflow,
            recorder,
            rollout: Rollout::Idle,
            resources: setup.resources,
            autoscaler: setup.autoscaler,
            window,
            log: run.log,
            capped_since: None,
            last_reason: None,
            last_direction: 0,
            opened: Snapshot::default(),
            closed: Snapshot::default(),
            interval_began: Snapshot::default(),
            totals: FleetTotals::default(),
            timeline: Vec::new(),
            decisions: Vec::new(),
            hindsight,
            clock: Time::ZERO,
        }
    }

    /// The initial fleet takes its place.
    pub(super) fn begin(&mut self, changes: &mut Vec<Change>, observer: &mut impl Sink) {
        for _ in 0..self.fleet.spec().initial {
            let id = self.fleet.add_initial();
            self.plane.launched(id, &self.fleet);
            let sink = &mut (&mut self.recorder, &mut *observer);
            self.plane.join(Time::ZERO, id, &self.fleet, sink);
            self.note_failure(id, changes);
        }
    }

    /// Serves everything before `barrier` and what completes at it.
    pub(super) fn advance(&mut self, barrier: Time, observer: &mut impl Sink) -> Advance {
        if barrier < self.clock {
            return Advance::Reached;
        }
        if self.inflow.is_some() {
            return self.advance_flow(barrier, observer);
        }
        let sink = &mut (&mut self.recorder, observer);
        loop {
            let requests = self.incoming.before(barrier);
            if requests.arrival_ns.is_empty() {
                break;
            }
            let count = requests.arrival_ns.len();
            let stop = self.plane.arrive(requests, barrier, &mut self.fleet, sink);
            let last = |taken: usize| Time(requests.arrival_ns[taken - 1]);
            let (taken, by) = match stop {
                Stop::Taken => {
                    self.incoming.advance(count);
                    continue;
                }
                Stop::Starved(taken) => (taken, Interruption::Starved(last(taken))),
                Stop::TooMany(taken) => (taken, Interruption::TooMany(last(taken))),
                Stop::Interrupted(taken, by) => (taken, by),
            };
            self.incoming.advance(taken);
            return self.interrupted(by);
        }
        if let Some(by) = self.plane.reach(barrier, &mut self.fleet, sink) {
            return self.interrupted(by);
        }
        self.clock = barrier;
        Advance::Reached
    }

    fn interrupted(&mut self, by: Interruption) -> Advance {
        let (Interruption::Starved(at) | Interruption::TooMany(at)) = by;
        self.clock = at;
        match by {
            Interruption::Starved(_) => Advance::Starved(at),
            Interruption::TooMany(_) => Advance::TooMany(at),
        }
    }

    /// Requests whose patience ends now give up.
    pub(super) fn expire(&mut self, now: Time, observer: &mut impl Sink) {
        self.plane.expire(now, &mut self.fleet, &mut (&mut self.recorder, observer));
    }

    pub(super) fn gone(&mut self, now: Time, id: ReplicaId) {
        self.fleet.gone(now, id);
    }

    pub(super) fn ready(
        &mut self,
        now: Time,
        id: ReplicaId,
        ordinal: u64,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        if self.fleet.make_ready(now, id, ordinal) {
            self.note_failure(id, changes);
            self.plane.join(now, id, &self.fleet, &mut (&mut self.recorder, observer));
        }
    }

    fn census(&self) -> Census {
        let census = self.fleet.census();
        Census { starting: census.starting, ready: census.ready, draining: census.draining }
    }

    fn snapshot(&mut self, now: Time, observer: &mut impl Sink) -> Snapshot {
        Snapshot {
            at: now,
            gauges: self.plane.gauges(now, &mut (&mut self.recorder, observer)),
            integrals: self.fleet.integrals(now),
            arrivals: self.taken(),
            audience: self.audience(now),
            counters: self.recorder.counters(),
            seen: self.recorder.seen(),
            failures: self.fleet.failures(),
        }
    }

    /// What `read` sees of this service now.
    pub(super) fn with_probe<T>(
        &mut self,
        now: Time,
        observer: &mut impl Sink,
        read: impl FnOnce(&Probe<'_>) -> T,
    ) -> T {
        let seen = self.snapshot(now, observer);
        self.look_at_replicas(now);
        let attempts = self.recorder.attempts.as_ref();
        let (retries, last_retry) =
            attempts.map_or((0, Time::ZERO), |attempts| (attempts.retries, attempts.last_retry));
        read(&Probe {
            at: now,
            arrivals: seen.arrivals + retries,
            completions: seen.seen.completions,
            rejections: seen.seen.rejections,
            timeouts: seen.seen.timeouts,
            lost: seen.seen.lost,
            latency_sum_ns: seen.seen.latency_sum_ns,
            latency: self.recorder.signal_latency.as_ref(),
            busy_ns: seen.gauges.busy_ns,
            in_flight_ns: seen.gauges.in_flight_ns,
            queued_ns: seen.gauges.queued_ns,
            ready_ns: seen.integrals.ready_ns,
            starting_ns: seen.integrals.starting_ns,
            busy: seen.gauges.busy,
            in_flight: seen.gauges.in_flight,
            queued: seen.gauges.queued,
            census: self.census(),
            last_arrival: self.last_arrival().max(last_retry),
            replicas: self.replicas.as_deref(),
        })
    }

    fn look_at_replicas(&mut self, now: Time) {
        let Some(replicas) = &mut self.replicas else { return };
        replicas.clear();
        replicas.extend(self.fleet.ready().into_iter().map(|id| {
            let ongoing = self.plane.load(now, id).try_into().unwrap_or(u32::MAX);
            ReplicaLoad { number: self.fleet.ordinal(id), ongoing }
        }));
    }

    /// The ready replicas by number, if they are others than at the last call.
    fn changed_replicas(&mut self) -> Option<Vec<u64>> {
        let changes = self.fleet.ready_changes();
        (std::mem::replace(&mut self.told_of, changes) != changes)
            .then(|| self.fleet.ready().into_iter().map(|id| self.fleet.ordinal(id)).collect())
    }

    /// When the last request arrived since the last control, if no replica was ready at that control.
    pub(super) fn found_nobody(&mut self) -> Option<Time> {
        let taken = self.taken();
        let before = std::mem::replace(&mut self.taken_at_control, taken);
        (self.nobody_ready && taken > before).then(|| self.last_arrival())
    }

    /// Whether nothing a policy sees of this service can change before the next event of the calendar: no
    /// request can find nobody, and no replica goes when the plane says so.
    pub(super) fn is_known_ahead(&self) -> bool {
        let census = self.fleet.census();
        let stays = !self.fleet.spec().scales_per_request() && !self.nobody_ready;
        census.ready > 0 && census.draining == 0 && stays
    }

    /// Whether the fleet is what an order of `desired` replicas would make it.
    pub(super) fn is_as_ordered(&self, desired: u32) -> bool {
        // With a delay, replicas may fail before the order arrives.
        let stays = !self.fleet.spec().failures.any() || self.autoscaler.actuation_delay.is_zero();
        self.orders_under_way == 0
            && stays
            && self.desired == desired
            && self.fleet.census().live() == desired.saturating_add(self.rollout.surplus())
            && !self.fleet.spec().scales_per_request()
    }

    /// Asks the policy; returns the decision to actuate.
    pub(super) fn control(
        &mut self,
        now: Time,
        activation: bool,
        sensors: &mut [Box<dyn Sensor>],
    ) -> Decision {
        if sensors.iter().any(|sensor| sensor.wants_replicas())
            && let Some(ready) = self.changed_replicas()
        {
            self.nobody_ready = ready.is_empty();
            sensors.iter_mut().for_each(|sensor| sensor.fleet_changed(now, &ready));
        }
        for (reading, sensor) in self.readings.iter_mut().zip(sensors) {
            *reading = sensor.reading(now);
        }
        let census = self.census();
        let seen = Observation {
            now,
            census,
            desired: self.desired,
            readings: &self.readings,
            without: None,
        };
        if let Some(hindsight) = &mut self.hindsight {
            hindsight.asked(&seen, activation);
        }
        let decision = match activation {
            true => self.autoscaler.policy.activate(&seen),
            false => self.autoscaler.policy.observe(&seen),
        };
        self.note_decision(now, census, decision, activation);
        decision
    }

    /// Brings the fleet to `desired`; what lies in the future goes into `changes`.
    pub(super) fn actuate(
        &mut self,
        now: Time,
        desired: u32,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        if self.fleet.spec().scales_per_request() {
            // The plane itself starts and removes replicas.
            self.desired = self.fleet.census().live();
            return;
        }
        self.note_action(now, desired);
        self.desired = desired;
        let live = self.fleet.census().live();
        let wanted = desired.saturating_add(self.rollout.surplus());
        if wanted > live {
            self.scale_out(now, wanted - live, changes, observer);
        } else if wanted < live {
            self.scale_in(now, live - wanted, changes);
        }
    }

    fn scale_out(
        &mut self,
        now: Time,
        count: u32,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        let by = OrderedBy::Decision(now.before(self.autoscaler.actuation_delay));
        for _ in 0..count {
            if self.launch(now, by, changes, observer).is_none() {
                return;
            }
        }
    }

    /// One more replica, if the quota allows it.
    fn launch(
        &mut self,
        now: Time,
        by: OrderedBy,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) -> Option<ReplicaId> {
        let (id, ready_at) = self.fleet.order(now, by)?;
        self.plane.launched(id, &self.fleet);
        if ready_at == now {
            self.ready(now, id, self.fleet.ordinal(id), changes, observer);
        } else {
            changes.push(Change::Coming(id, self.fleet.ordinal(id), ready_at));
        }
        Some(id)
    }

    fn scale_in(&mut self, now: Time, count: u32, changes: &mut Vec<Change>) {
        let starting = self.fleet.starting_victims(count);
        self.cancel(now, &starting);
        let rest = count - starting.len() as u32;
        if rest == 0 {
            return;
        }
        let victims = self.fleet.ready_victims(rest, |id| self.plane.load(now, id));
        self.drain(now, &victims, changes);
    }

    /// Starting replicas are no longer wanted; newest first.
    fn cancel(&mut self, now: Time, starting: &[ReplicaId]) {
        for &id in starting {
            self.plane.cancelled(id);
            self.fleet.cancel(now, id);
        }
    }

    /// Ready replicas finish what they have and go.
    fn drain(&mut self, now: Time, victims: &[ReplicaId], changes: &mut Vec<Change>) {
        for &id in victims {
            let deadline = self.fleet.drain(now, id);
            self.leave(now, id, deadline, changes);
        }
    }

    fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time, changes: &mut Vec<Change>) {
        match self.plane.leave(now, id, deadline) {
            Some(at) if at <= now => self.fleet.gone(now, id),
            Some(at) => changes.push(Change::Going(id, at)),
            None => {}
        }
    }

    /// Warm-up is over.
    pub(super) fn open(&mut self, now: Time, observer: &mut impl Sink) {
        self.opened = self.snapshot(now, observer);
    }

    /// Arrivals stop.
    pub(super) fn close(&mut self, now: Time, observer: &mut impl Sink) {
        self.closed = self.snapshot(now, observer);
        self.note_capped(now, false);
    }

    /// A timeline interval ends.
    pub(super) fn end_interval(&mut self, now: Time, observer: &mut impl Sink) {
        let (began, ended) = (self.interval_began, self.snapshot(now, observer));
        let length = now.since(began.at);
        if length.is_zero() {
            return;
        }
        let percentiles = self.recorder.end_interval();
        let mean = |before: u128, after: u128| (after - before) as f64 / length.0 as f64;
        let mean_ready = mean(began.integrals.ready_ns, ended.integrals.ready_ns);
        let slots = mean_ready * f64::from(self.resources.concurrency.max(1));
        let busy = mean(began.gauges.busy_ns, ended.gauges.busy_ns);
        self.timeline.push(Interval {
            at: began.at,
            length,
            arrivals: ended.arrivals - began.arrivals,
            rejections: ended.counters.rejections - began.counters.rejections,
            completions: ended.counters.completions - began.counters.completions,
            losses: ended.counters.lost - began.counters.lost,
            failures: ended.failures - began.failures,
            timeouts: ended.counters.timeouts - began.counters.timeouts,
            percentiles,
            desired: self.desired,
            uncapped: self.uncapped,
            mean_ready,
            mean_starting: mean(began.integrals.starting_ns, ended.integrals.starting_ns),
            mean_draining: mean(began.integrals.draining_ns, ended.integrals.draining_ns),
            mean_queued: mean(began.gauges.queued_ns, ended.gauges.queued_ns),
            mean_in_flight: mean(began.gauges.in_flight_ns, ended.gauges.in_flight_ns),
            utilization: (slots > 0.0).then(|| busy / slots),
            signal: self.readings.first().and_then(|reading| reading.value),
            clients: self.client_interval(&began.audience, &ended.audience, length),
        });
        self.interval_began = ended;
    }

    pub(super) fn live_replicas(&self) -> usize {
        self.fleet.census().live() as usize
    }

    /// Why its traffic broke off, if it did.
    pub(super) fn traffic_failure(&self) -> Option<Halt> {
        let halt = |why| Halt::Traffic { service: self.name.clone(), why };
        self.incoming.failure().map(halt)
    }

    /// Requests waiting at the instant reached.
    pub(super) fn waiting(&mut self, now: Time, observer: &mut impl Sink) -> u64 {
        self.plane.gauges(now, &mut (&mut self.recorder, observer)).queued
    }

    /// Whether every request has met its fate.
    pub(super) fn is_settled(&mut self, now: Time, observer: &mut impl Sink) -> bool {
        let gauges = self.plane.gauges(now, &mut (&mut self.recorder, observer));
        gauges.in_flight == 0 && gauges.queued == 0 && self.plane.away() == 0
    }

    /// The run is over.
    pub(super) fn finish(mut self, observer: &mut impl Sink) -> (ServiceOutcome, u64) {
        self.plane.finish(self.clock, &mut (&mut self.recorder, observer));
        self.fleet.close();
        self.note_hindsight();
        let fleet = self.fleet_totals(self.fleet.ledger());
        let (users, taken) = (self.user_totals(), self.taken());
        let presence = self.recorder.presence();
        let classes = self.recorder.take_classes();
        let (counts, latency, slo_minutes) = self.recorder.finish();
        let outcome = ServiceOutcome {
            name: self.name,
            counts,
            presence,
            latency,
            classes,
            fleet,
            slo_minutes,
            timeline: self.timeline,
            decisions: self.decisions,
            supply: self.fleet.take_supply(),
            launches: self.fleet.take_launches(),
            users,
        };
        (outcome, taken)
    }

    fn fleet_totals(&self, ledger: FleetLedger) -> FleetTotals {
        // A run that was to stop earlier has not come to the end of what is measured.
        let stopped = self.closed.at < self.opened.at;
        let (from, to) = (&self.opened, if stopped { &self.opened } else { &self.closed });
        let busy_ns = to.gauges.busy_ns - from.gauges.busy_ns;
        let ready_ns = to.integrals.ready_ns - from.integrals.ready_ns;
        let slots = u128::from(self.fleet.spec().concurrency.max(1));
        FleetTotals {
            window_ns: to.at.since(from.at).0,
            billed_ns: ledger.billed_ns,
            allocated_ns: ledger.allocated_ns,
            ready_ns,
            starting_ns: to.integrals.starting_ns - from.integrals.starting_ns,
            draining_ns: to.integrals.draining_ns - from.integrals.draining_ns,
            busy_ns,
            in_flight_ns: to.gauges.in_flight_ns - from.gauges.in_flight_ns,
            queued_ns: to.gauges.queued_ns - from.gauges.queued_ns,
            idle_ns: (ready_ns * slots).saturating_sub(busy_ns) / slots,
            launches: ledger.launches,
            cancelled: ledger.cancelled,
            refused: ledger.refused,
            removed: ledger.removed,
            removed_life_ns: ledger.removed_life_ns,
            peak_live: ledger.peak_live,
            failures: to.failures - from.failures,
            ..self.totals
        }
    }
}
