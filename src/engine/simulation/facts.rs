//! What is known of a run before it begins, and shared by its services.

use super::setup::{DecisionLog, Halt, Setup, Window};
use crate::control::Cadence;
use crate::random::{Purpose, Streams};
use crate::signal::Wants;
use crate::units::Span;
use rand::Rng as _;

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
    /// Per service: what does any sensor want to see of its replicas?
    pub(super) wants: Vec<Wants>,
}

impl RunFacts {
    pub(super) fn new(setup: &Setup, sources: &[Vec<usize>]) -> Self {
        let mut quantiles = vec![false; setup.services.len()];
        let mut wants = vec![Wants::Totals; setup.services.len()];
        for (service, sources) in setup.services.iter().zip(sources) {
            for (signal, &source) in service.autoscaler.signals.iter().zip(sources) {
                quantiles[source] |= signal.signal.metric.needs_histogram();
                let wanted = signal.sensor.as_ref().map(|sensor| sensor.wants());
                wants[source] = wants[source].max(wanted.unwrap_or_default());
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
            wants,
        }
    }

    /// What a service draws from.
    pub(super) fn streams(&self, service: u32) -> Streams {
        Streams::new(self.seed, self.replication, service)
    }

    /// The phase of a service's control loop: drawn per replication where asked for (rule 3).
    pub(super) fn control_phase(&self, cadence: Cadence, service: u32) -> Span {
        if !cadence.random_phase {
            return Span::ZERO;
        }
        let draw = self.streams(service).sequential(Purpose::ControlPhase, 0).next_u64();
        Span(((u128::from(draw) * u128::from(cadence.interval.0)) >> 64) as u64)
    }
}

/// Per service and signal: the service it is taken from.
pub(super) fn sources(setup: &Setup) -> Result<Vec<Vec<usize>>, Halt> {
    let place = |own: usize, name: &Option<String>| match name {
        None => Ok(own),
        Some(name) => {
            setup.services.iter().position(|service| service.name == *name).ok_or_else(|| {
                Halt::UnknownService {
                    name: name.clone(),
                    service: setup.services[own].name.clone(),
                }
            })
        }
    };
    let all = setup.services.iter().enumerate();
    all.map(|(own, service)| {
        service.autoscaler.signals.iter().map(|signal| place(own, &signal.service)).collect()
    })
    .collect()
}
