//! A delimited table with a header.

use crate::workload::trace::failure::TraceError;
use csv::ByteRecord;
use std::io::Read;

/// The rows of a table.
pub(super) struct TableRows {
    reader: csv::Reader<Box<dyn Read + Send>>,
    record: ByteRecord,
}

/// What separates the fields of a line, told by counting.
pub fn separator(line: &str) -> u8 {
    // What stands in quotes separates nothing.
    let mut quoted = false;
    let bare: Vec<u8> = line
        .bytes()
        .filter(|&byte| {
            quoted ^= byte == b'"';
            !quoted
        })
        .collect();
    let count = |byte: u8| bare.iter().filter(|found| **found == byte).count();
    // The first of equals wins: max_by_key takes the last, hence the order.
    *[b'|', b';', b'\t', b','].iter().max_by_key(|byte| count(**byte)).unwrap_or(&b',')
}

/// The names in a header line, for sniffing.
pub(crate) fn header_of(line: &str) -> Vec<String> {
    of_rows(line, separator(line)).pop().unwrap_or_default()
}

/// The cells of whole lines, for sniffing: a quoted one may hold the separator.
pub(crate) fn of_rows(lines: &str, separator: u8) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(lines.as_bytes());
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
    // A text in memory cannot fail to be read.
    let rows = reader.into_byte_records().map_while(Result::ok);
    rows.map(|row| row.iter().map(text).collect()).collect()
}

impl TableRows {
    /// The table and its header; `first` are the first lines of the text.
    pub(super) fn open(
        text: Box<dyn Read + Send>,
        first: &[String],
        path: &str,
    ) -> Result<(Self, Vec<String>), TraceError> {
        let first = first.first().map_or("", String::as_str);
        // Spreadsheet exports may begin with a line that states the separator; a tab was trimmed away.
        let stated = first.strip_prefix("sep=").map(|rest| rest.bytes().next().unwrap_or(b'\t'));
        let mut rows = Self::of(text, stated.unwrap_or_else(|| separator(first)));
        rows.read(path)?;
        if stated.is_some() {
            rows.read(path)?;
        }
        let name = |name: &[u8]| String::from_utf8_lossy(name).trim().to_owned();
        let header = rows.record.iter().map(name).collect();
        Ok((rows, header))
    }

    /// A table whose first row is one.
    pub(super) fn headless(text: Box<dyn Read + Send>, first: &[String]) -> Self {
        Self::of(text, separator(first.first().map_or("", String::as_str)))
    }

    fn of(text: Box<dyn Read + Send>, delimiter: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(text);
        Self { reader, record: ByteRecord::new() }
    }

    fn read(&mut self, path: &str) -> Result<bool, TraceError> {
        self.reader.read_byte_record(&mut self.record).map_err(|error| broken(path, &error))
    }

    /// Moves to the next row that is not blank; `false` after the last.
    pub(super) fn next(&mut self, path: &str, columns: usize) -> Result<bool, TraceError> {
        while self.read(path)? {
            if self.record.iter().any(|field| !field.trim_ascii().is_empty()) {
                return self.refuse_more_cells(path, columns).map(|()| true);
            }
        }
        Ok(false)
    }

    /// A cell without a column has shifted the others, or the header misses one. Empty ones do no harm.
    fn refuse_more_cells(&self, path: &str, columns: usize) -> Result<(), TraceError> {
        let cells = self.record.len();
        let beyond =
            |at: usize| self.record.get(at).is_some_and(|cell| !cell.trim_ascii().is_empty());
        if cells <= columns || !(columns..cells).any(beyond) {
            return Ok(());
        }
        let message = format!("{path} line {}: {cells} cells under {columns} columns", self.line());
        let hint = "quote a cell that holds the separator, or name the column in the header";
        Err(TraceError::file(message, hint))
    }

    /// Line of the row.
    pub(super) fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    /// A cell of the row.
    pub(super) fn field(&self, index: usize) -> Option<&[u8]> {
        self.record.get(index)
    }
}

fn broken(path: &str, error: &csv::Error) -> TraceError {
    let line = error.position().map_or(String::new(), |at| format!(" line {}", at.line()));
    let hint = "the file may be cut off or damaged; unpack it by hand to see";
    TraceError::file(format!("cannot read `{path}`{line}: {error}"), hint)
}
