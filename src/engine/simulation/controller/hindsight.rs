//! What a decision would have been without one of its guards: a copy of the policy follows one step
//! behind, so that it can be asked again from the same state.

use crate::control::{Decision, Observation, Policy, Stage};
use crate::signal::{Census, Reading};
use crate::units::Time;

/// A policy's copy, and what the policy was shown last.
pub(super) struct Hindsight {
    /// In the state before the last question.
    policy: Box<dyn Policy>,
    last: Option<Asked>,
}

/// What a policy was shown.
#[derive(Default)]
struct Asked {
    at: Time,
    census: Census,
    before: u32,
    readings: Vec<Reading>,
    activation: bool,
}

impl Hindsight {
    pub(super) fn of(policy: &dyn Policy) -> Self {
        Self { policy: policy.fork(), last: None }
    }

    /// The policy is asked this now.
    pub(super) fn asked(&mut self, seen: &Observation<'_>, activation: bool) {
        if let Some(last) = &self.last {
            last.ask(&mut *self.policy, None);
        }
        let last = self.last.get_or_insert_default();
        last.readings.clear();
        last.readings.extend_from_slice(seen.readings);
        (last.at, last.census, last.before) = (seen.now, seen.census, seen.desired);
        last.activation = activation;
    }

    /// The count it would have wanted without each guard that changed the last decision, made then.
    pub(super) fn without_guards(&self, at: Time, decision: &Decision) -> Vec<(Stage, u32)> {
        let Some(last) = self.last.as_ref().filter(|last| last.at == at) else { return Vec::new() };
        let mut found: Vec<(Stage, u32)> = Vec::new();
        for step in decision.trail.iter().skip(1).filter(|step| step.from != step.to) {
            if found.iter().all(|(stage, _)| *stage != step.stage) {
                let other = last.ask(&mut *self.policy.fork(), Some(step.stage));
                found.push((step.stage, other.desired));
            }
        }
        found
    }
}

impl Asked {
    fn ask(&self, policy: &mut dyn Policy, without: Option<Stage>) -> Decision {
        let seen = Observation::new(self.at, self.census, self.before, &self.readings);
        let seen = without.map_or(seen, |guard| seen.without(guard));
        if self.activation { policy.activate(&seen) } else { policy.observe(&seen) }
    }
}
