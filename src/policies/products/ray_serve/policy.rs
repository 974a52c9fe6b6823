//! The controller's tick: numbers of [`super::decision`] as a decision with reasons.

use super::decision::{
    DelayClock, DelayState, Delayed, Delays, Factors, Limits, Path, Rules, Seen,
};
use super::decision::{Stages, decide};
use super::knobs::{DelayMeasure, HandleAge, Knobs};
use super::native::{AutoscalingConfig, Model, Scaling};
use super::sensor::{Begins, Handle, Timing, Told};
use crate::builtin::{PolicyContext, Recorded};
use autosim_engine::control::{
    Autoscaler, Cadence, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::{GaugeMode, Metric, Signal};
use autosim_engine::units::{Span, Time};

/// What the controller's context calls the number it decides on.
pub(super) const NATIVE: &str = "total_num_requests";

/// The autoscaler of a deployment.
pub(super) fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let limits = limits(model, knobs);
    let drift = knobs.control_drift;
    let cadence = Cadence { drift, ..Cadence::every(knobs.control_interval) };
    // The order is carried out at the beginning of the next tick: just before that tick decides.
    let actuation_delay = Span(knobs.control_interval.0 - 1);
    let (policy, signals): (Box<dyn Policy>, _) = match &model.scaling {
        Scaling::Fixed(_) => (Box::new(Fixed(limits)), Vec::new()),
        Scaling::Auto(config) => {
            let rules = rules(config, knobs, limits);
            let controller = Controller { rules, state: DelayState::default() };
            (Box::new(controller), vec![signal(config, knobs, &context.recorded)])
        }
    };
    Autoscaler { policy, signals, cadence, actuation_delay, wakeups: Vec::new() }
}

/// The bounds in force.
pub(super) fn limits(model: &Model, knobs: &Knobs) -> Limits {
    let capacity = knobs.target_capacity.or(model.target_capacity);
    let (lowest, highest) = model.limits(capacity, Some(knobs.target_capacity_direction));
    Limits { lowest, highest }
}

/// The count of a first deployment.
pub(super) fn start(model: &Model, knobs: &Knobs) -> u32 {
    let initial = match &model.scaling {
        Scaling::Fixed(count) => Some(*count),
        Scaling::Auto(config) => config.initial_replicas,
    };
    limits(model, knobs).clamp(initial.map_or(-1, i64::from))
}

fn rules(config: &AutoscalingConfig, knobs: &Knobs, limits: Limits) -> Option<Rules> {
    let clock = match knobs.delays {
        DelayMeasure::WallClock => DelayClock::Wall,
        DelayMeasure::Ticks => {
            DelayClock::Ticks { interval_s: knobs.control_interval.as_secs_f64() }
        }
    };
    Some(Rules {
        target_ongoing_requests: config.target_ongoing_requests?,
        factors: Factors { up: config.up_factor(), down: config.down_factor() },
        delays: Delays {
            upscale_s: config.upscale_delay_s,
            downscale_s: config.downscale_delay_s,
            downscale_to_zero_s: config.downscale_to_zero_delay_s,
            clock,
        },
        limits,
    })
}

fn signal(config: &AutoscalingConfig, knobs: &Knobs, recorded: &Recorded) -> SignalRef {
    let timing = Timing::of(config.metrics_interval_s, config.look_back_period_s);
    let window = Span::from_secs_f64(config.look_back_period_s).max(timing.sample);
    let signal = Signal::of(Metric::OngoingRequests, window, timing.sample);
    let signal = Signal { gauge: GaugeMode::Instant, ..signal };
    let each = |value| Level { each: true, ..Level::target(value) };
    let told = SignalRef::own(signal.clone()).named(NATIVE);
    let told = told.against(config.target_ongoing_requests.map(each));
    if recorded.columns.iter().any(|column| column == NATIVE) {
        // What the controller decided on is on record: nothing samples or merges it again.
        return SignalRef { sensor: Some(Box::new(Told::default())), ..told };
    }
    let begins = match knobs.handle {
        HandleAge::Start => Begins::At(Time::ZERO.after(knobs.handle_phase)),
        HandleAge::FirstRequest => Begins::AtFirstRequest(knobs.control_interval),
    };
    let handle = Handle::new(timing, config.aggregation_function, begins);
    let sensor = Some(Box::new(handle) as _);
    SignalRef { sensor, drift: knobs.metrics_drift, ..told }
}

