//! One queue for all replicas, first come first served, exact without an event per request.
//!
//! A slot is the instant at which it is next free. A request takes the slot that has been free for
//! longest (rule 4), that is the smallest of these instants (Kiefer and Wolfowitz 1955): one change of a winner
//! tree per request. Nothing can change the fleet before the *barrier*, so every request that starts at
//! or before it is committed, and told at once if it also ends by then; the others wait in the gateway and
//! meet the next fleet. At the barrier each slot therefore holds at most one request that ends later:
//! those are *open*, and everything can be read off them exactly.

use super::first::FirstDemand;
use super::gateway::{Gateway, GatewayRequest, NONE};
use super::leaving::{Leaving, Prospect, Routed};
use super::tree::{NEVER, WinnerTree};
use super::{Completion, Draws, Gauges, Interruption, Plane, Requests, Sink, Stop};
use crate::fleet::{Fleet, FleetSpec, ReplicaId};
use crate::marks;
use crate::random::Streams;
use crate::units::Time;

/// No position.
const NOWHERE: u32 = u32::MAX;

/// The open request of a slot; it ends at the slot's instant in the tree.
#[derive(Debug, Clone, Copy)]
struct Held {
    arrival: u64,
    start: u64,
}

const EMPTY: Held = Held { arrival: NONE, start: 0 };

/// The replica that a run of slots belongs to.
#[derive(Debug, Clone, Copy)]
struct Owner {
    ordinal: u64,
    alive: bool,
    /// Its first request has yet to come.
    fresh: bool,
    ready_at: u64,
}

/// The slots of all replicas in one tree, and the queue before them.
#[derive(Debug, Clone)]
pub(super) struct CentralQueue {
    tree: WinnerTree,
    /// Valid for the slots of open requests.
    held: Vec<Held>,
    /// Slots whose request ends after `filed_to`, and some whose replica has left since.
    open: Vec<u32>,
    /// Every completion up to here was told, but for those on leaving replicas.
    filed_to: u64,
    /// In launch order; slots of position p are `p * concurrency ..`.
    owners: Vec<Owner>,
    /// Position of a replica, by its id.
    position: Vec<u32>,
    /// When the newest replica became ready: who arrives later is never cold.
    newest_ready_at: u64,
    concurrency: usize,
    leaving: Leaving,
    /// Requests that do not start before the barrier.
    gateway: Gateway,
    first: FirstDemand,
    /// Committed service on ready replicas, counted up to its end.
    busy_ns: u128,
    /// The same of each slot, one request after the other; empty unless it is kept.
    work_ns: Vec<u64>,
}

