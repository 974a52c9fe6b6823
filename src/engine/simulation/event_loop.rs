//! A run: serve to the next event of the event list, then do what is due, in order (rule 1).

use super::backend::Advance;
use super::event_list::{Control, Event, EventList, Measure, RolloutStep};
use super::facts::{RunFacts, sources};
use super::outcome::Outcome;
use super::senses::Senses;
use super::service::Service;
use super::setup::{Halt, ServiceSetup, Setup};
use crate::fleet::Rank;
use crate::fleet::dispatch::Sink;
use crate::marks;
use crate::units::{Span, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs one cell.
///
/// # Errors
/// [`Halt`] if too many requests wait at once, a signal names a service that is not there, or the run
/// is cancelled from outside.
pub fn run(setup: Setup) -> Result<Outcome, Halt> {
    let mut simulation = Simulation::new(setup)?;
    simulation.serve(Time::NEVER)?;
    Ok(simulation.finish())
}

/// The same in stretches that end at `horizons` and at the run's end, where `observer` hears what becomes
/// of every request of the first service: for tests, which look at requests one by one.
///
/// # Errors
/// As [`run`].
pub fn run_told(
    setup: Setup,
    horizons: impl IntoIterator<Item = Time>,
    observer: &mut (dyn Sink + Send),
) -> Result<Outcome, Halt> {
    let mut run = Run::<true>::new(setup, Some(observer))?;
    for horizon in horizons.into_iter().chain([Time::NEVER]) {
        if run.serve(horizon)? {
            break;
        }
    }
    Ok(run.finish())
}

/// One cell, to be run in stretches: [`run`] does it in one. What comes out does not depend on where the
/// stretches end.
pub struct Simulation(Run<'static, false>);

impl Simulation {
    /// Before the first request.
    ///
    /// # Errors
    /// [`Halt::UnknownService`].
    pub fn new(setup: Setup) -> Result<Self, Halt> {
        Run::new(setup, None).map(Self)
    }

    /// From event to event up to `horizon`, which never lies before an earlier one: takes every request that
    /// arrives before it. True once every request has met its fate or the drain limit has passed.
    ///
    /// # Errors
    /// [`Halt`] if too many requests wait at once or the run is cancelled from outside.
    pub fn serve(&mut self, horizon: Time) -> Result<bool, Halt> {
        self.0.serve(horizon)
    }

    /// Replicas that serve or start, of all services together.
    pub fn live_replicas(&self) -> usize {
        self.0.live_replicas()
    }

    /// What came of it; only after [`Simulation::serve`] said true.
    pub fn finish(self) -> Outcome {
        self.0.finish()
    }
}

/// The services on one clock. The first one's observer hears what becomes of every request.
struct Run<'a, const OBSERVED: bool> {
    services: Vec<Service<'a, OBSERVED>>,
    /// Per service: what its autoscaler sees.
    senses: Vec<Senses>,
    events: EventList,
    until: Until,
}

/// When and why a run ends.
struct Until {
    /// Arrivals stop.
    end: Time,
    /// The drain limit has passed.
    last: Time,
    stop_after: Time,
    /// Length of an interval of the timeline.
    timeline: Option<Span>,
    waiting_limit: u64,
    cancel: Option<Arc<AtomicBool>>,
}

impl<'a, const OBSERVED: bool> Run<'a, OBSERVED> {
    /// Before the first request.
    fn new(
        mut setup: Setup,
        mut observer: Option<&'a mut (dyn Sink + Send)>,
    ) -> Result<Self, Halt> {
        let sources = sources(&setup)?;
        let facts = RunFacts::new(&setup, &sources);
        let resources: Vec<_> = setup.services.iter().map(|service| service.resources).collect();
        let of_service = |(index, service): (u32, &mut ServiceSetup), sources: &Vec<usize>| {
            let (signals, initial) = (&mut service.autoscaler.signals, service.fleet.initial);
            Senses::new(signals, sources, &resources, initial, &facts.streams(index))
        };
        let services = (0..).zip(&mut setup.services).zip(&sources);
        let senses = services.map(|(service, sources)| of_service(service, sources)).collect();
        let mut run = Self {
            senses,
            services: Vec::new(),
            events: EventList::default(),
            until: Until {
                end: setup.window.end,
                last: setup.window.end + setup.window.drain_limit,
                stop_after: setup.stop_after.unwrap_or(Time::NEVER),
                timeline: setup.detail.timeline.filter(|length| !length.is_zero()),
                waiting_limit: setup.waiting_limit,
                cancel: setup.cancel,
            },
        };
        for (index, service) in (0_u32..).zip(setup.services) {
            run.services.push(Service::new(service, index, &facts, observer.take()));
            run.begin(index as usize, &facts);
        }
        Ok(run)
    }

    /// A service's initial fleet takes its place, and what is to happen to it is known.
    fn begin(&mut self, index: usize, facts: &RunFacts) {
        let (id, service) = (index as u32, &mut self.services[index]);
        service.begin();
        self.note(index);
        let service = &mut self.services[index];
        let cadence = service.controller.autoscaler.cadence;
        // After one period, and a phase of its own (rule 3).
        let first = Time::ZERO + cadence.interval + facts.control_phase(cadence, id);
        if !cadence.interval.is_zero() {
            let late = service.controller.lateness.draw();
            self.events.add(first.after(late), id, Event::Control(Control::Periodic));
        }
        // A wakeup that falls on a regular control is that control (rule 18); drifting ones are known only as
        // they come.
        for &at in &service.controller.autoscaler.wakeups {
            let late = at.since(first).0.checked_rem(cadence.interval.0);
            if at >= first && late == Some(0) && cadence.drift.is_zero() {
                marks::hit("a wakeup that is a regular control", "");
            } else {
                self.events.add(at, id, Event::Control(Control::Wakeup));
            }
        }
        for (number, at) in self.senses[index].first_scrapes() {
            self.events.add(at, id, Event::Scrape(number));
        }
        for (at, event) in service.scripted() {
            self.events.add(at, id, event);
        }
        if let Some(length) = self.until.timeline {
            let at = (Time::ZERO + length).min(self.until.end);
            self.events.add(at, id, Event::Measure(Measure::Interval));
        }
        self.events.add(facts.window.warmup, id, Event::Measure(Measure::Open));
        self.events.add(self.until.end, id, Event::Measure(Measure::Close));
    }

    /// See [`Simulation::serve`].
    fn serve(&mut self, horizon: Time) -> Result<bool, Halt> {
        loop {
            if self.until.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                return Err(Halt::Interrupted);
            }
            self.not_halted()?;
            let now = self.events.next_at().unwrap_or(Time::NEVER).min(self.until.last);
            let stops = now > self.until.stop_after;
            // A request up to that instant may still wake a policy; arrivals come before a barrier.
            let next = if stops { self.until.stop_after.after(Span(1)) } else { now };
            if stops || next > horizon {
                // A barrier where nothing changes; a policy that is woken may change something before it.
                if !self.advance_all(next.min(horizon))? {
                    continue;
                }
                return if next <= horizon { self.ended() } else { Ok(false) };
            }
            if self.ask_ahead(now) {
                continue;
            }
            if !self.advance_all(now)? {
                continue; // a policy was woken: there may be earlier events now
            }
            while let Some(due) = self.events.pop(now, |rank| rank < Rank::PatienceEnded) {
                self.handle(now, due);
            }
            for service in &mut self.services {
                service.backend.expire(now);
            }
            while let Some(due) = self.events.pop(now, |_| true) {
                self.handle(now, due);
            }
            if now >= self.until.end && (now >= self.until.last || self.all_settled(now)) {
                return self.ended();
            }
        }
    }

    /// Every policy could decide, and no fleet was told to grow beyond what memory is granted for.
    fn not_halted(&self) -> Result<(), Halt> {
        self.services.iter().find_map(|service| service.halted.clone()).map_or(Ok(()), Err)
    }

    fn live_replicas(&self) -> usize {
        self.services.iter().map(|service| service.backend.census().live() as usize).sum()
    }

    /// It is over, unless it halted at the end or traffic broke off.
    fn ended(&self) -> Result<bool, Halt> {
        self.not_halted()?;
        for service in &self.services {
            if let Some(why) = service.backend.traffic_failure() {
                return Err(Halt::Traffic { service: service.name.clone(), why });
            }
        }
        Ok(true)
    }

    /// Asks a policy whose control comes first at `now`, if the planes need not be brought there: it sees
    /// what was scraped before and a fleet that only the event list changes. A loop of ten controls a second
    /// costs no barriers then. False if there is none.
    fn ask_ahead(&mut self, now: Time) -> bool {
        let mut all = self.services.iter().zip(&self.senses);
        if now >= self.until.end || !all.all(|(service, senses)| service.is_known_ahead(senses)) {
            return false;
        }
        let Some(due) = self.events.pop(now, |rank| rank == Rank::Controlled) else { return false };
        marks::hit("asked before the planes get there", "");
        self.handle(now, due);
        true
    }

    fn all_settled(&mut self, now: Time) -> bool {
        let mut settled = true;
        for service in &mut self.services {
            settled &= service.backend.is_settled(now); // each is looked at: that files its completions
        }
        settled
    }

    /// Brings every service to `now`, in their order (rule 13); false if one had to stop before, at zero
    /// replicas.
    fn advance_all(&mut self, now: Time) -> Result<bool, Halt> {
        for index in 0..self.services.len() {
            loop {
                match self.services[index].backend.advance(now) {
                    Advance::Reached => break,
                    Advance::TooMany(at) => {
                        return Err(Halt::TooManyWaiting {
                            service: self.services[index].name.clone(),
                            limit: self.until.waiting_limit,
                            at_s: at.0 / 1_000_000_000,
                        });
                    }
                    Advance::Starved(at) => {
                        if self.activate(index, at) {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    /// A request found no live replica (rules 6, 27, 28); true if that put something into the event list.
    fn activate(&mut self, index: usize, at: Time) -> bool {
        let (service, senses) = (&mut self.services[index], &mut self.senses[index]);
        senses.found_nobody(at, &mut service.backend);
        let decision = service.control(at, true, senses);
        let delay = service.controller.autoscaler.actuation_delay;
        // No change: what a quota refused is asked for again at the next control.
        if decision.desired == service.backend.desired {
            return false;
        }
        let order = service.order(&decision);
        if delay.is_zero() {
            service.actuate(at, order);
            self.note(index);
        } else {
            service.controller.orders_under_way += 1;
            self.events.add(at + delay, index as u32, Event::Actuate(order));
        }
        true
    }

    fn handle(&mut self, now: Time, (index, event): (usize, Event)) {
        let service = &mut self.services[index];
        match event {
            Event::Gone(id) => service.backend.gone(now, id),
            Event::Fail(ordinal, id) => {
                service.backend.fail(now, id, ordinal);
                self.world_changed(now, index);
            }
            Event::Outage(number) => {
                service.backend.outage(now, number);
                self.world_changed(now, index);
            }
            Event::Ready(ordinal, id) => {
                service.backend.ready(now, id, ordinal);
                self.world_changed(now, index);
            }
            Event::Rollout(step) => service.roll(now, step),
            Event::Measure(what) => self.measure(now, index, what),
            Event::Pace(pace) => service.backend.change_pace(now, pace),
            Event::Resize(number) => {
                let cores = service.backend.fleet.spec().resizes[number as usize].cores;
                self.senses.iter_mut().for_each(|senses| senses.resized(index, cores));
            }
            Event::Scrape(number) => self.scrape(now, index, number),
            Event::Control(control) => self.control(now, index, control),
            Event::Intervene(replicas) => service.intervene(now, replicas),
            Event::Actuate(order) => {
                service.controller.orders_under_way -= 1;
                service.actuate(now, order);
            }
        }
        self.note(index);
    }

    fn measure(&mut self, now: Time, index: usize, what: Measure) {
        self.services[index].measure(now, what);
        if let (Measure::Interval, Some(length)) = (what, self.until.timeline)
            && now < self.until.end
        {
            let next = (now + length).min(self.until.end);
            self.events.add(next, index as u32, Event::Measure(Measure::Interval));
        }
    }

    fn scrape(&mut self, now: Time, index: usize, number: u32) {
        let senses = &mut self.senses[index];
        let source = &mut self.services[senses.source(number)].backend;
        let next = senses.scrape(now, number, source);
        self.events.add(next, index as u32, Event::Scrape(number));
    }

    fn control(&mut self, now: Time, index: usize, control: Control) {
        let (service, senses) = (&mut self.services[index], &mut self.senses[index]);
        senses.notice_nobody(now, &mut service.backend);
        let decision = service.control(now, false, senses);
        let autoscaler = &service.controller.autoscaler;
        let (delay, interval) = (autoscaler.actuation_delay, autoscaler.cadence.interval);
        let order = service.order(&decision);
        // An order that would change nothing is not worth an event of its own.
        if service.is_as_ordered(order) {
            marks::hit("an order that changes nothing", "");
        } else {
            service.controller.orders_under_way += 1;
            self.events.add(now + delay, index as u32, Event::Actuate(order));
        }
        if control == Control::Periodic {
            let late = service.controller.lateness.draw();
            self.events.add((now + interval).after(late), index as u32, Event::Control(control));
        }
    }

    /// Replicas failed or are ready.
    fn world_changed(&mut self, now: Time, index: usize) {
        self.note(index);
        if self.services[index].backend.is_rolling() {
            let next = Event::Rollout(RolloutStep::Continue);
            self.events.add(now, index as u32, next);
        }
    }

    /// Puts what is to come into the event list.
    fn note(&mut self, index: usize) {
        for (at, event) in self.services[index].backend.take_changes() {
            self.events.add(at, index as u32, event);
        }
    }

    fn finish(self) -> Outcome {
        let (services, taken): (Vec<_>, Vec<u64>) =
            self.services.into_iter().map(Service::finish).unzip();
        Outcome { services, simulated_requests: taken.iter().sum() }
    }
}
