//! The progress of a run, shown only to a person.

use crate::experiment::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One bar: cells done, time left.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// Visible if `shown`, else silent.
    pub(super) fn new(shown: bool) -> Self {
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} cells  {elapsed} elapsed, {eta} left  {msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
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

    fn finished(&self, policy: &str, replication: u32, _: u64) {
        self.bar.set_message(format!("{policy} #{}", replication + 1));
        self.bar.inc(1);
    }
}
