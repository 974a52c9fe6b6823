//! `reg`: out at once, in by a curve through the past.

use super::method::check_past;
use super::moving_window::Recent;
use super::regression::polynomial_at;
use super::{Answer, Now, Rule};
use autosim_engine::control::Why;
use autosim_engine::fault::Faults;
use serde::{Deserialize, Serialize};

/// A load at or above the count in force is followed at once. Below it, a parabola through the last loads says what the
/// load is without its noise, and the count falls to that, rounded up; a parabola above the count in force is ignored.
///
/// Iqbal, Dailey, Carrera and Janecek, "Adaptive resource provisioning for read intensive multi-tier applications in the
/// cloud", Future Generation Computer Systems 27(6), 2011; 72 loads as Ilyushkin et al. (ICPE 2017) compare it.
///
/// ```toml
/// method.reg = { samples = 72 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reg {
    /// How many of the last loads, one for each decision. Default 72.
    #[serde(default = "samples")]
    pub samples: u32,
}

const fn samples() -> u32 {
    72
}

impl Reg {
    pub(super) fn check(&self, faults: &mut Faults) {
        check_past("samples", self.samples, 3, faults);
    }

    pub(super) const fn rule(&self) -> Parabola {
        Parabola(Recent::new(self.samples))
    }
}

#[derive(Clone)]
pub(super) struct Parabola(Recent<(f64, f64)>);

impl Rule for Parabola {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let at_s = now.at.as_secs_f64();
        self.0.push((at_s, now.value));
        if now.load() >= now.current {
            return Answer::rate(now.value);
        }
        let smooth = polynomial_at(self.0.values.make_contiguous(), 2, at_s);
        match smooth.filter(|&rate| now.size.count(rate) <= now.current) {
            Some(rate) => Answer::rate(rate),
            None => Answer::count(now, now.current, Why::Note("no curve below the count in force")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    #[test]
    fn a_rise_is_followed_at_once_and_a_fall_by_the_curve() {
        let _shown = autosim_engine::marks::expect(["no curve below the count in force"]);
        let text = "[staffing]\nmethod.reg = { samples = 5 }\nmax = 40\n\
                    sizing.capacity = { per_replica = \"10/s\" }";
        let mut tape = Tape::new(text, 5);
        for (at, rate, expected) in [
            (60, 40.0, 5),    // one point is no parabola
            (120, 200.0, 20), // at once
            (180, 100.0, 10), // three points are met: 100
            (240, 100.0, 10),
            (300, 150.0, 15),
            // 200, 100, 100, 150, 10: the parabola ends at 41.7.
            (360, 10.0, 5),
            // 100, 100, 150, 10, 40: it ends at 19.4.
            (420, 40.0, 2),
        ] {
            assert_eq!(tape.at(at, &[Some(rate)]).desired, expected, "at {at} s");
        }
    }
}
