//! Which cells there are, and in which order they are begun.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_a_replication_come_together() {
        let cells: Vec<_> = plan(2, 2).iter().map(|c| (c.replication, c.policy)).collect();
        assert_eq!(cells, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert!(plan(0, 3).is_empty());
    }
}
