//! What a policy is shown at a control (rules 3, 17).

use crate::units::Time;

/// Replica counts as the platform's own API reports them, exact and without delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Ordered and not yet ready, every stage.
    pub starting: u32,
    /// Able to take new requests.
    pub ready: u32,
    /// Finishing their last requests; not counted as live.
    pub draining: u32,
}

impl Census {
    /// Starting plus ready: what a new desired count is compared with.
    pub const fn live(self) -> u32 {
        self.starting + self.ready
    }
}

/// A signal's newest published value; no data is a value too.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// In the metric's unit; `None` = no data.
    pub value: Option<f64>,
    /// End of the window it describes.
    pub at: Time,
}

/// Everything a policy may base a decision on.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The instant of the decision.
    pub now: Time,
    /// Replica counts.
    pub census: Census,
    /// The desired count in force: the last actuated decision, at first the initial fleet.
    pub desired: u32,
    /// Readings, in the order of the autoscaler's signals.
    pub readings: &'a [Reading],
    /// The name of a guard that is to let everything pass, this once: what it is worth is asked
    /// afterwards, never during a run.
    pub without: Option<&'static str>,
}
