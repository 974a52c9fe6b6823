//! Which cells there are, and in which order they are begun.

use crate::scenario::MOST_TOGETHER;
use std::ops::Range;

/// One scenario, one policy, one replication: the unit of parallel work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// From 0.
    pub replication: u32,
    /// Index into the scenario's policies.
    pub policy: usize,
}

/// Every cell, all policies of a replication before the next one: what an interrupted run has finished
/// is then comparable.
pub fn plan(policies: usize, replications: u32) -> Vec<Cell> {
    (0..replications)
        .flat_map(|replication| (0..policies).map(move |policy| Cell { replication, policy }))
        .collect()
}

/// What drawing a request costs beside serving it once: between a quarter and as much again.
const DRAWING: f64 = 0.5;

/// Cells of the plan that are simulated side by side by one thread, over requests drawn once: ranges of the
/// plan, in its order, each within one replication. As many replications as fill `jobs` threads are kept
/// whole; those left over are divided so that they are done soonest.
pub(super) fn groups(policies: usize, replications: u32, jobs: usize) -> Vec<Range<usize>> {
    let replications = replications as usize;
    let left_over = replications % jobs.max(1);
    let least = policies.div_ceil(MOST_TOGETHER).max(1);
    let length = |parts: usize| {
        let rounds = (left_over * parts).div_ceil(jobs.max(1)) as f64;
        rounds * (DRAWING + policies.div_ceil(parts) as f64)
    };
    let divided = (least..=policies).min_by(|&a, &b| length(a).total_cmp(&length(b)));
    let parts_of = |replication: usize| match divided {
        Some(parts) if replication >= replications - left_over => parts,
        _ => least,
    };
    let of_replication = |replication: usize| {
        let (first, parts) = (replication * policies, parts_of(replication));
        (0..parts)
            .map(move |part| first + part * policies / parts..first + (part + 1) * policies / parts)
    };
    (0..replications).flat_map(of_replication).filter(|group| !group.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_a_replication_come_together() {
        let cells: Vec<_> = plan(2, 2).iter().map(|c| (c.replication, c.policy)).collect();
        assert_eq!(cells, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert!(plan(0, 3).is_empty());
    }

    #[test]
    fn groups_cover_the_plan_in_its_order_within_replications() {
        for (policies, replications, jobs) in
            [(1, 1, 1), (5, 5, 2), (5, 10, 16), (3, 2, 7), (100, 3, 2), (8, 4, 4), (9, 1, 1)]
        {
            let groups = groups(policies, replications, jobs);
            let case = format!("{policies} policies, {replications} replications, {jobs} jobs");
            let flat: Vec<usize> = groups.iter().cloned().flatten().collect();
            let all: Vec<usize> = (0..policies * replications as usize).collect();
            assert_eq!(flat, all, "{case}");
            for group in groups {
                assert!(group.len() <= MOST_TOGETHER, "{case}");
                assert_eq!(group.start / policies, (group.end - 1) / policies, "{case}");
            }
        }
    }

    #[test]
    fn replications_stay_whole_as_long_as_they_fill_the_threads() {
        for (shape, expected) in [
            ((5, 4, 2), vec![5, 5, 5, 5]),
            ((5, 3, 2), vec![5, 5, 2, 3]),
            ((5, 1, 1), vec![5]),
            ((1, 3, 2), vec![1, 1, 1]),
            ((3, 1, 8), vec![1, 1, 1]),
            ((12, 1, 1), vec![6, 6]),
        ] {
            let (policies, replications, jobs) = shape;
            let sizes: Vec<usize> =
                groups(policies, replications, jobs).iter().map(Range::len).collect();
            assert_eq!(sizes, expected, "{shape:?}");
        }
        assert!(groups(0, 3, 2).is_empty());
    }
}
