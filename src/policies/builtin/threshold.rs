//! `threshold`: step scaling by rules.

mod rule;

pub use rule::{Adjustment, Comparison, Condition};

use super::PolicyContext;
use super::parts::{Bounds, Breaches, Changes, Cooldown};
use super::timing::{self, Phase};
use autosim_engine::control::{
    Autoscaler, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{GaugeMode, MetricRef, Missing, SignalSpec, Statistic};
use autosim_engine::units::Span;
use serde::{Deserialize, Serialize};

/// Changes the count by a step when a metric crosses a level.
///
/// Every `interval` the metric is one sample for each rule. The first rule in the list whose condition
/// holds in enough samples acts; so the most extreme band comes first. Steps apply to the desired count
/// in force. Then cooldown (counted from the last action's decision), then min and max. A missing sample
/// breaches nothing. A request that finds no live replica brings up `min` of them, at least one.
///
/// ```toml
/// [policies.steps.threshold]
/// metric = "cpu"
/// min = 2
/// max = 60
/// cooldown = "5m"
/// rules = [
///     { when = "> 90%", change = "+30%" },
///     { when = "> 70%", change = "+1", datapoints = 2, periods = 3 },
///     { when = "<= 40%", change = "-1", datapoints = 5, periods = 5 },
/// ]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// What is compared.
    pub metric: MetricRef,
    /// The rules, the first that holds acts.
    pub rules: Vec<Rule>,
    /// Fewest replicas. Default 1.
    #[serde(default = "timing::one")]
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// Time between samples of the rules, and decisions. Default 1 min.
    #[serde(default = "timing::minute")]
    pub interval: Span,
    /// Whether the first decision comes after one interval or a random part of another later.
    #[serde(default)]
    pub phase: Phase,
    /// No action for so long after any action. Default 0 s.
    #[serde(default)]
    pub cooldown: Span,
    /// The same before a scale-out only. Default: `cooldown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_up: Option<Span>,
    /// The same before a scale-in only. Default: `cooldown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_down: Option<Span>,
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
    /// What stands in for a window without data. Default `no-data`, which breaches nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// When it holds, for example `"> 70%"`.
    pub when: Condition,
    /// What it does, for example `"+1"`, `"-10%"` or `"= 5"`.
    pub change: Adjustment,
    /// In how many samples it must hold. Default: all of `periods`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints: Option<u32>,
    /// Of how many last samples. Default 1.
    #[serde(default = "timing::one")]
    pub periods: u32,
}

impl Rule {
    fn need(&self) -> u32 {
        self.datapoints.unwrap_or(self.periods)
    }

    fn check(&self, metric: &MetricRef, faults: &mut Faults) {
        if let Err((message, hint)) = metric.level(self.when.level) {
            faults.error("when", message, hint);
        }
        if self.periods == 0 || self.need() == 0 {
            let key = if self.periods == 0 { "periods" } else { "datapoints" };
            faults.error(key, "no sample at all", "at least 1");
        } else if self.need() > self.periods {
            faults.error(
                "datapoints",
                format!("{} of {} samples can never hold", self.need(), self.periods),
                "datapoints is at most periods",
            );
        }
        if self.change.is_nothing() {
            faults.error("change", format!("`{}` changes nothing", self.change), "");
        }
    }
}

