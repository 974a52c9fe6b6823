//! How long a request holds its slot where that is not its own demand: the first request of a launched
//! replica may have a law of its own, and slowdowns make everything take longer.

use crate::fleet::launches::launch_number;
use crate::fleet::{FleetSpec, Slowdowns};
use crate::random::{Purpose, Sampler, Streams};

/// Demands of first requests, and slowdowns.
#[derive(Debug, Clone)]
pub(super) struct FirstDemand {
    /// `None` = every request holds its slot for its demand.
    unusual: Option<Box<Unusual>>,
}

#[derive(Debug, Clone)]
struct Unusual {
    /// Of first requests.
    law: Option<Sampler>,
    streams: Streams,
    /// Replicas of the initial fleet; they were not launched.
    initial: u32,
    slowdowns: Slowdowns,
}

impl FirstDemand {
    /// Of slots, which are held for longer in slowdowns.
    pub(super) fn new(spec: &FleetSpec, streams: Streams) -> Self {
        Self::with(spec, streams, spec.slowdowns.clone())
    }

    /// Of first requests alone, where slowdowns are the plane's own concern.
    pub(super) fn at_full_speed(spec: &FleetSpec, streams: Streams) -> Self {
        Self::with(spec, streams, Slowdowns::default())
    }

    fn with(spec: &FleetSpec, streams: Streams, slowdowns: Slowdowns) -> Self {
        let (law, initial) = (spec.cold_demand.clone(), spec.initial);
        let any = law.is_some() || !slowdowns.is_empty();
        Self { unusual: any.then(|| Box::new(Unusual { law, streams, initial, slowdowns })) }
    }

    /// Whether every request holds its slot for its demand.
    #[inline(always)]
    pub(super) fn is_usual(&self) -> bool {
        self.unusual.is_none()
    }

    /// Whether first requests have a law of their own.
    pub(super) fn has_law(&self) -> bool {
        self.unusual.as_ref().is_some_and(|unusual| unusual.law.is_some())
    }

    /// How long a request holds its slot that is served from `start` on, at least a nanosecond, by the
    /// replica of that launch ordinal; `fresh` says whether it is the first one there, and no longer does
    /// so after (rules 10, 12, 46).
    #[inline(always)]
    pub(super) fn of(&self, start: u64, demand: u64, ordinal: u64, fresh: &mut bool) -> u64 {
        match &self.unusual {
            None => demand,
            Some(unusual) => unusual.of(start, demand, ordinal, fresh),
        }
    }
}

impl Unusual {
    fn of(&self, start: u64, demand: u64, ordinal: u64, fresh: &mut bool) -> u64 {
        let demand = match &self.law {
            Some(law) if std::mem::take(fresh) => self.draw(law, demand, ordinal),
            Some(_) | None => demand,
        };
        match self.slowdowns.is_empty() {
            true => demand,
            false => self.slowdowns.held(start, demand, ordinal),
        }
    }

    #[cold]
    fn draw(&self, law: &Sampler, usual: u64, ordinal: u64) -> u64 {
        let Some(launch) = launch_number(self.initial, ordinal) else { return usual };
        law.draw(&mut self.streams.keyed(Purpose::ColdDemand, 0, launch)).0.max(1)
    }
}
