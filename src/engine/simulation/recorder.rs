//! What became of requests, counted as it happens (rules 7, 8).

mod extra;
mod flow;

use super::attempts::{Attempts, within};
use super::outcome::{ClassTotals, Counts, LatencyTotals, Presence, SloMinute};
use super::setup::Window;
use super::slo::{Limits, Slo};
use crate::fleet::dispatch::{Attempt, Completion, Parcel, Resolved, Sink};
use crate::stats::Histogram;
use crate::units::{Span, Time};
use extra::Extra;

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

/// The sink of one service. A completion costs two records in histograms and a few sums; all that can be
/// worked out from those is worked out when it is asked for.
#[derive(Debug)]
pub(super) struct Recorder {
    window: Window,
    /// The longest response time that is in time by the first SLO.
    longest: Option<Span>,
    counts: Counts,
    totals: LatencyTotals,
    minutes: Vec<SloMinute>,
    rejections: u64,
    timeouts: u64,
    lost: u64,
    /// Completions before those of `recent`.
    completions: u64,
    /// Response times since the last timeline interval ended: of uncounted completions, of counted ones.
    recent: [Histogram; 2],
    /// The longest response time of an uncounted completion.
    longest_uncounted: Span,
    /// Their sums since the start, ns, in the same order.
    latency_sum_ns: [u128; 2],
    edges: Edges,
    /// In service for nothing within the window, slot-ns.
    wasted_ns: u128,
    /// Of that, on replicas that failed, by requests that were put back.
    interrupted_ns: u128,
    /// Where there are several classes.
    classes: Vec<ClassTotals>,
    /// Only where clients give up and try again.
    pub(super) attempts: Option<Box<Attempts>>,
    /// Only where a signal needs quantiles, or there is more than one SLO.
    extra: Option<Box<Extra>>,
}

/// What a recorder leaves.
#[derive(Debug, PartialEq)]
pub(super) struct Recorded {
    pub(super) counts: Counts,
    pub(super) latency: LatencyTotals,
    pub(super) within: Vec<(Span, u64)>,
    pub(super) slo_minutes: Vec<SloMinute>,
}

impl Recorder {
    pub(super) fn new(window: Window, asked: &Limits, quantiles: bool, clients: bool) -> Self {
        let first = asked.slo.first();
        let minutes = match first {
            Some(_) => window.end.since(window.warmup).0.div_ceil(NS_PER_MINUTE) as usize,
            None => 0,
        };
        Self {
            window,
            longest: first.map(Slo::longest),
            counts: Counts::default(),
            totals: LatencyTotals::default(),
            minutes: vec![SloMinute::default(); minutes],
            rejections: 0,
            timeouts: 0,
            lost: 0,
            completions: 0,
            recent: [Histogram::new(), Histogram::new()],
            longest_uncounted: Span::ZERO,
            latency_sum_ns: [0; 2],
            edges: Edges::default(),
            wasted_ns: 0,
            interrupted_ns: 0,
            classes: Vec::new(),
            attempts: clients.then(|| Box::new(Attempts::new(window))),
            extra: Extra::new(asked, minutes, quantiles),
        }
    }

    /// Keeps figures by class, where there are several.
    pub(super) fn with_classes(self, classes: u8) -> Self {
        let several = if classes > 1 { classes.into() } else { 0 };
        Self { classes: vec![ClassTotals::default(); several], ..self }
    }

    /// What was kept by class.
    pub(super) fn take_classes(&mut self) -> Vec<ClassTotals> {
        std::mem::take(&mut self.classes)
    }

    /// Everything so far.
    pub(super) fn counters(&self) -> Counters {
        Counters {
            completions: self.completions + self.recent[0].count() + self.recent[1].count(),
            rejections: self.rejections,
            timeouts: self.timeouts,
            lost: self.lost,
            latency_sum_ns: self.latency_sum_ns[0] + self.latency_sum_ns[1],
        }
    }

    /// The same as signals see it: attempt by attempt.
    pub(super) fn seen(&self) -> Counters {
        self.attempts.as_ref().map_or_else(|| self.counters(), |attempts| attempts.seen)
    }

