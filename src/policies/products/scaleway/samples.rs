//! The samples of one metric, and their aggregate over a policy's range.
//!
//! The common pipeline aggregates over the window that ends at the last scrape; here the range ends at
//! the evaluation, whenever that is, and a group without a running Instance has no sample of what
//! Instances report. So each sample is made by a pipeline that is one scrape long, and kept here.

use super::native::Aggregate;
use autosim_engine::signal::{Pipeline, Probe, Reading, Resources, Sensor, Signal};
use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// Samples of the half-open range `(now - range, now]`.
pub(super) struct Samples {
    /// One sample: the mean since the scrape before.
    sample: Pipeline,
    /// Reported by Instances: no sample while none runs.
    of_instances: bool,
    aggregate: Aggregate,
    range: Span,
    /// What a range without samples reads as.
    without: Option<f64>,
    taken: VecDeque<(Time, f64)>,
}

impl Samples {
    pub(super) fn new(
        signal: &Signal,
        of_instances: bool,
        aggregate: Aggregate,
        without: Option<f64>,
    ) -> Self {
        Self {
            sample: Pipeline::new(one_scrape(signal), Resources::default()),
            of_instances,
            aggregate,
            range: signal.window,
            without,
            taken: VecDeque::new(),
        }
    }

    /// Forgets what has left the range at `now`.
    fn forget(&mut self, now: Time) {
        while self.taken.front().is_some_and(|(at, _)| at.after(self.range) <= now) {
            self.taken.pop_front();
        }
    }
}

/// The signal with a window of one sample.
fn one_scrape(signal: &Signal) -> Signal {
    Signal { window: signal.resolution, ..signal.clone() }
}

impl Sensor for Samples {
    fn resources(&mut self, resources: Resources) {
        self.sample = Pipeline::new(self.sample.signal().clone(), resources);
    }

    fn scrape(&mut self, probe: &Probe<'_>) {
        self.sample.scrape(probe);
        let silent = self.of_instances && probe.census.ready == 0;
        let value = self.sample.reading(probe.at).value.filter(|_| !silent);
        self.sample(probe.at, value);
    }

    fn miss(&mut self, probe: &Probe<'_>) {
        self.sample.miss(probe);
        self.sample(probe.at, None);
    }

    fn sample(&mut self, at: Time, value: Option<f64>) {
        self.forget(at);
        self.taken.extend(value.map(|value| (at, value)));
    }

    fn reading(&mut self, now: Time) -> Reading {
        self.forget(now);
        let values = self.taken.iter().map(|&(_, value)| value);
        let sum = |values: &mut dyn Iterator<Item = f64>| values.reduce(|sum, value| sum + value);
        let value = match self.aggregate {
            Aggregate::Average => {
                let count = self.taken.len() as f64;
                sum(&mut values.clone()).map(|sum| sum / count)
            }
            Aggregate::Max => values.reduce(f64::max),
            Aggregate::Min => values.reduce(f64::min),
            Aggregate::Sum => sum(&mut values.clone()),
        };
        Reading { value: value.or(self.without), at: now }
    }
}

/// How long ago no Instance was starting for the first time since one was, in seconds, as the samples
/// show it: for a cooldown that begins when the group is complete.
#[derive(Default)]
pub(super) struct SinceReady {
    starting: bool,
    ready: Option<Time>,
}

