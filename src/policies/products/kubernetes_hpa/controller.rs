//! One pass of the controller: `reconcileAutoscaler` of `horizontal.go`, from proposals to the count.
//!
//! 1. A controller that has seen nothing takes the count there is for its first recommendation.
//! 2. At zero it is paused, unless it brought the count there itself.
//! 3. A count outside `minReplicas` and `maxReplicas` is corrected at once, and that is all.
//! 4. The largest proposal wins; a metric that failed forbids scaling in.
//! 5. The windows, then the rates, then the bounds.
//! 6. A count that was written is a scale event, if there is a `behavior`.

use super::calculator::{Failed, Proposal};
use super::history::Recommendations;
use super::rates::{Changes, ScalingRules, ceiling_without_behavior};
use super::words::{Able, Active, AtZero, Limited, SourceKind};
use crate::products::Words;
use autosim_engine::units::{Span, Time};

/// What is done at a count of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroRule {
    /// Since 1.37, gate on: metrics are evaluated if the autoscaler scaled to zero itself.
    IfItsOwn,
    /// Up to 1.36, gate on: they are if `minReplicas` is 0.
    IfMinimum,
    /// Gate off: nothing.
    Never,
}

/// `behavior`, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavior {
    /// `scaleUp`.
    pub up: ScalingRules,
    /// `scaleDown`.
    pub down: ScalingRules,
}

