//! Keys that several policies share: interval, phase, and their defaults.

use super::Cadence;
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// When the first decision falls.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// One interval after the start.
    #[default]
    Fixed,
    /// Later by a part of the interval, drawn per replication.
    Random,
}

impl Phase {
    pub(super) fn cadence(self, interval: Span) -> Cadence {
        Cadence { interval, random_phase: self == Self::Random }
    }
}

pub(super) fn check_interval(interval: Span, faults: &mut Faults) {
    if interval.is_zero() {
        faults.error("interval", "the interval is zero", "a length of time such as \"15s\"");
    }
}

pub(super) const fn one() -> u32 {
    1
}
pub(super) const fn quarter_minute() -> Span {
    Span::from_secs(15)
}
pub(super) const fn minute() -> Span {
    Span::from_secs(60)
}
pub(super) const fn five_minutes() -> Span {
    Span::from_secs(300)
}
