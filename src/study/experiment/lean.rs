//! Chosen cells for their figures alone: no timelines, no decisions, no references.

use super::cells::{RunError, setup_of};
use super::figures::{Facts, Figure, Row};
use super::{Cell, together};
use crate::scenario::{MOST_TOGETHER, Scenario};
use autosim_engine::simulation::{DecisionLog, Detail, Halt, Outcome};
use autosim_engine::units::Span;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a cell showed of the service that the policies compete for; it can be kept and read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "KeptFile", into = "KeptFile")]
pub struct CellFigures {
    /// Its figures.
    pub row: Row,
    /// Requests simulated, counted or not.
    pub simulated_requests: u64,
}

/// The same as it is kept: figures by the names of their columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFile {
    simulated_requests: u64,
    figures: BTreeMap<String, f64>,
    /// Counted requests that took no longer than so many nanoseconds.
    within_ns: Vec<(u64, u64)>,
}

impl From<CellFigures> for KeptFile {
    fn from(cell: CellFigures) -> Self {
        let figures = Figure::ALL.iter().filter_map(|figure| {
            Some((figure.column().to_owned(), cell.row.get(*figure)?)) //
        });
        let within = cell.row.limits().iter().map(|(Span(limit), within)| (*limit, *within));
        Self {
            simulated_requests: cell.simulated_requests,
            figures: figures.collect(),
            within_ns: within.collect(),
        }
    }
}

impl TryFrom<KeptFile> for CellFigures {
    type Error = String;

    fn try_from(file: KeptFile) -> Result<Self, String> {
        let known = |name: &&String| !Figure::ALL.iter().any(|one| one.column() == name.as_str());
        if let Some(unknown) = file.figures.keys().find(known) {
            return Err(format!("there is no figure `{unknown}`"));
        }
        let within = file.within_ns.iter().map(|(limit, within)| (Span(*limit), *within));
        let row = Row::of_figures(|figure| file.figures.get(figure.column()).copied(), within);
        Ok(Self { row, simulated_requests: file.simulated_requests })
    }
}

/// Runs cells of a scenario, several at once; each is handed to `done` as soon as it is finished, from any thread.
/// Policies that play a plan made from the future cannot be among them. After an interruption some were not run.
///
/// # Errors
/// The first in the order of the cells that could not go on.
pub fn run_lean(
    scenario: &Scenario,
    cells: &[Cell],
    jobs: usize,
    cancel: &Arc<AtomicBool>,
    done: &(dyn Fn(Cell, CellFigures) + Sync),
) -> Result<(), RunError> {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.max(1))
        .build()
        .map_err(|error| RunError::Threads { jobs, why: error.to_string() })?;
    let groups = groups(cells, jobs.max(1));
    let failed: Vec<(Cell, Halt)> = threads.install(|| {
        let one = |group: &Vec<Cell>| run_group(scenario, group, cancel, done);
        groups.par_iter().filter_map(one).collect()
    });
    match failed.into_iter().min_by_key(|(cell, _)| *cell) {
        None => Ok(()),
        Some((cell, halt)) => Err(RunError::Halted {
            policy: scenario.policies[cell.policy].name.clone(),
            replication: cell.replication,
            halt,
        }),
    }
}

/// Cells of one replication side by side, no more than fit, in as many groups as keep every thread busy.
fn groups(cells: &[Cell], jobs: usize) -> Vec<Vec<Cell>> {
    let mut by_replication: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        by_replication.entry(cell.replication).or_default().push(*cell);
    }
    let most = cells.len().div_ceil(jobs).clamp(1, MOST_TOGETHER);
    let even = |cells: Vec<Cell>| {
        let parts = cells.len().div_ceil(most);
        let size = cells.len().div_ceil(parts.max(1)).max(1);
        cells.chunks(size).map(<[Cell]>::to_vec).collect::<Vec<_>>()
    };
    by_replication.into_values().flat_map(even).collect()
}

