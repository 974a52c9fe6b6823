//! The replicas and requests of one service: its plane, its fleet, and the record of what became of its
//! requests.

mod computing;
mod failing;
mod flowing;
mod probing;
mod rolling;
mod scaling;

use self::computing::{Computing, Together};
use super::event_list::{Event, Pace};
use super::facts::RunFacts;
use super::incoming::Incoming;
use super::meter::Snapshot;
use super::recorder::Recorder;
use super::rollout::RolloutState;
use super::setup::DecisionLog;
use super::slo::Limits;
use super::told::Told;
use crate::fleet::dispatch::{FluidPlane, Interruption, Plane, Sink, Stop, plane};
use crate::fleet::{FULL_SPEED, Fleet, FleetSpec, ReplicaId};
use crate::random::Streams;
use crate::signal::{Census, DirectLoad, Life, Passed, ReplicaLoad, Wants};
use crate::units::Time;
use crate::workload::{Arrivals, Flow};
use std::sync::Arc;

/// Serves requests up to a barrier, and changes replicas at it.
pub(super) struct Backend<'a, const OBSERVED: bool> {
    plane: Box<dyn Plane<Told<'a, OBSERVED>> + Send>,
    pub(super) fleet: Fleet,
    incoming: Incoming,
    /// What comes in place of requests; the plane is then that of a flow.
    inflow: Option<Box<Flow>>,
    pub(super) told: Told<'a, OBSERVED>,
    rollout: RolloutState,
    /// How work goes on.
    pace: Pace,
    computing: Together,
    /// What the last actuated decision asked for.
    pub(super) desired: u32,
    /// Whether a proxy is in the path of requests, where there is one.
    in_path: bool,
    /// What will happen to its replicas, and is not in the event list yet.
    changes: Vec<(Time, Event)>,
    /// What sensors want to see of replicas, and what they were shown last.
    wants: Wants,
    replicas: Vec<ReplicaLoad>,
    starting: Vec<Life>,
    /// What came to replicas past a proxy when any of it was there last, to all and to each.
    direct: Passed,
    direct_of: Vec<DirectLoad>,
    /// What replicas computed up to the last change of pace, ascending by number; where that is wanted.
    computing_of: Vec<(u64, Computing)>,
    clock: Time,
}

/// Whether [`Backend::advance`] got where it was to go.
pub(super) enum Advance {
    /// It did.
    Reached,
    /// A request found no live replica at this instant.
    Starved(Time),
    /// Too many requests wait.
    TooMany(Time),
}

impl<'a, const OBSERVED: bool> Backend<'a, OBSERVED> {
    pub(super) fn new(
        mut arrivals: Box<dyn Arrivals>,
        mut fleet: FleetSpec,
        limits: &Limits,
        observer: Option<&'a mut (dyn Sink + Send)>,
        index: u32,
        run: &RunFacts,
    ) -> Self {
        let streams = Streams::new(run.seed, run.replication, index);
        let window = run.window;
        for users in &mut fleet.loops {
            users.until = users.until.min(window.end);
        }
        if fleet.scales_per_request() {
            // Requests start and remove replicas: nothing else does.
            fleet.rollouts.clear();
            fleet.failures.outages.clear();
            fleet.interventions.clear();
        }
        let inflow = arrivals.take_flow();
        let mut plane: Box<dyn Plane<_> + Send> = match &inflow {
            Some(flow) => {
                let service = Arc::clone(flow.strata());
                Box::new(FluidPlane::new(&fleet, service, flow.dispersion(), streams))
            }
            None => plane(&fleet, streams, run.waiting_limit),
        };
        let wants = run.wants[index as usize];
        let computing = match fleet.slowdowns.are_partial() {
            true => Together::Apart(0),
            false => Together::Alike(Computing::at(FULL_SPEED)),
        };
        if wants == Wants::Work || matches!(computing, Together::Apart(_)) {
            plane.keep_work();
        }
        let patience = fleet.queue.timeout.clone();
        let incoming = Incoming::new(arrivals, plane.draws(), patience, &streams, window.end);
        let desired = fleet.initial;
        let quantiles = run.quantiles[index as usize];
        let recorder = Recorder::new(window, limits, quantiles, fleet.has_clients());
        let recorder = recorder.with_classes(fleet.classes);
        let mut fleet = Fleet::new(fleet, streams, (window.warmup, window.end));
        if run.supply {
            fleet.keep_supply();
        }
        if matches!(run.log, DecisionLog::Changes | DecisionLog::All) {
            fleet.keep_launches();
        }
        Self {
            plane,
            fleet,
            incoming,
            inflow,
            told: Told { recorder, observer },
            rollout: RolloutState::Idle,
            pace: Pace::USUAL,
            computing,
            desired,
            in_path: true,
            changes: Vec::new(),
            wants,
            replicas: Vec::new(),
            starting: Vec::new(),
            direct: Passed::default(),
            direct_of: Vec::new(),
            computing_of: Vec::new(),
            clock: Time::ZERO,
        }
    }

