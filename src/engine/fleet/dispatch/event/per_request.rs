//! Scale per request: a request that finds no idle slot starts a replica and waits for it; a replica
//! that stays idle is removed (rules 29, 30).

use super::{EventPlane, Mode, Place, Ticket, Waiting};
use crate::fleet::dispatch::Sink;
use crate::fleet::dispatch::event::heap::{PlaneEvent, What};
use crate::fleet::{Fleet, FleetSpec, OrderedBy, Overflow, ReplicaId, ScalePerRequest};
use crate::marks;
use crate::random::{Purpose, Sampler, Streams};
use crate::units::Time;
use std::collections::BTreeMap;

/// The state of the mode.
#[derive(Debug, Clone)]
pub(super) struct PerRequest {
    spec: ScalePerRequest,
    streams: Streams,
    concurrency: usize,
    /// Idle replicas expire in the order in which they became idle, each after so long: one slot and a
    /// constant expiry.
    in_order: Option<u64>,
    /// Others than the last one that starts may have room: those that take the place of failed ones.
    any_has_room: bool,
    /// Starting replicas by launch ordinal, with who waits for each.
    coming: BTreeMap<u64, Vec<Ticket>>,
    /// By replica id.
    lives: Vec<Life>,
}

/// What is known of a replica's life.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    /// Idle periods begun so far.
    idle_periods: u64,
    /// From when on it is not kept idle.
    until: u64,
}

impl PerRequest {
    pub(super) fn new(spec: &ScalePerRequest, fleet: &FleetSpec, streams: Streams) -> Self {
        let mut in_order = None;
        if let Sampler::Constant(limit) = spec.idle_expiry
            && fleet.concurrency <= 1
            && spec.max_lifetime.is_none()
        {
            in_order = Some(limit);
        }
        Self {
            in_order,
            spec: spec.clone(),
            streams,
            concurrency: fleet.concurrency.max(1) as usize,
            any_has_room: fleet.failures.lifetime.is_some(),
            coming: BTreeMap::new(),
            lives: Vec::new(),
        }
    }

    /// A replica is ready at `now`; its life belongs to its launch (rules 2, 50).
    fn begin_life(&mut self, now: u64, id: ReplicaId, fleet: &Fleet) {
        if self.lives.len() <= id.index() {
            self.lives.resize(id.index() + 1, Life::default());
        }
        let until = self.spec.max_lifetime.as_ref().map_or(u64::MAX, |law| {
            let (launched, number) = fleet.launch_of(fleet.ordinal(id));
            let mut rng = self.streams.keyed(Purpose::MaxLifetime, launched, number);
            now.saturating_add(law.draw(&mut rng).0)
        });
        self.lives[id.index()] = Life { idle_periods: 0, until };
    }

    /// How long this idle period may last: the k-th of a replica is the same for every policy.
    fn idle_limit(&mut self, id: ReplicaId, ordinal: u64) -> u64 {
        if let Sampler::Constant(limit) = self.spec.idle_expiry {
            return limit;
        }
        let life = &mut self.lives[id.index()];
        let period = life.idle_periods;
        life.idle_periods += 1;
        let mut rng = self.streams.keyed(Purpose::IdleExpiry, ordinal as u32, period);
        self.spec.idle_expiry.draw(&mut rng).0
    }
}

impl EventPlane {
    fn per_request(&mut self) -> Option<&mut PerRequest> {
        match &mut self.mode {
            Mode::PerRequest(state) => Some(state),
            Mode::Central | Mode::Routed(_) => None,
        }
    }

    /// A replica is ready now, or there from the start.
    pub(super) fn begin_life(&mut self, id: ReplicaId, fleet: &Fleet) {
        let now = self.now;
        if let Some(state) = self.per_request() {
            state.begin_life(now, id, fleet);
        }
        self.heap.push(PlaneEvent::new(fleet.fails_at(id).0, What::Fail, fleet.ordinal(id), id.0));
    }

