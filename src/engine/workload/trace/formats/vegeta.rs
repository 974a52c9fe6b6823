//! `vegeta`: results of vegeta, encoded as CSV or JSON (`vegeta encode`).
//!
//! CSV has no header: start in nanoseconds since 1970, code, latency in nanoseconds, and nine more. Its load does not
//! wait for answers: the latency holds all queueing.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, FailedMark, Layout, Took};

/// One row a request.
pub(crate) struct Vegeta;

const NAMES: &[&str] = &[
    "timestamp",
    "code",
    "latency",
    "bytes_out",
    "bytes_in",
    "error",
    "body",
    "attack",
    "seq",
    "method",
    "url",
    "headers",
];

const JSON: Layout = Layout {
    kind: Some(Kind::JsonLines),
    time: &["timestamp"],
    took: Some(Took {
        columns: &["latency"],
        unit: TimeUnit::Nanos,
        with_point: None,
        waited: true,
    }),
    failed: Some(FailedMark { column: "code", is: |text| text == "0", told: "code 0" }),
    unsorted: true,
    ..Layout::PLAIN
};

const CSV: Layout =
    Layout { kind: Some(Kind::Headless(NAMES)), unit: Some(TimeUnit::Nanos), ..JSON };

impl TraceFormat for Vegeta {
    fn sniff(&self, head: &Head) -> bool {
        let row = &head.header;
        let digits = |index: usize, count: usize| {
            row.get(index)
                .is_some_and(|cell: &String| cell.len() == count && cell.parse::<u64>().is_ok())
        };
        let code = digits(1, 3) || digits(1, 1);
        (row.len() == NAMES.len() && digits(0, 19) && code)
            || head.has_all(&["attack", "seq", "code", "timestamp", "latency"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        let layout = if Kind::of(&input) == Kind::JsonLines { &JSON } else { &CSV };
        requests::read(input, options, Format::Vegeta, layout)
    }
}
