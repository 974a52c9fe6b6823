//! What the requests of a service compute: slots may be busy with work that waits for something else
//! (rule 47).

use super::Backend;
use crate::fleet::{FULL_SPEED, ReplicaId};
use crate::signal::Wants;
use crate::simulation::event_list::Pace;
use crate::units::Time;

/// The CPU that busy slots use, of what they would use at full speed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Computing {
    /// Of a busy slot now, in units of 2^-32.
    cpu: u64,
    /// Up to the last change of it, in units of 2^-32 slot-ns.
    before: u128,
    /// Integral of busy slots at that change.
    busy_ns: u128,
}

impl Default for Computing {
    fn default() -> Self {
        Self { cpu: FULL_SPEED, before: 0, busy_ns: 0 }
    }
}

impl Computing {
    fn units(&self, busy_ns: u128) -> u128 {
        self.before + (busy_ns - self.busy_ns) * u128::from(self.cpu)
    }

    /// Integral of slots that compute, in slot-ns at full speed, where that of busy slots is `busy_ns`.
    pub(super) fn integral_ns(&self, busy_ns: u128) -> u128 {
        self.units(busy_ns) / u128::from(FULL_SPEED)
    }

    /// The slots that compute where so many are busy now.
    pub(super) fn now(&self, busy: u64) -> f64 {
        busy as f64 * (self.cpu as f64 / FULL_SPEED as f64)
    }

    /// The same of a replica that has not worked yet.
    const fn unworked(self) -> Self {
        Self { before: 0, busy_ns: 0, ..self }
    }

    /// From here on, that many busy slot-ns having passed, a busy slot uses `cpu`.
    fn and_then(&self, cpu: u64, busy_ns: u128) -> Self {
        Self { cpu, before: self.units(busy_ns), busy_ns }
    }
}

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// A slowdown begins or ends.
    pub(in crate::simulation) fn change_pace(&mut self, now: Time, pace: Pace) {
        let busy_ns = self.plane.gauges(now, &mut self.told).busy_ns;
        if self.wants == Wants::Work {
            let ready = self.fleet.ready().into_iter();
            let each = ready.map(|id| {
                let computing =
                    self.computing_of(id).and_then(pace.cpu, self.plane.work_ns(now, id));
                (self.fleet.ordinal(id), computing)
            });
            self.computing_of = each.collect();
        }
        self.computing = self.computing.and_then(pace.cpu, busy_ns);
        self.plane.change_speed(now, pace.speed, &mut self.told);
    }

    /// What that replica computes: as all do since it was ready, or since the last change of pace.
    pub(super) fn computing_of(&self, id: ReplicaId) -> Computing {
        let number = self.fleet.ordinal(id);
        let known = self.computing_of.binary_search_by_key(&number, |one| one.0);
        known.map_or_else(|_| self.computing.unworked(), |at| self.computing_of[at].1)
    }
}
