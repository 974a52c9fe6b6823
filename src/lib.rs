//! autosim rehearses an autoscaler before production does.
//!
//! The rooms, in layer order (a room uses only rooms above it; `tests/it/house.rs` holds the table):
//!
//! | room | what it is |
//! |---|---|
//! | [`units`] | time, rates, shares, money |
//! | [`fault`] | what is wrong with an input, as data |
//! | [`random`] | reproducible streams and laws of durations |
//! | [`stats`] | histograms, intervals, comparisons |
//! | [`workload`] | what arrives |
//! | [`fleet`] | what serves |
//! | [`signal`] | what an autoscaler is allowed to see |
//! | [`policy`] | how to decide |
//! | [`vendor`] | real products, exactly |
//! | [`engine`] | the clock |
//! | [`scenario`] | files to domain |
//! | [`dryrun`] | what a policy would have decided |
//! | [`experiment`] | many cells, one answer |
//! | [`report`] | what a run leaves behind |
//! | [`cli`] | the command |

pub mod cli;
pub mod dryrun;
pub mod engine;
pub mod experiment;
pub mod fault;
pub mod fleet;
pub mod policy;
pub mod random;
pub mod report;
pub mod scenario;
pub mod signal;
pub mod stats;
pub mod units;
pub mod vendor;
pub mod workload;
