//! `ramp`: a rate that moves from one level to another.

use super::polyline::Polyline;
use super::thinning::Varying;
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, Span};
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals at rate `from` until `start`, then in a straight line to rate `to` within `length`,
/// and `to` from then on.
///
/// ```toml
/// [workload.arrivals.morning.ramp]
/// from = "10/s"
/// to = "400/s"
/// start = "15m"
/// length = "5m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Rate before.
    pub from: Rate,
    /// Rate after.
    pub to: Rate,
    /// When it begins to move.
    pub start: Moment,
    /// How long it moves.
    pub length: Span,
    /// Nothing from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

impl Ramp {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let from = resolver.rate_or_zero("from", self.from, faults);
        let to = resolver.rate_or_zero("to", self.to, faults);
        let start = resolver.moment("start", self.start, faults);
        let extent = resolver.extent(None, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (from, to, start) = (from?, to?, start?);
        if from == 0.0 && to == 0.0 {
            faults.error("to", "both rates are zero", "give one a positive value");
            return None;
        }
        let line = Polyline::new(vec![(start, from), (start.saturating_add(self.length.0), to)]);
        Some(Part::synthetic(Varying::new(line, extent?), demand?))
    }
}
