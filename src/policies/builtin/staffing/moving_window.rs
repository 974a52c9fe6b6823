//! `moving-window`: for the mean of the last windows.

use super::method::check_past;
use super::{Answer, Now, Rule};
use autosim_engine::fault::Faults;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// For the mean rate of the last decisions: "predictive moving window" in Gandhi et al., ACM TOCS 30(4), 2012.
///
/// ```toml
/// method.moving-window = { windows = 10 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovingWindow {
    /// How many of the last rates, one for each decision. Default 10.
    #[serde(default = "ten")]
    pub windows: u32,
}

pub(super) const fn ten() -> u32 {
    10
}

impl MovingWindow {
    pub(super) fn check(&self, faults: &mut Faults) {
        check_past("windows", self.windows, 1, faults);
    }

    pub(super) fn rule(&self) -> Mean {
        Mean(Recent::new(self.windows))
    }
}

/// The last so many values.
#[derive(Debug, Clone)]
pub(super) struct Recent<T> {
    most: usize,
    pub(super) values: VecDeque<T>,
}

impl<T> Recent<T> {
    pub(super) const fn new(most: u32) -> Self {
        Self { most: most as usize, values: VecDeque::new() }
    }

    pub(super) fn push(&mut self, value: T) {
        self.values.push_back(value);
        if self.values.len() > self.most {
            self.values.pop_front();
        }
    }
}

#[derive(Clone)]
pub(super) struct Mean(Recent<f64>);

impl Rule for Mean {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        self.0.push(now.value);
        Answer::rate(self.0.values.iter().sum::<f64>() / self.0.values.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    #[test]
    fn it_is_sized_for_the_mean_of_the_windows_there_are() {
        let text = "[staffing]\nmethod.moving-window = { windows = 3 }\nmax = 40\n\
                    sizing.capacity = { per_replica = \"10/s\" }";
        let mut tape = Tape::new(text, 1);
        for (at, rate, expected) in
            [(60, 30.0, 3), (120, 50.0, 4), (180, 70.0, 5), (240, 180.0, 10), (300, 20.0, 9)]
        {
            assert_eq!(tape.at(at, &[Some(rate)]).desired, expected, "at {at} s");
        }
    }
}