/// What a controller goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `minReplicas`.
    pub min: i32,
    /// `maxReplicas`.
    pub max: i32,
    /// The kind of each metric, in order.
    pub sources: Vec<SourceKind>,
    /// `behavior`, if there is one.
    pub behavior: Option<Behavior>,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`: the window without `behavior`.
    pub downscale_window: Span,
    /// What is done at zero.
    pub zero: ZeroRule,
}

impl Rules {
    /// Whether a metric can be read while there are no pods.
    fn sees_without_pods(&self) -> bool {
        self.sources.iter().any(|kind| match kind {
            SourceKind::Object | SourceKind::External => true,
            SourceKind::Resource | SourceKind::ContainerResource | SourceKind::Pods => false,
        })
    }
}

/// The reasons of the conditions; each stays until a pass sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    /// AbleToScale.
    pub able: Option<Able>,
    /// ScalingActive.
    pub active: Option<Active>,
    /// ScalingLimited.
    pub limited: Option<Limited>,
    /// ScaledToZero.
    pub at_zero: Option<AtZero>,
}

impl Conditions {
    /// All of them in one word: four bits each, zero where a condition was never set.
    pub fn pack(self) -> u32 {
        fn place<W: Words>(reason: Option<W>) -> u32 {
            let at = reason.and_then(|one| W::ALL.iter().position(|(known, _)| *known == one));
            at.map_or(0, |at| at as u32 + 1)
        }
        let (able, active) = (place(self.able), place(self.active));
        able | active << 4 | place(self.limited) << 8 | place(self.at_zero) << 12
    }

    /// Out of that word.
    pub fn unpack(word: u32) -> Self {
        fn reason<W: Words>(word: u32) -> Option<W> {
            let at = (word as usize & 15).checked_sub(1)?;
            W::ALL.get(at).map(|&(reason, _)| reason)
        }
        Self {
            able: reason(word),
            active: reason(word >> 4),
            limited: reason(word >> 8),
            at_zero: reason(word >> 12),
        }
    }
}

/// A stage of a pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage<'p> {
    /// Paused at zero.
    Paused,
    /// Above `maxReplicas`: corrected at once.
    AboveMaximum,
    /// Below `minReplicas`: corrected at once.
    BelowMinimum,
    /// Metrics that failed keep the count; the reason is of the first.
    NoMetric(Active),
    /// The largest proposal, and its metric.
    Proposed(usize, &'p Proposal),
    /// A window changed it.
    Stabilised(Able),
    /// A rate or a bound changed it.
    Limited(Limited),
    /// Out of zero, at least `minReplicas`.
    OutOfZero,
}

/// Who is told of each stage with the count after it; what it answers goes on to the next.
pub type Told<'t> = &'t mut dyn FnMut(Stage<'_>, i32) -> i32;

/// A controller of one autoscaler, with what it remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Controller {
    /// What it goes by.
    pub rules: Rules,
    /// Past recommendations; `None` = it has seen nothing yet.
    pub history: Option<Recommendations>,
    /// Past changes.
    pub changes: Changes,
    /// Its conditions.
    pub conditions: Conditions,
    /// How much later than asked the next pass comes: a hair more each time, so that what is exactly as old as its
    /// window on a grid of passes is out.
    late: Span,
}

/// The time a pass itself takes, less than anything else here.
const HAIR: Span = Span(1);

impl Controller {
    /// A controller that has seen nothing yet.
    pub fn new(rules: Rules) -> Self {
        let (changes, conditions) = (Changes::default(), Conditions::default());
        Self { rules, history: None, changes, conditions, late: Span::ZERO }
    }

    /// A pass at `now`: `current` is `spec.replicas`, `metrics` what each metric proposes. The count to write.
    pub fn pass(
        &mut self,
        now: Time,
        current: i32,
        metrics: &[Result<Proposal, Failed>],
        told: Told<'_>,
    ) -> i32 {
        let now = now.after(self.late);
        self.late = self.late + HAIR;
        if self.history.is_none() {
            let mut history = Recommendations::default();
            history.seed(now, current);
            self.history = Some(history);
        }
        self.conditions.able = Some(Able::SucceededGetScale);
        let desired = self.desired(now, current, metrics, told);
        if desired != current {
            self.note_change(now, current, desired);
        }
        desired
    }

    fn desired(
        &mut self,
        now: Time,
        current: i32,
        metrics: &[Result<Proposal, Failed>],
        told: Told<'_>,
    ) -> i32 {
        let Rules { min, max, .. } = self.rules;
        if current == 0 && !self.wakes() {
            self.conditions.active = Some(Active::ScalingDisabled);
            return told(Stage::Paused, 0);
        }
        if current > max {
            return told(Stage::AboveMaximum, max);
        }
        if current != 0 && current < min {
            return told(Stage::BelowMinimum, min);
        }
        let proposal = match self.largest(current, metrics) {
            Ok((metric, proposal)) => {
                self.conditions.active = Some(Active::ValidMetricFound);
                told(Stage::Proposed(metric, proposal), proposal.replicas)
            }
            Err(reason) => {
                self.conditions.active = Some(reason);
                return told(Stage::NoMetric(reason), current);
            }
        };
        let stabilised = self.stabilise(now, current, proposal, told);
        let limited = self.limit(now, current, stabilised, told);
        if current == 0 && limited < min { told(Stage::OutOfZero, min) } else { limited }
    }

    /// Whether metrics are evaluated at a count of zero.
    fn wakes(&self) -> bool {
        let Rules { min, zero, .. } = self.rules;
        match zero {
            ZeroRule::Never => false,
            ZeroRule::IfMinimum => min == 0,
            ZeroRule::IfItsOwn => {
                let own = self.conditions.at_zero == Some(AtZero::ScaledToZero);
                own && (min != 0 || self.rules.sees_without_pods())
            }
        }
    }

    /// The largest proposal; the reason of the first metric that failed where that decides.
    fn largest<'p>(
        &self,
        current: i32,
        metrics: &'p [Result<Proposal, Failed>],
    ) -> Result<(usize, &'p Proposal), Active> {
        let failed = metrics.iter().position(Result::is_err);
        let mut largest: Option<(usize, &Proposal)> = None;
        for (at, proposal) in metrics.iter().enumerate() {
            let Ok(proposal) = proposal else { continue };
            if largest.is_none_or(|(_, best)| best.replicas < proposal.replicas) {
                largest = Some((at, proposal));
            }
        }
        let reason = failed.and_then(|at| self.rules.sources.get(at)).map(|kind| kind.failure());
        match (largest, reason) {
            (None, reason) => Err(reason.unwrap_or(Active::FailedGetResourceMetric)),
            (Some((_, best)), Some(reason)) if best.replicas < current => Err(reason),
            (Some(best), _) => Ok(best),
        }
    }

    fn stabilise(&mut self, now: Time, current: i32, proposal: i32, told: Told<'_>) -> i32 {
        let history = self.history.get_or_insert_default();
        let (to, reason) = match &self.rules.behavior {
            None => {
                let to = history.highest(now, proposal, self.rules.downscale_window);
                (to, Able::ScaleDownStabilized)
            }
            Some(Behavior { up, down }) => {
                let to = history.agreed(now, current, proposal, up.window, down.window);
                let reason = match proposal >= current {
                    true => Able::ScaleUpStabilized,
                    false => Able::ScaleDownStabilized,
                };
                (to, reason)
            }
        };
        if to == proposal {
            self.conditions.able = Some(Able::ReadyForNewScale);
            return proposal;
        }
        self.conditions.able = Some(reason);
        told(Stage::Stabilised(reason), to)
    }

    /// Rates, then bounds, on a stabilised count.
    pub fn limit(&mut self, now: Time, current: i32, wanted: i32, told: Told<'_>) -> i32 {
        let Rules { min, max, behavior, .. } = &self.rules;
        let (min, max) = (*min, *max);
        // With a behavior each direction has its own limit, and a count that stays has none.
        let (lowest, highest) = match behavior {
            None => (min, ceiling_without_behavior(current)),
            Some(rules) if wanted > current => {
                (i32::MIN, rules.up.ceiling(now, current, &self.changes))
            }
            Some(rules) if wanted < current => {
                (rules.down.floor(now, current, &self.changes), i32::MAX)
            }
            Some(_) => (i32::MIN, i32::MAX),
        };
        let (mut to, mut reason) = (wanted, Limited::DesiredWithinRange);
        let mut set = |stage: Limited, limit: i32| {
            reason = stage;
            to = told(Stage::Limited(stage), limit);
            to
        };
        let mut count = wanted;
        if count > highest && highest < max {
            count = set(Limited::ScaleUpLimit, highest);
        }
        if count < lowest && lowest > min {
            count = set(Limited::ScaleDownLimit, lowest);
        }
        if count > max && (behavior.is_none() || wanted > current) {
            count = set(Limited::TooManyReplicas, max);
        }
        if count < min && (behavior.is_none() || wanted < current) {
            set(Limited::TooFewReplicas, min);
        }
        self.conditions.limited = Some(reason);
        to
    }

    fn note_change(&mut self, now: Time, current: i32, desired: i32) {
        let Rules { min, zero, .. } = self.rules;
        self.conditions.able = Some(Able::SucceededRescale);
        if zero == ZeroRule::IfItsOwn {
            let own = desired == 0 && min == 0 && self.rules.sees_without_pods();
            self.conditions.at_zero =
                Some(if own { AtZero::ScaledToZero } else { AtZero::NotScaledToZero });
        }
        let Some(Behavior { up, down }) = &self.rules.behavior else { return };
        let change = desired.saturating_sub(current);
        match change > 0 {
            true => self.changes.up.store(now, change, up),
            false => self.changes.down.store(now, change.saturating_neg(), down),
        }
    }
}
