//! What the requests of a service compute: slots may be busy with work that waits for something else
//! (rule 47).

use super::Backend;
use crate::fleet::dispatch::Gauges;
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

impl Computing {
    /// Nothing was computed yet, and a busy slot uses `cpu`.
    pub(super) const fn at(cpu: u64) -> Self {
        Self { cpu, before: 0, busy_ns: 0 }
    }

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

    /// From here on, that many busy slot-ns having passed, a busy slot uses `cpu`.
    fn and_then(&self, cpu: u64, busy_ns: u128) -> Self {
        Self { cpu, before: self.units(busy_ns), busy_ns }
    }
}

/// Of all ready replicas together.
#[derive(Debug, Clone)]
pub(super) enum Together {
    /// Slowdowns befall all alike.
    Alike(Computing),
    /// They befall some: those that are ready are added up, to what those that are not any more computed, in ns.
    Apart(u128),
}

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// A slowdown begins or ends.
    pub(in crate::simulation) fn change_pace(&mut self, now: Time, pace: Pace) {
        let busy_ns = self.plane.gauges(now, &mut self.told).busy_ns;
        if self.tells_replicas_apart() {
            let ready = self.fleet.ready().into_iter();
            let each = ready.map(|id| {
                let number = self.fleet.ordinal(id);
                let worked_ns = self.plane.work_ns(now, id);
                (number, self.computing_of(id).and_then(pace.cpu_of(number), worked_ns))
            });
            self.computing_of = each.collect();
        }
        if let Together::Alike(computing) = &mut self.computing {
            *computing = computing.and_then(pace.cpu_of(0), busy_ns);
        }
        self.pace = pace;
        self.plane.change_speed(now, pace.speed, &mut self.told);
    }

    /// Whether what each replica works is counted.
    pub(super) fn tells_replicas_apart(&self) -> bool {
        self.wants == Wants::Work || matches!(self.computing, Together::Apart(_))
    }

    /// What that replica computes: as its like do since it was ready, or since the last change of pace.
    pub(super) fn computing_of(&self, id: ReplicaId) -> Computing {
        let number = self.fleet.ordinal(id);
        let known = self.computing_of.binary_search_by_key(&number, |one| one.0);
        let unworked = || Computing::at(self.pace.cpu_of(number));
        known.map_or_else(|_| unworked(), |at| self.computing_of[at].1)
    }

    /// What all compute: the integral up to `now`, in slot-ns at full speed, and the slots that do now.
    pub(super) fn computing(&self, now: Time, gauges: &Gauges) -> (u128, f64) {
        let gone_ns = match &self.computing {
            Together::Alike(all) => return (all.integral_ns(gauges.busy_ns), all.now(gauges.busy)),
            Together::Apart(gone_ns) => *gone_ns,
        };
        let slots = u64::from(self.fleet.spec().concurrency);
        self.fleet.ready().into_iter().fold((gone_ns, 0.0), |(integral_ns, computing), id| {
            let one = self.computing_of(id);
            let busy = self.plane.load(now, id).min(slots);
            let worked_ns = self.plane.work_ns(now, id);
            (integral_ns + one.integral_ns(worked_ns), computing + one.now(busy))
        })
    }

    /// Ready replicas are about to be so no more: what they have computed stays.
    pub(super) fn keep_computed(&mut self, now: Time, leaving: &[ReplicaId]) {
        if let Together::Apart(_) = self.computing {
            self.plane.gauges(now, &mut self.told);
            let each = leaving.iter().map(|&id| {
                self.computing_of(id).integral_ns(self.plane.work_ns(now, id)) //
            });
            let sum: u128 = each.sum();
            if let Together::Apart(gone_ns) = &mut self.computing {
                *gone_ns += sum;
            }
        }
    }
}
