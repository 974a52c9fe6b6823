//! `azure-functions-2021`: the two weeks of January 2021 that Azure published with the Harvest VM paper (SOSP 2021).
//!
//! `app,func,end_timestamp,duration`, in seconds from the beginning of the trace. A row is in the order of starts, its
//! stamp is the end: start = end - duration, and the duration is what the function ran, without cold start.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::{Edge, Options};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row an invocation.
pub(crate) struct AzureFunctions2021;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["end_timestamp"],
    unit: Some(TimeUnit::Seconds),
    time_is: Edge::End,
    took: Some(Took {
        columns: &["duration"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: false,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for AzureFunctions2021 {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["app", "func", "end_timestamp", "duration"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::AzureFunctions2021, &LAYOUT)
    }
}
