//! # signal: what an autoscaler is allowed to see
//!
//! **Is**: [`Probe`] (exact counters handed over at a scrape), [`Signal`] (metric + statistic + window +
//! resolution + delay + missing-data rule) and [`Reading`] (what is known of one at an instant).
//!
//! **Knows**: metrics and their arithmetic over time.
//!
//! **Must not know**: what a replica or a request is, policies, the engine.
//!
//! **Start at** [`Probe`], then [`Reading`].

mod definition;
mod load;
mod metric;
mod pipeline;
mod probe;
mod reading;
mod sensor;
mod spec;

pub use definition::{Basis, GaugeMode, Missing, Signal, Statistic};
pub use metric::Metric;
pub use pipeline::Pipeline;
pub use probe::{Direct, DirectLoad, Life, Passed, Probe, ReplicaLoad, Resources, Shown, Wants};
pub use reading::{Census, Reading};
pub use sensor::Sensor;
pub use spec::{MetricRef, SignalSpec};
