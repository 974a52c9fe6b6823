//! `combine`: several policies, of which the largest or smallest recommendation wins.

use super::inner::{Inner, Together};
use super::{PolicyContext, PolicySpec};
use autosim_engine::control::{Autoscaler, Decision, Observation, Policy, Stage, Why};
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Which recommendation wins.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// The largest: nobody is starved.
    #[default]
    Largest,
    /// The smallest: nobody overspends.
    Smallest,
}

/// Runs several policies side by side and follows the one that wants most (or least); of equals, the
/// first in the list. Its reasons are kept.
///
/// Each policy decides at its own interval; in between its last recommendation counts.
///
/// ```toml
/// [policies.careful.combine]
/// choose = "largest"
///
/// [policies.careful.combine.policies.cpu.target-tracking]
/// metric = "cpu"
/// target = "60%"
/// max = 40
///
/// [policies.careful.combine.policies.queue.target-tracking]
/// metric = "queued_requests_per_replica"
/// target = 2
/// max = 40
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Combine {
    /// Which recommendation wins. Default `largest`.
    #[serde(default)]
    pub choose: Choose,
    /// The policies, by name and kind.
    pub policies: IndexMap<String, PolicySpec>,
}

impl Combine {
    pub(super) fn check(&self, depth: u32, faults: &mut Faults) {
        if self.policies.is_empty() {
            faults.error("policies", "there is no policy to choose from", "at least one");
        }
        self.check_step(faults);
        faults.within("policies", |faults| {
            for (name, policy) in &self.policies {
                faults.within(name, |faults| policy.check_nested(depth + 1, faults));
            }
        });
    }

    /// The greatest common divisor of the intervals: how often it is asked.
    pub(super) fn step(&self) -> Span {
        self.policies.values().map(PolicySpec::interval).fold(Span::ZERO, Span::common_step)
    }

    fn check_step(&self, faults: &mut Faults) {
        let (step, shortest) =
            (self.step(), self.policies.values().map(PolicySpec::interval).min());
        if shortest.is_some_and(|shortest| step.0 < shortest.0 / 100) {
            faults.error(
                "policies",
                format!("the intervals have only {step} in common"),
                "intervals that are multiples of each other",
            );
        }
    }

    pub(super) fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        let together =
            Together::of(self.policies.values().map(|policy| policy.autoscaler(context)));
        Autoscaler {
            policy: Box::new(Chorus { choose: self.choose, inners: together.inners }),
            signals: together.signals,
            cadence: together.cadence,
            actuation_delay: together.actuation_delay,
            wakeups: together.wakeups,
        }
    }
}

#[derive(Clone)]
struct Chorus {
    choose: Choose,
    inners: Vec<Inner>,
}

impl Chorus {
    fn choose(
        &mut self,
        seen: &Observation<'_>,
        ask: fn(&mut Inner, &Observation<'_>) -> Decision,
    ) -> Decision {
        let recommendations: Vec<Decision> =
            self.inners.iter_mut().map(|inner| ask(inner, seen)).collect();
        let better = |new: u32, best: u32| match self.choose {
            Choose::Largest => new > best,
            Choose::Smallest => new < best,
        };
        let uncapped = recommendations.iter().map(|recommendation| recommendation.uncapped);
        let uncapped = match self.choose {
            Choose::Largest => uncapped.max(),
            Choose::Smallest => uncapped.min(),
        };
        let first_best = |best: (u32, Decision), new: (u32, Decision)| {
            if better(new.1.desired, best.1.desired) { new } else { best }
        };
        let of = recommendations.len() as u32;
        let Some((number, recommendation)) = (1..).zip(recommendations).reduce(first_best) else {
            return seen.hold();
        };
        let chosen =
            recommendation.then(Stage::Combine, recommendation.desired, Why::Chosen { number, of });
        chosen.with_uncapped(uncapped.unwrap_or(chosen.uncapped))
    }
}

impl Policy for Chorus {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.choose(seen, Inner::observe)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.choose(seen, Inner::activate)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, faults, reason};

    fn text(choose: &str) -> String {
        let policy = |name: &str, metric: &str, target: &str, interval: &str| {
            format!(
                "[combine.policies.{name}.target-tracking]\nmetric = \"{metric}\"\n\
                 target = {target}\nmax = 40\ninterval = \"{interval}\"\nstabilise_down = \"0s\"\n"
            )
        };
        format!("[combine]\nchoose = \"{choose}\"\n")
            + &policy("cpu", "cpu", "\"50%\"", "15s")
            + &policy("queue", "queued_requests_per_replica", "2", "10s")
    }

    #[test]
    fn the_largest_or_smallest_wish_wins_with_its_reasons() {
        let _shown = autosim_engine::marks::expect(["chosen"]);
        for (choose, cpu, queue, expected, number) in [
            ("largest", 75.0, 20.0, 10, 2),
            ("largest", 100.0, 20.0, 12, 1),
            ("smallest", 100.0, 20.0, 10, 2),
            ("smallest", 60.0, 16.0, 8, 1),
        ] {
            let mut tape = Tape::new(&text(choose), 6);
            let decision = tape.at(30, &[Some(cpu), Some(queue)]);
            assert_eq!(decision.desired, expected, "{choose} {cpu} {queue}");
            let last = decision.trail.last().unwrap().why.to_string();
            assert_eq!(last, format!("policy {number} of 2"));
            let formula = if number == 1 { "against target" } else { "in all" };
            assert!(reason(&decision).contains(formula), "{}", reason(&decision));
        }
    }

    #[test]
    fn intervals_without_a_common_step_are_refused() {
        let odd = text("largest").replace("15s", "15.0001s");
        assert!(faults(&odd)[0].contains("only 100us in common"), "{:?}", faults(&odd));
    }

    #[test]
    fn each_decides_at_its_own_interval_and_its_wish_lasts() {
        let mut tape = Tape::new(&text("largest"), 6);
        assert_eq!(tape.autoscaler.cadence.interval.as_secs_f64(), 5.0);
        let both = |cpu: f64, queue: f64| [Some(cpu), Some(queue)];
        assert_eq!(tape.at(5, &both(100.0, 80.0)).desired, 6, "nobody is due");
        assert_eq!(tape.at(10, &both(100.0, 14.0)).desired, 7, "the queue's turn");
        assert_eq!(tape.at(15, &both(100.0, 80.0)).desired, 14, "the other's");
        assert_eq!(tape.at(20, &both(1.0, 2.0)).desired, 14, "its recommendation lasts");
        assert_eq!(tape.at(30, &both(10.0, 2.0)).desired, 3);
    }
}
