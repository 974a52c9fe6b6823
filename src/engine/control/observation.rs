//! What a policy is shown at a control (rules 3, 17), and the only thing a decision is made from.

use super::{Decision, Stage, Why};
use crate::signal::{Census, Reading};
use crate::units::Time;

/// Everything a policy may base a decision on. Decisions are made from it ([`Observation::propose`]), so
/// that they know which guard is lifted when a copy of the policy is asked what that guard is worth; a
/// policy has nothing to do for that.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The instant of the decision.
    pub now: Time,
    /// Replica counts.
    pub census: Census,
    /// The desired count in force: the last actuated decision, at first the initial fleet.
    pub desired: u32,
    /// Readings, in the order of the autoscaler's signals.
    pub readings: &'a [Reading],
    /// A guard that is to let everything pass, this once; never during a run.
    lifted: Option<Stage>,
}

impl<'a> Observation<'a> {
    /// What is seen at `now`, with `desired` in force.
    pub const fn new(now: Time, census: Census, desired: u32, readings: &'a [Reading]) -> Self {
        Self { now, census, desired, readings, lifted: None }
    }

    /// With nothing to see but the count in force, at the start.
    pub const fn of_count(desired: u32) -> Self {
        let census = Census { starting: 0, ready: desired, draining: 0 };
        Self::new(Time::ZERO, census, desired, &[])
    }

    /// The same, to ask what would have been decided without the guard `stage`.
    #[must_use]
    pub const fn without(self, stage: Stage) -> Self {
        Self { lifted: Some(stage), ..self }
    }

    /// The same with the readings of a policy inside another.
    #[must_use]
    pub const fn with_readings(self, readings: &'a [Reading]) -> Self {
        Self { readings, ..self }
    }

    /// A decision that begins with the formula's answer; guards follow with [`Decision::then`].
    pub fn propose(&self, wanted: u32, why: Why) -> Decision {
        self.by(Stage::Recommend, wanted, why)
    }

    /// A decision that begins with another stage than a formula: a calendar, an activation.
    pub fn by(&self, stage: Stage, wanted: u32, why: Why) -> Decision {
        Decision::first(stage, self.desired, wanted, why, self.lifted)
    }

    /// No change.
    pub fn hold(&self) -> Decision {
        self.propose(self.desired, Why::Note("hold"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks;

    #[test]
    fn a_lifted_guard_lets_everything_pass_and_the_others_do_not() {
        let seen = Observation::of_count(4);
        let guarded = |seen: &Observation<'_>| {
            let decision = seen.propose(9, Why::Plain);
            let decision = decision.then(Stage::Cooldown, 4, Why::Plain);
            decision.then(Stage::Bounds, decision.desired.clamp(5, 8), Why::Plain)
        };
        assert_eq!(guarded(&seen).desired, 5);
        assert_eq!(guarded(&seen.without(Stage::Cooldown)).desired, 8);
        assert_eq!(guarded(&seen.without(Stage::Bounds)).desired, 4);
        assert_eq!(guarded(&seen.without(Stage::Cooldown).with_readings(&[])).desired, 8);
    }

    #[test]
    fn nothing_to_decide_holds_the_count_in_force() {
        let _shown = marks::expect(["hold"]);
        assert_eq!(Observation::of_count(4).hold().desired, 4);
    }
}
