//! How fast the count may change: scaling rules and scale events of `horizontal.go`.

use super::words::SelectPolicy;
use autosim_engine::units::{Span, Time};

/// What one policy allows in its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// `type: Pods`.
    Pods(i32),
    /// `type: Percent`, of the count at the period's start.
    Percent(i32),
}

/// One of `policies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// `type` and `value`.
    pub amount: Amount,
    /// `periodSeconds`.
    pub period: Span,
}

/// `behavior.scaleUp` or `behavior.scaleDown`, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingRules {
    /// `stabilizationWindowSeconds`.
    pub window: Span,
    /// `selectPolicy`.
    pub select: SelectPolicy,
    /// `policies`.
    pub policies: Vec<ScalingPolicy>,
}

/// A change of the count that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleEvent {
    /// When.
    pub at: Time,
    /// By how many replicas, whatever the direction.
    pub change: i32,
    /// It was older than every period when another was stored.
    pub outdated: bool,
}

/// The changes of one direction, in the order they are stored in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScaleEvents {
    /// The changes.
    pub kept: Vec<ScaleEvent>,
}

impl ScaleEvents {
    /// Replicas by which the count changed within a period. One exactly as old is out.
    pub fn within(&self, now: Time, period: Span) -> i32 {
        let young = self.kept.iter().filter(|event| now.since(event.at) < period);
        young.fold(0, |sum, event| sum.saturating_add(event.change))
    }

    /// Stores a change, in the place of the last outdated one or at the end; `rules` are its direction's.
    pub fn store(&mut self, now: Time, change: i32, rules: &ScalingRules) {
        let longest = rules.policies.iter().map(|policy| policy.period).max().unwrap_or_default();
        for event in &mut self.kept {
            event.outdated |= now.since(event.at) > longest;
        }
        let new = ScaleEvent { at: now, change, outdated: false };
        match self.kept.iter_mut().rev().find(|event| event.outdated) {
            Some(place) => *place = new,
            None => self.kept.push(new),
        }
    }
}

/// The changes of both directions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Of scaling out.
    pub up: ScaleEvents,
    /// Of scaling in.
    pub down: ScaleEvents,
}

impl Changes {
    /// The count at the beginning of a period.
    fn start(&self, now: Time, current: i32, period: Span) -> i32 {
        let added = self.up.within(now, period);
        let removed = self.down.within(now, period);
        current.saturating_sub(added).saturating_add(removed)
    }
}

impl ScalingRules {
    /// The highest count that scaling out may reach now; never below `current`.
    pub fn ceiling(&self, now: Time, current: i32, past: &Changes) -> i32 {
        let counts = self.policies.iter().map(|policy| {
            let start = past.start(now, current, policy.period);
            match policy.amount {
                Amount::Pods(count) => start.saturating_add(count),
                Amount::Percent(percent) => {
                    (f64::from(start) * (1.0 + f64::from(percent) / 100.0)).ceil() as i32
                }
            }
        });
        let limit = match self.select {
            SelectPolicy::Max => counts.max(),
            SelectPolicy::Min => counts.min(),
            SelectPolicy::Disabled => Some(current),
        };
        limit.unwrap_or(current).max(current)
    }

    /// The lowest count that scaling in may reach now; never above `current`.
    pub fn floor(&self, now: Time, current: i32, past: &Changes) -> i32 {
        let counts = self.policies.iter().map(|policy| {
            let start = past.start(now, current, policy.period);
            match policy.amount {
                Amount::Pods(count) => start.saturating_sub(count),
                // Cut in doubles: 150 x (1 - 0.8) is 29.999...
                Amount::Percent(percent) => {
                    (f64::from(start) * (1.0 - f64::from(percent) / 100.0)) as i32
                }
            }
        });
        let limit = match self.select {
            SelectPolicy::Max => counts.min(),
            SelectPolicy::Min => counts.max(),
            SelectPolicy::Disabled => Some(current),
        };
        limit.unwrap_or(current).min(current)
    }
}

/// Without `behavior`: twice the count, or four.
pub fn ceiling_without_behavior(current: i32) -> i32 {
    current.saturating_mul(2).max(4)
}
