//! Recorded requests too many to be held: read from their file by whoever plays them.

use super::events::{Placing, Recorded, Replayed};
use super::failure::TraceError;
use super::gathered::Stamps;
use super::input::Origin;
use super::options::Options;
use super::requests::{Layout, Requests};
use super::slice::{Slice, empty, nothing_to_spread};
use super::sorted::{Sorted, SortedRows};
use super::spread::Spread;
use crate::units::Span;
use crate::workload::source::Instants;
use crate::workload::{BATCH, Batch};
use std::sync::{Arc, OnceLock};

/// Requests that were read once and found sound, in order of time.
#[derive(Debug, Clone)]
pub(crate) struct Streamable {
    pub(super) kept: Kept,
    /// Its writer cut times to multiples of this.
    pub(super) grid: Option<Span>,
    pub(super) requests: u64,
    /// First start, and the first instant after the last.
    pub(super) range: (i64, i64),
    /// It has a service time of each request.
    pub(super) own_demands: bool,
    /// Why they could not all be read again.
    pub(super) failed: Arc<OnceLock<TraceError>>,
}

impl Streamable {
    /// Start and service time of each, in order; they end where they cannot be read, and [`Streamable::failure`] says why.
    pub(super) fn rows(&self) -> impl Iterator<Item = (i64, Option<u64>)> + '_ {
        let mut rows = Rows::of(self, &Slice::WHOLE);
        std::iter::from_fn(move || {
            let next = rows.as_mut().map_err(|error| error.clone()).and_then(Rows::next);
            match next {
                Ok(row) => row.map(|(start, _, demand)| (start, demand)),
                Err(error) => {
                    // The first one says enough.
                    let _ = self.failed.set(error);
                    None
                }
            }
        })
        .take_while(|row| row.0 < self.range.1)
    }

    /// Why not all could be read.
    pub(super) fn failure(&self) -> Result<(), TraceError> {
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// That they are not held, as a sentence.
    pub(crate) fn told(&self, path: &str, limit: u64) -> String {
        let from = match self.kept {
            Kept::InFile { .. } => "the file",
            Kept::Sorted(_) => "a temporary file, sorted, of 16 bytes each,",
        };
        format!(
            "{path}: {} requests do not fit memory_limit_bytes = {limit}: they are read from {from} again and again, which \
             takes longer and changes nothing",
            self.requests
        )
    }
}

/// Where they are.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    /// In the trace itself, which is in order.
    InFile { origin: Origin, options: Box<Options>, layout: &'static Layout },
    /// In a temporary file, sorted.
    Sorted(Arc<Sorted>),
}

/// A slice of such a file: a source that every cell reads for itself.
#[derive(Debug, Clone)]
pub(crate) struct Streamed {
    file: Arc<Streamable>,
    slice: Slice,
    how: Placing,
    /// First nanosecond of the run that is not played.
    end: u64,
    marks: Marks,
    mean_demand_s: Option<f64>,
}

impl Streamed {
    /// The recorded requests of a slice before `end`, looked through once more.
    pub(crate) fn sliced(
        file: Streamable,
        slice: &Slice,
        scale: f64,
        spread: Spread,
        end: u64,
    ) -> Result<Self, TraceError> {
        let mut rows = Rows::of(&file, slice)?;
        let (mut stamps, mut marks, mut total) = (Stamps::default(), Marks::new(), 0);
        while let Some((start, arrival, demand)) = rows.next()? {
            stamps.add(start);
            if arrival < end {
                marks.add(arrival);
                total += u128::from(demand.unwrap_or(0));
            }
        }
        if stamps.count == 0 {
            return Err(empty());
        }
        let (spread, grid) = match file.grid.or_else(|| stamps.coarse_grid()) {
            Some(grid) if spread != Spread::Keep => (spread, slice.stretched(grid.0)),
            None if spread != Spread::Keep => return Err(nothing_to_spread(spread)),
            Some(_) | None => (Spread::Keep, 0),
        };
        let mean = total as f64 * 1e-9 / marks.count.max(1) as f64;
        Ok(Self {
            mean_demand_s: file.own_demands.then_some(mean),
            file: Arc::new(file),
            slice: *slice,
            how: Placing { scale, spread, grid },
            end,
            marks,
        })
    }
}

impl Replayed for Streamed {
    type Reader = FromFile;
    fn how(&self) -> Placing {
        self.how
    }
    fn read(&self, end: u64) -> FromFile {
        FromFile {
            file: Arc::clone(&self.file),
            slice: self.slice,
            end: end.min(self.end),
            // How many there must be, where all of them are wanted.
            expected: (end >= self.end).then_some(self.marks.count),
            taken: 0,
            rows: None,
            next: None,
            ended: false,
            failure: None,
        }
    }
    fn as_recorded(read: FromFile) -> Box<dyn Instants> {
        Box::new(Plain(read))
    }
    /// Within a 2048th of all before the last request, exact after it.
    fn before(&self, end: u64) -> u64 {
        self.marks.before(end)
    }
    fn mean_demand_s(&self) -> Option<f64> {
        self.mean_demand_s
    }
}

