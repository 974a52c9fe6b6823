//! A table of metrics over time.

use autosim_engine::fault::Faults;
use autosim_engine::units::Time;
use std::io::Read;

/// Rows in time order: `time_s` first, then one column per metric; an empty cell is a missing sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Names of the columns after `time_s`.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) at: Time,
    /// In the order of the columns.
    pub(super) cells: Vec<Option<f64>>,
}

/// The column of time.
const TIME: &str = "time_s";
/// More faults than this in one file help nobody.
const MOST_FAULTS: usize = 50;
/// The last instant of a recording, in seconds: 146 years.
const LATEST_S: f64 = 4.6e9;

impl Recording {
    /// Reads CSV. `None` if anything is wrong; every fault names its line and column.
    pub fn read(from: impl Read, faults: &mut Faults) -> Option<Self> {
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(from);
        let before = faults.errors();
        let columns = match csv.headers() {
            Ok(names) => header(names, faults)?,
            Err(error) => {
                faults.error("line 1", format!("cannot be read: {error}"), "CSV with a header");
                return None;
            }
        };
        let mut rows: Vec<Row> = Vec::new();
        for record in csv.records() {
            if faults.errors() - before >= MOST_FAULTS {
                break;
            }
            match record {
                Ok(record) => rows.extend(row(&record, &columns, rows.last(), faults)),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let hint = "as many cells as the header has columns";
                    faults.error(&format!("line {line}"), error.to_string(), hint);
                }
            }
        }
        if rows.is_empty() && faults.errors() == before {
            faults.error("", "the recording has no rows", "one row per reading after the header");
        }
        (faults.errors() == before).then_some(Self { columns, rows })
    }

    /// The last instant.
    pub fn end(&self) -> Time {
        self.rows.last().map_or(Time::ZERO, |row| row.at)
    }

    /// Place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == name)
    }
}

fn header(names: &csv::StringRecord, faults: &mut Faults) -> Option<Vec<String>> {
    let mut names = names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned());
    let first = names.next().unwrap_or_default();
    let columns: Vec<String> = names.collect();
    if first != TIME {
        let message = match first.is_empty() {
            true => "there is no header".to_owned(),
            false => format!("the first column is `{first}`"),
        };
        faults.error("line 1", message, format!("`{TIME}`: seconds since the policy was enabled"));
        return None;
    }
    let twice = |at: usize| columns[..at].contains(&columns[at]);
    if let Some(at) = (0..columns.len()).find(|&at| twice(at)) {
        let message = format!("the column `{}` is there twice", columns[at]);
        faults.error("line 1", message, "keep one");
        return None;
    }
    Some(columns)
}

fn row(
    record: &csv::StringRecord,
    columns: &[String],
    last: Option<&Row>,
    faults: &mut Faults,
) -> Option<Row> {
    let line = record.position().map_or(0, csv::Position::line);
    let mut cells = record.iter();
    let errors = faults.errors();
    let time = cells.next().unwrap_or_default();
    let seconds = time.parse().unwrap_or(f64::NAN);
    if !(0.0..=LATEST_S).contains(&seconds) {
        let hint = "seconds since the policy was enabled, from 0";
        faults.error(&format!("line {line}, {TIME}"), format!("`{time}` is no time"), hint);
    }
    let at = Time::from_secs_f64(if seconds.is_finite() { seconds } else { 0.0 });
    if last.is_some_and(|last| at <= last.at) && faults.errors() == errors {
        let hint = "rows ascend in time";
        let message = format!("{time} is not after the row before");
        faults.error(&format!("line {line}, {TIME}"), message, hint);
    }
    let cells: Vec<Option<f64>> = cells
        .zip(columns)
        .map(|(text, column)| {
            let value = text.parse().ok().filter(|value: &f64| value.is_finite());
            if value.is_none() && !text.is_empty() {
                let message = format!("`{text}` is no number");
                faults.error(&format!("line {line}, {column}"), message, "empty = missing");
            }
            value
        })
        .collect();
    (faults.errors() == errors).then_some(Row { at, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut faults = Faults::new();
        let read = Recording::read(text.as_bytes(), &mut faults);
        assert_eq!(read.is_none(), faults.any_error());
        faults.into_vec().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn cells_may_be_missing_and_a_mark_of_the_encoding_is_no_name() {
        let text = "\u{feff}time_s, cpu ,replicas\n0,50,2\n15.5,,3\n";
        let recording = Recording::read(text.as_bytes(), &mut Faults::new()).unwrap();
        assert_eq!(recording.columns, ["cpu", "replicas"]);
        assert_eq!(recording.rows[1].cells, [None, Some(3.0)]);
        assert_eq!(recording.end(), Time(15_500_000_000));
    }

    #[test]
    fn everything_wrong_is_told_with_its_line_and_column() {
        for (text, parts) in [
            ("", &["line 1: there is no header"][..]),
            ("t,cpu\n0,1\n", &["the first column is `t`"]),
            ("time_s,cpu,cpu\n0,1,1\n", &["`cpu` is there twice"]),
            ("time_s,cpu\n", &["has no rows"]),
            (
                "time_s,cpu\n0,x\n-1,5\n10,1\n10,2\nNaN,inf\n",
                &[
                    "line 2, cpu: `x` is no number",
                    "line 3, time_s: `-1` is no time",
                    "line 5, time_s: 10 is not after",
                    "line 6, time_s: `NaN` is no time",
                    "line 6, cpu: `inf` is no number",
                ],
            ),
            ("time_s,cpu\n0,1,2\n", &["line 2"]),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), parts.len(), "{found:?}");
            for (fault, part) in found.iter().zip(parts) {
                assert!(fault.contains(part), "{fault} does not say {part}");
            }
        }
    }
}
