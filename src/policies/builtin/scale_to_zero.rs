//! `scale-to-zero`: no replicas while nothing happens, around any other policy.

use super::inner::{Inner, Together};
use super::timing;
use super::{PolicyContext, PolicySpec};
use autosim_engine::control::{Autoscaler, Decision, Observation, Policy, SignalRef, Stage, Why};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Metric, MetricRef, SignalSpec};
use autosim_engine::units::{Quantity, Span, Time};
use serde::{Deserialize, Serialize};

/// Removes every replica after an idle time, and brings some back at the first request.
///
/// The service is active in every interval of the inner policy in which the mean of `metric` (default:
/// requests waiting or in service) was above `threshold`. Idle for the whole of `idle`: no replicas,
/// whatever the inner policy wants. The first request that finds no live replica brings up `activate` of
/// them at once, or more if the inner policy wants more; until one of them is ready the count does not
/// fall below `activate`, and while the service is active not below one.
///
/// A scenario that starts with no replicas starts asleep.
///
/// ```toml
/// [policies.sleepy.scale-to-zero]
/// idle = "10m"
/// activate = 2
///
/// [policies.sleepy.scale-to-zero.policy.target-tracking]
/// metric = "ongoing_requests_per_replica"
/// target = 0.7
/// max = 50
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleToZero {
    /// Time without activity after which no replica is kept. Default 5 min.
    #[serde(default = "timing::five_minutes")]
    pub idle: Span,
    /// Replicas at the first request. Default 1.
    #[serde(default = "timing::one")]
    pub activate: u32,
    /// What activity is told by. Default `ongoing_requests`.
    #[serde(default = "ongoing")]
    pub metric: MetricRef,
    /// Activity is above this, in the metric's unit. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Quantity>,
    /// Who decides while the service is active.
    pub policy: Box<PolicySpec>,
}

fn ongoing() -> MetricRef {
    MetricRef::own(Metric::OngoingRequests)
}

impl ScaleToZero {
    pub(super) fn check(&self, depth: u32, faults: &mut Faults) {
        if self.activate == 0 {
            faults.error("activate", "no replica would ever start", "at least 1");
        }
        if let Some(threshold) = self.threshold
            && let Err((message, hint)) = self.metric.level(threshold)
        {
            faults.error("threshold", message, hint);
        }
        if self.metric.per_replica || self.metric.metric.is_average() {
            faults.error(
                "metric",
                format!("{} has no value while no replica is ready", self.metric),
                "a total such as \"ongoing_requests\" or \"requests_per_s\"",
            );
        }
        faults.within("policy", |faults| self.policy.check_nested(depth + 1, faults));
    }

    pub(super) fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        let mut inner = Together::of([self.policy.autoscaler(context)]);
        // One sample per interval, so that no moment goes unseen.
        let interval = inner.cadence.interval;
        let activity = SignalSpec {
            window: Some(interval),
            resolution: Some(interval),
            ..SignalSpec::plain(self.metric.clone())
        };
        let service = self.metric.service.clone();
        inner.signals.push(SignalRef::of(service, activity.resolve(interval)));
        let sleeper = Sleeper {
            inner: inner.inners.pop(),
            activity: inner.signals.len() - 1,
            threshold: self
                .threshold
                .and_then(|threshold| self.metric.level(threshold).ok())
                .unwrap_or(0.0),
            idle: self.idle,
            activate: self.activate,
            asleep: context.initial == 0,
            last_active: Time::ZERO,
        };
        Autoscaler {
            policy: Box::new(sleeper),
            signals: inner.signals,
            cadence: inner.cadence,
            actuation_delay: inner.actuation_delay,
            wakeups: inner.wakeups,
        }
    }
}

#[derive(Clone)]
struct Sleeper {
    inner: Option<Inner>,
    /// Place of the activity signal among the readings.
    activity: usize,
    threshold: f64,
    idle: Span,
    activate: u32,
    asleep: bool,
    last_active: Time,
}

