//! # workload: what arrives
//!
//! **Is**: sources of arrivals, the demand of each request, readers of recorded traffic.
//!
//! **Knows**: time, randomness, trace files.
//!
//! **Must not know**: replicas, signals, policies, the engine.
//!
//! **Start at** [`WorkloadSpec`] (what a scenario says), [`Workload`] (what cells draw from), and
//! [`Arrivals`] with [`Batch`] (what the engine reads).

pub mod arrivals;
mod batch;
mod flow;
mod merge;
mod priorities;
mod shared;
mod source;
mod spec;
mod stream;
pub mod trace;

pub use arrivals::SourceSpec;
pub use batch::{Arrivals, BATCH, Batch};
pub use flow::{Flow, NoFlow, Stretch};
pub use priorities::Class;
pub use shared::Shared;
pub use source::Users;
pub use spec::{OPEN_END, Recordings, ResolveContext, WorkloadSpec};
pub use stream::Workload;

#[cfg(test)]
mod tests;
