//! The next requests of a service, with the draws that belong to them (rule 2).

use crate::fleet::dispatch::{Draws, Requests};
use crate::random::{Generator, Purpose, Sampler, Streams};
use crate::units::Time;
use crate::workload::{Arrivals, Batch};
use rand::Rng as _;

/// A batch and how far it has been taken. Routing and patience are drawn with the request, in order of
/// arrival, so that every policy meets the same ones.
pub(super) struct Incoming {
    arrivals: Box<dyn Arrivals>,
    batch: Batch,
    routing: Option<Generator>,
    routing_draws: Vec<u64>,
    patience: Option<(Sampler, Generator)>,
    patience_ns: Vec<u64>,
    next: usize,
    end: Time,
    /// Requests taken so far.
    pub(super) taken: u64,
    /// Arrival of the last request of the batches before this one.
    last_before: Time,
}

impl Incoming {
    pub(super) fn new(
        arrivals: Box<dyn Arrivals>,
        draws: Draws,
        patience: Option<Sampler>,
        streams: &Streams,
        end: Time,
    ) -> Self {
        let patience = patience.filter(|_| draws.patience);
        Self {
            arrivals,
            batch: Batch::new(),
            routing: draws.routing.then(|| streams.sequential(Purpose::Routing, 0)),
            routing_draws: Vec::new(),
            patience: patience.map(|law| (law, streams.sequential(Purpose::Patience, 0))),
            patience_ns: Vec::new(),
            next: 0,
            end,
            taken: 0,
            last_before: Time::ZERO,
        }
    }

    /// Requests that arrive before `barrier` and are at hand; empty = no more before `barrier`.
    pub(super) fn before(&mut self, barrier: Time) -> Requests<'_> {
        if self.next == self.batch.len() {
            self.refill();
        }
        let barrier = barrier.min(self.end).0;
        let rest = &self.batch.arrival_ns[self.next..];
        // The batch mostly lies before the barrier as a whole.
        let count = match rest.last() {
            Some(&last) if last < barrier => rest.len(),
            _ => rest.partition_point(|&arrival| arrival < barrier),
        };
        let (from, to) = (self.next, self.next + count);
        Requests {
            arrival_ns: &self.batch.arrival_ns[from..to],
            demand_ns: &self.batch.demand_ns[from..to],
            routing: self.routing_draws.get(from..to).unwrap_or(&[]),
            patience_ns: self.patience_ns.get(from..to).unwrap_or(&[]),
            class: self.batch.class.get(from..to).unwrap_or(&[]),
        }
    }

    /// So many of them were taken.
    pub(super) fn advance(&mut self, taken: usize) {
        self.next += taken;
        self.taken += taken as u64;
    }

    /// Requests of a flow came, the last just before `until`.
    pub(super) fn count(&mut self, arrivals: u64, until: Time) {
        if arrivals > 0 {
            self.taken += arrivals;
            self.last_before = until;
        }
    }

    /// Why there are no more, if it is not that there are none.
    pub(super) fn failure(&self) -> Option<String> {
        self.arrivals.failure()
    }

    /// When the last request taken arrived; the start if none was.
    pub(super) fn last_arrival(&self) -> Time {
        let last = self.batch.arrival_ns[..self.next].last();
        last.map_or(self.last_before, |&arrival| Time(arrival))
    }

    fn refill(&mut self) {
        self.last_before = self.last_arrival();
        self.next = 0;
        self.arrivals.fill(&mut self.batch);
        debug_assert!(self.batch.arrival_ns.is_sorted(), "arrivals never decrease");
        let count = self.batch.len();
        if let Some(rng) = &mut self.routing {
            self.routing_draws.resize(count, 0);
            self.routing_draws.iter_mut().for_each(|draw| *draw = rng.next_u64());
        }
        if let Some((law, rng)) = &mut self.patience {
            self.patience_ns.resize(count, 0);
            law.fill(rng, &mut self.patience_ns);
        }
    }
}
