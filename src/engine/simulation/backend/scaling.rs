//! What a service does when its autoscaler orders another count.

use super::Backend;
use crate::fleet::{OrderedBy, ReplicaId};
use crate::marks;
use crate::simulation::event_list::{Event, Order};
use crate::units::Time;

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// Brings the fleet to `desired`, as was decided at `decided` (rule 17).
    pub(in crate::simulation) fn actuate(&mut self, now: Time, desired: u32, decided: Time) {
        if self.scales_per_request() {
            // A policy's decisions change nothing (rule 31).
            self.desired = self.fleet.census().live();
            return;
        }
        self.desired = desired;
        let live = self.fleet.census().live();
        let wanted = desired.saturating_add(self.rollout.surplus());
        if wanted > live {
            self.scale_out(now, wanted - live, OrderedBy::Decision(decided));
        } else if wanted < live {
            self.scale_in(now, live - wanted);
        }
    }

    /// Whether the fleet is what an order would make it.
    pub(in crate::simulation) fn is_as_ordered(&self, Order { replicas, in_path }: Order) -> bool {
        self.desired == replicas
            && self.fleet.census().live() == replicas.saturating_add(self.rollout.surplus())
            && !self.scales_per_request()
            && (self.in_path == in_path || self.fleet.spec().proxy.is_none())
    }

    pub(super) fn scale_out(&mut self, now: Time, count: u32, by: OrderedBy) {
        for _ in 0..count {
            if self.launch(now, by).is_none() {
                return;
            }
        }
    }

    /// One more replica, if the quota allows it.
    pub(super) fn launch(&mut self, now: Time, by: OrderedBy) -> Option<ReplicaId> {
        let Some((id, ready_at)) = self.fleet.order(now, by) else {
            marks::hit("no room in the quota", "");
            return None;
        };
        self.plane.launched(id, &self.fleet);
        let ordinal = self.fleet.ordinal(id);
        if ready_at == now {
            self.ready(now, id, ordinal);
        } else {
            self.changes.push((ready_at, Event::Ready(ordinal, id)));
        }
        Some(id)
    }

    /// Those that are not ready go first (rule 5).
    fn scale_in(&mut self, now: Time, count: u32) {
        let starting = self.fleet.starting_victims(count);
        self.cancel(now, &starting);
        let rest = count - starting.len() as u32;
        if rest == 0 {
            return;
        }
        let victims = self.fleet.ready_victims(rest, |id| self.plane.load(now, id));
        self.drain(now, &victims);
    }

    /// Starting replicas are no longer wanted; newest first.
    pub(super) fn cancel(&mut self, now: Time, starting: &[ReplicaId]) {
        for &id in starting {
            self.plane.cancelled(id);
            self.fleet.cancel(now, id);
        }
    }

    /// Ready replicas finish what they have and go.
    pub(super) fn drain(&mut self, now: Time, victims: &[ReplicaId]) {
        self.keep_computed(now, victims);
        for &id in victims {
            let deadline = self.fleet.drain(now, id);
            self.leave(now, id, deadline);
        }
    }

    pub(super) fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) {
        match self.plane.leave(now, id, deadline) {
            Some(at) if at <= now => self.fleet.gone(now, id),
            Some(at) => self.changes.push((at, Event::Gone(id))),
            None => {}
        }
    }
}
