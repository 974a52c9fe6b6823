//! A queue per replica without a list of events: random, round robin, power of two, least outstanding.
//!
//! What becomes of a request is known when it joins a replica, unless the replica is killed first
//! (`line.rs`); a replica is looked at when a request may choose it (`routing.rs`, `fewest.rs`).
//! Requests whose fate is settled by the *barrier* are told at once; the others are kept: *open* while
//! in service, in `queues` while they wait, in `leaving` where the replica is.

mod fewest;
pub(super) mod leaving;
pub mod line;
pub(super) mod routing;

use super::super::{AtZero, Fleet, FleetSpec, ReplicaId};
use super::{Completion, Gauges, Requests, Sink, Stop};
use crate::random::{Purpose, Sampler, Streams};
use crate::units::Time;
use leaving::Leaving;
use line::{Line, ManySlots, Prospect, SingleSlot};
use routing::{LEAST_OUTSTANDING, POWER_OF_TWO, RANDOM, ROUND_ROBIN, Router};
use std::collections::VecDeque;

/// No limit.
const NONE: u64 = u64::MAX;

/// A request at a replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) arrival: u64,
    pub(super) prospect: Prospect,
    /// Ordinal of its replica.
    pub(super) replica: u64,
    pub(super) cold: bool,
}

impl Request {
    fn completion(&self, start: u64, end: u64) -> Completion {
        Completion {
            arrival: Time(self.arrival),
            start: Time(start),
            end: Time(end),
            replica: self.replica,
            cold: self.cold,
        }
    }
}

/// A request that waits while no replica is ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Homeless {
    pub(super) arrival: u64,
    pub(super) demand: u64,
    pub(super) routing: u64,
}

/// What the plane knows of a ready replica beside its line.
#[derive(Debug, Clone, Default)]
struct Home {
    ready_at: u64,
    /// Its first request has yet to come.
    fresh: bool,
    /// Requests that still wait at the barrier, in order.
    queue: VecDeque<Request>,
}

/// The plane for replicas with one slot and endless patience.
pub type SingleSlotPlane = LazyPlane<SingleSlot>;
/// The plane for all others.
pub type ManySlotsPlane = LazyPlane<ManySlots>;

/// See the module's description.
#[derive(Debug, Clone)]
pub struct LazyPlane<L> {
    router: Router,
    /// Ready replicas in launch order.
    lines: Vec<L>,
    homes: Vec<Home>,
    /// When the newest replica became ready: who arrives later is never cold.
    newest_ready_at: u64,
    slots: usize,
    gateway: VecDeque<Homeless>,
    /// In service at the barrier on ready replicas.
    open: Vec<Request>,
    leaving: Leaving,
    /// Everything up to here was told.
    filed_to: u64,
    /// Those in queues of ready replicas, and in the gateway.
    queued: u64,
    queued_arrivals_sum: u128,
    /// Time waited and served by requests no longer counted elsewhere.
    waited_ns: u128,
    busy_ns: u128,
    waiting_limit: u64,
    /// Patience; `NONE` = endless.
    timeout: u64,
    refuse_at_zero: bool,
    cold_demand: Option<(Sampler, Streams)>,
    initial: u64,
}

