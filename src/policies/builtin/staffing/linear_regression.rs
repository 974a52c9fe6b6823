//! `linear-regression`: for where a line through the last windows leads.

use super::method::check_past;
use super::moving_window::{Recent, ten};
use super::regression::polynomial_at;
use super::{Answer, Now, Rule};
use crate::builtin::timing;
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use serde::{Deserialize, Serialize};

/// For the rate to which a line through those of the last decisions leads in `lead`, which is as long as a replica takes
/// to start: "predictive linear regression" in Gandhi et al., ACM TOCS 30(4), 2012.
///
/// ```toml
/// method.linear-regression = { windows = 10, lead = "260s" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearRegression {
    /// How many of the last rates, one for each decision. Default 10.
    #[serde(default = "ten")]
    pub windows: u32,
    /// How far ahead. Default 1 min.
    #[serde(default = "timing::minute")]
    pub lead: Span,
}

impl LinearRegression {
    pub(super) fn check(&self, faults: &mut Faults) {
        check_past("windows", self.windows, 2, faults);
    }

    pub(super) const fn rule(&self) -> Line {
        Line { past: Recent::new(self.windows), lead: self.lead }
    }
}

#[derive(Clone)]
pub(super) struct Line {
    past: Recent<(f64, f64)>,
    lead: Span,
}

impl Rule for Line {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let at_s = now.at.as_secs_f64();
        self.past.push((at_s, now.value));
        let points = self.past.values.make_contiguous();
        let ahead = polynomial_at(points, 1, at_s + self.lead.as_secs_f64());
        Answer::rate(ahead.unwrap_or(now.value))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    #[test]
    fn growth_goes_on_for_as_long_as_a_replica_takes_to_start() {
        let text = "[staffing]\nmethod.linear-regression = { windows = 4, lead = \"2m\" }\nmax = 40\n\
                    sizing.capacity = { per_replica = \"10/s\" }";
        let mut tape = Tape::new(text, 1);
        // 20/s more each minute: two minutes later it is 40/s more.
        for (at, rate, expected) in [
            (60, 100.0, 10),
            (120, 120.0, 16),
            (180, 140.0, 18),
            (240, 160.0, 20),
            // The line through 120, 140, 160, 160 rises by 14/s a minute from 166.
            (300, 160.0, 20),
            (360, 160.0, 18),
        ] {
            assert_eq!(tape.at(at, &[Some(rate)]).desired, expected, "at {at} s");
        }
    }
}
