//! `lambda-report`: what AWS Lambda writes at the end of an invocation, as `aws logs tail` or a query of Logs Insights
//! leaves it.
//!
//! The line comes at the end; `Duration` is what the function ran, without its initialization, in milliseconds.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::{Edge, Options};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, Layout, Took};

/// One report an invocation.
pub(crate) struct LambdaReport;

const TEXT: Layout = Layout {
    kind: Some(Kind::Log(Form::Lambda)),
    time: &["time"],
    time_is: Edge::End,
    took: Some(MILLIS),
    unsorted: true,
    ..Layout::PLAIN
};

/// Lines of JSON, as its telemetry writes them.
const JSON: Layout = Layout {
    kind: Some(Kind::JsonLines),
    took: Some(Took { columns: &["record.metrics.durationMs"], ..MILLIS }),
    only: &[("type", "platform.report")],
    ..TEXT
};

const MILLIS: Took =
    Took { columns: &["duration"], unit: TimeUnit::Millis, with_point: None, waited: false };

impl TraceFormat for LambdaReport {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::Lambda)
            || head.has_all(&["time", "type", "record.metrics.durationMs"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        let layout = if Kind::of(&input) == Kind::JsonLines { &JSON } else { &TEXT };
        requests::read(input, options, Format::LambdaReport, layout)
    }
}