    /// The initial fleet takes its place.
    pub(super) fn begin(&mut self) {
        for _ in 0..self.fleet.spec().initial {
            let id = self.fleet.add_initial();
            self.plane.launched(id, &self.fleet);
            self.plane.join(Time::ZERO, id, &self.fleet, &mut self.told);
            self.note_failure(id);
        }
    }

    /// From now on a proxy is in the path of requests, or not.
    pub(super) fn put_proxy(&mut self, now: Time, in_path: bool) {
        self.in_path = in_path;
        self.plane.proxy(now, in_path);
    }

    /// Serves everything before `barrier` and what completes at it.
    pub(super) fn advance(&mut self, barrier: Time) -> Advance {
        if barrier < self.clock {
            return Advance::Reached;
        }
        if self.inflow.is_some() {
            return self.advance_flow(barrier);
        }
        loop {
            let requests = self.incoming.before(barrier);
            if requests.arrival_ns.is_empty() {
                break;
            }
            let count = requests.arrival_ns.len();
            let stop = self.plane.arrive(requests, barrier, &mut self.fleet, &mut self.told);
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
        if let Some(by) = self.plane.reach(barrier, &mut self.fleet, &mut self.told) {
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
    pub(super) fn expire(&mut self, now: Time) {
        self.plane.expire(now, &mut self.fleet, &mut self.told);
    }

    pub(super) fn gone(&mut self, now: Time, id: ReplicaId) {
        self.fleet.gone(now, id);
    }

    pub(super) fn ready(&mut self, now: Time, id: ReplicaId, ordinal: u64) {
        if self.fleet.make_ready(now, id, ordinal) {
            self.note_failure(id);
            self.plane.join(now, id, &self.fleet, &mut self.told);
        }
    }

    /// What will happen to its replicas, told once.
    pub(super) fn take_changes(&mut self) -> std::vec::Drain<'_, (Time, Event)> {
        self.changes.drain(..)
    }

    /// Whether requests start and remove replicas, and orders do nothing.
    pub(super) fn scales_per_request(&self) -> bool {
        self.fleet.spec().scales_per_request()
    }

    /// Whether every request has met its fate.
    pub(super) fn is_settled(&mut self, now: Time) -> bool {
        let gauges = self.plane.gauges(now, &mut self.told);
        gauges.in_flight == 0 && gauges.queued == 0 && gauges.away == 0
    }

    /// Why its traffic broke off, if it did.
    pub(super) fn traffic_failure(&self) -> Option<String> {
        self.incoming.failure()
    }

    /// The run is over: tells of every request that has not met its fate.
    pub(super) fn close(&mut self) {
        self.plane.finish(self.clock, &mut self.told);
        self.fleet.close();
    }
}
