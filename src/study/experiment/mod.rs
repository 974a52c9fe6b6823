//! # experiment: many cells, one answer
//!
//! **Is**: the plan of cells (policy x replication), their execution in parallel, the reduction of each
//! to a [`Row`] of [`Figure`]s, the [`Comparison`] of policies on equal luck, and the references no
//! policy provides: the work bound and the plan of a clairvoyant.
//!
//! **Knows**: scenarios, the engine, statistics.
//!
//! **Must not know**: files, terminals, clocks, how many processors there are (it is told).
//!
//! **Start at** [`run()`], then [`Results`] and [`Comparison`].

mod burn;
mod cells;
mod compare;
mod elasticity;
mod estimate;
mod explain;
mod figures;
mod lean;
mod peers;
mod plan;
mod precision;
mod reference;
mod results;
mod setting;
mod staffing;
mod standard;
mod steady;
mod survey;
mod together;
mod verdict;

pub use cells::{Glance, Progress, RunError, RunOptions, Silent, run};
pub use compare::{
    Against, ClassEstimates, Compared, Comparison, CostBy, Estimates, HEADLINE, Worst,
};
pub use estimate::Estimate;
pub use explain::{ExplainError, Explanation, Moment, explain};
pub use figures::{Facts, Figure, Kind, Row};
pub use lean::{CellFigures, run_lean};
pub use plan::{Cell, plan};
pub use precision::{Loose, Precision, Stopped, run_to, without_percentile};
pub use results::{
    About, Details, PolicyResults, ProductEvent, References, Results, ServiceDetails, ServiceRow,
    Tail,
};
pub use setting::{Scripted, Setting, What};
pub use steady::Start;
pub use verdict::{InTime, MOST_REPLICATIONS, Ruling, Verdict};

#[cfg(test)]
mod tests;
