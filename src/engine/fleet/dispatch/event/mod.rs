//! The general plane: event by event, in true order, everything a fleet can do.
//!
//! `mod.rs` moves time on and holds the requests; `servers.rs` is what the plane knows of replicas;
//! `routing.rs` chooses a replica; `per_request.rs` starts and removes replicas as requests come and go;
//! `queue.rs` holds who waits; `proxy.rs` hands over to replicas; `clients.rs` is what clients do that give up and try again, `closed.rs` users
//! who send the next request after the one before; `failures.rs` is what becomes of requests whose replica is
//! killed or fails.
//! Completions are kept in a winner tree, a leaf for each request in service; all else that will happen
//! is rarer and in a heap.

mod classes;
mod clients;
mod closed;
mod failures;
mod heap;
mod later;
mod per_request;
mod proxy;
mod queue;
mod routing;
mod servers;
mod slab;

use super::first::FirstDemand;
use super::tree::{NEVER, WinnerTree};
use super::{
    Directly, Draws, Gauges, Interruption, Plane, Requests, Resolved, Sink, Stop, UserGauges,
};
use crate::fleet::{AtZero, Balancing, FailedWork, Fleet, FleetSpec, ReplicaId, Scaling};
use crate::random::Streams;
use crate::units::Time;
use classes::{Classes, TicketQueue};
use clients::{Clients, NOBODY, Whereabouts};
use closed::Users;
use heap::{EventHeap, PlaneEvent, What};
use per_request::PerRequest;
use proxy::Handing;
use routing::Routed;
use servers::{Servers, SlotKey};

/// How requests reach replicas.
#[derive(Debug, Clone)]
enum Mode {
    /// One queue; the slot free for longest.
    Central,
    /// A queue per replica.
    Routed(Routed),
    /// Scale per request.
    PerRequest(PerRequest),
}

/// An attempt at a request, before it is served. `stamp` tells it from all others and orders them:
/// number of the request, then of the attempt.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    arrival: u64,
    demand: u64,
    routing: u64,
    stamp: u64,
    /// Whose client waits for it; [`NOBODY`] without clients or once given up.
    client: u32,
    /// The replica it waits at or for; `None` = the gateway.
    replica: Option<ReplicaId>,
    /// It has been in service before, on a replica that failed: it no longer gives up waiting.
    again: bool,
    /// The proxy handed it over.
    by_proxy: bool,
    class: u8,
}

/// Where a request waits.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the common queue.
    Gateway,
    /// In a replica's own queue.
    At(ReplicaId),
    /// In no queue: bound to a replica that is starting, or on its way through the proxy.
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
    /// As in [`Waiting`].
    client: u32,
    /// `None` = this place of the slab is not used.
    replica: Option<ReplicaId>,
    cold: bool,
    /// As in [`Waiting`].
    by_proxy: bool,
    class: u8,
}

/// Requests, replicas and the heap of what will happen to them.
#[derive(Debug, Clone)]
pub(super) struct EventPlane {
    mode: Mode,
    /// What stands before queues of replicas.
    handing: Option<Box<Handing>>,
    /// Requests come by way of it.
    by_proxy: bool,
    heap: EventHeap,
    servers: Servers,
    serving: Vec<Serving>,
    /// When each of those is done.
    ends: WinnerTree,
    serving_unused: Vec<u32>,
    waiting: Vec<Waiting>,
    waiting_unused: Vec<u32>,
    gateway: TicketQueue,
    /// Where there are several.
    classes: Option<Box<Classes>>,
    /// Stamp of the next request's first attempt.
    next_stamp: u64,
    clients: Option<Box<Clients>>,
    users: Option<Box<Users>>,
    /// Where failed work is put back: the requests in service, as they waited, by place in that slab.
    held: Option<Vec<Waiting>>,
    /// What an arrival of the plane's own came upon, until whoever moved time on is told.
    interruption: Option<Interruption>,
    capacity: u64,
    /// Of each queue of a replica.
    replica_capacity: u32,
    waiting_limit: u64,
    patience: bool,
    refuse_at_zero: bool,
    first: FirstDemand,
    /// Replicas that freed a slot at this instant.
    freed: Vec<ReplicaId>,
    gauges: Gauges,
    now: u64,
}

const FREE: u64 = u64::MAX;