impl Policy for Sleeper {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let decision = self.inner.as_mut().map_or(seen.hold(), |inner| inner.observe(seen));
        let reading = seen.readings.get(self.activity).copied().unwrap_or_default();
        if reading.value.is_some_and(|value| value > self.threshold) {
            self.asleep = false;
            self.last_active = self.last_active.max(reading.at);
        }
        let quiet = seen.now.since(self.last_active);
        self.asleep |= quiet >= self.idle;
        if self.asleep {
            let why = Why::Idle { seconds: quiet.as_secs_f64() };
            return decision.then(Stage::Mode, 0, why);
        }
        let floor = if seen.census.ready == 0 { self.activate } else { 1 };
        if decision.desired >= floor {
            return decision;
        }
        decision.then(Stage::Mode, floor, Why::Note("active"))
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.asleep = false;
        self.last_active = seen.now;
        let decision = self.inner.as_mut().map_or(seen.hold(), |inner| inner.activate(seen));
        if decision.desired >= self.activate {
            return decision;
        }
        decision.then(Stage::Mode, self.activate, Why::Note("first request at zero replicas"))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    const SLEEPY: &str = "[scale-to-zero]\nidle = \"60s\"\nactivate = 2\n\
         [scale-to-zero.policy.target-tracking]\nmetric = \"ongoing_requests_per_replica\"\n\
         target = 1\nmax = 50\ninterval = \"10s\"\nstabilise_down = \"0s\"\n";

    #[test]
    fn idleness_ends_in_zero_and_a_request_ends_idleness() {
        let _shown = autosim_engine::marks::expect(["idle", "first request at zero replicas"]);
        let mut tape = Tape::new(SLEEPY, 3);
        let signal = &tape.autoscaler.signals[1].signal;
        assert_eq!(signal.window, tape.autoscaler.cadence.interval, "no moment goes unseen");
        for (at, ongoing, expected, why) in [
            (10, 2.0, 2, "recommend: 2.0000 in all at 1 each"),
            (20, 0.0, 1, "bounds: min 1"),
            (60, 0.0, 1, "bounds: min 1"),
            (69, 0.0, 1, "recommend: as at its last control"),
            (70, 0.0, 0, "mode: idle for 1m"),
            (80, 0.0, 0, "mode: idle for 1m 10s"),
        ] {
            let decision = tape.at(at, &[Some(ongoing), Some(ongoing)]);
            // At 70 s the inner bound speaks too; the mode has the last word.
            let seen = (decision.desired, reason(&decision));
            assert_eq!(seen, (expected, why.to_owned()), "at {at} s");
        }
        let decision = tape.activate(85, &[Some(0.0), Some(0.0)]);
        assert_eq!((decision.desired, tape.desired), (2, 2));
        tape.ready = Some(0);
        assert_eq!(tape.at(90, &[Some(1.0), Some(1.0)]).desired, 2, "until one is ready");
        tape.ready = Some(2);
        assert_eq!(tape.at(100, &[Some(1.0), Some(1.0)]).desired, 1);
    }

    #[test]
    fn an_empty_scenario_starts_asleep_and_the_backlog_is_read_as_load() {
        let mut tape = Tape::new(SLEEPY, 0);
        assert_eq!(tape.at(10, &[Some(0.0), Some(0.0)]).desired, 0);
        assert_eq!(tape.activate(12, &[Some(0.0), Some(0.0)]).desired, 2);
        tape.ready = Some(0);
        assert_eq!(tape.at(20, &[Some(40.0), Some(40.0)]).desired, 40);
    }

    #[test]
    fn activity_seen_only_at_a_control_wakes_it_too() {
        let _shown = autosim_engine::marks::expect(["active"]);
        let mut tape = Tape::new(SLEEPY, 0);
        tape.ready = Some(0);
        assert_eq!(tape.at(10, &[Some(0.1), Some(0.1)]).desired, 2);
    }
}
