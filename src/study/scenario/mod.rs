//! # scenario: files to domain
//!
//! **Is**: the scenario file - its shape (serde and JSON Schema), its faults with line and column, its
//! lowering to a resolved [`Scenario`] - from which [`Scenario::setup`] builds any cell.
//!
//! **Knows**: TOML, every spec of the rooms below, the products' documents as files.
//!
//! **Must not know**: threads, results, terminals.
//!
//! **Start at** [`load`] and [`Scenario`].

mod check;
mod choice;
mod clients;
mod closed;
mod failures;
mod fidelity;
mod file;
mod findings;
mod fleet;
mod length;
mod lint;
mod load;
mod lower;
mod priorities;
mod products;
mod rollouts;
#[cfg(test)]
mod sample;
mod schema;
mod setup;
mod sharing;
mod sources;
mod strict;
mod tree;
mod variants;
mod words;

pub use choice::{PolicyChoice, PolicyFile};
pub use fidelity::{Fidelity, TESTED, Tested};
pub use file::ScenarioFile;
pub use findings::{Findings, Located};
pub use load::{Layer, LoadOptions, Loaded, load, load_policies, load_resolved};
pub use schema::json_schema;
pub use sources::Sources;
pub use variants::Variant;

use autosim_engine::fleet::FleetSpec;
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{Slo, Window};
use autosim_engine::units::{Price, Span, WallClock};

/// A scenario, resolved: everything defaulted, every file read.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Names the output folder: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What the run is to answer.
    pub question: Option<String>,
    /// What it teaches, for shipped scenarios.
    pub lesson: Option<String>,
    /// Wall clock of the start.
    pub clock: WallClock,
    /// What is measured.
    pub window: Window,
    /// Seed of every stream.
    pub seed: u64,
    /// Independent repetitions.
    pub replications: u32,
    /// Whether requests are simulated one by one or as a flow.
    pub fidelity: Fidelity,
    /// What is promised.
    pub slo: Option<SloTerms>,
    /// Price of one replica for an hour.
    pub price: Price,
    /// Length of a timeline interval.
    pub timeline: Span,
    /// The services; the first is the one the policies compete for.
    pub services: Vec<Service>,
    /// The policies, in the order of the file.
    pub policies: Vec<NamedPolicy>,
    /// Defaults and assumptions in force, one sentence each, for the terminal and the manifest.
    pub assumptions: Vec<String>,
    /// The folder its relative paths start from, if that is a relative path itself.
    pub folder: Option<String>,
    /// The scenario with every default filled in.
    pub resolved: serde_json::Value,
    /// Files it read: path as written, SHA-256 in hex.
    pub inputs: Vec<(String, String)>,
}

impl Scenario {
    /// Users in closed loops, of all services.
    pub fn closed_loop_users(&self) -> u64 {
        self.services.iter().map(closed::users).sum()
    }
}

/// The promise of a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SloTerms {
    /// Latency.
    pub latency: Option<Slo>,
    /// The largest share of failed requests that is good.
    pub errors: Option<f64>,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name; `service` where the scenario has but one.
    pub name: String,
    /// Its traffic.
    pub workload: autosim_engine::workload::Workload,
    /// Its replicas; the initial fleet and the balancing are those of [`Scenario::fleet`].
    pub fleet: FleetSpec,
    /// Replicas ready at the start; `None` = as many as the policy starts with by itself.
    pub initial: Option<u32>,
    /// How load turns into CPU and so on.
    pub resources: Resources,
    /// What the scenario says nothing about, so that a product's platform may.
    pub left_open: LeftOpen,
    /// Who scales it, for all services but the first.
    pub policy: Option<PolicyChoice>,
}

/// Parts of a fleet that a scenario left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOpen {
    /// Requests a replica serves at once.
    pub concurrency: bool,
    /// How long a launch takes.
    pub cold_start: bool,
    /// How long a leaving replica may finish.
    pub grace: bool,
    /// Which replicas leave first.
    pub victims: bool,
    /// What a request does that finds no live replica.
    pub at_zero: bool,
}

/// One of the competing policies.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// As the scenario names it.
    pub name: String,
    /// What it is.
    pub spec: PolicyChoice,
    /// What differs of the first service where it runs.
    pub variant: Variant,
}
