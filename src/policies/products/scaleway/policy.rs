//! The loop: policies in order of priority against the samples of their ranges, one cooldown, bounds.
//!
//! 1. The group starts with its minimum, never scaled.
//! 2. Every `tick_s` it is evaluated, first after one of them.
//! 3. Each policy's samples, one every `sample_s`, are those of `(now - range, now]` (`samples.rs`).
//! 4. They become one value; without any sample the policy does not fire.
//! 5. The value is strictly above, or strictly below, the threshold.
//! 6. Policies come in order of priority, ties in order of creation.
//! 7. The first whose condition holds and whose clamped count is another one is the action.
//! 8. Its count is `now +- value`, a share of the group, or a total.
//! 9. It is clamped to the capacity.
//! 10. It is denied, in either direction, while an action is younger than the cooldown.
//! 11. A count outside the capacity is corrected first: no policy, no cooldown, nothing else.
//! 12. At zero no Instance reports, so only a balancer's metric brings the group back.

use super::knobs::{
    Actions, ConnectionsRate, CooldownEnd, CooldownFrom, Knobs, NetworkValue, NoSamples,
    NoopPolicy, Precision, Ties,
};
use super::native::{Action, Adjustment, Group, ManagedMetric, Operator, Policy as Native};
use super::read::Model;
use super::samples::{Samples, SinceReady};
use crate::builtin::PolicyContext;
use crate::builtin::parts::Bounds;
use crate::products::Words;
use autosim_engine::control::{
    Acts, Autoscaler, Cadence, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::{Basis, Metric, Signal};
use autosim_engine::units::{Span, Time};

/// The cooldown's name in reasons.
pub(super) const COOLDOWN: &str = "cooldown";
/// Why a total is left alone.
pub(super) const GUARDED: &str = "scale_up never lowers, scale_down never raises the total";
/// Why an action is denied whose cooldown has not begun.
pub(super) const STARTING: &str = "Instances of the last action are still starting";

/// The autoscaler of a group; a model without one holds whatever count it finds.
pub(super) fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let tick = Span::from_secs(knobs.tick_s.max(1).into());
    let mut signals: Vec<SignalRef> =
        model.policies.iter().map(|policy| signal(policy, knobs)).collect();
    if knobs.cooldown_from == CooldownFrom::Ready {
        let sample = sample(knobs);
        let signal = Signal::of(Metric::Replicas, sample, sample);
        let sensor = Some(Box::new(SinceReady::default()) as Box<_>);
        signals.push(SignalRef { sensor, ..SignalRef::own(signal) });
    }
    let mut order: Vec<usize> = (0..model.policies.len()).collect();
    order.sort_by_key(|&at| {
        let tie = match knobs.ties {
            Ties::Oldest => at,
            Ties::Newest => usize::MAX - at,
        };
        (model.policies[at].priority, tie)
    });
    Autoscaler {
        policy: Box::new(Loop {
            knobs: knobs.clone(),
            tick,
            group: model.group,
            policies: model.policies.clone(),
            order,
            due: due(tick, knobs, 1),
            last: None,
        }),
        signals,
        cadence: Cadence::every(tick),
        actuation_delay: Span::ZERO,
        wakeups: late_ticks(tick, knobs, context.end),
    }
}

fn sample(knobs: &Knobs) -> Span {
    Span::from_secs(knobs.sample_s.max(1).into())
}