impl Threshold {
    fn signal(&self) -> SignalSpec {
        SignalSpec {
            metric: self.metric.clone(),
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
        if self.rules.is_empty() {
            faults.error("rules", "there is no rule", "{ when = \"> 70%\", change = \"+1\" }");
        }
        faults.within("rules", |faults| {
            for (index, rule) in self.rules.iter().enumerate() {
                faults.within(index.to_string(), |faults| {
                    rule.check(&self.metric, faults);
                    let shadow = self.rules[..index].iter().position(|earlier| {
                        earlier.when.covers(&rule.when) && earlier.need() <= rule.need()
                    });
                    if let Some(earlier) = shadow {
                        faults.warn(
                            "when",
                            format!("never acts: rule {} holds whenever it does", earlier + 1),
                            "put the most extreme rule first",
                        );
                    }
                });
            }
        });
    }

    pub(super) fn autoscaler(&self, _: &PolicyContext) -> Autoscaler {
        let signal = self.signal().resolve(self.interval);
        let level = |rule: &Rule| {
            let value = self.metric.level(rule.when.level).ok()?;
            Some(Level::of(value, rule.when.comparison.acts()))
        };
        let levels = self.rules.iter().filter_map(level);
        Autoscaler {
            policy: Box::new(self.policy()),
            signals: vec![SignalRef::of(self.metric.service.clone(), signal).against(levels)],
            cadence: self.phase.cadence(self.interval),
            actuation_delay: self.actuation_delay,
            wakeups: Vec::new(),
        }
    }

    fn policy(&self) -> Steps {
        let ready = |rule: &Rule| Armed {
            when: rule.when,
            // Checked before; a level that is none would never be crossed.
            level: self.metric.level(rule.when.level).unwrap_or(f64::NAN),
            change: rule.change,
            breaches: Breaches::new(rule.need(), rule.periods),
        };
        Steps {
            rules: self.rules.iter().map(ready).collect(),
            changes: Changes::new(Span::ZERO),
            cooldown: Cooldown {
                up: self.cooldown_up.unwrap_or(self.cooldown),
                down: self.cooldown_down.unwrap_or(self.cooldown),
            },
            bounds: Bounds { min: self.min, max: self.max },
        }
    }
}

#[derive(Clone)]
struct Steps {
    rules: Vec<Armed>,
    changes: Changes,
    cooldown: Cooldown,
    bounds: Bounds,
}

#[derive(Clone)]
struct Armed {
    when: Condition,
    level: f64,
    change: Adjustment,
    breaches: Breaches,
}

impl Steps {
    /// What the first rule that holds wants; every rule takes its sample.
    fn recommend(&mut self, value: Option<f64>, current: u32) -> (u32, Why) {
        let quiet = value.map_or(Why::NoData, |value| Why::Quiet { value });
        let (mut acting, mut waiting) = (None, None);
        for (number, rule) in (1..).zip(&mut self.rules) {
            let breached = value.filter(|&value| rule.when.holds(value, rule.level));
            let (have, need) = (rule.breaches.push(breached.is_some()), rule.breaches.need());
            if have >= need && acting.is_none() {
                // Held by samples before this one, if this one did not breach.
                let value = value.unwrap_or(f64::NAN);
                let why = Why::Rule { number, value, level: rule.level };
                acting = Some((rule.change.apply(current), why));
            } else if breached.is_some() && waiting.is_none() {
                waiting = Some((current, Why::TooFew { number, have, need }));
            }
        }
        acting.or(waiting).unwrap_or((current, quiet))
    }
}

impl Policy for Steps {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let (now, current) = (seen.now, seen.desired);
        self.changes.note(now, current);
        let value = seen.readings.first().and_then(|reading| reading.value);
        let (wanted, why) = self.recommend(value, current);
        let decision = seen.propose(wanted, why);
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

    #[test]
    fn the_theory_rule_steps_by_one_on_what_is_there_now() {
        let mut tape = Tape::new(
            "[threshold]\nmetric = \"ongoing_requests_per_replica\"\ngauge = \"instant\"\n\
             interval = \"1s\"\nmin = 1\nmax = 14\n\
             rules = [{ when = \"> 1\", change = \"+1\" }, { when = \"<= 0.4\", change = \"-1\" }]",
            4,
        );
        assert!(tape.autoscaler.signals[0].signal.per_replica);
        for (at, ongoing, expected) in
            [(1, 5.0, 5), (2, 5.0, 5), (3, 2.0, 4), (4, 2.0, 4), (5, 0.0, 3), (6, 0.0, 2)]
        {
            let replicas = f64::from(tape.desired);
            assert_eq!(tape.at(at, &[Some(ongoing / replicas)]).desired, expected, "at {at} s");
        }
        tape.desired = 14;
        assert_eq!(tape.at(7, &[Some(9.0)]).desired, 14);
        tape.desired = 1;
        assert_eq!(tape.at(8, &[Some(0.0)]).desired, 1);
    }

