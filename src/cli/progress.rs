//! The progress of a run, shown only to a person.

use crate::experiment::{Glance, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// One line: cells done, time left, requests per second, the best policy so far.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    so_far: Mutex<SoFar>,
}

/// What is known of the cells that are done.
#[derive(Debug, Default)]
struct SoFar {
    requests: u64,
    policies: BTreeMap<String, Standing>,
}

/// One policy's finished cells.
#[derive(Debug, Default)]
struct Standing {
    cells: u32,
    cost: f64,
    /// Cells in which it broke the promise.
    broken: u32,
}

impl Bar {
    /// Visible if `shown`, else silent.
    pub(super) fn new(shown: bool) -> Self {
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{bar:20} {pos}/{len} cells, {eta} left  {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now(), so_far: Mutex::default() }
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl SoFar {
    fn add(&mut self, cell: &Glance<'_>) {
        self.requests += cell.requests;
        if cell.sees_future {
            return;
        }
        let standing = self.policies.entry(cell.policy.to_owned()).or_default();
        standing.cells += 1;
        standing.cost += cell.cost.unwrap_or_default();
        standing.broken += u32::from(cell.kept == Some(false));
    }

    /// The cheapest policy that has broken no promise yet.
    fn best(&self) -> Option<(&str, f64)> {
        let sound = self.policies.iter().filter(|(_, one)| one.broken == 0 && one.cells > 0);
        let mean = sound.map(|(name, one)| (name.as_str(), one.cost / f64::from(one.cells)));
        mean.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn line(&self, elapsed_s: f64) -> String {
        let millions = self.requests as f64 / elapsed_s.max(1e-3) / 1e6;
        let best = match self.best() {
            Some((name, cost)) => format!("best so far {name} at {cost:.3}"),
            None => "none keeps the promise so far".to_owned(),
        };
        format!("{millions:.1} M requests/s, {best}")
    }
}

impl Progress for Bar {
    fn begins(&self, cells: usize, requests_per_cell: f64) {
        self.bar.set_length(cells as u64);
        self.bar.set_message(format!(
            "about {} requests each",
            super::effort::grouped(requests_per_cell.round() as u64)
        ));
        self.bar.enable_steady_tick(std::time::Duration::from_millis(250));
    }

    fn finished(&self, cell: &Glance<'_>) {
        // A thread that died holding the lock leaves nothing worse than a stale line.
        let mut so_far = self.so_far.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        so_far.add(cell);
        self.bar.set_message(so_far.line(self.begun.elapsed().as_secs_f64()));
        self.bar.inc(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_so_far_is_the_cheapest_that_broke_no_promise() {
        let mut so_far = SoFar::default();
        let cell = |policy, cost, kept, sees_future| Glance {
            policy,
            replication: 0,
            requests: 4_000_000,
            cost: Some(cost),
            kept: Some(kept),
            sees_future,
        };
        so_far.add(&cell("late", 1.0, false, false));
        assert_eq!(so_far.line(2.0), "2.0 M requests/s, none keeps the promise so far");
        so_far.add(&cell("dear", 9.0, true, false));
        so_far.add(&cell("fair", 4.0, true, false));
        so_far.add(&cell("fair", 5.0, true, false));
        so_far.add(&cell("oracle", 0.5, true, true));
        assert_eq!(so_far.line(5.0), "4.0 M requests/s, best so far fair at 4.500");
    }
}
