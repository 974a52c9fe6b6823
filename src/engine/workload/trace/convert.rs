//! Recordings made into another file: a part of them, more or fewer requests, counts of intervals, several together.

use super::MEMORY_LIMIT_BYTES;
use super::bins::Bins;
use super::events::Events;
use super::failure::TraceError;
use super::generate::{GenerateError, Requests, timestamps};
use super::options::Options;
use super::output::{Columns, FileForm, Stopped, Value, whole};
use super::recording::{Recording, Rows, open};
use super::slice::Slice;
use super::spread::Spread;
use super::streamed::Streamed;
use crate::random::{Distribution, Streams};
use crate::units::Span;
use crate::workload::arrivals::TracePoint;
use crate::workload::source::Source;
use crate::workload::stream::{Demand, Part};
use crate::workload::{OPEN_END, Workload};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Most rows of counts: they are added up in memory, 8 bytes each.
const MOST_INTERVALS: u64 = 20_000_000;

/// What becomes of recordings.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// First moment that is kept; default: the beginning.
    pub from: Option<TracePoint>,
    /// First moment that is not kept any more.
    pub until: Option<TracePoint>,
    /// Multiplies the requests: by chance thinned or copied; counts exactly.
    pub rate_scale: f64,
    /// How requests of one coarse stamp are placed; default: as the recording is played.
    pub spread: Option<Spread>,
    /// Counts of intervals of this length, instead of a row for each request.
    pub every: Option<Span>,
    /// Only times from zero and service times stay; no date.
    pub anonymise: bool,
    /// What thinning and copying draw from.
    pub seed: u64,
}

