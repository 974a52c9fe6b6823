//! The metric a simulated container does not have.

use autosim_engine::signal::{Pipeline, Probe, Reading, Resources, Sensor, Signal};
use autosim_engine::units::Time;

/// Swap: none in a simulation, as recorded in a replay.
pub(super) struct Swap {
    recorded: Pipeline,
}

impl Swap {
    pub(super) fn new(signal: Signal) -> Self {
        Self { recorded: Pipeline::new(signal, Resources::default()) }
    }
}

impl Sensor for Swap {
    fn scrape(&mut self, probe: &Probe<'_>) {
        self.recorded.sample(probe.at, Some(0.0));
    }
    fn miss(&mut self, probe: &Probe<'_>) {
        self.recorded.miss(probe);
    }
    fn sample(&mut self, at: Time, value: Option<f64>) {
        self.recorded.sample(at, value);
    }
    fn reading(&mut self, now: Time) -> Reading {
        self.recorded.reading(now)
    }
}
