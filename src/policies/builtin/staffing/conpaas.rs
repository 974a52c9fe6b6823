//! `conpaas`: the forecast that was best of late.

use super::moving_window::Recent;
use super::regression::{autoregression, polynomial_at};
use super::{Answer, Now, Rule};
use serde::{Deserialize, Serialize};

/// From the 21st decision on three models forecast the rate at the next one: an autoregression of order 20, a line
/// through the last 20 rates, and exponential smoothing by a half. It is sized for the forecast of the one whose last ten
/// forecasts were least far off; before that for the rate as it is.
///
/// Fernandez, Pierre and Kielmann, "Autoscaling web applications in heterogeneous cloud infrastructures", IC2E 2014, as
/// Ilyushkin et al. (ICPE 2017) compare it.
///
/// ```toml
/// method.conpaas = {}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conpaas {}

/// The order of the autoregression, and how many rates the line goes through.
const ORDER: usize = 20;
/// So many rates the autoregression learns from, ten times what it looks back.
const LEARNT_FROM: u32 = 200;
/// Forecasts are compared by so many of their last errors.
const COMPARED: u32 = 10;
const SMOOTHING: f64 = 0.5;

impl Conpaas {
    pub(super) const fn rule(&self) -> Best {
        Best {
            past: Recent::new(LEARNT_FROM),
            level: None,
            forecasts: None,
            errors: Recent::new(COMPARED),
        }
    }
}

#[derive(Clone)]
pub(super) struct Best {
    past: Recent<f64>,
    /// Smoothed.
    level: Option<f64>,
    /// What each model said of now at the last decision.
    forecasts: Option<[f64; 3]>,
    errors: Recent<[f64; 3]>,
}

impl Best {
    fn learn(&mut self, rate: f64) {
        if let Some(forecasts) = self.forecasts.take() {
            self.errors.push(forecasts.map(|forecast| (forecast - rate).abs()));
        }
        self.past.push(rate);
        let level = self.level.unwrap_or(rate);
        self.level = Some(level + SMOOTHING * (rate - level));
    }

    /// Autoregression, line and smoothing; `None` of too few rates.
    fn forecast(&mut self) -> Option<[f64; 3]> {
        let rates = self.past.values.make_contiguous();
        let next = autoregression(rates, ORDER)?;
        let last: Vec<(f64, f64)> =
            (0..).zip(&rates[rates.len() - ORDER..]).map(|(x, &y)| (f64::from(x), y)).collect();
        let line = polynomial_at(&last, 1, ORDER as f64)?;
        Some([next, line, self.level?])
    }
}

impl Rule for Best {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        self.learn(now.value);
        self.forecasts = self.forecast();
        let Some(forecasts) = self.forecasts else { return Answer::rate(now.value) };
        let error =
            |model: usize| -> f64 { self.errors.values.iter().map(|errors| errors[model]).sum() };
        let best = (0..3).min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(0);
        Answer::rate(forecasts[best].max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    const TEXT: &str = "[staffing]\nmethod.conpaas = {}\nmax = 900\n\
                        sizing.capacity = { per_replica = \"1/s\" }";

    /// The counts at the decisions of these minutes.
    fn counts(rate: impl Fn(f64) -> f64, minutes: &[u64]) -> Vec<u32> {
        let mut tape = Tape::new(TEXT, 1);
        let all: Vec<u32> = (1..=*minutes.last().unwrap())
            .map(|minute| tape.at(minute * 60, &[Some(rate(minute as f64))]).desired)
            .collect();
        minutes.iter().map(|&minute| all[minute as usize - 1]).collect()
    }

    #[test]
    fn twenty_decisions_are_reactive_and_then_growth_is_foreseen() {
        // A line foresees growth by 10/s a minute exactly, the others do not.
        assert_eq!(counts(|minute| 10.0 * minute, &[19, 20, 30, 40]), [190, 200, 310, 410]);
    }

    #[test]
    fn the_model_of_the_least_error_is_followed() {
        // A wave of 20 minutes: only the autoregression foresees where it turns.
        let wave = |minute: f64| 400.0 + 100.0 * (minute * std::f64::consts::TAU / 20.0).sin();
        let minutes: Vec<u64> = (190..200).collect();
        for (minute, count) in minutes.iter().zip(counts(wave, &minutes)) {
            let next = wave(*minute as f64 + 1.0);
            assert!((f64::from(count) - next).abs() < 8.0, "{minute}: {count} is not {next}");
        }
    }
}
