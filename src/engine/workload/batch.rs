//! How requests reach the data plane: in order, many at a time.

use super::Flow;

/// Requests a source hands over at once.
pub const BATCH: usize = 1024;

/// Requests in order of arrival; arrays of equal length, reused.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Arrival instants in nanoseconds, never decreasing.
    pub arrival_ns: Vec<u64>,
    /// Service demand of each request in nanoseconds: the time it holds a slot.
    pub demand_ns: Vec<u64>,
    /// Class of each request, 0 = served first; empty where all are of one.
    pub class: Vec<u8>,
}

impl Batch {
    /// Empty, with room for [`BATCH`] requests.
    pub fn new() -> Self {
        let room = || Vec::with_capacity(BATCH);
        Self { arrival_ns: room(), demand_ns: room(), class: Vec::new() }
    }
    /// Forgets its requests, keeps its room.
    pub fn clear(&mut self) {
        self.arrival_ns.clear();
        self.demand_ns.clear();
        self.class.clear();
    }
    /// Requests held.
    pub fn len(&self) -> usize {
        self.arrival_ns.len()
    }
    /// True when a source had nothing more.
    pub fn is_empty(&self) -> bool {
        self.arrival_ns.is_empty()
    }
}

/// A stream of requests in order of arrival. One dynamic call per batch, none per request.
pub trait Arrivals: Send {
    /// Replaces the contents of `batch` by the next up to [`BATCH`] requests; empty = no more, ever.
    /// Arrivals never decrease, within a batch and from one to the next.
    fn fill(&mut self, batch: &mut Batch);
    /// Why there are no more, if it is not that there are none: a file that went away while it was played.
    fn failure(&self) -> Option<String> {
        None
    }

    /// The traffic as a flow, where it is to be played as one; it has no requests then.
    fn take_flow(&mut self) -> Option<Box<Flow>> {
        None
    }
}

/// Requests already in memory: (arrival, demand) in nanoseconds, in order.
impl Arrivals for std::vec::IntoIter<(u64, u64)> {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        for (arrival, demand) in self.by_ref().take(BATCH) {
            batch.arrival_ns.push(arrival);
            batch.demand_ns.push(demand);
        }
    }
}
