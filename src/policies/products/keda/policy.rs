//! Both loops over one count: the operator's polls, and the passes of the autoscaler that KEDA made.
//!
//! Polls at 0, `pollingInterval`, twice that, ...; passes at one sync period, two, ... At one instant the pass comes first,
//! so that a count a poll writes is seen by the autoscaler a period later. Either asks every trigger itself; a trigger
//! with `useCachedMetrics` is asked by polls alone.

use super::Knobs;
use super::cron::Known;
use super::native::{COMPOSITE, Model, Source, Trigger};
use super::operator::{Found, Move, Operator};
use super::readings::{Asked, Failures, Outcome, composite};
use super::sensor::{self, Places};
use super::words::Active;
use crate::builtin::PolicyContext;
use crate::products::Words;
use crate::products::kubernetes_hpa::words::SourceKind;
use crate::products::kubernetes_hpa::{Hpa, policy::Scaler as HpaScaler};
use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, Stage, Why};
use autosim_engine::signal::Reading;
use autosim_engine::units::{Span, Time, WallClock};

/// The autoscaler of a model.
pub(super) fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let columns = &context.recorded.columns;
    let period = Span::from_secs(u64::from(model.scaled.polling_s));
    let polls = std::iter::successors(Some(Time::ZERO), |last| Some(last.after(period)));
    Autoscaler {
        policy: Box::new(Scaler::new(model, knobs, &context.clock, columns)),
        signals: sensor::signals(model, knobs, columns),
        cadence: Cadence::every(sync_period(knobs)),
        actuation_delay: Span::ZERO,
        wakeups: polls.take_while(|&poll| poll <= context.end).collect(),
    }
}

fn sync_period(knobs: &Knobs) -> Span {
    Span::from_secs(u64::from(knobs.hpa.sync_period_s))
}

/// A ScaledObject with its autoscaler, fed by readings.
#[derive(Debug, Clone)]
pub struct Scaler {
    model: Model,
    knobs: Knobs,
    clock: WallClock,
    columns: Vec<String>,
    places: Places,
    operator: Operator,
    /// The autoscaler as KEDA makes it.
    made: Hpa,
    /// It at work; `None` while it is paused.
    hpa: Option<HpaScaler>,
    next_pass: Time,
    next_poll: Time,
    failures: Failures,
    /// What the last poll found of each trigger.
    found: Vec<Option<f64>>,
    /// What is known of each trigger's calendar.
    calendars: Vec<Option<Known>>,
    /// A count that a pause is to set.
    pause_at: Option<u32>,
}

impl Scaler {
    /// Of a ScaledObject that is created at zero; `columns` are those of the recording that is played, if one is.
    pub fn new(model: &Model, knobs: &Knobs, clock: &WallClock, columns: &[String]) -> Self {
        let mut new = Self {
            model: model.clone(),
            knobs: knobs.clone(),
            clock: clock.clone(),
            columns: columns.to_vec(),
            places: Places::of(model, knobs, columns),
            operator: Operator::created(Time::ZERO),
            made: model.scaled.hpa(),
            hpa: None,
            next_pass: Time::ZERO,
            next_poll: Time::ZERO,
            failures: Failures::default(),
            found: Vec::new(),
            calendars: Vec::new(),
            pause_at: None,
        };
        new.start_or_pause(Time::ZERO);
        new
    }

    /// The object is changed at `now`.
    pub fn adopt(&mut self, model: &Model, now: Time) {
        let before = std::mem::replace(&mut self.model, model.clone());
        self.places = Places::of(model, &self.knobs, &self.columns);
        self.made = model.scaled.hpa();
        let (was, is) = (before.scaled.annotations, model.scaled.annotations);
        if was.is_paused() != is.is_paused() || was.paused_replicas != is.paused_replicas {
            return self.start_or_pause(now);
        }
        if let Some(hpa) = &mut self.hpa {
            hpa.adopt(&model.hpa(), &self.knobs.hpa);
        }
        let without_annotations = |scaled: &super::ScaledObject| super::ScaledObject {
            annotations: is,
            ..scaled.clone()
        };
        if without_annotations(&before.scaled) != model.scaled {
            self.next_poll = now;
            self.forget_polls();
        }
    }

    /// A pause stops the loop and deletes the autoscaler; its end makes both anew.
    fn start_or_pause(&mut self, now: Time) {
        let annotations = self.model.scaled.annotations;
        self.pause_at = annotations.paused_replicas;
        if annotations.is_paused() {
            self.hpa = None;
            self.operator.condition = Some(Active::ScaledObjectPaused);
            return;
        }
        self.hpa = Some(HpaScaler::new(&self.model.hpa(), &self.knobs.hpa, &self.columns));
        self.next_pass = now.after(sync_period(&self.knobs));
        self.next_poll = now;
        self.forget_polls();
    }

