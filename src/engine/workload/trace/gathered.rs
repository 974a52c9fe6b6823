//! Requests read so far: in memory as long as they fit.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::Format;
use super::options::{Edge, Options};
use super::recording::{Recording, Rows};
use super::requests::{Requests, unsorted};
use super::sorted::Runs;
use super::spread::Spread;
use super::stamp::RELATIVE_BELOW_NS;
use super::streamed::{Kept, Streamable};
use crate::units::Span;
use std::sync::Arc;

/// Rows read so far: in memory, unless they are too many, and what is known of all of them.
#[derive(Default)]
pub(super) struct Gathered {
    starts: Vec<i64>,
    demands: Vec<u64>,
    /// They were too many: memory holds none of them.
    dropped: bool,
    /// They are too many and not in order: where they go instead.
    runs: Option<Runs>,
    pub(super) requests: u64,
    inversions: u64,
    seen: Stamps,
}

/// What is to be done after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Read the next one.
    GoOn,
    /// Begin again with [`Gathered::in_runs`]: rows must be sorted, and those before are gone.
    SortInRuns,
}

impl Gathered {
    /// None yet; they will be sorted outside memory.
    pub(super) fn in_runs(options: &Options) -> Result<Self, TraceError> {
        let runs = Runs::new(options.memory_limit_bytes.unwrap_or(0))?;
        Ok(Self { runs: Some(runs), dropped: true, ..Self::default() })
    }

    pub(super) fn add(
        &mut self,
        start: i64,
        demand: Option<u64>,
        row: &Requests,
        options: &Options,
    ) -> Result<After, TraceError> {
        if self.requests > 0 && start < self.seen.last {
            self.inversions += 1;
            if !options.sort && row.time_is == Edge::Start && !row.layout.unsorted {
                let place = row.place();
                let message = format!("{place}: its time is before that of the row above");
                return Err(TraceError::at("file", message, unsorted(&row.stamps, options)));
            }
        }
        self.requests += 1;
        self.seen.add(start);
        if let Some(runs) = &mut self.runs {
            return runs.add(start, demand.unwrap_or(0)).map(|()| After::GoOn);
        }
        if !self.dropped {
            self.hold(start, demand, row, options.memory_limit_bytes)?;
        }
        let copied = options.copied || self.inversions > 0;
        Ok(if self.dropped && copied { After::SortInRuns } else { After::GoOn })
    }

    /// Keeps a row, or drops all where they would pass a limit.
    fn hold(
        &mut self,
        start: i64,
        demand: Option<u64>,
        row: &Requests,
        limit: Option<u64>,
    ) -> Result<(), TraceError> {
        let too_many = self.requests > MAX_ROWS as u64;
        if too_many && limit.is_none() {
            let message = format!("{} has more than {MAX_ROWS} rows", row.records.path);
            return Err(TraceError::file(message, "cut it, or turn it into counts per second"));
        }
        let bytes = if demand.is_some() { 16 } else { 8 };
        if too_many || limit.is_some_and(|limit| self.requests.saturating_mul(bytes) > limit) {
            self.dropped = true;
            (self.starts, self.demands) = (Vec::new(), Vec::new());
            return Ok(());
        }
        self.starts.push(start);
        self.demands.extend(demand);
        Ok(())
    }

