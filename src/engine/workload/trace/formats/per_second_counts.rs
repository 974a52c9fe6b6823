//! `per-second-counts`: numbers separated by blanks, one for each second.

use crate::workload::trace::MAX_ROWS;
use crate::workload::trace::failure::{Place, TraceError};
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::finite;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::{Recording, Rows};
use crate::workload::trace::spread::Spread;
use std::io::{BufRead, BufReader};

/// A line of more numbers than this is no row of a table.
const MOST_COLUMNS: usize = 16;

/// Counts one after another, in one line or several; the first is of the first second.
pub(crate) struct PerSecondCounts;

impl TraceFormat for PerSecondCounts {
    fn sniff(&self, head: &Head) -> bool {
        // Numbers below each other, or a few in each line, may as well be times, or a table without a header.
        let numbers = head.lines.first().map_or(0, |line| line.split_ascii_whitespace().count());
        let row_of_counts = numbers > MOST_COLUMNS || (head.lines.len() == 1 && numbers > 2);
        row_of_counts && head.is_numeric()
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        options.only(Format::PerSecondCounts, &["interval"])?;
        let step = options.interval.map_or(1_000_000_000, |interval| interval.0);
        if step == 0 {
            return Err(TraceError::at("interval", "the interval is zero", "give it some time"));
        }
        let path = input.path.clone();
        let (text, fingerprint) = input.into_reader();
        let counts = numbers(BufReader::new(text), &path)?;
        let sha256 = fingerprint.finish().map_err(|error| broken(&path, &error))?;
        let start = |k: u64| i64::try_from(u128::from(k) * u128::from(step)).unwrap_or(i64::MAX);
        let starts = (0..counts.len() as u64).map(start);
        Ok(Recording {
            sha256,
            format: Format::PerSecondCounts,
            columns: Vec::new(),
            rows: Rows::Bins { starts: starts.collect(), counts, step, missing: 0 },
            relative: true,
            zone: jiff::tz::TimeZone::UTC,
            inversions: 0,
            waited: false,
            law: None,
            joined: None,
            grid: None,
            spread: Spread::Uniform,
            parts: Vec::new(),
            assumptions: Vec::new(),
            path,
        })
    }
}

fn broken(path: &str, error: &std::io::Error) -> TraceError {
    TraceError::file(format!("cannot read `{path}`: {error}"), "the file may be cut off")
}

/// Every number of a text, blank by blank: a line may be as long as the file.
fn numbers(mut text: impl BufRead, path: &str) -> Result<Vec<f64>, TraceError> {
    let (mut counts, mut word, mut line) = (Vec::new(), Vec::new(), 1);
    loop {
        let chunk = text.fill_buf().map_err(|error| broken(path, &error))?;
        let length = chunk.len();
        let ended = length == 0;
        let last_blank: &[u8] = if ended { b" " } else { chunk };
        for &byte in last_blank {
            if !byte.is_ascii_whitespace() {
                word.push(byte);
                continue;
            }
            if !word.is_empty() {
                counts.push(count(&word, Place { path, line, column: "" })?);
                word.clear();
            }
            line += u64::from(byte == b'\n');
        }
        text.consume(length);
        if counts.len() > MAX_ROWS {
            let message = format!("{path} has more than {MAX_ROWS} numbers");
            return Err(TraceError::file(message, "cut it"));
        }
        if ended {
            return Ok(counts);
        }
    }
}

fn count(word: &[u8], place: Place<'_>) -> Result<f64, TraceError> {
    let text = String::from_utf8_lossy(word);
    finite(&text).filter(|value| (0.0..=1e12).contains(value)).ok_or_else(|| {
        let message = format!("{place}: `{text}` is not a count");
        TraceError::file(message, "counts are numbers from 0 to 1e12, separated by blanks")
    })
}
