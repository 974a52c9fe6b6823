//! How long costs are told for.

use autosim_engine::simulation::Window;
use autosim_engine::units::Span;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

const HOUR: Span = Span::from_secs(3600);

/// A length of time that bills are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A twelfth of a year: 30.4375 days.
    Month,
    /// 365.25 days.
    Year,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As a user says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// How long it is.
    pub const fn hours(self) -> f64 {
        match self {
            Self::Hour => 1.0,
            Self::Day => 24.0,
            Self::Week => 168.0,
            Self::Month => 730.5,
            Self::Year => 8766.0,
        }
    }

    /// What a figure of the window is multiplied by: as if all of the period were like it.
    pub fn factor(self, window: Window) -> f64 {
        self.hours() * HOUR.as_secs_f64() / window.end.since(window.warmup).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::units::Time;

    #[test]
    fn a_month_is_a_twelfth_of_a_year_of_365_days_and_a_quarter() {
        assert_eq!(Period::Month.hours(), 24.0 * 30.4375);
        assert_eq!(12.0 * Period::Month.hours(), Period::Year.hours());
        let hours = |hours: u64| Time::from_secs(3600 * hours);
        let window = Window { warmup: hours(1), end: hours(25), drain_limit: Span::ZERO };
        for (period, factor) in
            [(Period::Hour, 1.0 / 24.0), (Period::Week, 7.0), (Period::Month, 30.4375)]
        {
            assert_eq!(period.factor(window), factor, "{}", period.name());
        }
    }
}