    pub(super) fn into_recording(
        mut self,
        read: Requests,
        sha256: String,
        format: Format,
        options: &Options,
    ) -> Result<Recording, TraceError> {
        let sorted = self.runs.take().map(Runs::merged).transpose()?;
        let sorted = sorted.map(|(sorted, seen)| {
            self.seen = seen;
            Arc::new(sorted)
        });
        if self.inversions > 0 && !self.dropped {
            self.sort();
            self.seen = Stamps::of(self.starts.iter().copied());
        }
        let stamps = &read.stamps;
        let relative = stamps.numeric() && self.seen.latest < RELATIVE_BELOW_NS;
        let assumptions = self.told(&read, options);
        let demands = (!self.demands.is_empty()).then_some(self.demands);
        let rows = match self.dropped {
            false => Rows::Events { starts: self.starts, demands },
            true => Rows::Streamed(Box::new(Streamable {
                kept: match sorted {
                    Some(sorted) => Kept::Sorted(sorted),
                    None => Kept::InFile {
                        origin: read.records.origin.clone(),
                        options: Box::new(options.clone()),
                        layout: read.layout,
                    },
                },
                grid: read.layout.grid,
                requests: self.requests,
                range: (self.seen.first, self.seen.latest.saturating_add(1)),
                own_demands: read.has_demands(),
                failed: Arc::default(),
            })),
        };
        let waited = read.waited();
        let parts = read.parts.map_or_else(Vec::new, |parts| parts.ranking.parts());
        Ok(Recording {
            path: read.records.path,
            sha256,
            format,
            columns: read.records.header,
            rows,
            relative,
            zone: stamps.zone(options.zone.is_some()),
            inversions: self.inversions,
            waited,
            law: None,
            joined: None,
            grid: read.layout.grid,
            // A second's requests did not come all at once.
            spread: match read.layout.grid {
                Some(_) => Spread::Uniform,
                None => Spread::Keep,
            },
            parts,
            assumptions,
        })
    }

    /// What was told from the file, one sentence each.
    fn told(&self, read: &Requests, options: &Options) -> Vec<String> {
        let (path, requests) = (&read.records.path, self.requests);
        let mut said = read.told(requests, options);
        if self.inversions > 0 {
            said.push(format!(
                "{} of {requests} requests started before the row above them and were sorted",
                self.inversions
            ));
        }
        let shared = self.seen.shared;
        match (read.layout.grid, self.seen.coarse_grid()) {
            (Some(grid), _) => said.push(format!(
                "{path}: times are cut to {grid}, {shared} of {requests} requests share theirs with another; each is played \
                 at a random instant within; spread = \"keep\" keeps them together"
            )),
            (None, Some(grid)) => said.push(format!(
                "{path}: times are whole multiples of {grid}, and {shared} of {requests} requests share theirs with \
                 another; spread = \"uniform\" would spread them"
            )),
            (None, None) => {}
        }
        said
    }

    /// By start; rows of one instant keep their order.
    fn sort(&mut self) {
        if self.demands.is_empty() {
            self.starts.sort_unstable();
            return;
        }
        let mut rows: Vec<(i64, u64)> = self.starts.drain(..).zip(self.demands.drain(..)).collect();
        rows.sort_by_key(|row| row.0);
        (self.starts, self.demands) = rows.into_iter().unzip();
    }
}

/// What is known of starts in order, without holding them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stamps {
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) latest: i64,
    /// Starts that are those of the row above.
    pub(super) shared: u64,
    /// The greatest length that divides the distance of each from the first.
    grid: u64,
}

impl Stamps {
    pub(super) fn of(starts: impl Iterator<Item = i64>) -> Self {
        let mut stamps = Self::default();
        starts.for_each(|start| stamps.add(start));
        stamps
    }

    pub(super) fn add(&mut self, start: i64) {
        if self.count == 0 {
            (self.first, self.last, self.latest) = (start, start, start);
        } else {
            self.shared += u64::from(start == self.last);
        }
        self.count += 1;
        self.last = start;
        self.latest = self.latest.max(start);
        // Past the first few rows the grid mostly divides the distance: one division settles it.
        let gap = start.abs_diff(self.first);
        if self.grid == 0 || !gap.is_multiple_of(self.grid) {
            self.grid = Span(gap).common_step(Span(self.grid)).0;
        }
    }

    /// The grid that coarse stamps lie on; `None` if few requests share their stamp.
    pub(super) fn coarse_grid(&self) -> Option<Span> {
        let few = self.shared * 10 < self.count || self.count == 0;
        (!few && self.grid >= 1_000_000).then_some(Span(self.grid))
    }
}
