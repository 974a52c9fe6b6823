//! `access-log`: what Apache, nginx and many others write, in the Common or Combined form.
//!
//! A line is written when its request is over, with its time cut to the second: where a time that the request took
//! stands behind it (nginx `$upstream_response_time`, else `$request_time`), start = end - that time. Upstream time is
//! the service's and its queue's, request time the client's connection as well.

use crate::units::Span;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::{Edge, Options};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, Layout, Took};

/// One line a request.
pub(crate) struct AccessLog;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::Combined)),
    time: &["time"],
    time_is: Edge::End,
    grid: Some(Span::from_secs(1)),
    took: Some(Took {
        columns: &["upstream_response_time", "urt", "request_time", "rt"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for AccessLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::Combined)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::AccessLog, &LAYOUT)
    }
}
