//! Keys that several policies share: interval, phase, and their defaults.

use autosim_engine::control::Cadence;
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
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
        Cadence { random_phase: self == Self::Random, ..Cadence::every(interval) }
    }
}

/// The shortest time between controls: below it a run would be all controls.
pub(super) const SHORTEST: Span = Span::from_millis(1);

/// Refuses an interval between controls below the shortest.
pub fn check_interval(interval: Span, faults: &mut Faults) {
    if interval < SHORTEST {
        let hint = "a length of time such as \"15s\"";
        faults.error("interval", format!("{interval} is shorter than {SHORTEST}"), hint);
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
