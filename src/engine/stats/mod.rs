//! # stats: counting without keeping samples, and saying how sure we are
//!
//! **Is**: the mergeable latency [`Histogram`], and the statistics of comparison: means with Student-t
//! intervals ([`Estimate`]), [`Paired`] differences, [`holm`] correction, relative [`Change`],
//! the [`frontier`] of cost and latency, [`mser5`] and [`batch_means`] of one long run, [`worst_tenth`] of many, the
//! elasticity metrics of the research literature, and Erlang's formulas.
//!
//! **Knows**: numbers.
//!
//! **Must not know**: what they measure.
//!
//! **Start at** [`Histogram`] and [`Estimate`].

mod elasticity;
mod erlang;
mod estimate;
mod frontier;
mod histogram;
mod paired;
mod steady;
mod worst;

pub use elasticity::{Elasticity, Ilyushkin, Piece, Response, Track};
pub(crate) use erlang::crossing;
pub use erlang::{erlang_b, erlang_c};
pub use estimate::Estimate;
pub use frontier::frontier;
pub use histogram::Histogram;
pub use paired::{Change, Paired, holm};
pub use steady::{batch_means, mser5};
pub use worst::{share_interval, worst_tenth};
