//! `envoy-log`: access log of Envoy or Istio in their default formats.
//!
//! Its time is the start, in milliseconds; the upstream service time is what the service took, with its own queue.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, Layout, Took};

/// One line a request.
pub(crate) struct EnvoyLog;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::Envoy)),
    time: &["start_time"],
    took: Some(Took {
        columns: &["upstream_service_time", "duration"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for EnvoyLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::Envoy)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::EnvoyLog, &LAYOUT)
    }
}
