//! The algorithm of Scalingo, one evaluation a minute.
//!
//! 1. A metric becomes one value a minute: its mean.
//! 2. Requests per container are divided by the containers that run; a booting one does not.
//! 3. At the end of every minute:
//! 4. disabled: no decision, and the minute is stored all the same;
//! 5. a count out of bounds goes to the nearest bound at once, and that is all;
//! 6. out, if the last two minutes are above the target: one container, or for `rpm_per_container` as
//!    many as the last minute's requests need;
//! 7. in, if the last two minutes are at or below half of it: one container;
//! 8. out at least 60 s, in at least 180 s after the last scaling of either direction;
//! 9. minutes outlive scalings, and are judged by the present target;
//! 10. a minute without data breaks both rows.
//! 11. Never under two containers.

use super::app::TypeAutoscaler;
use super::native::AutoscalerSettings;
use super::swap::Swap;
use super::{App, Knobs, MetricName};
use crate::builtin::PolicyContext;
use crate::builtin::parts::ceil_count;
use crate::products::Words;
use autosim_engine::control::{
    Acts, Autoscaler, Cadence, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::{Basis, Signal};
use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// Between evaluations, and what a value is the mean of.
pub(super) const MINUTE: Span = Span::from_secs(60);
/// The places of the two alerts in the reasons of decisions: `alert_id_scale_up`, `alert_id_scale_down`.
const SCALE_UP: u32 = 1;
const SCALE_DOWN: u32 = 2;

/// The autoscaler of the process type that is scaled; of an app without one, a count at rest.
pub(super) fn autoscaler(app: &App, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let acting = app.acting();
    let metrics = acting.into_iter().flat_map(|one| one.versions.iter());
    let mut signals = Vec::new();
    let mut read: Vec<MetricName> = Vec::new();
    for metric in metrics.map(|version| version.settings.metric) {
        if !read.contains(&metric) {
            read.push(metric);
            signals.push(signal(metric, knobs).against(levels(acting, knobs)));
        }
    }
    let policy = Alerts {
        autoscaler: acting.cloned(),
        knobs: knobs.clone(),
        minutes: vec![VecDeque::new(); read.len()],
        read,
        last_out: None,
        last_in: None,
        last_scale: None,
        before_start: acting.and_then(|one| before_start(one, context)),
    };
    Autoscaler {
        policy: Box::new(policy),
        signals,
        cadence: Cadence::every(MINUTE),
        actuation_delay: Span::ZERO,
        wakeups: Vec::new(),
    }
}

/// Above the target it scales out, well below it in; settings that change have no level of their own.
fn levels(acting: Option<&TypeAutoscaler>, knobs: &Knobs) -> Vec<Level> {
    let Some([only]) = acting.map(|one| one.versions.as_slice()) else { return Vec::new() };
    let target = only.settings.target;
    vec![Level::of(target, Acts::Above), Level::of(knobs.scale_in_ratio * target, Acts::Below)]
}

/// How long before the start an answer says it was last scaled; `None` if never, or after the start.
fn before_start(one: &TypeAutoscaler, context: &PolicyContext) -> Option<Span> {
    let ago = context.clock.start().timestamp().duration_since(one.last_scale?);
    u64::try_from(ago.as_nanos()).ok().map(Span)
}

/// Steps 1 and 2.
fn signal(name: MetricName, knobs: &Knobs) -> SignalRef {
    let mut signal = Signal::of(name.metric(), MINUTE, MINUTE);
    if name == MetricName::RpmPerContainer {
        signal = signal.per(if knobs.count_booting { Basis::LiveNow } else { Basis::ReadyNow });
    }
    if name.is_fraction() {
        signal.unit = 100.0;
    }
    let sensor = (name == MetricName::Swap).then(|| Box::new(Swap::new(signal.clone())) as Box<_>);
    SignalRef { sensor, ..SignalRef::own(signal).named(name.name()) }
}

#[derive(Clone)]
struct Alerts {
    /// Whose settings may change while it runs.
    autoscaler: Option<TypeAutoscaler>,
    knobs: Knobs,
    /// The metrics of all its settings, in the order of the signals.
    read: Vec<MetricName>,
    /// The last minutes of each, newest last.
    minutes: Vec<VecDeque<Option<f64>>>,
    last_out: Option<Time>,
    last_in: Option<Time>,
    /// The last scaling of either direction, corrections of the count included.
    last_scale: Option<Time>,
    /// How long before the start the last scaling was, as an answer says, until there is another.
    before_start: Option<Span>,
}

impl Policy for Alerts {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.store(seen);
        let found = seen.desired;
        let Some(settings) = self.autoscaler.as_ref().map(|one| one.at(seen.now)) else {
            return seen.hold();
        };
        let decision = self.decide(&settings, seen);
        let corrects = found < settings.floor() || found > settings.ceiling();
        if decision.desired != found && (!corrects || self.knobs.correction_is_scaling) {
            self.before_start = None;
            self.last_scale = Some(seen.now);
            let own = if decision.desired > found { &mut self.last_out } else { &mut self.last_in };
            *own = Some(seen.now);
            if self.knobs.reset_history {
                self.minutes.iter_mut().for_each(VecDeque::clear);
            }
        }
        decision
    }
}

impl Alerts {
    /// Every minute of every metric is stored, whatever becomes of the decision.
    fn store(&mut self, seen: &Observation<'_>) {
        let keep = self.knobs.out_streak.max(self.knobs.in_streak) as usize;
        for (minutes, reading) in self.minutes.iter_mut().zip(seen.readings) {
            minutes.push_back(reading.value.filter(|value| value.is_finite()));
            if minutes.len() > keep {
                minutes.pop_front();
            }
        }
    }