/// `num_replicas`, under the target capacity.
#[derive(Clone)]
struct Fixed(Limits);

impl Policy for Fixed {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose(self.0.highest, Why::Note("num_replicas"))
    }
}

#[derive(Clone)]
struct Controller {
    /// `None`: without a target every loop fails.
    rules: Option<Rules>,
    state: DelayState,
}

impl Policy for Controller {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(rules) = &self.rules else {
            let why = Why::Note("target_ongoing_requests is null: the loop fails");
            return seen.propose(seen.desired, why);
        };
        let Some(total_requests) = seen.readings.first().and_then(|reading| reading.value) else {
            return seen.propose(seen.desired, Why::NoData);
        };
        let target = i64::from(seen.desired);
        let input = Seen {
            now_s: seen.now.as_secs_f64(),
            total_requests,
            running: seen.census.ready,
            target,
            custom: None,
        };
        let stages = decide(rules, &mut self.state, &input);
        explain(rules, &input, &stages, seen)
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// The stages as a trail.
fn explain(rules: &Rules, seen: &Seen, stages: &Stages, asked: &Observation<'_>) -> Decision {
    let decision = match stages.path {
        Path::FastFromZero => {
            let why = Why::Note("requests and no replica running");
            asked.by(Stage::Mode, count(stages.output), why)
        }
        Path::NothingRuns => {
            asked.by(Stage::Mode, count(stages.output), Why::Note("nothing runs yet"))
        }
        Path::Delays(delayed) => {
            let why =
                Why::Total { total: seen.total_requests, each: rules.target_ongoing_requests };
            let wanted = count(stages.raw.ceil() as i64);
            let formula = asked.propose(wanted, why);
            let decision = with_factor(formula, rules, seen, stages);
            after_delay(decision, seen.target, delayed)
        }
    };
    let to = rules.limits.clamp(i64::from(decision.desired));
    let bound = if to < decision.desired {
        Why::Limit { name: "max_replicas", value: f64::from(to) }
    } else if to > decision.desired {
        Why::Limit { name: "min_replicas", value: f64::from(to) }
    } else {
        return decision;
    };
    decision.then(Stage::Bounds, to, bound)
}

fn with_factor(decision: Decision, rules: &Rules, seen: &Seen, stages: &Stages) -> Decision {
    let scaled = count(stages.scaled);
    if scaled == decision.desired {
        return decision;
    }
    let (name, value) = match stages.raw > f64::from(seen.running) {
        true => ("upscaling_factor", rules.factors.up),
        false => ("downscaling_factor", rules.factors.down),
    };
    decision.then(Stage::RateLimit, scaled, Why::Limit { name, value })
}

fn after_delay(decision: Decision, target: i64, delayed: Delayed) -> Decision {
    match delayed {
        Delayed::Same => decision,
        Delayed::Fired(to) if count(to) == decision.desired => decision,
        Delayed::Fired(to) => {
            decision.then(Stage::Mode, count(to), Why::Note("one replica before none"))
        }
        Delayed::Waits { up, delay_s, waited_s } => {
            let name = match (up, target) {
                (true, _) => "upscale_delay_s",
                (false, 1) => "downscale_to_zero_delay_s",
                (false, _) => "downscale_delay_s",
            };
            let seconds_left = delay_s - waited_s;
            decision.then(Stage::Stabilise, count(target), Why::Until { name, seconds_left })
        }
    }
}
