//! `target-tracking`: as many replicas as bring a metric to its target.

use super::PolicyContext;
use super::parts::{
    Bounds, Changes, Cooldown, RateLimitSpec, RateLimits, Stabilise, Tolerance, ceil_count,
};
use super::timing::{self, Phase};
use autosim_engine::control::{
    Autoscaler, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{GaugeMode, MetricRef, Missing, SignalSpec, Statistic};
use autosim_engine::units::{Fraction, Quantity, Span};
use serde::{Deserialize, Serialize};

/// Which replicas a ratio is applied to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// Ready ones: those the metric was measured on.
    #[default]
    Ready,
    /// Starting ones too. While replicas start, the metric is still that of the ready ones, so the
    /// answer multiplies itself; some products do this.
    Live,
}

/// Keeps a metric at a target by scaling in proportion.
///
/// - An average (`cpu`, `p95_ms`) or a total of the service: `ceil(base x value / target)`.
/// - A per-replica metric (`ongoing_requests_per_replica`): `ceil(total / target)`, which needs no
///   replicas to be ready and does not depend on their number.
///
/// Then, in this order: tolerance, stabilisation windows, rate limits, cooldowns, min and max. Without
/// data, or with no replica to apply a ratio to, the count in force is kept (within min and max). A
/// request that finds no live replica brings up `min` of them, at least one. Rounding forgives 1e-9.
///
/// ```toml
/// [policies.steady.target-tracking]
/// metric = "cpu"
/// target = "60%"
/// min = 4
/// max = 60
/// window = "1m"
/// delay = "15s"
/// stabilise_down = "5m"
/// scale_up_limit = { count = 4, percent = "100%", per = "15s" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTracking {
    /// What is tracked.
    pub metric: MetricRef,
    /// Where it is to be, in the metric's unit.
    pub target: Quantity,
    /// Fewest replicas. Default 1; 0 needs a metric that is per replica, or `scale-to-zero` around it.
    #[serde(default = "timing::one")]
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// What value / target multiplies. A metric is measured on ready replicas, so their number times the ratio
    /// is what would bring it to the target, however many are still starting. Default `ready`.
    #[serde(default)]
    pub base: Base,
    /// Time between decisions. Default 15 s.
    #[serde(default = "timing::quarter_minute")]
    pub interval: Span,
    /// Whether the first decision comes after one interval or a random part of another later.
    #[serde(default)]
    pub phase: Phase,
    /// No change while value / target is within 1 plus or minus this; 0 switches it off. Default 10 %.
    #[serde(default = "tenth")]
    pub tolerance: Fraction,
    /// Scale in only to the highest recommendation of so long. Default 5 min.
    #[serde(default = "timing::five_minutes")]
    pub stabilise_down: Span,
    /// Scale out only to the lowest recommendation of so long. Default 0 s.
    #[serde(default)]
    pub stabilise_up: Span,
    /// How fast the count may rise. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up_limit: Option<RateLimitSpec>,
    /// How fast the count may fall. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down_limit: Option<RateLimitSpec>,
    /// No scale-out for so long after any action. Default 0 s.
    #[serde(default)]
    pub cooldown_up: Span,
    /// No scale-in for so long after any action. Default 0 s.
    #[serde(default)]
    pub cooldown_down: Span,
    /// From decision to order. Default 0 s.
    #[serde(default)]
    pub actuation_delay: Span,
    /// Window of the metric. Default 60 s; for instantaneous gauges the value now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// Time between samples of the metric. Default 15 s, or the interval or window if shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Span>,
    /// How samples become one value. Default mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,
    /// From sample to publication. Default 0 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// Whether gauges are exact means over time or values now. Default `integral`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gauge: Option<GaugeMode>,
    /// What stands in for a window without data. Default `no-data`, which keeps the count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

fn tenth() -> Fraction {
    Fraction::new(0.1).unwrap_or_default()
}

