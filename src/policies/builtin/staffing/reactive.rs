//! `reactive`: for the rate as it is.

use super::{Answer, Now, Rule};
use serde::{Deserialize, Serialize};

/// As many as the measured rate takes, at every decision; with a `margin` of the sizing the usual reactive policy with
/// headroom. "Reactive" in Gandhi, Harchol-Balter, Raghunathan and Kozuch, "AutoScale: dynamic, robust capacity
/// management for multi-tier data centers", ACM TOCS 30(4), 2012.
///
/// ```toml
/// method.reactive = {}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reactive {}

impl Rule for Reactive {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        Answer::rate(now.value)
    }
}
