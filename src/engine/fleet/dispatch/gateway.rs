//! Requests that wait in no replica's queue, in one queue with patience of one length, and the count of all
//! that wait: what the planes without a list of events have in common.

use super::{Requests, Sink, Stop};
use crate::fleet::{AtZero, FleetSpec};
use crate::random::{Purpose, Sampler, Streams};
use crate::units::Time;
use std::collections::VecDeque;

/// No such instant, no limit.
pub(super) const NONE: u64 = u64::MAX;

/// A request that arrives, or waits in the gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct GatewayRequest {
    pub(super) arrival: u64,
    /// At least 1 (rule 12).
    pub(super) demand: u64,
    pub(super) routing: u64,
}

/// How many requests wait, and for how long, without a look at each of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    /// Those that wait now.
    pub(super) count: u64,
    /// The sum of their arrivals.
    arrivals_sum: u128,
    /// How long those waited who no longer do.
    pub(super) waited_ns: u128,
}

impl Waits {
    #[inline]
    pub(super) fn begin(&mut self, arrival: u64) {
        self.count += 1;
        self.arrivals_sum += u128::from(arrival);
    }
    /// It is served from `at` on, or gives up.
    #[inline]
    pub(super) fn end(&mut self, arrival: u64, at: u64) {
        self.forget(arrival);
        self.waited_ns += u128::from(at - arrival);
    }
    /// It waits elsewhere, and counts there since its arrival.
    #[inline]
    pub(super) fn forget(&mut self, arrival: u64) {
        self.count -= 1;
        self.arrivals_sum -= u128::from(arrival);
    }
    /// Integral of the number waiting up to `now`.
    pub(super) fn integral_ns(&self, now: u64) -> u128 {
        self.waited_ns + u128::from(now) * u128::from(self.count) - self.arrivals_sum
    }
}

/// Requests that no replica holds yet, in order of arrival (rules 4, 6).
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    queue: VecDeque<GatewayRequest>,
    /// Of all who wait, those in queues of replicas too.
    pub(super) waits: Waits,
    /// How long a request waits before it gives up; `NONE` = for ever.
    pub(super) patience: u64,
    refuses_at_zero: bool,
    /// More than these must not wait.
    limit: u64,
    /// More than these may not wait; the next one is refused.
    pub(super) capacity: Option<u64>,
    /// When those left the gateway that are taken off it; kept only where there is a capacity.
    departures: VecDeque<u64>,
}

impl Gateway {
    /// Nobody waits yet. Patience is constant if there is any.
    pub(super) fn new(spec: &FleetSpec, streams: Streams, limit: u64) -> Self {
        let law = spec.queue.timeout.as_ref();
        let draw = |law: &Sampler| law.draw(&mut streams.sequential(Purpose::Patience, 0)).0;
        Self {
            queue: VecDeque::new(),
            waits: Waits::default(),
            patience: law.map_or(NONE, draw),
            refuses_at_zero: spec.queue.at_zero == AtZero::Reject,
            limit,
            capacity: spec.queue.capacity,
            departures: VecDeque::new(),
        }
    }

    /// When a request gives up.
    #[inline(always)]
    pub(super) fn deadline(&self, arrival: u64) -> u64 {
        arrival.saturating_add(self.patience)
    }
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    pub(super) fn len(&self) -> u64 {
        self.queue.len() as u64
    }
    #[inline(always)]
    pub(super) fn first(&self) -> Option<GatewayRequest> {
        self.queue.front().copied()
    }
    /// Whether more wait than there is memory for.
    #[inline(always)]
    pub(super) fn is_overfull(&self) -> bool {
        self.waits.count > self.limit
    }

    pub(super) fn push(&mut self, request: GatewayRequest) {
        self.waits.begin(request.arrival);
        self.queue.push_back(request);
    }

    /// Whether one more that arrives now may wait. Those whose fate is certain may still wait now.
    pub(super) fn has_room(&mut self, now: u64) -> bool {
        let Some(capacity) = self.capacity else { return true };
        while self.departures.front().is_some_and(|&left| left <= now) {
            self.departures.pop_front();
        }
        self.departures.len() as u64 + self.len() < capacity
    }

    /// The first one no longer waits from `at` on.
    pub(super) fn end_first(&mut self, at: u64) {
        if let Some(first) = self.queue.pop_front() {
            self.waits.end(first.arrival, at);
            if self.capacity.is_some() {
                self.departures.push_back(at);
            }
        }
    }

    /// The first one goes to a replica, to wait there or not.
    pub(super) fn pop(&mut self) -> Option<GatewayRequest> {
        let first = self.queue.pop_front()?;
        self.waits.forget(first.arrival);
        Some(first)
    }

    /// Those give up whose deadlines are due; they come in order.
    pub(super) fn give_up(&mut self, sink: &mut impl Sink, due: impl Fn(u64) -> bool) {
        if self.patience == NONE {
            return;
        }
        while let Some(first) = self.first() {
            let deadline = self.deadline(first.arrival);
            if !due(deadline) {
                return;
            }
            self.end_first(deadline);
            sink.timed_out(Time(first.arrival), Time(deadline));
        }
    }

    /// An arrival while no replica is live: it may wake the policy, so nothing is certain beyond it.
    pub(super) fn arrive_at_zero(&mut self, requests: Requests<'_>, sink: &mut impl Sink) -> Stop {
        let Some(first) = requests.each().next() else { return Stop::Taken };
        let arrival = Time(first.arrival);
        if self.refuses_at_zero {
            sink.rejected(arrival);
            return Stop::Starved(1);
        }
        self.give_up(sink, |deadline| deadline <= arrival.0);
        match self.has_room(arrival.0) {
            true => self.push(first),
            false => sink.rejected(arrival),
        }
        if self.is_overfull() { Stop::TooMany(1) } else { Stop::Starved(1) }
    }

    /// Arrivals while no replica is ready.
    pub(super) fn wait_for_any(&mut self, requests: Requests<'_>) -> Stop {
        for (request, taken) in requests.each().zip(1..) {
            self.push(request);
            if self.is_overfull() {
                return Stop::TooMany(taken);
            }
        }
        Stop::Taken
    }

    /// The run is over.
    pub(super) fn finish(&self, sink: &mut impl Sink) {
        for request in &self.queue {
            sink.unfinished(Time(request.arrival));
        }
    }
}