/// The first cell that could not go on, if any.
fn run_group(
    scenario: &Scenario,
    cells: &[Cell],
    cancel: &Arc<AtomicBool>,
    done: &(dyn Fn(Cell, CellFigures) + Sync),
) -> Option<(Cell, Halt)> {
    if cancel.load(Ordering::Relaxed) {
        return None;
    }
    let detail = Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
    let setups = cells.iter().map(|cell| setup_of(scenario, *cell, None, detail, cancel)).collect();
    let replication = cells.first()?.replication;
    let ended = together::simulate(scenario, replication, setups, false, &|_| {});
    let mut failed = None;
    for (cell, outcome) in cells.iter().zip(ended.outcomes) {
        match outcome {
            None | Some(Err(Halt::Interrupted)) => {}
            Some(Err(halt)) => failed = failed.or(Some((*cell, halt))),
            Some(Ok(outcome)) => {
                if let Some(figures) = reduced(scenario, *cell, &outcome) {
                    done(*cell, figures);
                }
            }
        }
    }
    failed
}

fn reduced(scenario: &Scenario, cell: Cell, outcome: &Outcome) -> Option<CellFigures> {
    let facts = Facts::of(scenario, cell.policy, 0);
    let row = Row::of(outcome.services.first()?, &facts);
    Some(CellFigures { row, simulated_requests: outcome.simulated_requests })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{RunOptions, Silent, run};
    use crate::scenario::sample;
    use std::sync::Mutex;

    const TWO_POLICIES: &str = "duration = '10m'\nreplications = 2\nslo.latency = 'p99 < 300ms'\n\
        [workload.arrivals.main.poisson]\nrate = '40/s'\n[replica]\ncold_start = '20s'\n\
        [price]\nper_replica_hour = '0.1 USD'\n[policies.peak.fixed]\nreplicas = 8\n\
        [policies.tracks.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmax = 20\n";

    #[test]
    fn a_cell_alone_has_the_figures_it_has_in_a_run_and_when_it_was_kept() {
        let scenario = sample::read(TWO_POLICIES).unwrap();
        let cancel = Arc::new(AtomicBool::new(false));
        let options = RunOptions {
            jobs: 2,
            all_timelines: false,
            all_decisions: false,
            limits: &[],
            cancel: &cancel,
        };
        let whole = run(&scenario, &options, &Silent).unwrap();
        let cells = [Cell { replication: 1, policy: 1 }, Cell { replication: 0, policy: 0 }];
        let seen = Mutex::new(BTreeMap::new());
        run_lean(&scenario, &cells, 2, &cancel, &|cell, figures| {
            seen.lock().unwrap().insert(cell, figures);
        })
        .unwrap();
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 2);
        for (cell, figures) in &seen {
            let mut rows = whole.policies[cell.policy].first_service();
            let same = &rows.find(|row| row.replication == cell.replication).unwrap().row;
            for figure in [Figure::Arrived, Figure::LatencyP99, Figure::Cost, Figure::ColdStarts] {
                assert_eq!(figures.row.get(figure), same.get(figure), "{cell:?} {figure:?}");
            }
            let text = serde_json::to_string(figures).unwrap();
            assert_eq!(serde_json::from_str::<CellFigures>(&text).unwrap(), *figures);
        }
    }

    #[test]
    fn what_was_kept_by_another_version_is_refused() {
        let text = r#"{"simulated_requests":1,"figures":{"speed":1.0},"within_ns":[]}"#;
        let refused = serde_json::from_str::<CellFigures>(text).unwrap_err().to_string();
        assert!(refused.contains("no figure `speed`"), "{refused}");
    }

    #[test]
    fn groups_hold_one_replication_and_no_more_than_run_together() {
        let cells: Vec<Cell> =
            (0..21).map(|at| Cell { replication: at % 2, policy: at as usize }).collect();
        let groups = groups(&cells, 2);
        assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 21);
        for group in &groups {
            assert!(group.len() <= MOST_TOGETHER);
            assert!(group.iter().all(|cell| cell.replication == group[0].replication));
        }
    }
}
