//! `levels`: a rate given point by point.

use super::polyline::Polyline;
use super::thinning::Varying;
use super::{Between, Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::Rate;
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals at rates given point by point; the first point's rate holds before it, the last
/// one's after it.
///
/// ```toml
/// [workload.arrivals.rehearsal.levels]
/// points = [{ at = "0s", rate = "50/s" }, { at = "10m", rate = "200/s" }, { at = "12m", rate = "80/s" }]
/// between = "step"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// The points, in order of time.
    pub points: Vec<Level>,
    /// Straight lines between the points, or each rate until the next point.
    #[serde(default)]
    pub between: Between,
    /// Nothing before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Nothing from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

/// One point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// From this moment on the rate holds, or here the line to the next point begins.
    pub at: Moment,
    /// Requests a second.
    pub rate: Rate,
}

impl Levels {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        let mut points: Vec<(u64, f64)> = Vec::new();
        for (index, level) in self.points.iter().enumerate() {
            let at = resolver.moment(&format!("points.{index}.at"), level.at, faults)?;
            let rate =
                resolver.rate_or_zero(&format!("points.{index}.rate"), level.rate, faults)?;
            if let Some(&(last, held)) = points.last() {
                if at < last {
                    let message = format!("`{}` is before the point above it", level.at);
                    faults.error(&format!("points.{index}.at"), message, "sort the points by time");
                    return None;
                }
                if self.between == Between::Step {
                    points.push((at, held));
                }
            }
            points.push((at, rate));
        }
        if points.iter().all(|point| point.1 == 0.0) {
            faults.error("points", "no point has a positive rate", "give one");
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (extent, demand) = (extent?, demand?);
        (faults.errors() == before)
            .then(|| Part::synthetic(Varying::new(Polyline::new(points), extent), demand))
    }
}
