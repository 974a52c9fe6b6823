//! Requests that memory does not hold, in order of time: sorted in runs, which are merged into a temporary file.
//!
//! Neither file has a name: the system removes them whatever becomes of the process.

use super::failure::TraceError;
use super::gathered::Stamps;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Start and service time in nanoseconds, as a trace has them.
type Row = (i64, u64);

/// Bytes of a row.
const ROW: usize = 16;
/// Rows that are read at once.
const CHUNK: u64 = 1024;
/// A run has at least so many rows: with fewer, merging them would take more room than they do.
const SHORTEST: usize = 1 << 20;

/// Rows in the order they come, written in runs that are each in order of time.
pub(super) struct Runs {
    file: BufWriter<File>,
    held: Vec<Row>,
    /// Rows of a run.
    most: usize,
    /// How many rows there are up to the end of each run.
    ends: Vec<u64>,
}

impl Runs {
    /// Runs that take, while they are sorted, no more memory than `limit` bytes, or 32 MiB.
    pub(super) fn new(limit: u64) -> Result<Self, TraceError> {
        // Sorting needs the same room again.
        let rows = usize::try_from(limit).unwrap_or(usize::MAX) / (2 * ROW);
        Self::of(rows.max(SHORTEST))
    }

    fn of(most: usize) -> Result<Self, TraceError> {
        let file = BufWriter::new(tempfile::tempfile().map_err(no_room)?);
        Ok(Self { file, held: Vec::new(), most, ends: Vec::new() })
    }

    pub(super) fn add(&mut self, start: i64, demand: u64) -> Result<(), TraceError> {
        self.held.push((start, demand));
        match self.held.len() >= self.most {
            true => self.end_run().map_err(no_room),
            false => Ok(()),
        }
    }

    fn end_run(&mut self) -> io::Result<()> {
        // Those of one instant keep their order.
        self.held.sort_by_key(|row| row.0);
        let before = self.ends.last().copied().unwrap_or(0);
        self.ends.push(before + self.held.len() as u64);
        self.held.drain(..).try_for_each(|row| write_row(&mut self.file, row))
    }

    /// All rows in order of time, and what is known of their starts.
    pub(super) fn merged(self) -> Result<(Sorted, Stamps), TraceError> {
        self.merge().map_err(no_room)
    }

    fn merge(mut self) -> io::Result<(Sorted, Stamps)> {
        self.end_run()?;
        self.held = Vec::new();
        let runs = Mutex::new(self.file.into_inner().map_err(io::IntoInnerError::into_error)?);
        let from = std::iter::once(0).chain(self.ends.iter().copied());
        let mut pieces: Vec<Piece> =
            from.zip(&self.ends).map(|(from, &end)| Piece::new(from, end)).collect();
        // Of rows of one instant that of the earlier run is the earlier.
        let mut next = BinaryHeap::with_capacity(pieces.len());
        for (run, piece) in pieces.iter_mut().enumerate() {
            next.extend(piece.next(&runs)?.map(|(start, demand)| Reverse((start, run, demand))));
        }
        let (mut file, mut stamps) = (BufWriter::new(tempfile::tempfile()?), Stamps::default());
        while let Some(Reverse((start, run, demand))) = next.pop() {
            stamps.add(start);
            write_row(&mut file, (start, demand))?;
            let row = pieces[run].next(&runs)?;
            next.extend(row.map(|(start, demand)| Reverse((start, run, demand))));
        }
        let file = Mutex::new(file.into_inner().map_err(io::IntoInnerError::into_error)?);
        Ok((Sorted { file, rows: stamps.count }, stamps))
    }
}

fn write_row(file: &mut impl Write, (start, demand): Row) -> io::Result<()> {
    file.write_all(&start.to_le_bytes())?;
    file.write_all(&demand.to_le_bytes())
}

/// Reads rows from that of a number on.
fn read_rows(file: &Mutex<File>, first: u64, count: usize, rows: &mut Vec<Row>) -> io::Result<()> {
    let mut bytes = vec![0; count * ROW];
    {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(first * ROW as u64))?;
        file.read_exact(&mut bytes)?;
    }
    let number =
        |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, &byte| (sum << 8) | u64::from(byte));
    let row = |row: &[u8]| (number(&row[..8]).cast_signed(), number(&row[8..]));
    rows.clear();
    rows.extend(bytes.chunks_exact(ROW).map(row));
    Ok(())
}