    /// A replica's life is over (rule 32). Another is started for those who wait at the gateway, and where
    /// fewer are live than the minimum (rule 52).
    pub(super) fn fail_per_request(
        &mut self,
        event: PlaneEvent,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        let (id, now) = (ReplicaId(event.index), Time(self.now));
        if !fleet.is_ready(id, event.stamp) {
            return;
        }
        fleet.fail(now, id);
        self.fail_together(now, &[id], fleet, sink);
        let somebody_waits = !self.gateway_is_empty();
        let Some(state) = self.per_request() else { return };
        let live = fleet.census().live();
        let wanted = live < state.spec.minimum || somebody_waits && live < state.spec.limit;
        if wanted && let Some((id, ready_at)) = fleet.order(now, OrderedBy::Failure) {
            self.await_ready(id, ready_at, fleet);
            if ready_at == now {
                self.serve_gateway();
                self.note_idle(id);
            }
        }
    }

    /// A replica was ordered: it is ready now, or will be.
    fn await_ready(&mut self, id: ReplicaId, ready_at: Time, fleet: &mut Fleet) {
        let ordinal = fleet.ordinal(id);
        if let Some(state) = self.per_request() {
            state.coming.insert(ordinal, Vec::new());
        }
        if ready_at.0 == self.now {
            self.become_ready(ordinal, id, fleet);
        } else {
            self.heap.push(PlaneEvent::new(ready_at.0, What::Ready, ordinal, id.0));
        }
    }

    pub(super) fn admit_per_request(
        &mut self,
        request: Waiting,
        patience: Option<u64>,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        let queue_is_empty = self.gateway_is_empty();
        if queue_is_empty && let Some(slot) = self.servers.newest_idle() {
            self.start(slot.replica, Some(slot), &request);
            return;
        }
        if queue_is_empty && self.bind_to_coming(request, patience, sink) {
            return;
        }
        let full = self.gauges.queued >= self.capacity;
        let Some(state) = self.per_request() else { return };
        let (limit, overflow) = (state.spec.limit, state.spec.overflow);
        let may_launch = queue_is_empty && fleet.census().live() < limit;
        // A replica that is ready at once serves without a wait, so a full queue does not matter.
        if may_launch
            && (!full || fleet.is_ready_at_once(Time(self.now)))
            && let Some((id, ready_at)) = fleet.order(Time(self.now), OrderedBy::Request)
        {
            sink.launched(self.first_arrival(&request));
            self.launch(id, ready_at, request, patience, fleet, sink);
            return;
        }
        match overflow {
            Overflow::Wait => {
                self.wait_at(Place::Gateway, request, patience, sink);
            }
            // Work that was put back may wait there (rule 52); who comes after it waits too (rule 29).
            Overflow::Reject if !queue_is_empty => {
                self.wait_at(Place::Gateway, request, patience, sink);
            }
            Overflow::Reject => self.refuse(&request, sink),
        }
    }

    /// Claims a free slot of a replica that is already starting, in launch order (rule 29).
    fn bind_to_coming(
        &mut self,
        request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) -> bool {
        let Mode::PerRequest(state) = &self.mode else { return false };
        let valid = |ticket: &&Ticket| self.waiting[ticket.0 as usize].stamp == ticket.1;
        let free = |bound: &Vec<Ticket>| bound.iter().filter(valid).count() < state.concurrency;
        // Otherwise only the last one can have room.
        let found = match state.any_has_room || self.may_give_up() {
            true => state.coming.iter().find(|(_, bound)| free(bound)),
            false => state.coming.last_key_value().filter(|(_, bound)| free(bound)),
        };
        let Some((&ordinal, _)) = found else { return false };
        self.bind(ordinal, request, patience, sink);
        true
    }

    fn bind(
        &mut self,
        ordinal: u64,
        request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) {
        let Some(ticket) = self.wait_at(Place::Bound, request, patience, sink) else { return };
        if let Some(bound) = self.per_request().and_then(|state| state.coming.get_mut(&ordinal)) {
            bound.push(ticket);
        }
    }