impl Default for Conversion {
    fn default() -> Self {
        Self {
            from: None,
            until: None,
            rate_scale: 1.0,
            spread: None,
            every: None,
            anonymise: false,
            seed: 1,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// Requests in it; counts may have fractions.
    pub requests: f64,
    /// Rows of it, without the header.
    pub rows: u64,
    /// What was concluded from the files and what was left out, one sentence each.
    pub said: Vec<String>,
}

/// Why recordings could not be converted; a file that was at the new one's path is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A recording cannot be read so, or what is asked of it does not fit it.
    #[error(transparent)]
    Recording(#[from] TraceError),
    /// The new file cannot be written.
    #[error(transparent)]
    Writing(#[from] GenerateError),
}

/// Writes recordings as one to `out`: in order of time where they have dates, else one after the other.
/// Whoever sets `cancel` stops it.
pub fn convert(
    base: &Path,
    paths: &[String],
    options: &Options,
    conversion: &Conversion,
    out: &Path,
    cancel: &AtomicBool,
) -> Result<Converted, ConvertError> {
    let file = form_of(out)?;
    conversion.check()?;
    let read = |path: &String| open(base, path, options);
    let recordings = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if let Some((durations, _)) = recordings.iter().find_map(|one| one.joined.as_ref()) {
        let message =
            format!("counts have no service times: nothing would be written of {durations}");
        let hint = "leave out --durations here; give it where the counts are played, or `trace fit` writes its law";
        return Err(TraceError::at("durations", message, hint).into());
    }
    let every = conversion.interval(&recordings)?;
    let mut said: Vec<String> =
        recordings.iter().flat_map(|one| one.assumptions.iter().cloned()).collect();
    let limit = options.memory_limit_bytes.unwrap_or(MEMORY_LIMIT_BYTES);
    said.extend(recordings.iter().filter_map(|one| one.rows.not_held_told(&one.path, limit)));
    let value = value_column(&recordings, every, &mut said);
    let placed = Placed::new(recordings, conversion, &mut said)?;
    let recorded = conversion.every.is_none();
    let grid = every.map(|every| placed.grid(every, recorded)).transpose()?;
    let zero = placed.zero.saturating_add(grid.map_or(0, |grid| grid.begins));
    let dated = placed.dated.clone().filter(|_| !conversion.anonymise);
    if let (FileForm::Parquet, Some(zone)) =
        (file, dated.as_ref().filter(|zone| **zone != TimeZone::UTC))
    {
        let zone = zone.iana_name().unwrap_or("+01:00");
        said.push(format!(
            "Parquet keeps no zone: times are written in UTC; zone = \"{zone}\" (--zone) tells them by their clock again"
        ));
    }
    let columns = Columns { file, dated: dated.map(|zone| (zero, zone)), value };
    let (requests, rows) = match grid {
        None => placed.write_requests(conversion, &columns, out, cancel)?,
        Some(grid) => {
            said.extend(placed.told_in_part(&grid));
            placed.write_counts(conversion, grid, &columns, out, cancel)?
        }
    };
    Ok(Converted { requests, rows, said })
}

fn form_of(out: &Path) -> Result<FileForm, ConvertError> {
    FileForm::of(out)?.ok_or_else(|| {
        let name = out.display();
        let hint = "end it with .csv, .jsonl, .csv.gz, .csv.zst, .jsonl.gz, .jsonl.zst or .parquet";
        TraceError::at("out", format!("`{name}`: its ending says no form that is written"), hint)
            .into()
    })
}

impl Conversion {
    fn check(&self) -> Result<(), TraceError> {
        if !(1e-9..=1e9).contains(&self.rate_scale) {
            let message = format!("the scale is {}", self.rate_scale);
            return Err(TraceError::at("scale", message, "a positive number; 1 changes nothing"));
        }
        if self.every == Some(Span::ZERO) {
            let message = "the interval of counts is zero";
            return Err(TraceError::at("every", message, "give it some time, for example 1m"));
        }
        if self.spread == Some(Spread::Poisson) {
            let message = "`poisson` would change how many requests there are";
            return Err(TraceError::at("spread", message, "use keep, uniform or even"));
        }
        Ok(())
    }

    /// Length of the intervals that are written; `None` for requests. Counts stay what they are.
    fn interval(&self, recordings: &[Recording]) -> Result<Option<Span>, TraceError> {
        let steps: Vec<u64> = recordings.iter().filter_map(|one| step(&one.rows)).collect();
        let Some(&first) = steps.first().filter(|_| self.every.is_none()) else {
            return Ok(self.every);
        };
        if steps.len() < recordings.len() {
            let message = "some files are requests, others are counts of intervals";
            let hint = format!("--every {} counts all of them", Span(first));
            return Err(TraceError::at("every", message, hint));
        }
        if let Some(other) = steps.iter().find(|step| **step != first) {
            let message = format!("intervals are {} here and {} there", Span(first), Span(*other));
            let hint = format!("--every {} counts all of them alike", Span(first.max(*other)));
            return Err(TraceError::at("every", message, hint));
        }
        Ok(Some(Span(first)))
    }
}

/// Usual length of intervals.
fn step(rows: &Rows) -> Option<u64> {
    match rows {
        Rows::Bins { step, .. } => Some(*step),
        Rows::Events { .. } | Rows::Streamed(_) => None,
    }
}

/// What stands beside the times: service times only if every file has them.
fn value_column(
    recordings: &[Recording],
    every: Option<Span>,
    said: &mut Vec<String>,
) -> Option<&'static str> {
    let without = recordings.iter().find(|one| !one.rows.has_demands());
    let some = recordings.iter().any(|one| one.rows.has_demands());
    if every.is_some() {
        if some {
            said.push("counts have no service times: they are left out".to_owned());
        }
        return Some("count");
    }
    if let (true, Some(without)) = (some, without) {
        said.push(format!("{} has no service times: those of all are left out", without.path));
    }
    if recordings.iter().any(|one| one.waited) && without.is_none() {
        let waited = "service times are what clients waited, queueing included: an upper bound";
        said.push(waited.to_owned());
    }
    without.is_none().then_some("service_time_s")
}

/// Recordings with their places in the new one.
struct Placed {
    recordings: Vec<(Recording, Slice)>,
    /// Where the clock of the first was; `None` where times count from their own start.
    dated: Option<TimeZone>,
    /// The instant of nanosecond 0.
    zero: i64,
}

impl Placed {
    fn new(
        recordings: Vec<Recording>,
        conversion: &Conversion,
        said: &mut Vec<String>,
    ) -> Result<Self, TraceError> {
        let relative = recordings.iter().filter(|one| one.relative).count();
        if relative > 0 && relative < recordings.len() {
            let message = "some files have dates, others count from their own start";
            return Err(TraceError::file(
                message,
                "convert them with --anonymise first, each alone",
            ));
        }
        let whole = conversion.from.is_none() && conversion.until.is_none();
        if relative > 1 && !whole {
            let message = "several files that count from their own start have no common times";
            return Err(TraceError::at(
                "from",
                message,
                "take the part of each alone, then join them",
            ));
        }
        let dated = recordings.first().filter(|one| !one.relative).map(|one| one.zone.clone());
        let start = recordings.iter().map(Recording::origin).min().unwrap_or(0);
        let mut parts: Vec<(Recording, i64, i64)> = Vec::new();
        for recording in recordings {
            let point = |key, point: &Option<TracePoint>| match point {
                None => Ok(None),
                // Of all files together.
                Some(TracePoint::Offset(span)) if dated.is_some() => {
                    Ok(Some(start.saturating_add_unsigned(span.0)))
                }
                Some(point) => recording.instant(key, point).map(Some),
            };
            let from = point("from", &conversion.from)?.unwrap_or_else(|| recording.origin());
            if from < start && parts.is_empty() {
                said.push(format!("--from is earlier than what was recorded: it is kept from its beginning on, {}", recording.written(start)));
            }
            let from = from.max(start);
            let until = point("until", &conversion.until)?.unwrap_or(i64::MAX);
            parts.push((recording, from, until));
        }
        Self::laid_out(parts, dated)
    }

    /// Each at its own time, or after the one before it.
    fn laid_out(
        parts: Vec<(Recording, i64, i64)>,
        dated: Option<TimeZone>,
    ) -> Result<Self, TraceError> {
        let zero = parts.iter().map(|part| part.1).min().filter(|_| dated.is_some()).unwrap_or(0);
        let (mut recordings, mut nothing, mut after) = (Vec::new(), None, 0);
        for (recording, from, until) in parts {
            let at = if dated.is_some() { from.abs_diff(zero) } else { after };
            match Slice::new(&recording, (from, until), (at, 1.0)) {
                Ok(slice) => {
                    after = slice.played_until(&recording);
                    recordings.push((recording, slice));
                }
                // One of several may have nothing there.
                Err(error) if error.key == "from" => nothing = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (recordings.is_empty(), nothing) {
            (true, Some(error)) => Err(error),
            _ => Ok(Self { recordings, dated, zero }),
        }
    }

    /// The intervals that are written: a whole number of them since midnight, as clocks there show it, or those that
    /// were recorded.
    fn grid(&self, every: Span, recorded: bool) -> Result<Grid, TraceError> {
        let length = i64::try_from(every.0).unwrap_or(i64::MAX);
        let zone = self.dated.as_ref().filter(|_| !recorded);
        let begins = match (zone, recorded) {
            (Some(zone), _) => {
                let at = Timestamp::from_nanosecond(i128::from(self.zero)).ok();
                let offset = at.map_or(0, |at| zone.to_offset(at).seconds());
                let offset = i64::from(offset) * 1_000_000_000;
                -self.zero.saturating_add(offset).rem_euclid(length)
            }
            (None, false) => 0,
            (None, true) => self.begins(length)?,
        };
        let until = self.recordings.iter().map(|(one, slice)| slice.played_until(one)).max();
        let rows = until.unwrap_or(0).saturating_add_signed(begins.saturating_neg());
        let rows = rows.div_ceil(every.0);
        if rows > MOST_INTERVALS {
            let message = format!("{rows} intervals of {every} are more than {MOST_INTERVALS}");
            let hint = "give a longer --every, or less of the recording by --from and --until";
            return Err(TraceError::at("every", message, hint));
        }
        Ok(Grid { begins, every: every.0, rows })
    }

    /// Where the first recorded interval begins that is kept; those of all recordings must be the same.
    fn begins(&self, length: i64) -> Result<i64, TraceError> {
        let starts = || self.recordings.iter().map(|(one, slice)| slice.begins(one));
        let first = starts().min().unwrap_or(0);
        let apart = |start: i64| {
            let over = start.saturating_sub(first).rem_euclid(length);
            over.min(length - over)
        };
        // Stamps jitter.
        if let Some(start) = starts().find(|start| apart(*start) > length / 100) {
            let every = Span(length.unsigned_abs());
            let (message, apart) =
                ("intervals do not begin together", Span(apart(start).unsigned_abs()));
            let message = format!("{message}: those of some files are {apart} off those of others");
            let hint =
                format!("--every {every} shares their counts out among intervals from midnight on");
            return Err(TraceError::at("every", message, hint));
        }
        Ok(if first < 0 { -first.saturating_neg().rem_euclid(length) } else { first })
    }

    /// That the first or the last interval holds less than a whole one.
    fn told_in_part(&self, grid: &Grid) -> Option<String> {
        let every = i64::try_from(grid.every).unwrap_or(i64::MAX);
        let from = self.recordings.iter().map(|(one, slice)| slice.begins(one).max(0)).min()?;
        let until = self.recordings.iter().map(|(one, slice)| slice.played_until(one)).max()?;
        let ahead = from.saturating_sub(grid.begins);
        let last = until.saturating_add_signed(grid.begins.saturating_neg()) % grid.every;
        // Stamps jitter: what lacks next to nothing is whole.
        let lacks = |part: u64| part > 0 && grid.every - part > grid.every / 100;
        let first = every.saturating_sub(ahead).max(0).unsigned_abs() % grid.every;
        let told = [("first", "last", first), ("last", "first", last)];
        let told = told.into_iter().filter(|(.., part)| lacks(*part));
        let told: Vec<String> = told
            .map(|(which, end, part)| {
                // Without what lies below a millisecond.
                let part = if part < 1_000_000 { part } else { part - part % 1_000_000 };
                // A request has no length.
                let told = if part == 1 { "instant".to_owned() } else { Span(part).to_string() };
                format!("the {which} interval holds its {end} {told} only")
            })
            .collect();
        let partly = grid.rows > 1 && !told.is_empty();
        partly.then(|| told.join(", "))
    }

    fn write_requests(
        self,
        conversion: &Conversion,
        columns: &Columns,
        out: &Path,
        cancel: &AtomicBool,
    ) -> Result<(f64, u64), ConvertError> {
        let workload = self.workload(conversion)?;
        let streams = Streams::new(conversion.seed, 0, 0);
        let mut requests = Requests::new(workload.requests(&streams, OPEN_END), cancel);
        let done = whole(out, |out| timestamps(&mut requests, columns, out))?;
        Ok((done.requests as f64, done.rows))
    }

    /// The requests of all; of those without service times they are zero.
    fn workload(self, conversion: &Conversion) -> Result<Workload, TraceError> {
        let (mut workload, mut nothing, mut counted) = (Workload::empty(1.0), None, false);
        for (recording, slice) in self.recordings {
            let demand = match recording.rows.has_demands() {
                true => None,
                false => Some(Demand::new(&Distribution::Constant(Span::ZERO))),
            };
            let spread = conversion.spread.unwrap_or(recording.spread);
            let how = (conversion.rate_scale, spread, OPEN_END.0);
            let grid = recording.grid;
            let source = match recording.rows {
                Rows::Events { starts, demands } => {
                    Events::sliced(&starts, demands, &slice, how, grid)
                        .map(|source| Arc::new(source) as Arc<dyn Source>)
                }
                Rows::Streamed(file) => Streamed::sliced(*file, &slice, how.0, how.1, how.2)
                    .map(|source| Arc::new(source) as Arc<dyn Source>),
                Rows::Bins { .. } => {
                    counted = true;
                    continue;
                }
            };
            match source {
                Ok(source) => {
                    workload.parts.push(Part {
                        source,
                        demand,
                        inputs: vec![],
                        assumptions: vec![],
                    });
                }
                // One of several may have nothing there.
                Err(error) if error.key == "from" => nothing = Some(error),
                Err(error) => return Err(error),
            }
        }
        match nothing.filter(|_| workload.parts.is_empty() && !counted) {
            Some(error) => Err(error),
            None => Ok(workload),
        }
    }

    fn write_counts(
        self,
        conversion: &Conversion,
        grid: Grid,
        columns: &Columns,
        out: &Path,
        cancel: &AtomicBool,
    ) -> Result<(f64, u64), ConvertError> {
        let mut counts = Counts { grid, of: vec![0.0; grid.rows as usize] };
        for (recording, slice) in &self.recordings {
            let Rows::Bins { starts, counts: recorded, step, .. } = &recording.rows else {
                continue;
            };
            let how = (conversion.rate_scale, Spread::Even, OPEN_END.0);
            match Bins::sliced(starts, recorded, *step, slice, how) {
                Ok(bins) => counts.add_bins(&bins),
                // Zeros are counts, too.
                Err(error) if error.key == "from" => {}
                Err(error) => return Err(error.into()),
            }
        }
        let workload = self.workload(conversion)?;
        let streams = Streams::new(conversion.seed, 0, 0);
        let mut requests = Requests::new(workload.requests(&streams, OPEN_END), cancel);
        let requests = whole(out, |out| {
            while let Some(batch) = requests.next()? {
                batch.arrival_ns.iter().for_each(|&at| counts.add(at, 1.0));
            }
            let mut out = columns.writer(out)?;
            // Dates count from where the first begins; without them no time is before zero.
            let begins =
                if columns.dated.is_some() { 0 } else { grid.begins.max(0).unsigned_abs() };
            for (row, count) in (0..).zip(&counts.of) {
                out.row(
                    begins.saturating_add(grid.every.saturating_mul(row)),
                    Value::Count(*count),
                )?;
            }
            out.finish()?;
            Ok::<f64, Stopped>(counts.of.iter().sum())
        })?;
        Ok((requests, grid.rows))
    }
}

/// Intervals of one length, one after another.
#[derive(Debug, Clone, Copy)]
struct Grid {
    /// Nanosecond at which the first begins; before zero where that is within it.
    begins: i64,
    every: u64,
    rows: u64,
}

impl Grid {
    /// How far after the first one's beginning.
    fn past(&self, at: u64) -> u64 {
        at.saturating_add_signed(self.begins.saturating_neg())
    }
}

/// Requests of intervals.
struct Counts {
    grid: Grid,
    of: Vec<f64>,
}

impl Counts {
    fn add(&mut self, at: u64, requests: f64) {
        let index = self.grid.past(at) / self.grid.every;
        if let Some(count) = usize::try_from(index).ok().and_then(|index| self.of.get_mut(index)) {
            *count += requests;
        }
    }

    /// Each interval of a recording, shared out among those it overlaps.
    fn add_bins(&mut self, bins: &Bins) {
        for (start, until, count) in bins.all() {
            let mut at = start;
            while at < until {
                let into = self.grid.past(at) % self.grid.every;
                let end = at.saturating_add(self.grid.every - into).min(until);
                let share = (end - at) as f64 / (until - start) as f64;
                self.add(at, if share == 1.0 { count } else { count * share });
                at = end;
            }
        }
    }
}
