//! # scenario: files to domain
//!
//! **Is**: the scenario file - its shape (serde and JSON Schema), its faults with line and column, its
//! lowering to a resolved [`Scenario`] - from which [`Scenario::setup`] builds any cell.
//!
//! **Knows**: TOML, every spec of the rooms below, the products' documents as files.
//!
//! **Must not know**: threads, results, terminals.
//!
//! **Start at** [`load`] and [`Scenario`]. Faults of shape (an unknown key) are found in `decode`, faults of sense in
//! `check`; `findings` gives them their lines.

mod check;
mod choice;
mod clients;
mod clock;
mod closed;
mod decode;
mod deployment;
mod effort;
mod failures;
mod fidelity;
mod file;
mod findings;
mod fleet;
mod layer;
mod length;
mod lint;
mod load;
mod lower;
mod other_file;
mod own;
mod period;
mod priorities;
mod products;
mod recipe;
mod reference;
mod rollouts;
#[cfg(test)]
pub(crate) mod sample;
mod schema;
mod scripted;
mod setup;
mod sharing;
mod sources;
mod tree;
mod variants;
mod words;

pub use choice::{PolicyChoice, PolicyFile};
pub use decode::{nearest, nearest_of};
pub use deployment::Deployment;
pub use effort::{Effort, MOST_BYTES_TOGETHER, MOST_TOGETHER};
pub use fidelity::{Fidelity, TESTED, Tested};
pub use file::ScenarioFile;
pub use findings::{Findings, Located};
pub use layer::Layer;
pub use load::{Beside, LoadOptions, Loaded, load, load_policies};
pub use other_file::read_file;
pub use own::OwnPolicy;
pub use period::Period;
pub use recipe::Recipe;
pub use reference::{Absent, Key, Reference, SCENARIO_HEAD, Section, UnknownKind, Word};
pub use schema::json_schema;
pub use sources::Sources;
pub use tree::quoted_key;
pub use words::{ErrorTerm, LatencyTerm};

use autosim_engine::simulation::{Slo, Window};
use autosim_engine::units::{Price, Span, WallClock};
use autosim_engine::workload::Workload;
use std::collections::BTreeMap;
use variants::Variant;

/// A scenario, resolved: everything defaulted, every file read.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Names the output folder: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What the run is to answer.
    pub question: Option<String>,
    /// What it teaches, for shipped scenarios.
    pub lesson: Option<String>,
    /// The policy that runs today, if one was named.
    pub base: Option<String>,
    /// Wall clock of the start.
    pub clock: WallClock,
    /// Some traffic was recorded and has dates of its own.
    pub dated_traffic: bool,
    /// What is measured.
    pub window: Window,
    /// Seed of every stream.
    pub seed: u64,
    /// Independent repetitions.
    pub replications: u32,
    /// Whether requests are simulated one by one or as a flow.
    pub fidelity: Fidelity,
    /// The SLO.
    pub slo: SloTerms,
    /// Price of one replica for an hour.
    pub price: Price,
    /// Length of a timeline interval.
    pub timeline: Span,
    /// The services; the first is the one the policies compete for.
    pub services: Vec<Service>,
    /// The policies that compete for the first service, in the order of the file.
    pub policies: Vec<Competitor>,
    /// Defaults and assumptions in force, one sentence each, for the terminal and the manifest.
    pub assumptions: Vec<String>,
    /// Policies whose product places replicas on machines, which are not modelled.
    pub on_nodes: Vec<String>,
    /// The folder its relative paths start from, if that is a relative path itself.
    pub folder: Option<String>,
    /// What it was put together from.
    pub recipe: Recipe,
    /// Files of products' documents, by the path of their policy (`policies.platform`): the key that names each, and
    /// its name.
    pub documents: BTreeMap<String, Vec<(&'static str, String)>>,
    /// The scenario with every default filled in.
    pub resolved: serde_json::Value,
    /// Files it read: path as written, SHA-256 in hex.
    pub inputs: Vec<(String, String)>,
}

impl Scenario {
    /// Users in closed loops, of all services.
    pub fn closed_loop_users(&self) -> u64 {
        self.services.iter().map(|service| closed::users(&service.workload)).sum()
    }
}

/// The SLO of a scenario: all its terms hold together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SloTerms {
    /// On latency, the highest percentile first.
    pub latency: Vec<Slo>,
    /// On the share of requests that fail.
    pub errors: Option<ErrorTerm>,
}

impl SloTerms {
    fn of(file: &file::SloFile) -> Self {
        let terms = file.latency.iter().flat_map(|terms| &terms.0);
        let mut latency: Vec<Slo> = terms.map(|term| term.0).collect();
        latency.sort_by(|a, b| b.quantile.total_cmp(&a.quantile));
        Self { latency, errors: file.errors }
    }

    /// None is stated.
    pub fn is_empty(&self) -> bool {
        self.latency.is_empty() && self.errors.is_none()
    }

    /// The SLO on latency with the highest percentile: figures of an SLO on latency are about it.
    pub fn tail(&self) -> Option<Slo> {
        self.latency.first().copied()
    }
}

/// `p99 < 300ms and errors < 0.1%`.
impl std::fmt::Display for SloTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors = self.errors.map(|term| format!("errors {term}"));
        let terms: Vec<String> = self.latency.iter().map(Slo::to_string).chain(errors).collect();
        f.write_str(&terms.join(" and "))
    }
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name; `service` where the scenario has but one.
    pub name: String,
    /// Its traffic.
    pub workload: Workload,
    /// Who scales it and what it is like then; `None` for the first one, which the policies compete for
    /// ([`Scenario::deployment`]).
    pub own: Option<Deployment>,
    /// How the keys of its tables begin: `services.web.`, or nothing where they stand at the root.
    prefix: String,
    /// When scrapes of its policies' metrics bring no data.
    metric_outages: Vec<scripted::MetricOutage>,
}

impl Service {
    /// A key of its tables.
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// One of the competing policies.
#[derive(Debug, Clone)]
pub struct Competitor {
    /// As the scenario names it.
    pub name: String,
    /// The first service where it runs.
    pub deployment: Deployment,
}

/// A policy that stands alone.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// As the file names it.
    pub name: String,
    /// What it is.
    pub spec: PolicyChoice,
}
