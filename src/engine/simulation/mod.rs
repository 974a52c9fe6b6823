//! # simulation: the clock
//!
//! **Is**: the loop that lets planes serve up to the next control event, scrapes signals, asks policies
//! and changes fleets: [`run`].
//!
//! **Knows**: workload, fleet, signal, control, and the order of what happens at one instant.
//!
//! **Must not know**: files, products, experiments, reports; it reads no clock but the simulated one.
//!
//! **Start at** [`Setup`], [`run`] and [`Outcome`]; [`Simulation`] is a run in stretches. A service is a
//! backend that serves, a controller that decides and a meter; the run has the event list and the senses.

mod attempts;
mod backend;
mod controller;
mod drift;
mod event_list;
mod event_loop;
mod facts;
mod incoming;
mod meter;
mod outcome;
mod recorder;
mod rollout;
mod senses;
mod service;
mod setup;
mod slo;
mod tally;
mod told;

pub use crate::fleet::dispatch::{Attempt, AttemptFate, Completion, Resolved, Sink};
pub use event_loop::{Simulation, run, run_told};
pub use outcome::{
    AskedBy, BoundTotals, ClassTotals, ClientInterval, Counts, DecisionRecord, FleetTotals,
    Interval, LatencyTotals, Outcome, Presence, ServiceOutcome, SloMinute, UserTotals,
};
pub use setup::{DecisionLog, Detail, Halt, ServiceSetup, Setup, Window};
pub use slo::{Limits, Slo, needed};

#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod replica_tests;
#[cfg(test)]
mod rollout_tests;
#[cfg(test)]
mod tests;
