//! Minimum and maximum.

use autosim_engine::control::{Decision, Stage, Why};
use autosim_engine::fault::Faults;

/// The fewest and most replicas a policy may want; `min <= max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
}

impl Bounds {
    /// The decision within the bounds.
    #[must_use]
    pub fn apply(&self, decision: Decision) -> Decision {
        let wanted = decision.desired;
        if wanted > self.max {
            let why = Why::Limit { name: "max", value: f64::from(self.max) };
            decision.then(Stage::Bounds, self.max, why)
        } else if wanted < self.min {
            let why = Why::Limit { name: "min", value: f64::from(self.min) };
            decision.then(Stage::Bounds, self.min, why)
        } else {
            decision
        }
    }

    /// Reports bounds that leave no room.
    pub fn check(&self, faults: &mut Faults) {
        if self.min > self.max {
            faults.error(
                "min",
                format!("min {} is above max {}", self.min, self.max),
                "min is at most max",
            );
        } else if self.max == 0 {
            faults.error("max", "max is 0: no replica could ever run", "at least 1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::control::Observation;

    #[test]
    fn a_count_outside_goes_to_the_nearest_bound() {
        let _shown = autosim_engine::marks::expect(["limit max", "limit min"]);
        let bounds = Bounds { min: 2, max: 5 };
        for (wanted, expected, steps) in [(1, 2, 2), (2, 2, 1), (5, 5, 1), (6, 5, 2)] {
            let decision = bounds.apply(Observation::of_count(3).propose(wanted, Why::Plain));
            assert_eq!((decision.desired, decision.trail.len()), (expected, steps), "{wanted}");
        }
    }
}
