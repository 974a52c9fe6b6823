//! `step`: a rate that jumps once.

use super::polyline::Polyline;
use super::thinning::Varying;
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::Rate;
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals at rate `from` before `at`, and at rate `to` from then on.
///
/// ```toml
/// [workload.arrivals.release.step]
/// from = "300/s"
/// to = "600/s"
/// at = "5m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Rate before.
    pub from: Rate,
    /// Rate after.
    pub to: Rate,
    /// When it jumps.
    pub at: Moment,
    /// Nothing from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

impl Step {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let from = resolver.rate_or_zero("from", self.from, faults);
        let to = resolver.rate_or_zero("to", self.to, faults);
        let at = resolver.moment("at", self.at, faults);
        let extent = resolver.extent(None, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (from, to, at) = (from?, to?, at?);
        if from == 0.0 && to == 0.0 {
            faults.error("to", "both rates are zero", "give one a positive value");
            return None;
        }
        let line = Polyline::new(vec![(at, from), (at, to)]);
        Some(Part::synthetic(Varying::new(line, extent?), demand?))
    }
}
