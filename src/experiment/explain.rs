//! One decision of a run, asked again: what was seen, every stage, and what each guard was worth.

use crate::engine::{self, DecisionLog, Detail, Halt, Setup, Shown};
use crate::policy::{Autoscaler, Decision, Stage};
use crate::scenario::Scenario;
use crate::signal::Observation;
use crate::units::Time;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A decision with everything that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The policy's name in the scenario.
    pub policy: String,
    /// Its kind.
    pub kind: &'static str,
    /// From 0.
    pub replication: u32,
    /// Names of the signals, in the order of the readings.
    pub signals: Vec<String>,
    /// What it was shown.
    pub shown: Shown,
    /// What it decided.
    pub decision: Decision,
    /// For each guard that changed the number: what this one decision would have been without it, from
    /// the same state.
    pub without: Vec<(Stage, Decision)>,
}

/// Which decision is meant.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Index of the policy.
    pub policy: usize,
    /// From 0.
    pub replication: u32,
    /// The newest decision at or before this instant.
    pub at: Time,
}

/// Why a decision could not be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The cell could not be run again.
    #[error("{0}")]
    Halted(#[from] Halt),
    /// Nothing was decided so early.
    #[error("the policy has decided nothing at or before {} s; its first decision is later", .0.as_secs_f64())]
    TooEarly(Time),
    /// Asked again, the policy answered otherwise: a fault of the policy, which must depend on nothing
    /// but what it is shown.
    #[error("asked again at {} s the policy wants {again} replicas instead of {then}", .at.as_secs_f64())]
    NotReproduced {
        /// When.
        at: Time,
        /// In the run.
        then: u32,
        /// Now.
        again: u32,
    },
}

/// Runs the cell again up to the moment and asks the policy once more, with and without each guard.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(
    scenario: &Scenario,
    moment: Moment,
    cancel: &Arc<AtomicBool>,
) -> Result<Explanation, ExplainError> {
    let mut setup = fresh(scenario, moment);
    setup.cancel = Some(Arc::clone(cancel));
    setup.stop_after = Some(moment.at);
    let signals = setup.services[0].autoscaler.signals.iter().map(super::run::name).collect();
    let outcome = engine::run(setup, &mut ())?;
    let shown = outcome.services.into_iter().next().map(|service| service.shown);
    let mut shown = shown.unwrap_or_default();
    shown.retain(|one| one.at <= moment.at);
    let Some(last) = shown.pop() else { return Err(ExplainError::TooEarly(moment.at)) };
    let ask = |without: Option<&'static str>| {
        let autoscaler = fresh(scenario, moment).services.swap_remove(0).autoscaler;
        ask_again(autoscaler, &shown, &last, without)
    };
    let decision = ask(None);
    if decision.desired != last.desired {
        let (then, again) = (last.desired, decision.desired);
        return Err(ExplainError::NotReproduced { at: last.at, then, again });
    }
    let without = guards(&decision).into_iter().map(|one| (one, ask(Some(one.name())))).collect();
    let policy = &scenario.policies[moment.policy];
    Ok(Explanation {
        policy: policy.name.clone(),
        kind: policy.spec.kind_name(),
        replication: moment.replication,
        signals,
        shown: last,
        decision,
        without,
    })
}

/// Guards that changed the number, in their order.
fn guards(decision: &Decision) -> Vec<Stage> {
    let mut guards: Vec<Stage> = Vec::new();
    for step in decision.trail.iter().skip(1).filter(|step| step.from != step.to) {
        if !guards.contains(&step.stage) {
            guards.push(step.stage);
        }
    }
    guards
}

fn fresh(scenario: &Scenario, moment: Moment) -> Setup {
    let detail = Detail { timeline: None, decisions: DecisionLog::Shown, supply: false };
    let plan = super::run::plan_of(scenario, moment.policy, moment.replication);
    scenario.setup(moment.policy, moment.replication, plan, detail)
}

/// What a fresh policy answers to `last` after it was shown all of `before`.
fn ask_again(
    mut autoscaler: Autoscaler,
    before: &[Shown],
    last: &Shown,
    without: Option<&'static str>,
) -> Decision {
    let policy = &mut autoscaler.policy;
    let mut ask = |shown: &Shown, without| {
        let seen = Observation {
            now: shown.at,
            census: shown.census,
            desired: shown.before,
            readings: &shown.readings,
            without,
        };
        if shown.activation { policy.activate(&seen) } else { policy.observe(&seen) }
    };
    for shown in before {
        ask(shown, None);
    }
    ask(last, without)
}
