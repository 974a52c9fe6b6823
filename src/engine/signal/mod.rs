//! # signal: what an autoscaler is allowed to see
//!
//! **Is**: [`Probe`] (exact counters handed over at a scrape), [`Signal`] (metric + statistic + window +
//! resolution + delay + missing-data rule) and [`Observation`] (what a policy is shown at a control).
//!
//! **Knows**: metrics and their arithmetic over time.
//!
//! **Must not know**: what a replica or a request is, policies, the engine.
//!
//! **Start at** [`Probe`], then [`Observation`].

mod definition;
mod load;
mod metric;
mod observation;
mod pipeline;
mod probe;
mod sensor;
mod spec;

pub use definition::{Basis, GaugeMode, Missing, Signal, Statistic};
pub use metric::Metric;
pub use observation::{Census, Observation, Reading};
pub use pipeline::Pipeline;
pub use probe::{Probe, ReplicaLoad, Resources};
pub use sensor::Sensor;
pub use spec::{MetricRef, SignalSpec};
