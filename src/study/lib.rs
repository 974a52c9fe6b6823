//! From files to figures: what is asked of the engine, and what it answered.
//!
//! | room | what it is |
//! |---|---|
//! | [`scenario`] | files to domain |
//! | [`dryrun`] | what a policy would have decided |
//! | [`experiment`] | many cells, one answer |
//! | [`tune`] | the cheapest setting that holds |

#![warn(clippy::wildcard_enum_match_arm)]

pub mod dryrun;
pub mod experiment;
pub mod scenario;
pub mod tune;
