//! A service whose traffic is played as a flow.

use super::{Advance, Backend};
use crate::fleet::dispatch::Inflow;
use crate::units::{Span, Time};

/// Nobody is there: the policy is woken so soon at the latest.
const SOON: Span = Span::from_secs(1);

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
