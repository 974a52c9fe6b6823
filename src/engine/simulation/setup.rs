//! Everything one simulation needs, resolved: no names, no files.

use super::slo::Limits;
use crate::control::Autoscaler;
use crate::fleet::FleetSpec;
use crate::signal::Resources;
use crate::units::{Span, Time};
use crate::workload::Arrivals;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One cell: services that run on one clock.
pub struct Setup {
    /// The services; the first is the one policies compete for.
    pub services: Vec<ServiceSetup>,
    /// What is measured.
    pub window: Window,
    /// The seed of the run.
    pub seed: u64,
    /// Which replication of it, from 0.
    pub replication: u32,
    /// What is kept beyond the totals.
    pub detail: Detail,
    /// The most requests that may wait at once before the run is halted (memory bound).
    pub waiting_limit: u64,
    /// The run ends after this instant, whatever is left; `None` = as the window says.
    pub stop_after: Option<Time>,
    /// Set from outside to stop the run with [`Halt::Interrupted`].
    pub cancel: Option<Arc<AtomicBool>>,
}

/// One service.
pub struct ServiceSetup {
    /// Its name.
    pub name: String,
    /// Its traffic; the engine takes what arrives before `window.end`.
    pub arrivals: Box<dyn Arrivals>,
    /// Its replicas.
    pub fleet: FleetSpec,
    /// How load turns into CPU, memory and so on.
    pub resources: Resources,
    /// Who decides.
    pub autoscaler: Autoscaler,
    /// What its response times are held against.
    pub limits: Limits,
}

/// What is counted (rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests that arrive from here on are counted.
    pub warmup: Time,
    /// Arrivals stop here (exclusive); cost and time averages end here.
    pub end: Time,
    /// How long after `end` counted requests may still be resolved.
    pub drain_limit: Span,
}

/// What a run keeps beyond totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// Length of a timeline interval; `None` = no timeline.
    pub timeline: Option<Span>,
    /// Which decisions are kept.
    pub decisions: DecisionLog,
    /// Whether every change of the number of ready replicas is kept.
    pub supply: bool,
}

/// Which decisions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionLog {
    /// None.
    Off,
    /// Those that changed the number or the reason.
    Changes,
    /// Every one.
    All,
    /// The last one.
    Newest,
}

/// Why a run could not go on. Nothing of it is kept: the simulation has stopped halfway and is to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// More requests waited than memory is granted for; the same setup halts there again.
    #[error(
        "service {service}: more than {limit} requests were waiting {} after the start; \
         give the queue a capacity or a timeout (`queue.capacity`, `queue.timeout`), or more replicas",
        Span::from_secs(*at_s).told()
    )]
    TooManyWaiting {
        /// Which service.
        service: String,
        /// The limit.
        limit: u64,
        /// When, in whole seconds.
        at_s: u64,
    },
    /// A policy wants more replicas than memory is granted for; the same setup halts there again.
    #[error(
        "service {service}: {replicas} replicas are wanted at {at_s} s, which would take more than 2 GiB of memory; \
         give the policy a maximum, or the fleet a quota (`replica.quota`)"
    )]
    TooManyReplicas {
        /// Which service.
        service: String,
        /// So many.
        replicas: u32,
        /// When, in whole seconds.
        at_s: u64,
    },
    /// A policy could not decide; whether the same setup halts there again is up to it.
    #[error("service {service}: the policy could not decide at {} from the start: {why}", at.since(Time::ZERO).told())]
    Undecided {
        /// Which service.
        service: String,
        /// When it was asked.
        at: Time,
        /// What happened, and what to do.
        why: String,
    },
    /// A signal is taken from a service that is not there; nothing was simulated.
    #[error("service {service}: a signal is taken from `{name}`, and there is no such service")]
    UnknownService {
        /// What was named.
        name: String,
        /// By whose autoscaler.
        service: String,
    },
    /// The requests could not be read to their end: what was simulated is a part of the traffic only.
    #[error("service {service}: {why}")]
    Traffic {
        /// Whose.
        service: String,
        /// What happened, and what to do.
        why: String,
    },
    /// The run was interrupted from outside; the same setup may be run again.
    #[error("interrupted")]
    Interrupted,
}
