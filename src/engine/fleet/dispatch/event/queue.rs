//! Requests that wait: the slab they are kept in and the queues that hold tickets for it.

use super::classes::Classes;
use super::clients::Whereabouts;
use super::heap::{PlaneEvent, What};
use super::{EventPlane, FREE, Mode, Place, Ticket, Waiting};
use crate::fleet::ReplicaId;
use crate::fleet::dispatch::Sink;

impl EventPlane {
    #[inline]
    pub(super) fn gateway_is_empty(&mut self) -> bool {
        while let Some(ticket) = self.gateway.front() {
            if self.ticket_is_valid(ticket) {
                return false;
            }
            self.gateway.pop_front();
        }
        true
    }

    pub(super) fn ticket_is_valid(&self, (at, stamp): Ticket) -> bool {
        self.waiting[at as usize].stamp == stamp
    }

    /// Puts a request into a queue, or refuses it if too many wait already.
    pub(super) fn wait_at(
        &mut self,
        place: Place,
        request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) -> Option<Ticket> {
        if self.gauges.queued >= self.capacity && !self.push_out_for(request.class, sink) {
            self.refuse(&request, sink);
            return None;
        }
        let at = self.keep_waiting(request);
        let ticket = (at, request.stamp);
        self.note_place(request.client, Whereabouts::Waiting(at));
        match place {
            Place::At(id) => self.queue_at(id, ticket),
            Place::Gateway => self.gateway.push_back(self.level(request.class), ticket),
            Place::Bound => {}
        }
        self.note_waiting(request.class, ticket);
        if let Some(patience) = patience {
            let deadline = request.arrival.saturating_add(patience);
            self.heap.push_doubtful(
                PlaneEvent::new(deadline, What::GiveUp, request.stamp, at),
                self.now,
            );
        }
        Some(ticket)
    }

    /// Puts a request into the slab of those that wait.
    #[inline]
    pub(super) fn keep_waiting(&mut self, request: Waiting) -> u32 {
        let at = self.waiting_unused.pop().unwrap_or_else(|| {
            self.waiting.push(request);
            self.waiting_unused.reserve(self.waiting.len());
            (self.waiting.len() - 1) as u32
        });
        self.waiting[at as usize] = request;
        self.gauges.queued += 1;
        at
    }

    /// Takes up the ends of patience that come next, of those who still wait.
    pub(super) fn draw_near(&mut self) -> bool {
        let waiting = &self.waiting;
        self.heap.draw_near(|event| waiting[event.index as usize].stamp == event.stamp)
    }

    pub(super) fn queue_at(&mut self, id: ReplicaId, ticket: Ticket) {
        let request = &mut self.waiting[ticket.0 as usize];
        request.replica = Some(id);
        let level = Classes::level(self.classes.as_deref(), request.class);
        self.servers.enqueue(id, level, ticket);
        self.note_present(id);
    }

    /// Takes out a request that leaves before it is served, wherever it waits.
    pub(super) fn take_unserved(&mut self, ticket: Ticket) -> Waiting {
        let request = self.take_waiting(ticket);
        if let Some(id) = request.replica {
            self.servers.note_dequeued(id);
            self.note_present(id);
            self.note_left(id, request.by_proxy);
        }
        request
    }

    /// Takes a waiting request out of the slab (its ticket in a queue becomes invalid).
    pub(super) fn take_waiting(&mut self, (at, _): Ticket) -> Waiting {
        let request = self.waiting[at as usize];
        self.waiting[at as usize].stamp = FREE;
        self.waiting_unused.push(at);
        self.gauges.queued -= 1;
        request
    }

    /// Waiting requests of the common queue take idle slots.
    pub(super) fn serve_gateway(&mut self) {
        let newest = match self.mode {
            Mode::Routed(_) => return self.hand_over(),
            Mode::Central => false,
            Mode::PerRequest(_) => true,
        };
        while !self.gateway_is_empty() {
            let slot = match newest {
                true => self.servers.newest_idle(),
                false => self.servers.longest_idle(),
            };
            let Some(slot) = slot else { return };
            let Some(ticket) = self.gateway.pop_front() else { return };
            let request = self.take_waiting(ticket);
            self.start(slot.replica, Some(slot), &request);
        }
    }

    pub(super) fn give_up(&mut self, event: PlaneEvent, sink: &mut impl Sink) {
        let ticket = (event.index, event.stamp);
        if !self.ticket_is_valid(ticket) || self.waiting[ticket.0 as usize].again {
            return; // served meanwhile
        }
        let request = self.take_unserved(ticket);
        self.tell_timed_out(&request, sink);
    }

    /// Requests that waited for any replica to be ready choose one now.
    pub(super) fn empty_gateway(&mut self) {
        if self.handing.is_some() {
            return self.hand_over();
        }
        while !self.gateway_is_empty() {
            let Mode::Routed(routed) = &mut self.mode else { return };
            let Some(ticket) = self.gateway.pop_front() else { return };
            let Some(id) = routed.choose(self.waiting[ticket.0 as usize].routing) else { return };
            if self.servers.has_free_slot(id) {
                let request = self.take_waiting(ticket);
                self.start(id, None, &request);
            } else {
                self.queue_at(id, ticket);
            }
        }
    }
}