    /// A timeline interval ends. Returns p50, p95 and p99 of its completions' response times
    /// (rule 8).
    pub(super) fn end_interval(&mut self) -> Option<[Span; 3]> {
        let [uncounted, counted] = &mut self.recent;
        self.completions += uncounted.count() + counted.count();
        self.totals.latency.merge(counted);
        if uncounted.count() > 0 {
            counted.merge(uncounted);
            uncounted.clear();
        }
        let longest = self.totals.latency_max.max(self.longest_uncounted);
        let quantile = |q| counted.quantile(q).map(|span| span.min(longest));
        let three = [quantile(0.5)?, quantile(0.95)?, quantile(0.99)?];
        counted.clear();
        Some(three)
    }

    /// What it all came to.
    pub(super) fn finish(mut self) -> Recorded {
        self.end_interval();
        let (counts, totals) = (&mut self.counts, &mut self.totals);
        totals.latency_sum_ns = self.latency_sum_ns[1];
        totals.waited = totals.wait.count() - totals.wait.zeros();
        counts.completed = totals.latency.count();
        counts.arrived =
            counts.completed + counts.rejected + counts.timed_out + counts.lost + counts.unfinished;
        counts.within_slo = match self.longest {
            Some(_) => self.minutes.iter().map(|minute| u64::from(minute.within)).sum(),
            None => counts.completed,
        };
        let first = self.longest.map(|longest| (longest, counts.within_slo));
        let further = self.extra.map_or_else(Vec::new, |extra| extra.finish(&mut self.minutes));
        Recorded {
            counts: self.counts,
            latency: self.totals,
            within: first.into_iter().chain(further).collect(),
            slo_minutes: self.minutes,
        }
    }

    #[inline]
    /// By its arrival, whenever it is done (rule 7).
    fn counted(&self, arrival: Time) -> bool {
        arrival >= self.window.warmup
    }

    /// A request that is no counted completion was here, in service from `start` on.
    fn visited(&mut self, arrival: Time, start: Time, end: Time) {
        if self.attempts.is_some() {
            return; // attempts are told one by one
        }
        let (from, to) = (arrival.max(self.window.warmup), self.window.end);
        let within = |until: Time| i128::from(until.min(to).since(from).0);
        self.edges.system_ns += within(end);
        self.edges.queued_ns += within(start.min(end));
    }

    /// A request of the warm-up was completed: signals see it, figures do not.
    #[cold]
    fn completed_uncounted(&mut self, completion: &Completion, latency: Span) {
        self.recent[0].record(latency);
        self.longest_uncounted = self.longest_uncounted.max(latency);
        self.latency_sum_ns[0] += u128::from(latency.0);
        self.visited(completion.arrival, completion.start, completion.end);
    }

    /// A counted request was completed after the window: what it spent there does not count.
    #[cold]
    fn overran(&mut self, start: Time, end: Time) {
        self.edges.system_ns -= i128::from(end.since(self.window.end).0);
        self.edges.queued_ns -= i128::from(start.since(self.window.end).0);
    }

    /// Once every request has been heard of.
    pub(super) fn presence(&self) -> Presence {
        if let Some(attempts) = &self.attempts {
            return attempts.presence(self.wasted_ns, self.interrupted_ns);
        }
        let sum = |counted: u128, edges: i128| counted.saturating_add_signed(edges);
        // Up to its last start a request waited, but for when it was in service before.
        let queued_ns =
            sum(self.totals.wait_sum_ns, self.edges.queued_ns).saturating_sub(self.interrupted_ns);
        Presence {
            system_ns: sum(self.latency_sum_ns[1], self.edges.system_ns),
            queued_ns: (!self.edges.open).then_some(queued_ns),
            wasted_ns: self.wasted_ns,
        }
    }

    /// What only some runs want to know.
    #[inline]
    fn completed_extra(&mut self, arrival: Time, latency: Span) {
        let Some(extra) = &mut self.extra else { return };
        if let (Some(histogram), None) = (&mut extra.signal_latency, &self.attempts) {
            histogram.record(latency);
        }
        if arrival >= self.window.warmup {
            let minute = (arrival.0 - self.window.warmup.0) / NS_PER_MINUTE;
            extra.count(minute as usize, latency, 1);
        }
    }

