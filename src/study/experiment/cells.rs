//! Runs every cell of a scenario, in parallel, with results that do not depend on how many at once.

use super::elasticity::track;
use super::peers;
use super::plan::groups;
use super::reference::{Needs, clairvoyant_plan, needs, work_bound};
use super::results::{
    About, Details, PolicyResults, ProductEvent, References, Results, ServiceDetails,
};
use super::survey::{Survey, survey};
use super::together;
use super::{Cell, CostBy, Facts, Figure, Row, Ruling, ServiceRow, Setting, Verdict, plan};
use crate::scenario::{Competitor, Scenario};
use autosim_engine::simulation::{self, DecisionLog, Detail, Halt, Outcome, Setup};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Span, Time};
use autosim_policies::products::Happening;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a scenario is run; nothing here changes a figure.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions<'a> {
    /// Cells simulated at once, at least 1.
    pub jobs: usize,
    /// Keep timelines and decisions of every replication rather than the first.
    pub all_timelines: bool,
    /// Keep every decision rather than those that changed number or reason.
    pub all_decisions: bool,
    /// Limits beside those of the SLO: requests of the first service that took no longer are counted.
    pub limits: &'a [Span],
    /// Set from outside to stop: finished cells are kept.
    pub cancel: &'a Arc<AtomicBool>,
}

/// Told what happens; called from several threads.
pub trait Progress: Sync {
    /// Before the first cell: how many there are, and the expected requests of one.
    fn begins(&self, cells: usize, requests_per_cell: f64);
    /// After each cell.
    fn finished(&self, cell: &Glance<'_>);
    /// So much of a cell more was simulated; over a run the calls add up to the number of cells.
    fn advanced(&self, _cells: f64) {}
}

/// What can be said of a cell at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glance<'a> {
    /// The policy.
    pub policy: &'a str,
    /// From 0.
    pub replication: u32,
    /// Requests simulated.
    pub requests: u64,
    /// What the first service cost; replica-hours where replicas are free.
    pub cost: Option<f64>,
    /// Whether the SLO was kept in it; `None` without an SLO.
    pub kept: Option<bool>,
    /// It plays a plan made from the future: no candidate.
    pub sees_future: bool,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _: usize, _: f64) {}
    fn finished(&self, _: &Glance<'_>) {}
}

/// Why there are no results. Those of finished cells are not kept; the scenario is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A simulation could not go on, the first in the order of the plan; no further one was begun.
    /// Interruption is not an error: what is finished is kept then.
    #[error("policy {policy}, replication {}: {halt}", replication + 1)]
    Halted {
        /// Which policy.
        policy: String,
        /// Which replication, from 0.
        replication: u32,
        /// Why.
        halt: Halt,
    },
    /// The threads could not be started; nothing was simulated.
    #[error("cannot start {jobs} threads: {why}")]
    Threads {
        /// How many were wanted.
        jobs: usize,
        /// What the system says.
        why: String,
    },
}

/// Runs every policy in every replication. After an interruption the results hold what is finished and
/// say so; results are the same for any number of jobs.
///
/// # Errors
/// [`RunError`]; without one there are results, perhaps of some cells only ([`Results::complete`]).
pub fn run(
    scenario: &Scenario,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<Results, RunError> {
    run_from(scenario, options, progress, 0)
}

/// The same without the replications before `first`.
pub(super) fn run_from(
    scenario: &Scenario,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    first: u32,
) -> Result<Results, RunError> {
    let replications = scenario.distinct_replications();
    let cells = plan(scenario.policies.len(), replications);
    let left_out = cells.partition_point(|cell| cell.replication < first);
    let expected = scenario
        .services
        .iter()
        .map(|service| service.workload.expected_requests(scenario.window.end))
        .sum();
    progress.begins(cells.len() - left_out, expected);
    let jobs = options.jobs.max(1);
    let mut groups = groups(scenario.policies.len(), replications, jobs);
    groups.retain(|group| group.start >= left_out);
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.min(groups.len().max(1)))
        .build()
        .map_err(|error| RunError::Threads { jobs, why: error.to_string() })?;
    threads.install(|| run_groups(scenario, options, progress, &cells, &groups))
}

