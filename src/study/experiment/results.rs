//! What a run of all cells leaves, in memory.

use super::{Figure, Row, Setting, steady};
use crate::scenario::{Fidelity, Recipe, Scenario, SloTerms};
use autosim_engine::fleet::Launches;
use autosim_engine::simulation::{DecisionRecord, Interval, SloMinute, Window, needed};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Price, Span, Time, WallClock};
use autosim_engine::workload::Class;

/// What is known of a run before it begins: enough to label every figure and to repeat it.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Of the scenario.
    pub name: String,
    /// What the run is to answer.
    pub question: Option<String>,
    /// The policy that runs today, if one was named.
    pub base: Option<String>,
    /// Wall clock of the start.
    pub clock: WallClock,
    /// Some traffic was recorded and has dates of its own.
    pub dated_traffic: bool,
    /// Seed of every stream.
    pub seed: u64,
    /// Replications that are run.
    pub replications: u32,
    /// Anything is drawn. If not, every replication would be the same: one is run.
    pub draws: bool,
    /// Traffic has one rate from the start to the end and nothing is scripted: there may be a steady state.
    pub steady: bool,
    /// What is measured.
    pub window: Window,
    /// Whether requests were simulated one by one or as a flow.
    pub fidelity: Fidelity,
    /// The SLO.
    pub slo: SloTerms,
    /// Price of a replica for an hour.
    pub price: Price,
    /// Length of a timeline interval.
    pub timeline: Span,
    /// By service: classes of requests in order of service; empty where all are of one.
    pub classes: Vec<Vec<Class>>,
    /// Users in closed loops, of all services; 0 = all traffic comes whatever becomes of it.
    pub closed_loop_users: u64,
    /// Defaults and assumptions in force, one sentence each.
    pub assumptions: Vec<String>,
    /// Policies whose product places replicas on machines, which are not modelled.
    pub on_nodes: Vec<String>,
    /// The folder the scenario's relative paths start from, if that is a relative path itself.
    pub folder: Option<String>,
    /// What the scenario was put together from.
    pub recipe: Recipe,
    /// The scenario with every default filled in.
    pub resolved: serde_json::Value,
    /// Files it read: path as written, SHA-256 in hex.
    pub inputs: Vec<(String, String)>,
}

impl About {
    /// The scenario's name, and that its figures are approximate where they are.
    pub fn title(&self) -> String {
        let Self { name, .. } = self;
        match self.fidelity.fluid {
            true => format!("{name} (fluid: approximate)"),
            false => name.clone(),
        }
    }

    /// Copies what a report needs.
    pub fn of(scenario: &Scenario) -> Self {
        let services = scenario.services.iter();
        Self {
            name: scenario.name.clone(),
            question: scenario.question.clone(),
            base: scenario.base.clone(),
            clock: scenario.clock.clone(),
            dated_traffic: scenario.dated_traffic,
            seed: scenario.seed,
            replications: scenario.distinct_replications(),
            draws: scenario.draws(),
            steady: steady::is_steady(scenario),
            window: scenario.window,
            fidelity: scenario.fidelity.clone(),
            slo: scenario.slo.clone(),
            price: scenario.price,
            timeline: scenario.timeline,
            classes: services.map(|service| service.workload.classes().to_vec()).collect(),
            closed_loop_users: scenario.closed_loop_users(),
            assumptions: scenario.assumptions.clone(),
            on_nodes: scenario.on_nodes.clone(),
            folder: scenario.folder.clone(),
            recipe: scenario.recipe.clone(),
            resolved: scenario.resolved.clone(),
            inputs: scenario.inputs.clone(),
        }
    }
}

/// Everything a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// What was run.
    pub about: About,
    /// In the order of the scenario.
    pub policies: Vec<PolicyResults>,
    /// What no policy provides.
    pub references: References,
    /// False if it was interrupted: some cells are missing.
    pub complete: bool,
    /// Requests simulated in finished cells, counted or not.
    pub simulated_requests: u64,
}

