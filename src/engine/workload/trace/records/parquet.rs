//! Rows of a Parquet file: a row group after the other, of each only the columns that are asked for.
//!
//! A cell becomes the text that CSV would have of it, times as RFC 3339, those without a zone without one: all formats of
//! tables, their names and their units are the same for both.

use crate::fault::guarded;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::spooled::Spooled;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{BufReader, Read};

/// Rows that are decoded at once.
const BATCH: usize = 1024;
/// Rows that tell the format.
const SHOWN: usize = 50;
/// The most bytes that a page of a column is believed to have.
const LONGEST_CHUNK: usize = 1 << 30;

/// The rows of a file.
pub(crate) struct ParquetRows {
    file: SerializedFileReader<Spooled>,
    columns: Vec<Leaf>,
    next_group: usize,
    /// Rows of the row group that were not decoded yet.
    left: usize,
    /// Rows that are decoded, and the one that is next.
    decoded: usize,
    at: usize,
    number: u64,
}

/// A column of values.
struct Leaf {
    name: String,
    /// Its number in the file.
    index: usize,
    meaning: Meaning,
    /// The level of a value that is there; 0 where all are.
    level: i16,
    wanted: Cell<bool>,
    reader: Option<ColumnReader>,
    values: Values,
    levels: Vec<i16>,
    next_value: usize,
    text: String,
    present: bool,
}

/// What numbers mean.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Plain,
    Unsigned,
    /// Days since 1970.
    Date,
    /// Since 1970, in units of so many nanoseconds; whether of UTC or of a clock that is not known.
    Stamp(i64, bool),
    /// With so many digits behind the point.
    Decimal(usize),
}

/// Decoded values, those that are not there left out.
#[derive(Default)]
enum Values {
    #[default]
    None,
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl Length for Spooled {
    fn len(&self) -> u64 {
        self.length()
    }
}

impl ChunkReader for Spooled {
    type T = BufReader<Box<dyn Read + Send>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(Box::new(self.reader_from(start))))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // A damaged file may ask for anything.
        if length > LONGEST_CHUNK || start.saturating_add(length as u64) > self.length() {
            return Err(ParquetError::EOF("it names a place that it does not have".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.reader_from(start).read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl Meaning {
    fn of(column: &ColumnDescriptor) -> Self {
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Timestamp(stamp)), _) => {
                let unit = match stamp.unit {
                    TimeUnit::MILLIS => 1_000_000,
                    TimeUnit::MICROS => 1000,
                    TimeUnit::NANOS => 1,
                };
                Self::Stamp(unit, stamp.is_adjusted_to_u_t_c)
            }
            (None, ConvertedType::TIMESTAMP_MILLIS) => Self::Stamp(1_000_000, true),
            (None, ConvertedType::TIMESTAMP_MICROS) => Self::Stamp(1000, true),
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Self::Date,
            (Some(LogicalType::Decimal(decimal)), _) => {
                Self::Decimal(usize::try_from(decimal.scale).unwrap_or(0))
            }
            (None, ConvertedType::DECIMAL) => {
                Self::Decimal(usize::try_from(column.type_scale()).unwrap_or(0))
            }
            (Some(LogicalType::Integer(int)), _) if !int.is_signed => Self::Unsigned,
            (Some(_) | None, _) => Self::Plain,
        }
    }

    /// An integer as a text.
    fn write(self, value: i64, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Plain => write!(text, "{value}"),
            Self::Unsigned => write!(text, "{}", value.cast_unsigned()),
            Self::Date => return stamp(value, 86_400_000_000_000, false, text),
            Self::Stamp(unit, utc) => return stamp(value, unit, utc, text),
            Self::Decimal(digits) => return decimal(i128::from(value), digits, text),
        };
    }
}

/// An instant as RFC 3339, without its `Z` where it is not of UTC; a number out of the calendar as it is.
fn stamp(value: i64, unit: i64, utc: bool, text: &mut String) {
    let at = Timestamp::from_nanosecond(i128::from(value) * i128::from(unit));
    let printer = DateTimePrinter::new();
    let printed = match (at, utc) {
        (Ok(at), true) => printer.print_timestamp(&at, &mut *text).is_ok(),
        (Ok(at), false) => {
            printer.print_datetime(&at.to_zoned(TimeZone::UTC).datetime(), &mut *text).is_ok()
        }
        (Err(_), _) => false,
    };
    if !printed {
        text.clear();
        let _ = write!(text, "{value}");
    }
}