    fn forget_polls(&mut self) {
        let count = self.model.scaled.triggers.len();
        (self.found, self.calendars) = (vec![None; count], vec![None; count]);
    }

    /// When something is done next.
    pub fn next(&self) -> Option<Time> {
        self.hpa.as_ref().map(|_| self.next_pass.min(self.next_poll))
    }

    /// The operator, with what it remembers.
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The autoscaler, unless it is paused.
    pub const fn hpa(&self) -> Option<&HpaScaler> {
        self.hpa.as_ref()
    }

    /// What the trigger of this place returns now; `None` = it fails.
    fn look(&mut self, at: usize, seen: &Observation<'_>) -> Option<f64> {
        match &self.model.scaled.triggers[at].source {
            Source::Metric(_) => {
                let place = self.places.of_trigger(at)?;
                seen.readings.get(place)?.value
            }
            Source::Cron(calendar) => {
                let now = self.clock.at(seen.now)?.timestamp();
                let active = calendar.schedule.is_active(now, &mut self.calendars[at]);
                Some(if active { f64::from(calendar.replicas) } else { 0.0 })
            }
            Source::Resource(_) => None,
        }
    }

    /// What KEDA makes of every trigger that it asks itself, at a count of `current`.
    fn ask(&mut self, seen: &Observation<'_>, current: i32, by_poll: bool) -> Vec<Asked> {
        let mut all = Vec::new();
        for at in 0..self.model.scaled.triggers.len() {
            let cached = match &self.model.scaled.triggers[at].source {
                Source::Metric(of) => of.cached && !by_poll,
                Source::Cron(_) => false,
                Source::Resource(_) => continue,
            };
            let raw = if cached { self.found[at] } else { self.look(at, seen) };
            if by_poll {
                self.found[at] = raw;
            }
            let trigger = &self.model.scaled.triggers[at];
            let Some((metric, target)) = trigger.metric() else { continue };
            let fallback = self.model.scaled.fallback;
            let outcome =
                self.failures.outcome(metric, raw, target, fallback, (current, seen.census.ready));
            all.push(Asked { trigger: at, raw, outcome });
        }
        all
    }

    /// A pass of the autoscaler.
    fn pass(&mut self, seen: &Observation<'_>, mut hpa: HpaScaler) -> Decision {
        let current = i32::try_from(seen.desired).unwrap_or(i32::MAX);
        // It asks for metrics only where it evaluates them.
        let asks = current > 0 && (self.made.min..=self.made.max).contains(&current);
        let asked = if asks { self.ask(seen, current, false) } else { Vec::new() };
        let of_composite = self.model.scaled.modifiers.as_ref().map(|modifiers| {
            let ready = seen.census.ready;
            composite(modifiers, self.model.scaled.fallback, &asked, (current, ready)).value()
        });
        let mut resource = 0;
        let mut readings = Vec::new();
        for metric in &self.made.metrics {
            let value = match metric.kind {
                SourceKind::External if metric.name == COMPOSITE => of_composite.flatten(),
                SourceKind::External => {
                    let is_it = |one: &&Asked| {
                        let metric_of = self.model.scaled.triggers[one.trigger].metric();
                        metric_of.is_some_and(|(name, _)| name == metric.name)
                    };
                    asked.iter().find(is_it).and_then(|one| one.outcome.value())
                }
                SourceKind::Resource
                | SourceKind::ContainerResource
                | SourceKind::Pods
                | SourceKind::Object => {
                    resource += 1;
                    let place = self.places.of_resource(resource - 1);
                    seen.readings.get(place).and_then(|reading| reading.value)
                }
            };
            readings.push(Reading { value, at: seen.now });
        }
        readings.extend(self.places.counts(seen.readings));
        let decision = hpa.observe(&seen.with_readings(&readings));
        self.hpa = Some(hpa);
        decision
    }

