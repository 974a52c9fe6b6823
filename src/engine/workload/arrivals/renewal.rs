//! `renewal`: independent gaps of any law.

use super::poisson::Steady;
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::{Distribution, Generator, Purpose, Sampler};
use crate::workload::source::{Current, Extent, Instants, Luck, Source};
use crate::workload::stream::Part;
use crate::workload::{BATCH, Batch};
use serde::{Deserialize, Serialize};

/// Independent gaps between requests, of any law: gamma or Weibull for bursts, constant for a clock.
///
/// ```toml
/// [workload.arrivals.chat.renewal]
/// gaps.gamma = { mean = "180ms", cv = 4 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Law of the time between two requests.
    pub gaps: Distribution,
    /// When the first request comes; default: one gap after the source begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Moment>,
    /// How many requests in all; default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
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

impl Renewal {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        faults.within("gaps", |faults| self.gaps.check(faults));
        let extent = resolver.extent(self.from, self.until, faults);
        let first = self.first.map(|moment| resolver.moment("first", moment, faults));
        if self.first.is_some() && self.from.is_some() {
            faults.error("first", "both `first` and `from` are given", "keep one of them");
        }
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        if faults.errors() > before {
            return None;
        }
        let per_second = resolver.rate_scale / self.gaps.mean_s();
        if per_second.is_nan() || per_second > 1e9 {
            let hint = "the mean gap must be at least a nanosecond";
            faults.error("gaps", "the mean gap is zero: requests would never end", hint);
            return None;
        }
        let source = Compiled {
            gaps: self.gaps.sampler(),
            scale: 1.0 / resolver.rate_scale,
            per_second,
            first: first.flatten(),
            count: self.count.unwrap_or(u64::MAX),
            extent: extent?,
            dispersion: self.gaps.cv().powi(2),
        };
        Some(Part::synthetic(source, demand?))
    }
}

#[derive(Debug)]
struct Compiled {
    gaps: Sampler,
    /// Factor of every gap.
    scale: f64,
    per_second: f64,
    first: Option<u64>,
    count: u64,
    extent: Extent,
    /// Variance over mean of long counts: that of gaps, squared and relative (Cox 1962, 3.3).
    dispersion: f64,
}

impl Compiled {
    fn starts(&self) -> u64 {
        self.first.unwrap_or(self.extent.from)
    }
}

impl Source for Compiled {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        Box::new(Stream {
            gaps: self.gaps.clone(),
            scale: self.scale,
            at: self.starts(),
            fraction: 0.0,
            first_is_due: self.first.is_some(),
            left: self.count,
            end: self.extent.cut(end).until,
            rng: luck.generator(Purpose::Arrivals),
        })
    }
    fn current(&self, _: &Luck<'_>, end: u64) -> Option<Current> {
        (self.count == u64::MAX && self.dispersion.is_finite()).then(|| Current {
            extent: Extent { from: self.starts(), until: self.extent.until }.cut(end),
            intensity: Box::new(Steady(self.per_second)),
            dispersion: self.dispersion,
        })
    }
    fn draws(&self) -> bool {
        !self.gaps.is_constant()
    }
    fn rate_at(&self, at: u64) -> f64 {
        let last = self.count as f64 / self.per_second * 1e9;
        let active = self.extent.contains(at) && at >= self.starts();
        if active && (at - self.starts()) as f64 <= last { self.per_second } else { 0.0 }
    }
    fn expected(&self, end: u64) -> f64 {
        let extent = Extent { from: self.starts(), until: self.extent.until }.cut(end);
        let first = if self.first.is_some() && extent.until > extent.from { 1.0 } else { 0.0 };
        (extent.seconds() * self.per_second + first).min(self.count as f64)
    }
}

struct Stream {
    gaps: Sampler,
    scale: f64,
    at: u64,
    /// What rounding a scaled gap to nanoseconds left over.
    fraction: f64,
    first_is_due: bool,
    left: u64,
    end: u64,
    rng: Generator,
}

impl Stream {
    /// Adds a gap to the clock; a scaled one keeps its fraction for the next.
    fn pass(&mut self, gap: u64) {
        if self.scale == 1.0 {
            self.at = self.at.saturating_add(gap);
            return;
        }
        let gap = gap as f64 * self.scale + self.fraction;
        self.at = self.at.saturating_add(gap as u64);
        self.fraction = gap.fract();
    }
}

impl Instants for Stream {
    fn fill(&mut self, batch: &mut Batch) {
        let mut gaps = [0; BATCH];
        let wanted = usize::try_from(self.left).unwrap_or(BATCH).min(BATCH);
        let gaps = &mut gaps[..wanted];
        if self.first_is_due && wanted > 0 {
            self.first_is_due = false;
            self.gaps.fill(&mut self.rng, &mut gaps[1..]);
        } else {
            self.gaps.fill(&mut self.rng, gaps);
        }
        for &mut gap in gaps {
            self.pass(gap);
            if self.at >= self.end {
                self.left = 0;
                return;
            }
            batch.arrival_ns.push(self.at);
        }
        self.left -= wanted as u64;
    }
}
