//! Replicas that are killed or fail: what they hold is lost, or put back to be served by others (rule 33).

use super::clients::{Killed, Whereabouts};
use super::heap::PlaneEvent;
use super::{EventPlane, Mode, Serving, Ticket, Waiting};
use crate::fleet::dispatch::Sink;
use crate::fleet::{Fleet, ReplicaId};
use crate::marks;
use crate::units::Time;

impl EventPlane {
    /// Keeps what is needed to put a request back that is in service from now on.
    #[inline]
    pub(super) fn hold(&mut self, at: usize, request: &Waiting) {
        let Some(held) = &mut self.held else { return };
        if held.len() <= at {
            held.resize(at + 1, *request);
        }
        held[at] = *request;
    }

    /// A leaving replica's grace ends, or it fails.
    pub(super) fn kill(&mut self, event: PlaneEvent, fleet: &mut Fleet, sink: &mut impl Sink) {
        let id = ReplicaId(event.index);
        if !self.servers.is(id, event.stamp) {
            marks::hit("gone before its grace ended", "");
            return;
        }
        let fails = fleet.fails_at(id) <= Time(self.now);
        self.end_work(&[id], fails, fleet, sink);
    }

    /// Ready replicas fail together.
    pub(super) fn fail_together(
        &mut self,
        now: Time,
        replicas: &[ReplicaId],
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        self.move_to(now.0);
        for &id in replicas {
            self.take_no_more(id);
        }
        self.end_work(replicas, true, fleet, sink);
    }

    /// Leaving replicas are gone at once, and with them what they held.
    ///
    /// | work of failed replicas is | the grace ended | the replica failed |
    /// |---|---|---|
    /// | lost | lost | lost |
    /// | put back | lost | waits at the head of the queue, to begin anew |
    fn end_work(
        &mut self,
        replicas: &[ReplicaId],
        fails: bool,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        if fails && self.held.is_some() {
            marks::hit("failed work is put back", "");
            self.put_back(replicas, sink);
        } else {
            self.lose(replicas, sink);
        }
        for &id in replicas {
            self.retire_if_done(id, fleet);
        }
        if fails {
            self.serve_again();
        }
    }

    fn lose(&mut self, replicas: &[ReplicaId], sink: &mut impl Sink) {
        for at in 0..self.serving.len() {
            let serving = self.serving[at];
            let Some(id) = serving.replica.filter(|id| replicas.contains(id)) else { continue };
            self.release(at, id);
            let Serving { arrival, start, client, class, .. } = serving;
            self.tell_lost(Killed { arrival, start, client, class }, sink);
        }
        for &id in replicas {
            while let Some(ticket) = self.next_at(id) {
                let request = self.take_unserved(ticket);
                let Waiting { arrival, client, class, .. } = request;
                let start = Time::NEVER.0;
                self.tell_lost(Killed { arrival, start, client, class }, sink);
            }
        }
        self.clients_lost_theirs(sink);
    }

    /// Puts everything at the head of the common queue: first what was in service, then what waited, each
    /// in order of arrival (rules 13, 33).
    fn put_back(&mut self, replicas: &[ReplicaId], sink: &mut impl Sink) {
        let mut again: Vec<Waiting> = Vec::new();
        for at in 0..self.serving.len() {
            let serving = self.serving[at];
            let Some(id) = serving.replica.filter(|id| replicas.contains(id)) else { continue };
            let Some(&held) = self.held.as_ref().and_then(|held| held.get(at)) else { continue };
            self.release(at, id);
            sink.interrupted(Time(serving.arrival), Time(serving.start), Time(self.now));
            let client = serving.client;
            again.push(Waiting { client, replica: None, again: true, by_proxy: false, ..held });
        }
        again.sort_unstable_by_key(|request| request.stamp);
        let mut waited: Vec<Ticket> = Vec::new();
        for &id in replicas {
            while let Some(ticket) = self.next_at(id) {
                self.servers.note_dequeued(id);
                let request = &mut self.waiting[ticket.0 as usize];
                let by_proxy = std::mem::take(&mut request.by_proxy);
                request.replica = None;
                self.note_left(id, by_proxy);
                waited.push(ticket);
            }
        }
        waited.sort_unstable_by_key(|ticket| ticket.1);
        for ticket in waited.into_iter().rev() {
            let level = self.level(self.waiting[ticket.0 as usize].class);
            self.gateway.push_front(level, ticket);
        }
        for request in again.into_iter().rev() {
            let at = self.keep_waiting(request);
            self.note_place(request.client, Whereabouts::Waiting(at));
            self.gateway.push_front(self.level(request.class), (at, request.stamp));
        }
    }

    /// What was put back is served where there is room, or routed where there are queues.
    fn serve_again(&mut self) {
        match &self.mode {
            Mode::Routed(routed) if routed.is_empty() => {}
            Mode::Routed(_) => self.empty_gateway(),
            Mode::Central | Mode::PerRequest(_) => self.serve_gateway(),
        }
    }
}
