//! The operator's poll: between nothing (or idle) and one, `RequestScale` of `scale_scaledobjects.go`.
//!
//! | triggers | count | it writes |
//! |---|---|---|
//! | active | 0, or below `minReplicaCount` with an idle count | `max(minReplicaCount, 1)`; now is the last active time |
//! | active, one failed | else | nothing; the last active time stays |
//! | active | else | nothing; now is the last active time |
//! | not active, one failed | any | nothing, unless `fallback.replicas` is 0 |
//! | not active | above idle; above 0 with `minReplicaCount` 0 | idle, or 0, once the cooldown is over |
//! | not active | below `minReplicaCount`, without an idle count | `minReplicaCount` |
//! | not active | else | nothing |

use super::native::ScaledObject;
use super::words::Active;
use autosim_engine::units::{Span, Time};

/// What a poll found, all triggers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// A trigger is active.
    pub active: bool,
    /// A trigger failed, and nothing stands in for it.
    pub failed: bool,
}

/// What a poll makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Out of nothing, or idle: so many are written.
    Activate(i32),
    /// It would, but scaling out is paused.
    OutPaused,
    /// Active; the autoscaler says how many.
    Stay,
    /// A trigger failed: nothing is changed.
    Failing,
    /// It would scale in, but that is paused.
    InPaused,
    /// Nothing is active: so many are written.
    Deactivate {
        /// To how many.
        to: i32,
        /// How long nothing was active; `None` = it never was.
        idle: Option<Span>,
        /// It waits so long yet, in place of writing.
        left: Option<Span>,
    },
    /// `minReplicaCount` is written.
    ToMinimum(i32),
    /// Nothing is active and nothing is to be done.
    Rest,
}

/// What the operator remembers of a ScaledObject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// When the ScaledObject was created.
    pub created: Time,
    /// `status.lastActiveTime`.
    pub last_active: Option<Time>,
    /// The reason of its condition Active; `None` = not known yet.
    pub condition: Option<Active>,
}

impl Operator {
    /// Of a ScaledObject that is created now.
    pub const fn created(now: Time) -> Self {
        Self { created: now, last_active: None, condition: None }
    }

    /// A poll at `now`, at a count of `current`.
    pub fn poll(&mut self, now: Time, scaled: &ScaledObject, found: Found, current: i32) -> Move {
        let active = found.active || scaled.annotations.forced;
        let done = match active {
            true => self.active(now, scaled, found.failed, current),
            false => self.inactive(now, scaled, found.failed, current),
        };
        self.condition = Some(self.condition_after(active, done));
        done
    }

    /// A condition that is no less true stays as it is.
    fn condition_after(&self, active: bool, done: Move) -> Active {
        if active {
            return Active::ScalerActive;
        }
        if let Move::Deactivate { left, .. } = done {
            return if left.is_some() { Active::ScalerCooldown } else { Active::ScalerNotActive };
        }
        match self.condition {
            Some(Active::ScalerCooldown) => Active::ScalerCooldown,
            Some(Active::ScalerActive | Active::ScalerNotActive | Active::ScaledObjectPaused)
            | None => Active::ScalerNotActive,
        }
    }

    fn active(&mut self, now: Time, scaled: &ScaledObject, failed: bool, current: i32) -> Move {
        let idles = scaled.idle.is_some() && current < scaled.min;
        if idles || current == 0 {
            if scaled.annotations.paused_out {
                return Move::OutPaused;
            }
            self.last_active = Some(now);
            return Move::Activate(scaled.min.max(1));
        }
        if failed {
            return Move::Failing;
        }
        self.last_active = Some(now);
        Move::Stay
    }

    fn inactive(&self, now: Time, scaled: &ScaledObject, failed: bool, current: i32) -> Move {
        if failed && scaled.fallback.is_none_or(|fallback| fallback.replicas != 0) {
            return Move::Failing;
        }
        let above_idle = scaled.idle.is_some_and(|idle| current > idle);
        if above_idle || current > 0 && scaled.min == 0 {
            if scaled.annotations.paused_in {
                return Move::InPaused;
            }
            let (since, period_s) = match self.last_active {
                Some(last) => (last, scaled.cooldown_s),
                None => (self.created, scaled.initial_cooldown_s),
            };
            let (age, period) = (now.since(since), Span::from_secs(u64::from(period_s)));
            return Move::Deactivate {
                to: scaled.idle.unwrap_or(scaled.min),
                idle: self.last_active.map(|_| age),
                // The last active time is kept in whole seconds, cut: an age of exactly the period is later.
                left: (age < period).then(|| Span(period.0 - age.0)),
            };
        }
        if scaled.idle.is_none() && current < scaled.min {
            return Move::ToMinimum(scaled.min);
        }
        Move::Rest
    }
}