/// What a policy sees.
fn signal(policy: &Native, knobs: &Knobs) -> SignalRef {
    let of = |metric| Signal::of(metric, policy.range, sample(knobs));
    let network = |share: f64| {
        let total = Signal { unit: 1.0 / share, ..of(Metric::BytesPerS) };
        match knobs.network_value {
            NetworkValue::Mean => total.per(Basis::ReadyOverWindow),
            NetworkValue::Total => total,
        }
    };
    let signal = match policy.metric {
        ManagedMetric::Cpu => of(Metric::CpuPercent),
        ManagedMetric::NetworkIn => network(knobs.network_in_share),
        ManagedMetric::NetworkOut => network(1.0 - knobs.network_in_share),
        ManagedMetric::Connections => match knobs.connections_rate {
            ConnectionsRate::New => {
                Signal { unit: knobs.requests_per_connection, ..of(Metric::RequestsPerS) }
            }
            ConnectionsRate::Open => of(Metric::Connections),
        },
        ManagedMetric::Throughput => of(Metric::BytesPerS),
    };
    let without = (knobs.no_samples == NoSamples::Zero).then_some(0.0);
    let sensor = Samples::new(&signal, policy.metric.of_instances(), policy.aggregate, without);
    let sensor = Some(Box::new(sensor) as Box<_>);
    let acts = match policy.operator {
        Operator::GreaterThan => Acts::Above,
        Operator::LessThan => Acts::Below,
    };
    let told = SignalRef::own(signal).named(policy.metric.name());
    SignalRef { sensor, ..told.against([Level::of(policy.threshold, acts)]) }
}

/// When the evaluation of that number is made.
fn due(tick: Span, knobs: &Knobs, number: u64) -> Time {
    let jitter = Span::from_secs(knobs.tick_jitter_s.into());
    let late = match jitter.is_zero() {
        true => 0,
        // Whole milliseconds, drawn from the number alone.
        false => scattered(number) % (jitter.0 / 1_000_000 + 1) * 1_000_000,
    };
    Time(tick.0.saturating_mul(number)).after(Span(late))
}

/// A number without visible order for each number: the finalizer of `SplitMix64`.
const fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The evaluations that are not made on time.
fn late_ticks(tick: Span, knobs: &Knobs, end: Time) -> Vec<Time> {
    if knobs.tick_jitter_s == 0 {
        return Vec::new();
    }
    let all = (1..=end.0 / tick.0).map(|number| due(tick, knobs, number));
    all.filter(|at| *at <= end && !at.0.is_multiple_of(tick.0)).collect()
}

#[derive(Clone)]
struct Loop {
    knobs: Knobs,
    tick: Span,
    group: Option<Group>,
    /// In order of creation, like the readings.
    policies: Vec<Native>,
    /// Their places in order of evaluation.
    order: Vec<usize>,
    due: Time,
    last: Option<LastAction>,
}

#[derive(Debug, Clone, Copy)]
struct LastAction {
    at: Time,
    up: bool,
}

impl Policy for Loop {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(group) = self.group.filter(|_| seen.now >= self.due) else {
            return seen.by(Stage::Recommend, seen.desired, Why::Note("between two evaluations"));
        };
        let number = seen.now.0 / self.tick.0 + 1;
        self.due = due(self.tick, &self.knobs, number);
        let bounds = Bounds { min: group.min, max: group.max };
        let current = seen.desired;
        if self.knobs.correct_bounds && !(group.min..=group.max).contains(&current) {
            let decision = bounds.apply(seen.propose(current, Why::Plain));
            return match self.knobs.correction_obeys_cooldown {
                true => self.act(decision, seen, group.cooldown),
                false => decision,
            };
        }
        let decision = self.evaluate(seen, bounds);
        if decision.desired == current {
            return decision;
        }
        self.act(decision, seen, group.cooldown)
    }
}

impl Loop {
    /// Step 10, and the cooldown that an action begins.
    fn act(&mut self, decision: Decision, seen: &Observation<'_>, cooldown: Span) -> Decision {
        let decision = self.deny(decision, seen, cooldown);
        if decision.desired != seen.desired {
            let up = decision.desired > seen.desired;
            self.last = Some(LastAction { at: seen.now, up });
        }
        decision
    }

