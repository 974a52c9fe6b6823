//! Parquet, written: two columns at most, in groups of rows.
//!
//! Times since the start and service times are decimals of nine digits, exact to the nanosecond; dates are instants of UTC.

use super::output::{Columns, Value};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io::{self, Write};

/// Rows of a group: those are held before they are written.
const GROUP: usize = 1 << 18;

/// A file that is written.
pub(super) struct ColumnarWriter<'a> {
    file: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    /// The instant of nanosecond 0, where there are dates.
    zero: i64,
    times: Vec<i64>,
    /// What stands beside the times.
    lengths: Vec<i64>,
    counts: Vec<f64>,
}

impl<'a> ColumnarWriter<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send), columns: &Columns) -> io::Result<Self> {
        let time = match columns.dated {
            Some(_) => "required int64 time (TIMESTAMP(NANOS, true));",
            None => "required int64 time_s (DECIMAL(18, 9));",
        };
        let value = match columns.value {
            Some("count") => "required double count;".to_owned(),
            Some(name) => format!("required int64 {name} (DECIMAL(18, 9));"),
            None => String::new(),
        };
        let schema = format!("message recording {{ {time} {value} }}");
        let schema = parse_message_type(&schema).map_err(io::Error::other)?;
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let file = SerializedFileWriter::new(out, schema.into(), properties.into());
        Ok(Self {
            file: file.map_err(io::Error::other)?,
            zero: columns.dated.as_ref().map_or(0, |dated| dated.0),
            times: Vec::new(),
            lengths: Vec::new(),
            counts: Vec::new(),
        })
    }

    /// A row at a nanosecond.
    pub(super) fn row(&mut self, at: u64, value: Value) -> io::Result<()> {
        self.times.push(self.zero.saturating_add_unsigned(at));
        match value {
            Value::Length(ns) => self.lengths.push(i64::try_from(ns).unwrap_or(i64::MAX)),
            Value::Count(count) => self.counts.push(count),
            Value::None => {}
        }
        if self.times.len() < GROUP { Ok(()) } else { self.end_group().map_err(io::Error::other) }
    }

    fn end_group(&mut self) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        column::<Int64Type>(&mut group, &mut self.times)?;
        column::<Int64Type>(&mut group, &mut self.lengths)?;
        column::<DoubleType>(&mut group, &mut self.counts)?;
        group.close().map(drop)
    }

    /// Writes what is left, and where everything is.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.times.is_empty() {
            self.end_group().map_err(io::Error::other)?;
        }
        self.file.close().map(drop).map_err(io::Error::other)
    }
}

/// The next column of a group, if it has values.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut (dyn Write + Send)>,
    values: &mut Vec<T::T>,
) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    values.clear();
    Ok(())
}