/// Runs the cells of a plan, some of them side by side.
fn run_groups(
    scenario: &Scenario,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    cells: &[Cell],
    groups: &[Range<usize>],
) -> Result<Results, RunError> {
    let first = groups.first().map_or(0, |group| cells[group.start].replication);
    let mut foresight = foresee(scenario, first, options.cancel);
    let mut done = Vec::with_capacity(cells.len());
    for group in run_cells(scenario, options, progress, cells, groups, &foresight) {
        if let Some((replication, known)) = group.known {
            foresight[replication as usize] = known;
        }
        done.extend(group.finished);
    }
    done.sort_by_key(|(at, _)| *at);
    let wanted: usize = groups.iter().map(Range::len).sum();
    let complete = done.len() == wanted;
    Ok(Results { complete, ..gather(scenario, cells, done, &foresight)? })
}

/// What is known of the requests of a replication, beyond what any policy may see.
#[derive(Default, Clone)]
struct Foresight {
    work_bound: Option<f64>,
    /// By policy; `None` for one that plays no plan.
    plans: Vec<Option<Plan>>,
    /// Replicas needed to keep the SLO on latency.
    needs: Option<Needs>,
}

/// From which instants on how many replicas are wanted.
type Plan = Arc<[(Time, u32)]>;

/// What a policy that plays a plan is to play in a replication.
pub(super) fn plan_of(scenario: &Scenario, policy: usize, replication: u32) -> Option<Plan> {
    let planned = scenario.policies[policy].deployment.policy.needs_plan();
    let survey = planned.then(|| survey(scenario, replication, &AtomicBool::new(false)));
    plans(scenario, replication, &needs(scenario, &survey.flatten()?)).swap_remove(policy)
}

/// The plans of all policies that play one.
fn plans(scenario: &Scenario, replication: u32, needs: &Needs) -> Vec<Option<Plan>> {
    let policies = scenario.policies.iter().zip(needs).enumerate();
    let plan = |(policy, (competitor, need)): (usize, (&Competitor, &Arc<[u32]>))| {
        let cell = Cell { replication, policy };
        let planned = competitor.deployment.policy.needs_plan();
        planned.then(|| clairvoyant_plan(scenario, cell, need).into())
    };
    policies.map(plan).collect()
}

/// What the policies of a scenario need to be told, and what they are to be compared with.
#[derive(Clone, Copy)]
struct Wanted {
    /// Some policy plays a plan made from the future.
    plans: bool,
    /// The references: alone there is nothing to compare with, and the pass would cost a third of the run.
    references: bool,
}

impl Wanted {
    fn by(scenario: &Scenario) -> Self {
        // Of a closed loop nothing is known before it is served, and a flow has no requests to look at.
        let closed = scenario.services.first().is_some_and(|one| one.workload.users().count() > 0);
        let open = !closed && !scenario.fidelity.fluid;
        let has_slo = scenario.slo.tail().is_some();
        Self {
            plans: open && scenario.policies.iter().any(|one| one.deployment.policy.needs_plan()),
            references: open && has_slo && scenario.policies.len() > 1,
        }
    }
}

impl Foresight {
    fn of(scenario: &Scenario, replication: u32, survey: &Survey) -> Self {
        let wanted = Wanted::by(scenario);
        let needs = needs(scenario, survey);
        let bounded = wanted.references && !scenario.price.is_free();
        Self {
            work_bound: bounded.then(|| work_bound(scenario, survey)).flatten(),
            plans: plans(scenario, replication, &needs),
            needs: wanted.references.then_some(needs),
        }
    }
}

/// A pass over the requests of each replication from `first` on before its cells run, where a policy needs it.
fn foresee(scenario: &Scenario, first: u32, cancel: &AtomicBool) -> Vec<Foresight> {
    let known = |replication: u32| survey(scenario, replication, cancel);
    let one = |replication: u32| match Some(replication).filter(|at| *at >= first).and_then(known) {
        Some(survey) => Foresight::of(scenario, replication, &survey),
        None => Foresight::default(),
    };
    let replications = scenario.distinct_replications();
    if !Wanted::by(scenario).plans {
        return vec![Foresight::default(); replications as usize];
    }
    (0..replications).into_par_iter().map(one).collect()
}

/// An outcome and what its policies saw, by service.
struct CellOutcome {
    settings: Vec<Setting>,
    outcome: Outcome,
}

/// A finished cell: its place in the plan, and what is kept of it.
type Finished = (usize, Result<CellResult, Halt>);

/// What a group of cells leaves.
struct Group {
    finished: Vec<Finished>,
    /// Of its replication, if the group looked at the requests it met.
    known: Option<(u32, Foresight)>,
}