impl CentralQueue {
    /// Empty, without replicas. Patience is constant if there is any.
    pub(super) fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        let concurrency = spec.concurrency.max(1) as usize;
        let tree = WinnerTree::new((spec.initial.max(1) as usize).saturating_mul(concurrency));
        Self {
            held: vec![EMPTY; tree.width()],
            open: Vec::with_capacity(tree.width()),
            filed_to: 0,
            tree,
            owners: Vec::new(),
            position: Vec::new(),
            newest_ready_at: 0,
            concurrency,
            leaving: Leaving::default(),
            gateway: Gateway::new(spec, streams, waiting_limit),
            first: FirstDemand::new(spec, streams),
            busy_ns: 0,
            work_ns: Vec::new(),
        }
    }

    /// The hot loop, for the usual case: no patience, no capacity, no law for first requests, no
    /// slowdowns, and nobody waits beyond the barrier. Returns how many requests it took.
    fn arrive_plain(
        &mut self,
        arrivals: &[u64],
        demands: &[u64],
        barrier: u64,
        sink: &mut impl Sink,
    ) -> usize {
        let gateway = &self.gateway;
        let plain = gateway.patience == NONE && gateway.capacity.is_none() && self.first.is_usual();
        if !plain || !gateway.is_empty() {
            return 0;
        }
        let (mut taken, mut waited_ns) = (0, 0);
        for (&arrival, &demand) in arrivals.iter().zip(demands) {
            let (free, slot) = self.tree.min();
            let start = free.max(arrival);
            if start > barrier {
                break;
            }
            taken += 1;
            waited_ns += u128::from(start - arrival);
            self.commit(slot, Held { arrival, start }, demand.max(1), barrier, sink);
        }
        self.gateway.waits.waited_ns += waited_ns;
        taken
    }

    /// One request, every rule.
    fn arrive_one(&mut self, arrival: u64, demand: u64, barrier: u64, sink: &mut impl Sink) {
        let (free, slot) = self.tree.min();
        let demand = demand.max(1);
        if self.gateway.is_empty() && free <= arrival {
            let demand = self.demand(slot, arrival, demand);
            self.commit(slot, Held { arrival, start: arrival }, demand, barrier, sink);
            return;
        }
        if !self.gateway.has_room(arrival) {
            sink.rejected(Time(arrival));
            return;
        }
        self.gateway.push(GatewayRequest { arrival, demand, routing: 0 });
        if self.gateway.len() == 1 {
            self.settle_near(barrier, sink);
        }
    }

    /// Resolves everything whose fate at or before `barrier` is certain.
    fn settle(&mut self, barrier: Time, sink: &mut impl Sink) {
        let barrier = barrier.0.min(NEVER - 1);
        while barrier >= self.tree.horizon() {
            marks::hit("beyond the horizon of the tree", "");
            self.settle_near(self.tree.horizon() - 1, sink);
            let next = match self.gateway.is_empty() {
                true => barrier,
                false => self.tree.earliest().min(barrier),
            };
            self.file(next, sink);
            self.tree.move_base(next);
        }
        self.settle_near(barrier, sink);
    }

    /// The same within the horizon of the tree: the first of those that wait take slots or give up.
    #[inline]
    fn settle_near(&mut self, barrier: u64, sink: &mut impl Sink) {
        self.file(barrier, sink);
        while let Some(GatewayRequest { arrival, demand, .. }) = self.gateway.first() {
            let (free, slot) = self.tree.min();
            let start = free.max(arrival);
            let deadline = self.gateway.deadline(arrival);
            if start <= barrier && start <= deadline {
                self.gateway.end_first(start);
                let demand = self.demand(slot, start, demand);
                self.commit(slot, Held { arrival, start }, demand, barrier, sink);
            } else if deadline < barrier {
                self.gateway.end_first(deadline);
                sink.timed_out(Time(arrival), Time(deadline));
            } else {
                break;
            }
        }
    }

    /// Tells of open requests that end by `barrier`, now that nothing can happen to them before.
    #[inline]
    fn file(&mut self, barrier: u64, sink: &mut impl Sink) {
        if barrier > self.filed_to {
            self.filed_to = barrier;
            let mut open = std::mem::take(&mut self.open);
            open.retain(|&slot| {
                let slot = slot as usize;
                let (held, end) = (self.held[slot], self.tree.get(slot));
                let stays = end > barrier;
                if !stays {
                    sink.completed(&self.completion::<true>(slot, held, end));
                }
                stays && held.arrival != NONE
            });
            self.open = open;
        }
    }

    #[inline(always)]
    fn commit<S: Sink>(
        &mut self,
        slot: usize,
        held: Held,
        demand: u64,
        barrier: u64,
        sink: &mut S,
    ) {
        debug_assert!(held.start <= barrier && barrier >= self.filed_to);
        let end = held.start.saturating_add(demand).min(NEVER - 1);
        self.busy_ns += u128::from(end - held.start);
        if let Some(work) = self.work_ns.get_mut(slot) {
            *work += end - held.start;
        }
        self.tree.set(slot, end);
        if end <= barrier {
            let completion = match sink.names_replicas() {
                true => self.completion::<true>(slot, held, end),
                false => self.completion::<false>(slot, held, end),
            };
            sink.completed(&completion);
        } else {
            self.held[slot] = held;
            self.open.push(slot as u32);
        }
    }

    /// How long a request holds this slot that is served from `start` on.
    fn demand(&mut self, slot: usize, start: u64, demand: u64) -> u64 {
        if self.first.is_usual() {
            return demand;
        }
        let owner = &mut self.owners[slot / self.concurrency];
        self.first.of(start, demand, owner.ordinal, &mut owner.fresh)
    }

    #[inline]
    fn completion<const NAMED: bool>(&self, slot: usize, held: Held, end: u64) -> Completion {
        let mut completion = Completion {
            arrival: Time(held.arrival),
            start: Time(held.start),
            end: Time(end),
            replica: 0,
            cold: false,
        };
        if NAMED || held.arrival < self.newest_ready_at {
            let owner = &self.owners[slot / self.concurrency];
            completion.replica = owner.ordinal;
            completion.cold = held.arrival < owner.ready_at;
        }
        completion
    }

    /// Drops the slots of replicas that are gone; grows the tree if that frees too little.
    fn make_room(&mut self) {
        marks::hit("slots of gone replicas are dropped", "");
        let concurrency = self.concurrency;
        let mut moved = vec![NOWHERE; self.owners.len()];
        let mut owners = Vec::with_capacity(self.owners.len() + 1);
        let mut slots: Vec<(u64, Held)> = Vec::with_capacity(self.tree.width());
        let mut work = Vec::new();
        for (at, owner) in self.owners.iter().enumerate().filter(|(_, owner)| owner.alive) {
            moved[at] = owners.len() as u32;
            owners.push(*owner);
            let own = at * concurrency..(at + 1) * concurrency;
            work.extend(self.work_ns.get(own.clone()).unwrap_or_default());
            slots.extend(own.map(|slot| (self.tree.get(slot), self.held[slot])));
        }
        for position in self.position.iter_mut().filter(|position| **position != NOWHERE) {
            *position = moved[*position as usize];
        }
        self.open.retain_mut(|slot| {
            let (owner, within) = (*slot as usize / concurrency, *slot as usize % concurrency);
            *slot = moved[owner].wrapping_mul(concurrency as u32).wrapping_add(within as u32);
            moved[owner] != NOWHERE
        });
        self.owners = owners;
        let needed = (self.owners.len() + 1) * concurrency;
        let wanted = if needed * 4 > self.tree.width() * 3 { needed * 4 / 3 + 1 } else { needed };
        self.tree.refill(wanted, slots.iter().map(|slot| slot.0));
        self.held.clear();
        self.held.extend(slots.iter().map(|slot| slot.1));
        self.held.resize(self.tree.width(), EMPTY);
        if !self.work_ns.is_empty() {
            work.resize(self.tree.width(), 0);
            self.work_ns = work;
        }
    }

    fn slots(&self, replica: ReplicaId) -> std::ops::Range<usize> {
        let position = self.position[replica.index()] as usize;
        position * self.concurrency..(position + 1) * self.concurrency
    }

    /// The replica's slots are no longer its own.
    fn forget(&mut self, replica: ReplicaId) {
        let position = std::mem::replace(&mut self.position[replica.index()], NOWHERE);
        self.owners[position as usize].alive = false;
    }
}

