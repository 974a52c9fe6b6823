//! A delimited text table whose columns are found by name.

use super::failure::{Place, TraceError};
use super::input::{Fingerprint, Input, Origin};
use csv::ByteRecord;
use std::io::Read;

/// An open table at its first row.
pub(super) struct Table {
    pub(super) path: String,
    pub(super) origin: Origin,
    /// Column names.
    pub(super) header: Vec<String>,
    reader: csv::Reader<Box<dyn Read + Send>>,
    record: ByteRecord,
    fingerprint: Option<Fingerprint>,
    first_line: u64,
}

/// A column, found.
#[derive(Debug, Clone)]
pub(super) struct Column {
    index: usize,
    pub(super) name: String,
}

/// What separates the fields of a line, told by counting.
pub fn separator(line: &str) -> u8 {
    let count = |byte: u8| line.bytes().filter(|found| *found == byte).count();
    // The first of equals wins: max_by_key takes the last, hence the order.
    *[b'|', b';', b'\t', b','].iter().max_by_key(|byte| count(**byte)).unwrap_or(&b',')
}

/// The names in a header line, for sniffing.
pub(super) fn header_of(line: &str) -> Vec<String> {
    let separator = char::from(separator(line));
    line.split(separator).map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

impl Table {
    pub(super) fn open(input: Input) -> Result<Self, TraceError> {
        let (path, origin) = (input.path.clone(), input.origin.clone());
        let lines = input.first_lines();
        let first = lines.first().map_or("", String::as_str);
        // Spreadsheet exports may begin with a line that states the separator.
        let stated = first.strip_prefix("sep=").and_then(|rest| rest.bytes().next());
        let delimiter = stated.unwrap_or_else(|| separator(first));
        let (text, fingerprint) = input.into_reader();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(Box::new(text) as Box<dyn Read + Send>);
        let mut record = ByteRecord::new();
        let mut read = |record: &mut ByteRecord| {
            reader.read_byte_record(record).map_err(|error| broken(&path, &error))
        };
        read(&mut record)?;
        if stated.is_some() {
            read(&mut record)?;
        }
        let first_line = record.position().map_or(1, csv::Position::line);
        let header = record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned());
        let (header, fingerprint) = (header.collect(), Some(fingerprint));
        Ok(Self { path, origin, header, reader, record, fingerprint, first_line })
    }

    /// The column of a name.
    pub(super) fn column(&self, key: &'static str, name: &str) -> Result<Column, TraceError> {
        if let Some(index) = self.header.iter().position(|found| found == name) {
            return self.only(key, index);
        }
        Err(TraceError::at(
            key,
            format!("{} has no column `{name}`", self.path),
            self.nearest(name),
        ))
    }

    /// The first column whose name is one of `names`, whatever their case, for the value of `key`.
    pub(super) fn known(
        &self,
        key: &'static str,
        names: &[&str],
    ) -> Result<Option<Column>, TraceError> {
        let is = |found: &String| names.iter().any(|name| found.eq_ignore_ascii_case(name));
        self.header.iter().position(is).map(|index| self.only(key, index)).transpose()
    }

    /// A column, unless another has the same name: which of them is meant cannot be told.
    fn only(&self, key: &'static str, index: usize) -> Result<Column, TraceError> {
        let name = &self.header[index];
        if self.header[index + 1..].contains(name) {
            let message = format!("{} line {}: two columns `{name}`", self.path, self.first_line);
            return Err(TraceError::at(key, message, "give each a name of its own"));
        }
        Ok(Column { index, name: name.clone() })
    }

    /// What a user may have meant by a name.
    fn nearest(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        let distance = |found: &&String| strsim::damerau_levenshtein(&found.to_lowercase(), &lower);
        let near = self.header.iter().min_by_key(distance);
        let near = near.filter(|found| distance(found) <= name.len() / 2 + 1);
        let all = self.columns_text();
        near.map_or(all.clone(), |near| format!("did you mean `{near}`? {all}"))
    }

    /// The columns there are, as a sentence; a header of numbers is pointed out.
    pub(super) fn columns_text(&self) -> String {
        if self.header.iter().any(|name| name.parse::<f64>().is_ok()) {
            let line = self.first_line;
            return format!("line {line} must name the columns; it looks like data: add a header");
        }
        format!("the columns are {}", self.header.join(", "))
    }

    /// Moves to the next row that is not blank; `false` after the last.
    pub(super) fn next(&mut self) -> Result<bool, TraceError> {
        loop {
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|error| broken(&self.path, &error))? {
                return Ok(false);
            }
            if self.record.iter().any(|field| !field.trim_ascii().is_empty()) {
                return self.refuse_more_cells().map(|()| true);
            }
        }
    }

    /// A cell without a column has shifted the others, or the header misses one. Empty ones do no harm.
    fn refuse_more_cells(&self) -> Result<(), TraceError> {
        let (cells, columns) = (self.record.len(), self.header.len());
        let beyond =
            |at: usize| self.record.get(at).is_some_and(|cell| !cell.trim_ascii().is_empty());
        if cells <= columns || !(columns..cells).any(beyond) {
            return Ok(());
        }
        let message =
            format!("{} line {}: {cells} cells under {columns} columns", self.path, self.line());
        let hint = "quote a cell that holds the separator, or name the column in the header";
        Err(TraceError::file(message, hint))
    }

    /// Line of the row.
    pub(super) fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// Where a column of the row is.
    pub(super) fn place<'a>(&'a self, column: &'a Column) -> Place<'a> {
        Place { path: &self.path, line: self.line(), column: &column.name }
    }

    /// The text of a column in the row.
    pub(super) fn field(&self, column: &Column) -> Result<&str, TraceError> {
        let field = self.record.get(column.index).ok_or_else(|| {
            let message = format!("{}: the row ends before it", self.place(column));
            TraceError::file(message, format!("a row has {} columns", self.header.len()))
        })?;
        std::str::from_utf8(field).map(str::trim).map_err(|_| {
            TraceError::file(format!("{}: not UTF-8 text", self.place(column)), "convert the file")
        })
    }

    /// SHA-256 of the file, in hex.
    pub(super) fn finish(&mut self) -> Result<String, TraceError> {
        let unreadable = |error: std::io::Error| {
            TraceError::file(format!("cannot read `{}`: {error}", self.path), "read it again")
        };
        self.fingerprint
            .take()
            .map_or(Ok(String::new()), |print| print.finish().map_err(unreadable))
    }
}

fn broken(path: &str, error: &csv::Error) -> TraceError {
    let line = error.position().map_or(String::new(), |at| format!(" line {}", at.line()));
    let hint = "the file may be cut off or damaged; unpack it by hand to see";
    TraceError::file(format!("cannot read `{path}`{line}: {error}"), hint)
}
