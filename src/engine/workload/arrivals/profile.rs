//! `profile`: factors of the hours of the day and the days of the week.

use super::civil::{CivilDays, DAY_NS, WEEK_NS};
use super::polyline::{line_piece, on_line};
use super::thinning::{Cycle, Piece, RateFunction, Varying};
use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::Rate;
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Poisson arrivals shaped by the hour of the day and the day of the week. Factors are relative: they
/// are scaled so that the mean over a whole week is `mean`.
///
/// ```toml
/// [workload.arrivals.office.profile]
/// mean = "120/s"
/// hours = [1, 1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 8, 9, 10, 9, 8, 6, 4, 3, 2, 2, 1, 1]
/// days = [1, 1, 1, 1, 0.9, 0.3, 0.3]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Mean rate over a week.
    pub mean: Rate,
    /// One factor for each hour of the day, from midnight to 23:00.
    pub hours: Vec<f64>,
    /// One factor for each day of the week, from Monday to Sunday; default: [1, 1, 1, 1, 1, 1, 1].
    #[serde(default = "every_day", skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<f64>,
    /// What happens between two hours.
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

fn every_day() -> Vec<f64> {
    vec![1.0; 7]
}

/// How the rate goes from one hour to the next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// Straight lines between the middles of the hours.
    #[default]
    Linear,
    /// Constant within the hour.
    Step,
}

impl Profile {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let mean = resolver.rate("mean", self.mean, faults);
        let hours = factors("hours", &self.hours, 24, faults);
        let days = factors("days", &self.days, 7, faults);
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (mean, extent, demand) = (mean?, extent?, demand?);
        let hours = hours?.into_iter().map(|factor| factor * mean).collect();
        let calendar = CivilDays::new(resolver.context.clock, resolver.source_end);
        let week = Week { hours, days: days?, between: self.between, calendar };
        Some(Part::synthetic(Varying::new(week, extent), demand))
    }
}

/// The factors scaled to mean 1.
fn factors(key: &str, given: &[f64], count: usize, faults: &mut Faults) -> Option<Vec<f64>> {
    if given.len() != count {
        let message = format!("{} factors are given", given.len());
        faults.error(key, message, format!("give exactly {count}"));
        return None;
    }
    if let Some(wrong) = given.iter().find(|factor| !(0.0..=1e6).contains(*factor)) {
        faults.error(key, format!("a factor is {wrong}"), "factors are 0 to a million");
        return None;
    }
    let mean = given.iter().sum::<f64>() / count as f64;
    if mean == 0.0 {
        faults.error(key, "every factor is zero", "give one a positive value");
        return None;
    }
    Some(given.iter().map(|factor| factor / mean).collect())
}

const HOUR_NS: u64 = DAY_NS / 24;

#[derive(Debug)]
struct Week {
    /// Requests a second on an average day.
    hours: Vec<f64>,
    days: Vec<f64>,
    between: Between,
    calendar: CivilDays,
}

impl Week {
    /// The line through a civil instant, on an average day, and the day's factor.
    fn line(&self, civil: u64) -> ((u64, f64), (u64, f64), f64) {
        let day = self.days[(civil % WEEK_NS / DAY_NS) as usize % 7];
        let of = |hour: u64| self.hours[(hour % 24) as usize];
        match self.between {
            Between::Step => {
                let hour = civil / HOUR_NS;
                let (from, until) = (hour * HOUR_NS, (hour + 1) * HOUR_NS);
                ((from, of(hour)), (until, of(hour)), day)
            }
            Between::Linear => {
                // Half an hour back: lines run from the middle of one hour to the middle of the next.
                let hour = (civil - HOUR_NS / 2) / HOUR_NS;
                let from = hour * HOUR_NS + HOUR_NS / 2;
                ((from, of(hour)), (from + HOUR_NS, of(hour + 1)), day)
            }
        }
    }
}

impl RateFunction for Week {
    fn rate_at(&self, at: u64) -> f64 {
        let civil = self.calendar.civil(at);
        let (a, b, day) = self.line(civil);
        on_line(a, b, civil) * day
    }

    fn piece(&self, at: u64) -> Piece {
        let civil = self.calendar.civil(at);
        let (a, b, day) = self.line(civil);
        let piece = line_piece(a, b, civil);
        let midnight = (civil / DAY_NS + 1) * DAY_NS;
        let until = at.saturating_add(piece.until.min(midnight) - civil);
        Piece {
            until: until.min(self.calendar.shift_after(at)),
            low: piece.low * day,
            high: piece.high * day,
        }
    }
    fn cycle(&self, at: u64) -> Option<Cycle> {
        Some(Cycle { length: WEEK_NS, until: self.calendar.shift_after(at) })
    }
}
