//! autosim rehearses an autoscaler before production does.
//!
//! A [`Rehearsal`] has traffic, a service and policies, everything else by default; [`Rehearsal::run`] plays
//! all policies on the same requests and returns an [`Answer`].
//!
//! ```
//! use autosim::{Figure, Rehearsal};
//!
//! # fn main() -> Result<(), autosim::RehearsalError> {
//! let answer = Rehearsal::poisson("50/s")
//!     .set("duration", "10m")
//!     .set("service.service_time.exponential.mean", "60ms")
//!     .policy("lean", "fixed = { replicas = 4 }")
//!     .policy("tracks", "target-tracking = { metric = 'cpu', target = '60%', max = 20 }")
//!     .run()?;
//! for policy in answer.policies() {
//!     println!("{}: p99 {:?} ms", policy.name, policy.estimate(Figure::LatencyP99));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A policy of one's own implements [`Policy`]; see `examples/own_policy.rs`. What these are made of - the
//! engine, the policies and products, scenarios and figures - are the crates `autosim-engine`,
//! `autosim-policies` and `autosim-study`.

mod rehearsal;

pub use autosim_engine::control::{Acts, Decision, Level, Observation, Policy, Stage, Why};
pub use autosim_engine::signal::Metric;
pub use autosim_engine::units::{Span, Time};
pub use autosim_study::experiment::{Compared, Figure, Ruling};
pub use autosim_study::scenario::OwnPolicy;
pub use rehearsal::{Answer, Rehearsal, RehearsalError};