    /// Steps 4 to 7.
    fn decide(&self, settings: &AutoscalerSettings, seen: &Observation<'_>) -> Decision {
        let found = seen.desired;
        if settings.disabled {
            return seen.by(Stage::Mode, found, Why::Note("disabled"));
        }
        let (floor, ceiling) = (settings.floor(), settings.ceiling());
        if found < floor || found > ceiling {
            let (to, name) = if found < floor { (floor, "min") } else { (ceiling, "max") };
            let why = Why::Limit { name, value: f64::from(to) };
            return self.within_quota(seen.by(Stage::Bounds, to, why), found);
        }
        let at = self.read.iter().position(|metric| *metric == settings.metric);
        let minutes = at.and_then(|at| self.minutes.get(at));
        let Some(value) = minutes.and_then(|minutes| minutes.back().copied().flatten()) else {
            return seen.propose(found, Why::NoData);
        };
        let row = |holds: &dyn Fn(f64) -> bool| {
            let newest_first = minutes.into_iter().flat_map(|minutes| minutes.iter().rev());
            newest_first.take_while(|minute| minute.is_some_and(holds)).count() as u32
        };
        let low = self.knobs.scale_in_ratio * settings.target;
        let over = row(&|minute| minute > settings.target);
        let under = row(&|minute| minute <= low);
        if over > 0 {
            self.scale_out(settings, seen, value, over)
        } else if under > 0 {
            self.scale_in(settings, seen, value, under)
        } else {
            seen.propose(found, Why::Quiet { value })
        }
    }

    /// Step 6; `have` minutes in a row are above the target.
    fn scale_out(
        &self,
        settings: &AutoscalerSettings,
        seen: &Observation<'_>,
        value: f64,
        have: u32,
    ) -> Decision {
        let (found, need) = (seen.desired, self.knobs.out_streak);
        if have < need {
            return seen.propose(found, Why::TooFew { number: SCALE_UP, have, need });
        }
        let level = settings.target;
        let mut wanted = found.saturating_add(1);
        let mut why = Why::Rule { number: SCALE_UP, value, level };
        if settings.metric == MetricName::RpmPerContainer && self.knobs.rpm_multi_step {
            let divisor =
                if self.knobs.count_booting { seen.census.live() } else { seen.census.ready };
            let total = value * f64::from(divisor);
            let needed = ceil_count(total / level);
            if needed > wanted {
                wanted = needed;
                why = Why::Total { total, each: level };
            }
        }
        let decision = seen.propose(wanted, why);
        let ceiling = settings.ceiling();
        let decision = match wanted > ceiling {
            true => {
                let why = Why::Limit { name: "max", value: f64::from(ceiling) };
                decision.then(Stage::Bounds, ceiling, why)
            }
            false => decision,
        };
        let last = if self.knobs.cooldown_cross { self.last_scale } else { self.last_out };
        let pause_s = self.knobs.out_cooldown_s;
        paused(self.within_quota(decision, found), seen, pause_s, self.since(last))
    }

    /// Step 7; `have` minutes in a row are well below the target.
    fn scale_in(
        &self,
        settings: &AutoscalerSettings,
        seen: &Observation<'_>,
        value: f64,
        have: u32,
    ) -> Decision {
        let (found, need) = (seen.desired, self.knobs.in_streak);
        if have < need {
            return seen.propose(found, Why::TooFew { number: SCALE_DOWN, have, need });
        }
        let level = self.knobs.scale_in_ratio * settings.target;
        let why = Why::Rule { number: SCALE_DOWN, value, level };
        let decision = seen.propose(found - 1, why);
        let floor = settings.floor();
        let decision = match decision.desired < floor {
            true => {
                let why = Why::Limit { name: "min", value: f64::from(floor) };
                decision.then(Stage::Bounds, floor, why)
            }
            false => decision,
        };
        let last = if self.knobs.cooldown_cross { self.last_scale } else { self.last_in };
        paused(decision, seen, self.knobs.in_cooldown_s, self.since(last))
    }

    /// The scaling a pause counts from: so long after the start, or so long before it. Of the one an answer
    /// tells of, the direction is not known.
    fn since(&self, last: Option<Time>) -> Option<(Time, Span)> {
        let told = self.before_start.filter(|_| self.knobs.cooldown_cross);
        last.map(|at| (at, Span::ZERO)).or(told.map(|ago| (Time::ZERO, ago)))
    }

    /// A quota stops growth, and takes nothing away.
    fn within_quota(&self, decision: Decision, found: u32) -> Decision {
        let Some(quota) = self.knobs.quota.map(|quota| quota.max(found)) else { return decision };
        if decision.desired <= quota {
            return decision;
        }
        decision.then(Stage::Bounds, quota, Why::Limit { name: "quota", value: f64::from(quota) })
    }
}

/// Step 8: exactly at the end of the pause it is over.
fn paused(
    decision: Decision,
    seen: &Observation<'_>,
    pause_s: u32,
    last: Option<(Time, Span)>,
) -> Decision {
    let pause = Span::from_secs(u64::from(pause_s));
    let end = last.map(|(at, ago)| at.after(pause).before(ago));
    match end {
        Some(end) if seen.now < end && decision.desired != seen.desired => {
            let name = match decision.desired > seen.desired {
                true => "cooldown before scale-out",
                false => "cooldown before scale-in",
            };
            let why = Why::Until { name, seconds_left: end.since(seen.now).as_secs_f64() };
            decision.then(Stage::Cooldown, seen.desired, why)
        }
        _ => decision,
    }
}
