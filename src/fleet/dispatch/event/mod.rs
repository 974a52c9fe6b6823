//! The general plane: event by event, in true order, everything a fleet can do.
//!
//! `mod.rs` moves time on and holds the requests; `servers.rs` is what the plane knows of replicas;
//! `routing.rs` chooses a replica; `per_request.rs` starts and removes replicas as requests come and go.

mod heap;
mod per_request;
mod routing;
mod servers;

use super::super::{AtZero, Balancing, Fleet, FleetSpec, ReplicaId};
use super::{Completion, Gauges, Requests, Sink, Stop};
use crate::random::{Purpose, Sampler, Streams};
use crate::units::Time;
use heap::{Event, EventHeap, What};
use per_request::PerRequest;
use routing::Router;
use servers::{Servers, SlotKey};
use std::collections::VecDeque;

/// How requests reach replicas.
#[derive(Debug, Clone)]
enum Mode {
    /// One queue; the slot free for longest.
    Central,
    /// A queue per replica.
    Routed(Router),
    /// Scale per request.
    PerRequest(PerRequest),
}

/// A request in a queue. `stamp` tells it from others that used its place in the slab before.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    arrival: u64,
    demand: u64,
    routing: u64,
    stamp: u64,
    /// The replica it waits at or for; `None` = the gateway.
    replica: Option<ReplicaId>,
}

/// Where a request waits.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the common queue.
    Gateway,
    /// In a replica's own queue.
    At(ReplicaId),
    /// In no queue: bound to a replica that is starting.
    Bound,
}

/// A place in a queue: index into the slab and the stamp that makes it valid.
type Ticket = (u32, u64);

/// A request in service.
#[derive(Debug, Clone, Copy)]
struct Serving {
    arrival: u64,
    start: u64,
    slot: u32,
    replica: ReplicaId,
    stamp: u64,
    cold: bool,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct EventPlane {
    mode: Mode,
    heap: EventHeap,
    servers: Servers,
    serving: Vec<Serving>,
    serving_unused: Vec<u32>,
    waiting: Vec<Waiting>,
    waiting_unused: Vec<u32>,
    gateway: VecDeque<Ticket>,
    next_stamp: u64,
    capacity: u64,
    waiting_limit: u64,
    patience: bool,
    refuse_at_zero: bool,
    cold_demand: Option<(Sampler, Streams)>,
    initial: u64,
    /// Replicas that freed a slot at this instant.
    freed: Vec<ReplicaId>,
    gauges: Gauges,
    now: u64,
}

const FREE: u64 = u64::MAX;

impl EventPlane {
    /// Empty, without replicas.
    pub fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        let mode = match &spec.balancing {
            Balancing::CentralQueue => Mode::Central,
            Balancing::PerRequest { .. } => Mode::PerRequest(PerRequest::new(spec, streams)),
            balancing => Mode::Routed(Router::new(balancing)),
        };
        Self {
            mode,
            heap: EventHeap::default(),
            servers: Servers::new(spec.concurrency.max(1)),
            serving: Vec::new(),
            serving_unused: Vec::new(),
            waiting: Vec::new(),
            waiting_unused: Vec::new(),
            gateway: VecDeque::new(),
            next_stamp: 0,
            capacity: spec.queue.capacity.unwrap_or(u64::MAX),
            waiting_limit,
            patience: spec.queue.timeout.is_some(),
            refuse_at_zero: spec.queue.at_zero == AtZero::Reject,
            cold_demand: spec.cold_demand.clone().map(|law| (law, streams)),
            initial: u64::from(spec.initial),
            freed: Vec::new(),
            gauges: Gauges::default(),
            now: 0,
        }
    }

    pub(super) fn uses_routing(&self) -> bool {
        matches!(self.mode, Mode::Routed(_))
    }

    pub(super) fn uses_patience(&self) -> bool {
        self.patience
    }

    pub(super) fn arrive(
        &mut self,
        requests: Requests<'_>,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> Stop {
        for taken in 0..requests.arrival_ns.len() {
            let arrival = requests.arrival_ns[taken];
            self.run_while(fleet, sink, |event| event.at <= arrival);
            self.move_to(arrival);
            let request = Waiting {
                arrival,
                demand: requests.demand_ns[taken].max(1),
                routing: requests.routing.get(taken).copied().unwrap_or(0),
                stamp: 0,
                replica: None,
            };
            let patience = requests.patience_ns.get(taken).copied();
            let starved = self.admit(request, patience, fleet, sink);
            if self.gauges.queued > self.waiting_limit {
                return Stop::TooMany(taken + 1);
            }
            if starved {
                return Stop::Starved(taken + 1);
            }
        }
        Stop::Taken
    }

