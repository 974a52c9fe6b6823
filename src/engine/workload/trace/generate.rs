//! Writing traces: any workload becomes a file that `replay` reads.

use crate::random::Streams;
use crate::units::{Span, Time};
use crate::workload::{Batch, Workload};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    /// Counts of intervals without length.
    #[error("the interval of counts is zero; give it some time, for example 1m")]
    NoInterval,
}

/// Writes the requests of one replication before `end` to `path`: whole or not at all, packed as its
/// ending says (`.gz`, `.zst`). The same workload and streams give the same bytes. Whoever sets `cancel` stops it.
/// What a killed process left beside `path` goes.
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
    let failed = |source| GenerateError::Write { path: path.to_owned(), source };
    let folder = folder_of(path);
    sweep(folder);
    let file = temporary(folder).map_err(failed)?;
    let mut packed = Packed::new(file, path).map_err(failed)?;
    let mut requests = workload.requests(streams, end);
    let mut failure = None;
    let stopped = || cancel.load(Ordering::Relaxed);
    let mut batches = std::iter::from_fn(|| {
        let mut batch = Batch::new();
        if stopped() {
            return None;
        }
        requests.fill(&mut batch);
        if batch.is_empty() {
            failure = requests.failure();
        }
        (!batch.is_empty()).then_some(batch)
    });
    let done = match form {
        Form::Timestamps => timestamps(&mut batches, &mut packed),
        Form::Counts(interval) => counts(&mut batches, interval.0, end, &mut packed),
    };
    let done = done.map_err(failed)?;
    if stopped() {
        return Err(GenerateError::Interrupted);
    }
    if let Some(why) = failure {
        return Err(GenerateError::Traffic(why));
    }
    let file = packed.finish().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(done)
}

/// Writes a file whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    sweep(folder);
    let mut file = temporary(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Readable by others, as any file the user writes: a temporary file is not by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let file = builder.prefix(UNFINISHED).tempfile_in(folder)?;
    // Where the file system knows no locks, what a killed process leaves stays.
    let _ = file.as_file().try_lock();
    Ok(file)
}

/// How a file begins that is still written.
const UNFINISHED: &str = ".autosim-trace-";
/// A file with nothing in it may be about to be locked by who made it; not for so long.
const NEWBORN: Duration = Duration::from_secs(60);

/// Removes what killed processes left: who still writes holds a lock. Best effort, as nothing depends on it.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        let age = file.metadata().and_then(|data| data.modified()).map(|at| at.elapsed());
        let is_old = age.is_ok_and(|age| age.is_ok_and(|age| age > NEWBORN));
        let is_begun = file.metadata().is_ok_and(|data| data.len() > 0);
        if (is_begun || is_old) && file.try_lock().is_ok() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

type Sink = BufWriter<tempfile::NamedTempFile>;

/// A file, packed or not.
enum Packed {
    Plain(Sink),
    Gz(GzEncoder<Sink>),
    Zst(zstd::stream::write::Encoder<'static, Sink>),
}

impl Packed {
    fn new(file: tempfile::NamedTempFile, path: &Path) -> io::Result<Self> {
        let sink = BufWriter::with_capacity(1 << 16, file);
        Ok(match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gz(GzEncoder::new(sink, Compression::default())),
            Some("zst") => Self::Zst(zstd::stream::write::Encoder::new(sink, 0)?),
            _ => Self::Plain(sink),
        })
    }

    fn finish(self) -> io::Result<tempfile::NamedTempFile> {
        let sink = match self {
            Self::Plain(sink) => sink,
            Self::Gz(encoder) => encoder.finish()?,
            Self::Zst(encoder) => encoder.finish()?,
        };
        let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gz(encoder) => encoder.write(bytes),
            Self::Zst(encoder) => encoder.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Gz(encoder) => encoder.flush(),
            Self::Zst(encoder) => encoder.flush(),
        }
    }
}

/// Seconds with as many digits as the nanoseconds need.
fn seconds(ns: u64) -> String {
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn timestamps(
    batches: &mut impl Iterator<Item = Batch>,
    out: &mut impl Write,
) -> io::Result<Generated> {
    writeln!(out, "time_s,service_time_s")?;
    let mut rows = 0;
    for batch in batches {
        for (&arrival, &demand) in batch.arrival_ns.iter().zip(&batch.demand_ns) {
            writeln!(out, "{},{}", seconds(arrival), seconds(demand))?;
        }
        rows += batch.len() as u64;
    }
    Ok(Generated { requests: rows, rows })
}

fn counts(
    batches: &mut impl Iterator<Item = Batch>,
    interval: u64,
    end: Time,
    out: &mut impl Write,
) -> io::Result<Generated> {
    writeln!(out, "time_s,count")?;
    let mut done = Generated { requests: 0, rows: 0 };
    let mut count = 0u64;
    let mut close = |until: u64, count: &mut u64| -> io::Result<()> {
        while done.rows < until {
            writeln!(out, "{},{count}", seconds(done.rows.saturating_mul(interval)))?;
            done.rows += 1;
            done.requests += *count;
            *count = 0;
        }
        Ok(())
    };
    for batch in batches {
        for arrival in batch.arrival_ns {
            close(arrival / interval, &mut count)?;
            count += 1;
        }
    }
    close(end.0.div_ceil(interval), &mut count)?;
    Ok(done)
}
