//! The autoscaler and the reconciler as a policy: their numbers as a decision with reasons.
//!
//! A tick every 2 s, and at once (the poke) where a request finds nothing while nothing is wanted. Of a recording
//! of samples every second is looked at, so that a poke between two ticks is seen.

use super::decider::{Spec, TICK, Tick};
use super::native::Settings;
use super::reconciler::{Active, Rules, ToZero};
use super::revision::{Revision, Step};
use super::sensor::{self, BUCKET, Reports};
use super::target::ScaleBy;
use crate::builtin::{PolicyContext, Recorded};
use crate::products::Words;
use autosim_engine::control::{
    Acts, Autoscaler, Cadence, Decision, Level, Observation, PartOf, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::{GaugeMode, Metric, Signal};
use autosim_engine::units::{Span, Time};

/// Said while nothing was ever decided.
pub(super) const UNKNOWN: &str = "nothing is known yet";
/// The name of the reason of a count that panic keeps.
pub(super) const PANIC: &str = "panic";

/// The autoscaler of a revision.
pub(super) fn autoscaler(settings: Settings, context: &PolicyContext) -> Autoscaler {
    let Recorded { by_rows, columns } = &context.recorded;
    let by_seconds = !by_rows && !columns.is_empty();
    // In a run both windows are fed by the same reports; a recording may have a column for each.
    let by_one = columns.is_empty();
    let mut signals = vec![signal(&settings, false), signal(&settings, true)];
    if by_one {
        signals[0].sensor = Some(Box::new(Reports::both(&settings)));
        (signals[1].sensor, signals[1].part_of) =
            (None, Some(PartOf { signal: 0, part: sensor::PANIC }));
    }
    let initial = context.initial;
    Autoscaler {
        policy: Box::new(Scaler { settings, initial, revision: None, by_seconds }),
        signals,
        cadence: Cadence::every(if by_seconds { BUCKET } else { TICK }),
        actuation_delay: Span::ZERO,
        wakeups: Vec::new(),
    }
}

/// The average over the stable or the panic window.
fn signal(settings: &Settings, panic: bool) -> SignalRef {
    let metric = match settings.metric {
        ScaleBy::Concurrency => Metric::OngoingRequests,
        ScaleBy::Rps => Metric::RequestsPerS,
    };
    // The window is the sensor's; a row of a recording is what lands in one bucket.
    let signal = Signal { gauge: GaugeMode::Integral, ..Signal::of(metric, BUCKET, BUCKET) };
    let name = settings.metric.name();
    let reports = if panic { Reports::panic(settings) } else { Reports::stable(settings) };
    let sensor = Some(Box::new(reports) as _);
    let told = SignalRef { sensor, ..SignalRef::own(signal) };
    let of_pod = |level| Level { each: true, ..level };
    let target = Level::target(settings.spec.target);
    match panic {
        true => {
            let value = settings.spec.target * settings.spec.panic_threshold;
            let told = told.named(format!("panic_{name}")).read_from(name);
            told.against([of_pod(Level::of(value, Acts::Above))])
        }
        false => told.named(name).against([of_pod(target)]),
    }
}

#[derive(Clone)]
struct Scaler {
    settings: Settings,
    /// Pods when it is enabled.
    initial: u32,
    /// `None` = not looked at yet.
    revision: Option<Revision>,
    /// It is asked every second, of which only every other is a tick.
    by_seconds: bool,
}

impl Policy for Scaler {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let is_tick = !self.by_seconds || seen.now.0.is_multiple_of(TICK.0);
        let averages = averages(seen);
        let revision = self.revision(seen);
        // Nothing was seen while nothing was wanted: what is seen now has just come.
        let is_poke = revision.desired == 0 && averages.is_some_and(|(stable, _)| stable > 0.0);
        match is_tick || is_poke {
            true => tick(revision, seen, averages),
            false => held(revision, seen),
        }
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let averages = averages(seen);
        let revision = self.revision(seen);
        match revision.desired {
            0 => tick(revision, seen, averages),
            _ => seen.hold(),
        }
    }

    /// The activator.
    fn proxies(&self) -> bool {
        match &self.revision {
            Some(revision) => revision.proxies(),
            None => taken_over(&self.settings, self.initial, self.initial).proxies(),
        }
    }
}

impl Scaler {
    fn revision(&mut self, seen: &Observation<'_>) -> &mut Revision {
        let Self { settings, initial, revision, .. } = self;
        revision.get_or_insert_with(|| taken_over(settings, *initial, seen.census.ready))
    }
}

/// A revision as it is found.
fn taken_over(settings: &Settings, pods: u32, ready: u32) -> Revision {
    Revision::taken_over(settings.spec, settings.rules, Time::ZERO, pods, ready)
}

/// The averages over the stable and the panic window, if there is data.
fn averages(seen: &Observation<'_>) -> Option<(f64, f64)> {
    let read = |at: usize| seen.readings.get(at)?.value.filter(|value| value.is_finite());
    Some((read(0)?, read(1)?))
}

fn tick(revision: &mut Revision, seen: &Observation<'_>, averages: Option<(f64, f64)>) -> Decision {
    let step = revision.tick(seen.now, seen.census.ready, averages);
    let decision = match (&step.tick, averages) {
        (Some(tick), Some((stable, _))) => decided(revision, seen, tick, stable),
        _ => undecided(revision, seen, Why::NoData),
    };
    let decision = bounded(decision, revision, seen, &step);
    with_status(to_zero(decision, seen, &step), revision)
}

