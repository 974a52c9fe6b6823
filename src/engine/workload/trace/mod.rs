//! Recorded traffic: readers of trace files and the streams they become.
//!
//! One file per format: to add one, write its reader and a variant of [`Format`]; the compiler then asks
//! for an arm, the tests for a sample. Files packed as gz or zst are read as they are, told by their
//! first bytes.

mod bins;
mod counts;
mod events;
mod failure;
mod format;
mod generate;
mod input;
mod inspect;
mod number;
mod options;
mod per_second_counts;
mod rates;
mod recording;
mod series;
mod slice;
mod spread;
mod stamp;
mod streamed;
mod table;
mod timestamps;

pub(crate) use bins::Bins;
pub(crate) use events::Events;
pub use failure::TraceError;
pub use format::Format;
pub use generate::{Form, GenerateError, Generated, generate};
pub use input::unpacked;
pub use inspect::{Inspection, Summary, Window, inspect};
pub use number::{TimeUnit, with_a_point};
pub use options::{Edge, Linear, Missing, Options, ServiceColumn};
pub(crate) use recording::{Recording, Rows, open};
pub(crate) use slice::Slice;
pub use spread::Spread;
pub use stamp::StampReader;
pub(crate) use streamed::Streamed;
pub use table::separator;

/// The most rows of a trace that memory holds: a recorded request takes 16 bytes.
pub const MAX_ROWS: usize = 100_000_000;

/// What recorded requests may take in memory if nothing is said: a gibibyte, 67 million of them.
pub const MEMORY_LIMIT_BYTES: u64 = 1 << 30;

#[cfg(test)]
mod tests;
