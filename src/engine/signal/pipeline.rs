//! From scrapes to readings: statistic, window, delay, missing data (rules 3, 15).

use super::load::{Counters, Load};
use super::{Basis, GaugeMode, Metric, Missing, Probe, Reading, Resources, Signal, Statistic};
use crate::stats::Histogram;
use crate::units::{Span, Time};
use std::collections::VecDeque;

/// The running state of one signal: fed by scrapes, asked at controls.
///
/// - A scrape is one sample. It describes the time since the scrape before (the first: since the
///   start), or, of a gauge taken as [`GaugeMode::Instant`], the instant of the scrape.
/// - The window at a scrape `t` holds the samples taken in `(t - window, t]` (rule 15); while it is not
///   yet full it averages what there is (rule 3).
/// - The mean of a counter or of an integrated gauge is exact over the window: the difference of two
///   cumulative values. A per-replica mean divides it by the mean of ready replicas over the window.
///   The mean of an instantaneous gauge is the plain mean of its samples, each divided by the replicas
///   ready at its instant.
/// - Quantiles of response times are those of all completions in the window.
/// - No data: averages and per-replica values without a ready replica, response times without a
///   completion. Samples without data are left out of the window's statistic.
///
/// Memory: one sample per `resolution` of the window, one reading per `resolution` of the delay.
#[derive(Debug, Clone)]
pub struct Pipeline {
    signal: Signal,
    resources: Resources,
    samples: VecDeque<Sample>,
    /// Counters just before the first sample of the window.
    base: Counters,
    response: Option<Box<Response>>,
    /// Readings computed but not published yet, oldest first.
    pending: VecDeque<Reading>,
    published: Option<Reading>,
    /// The last value there was, for [`Missing::Hold`].
    last_value: Option<Reading>,
    now: Now,
}

/// What counts at a scrape alone, whatever the window.
#[derive(Debug, Clone, Copy, Default)]
struct Now {
    ready: f64,
    live: f64,
    idle_s: f64,
}

impl Now {
    fn of(probe: &Probe<'_>) -> Self {
        let quiet = probe.in_flight == 0 && probe.queued == 0;
        let idle = if quiet { probe.at.since(probe.last_arrival) } else { Span::ZERO };
        Self {
            ready: f64::from(probe.census.ready),
            live: f64::from(probe.census.live()),
            idle_s: idle.as_secs_f64(),
        }
    }
}

#[derive(Debug, Clone)]
struct Sample {
    at: Time,
    value: Option<f64>,
    /// `None` for a value fed in by [`Pipeline::sample`].
    counters: Option<Counters>,
    /// Response times counted since the scrape before; empty unless a quantile needs them.
    latency: Vec<(Span, u64)>,
}

/// Response times for quantiles.
#[derive(Debug, Clone, Default)]
struct Response {
    /// Everything up to the last scrape.
    seen: Histogram,
    /// What the window holds.
    window: Histogram,
}

impl Pipeline {
    /// Before the first scrape.
    pub fn new(signal: Signal, resources: Resources) -> Self {
        let response = signal.metric.needs_histogram().then(Box::default);
        Self {
            signal,
            resources,
            samples: VecDeque::new(),
            base: Counters::default(),
            response,
            pending: VecDeque::new(),
            published: None,
            last_value: None,
            now: Now::default(),
        }
    }

    /// The signal it computes.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Takes a scrape; scrapes come in order of time, one every `resolution`.
    pub fn scrape(&mut self, probe: &Probe<'_>) {
        let counters = Counters::of(probe);
        let before = self.samples.back().and_then(|s| s.counters).unwrap_or(self.base);
        self.now = Now::of(probe);
        let latency = self.new_responses(probe);
        let value = match self.signal.metric.quantile() {
            Some(q) => quantile_of(&latency, q),
            None if self.signal.metric == Metric::IdleS => Some(self.now.idle_s),
            None if self.takes_instants() => self.value(&Load::now(probe)),
            None => self.value(&Load::between(&before, &counters)),
        };
        let value = value.map(|value| value / self.signal.unit);
        self.add(Sample { at: probe.at, value, counters: Some(counters), latency });
    }

