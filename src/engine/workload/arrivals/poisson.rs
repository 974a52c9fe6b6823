//! `poisson`: independent arrivals of a constant rate.

use super::{Intensity, Moment, Piece, Resolver};
use crate::fault::Faults;
use crate::random::{Distribution, Generator, Purpose};
use crate::units::Rate;
use crate::workload::source::{Current, Extent, Instants, Luck, Source};
use crate::workload::stream::Part;
use crate::workload::{BATCH, Batch};
use rand_distr::{Distribution as _, Exp1};
use serde::{Deserialize, Serialize};

/// Poisson arrivals of a constant rate.
///
/// ```toml
/// [workload.arrivals.baseline.poisson]
/// rate = "40/s"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {
    /// Requests a second.
    pub rate: Rate,
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

impl Poisson {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let rate = resolver.rate("rate", self.rate, faults);
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults)?;
        Some(Part::synthetic(Self::compiled(rate?, extent?), demand))
    }

    /// The source of a rate in requests a second.
    pub(crate) fn compiled(per_second: f64, extent: Extent) -> impl Source + 'static {
        Compiled { per_second, extent }
    }
}

#[derive(Debug)]
struct Compiled {
    per_second: f64,
    extent: Extent,
}

impl Source for Compiled {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        let extent = self.extent.cut(end);
        let (gap_ns, base) = (1e9 / self.per_second, extent.from);
        let rng = luck.generator(Purpose::Arrivals);
        Box::new(Stream { gap_ns, base, offset: 0.0, end: extent.until, rng })
    }
    fn current(&self, _: &Luck<'_>, end: u64) -> Option<Current> {
        Some(Current {
            extent: self.extent.cut(end),
            intensity: Box::new(Steady(self.per_second)),
            dispersion: 1.0,
        })
    }
    fn rate_at(&self, at: u64) -> f64 {
        if self.extent.contains(at) { self.per_second } else { 0.0 }
    }
    fn expected(&self, end: u64) -> f64 {
        self.extent.cut(end).seconds() * self.per_second
    }
}

/// One rate for all time, in requests a second.
pub(super) struct Steady(pub(super) f64);

impl Intensity for Steady {
    fn next(&mut self) -> Piece {
        Piece { until: u64::MAX, low: self.0, high: self.0 }
    }
    fn rate_at(&self, _: u64) -> f64 {
        self.0
    }
}

struct Stream {
    gap_ns: f64,
    /// The last instant is `base + offset`; the offset stays small, so that sums stay exact for years.
    base: u64,
    offset: f64,
    end: u64,
    rng: Generator,
}

impl Instants for Stream {
    fn fill(&mut self, batch: &mut Batch) {
        let left = self.end.saturating_sub(self.base) as f64;
        let (gap_ns, base, mut offset) = (self.gap_ns, self.base, self.offset);
        // Slots instead of pushes: the loop keeps its state in registers.
        batch.arrival_ns.resize(BATCH, 0);
        for (made, slot) in batch.arrival_ns.iter_mut().enumerate() {
            let unit: f64 = Exp1.sample(&mut self.rng);
            offset += unit * gap_ns;
            if offset >= left {
                self.base = self.end;
                batch.arrival_ns.truncate(made);
                return;
            }
            *slot = base + offset as u64;
        }
        self.base += offset as u64;
        self.offset = offset.fract();
    }
}
