//! # random: reproducible luck, the same for every policy
//!
//! **Is**: [`Streams`] - independent generators keyed by seed, replication, service, source, purpose and
//! ordinal - and [`Distribution`], the laws of durations a scenario may name.
//!
//! **Knows**: xoshiro256++ (pinned by the `rand_xoshiro` version), how keys are mixed.
//!
//! **Must not know**: what the draws are for beyond their [`Purpose`]; policies get no generator.
//!
//! **Start at** [`Streams`].

pub mod distribution;
mod strata;
mod streams;

pub use distribution::unit;
pub use distribution::{Distribution, Sampler};
pub use strata::Strata;
pub use streams::{Generator, Purpose, Streams};
