//! `hey`: results of hey as CSV (`-o csv`).
//!
//! `offset` is the start in seconds since the test began; rows come in the order of completion.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row a request.
pub(crate) struct Hey;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["offset"],
    unit: Some(TimeUnit::Seconds),
    took: Some(Took {
        columns: &["response-time"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for Hey {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["response-time", "offset"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Hey, &LAYOUT)
    }
}