    #[test]
    fn m_of_n_samples_and_the_cooldown_hold_a_rule_back() {
        let _shown = autosim_engine::marks::expect(["too_few", "no_data", "quiet", "rule"]);
        let mut tape = Tape::new(
            "[threshold]\nmetric = \"cpu\"\nmax = 20\ncooldown = \"5m\"\ncooldown_down = \"0s\"\n\
             rules = [{ when = \"> 90%\", change = \"+50%\" },\n\
             { when = \"> 70%\", change = \"+1\", datapoints = 2, periods = 3 },\n\
             { when = \"< 30%\", change = \"= 2\" }]",
            4,
        );
        for (minute, value, expected, why) in [
            (1, Some(80.0), 4, "recommend: rule 2: 1 of 2 samples needed"),
            (2, None, 4, "recommend: no data"),
            (3, Some(75.0), 5, "recommend: rule 2: 75.0000 against level 70"),
            (4, Some(95.0), 5, "cooldown: cooldown before scale-out, 4m left"),
            (5, Some(50.0), 5, "cooldown: cooldown before scale-out, 3m left"),
            (6, Some(50.0), 5, "recommend: no rule holds for 50.0000"),
            (8, Some(95.0), 7, "recommend: rule 1: 95.0000 against level 90"),
            (9, Some(20.0), 2, "recommend: rule 3: 20.0000 against level 30"),
        ] {
            let decision = tape.at(minute * 60, &[value]);
            let seen = (decision.desired, reason(&decision));
            assert_eq!(seen, (expected, why.to_owned()), "at {minute} min");
        }
    }

    #[test]
    fn simple_scaling_with_a_cooldown_adds_one_replica_in_five_minutes() {
        let mut tape = Tape::new(
            "[threshold]\nmetric = \"cpu\"\nmax = 90\ncooldown = \"300s\"\n\
             rules = [{ when = \"> 70%\", change = \"+1\" }]",
            10,
        );
        let checks = (1..=30).map(|minute| tape.at(minute * 60, &[Some(100.0)]));
        let suppressed = checks.filter(|decision| decision.desired < decision.uncapped).count();
        assert_eq!((tape.desired, suppressed), (16, 24));
    }

    #[test]
    fn a_first_request_brings_up_the_minimum_and_at_least_one() {
        let _shown = autosim_engine::marks::expect(["first request at zero replicas"]);
        for (min, expected) in [(0, 1), (3, 3)] {
            let text = format!(
                "[threshold]\nmetric = \"cpu\"\nmin = {min}\nmax = 9\n\
                 rules = [{{ when = \"> 70%\", change = \"+1\" }}]"
            );
            assert_eq!(Tape::new(&text, 0).activate(7, &[None]).desired, expected);
        }
    }

    #[test]
    fn faults_of_rules_are_found_at_their_place() {
        let found = faults(
            "[threshold]\nmetric = \"cpu\"\nmax = 5\nrules = [\n\
             { when = \"> 0.7\", change = \"+0\" },\n\
             { when = \"> 70%\", change = \"+1\", datapoints = 4, periods = 3 },\n\
             { when = \"> 80%\", change = \"+1\", periods = 4 },\n\
             { when = \"< 80%\", change = \"-1\", periods = 0 }]",
        );
        for part in [
            "rules.0.when: `0.7` is not",
            "rules.0.change: `+0`",
            "rules.1.datapoints: 4 of 3",
            "rules.2.when: never acts: rule 1",
            "rules.3.periods",
        ] {
            assert!(found.iter().any(|fault| fault.contains(part)), "{part} {found:?}");
        }
        assert!(
            faults("[threshold]\nmetric = \"cpu\"\nmax = 5\nrules = []")[0].contains("no rule")
        );
    }
}
