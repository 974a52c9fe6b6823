//! Rows of named fields, whatever holds them: a delimited table, lines of JSON, a log.

mod form;
mod json;
mod log;
#[cfg(feature = "parquet")]
mod parquet;
mod table;
mod world_cup;

use super::failure::{Place, TraceError};
use super::input::{Fingerprint, Input, Origin};
#[cfg(feature = "parquet")]
use super::spooled::Spooled;
pub(super) use form::Form;
use json::JsonRows;
pub(super) use json::{cells_of, keys_of};
use log::LogRows;
#[cfg(feature = "parquet")]
use parquet::ParquetRows;
use table::TableRows;
pub use table::separator;
pub(super) use table::{header_of, of_rows};
use world_cup::WorldCupRows;
pub(super) use world_cup::is_world_cup;

/// An open file at its first row.
pub(super) struct Records {
    pub(super) path: String,
    pub(super) origin: Origin,
    /// Names of the fields.
    pub(super) header: Vec<String>,
    rows: Rows,
    fingerprint: Option<Fingerprint>,
    /// Where the names are.
    first_line: u64,
}

/// What a row is made of.
enum Rows {
    Table(Box<TableRows>),
    Json(Box<JsonRows>),
    Log(Box<LogRows>),
    WorldCup(Box<WorldCupRows>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows>),
}

/// The first rows of a file of Parquet, as CSV.
#[cfg(feature = "parquet")]
pub(super) fn parquet_head(file: &Spooled, path: &str) -> Result<Vec<u8>, TraceError> {
    ParquetRows::head(file.clone(), path)
}

/// What holds the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text with a header, its fields apart by a comma, semicolon, tab or bar.
    Table,
    /// One object of JSON a line.
    JsonLines,
    /// Lines of a log.
    Log(Form),
    /// Binary records of the World Cup of 1998.
    WorldCup,
    /// As a table, without a header: its columns are named here.
    Headless(&'static [&'static str]),
}

impl Kind {
    /// Lines of JSON by their first byte, else a table: for what may be either.
    pub(super) fn of(input: &Input) -> Self {
        let first = input.head.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'{') { Self::JsonLines } else { Self::Table }
    }
}

/// A field, found.
#[derive(Debug, Clone)]
pub(super) struct Column {
    index: usize,
    pub(super) name: String,
}

impl Records {
    pub(super) fn open(input: Input, kind: Kind) -> Result<Self, TraceError> {
        #[cfg(feature = "parquet")]
        if let Some(file) = input.parquet.clone() {
            return Self::open_parquet(file, input, kind);
        }
        let (path, origin) = (input.path.clone(), input.origin.clone());
        let lines = input.first_lines();
        let head = input.head_text();
        let (text, fingerprint) = input.into_reader();
        let text = Box::new(text);
        let (rows, header, first_line) = match kind {
            Kind::Table => {
                let (rows, header) = TableRows::open(text, &lines, &path)?;
                let first_line = rows.line();
                (Rows::Table(Box::new(rows)), header, first_line)
            }
            Kind::JsonLines => {
                let header = keys_of(&head);
                (Rows::Json(Box::new(JsonRows::new(text, header.clone()))), header, 1)
            }
            Kind::Headless(names) => {
                let rows = TableRows::headless(text, &lines);
                let header = names.iter().map(|name| (*name).to_owned()).collect();
                (Rows::Table(Box::new(rows)), header, 1)
            }
            Kind::WorldCup => {
                let header = world_cup::NAMES.iter().map(|name| (*name).to_owned()).collect();
                (Rows::WorldCup(Box::new(WorldCupRows::new(text))), header, 1)
            }
            Kind::Log(form) => {
                let rows = LogRows::new(text, form, &lines);
                let header = rows.header();
                (Rows::Log(Box::new(rows)), header, 1)
            }
        };
        Ok(Self { path, origin, header, rows, fingerprint: Some(fingerprint), first_line })
    }

    /// A file of Parquet, for formats of tables.
    #[cfg(feature = "parquet")]
    fn open_parquet(file: Spooled, input: Input, kind: Kind) -> Result<Self, TraceError> {
        let (path, origin) = (input.path.clone(), input.origin.clone());
        match kind {
            Kind::Table | Kind::JsonLines => {}
            Kind::Log(_) | Kind::WorldCup | Kind::Headless(_) => {
                let message = format!("`{path}` is a Parquet file, which has columns with names");
                return Err(TraceError::at("format", message, "name a format of tables, or none"));
            }
        }
        let rows = ParquetRows::open(file, &path)?;
        let (_, fingerprint) = input.into_reader();
        Ok(Self {
            header: rows.header(),
            path,
            origin,
            rows: Rows::Parquet(Box::new(rows)),
            fingerprint: Some(fingerprint),
            first_line: 0,
        })
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
        self.find(key, |found| names.iter().any(|name| found.eq_ignore_ascii_case(name)))
    }

