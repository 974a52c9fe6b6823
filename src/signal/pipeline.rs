//! From scrapes to readings: statistic, window, delay, missing data.

use super::{Metric, Probe, Reading, Resources};
use crate::units::{Span, Time};

/// How the samples of a window become one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Time-weighted mean.
    Mean,
    /// Largest sample.
    Max,
    /// Smallest sample.
    Min,
    /// Sum of samples.
    Sum,
    /// Newest sample.
    Last,
    /// The q-th percentile of samples, q in (0, 1].
    Percentile(f64),
}

/// What a scrape takes of a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaugeMode {
    /// The exact mean since the last scrape.
    Integral,
    /// The value at the scrape.
    Instant,
}

/// What stands in for a window without data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// No data: the reading's value is `None`.
    NoData,
    /// A constant.
    Value(f64),
    /// The last value there was.
    Hold,
}

/// A metric as an autoscaler sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What is measured.
    pub metric: Metric,
    /// Divided by ready replicas (has no effect on averages).
    pub per_replica: bool,
    /// Time between scrapes.
    pub resolution: Span,
    /// Window of the statistic; at least the resolution.
    pub window: Span,
    /// How samples become one value.
    pub statistic: Statistic,
    /// From the scrape until the reading is published.
    pub delay: Span,
    /// Mean since the last scrape or value now; counters ignore it.
    pub gauge: GaugeMode,
    /// What an empty window reads as.
    pub missing: Missing,
}

/// The running state of one signal: fed by scrapes, asked at controls.
#[derive(Debug, Clone)]
pub struct Pipeline {
    signal: Signal,
    resources: Resources,
}

impl Pipeline {
    /// Before the first scrape.
    pub fn new(signal: Signal, resources: Resources) -> Self {
        Self { signal, resources }
    }
    /// The signal it computes.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
    /// Takes a scrape; scrapes come in order of time, one every `resolution`.
    pub fn scrape(&mut self, probe: &Probe<'_>) {
        let _ = (probe, &self.resources);
    }
    /// The newest reading published at or before `now`.
    pub fn reading(&mut self, now: Time) -> Reading {
        Reading { value: None, at: now }
    }
}