    /// A scrape that brings no data, since the metric is out (rule 48): what was before is forgotten.
    pub fn miss(&mut self, probe: &Probe<'_>) {
        self.samples.clear();
        self.base = Counters::of(probe);
        if let (Some(response), Some(all)) = (&mut self.response, probe.latency) {
            response.window = Histogram::default();
            response.seen.clone_from(all);
        }
        self.conclude(Reading { value: None, at: probe.at });
    }

    /// Takes a recorded sample instead of a scrape, in the metric's unit; the window's mean is then the
    /// plain mean of its samples. For replaying recordings; not mixed with [`Pipeline::scrape`].
    pub fn sample(&mut self, at: Time, value: Option<f64>) {
        self.add(Sample { at, value, counters: None, latency: Vec::new() });
    }

    /// The newest reading published at or before `now` (rule 3); no data before the first.
    pub fn reading(&mut self, now: Time) -> Reading {
        self.publish(now);
        self.published.unwrap_or(Reading { value: None, at: now })
    }

    fn add(&mut self, sample: Sample) {
        let at = sample.at;
        self.samples.push_back(sample);
        while let Some(oldest) = self.samples.front()
            && oldest.at.after(self.signal.window) <= at
        {
            self.base = oldest.counters.unwrap_or(self.base);
            if let Some(response) = &mut self.response {
                for &(span, count) in &oldest.latency {
                    response.window.forget(span, count);
                }
            }
            self.samples.pop_front();
        }
        self.conclude(Reading { value: self.statistic(), at });
    }

    /// What the window says is published after the delay.
    fn conclude(&mut self, reading: Reading) {
        let at = reading.at;
        let reading = self.with_missing_rule(reading);
        self.publish(at);
        self.pending.push_back(reading);
    }

    fn publish(&mut self, now: Time) {
        while let Some(&reading) = self.pending.front()
            && self.due(&reading) <= now
        {
            self.published = Some(reading);
            self.pending.pop_front();
        }
    }

    /// A held value keeps the time of its own window, so its publication is told by the queue's order:
    /// it never comes later than the scrape that repeated it.
    fn due(&self, reading: &Reading) -> Time {
        reading.at.after(self.signal.delay)
    }

    fn with_missing_rule(&mut self, reading: Reading) -> Reading {
        if reading.value.is_some() {
            self.last_value = Some(reading);
            return reading;
        }
        match self.signal.missing {
            Missing::NoData => reading,
            Missing::Value(value) => Reading { value: Some(value), ..reading },
            Missing::Hold => self.last_value.unwrap_or(reading),
        }
    }

    fn takes_instants(&self) -> bool {
        self.signal.metric == Metric::IdleS
            || self.signal.gauge == GaugeMode::Instant && self.signal.metric.is_gauge()
    }

    fn value(&self, load: &Load) -> Option<f64> {
        let Signal { metric, per_replica, basis, .. } = self.signal;
        let replicas = match basis {
            Basis::ReadyOverWindow => return load.value(metric, per_replica, &self.resources),
            Basis::ReadyNow => self.now.ready,
            Basis::LiveNow => self.now.live,
        };
        let total = load.value(metric, false, &self.resources)?;
        match per_replica && !metric.is_average() {
            true => (replicas > 0.0).then(|| total / replicas),
            false => Some(total),
        }
    }

    /// Response times since the last scrape, also added to the window's.
    fn new_responses(&mut self, probe: &Probe<'_>) -> Vec<(Span, u64)> {
        let (Some(response), Some(all)) = (&mut self.response, probe.latency) else {
            return Vec::new();
        };
        let mut fresh = all.clone();
        fresh.subtract(&response.seen);
        response.window.merge(&fresh);
        response.seen.clone_from(all);
        fresh.buckets().collect()
    }

