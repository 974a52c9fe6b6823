//! What a run takes of a computer, before it is begun.

use super::plan::groups;
use crate::scenario::{Effort, MOST_BYTES_TOGETHER, Scenario};
use std::ops::Add;

/// Memory of the program itself, bytes.
const PROGRAM_BYTES: f64 = (15 << 20) as f64;

/// About what a run takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Cells: policies times replications.
    pub cells: usize,
    /// Expected requests of all cells.
    pub requests: f64,
    /// Elapsed seconds on cores as in `docs/performance.md` that do nothing else.
    pub elapsed_s: f64,
    /// Peak memory, bytes, without recorded traffic and without what waits in overload.
    pub memory_bytes: f64,
}

impl Estimate {
    /// As many cells at once, of `jobs` at most, as memory allows for; one is always allowed for.
    pub fn jobs_that_fit(scenario: &Scenario, jobs: usize) -> usize {
        if Self::of(scenario, jobs).memory_bytes <= MOST_BYTES_TOGETHER {
            return jobs.max(1);
        }
        // One at a time a group is largest.
        let one = Self::of(scenario, 1).memory_bytes;
        ((MOST_BYTES_TOGETHER / one) as usize).clamp(1, jobs.max(1))
    }

    /// Of a run with so many cells simulated at once.
    pub fn of(scenario: &Scenario, jobs: usize) -> Self {
        let cells: Vec<Effort> =
            (0..scenario.policies.len()).map(|policy| scenario.effort(policy)).collect();
        let replications = scenario.distinct_replications();
        let groups = groups(cells.len(), replications, jobs);
        let of_group = |group: &std::ops::Range<usize>| {
            let members = group.clone().map(|place| cells[place % cells.len()]);
            members.fold(Effort::default(), Add::add)
        };
        let mut efforts: Vec<Effort> = groups.iter().map(of_group).collect();
        let total = efforts.iter().copied().fold(Effort::default(), Add::add);
        let longest = efforts.iter().map(|one| one.cpu_s).fold(0.0, f64::max);
        efforts.sort_by(|a, b| b.memory_bytes.total_cmp(&a.memory_bytes));
        let at_once = efforts.iter().take(jobs.max(1)).map(|one| one.memory_bytes);
        Self {
            cells: cells.len() * replications as usize,
            requests: total.requests,
            elapsed_s: longest.max(total.cpu_s / jobs.max(1) as f64),
            memory_bytes: PROGRAM_BYTES + at_once.sum::<f64>(),
        }
    }
}