impl<S: Sink> Plane<S> for CentralQueue {
    fn draws(&self) -> Draws {
        Draws::default()
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
        let (arrivals, demands) = (requests.arrival_ns, requests.demand_ns);
        let mut taken = 0;
        while taken < arrivals.len() {
            // What the tree can hold exactly may end before the barrier; then the batch is taken in parts.
            if barrier.0 >= self.tree.horizon() {
                self.settle(Time(arrivals[taken]), sink);
                self.tree.move_base(arrivals[taken]);
            }
            let near = barrier.0.min(self.tree.horizon() - 1);
            let part = taken + arrivals[taken..].partition_point(|&arrival| arrival <= near);
            self.settle(Time(near), sink);
            taken += self.arrive_plain(&arrivals[taken..part], &demands[taken..part], near, sink);
            while taken < part {
                self.arrive_one(arrivals[taken], demands[taken], near, sink);
                taken += 1;
                if self.gateway.is_overfull() {
                    return Stop::TooMany(taken);
                }
            }
        }
        Stop::Taken
    }

    fn reach(&mut self, now: Time, _: &mut Fleet, sink: &mut S) -> Option<Interruption> {
        self.settle(now, sink);
        None
    }

    // Slots are reserved in launch order, so that equal instants are won by the older replica.
    fn launched(&mut self, replica: ReplicaId, fleet: &Fleet) {
        if (self.owners.len() + 1) * self.concurrency > self.tree.width() {
            self.make_room();
        }
        let id = replica.index();
        if self.position.len() <= id {
            self.position.resize(id + 1, NOWHERE);
        }
        self.position[id] = self.owners.len() as u32;
        self.owners.push(Owner {
            ordinal: fleet.ordinal(replica),
            alive: true,
            fresh: true,
            ready_at: NONE,
        });
    }

