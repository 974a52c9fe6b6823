//! A decision and the trail of stages that made it.

use super::Said;
use crate::marks;
use crate::units::{Span, Time};
use std::fmt;
use strum::{IntoStaticStr, VariantArray};

/// The most stages a trail keeps; further ones replace the last, so that the end is always true.
const MAX_STEPS: usize = 10;

/// Which part of a policy acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Stage {
    /// The formula.
    Recommend,
    /// The dead band around the target.
    Tolerance,
    /// The rolling window of past recommendations.
    Stabilise,
    /// How fast the count may change.
    RateLimit,
    /// The pause after an action.
    Cooldown,
    /// Minimum and maximum.
    Bounds,
    /// A calendar's entry.
    Schedule,
    /// Idle, activation, panic: a mode of the policy.
    Mode,
    /// The choice among several policies.
    Combine,
}

impl Stage {
    /// Column name in the files of a run.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recommend => "recommend",
            Self::Tolerance => "tolerance",
            Self::Stabilise => "stabilise",
            Self::RateLimit => "rate_limit",
            Self::Cooldown => "cooldown",
            Self::Bounds => "bounds",
            Self::Schedule => "schedule",
            Self::Mode => "mode",
            Self::Combine => "combine",
        }
    }

    /// Every stage, in the order of the columns.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// Why a stage made the number what it is: data, rendered only when printed.
#[derive(Debug, Clone, Copy, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    /// Nothing to say beyond the stage.
    Plain,
    /// A fixed sentence.
    Note(&'static str),
    /// What a program that decides gave as its reason.
    Said(Said),
    /// Metric against target: `base x value / target`, rounded up.
    Ratio {
        /// Replicas the ratio is applied to.
        base: u32,
        /// As seen.
        value: f64,
        /// As wanted.
        target: f64,
    },
    /// A level was crossed (or not).
    Level {
        /// As seen.
        value: f64,
        /// The threshold.
        level: f64,
    },
    /// A total against what each replica is to take of it: `total / each`.
    Total {
        /// As seen, for the whole service.
        total: f64,
        /// As wanted, per replica.
        each: f64,
    },
    /// A rule acted: its condition held.
    Rule {
        /// Its place in the list, from 1.
        number: u32,
        /// As seen.
        value: f64,
        /// The rule's level.
        level: f64,
    },
    /// A rule's condition held, but in too few samples.
    TooFew {
        /// The rule's place in the list, from 1.
        number: u32,
        /// Samples that breached.
        have: u32,
        /// Samples needed.
        need: u32,
    },
    /// No rule's condition held.
    Quiet {
        /// As seen.
        value: f64,
    },
    /// No reading to decide on.
    NoData,
    /// A limit was in force.
    Limit {
        /// What limited, for example `max`.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The extreme of the recommendations of a window was in force.
    Recent {
        /// `highest` or `lowest`.
        what: &'static str,
        /// The window in seconds.
        window_s: f64,
    },
    /// A calendar's entry was in force.
    Entry {
        /// Its place in the list, from 1.
        number: u32,
        /// Since when, in seconds from the start.
        since_s: f64,
    },
    /// One policy of several had the last word.
    Chosen {
        /// Its place in the list, from 1.
        number: u32,
        /// Of how many.
        of: u32,
    },
    /// Nothing happened for longer than the grace.
    Idle {
        /// For so many seconds.
        seconds: f64,
    },
    /// A pause or window was in force.
    Until {
        /// What, for example `cooldown`.
        name: &'static str,
        /// Seconds left.
        seconds_left: f64,
    },
}

impl fmt::Display for Why {
    /// In short; an instant is told as time since the start.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |seconds: f64| Span::from_secs_f64(seconds).told();
        match self {
            Self::Plain => Ok(()),
            Self::Note(text) => f.write_str(text),
            Self::Said(words) => write!(f, "{words}"),
            Self::Ratio { value, target, .. } => write!(f, "{value:.4} against target {target}"),
            Self::Level { value, level } => write!(f, "{value:.4} against level {level}"),
            Self::Total { total, each } => write!(f, "{total:.4} in all at {each} each"),
            Self::Rule { number, value, level } => {
                write!(f, "rule {number}: {value:.4} against level {level}")
            }
            Self::TooFew { number, have, need } => {
                write!(f, "rule {number}: {have} of {need} samples needed")
            }
            Self::Quiet { value } => write!(f, "no rule holds for {value:.4}"),
            Self::Recent { what, window_s } => write!(f, "{what} of the last {}", told(*window_s)),
            Self::Entry { number, since_s } => {
                write!(f, "entry {number} since +{}", told(*since_s))
            }
            Self::Chosen { number, of } => write!(f, "policy {number} of {of}"),
            Self::Idle { seconds } => write!(f, "idle for {}", told(*seconds)),
            Self::NoData => f.write_str("no data"),
            Self::Limit { name, value } => write!(f, "{name} {value}"),
            Self::Until { name, seconds_left } => write!(f, "{name}, {} left", told(*seconds_left)),
        }
    }
}

