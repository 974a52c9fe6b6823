//! The metric path: a handle that samples and pushes, and the controller's view of its last report.

use super::aggregate::{Aggregation, Merged, Point};
use autosim_engine::signal::{Probe, Reading, ReplicaLoad, Sensor, Wants};
use autosim_engine::units::{Span, Time};

/// The shortest time between samples or pushes: below it a run would be all samples.
const SHORTEST: Span = Span::from_millis(1);
/// Share of the look-back period between two samples.
const SAMPLES_PER_LOOK_BACK: f64 = 0.2;

/// When a handle samples and pushes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// From sample to sample.
    pub sample: Span,
    /// From push to push.
    pub push: Span,
    /// How far back samples are kept, in seconds.
    pub look_back_s: f64,
}

impl Timing {
    /// As Ray derives it from `metrics_interval_s` and `look_back_period_s`.
    pub fn of(metrics_interval_s: f64, look_back_s: f64) -> Self {
        let sample_s = (SAMPLES_PER_LOOK_BACK * look_back_s).min(metrics_interval_s);
        Self {
            sample: Span::from_secs_f64(sample_s).max(SHORTEST),
            push: Span::from_secs_f64(metrics_interval_s).max(SHORTEST),
            look_back_s,
        }
    }
}

/// Since when the handle samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Begins {
    /// From this instant on.
    At(Time),
    /// From the first request on, noticed at multiples of this.
    AtFirstRequest(Span),
}

/// One handle through which all requests go, and what the controller makes of its reports. Between
/// reports and changes of the fleet a reading costs a few operations.
#[derive(Debug)]
pub struct Handle {
    timing: Timing,
    aggregation: Aggregation,
    begins: Begins,
    next_sample: Time,
    next_push: Time,
    queued: Vec<Point>,
    /// Replicas it has sent requests to, ascending by number.
    tracked: Vec<Tracked>,
    report: Report,
    /// The running replicas as the controller knows them, ascending by number.
    running: Vec<u64>,
    merged: Merged,
    stale: bool,
    /// It is fed by a recording rather than by scrapes.
    is_replayed: bool,
    recorded: Option<f64>,
}

#[derive(Debug)]
struct Tracked {
    number: u64,
    /// Requests sent and not finished, at the last look.
    ongoing: f64,
    points: Vec<Point>,
}

/// The latest report: all series one after the other.
#[derive(Debug, Default)]
struct Report {
    at: Option<Time>,
    points: Vec<Point>,
    /// Of each series the replica (`None`: requests queued) and the end of its points.
    series: Vec<(Option<u64>, usize)>,
}

impl Handle {
    /// A handle of no requests and no replicas yet.
    pub fn new(timing: Timing, aggregation: Aggregation, begins: Begins) -> Self {
        let first = match begins {
            Begins::At(at) => at,
            Begins::AtFirstRequest(_) => Time::NEVER,
        };
        let mut handle = Self {
            timing,
            aggregation,
            begins,
            next_sample: first,
            next_push: first,
            queued: Vec::new(),
            tracked: Vec::new(),
            report: Report::default(),
            running: Vec::new(),
            merged: Merged::default(),
            stale: false,
            is_replayed: false,
            recorded: None,
        };
        if first == Time::ZERO {
            // Nothing has happened yet, so the first look sees nothing.
            handle.look(first, 0.0, &[]);
        }
        handle
    }

    /// Samples and pushes what is due at `now`, given requests queued at the handle and replicas.
    fn look(&mut self, now: Time, queued: f64, replicas: &[ReplicaLoad]) {
        self.track(replicas);
        if now >= self.next_sample {
            let at = now.as_secs_f64();
            self.queued.push((at, queued));
            self.tracked.iter_mut().for_each(|one| one.points.push((at, one.ongoing)));
            self.next_sample = now.after(self.timing.sample);
        }
        if now >= self.next_push {
            self.push(now, queued);
            self.next_push = now.after(self.timing.push);
        }
    }

    /// A replica is tracked from its first request on, and no longer once it has left.
    fn track(&mut self, replicas: &[ReplicaLoad]) {
        let mut known = std::mem::take(&mut self.tracked).into_iter().peekable();
        for load in replicas {
            while known.next_if(|one| one.number < load.life.number).is_some() {}
            let ongoing = f64::from(load.ongoing);
            match known.next_if(|one| one.number == load.life.number) {
                Some(one) => self.tracked.push(Tracked { ongoing, ..one }),
                None if load.ongoing > 0 => {
                    let number = load.life.number;
                    self.tracked.push(Tracked { number, ongoing, points: Vec::new() });
                }
                None => {}
            }
        }
    }

