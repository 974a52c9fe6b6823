//! What a service does when its replicas fail (rules 32, 34, 35).

use super::Backend;
use crate::fleet::{OrderedBy, ReplicaId, Restart};
use crate::simulation::event_list::Event;
use crate::units::Time;

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// A replica that is ready now will fail, if it has such a life.
    pub(super) fn note_failure(&mut self, id: ReplicaId) {
        if self.scales_per_request() {
            return; // the plane's
        }
        let ordinal = self.fleet.ordinal(id);
        self.changes.push((self.fleet.fails_at(id), Event::Fail(ordinal, id)));
    }

    /// A replica's life is over (rule 32). One that leaves is killed by the plane, and one that is gone is
    /// no concern.
    pub(in crate::simulation) fn fail(&mut self, now: Time, id: ReplicaId, ordinal: u64) {
        if self.fleet.is_ready(id, ordinal) {
            self.fail_together(now, &[id]);
            self.replace(now, 1);
        }
    }

    /// Replicas fail together, or are told that they will (rule 35).
    pub(in crate::simulation) fn outage(&mut self, now: Time, number: u32) {
        let Some(&outage) = self.fleet.spec().failures.outages.get(number as usize) else { return };
        let victims = self.fleet.outage_victims(number);
        // A replica that is told has its grace, and no more time than it was told.
        let notice = outage.notice.min(self.fleet.spec().grace);
        if notice.is_zero() {
            self.fail_together(now, &victims);
        } else {
            self.keep_computed(now, &victims);
            for &id in &victims {
                let deadline = self.fleet.reclaim(now, id, notice);
                self.leave(now, id, deadline);
            }
        }
        self.replace(now, victims.len() as u32);
    }

    fn fail_together(&mut self, now: Time, replicas: &[ReplicaId]) {
        self.keep_computed(now, replicas);
        for &id in replicas {
            self.fleet.fail(now, id);
        }
        self.plane.fail(now, replicas, &mut self.fleet, &mut self.told);
    }

    /// New ones for as many as failed, unless no more are wanted (rule 34).
    fn replace(&mut self, now: Time, failed: u32) {
        if self.fleet.spec().failures.restart == Restart::Replaced {
            let wanted = self.desired.saturating_add(self.rollout.surplus());
            let missing = wanted.saturating_sub(self.fleet.census().live());
            self.scale_out(now, failed.min(missing), OrderedBy::Failure);
        }
    }
}
