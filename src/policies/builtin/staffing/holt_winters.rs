//! `holt-winters`: level, trend and season.

use super::method::{check_past, check_share};
use super::moving_window::Recent;
use super::{Answer, Now, Rule};
use crate::builtin::timing;
use autosim_engine::control::Why;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Fraction, Span};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Forecasts the rate by a level, a trend and a season that are smoothed as rates come in, and is sized for the highest
/// forecast up to `lead` from now plus the `quantile` of how far forecasts of that reach were off over the last
/// season. Until a whole season has been seen it goes by the rate as it is.
///
/// Winters, "Forecasting sales by exponentially weighted moving averages", Management Science 6(3), 1960, the additive
/// form. With a `lead` of start-up time plus a buffer, and as one of two policies of `combine` beside a reactive one, this
/// is predictive scaling as clouds offer it: the larger of both counts, replicas ordered ahead of a forecast rise.
///
/// ```toml
/// method.holt-winters = { season = "1d", lead = "5m", quantile = "95%" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoltWinters {
    /// After which time the course repeats: a multiple of the interval. Default `1d`.
    #[serde(default = "day")]
    pub season: Span,
    /// How far ahead: start-up time, interval and what is to be spare. Default 1 min.
    #[serde(default = "timing::minute")]
    pub lead: Span,
    /// Which share of forecasts is not to fall short. Default 95 %.
    #[serde(default = "most")]
    pub quantile: Fraction,
    /// Weight of the newest rate in the level. Default 20 %.
    #[serde(default = "fifth")]
    pub level: Fraction,
    /// Weight of the newest change in the trend. Default 0 %.
    #[serde(default)]
    pub trend: Fraction,
    /// Weight of the newest season. Default 20 %.
    #[serde(default = "fifth")]
    pub seasonal: Fraction,
}

const fn day() -> Span {
    Span::from_secs(86_400)
}
fn most() -> Fraction {
    Fraction::new(0.95).unwrap_or_default()
}
fn fifth() -> Fraction {
    Fraction::new(0.2).unwrap_or_default()
}

impl HoltWinters {
    fn steps(span: Span, interval: Span) -> u32 {
        u32::try_from(span.0.div_ceil(interval.0.max(1))).unwrap_or(u32::MAX)
    }

    pub(super) fn check(&self, interval: Span, faults: &mut Faults) {
        for (key, share) in [
            ("quantile", self.quantile),
            ("level", self.level),
            ("trend", self.trend),
            ("seasonal", self.seasonal),
        ] {
            check_share(key, share, faults);
        }
        if interval.is_zero() {
            return;
        }
        if !self.season.0.is_multiple_of(interval.0) {
            let message = format!("{} is no multiple of the interval {interval}", self.season);
            faults.error("season", message, "such as \"1d\" or \"7d\"");
            return;
        }
        check_past("season", Self::steps(self.season, interval), 2, faults);
        if self.lead > self.season {
            faults.error("lead", format!("{} is longer than a season", self.lead), "start-up time");
        }
    }

    pub(super) fn rule(&self, interval: Span) -> Forecaster {
        let steps = Self::steps(self.season, interval);
        Forecaster {
            weights: [self.level.get(), self.trend.get(), self.seasonal.get()],
            quantile: self.quantile.get(),
            interval,
            reach: Self::steps(self.lead, interval).max(1) as usize,
            seen: 0,
            level: 0.0,
            trend: 0.0,
            season: vec![None; steps as usize],
            made: VecDeque::new(),
            errors: Recent::new(steps),
        }
    }
}

#[derive(Clone)]
pub(super) struct Forecaster {
    /// Of level, trend and season.
    weights: [f64; 3],
    quantile: f64,
    interval: Span,
    /// Steps ahead.
    reach: usize,
    /// How many places of the season have been seen.
    seen: usize,
    level: f64,
    trend: f64,
    /// What a place of the season has above the level; in the first season the rate itself.
    season: Vec<Option<f64>>,
    /// Forecasts whose time has not come, and of which place.
    made: VecDeque<(u64, f64)>,
    errors: Recent<f64>,
}

impl Forecaster {
    fn place(&self, step: u64) -> usize {
        (step % self.season.len() as u64) as usize
    }

    /// Takes a rate in the first season; at its end the level is its mean.
    fn begin(&mut self, step: u64, rate: f64) {
        let place = self.place(step);
        self.seen += usize::from(self.season[place].replace(rate).is_none());
        if self.seen == self.season.len() {
            self.level = self.season.iter().flatten().sum::<f64>() / self.seen as f64;
            let level = self.level;
            self.season.iter_mut().flatten().for_each(|rate| *rate -= level);
        }
    }

