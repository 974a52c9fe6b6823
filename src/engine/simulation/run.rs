//! The loop: serve to the next control event, then do what is due, in order (rule 1).

use super::calendar::{Calendar, Control, Entry, Event, Measure, RolloutStep};
use super::facts::{RunFacts, control_phase};
use super::outcome::Outcome;
use super::service::{Advance, Change, Service};
use super::setup::{Halt, ServiceSetup, Setup};
use crate::control::SignalRef;
use crate::fleet::dispatch::Sink;
use crate::random::Streams;
use crate::signal::{Pipeline, Resources, Sensor};
use crate::units::{Span, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Only the first service is observed; the others speak to nobody.
macro_rules! with_observer {
    ($run:ident, $index:expr, $observer:ident, |$service:ident, $sink:ident| $body:expr) => {{
        let $service = &mut $run.services[$index];
        if $index == 0 {
            let $sink = &mut *$observer;
            $body
        } else {
            let $sink = &mut ();
            $body
        }
    }};
}

/// Runs one cell. `observer` hears what becomes of every request of the first service; pass `&mut ()`
/// for none.
///
/// # Errors
/// [`Halt`] if too many requests wait at once, a signal names a service that is not there, or the run
/// is cancelled from outside.
pub fn run(setup: Setup, observer: &mut impl Sink) -> Result<Outcome, Halt> {
    let mut simulation = Simulation::new(setup, observer)?;
    simulation.serve(Time::NEVER, observer)?;
    Ok(simulation.finish(observer))
}

/// One cell, to be run in stretches: [`run`] does it in one. What comes out does not depend on where the
/// stretches end.
pub struct Simulation {
    services: Vec<Service>,
    /// Per service: what makes the readings of its autoscaler's signals.
    sensors: Vec<Vec<Box<dyn Sensor>>>,
    /// Per service and signal: the service it is taken from.
    sources: Vec<Vec<usize>>,
    calendar: Calendar,
    setup: Facts,
    changes: Vec<Change>,
}

/// What is left of the setup once the services have theirs.
struct Facts {
    seed: u64,
    replication: u32,
    warmup: Time,
    end: Time,
    last: Time,
    timeline: Option<Span>,
    waiting_limit: u64,
    stop_after: Time,
    cancel: Option<Arc<AtomicBool>>,
}

impl Simulation {
    /// Before the first request.
    ///
    /// # Errors
    /// [`Halt::UnknownService`].
    pub fn new(setup: Setup, observer: &mut impl Sink) -> Result<Self, Halt> {
        let mut simulation = Self::prepare(setup)?;
        simulation.begin(observer);
        Ok(simulation)
    }

    fn prepare(mut setup: Setup) -> Result<Self, Halt> {
        let sources = resolve_signals(&setup)?;
        let facts = RunFacts::new(&setup, &sources);
        let last = setup.window.end + setup.window.drain_limit;
        let kept = Facts {
            seed: setup.seed,
            replication: setup.replication,
            warmup: setup.window.warmup,
            end: setup.window.end,
            last,
            timeline: setup.detail.timeline.filter(|length| !length.is_zero()),
            waiting_limit: setup.waiting_limit,
            stop_after: setup.stop_after.unwrap_or(Time::NEVER),
            cancel: setup.cancel,
        };
        let sensors = sensors(&mut setup.services, &sources);
        let services = (0_u32..).zip(setup.services);
        Ok(Self {
            sensors,
            services: services.map(|(index, one)| Service::new(one, index, &facts)).collect(),
            sources,
            calendar: Calendar::default(),
            setup: kept,
            changes: Vec::new(),
        })
    }

    fn begin(&mut self, observer: &mut impl Sink) {
        for index in 0..self.services.len() {
            let mut changes = std::mem::take(&mut self.changes);
            with_observer!(self, index, observer, |service, sink| service
                .begin(&mut changes, sink));
            self.note(index, changes);
            self.schedule_service(index);
        }
    }

    fn schedule_service(&mut self, index: usize) {
        let (service, id) = (&self.services[index], index as u32);
        let streams = Streams::new(self.setup.seed, self.setup.replication, id);
        let cadence = service.autoscaler.cadence;
        let phase = control_phase(cadence.interval, cadence.random_phase, &streams);
        let first = Time::ZERO + cadence.interval + phase;
        if !cadence.interval.is_zero() {
            self.calendar.add(first, id, Event::Control(Control::Periodic));
        }
        // A wakeup that falls on a regular control is that control (rule 18).
        let regular =
            |at: Time| at >= first && at.since(first).0.checked_rem(cadence.interval.0) == Some(0);
        for &at in service.autoscaler.wakeups.iter().filter(|&&at| !regular(at)) {
            self.calendar.add(at, id, Event::Control(Control::Wakeup));
        }
        for (number, signal) in service.autoscaler.signals.iter().enumerate() {
            let wanted = self.sensors[index][number].next_scrape(Time::ZERO);
            if !signal.signal.resolution.is_zero() {
                let at = wanted.unwrap_or(Time::ZERO + signal.signal.resolution);
                self.calendar.add(at, id, Event::Scrape(number as u32));
            }
        }
        for (number, &at) in (0..).zip(&service.rollouts()) {
            self.calendar.add(at, id, Event::Rollout(RolloutStep::Begin(number)));
        }
        for (number, at) in (0..).zip(service.outages()) {
            self.calendar.add(at, id, Event::Outage(number));
        }
        if let Some(length) = self.setup.timeline {
            let at = (Time::ZERO + length).min(self.setup.end);
            self.calendar.add(at, id, Event::Measure(Measure::Interval));
        }
        self.calendar.add(self.setup.warmup, id, Event::Measure(Measure::Open));
        self.calendar.add(self.setup.end, id, Event::Measure(Measure::Close));
    }

    /// From event to event up to `horizon`, which never lies before an earlier one: takes every request that
    /// arrives before it. True once every request has met its fate or the drain limit has passed.
    ///
    /// # Errors
    /// [`Halt`] if too many requests wait at once or the run is cancelled from outside.
    pub fn serve(&mut self, horizon: Time, observer: &mut impl Sink) -> Result<bool, Halt> {
        loop {
            if self.setup.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                return Err(Halt::Interrupted);
            }
            let now = self.calendar.next_at().unwrap_or(Time::NEVER).min(self.setup.last);
            let stops = now > self.setup.stop_after;
            // A request up to that instant may still wake a policy; arrivals come before a barrier.
            let next = if stops { self.setup.stop_after.after(Span(1)) } else { now };
            if stops || next > horizon {
                // A barrier where nothing changes; a policy that is woken may change something before it.
                if !self.advance_all(next.min(horizon), observer)? {
                    continue;
                }
                return if next <= horizon { self.ended() } else { Ok(false) };
            }
            if self.ask_ahead(now, observer) {
                continue;
            }
            if !self.advance_all(now, observer)? {
                continue; // a policy was woken: there may be earlier events now
            }
            while let Some(entry) = self.calendar.pop(now, Event::changes_world) {
                self.handle(entry, observer);
            }
            for index in 0..self.services.len() {
                with_observer!(self, index, observer, |service, sink| service.expire(now, sink));
            }
            while let Some(entry) = self.calendar.pop(now, |_| true) {
                self.handle(entry, observer);
            }
            if now >= self.setup.end && (now >= self.setup.last || self.all_settled(now, observer))
            {
                return self.ended();
            }
        }
    }

    /// Replicas that serve or start, of all services together.
    pub fn live_replicas(&self) -> usize {
        self.services.iter().map(Service::live_replicas).sum()
    }

    /// It is over, unless traffic broke off.
    fn ended(&self) -> Result<bool, Halt> {
        self.services.iter().find_map(Service::traffic_failure).map_or(Ok(true), Err)
    }

    /// Asks a policy whose control comes first at `now`, if the planes need not be brought there: it sees
    /// what was scraped before and a fleet that only the calendar changes. A loop of ten controls a second
    /// costs no barriers then. False if there is none.
    fn ask_ahead(&mut self, now: Time, observer: &mut impl Sink) -> bool {
        if now >= self.setup.end || !self.services.iter().all(Service::is_known_ahead) {
            return false;
        }
        let Some(entry) = self.calendar.pop(now, |event| matches!(event, Event::Control(_))) else {
            return false;
        };
        self.handle(entry, observer);
        true
    }

    fn all_settled(&mut self, now: Time, observer: &mut impl Sink) -> bool {
        let mut settled = true;
        for index in 0..self.services.len() {
            settled &= with_observer!(self, index, observer, |service, sink| service
                .is_settled(now, sink));
        }
        settled
    }

    /// Brings every service to `now`; false if one had to stop before, at zero replicas.
    fn advance_all(&mut self, now: Time, observer: &mut impl Sink) -> Result<bool, Halt> {
        for index in 0..self.services.len() {
            loop {
                let reached = with_observer!(self, index, observer, |service, sink| service
                    .advance(now, sink));
                match reached {
                    Advance::Reached => break,
                    Advance::TooMany(at) => {
                        return Err(Halt::TooManyWaiting {
                            service: self.services[index].name.clone(),
                            limit: self.setup.waiting_limit,
                            at_s: at.0 / 1_000_000_000,
                        });
                    }
                    Advance::Starved(at) => {
                        if self.activate(index, at, observer) {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    /// A request found no live replica (rules 6, 27, 28); true if that put something into the calendar.
    fn activate(&mut self, index: usize, at: Time, observer: &mut impl Sink) -> bool {
        if self.sensors[index].iter().any(|sensor| sensor.wants_replicas()) {
            let waiting =
                with_observer!(self, index, observer, |service, sink| service.waiting(at, sink));
            let sensors = &mut self.sensors[index];
            sensors.iter_mut().for_each(|sensor| sensor.found_nobody(at, waiting));
        }
        let sensors = &mut self.sensors[index];
        let service = &mut self.services[index];
        let decision = service.control(at, true, sensors);
        let delay = service.autoscaler.actuation_delay;
        // No change: what a quota refused is asked for again at the next control.
        if decision.desired == service.desired {
            return false;
        }
        if delay.is_zero() {
            self.actuate(index, at, decision.desired, observer);
        } else {
            service.orders_under_way += 1;
            self.calendar.add(at + delay, index as u32, Event::Actuate(decision.desired));
        }
        true
    }

    fn handle(&mut self, entry: Entry, observer: &mut impl Sink) {
        let (now, index) = (entry.at, entry.service as usize);
        match entry.event {
            Event::Gone(id) => self.services[index].gone(now, id),
            Event::Fail(..) | Event::Outage(_) | Event::Ready(..) => {
                self.change_world(index, now, entry.event, observer);
            }
            Event::Rollout(step) => self.roll(index, now, step, observer),
            Event::Measure(what) => self.measure(now, index, what, observer),
            Event::Scrape(number) => self.scrape(now, index, number, observer),
            Event::Control(control) => self.control(now, index, control, observer),
            Event::Actuate(desired) => {
                self.services[index].orders_under_way -= 1;
                self.actuate(index, now, desired, observer);
            }
        }
    }

    fn measure(&mut self, now: Time, index: usize, what: Measure, observer: &mut impl Sink) {
        with_observer!(self, index, observer, |service, sink| {
            match what {
                Measure::Interval => service.end_interval(now, sink),
                Measure::Open => service.open(now, sink),
                Measure::Close => service.close(now, sink),
            }
        });
        if let (Measure::Interval, Some(length)) = (what, self.setup.timeline)
            && now < self.setup.end
        {
            let next = (now + length).min(self.setup.end);
            self.calendar.add(next, index as u32, Event::Measure(Measure::Interval));
        }
    }

    fn scrape(&mut self, now: Time, index: usize, number: u32, observer: &mut impl Sink) {
        let source = self.sources[index][number as usize];
        let sensor = &mut self.sensors[index][number as usize];
        with_observer!(self, source, observer, |service, sink| {
            service.with_probe(now, sink, |probe| sensor.scrape(probe));
        });
        let wanted = sensor.next_scrape(now);
        let signals = &self.services[index].autoscaler.signals;
        let next = wanted.unwrap_or(now + signals[number as usize].signal.resolution);
        self.calendar.add(next, index as u32, Event::Scrape(number));
    }

    fn control(&mut self, now: Time, index: usize, control: Control, observer: &mut impl Sink) {
        if self.sensors[index].iter().any(|sensor| sensor.wants_replicas())
            && let Some(at) = self.services[index].found_nobody()
        {
            let waiting =
                with_observer!(self, index, observer, |service, sink| service.waiting(now, sink));
            let sensors = &mut self.sensors[index];
            sensors.iter_mut().for_each(|sensor| sensor.found_nobody(at, waiting));
        }
        let service = &mut self.services[index];
        let decision = service.control(now, false, &mut self.sensors[index]);
        let (delay, interval) =
            (service.autoscaler.actuation_delay, service.autoscaler.cadence.interval);
        // An order that would change nothing is not worth an event of its own.
        if !service.is_as_ordered(decision.desired) {
            service.orders_under_way += 1;
            self.calendar.add(now + delay, index as u32, Event::Actuate(decision.desired));
        }
        if control == Control::Periodic {
            self.calendar.add(now + interval, index as u32, Event::Control(control));
        }
    }

    fn actuate(&mut self, index: usize, now: Time, desired: u32, observer: &mut impl Sink) {
        let mut changes = std::mem::take(&mut self.changes);
        with_observer!(self, index, observer, |service, sink| {
            service.actuate(now, desired, &mut changes, sink);
            service.roll(now, &mut changes, sink);
        });
        self.note(index, changes);
    }

    /// Replicas fail or are ready.
    fn change_world(&mut self, index: usize, now: Time, event: Event, observer: &mut impl Sink) {
        let mut changes = std::mem::take(&mut self.changes);
        with_observer!(self, index, observer, |service, sink| match event {
            Event::Fail(ordinal, id) => service.fail(now, id, ordinal, &mut changes, sink),
            Event::Outage(number) => service.outage(now, number, &mut changes, sink),
            Event::Ready(ordinal, id) => service.ready(now, id, ordinal, &mut changes, sink),
            _ => {}
        });
        self.note(index, changes);
        if self.services[index].is_rolling() {
            let next = Event::Rollout(RolloutStep::Continue);
            self.calendar.add(now, index as u32, next);
        }
    }

    /// A rollout begins or goes on.
    fn roll(&mut self, index: usize, now: Time, step: RolloutStep, observer: &mut impl Sink) {
        let mut changes = std::mem::take(&mut self.changes);
        with_observer!(self, index, observer, |service, sink| match step {
            RolloutStep::Begin(number) => service.begin_rollout(now, number, &mut changes, sink),
            RolloutStep::Continue => service.roll(now, &mut changes, sink),
        });
        self.note(index, changes);
    }

    /// Puts what is to come into the calendar.
    fn note(&mut self, index: usize, mut changes: Vec<Change>) {
        for change in changes.drain(..) {
            match change {
                Change::Coming(id, ordinal, at) => {
                    self.calendar.add(at, index as u32, Event::Ready(ordinal, id));
                }
                Change::Failing(id, ordinal, at) => {
                    self.calendar.add(at, index as u32, Event::Fail(ordinal, id));
                }
                Change::Going(id, at) => self.calendar.add(at, index as u32, Event::Gone(id)),
            }
        }
        self.changes = changes;
    }

    /// What came of it; only after [`Simulation::serve`] said true.
    pub fn finish(self, observer: &mut impl Sink) -> Outcome {
        let mut simulated_requests = 0;
        let mut services = Vec::new();
        for (index, service) in self.services.into_iter().enumerate() {
            let (outcome, taken) =
                if index == 0 { service.finish(observer) } else { service.finish(&mut ()) };
            simulated_requests += taken;
            services.push(outcome);
        }
        Outcome { services, simulated_requests }
    }
}

/// A product's own sensors are taken out of the setup; every other signal gets a pipeline.
fn sensors(services: &mut [ServiceSetup], sources: &[Vec<usize>]) -> Vec<Vec<Box<dyn Sensor>>> {
    let resources: Vec<Resources> = services.iter().map(|service| service.resources).collect();
    let one = |(signal, &source): (&mut SignalRef, &usize)| {
        let pipeline =
            || Box::new(Pipeline::new(signal.signal.clone(), resources[source])) as Box<_>;
        match signal.sensor.take() {
            Some(mut sensor) => {
                sensor.resources(resources[source]);
                sensor
            }
            None => pipeline(),
        }
    };
    let of_service = |(service, sources): (&mut ServiceSetup, &Vec<usize>)| {
        service.autoscaler.signals.iter_mut().zip(sources).map(one).collect()
    };
    services.iter_mut().zip(sources).map(of_service).collect()
}

fn resolve_signals(setup: &Setup) -> Result<Vec<Vec<usize>>, Halt> {
    let place = |own: usize, name: &Option<String>| match name {
        None => Ok(own),
        Some(name) => {
            setup.services.iter().position(|service| service.name == *name).ok_or_else(|| {
                Halt::UnknownService {
                    name: name.clone(),
                    service: setup.services[own].name.clone(),
                }
            })
        }
    };
    let all = setup.services.iter().enumerate();
    all.map(|(own, service)| {
        service.autoscaler.signals.iter().map(|signal| place(own, &signal.service)).collect()
    })
    .collect()
}
