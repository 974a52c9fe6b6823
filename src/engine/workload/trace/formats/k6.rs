//! `k6`: results of k6 (`--out csv` or `--out json`).
//!
//! A request leaves some ten rows, one for each metric: `http_req_duration` is the one that counts it and says how many
//! milliseconds its client waited. Its time is the end of the request, cut to the second.

use crate::units::Span;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::{Edge, Options};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout, Took};

/// One row a metric of a request.
pub(crate) struct K6;

const CSV: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["timestamp"],
    time_is: Edge::End,
    grid: Some(Span::from_secs(1)),
    took: Some(Took {
        columns: &["metric_value"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    only: &[("metric_name", "http_req_duration")],
    unsorted: true,
    ..Layout::PLAIN
};

/// `--out json`: lines that define metrics, and lines of points, with times to the nanosecond.
const JSON: Layout = Layout {
    kind: Some(Kind::JsonLines),
    time: &["data.time"],
    time_is: Edge::End,
    took: Some(Took {
        columns: &["data.value"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    only: &[("type", "Point"), ("metric", "http_req_duration")],
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for K6 {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["metric_name", "timestamp", "metric_value"])
            || head.has_all(&["type", "metric", "data.time", "data.value"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        let layout = if Kind::of(&input) == Kind::JsonLines { &JSON } else { &CSV };
        requests::read(input, options, Format::K6, layout)
    }
}
