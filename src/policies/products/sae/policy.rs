//! The algorithms: counts by the calendar (B1), the metric rule (B2), and the metric rule whose bounds a
//! calendar moves (B3).

use super::calendar::{Calendar, Special, Trigger};
use super::knobs::{Knobs, Stops};
use super::native::{Bounds, Direction, Kind, MetricRule, Model, Target};
use crate::builtin::PolicyContext;
use crate::builtin::parts::{Amount, Changes, RateLimit, RateLimits, Select, Stabilise};
use crate::products::Words;
use autosim_engine::control::{
    Autoscaler, Cadence, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::Basis;
use autosim_engine::units::{Span, Time};

/// The autoscaler of the rules in force.
pub(super) fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let every = Span::from_secs(u64::from(knobs.eval_period_s));
    let calendar = Calendar::new(knobs, &context.clock, context.end);
    let cadence = Cadence::every(every);
    let Some((rule, metric)) = model.elastic() else {
        let triggers = calendar.triggers(model, context.initial);
        let wakeups = once(triggers.iter().map(|trigger| trigger.at));
        return Autoscaler {
            policy: Box::new(Timing::new(triggers, model, knobs)),
            signals: Vec::new(),
            cadence,
            actuation_delay: Span::ZERO,
            wakeups,
        };
    };
    let timer = rule.timer.as_ref().filter(|_| rule.kind == Kind::Mix);
    let specials = timer.map_or_else(Vec::new, |timer| calendar.specials(timer));
    let wakeups = once(specials.iter().map(|special| special.at));
    let basis = if knobs.starting_counts { Basis::LiveNow } else { Basis::ReadyNow };
    let window = Span::from_secs(u64::from(knobs.resource_window_s));
    let signals = metric.metrics.iter().map(|target| {
        let signal = SignalRef::own(target.kind.signal(window, every, basis));
        let level = Level::target(target.limit.into()).bearing(knobs.tolerance);
        signal.named(target.kind.name()).against([level])
    });
    Autoscaler {
        signals: signals.collect(),
        policy: Box::new(Elastic::new(metric.clone(), specials, knobs, context)),
        cadence,
        actuation_delay: Span::ZERO,
        wakeups,
    }
}

fn once(instants: impl Iterator<Item = Time>) -> Vec<Time> {
    let mut instants: Vec<Time> = instants.collect();
    instants.dedup();
    instants
}

/// B1: triggers set a count; it is held until the next one.
#[derive(Clone)]
struct Timing {
    triggers: Vec<Trigger>,
    /// The first that lies ahead.
    next: usize,
    asked: bool,
    /// Steps of a metric part given with a timing rule, where they are not ignored.
    steps: Option<(Option<u32>, Option<u32>)>,
    /// Where steps are still to lead.
    toward: Option<(u32, Why)>,
}

impl Timing {
    fn new(triggers: Vec<Trigger>, model: &Model, knobs: &Knobs) -> Self {
        let metric = model.enabled().find_map(|rule| rule.metric.as_ref());
        let steps = metric.map(|metric| (metric.up.step, metric.down.step));
        let steps = steps.filter(|_| !knobs.timing_ignores_step);
        Self { triggers, next: 0, asked: false, steps, toward: None }
    }

    /// The newest trigger since the last observation; at the first one only one exactly then.
    fn newest(&mut self, now: Time) -> Option<Trigger> {
        let mut newest = None;
        while let Some(trigger) = self.triggers.get(self.next).filter(|next| next.at <= now) {
            if self.asked || trigger.at == now {
                newest = Some(*trigger);
            }
            self.next += 1;
        }
        self.asked = true;
        newest
    }
}

impl Policy for Timing {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let current = seen.desired;
        if let Some(trigger) = self.newest(seen.now) {
            let why = match trigger.number {
                0 => Why::Note("the rule's days are over"),
                number => Why::Entry { number, since_s: trigger.at.as_secs_f64() },
            };
            self.toward = Some((trigger.target, why));
        }
        let Some((target, why)) = self.toward else {
            return seen.by(Stage::Schedule, current, Why::Note("no trigger"));
        };
        let decision = seen.by(Stage::Schedule, target, why);
        let (up, down) = self.steps.unwrap_or_default();
        let step = if target > current { up } else { down };
        let Some(step) = step.filter(|step| target.abs_diff(current) > *step) else {
            self.toward = None;
            return decision;
        };
        let to = if target > current { current + step } else { current - step };
        decision.then(Stage::RateLimit, to, Why::Limit { name: "step", value: f64::from(step) })
    }
}

/// B2, and B3 where `specials` is not empty.
#[derive(Clone)]
struct Elastic {
    rule: MetricRule,
    specials: Vec<Special>,
    /// The first change of bounds that lies ahead.
    next: usize,
    /// The newest change that acted.
    special: Option<Special>,
    asked: bool,
    knobs: Knobs,
    /// Time between evaluations; zero where every question is one.
    every: Span,
    stabilise: Stabilise,
    limits: RateLimits,
    changes: Changes,
}