    /// Sends what is stored as of `at`; a series without stored points sends its value now. The
    /// controller keeps the latest report.
    fn push(&mut self, at: Time, queued: f64) {
        if self.report.at.is_some_and(|before| at < before) {
            return;
        }
        let at_s = at.as_secs_f64();
        let oldest = at_s - self.timing.look_back_s;
        let report = &mut self.report;
        report.at = Some(at);
        report.points.clear();
        report.series.clear();
        let mut send = |replica: Option<u64>, points: &mut Vec<Point>, value: f64| {
            points.retain(|point| point.0 > oldest);
            let begin = report.points.len();
            report.points.extend(points.iter().filter(|point| point.0 <= at_s));
            if report.points.len() == begin {
                report.points.push((at_s, value));
            }
            report.series.push((replica, report.points.len()));
        };
        send(None, &mut self.queued, queued);
        for one in &mut self.tracked {
            send(Some(one.number), &mut one.points, one.ongoing);
        }
        self.stale = true;
    }

    /// Every source that counts now: requests queued, and replicas that run.
    fn merge(&mut self) {
        let Report { points, series, .. } = &self.report;
        let mut running = self.running.iter().peekable();
        let mut begin = 0;
        let sources = series.iter().filter_map(|&(replica, end)| {
            let source = points.get(begin..end).unwrap_or(&[]);
            begin = end;
            match replica {
                None => Some(source),
                Some(number) => {
                    while running.next_if(|&&one| one < number).is_some() {}
                    running.next_if(|&&one| one == number).map(|_| source)
                }
            }
        });
        self.merged = Merged::of(sources);
        self.stale = false;
    }

    /// Replays what was due before `now`, or up to it, with the recorded value in force.
    fn replay(&mut self, now: Time, inclusive: bool) {
        let Some(value) = self.recorded else { return };
        loop {
            let due = self.next_sample.min(self.next_push);
            if due > now || due == now && !inclusive || due == Time::NEVER {
                return;
            }
            self.look(due, value, &[]);
        }
    }
}

/// The number the controller decided on, as a recording has it: the newest sample.
#[derive(Debug, Default)]
pub(super) struct Told(Option<f64>);

impl Sensor for Told {
    fn scrape(&mut self, _: &Probe<'_>) {}

    fn next_scrape(&self, _: Time) -> Option<Time> {
        None
    }

    fn sample(&mut self, _: Time, value: Option<f64>) {
        self.0 = value.or(self.0);
    }

    fn reading(&mut self, now: Time) -> Reading {
        Reading { value: self.0, at: now }
    }
}

impl Sensor for Handle {
    fn scrape(&mut self, probe: &Probe<'_>) {
        let replicas = probe.replicas.unwrap_or(&[]);
        if matches!(self.begins, Begins::AtFirstRequest(_)) {
            if probe.arrivals == 0 {
                return;
            }
            self.begins = Begins::At(probe.at);
            (self.next_sample, self.next_push) = (probe.at, probe.at);
        }
        // Requests that wait at a replica were sent; the handle's own queue is the rest.
        let sent: u64 = replicas.iter().map(|load| u64::from(load.ongoing)).sum();
        let queued = probe.queued.saturating_sub(sent.saturating_sub(probe.busy));
        self.look(probe.at, queued as f64, replicas);
    }

    /// Neither sampled nor pushed: the controller goes on with the last report.
    fn miss(&mut self, probe: &Probe<'_>) {
        if probe.at >= self.next_sample {
            self.next_sample = probe.at.after(self.timing.sample);
        }
        if probe.at >= self.next_push {
            self.next_push = probe.at.after(self.timing.push);
        }
    }

    fn next_scrape(&self, now: Time) -> Option<Time> {
        Some(match self.begins {
            Begins::AtFirstRequest(interval) => now.after(interval),
            Begins::At(_) => self.next_sample.min(self.next_push),
        })
    }

    fn sample(&mut self, at: Time, value: Option<f64>) {
        self.is_replayed = true;
        self.replay(at, false);
        if let Some(value) = value {
            if self.recorded.is_none() {
                // The recording begins here: so does the handle.
                self.queued.clear();
                self.report = Report::default();
                (self.next_sample, self.next_push) = (at, at);
            }
            self.recorded = Some(value);
        }
    }

    fn reading(&mut self, now: Time) -> Reading {
        self.replay(now, true);
        if self.stale {
            self.merge();
        }
        // A recording that has not said anything yet says nothing.
        let known = !self.is_replayed || self.recorded.is_some();
        let value = known.then(|| self.merged.at(now.as_secs_f64(), self.aggregation));
        Reading { value, at: now }
    }

    fn wants(&self) -> Wants {
        Wants::Replicas
    }

    fn fleet_changed(&mut self, _: Time, ready: &[u64]) {
        self.running.clear();
        self.running.extend_from_slice(ready);
        self.stale = true;
    }

    fn found_nobody(&mut self, now: Time, waiting: u64) {
        if let Begins::At(since) = self.begins
            && since <= now
        {
            self.push(now, waiting as f64);
        }
    }
}
