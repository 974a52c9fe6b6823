//! `sinusoid`: a rate that swings with any period.

use super::thinning::{Piece, RateFunction, Varying};
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, Span};
use crate::workload::source::Extent;
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Poisson arrivals with rate `mean + amplitude x sin(2 pi (t + phase) / period)`.
///
/// ```toml
/// [workload.arrivals.tide.sinusoid]
/// mean = "10/s"
/// amplitude = "8/s"
/// period = "24s"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sinusoid {
    /// Mean rate.
    pub mean: Rate,
    /// Swing to either side; at most the mean.
    pub amplitude: Rate,
    /// Length of a cycle.
    pub period: Span,
    /// How far into the cycle (which begins at the mean, rising) the run starts.
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

impl Sinusoid {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        let mean = resolver.rate("mean", self.mean, faults);
        let amplitude = resolver.rate_or_zero("amplitude", self.amplitude, faults);
        if self.amplitude > self.mean {
            let message =
                format!("the amplitude {} is above the mean {}", self.amplitude, self.mean);
            faults.error("amplitude", message, "rates cannot be negative: at most the mean");
        }
        if self.period.0 < 1000 {
            let message = format!("the period is {}", self.period);
            faults.error("period", message, "give a period of at least a microsecond");
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (mean, amplitude, extent, demand) = (mean?, amplitude?, extent?, demand?);
        let wave = Wave::new(mean, amplitude, self.period.0, self.phase.0);
        (faults.errors() == before).then(|| Part::synthetic(Varying::new(wave, extent), demand))
    }
}

/// Pieces of a cycle.
const CUTS: u64 = 256;

/// `mean + amplitude x sin(2 pi (t + phase) / period)`, times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave {
    mean: f64,
    amplitude: f64,
    period: u64,
    phase: u64,
    /// Length of a piece; 0 = one piece for all time.
    piece: u64,
}

impl Wave {
    /// Pieces are a 256th of a cycle, but long enough for one request in a hundred of them; where that is
    /// more than a fraction of a cycle, bounds would say nothing and one piece does.
    pub(super) fn new(mean: f64, amplitude: f64, period: u64, phase: u64) -> Self {
        let piece = (period / CUTS).max((0.01 * 1e9 / mean) as u64).max(1);
        let piece = if piece > period / 8 { 0 } else { piece };
        Self { mean, amplitude, period, phase, piece }
    }

    /// Pieces that are a 256th of a cycle, however rare requests are.
    pub(super) fn fine(self) -> Self {
        Self { piece: self.period / CUTS, ..self }
    }

    /// Requests from the start of the wave's cycle to `at`, up to a constant.
    fn integral_to(&self, at: u64) -> f64 {
        let into = (u128::from(at) + u128::from(self.phase)) % u128::from(self.period);
        let angle = TAU * (into as f64 / self.period as f64);
        let swing = self.amplitude * self.period as f64 * 1e-9 / TAU;
        self.mean * at as f64 * 1e-9 - swing * angle.cos()
    }
}

impl RateFunction for Wave {
    fn expected(&self, extent: Extent) -> f64 {
        self.integral_to(extent.until) - self.integral_to(extent.from)
    }

    fn rate_at(&self, at: u64) -> f64 {
        // Reduced to one cycle in integers: exact however long the run.
        let into = (u128::from(at) + u128::from(self.phase)) % u128::from(self.period);
        let angle = TAU * (into as f64 / self.period as f64);
        (self.mean + self.amplitude * angle.sin()).max(0.0)
    }

    fn piece(&self, at: u64) -> Piece {
        if self.amplitude == 0.0 {
            return Piece { until: u64::MAX, low: self.mean, high: self.mean };
        }
        if self.piece == 0 {
            let (low, high) = (self.mean - self.amplitude, self.mean + self.amplitude);
            return Piece { until: u64::MAX, low: low * (1.0 - 1e-9), high: high * (1.0 + 1e-9) };
        }
        let length = self.piece;
        let until = at.saturating_add(length);
        // Nowhere is the slope above amplitude x 2 pi / period, and nowhere is the middle (rounded down)
        // further than half a piece and a nanosecond; the last term covers rounding.
        let reach = self.amplitude * TAU * (length as f64 / 2.0 + 1.0) / self.period as f64;
        let slack = reach + (self.mean + self.amplitude) * 1e-9;
        let middle = self.rate_at(at.saturating_add(length / 2));
        Piece { until, low: (middle - slack).max(0.0), high: middle + slack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_bound_the_rate_through_a_cycle() {
        for wave in [
            Wave::new(10.0, 10.0, 24_000_000_007, 5),
            Wave::new(0.05, 0.02, 24_000_000_007, 5),
            Wave::new(10.0, 10.0, 1000, 5).fine(),
        ] {
            bounded(&wave);
        }
        let fast = Wave::new(1.0, 1.0, 1000, 0).piece(7);
        assert!(fast.until == u64::MAX && fast.low <= 0.0 && fast.high >= 2.0);
    }

    fn bounded(wave: &Wave) {
        let mut at = 0;
        while at < 2 * wave.period {
            let piece = wave.piece(at);
            for k in 0..=8 {
                let probe = at + (piece.until - at) * k / 8;
                let rate = wave.rate_at(probe);
                assert!((piece.low..=piece.high).contains(&rate), "{piece:?} at {probe}: {rate}");
            }
            at = piece.until;
        }
    }
}
