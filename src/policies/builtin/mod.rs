//! # builtin: autosim's own policies
//!
//! **Is**: the policies a scenario names by kind: a recommender followed by guards, each of which says why
//! it changed the number; and their registry.
//!
//! **Knows**: observations and numbers, the contract `autosim_engine::control`.
//!
//! **Must not know**: the fleet, requests, the engine's loop, products, clocks, generators.
//!
//! **Start at** [`PolicySpec`].

pub mod clairvoyant;
pub mod combine;
pub mod fixed;
mod inner;
pub mod keep_alive;
pub mod parts;
pub mod pid;
mod range;
mod registry;
pub mod scale_to_zero;
pub mod scheduled;
pub mod staffing;
#[cfg(test)]
mod tape;
pub mod target_tracking;
pub mod threshold;
mod timing;

pub use registry::{PolicyContext, PolicySpec, Recorded};
pub use timing::{Phase, check_interval};
