//! The algorithm of PAI-EAS, one evaluation per tick.
//!
//! 1. A tick every `eval_period_s`.
//! 2. A metric's value: its mean over `metric_window_s`, per replica, starting ones included.
//! 3. A count outside `min..=max` is corrected at once, and that is all.
//! 4. The ratio of each strategy, value / threshold.
//! 5. Within 10 % of one: that strategy wants the present count.
//! 6. Otherwise `ceil(count x ratio)`, forgiving 1e-9.
//! 7. The largest wins; missing data never scales in.
//! 8. In only to the highest, out only to the lowest recommendation of the window.
//! 9. Rate limits, none by default.
//! 10. At least `max(min, 1)`, at most `max`.
//! 11. With `min` 0: nothing for `scaleDownGracePeriodSeconds` ends in no replica.
//! 12. Without replicas: the first request brings `scaleUpActivationReplicas`.

use super::history::History;
use super::{
    AutoScaler, BandEnds, FollowedBasis, GraceClock, Knobs, MetricName, MissingData, RatePolicy,
    ReplicaBasis, ResourceUnit, Strategy, ZeroActivation,
};
use crate::builtin::PolicyContext;
use crate::builtin::parts::{Amount, Bounds, Changes, RateLimit, RateLimits, Select, ceil_count};
use crate::products::Words;
use autosim_engine::control::{
    Autoscaler, Cadence, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::signal::{Basis, Metric, Signal, Statistic};
use autosim_engine::units::{Span, Time};

/// Half the width of the dead band of every metric but the queue's.
const BAND: f64 = 0.1;
/// What floating point may be off by: in ratios, counts and seconds.
const DUST: f64 = 1e-9;

/// The autoscaler of a body.
pub(super) fn autoscaler(model: &AutoScaler, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
    let period = Span::from_secs(u64::from(knobs.eval_period_s));
    let mut signals: Vec<SignalRef> =
        model.strategies.iter().map(|strategy| signal(strategy, knobs)).collect();
    let idle_at = signals.len();
    // A service that never sleeps has no use for its idle time.
    let may_sleep = model.min == 0 || context.initial == 0;
    if may_sleep {
        let idle = Signal::of(Metric::IdleS, period, period);
        signals.push(SignalRef::own(Signal { statistic: Statistic::Last, ..idle }));
    }
    let rates = match knobs.rate_policy {
        RatePolicy::None => RateLimits::default(),
        RatePolicy::K8sDefault => kubernetes_rates(),
    };
    let window = |seconds: u32| Span::from_secs(u64::from(seconds));
    let mut scaler = Scaler {
        model: model.clone(),
        knobs: knobs.clone(),
        final_columns: context.recorded.columns.clone(),
        idle_at: may_sleep.then_some(idle_at),
        history: History::new(
            window(model.behavior.scale_up_window_s),
            window(model.behavior.scale_down_window_s),
            knobs.window_form,
        ),
        past: Changes::new(rates.memory()),
        rates,
        last_tick: Time::ZERO,
        last_idle_s: 0.0,
        asked: false,
        one_since: None,
    };
    scaler.seed(Time::ZERO, context.initial);
    Autoscaler {
        policy: Box::new(scaler),
        signals,
        cadence: Cadence::every(period),
        actuation_delay: Span::ZERO,
        wakeups: Vec::new(),
    }
}

/// Step 2: what a strategy reads.
fn signal(strategy: &Strategy, knobs: &Knobs) -> SignalRef {
    let name = strategy.metric;
    let seconds = |count: u32| Span::from_secs(u64::from(count));
    let (window, period) = (seconds(knobs.metric_window_s), seconds(knobs.eval_period_s));
    // So often that a window ends at every tick and holds whole samples.
    let mut signal = Signal::of(name.metric(), window, window.common_step(period));
    let follows_total = strategy.service.is_some() && knobs.followed_basis == FollowedBasis::Total;
    if !name.metric().is_average() && !follows_total {
        signal = signal.per(match knobs.replica_basis {
            ReplicaBasis::All => Basis::LiveNow,
            ReplicaBasis::Ready => Basis::ReadyNow,
        });
    }
    signal.unit = match (name, knobs.resource_unit) {
        (MetricName::Qps1k, _) => 0.001,
        (MetricName::Cpu | MetricName::GpuUtil, ResourceUnit::Fraction) => 100.0,
        _ => 1.0,
    };
    let named = SignalRef::of(strategy.service.clone(), signal).named(name.name());
    named.against([Level::target(strategy.threshold).bearing(band(strategy, knobs))])
}

/// How far from its target a metric is borne, as a part of it.
fn band(strategy: &Strategy, knobs: &Knobs) -> f64 {
    match strategy.metric {
        MetricName::QueueAvgBacklog => knobs.queue_tolerance,
        MetricName::Qps | MetricName::Qps1k | MetricName::Cpu | MetricName::GpuUtil => BAND,
    }
}

/// The default policies of the Kubernetes autoscaler.
fn kubernetes_rates() -> RateLimits {
    let per = Span::from_secs(15);
    let of = |limits: Vec<Amount>| {
        let limits = limits.into_iter().map(|amount| (amount, per)).collect();
        Some(RateLimit { limits, select: Select::Largest })
    };
    RateLimits {
        up: of(vec![Amount::Count(4), Amount::Share(1.0)]),
        down: of(vec![Amount::Share(1.0)]),
    }
}

#[derive(Clone)]
struct Scaler {
    model: AutoScaler,
    knobs: Knobs,
    /// Columns of a recording; one with a metric's name holds what the controller sees.
    final_columns: Vec<String>,
    /// Place of the idle time among the readings, if it is read.
    idle_at: Option<usize>,
    history: History,
    rates: RateLimits,
    past: Changes,
    last_tick: Time,
    /// Idle time at the last tick; it goes on by the clock unless a request comes.
    last_idle_s: f64,
    /// A request came while there was no replica.
    asked: bool,
    /// Since when one replica is left.
    one_since: Option<Time>,
}

/// What the idle time says about the time since the tick before.
#[derive(Clone, Copy)]
struct Traffic {
    /// Seconds since the last request; `None` = not known, so never idle.
    idle_s: Option<f64>,
    /// No request since the tick before, and none waiting or in service.
    quiet: bool,
    /// A request since the tick before, or one waiting.
    came: bool,
}

impl Policy for Scaler {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.past.note(seen.now, seen.desired);
        let traffic = self.traffic(seen);
        let asked = std::mem::take(&mut self.asked);
        if seen.desired > 0 {
            return self.awake(seen, traffic);
        }
        self.one_since = None;
        if asked || traffic.came {
            return self.wake(seen);
        }
        let why = traffic.idle_s.map_or(Why::NoData, |seconds| Why::Idle { seconds });
        seen.by(Stage::Mode, 0, why)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        if seen.desired > 0 {
            return seen.hold();
        }
        match self.knobs.zero_activation {
            ZeroActivation::Immediate => {
                self.past.note(seen.now, seen.desired);
                self.wake(seen)
            }
            ZeroActivation::NextTick => {
                self.asked = true;
                seen.by(Stage::Mode, 0, Why::Note("a request wakes it at the next tick"))
            }
        }
    }
}