/// A whole number with a point before its last digits.
fn decimal(value: i128, digits: usize, text: &mut String) {
    let sign = if value < 0 { "-" } else { "" };
    let _ = write!(text, "{sign}{:0>width$}", value.unsigned_abs(), width = digits + 1);
    if digits > 0 {
        text.insert(text.len() - digits, '.');
    }
}

/// The number in bytes, the first one first.
fn big_endian(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes.iter().fold(start, |sum: i128, &byte| (sum << 8) | i128::from(byte))
}

impl ParquetRows {
    pub(crate) fn open(file: Spooled, path: &str) -> std::result::Result<Self, TraceError> {
        let file =
            sound(|| SerializedFileReader::new(file)).map_err(|error| broken(path, 0, &error))?;
        let schema = file.metadata().file_metadata().schema_descr_ptr();
        let leaf = |(index, column): (usize, &std::sync::Arc<ColumnDescriptor>)| Leaf {
            name: column.path().parts().join("."),
            index,
            meaning: Meaning::of(column),
            level: column.max_def_level(),
            wanted: Cell::new(false),
            reader: None,
            values: Values::None,
            levels: Vec::new(),
            next_value: 0,
            text: String::new(),
            present: false,
        };
        // Lists have more values than there are rows.
        let flat = schema.columns().iter().enumerate().filter(|(_, c)| c.max_rep_level() == 0);
        let columns = flat.map(leaf).collect();
        Ok(Self { file, columns, next_group: 0, left: 0, decoded: 0, at: 0, number: 0 })
    }

    /// The names of its columns; a member of a member is `outer.inner`.
    pub(crate) fn header(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// A column that will be read: the others are passed over.
    pub(crate) fn want(&self, index: usize) {
        if let Some(column) = self.columns.get(index) {
            column.wanted.set(true);
        }
    }

    /// Its first rows as CSV, for sniffing.
    pub(crate) fn head(file: Spooled, path: &str) -> std::result::Result<Vec<u8>, TraceError> {
        let mut rows = Self::open(file, path)?;
        let mut out = csv::Writer::from_writer(Vec::new());
        let count = rows.columns.len();
        (0..count).for_each(|index| rows.want(index));
        // What is written to memory cannot fail to be.
        let _ = out.write_record(rows.header());
        for _ in 0..SHOWN {
            if !rows.next(path)? {
                break;
            }
            let cells = (0..count).map(|index| rows.field(index).unwrap_or_default());
            let _ = out.write_record(cells);
        }
        Ok(out.into_inner().unwrap_or_default())
    }

    /// Moves to the next row; `false` after the last.
    pub(crate) fn next(&mut self, path: &str) -> std::result::Result<bool, TraceError> {
        if self.at == self.decoded
            && !sound(|| self.decode()).map_err(|e| broken(path, self.number, &e))?
        {
            return Ok(false);
        }
        let row = self.at;
        self.columns.iter_mut().filter(|c| c.wanted.get()).for_each(|column| column.show(row));
        self.at += 1;
        self.number += 1;
        Ok(true)
    }

    /// Decodes the next rows; `false` after the last.
    fn decode(&mut self) -> Result<bool> {
        while self.left == 0 {
            if self.next_group == self.file.num_row_groups() {
                return Ok(false);
            }
            let group = self.file.get_row_group(self.next_group)?;
            self.left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            for column in self.columns.iter_mut().filter(|column| column.wanted.get()) {
                column.reader = Some(group.get_column_reader(column.index)?);
            }
            self.next_group += 1;
        }
        let rows = self.left.min(BATCH);
        for column in self.columns.iter_mut().filter(|column| column.wanted.get()) {
            let read = column.decode(rows)?;
            if read != rows {
                let message = format!("column `{}` has fewer values than rows", column.name);
                return Err(ParquetError::EOF(message));
            }
        }
        self.left -= rows;
        (self.decoded, self.at) = (rows, 0);
        Ok(true)
    }

    /// Number of the row.
    pub(crate) fn line(&self) -> u64 {
        self.number
    }

    /// A cell of the row; `None` where there is no value.
    pub(crate) fn field(&self, index: usize) -> Option<&str> {
        let column = self.columns.get(index)?;
        column.present.then_some(column.text.as_str())
    }
}

/// What the library makes of a file, which may be damaged.
fn sound<T>(act: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded(act).unwrap_or_else(|| Err(ParquetError::General("it is damaged".to_owned())))
}

impl Leaf {
    /// Decodes values of so many rows; how many there were.
    fn decode(&mut self, rows: usize) -> Result<usize> {
        self.levels.clear();
        self.next_value = 0;
        let levels = (self.level > 0).then_some(&mut self.levels);
        macro_rules! decode {
            ($reader:ident, $values:ident, $kind:ident) => {{
                let mut values = Vec::new();
                if let Values::$kind(before) = std::mem::take($values) {
                    values = before;
                    values.clear();
                }
                let read = $reader.read_records(rows, levels, None, &mut values)?;
                *$values = Values::$kind(values);
                read.0
            }};
        }
        let Self { reader, values, .. } = self;
        let Some(reader) = reader else { return Ok(0) };
        Ok(match reader {
            ColumnReader::BoolColumnReader(reader) => decode!(reader, values, Bool),
            ColumnReader::Int32ColumnReader(reader) => decode!(reader, values, Int32),
            ColumnReader::Int64ColumnReader(reader) => decode!(reader, values, Int64),
            ColumnReader::Int96ColumnReader(reader) => decode!(reader, values, Int96),
            ColumnReader::FloatColumnReader(reader) => decode!(reader, values, Float),
            ColumnReader::DoubleColumnReader(reader) => decode!(reader, values, Double),
            ColumnReader::ByteArrayColumnReader(reader) => decode!(reader, values, Bytes),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => decode!(reader, values, Fixed),
        })
    }

