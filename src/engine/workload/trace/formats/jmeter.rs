//! `jmeter`: results of JMeter as CSV (JTL).
//!
//! `timeStamp` is the start of a sample in milliseconds since 1970 (its end where JMeter was told so:
//! `time_is = "end"`), `elapsed` the milliseconds its client waited.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row a request.
pub(crate) struct JMeter;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["timeStamp"],
    took: Some(Took { columns: &["elapsed"], unit: TimeUnit::Millis, waited: true }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for JMeter {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["timeStamp", "elapsed", "label"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::JMeter, &LAYOUT)
    }
}