impl TargetTracking {
    /// The signal as configured; a per-replica metric is read as a total, its target being each
    /// replica's part of it.
    fn signal(&self) -> SignalSpec {
        SignalSpec {
            metric: MetricRef { per_replica: false, ..self.metric.clone() },
            window: self.window,
            resolution: self.resolution,
            statistic: self.statistic,
            delay: self.delay,
            gauge: self.gauge,
            missing: self.missing,
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        timing::check_interval(self.interval, faults);
        self.signal().check(self.interval, faults);
        Bounds { min: self.min, max: self.max }.check(faults);
        match self.metric.level(self.target) {
            Err((message, hint)) => faults.error("target", message, hint),
            Ok(level) if level <= 0.0 => {
                faults.error("target", format!("{} is not above zero", self.target), "");
            }
            Ok(_) if self.metric.is_total() && self.metric.service.is_none() => faults.warn(
                "metric",
                format!("{} is a total: the count is multiplied by value / target", self.metric),
                format!("for a target per replica write \"{}_per_replica\"", self.metric),
            ),
            Ok(_) => {}
        }
        for (key, limit) in
            [("scale_up_limit", &self.scale_up_limit), ("scale_down_limit", &self.scale_down_limit)]
        {
            if let Some(limit) = limit {
                faults.within(key, |faults| limit.check(faults));
            }
        }
    }

    pub(super) fn autoscaler(&self, _: &PolicyContext) -> Autoscaler {
        let signal = self.signal();
        let watched = SignalRef::of(signal.metric.service.clone(), signal.resolve(self.interval));
        let level = self.metric.level(self.target).ok();
        let each = self.metric.per_replica;
        Autoscaler {
            policy: Box::new(self.policy()),
            signals: vec![watched.against(level.map(|l| Level { each, ..Level::target(l) }))],
            cadence: self.phase.cadence(self.interval),
            actuation_delay: self.actuation_delay,
            wakeups: Vec::new(),
        }
    }

    fn policy(&self) -> Tracker {
        let rates = RateLimits {
            up: self.scale_up_limit.map(|limit| limit.limit()),
            down: self.scale_down_limit.map(|limit| limit.limit()),
        };
        Tracker {
            // Checked before; a level that is none would divide by one.
            level: self.metric.level(self.target).unwrap_or(1.0),
            per_replica: self.metric.per_replica,
            base: self.base,
            tolerance: Tolerance(self.tolerance.get()),
            stabilise: Stabilise::new(self.stabilise_down, self.stabilise_up),
            changes: Changes::new(rates.memory()),
            rates,
            cooldown: Cooldown { up: self.cooldown_up, down: self.cooldown_down },
            bounds: Bounds { min: self.min, max: self.max },
        }
    }
}

#[derive(Clone)]
struct Tracker {
    level: f64,
    per_replica: bool,
    base: Base,
    tolerance: Tolerance,
    stabilise: Stabilise,
    rates: RateLimits,
    changes: Changes,
    cooldown: Cooldown,
    bounds: Bounds,
}

impl Tracker {
    /// The formula: the proposal and value / target; `None` without data or replicas.
    fn recommend(&self, seen: &Observation<'_>) -> Option<(Decision, Option<f64>)> {
        let value = seen.readings.first()?.value?;
        let base = match self.base {
            Base::Ready => seen.census.ready,
            Base::Live => seen.census.live(),
        };
        if self.per_replica {
            let why = Why::Total { total: value, each: self.level };
            let wanted = ceil_count(value / self.level);
            let ratio = (base > 0).then(|| value / (self.level * f64::from(base)));
            return Some((seen.propose(wanted, why), ratio));
        }
        if base == 0 {
            return None;
        }
        let why = Why::Ratio { base, value, target: self.level };
        let wanted = ceil_count(f64::from(base) * value / self.level);
        Some((seen.propose(wanted, why), Some(value / self.level)))
    }
}

impl Policy for Tracker {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let (now, current) = (seen.now, seen.desired);
        self.changes.note(now, current);
        let Some((proposal, ratio)) = self.recommend(seen) else {
            return self.bounds.apply(seen.propose(current, Why::NoData));
        };
        let decision = self.tolerance.apply(proposal, ratio, current);
        let decision = self.stabilise.apply(decision, now, current);
        let decision = self.rates.apply(decision, now, current, &self.changes);
        let decision = self.cooldown.apply(decision, now, current, &self.changes);
        self.bounds.apply(decision)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.changes.note(seen.now, seen.desired);
        let wanted = self.bounds.min.max(1);
        let why = Why::Note("first request at zero replicas");
        self.bounds.apply(seen.by(Stage::Mode, wanted, why))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, faults, reason};