    fn cancelled(&mut self, replica: ReplicaId) {
        self.forget(replica);
    }

    fn join(&mut self, now: Time, replica: ReplicaId, _: &Fleet, sink: &mut S) {
        let slots = self.slots(replica);
        self.owners[slots.start / self.concurrency].ready_at = now.0;
        self.newest_ready_at = now.0;
        for slot in slots {
            self.tree.set(slot, now.0);
        }
        self.settle(now, sink);
    }

    fn leave(&mut self, now: Time, replica: ReplicaId, deadline: Time) -> Option<Time> {
        let mut gone = now.0;
        for slot in self.slots(replica) {
            let end = self.tree.get(slot);
            self.tree.set(slot, NEVER);
            if end <= now.0 {
                continue;
            }
            let held = std::mem::replace(&mut self.held[slot], EMPTY);
            let Completion { replica, cold, .. } = self.completion::<true>(slot, held, end);
            self.busy_ns -= u128::from(end - now.0);
            let prospect = Prospect::Served(held.start, end);
            let request = Routed { arrival: held.arrival, prospect, replica, cold };
            gone = gone.max(self.leaving.add(request, now.0, NONE, deadline.0));
        }
        self.forget(replica);
        Some(Time(gone))
    }

    fn expire(&mut self, now: Time, _: &mut Fleet, sink: &mut S) {
        self.gateway.give_up(sink, |deadline| deadline <= now.0);
    }

    fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        self.slots(replica).filter(|&slot| self.tree.get(slot) > now.0).count() as u64
    }

    fn keep_work(&mut self) {
        self.work_ns = vec![0; self.tree.width()];
    }

    fn work_ns(&self, now: Time, replica: ReplicaId) -> u128 {
        let slots = self.slots(replica);
        let ahead = |slot: usize| self.tree.get(slot).saturating_sub(now.0);
        let work = self.work_ns.get(slots.clone()).unwrap_or_default();
        let worked =
            slots.zip(work).map(|(slot, work)| u128::from(work.saturating_sub(ahead(slot))));
        worked.sum()
    }

    fn gauges(&mut self, now: Time, sink: &mut S) -> Gauges {
        self.file(now.0, sink);
        let (mut busy, mut overhang) = (0, 0_u128);
        for &slot in &self.open {
            if self.held[slot as usize].arrival != NONE {
                busy += 1;
                overhang += u128::from(self.tree.get(slot as usize) - now.0);
            }
        }
        self.leaving.file(now.0, sink);
        let (busy_ns, waits) = (self.busy_ns - overhang, &self.gateway.waits);
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
        Plane::gauges(self, now, sink);
        for &slot in &self.open {
            let held = self.held[slot as usize];
            if held.arrival != NONE {
                sink.unfinished(Time(held.arrival));
            }
        }
        self.leaving.finish(sink);
        self.gateway.finish(sink);
    }
}
