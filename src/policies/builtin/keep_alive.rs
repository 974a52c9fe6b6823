//! `keep-alive`: scale per request, as functions on FaaS platforms do.

use super::PolicyContext;
use super::timing;
use autosim_engine::control::{Autoscaler, Decision, Observation, Policy, Stage, Why};
use autosim_engine::fault::Faults;
use autosim_engine::random::Distribution;
use autosim_engine::units::Span;
use serde::{Deserialize, Serialize};

/// What happens to a request that may not start another replica.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AtLimit {
    /// It waits for a slot.
    #[default]
    Wait,
    /// It is rejected.
    Reject,
}

/// A request takes the newest idle replica, or starts one and waits for it; a replica idle for
/// `idle_expiry` is removed, and one that has lived for `max_lifetime` when it is idle.
///
/// The fleet changes at arrivals, not at controls, so this is a mode of the service's balancing; the
/// policy beside it never changes a count.
///
/// ```toml
/// [policies.faas.keep-alive]
/// idle_expiry = { constant = "10m" }
/// max = 1000
/// overflow = "reject"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepAlive {
    /// How long an idle replica is kept; drawn once per idle period.
    pub idle_expiry: Distribution,
    /// A replica that has been ready for this long is removed once it is idle, whatever its idle period; drawn
    /// per replica. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<Distribution>,
    /// Never fewer than this, once they are there (provisioned concurrency). Default 0.
    #[serde(default)]
    pub min: u32,
    /// Never more than this. Default 1000.
    #[serde(default = "thousand")]
    pub max: u32,
    /// What happens to a request at `max`. Default `wait`.
    #[serde(default)]
    pub overflow: AtLimit,
}

const fn thousand() -> u32 {
    1000
}

impl KeepAlive {
    pub(super) fn check(&self, faults: &mut Faults) {
        super::parts::Bounds { min: self.min, max: self.max }.check(faults);
        faults.within("idle_expiry", |faults| self.idle_expiry.check(faults));
        if let Some(law) = &self.max_lifetime {
            faults.within("max_lifetime", |faults| law.check(faults));
        }
    }

    pub(super) fn autoscaler(&self, _: &PolicyContext) -> Autoscaler {
        Autoscaler {
            policy: Box::new(Bystander),
            signals: Vec::new(),
            cadence: timing::Phase::Fixed.cadence(timing::minute()),
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        }
    }
}

#[derive(Clone)]
struct Bystander;

impl Policy for Bystander {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let why = Why::Note("requests scale the fleet");
        seen.by(Stage::Mode, seen.desired, why)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    #[test]
    fn its_policy_leaves_every_count_alone() {
        let _shown = autosim_engine::marks::expect(["requests scale the fleet"]);
        let mut tape = Tape::new("[keep-alive]\nidle_expiry = { constant = \"10m\" }", 3);
        let decision = tape.at(60, &[]);
        assert_eq!(decision.desired, 3);
        assert_eq!(reason(&decision), "mode: requests scale the fleet");
    }
}