    /// The window's statistic; `None` without data.
    fn statistic(&self) -> Option<f64> {
        let values = self.samples.iter().filter_map(|sample| sample.value);
        match self.signal.statistic {
            Statistic::Mean => self.mean(),
            Statistic::Max => values.reduce(f64::max),
            Statistic::Min => values.reduce(f64::min),
            Statistic::Sum => values.reduce(|sum, value| sum + value),
            Statistic::MeanOfSamples => mean_of(values),
            Statistic::Last => self.samples.iter().rev().find_map(|sample| sample.value),
            Statistic::Percentile(q) => percentile(values.collect(), q),
        }
    }

    fn mean(&self) -> Option<f64> {
        match self.samples.back()?.counters {
            Some(newest) if !self.takes_instants() => match self.signal.metric.quantile() {
                Some(q) => {
                    let quantile = self.response.as_ref()?.window.quantile(q)?;
                    Some(quantile.as_millis_f64() / self.signal.unit)
                }
                None => {
                    let value = self.value(&Load::between(&self.base, &newest));
                    value.map(|value| value / self.signal.unit)
                }
            },
            _ => mean_of(self.samples.iter().filter_map(|sample| sample.value)),
        }
    }
}

/// The plain mean; `None` of nothing.
fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The q-th quantile of counted lengths in milliseconds; `counts` ascend.
fn quantile_of(counts: &[(Span, u64)], q: f64) -> Option<f64> {
    let total: u64 = counts.iter().map(|&(_, count)| count).sum();
    let rank = (q * total as f64 - 1e-9).ceil() as u64;
    let mut seen = 0;
    counts.iter().find_map(|&(span, count)| {
        seen += count;
        (seen >= rank).then(|| span.as_millis_f64())
    })
}