/// The rows of a slice.
struct Rows {
    reader: Reader,
    slice: Slice,
    own_demands: bool,
}

/// Whoever reads them, from where they are.
enum Reader {
    File(Box<Requests>),
    Sorted(SortedRows),
}

impl Rows {
    fn of(file: &Streamable, slice: &Slice) -> Result<Self, TraceError> {
        let reader = match &file.kept {
            Kept::InFile { origin, options, layout } => {
                Reader::File(Box::new(Requests::open(origin.open_again()?, options, layout)?))
            }
            Kept::Sorted(sorted) => {
                Reader::Sorted(SortedRows::new(sorted, |start| slice.is_ahead(start))?)
            }
        };
        Ok(Self { reader, slice: *slice, own_demands: file.own_demands })
    }

    /// The next one's start in the file, arrival in the run, and demand; `None` after the slice.
    fn next(&mut self) -> Result<Option<(i64, u64, Option<u64>)>, TraceError> {
        loop {
            let row = match &mut self.reader {
                Reader::File(requests) => requests.next()?,
                Reader::Sorted(rows) => rows.next()?.map(|(start, demand)| (start, Some(demand))),
            };
            let Some((start, demand)) = row else { return Ok(None) };
            if !self.slice.is_ahead(start) {
                let demand = demand.filter(|_| self.own_demands);
                return Ok(self.slice.played(start).map(|arrival| (start, arrival, demand)));
            }
        }
    }
}

/// Requests as one cell reads them; the file is opened when the first is wanted.
pub(super) struct FromFile {
    file: Arc<Streamable>,
    slice: Slice,
    end: u64,
    expected: Option<u64>,
    taken: u64,
    rows: Option<Rows>,
    next: Option<(u64, Option<u64>)>,
    ended: bool,
    failure: Option<String>,
}

impl FromFile {
    /// Makes `next` the next request, if there is one.
    fn look(&mut self) {
        if self.next.is_some() || self.ended {
            return;
        }
        match self.read() {
            Ok(next) => self.next = next,
            Err(error) => self.failure = Some(error.to_string()),
        }
        self.ended = self.next.is_none();
    }

    fn read(&mut self) -> Result<Option<(u64, Option<u64>)>, TraceError> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => none.insert(Rows::of(&self.file, &self.slice)?),
        };
        let next = rows.next()?.filter(|&(_, arrival, _)| arrival < self.end);
        if let Kept::InFile { origin, .. } = &self.file.kept
            && next.is_none()
            && self.expected.is_some_and(|expected| expected != self.taken)
        {
            return Err(origin.changed());
        }
        Ok(next.map(|(_, arrival, demand)| (arrival, demand)))
    }
}

impl Recorded for FromFile {
    fn peek(&mut self) -> Option<u64> {
        self.look();
        self.next.map(|(arrival, _)| arrival)
    }
    fn take(&mut self) -> Option<(u64, Option<u64>)> {
        self.look();
        self.taken += u64::from(self.next.is_some());
        self.next.take()
    }
    fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

/// As recorded.
struct Plain(FromFile);

impl Instants for Plain {
    fn fill(&mut self, batch: &mut Batch) {
        while batch.arrival_ns.len() < BATCH
            && let Some((arrival, demand)) = self.0.take()
        {
            batch.arrival_ns.push(arrival);
            batch.demand_ns.extend(demand);
        }
    }
    fn failure(&self) -> Option<&str> {
        self.0.failure()
    }
}

/// How many requests came before an instant: every n-th of them, n doubled whenever they become too many.
#[derive(Debug, Clone)]
struct Marks {
    at: Vec<u64>,
    every: u64,
    count: u64,
    last: u64,
}

impl Marks {
    const MOST: usize = 4096;

    fn new() -> Self {
        Self { at: Vec::new(), every: 1, count: 0, last: 0 }
    }

    fn add(&mut self, at: u64) {
        if self.count.is_multiple_of(self.every) {
            if self.at.len() == Self::MOST {
                let mut keep = false;
                self.at.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.every *= 2;
            }
            if self.count.is_multiple_of(self.every) {
                self.at.push(at);
            }
        }
        self.count += 1;
        self.last = at;
    }

    /// Exact from the last on.
    fn before(&self, end: u64) -> u64 {
        if self.count == 0 || end > self.last {
            return self.count;
        }
        let marks = self.at.partition_point(|&at| at < end) as u64;
        (marks * self.every).min(self.count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_count_nearly_right() {
        let mut marks = Marks::new();
        (0..1_000_000).for_each(|at| marks.add(at));
        assert!(marks.at.len() <= Marks::MOST);
        assert_eq!((marks.before(1_000_000), marks.before(0)), (1_000_000, 0));
        for end in [1, 1000, 500_000, 999_999] {
            let counted = marks.before(end);
            assert!(counted.abs_diff(end) <= 1_000_000 / 2048, "{counted} {end}");
            assert!(counted < 1_000_000);
        }
    }
}
