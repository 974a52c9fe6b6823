//! `w3c-log`: logs whose directive `#Fields:` names their fields, as IIS writes them.
//!
//! Date and time are UTC, the end of the request, cut to the second; `time-taken` is in milliseconds
//! (IIS), in seconds where it has a decimal point (the W3C's draft, Tomcat).

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
pub(crate) struct W3cLog;

pub(super) const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::W3c)),
    time: &["date-time"],
    time_is: Edge::End,
    grid: Some(Span::from_secs(1)),
    took: Some(Took {
        columns: &["time-taken"],
        unit: TimeUnit::Millis,
        with_point: Some(TimeUnit::Seconds),
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for W3cLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::W3c)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::W3cLog, &LAYOUT)
    }
}