impl<L: Line> LazyPlane<L> {
    /// Empty, without replicas. The queue has no capacity, and patience is constant if there is any.
    pub fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        let timeout = spec.queue.timeout.as_ref();
        Self {
            router: Router::new(&spec.balancing),
            lines: Vec::new(),
            homes: Vec::new(),
            newest_ready_at: 0,
            slots: spec.concurrency.max(1) as usize,
            gateway: VecDeque::new(),
            open: Vec::new(),
            leaving: Leaving::default(),
            filed_to: 0,
            queued: 0,
            queued_arrivals_sum: 0,
            waited_ns: 0,
            busy_ns: 0,
            waiting_limit,
            timeout: timeout
                .map_or(NONE, |law| law.draw(&mut streams.sequential(Purpose::Patience, 0)).0),
            refuse_at_zero: spec.queue.at_zero == AtZero::Reject,
            cold_demand: spec.cold_demand.clone().map(|law| (law, streams)),
            initial: u64::from(spec.initial),
        }
    }

    pub(super) fn uses_routing(&self) -> bool {
        self.router.rule != ROUND_ROBIN
    }

    pub(super) fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &Fleet,
        sink: &mut impl Sink,
    ) -> Stop {
        if fleet.census().live() == 0 {
            return self.arrive_at_zero(requests, sink);
        }
        self.settle(barrier, sink);
        if self.lines.is_empty() {
            for taken in 0..requests.arrival_ns.len() {
                self.wait_for_any(requests, taken);
                if self.queued > self.waiting_limit {
                    return Stop::TooMany(taken + 1);
                }
            }
            self.settle(barrier, sink);
            return Stop::Taken;
        }
        match self.router.rule {
            ROUND_ROBIN => self.take::<ROUND_ROBIN>(requests, barrier.0, sink),
            LEAST_OUTSTANDING => self.take::<LEAST_OUTSTANDING>(requests, barrier.0, sink),
            POWER_OF_TWO => self.take::<POWER_OF_TWO>(requests, barrier.0, sink),
            _ => self.take::<RANDOM>(requests, barrier.0, sink),
        }
    }

    /// With no live replica an arrival may wake the policy, so nothing is certain beyond it.
    fn arrive_at_zero(&mut self, requests: Requests<'_>, sink: &mut impl Sink) -> Stop {
        let Some(&arrival) = requests.arrival_ns.first() else { return Stop::Taken };
        if self.refuse_at_zero {
            sink.rejected(Time(arrival));
            return Stop::Starved(1);
        }
        self.settle(Time(arrival), sink);
        self.expire(Time(arrival), sink);
        self.wait_for_any(requests, 0);
        if self.queued > self.waiting_limit { Stop::TooMany(1) } else { Stop::Starved(1) }
    }

    fn wait_for_any(&mut self, requests: Requests<'_>, at: usize) {
        let arrival = requests.arrival_ns[at];
        let routing = requests.routing.get(at).copied().unwrap_or(0);
        self.gateway.push_back(Homeless { arrival, demand: requests.demand_ns[at], routing });
        self.queued += 1;
        self.queued_arrivals_sum += u128::from(arrival);
    }

    /// The hot loop.
    fn take<const RULE: u8>(
        &mut self,
        requests: Requests<'_>,
        barrier: u64,
        sink: &mut impl Sink,
    ) -> Stop {
        let draws = requests.routing.iter().copied().chain(std::iter::repeat(0));
        let each = requests.arrival_ns.iter().zip(requests.demand_ns).zip(draws);
        for (taken, ((&arrival, &demand), draw)) in each.enumerate() {
            let request = Homeless { arrival, demand, routing: draw };
            self.join_line::<RULE, _>(arrival, request, barrier, sink);
            if self.queued > self.waiting_limit {
                return Stop::TooMany(taken + 1);
            }
        }
        Stop::Taken
    }

    /// A request chooses a replica at `now` and joins its line.
    #[inline(always)]
    fn join_line<const RULE: u8, S: Sink>(
        &mut self,
        now: u64,
        request: Homeless,
        barrier: u64,
        sink: &mut S,
    ) {
        let Homeless { arrival, demand, routing } = request;
        let at = self.router.choose::<RULE, L, ()>(&mut self.lines, now, routing, &mut ());
        let mut demand = demand.max(1);
        if self.cold_demand.is_some() {
            demand = self.first_demand(at, demand);
        }
        let deadline = arrival.saturating_add(self.timeout);
        let prospect = self.lines[at].join(now, demand, deadline);
        self.router.joined::<RULE, L, ()>(&mut self.lines, now, at, &mut ());
        let cold = arrival < self.newest_ready_at && arrival < self.homes[at].ready_at;
        let mut known = Request { arrival, prospect, replica: 0, cold };
        match prospect {
            Prospect::Served(start, end) if end <= barrier => {
                if sink.names_replicas() {
                    known.replica = self.router.ordinals[at];
                }
                self.waited_ns += u128::from(start - arrival);
                self.busy_ns += u128::from(end - start);
                sink.completed(&known.completion(start, end));
            }
            _ => {
                known.replica = self.router.ordinals[at];
                self.keep(at, known, barrier, sink);
            }
        }
    }

    /// Keeps a request that is not served by the barrier.
    fn keep(&mut self, at: usize, request: Request, barrier: u64, sink: &mut impl Sink) {
        match request.prospect {
            Prospect::Served(start, _) if start <= barrier => {
                self.waited_ns += u128::from(start - request.arrival);
                self.open.push(request);
            }
            Prospect::GivesUp if self.deadline(&request) <= barrier => {
                self.waited_ns += u128::from(self.timeout);
                sink.timed_out(Time(request.arrival), Time(self.deadline(&request)));
            }
            _ => {
                self.queued += 1;
                self.queued_arrivals_sum += u128::from(request.arrival);
                self.homes[at].queue.push_back(request);
            }
        }
    }

    fn deadline(&self, request: &Request) -> u64 {
        request.arrival.saturating_add(self.timeout)
    }

    /// The first request of a launched replica may have a law of its own.
    fn first_demand(&mut self, at: usize, demand: u64) -> u64 {
        let ordinal = self.router.ordinals[at];
        match &self.cold_demand {
            Some((law, streams))
                if std::mem::take(&mut self.homes[at].fresh) && ordinal >= self.initial =>
            {
                let mut rng = streams.keyed(Purpose::ColdDemand, 0, ordinal - self.initial);
                law.draw(&mut rng).0.max(1)
            }
            _ => demand,
        }
    }

    /// Tells every fate that is certain by `barrier`.
    pub(super) fn settle(&mut self, barrier: Time, sink: &mut impl Sink) {
        self.give_up_homeless(sink, |deadline| deadline < barrier.0);
        if barrier.0 <= self.filed_to {
            return;
        }
        self.filed_to = barrier.0;
        self.file_open(barrier.0, sink);
        if self.queued > self.gateway.len() as u64 {
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
            _ => true,
        });
    }

    /// Those who no longer wait at the barrier leave the queue.
    fn file_queue(&mut self, at: usize, barrier: u64, sink: &mut impl Sink) {
        while let Some(&request) = self.homes[at].queue.front() {
            let left = match request.prospect {
                Prospect::Served(start, _) => start,
                Prospect::GivesUp => self.deadline(&request),
            };
            if left > barrier {
                return;
            }
            self.homes[at].queue.pop_front();
            self.unqueue(request.arrival);
            match request.prospect {
                Prospect::Served(start, end) if end <= barrier => {
                    self.waited_ns += u128::from(start - request.arrival);
                    self.busy_ns += u128::from(end - start);
                    sink.completed(&request.completion(start, end));
                }
                _ => self.keep(at, request, barrier, sink),
            }
        }
    }

    fn unqueue(&mut self, arrival: u64) {
        self.queued -= 1;
        self.queued_arrivals_sum -= u128::from(arrival);
    }

    fn give_up_homeless(&mut self, sink: &mut impl Sink, due: impl Fn(u64) -> bool) {
        while let Some(&Homeless { arrival, .. }) = self.gateway.front() {
            let deadline = arrival.saturating_add(self.timeout);
            if self.timeout == NONE || !due(deadline) {
                return;
            }
            self.gateway.pop_front();
            self.unqueue(arrival);
            self.waited_ns += u128::from(self.timeout);
            sink.timed_out(Time(arrival), Time(deadline));
        }
    }

    pub(super) fn join(&mut self, now: Time, id: ReplicaId, ordinal: u64, sink: &mut impl Sink) {
        self.settle(now, sink);
        let at = self.router.add(id, ordinal);
        self.lines.insert(at, L::new(self.slots));
        // Room for what most replicas will ever need, so that the hot loop does not have to ask for it.
        let queue = VecDeque::with_capacity(4);
        self.homes.insert(at, Home { ready_at: now.0, fresh: true, queue });
        self.open.reserve((self.lines.len() * self.slots).saturating_sub(self.open.len()));
        self.newest_ready_at = now.0;
        while let Some(request) = self.gateway.pop_front() {
            self.unqueue(request.arrival);
            match self.router.rule {
                ROUND_ROBIN => self.join_line::<ROUND_ROBIN, _>(now.0, request, now.0, sink),
                LEAST_OUTSTANDING => {
                    self.join_line::<LEAST_OUTSTANDING, _>(now.0, request, now.0, sink);
                }
                // Only one replica is ready: whatever chooses chooses it.
                _ => self.join_line::<RANDOM, _>(now.0, request, now.0, sink),
            }
        }
    }

    /// The replica's requests go on as leaving ones. Returns when the last of them is gone.
    pub(super) fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Time {
        let Some((at, ordinal)) = self.router.remove(id) else { return now };
        self.lines.remove(at);
        let home = self.homes.remove(at);
        let (leaving, busy_ns) = (&mut self.leaving, &mut self.busy_ns);
        let mut gone = now.0;
        self.open.retain(|request| {
            if request.replica == ordinal {
                if let Prospect::Served(start, _) = request.prospect {
                    *busy_ns += u128::from(now.0 - start);
                }
                gone = gone.max(leaving.add(request, now.0, NONE, deadline.0));
            }
            request.replica != ordinal
        });
        for request in &home.queue {
            self.unqueue(request.arrival);
            let patience_ends = self.deadline(request);
            gone = gone.max(self.leaving.add(request, now.0, patience_ends, deadline.0));
        }
        Time(gone)
    }

    pub(super) fn expire(&mut self, now: Time, sink: &mut impl Sink) {
        self.give_up_homeless(sink, |deadline| deadline <= now.0);
    }

    pub(super) fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        self.router.place(replica).map_or(0, |at| self.lines[at].busy(now.0))
    }

    pub(super) fn gauges(&mut self, now: Time, sink: &mut impl Sink) -> Gauges {
        self.settle(now, sink);
        self.leaving.file(now.0, sink);
        let mut busy_ns = self.busy_ns;
        for request in &self.open {
            if let Prospect::Served(start, _) = request.prospect {
                busy_ns += u128::from(now.0 - start);
            }
        }
        let left = self.leaving.gauges(now.0);
        let busy = self.open.len() as u64;
        let waiting_ns = u128::from(now.0) * u128::from(self.queued) - self.queued_arrivals_sum;
        Gauges {
            busy,
            in_flight: busy + left.in_flight,
            queued: self.queued + left.queued,
            busy_ns,
            in_flight_ns: busy_ns + left.in_flight_ns,
            queued_ns: self.waited_ns + waiting_ns + left.queued_ns,
        }
    }

    pub(super) fn finish(&mut self, now: Time, sink: &mut impl Sink) {
        self.settle(now, sink);
        self.leaving.file(now.0, sink);
        let queues = self.homes.iter().flat_map(|home| &home.queue);
        for request in self.open.iter().chain(queues) {
            sink.unfinished(Time(request.arrival));
        }
        self.leaving.finish(sink);
        for request in &self.gateway {
            sink.unfinished(Time(request.arrival));
        }
    }
}
