//! A queue per replica without a list of events: random, round robin, power of two, least outstanding.
//!
//! What becomes of a request is known when it joins a replica, unless the replica is killed first
//! (`line.rs`); a replica is looked at when a request may choose it (`routing.rs`, `fewest.rs`).
//! Requests whose fate is settled by the *barrier* are told at once; the others are kept: *open* while
//! in service, in `queues` while they wait, in `leaving` where the replica is.

mod line;

use super::first::FirstDemand;
use super::gateway::{Gateway, GatewayRequest, NONE};
use super::leaving::{Leaving, Prospect, Routed};
use super::routing::Router;
use super::{Draws, Gauges, Interruption, Plane, Requests, Sink, Stop};
use crate::fleet::{Fleet, FleetSpec, ReplicaId, RoutingRule};
use crate::random::Streams;
use crate::units::Time;
use line::{Line, ManySlots, SingleSlot};
use std::collections::VecDeque;

/// What the plane knows of a ready replica beside its line.
#[derive(Debug, Clone, Default)]
struct Home {
    ready_at: u64,
    /// Its first request has yet to come.
    fresh: bool,
    /// Requests that still wait at the barrier, in order.
    queue: VecDeque<Routed>,
    /// Service of all that joined, counted up to its end, in slot-ns; where it is kept.
    work_ns: u128,
}

/// The plane for replicas with one slot and endless patience.
pub(super) type SingleSlotPlane = LazyPlane<SingleSlot>;
/// The plane for all others.
pub(super) type ManySlotsPlane = LazyPlane<ManySlots>;

/// A queue for each replica, in which the start of a request is known when it joins.
#[derive(Debug, Clone)]
pub(super) struct LazyPlane<L> {
    router: Router,
    /// Ready replicas in launch order.
    lines: Vec<L>,
    homes: Vec<Home>,
    /// When the newest replica became ready: who arrives later is never cold.
    newest_ready_at: u64,
    slots: usize,
    gateway: Gateway,
    /// In service at the barrier on ready replicas.
    open: Vec<Routed>,
    leaving: Leaving,
    /// Everything up to here was told.
    filed_to: u64,
    /// Time served by requests no longer counted elsewhere.
    busy_ns: u128,
    first: FirstDemand,
    keeps_work: bool,
}

impl<L: Line> LazyPlane<L> {
    /// Empty, without replicas. The queue has no capacity, and patience is constant if there is any.
    pub(super) fn new(
        spec: &FleetSpec,
        rule: RoutingRule,
        streams: Streams,
        waiting_limit: u64,
    ) -> Self {
        Self {
            router: Router::new(rule),
            lines: Vec::new(),
            homes: Vec::new(),
            newest_ready_at: 0,
            slots: spec.concurrency.max(1) as usize,
            gateway: Gateway::new(spec, streams, waiting_limit),
            open: Vec::new(),
            leaving: Leaving::default(),
            filed_to: 0,
            busy_ns: 0,
            first: FirstDemand::at_full_speed(spec, streams),
            keeps_work: false,
        }
    }

    /// The hot loop.
    #[inline(always)]
    fn take(
        &mut self,
        rule: RoutingRule,
        requests: Requests<'_>,
        barrier: u64,
        sink: &mut impl Sink,
    ) -> Stop {
        for (taken, request) in requests.each().enumerate() {
            self.join_line(rule, request.arrival, request, barrier, sink);
            if self.gateway.is_overfull() {
                return Stop::TooMany(taken + 1);
            }
        }
        Stop::Taken
    }

