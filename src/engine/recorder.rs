//! What became of requests, counted as it happens.

use super::outcome::{Counts, LatencyTotals, Presence, SloMinute};
use super::setup::{Slo, Window};
use crate::fleet::dispatch::{Completion, Sink};
use crate::stats::Histogram;
use crate::units::{Span, Time};

const NS_PER_MINUTE: u64 = 60_000_000_000;

/// Cumulative counters that signals are made of; every request, counted or not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) completions: u64,
    pub(super) rejections: u64,
    pub(super) timeouts: u64,
    pub(super) lost: u64,
    pub(super) latency_sum_ns: u128,
}

/// Request-time within the window that differs from the sums over counted completions: what they spent
/// after its end, and all that others spent in it.
#[derive(Debug, Clone, Copy, Default)]
struct Edges {
    system_ns: i128,
    queued_ns: i128,
    /// Requests were left unfinished.
    open: bool,
}

/// The sink of one service.
#[derive(Debug)]
pub(super) struct Recorder {
    window: Window,
    slo_limit: Option<Span>,
    pub(super) counts: Counts,
    pub(super) latency: LatencyTotals,
    pub(super) minutes: Vec<SloMinute>,
    pub(super) counters: Counters,
    edges: Edges,
    /// Response times of all completions, if a signal needs quantiles.
    pub(super) signal_latency: Option<Histogram>,
    /// Response times of the current timeline interval.
    pub(super) interval_latency: Option<Histogram>,
}

impl Recorder {
    pub(super) fn new(window: Window, slo: Option<Slo>, quantiles: bool, timeline: bool) -> Self {
        let minutes = match slo {
            Some(_) => window.end.since(window.warmup).0.div_ceil(NS_PER_MINUTE) as usize,
            None => 0,
        };
        Self {
            window,
            slo_limit: slo.map(|slo| slo.limit),
            counts: Counts::default(),
            latency: LatencyTotals::default(),
            minutes: vec![SloMinute::default(); minutes],
            counters: Counters::default(),
            edges: Edges::default(),
            signal_latency: quantiles.then(Histogram::new),
            interval_latency: timeline.then(Histogram::new),
        }
    }

    #[inline]
    fn counted(&self, arrival: Time) -> bool {
        arrival >= self.window.warmup
    }

    /// A request that is no counted completion was here, in service from `start` on.
    fn visited(&mut self, arrival: Time, start: Time, end: Time) {
        let (from, to) = (arrival.max(self.window.warmup), self.window.end);
        let within = |until: Time| i128::from(until.min(to).since(from).0);
        self.edges.system_ns += within(end);
        self.edges.queued_ns += within(start.min(end));
    }

    /// A counted request was completed after the window: what it spent there does not count.
    #[cold]
    fn overran(&mut self, start: Time, end: Time) {
        self.edges.system_ns -= i128::from(end.since(self.window.end).0);
        self.edges.queued_ns -= i128::from(start.since(self.window.end).0);
    }

    /// Once every request has been heard of.
    pub(super) fn presence(&self) -> Presence {
        let sum = |counted: u128, edges: i128| counted.saturating_add_signed(edges);
        let queued_ns = sum(self.latency.wait_sum_ns, self.edges.queued_ns);
        Presence {
            system_ns: sum(self.latency.latency_sum_ns, self.edges.system_ns),
            queued_ns: (!self.edges.open).then_some(queued_ns),
        }
    }

    /// A counted request met its fate.
    #[inline]
    fn resolve(&mut self, arrival: Time, within: bool) {
        self.counts.arrived += 1;
        self.counts.within_slo += u64::from(within);
        let minute = (arrival.0 - self.window.warmup.0) / NS_PER_MINUTE;
        if let Some(minute) = self.minutes.get_mut(minute as usize) {
            minute.arrived += 1;
            minute.within += u32::from(within);
        }
    }

    #[inline]
    fn count_completion(&mut self, latency: Span, wait: Span) {
        let totals = &mut self.latency;
        totals.latency.record(latency);
        totals.wait.record(wait);
        totals.latency_sum_ns += u128::from(latency.0);
        totals.wait_sum_ns += u128::from(wait.0);
        totals.latency_max = totals.latency_max.max(latency);
        totals.wait_max = totals.wait_max.max(wait);
        totals.waited += u64::from(wait.0 > 0);
        self.counts.completed += 1;
    }
}

impl Sink for Recorder {
    #[inline]
    fn completed(&mut self, completion: &Completion) {
        let latency = Span(completion.end.0 - completion.arrival.0);
        self.counters.completions += 1;
        self.counters.latency_sum_ns += u128::from(latency.0);
        if let Some(histogram) = &mut self.interval_latency {
            histogram.record(latency);
        }
        if let Some(histogram) = &mut self.signal_latency {
            histogram.record(latency);
        }
        if self.counted(completion.arrival) {
            self.count_completion(latency, Span(completion.start.0 - completion.arrival.0));
            self.counts.served_cold += u64::from(completion.cold);
            self.resolve(completion.arrival, self.slo_limit.is_none_or(|limit| latency <= limit));
            if completion.end > self.window.end {
                self.overran(completion.start, completion.end);
            }
        } else {
            self.visited(completion.arrival, completion.start, completion.end);
        }
    }

    fn rejected(&mut self, arrival: Time) {
        self.counters.rejections += 1;
        if self.counted(arrival) {
            self.counts.rejected += 1;
            self.resolve(arrival, false);
        }
    }

    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.counters.timeouts += 1;
        self.visited(arrival, at, at);
        if self.counted(arrival) {
            self.counts.timed_out += 1;
            self.resolve(arrival, false);
        }
    }

    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        self.counters.lost += 1;
        self.visited(arrival, start, at);
        if self.counted(arrival) {
            self.counts.lost += 1;
            self.resolve(arrival, false);
        }
    }

    fn unfinished(&mut self, arrival: Time) {
        self.edges.open = true;
        self.visited(arrival, Time::NEVER, Time::NEVER);
        if self.counted(arrival) {
            self.counts.unfinished += 1;
            self.resolve(arrival, false);
        }
    }

    fn launched(&mut self, arrival: Time) {
        self.counts.triggered_launch += u64::from(self.counted(arrival));
    }
}
