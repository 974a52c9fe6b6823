//! `on-off`: bursts with silence between them.

use super::mmpp::{Modulated, SHORTEST_STAY};
use super::thinning::{Cycle, Piece, RateFunction, Varying};
use super::{Moment, Resolver, StateOrder};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, Span};
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Bursts: `rate` for `on`, then `off_rate` (default: nothing) for `off`, again and again. Fixed lengths
/// make a square wave; exponential ones an interrupted Poisson process.
///
/// ```toml
/// [workload.arrivals.batch.on-off]
/// rate = "200/s"
/// on = "30s"
/// off = "5m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnOff {
    /// Requests a second in a burst.
    pub rate: Rate,
    /// Requests a second between bursts.
    #[serde(default)]
    pub off_rate: Rate,
    /// Length (or mean length) of a burst.
    pub on: Span,
    /// Length (or mean length) of the time between bursts.
    pub off: Span,
    /// Whether lengths are fixed or exponential.
    #[serde(default)]
    pub dwell: Dwell,
    /// Fixed lengths: how far into the cycle (which begins with the burst) the run starts.
    #[serde(default)]
    pub phase: Span,
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

/// Lengths of bursts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Dwell {
    /// Always the same.
    #[default]
    Fixed,
    /// Exponential; the run starts in a burst with the long-run chance.
    Exponential,
}

impl OnOff {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        let rate = resolver.rate("rate", self.rate, faults);
        let off_rate = resolver.rate_or_zero("off_rate", self.off_rate, faults);
        for (key, span) in [("on", self.on), ("off", self.off)] {
            if span < SHORTEST_STAY {
                let hint = "at least 1ms; or use `poisson` for a constant rate";
                faults.error(key, format!("the length is {span}"), hint);
            }
        }
        if self.dwell == Dwell::Exponential && !self.phase.is_zero() {
            let hint = "leave it out: with exponential lengths the start is drawn";
            faults.error("phase", "a phase needs fixed lengths", hint);
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (rates, extent, demand) = ([rate?, off_rate?], extent?, demand?);
        if faults.errors() > before {
            return None;
        }
        Some(match self.dwell {
            Dwell::Fixed => {
                let phase = self.phase.0 % self.on.0.saturating_add(self.off.0);
                let wave = Square { rates, on: self.on.0, off: self.off.0, phase };
                Part::synthetic(Varying::new(wave, extent), demand)
            }
            Dwell::Exponential => {
                let states = [(rates[0], self.on.0 as f64), (rates[1], self.off.0 as f64)];
                let order = StateOrder::Cycle;
                Part::synthetic(Modulated { states: states.into(), order, extent }, demand)
            }
        })
    }
}

#[derive(Debug)]
struct Square {
    rates: [f64; 2],
    on: u64,
    off: u64,
    phase: u64,
}

impl Square {
    /// True in a burst, and how long that part still lasts.
    fn part(&self, at: u64) -> (bool, u64) {
        let cycle = self.on.saturating_add(self.off);
        let into = ((u128::from(at) + u128::from(self.phase)) % u128::from(cycle)) as u64;
        if into < self.on { (true, self.on - into) } else { (false, cycle - into) }
    }
}

impl RateFunction for Square {
    fn rate_at(&self, at: u64) -> f64 {
        if self.part(at).0 { self.rates[0] } else { self.rates[1] }
    }
    fn piece(&self, at: u64) -> Piece {
        let rate = self.rate_at(at);
        Piece { until: at.saturating_add(self.part(at).1), low: rate, high: rate }
    }
    fn cycle(&self, _: u64) -> Option<Cycle> {
        Some(Cycle { length: self.on.saturating_add(self.off), until: u64::MAX })
    }
}