/// The smallest value with at least the q-th share of all at or below it.
fn percentile(mut values: Vec<f64>, q: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    // Less a hair, so that 0.07 x 100 asks for the 7th value, not the 8th.
    let rank = (q * values.len() as f64 - 1e-9).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Census, MetricRef, SignalSpec};

    fn s(seconds: u64) -> Time {
        Time::from_secs(seconds)
    }
    fn ns(seconds: f64) -> u128 {
        (seconds * 1e9) as u128
    }
    fn signal(metric: &str, window: u64, statistic: &str, gauge: &str) -> Signal {
        let spec = SignalSpec {
            window: Some(Span::from_secs(window)),
            resolution: Some(Span::from_secs(10)),
            statistic: Some(statistic.parse().unwrap()),
            gauge: Some(gauge.parse().unwrap()),
            ..SignalSpec::plain(metric.parse::<MetricRef>().unwrap())
        };
        spec.resolve(Span::from_secs(10))
    }
    /// Scrapes every 10 s at which, since the last one: `arrivals`, mean `queued`, mean `ready`.
    fn feed(signal: Signal, intervals: &[(u64, f64, f64)]) -> Pipeline {
        let mut pipeline = Pipeline::new(signal, Resources::default());
        let mut probe = Probe::default();
        for (n, &(arrivals, queued, ready)) in intervals.iter().enumerate() {
            probe.at = s(10 * (n as u64 + 1));
            probe.arrivals += arrivals;
            probe.queued_ns += ns(queued * 10.0);
            probe.ready_ns += ns(ready * 10.0);
            probe.queued = queued as u64;
            probe.census = Census { ready: ready as u32, ..Census::default() };
            pipeline.scrape(&probe);
        }
        pipeline
    }
    fn value(signal: Signal, intervals: &[(u64, f64, f64)]) -> Option<f64> {
        feed(signal, intervals).reading(s(10 * intervals.len() as u64)).value
    }

    /// (rules 3, 15)
    #[test]
    fn windows_average_exactly_and_forget_what_left_them() {
        let past = [(900, 9.0, 1.0), (100, 2.0, 4.0), (300, 5.0, 6.0)];
        for (metric, window, statistic, expected) in [
            ("requests_per_s", 20, "mean", 20.0),
            ("requests_per_min", 20, "mean", 1200.0),
            ("requests_per_s", 30, "mean", 1300.0 / 30.0),
            ("requests_per_s", 600, "mean", 1300.0 / 30.0),
            ("requests_per_s", 15, "mean", 20.0),
            ("requests_per_s_per_replica", 20, "mean", 4.0),
            ("queued_requests", 20, "mean", 3.5),
            ("queued_requests_per_replica", 20, "mean", 0.7),
            ("queued_requests", 30, "max", 9.0),
            ("queued_requests", 20, "max", 5.0),
            ("queued_requests", 20, "min", 2.0),
            ("queued_requests", 20, "sum", 7.0),
            ("queued_requests", 30, "p50", 5.0),
            ("queued_requests", 30, "last", 5.0),
        ] {
            let got = value(signal(metric, window, statistic, "integral"), &past);
            assert_eq!(got, Some(expected), "{metric} {window} {statistic}");
        }
    }

    #[test]
    fn instantaneous_gauges_average_their_samples_each_by_its_own_replicas() {
        let past = [(0, 9.0, 1.0), (0, 2.0, 4.0), (0, 6.0, 6.0)];
        for (metric, window, expected) in [
            ("queued_requests", 10, 6.0),
            ("queued_requests", 20, 4.0),
            ("queued_requests_per_replica", 10, 1.0),
            ("queued_requests_per_replica", 20, 0.75),
        ] {
            let got = value(signal(metric, window, "mean", "instant"), &past);
            assert_eq!(got, Some(expected), "{metric} {window}");
        }
    }

    /// (rule 3)
    #[test]
    fn a_reading_appears_when_its_delay_has_passed_and_not_before() {
        let mut delayed = signal("requests_per_s", 10, "mean", "integral");
        delayed.delay = Span::from_secs(25);
        let mut pipeline = feed(delayed, &[(10, 0.0, 1.0), (20, 0.0, 1.0)]);
        for (now, value, at) in
            [(20, None, 20), (34, None, 34), (35, Some(1.0), 10), (44, Some(1.0), 10)]
        {
            assert_eq!(pipeline.reading(s(now)), Reading { value, at: s(at) }, "{now}");
        }
        let at_the_instant = pipeline.reading(s(45));
        assert_eq!(at_the_instant, Reading { value: Some(2.0), at: s(20) });
        assert_eq!(pipeline.reading(s(500)), at_the_instant);
    }

    #[test]
    fn memory_is_bounded_by_window_and_delay() {
        let mut short = signal("requests_per_s", 30, "mean", "integral");
        short.delay = Span::from_secs(20);
        let pipeline = feed(short, &[(1, 0.0, 1.0); 1000]);
        assert_eq!(pipeline.samples.len(), 3);
        assert_eq!(pipeline.pending.len(), 2);
    }

    /// (rule 15)
    #[test]
    fn nothing_to_divide_by_is_no_data_and_the_rule_decides() {
        let past = [(10, 4.0, 2.0), (10, 4.0, 0.0)];
        let held = Reading { value: Some(2.0), at: s(10) };
        for (missing, expected) in [
            (Missing::NoData, Reading { value: None, at: s(20) }),
            (Missing::Value(7.0), Reading { value: Some(7.0), at: s(20) }),
            (Missing::Hold, held),
        ] {
            let mut per_replica = signal("queued_requests_per_replica", 10, "mean", "integral");
            per_replica.missing = missing;
            assert_eq!(feed(per_replica, &past).reading(s(20)), expected, "{missing:?}");
        }
        let total = signal("queued_requests", 10, "mean", "integral");
        assert_eq!(value(total, &past), Some(4.0), "a total needs no replicas");
        let response = signal("response_time_ms", 10, "mean", "integral");
        assert_eq!(value(response, &past), None, "no completions");
    }

    fn at_ten(metric: &str, gauge: &str, resources: Resources, probe: &Probe<'_>) -> Option<f64> {
        let mut pipeline = Pipeline::new(signal(metric, 10, "mean", gauge), resources);
        pipeline.scrape(probe);
        pipeline.reading(s(10)).value
    }

    /// (rule 10)
    #[test]
    fn resources_are_linear_in_utilization() {
        let resources = Resources {
            concurrency: 4,
            cpu_idle_percent: 10.0,
            cpu_full_percent: 90.0,
            cpu_starting_percent: 250.0,
            connections_per_replica: 2.0,
            connections_per_request: 0.5,
            bytes_per_request: 1000.0,
            ..Resources::default()
        };
        let counting = Resources { cpu_counts_starting: true, ..resources };
        let probe = Probe {
            at: s(10),
            arrivals: 40,
            busy_ns: ns(40.0), // 4 of 2 x 4 slots
            computing_ns: ns(40.0),
            in_flight_ns: ns(50.0),
            queued_ns: ns(30.0),
            ready_ns: ns(20.0),
            starting_ns: ns(20.0),
            busy: 2,
            computing: 2.0,
            census: Census { starting: 1, ready: 1, draining: 0 },
            ..Probe::default()
        };
        for (metric, gauge, resources, expected) in [
            ("utilization", "integral", resources, 50.0),
            ("cpu", "integral", resources, 50.0),
            ("cpu", "integral", counting, 150.0),
            ("cpu", "instant", counting, 150.0),
            ("utilization", "instant", resources, 50.0),
            ("memory", "integral", resources, 55.0),
            ("gpu", "integral", resources, 50.0),
            ("connections", "integral", resources, 8.0),
            ("bytes_per_s", "integral", resources, 4000.0),
            ("ongoing_requests", "integral", resources, 8.0),
            ("in_flight_requests_per_replica", "integral", resources, 2.5),
        ] {
            assert_eq!(at_ten(metric, gauge, resources, &probe), Some(expected), "{metric}");
        }
    }

    #[test]
    fn cpu_of_nobody_is_no_data_and_of_starters_alone_is_theirs() {
        let probe = Probe { at: s(10), starting_ns: ns(20.0), ..Probe::default() };
        let counting = Resources { cpu_counts_starting: true, ..Resources::default() };
        assert_eq!(at_ten("cpu", "integral", Resources::default(), &probe), None);
        assert_eq!(at_ten("cpu", "integral", counting, &probe), Some(100.0));
    }

    #[test]
    fn response_times_and_errors_are_of_the_window_alone() {
        let mut all = Histogram::new();
        let mut probe = Probe::<'static>::default();
        let mut pipelines: Vec<Pipeline> = [
            ("response_time_ms", "mean"),
            ("p50_ms", "mean"),
            ("p99_ms", "mean"),
            ("p99_ms", "max"),
            ("errors_per_min", "mean"),
        ]
        .map(|(metric, statistic)| {
            Pipeline::new(signal(metric, 20, statistic, "integral"), Resources::default())
        })
        .into();
        // The first interval's slow answers must be forgotten; then 10, 20 and 30 ms.
        for (at, ms) in [(10, 9000), (20, 10), (30, 20), (40, 30)] {
            for _ in 0..10 {
                all.record(Span::from_millis(ms));
            }
            probe.at = s(at);
            probe.completions += 10;
            probe.latency_sum_ns += 10 * u128::from(Span::from_millis(ms).0);
            probe.rejections += 1;
            probe.timeouts += 2;
            probe.lost += 3;
            let shown = Probe { latency: Some(&all), ..probe };
            pipelines.iter_mut().for_each(|pipeline| pipeline.scrape(&shown));
        }
        let got: Vec<f64> =
            pipelines.iter_mut().map(|p| p.reading(s(40)).value.unwrap_or(f64::NAN)).collect();
        for (got, expected) in got.iter().zip([25.0, 20.0, 30.0, 30.0, 36.0]) {
            assert!((got - expected).abs() <= expected * 0.008, "{got} is not {expected}");
        }
    }

    #[test]
    fn recorded_samples_pass_the_same_window_and_delay() {
        let mut pipeline =
            Pipeline::new(signal("cpu", 20, "mean", "integral"), Resources::default());
        for (at, value) in [(10, Some(90.0)), (20, Some(50.0)), (30, None), (40, Some(70.0))] {
            pipeline.sample(s(at), value);
        }
        assert_eq!(pipeline.reading(s(40)).value, Some(70.0));
        pipeline.sample(s(50), Some(20.0));
        assert_eq!(pipeline.reading(s(50)).value, Some(45.0));
    }
}
