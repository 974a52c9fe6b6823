//! `fixed`: a constant count, the anchor every comparison needs (peak provisioning).

use super::PolicyContext;
use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, Why};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time};
use serde::{Deserialize, Serialize};

/// Always `replicas` replicas, from the very start.
///
/// ```toml
/// [policies.peak.fixed]
/// replicas = 12
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// The count.
    pub replicas: u32,
}

impl Fixed {
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.replicas == 0 {
            faults.warn("replicas", "no replica: every request waits forever", "at least 1");
        }
    }

    pub(super) fn autoscaler(&self, _: &PolicyContext) -> Autoscaler {
        Autoscaler {
            policy: Box::new(Constant(self.replicas)),
            signals: Vec::new(),
            cadence: Cadence::every(Span::from_secs(60)),
            actuation_delay: Span::ZERO,
            wakeups: vec![Time::ZERO],
        }
    }
}

#[derive(Clone)]
struct Constant(u32);

impl Policy for Constant {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose(self.0, Why::Plain)
    }
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.observe(seen)
    }
}