impl Elastic {
    fn new(
        rule: MetricRule,
        specials: Vec<Special>,
        knobs: &Knobs,
        context: &PolicyContext,
    ) -> Self {
        let period = Span::from_secs(u64::from(knobs.step_period_s));
        let limit = |direction: &Direction| {
            let step = direction.step.or(knobs.default_step)?;
            let limits = vec![(Amount::Count(step), period)];
            Some(RateLimit { limits, select: Select::default() })
        };
        let limits = RateLimits { up: limit(&rule.up), down: limit(&rule.down) };
        let past = knobs.seed_history.then_some((Time::ZERO, context.initial));
        Self {
            stabilise: Stabilise::remembering(rule.down.window, rule.up.window, past),
            changes: Changes::new(limits.memory()),
            limits,
            every: match context.recorded.by_rows {
                true => Span::ZERO,
                false => Span::from_secs(u64::from(knobs.eval_period_s)),
            },
            rule,
            specials,
            next: 0,
            special: None,
            asked: false,
            knobs: knobs.clone(),
        }
    }

    /// B3 steps 1, 2 and 4: the bounds in force, with the entry they come from, and whether one begins or
    /// ends right now. What began before the first question is past.
    fn bounds(&mut self, now: Time) -> (Bounds, Option<Why>, bool) {
        while let Some(special) = self.specials.get(self.next).filter(|next| next.at <= now) {
            if self.asked || special.at == now {
                self.special = Some(*special);
            }
            self.next += 1;
        }
        self.asked = true;
        let last = self.special;
        let changes = last.is_some_and(|special| special.at == now);
        let entry = last.and_then(|special| Some((special.at, special.entry?)));
        match entry {
            None => (self.rule.bounds, None, changes),
            Some((at, (number, bounds))) => {
                let why = Why::Entry { number, since_s: at.as_secs_f64() };
                (bounds, Some(why), changes)
            }
        }
    }

    /// B2 step 0: to the nearest bound.
    fn correct(seen: &Observation<'_>, bounds: Bounds, entry: Option<Why>) -> Option<Decision> {
        let (name, bound) = match seen.desired {
            low if low < bounds.min => ("min", bounds.min),
            high if high > bounds.max => ("max", bounds.max),
            _ => return None,
        };
        let limit = Why::Limit { name, value: f64::from(bound) };
        let stage = if entry.is_some() { Stage::Schedule } else { Stage::Bounds };
        Some(seen.by(stage, bound, entry.unwrap_or(limit)))
    }

    /// B2 steps 1 to 4; `None` if no metric has data.
    fn size(&self, seen: &Observation<'_>) -> Option<Decision> {
        let current = seen.desired;
        let mut wanted: Option<(u32, Why)> = None;
        let mut missing = false;
        for (number, (target, reading)) in (1..).zip(self.rule.metrics.iter().zip(seen.readings)) {
            let Some(value) = reading.value else {
                missing = true;
                continue;
            };
            let one = self.expected(current, value, *target);
            let level = f64::from(target.limit);
            if wanted.is_none_or(|(most, _)| one > most) {
                wanted = Some((one, Why::Rule { number, value, level }));
            }
        }
        let (wanted, why) = wanted?;
        if missing && self.knobs.missing_blocks_scale_in && wanted < current {
            return None;
        }
        Some(seen.propose(wanted, why))
    }

    fn expected(&self, current: u32, value: f64, target: Target) -> u32 {
        let limit = f64::from(target.limit);
        let off = (value / limit - 1.0).abs();
        if self.knobs.add_at_limit && off <= self.knobs.epsilon {
            return current.saturating_add(1);
        }
        if off <= self.knobs.tolerance + self.knobs.epsilon {
            return current;
        }
        (f64::from(current) * value / limit - self.knobs.epsilon).ceil() as u32
    }

    /// B2 step 7.
    fn disabled(&self, decision: Decision, current: u32) -> Decision {
        let up = self.rule.up.disabled;
        let stops_out = up && self.knobs.up_disabled_stops == Stops::ScaleOut;
        let stops_in = up && self.knobs.up_disabled_stops == Stops::ScaleIn;
        if decision.desired > current && stops_out {
            decision.then(Stage::RateLimit, current, Why::Note("scaleUpRules.disabled"))
        } else if decision.desired < current && self.rule.down.disabled {
            decision.then(Stage::RateLimit, current, Why::Note("scaleDownRules.disabled"))
        } else if decision.desired < current && stops_in {
            decision.then(Stage::RateLimit, current, Why::Note("scaleUpRules.disabled"))
        } else {
            decision
        }
    }

    /// B2 step 8.
    fn clamp(decision: Decision, bounds: Bounds, entry: Option<Why>) -> Decision {
        let desired = decision.desired;
        let (name, bound) = match desired {
            low if low < bounds.min => ("min", bounds.min),
            high if high > bounds.max => ("max", bounds.max),
            _ => return decision,
        };
        let limit = Why::Limit { name, value: f64::from(bound) };
        let stage = if entry.is_some() { Stage::Schedule } else { Stage::Bounds };
        decision.then(stage, bound, entry.unwrap_or(limit))
    }
}

impl Policy for Elastic {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let (now, current) = (seen.now, seen.desired);
        self.changes.note(now, current);
        let (bounds, entry, changes) = self.bounds(now);
        if self.knobs.correct_bounds_first
            && let Some(decision) = Self::correct(seen, bounds, entry)
        {
            return decision;
        }
        // Asked because bounds change between two evaluations: nothing else is done then.
        if changes && now.0.checked_rem(self.every.0).is_some_and(|late| late != 0) {
            return seen.propose(current, Why::Note("no evaluation now"));
        }
        let Some(decision) = self.size(seen) else {
            return seen.propose(current, Why::NoData);
        };
        let decision = self.stabilise.apply(decision, now, current);
        let decision = self.limits.apply(decision, now, current, &self.changes);
        let decision = self.disabled(decision, current);
        Self::clamp(decision, bounds, entry)
    }
}
