//! `ab`: results of ab as a table (`-g`), which it sorts by how long a request took.
//!
//! `seconds` is the start in seconds since 1970, `ttime` the milliseconds until the last byte.

use crate::units::Span;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row a request.
pub(crate) struct Ab;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["seconds"],
    unit: Some(TimeUnit::Seconds),
    grid: Some(Span::from_secs(1)),
    took: Some(Took {
        columns: &["ttime"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for Ab {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["starttime", "seconds", "ctime", "dtime", "ttime", "wait"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Ab, &LAYOUT)
    }
}
