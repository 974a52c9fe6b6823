//! Recorded traffic: readers of trace files and the streams they become.
//!
//! One file per format in `formats`: to add one, write its reader and a variant of [`Format`]; the compiler then
//! asks for an arm, the tests for a sample. Two kinds of them: rows that are requests (`requests`: a layout says what
//! is particular), and series of values by interval (`series`, `columns`). What is read from are rows of named fields
//! (`records`: tables, lines of JSON, logs), or an object of JSON. Files packed as gz or zst are read as they are,
//! told by their first bytes.

mod bins;
#[cfg(feature = "parquet")]
mod columnar;
mod columns;
mod condition;
mod convert;
mod demand;
mod durations;
mod events;
mod failure;
mod fit;
mod format;
mod formats;
mod gathered;
mod generate;
mod input;
mod inspect;
mod intervals;
mod number;
mod options;
mod output;
mod parts;
mod question;
mod recording;
mod records;
mod requests;
mod series;
mod slice;
mod sorted;
mod spooled;
mod spread;
mod stamp;
mod statistics;
mod streamed;
mod telemetry;
mod times;

pub(crate) use bins::Bins;
pub use condition::Condition;
pub use convert::{Conversion, ConvertError, Converted, convert};
pub(crate) use events::Events;
pub use failure::TraceError;
pub use fit::{Compared, Model, fit};
pub use format::Format;
pub use generate::{Form, GenerateError, Generated, generate};
pub use input::unpacked;
pub use inspect::{Inspection, Summary, inspect};
pub use number::{TimeUnit, with_a_point};
pub use options::{Edge, Failures, Linear, Missing, Options, ServiceColumn, Values};
pub use output::{write_packed, write_whole};
pub use parts::Part;
pub(crate) use recording::{Recording, Rows, open};
pub use records::separator;
pub(crate) use slice::Slice;
pub use spooled::Spooled;
pub use spread::Spread;
pub use stamp::StampReader;
pub use statistics::{Curve, Gap, Point, Window};
pub(crate) use streamed::Streamed;
pub use telemetry::{Measured, Telemetry, telemetry};

/// The most rows of a trace that memory holds: a recorded request takes 16 bytes.
pub const MAX_ROWS: usize = 100_000_000;

/// What recorded requests may take in memory if nothing is said: a gibibyte, 67 million of them.
pub const MEMORY_LIMIT_BYTES: u64 = 1 << 30;

#[cfg(test)]
mod tests;
