//! One decision of a run, made again: what was seen, every stage, and what each guard was worth.

use crate::scenario::Scenario;
use autosim_engine::simulation::{self, DecisionLog, DecisionRecord, Detail, Halt};
use autosim_engine::units::Time;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A decision with everything that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The policy's name in the scenario.
    pub policy: String,
    /// From 0.
    pub replication: u32,
    /// Names of the signals, in the order of the readings.
    pub signals: Vec<String>,
    /// The decision.
    pub record: DecisionRecord,
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

/// Why a decision could not be explained; the results asked about are as they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The cell could not be run again.
    #[error("{0}")]
    Halted(#[from] Halt),
    /// Nothing was decided so early.
    #[error("the policy decided nothing in the first {}; its first decision is later", .0.since(Time::ZERO).told())]
    TooEarly(Time),
}

/// Runs the cell again up to the moment.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(
    scenario: &Scenario,
    moment: Moment,
    cancel: &Arc<AtomicBool>,
) -> Result<Explanation, ExplainError> {
    let Moment { policy, replication, at } = moment;
    let detail = Detail { timeline: None, decisions: DecisionLog::Newest, supply: false };
    let plan = super::cells::plan_of(scenario, policy, replication);
    let mut setup = scenario.setup(policy, replication, plan, detail);
    setup.cancel = Some(Arc::clone(cancel));
    setup.stop_after = Some(at);
    let signals = setup.services[0]
        .autoscaler
        .signals
        .iter()
        .map(autosim_engine::control::SignalRef::name)
        .collect();
    let outcome = simulation::run(setup)?;
    let service = outcome.services.into_iter().next();
    let newest = service.and_then(|service| service.decisions.into_iter().next_back());
    let record = newest.ok_or(ExplainError::TooEarly(at))?;
    let policy = scenario.policies[policy].name.clone();
    Ok(Explanation { policy, replication, signals, record })
}
