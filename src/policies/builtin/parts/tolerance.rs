//! The dead band around a target.

use autosim_engine::control::{Decision, Stage, Why};

/// No change while metric / target is within `[1 - band, 1 + band]`, ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance(pub f64);

impl Tolerance {
    /// Whether the ratio is close enough to one.
    pub fn holds(&self, ratio: f64) -> bool {
        1.0 - self.0 <= ratio && ratio <= 1.0 + self.0
    }

    /// Back to `current` if the ratio is close enough to one.
    #[must_use]
    pub fn apply(&self, decision: Decision, ratio: Option<f64>, current: u32) -> Decision {
        match ratio {
            Some(ratio) if self.holds(ratio) && decision.desired != current => {
                let why = Why::Level { value: ratio, level: 1.0 };
                decision.then(Stage::Tolerance, current, why)
            }
            _ => decision,
        }
    }
}
