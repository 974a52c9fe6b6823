//! The first request of a launched replica may have a law of its own.

use crate::fleet::FleetSpec;
use crate::fleet::launches::launch_number;
use crate::random::{Purpose, Sampler, Streams};

/// Demands of first requests.
#[derive(Debug, Clone)]
pub(super) struct FirstDemand {
    /// `None` = they are like any others.
    law: Option<(Sampler, Streams)>,
    /// Replicas of the initial fleet; they were not launched.
    initial: u32,
}

impl FirstDemand {
    pub(super) fn new(spec: &FleetSpec, streams: Streams) -> Self {
        let law = spec.cold_demand.clone().map(|law| (law, streams));
        Self { law, initial: spec.initial }
    }

    /// Whether first requests are like any others.
    #[inline(always)]
    pub(super) fn is_usual(&self) -> bool {
        self.law.is_none()
    }

    /// What a request demands, at least a nanosecond, of the replica of that launch ordinal; `fresh` says
    /// whether it is the first one there, and no longer does so after (rules 10, 12).
    #[inline(always)]
    pub(super) fn of(&self, demand: u64, ordinal: u64, fresh: &mut bool) -> u64 {
        match &self.law {
            None => demand,
            Some(law) if std::mem::take(fresh) => self.draw(law, demand, ordinal),
            Some(_) => demand,
        }
    }

    #[cold]
    fn draw(&self, (law, streams): &(Sampler, Streams), usual: u64, ordinal: u64) -> u64 {
        let Some(launch) = launch_number(self.initial, ordinal) else { return usual };
        law.draw(&mut streams.keyed(Purpose::ColdDemand, 0, launch)).0.max(1)
    }
}
