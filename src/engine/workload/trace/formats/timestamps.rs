//! `timestamps`: one row a request.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::requests::{self, Layout, Took};

/// What autosim writes itself has service times, in a column that says so.
const LAYOUT: Layout = Layout {
    took: Some(Took {
        columns: &["service_time_s"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: false,
    }),
    ..Layout::PLAIN
};

/// One row a request, columns by name.
pub(crate) struct Timestamps;

impl TraceFormat for Timestamps {
    fn sniff(&self, head: &Head) -> bool {
        // `value` beside a time may be a count, a rate or a gauge: the user must say.
        head.timed && !head.has_any(&["value"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Timestamps, &LAYOUT)
    }
}
