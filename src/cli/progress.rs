//! The progress of a run, shown only to a person.

use autosim_engine::units::plural;
use autosim_study::experiment::{Glance, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One line: how far it is, time left, cells done, requests per second, the best policy so far.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    so_far: Mutex<SoFar>,
}

/// Parts of a cell that the bar can show.
const STEPS: u64 = 1000;

/// What is known of the cells that are done.
#[derive(Debug, Default)]
struct SoFar {
    /// Cells of the run, finished cells, and cells simulated, parts of them included.
    cells: usize,
    finished: usize,
    simulated: f64,
    requests: u64,
    policies: BTreeMap<String, Standing>,
}

/// One policy's finished cells.
#[derive(Debug, Default)]
struct Standing {
    cells: u32,
    cost: f64,
    /// Cells in which it missed the SLO.
    broken: u32,
}

impl Bar {
    /// Visible if `shown`, else silent.
    pub(super) fn new(shown: bool) -> Self {
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{bar:20} {eta} left  {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now(), so_far: Mutex::default() }
    }

    /// A thread that died holding the lock leaves nothing worse than a stale line.
    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl SoFar {
    fn add(&mut self, cell: &Glance<'_>) {
        self.finished += 1;
        self.requests += cell.requests;
        if cell.sees_future {
            return;
        }
        let standing = self.policies.entry(cell.policy.to_owned()).or_default();
        standing.cells += 1;
        standing.cost += cell.cost.unwrap_or_default();
        standing.broken += u32::from(cell.kept == Some(false));
    }

    /// The cheapest policy that has missed no SLO yet.
    fn best(&self) -> Option<(&str, f64)> {
        let sound = self.policies.iter().filter(|(_, one)| one.broken == 0 && one.cells > 0);
        let mean = sound.map(|(name, one)| (name.as_str(), one.cost / f64::from(one.cells)));
        mean.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn line(&self, elapsed_s: f64) -> String {
        let millions = self.requests as f64 / elapsed_s.max(1e-3) / 1e6;
        let best = match self.best() {
            Some((name, cost)) => format!("best so far {name} at {cost:.3}"),
            None => "none keeps the SLO so far".to_owned(),
        };
        let (finished, cells) = (self.finished, self.cells);
        format!("{finished}/{cells} cells, {millions:.1} M requests/s, {best}")
    }
}

impl Progress for Bar {
    fn begins(&self, cells: usize, requests_per_cell: f64) {
        self.so_far().cells = cells;
        self.bar.set_length(cells as u64 * STEPS);
        let each = plural(requests_per_cell.round() as u64, "request");
        self.bar.set_message(format!("about {each} each"));
        self.bar.enable_steady_tick(std::time::Duration::from_millis(250));
    }

    fn finished(&self, cell: &Glance<'_>) {
        let mut so_far = self.so_far();
        so_far.add(cell);
        self.bar.set_message(so_far.line(self.begun.elapsed().as_secs_f64()));
    }

    fn advanced(&self, cells: f64) {
        let mut so_far = self.so_far();
        so_far.simulated += cells;
        self.bar.set_position((so_far.simulated * STEPS as f64).round() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_so_far_is_the_cheapest_that_broke_no_slo() {
        let mut so_far = SoFar { cells: 6, ..SoFar::default() };
        let cell = |policy, cost, kept, sees_future| Glance {
            policy,
            replication: 0,
            requests: 4_000_000,
            cost: Some(cost),
            kept: Some(kept),
            sees_future,
        };
        so_far.add(&cell("late", 1.0, false, false));
        assert_eq!(so_far.line(2.0), "1/6 cells, 2.0 M requests/s, none keeps the SLO so far");
        so_far.add(&cell("dear", 9.0, true, false));
        so_far.add(&cell("fair", 4.0, true, false));
        so_far.add(&cell("fair", 5.0, true, false));
        so_far.add(&cell("oracle", 0.5, true, true));
        assert_eq!(so_far.line(5.0), "5/6 cells, 4.0 M requests/s, best so far fair at 4.500");
    }
}