    fn launch(
        &mut self,
        id: ReplicaId,
        ready_at: Time,
        request: Waiting,
        patience: Option<u64>,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        self.await_ready(id, ready_at, fleet);
        if ready_at.0 == self.now {
            if let Some(slot) = self.servers.newest_idle() {
                let at = self.start(slot.replica, Some(slot), &request);
                // Its own law is then all there is of a cold start (rule 20).
                self.serving[at].cold |= self.first.has_law();
            }
            return;
        }
        self.bind(fleet.ordinal(id), request, patience, sink);
    }

    /// The replica is ready: its slots are idle. Returns who waited for it.
    fn become_ready(&mut self, ordinal: u64, id: ReplicaId, fleet: &mut Fleet) -> Vec<Ticket> {
        let coming = self.per_request().and_then(|state| state.coming.remove(&ordinal));
        let bound = coming.unwrap_or_default();
        fleet.make_ready(Time(self.now), id, ordinal);
        self.begin_life(id, fleet);
        self.servers.add(id, ordinal, self.now);
        for slot in 0..self.servers.concurrency() {
            self.servers.free_slot(id, slot, self.now);
        }
        bound
    }

    pub(super) fn ready_per_request(&mut self, event: PlaneEvent, fleet: &mut Fleet) {
        let id = ReplicaId(event.index);
        let bound = self.become_ready(event.stamp, id, fleet);
        for ticket in bound {
            if self.ticket_is_valid(ticket) {
                let request = self.take_waiting(ticket);
                if let Some(slot) = self.servers.idle_of(id) {
                    self.start(id, Some(slot), &request);
                }
            }
        }
        self.serve_gateway();
        self.note_idle(id);
    }

    /// Begins an idle period if the replica has no request left.
    pub(super) fn note_idle(&mut self, id: ReplicaId) {
        if !matches!(&self.mode, Mode::PerRequest(state) if state.in_order.is_none()) {
            return;
        }
        let servers = &self.servers;
        if !servers.is_ready(id) || servers.busy(id) > 0 || servers.is_idling(id) {
            return;
        }
        let ordinal = servers.ordinal(id);
        let Some(state) = self.per_request() else { return };
        let (limit, life_ends) = (state.idle_limit(id, ordinal), state.lives[id.index()].until);
        let now = self.now;
        let until = now.saturating_add(limit).min(life_ends.max(now));
        self.servers.begin_idle(id, until);
        // Of those idle for equally long the older replica goes first (rule 30).
        self.heap.push(PlaneEvent::new(until, What::IdleExpire, ordinal, id.0));
    }

    pub(super) fn expire_idle(&mut self, event: PlaneEvent, fleet: &mut Fleet) {
        let id = ReplicaId(event.index);
        let valid = self.servers.idles_until(id, event.stamp, event.at);
        let Some(state) = self.per_request() else { return };
        if valid && fleet.census().live() > state.spec.minimum {
            self.remove_idle(id, fleet);
        }
    }

    /// When the replica idle for longest expires, where they do so in order; `u64::MAX` = never.
    #[inline]
    pub(super) fn next_expiry(&self) -> u64 {
        let Mode::PerRequest(PerRequest { in_order: Some(limit), .. }) = &self.mode else {
            return u64::MAX;
        };
        let next = self.servers.next_to_expire();
        next.map_or(u64::MAX, |slot| slot.freed_at.saturating_add(*limit))
    }

    pub(super) fn expire_longest_idle(&mut self, fleet: &mut Fleet) {
        let Mode::PerRequest(state) = &self.mode else { return };
        match self.servers.next_to_expire() {
            Some(slot) if fleet.census().live() > state.spec.minimum => {
                self.remove_idle(slot.replica, fleet);
            }
            _ => {
                marks::hit("outlives its idle period", "");
                self.servers.outlive();
            }
        }
    }

    fn remove_idle(&mut self, id: ReplicaId, fleet: &mut Fleet) {
        self.servers.leave(id);
        self.servers.remove(id);
        fleet.drain(Time(self.now), id);
        fleet.gone(Time(self.now), id);
    }
}