impl Scaler {
    fn seed(&mut self, at: Time, count: u32) {
        self.history.restart(self.knobs.seed_history.then_some((at, count)));
    }

    /// What came since the tick before.
    fn traffic(&mut self, seen: &Observation<'_>) -> Traffic {
        let elapsed = seen.now.since(self.last_tick).as_secs_f64();
        let undisturbed = self.last_idle_s + elapsed;
        let read = |at: usize| seen.readings.get(at).and_then(|reading| reading.value);
        let idle_s = self.idle_at.and_then(read);
        self.last_tick = seen.now;
        self.last_idle_s = idle_s.unwrap_or(undisturbed);
        Traffic {
            idle_s,
            quiet: idle_s.is_some_and(|idle| idle > 0.0 && idle >= undisturbed - DUST),
            came: match idle_s {
                Some(idle) if elapsed > 0.0 => idle < undisturbed - DUST,
                // No idle time to go by: traffic is what the strategies see of it.
                _ => self.flows(seen),
            },
        }
    }

    /// Whether a strategy sees traffic of the service itself.
    fn flows(&self, seen: &Observation<'_>) -> bool {
        let own = |strategy: &Strategy| {
            strategy.service.is_none() && !strategy.metric.metric().is_average()
        };
        let readings = self.model.strategies.iter().zip(seen.readings);
        let mut values = readings.filter(|(strategy, _)| own(strategy)).map(|(_, read)| read.value);
        values.any(|value| value.is_some_and(|value| value > 0.0))
    }

    /// Step 12.
    fn wake(&mut self, seen: &Observation<'_>) -> Decision {
        let count = self.model.behavior.activation_replicas.clamp(1, self.model.max);
        self.seed(seen.now, count);
        seen.by(Stage::Mode, count, Why::Note("a request found no replica"))
    }

