//! A pass of the controller over what a signal shows of each metric: pods as sums, the pass as a trail.

use super::Knobs;
use super::calculator::{
    Failed, Formula, Held, Proposal, Target, Tolerance, of_average, of_pods, of_value,
};
use super::controller::{Behavior, Controller, Rules, Stage, ZeroRule};
use super::native::{MetricSpec, MetricTarget, Model};
use super::pods::{Blank, Sums};
use super::sensor::{self, Count};
use super::words::{Able, Limited, SourceKind};
use crate::builtin::PolicyContext;
use autosim_engine::control::Stage as Part;
use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, Why};
use autosim_engine::units::Span;

/// The request of a pod whose usage is told in percent: a percent is a million of these.
const REQUEST: i128 = 100_000_000;

/// The autoscaler of a model.
pub(super) fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let columns = &context.recorded.columns;
    Autoscaler {
        policy: Box::new(Scaler::new(model, knobs, columns)),
        signals: sensor::signals(model, knobs, columns),
        cadence: Cadence::every(Span::from_secs(u64::from(knobs.sync_period_s))),
        actuation_delay: Span::ZERO,
        wakeups: Vec::new(),
    }
}

/// The controller's rules for an autoscaler.
pub fn rules(model: &Model, knobs: &Knobs) -> Rules {
    let hpa = &model.hpa;
    let flag = Span::from_secs(u64::from(knobs.downscale_stabilization_s));
    let behavior = hpa.behavior.as_ref().map(|behavior| {
        let Behavior { up, mut down } = behavior.rules.clone();
        if !behavior.down_window {
            down.window = flag;
        }
        Behavior { up, down }
    });
    let zero = match (knobs.kubernetes_minor >= 37, knobs.scales_to_zero()) {
        (true, true) => ZeroRule::IfItsOwn,
        (true, false) => ZeroRule::Never,
        (false, _) => ZeroRule::IfMinimum,
    };
    Rules {
        min: hpa.min,
        max: hpa.max,
        sources: hpa.metrics.iter().map(|metric| metric.kind).collect(),
        behavior,
        downscale_window: flag,
        zero,
    }
}

/// The tolerance of each direction.
pub(in crate::products) fn tolerance(model: &Model, knobs: &Knobs) -> Tolerance {
    let own = model.hpa.behavior.as_ref().filter(|_| knobs.tolerances_count());
    let up = own.and_then(|behavior| behavior.up_tolerance);
    let down = own.and_then(|behavior| behavior.down_tolerance);
    Tolerance {
        up: up.unwrap_or(knobs.tolerance),
        down: down.unwrap_or(knobs.tolerance),
        closed: knobs.kubernetes_minor >= 33,
    }
}

/// The pods that exist, counted.
#[derive(Debug, Clone, Copy)]
struct Pods {
    status: i64,
    ready: i64,
    pending: i64,
    missing: i64,
    initializing: i64,
}

/// The controller of an autoscaler, fed by readings.
#[derive(Debug, Clone)]
pub struct Scaler {
    controller: Controller,
    metrics: Vec<MetricSpec>,
    tolerance: Tolerance,
    /// The counts among the readings, after those of the metrics.
    counts: Vec<Count>,
    /// What no reading counts the census does; a recording has the count in force alone.
    has_census: bool,
}

impl Scaler {
    /// A controller that has seen nothing yet; `columns` are those of the recording that is played, if one is.
    pub fn new(model: &Model, knobs: &Knobs, columns: &[String]) -> Self {
        Self {
            controller: Controller::new(rules(model, knobs)),
            metrics: model.hpa.metrics.clone(),
            tolerance: tolerance(model, knobs),
            counts: sensor::shown_counts(model, knobs, columns),
            has_census: columns.is_empty(),
        }
    }

    /// The object was changed; what the controller remembers stays.
    pub fn adopt(&mut self, model: &Model, knobs: &Knobs) {
        self.controller.rules = rules(model, knobs);
        self.metrics.clone_from(&model.hpa.metrics);
        self.tolerance = tolerance(model, knobs);
    }

    /// The controller.
    pub const fn controller(&self) -> &Controller {
        &self.controller
    }

