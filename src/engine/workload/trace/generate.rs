//! Writing traces: any workload becomes a file that `replay` reads.

use super::output::{Columns, FileForm, Stopped, Value, whole};
use crate::random::Streams;
use crate::units::{Span, Time};
use crate::workload::{Arrivals, Batch, Workload};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What the rows of a written trace are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One row a request: `time_s,service_time_s`, exact to the nanosecond.
    Timestamps,
    /// One row an interval of this length: `time_s,count`; the last may reach beyond the end.
    Counts(Span),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// Requests in it.
    pub requests: u64,
    /// Rows of it, without the header.
    pub rows: u64,
}

/// Why a trace could not be written; a file that was at its path is as it was.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The file could not be written; nothing is left behind.
    #[error("cannot write `{path}`: {source}", path = path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The traffic could not be read to its end; nothing is left behind.
    #[error("{0}")]
    Traffic(String),
    /// It was asked to stop; nothing is left behind.
    #[error("interrupted: nothing is written")]
    Interrupted,
    /// A file of Parquet, which this build does not write.
    #[error(
        "`{path}`: this autosim was built without its feature `parquet`; cargo build --release --features parquet builds one \
         that writes it, or end the name with .csv", path = .0.display()
    )]
    NoParquet(PathBuf),
    /// A file of Parquet that is to be packed once more.
    #[error("`{path}`: Parquet is packed within; end the name with .parquet", path = .0.display())]
    PackedParquet(PathBuf),
    /// Counts of intervals without length.
    #[error("the interval of counts is zero; give it some time, for example 1m")]
    NoInterval,
}

/// Writes the requests of one replication before `end` to `path`: whole or not at all, packed as its
/// ending says (`.gz`, `.zst`), as lines of JSON where it ends with `.jsonl`. The same workload and streams give the
/// same bytes. Whoever sets `cancel` stops it. What a killed process left beside `path` goes.
pub fn generate(
    workload: &Workload,
    streams: &Streams,
    end: Time,
    path: &Path,
    form: Form,
    cancel: &AtomicBool,
) -> Result<Generated, GenerateError> {
    if form == Form::Counts(Span::ZERO) {
        return Err(GenerateError::NoInterval);
    }
    let mut requests = Requests::new(workload.requests(streams, end), cancel);
    let file = FileForm::of(path)?.unwrap_or(FileForm::Csv);
    whole(path, |out| match form {
        Form::Timestamps => {
            let columns = Columns { file, dated: None, value: Some("service_time_s") };
            timestamps(&mut requests, &columns, out)
        }
        Form::Counts(interval) => {
            let columns = Columns { file, dated: None, value: Some("count") };
            counts(&mut requests, interval.0, end, &columns, out)
        }
    })
}

/// Batches of requests, until they end or it is asked to stop.
pub(super) struct Requests<'a> {
    from: Box<dyn Arrivals>,
    cancel: &'a AtomicBool,
    batch: Batch,
}

impl<'a> Requests<'a> {
    pub(super) fn new(from: Box<dyn Arrivals>, cancel: &'a AtomicBool) -> Self {
        Self { from, cancel, batch: Batch::new() }
    }

    /// The next ones; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<&Batch>, Stopped> {
        self.stop_if_asked()?;
        self.from.fill(&mut self.batch);
        if !self.batch.is_empty() {
            return Ok(Some(&self.batch));
        }
        match self.from.failure() {
            Some(why) => Err(Stopped::Because(GenerateError::Traffic(why))),
            None => Ok(None),
        }
    }

    fn stop_if_asked(&self) -> Result<(), Stopped> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Stopped::Because(GenerateError::Interrupted)),
            false => Ok(()),
        }
    }
}

/// A row for each request.
pub(super) fn timestamps(
    requests: &mut Requests<'_>,
    columns: &Columns,
    out: &mut (dyn Write + Send),
) -> Result<Generated, Stopped> {
    let mut out = columns.writer(out)?;
    let mut rows = 0;
    while let Some(batch) = requests.next()? {
        for (&arrival, &demand) in batch.arrival_ns.iter().zip(&batch.demand_ns) {
            let length = columns.value.map_or(Value::None, |_| Value::Length(demand));
            out.row(arrival, length)?;
        }
        rows += batch.len() as u64;
    }
    out.finish()?;
    Ok(Generated { requests: rows, rows })
}

/// A row for each interval until `end`.
fn counts(
    requests: &mut Requests<'_>,
    interval: u64,
    end: Time,
    columns: &Columns,
    out: &mut (dyn Write + Send),
) -> Result<Generated, Stopped> {
    let mut out = columns.writer(out)?;
    let mut done = Generated { requests: 0, rows: 0 };
    let mut count = 0u64;
    let mut close = |until: u64, count: &mut u64| -> io::Result<()> {
        while done.rows < until {
            out.row(done.rows.saturating_mul(interval), Value::Count(*count as f64))?;
            done.rows += 1;
            done.requests += *count;
            *count = 0;
        }
        Ok(())
    };
    while let Some(batch) = requests.next()? {
        for arrival in &batch.arrival_ns {
            close(arrival / interval, &mut count)?;
            count += 1;
        }
    }
    close(end.0.div_ceil(interval), &mut count)?;
    out.finish()?;
    Ok(done)
}
