//! One service while it runs: who serves, who decides, what is measured.

use super::backend::Backend;
use super::controller::Controller;
use super::event_list::{Event, Measure, Order, Pace, RolloutStep};
use super::facts::RunFacts;
use super::meter::Meter;
use super::outcome::ServiceOutcome;
use super::recorder::Recorded;
use super::senses::Senses;
use super::setup::{Halt, ServiceSetup};
use crate::control::{Decision, Observation};
use crate::fleet::dispatch::{Sink, most_replicas};
use crate::units::Time;

/// Its replicas and requests, its autoscaler, and its measurements.
pub(super) struct Service<'a, const OBSERVED: bool> {
    pub(super) name: String,
    pub(super) backend: Backend<'a, OBSERVED>,
    pub(super) controller: Controller,
    meter: Meter,
    /// Slots of a replica, as its metrics have it.
    slots: u32,
    /// More replicas would take more memory than a fleet may.
    most: u32,
    /// Why the run cannot go on.
    pub(super) halted: Option<Halt>,
}

impl<'a, const OBSERVED: bool> Service<'a, OBSERVED> {
    pub(super) fn new(
        setup: ServiceSetup,
        index: u32,
        run: &RunFacts,
        observer: Option<&'a mut (dyn Sink + Send)>,
    ) -> Self {
        Self {
            name: setup.name,
            controller: Controller::new(setup.autoscaler, setup.fleet.initial, index, run),
            meter: Meter::default(),
            slots: setup.resources.concurrency,
            most: most_replicas(&setup.fleet),
            halted: None,
            backend: Backend::new(setup.arrivals, setup.fleet, &setup.limits, observer, index, run),
        }
    }

    /// Asks the policy; returns the decision to actuate.
    pub(super) fn control(&mut self, now: Time, activation: bool, senses: &mut Senses) -> Decision {
        let readings = senses.readings(now, &mut self.backend);
        let (census, desired) = (self.backend.census(), self.backend.desired);
        let seen = Observation::new(now, census, desired, readings);
        let decision = self.controller.ask(&seen, activation);
        if let Some(why) = self.controller.autoscaler.policy.failure() {
            let (service, why) = (self.name.clone(), why.to_owned());
            self.halted.get_or_insert(Halt::Undecided { service, at: now, why });
        }
        decision
    }

    /// Whether nothing its policy sees can change before the next event of the event list: no request can
    /// find nobody, no replica goes when the plane says so, and nobody looks at replicas as they are then.
    pub(super) fn is_known_ahead(&self, senses: &Senses) -> bool {
        let census = self.backend.census();
        let stays = !self.backend.scales_per_request() && !senses.nobody_ready && !senses.inspects;
        census.ready > 0 && census.draining == 0 && stays
    }

    /// What its policy's newest decision comes to.
    pub(super) fn order(&self, decision: &Decision) -> Order {
        Order { replicas: decision.desired, in_path: self.controller.autoscaler.policy.proxies() }
    }

    /// Whether an order would change nothing when it arrives.
    pub(super) fn is_as_ordered(&self, order: Order) -> bool {
        // With a delay, replicas may fail or somebody else may set another count before the order arrives.
        let (spec, delay) = (self.backend.fleet.spec(), self.controller.autoscaler.actuation_delay);
        let stays = delay.is_zero() || !spec.failures.any() && spec.interventions.is_empty();
        self.controller.orders_under_way == 0 && stays && self.backend.is_as_ordered(order)
    }

    /// Somebody else than the policy sets the count (rule 49).
    pub(super) fn intervene(&mut self, now: Time, replicas: u32) {
        let seen = Observation::new(now, self.backend.census(), self.backend.desired, &[]);
        self.controller.overrule(&seen, replicas);
        self.actuate_as_of(now, replicas, now);
    }

    /// The initial fleet takes its place, behind a proxy or not.
    pub(super) fn begin(&mut self) {
        self.backend.put_proxy(Time::ZERO, self.controller.autoscaler.policy.proxies());
        self.backend.begin();
    }