    fn pods(&self, seen: &Observation<'_>) -> Pods {
        let told = |count: Count| {
            let at = self.metrics.len() + self.counts.iter().position(|one| *one == count)?;
            let value = seen.readings.get(at)?.value?;
            Some(value.max(0.0) as i64)
        };
        let (census, desired) = (seen.census, seen.desired.into());
        let status = told(Count::StatusReplicas).unwrap_or(desired);
        let (status, ready, pending) = match self.has_census {
            true => (census.live().into(), census.ready.into(), census.starting.into()),
            false => (status, told(Count::Ready).unwrap_or(status), 0),
        };
        Pods {
            status,
            ready,
            pending: told(Count::Pending).unwrap_or(pending),
            missing: told(Count::Missing).unwrap_or(0),
            initializing: told(Count::Initializing).unwrap_or(0),
        }
    }

    fn proposal(
        &self,
        metric: &MetricSpec,
        value: Option<f64>,
        current: i32,
        pods: &Pods,
    ) -> Result<Proposal, Failed> {
        let value = value.filter(|value| value.is_finite()).ok_or(Failed::NoSamples)?;
        let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        let of_pods_at = |target: Target| {
            let sums = sums(metric, value, target, pods);
            of_pods(&sums, target, current, &self.tolerance)
        };
        let elsewhere = matches!(metric.kind, SourceKind::Object | SourceKind::External);
        match metric.target {
            MetricTarget::Utilization(percent) => of_pods_at(Target::Utilization(percent)),
            MetricTarget::Average(target) if elsewhere => {
                Ok(of_average(milli(value), target, count(pods.status), &self.tolerance))
            }
            MetricTarget::Average(target) => of_pods_at(Target::Average(target)),
            MetricTarget::Value(target) => {
                Ok(of_value(milli(value), target, current, count(pods.ready), &self.tolerance))
            }
            MetricTarget::Useless => Err(Failed::NoSamples),
        }
    }
}

/// A number of units in thousandths, cut; what is a whole number but for its last bits is that number.
fn scaled(value: f64, by: f64) -> i64 {
    let scaled = value * by;
    let near = scaled.round();
    let dust = 1e-9 + scaled.abs() * 4.0 * f64::EPSILON;
    if (scaled - near).abs() <= dust { near as i64 } else { scaled.floor() as i64 }
}

fn milli(value: f64) -> i64 {
    scaled(value, 1000.0)
}

/// Pods with equal requests and a mean over those that count, as sums. The mean is cut: what was cut off each of
/// them may be all but one of its last places, which matters only where others are counted in.
fn sums(metric: &MetricSpec, value: f64, target: Target, pods: &Pods) -> Sums {
    let initializing = if metric.is_resource("cpu") { pods.initializing } else { 0 };
    let unready = pods.pending.saturating_add(initializing);
    let counted = pods.status.saturating_sub(unready).saturating_sub(pods.missing).max(0);
    let (request, each) = match target {
        Target::Utilization(_) => (REQUEST, scaled(value, 1e6)),
        Target::Average(_) => (0, milli(value)),
    };
    let of = i128::from(counted);
    let usage = i128::from(each) * of + (of - 1).max(0);
    let blank = |count: i64| Blank {
        count,
        requests: request * i128::from(count),
        full: target.full(request) * i128::from(count),
    };
    Sums {
        ready: counted,
        samples: counted,
        usage,
        known_usage: usage,
        requests: request * of,
        unready: blank(unready),
        missing: blank(pods.missing),
    }
}

/// A count of the controller as one of the engine.
fn replicas(count: i32) -> u32 {
    count.max(0) as u32
}

impl Policy for Scaler {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let current = i32::try_from(seen.desired).unwrap_or(i32::MAX);
        let pods = self.pods(seen);
        let values = seen.readings.iter().map(|reading| reading.value);
        let metrics: Vec<Result<Proposal, Failed>> = self
            .metrics
            .iter()
            .zip(values.chain(std::iter::repeat(None)))
            .map(|(metric, value)| self.proposal(metric, value, current, &pods))
            .collect();
        let windows = windows(&self.controller.rules);
        let of = metrics.len();
        let mut trail: Option<Decision> = None;
        self.controller.pass(seen.now, current, &metrics, &mut |stage, to| {
            let decision = match (trail, stage) {
                (None, stage) => first(seen, stage, to, of),
                (Some(decision), stage) => guard(decision, stage, to, windows),
            };
            trail = Some(decision);
            i32::try_from(decision.desired).unwrap_or(i32::MAX)
        });
        let decision = trail.unwrap_or_else(|| seen.hold());
        decision.with_state(self.controller.conditions.pack())
    }

    // A request that finds no pod wakes nobody; what the last pass set still stands.
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        seen.hold().with_state(self.controller.conditions.pack())
    }
}

