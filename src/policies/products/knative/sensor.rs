//! The metric path: what pods and activators report each second, in a window.

use super::buckets::Buckets;
use super::native::Settings;
use super::target::ScaleBy;
use autosim_engine::signal::{Direct, DirectLoad, Passed, Probe, Reading, Sensor};
use autosim_engine::units::{Span, Time};

/// The length of a bucket; what is reported is reported as often.
pub(super) const BUCKET: Span = Span::from_secs(1);

/// The part of what a [`Reports`] knows that the panic window makes of it, where it has both windows.
pub(super) const PANIC: u32 = 1;

/// What is reported of a revision, in windows. Activators report the requests that came through them, and pods the
/// others, so that together they report every request once.
#[derive(Debug)]
pub(super) struct Reports {
    windows: Vec<Window>,
    metric: ScaleBy,
    /// Whether pods are asked: not where the activator is always in the path.
    scraped: bool,
    /// Younger pods are asked after the others.
    young: Span,
    last: Last,
    /// What each pod had reported by then.
    of_pods: Vec<(u64, Passed)>,
    /// What was reported at once, and is taken off the next report.
    in_advance: f64,
}

#[derive(Debug)]
struct Window {
    buckets: Buckets,
    /// Whether an empty one is no data; else it is zero.
    needs_data: bool,
}

/// What the last report has counted.
#[derive(Debug, Default)]
struct Last {
    at: Time,
    all: Passed,
    direct: Passed,
}

impl Last {
    fn of(probe: &Probe<'_>) -> Self {
        let present_ns = probe.in_flight_ns + probe.queued_ns;
        let all = Passed { arrivals: probe.arrivals, present_ns };
        // Without an activator before them pods are taken to be asked all.
        let direct = probe.direct.map(|Direct { all, .. }| all).unwrap_or_default();
        Self { at: probe.at, all, direct }
    }
}

impl Reports {
    /// The stable window and the panic window, nothing reported yet.
    pub(super) fn both(settings: &Settings) -> Self {
        let mut reports = Self::stable(settings);
        reports.windows.append(&mut Self::panic(settings).windows);
        reports
    }

    /// The stable window: while it is empty nothing is known.
    pub(super) fn stable(settings: &Settings) -> Self {
        Self::of(settings, settings.spec.stable_window, settings.rules.probes)
    }

    /// The panic window: while it is empty nothing came.
    pub(super) fn panic(settings: &Settings) -> Self {
        Self::of(settings, settings.panic_window, false)
    }

    fn of(settings: &Settings, window: Span, needs_data: bool) -> Self {
        let buckets = Buckets::new(settings.algorithm, window, BUCKET);
        Self {
            windows: vec![Window { buckets, needs_data }],
            metric: settings.metric,
            scraped: settings.rules.probes,
            young: settings.spec.stable_window,
            last: Last::default(),
            of_pods: Vec::new(),
            in_advance: 0.0,
        }
    }

    fn record(&mut self, at: Time, value: f64) {
        self.windows.iter_mut().for_each(|window| window.buckets.record(at, value));
    }

    /// What came between two reports, as it is counted.
    fn counted(&self, now: Passed, last: Passed, length: Span) -> f64 {
        match self.metric {
            ScaleBy::Concurrency => (now.present_ns - last.present_ns) as f64 / length.0 as f64,
            ScaleBy::Rps => (now.arrivals - last.arrivals) as f64 / length.as_secs_f64(),
        }
    }

    /// What pods say that are asked, for all of them.
    fn scraped(&mut self, at: Time, pods: &[DirectLoad], length: Span) -> f64 {
        let drawn = sample(at, pods, self.young);
        // Both go up by number; a pod that is new has reported nothing.
        let mut known = self.of_pods.iter().copied().peekable();
        let (mut sum, mut asked) = (0.0, 0);
        for (pod, is_drawn) in pods.iter().zip(&drawn) {
            while known.next_if(|(number, _)| *number < pod.number).is_some() {}
            let last = known.next_if(|(number, _)| *number == pod.number);
            if *is_drawn {
                sum +=
                    self.counted(pod.passed, last.map_or(Passed::default(), |one| one.1), length);
                asked += 1;
            }
        }
        self.of_pods = pods.iter().map(|pod| (pod.number, pod.passed)).collect();
        if asked == 0 { 0.0 } else { sum / f64::from(asked) * pods.len() as f64 }
    }
}

