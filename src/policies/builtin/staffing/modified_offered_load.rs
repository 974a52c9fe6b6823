//! `modified-offered-load`: for the load that the past rate leaves in service.

use super::{Answer, Now, Rule};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time};
use serde::{Deserialize, Serialize};

/// With as many slots as it wants a service would have m(t) requests in service: m' = rate - m / service_time for
/// exponential service times. It is sized as if the rate were m / service_time, with a square root for its margin as a
/// rule. Where requests take long, m follows the rate late and smoothly: its peak is lower and comes after it.
///
/// Jennings, Mandelbaum, Massey and Whitt, "Server staffing to meet time-varying demand", Management Science 42(10),
/// 1996; they know the rate beforehand, here it is the measured one.
///
/// ```toml
/// method.modified-offered-load = { service_time = "10m" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifiedOfferedLoad {
    /// Mean time in service.
    pub service_time: Span,
}

impl ModifiedOfferedLoad {
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.service_time.is_zero() {
            faults.error("service_time", "requests take no time", "such as \"10m\"");
        }
    }

    pub(super) fn rule(&self) -> InService {
        InService { service_s: self.service_time.as_secs_f64(), before: None }
    }
}

#[derive(Clone)]
pub(super) struct InService {
    service_s: f64,
    /// When it was last asked, and m / service time then.
    before: Option<(Time, f64)>,
}

impl Rule for InService {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let rate = self.before.map_or(now.value, |(at, rate)| {
            // Since then the rate was what is measured now.
            let kept = (-now.at.since(at).as_secs_f64() / self.service_s).exp();
            now.value + (rate - now.value) * kept
        });
        self.before = Some((now.at, rate));
        Answer::rate(rate)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    /// Eick, Massey and Whitt 1993: for a rate l + b sin(g t) and exponential service of mean s,
    /// m(t) = l s + b s (sin g t - g s cos g t) / (1 + (g s)^2).
    #[test]
    fn of_a_sinusoid_it_is_the_mean_of_an_infinite_server_queue() {
        let (l, b, s, g) = (100.0, 60.0, 600.0, std::f64::consts::TAU / 3600.0);
        let text = "[staffing]\nmethod.modified-offered-load = { service_time = \"10m\" }\n\
                    sizing.square-root = { service_time = \"10m\", beta = 0 }\nmax = 1000000\n\
                    interval = \"10s\"\nwindow = \"10s\"";
        let mut tape = Tape::new(text, 1);
        for step in 1..=1440_u64 {
            let t = step as f64 * 10.0;
            let middle = l + b * (g * (t - 5.0)).sin();
            let found = f64::from(tape.at(step * 10, &[Some(middle)]).desired);
            let m =
                l * s + b * s * ((g * t).sin() - g * s * (g * t).cos()) / (1.0 + (g * s).powi(2));
            // After two hours nothing is left of how it began.
            assert!(t < 7200.0 || (found - m).abs() < 5.0, "at {t} s: {found} is not {m}");
        }
    }
}