    /// A decision takes effect: it is the count in force from now on (rules 11, 17), and a proxy is in the path or
    /// not (rule 54).
    pub(super) fn actuate(&mut self, now: Time, order: Order) {
        self.backend.put_proxy(now, order.in_path);
        let decided = now.before(self.controller.autoscaler.actuation_delay);
        self.actuate_as_of(now, order.replicas, decided);
    }

    fn actuate_as_of(&mut self, now: Time, desired: u32, decided: Time) {
        if desired.min(self.backend.fleet.spec().quota.unwrap_or(u32::MAX)) > self.most {
            let (service, at_s) = (self.name.clone(), now.0 / 1_000_000_000);
            self.halted = Some(Halt::TooManyReplicas { service, replicas: desired, at_s });
            return;
        }
        if !self.backend.scales_per_request() {
            self.controller.actions.note(now, self.backend.desired, desired);
        }
        self.backend.actuate(now, desired, decided);
        self.backend.roll(now);
    }

    /// A rollout begins or goes on.
    pub(super) fn roll(&mut self, now: Time, step: RolloutStep) {
        match step {
            RolloutStep::Begin(number) => self.backend.begin_rollout(now, number),
            RolloutStep::Continue => self.backend.roll(now),
        }
    }

    /// The window opens or closes, or an interval of the timeline ends.
    pub(super) fn measure(&mut self, now: Time, what: Measure) {
        let (meter, backend) = (&mut self.meter, &mut self.backend);
        match what {
            Measure::Interval => meter.end_interval(now, backend, &self.controller, self.slots),
            Measure::Open => meter.open(backend.snapshot(now)),
            Measure::Close => {
                meter.close(backend.snapshot(now));
                self.controller.actions.note_bound(now, None);
            }
        }
    }

    /// What is certain to happen when at the start.
    pub(super) fn scripted(&self) -> Vec<(Time, Event)> {
        let spec = self.backend.fleet.spec();
        let begins = |number| Event::Rollout(RolloutStep::Begin(number));
        let rollouts = (0..).zip(&spec.rollouts).map(|(number, one)| (one.at, begins(number)));
        let outages = (0..).zip(&spec.failures.outages);
        let outages = outages.map(|(number, one)| (one.at, Event::Outage(number)));
        let paces = spec.slowdowns.iter().flat_map(|slowdown| {
            [(slowdown.at, Pace::during(slowdown)), (slowdown.until, Pace::USUAL)]
        });
        let paces = paces.map(|(at, pace)| (at, Event::Pace(pace)));
        let interventions = spec.interventions.iter();
        let interventions = interventions.map(|one| (one.at, Event::Intervene(one.replicas)));
        let resizes = (0..).zip(&spec.resizes);
        let resizes = resizes.map(|(number, one)| (one.at, Event::Resize(number)));
        rollouts.chain(outages).chain(paces).chain(interventions).chain(resizes).collect()
    }

    /// The run is over: what came of it, and how many requests were simulated.
    pub(super) fn finish(mut self) -> (ServiceOutcome, u64) {
        self.backend.close();
        let (fleet, spec) = (&self.backend.fleet, self.backend.fleet.spec());
        let totals = self.meter.fleet_totals(spec, fleet.ledger(), &self.controller.actions);
        let users = self.meter.user_totals(spec);
        let taken = self.backend.taken();
        let Backend { mut fleet, told, .. } = self.backend;
        let mut recorder = told.recorder;
        let (presence, classes) = (recorder.presence(), recorder.take_classes());
        let (decisions, decisions_left_out) = self.controller.take_decisions();
        let Recorded { counts, latency, within, slo_minutes } = recorder.finish();
        let outcome = ServiceOutcome {
            name: self.name,
            counts,
            presence,
            latency,
            classes,
            fleet: totals,
            within,
            slo_minutes,
            timeline: self.meter.take_timeline(),
            decisions,
            decisions_left_out,
            supply: fleet.take_supply(),
            launches: fleet.take_launches(),
            users,
        };
        (outcome, taken)
    }
}