/// Groups are begun in the order of the plan, so that the first failure in that order is always found
/// and an interrupted run has whole replications.
fn run_cells(
    scenario: &Scenario,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    cells: &[Cell],
    groups: &[Range<usize>],
    foresight: &[Foresight],
) -> Vec<Group> {
    let failed = AtomicBool::new(false);
    let one = |group: &Range<usize>| {
        if failed.load(Ordering::Relaxed) || options.cancel.load(Ordering::Relaxed) {
            return None;
        }
        let first = cells[group.start];
        let known = &foresight[first.replication as usize];
        let group =
            run_group(scenario, options, progress, (group.start, &cells[group.clone()]), known);
        if group.finished.iter().any(|(_, done)| done.is_err()) {
            failed.store(true, Ordering::Relaxed);
        }
        Some(group)
    };
    groups.iter().par_bridge().filter_map(one).collect()
}

/// Runs cells of one replication from place `start` of the plan on.
fn run_group(
    scenario: &Scenario,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    (start, cells): (usize, &[Cell]),
    known: &Foresight,
) -> Group {
    let replication = cells[0].replication;
    let references = Wanted::by(scenario).references;
    let setups: Vec<Setup> = cells
        .iter()
        .map(|&cell| {
            let detail = Detail { supply: references, ..detail(scenario, options, cell) };
            let plan = known.plans.get(cell.policy).cloned().flatten();
            let mut setup = setup_of(scenario, cell, plan, detail, options.cancel);
            if let Some(first) = setup.services.first_mut() {
                first.limits.asked = options.limits.to_vec();
            }
            setup
        })
        .collect();
    let settings: Vec<Vec<Setting>> =
        setups.iter().map(|setup| setup.services.iter().map(Setting::of).collect()).collect();
    // The first group of a replication looks at its requests on the way, unless that was done before.
    let surveyed = references && known.needs.is_none() && cells[0].policy == 0;
    let done = together::simulate(scenario, replication, setups, surveyed, &|cells| {
        progress.advanced(cells);
    });
    let mut finished = Vec::with_capacity(cells.len());
    for (((at, &cell), settings), outcome) in (start..).zip(cells).zip(settings).zip(done.outcomes)
    {
        let done = match outcome {
            None | Some(Err(Halt::Interrupted)) => continue,
            Some(Err(halt)) => Err(halt),
            Some(Ok(outcome)) => Ok(reduce(scenario, cell, CellOutcome { settings, outcome })),
        };
        if let Ok(done) = &done {
            progress.finished(&glance(scenario, cell, done));
        }
        finished.push((at, done));
    }
    let foresight = |survey: Survey| (replication, Foresight::of(scenario, replication, &survey));
    Group { finished, known: done.survey.map(foresight) }
}

/// A cell ready to run that stops when it is asked to.
pub(super) fn setup_of(
    scenario: &Scenario,
    cell: Cell,
    plan: Option<Plan>,
    detail: Detail,
    cancel: &Arc<AtomicBool>,
) -> Setup {
    let mut setup = scenario.setup(cell.policy, cell.replication, plan, detail);
    setup.cancel = Some(Arc::clone(cancel));
    setup
}

fn glance<'a>(scenario: &'a Scenario, cell: Cell, done: &CellResult) -> Glance<'a> {
    let policy = &scenario.policies[cell.policy];
    let row = done.rows.first().map(|first| &first.row);
    let verdict = row.map(|row| Verdict::of(&[row], &scenario.slo));
    let figure = CostBy::of(scenario.price).figure();
    Glance {
        policy: &policy.name,
        replication: cell.replication,
        requests: done.simulated_requests,
        cost: row.and_then(|row| row.get(figure)),
        kept: verdict.and_then(|verdict| match verdict.ruling {
            Ruling::NotAsked => None,
            Ruling::Met => Some(true),
            Ruling::Missed => Some(false),
        }),
        sees_future: policy.deployment.policy.needs_plan(),
    }
}

fn detail(scenario: &Scenario, options: &RunOptions<'_>, cell: Cell) -> Detail {
    if cell.replication > 0 && !options.all_timelines {
        return Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
    }
    let decisions = if options.all_decisions { DecisionLog::All } else { DecisionLog::Changes };
    Detail { timeline: Some(scenario.timeline), decisions, supply: false }
}

/// What is kept of one cell.
struct CellResult {
    settings: Vec<Setting>,
    rows: Vec<ServiceRow>,
    latency: Histogram,
    details: Option<Details>,
    /// The ready replicas of the first service, change by change, until they are held against the need.
    supply: Vec<(Time, u32)>,
    simulated_requests: u64,
}