/// Rows of a file, read in pieces.
struct Piece {
    next: u64,
    end: u64,
    rows: Vec<Row>,
    at: usize,
}

impl Piece {
    fn new(next: u64, end: u64) -> Self {
        Self { next, end, rows: Vec::new(), at: 0 }
    }

    /// The next row; `None` after the last.
    fn next(&mut self, file: &Mutex<File>) -> io::Result<Option<Row>> {
        if self.at == self.rows.len() {
            let count = (self.end - self.next).min(CHUNK);
            read_rows(file, self.next, count as usize, &mut self.rows)?;
            (self.next, self.at) = (self.next + count, 0);
        }
        let row = self.rows.get(self.at).copied();
        self.at += usize::from(row.is_some());
        Ok(row)
    }
}

/// Rows in order of time, in a file that goes with the last who reads it.
#[derive(Debug)]
pub(super) struct Sorted {
    file: Mutex<File>,
    rows: u64,
}

impl Sorted {
    /// The first row that is not ahead of what is wanted.
    fn first(&self, is_ahead: impl Fn(i64) -> bool) -> io::Result<u64> {
        let (mut low, mut high, mut row) = (0, self.rows, Vec::new());
        while low < high {
            let middle = low + (high - low) / 2;
            read_rows(&self.file, middle, 1, &mut row)?;
            match row.first().is_some_and(|row| is_ahead(row.0)) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }
}

/// One who reads them.
pub(super) struct SortedRows {
    sorted: Arc<Sorted>,
    piece: Piece,
}

impl SortedRows {
    /// From the first row on that is not ahead of what is wanted.
    pub(super) fn new(
        sorted: &Arc<Sorted>,
        is_ahead: impl Fn(i64) -> bool,
    ) -> Result<Self, TraceError> {
        let first = sorted.first(is_ahead).map_err(no_room)?;
        Ok(Self { sorted: Arc::clone(sorted), piece: Piece::new(first, sorted.rows) })
    }

    /// The next one; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<(i64, u64)>, TraceError> {
        self.piece.next(&self.sorted.file).map_err(no_room)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn no_room(error: io::Error) -> TraceError {
    TraceError::at(
        "memory_limit_bytes",
        format!(
            "memory (memory_limit_bytes) does not hold its requests in order, and a temporary file cannot: {error}"
        ),
        "TMPDIR names a folder with room, twice 16 bytes a request; or sort the file by start, or raise the limit",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_merge_to_what_a_stable_sort_in_memory_gives() {
        for (count, most) in [(0, 4), (1, 4), (4, 4), (5, 4), (40_000, 17), (10_000, 3000)] {
            // Many of one instant, some before 1970, told apart by their service times.
            let rows: Vec<Row> =
                (0..count).map(|row: u64| ((row * 7919 % 97).cast_signed() - 40, row)).collect();
            let mut runs = Runs::of(most).unwrap();
            rows.iter().for_each(|&(start, demand)| runs.add(start, demand).unwrap());
            let (sorted, stamps) = runs.merged().unwrap();
            let mut expected = rows;
            expected.sort_by_key(|row| row.0);
            assert_eq!(stamps.count, count);
            let sorted = Arc::new(sorted);
            for from in [i64::MIN, -1, 0, 20, 1000] {
                let mut read = SortedRows::new(&sorted, |start| start < from).unwrap();
                let found: Vec<Row> = std::iter::from_fn(|| read.next().unwrap()).collect();
                let wanted = expected.iter().filter(|row| row.0 >= from);
                assert!(found.iter().eq(wanted), "{count} {most} {from}");
            }
        }
    }

    #[test]
    fn a_full_disk_is_told_with_what_helps() {
        let full = no_room(io::ErrorKind::StorageFull.into());
        assert!(full.message.contains("no storage space"), "{full}");
        assert!(full.hint.contains("TMPDIR names a folder with room"), "{full}");
    }
}