    /// Steps 3 to 11.
    fn awake(&mut self, seen: &Observation<'_>, traffic: Traffic) -> Decision {
        let (min, max) = (self.model.min, self.model.max);
        let found = seen.desired;
        self.one_since = (found == 1).then(|| self.one_since.unwrap_or(seen.now));
        if self.knobs.bounds_first && !(min..=max).contains(&found) {
            let (to, name) = if found > max { (max, "max") } else { (min, "min") };
            return seen.by(Stage::Bounds, to, Why::Limit { name, value: f64::from(to) });
        }
        let decision = match self.recommend(seen) {
            Some(decision) => {
                let decision = self.history.apply(decision, seen.now, found);
                self.rates.apply(decision, seen.now, found, &self.past)
            }
            None => seen.propose(found, Why::NoData),
        };
        let decision = Bounds { min: min.max(1), max }.apply(decision);
        match self.idle_long_enough(seen.now, traffic) {
            Some(seconds) => decision.then(Stage::Mode, 0, Why::Idle { seconds }),
            None => decision,
        }
    }

    /// Steps 4 to 7; `None` = do nothing.
    fn recommend(&self, seen: &Observation<'_>) -> Option<Decision> {
        let (mut best, mut missing): (Option<(u32, Decision)>, bool) = (None, false);
        for ((number, strategy), reading) in (1..).zip(&self.model.strategies).zip(seen.readings) {
            let Some(value) = reading.value.filter(|value| value.is_finite()) else {
                missing = true;
                continue;
            };
            let recommendation = self.recommendation(strategy, seen, value);
            if best.is_none_or(|(_, best)| recommendation.desired > best.desired) {
                best = Some((number, recommendation));
            }
        }
        let (number, recommendation) = best?;
        let holds = missing && self.knobs.missing_data == MissingData::HoldScaleIn;
        if holds && recommendation.desired < seen.desired {
            return None;
        }
        let of = self.model.strategies.len() as u32;
        Some(match of {
            1 => recommendation,
            _ => recommendation.then(
                Stage::Combine,
                recommendation.desired,
                Why::Chosen { number, of },
            ),
        })
    }

    /// Steps 4 to 6 for one strategy.
    fn recommendation(&self, strategy: &Strategy, seen: &Observation<'_>, value: f64) -> Decision {
        let (found, target) = (seen.desired, strategy.threshold);
        let shown = self.with_starting_as_idle(strategy, seen, value);
        let ratio = shown / target;
        // Multiplied before it is divided: 15 x (31 / 15) is 31.000000000000004.
        let wanted = ceil_count(f64::from(found) * shown / target);
        let why = Why::Ratio { base: found, value: shown, target };
        let decision = seen.propose(wanted, why);
        let band = band(strategy, &self.knobs);
        let off = (ratio - 1.0).abs();
        let inside = match self.knobs.band_ends {
            BandEnds::Included => off <= band + DUST,
            BandEnds::Excluded => off < band - DUST,
        };
        if inside && wanted != found {
            decision.then(Stage::Tolerance, found, Why::Level { value: ratio, level: 1.0 })
        } else if shown < value && wanted < found {
            // What the ready ones show asks for more, with the starting ones for less: neither.
            decision.then(Stage::Tolerance, found, Why::Note("starting replicas count as idle"))
        } else {
            decision
        }
    }

    /// An average of the ready replicas that asks for more, with the starting ones counted as idle;
    /// otherwise a long start would be answered at every tick. Rates have it in their divisor.
    fn with_starting_as_idle(
        &self,
        strategy: &Strategy,
        seen: &Observation<'_>,
        value: f64,
    ) -> f64 {
        let own_average = strategy.metric.metric().is_average() && strategy.service.is_none();
        let counts = self.knobs.replica_basis == ReplicaBasis::All;
        let is_final = self.final_columns.iter().any(|name| name == strategy.metric.name());
        if !own_average
            || !counts
            || is_final
            || value <= strategy.threshold
            || seen.census.starting == 0
        {
            return value;
        }
        value * f64::from(seen.census.ready) / f64::from(seen.census.live())
    }

    /// Step 11: for how long nothing happened, if that is long enough.
    fn idle_long_enough(&self, now: Time, traffic: Traffic) -> Option<f64> {
        let idle = traffic.idle_s.filter(|_| self.model.min == 0 && traffic.quiet)?;
        let counted = match self.knobs.grace_clock {
            GraceClock::Concurrent => idle,
            GraceClock::AfterScaleIn => idle.min(now.since(self.one_since?).as_secs_f64()),
        };
        (counted >= f64::from(self.model.behavior.grace_s) - DUST).then_some(counted)
    }
}