/// Seconds of the windows of scaling out and in.
fn windows(rules: &Rules) -> [f64; 2] {
    match &rules.behavior {
        None => [0.0, rules.downscale_window.as_secs_f64()],
        Some(Behavior { up, down }) => [up.window.as_secs_f64(), down.window.as_secs_f64()],
    }
}

/// A decision from its first stage on; `of` metrics were asked.
fn first(seen: &Observation<'_>, stage: Stage<'_>, to: i32, of: usize) -> Decision {
    let limit =
        |name| seen.by(Part::Bounds, replicas(to), Why::Limit { name, value: f64::from(to) });
    match stage {
        Stage::AboveMaximum => limit("maxReplicas"),
        Stage::BelowMinimum => limit("minReplicas"),
        Stage::NoMetric(_) => seen.propose(replicas(to), Why::NoData),
        Stage::Proposed(metric, proposal) => proposed(seen, metric, proposal, of),
        // Nothing comes before these, but that it is zero.
        Stage::Paused | Stage::Stabilised(_) | Stage::Limited(_) | Stage::OutOfZero => {
            seen.by(Part::Mode, replicas(to), Why::Note("scaling is disabled at zero replicas"))
        }
    }
}

fn proposed(seen: &Observation<'_>, metric: usize, proposal: &Proposal, of: usize) -> Decision {
    let why = match proposal.formula {
        Formula::Ratio { base, value, target } => {
            Why::Ratio { base: u32::try_from(base).unwrap_or(u32::MAX), value, target }
        }
        Formula::Total { total, each } => Why::Total { total, each },
    };
    let decision = seen.propose(replicas(proposal.wanted), why);
    let kept = replicas(proposal.replicas);
    let decision = match proposal.held {
        None => decision,
        Some(Held::Tolerance) => {
            decision.then(Part::Tolerance, kept, Why::Level { value: proposal.ratio, level: 1.0 })
        }
        Some(Held::Unsure) => {
            let why = Why::Note("pods without a value could turn it round");
            decision.then(Part::Tolerance, kept, why)
        }
    };
    if of < 2 {
        return decision;
    }
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let why = Why::Chosen { number: number(metric + 1), of: number(of) };
    decision.then(Part::Combine, decision.desired, why)
}

fn guard(decision: Decision, stage: Stage<'_>, to: i32, [up_s, down_s]: [f64; 2]) -> Decision {
    let value = f64::from(to);
    let (part, why) = match stage {
        Stage::Stabilised(Able::ScaleUpStabilized) => {
            (Part::Stabilise, Why::Recent { what: "lowest", window_s: up_s })
        }
        Stage::Stabilised(_) => {
            (Part::Stabilise, Why::Recent { what: "highest", window_s: down_s })
        }
        Stage::Limited(Limited::ScaleUpLimit) => {
            (Part::RateLimit, Why::Limit { name: "scaleUp", value })
        }
        Stage::Limited(Limited::ScaleDownLimit) => {
            (Part::RateLimit, Why::Limit { name: "scaleDown", value })
        }
        Stage::Limited(Limited::TooManyReplicas) => {
            (Part::Bounds, Why::Limit { name: "maxReplicas", value })
        }
        Stage::Limited(Limited::TooFewReplicas | Limited::DesiredWithinRange)
        | Stage::OutOfZero
        | Stage::Paused
        | Stage::AboveMaximum
        | Stage::BelowMinimum
        | Stage::NoMetric(_)
        | Stage::Proposed(..) => (Part::Bounds, Why::Limit { name: "minReplicas", value }),
    };
    decision.then(part, replicas(to), why)
}
