//! # workload: what arrives
//!
//! **Is**: sources of arrivals, the demand of each request, readers of recorded traffic.
//!
//! **Knows**: time, randomness, trace files (through readers handed to it).
//!
//! **Must not know**: replicas, signals, policies, the engine.
//!
//! **Start at** [`Arrivals`] and [`Batch`].

mod batch;
mod stream;

pub use batch::{Arrivals, BATCH, Batch};
pub use stream::Workload;