/// What the autoscaler makes of the averages.
fn decided(revision: &Revision, seen: &Observation<'_>, tick: &Tick, stable: f64) -> Decision {
    let spec = &revision.spec;
    let formula = Why::Total { total: stable, each: spec.target };
    let decision = rated(seen.propose(tick.stable_pods as u32, formula), spec, tick);
    let activated = match tick.stable_pods > 0.0 {
        true => decision.desired.max(spec.activation_scale),
        false => decision.desired,
    };
    let scale = f64::from(spec.activation_scale);
    let why = Why::Limit { name: "activation-scale", value: scale };
    let decision = changed(decision, Stage::RateLimit, activated, why);
    let decision = panicking(decision, revision, seen, tick.panic_floor);
    let delayed = tick.delayed.map_or(decision.desired, |count| count.max(decision.desired));
    let window_s = spec.scale_down_delay.as_secs_f64();
    changed(decision, Stage::Stabilise, delayed, Why::Recent { what: "highest", window_s })
}

/// As far as the ready pods allow.
fn rated(decision: Decision, spec: &Spec, tick: &Tick) -> Decision {
    let (most, least) = tick.limits;
    let limited = tick.stable_pods.max(least).min(most);
    let (name, value) = match limited < tick.stable_pods {
        true => ("max-scale-up-rate", spec.max_scale_up_rate),
        false => ("max-scale-down-rate", spec.max_scale_down_rate),
    };
    changed(decision, Stage::RateLimit, limited as u32, Why::Limit { name, value })
}

/// The same where nothing new is known.
fn undecided(revision: &Revision, seen: &Observation<'_>, why: Why) -> Decision {
    match u32::try_from(revision.desired) {
        Ok(desired) => panicking(seen.propose(desired, why), revision, seen, 0),
        Err(_) => panicking(seen.propose(seen.desired, Why::Note(UNKNOWN)), revision, seen, 0),
    }
}

/// Said whenever there is panic, whether or not it keeps the count up.
fn panicking(
    decision: Decision,
    revision: &Revision,
    seen: &Observation<'_>,
    floor: u32,
) -> Decision {
    let Some(since) = revision.decider.panic_since else { return decision };
    let ends = since.after(revision.spec.stable_window);
    let seconds_left = ends.since(seen.now).as_secs_f64();
    let to = decision.desired.max(floor);
    decision.then(Stage::Combine, to, Why::Until { name: PANIC, seconds_left })
}

/// Between two ticks nothing changes.
fn held(revision: &Revision, seen: &Observation<'_>) -> Decision {
    let decision = undecided(revision, seen, Why::Note("between two ticks"));
    with_status(decision.then(Stage::Mode, seen.desired, Why::Plain), revision)
}

/// Minimum, initial scale and maximum.
fn bounded(
    decision: Decision,
    revision: &Revision,
    seen: &Observation<'_>,
    step: &Step,
) -> Decision {
    if step.desired < 0 && step.scaled.write.is_none() {
        return decision.then(Stage::Mode, seen.desired, Why::Plain);
    }
    // What is not known is less than any bound.
    let wanted = if step.desired < 0 { 0 } else { decision.desired };
    let Rules { min, max, .. } = revision.rules;
    let (to, name) = match wanted < step.least {
        true if step.least > min => (step.least, "initial-scale"),
        true => (step.least, "min-scale"),
        false => (if max > 0 { wanted.min(max) } else { wanted }, "max-scale"),
    };
    changed(decision, Stage::Bounds, to, Why::Limit { name, value: f64::from(to) })
}

/// What the reconciler makes of a zero.
fn to_zero(decision: Decision, seen: &Observation<'_>, step: &Step) -> Decision {
    let Some(to_zero) = step.scaled.to_zero.filter(|_| decision.desired == 0) else {
        return decision;
    };
    let keep = seen.desired;
    let until = |count: u32, name, left: Span| {
        let seconds_left = left.as_secs_f64();
        decision.then(Stage::Mode, count, Why::Until { name, seconds_left })
    };
    match to_zero {
        ToZero::Off => decision.then(Stage::Mode, 1, Why::Note("enable-scale-to-zero is false")),
        ToZero::Activating(left) => until(keep, "progress-deadline", left),
        ToZero::GivenUp => {
            decision.then(Stage::Mode, 0, Why::Note("never ready: activation has failed"))
        }
        ToZero::ActiveTooShort(left) => until(1, "stable-window", left),
        ToZero::MarkedInactive(_) | ToZero::Unconfirmed => {
            decision.then(Stage::Mode, keep, Why::Note("marked inactive, which is not yet zero"))
        }
        ToZero::Retained(left) => until(keep, "scale-to-zero-pod-retention-period", left),
        ToZero::Grace(left) => until(keep, "scale-to-zero-grace-period", left),
        ToZero::Done => decision,
    }
}

/// The condition and who takes requests, with the spare capacity.
fn with_status(decision: Decision, revision: &Revision) -> Decision {
    let name = match (revision.active(), revision.proxies()) {
        (Active::Yes, false) => "active, served by its pods; excess burst capacity",
        (Active::Yes, true) => "active, through the activator; excess burst capacity",
        (Active::Activating, false) => "activating, served by its pods; excess burst capacity",
        (Active::Activating, true) => "activating, through the activator; excess burst capacity",
        (Active::No, true | false) => "inactive, through the activator; excess burst capacity",
    };
    decision.then(Stage::Mode, decision.desired, Why::Limit { name, value: revision.excess })
}

fn changed(decision: Decision, stage: Stage, to: u32, why: Why) -> Decision {
    if to == decision.desired { decision } else { decision.then(stage, to, why) }
}
