//! The engine of autosim, and what it stands on.
//!
//! The rooms, in layer order (a room uses only rooms above it in this list; `tests/it/house` holds the table):
//!
//! | room | what it is |
//! |---|---|
//! | [`units`] | time, rates, shares, money |
//! | [`fault`] | what is wrong with an input, as data |
//! | [`marks`] | which branches a test has been through |
//! | [`random`] | reproducible streams and laws of durations |
//! | [`stats`] | histograms, intervals, comparisons |
//! | [`workload`] | what arrives |
//! | [`fleet`] | what serves |
//! | [`signal`] | what an autoscaler is allowed to see |
//! | [`control`] | what is asked of an autoscaler |
//! | [`simulation`] | the clock |

#![warn(clippy::wildcard_enum_match_arm)]

pub mod control;
pub mod fault;
pub mod fleet;
pub mod marks;
pub mod random;
pub mod signal;
pub mod simulation;
pub mod stats;
pub mod units;
pub mod workload;
