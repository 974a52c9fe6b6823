//! # tune: the cheapest setting that holds
//!
//! **Is**: the [`Space`] of settings that axes span, the [`search()`] for the cheapest one of them that keeps the SLO,
//! the cells it needs, each with an identity of its own, and the judgement of the winner on luck, or days, that
//! the search has not seen.
//!
//! **Knows**: scenarios as texts with layers on them, experiments, statistics.
//!
//! **Must not know**: files (finished cells are kept by whoever asks), terminals, clocks.
//!
//! **Start at** [`search()`] for how settings are chosen, at [`Axis`] for what varies.

mod axis;
mod family;
mod fold;
mod judge;
mod laboratory;
mod outcome;
mod plan;
mod search;
mod space;
mod standing;
mod study;
mod surrogate;

pub use axis::Axis;
pub use family::{Family, families};
pub use fold::Fold;
pub use judge::Judged;
pub use laboratory::{Cells, Finished, Laboratory, OfFamily, Stop, fingerprint, shard_of};
pub use outcome::{Outcome, Question, Step, cells_of, pareto, prepare, steps, sweep, tune};
pub use plan::{Found, Plan, Trials, Way};
pub use search::search;
pub use space::{MOST_POINTS, Point, Space};
pub use standing::{Sample, Standing, Tried};
pub use study::{MOST_FOLDS, MOST_FRESH, Study, is_budget, study_schema};
#[cfg(test)]
mod tests;
