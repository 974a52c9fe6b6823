//! `haproxy-log`: HTTP log of HAProxy.
//!
//! The accept date is the start, to the millisecond, of the zone of its machine: state `zone`. The server's time, `Tr`, is what it
//! took to answer; the time in the queue of HAProxy, `Tw`, is apart from it.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Form, Kind};
use crate::workload::trace::requests::{self, FailedMark, Layout, Took};

/// One line a request.
pub(crate) struct HaproxyLog;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Log(Form::HaProxy)),
    time: &["accept_date"],
    took: Some(Took {
        columns: &["response_ms"],
        unit: TimeUnit::Millis,
        with_point: None,
        waited: true,
    }),
    failed: Some(FailedMark {
        column: "response_ms",
        is: |text| text == "-1",
        told: "no answer of a server",
    }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for HaproxyLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::HaProxy)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::HaproxyLog, &LAYOUT)
    }
}