/// Of so many pods and fewer all are asked.
const ALL_ASKED: usize = 3;
/// How a sample grows with the number of pods: towards this number, which is one more than the most.
const SAMPLE: f64 = 15.3664;

/// How many of so many pods are asked.
fn sample_size(pods: usize) -> usize {
    let count = pods as f64;
    match pods <= ALL_ASKED {
        true => pods,
        false => (count * SAMPLE / (count + SAMPLE - 1.0)).ceil() as usize,
    }
}

/// Which pods are asked: old ones before young ones, otherwise drawn - by their numbers and the second, so that no
/// generator is needed and every policy draws alike.
fn sample(at: Time, pods: &[DirectLoad], young: Span) -> Vec<bool> {
    let size = sample_size(pods.len());
    let mut drawn = vec![size == pods.len(); pods.len()];
    if size < pods.len() {
        let order = |place: &usize| {
            let pod = &pods[*place];
            (pod.ready_since.after(young) > at, scattered(pod.number ^ at.0.rotate_left(32)))
        };
        let mut places: Vec<usize> = (0..pods.len()).collect();
        places.select_nth_unstable_by_key(size, order);
        places[..size].iter().for_each(|&place| drawn[place] = true);
    }
    drawn
}

/// A number that says nothing of the one it is made of (the finish of splitmix64).
const fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Sensor for Reports {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let now = Last::of(probe);
        let last = std::mem::replace(&mut self.last, now);
        let length = probe.at.since(last.at);
        if length.is_zero() {
            return;
        }
        let mut value = self.counted(self.last.all, last.all, length);
        if let Some(Direct { all: direct, replicas }) = probe.direct
            && direct != last.direct
        {
            let through_activators = value - self.counted(direct, last.direct, length);
            value = through_activators.max(0.0) + self.scraped(probe.at, replicas, length);
        }
        // Without pods nobody is asked, and an activator without requests says nothing.
        let is_told = value > 0.0 || self.scraped && probe.census.ready > 0;
        if is_told {
            self.record(probe.at, (value - self.in_advance).max(0.0));
            self.in_advance = 0.0;
        }
    }

    /// A report that is lost is no part of the next, which is of its own second (rule 48).
    fn miss(&mut self, probe: &Probe<'_>) {
        self.last = Last::of(probe);
        if let Some(Direct { replicas, .. }) = probe.direct {
            self.of_pods = replicas.iter().map(|pod| (pod.number, pod.passed)).collect();
        }
    }

    fn sample(&mut self, at: Time, value: Option<f64>) {
        if let Some(value) = value {
            self.record(at, value);
        }
    }

    fn reading(&mut self, now: Time) -> Reading {
        self.part(now, 0)
    }

    fn part(&mut self, now: Time, part: u32) -> Reading {
        let value = self.windows.get_mut(part as usize).and_then(|window| {
            let known = !window.needs_data || !window.buckets.is_empty(now);
            known.then(|| window.buckets.average(now))
        });
        Reading { value, at: now }
    }

    fn hears_of_nobody(&self) -> bool {
        true
    }

    /// The first request of a revision without any is reported at once.
    fn found_nobody(&mut self, now: Time, _: u64) {
        if self.in_advance == 0.0 {
            self.record(now, 1.0);
            self.in_advance = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::knative::buckets::Algorithm;
    use autosim_engine::signal::Census;

    fn window(metric: ScaleBy, scraped: bool) -> Reports {
        let buckets = Buckets::new(Algorithm::Linear, Span::from_secs(60), BUCKET);
        Reports {
            windows: vec![Window { buckets, needs_data: scraped }],
            metric,
            scraped,
            young: Span::from_secs(60),
            last: Last::default(),
            of_pods: Vec::new(),
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

    fn read(window: &mut Reports, at: u64) -> Option<f64> {
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

    #[test]
    fn after_an_outage_a_report_is_the_mean_of_its_own_second() {
        let mut concurrency = window(ScaleBy::Concurrency, true);
        concurrency.scrape(&probe(1, 10, 3, 2, 1));
        concurrency.miss(&probe(2, 20, 103, 2, 1));
        concurrency.miss(&probe(3, 30, 203, 2, 1));
        concurrency.scrape(&probe(4, 40, 204, 2, 1));
        // 5 in the first second, 1 in the fourth, nothing known of those between.
        assert_eq!(read(&mut concurrency, 4), Some((5.0 + 1.0) / 4.0));
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

    /// Section 3: | pods | asked |
    #[test]
    fn of_more_than_three_pods_a_sample_is_asked_that_grows_to_sixteen() {
        for (pods, asked) in [(0, 0), (3, 3), (4, 4), (5, 4), (10, 7), (100, 14), (100_000, 16)] {
            assert_eq!(sample_size(pods), asked, "{pods}");
        }
    }

    /// Pods with these numbers, ready since then, with so much come to each directly.
    fn pods(since: &[u64], present_s: impl Fn(u64) -> u128) -> Vec<DirectLoad> {
        let load = |(number, since): (u64, &u64)| DirectLoad {
            number,
            ready_since: Time::from_secs(*since),
            passed: Passed { arrivals: 0, present_ns: present_s(number) * 1_000_000_000 },
        };
        (0..).zip(since).map(load).collect()
    }

    #[test]
    fn young_pods_are_asked_after_the_others_and_another_second_asks_others() {
        let young = Span::from_secs(60);
        let drawn = |at: u64, since: &[u64]| {
            let pods = pods(since, |_| 0);
            let drawn = sample(Time::from_secs(at), &pods, young);
            let numbers = pods.iter().zip(drawn).filter(|(_, drawn)| *drawn);
            numbers.map(|(pod, _)| pod.number).collect::<Vec<u64>>()
        };
        // Seven of ten: the three that are not old yet are left out.
        let since = [0, 0, 95, 0, 0, 41, 0, 99, 0, 0];
        assert_eq!(drawn(100, &since), [0, 1, 3, 4, 6, 8, 9]);
        let mut often = [0; 10];
        for at in 1000..2000 {
            drawn(at, &since).iter().for_each(|&number| often[number as usize] += 1);
        }
        assert!(often.iter().all(|count| (640..760).contains(count)), "{often:?}");
    }

    /// Section 3: the activators' part exactly, the pods' by the sample, times their number.
    #[test]
    fn what_pods_say_is_taken_for_all_of_them_and_what_activators_say_is_added() {
        let mut concurrency = window(ScaleBy::Concurrency, true);
        let report = |concurrency: &mut Reports, at: u64, all: u128, pods: &[DirectLoad]| {
            let mut passed = Passed::default();
            pods.iter().for_each(|pod| passed.present_ns += pod.passed.present_ns);
            let direct = Some(Direct { all: passed, replicas: pods });
            let ready = pods.len() as u32;
            concurrency.scrape(&Probe { direct, ..probe(at, 0, all, 0, ready) });
        };
        // Ten pods with 2 requests each that came directly, and 3 more through the activator.
        let since = [0; 10];
        report(&mut concurrency, 1, 23, &pods(&since, |_| 2));
        assert_eq!(read(&mut concurrency, 1), Some(23.0));
        // One of them has 12 at once in the second that follows: it counts for ten sevenths of itself, or not at all.
        let loaded = pods(&since, |number| if number == 4 { 14 } else { 4 });
        report(&mut concurrency, 2, 23 + 33, &loaded);
        let drawn = sample(Time::from_secs(2), &loaded, Span::from_secs(60))[4];
        let seen = if drawn { 3.0 + 10.0 * (12.0 + 6.0 * 2.0) / 7.0 } else { 23.0 };
        let mean = read(&mut concurrency, 2).unwrap();
        assert!((mean - (23.0 + seen) / 2.0).abs() < 1e-6, "{mean} {seen}");
    }
}
