//! Requests held in memory, shared by all cells.

use crate::workload::source::{Instants, Luck, Source};
use crate::workload::{BATCH, Batch};
use std::sync::Arc;

/// Recorded requests: arrivals in order, and their demands where the record has them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    arrivals: Arc<[u64]>,
    demands: Option<Arc<[u64]>>,
}

/// Half the window that [`Events::rate_at`] averages over.
const HALF_WINDOW_NS: u64 = 30_000_000_000;

impl Events {
    /// Requests with their demands; arrivals never decrease.
    pub(crate) fn of_requests(arrivals: Vec<u64>, demands: Vec<u64>) -> Self {
        debug_assert!(arrivals.is_sorted() && arrivals.len() == demands.len());
        Self { arrivals: arrivals.into(), demands: Some(demands.into()) }
    }

    fn before(&self, end: u64) -> usize {
        self.arrivals.partition_point(|&at| at < end)
    }
}

impl Source for Events {
    fn open(&self, _: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        Box::new(Replay { events: self.clone(), next: 0, end: self.before(end) })
    }
    fn rate_at(&self, at: u64) -> f64 {
        let (from, until) = (at.saturating_sub(HALF_WINDOW_NS), at.saturating_add(HALF_WINDOW_NS));
        (self.before(until) - self.before(from)) as f64 / ((until - from) as f64 * 1e-9)
    }
    fn expected(&self, end: u64) -> f64 {
        self.before(end) as f64
    }
    fn own_mean_demand_s(&self) -> Option<f64> {
        let demands = self.demands.as_ref()?;
        let total: u128 = demands.iter().map(|&demand| u128::from(demand)).sum();
        Some(total as f64 * 1e-9 / demands.len().max(1) as f64)
    }
}

struct Replay {
    events: Events,
    next: usize,
    end: usize,
}

impl Instants for Replay {
    fn fill(&mut self, batch: &mut Batch) {
        let range = self.next..self.end.min(self.next + BATCH);
        batch.arrival_ns.extend_from_slice(&self.events.arrivals[range.clone()]);
        if let Some(demands) = &self.events.demands {
            batch.demand_ns.extend_from_slice(&demands[range.clone()]);
        }
        self.next = range.end;
    }
}
