//! The dead band around a target.

use autosim_engine::control::{Decision, Stage, Why};

/// No change while metric / target is within `[1 - band, 1 + band]`, ends included. A band of zero is none:
/// not even a ratio of exactly one holds the count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance(pub f64);

impl Tolerance {
    /// Whether the ratio is close enough to one.
    pub fn holds(&self, ratio: f64) -> bool {
        self.0 > 0.0 && 1.0 - self.0 <= ratio && ratio <= 1.0 + self.0
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

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::control::Observation;

    #[test]
    fn without_a_band_the_formula_has_its_way_at_a_ratio_of_one_too() {
        // Six ready at their target of ten in force: the four that start are not needed.
        let decision = Observation::of_count(10).propose(6, Why::Plain);
        assert_eq!(Tolerance(0.0).apply(decision, Some(1.0), 10).desired, 6);
        assert_eq!(Tolerance(0.01).apply(decision, Some(1.0), 10).desired, 10);
    }

    #[test]
    fn a_ratio_within_the_band_changes_nothing() {
        let _shown = autosim_engine::marks::expect(["level"]);
        for (ratio, expected) in
            [(Some(0.89), 9), (Some(0.9), 4), (Some(1.1), 4), (Some(1.11), 9), (None, 9)]
        {
            let decision = Observation::of_count(4).propose(9, Why::Plain);
            let decision = Tolerance(0.1).apply(decision, ratio, 4);
            assert_eq!(decision.desired, expected, "{ratio:?}");
        }
    }
}
