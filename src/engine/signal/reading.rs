//! What is seen of a service: replica counts and readings.

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
