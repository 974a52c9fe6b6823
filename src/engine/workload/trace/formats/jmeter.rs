//! `jmeter`: results of JMeter as CSV (JTL).
//!
//! `timeStamp` is the start of a sample in milliseconds since 1970 (its end where JMeter was told so:
//! `time_is = "end"`), `elapsed` the milliseconds its client waited. A transaction controller adds a
//! row for its samples together: it is left out.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, FailedMark, Layout, Took};

/// One row a request.
pub(crate) struct JMeter;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["timeStamp"],
    took: Some(Took {
        columns: &["elapsed"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    failed: Some(FailedMark {
        column: "success",
        is: |text| text == "false",
        told: "success = false",
    }),
    but_not: Some(("responseMessage", "Number of samples in transaction")),
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