    /// Makes the text of the next row, which is that of a number among those decoded.
    fn show(&mut self, row: usize) {
        self.text.clear();
        self.present = self.level == 0 || self.levels.get(row) == Some(&self.level);
        if !self.present {
            return;
        }
        let (at, text, meaning) = (self.next_value, &mut self.text, self.meaning);
        self.next_value += 1;
        let shown = match &self.values {
            Values::None => None,
            Values::Bool(values) => values.get(at).map(|value| shown(value, text)),
            Values::Int32(values) => values.get(at).map(|&value| {
                let unsigned = matches!(meaning, Meaning::Unsigned);
                let wide = if unsigned { value.cast_unsigned().into() } else { value.into() };
                meaning.write(wide, text);
            }),
            Values::Int64(values) => values.get(at).map(|&value| meaning.write(value, text)),
            Values::Int96(values) => {
                values.get(at).map(|value| stamp(value.to_nanos(), 1, false, text))
            }
            Values::Float(values) => values.get(at).map(|value| shown(value, text)),
            Values::Double(values) => values.get(at).map(|value| shown(value, text)),
            Values::Bytes(values) => values.get(at).map(|value| bytes(value.data(), meaning, text)),
            Values::Fixed(values) => values.get(at).map(|value| bytes(value.data(), meaning, text)),
        };
        self.present = shown.is_some();
    }
}

/// Bytes as a text: a decimal number's, or one in UTF-8.
fn bytes(bytes: &[u8], meaning: Meaning, text: &mut String) {
    match meaning {
        Meaning::Decimal(digits) if bytes.len() <= 16 => decimal(big_endian(bytes), digits, text),
        Meaning::Decimal(_)
        | Meaning::Plain
        | Meaning::Unsigned
        | Meaning::Date
        | Meaning::Stamp(..) => {
            text.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

/// A value as a text.
fn shown(value: impl std::fmt::Display, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
}

fn broken(path: &str, row: u64, error: &ParquetError) -> TraceError {
    let message = format!("cannot read `{path}` behind row {row}: {error}");
    TraceError::file(
        message,
        "the file may be cut off, or packed in a way that is not read: gz, snappy and zstd are",
    )
}