    fn learn(&mut self, step: u64, rate: f64) {
        let [level, trend, seasonal] = self.weights;
        let place = self.place(step);
        let above = self.season[place].unwrap_or(0.0);
        let before = self.level;
        self.level = level * (rate - above) + (1.0 - level) * (before + self.trend);
        self.trend = trend * (self.level - before) + (1.0 - trend) * self.trend;
        self.season[place] = Some(seasonal * (rate - self.level) + (1.0 - seasonal) * above);
        while let Some(&(of, forecast)) = self.made.front()
            && of <= step
        {
            self.made.pop_front();
            if of == step {
                self.errors.push(rate - forecast);
            }
        }
    }

    fn ahead(&self, step: u64, steps: usize) -> f64 {
        let above = self.season[self.place(step + steps as u64)].unwrap_or(0.0);
        self.level + steps as f64 * self.trend + above
    }

    /// What is added so that the share of forecasts does not fall short.
    fn margin(&self) -> f64 {
        let mut errors: Vec<f64> = self.errors.values.iter().copied().collect();
        let Some(last) = errors.len().checked_sub(1) else { return 0.0 };
        let at = ((self.quantile * errors.len() as f64 - 1e-9).ceil() as usize).saturating_sub(1);
        *errors.select_nth_unstable_by(at.min(last), f64::total_cmp).1
    }
}

impl Rule for Forecaster {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let step = now.at.0 / self.interval.0.max(1);
        if self.seen < self.season.len() {
            self.begin(step, now.value);
        } else {
            self.learn(step, now.value);
        }
        if self.seen < self.season.len() {
            return Answer::count(now, now.load(), Why::Note("no whole season yet"));
        }
        let highest = (1..=self.reach).map(|steps| self.ahead(step, steps)).fold(0.0, f64::max);
        let rate = highest + self.margin();
        self.made.push_back((step + self.reach as u64, self.ahead(step, self.reach)));
        Answer::rate(rate.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    const TEXT: &str = "[staffing]\nmax = 900\nsizing.capacity = { per_replica = \"1/s\" }\n\
                        interval = \"1m\"\nmethod.holt-winters = { season = \"1h\", ";

    /// An hour of 100/s with 300/s from its 30th to its 39th minute.
    fn rate(minute: u64) -> f64 {
        if (30..40).contains(&(minute % 60)) { 300.0 } else { 100.0 }
    }

    #[test]
    fn what_repeats_is_foreseen_from_the_second_season_on_and_ordered_ahead() {
        let _shown = autosim_engine::marks::expect(["no whole season yet"]);
        let mut tape = Tape::new(&format!("{TEXT} lead = \"5m\" }}"), 1);
        for minute in 1..=180_u64 {
            let decision = tape.at(minute * 60, &[Some(rate(minute))]);
            let expected = match minute {
                ..60 => rate(minute),
                // The highest of the next five minutes.
                _ => (1..=5).map(|steps| rate(minute + steps)).fold(0.0, f64::max),
            };
            assert_eq!(f64::from(decision.desired), expected, "{minute}: {}", reason(&decision));
            let told = decision.trail.last().unwrap().why.to_string();
            assert_eq!(told == "no whole season yet", minute < 60, "{minute}");
        }
    }

    #[test]
    fn the_quantile_of_its_errors_is_kept_free() {
        // Beside what repeats, up to 40/s more, spread evenly and without a pattern from hour to hour.
        let more = |minute: u64| 40.0 * (minute as f64 * 0.618_033_988_75).fract();
        let noisy = |minute: u64| rate(minute) + more(minute);
        let short_of = |quantile: &str| {
            let mut tape = Tape::new(&format!("{TEXT} quantile = \"{quantile}\" }}"), 1);
            let decided: Vec<u32> = (1..=3000_u64)
                .map(|minute| tape.at(minute * 60, &[Some(noisy(minute))]).desired)
                .collect();
            let short = (600..3000)
                .filter(|&minute| f64::from(decided[minute - 1]) + 1e-9 < noisy(minute as u64 + 1));
            short.count() as f64 / 2400.0
        };
        for (quantile, share) in [("95%", 0.05), ("80%", 0.2), ("50%", 0.5)] {
            let found = short_of(quantile);
            assert!((found - share).abs() < 0.05, "{quantile}: {found} fall short");
        }
    }

    #[test]
    fn growth_from_season_to_season_goes_on() {
        let text = format!("{TEXT} trend = \"10%\", quantile = \"50%\" }}");
        let mut tape = Tape::new(&text, 1);
        let grown = |minute: u64| rate(minute) + 0.1 * minute as f64;
        for minute in 1..=1800_u64 {
            let desired = f64::from(tape.at(minute * 60, &[Some(grown(minute))]).desired);
            let next = grown(minute + 1);
            assert!(
                minute < 1500 || (desired - next).abs() < 8.0,
                "{minute}: {desired} is not {next}"
            );
        }
    }
}