    /// A poll of the operator, after a pass at the same instant if there was one.
    fn poll(&mut self, seen: &Observation<'_>, before: Option<Decision>) -> Decision {
        let desired = before.map_or(seen.desired, |decision| decision.desired);
        let current = i32::try_from(desired).unwrap_or(i32::MAX);
        let asked = self.ask(seen, current, true);
        let (found, why) = self.judge(&asked, current, seen.census.ready);
        let done = self.operator.poll(seen.now, &self.model.scaled, found, current);
        let then = |stage, to: i32, why| {
            let to = u32::try_from(to).unwrap_or(0);
            match before {
                Some(decision) => decision.then(stage, to, why),
                None => seen.by(stage, to, why),
            }
        };
        match done {
            Move::Activate(to) => then(Stage::Mode, to, why),
            Move::OutPaused => then(Stage::Mode, current, Why::Note("paused-scale-out")),
            Move::Stay => then(Stage::Mode, current, why),
            Move::Failing => then(Stage::Mode, current, Why::NoData),
            Move::InPaused => then(Stage::Mode, current, Why::Note("paused-scale-in")),
            Move::ToMinimum(to) => {
                let why = Why::Limit { name: "minReplicaCount", value: f64::from(to) };
                then(Stage::Bounds, to, why)
            }
            Move::Rest => then(Stage::Mode, current, Why::Note("no trigger is active")),
            Move::Deactivate { to, idle, left } => {
                let why = match idle {
                    Some(idle) => Why::Idle { seconds: idle.as_secs_f64() },
                    None => Why::Note("no trigger was ever active"),
                };
                let decision = then(Stage::Mode, to, why);
                left.map_or(decision, |left| cooling(decision, desired, idle.is_some(), left))
            }
        }
    }

    /// What a poll finds, and by what.
    fn judge(&self, asked: &[Asked], current: i32, ready: u32) -> (Found, Why) {
        let scaled = &self.model.scaled;
        let failed = asked.iter().any(|one| one.outcome == Outcome::Failed);
        let because = if scaled.annotations.forced {
            Some(Why::Note("force-activation"))
        } else if let Some(modifiers) = &scaled.modifiers {
            let of = composite(modifiers, scaled.fallback, asked, (current, ready));
            let above = of.value().filter(|&value| !failed && value > modifiers.activation);
            above.map(|value| Why::Level { value, level: modifiers.activation })
        } else if scaled.is_by_resources_alone() {
            Some(Why::Note("cpu and memory alone are always active"))
        } else {
            asked.iter().find_map(|one| because(one, &scaled.triggers[one.trigger]))
        };
        (Found { active: because.is_some(), failed }, because.unwrap_or(Why::Plain))
    }

    /// The conditions, in a word: those of the autoscaler, then the operator's.
    fn state(&self) -> u32 {
        let hpa = self.hpa.as_ref().map_or(0, |hpa| hpa.controller().conditions.pack());
        let active = self.operator.condition;
        let place = active.and_then(|one| Active::ALL.iter().position(|(known, _)| *known == one));
        hpa | place.map_or(0, |at| at as u32 + 1) << 16
    }
}

/// The count stays where it was until a cooldown is over: that after activity, or that after the creation.
fn cooling(decision: Decision, count: u32, was_active: bool, left: Span) -> Decision {
    let name = if was_active { "cooldownPeriod" } else { "initialCooldownPeriod" };
    let seconds_left = left.as_secs_f64();
    decision.then(Stage::Cooldown, count, Why::Until { name, seconds_left })
}

/// The reason of the condition Active out of the word that a decision carries.
pub fn condition(state: u32) -> Option<Active> {
    let place = (state as usize >> 16 & 15).checked_sub(1)?;
    Active::ALL.get(place).map(|&(reason, _)| reason)
}

/// By what a trigger is active, if it is.
fn because(asked: &Asked, trigger: &Trigger) -> Option<Why> {
    let number = u32::try_from(asked.trigger + 1).unwrap_or(u32::MAX);
    let level = match &trigger.source {
        Source::Metric(of) => of.activation,
        Source::Cron(_) | Source::Resource(_) => 0.0,
    };
    match asked.outcome {
        Outcome::Fallback(_) => Some(Why::Note("a trigger in fallback counts as active")),
        Outcome::Value(_) => {
            let value = asked.raw.filter(|&value| value > level)?;
            Some(Why::Rule { number, value, level })
        }
        Outcome::Failed => None,
    }
}

impl Policy for Scaler {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let mut decision = None;
        if let Some(count) = self.pause_at.take() {
            decision = Some(seen.by(Stage::Mode, count, Why::Note("paused-replicas")));
        }
        if seen.now >= self.next_pass
            && let Some(hpa) = self.hpa.take()
        {
            decision = Some(self.pass(seen, hpa));
            self.next_pass = seen.now.after(sync_period(&self.knobs));
        }
        if seen.now >= self.next_poll && self.hpa.is_some() {
            decision = Some(self.poll(seen, decision));
            let period = Span::from_secs(u64::from(self.model.scaled.polling_s));
            self.next_poll = seen.now.after(period);
        }
        let decision = decision.unwrap_or_else(|| match self.hpa {
            Some(_) => seen.hold(),
            None => seen.by(Stage::Mode, seen.desired, Why::Note("paused")),
        });
        decision.with_state(self.state())
    }

    // A request that finds no replica is seen at the next poll; what was set last still stands.
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        seen.hold().with_state(self.state())
    }
}
