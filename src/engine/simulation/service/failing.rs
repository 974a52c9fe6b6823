//! What a service does when its replicas fail (rules 32, 34, 35).

use super::{Change, Service};
use crate::fleet::dispatch::Sink;
use crate::fleet::{OrderedBy, ReplicaId, Restart};
use crate::units::Time;

impl Service {
    /// When its outages begin.
    pub(in crate::simulation) fn outages(&self) -> Vec<Time> {
        self.fleet.spec().failures.outages.iter().map(|outage| outage.at).collect()
    }

    /// A replica that is ready now will fail, if it has such a life.
    pub(super) fn note_failure(&self, id: ReplicaId, changes: &mut Vec<Change>) {
        let at = self.fleet.fails_at(id);
        if at != Time::NEVER {
            changes.push(Change::Failing(id, self.fleet.ordinal(id), at));
        }
    }

    /// A replica's life is over. One that leaves is killed by the plane, and one that is gone is no
    /// concern.
    pub(in crate::simulation) fn fail(
        &mut self,
        now: Time,
        id: ReplicaId,
        ordinal: u64,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        if self.fleet.is_ready(id, ordinal) {
            self.fail_together(now, &[id], observer);
            self.replace(now, 1, changes, observer);
        }
    }

    /// Replicas fail together, or are told that they will.
    pub(in crate::simulation) fn outage(
        &mut self,
        now: Time,
        number: u32,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        let Some(&outage) = self.fleet.spec().failures.outages.get(number as usize) else { return };
        let victims = self.fleet.outage_victims(number);
        // A replica that is told has its grace, and no more time than it was told.
        let notice = outage.notice.min(self.fleet.spec().grace);
        if notice.is_zero() {
            self.fail_together(now, &victims, observer);
        } else {
            for &id in &victims {
                let deadline = self.fleet.reclaim(now, id, notice);
                self.leave(now, id, deadline, changes);
            }
        }
        self.replace(now, victims.len() as u32, changes, observer);
    }

    fn fail_together(&mut self, now: Time, replicas: &[ReplicaId], observer: &mut impl Sink) {
        for &id in replicas {
            self.fleet.fail(now, id);
        }
        let sink = &mut (&mut self.recorder, observer);
        self.plane.fail(now, replicas, &mut self.fleet, sink);
    }

    /// New ones for as many as failed, unless no more are wanted.
    fn replace(
        &mut self,
        now: Time,
        failed: u32,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        if self.fleet.spec().failures.restart == Restart::Replaced {
            let wanted = self.desired.saturating_add(self.rollout.surplus());
            let missing = wanted.saturating_sub(self.fleet.census().live());
            for _ in 0..failed.min(missing) {
                if self.launch(now, OrderedBy::Failure, changes, observer).is_none() {
                    return;
                }
            }
        }
    }
}