    const HPA: &str = "[target-tracking]\nmax = 100\nstabilise_down = \"0s\"\n";

    #[test]
    fn ratios_round_up_and_tolerate_a_tenth_as_the_hpa_does() {
        let _shown = autosim_engine::marks::expect(["ratio"]);
        // Now, mean value, target, answer: the HPA's own golden cases.
        for (now, value, target, expected) in [
            (3, 50.0, "30%", 5),
            (2, 60.0, "30%", 4),
            (3, 102.0, "100%", 3),
            (5, 28.0, "50%", 3),
            (3, 110.0, "100%", 3),
            (3, 90.0, "100%", 3),
            (3, 110.1, "100%", 4),
        ] {
            let text = format!("{HPA}metric = \"cpu\"\ntarget = \"{target}\"");
            let decision = Tape::new(&text, now).at(15, &[Some(value)]);
            assert_eq!(decision.desired, expected, "{now} at {value} for {target}");
        }
    }

    #[test]
    fn totals_are_shared_out_and_tolerate_a_tenth_of_what_is_there() {
        let _shown = autosim_engine::marks::expect(["total"]);
        for (now, total, each, expected) in [
            (3, 60.0, 15.0, 4),
            (3, 90.0, 15.0, 6),
            (3, 62.0, 20.0, 3),
            (5, 60.0, 20.0, 3),
            (3, 8.6, 2.15, 4),
            (5, 8.6, 2.867, 3),
            (3, 8.6, 2.9, 3),
        ] {
            let text = format!("{HPA}metric = \"queued_requests_per_replica\"\ntarget = {each}");
            let decision = Tape::new(&text, now).at(15, &[Some(total)]);
            assert_eq!(decision.desired, expected, "{now} at {total} for {each}");
        }
        let text = format!("{HPA}metric = \"queued_requests\"\ntarget = 4.4");
        assert_eq!(Tape::new(&text, 1).at(15, &[Some(8.6)]).desired, 2);
    }

    #[test]
    fn the_benchmark_rule_counts_what_is_there_and_keeps_the_highest_of_a_minute() {
        let mut tape = Tape::new(
            "[target-tracking]\nmetric = \"ongoing_requests_per_replica\"\ntarget = 0.7\n\
             gauge = \"instant\"\ninterval = \"10s\"\nmin = 1\nmax = 1000\ntolerance = \"0%\"\n\
             stabilise_down = \"60s\"",
            150,
        );
        let signal = &tape.autoscaler.signals[0].signal;
        assert_eq!((signal.window, signal.per_replica), (signal.resolution, false));
        for (at, ongoing, uncapped, expected) in [
            (10, 100.0, 143, 150),
            (20, 112.0, 160, 160),
            (30, 70.0, 100, 160),
            (79, 70.0, 100, 160),
            (80, 63.0, 90, 100),
            (150, 7.0, 10, 10),
            (160, 0.0, 0, 10),
            (230, 0.0, 0, 1),
        ] {
            let decision = tape.at(at, &[Some(ongoing)]);
            assert_eq!((decision.uncapped, decision.desired), (uncapped, expected), "at {at} s");
        }
    }