    /// A request chooses a replica at `now` and joins its line.
    #[inline(always)]
    fn join_line<S: Sink>(
        &mut self,
        rule: RoutingRule,
        now: u64,
        request: GatewayRequest,
        barrier: u64,
        sink: &mut S,
    ) {
        let GatewayRequest { arrival, mut demand, routing } = request;
        let at = self.router.choose(rule, &mut self.lines, now, routing, &mut ());
        if !self.first.is_usual() {
            let fresh = &mut self.homes[at].fresh;
            demand = self.first.of(now, demand, self.router.ordinals[at], fresh);
        }
        let prospect = self.lines[at].join(now, demand, self.gateway.deadline(arrival));
        self.router.joined(rule, &mut self.lines, now, at, &mut ());
        if self.keeps_work
            && let Prospect::Served(start, end) = prospect
        {
            self.homes[at].work_ns += u128::from(end - start);
        }
        let cold = arrival < self.newest_ready_at && arrival < self.homes[at].ready_at;
        let mut known = Routed { arrival, prospect, replica: 0, cold };
        match prospect {
            Prospect::Served(start, end) if end <= barrier => {
                if sink.names_replicas() {
                    known.replica = self.router.ordinals[at];
                }
                self.gateway.waits.waited_ns += u128::from(start - arrival);
                self.busy_ns += u128::from(end - start);
                sink.completed(&known.completion(start, end));
            }
            Prospect::Served(..) | Prospect::GivesUp => {
                known.replica = self.router.ordinals[at];
                self.keep(at, known, barrier, sink);
            }
        }
    }

    /// When a request no longer waits.
    fn left(&self, request: &Routed) -> u64 {
        match request.prospect {
            Prospect::Served(start, _) => start,
            Prospect::GivesUp => self.gateway.deadline(request.arrival),
        }
    }

    /// Keeps a request that is not served by the barrier.
    fn keep(&mut self, at: usize, request: Routed, barrier: u64, sink: &mut impl Sink) {
        let left = self.left(&request);
        if left <= barrier {
            self.gateway.waits.waited_ns += u128::from(left - request.arrival);
            self.waits_no_more(request, left, barrier, sink);
        } else {
            self.gateway.waits.begin(request.arrival);
            self.homes[at].queue.push_back(request);
        }
    }

    /// What becomes by the barrier of a request that has left its queue.
    fn waits_no_more(&mut self, request: Routed, left: u64, barrier: u64, sink: &mut impl Sink) {
        match request.prospect {
            Prospect::Served(start, end) if end <= barrier => {
                self.busy_ns += u128::from(end - start);
                sink.completed(&request.completion(start, end));
            }
            Prospect::Served(..) => self.open.push(request),
            Prospect::GivesUp => sink.timed_out(Time(request.arrival), Time(left)),
        }
    }

    /// Tells every fate that is certain by `barrier`.
    fn settle(&mut self, barrier: Time, sink: &mut impl Sink) {
        self.gateway.give_up(sink, |deadline| deadline < barrier.0);
        if barrier.0 <= self.filed_to {
            return;
        }
        self.filed_to = barrier.0;
        self.file_open(barrier.0, sink);
        if self.gateway.waits.count > self.gateway.len() {
            for at in 0..self.homes.len() {
                self.file_queue(at, barrier.0, sink);
            }
        }
        self.leaving.file(barrier.0, sink);
    }

    fn file_open(&mut self, barrier: u64, sink: &mut impl Sink) {
        let busy_ns = &mut self.busy_ns;
        self.open.retain(|request| match request.prospect {
            Prospect::Served(start, end) if end <= barrier => {
                *busy_ns += u128::from(end - start);
                sink.completed(&request.completion(start, end));
                false
            }
            Prospect::Served(..) | Prospect::GivesUp => true,
        });
    }

    /// Those who no longer wait at the barrier leave the queue.
    fn file_queue(&mut self, at: usize, barrier: u64, sink: &mut impl Sink) {
        while let Some(&request) = self.homes[at].queue.front() {
            let left = self.left(&request);
            if left > barrier {
                return;
            }
            self.homes[at].queue.pop_front();
            self.gateway.waits.end(request.arrival, left);
            self.waits_no_more(request, left, barrier, sink);
        }
    }
}

impl<L: Line, S: Sink> Plane<S> for LazyPlane<L> {
    fn draws(&self) -> Draws {
        Draws { routing: self.router.rule.draws(), patience: false }
    }

    fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &mut Fleet,
        sink: &mut S,
    ) -> Stop {
        if fleet.census().live() == 0 {
            return self.gateway.arrive_at_zero(requests, sink);
        }
        self.settle(barrier, sink);
        if self.lines.is_empty() {
            let stop = self.gateway.wait_for_any(requests);
            self.settle(barrier, sink);
            return stop;
        }
        // Each rule has its own code.
        match self.router.rule {
            RoutingRule::Random => self.take(RoutingRule::Random, requests, barrier.0, sink),
            RoutingRule::RoundRobin => {
                self.take(RoutingRule::RoundRobin, requests, barrier.0, sink)
            }
            RoutingRule::LeastOutstanding => {
                self.take(RoutingRule::LeastOutstanding, requests, barrier.0, sink)
            }
            RoutingRule::PowerOfTwo => {
                self.take(RoutingRule::PowerOfTwo, requests, barrier.0, sink)
            }
            RoutingRule::PowerOfTwoWithReplacement => {
                self.take(RoutingRule::PowerOfTwoWithReplacement, requests, barrier.0, sink)
            }
        }
    }

    fn reach(&mut self, now: Time, _: &mut Fleet, sink: &mut S) -> Option<Interruption> {
        self.settle(now, sink);
        None
    }

    fn join(&mut self, now: Time, id: ReplicaId, fleet: &Fleet, sink: &mut S) {
        self.settle(now, sink);
        let ordinal = fleet.ordinal(id);
        let at = self.router.add(id, ordinal);
        self.lines.insert(at, L::new(self.slots));
        // Room for what most replicas will ever need, so that the hot loop does not have to ask for it.
        let queue = VecDeque::with_capacity(4);
        self.homes.insert(at, Home { ready_at: now.0, fresh: true, queue, work_ns: 0 });
        self.open.reserve((self.lines.len() * self.slots).saturating_sub(self.open.len()));
        self.newest_ready_at = now.0;
        while let Some(request) = self.gateway.pop() {
            self.join_line(self.router.rule, now.0, request, now.0, sink);
        }
    }

    // The replica's requests go on as leaving ones.
    fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Option<Time> {
        let Some((at, ordinal)) = self.router.remove(id) else { return Some(now) };
        self.lines.remove(at);
        let home = self.homes.remove(at);
        let (leaving, busy_ns) = (&mut self.leaving, &mut self.busy_ns);
        let mut gone = now.0;
        self.open.retain(|request| {
            if request.replica == ordinal {
                if let Prospect::Served(start, _) = request.prospect {
                    *busy_ns += u128::from(now.0 - start);
                }
                gone = gone.max(leaving.add(*request, now.0, NONE, deadline.0));
            }
            request.replica != ordinal
        });
        for request in home.queue {
            self.gateway.waits.forget(request.arrival);
            let gives_up = self.gateway.deadline(request.arrival);
            gone = gone.max(self.leaving.add(request, now.0, gives_up, deadline.0));
        }
        Some(Time(gone))
    }

    fn expire(&mut self, now: Time, _: &mut Fleet, sink: &mut S) {
        self.gateway.give_up(sink, |deadline| deadline <= now.0);
    }

    fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        self.router.place(replica).map_or(0, |at| self.lines[at].busy(now.0))
    }

    fn keep_work(&mut self) {
        self.keeps_work = true;
    }

    fn work_ns(&self, now: Time, replica: ReplicaId) -> u128 {
        let Some(at) = self.router.place(replica) else { return 0 };
        self.homes[at].work_ns.saturating_sub(self.lines[at].ahead_ns(now.0))
    }

    fn gauges(&mut self, now: Time, sink: &mut S) -> Gauges {
        self.settle(now, sink);
        self.leaving.file(now.0, sink);
        let mut busy_ns = self.busy_ns;
        for request in &self.open {
            if let Prospect::Served(start, _) = request.prospect {
                busy_ns += u128::from(now.0 - start);
            }
        }
        let (busy, waits) = (self.open.len() as u64, &self.gateway.waits);
        let ready = Gauges {
            busy,
            in_flight: busy,
            queued: waits.count,
            away: 0,
            busy_ns,
            in_flight_ns: busy_ns,
            queued_ns: waits.integral_ns(now.0),
        };
        self.leaving.beside(ready, now.0)
    }

    fn finish(&mut self, now: Time, sink: &mut S) {
        self.settle(now, sink);
        self.leaving.file(now.0, sink);
        let queues = self.homes.iter().flat_map(|home| &home.queue);
        for request in self.open.iter().chain(queues) {
            sink.unfinished(Time(request.arrival));
        }
        self.leaving.finish(sink);
        self.gateway.finish(sink);
    }
}
