//! `spike`: a burst that rises, holds and falls.

use super::polyline::Polyline;
use super::thinning::Varying;
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, Span};
use crate::workload::source::Extent;
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals of one burst: from nothing at `at` to `height` within `rise`, there for `hold`, and
/// back to nothing within `fall`.
///
/// ```toml
/// [workload.arrivals.launch.spike]
/// at = "10:00"
/// height = "900/s"
/// rise = "2m"
/// hold = "15m"
/// fall = "20m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// When it begins to rise.
    pub at: Moment,
    /// Rate at the top.
    pub height: Rate,
    /// How long it rises; default: 0s, a jump.
    #[serde(default)]
    pub rise: Span,
    /// How long it stays at the top.
    #[serde(default)]
    pub hold: Span,
    /// How long it falls; default: 0s, a drop.
    #[serde(default)]
    pub fall: Span,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

impl Spike {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let height = resolver.rate("height", self.height, faults);
        let at = resolver.moment("at", self.at, faults);
        let length = self.rise + self.hold + self.fall;
        if length.is_zero() {
            let hint = "give rise, hold or fall, for example hold = \"5m\"";
            faults.error("hold", "the burst has no length", hint);
            return None;
        }
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (height, start) = (height?, at?);
        let top = start.saturating_add(self.rise.0);
        let edge = top.saturating_add(self.hold.0);
        let end = edge.saturating_add(self.fall.0);
        let points = vec![(start, 0.0), (top, height), (edge, height), (end, 0.0)];
        let extent = Extent { from: start, until: end };
        Some(Part::synthetic(Varying::new(Polyline::new(points), extent), demand?))
    }
}