    #[test]
    fn every_guard_leaves_its_reason() {
        let _shown = autosim_engine::marks::expect(["no_data"]);
        let text = "[target-tracking]\nmetric = \"cpu\"\ntarget = \"50%\"\nmin = 2\nmax = 20\n\
             cooldown_down = \"2m\"\nscale_up_limit = { count = 4, per = \"1m\" }\n\
             stabilise_down = \"1m\"";
        let mut tape = Tape::new(text, 10);
        for (at, value, expected, why) in [
            (15, Some(50.0), 10, "recommend: 50.0000 against target 50"),
            (30, Some(53.0), 10, "tolerance: 1.0600 against level 1"),
            (45, Some(90.0), 14, "rate_limit: highest allowed now 14"),
            (60, None, 14, "recommend: no data"),
            (75, Some(10.0), 14, "stabilise: highest of the last 1m"),
            (105, Some(100.0), 18, "rate_limit: highest allowed now 18"),
            (120, Some(10.0), 18, "stabilise: highest of the last 1m"),
            (165, Some(10.0), 18, "cooldown: cooldown before scale-in, 1m left"),
            (225, Some(1.0), 2, "bounds: min 2"),
        ] {
            let decision = tape.at(at, &[value]);
            let seen = (decision.desired, reason(&decision));
            assert_eq!(seen, (expected, why.to_owned()), "at {at} s");
        }
    }

    #[test]
    fn without_replicas_a_ratio_holds_and_a_total_still_counts() {
        let mut ratio = Tape::new(&format!("{HPA}metric = \"cpu\"\ntarget = \"50%\""), 6);
        ratio.ready = Some(0);
        assert_eq!(ratio.at(15, &[Some(100.0)]).desired, 6);
        let text = format!("{HPA}metric = \"ongoing_requests_per_replica\"\ntarget = 1");
        let mut total = Tape::new(&text, 1);
        total.ready = Some(0);
        assert_eq!(total.at(15, &[Some(100.0)]).desired, 100);
    }

    #[test]
    fn the_base_is_the_ready_ones_unless_all_live_ones_are_wanted() {
        for (base, expected) in [("ready", 6), ("live", 12)] {
            let text = format!("{HPA}metric = \"cpu\"\ntarget = \"50%\"\nbase = \"{base}\"");
            let mut tape = Tape::new(&text, 6);
            tape.ready = Some(3);
            assert_eq!(tape.at(15, &[Some(100.0)]).desired, expected, "{base}");
        }
    }

    #[test]
    fn a_first_request_brings_up_the_minimum_and_at_least_one() {
        let _shown = autosim_engine::marks::expect(["first request at zero replicas"]);
        for (min, expected) in [(0, 1), (1, 1), (3, 3)] {
            let text = format!("{HPA}metric = \"cpu\"\ntarget = \"50%\"\nmin = {min}");
            assert_eq!(Tape::new(&text, 0).activate(7, &[None]).desired, expected);
        }
    }

    #[test]
    fn faults_are_found_together_at_their_keys() {
        let text = "[target-tracking]\nmetric = \"cpu\"\ntarget = 0.6\nmin = 9\nmax = 3\n\
             interval = \"0s\"\nwindow = \"5s\"\nresolution = \"10s\"\n\
             scale_up_limit = { per = \"0s\" }";
        let found = faults(text);
        for part in ["interval:", "target: `0.6`", "min: min 9", "scale_up_limit:", "_limit.per:"] {
            let path = format!("target-tracking.{part}");
            assert!(
                found.iter().any(|f| f.contains(&path) || f.contains(part)),
                "{part} {found:?}"
            );
        }
        let total = format!("{HPA}metric = \"ongoing_requests\"\ntarget = 0.7");
        assert!(faults(&total)[0].contains("ongoing_requests_per_replica"), "a total is no ratio");
    }
}
