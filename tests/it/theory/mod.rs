//! Does the simulator reproduce what queueing theory knows exactly?
//!
//! The table of cases is `theory/expected.json` in the folder of reference material beside the project
//! (or where `AUTOSIM_SHARED` points); without it the tests say that they were skipped. Per case: 20
//! replications, the first 10 % discarded, and the mean of each metric within 4.75 standard errors
//! plus the table's own allowance. A case that differs is run once more with fresh seeds and four times
//! the requests; it fails if it differs again. A full run also asks for a half width of at most 2 % (5 %
//! for p99 and at high utilization): a case that is noisier is run again with as many requests as the
//! noise seen asks for, and fails if it is still too noisy after four runs.

#[cfg(test)]
mod closed;
mod configure;
mod faas;
mod judge;
mod metrics;
mod policies;
mod samples;
mod table;

pub(crate) use faas::check_faas;
pub(crate) use judge::{Effort, check};
pub(crate) use table::{Case, load};

/// Runs the cases that `pick` wants and returns what is wrong, one line a metric.
pub(crate) fn run(effort: Effort, pick: impl Fn(&Case) -> bool) -> Option<Vec<String>> {
    let cases = load()?;
    Some(cases.iter().filter(|case| pick(case)).flat_map(|case| check(case, effort)).collect())
}