    /// One arrival at the instant reached; true if no replica is live, whether it waits or is refused.
    fn admit(
        &mut self,
        request: Waiting,
        patience: Option<u64>,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> bool {
        if let Mode::PerRequest(_) = self.mode {
            self.admit_per_request(request, patience, fleet, sink);
            return false;
        }
        let none_live = fleet.census().live() == 0;
        if none_live && self.refuse_at_zero {
            sink.rejected(Time(request.arrival));
            return true;
        }
        match &mut self.mode {
            Mode::Routed(router) => {
                if let Some(id) = router.choose(request.routing) {
                    if self.servers.has_free_slot(id) {
                        self.start(id, None, &request);
                    } else {
                        self.wait_at(Place::At(id), request, patience, sink);
                    }
                    return false;
                }
            }
            _ => {
                if self.gateway_is_empty()
                    && let Some(slot) = self.servers.longest_idle()
                {
                    self.start(slot.replica, Some(slot), &request);
                    return false;
                }
            }
        }
        self.wait_at(Place::Gateway, request, patience, sink);
        none_live
    }

    fn gateway_is_empty(&mut self) -> bool {
        while let Some(&ticket) = self.gateway.front() {
            if self.ticket_is_valid(ticket) {
                return false;
            }
            self.gateway.pop_front();
        }
        true
    }

    fn ticket_is_valid(&self, (at, stamp): Ticket) -> bool {
        self.waiting[at as usize].stamp == stamp
    }

    /// Puts a request into a queue, or refuses it if too many wait already.
    fn wait_at(
        &mut self,
        place: Place,
        mut request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) -> Option<Ticket> {
        if self.gauges.queued >= self.capacity {
            sink.rejected(Time(request.arrival));
            return None;
        }
        request.stamp = self.next_stamp;
        self.next_stamp += 1;
        let at = self.waiting_unused.pop().unwrap_or_else(|| {
            self.waiting.push(request);
            (self.waiting.len() - 1) as u32
        });
        self.waiting[at as usize] = request;
        let ticket = (at, request.stamp);
        self.gauges.queued += 1;
        match place {
            Place::At(id) => self.queue_at(id, ticket),
            Place::Gateway => self.gateway.push_back(ticket),
            Place::Bound => {}
        }
        if let Some(patience) = patience {
            let deadline = request.arrival.saturating_add(patience);
            self.heap.push(Event::new(deadline, What::GiveUp, request.stamp, at));
        }
        Some(ticket)
    }

    fn queue_at(&mut self, id: ReplicaId, ticket: Ticket) {
        self.waiting[ticket.0 as usize].replica = Some(id);
        self.servers.enqueue(id, ticket);
        self.note_present(id);
    }

    /// Takes a waiting request out of the slab (its ticket in a queue becomes invalid).
    fn take_waiting(&mut self, (at, _): Ticket) -> Waiting {
        let request = self.waiting[at as usize];
        self.waiting[at as usize].stamp = FREE;
        self.waiting_unused.push(at);
        self.gauges.queued -= 1;
        request
    }

    /// Puts a request on a slot now; `slot` is known where idle slots are ordered.
    fn start(&mut self, id: ReplicaId, slot: Option<SlotKey>, request: &Waiting) {
        let slot_number = slot.map_or(0, |slot| self.servers.take_slot(slot));
        let demand = self.demand(id, request.demand);
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        let serving = Serving {
            arrival: request.arrival,
            start: self.now,
            slot: slot_number,
            replica: id,
            stamp,
            cold: request.arrival < self.servers.ready_at(id),
        };
        let at = self.serving_unused.pop().unwrap_or_else(|| {
            self.serving.push(serving);
            (self.serving.len() - 1) as u32
        });
        self.serving[at as usize] = serving;
        self.servers.begin(id, at);
        self.gauges.in_flight += 1;
        self.gauges.busy += u64::from(self.servers.is_ready(id));
        self.note_present(id);
        let end = self.now.saturating_add(demand);
        self.heap.push(Event::new(end, What::Complete, stamp, at));
    }

    /// The first request of a launched replica may have a law of its own.
    fn demand(&mut self, id: ReplicaId, demand: u64) -> u64 {
        let fresh = self.servers.take_fresh(id);
        let ordinal = self.servers.ordinal(id);
        match &self.cold_demand {
            Some((law, streams)) if fresh && ordinal >= self.initial => {
                let mut rng = streams.keyed(Purpose::ColdDemand, 0, ordinal - self.initial);
                law.draw(&mut rng).0.max(1)
            }
            _ => demand,
        }
    }

    fn note_present(&mut self, id: ReplicaId) {
        if let Mode::Routed(router) = &mut self.mode {
            router.set_present(self.servers.ordinal(id), self.servers.present(id));
        }
    }

    /// Time passes; integrals grow.
    fn move_to(&mut self, now: u64) {
        let length = u128::from(now - self.now);
        if length > 0 {
            self.gauges.busy_ns += length * u128::from(self.gauges.busy);
            self.gauges.in_flight_ns += length * u128::from(self.gauges.in_flight);
            self.gauges.queued_ns += length * u128::from(self.gauges.queued);
            self.now = now;
        }
    }

    fn run_while(&mut self, fleet: &mut Fleet, sink: &mut impl Sink, due: impl Fn(&Event) -> bool) {
        while let Some(event) = self.heap.pop_if(&due) {
            self.move_to(event.at);
            match event.what {
                What::Complete => self.complete(event, fleet, sink),
                What::Kill => self.kill(event, fleet, sink),
                What::IdleExpire => self.expire_idle(event, fleet),
                What::Ready => self.ready_per_request(event, fleet),
                What::GiveUp => self.give_up(event, sink),
            }
            // All completions of an instant come before the starts they cause.
            let more = self.heap.peek().is_some_and(|next| {
                next.at == event.at && next.what == What::Complete && event.what == What::Complete
            });
            if !more {
                self.serve_gateway();
                for id in std::mem::take(&mut self.freed) {
                    self.note_idle(id);
                }
            }
        }
    }

    fn complete(&mut self, event: Event, fleet: &mut Fleet, sink: &mut impl Sink) {
        let serving = self.serving[event.index as usize];
        if serving.stamp != event.stamp {
            return; // killed before it was done
        }
        self.release(event.index, serving);
        sink.completed(&Completion {
            arrival: Time(serving.arrival),
            start: Time(serving.start),
            end: Time(self.now),
            replica: self.servers.ordinal(serving.replica),
            cold: serving.cold,
        });
        let id = serving.replica;
        if matches!(self.mode, Mode::Routed(_)) {
            if let Some(ticket) = self.next_at(id) {
                let request = self.take_waiting(ticket);
                self.servers.note_dequeued(id);
                self.start(id, None, &request);
            }
        } else if self.servers.is_ready(id) {
            self.servers.free_slot(id, serving.slot, self.now);
            self.freed.push(id);
        }
        self.retire_if_done(id, fleet);
    }

    /// A request leaves its slot.
    fn release(&mut self, at: u32, serving: Serving) {
        let id = serving.replica;
        self.serving[at as usize].stamp = FREE;
        self.serving_unused.push(at);
        self.servers.end(id, at);
        self.gauges.in_flight -= 1;
        self.gauges.busy -= u64::from(self.servers.is_ready(id));
        self.note_present(id);
    }

    /// The next request that still waits at a replica.
    fn next_at(&mut self, id: ReplicaId) -> Option<Ticket> {
        while let Some(ticket) = self.servers.next_ticket(id) {
            if self.ticket_is_valid(ticket) {
                return Some(ticket);
            }
        }
        None
    }

    /// A leaving replica without requests is gone.
    fn retire_if_done(&mut self, id: ReplicaId, fleet: &mut Fleet) {
        if self.servers.is_leaving(id) && self.servers.present(id) == 0 {
            self.servers.remove(id);
            fleet.gone(Time(self.now), id);
        }
    }

    /// Waiting requests of the common queue take idle slots.
    fn serve_gateway(&mut self) {
        if matches!(self.mode, Mode::Routed(_)) {
            return;
        }
        while !self.gateway_is_empty() {
            let slot = match self.mode {
                Mode::PerRequest(_) => self.servers.newest_idle(),
                _ => self.servers.longest_idle(),
            };
            let Some(slot) = slot else { return };
            let Some(ticket) = self.gateway.pop_front() else { return };
            let request = self.take_waiting(ticket);
            self.start(slot.replica, Some(slot), &request);
        }
    }

    fn give_up(&mut self, event: Event, sink: &mut impl Sink) {
        let ticket = (event.index, event.stamp);
        if !self.ticket_is_valid(ticket) {
            return; // served meanwhile
        }
        let request = self.take_waiting(ticket);
        if let Some(id) = request.replica {
            self.servers.note_dequeued(id);
            self.note_present(id);
        }
        sink.timed_out(Time(request.arrival), Time(event.at));
    }

    fn kill(&mut self, event: Event, fleet: &mut Fleet, sink: &mut impl Sink) {
        let id = ReplicaId(event.index);
        if !self.servers.is(id, event.stamp) {
            return; // gone before its grace ended
        }
        for at in self.servers.serving(id) {
            let serving = self.serving[at as usize];
            self.release(at, serving);
            sink.lost(Time(serving.arrival), Time(serving.start), Time(self.now));
        }
        while let Some(ticket) = self.next_at(id) {
            let request = self.take_waiting(ticket);
            self.servers.note_dequeued(id);
            sink.lost(Time(request.arrival), Time::NEVER, Time(self.now));
        }
        self.retire_if_done(id, fleet);
    }

    pub(super) fn reach(&mut self, now: Time, fleet: &mut Fleet, sink: &mut impl Sink) {
        self.run_while(fleet, sink, |event| {
            event.at < now.0 || (event.at == now.0 && event.what != What::GiveUp)
        });
        self.move_to(now.0);
    }

    pub(super) fn expire(&mut self, now: Time, fleet: &mut Fleet, sink: &mut impl Sink) {
        self.run_while(fleet, sink, |event| event.at <= now.0);
    }

    pub(super) fn join(&mut self, now: Time, id: ReplicaId, fleet: &Fleet) {
        self.move_to(now.0);
        self.servers.add(id, fleet.ordinal(id), now.0);
        if let Mode::Routed(router) = &mut self.mode {
            router.add(id, fleet.ordinal(id));
            self.empty_gateway();
        } else {
            if let Mode::PerRequest(state) = &mut self.mode {
                state.begin_life(id);
            }
            for slot in 0..self.servers.concurrency() {
                self.servers.free_slot(id, slot, now.0);
            }
            self.serve_gateway();
            self.note_idle(id);
        }
    }

    /// Requests that waited for any replica to be ready choose one now.
    fn empty_gateway(&mut self) {
        while !self.gateway_is_empty() {
            let Mode::Routed(router) = &mut self.mode else { return };
            let Some(ticket) = self.gateway.pop_front() else { return };
            let Some(id) = router.choose(self.waiting[ticket.0 as usize].routing) else { return };
            if self.servers.has_free_slot(id) {
                let request = self.take_waiting(ticket);
                self.start(id, None, &request);
            } else {
                self.queue_at(id, ticket);
            }
        }
    }

    pub(super) fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Option<Time> {
        self.move_to(now.0);
        self.gauges.busy -= u64::from(self.servers.busy(id));
        self.servers.leave(id);
        if let Mode::Routed(router) = &mut self.mode {
            router.remove(self.servers.ordinal(id));
        }
        if self.servers.present(id) == 0 {
            self.servers.remove(id);
            return Some(now);
        }
        if deadline != Time::NEVER {
            let ordinal = self.servers.ordinal(id);
            self.heap.push(Event::new(deadline.0, What::Kill, ordinal, id.0));
        }
        None
    }

    /// Requests in service there: those that wait with it are not in flight.
    pub(super) fn load(&self, id: ReplicaId) -> u64 {
        u64::from(self.servers.busy(id))
    }

    pub(super) fn gauges(&mut self, now: Time) -> Gauges {
        self.move_to(now.0);
        self.gauges
    }

    pub(super) fn finish(&mut self, sink: &mut impl Sink) {
        for serving in self.serving.iter().filter(|serving| serving.stamp != FREE) {
            sink.unfinished(Time(serving.arrival));
        }
        for request in self.waiting.iter().filter(|request| request.stamp != FREE) {
            sink.unfinished(Time(request.arrival));
        }
    }
}
