//! # stats: counting without keeping samples, and saying how sure we are
//!
//! **Is**: the mergeable latency [`Histogram`], and the statistics of comparison (means with Student-t
//! intervals, paired differences, Pareto frontiers).
//!
//! **Knows**: numbers.
//!
//! **Must not know**: what they measure.
//!
//! **Start at** [`Histogram`].

mod histogram;

pub use histogram::Histogram;
