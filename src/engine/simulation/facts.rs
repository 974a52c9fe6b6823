//! What is known of a run before it begins, and shared by its services.

use super::setup::{DecisionLog, Setup, Window};
use crate::random::Streams;
use crate::units::Span;

/// What every service of a run shares.
pub(super) struct RunFacts {
    pub(super) seed: u64,
    pub(super) replication: u32,
    pub(super) window: Window,
    pub(super) waiting_limit: u64,
    pub(super) log: DecisionLog,
    pub(super) supply: bool,
    /// Per service: does any signal need quantiles of its response times?
    pub(super) quantiles: Vec<bool>,
    /// Per service: does any sensor want its replicas one by one?
    pub(super) one_by_one: Vec<bool>,
}

impl RunFacts {
    pub(super) fn new(setup: &Setup, sources: &[Vec<usize>]) -> Self {
        let mut quantiles = vec![false; setup.services.len()];
        let mut one_by_one = quantiles.clone();
        for (service, sources) in setup.services.iter().zip(sources) {
            for (signal, &source) in service.autoscaler.signals.iter().zip(sources) {
                quantiles[source] |= signal.signal.metric.needs_histogram();
                one_by_one[source] |= signal.sensor.as_ref().is_some_and(|s| s.wants_replicas());
            }
        }
        Self {
            seed: setup.seed,
            replication: setup.replication,
            window: setup.window,
            waiting_limit: setup.waiting_limit,
            log: setup.detail.decisions,
            supply: setup.detail.supply,
            quantiles,
            one_by_one,
        }
    }
}

/// The phase of a control loop: drawn per replication where asked for.
pub(super) fn control_phase(interval: Span, random: bool, streams: &Streams) -> Span {
    use rand::Rng as _;
    if !random {
        return Span::ZERO;
    }
    let draw = streams.sequential(crate::random::Purpose::ControlPhase, 0).next_u64();
    Span(((u128::from(draw) * u128::from(interval.0)) >> 64) as u64)
}
