//! The same record of a flow: many requests at a time.

use super::{NS_PER_MINUTE, Recorder};
use crate::fleet::dispatch::Parcel;
use crate::units::Time;

impl Recorder {
    pub(super) fn take_parcel(&mut self, parcel: &Parcel) {
        let &Parcel { count, arrival, end, wait, service } = parcel;
        let (latency, many) = (wait + service, u128::from(count));
        // Whether they count is a matter of when they came, not of how long a law says they stayed.
        let counted = self.counted(arrival);
        self.recent[usize::from(counted)].record_many(latency, count);
        self.latency_sum_ns[usize::from(counted)] += u128::from(latency.0) * many;
        if let Some(extra) = &mut self.extra {
            if let Some(histogram) = &mut extra.signal_latency {
                histogram.record_many(latency, count);
            }
            if counted {
                let minute = (arrival.0 - self.window.warmup.0) / NS_PER_MINUTE;
                extra.count(minute as usize, latency, count);
            }
        }
        if counted {
            let totals = &mut self.totals;
            totals.wait.record_many(wait, count);
            totals.wait_sum_ns += u128::from(wait.0) * many;
            totals.latency_max = totals.latency_max.max(latency);
            totals.wait_max = totals.wait_max.max(wait);
            self.resolve_many(
                arrival,
                count,
                self.longest.is_none_or(|longest| latency <= longest),
            );
            let over = |at: Time| i128::from(at.since(self.window.end).0) * i128::from(count);
            let (system, queued) = (over(end), over(arrival + wait));
            self.edges.system_ns -= system;
            self.edges.queued_ns -= queued;
        } else {
            self.longest_uncounted = self.longest_uncounted.max(latency);
            self.visited_many(count, arrival, arrival + wait, end);
        }
    }

    pub(super) fn take_refused(&mut self, count: u64, arrival: Time) {
        self.rejections += count;
        if self.counted(arrival) {
            self.counts.rejected += count;
            self.resolve_many(arrival, count, false);
        }
    }

    pub(super) fn take_left_over(&mut self, count: u64, arrival: Time) {
        self.edges.open = true;
        self.visited_many(count, arrival, Time::NEVER, Time::NEVER);
        if self.counted(arrival) {
            self.counts.unfinished += count;
            self.resolve_many(arrival, count, false);
        }
    }

    fn visited_many(&mut self, count: u64, arrival: Time, start: Time, end: Time) {
        let (from, to) = (arrival.max(self.window.warmup), self.window.end);
        let within = |until: Time| i128::from(until.min(to).since(from).0) * i128::from(count);
        self.edges.system_ns += within(end);
        self.edges.queued_ns += within(start.min(end));
    }

    fn resolve_many(&mut self, arrival: Time, count: u64, within: bool) {
        let minute = (arrival.0 - self.window.warmup.0) / NS_PER_MINUTE;
        if let Some(minute) = self.minutes.get_mut(minute as usize) {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            minute.arrived = minute.arrived.saturating_add(count);
            minute.within = minute.within.saturating_add(if within { count } else { 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::dispatch::{Completion, Sink};
    use crate::simulation::recorder::Window;
    use crate::simulation::slo::{Limits, Slo};
    use crate::units::Span;

    /// Requests one by one and as parcels leave the same record.
    #[test]
    fn a_portion_is_as_many_requests() {
        let s = Time::from_secs;
        let window = Window { warmup: s(60), end: s(300), drain_limit: Span::from_secs(60) };
        let up_to_three = Slo { or_equal: true, ..Slo::below(0.99, Span::from_secs(3)) };
        let asked = Limits {
            slo: vec![up_to_three, Slo::below(0.4, Span::from_secs(2))],
            asked: vec![Span::from_secs(1), Span::from_secs(9)],
        };
        let (mut one_by_one, mut at_once) = (
            Recorder::new(window, &asked, true, false),
            Recorder::new(window, &asked, true, false),
        );
        for (count, arrival, wait, service) in
            [(3, 10, 0, 1), (5, 58, 1, 3), (4, 70, 0, 1), (7, 130, 2, 1), (2, 299, 4, 5)]
        {
            let (wait, service) = (Span::from_secs(wait), Span::from_secs(service));
            let (start, end) = (s(arrival) + wait, s(arrival) + wait + service);
            let one = Completion { arrival: s(arrival), start, end, replica: 0, cold: false };
            (0..count).for_each(|_| one_by_one.completed(&one));
            at_once.flowed(&Parcel { count, arrival: s(arrival), end, wait, service });
        }
        (0..6).for_each(|_| one_by_one.rejected(s(100)));
        at_once.refused(6, s(100));
        (0..2).for_each(|_| one_by_one.unfinished(s(200)));
        at_once.left_over(2, s(200));
        assert_eq!(one_by_one.presence(), at_once.presence());
        assert_eq!(one_by_one.signal_latency(), at_once.signal_latency());
        let left = one_by_one.finish();
        assert_eq!(left, at_once.finish());
        // Counted: 4 of 1 s beside 6 that failed, 7 of 3 s, 2 that never ended, 2 of 9 s; a minute each.
        let within: Vec<u64> = left.within.iter().map(|(_, within)| *within).collect();
        assert_eq!(within, [11, 4, 4, 13]);
        let broken: Vec<bool> = left.slo_minutes.iter().map(|minute| minute.also_broken).collect();
        assert_eq!(broken, [false, true, true, true]);
    }
}
