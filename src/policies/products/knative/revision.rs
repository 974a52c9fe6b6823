//! A revision from tick to tick: its decider, its conditions, and a reconcile right after every tick.

use super::decider::{Decider, Seen, Spec, Tick};
use super::reconciler::{Active, Conditions, Rules, Scaled};
use autosim_engine::units::Time;

/// The desired count before anything is known.
pub const UNKNOWN: i64 = -1;

/// What is decided for a revision, and by what rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// What the autoscaler goes by.
    pub spec: Spec,
    /// What the reconciler goes by.
    pub rules: Rules,
    /// The autoscaler's memory.
    pub decider: Decider,
    /// The reconciler's.
    pub conditions: Conditions,
    /// The newest desired count, before the bounds; [`UNKNOWN`] at first.
    pub desired: i64,
    /// The newest spare capacity.
    pub excess: f64,
}

/// What a tick and the reconcile after it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The tick; `None` = there was no data, and nothing changed.
    pub tick: Option<Tick>,
    /// What the autoscaler wanted when it was reconciled.
    pub desired: i64,
    /// The least count in force then.
    pub least: u32,
    /// The reconcile.
    pub scaled: Scaled,
}

impl Revision {
    /// Taken over with so many pods, of which so many are ready.
    pub fn taken_over(spec: Spec, rules: Rules, at: Time, pods: u32, ready: u32) -> Self {
        let excess = spec.initial_excess(rules.initial);
        Self {
            decider: Decider::created(at, ready, spec.scale_down_delay),
            conditions: Conditions::taken_over(&rules, at, pods, ready, excess),
            desired: if pods == 0 { 0 } else { UNKNOWN },
            excess,
            spec,
            rules,
        }
    }

    /// A tick with the averages over the stable and the panic window, and a reconcile.
    pub fn tick(&mut self, now: Time, ready: u32, averages: Option<(f64, f64)>) -> Step {
        let seen = averages.map(|(stable, panic)| Seen { now, ready, stable, panic });
        let tick = seen.map(|seen| self.decider.tick(&self.spec, &seen));
        if let Some(tick) = tick {
            (self.desired, self.excess) = (i64::from(tick.desired), tick.excess);
        }
        let least = self.rules.least(self.conditions.initial_reached);
        let desired = self.desired;
        let scaled = self.conditions.reconcile(&self.rules, now, desired, ready, self.excess);
        Step { tick, desired, least, scaled }
    }

    /// Whether the activator is in the path.
    pub const fn proxies(&self) -> bool {
        self.conditions.proxy_since.is_some()
    }

    /// Its condition.
    pub const fn active(&self) -> Active {
        self.conditions.active
    }
}
