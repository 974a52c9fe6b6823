//! A service whose traffic is played as a flow.

use super::{Advance, Backend};
use crate::fleet::FleetSpec;
use crate::fleet::dispatch::{Inflow, Plane};
use crate::random::Streams;
use crate::units::{Span, Time};
use crate::workload::Flow;
use std::sync::Arc;

/// Nobody is there: the policy is woken so soon at the latest.
const SOON: Span = Span::from_secs(1);

/// The plane that serves it.
pub(super) fn plane(fleet: &FleetSpec, flow: &Flow, streams: Streams) -> Plane {
    Plane::fluid(fleet, Arc::clone(flow.strata()), flow.dispersion(), streams)
}

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// Serves everything before `barrier`.
    pub(super) fn advance_flow(&mut self, barrier: Time) -> Advance {
        let Some(flow) = &mut self.inflow else { return Advance::Reached };
        while self.clock < barrier {
            let nobody = self.fleet.census().live() == 0;
            let until = if nobody { barrier.min(self.clock + SOON) } else { barrier };
            let stretch = flow.next(until);
            let inflow = Inflow {
                until: stretch.until,
                expected: stretch.expected,
                arrivals: stretch.arrivals,
                excess: stretch.excess,
            };
            let starved = self.plane.flow(&inflow, &self.fleet, &mut self.told);
            self.clock = stretch.until;
            self.incoming.count(stretch.arrivals, stretch.until);
            if starved {
                return Advance::Starved(self.clock);
            }
        }
        self.clock = barrier;
        Advance::Reached
    }
}