impl EventPlane {
    /// Empty, without replicas.
    pub(super) fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        let mode = match &spec.scaling {
            Scaling::PerRequest(scale) => Mode::PerRequest(PerRequest::new(scale, spec, streams)),
            Scaling::Controlled => match spec.balancing {
                Balancing::CentralQueue => Mode::Central,
                Balancing::PerReplica(rule) => Mode::Routed(Routed::new(rule)),
            },
        };
        let mut plane = Self {
            mode,
            handing: spec.proxy.map(|proxy| Box::new(Handing::new(proxy))),
            by_proxy: spec.proxy.is_some(),
            heap: EventHeap::default(),
            servers: Servers::new(spec.concurrency.max(1)),
            serving: Vec::new(),
            ends: WinnerTree::new(1),
            serving_unused: Vec::new(),
            waiting: Vec::new(),
            waiting_unused: Vec::new(),
            gateway: TicketQueue::default(),
            classes: Classes::new(spec),
            next_stamp: 0,
            clients: Clients::new(spec, streams).map(Box::new),
            users: Users::new(spec, streams).map(Box::new),
            held: (spec.failures.work == FailedWork::Requeued).then(Vec::new),
            interruption: None,
            capacity: spec.queue.capacity.unwrap_or(u64::MAX),
            replica_capacity: spec.queue.replica_capacity.unwrap_or(u32::MAX),
            waiting_limit,
            patience: spec.queue.timeout.is_some(),
            refuse_at_zero: spec.queue.at_zero == AtZero::Reject,
            first: FirstDemand::new(spec, streams),
            freed: Vec::new(),
            gauges: Gauges::default(),
            now: 0,
        };
        plane.expect_users();
        plane
    }

    /// One arrival at the instant reached; true if no replica is live, whether it waits or is refused
    /// (rules 6, 28).
    fn admit(
        &mut self,
        request: Waiting,
        patience: Option<u64>,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> bool {
        match &mut self.mode {
            Mode::PerRequest(_) => {
                self.admit_per_request(request, patience, fleet, sink);
                return false;
            }
            Mode::Central | Mode::Routed(_)
                if self.refuse_at_zero && fleet.census().live() == 0 =>
            {
                self.refuse(&request, sink);
                return true;
            }
            Mode::Central => {
                if self.gateway_is_empty()
                    && let Some(slot) = self.servers.longest_idle()
                {
                    self.start(slot.replica, Some(slot), &request);
                    return false;
                }
            }
            Mode::Routed(_) if self.by_proxy => {
                self.admit_by_proxy(request, patience, sink);
                return fleet.census().live() == 0;
            }
            Mode::Routed(routed) => {
                if let Some(id) = routed.choose(request.routing) {
                    self.admit_at(id, request, patience, sink);
                    return false;
                }
                if self.handing.is_some() {
                    self.admit_by_proxy(request, patience, sink);
                    return fleet.census().live() == 0;
                }
            }
        }
        self.wait_at(Place::Gateway, request, patience, sink);
        fleet.census().live() == 0
    }

    /// It goes to that replica directly.
    #[inline]
    fn admit_at(
        &mut self,
        id: ReplicaId,
        request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) {
        if self.servers.has_free_slot(id) {
            self.start(id, None, &request);
        } else if self.servers.queued(id) >= self.replica_capacity {
            return self.refuse(&request, sink);
        } else if self.wait_at(Place::At(id), request, patience, sink).is_none() {
            return;
        }
        if let Some(handing) = &mut self.handing {
            handing.passed(id, self.now);
        }
    }

    /// Puts a request on a slot now; `slot` is known where idle slots are ordered. Returns its place in
    /// `serving`.
    fn start(&mut self, id: ReplicaId, slot: Option<SlotKey>, request: &Waiting) -> usize {
        let slot_number = slot.map_or(0, |slot| self.servers.take_slot(slot));
        let (ordinal, fresh) = self.servers.first_of(id);
        let demand = self.first.of(self.now, request.demand, ordinal, fresh);
        let serving = Serving {
            arrival: request.arrival,
            start: self.now,
            slot: slot_number,
            client: request.client,
            replica: Some(id),
            // It came before its replica was ready (rule 20).
            cold: request.arrival < self.servers.ready_at(id),
            by_proxy: request.by_proxy,
            class: request.class,
        };
        let at = match self.serving_unused.pop() {
            Some(at) => at as usize,
            None => self.widen_slab(),
        };
        self.serving[at] = serving;
        if self.held.is_some() {
            self.hold(at, request);
        }
        self.note_place(request.client, Whereabouts::Serving(at as u32));
        self.servers.begin(id, self.now);
        self.gauges.in_flight += 1;
        self.gauges.busy += u64::from(self.servers.is_ready(id));
        self.note_present(id);
        self.ends.set(at, self.now.saturating_add(demand).min(NEVER - 1));
        at
    }

    #[inline]
    fn note_present(&mut self, id: ReplicaId) {
        if let Mode::Routed(routed) = &mut self.mode {
            routed.set_present(id, self.servers.present(id));
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

    /// Everything before `limit` happens, and at it, where requests give up at it only if `inclusive`.
    fn run_to(&mut self, limit: u64, inclusive: bool, fleet: &mut Fleet, sink: &mut impl Sink) {
        while limit >= self.ends.horizon() {
            self.run_near(self.ends.horizon() - 1, true, fleet, sink);
            if self.interruption.is_some() {
                return;
            }
            let next = self.ends.earliest().min(self.heap.next_at()).min(self.next_expiry());
            self.ends.move_base(next.min(limit));
        }
        self.run_near(limit, inclusive, fleet, sink);
    }

    /// The same within the reach of the tree.
    #[inline]
    fn run_near(&mut self, limit: u64, inclusive: bool, fleet: &mut Fleet, sink: &mut impl Sink) {
        loop {
            let (end, at) = self.ends.min();
            let other = self.heap.next_at().min(self.next_expiry());
            if end <= limit && end <= other {
                self.move_to(end);
                self.complete(at, fleet, sink);
                // All completions of an instant come before the starts they cause.
                if self.ends.min().0 == end {
                    continue;
                }
            } else if other > limit || !self.happen(limit, inclusive, fleet, sink) {
                return;
            }
            self.serve_gateway();
            while let Some(id) = self.freed.pop() {
                self.note_idle(id);
            }
            if self.interruption.is_some() {
                return;
            }
        }
    }

    /// The next event but completions happens, if it is due.
    fn happen(
        &mut self,
        limit: u64,
        inclusive: bool,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> bool {
        if self.next_expiry() <= self.heap.next_at() {
            self.move_to(self.next_expiry());
            self.expire_longest_idle(fleet);
            return true;
        }
        if self.draw_near() {
            return true;
        }
        let due = |event: &PlaneEvent| {
            event.at < limit
                || (inclusive && event.what < What::UserActs)
                || event.what < What::GiveUp
        };
        let Some(event) = self.heap.pop_if(due) else { return false };
        self.move_to(event.at);
        match event.what {
            What::Kill => self.kill(event, fleet, sink),
            What::IdleExpire => self.expire_idle(event, fleet),
            What::Ready => self.ready_per_request(event, fleet),
            What::GiveUp => self.give_up(event, sink),
            What::ClientGivesUp => self.clients_give_up(event, fleet, sink),
            What::Fail => self.fail_per_request(event, fleet, sink),
            What::UserActs => self.user_acts(event, fleet, sink),
            What::Retry => self.retry(event, fleet, sink),
            What::PassOn => self.pass_on(event),
        }
        true
    }

    fn complete(&mut self, at: usize, fleet: &mut Fleet, sink: &mut impl Sink) {
        let serving = self.serving[at];
        let Some(id) = serving.replica else { return };
        self.release(at, id);
        self.tell_served(&serving, id, sink);
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
    fn release(&mut self, at: usize, id: ReplicaId) {
        self.serving[at].replica = None;
        self.note_left(id, self.serving[at].by_proxy);
        self.serving_unused.push(at as u32);
        self.ends.set(at, NEVER);
        self.servers.end(id, self.now);
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

    /// A replica takes no new requests.
    fn take_no_more(&mut self, id: ReplicaId) {
        self.gauges.busy -= u64::from(self.servers.busy(id));
        self.servers.leave(id);
        if let Mode::Routed(routed) = &mut self.mode {
            routed.remove(id);
        }
        if let Some(handing) = &mut self.handing {
            handing.remove(id);
        }
    }
}

impl<S: Sink> Plane<S> for EventPlane {
    fn draws(&self) -> Draws {
        let routing = match &self.mode {
            Mode::Routed(routed) => {
                routed.draws() || self.handing.as_ref().is_some_and(|handing| handing.draws())
            }
            Mode::Central | Mode::PerRequest(_) => false,
        };
        Draws { routing, patience: self.patience }
    }

    fn arrive(&mut self, requests: Requests<'_>, _: Time, fleet: &mut Fleet, sink: &mut S) -> Stop {
        for taken in 0..requests.arrival_ns.len() {
            let arrival = requests.arrival_ns[taken];
            self.run_to(arrival, true, fleet, sink);
            if let Some(by) = self.interruption.take() {
                return Stop::Interrupted(taken, by);
            }
            self.move_to(arrival);
            let mut request = Waiting {
                arrival,
                demand: requests.demand_ns[taken].max(1),
                routing: requests.routing.get(taken).copied().unwrap_or(0),
                stamp: self.next_stamp,
                client: NOBODY,
                replica: None,
                again: false,
                by_proxy: false,
                class: requests.class.get(taken).copied().unwrap_or(0),
            };
            self.next_stamp += clients::STAMPS;
            self.welcome(&mut request);
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

    fn reach(&mut self, now: Time, fleet: &mut Fleet, sink: &mut S) -> Option<Interruption> {
        self.run_to(now.0, false, fleet, sink);
        let interruption = self.interruption.take();
        if interruption.is_none() {
            self.move_to(now.0);
        }
        interruption
    }

    fn join(&mut self, now: Time, id: ReplicaId, fleet: &Fleet, _: &mut S) {
        self.move_to(now.0);
        self.servers.add(id, fleet.ordinal(id), now.0);
        match &mut self.mode {
            Mode::Routed(routed) => {
                routed.add(id, fleet.ordinal(id));
                if let Some(handing) = &mut self.handing {
                    handing.add(id, fleet.ordinal(id), now.0);
                }
                return self.empty_gateway();
            }
            Mode::PerRequest(_) => self.begin_life(id, fleet),
            Mode::Central => {}
        }
        for slot in 0..self.servers.concurrency() {
            self.servers.free_slot(id, slot, now.0);
        }
        self.serve_gateway();
        self.note_idle(id);
    }

    fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Option<Time> {
        self.move_to(now.0);
        self.take_no_more(id);
        if self.servers.present(id) == 0 {
            self.servers.remove(id);
            return Some(now);
        }
        if deadline != Time::NEVER {
            let ordinal = self.servers.ordinal(id);
            self.heap.push(PlaneEvent::new(deadline.0, What::Kill, ordinal, id.0));
        }
        None
    }

    fn fail(&mut self, now: Time, replicas: &[ReplicaId], fleet: &mut Fleet, sink: &mut S) {
        self.fail_together(now, replicas, fleet, sink);
    }

    fn expire(&mut self, now: Time, fleet: &mut Fleet, sink: &mut S) {
        self.run_to(now.0, true, fleet, sink);
    }

    fn proxy(&mut self, _: Time, in_path: bool) {
        self.by_proxy = in_path && self.handing.is_some();
    }

    fn direct(&self, now: Time, replica: Option<ReplicaId>) -> Directly {
        self.handing.as_ref().map(|handing| handing.direct(now.0, replica)).unwrap_or_default()
    }

    fn load(&self, _: Time, id: ReplicaId) -> u64 {
        u64::from(self.servers.busy(id))
    }

    fn keep_work(&mut self) {
        self.servers.keep_work();
    }

    fn work_ns(&self, now: Time, replica: ReplicaId) -> u128 {
        self.servers.work_ns(replica, now.0)
    }

    fn gauges(&mut self, now: Time, _: &mut S) -> Gauges {
        self.move_to(now.0);
        Gauges { away: self.away(), ..self.gauges }
    }

    fn users(&mut self, now: Time) -> UserGauges {
        self.users.as_mut().map(|users| users.gauges_at(now)).unwrap_or_default()
    }

    fn sent(&self) -> (u64, Time) {
        self.users.as_ref().map_or((0, Time::ZERO), |users| users.last_sent())
    }

    fn finish(&mut self, _: Time, sink: &mut S) {
        if self.clients.is_some() {
            return self.finish_clients(sink);
        }
        for serving in self.serving.iter().filter(|serving| serving.replica.is_some()) {
            sink.unfinished(Time(serving.arrival));
            self.tell_class(serving.class, serving.arrival, Resolved::Unfinished, sink);
        }
        for request in self.waiting.iter().filter(|request| request.stamp != FREE) {
            sink.unfinished(Time(request.arrival));
            self.tell_class(request.class, request.arrival, Resolved::Unfinished, sink);
        }
    }
}