fn reduce(scenario: &Scenario, cell: Cell, done: CellOutcome) -> CellResult {
    let replication = cell.replication;
    let simulated_requests = done.outcome.simulated_requests;
    let mut rows = Vec::new();
    let mut latency = Histogram::new();
    let (mut services, mut supply) = (Vec::new(), Vec::new());
    for (service_index, outcome) in done.outcome.services.into_iter().enumerate() {
        let facts = Facts::of(scenario, cell.policy, service_index);
        let mut row = Row::of(&outcome, &facts);
        if scenario.fidelity.fluid {
            row.leave_out(Figure::LittlesLawResidual);
        }
        let classes = outcome.classes.iter().map(|one| Row::of_class(one, &facts)).collect();
        let service = outcome.name.clone();
        rows.push(ServiceRow { replication, service_index, service, row, classes });
        if service_index == 0 {
            latency = outcome.latency.latency;
            supply = outcome.supply;
        }
        services.push(ServiceDetails {
            product_events: product_events(scenario, cell, service_index, &outcome.decisions),
            service: outcome.name,
            timeline: outcome.timeline,
            decisions: outcome.decisions,
            decisions_left_out: outcome.decisions_left_out,
            launches: outcome.launches,
            slo_minutes: outcome.slo_minutes,
            grace: scenario.deployment(cell.policy, service_index).fleet.grace,
        });
    }
    let kept = services.iter().any(|s| !s.timeline.is_empty() || !s.decisions.is_empty());
    let details = kept.then_some(Details { replication, services });
    CellResult { settings: done.settings, rows, latency, details, supply, simulated_requests }
}

/// What a product shows of its decisions.
fn product_events(
    scenario: &Scenario,
    cell: Cell,
    service: usize,
    decisions: &[simulation::DecisionRecord],
) -> Vec<ProductEvent> {
    let policy = &scenario.deployment(cell.policy, service).policy;
    let Some(product) = policy.product() else { return Vec::new() };
    let one = |record: &simulation::DecisionRecord| {
        let what = product.tell(&Happening {
            at: record.at,
            clock: &scenario.clock,
            before: record.before,
            decision: &record.decision,
            census: record.census,
            readings: &record.readings,
        })?;
        Some(ProductEvent { at: record.at, what })
    };
    decisions.iter().filter_map(one).collect()
}

fn gather(
    scenario: &Scenario,
    cells: &[Cell],
    done: Vec<Finished>,
    foresight: &[Foresight],
) -> Result<Results, RunError> {
    let work_bound: Vec<f64> = foresight.iter().filter_map(|known| known.work_bound).collect();
    let mut results = Results {
        about: About::of(scenario),
        policies: scenario.policies.iter().map(empty).collect(),
        references: References { work_bound },
        complete: true,
        simulated_requests: 0,
    };
    for (at, result) in done {
        let cell = cells[at];
        let policy = &mut results.policies[cell.policy];
        let mut result = result.map_err(|halt| RunError::Halted {
            policy: policy.name.clone(),
            replication: cell.replication,
            halt,
        })?;
        let needs = foresight[cell.replication as usize].needs.as_ref();
        let need = needs.map(|needs| &needs[cell.policy]);
        if let (Some(need), Some(first)) = (need, result.rows.first_mut()) {
            first.row.add_elasticity(&track(scenario.window, need, &result.supply));
        }
        results.simulated_requests += result.simulated_requests;
        policy.settings = result.settings;
        policy.rows.extend(result.rows);
        policy.latency.merge(&result.latency);
        policy.details.extend(result.details);
    }
    peers::compare(scenario, &mut results, |replication| {
        foresight.get(replication as usize)?.work_bound
    });
    Ok(results)
}

fn empty(Competitor { name, deployment }: &Competitor) -> PolicyResults {
    let policy = &deployment.policy;
    let effective = serde_json::to_value(policy).unwrap_or_default();
    let kind = effective.as_object().and_then(|object| object.keys().next().cloned());
    PolicyResults {
        name: name.clone(),
        kind: kind.or_else(|| effective.as_str().map(str::to_owned)).unwrap_or_default(),
        sees_future: policy.needs_plan(),
        effective,
        settings: Vec::new(),
        rows: Vec::new(),
        latency: Histogram::new(),
        details: Vec::new(),
    }
}
