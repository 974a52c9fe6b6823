//! The built-in policies by the name a scenario gives them: one variant and one arm each.

use super::{Autoscaler, fixed::Fixed};
use crate::fault::Faults;
use crate::units::{Time, WallClock};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A policy as a scenario names it: `[policies.NAME.KIND]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySpec {
    /// A constant count.
    Fixed(Fixed),
}

/// What a policy may know of its scenario when it is built.
#[derive(Debug, Clone)]
pub struct PolicyContext {
    /// Wall clock, for calendars.
    pub clock: WallClock,
    /// Slots of a replica.
    pub concurrency: u32,
    /// Replicas at the start.
    pub initial: u32,
    /// End of arrivals.
    pub end: Time,
    /// A plan computed beforehand from the same streams, for `clairvoyant`: counts from instants on.
    pub plan: Option<Arc<[(Time, u32)]>>,
}

impl PolicySpec {
    /// Reports parameters that make no sense.
    pub fn check(&self, faults: &mut Faults) {
        match self {
            Self::Fixed(spec) => spec.check(faults),
        }
    }

    /// The policy, fresh; call only after [`PolicySpec::check`] found nothing.
    pub fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        match self {
            Self::Fixed(spec) => spec.autoscaler(context),
        }
    }
}
