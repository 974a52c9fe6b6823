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

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::Lambda)),
    time: &["time"],
    time_is: Edge::End,
    took: Some(Took { columns: &["duration"], unit: TimeUnit::Millis, waited: false }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for LambdaReport {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::Lambda)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::LambdaReport, &LAYOUT)
    }
}