impl Why {
    /// Every reason given is a coverage mark: its kind, and the name or note that tells it from others.
    fn mark(&self) {
        let kind: &str = self.into();
        match self {
            Self::Note(text) => marks::hit("", text),
            Self::Limit { name, .. } | Self::Until { name, .. } => marks::hit(kind, name),
            Self::Recent { what, .. } => marks::hit(kind, what),
            Self::Plain
            | Self::Said(_)
            | Self::Ratio { .. }
            | Self::Level { .. }
            | Self::Total { .. }
            | Self::Rule { .. }
            | Self::TooFew { .. }
            | Self::Quiet { .. }
            | Self::NoData
            | Self::Entry { .. }
            | Self::Chosen { .. }
            | Self::Idle { .. } => marks::hit(kind, ""),
        }
    }

    /// The arithmetic in full, for whoever wants to check it: every number with as many digits as give the
    /// same answer. `instant` says how people are told when something was.
    pub fn in_full(&self, instant: impl Fn(Time) -> String) -> String {
        match self {
            Self::Entry { number, since_s } => {
                format!("entry {number} since {}", instant(Time::from_secs_f64(*since_s)))
            }
            Self::Ratio { base, value, target } => {
                let count = |value: f64| (f64::from(*base) * value / target - 1e-9).ceil();
                let value = digits(*value, |brief| count(brief) == count(*value));
                format!("{base} x {value} / {target}, rounded up")
            }
            Self::Total { total, each } => {
                let count = |total: f64| (total / each - 1e-9).ceil();
                let total = digits(*total, |brief| count(brief) == count(*total));
                format!("{total} / {each}, rounded up")
            }
            Self::Level { value, level } => {
                let value =
                    digits(*value, |brief| brief.total_cmp(level) == value.total_cmp(level));
                format!("{value} against the level {level}")
            }
            Self::Rule { number, value, level } => {
                let value =
                    digits(*value, |brief| brief.total_cmp(level) == value.total_cmp(level));
                format!("rule {number}: {value} against the level {level}")
            }
            Self::Quiet { value } => format!("no rule holds for {}", digits(*value, |_| true)),
            Self::Plain
            | Self::Note(_)
            | Self::Said(_)
            | Self::TooFew { .. }
            | Self::NoData
            | Self::Limit { .. }
            | Self::Recent { .. }
            | Self::Chosen { .. }
            | Self::Idle { .. }
            | Self::Until { .. } => self.to_string(),
        }
    }
}

/// The number with at least six significant digits, and as many more as it takes for the same answer.
fn digits(value: f64, same: impl Fn(f64) -> bool) -> f64 {
    let brief = |digits: usize| format!("{value:.digits$e}").parse().ok();
    (5..17).filter_map(brief).find(|brief| same(*brief)).unwrap_or(value)
}

/// One stage of a decision: the number before and after, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Which part acted.
    pub stage: Stage,
    /// Before.
    pub from: u32,
    /// After; equal to `from` if the stage looked and let it pass.
    pub to: u32,
    /// Why.
    pub why: Why,
}

/// The stages of a decision in order, kept inline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trail {
    steps: [Step; MAX_STEPS],
    len: u8,
}

impl Trail {
    const EMPTY: Self = Self {
        steps: [Step { stage: Stage::Recommend, from: 0, to: 0, why: Why::Plain }; MAX_STEPS],
        len: 0,
    };

    fn push(&mut self, step: Step) {
        let at = usize::from(self.len).min(MAX_STEPS - 1);
        self.steps[at] = step;
        self.len = (at + 1) as u8;
    }
}

impl std::ops::Deref for Trail {
    type Target = [Step];
    fn deref(&self) -> &[Step] {
        &self.steps[..usize::from(self.len)]
    }
}

/// Which bound a decision ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It would be less without the minimum.
    Minimum,
    /// It would be more without the maximum.
    Maximum {
        /// By so many replicas.
        more: u32,
    },
}

/// What a policy wants, and how it got there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Replicas wanted (starting and ready together).
    pub desired: u32,
    /// What the formula alone wanted, before any guard: the unconstrained line of a plot.
    pub uncapped: u32,
    /// The stages in order; never empty.
    pub trail: Trail,
    /// What the policy remembers after it, in a word of its product's own; zero where it says nothing.
    pub state: u32,
    /// A guard that lets everything pass, see [`super::Observation`].
    lifted: Option<Stage>,
}

