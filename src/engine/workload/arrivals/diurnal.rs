//! `diurnal`: a sinusoid over the day, by its peak.

use super::civil::{CivilDays, DAY_NS};
use super::sinusoid::Wave;
use super::thinning::{Cycle, Piece, RateFunction, Varying};
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, time_of_day};
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals that swing over the day: highest at `peak_at`, lowest twelve hours from it.
///
/// ```toml
/// [workload.arrivals.baseline.diurnal]
/// mean = "400/s"
/// peak_to_mean = 1.8
/// peak_at = "20:30"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diurnal {
    /// Mean rate over a day.
    pub mean: Rate,
    /// Rate at the peak over the mean rate: 1 (flat) to 2 (nothing at the trough).
    pub peak_to_mean: f64,
    /// Time of day of the peak on the scenario's wall clock.
    pub peak_at: String,
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

impl Diurnal {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        let mean = resolver.rate("mean", self.mean, faults);
        if !(1.0..=2.0).contains(&self.peak_to_mean) {
            let message = format!("the peak is {} times the mean", self.peak_to_mean);
            let hint = "1 to 2 for a sinusoid; use `profile` with hour factors for a sharper peak";
            faults.error("peak_to_mean", message, hint);
        }
        let peak = time_of_day(&self.peak_at);
        if peak.is_none() {
            let message = format!("`{}` is not a time of day", self.peak_at);
            faults.error("peak_at", message, "write hours and minutes, for example \"20:30\"");
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (mean, peak, extent, demand) = (mean?, peak?, extent?, demand?);
        if faults.errors() > before {
            return None;
        }
        let peak_ns = u64::try_from(peak.duration_since(jiff::civil::Time::midnight()).as_nanos());
        // The sine is highest a quarter of a day into its cycle.
        let phase = (DAY_NS + DAY_NS / 4 - peak_ns.unwrap_or(0)) % DAY_NS;
        let amplitude = mean * (self.peak_to_mean - 1.0);
        let wave = Wave::new(mean, amplitude, DAY_NS, phase).fine();
        let days = CivilDays::new(resolver.context.clock, resolver.source_end);
        Some(Part::synthetic(Varying::new(Daily { wave, days }, extent), demand))
    }
}

#[derive(Debug)]
struct Daily {
    wave: Wave,
    days: CivilDays,
}

impl RateFunction for Daily {
    fn rate_at(&self, at: u64) -> f64 {
        self.wave.rate_at(self.days.civil(at))
    }
    fn piece(&self, at: u64) -> Piece {
        let piece = self.wave.piece(self.days.civil(at));
        let length = piece.until - self.days.civil(at);
        Piece { until: at.saturating_add(length).min(self.days.shift_after(at)), ..piece }
    }
    fn cycle(&self, at: u64) -> Option<Cycle> {
        Some(Cycle { length: DAY_NS, until: self.days.shift_after(at) })
    }
}