    /// The first column whose name is such, for the value of `key`.
    pub(super) fn find(
        &self,
        key: &'static str,
        is: impl Fn(&str) -> bool,
    ) -> Result<Option<Column>, TraceError> {
        let found = self.header.iter().position(|name| is(name));
        found.map(|index| self.only(key, index)).transpose()
    }

    /// A column, unless another has the same name: which of them is meant cannot be told.
    fn only(&self, key: &'static str, index: usize) -> Result<Column, TraceError> {
        let name = &self.header[index];
        if self.header[index + 1..].contains(name) {
            let message = format!("{} line {}: two columns `{name}`", self.path, self.first_line);
            return Err(TraceError::at(key, message, "give each a name of its own"));
        }
        #[cfg(feature = "parquet")]
        if let Rows::Parquet(rows) = &self.rows {
            rows.want(index);
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
        if self.header.first().is_some_and(|name| name.parse::<f64>().is_ok()) {
            let line = self.first_line;
            return format!("line {line} must name the columns; it looks like data: add a header");
        }
        format!("the columns are {}", self.header.join(", "))
    }

    /// Moves to the next row that is not blank; `false` after the last.
    pub(super) fn next(&mut self) -> Result<bool, TraceError> {
        match &mut self.rows {
            Rows::Table(rows) => rows.next(&self.path, self.header.len()),
            Rows::Json(rows) => rows.next(&self.path),
            Rows::Log(rows) => rows.next(&self.path),
            Rows::WorldCup(rows) => rows.next(&self.path),
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => rows.next(&self.path),
        }
    }

    /// Line of the row.
    pub(super) fn line(&self) -> u64 {
        match &self.rows {
            Rows::Table(rows) => rows.line(),
            Rows::Json(rows) => rows.line(),
            Rows::Log(rows) => rows.line(),
            Rows::WorldCup(rows) => rows.line(),
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => rows.line(),
        }
    }

    /// Where a column of the row is.
    pub(super) fn place<'a>(&'a self, column: &'a Column) -> Place<'a> {
        Place { path: &self.path, line: self.line(), column: &column.name }
    }

    /// The text of a column in the row.
    pub(super) fn field(&self, column: &Column) -> Result<&str, TraceError> {
        let field = match &self.rows {
            Rows::Table(rows) => rows.field(column.index),
            Rows::Json(rows) => rows.field(column.index).map(str::as_bytes),
            Rows::Log(rows) => rows.field(column.index).map(str::as_bytes),
            Rows::WorldCup(rows) => rows.field(column.index).map(str::as_bytes),
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => rows.field(column.index).map(str::as_bytes),
        };
        let field = field.ok_or_else(|| {
            let (place, columns) = (self.place(column), self.header.len());
            match &self.rows {
                Rows::Table(_) => TraceError::file(
                    format!("{place}: the row ends before it"),
                    format!("a row has {columns} columns"),
                ),
                Rows::Json(_) | Rows::Log(_) | Rows::WorldCup(_) => TraceError::file(
                    format!("{place}: the line has no such field"),
                    "remove the line, or state another column",
                ),
                #[cfg(feature = "parquet")]
                Rows::Parquet(_) => TraceError::file(
                    format!("{place}: no value"),
                    "remove the row, or state another column",
                ),
            }
        })?;
        std::str::from_utf8(field).map(str::trim).map_err(|_| {
            TraceError::file(format!("{}: not UTF-8 text", self.place(column)), "convert the file")
        })
    }

    /// Its rows are lines of a log.
    pub(super) fn is_log(&self) -> bool {
        matches!(self.rows, Rows::Log(_))
    }

    /// Lines of a log that are not of its form and were left out, as a sentence.
    pub(super) fn left_out(&self) -> Option<String> {
        match &self.rows {
            Rows::Table(_) | Rows::Json(_) | Rows::WorldCup(_) => None,
            Rows::Log(rows) => rows.left_out(&self.path),
            #[cfg(feature = "parquet")]
            Rows::Parquet(_) => None,
        }
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

/// What is said of a text that breaks off or cannot be unpacked.
fn broken(path: &str, line: u64, error: &dyn std::fmt::Display) -> TraceError {
    let hint = "the file may be cut off or damaged; unpack it by hand to see";
    TraceError::file(format!("cannot read `{path}` line {line}: {error}"), hint)
}