    /// Response times of all completions, if a signal needs quantiles.
    pub(super) fn signal_latency(&self) -> Option<&Histogram> {
        self.extra.as_ref()?.signal_latency.as_ref()
    }

    /// A counted request met its fate.
    #[inline]
    fn resolve(&mut self, arrival: Time, within: bool) {
        let minute = (arrival.0 - self.window.warmup.0) / NS_PER_MINUTE;
        if let Some(minute) = self.minutes.get_mut(minute as usize) {
            minute.arrived += 1;
            minute.within += u32::from(within);
        }
    }
}

impl Sink for Recorder {
    #[inline]
    fn names_replicas(&self) -> bool {
        false
    }

    #[inline(always)]
    fn completed(&mut self, completion: &Completion) {
        let latency = Span(completion.end.0 - completion.arrival.0);
        if self.extra.is_some() {
            self.completed_extra(completion.arrival, latency);
        }
        if !self.counted(completion.arrival) {
            return self.completed_uncounted(completion, latency);
        }
        self.recent[1].record(latency);
        self.latency_sum_ns[1] += u128::from(latency.0);
        let wait = Span(completion.start.0 - completion.arrival.0);
        let totals = &mut self.totals;
        totals.wait.record(wait);
        totals.wait_sum_ns += u128::from(wait.0);
        totals.latency_max = totals.latency_max.max(latency);
        totals.wait_max = totals.wait_max.max(wait);
        self.counts.served_cold += u64::from(completion.cold);
        self.resolve(completion.arrival, self.longest.is_none_or(|longest| latency <= longest));
        if completion.end > self.window.end {
            self.overran(completion.start, completion.end);
        }
    }

    fn rejected(&mut self, arrival: Time) {
        self.rejections += 1;
        if self.counted(arrival) {
            self.counts.rejected += 1;
            self.resolve(arrival, false);
        }
    }

    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.timeouts += 1;
        self.visited(arrival, at, at);
        if self.counted(arrival) {
            self.counts.timed_out += 1;
            self.resolve(arrival, false);
        }
    }

    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        self.lost += 1;
        self.visited(arrival, start, at);
        if self.attempts.is_none() {
            self.wasted_ns += within(self.window, start, at);
        }
        if self.counted(arrival) {
            self.counts.lost += 1;
            self.resolve(arrival, false);
        }
    }

    fn pushed_out(&mut self, arrival: Time, at: Time) {
        self.visited(arrival, at, at);
        self.rejected(arrival);
    }

    fn resolved(&mut self, class: u8, arrival: Time, what: Resolved) {
        if self.counted(arrival)
            && let Some(totals) = self.classes.get_mut(usize::from(class))
        {
            totals.file(arrival, what, self.longest);
        }
    }

    fn interrupted(&mut self, _: Time, start: Time, at: Time) {
        let served_ns = within(self.window, start, at);
        self.interrupted_ns += served_ns;
        self.wasted_ns += served_ns;
        if let Some(attempts) = &mut self.attempts {
            attempts.wasted_ns += u128::from(at.since(start).0);
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

    fn retried(&mut self, arrival: Time, at: Time) {
        self.counts.retries += u64::from(self.counted(arrival));
        if let Some(attempts) = &mut self.attempts {
            attempts.retried(at);
        }
    }

    fn flowed(&mut self, parcel: &Parcel) {
        self.take_parcel(parcel);
    }

    fn refused(&mut self, count: u64, arrival: Time) {
        self.take_refused(count, arrival);
    }

    fn left_over(&mut self, count: u64, arrival: Time) {
        self.take_left_over(count, arrival);
    }

    fn attempt(&mut self, attempt: &Attempt) {
        if let Some(attempts) = &mut self.attempts {
            self.wasted_ns += attempts
                .file(attempt, self.extra.as_mut().and_then(|extra| extra.signal_latency.as_mut()));
        }
    }
}