impl Decision {
    /// By one stage alone.
    pub(super) fn first(
        stage: Stage,
        from: u32,
        wanted: u32,
        why: Why,
        lifted: Option<Stage>,
    ) -> Self {
        why.mark();
        let mut trail = Trail::EMPTY;
        trail.push(Step { stage, from, to: wanted, why });
        Self { desired: wanted, uncapped: wanted, trail, state: 0, lifted }
    }

    /// A guard's answer. Recorded if it changed the number or has something to say.
    #[must_use]
    pub fn then(mut self, stage: Stage, to: u32, why: Why) -> Self {
        if self.lifted == Some(stage) {
            return self;
        }
        if to != self.desired || why != Why::Plain {
            why.mark();
            self.trail.push(Step { stage, from: self.desired, to, why });
            self.desired = to;
        }
        self
    }

    /// With another count as the unconstrained one, where that is not the first stage's.
    #[must_use]
    pub const fn with_uncapped(self, uncapped: u32) -> Self {
        Self { uncapped, ..self }
    }

    /// With what the policy remembers after it.
    #[must_use]
    pub const fn with_state(self, state: u32) -> Self {
        Self { state, ..self }
    }

    /// The bound that had the last word on what a policy wanted: its own minimum and maximum, or those of a
    /// calendar's entry. A policy that finds a count outside its bounds and corrects it first wants nothing more.
    pub fn bound(&self) -> Option<Bound> {
        let wanted = self.trail.iter().skip(1).rev().find(|step| step.from != step.to)?;
        let more = wanted.to.abs_diff(wanted.from);
        match wanted.stage {
            Stage::Bounds | Stage::Schedule if wanted.to < wanted.from => {
                Some(Bound::Maximum { more })
            }
            Stage::Bounds | Stage::Schedule => Some(Bound::Minimum),
            Stage::Recommend
            | Stage::Tolerance
            | Stage::Stabilise
            | Stage::RateLimit
            | Stage::Cooldown
            | Stage::Mode
            | Stage::Combine => None,
        }
    }

    /// The stage that had the last word on the number: the last one that changed it, else the formula.
    pub fn reason(&self) -> &Step {
        self.trail.iter().rev().find(|step| step.from != step.to).unwrap_or(&self.trail[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Observation;

    /// | stages after the formula's 8 | bound |
    #[test]
    fn a_bound_is_what_had_the_last_word_on_the_count() {
        let maximum = |more| Some(Bound::Maximum { more });
        type Case<'a> = (&'a [(Stage, u32)], Option<Bound>);
        let cases: &[Case<'_>] = &[
            (&[], None),
            (&[(Stage::RateLimit, 6)], None),
            (&[(Stage::Bounds, 5)], maximum(3)),
            (&[(Stage::RateLimit, 6), (Stage::Bounds, 5)], maximum(1)),
            (&[(Stage::Bounds, 5), (Stage::Cooldown, 4)], None),
            (&[(Stage::Schedule, 7)], maximum(1)),
            (&[(Stage::Bounds, 9)], Some(Bound::Minimum)),
            (&[(Stage::Stabilise, 10), (Stage::Bounds, 9), (Stage::Combine, 9)], maximum(1)),
        ];
        for (stages, bound) in cases {
            let start = Observation::of_count(3).propose(8, Why::Plain);
            let decision = stages
                .iter()
                .fold(start, |decision, &(stage, to)| decision.then(stage, to, Why::Plain));
            assert_eq!(decision.bound(), *bound, "{stages:?}");
        }
    }

    #[test]
    fn the_arithmetic_has_as_many_digits_as_give_the_same_answer() {
        let ratio = |base, value, target| Why::Ratio { base, value, target };
        for (why, text) in [
            (ratio(7, 95.026_450_631_408_54, 60.0), "7 x 95.0265 / 60, rounded up"),
            // 70.0000007 percent of 10 replicas at 70 are 11, of 70 they are 10.
            (ratio(10, 70.000_000_7, 70.0), "10 x 70.000001 / 70, rounded up"),
            (Why::Total { total: 0.1 + 0.2, each: 0.1 }, "0.3 / 0.1, rounded up"),
            (Why::Level { value: 79.999_999_9, level: 80.0 }, "79.9999999 against the level 80"),
            (Why::Quiet { value: 1.0 / 3.0 }, "no rule holds for 0.333333"),
            (Why::Entry { number: 2, since_s: 60.0 }, "entry 2 since 1m"),
        ] {
            assert_eq!(why.in_full(|at| at.since(Time::ZERO).to_string()), text);
        }
    }

    #[test]
    fn a_count_found_above_the_maximum_asks_for_no_more() {
        let corrected = Observation::of_count(9).by(Stage::Bounds, 5, Why::Plain);
        assert_eq!(corrected.bound(), None);
    }
}