    /// Steps 3 to 9.
    fn evaluate(&self, seen: &Observation<'_>, bounds: Bounds) -> Decision {
        let current = seen.desired;
        let mut made: Option<Decision> = None;
        for &at in &self.order {
            let policy = &self.policies[at];
            let level = self.level(policy);
            let value = seen.readings.get(at).and_then(|reading| reading.value);
            let Some(value) = value.filter(|&value| policy.operator.holds(value, level)) else {
                continue;
            };
            let count = made.map_or(current, |decision| decision.desired);
            let why = Why::Rule { number: at as u32 + 1, value, level };
            let wanted = self.wanted(policy, count);
            let mut decision = match made {
                None => seen.propose(wanted, why),
                Some(decision) => decision.then(Stage::Recommend, wanted, why),
            };
            if self.knobs.set_total_guard && against_direction(policy, count, wanted) {
                decision = decision.then(Stage::Mode, count, Why::Note(GUARDED));
            }
            decision.uncapped = decision.desired;
            let decision = bounds.apply(decision);
            made = Some(decision);
            let ends = match decision.desired == count {
                true => self.knobs.noop_policy == NoopPolicy::Stop,
                false => self.knobs.actions_per_tick == Actions::One,
            };
            if ends {
                break;
            }
        }
        made.unwrap_or_else(|| seen.propose(current, self.quiet(seen)))
    }

    /// The threshold as it is kept.
    fn level(&self, policy: &Native) -> f64 {
        match self.knobs.threshold {
            Precision::Float32 => f64::from(policy.threshold as f32),
            Precision::Float64 => policy.threshold,
        }
    }

    /// The count a policy makes of `count`.
    fn wanted(&self, policy: &Native, count: u32) -> u32 {
        let up = policy.action == Action::ScaleUp;
        let step = match policy.adjustment {
            Adjustment::SetTotalGroup => return policy.value,
            Adjustment::FlatCount => policy.value,
            Adjustment::PercentOfTotalGroup => {
                let rounding = if up { self.knobs.percent_up } else { self.knobs.percent_down };
                rounding.share(count, policy.value).max(self.knobs.percent_least)
            }
        };
        if up { count.saturating_add(step) } else { count.saturating_sub(step) }
    }

    /// Why nothing holds: the first value there is, in order of evaluation.
    fn quiet(&self, seen: &Observation<'_>) -> Why {
        if self.policies.is_empty() {
            return Why::Note("no policy");
        }
        let values = self.order.iter().filter_map(|&at| seen.readings.get(at)?.value);
        values.map(|value| Why::Quiet { value }).next().unwrap_or(Why::NoData)
    }

    /// Step 10.
    fn deny(&self, decision: Decision, seen: &Observation<'_>, cooldown: Span) -> Decision {
        let Some(last) = self.last else { return decision };
        let mut from = last.at;
        if self.knobs.cooldown_from == CooldownFrom::Ready && last.up {
            if seen.census.starting > 0 {
                return decision.then(Stage::Cooldown, seen.desired, Why::Note(STARTING));
            }
            let ago = seen.readings.get(self.policies.len()).and_then(|reading| reading.value);
            let ready = ago.map(|seconds| seen.now.before(Span::from_secs_f64(seconds)));
            from = from.max(ready.unwrap_or(from));
        }
        let end = from.after(cooldown);
        let over = match self.knobs.cooldown_end {
            CooldownEnd::Allowed => seen.now >= end,
            CooldownEnd::Denied => seen.now > end,
        };
        if over {
            return decision;
        }
        let seconds_left = end.since(seen.now).as_secs_f64();
        let why = Why::Until { name: COOLDOWN, seconds_left };
        decision.then(Stage::Cooldown, seen.desired, why)
    }
}

/// A total that would take the group the other way than its policy says.
fn against_direction(policy: &Native, count: u32, wanted: u32) -> bool {
    match policy.action {
        Action::ScaleUp => wanted < count,
        Action::ScaleDown => wanted > count,
    }
}
