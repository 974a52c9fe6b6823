//! The metric path: what pods and activators report each second, in a window.

use super::buckets::Buckets;
use super::native::Settings;
use super::target::ScaleBy;
use autosim_engine::signal::{Probe, Reading, Sensor};
use autosim_engine::units::{Span, Time};

/// The length of a bucket; what is reported is reported as often.
pub(super) const BUCKET: Span = Span::from_secs(1);

/// A window over what is reported of a revision. Pods and activators each report the requests that came through
/// them, so that together they report every request once.
#[derive(Debug)]
pub(super) struct Window {
    buckets: Buckets,
    metric: ScaleBy,
    /// Whether pods are asked: not where the activator is always in the path.
    scraped: bool,
    /// Whether an empty window is no data; else it is zero.
    needs_data: bool,
    last: Last,
    /// What was reported at once, and is taken off the next report.
    in_advance: f64,
}

/// What the last report has counted.
#[derive(Debug, Default)]
struct Last {
    at: Time,
    arrivals: u64,
    ongoing_ns: u128,
}

impl Window {
    /// The stable window, nothing reported yet: while it is empty nothing is known.
    pub(super) fn stable(settings: &Settings) -> Self {
        let buckets = Buckets::new(settings.algorithm, settings.spec.stable_window, BUCKET);
        Self { buckets, needs_data: settings.rules.probes, ..Self::panic(settings) }
    }

    /// The panic window, nothing reported yet: while it is empty nothing came.
    pub(super) fn panic(settings: &Settings) -> Self {
        Self {
            buckets: Buckets::new(settings.algorithm, settings.panic_window, BUCKET),
            metric: settings.metric,
            scraped: settings.rules.probes,
            needs_data: false,
            last: Last::default(),
            in_advance: 0.0,
        }
    }
}

impl Sensor for Window {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let ongoing_ns = probe.in_flight_ns + probe.queued_ns;
        let now = Last { at: probe.at, arrivals: probe.arrivals, ongoing_ns };
        let last = std::mem::replace(&mut self.last, now);
        let length = probe.at.since(last.at);
        if length.is_zero() {
            return;
        }
        let value = match self.metric {
            ScaleBy::Concurrency => (ongoing_ns - last.ongoing_ns) as f64 / length.0 as f64,
            ScaleBy::Rps => (probe.arrivals - last.arrivals) as f64 / length.as_secs_f64(),
        };
        // Without pods nobody is asked, and an activator without requests says nothing.
        let is_told = value > 0.0 || self.scraped && probe.census.ready > 0;
        if is_told {
            self.buckets.record(probe.at, (value - self.in_advance).max(0.0));
            self.in_advance = 0.0;
        }
    }

    fn sample(&mut self, at: Time, value: Option<f64>) {
        if let Some(value) = value {
            self.buckets.record(at, value);
        }
    }

    fn reading(&mut self, now: Time) -> Reading {
        let known = !self.needs_data || !self.buckets.is_empty(now);
        Reading { value: known.then(|| self.buckets.average(now)), at: now }
    }

    fn hears_of_nobody(&self) -> bool {
        true
    }

    /// The first request of a revision without any is reported at once.
    fn found_nobody(&mut self, now: Time, _: u64) {
        if self.in_advance == 0.0 {
            self.buckets.record(now, 1.0);
            self.in_advance = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::knative::buckets::Algorithm;
    use autosim_engine::signal::Census;

    fn window(metric: ScaleBy, scraped: bool) -> Window {
        Window {
            buckets: Buckets::new(Algorithm::Linear, Span::from_secs(60), BUCKET),
            metric,
            scraped,
            needs_data: scraped,
            last: Last::default(),
            in_advance: 0.0,
        }
    }

    fn probe(at: u64, arrivals: u64, busy_s: u128, queued_s: u128, ready: u32) -> Probe<'static> {
        Probe {
            at: Time::from_secs(at),
            arrivals,
            in_flight_ns: busy_s * 1_000_000_000,
            queued_ns: queued_s * 1_000_000_000,
            census: Census { ready, ..Census::default() },
            ..Probe::default()
        }
    }

    fn read(window: &mut Window, at: u64) -> Option<f64> {
        window.reading(Time::from_secs(at)).value
    }

    /// Section 3: in service and waiting, wherever; arrivals for rps.
    #[test]
    fn a_report_is_the_mean_of_its_second() {
        let mut concurrency = window(ScaleBy::Concurrency, true);
        concurrency.scrape(&probe(1, 10, 3, 2, 1));
        concurrency.scrape(&probe(2, 20, 4, 2, 1));
        assert_eq!(read(&mut concurrency, 2), Some(3.0));
        let mut rps = window(ScaleBy::Rps, true);
        rps.scrape(&probe(1, 10, 3, 2, 1));
        rps.scrape(&probe(2, 40, 4, 2, 1));
        assert_eq!(read(&mut rps, 2), Some(20.0));
    }

    /// Section 3: without ready pods nothing is recorded, not a zero; what waits is reported by the activator.
    #[test]
    fn without_pods_and_requests_nothing_is_known() {
        let mut asleep = window(ScaleBy::Concurrency, true);
        asleep.scrape(&probe(1, 0, 0, 0, 0));
        assert_eq!(read(&mut asleep, 1), None);
        asleep.scrape(&probe(2, 5, 0, 5, 0));
        assert_eq!(read(&mut asleep, 2), Some(5.0));
        let mut always = window(ScaleBy::Concurrency, false);
        always.scrape(&probe(1, 0, 0, 0, 3));
        assert_eq!(read(&mut always, 1), Some(0.0));
    }

    /// Section 3: the first request counts as one at once, which is taken off the next report.
    #[test]
    fn the_first_request_is_reported_at_once_and_not_twice() {
        let mut asleep = window(ScaleBy::Concurrency, true);
        asleep.found_nobody(Time::from_secs(10), 1);
        asleep.found_nobody(Time::from_secs(10), 2);
        assert_eq!(read(&mut asleep, 10), Some(1.0));
        asleep.last.at = Time::from_secs(10);
        asleep.scrape(&probe(11, 3, 0, 3, 0));
        assert_eq!(read(&mut asleep, 11), Some(1.5));
        asleep.scrape(&probe(12, 3, 0, 3, 0));
        assert_eq!(read(&mut asleep, 12), Some(1.5), "in 10, 11 and 12: 1, 2 and nothing");
    }
}
