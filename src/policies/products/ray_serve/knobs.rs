//! What the document does not say: choices about the cluster around the deployment.

use super::native::Direction;
use crate::products::knobs::{choices, knobs};
use autosim_engine::units::Span;

/// The shortest time between ticks: below it a run would be all ticks.
const SHORTEST: Span = Span::from_millis(1);
/// What the loops of a live deployment are late by at the median.
const DRIFT: Span = Span(4_500_000);

knobs! {
/// Choices about the cluster around a Ray Serve deployment.
///
/// ```toml
/// [policies.ray.ray-serve]
/// document = "policies/ray-serve.yaml"
/// knobs.deployment = "shop/model"
/// knobs.target_capacity = 50
/// ```
pub struct Knobs {
    /// Which deployment of a config with several: `name` or `application/name`. Default: the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String> = None;
    /// `target_capacity` in percent, in place of the document's.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_capacity: Option<f64> = None;
    /// Which way the target capacity is moving: while `up`, `initial_replicas` is the minimum. A first
    /// deployment moves up, a config in place of one with a larger capacity or none moves down. Default `up`.
    target_capacity_direction: Direction = Direction::Up;
    /// From tick to tick of the controller: its sleep. Default 100 ms.
    control_interval: Span = Span::from_millis(100), "the default of Ray";
    /// How much longer a tick takes at the median, its step and the wake-up after its sleep: one in a hundred
    /// takes ten times that or more. Default 4.5 ms, measured in a live 2.60.0; 0 s: the loop does not drift.
    control_drift: Span = DRIFT, "measured at one deployment on two shared cores";
    /// The same of the handle's sampling and pushing.
    metrics_drift: Span = DRIFT, "taken to be that of the controller";
    /// How delays are measured. Default `wall-clock`.
    delays: DelayMeasure = DelayMeasure::WallClock;
    /// Since when the handle knows the deployment. Default `start`.
    handle: HandleAge = HandleAge::Start, "a proxy learns of a deployment when it is deployed";
    /// How much later than the start its first sample and push are. Default 0 s. Not with
    /// `handle = "first-request"`.
    handle_phase: Span = Span::ZERO, "when a handle samples and pushes depends on when it began";
} check(self, faults) {
    if self.control_interval < SHORTEST {
        let message = format!("{} is shorter than {SHORTEST}", self.control_interval);
        faults.error("control_interval", message, "a length of time such as \"100ms\"");
    }
    if let Some(capacity) = self.target_capacity
        && !(0.0..=100.0).contains(&capacity)
    {
        let message = format!("{capacity} is not a percentage");
        faults.error("target_capacity", message, "from 0 to 100");
    }
    if self.handle == HandleAge::FirstRequest && !self.handle_phase.is_zero() {
        let message = "a handle of the first request has no phase of its own";
        faults.error("handle_phase", message, "leave it out");
    }
}
}

choices! { "kebab-case":
    /// How delays are measured.
    DelayMeasure {
        /// By the wall clock: 2.60.
        WallClock,
        /// By ticks, `int(delay / control_interval)` of them and one more: up to 2.49. Only this rule is the
        /// older one; clamping, formula and the step to zero stay those of 2.60.
        Ticks,
    }
    /// Since when the handle knows the deployment.
    HandleAge {
        /// Since the start, a proxy's handle for example: at zero replicas it has samples of zero to send.
        Start,
        /// Since its first request, which is then seen at the next tick.
        FirstRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::KnobTable;
    use autosim_engine::fault::Faults;

    #[test]
    fn knobs_that_make_no_sense_are_refused() {
        for (text, key) in [
            ("control_interval = '0s'", "control_interval"),
            ("target_capacity = 101", "target_capacity"),
            ("handle = 'first-request'\nhandle_phase = '2s'", "handle_phase"),
        ] {
            let mut faults = Faults::new();
            toml::from_str::<Knobs>(text).unwrap().check(&mut faults);
            assert_eq!(faults.as_slice()[0].path, key);
        }
        let mut faults = Faults::new();
        Knobs::default().check(&mut faults);
        assert!(faults.as_slice().is_empty());
    }
}