impl Sensor for SinceReady {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let starting = probe.census.starting > 0;
        if self.starting && !starting {
            self.ready = Some(probe.at);
        }
        self.starting = starting;
    }

    /// The platform's own count does not come with the metrics.
    fn miss(&mut self, probe: &Probe<'_>) {
        self.scrape(probe);
    }

    /// A recording has no such metric: its column of ready Instances tells.
    fn sample(&mut self, _: Time, _: Option<f64>) {}

    fn reading(&mut self, now: Time) -> Reading {
        let value = self.ready.map(|ready| now.since(ready).as_secs_f64());
        Reading { value, at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::signal::{Census, Metric};

    fn samples(metric: Metric, of_instances: bool, aggregate: Aggregate) -> Samples {
        let signal = Signal::of(metric, Span::from_secs(300), Span::from_secs(60));
        Samples::new(&signal, of_instances, aggregate, None)
    }

    /// One slot per Instance: so many busy of so many ready ones, since the scrape before.
    fn probe(before: &Probe<'static>, at: u64, busy: u128, ready: u32) -> Probe<'static> {
        let ns = u128::from(Time::from_secs(at).since(before.at).0);
        Probe {
            at: Time::from_secs(at),
            arrivals: before.arrivals + 120,
            busy_ns: before.busy_ns + busy * ns,
            computing_ns: before.busy_ns + busy * ns,
            ready_ns: before.ready_ns + u128::from(ready) * ns,
            census: Census { ready, ..Census::default() },
            ..*before
        }
    }

    #[test]
    fn the_range_is_half_open_and_ends_at_the_evaluation() {
        let mut samples = samples(Metric::CpuPercent, true, Aggregate::Average);
        for (at, value) in [(60, 10.0), (120, 20.0), (180, 30.0), (240, 40.0), (300, 50.0)] {
            samples.sample(Time::from_secs(at), Some(value));
        }
        for (now, expected) in [(300, 30.0), (359, 30.0), (360, 35.0), (420, 40.0), (599, 50.0)] {
            let reading = samples.reading(Time::from_secs(now));
            assert_eq!(reading.value, Some(expected), "{now}");
        }
        assert_eq!(samples.reading(Time::from_secs(600)).value, None);
    }

    #[test]
    fn an_empty_cell_is_no_sample() {
        let mut samples = samples(Metric::CpuPercent, true, Aggregate::Sum);
        for (at, value) in [(60, Some(10.0)), (120, None), (180, Some(30.0))] {
            samples.sample(Time::from_secs(at), value);
        }
        assert_eq!(samples.reading(Time::from_secs(300)).value, Some(40.0));
    }

    #[test]
    fn without_a_running_instance_only_the_balancer_has_samples() {
        for (metric, of_instances, expected) in
            [(Metric::CpuPercent, true, [50.0, 100.0]), (Metric::RequestsPerS, false, [2.0; 2])]
        {
            let mut all = samples(metric, of_instances, Aggregate::Min);
            let mut last = Probe::default();
            // Half busy, then one of one busy for half a minute before it leaves.
            last = probe(&last, 60, 1, 2);
            all.scrape(&last);
            last = probe(&last, 120, 1, 1);
            last.census.ready = 0;
            all.scrape(&last);
            let minimum = all.reading(Time::from_secs(120)).value;
            assert_eq!(minimum, Some(expected[0]), "{metric}");
            assert_eq!(all.taken.len(), if of_instances { 1 } else { 2 }, "{metric}");
            last = probe(&last, 480, 1, 1);
            last.arrivals = 960;
            all.scrape(&last);
            assert_eq!(all.reading(last.at).value, Some(expected[1]), "{metric}");
        }
    }

    #[test]
    fn an_instance_metric_is_the_mean_of_those_that_run_and_follows_the_resources() {
        let mut all = samples(Metric::CpuPercent, true, Aggregate::Max);
        all.resources(Resources { concurrency: 2, cpu_idle_percent: 20.0, ..Resources::default() });
        let starting = Census { starting: 3, ready: 2, draining: 1 };
        let seen = Probe { census: starting, ..probe(&Probe::default(), 60, 2, 2) };
        all.scrape(&seen);
        // 2 of 4 slots: half of the way from 20 to 100 %; three that boot count for nothing.
        assert_eq!(all.reading(seen.at).value, Some(60.0));
    }

    #[test]
    fn memory_is_bounded_by_the_range() {
        let mut all = samples(Metric::RequestsPerS, false, Aggregate::Max);
        for minute in 1..=1000 {
            all.sample(Time::from_secs(60 * minute), Some(1.0));
        }
        assert_eq!(all.taken.len(), 5);
    }

    #[test]
    fn readiness_is_seen_at_the_first_sample_after_it() {
        let mut since = SinceReady::default();
        for (at, starting, expected) in [
            (60, 0, None),
            (120, 2, None),
            (180, 1, None),
            (240, 0, Some(0.0)),
            (300, 0, Some(60.0)),
        ] {
            let census = Census { starting, ready: 1, draining: 0 };
            since.scrape(&Probe { at: Time::from_secs(at), census, ..Probe::default() });
            assert_eq!(since.reading(Time::from_secs(at)).value, expected, "{at}");
        }
    }
}
