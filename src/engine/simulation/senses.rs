//! What one autoscaler sees: the sensors of its signals, and what they show it.

use super::backend::Backend;
use super::drift::Lateness;
use crate::control::{PartOf, SignalRef};
use crate::random::Streams;
use crate::signal::{Pipeline, Reading, Resources, Sensor, Shown, Wants};
use crate::units::{Span, Time};

/// The sensors of one autoscaler, in the order of its signals.
pub(super) struct Senses {
    senses: Vec<Sense>,
    readings: Vec<Reading>,
    /// Some sensor wants to be told of replicas one by one.
    one_by_one: bool,
    /// Some sensor looks at replicas at each control too.
    pub(super) inspects: bool,
    /// Some sensor wants to be told of requests that find no live replica.
    hears_of_nobody: bool,
    /// The set of ready replicas the sensors were last told of.
    told_of: u64,
    /// Whether that set was empty.
    pub(super) nobody_ready: bool,
    /// Requests taken at the last control that asked.
    taken_at_control: u64,
}

struct Sense {
    sensor: Box<dyn Sensor>,
    /// The service it is taken from.
    source: usize,
    resolution: Span,
    outages: Vec<(Time, Time)>,
    lateness: Lateness,
    part_of: Option<PartOf>,
}

impl Senses {
    /// A product's own sensors are taken out of the signals; every other one gets a pipeline. `resources`
    /// are those of all services, `initial` the replicas at the start.
    pub(super) fn new(
        signals: &mut [SignalRef],
        sources: &[usize],
        resources: &[Resources],
        initial: u32,
        streams: &Streams,
    ) -> Self {
        let one = |number: u32, signal: &mut SignalRef, source: usize| {
            let resources = resources[source];
            let part_of = signal.part_of;
            let scraped = part_of.is_none();
            let resolution = if scraped { signal.signal.resolution } else { Span::ZERO };
            let pipeline = || Box::new(Pipeline::new(signal.signal.clone(), resources)) as Box<_>;
            let sensor = match signal.sensor.take() {
                Some(mut sensor) => {
                    sensor.resources(resources);
                    sensor
                }
                None => pipeline(),
            };
            let outages = std::mem::take(&mut signal.outages);
            // The control loop is number 0.
            let lateness = Lateness::new(signal.drift, streams, number + 1);
            Sense { sensor, source, resolution, outages, lateness, part_of }
        };
        let all = (0..).zip(signals).zip(sources);
        let mut senses: Vec<Sense> =
            all.map(|((number, signal), &source)| one(number, signal, source)).collect();
        // What has no metric path of its own is out with the one it has.
        for at in 0..senses.len() {
            let outages = std::mem::take(&mut senses[at].outages);
            let path = senses[at].part_of.map_or(at, |one| one.signal);
            if let Some(path) = senses.get_mut(path) {
                path.outages.extend(outages);
            }
        }
        Self {
            readings: vec![Reading::default(); senses.len()],
            one_by_one: senses.iter().any(|sense| sense.sensor.wants() > Wants::Totals),
            inspects: senses.iter().any(|sense| sense.sensor.wants() == Wants::Work),
            hears_of_nobody: senses.iter().any(|sense| sense.sensor.hears_of_nobody()),
            senses,
            told_of: 0,
            nobody_ready: initial == 0,
            taken_at_control: 0,
        }
    }

    /// The first scrape of every signal that has any: after one period (rule 3).
    pub(super) fn first_scrapes(&mut self) -> impl Iterator<Item = (u32, Time)> {
        let scraped = (0..).zip(&mut self.senses).filter(|(_, sense)| !sense.resolution.is_zero());
        scraped.map(|(number, sense)| (number, sense.next_scrape(Time::ZERO)))
    }

    /// The service that signal is taken from.
    pub(super) fn source(&self, number: u32) -> usize {
        self.senses[number as usize].source
    }

    /// Scrapes a signal from its service; returns when to do so next.
    pub(super) fn scrape<const OBSERVED: bool>(
        &mut self,
        now: Time,
        number: u32,
        source: &mut Backend<'_, OBSERVED>,
    ) -> Time {
        let sense = &mut self.senses[number as usize];
        let is_out = sense.outages.iter().any(|&(from, until)| from <= now && now < until);
        let shown = sense.sensor.shown(now);
        source.with_probe(now, shown, |probe| match is_out {
            true => sense.sensor.miss(probe),
            false => sense.sensor.scrape(probe),
        });
        sense.next_scrape(now)
    }

    /// Replicas of that service request so many cores each from now on (rule 53).
    pub(super) fn resized(&mut self, source: usize, cores: f64) {
        let seen = self.senses.iter_mut().filter(|sense| sense.source == source);
        seen.for_each(|sense| sense.sensor.resized(cores));
    }

    /// A request found no live replica at `at`.
    pub(super) fn found_nobody<const OBSERVED: bool>(
        &mut self,
        at: Time,
        own: &mut Backend<'_, OBSERVED>,
    ) {
        if self.hears_of_nobody {
            let waiting = own.waiting(at);
            self.senses.iter_mut().for_each(|sense| sense.sensor.found_nobody(at, waiting));
        }
    }

    /// The sensors are told if a request came since the last control and no replica was ready at that.
    pub(super) fn notice_nobody<const OBSERVED: bool>(
        &mut self,
        now: Time,
        own: &mut Backend<'_, OBSERVED>,
    ) {
        if !self.one_by_one {
            return;
        }
        let taken = own.taken();
        let before = std::mem::replace(&mut self.taken_at_control, taken);
        if self.nobody_ready && taken > before {
            let (at, waiting) = (own.last_arrival(), own.waiting(now));
            self.senses.iter_mut().for_each(|sense| sense.sensor.found_nobody(at, waiting));
        }
    }

    /// What is known now, in the order of the signals: nothing newer than what was published (rule 3).
    pub(super) fn readings<const OBSERVED: bool>(
        &mut self,
        now: Time,
        own: &mut Backend<'_, OBSERVED>,
    ) -> &[Reading] {
        if self.one_by_one {
            self.tell_of_replicas(now, own);
            let inspecting = |sense: &&mut Sense| sense.sensor.wants() == Wants::Work;
            for sense in self.senses.iter_mut().filter(inspecting) {
                own.with_probe(now, Shown::All, |probe| sense.sensor.inspect(probe));
            }
        }
        for at in 0..self.readings.len() {
            let part_of = self.senses[at].part_of;
            self.readings[at] =
                match part_of.and_then(|one| Some((self.senses.get_mut(one.signal)?, one.part))) {
                    Some((sense, part)) => sense.sensor.part(now, part),
                    None => self.senses[at].sensor.reading(now),
                };
        }
        &self.readings
    }

    /// The sensors are told of the ready replicas, if they are others than last time.
    fn tell_of_replicas<const OBSERVED: bool>(&mut self, now: Time, own: &Backend<'_, OBSERVED>) {
        let changes = own.fleet.ready_changes();
        if std::mem::replace(&mut self.told_of, changes) != changes {
            let ready = own.ready_numbers();
            self.nobody_ready = ready.is_empty();
            self.senses.iter_mut().for_each(|sense| sense.sensor.fleet_changed(now, &ready));
        }
    }
}

impl Sense {
    fn next_scrape(&mut self, now: Time) -> Time {
        let next = self.sensor.next_scrape(now).unwrap_or(now + self.resolution);
        next.after(self.lateness.draw())
    }
}
