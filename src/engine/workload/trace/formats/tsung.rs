//! `tsung`: the dump of tsung, a row a request, its fields apart by semicolons.
//!
//! A row is written when the request is over; its duration is in milliseconds.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::{Edge, Options};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row a request.
pub(crate) struct Tsung;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["#date"],
    unit: Some(TimeUnit::Seconds),
    time_is: Edge::End,
    took: Some(Took {
        columns: &["duration"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for Tsung {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["#date", "pid", "http method", "duration"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Tsung, &LAYOUT)
    }
}
