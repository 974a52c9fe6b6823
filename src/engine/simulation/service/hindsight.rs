//! What a decision would have been without one of its guards: a copy of the policy follows one step
//! behind, so that it can be asked again from the same state.

use crate::control::{Decision, Policy, Stage};
use crate::signal::{Census, Observation, Reading};
use crate::units::Time;

/// See the module's description.
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
            ask(&mut *self.policy, last, None);
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
                let name = step.stage.name();
                found.push((step.stage, ask(&mut *self.policy.fork(), last, Some(name)).desired));
            }
        }
        found
    }
}

fn ask(policy: &mut dyn Policy, asked: &Asked, without: Option<&'static str>) -> Decision {
    let seen = Observation {
        now: asked.at,
        census: asked.census,
        desired: asked.before,
        readings: &asked.readings,
        without,
    };
    if asked.activation { policy.activate(&seen) } else { policy.observe(&seen) }
}
