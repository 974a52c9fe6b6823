//! `cloudfront-log`: standard log of CloudFront.
//!
//! A W3C log with fields of its own; `time-taken` is in seconds, at the edge. The origin sees only what the edge has
//! not: `Miss`, `Error` and `RefreshHit`.

use super::w3c_log;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Form;
use crate::workload::trace::requests::{self, Layout, Took};

/// One line a request.
pub(crate) struct CloudfrontLog;

const LAYOUT: Layout = Layout {
    took: Some(Took {
        columns: &["time-taken"],
        unit: TimeUnit::Seconds,
        with_point: None,
        waited: true,
    }),
    ..w3c_log::LAYOUT
};

impl TraceFormat for CloudfrontLog {
    fn sniff(&self, head: &Head) -> bool {
        head.form() == Some(Form::W3c) && head.text.contains("x-edge-location")
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::CloudfrontLog, &LAYOUT)
    }
}
