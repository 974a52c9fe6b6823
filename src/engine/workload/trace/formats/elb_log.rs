//! `elb-log`: access log of an AWS Classic Load Balancer.
//!
//! Its time is when the request came; `backend_processing_time` is what the backend took, with its own queue; -1
//! where none answered.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, FailedMark, Layout, Took};

/// One line a request.
pub(crate) struct ElbLog;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::ClassicElb)),
    time: &["time"],
    took: Some(Took {
        columns: &["backend_processing_time"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: true,
    }),
    failed: Some(FailedMark {
        column: "backend_processing_time",
        is: |text| text == "-1",
        told: "no backend answered",
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for ElbLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::ClassicElb)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::ElbLog, &LAYOUT)
    }
}