impl Results {
    /// Replications that every policy finished; fewer than were asked for only after an interruption.
    pub fn finished_replications(&self) -> u32 {
        let finished = self.policies.iter().map(|policy| policy.first_service().count());
        finished.min().map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Adds further replications of the same run.
    pub(super) fn join(&mut self, more: Self) {
        for (mine, theirs) in self.policies.iter_mut().zip(more.policies) {
            mine.rows.extend(theirs.rows);
            mine.latency.merge(&theirs.latency);
            mine.details.extend(theirs.details);
        }
        self.references.work_bound.extend(more.references.work_bound);
        self.complete &= more.complete;
        self.simulated_requests += more.simulated_requests;
    }

    /// How many replications the figures are from: `50`, or `2 of 50` after an interruption.
    pub fn replications_told(&self) -> String {
        let asked = self.about.replications;
        match self.complete {
            true => asked.to_string(),
            false => format!("{} of {asked}", self.finished_replications()),
        }
    }
}

/// One policy's results over its finished replications.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyResults {
    /// As the scenario names it.
    pub name: String,
    /// Its kind, for example `target-tracking`.
    pub kind: String,
    /// It plays a plan made from the future: a reference, not a choice.
    pub sees_future: bool,
    /// The policy with every default filled in.
    pub effective: serde_json::Value,
    /// By service: what was known of it beforehand.
    pub settings: Vec<Setting>,
    /// By replication, then by service.
    pub rows: Vec<ServiceRow>,
    /// Response times of the first service, all finished replications together.
    pub latency: Histogram,
    /// Timelines and decisions, by replication.
    pub details: Vec<Details>,
}

impl PolicyResults {
    /// Of the service the policies compete for, over all replications together: how many requests were
    /// counted, and how many of them took no longer than a limit that was asked about.
    pub fn in_time(&self, longest: Span) -> Option<(u64, u64)> {
        let rows = self.first_service().map(|row| &row.row);
        rows.map(|row| Some((row.arrived(), row.within(longest)?)))
            .try_fold((0, 0), |sum, row| row.map(|row| (sum.0 + row.0, sum.1 + row.1)))
    }

    /// A percentile of all counted requests, failures infinitely late, over all replications together.
    pub fn tail(&self, quantile: f64) -> Tail {
        let total = |figure: Figure| -> f64 {
            self.first_service().filter_map(|row| row.row.get(figure)).sum() //
        };
        let (arrived, completed) = (total(Figure::Arrived) as u64, total(Figure::Completed) as u64);
        let longest = self.first_service().filter_map(|row| row.row.get(Figure::LatencyMax));
        let rank = needed(quantile, arrived).max(1);
        match self.latency.ranked(rank).filter(|_| rank <= completed) {
            _ if arrived == 0 => Tail::NoTraffic,
            None => Tail::Infinite,
            Some(span) => Tail::Ms(span.as_millis_f64().min(longest.fold(0.0, f64::max))),
        }
    }

    /// Names of the signals that the policy of a service sees.
    pub fn signals(&self, service: usize) -> &[String] {
        self.settings.get(service).map_or(&[], |setting| &setting.signals)
    }

    /// Rows of the service the policies compete for, by replication.
    pub fn first_service(&self) -> impl Iterator<Item = &ServiceRow> {
        self.rows.iter().filter(|row| row.service_index == 0)
    }
}

/// A percentile of all counted requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Nothing arrived.
    NoTraffic,
    /// More failed than the percentile leaves out.
    Infinite,
    /// Milliseconds.
    Ms(f64),
}

/// The figures of one service in one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    /// From 0.
    pub replication: u32,
    /// Position in the scenario.
    pub service_index: usize,
    /// Its name.
    pub service: String,
    /// The figures.
    pub row: Row,
    /// Those of requests by class, in the order of [`About::classes`].
    pub classes: Vec<Row>,
}

/// What one replication leaves beyond figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// From 0.
    pub replication: u32,
    /// In the order of the scenario.
    pub services: Vec<ServiceDetails>,
}

/// What one service leaves beyond figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceDetails {
    /// Its name.
    pub service: String,
    /// Interval by interval.
    pub timeline: Vec<Interval>,
    /// Of the policy, for the first service; of its own policy, for the others.
    pub decisions: Vec<DecisionRecord>,
    /// Changes there was no room for among them, the last ones.
    pub decisions_left_out: u64,
    /// Its launches.
    pub launches: Launches,
    /// Minute by minute of arrival, from the warm-up's end; empty without an SLO on latency.
    pub slo_minutes: Vec<SloMinute>,
    /// What a product would show of these decisions in its own form, in their order; empty for autosim's
    /// own policies.
    pub product_events: Vec<ProductEvent>,
    /// How long a replica that leaves may finish what it serves.
    pub grace: Span,
}

/// A decision in a product's own form.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductEvent {
    /// The instant of the decision.
    pub at: Time,
    /// An event, a status.
    pub what: serde_json::Value,
}

/// Lines and anchors beside the policies.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct References {
    /// Money no policy that keeps the SLO can do without, by replication. Empty without an SLO on
    /// latency or a price, and where one policy runs alone: it costs a pass over all requests.
    pub work_bound: Vec<f64>,
}
