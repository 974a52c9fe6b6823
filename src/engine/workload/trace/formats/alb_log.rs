//! `alb-log`: access log of an AWS Application Load Balancer.
//!
//! A line is written with the response; `request_creation_time` is the start. `target_processing_time` is what the
//! target took, with its own queue; -1 where no target answered.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, FailedMark, Layout, Took};

/// One line a request.
pub(crate) struct AlbLog;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::Alb)),
    time: &["request_creation_time"],
    took: Some(Took {
        columns: &["target_processing_time"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: true,
    }),
    failed: Some(FailedMark {
        column: "target_processing_time",
        is: |text| text == "-1",
        told: "no target answered",
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for AlbLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::Alb)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::AlbLog, &LAYOUT)
    }
}
